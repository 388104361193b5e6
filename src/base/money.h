/*
 * money.h
 *		Exact amounts: numeric, floating-point and integer input scaled to
 *		64-bit integers of one millionth, 128-bit sums, numeric output.
 */
#ifndef RETENTION_MONEY_H
#define RETENTION_MONEY_H

#include "base/compat.h"
#include "utils/numeric.h"

#include <math.h>

#define MONEY_SCALE 6
#define MONEY_ONE INT64CONST(1000000)

/* Amounts of this many units (9.2e12) and more are refused. */
#define MONEY_LIMIT INT64CONST(9200000000000)

/* Adding and taking it off again rounds a double below 2^51 to an integer. */
#define MONEY_ROUND_BY 6755399441055744.0	/* 1.5 * 2^52 */

/*
 * A float8 in millionths, where that is plain (money_from_float8()): false
 * where it is not, or is refused.
 */
static inline bool
money_plain_float8(float8 value, int64 *amount)
{
	double		scaled = value * 1e6;
	double		whole = (scaled + MONEY_ROUND_BY) - MONEY_ROUND_BY;

	/* NaN and what is large have no integer */
	if (!(fabs(scaled) < 4.5e12 && fabs(scaled - whole) < 0.499))
		return false;
	*amount = (int64) whole;
	return true;
}

extern int64 money_from_numeric(Numeric value);
extern int64 money_from_float8(float8 value);
extern int64 money_from_float4(float4 value);
extern int64 money_from_int64(int64 value);

/* Why an amount cannot be taken. */
typedef enum MoneyFault
{
	MONEY_FITS,
	MONEY_NAN,
	MONEY_INFINITE,
	MONEY_LARGE
} MoneyFault;

/*
 * The same for those who only look: no error, and whether there is something
 * past the sixth decimal, which is rounded off.
 */
extern MoneyFault money_try_numeric(Numeric value, int64 *amount, bool *more);
extern MoneyFault money_try_float8(float8 value, int64 *amount, bool *more);

/* No text of an amount is longer. */
#define MONEY_TEXT_SIZE 64

extern Numeric money_to_numeric(int128 scaled);
extern Numeric money_ratio(int128 scaled, int64 divisor);
extern Numeric money_quotient(int128 scaled, int128 divisor);
extern Numeric money_from_shortest(float8 value);
extern float8 money_share(int128 part, int128 whole);
extern char *money_put_before(char *end, int128 scaled);
extern char *money_to_cstring(int128 scaled);
extern bool money_from_cstring(const char *text, int128 *scaled);

/* A sum of quotients, each at MONEY_QUOTIENT_SCALE decimals. */
typedef struct MoneyQuotients
{
	int128		scaled;			/* millionths */
	int64		rest;			/* of 1e-16, less than a millionth */
} MoneyQuotients;

#define MONEY_QUOTIENT_SCALE 16

extern void money_quotients_add(MoneyQuotients *sum, int128 scaled,
								int64 divisor);
extern Numeric money_quotients_numeric(const MoneyQuotients *sum);

/* Argument n, a numeric, in millionths; NULL is 0. */
static inline int64
money_argument_numeric(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return 0;
	return money_from_numeric((Numeric) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)));
}

/* Argument n, a float8, in millionths; NULL is 0. */
static inline int64
money_argument_float8(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? 0 : money_from_float8(PG_GETARG_FLOAT8(n));
}

#endif							/* RETENTION_MONEY_H */
