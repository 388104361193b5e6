/*
 * hazard_rows.h
 *		The rows that a hazard_model is fitted to: the state of its aggregate.
 *
 * All rows have the same keys.  A row is so many doubles: the duration, 1 for
 * churned, and for each key its number, 1 for true, or the place of its text in
 * the key's list.
 */
#ifndef RETENTION_HAZARD_ROWS_H
#define RETENTION_HAZARD_ROWS_H

#include "base/salt.h"
#include "models/hazard.h"

#define HAZARD_ROWS_MAGIC 0x48415A52

/* The fields of a row before those of the keys. */
enum
{
	ROW_DURATION, ROW_EVENT, ROW_KEYS
};

/* What a key is for. */
typedef enum HazardRole
{
	HAZARD_COVARIATE,
	HAZARD_ENTERED,
	HAZARD_STRATA,
	HAZARD_WEIGHT,
	HAZARD_ROLES
} HazardRole;

struct levels_hash;

typedef struct HazardKey
{
	const char *name;
	int			name_len;
	HazardRole	role;
	CovariateKind kind;			/* COVARIATE_NULL: not known yet */
	struct levels_hash *levels;	/* of texts; NULL at first */
	int			nlevels;
	const char **texts;			/* by place */
	int			ntexts;			/* allocated */
} HazardKey;

typedef struct HazardRows
{
	uint32		magic;
	MemoryContext context;
	Salt		salt;
	Jsonb	   *options;		/* NULL: none */
	const char *names[HAZARD_ROLES];	/* keys that the options name, or NULL */
	int64		left_out;
	int			nkeys;			/* -1: not known yet */
	HazardKey  *keys;
	int			width;			/* of a row */
	int64		nrows;
	int64		size;			/* allocated */
	float8	   *rows;
} HazardRows;

/* options may be NULL: there are none.  Errors of options are 22023. */
extern HazardRows *hazard_rows_create(MemoryContext context, Jsonb *options);

/* The same with the options of another state. */
extern HazardRows *hazard_rows_like(MemoryContext context,
									const HazardRows *other);

/* Error 22023 unless the options are those of the state. */
extern void hazard_rows_options(const HazardRows *state, Jsonb *options);

/* A pointer that came through "internal" must be to such a state. */
extern HazardRows *hazard_rows_argument(FunctionCallInfo fcinfo, int n);

/* Take a row. */
extern void hazard_rows_add(HazardRows *state, float8 duration, bool churned,
							Jsonb *covariates);

/* Take all rows of another state. */
extern void hazard_rows_merge(HazardRows *into, const HazardRows *from);

/* hazard_rows_wire.c: to bytes (54000 past 1 GB) and back (22P03). */
extern bytea *hazard_rows_pack(const HazardRows *state);
extern HazardRows *hazard_rows_unpack(const bytea *bytes);

/* The place of a text in the list of a key; error 54000 when it is too long. */
extern int	hazard_rows_level(HazardRows *state, HazardKey *key,
							  const char *text, int len);

/* The keys of a state that has none; error 22023 when an option's is missing. */
extern void hazard_rows_keys(HazardRows *state, int n, const char *const *names,
							 const int *lens);

/* Room for one more row, not counted yet. */
extern float8 *hazard_rows_room(HazardRows *state);

/* Error 22003 or 22023 for a row that cannot be. */
extern void hazard_rows_check(const HazardRows *state, const float8 *row);

#endif							/* RETENTION_HAZARD_ROWS_H */
