/*
 * groups.h
 *		Rows of a model's data, equal ones counted together: the transition
 *		state of the aggregates that fit models.
 *
 * Customers with the same numbers say the same about the parameters, so only
 * their count is kept: a million customers make a hundred thousand groups
 * when times are whole days.  The groups are sorted before they are used, so
 * results depend neither on the order of rows nor on parallel workers.
 */
#ifndef RETENTION_GROUPS_H
#define RETENTION_GROUPS_H

#include "base/salt.h"
#include "history/argument_plan.h"
#include "models/fitted.h"

/* Distinct rows of a state: more is error 54000. */
#define GROUPS_MAX 20000000

/* A distinct row: a frequency and one or two further numbers. */
typedef struct RowGroup
{
	int64		count;			/* rows like this */
	int64		x;
	float8		u;
	float8		v;
} RowGroup;

/* Rows that cannot be used, for one reason. */
typedef struct BadRows
{
	int64		count;
	RowGroup		example;		/* the smallest of them */
} BadRows;

#define GROUPS_BAD_KINDS 8

typedef struct RowGroups
{
	MemoryContext context;
	const FittedType *type;		/* of the model */
	uint8		kind;			/* one of the type's */
	uint8		unit;			/* TimeUnit */
	Salt		salt;			/* of the table's slots */
	int64		ngroups;
	int64		size;			/* of the table, a power of two, or 0 */
	RowGroup	   *table;			/* hashed, empty where count is 0 */
	int64		rows;			/* in groups */
	int64		unused;			/* rows that are in order but say nothing */
	BadRows    *bad;			/* GROUPS_BAD_KINDS of them, NULL while none */
} RowGroups;

/* A new state in a context, taking little memory. */
extern RowGroups *groups_create(MemoryContext context, const FittedType *type,
								uint8 kind, uint8 unit);

/*
 * The state, argument 0, made when there is none, for the kind and the unit in
 * the arguments, if the form has any.  NULL there is error 22004, another than
 * before in the group 22023.
 */
extern RowGroups *groups_argument(const ArgumentPlan *plan,
								  FunctionCallInfo fcinfo,
								  const FittedType *type);

/* Count so many rows; u and v are finite.  Error 54000 past GROUPS_MAX. */
extern void groups_add(RowGroups *groups, int64 x, float8 u, float8 v,
					   int64 count);

/*
 * Count rows that cannot be used, for reason 0 .. GROUPS_BAD_KINDS - 1: count
 * equal ones.
 */
extern void groups_add_bad(RowGroups *groups, int reason, int64 x, float8 u,
						   float8 v, int64 count);

/* Count customers that say nothing. */
extern void groups_add_unused(RowGroups *groups, int64 count);

/* Add the rows of other, of the same type, kind and unit. */
extern void groups_combine(RowGroups *groups, const RowGroups *other);

/* To bytes, the same for equal contents, and back; corrupt bytes: 22P03. */
extern bytea *groups_serialize(const RowGroups *groups);
extern RowGroups *groups_deserialize(MemoryContext context, const void *bytes,
								  Size len);

/* Why rows cannot be used: "the recency exceeds the age", and what to do. */
typedef struct ProblemText
{
	const char *phrase;
	const char *hint;
} ProblemText;

/*
 * Error 22023 when there are bad rows: their number and an example for each
 * reason, the hint of the first one.  describe names the numbers of a row.
 */
extern void groups_check_bad(const RowGroups *groups, const char *aggregate,
							 const ProblemText *problems, int nproblems,
							 char *(*describe) (const RowGroup *));

/* Error 22P03 unless a state is one for this type of model. */
extern void groups_check_type(const RowGroups *groups, const FittedType *type);

/*
 * Error 22P03 unless a state is what the transition function for this type of
 * model could have made: of the type, no reason from nproblems on, and only
 * rows that are usable.  For final functions, as deserializing does
 * not know whose state it is.
 */
extern void groups_check(const RowGroups *groups, const FittedType *type,
						 int nproblems, bool (*usable) (const RowGroup *));

/* The groups sorted by x, u and v, palloc'd; the state stays as it is. */
extern RowGroup *groups_sorted(const RowGroups *groups);

#endif							/* RETENTION_GROUPS_H */
