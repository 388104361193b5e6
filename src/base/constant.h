/*
 * constant.h
 *		Arguments that are the same for all rows of a group: their errors.
 *
 * An aggregate looks at a grain, a window, a kind of model at every row, since
 * nothing keeps a caller from passing a column.  Every such argument refuses a
 * NULL and a second value in the same words.
 */
#ifndef RETENTION_CONSTANT_H
#define RETENTION_CONSTANT_H

#include "base/clip.h"

typedef enum Constant
{
	CONSTANT_GRAIN,
	CONSTANT_ZONE,
	CONSTANT_WITHIN,
	CONSTANT_MODE,
	CONSTANT_KIND,
	CONSTANT_UNIT,
	CONSTANT_CONFIDENCE,
	CONSTANT_SATISFIED_FROM,
	CONSTANT_AS_OF,
	CONSTANT_LAG,
	CONSTANT_PATTERN,
	CONSTANT_DIRECTION,
	CONSTANT_BASE,
	CONSTANT_START_PLACE,
	CONSTANT_AT_LEAST,
	CONSTANT_SHARE,
	CONSTANT_BINS,
	CONSTANT_MODEL,
	CONSTANT_TIMEZONE,			/* a setting, not an argument */
	CONSTANTS
} Constant;

#define HINT_WITHIN \
	"Pass the longest time from the first step to the last, such as interval '30 days'."

/*
 * It is NULL: error 22004.  The hint is that of the constant, or another one
 * that says what to pass.
 */
pg_noreturn extern void constant_refuse_null(Constant which, const char *hint);

/* It has two values, as they are to be shown: error 22023. */
pg_noreturn extern void constant_refuse_change(Constant which,
											   const char *before,
											   const char *now);

/* Argument n, the constant in this row; NULL is error 22004. */
static inline Datum
constant_argument(FunctionCallInfo fcinfo, int n, Constant which)
{
	if (unlikely(PG_ARGISNULL(n)))
		constant_refuse_null(which, NULL);
	return PG_GETARG_DATUM(n);
}

/* Error 22023 unless two words are the same. */
static inline void
constant_check_words(Constant which, const char *before, const char *now)
{
	if (unlikely(strcmp(before, now) != 0))
		constant_refuse_change(which, psprintf("\"%s\"", clip(before)),
							   psprintf("\"%s\"", clip(now)));
}

#endif							/* RETENTION_CONSTANT_H */
