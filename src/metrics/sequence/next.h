/*
 * sequence/next.h
 *		The state of sequence_next: the rows of a group.
 */
#ifndef RETENTION_SEQUENCE_NEXT_H
#define RETENTION_SEQUENCE_NEXT_H

#include "base/compat.h"
#include "nodes/bitmapset.h"

#define NEXT_STATE_MAGIC 0x4E455854

typedef enum NextBase
{
	BASE_HEAD, BASE_TAIL, BASE_FIRST_MATCH, BASE_LAST_MATCH
} NextBase;

/* What is asked for. */
typedef struct NextRules
{
	bool		backward;
	NextBase	base;
} NextRules;

typedef struct NextRow
{
	int64		at;
	Datum		event;			/* ours */
	bool		may_be_base;
	uint64		met;			/* conditions 1 to 64, from the lowest bit on */
	Bitmapset  *beyond;			/* the others, from 0 on */
} NextRow;

/* The type of the events. */
typedef struct NextType
{
	Oid			type;
	int16		len;
	bool		by_value;
} NextType;

typedef struct NextState
{
	uint32		magic;
	NextRules	rules;
	NextType	type;
	int			nconditions;	/* -1: not known yet */
	Size		n;
	Size		size;			/* allocated */
	NextRow    *rows;
	MemoryContext context;
} NextState;

/* A state without rows in context. */
extern NextState *next_state_create(const NextRules *rules,
									const NextType *type,
									MemoryContext context);

/* The state in an argument that is not NULL; anything else: error 22023. */
extern NextState *next_state_argument(FunctionCallInfo fcinfo, int arg);

/* Error 22023 unless they are the same. */
extern void next_check_rules(const NextRules *before, const NextRules *now);
extern void next_check_type(const NextState *state, Oid type);
extern void next_check_conditions(NextState *state, int n);

/* Have room for one more row; past the limit error 54000. */
extern void next_reserve_row(NextState *state);

/* A copy of an event in the current context, flat. */
extern Datum next_copy_event(Datum event, const NextType *type);

#endif							/* RETENTION_SEQUENCE_NEXT_H */
