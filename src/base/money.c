/*
 * money.c
 *		Exact amounts: SQL numbers to millionths in 64 bits and back.
 *
 * An amount is rounded once, on the way in, at six decimals, half away from
 * zero.  Everything after that is integer arithmetic, so sums do not depend
 * on the order of rows or on how they were divided among workers.
 */
#include "base/money.h"

#include <math.h>

#include "base/numeric_parts.h"
#include "common/shortest_dec.h"
#include "utils/builtins.h"

/* Report an amount that does not fit: error 22003. */
pg_noreturn static void
amount_out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("amount out of range"),
			 errdetail("Amounts must be smaller than 9200000000000 (9.2e12) in absolute value."),
			 errhint("Pass the amounts in a larger unit, for example amount / 1000.")));
}

/* Report an amount that is no number: error 22003. */
pg_noreturn static void
amount_not_finite(const char *which)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("amount must not be %s", which),
			 errhint("Leave such rows out with FILTER (WHERE ...), or pass NULL for an event worth nothing.")));
}

/* The base-10000 digit worth 10000^exponent. */
static inline int
numeric_digit(const NumericParts *p, int exponent)
{
	int			i = p->weight - exponent;
	int16		digit;

	if (i < 0 || i >= p->ndigits)
		return 0;
	memcpy(&digit, p->digits + i * sizeof(digit), sizeof(digit));
	return digit;
}

/* Has a numeric digits past the sixth decimal? */
static bool
numeric_has_more(const NumericParts *p)
{
	int			last = p->ndigits - 1 - p->weight;	/* -exponent of the last */

	return last > 2 || (last == 2 && numeric_digit(p, -2) % 100 != 0);
}

/* A numeric in millionths, or why it cannot be. */
static pg_attribute_always_inline MoneyFault
take_numeric(Numeric value, NumericParts *p, int64 *amount)
{
	int64		whole = 0;
	int64		scaled;
	int			last;

	numeric_parts(value, p);
	if (unlikely(!p->finite))
		return p->nan ? MONEY_NAN : MONEY_INFINITE;
	*amount = 0;
	if (p->ndigits == 0)
		return MONEY_FITS;
	if (p->weight > 3)
		return MONEY_LARGE;
	for (int e = p->weight; e >= 0; e--)
		whole = whole * 10000 + numeric_digit(p, e);
	if (whole >= MONEY_LIMIT)
		return MONEY_LARGE;

	/* decimals 1 to 4, then 5 and 6; the seventh alone decides the rounding */
	last = numeric_digit(p, -2);
	scaled = whole * MONEY_ONE + numeric_digit(p, -1) * 100 + last / 100 +
		(last % 100 >= 50 ? 1 : 0);
	if (scaled >= MONEY_LIMIT * MONEY_ONE)
		return MONEY_LARGE;
	*amount = p->negative ? -scaled : scaled;
	return MONEY_FITS;
}

/* The error of an amount that cannot be taken. */
pg_noreturn static void
refuse_amount(MoneyFault fault)
{
	if (fault == MONEY_LARGE)
		amount_out_of_range();
	amount_not_finite(fault == MONEY_NAN ? "NaN" : "infinite");
}

/*
 * A numeric in millionths, half away from zero.  value is detoasted but may
 * have a short header.  Out of range, NaN or infinite: error 22003.
 */
int64
money_from_numeric(Numeric value)
{
	NumericParts p;
	int64		amount = 0;
	MoneyFault	fault = take_numeric(value, &p, &amount);

	if (unlikely(fault != MONEY_FITS))
		refuse_amount(fault);
	return amount;
}

MoneyFault
money_try_numeric(Numeric value, int64 *amount, bool *more)
{
	NumericParts p;
	MoneyFault	fault = take_numeric(value, &p, amount);

	*more = fault == MONEY_FITS && numeric_has_more(&p);
	return fault;
}

/* Through the decimal text of a float: the slow path of the two below. */
static int64
money_from_text(const char *text)
{
	Datum		value = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											ObjectIdGetDatum(InvalidOid),
											Int32GetDatum(-1));
	int64		scaled = money_from_numeric(DatumGetNumeric(value));

	pfree(DatumGetPointer(value));
	return scaled;
}

/*
 * A float8 in millionths: of the shortest decimal that reads back as the same
 * float8, the text PostgreSQL prints, half away from zero.  Below 4.5e12 the
 * product with 1e6 is off by less than a thousandth, which decides all but
 * the neighbourhood of a tie; that, and larger amounts, go by their text.
 */
int64
money_from_float8(float8 value)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];
	int64		amount;

	if (likely(money_plain_float8(value, &amount)))
		return amount;
	if (isnan(value))
		amount_not_finite("NaN");
	if (isinf(value))
		amount_not_finite("infinite");
	if (fabs(value * 1e6) > 1e19)
		amount_out_of_range();
	double_to_shortest_decimal_buf(value, text);
	return money_from_text(text);
}

/*
 * The digits of a float that is no decimal never end, so it has more than six
 * decimals only when it is off its millionths by more than arithmetic brings.
 */
MoneyFault
money_try_float8(float8 value, int64 *amount, bool *more)
{
	double		size = fabs(value);

	*more = false;
	if (isnan(value))
		return MONEY_NAN;
	if (isinf(value))
		return MONEY_INFINITE;
	if (size > (double) MONEY_LIMIT - 1)
		return MONEY_LARGE;
	*amount = money_from_float8(value);
	*more = fabs(value * 1e6 - (double) *amount) > 1e-3 + size * 1e-9;
	return MONEY_FITS;
}

/* A float4 likewise, by its own shortest decimal. */
int64
money_from_float4(float4 value)
{
	char		text[FLOAT_SHORTEST_DECIMAL_LEN];

	if (isnan(value))
		amount_not_finite("NaN");
	if (isinf(value))
		amount_not_finite("infinite");
	if (fabsf(value) > 1e13f)
		amount_out_of_range();
	float_to_shortest_decimal_buf(value, text);
	return money_from_text(text);
}

/* A whole number in millionths. */
int64
money_from_int64(int64 value)
{
	if (unlikely(value >= MONEY_LIMIT || value <= -MONEY_LIMIT))
		amount_out_of_range();
	return value * MONEY_ONE;
}

/* Write the digits of a whole number so that they end at end. */
static char *
put_digits(char *end, uint128 value)
{
	uint64		small;

	/* 64 bits are far faster to divide */
	for (; value > PG_UINT64_MAX; value /= 10)
		*--end = '0' + (int) (value % 10);
	small = (uint64) value;
	do
	{
		*--end = '0' + (int) (small % 10);
		small /= 10;
	} while (small > 0);
	return end;
}

/*
 * Write the decimal text of millionths, without trailing zeros and without a 0
 * after it, so that it ends at end; returns where it begins.
 */
char *
money_put_before(char *end, int128 scaled)
{
	uint128		rest = scaled < 0 ? 0 - (uint128) scaled : (uint128) scaled;
	uint128		whole = rest <= PG_UINT64_MAX ? (uint64) rest / MONEY_ONE :
		rest / MONEY_ONE;
	int			decimals = (int) (rest - whole * MONEY_ONE);
	char	   *at = end;

	if (decimals > 0)
	{
		int			left = MONEY_SCALE;

		for (; decimals % 10 == 0; left--)
			decimals /= 10;
		for (; left > 0; left--)
		{
			*--at = '0' + decimals % 10;
			decimals /= 10;
		}
		*--at = '.';
	}
	at = put_digits(at, whole);
	if (scaled < 0)
		*--at = '-';
	return at;
}

/* The same palloc'd. */
char *
money_to_cstring(int128 scaled)
{
	char		buffer[MONEY_TEXT_SIZE];
	char	   *end = buffer + sizeof(buffer);
	char	   *at = money_put_before(end, scaled);

	return pnstrdup(at, end - at);
}

/* Append a digit; false where it does not fit. */
static inline bool
add_digit(int128 *value, int digit)
{
	const int128 limit = (((int128) 1 << 126) - 1 + ((int128) 1 << 126)) / 10 - 1;

	/* 64 bits are the usual case, and far faster to multiply */
	if (likely(*value < PG_INT64_MAX / 10))
		*value = (int64) *value * 10 + digit;
	else if (*value > limit)
		return false;
	else
		*value = *value * 10 + digit;
	return true;
}

/*
 * Read what money_to_cstring writes: an optional minus, digits, and up to six
 * decimals.  False when the text is anything else or does not fit.
 */
bool
money_from_cstring(const char *text, int128 *scaled)
{
	bool		negative = *text == '-';
	int			decimals = 0;
	int128		value = 0;

	if (negative)
		text++;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (!add_digit(&value, *text - '0'))
			return false;
	if (*text == '.')
	{
		for (text++; *text >= '0' && *text <= '9'; text++)
			if (++decimals > MONEY_SCALE || !add_digit(&value, *text - '0'))
				return false;
		if (decimals == 0)
			return false;
	}
	if (*text != '\0')
		return false;
	for (; decimals < MONEY_SCALE; decimals++)
		if (!add_digit(&value, 0))
			return false;
	*scaled = negative ? -value : value;
	return true;
}

/* Millionths as numeric, without trailing zeros. */
Numeric
money_to_numeric(int128 scaled)
{
	Datum		value;

	if (scaled >= PG_INT64_MIN && scaled <= PG_INT64_MAX)
		value = NumericGetDatum(int64_div_fast_to_numeric((int64) scaled,
														  MONEY_SCALE));
	else
		value = DirectFunctionCall3(numeric_in,
									CStringGetDatum(money_to_cstring(scaled)),
									ObjectIdGetDatum(InvalidOid),
									Int32GetDatum(-1));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, value));
}

/*
 * Millionths divided by a count, to the digits of PostgreSQL's numeric
 * division, without trailing zeros.  The divisor must not be 0.
 */
Numeric
money_ratio(int128 scaled, int64 divisor)
{
	Datum		quotient;

	quotient = DirectFunctionCall2(numeric_div,
								   NumericGetDatum(money_to_numeric(scaled)),
								   NumericGetDatum(int64_to_numeric(divisor)));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, quotient));
}

/* Likewise divided by millionths. */
Numeric
money_quotient(int128 scaled, int128 divisor)
{
	Datum		quotient;

	quotient = DirectFunctionCall2(numeric_div,
								   NumericGetDatum(money_to_numeric(scaled)),
								   NumericGetDatum(money_to_numeric(divisor)));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, quotient));
}

/* Parts of 1e-16 in a millionth. */
#define QUOTIENT_PARTS INT64CONST(10000000000)

StaticAssertDecl(MONEY_QUOTIENT_SCALE == MONEY_SCALE + 10,
				 "QUOTIENT_PARTS is ten decimals");

/*
 * Add millionths divided by a count, rounded at 16 decimals, half away from
 * zero.  The divisor must be above 0.  A sum of such quotients is exact, and
 * so the same in any engine that rounds each of them.
 */
void
money_quotients_add(MoneyQuotients *sum, int128 scaled, int64 divisor)
{
	/* less than the divisor, so that products fit 128 bits */
	int128		left = scaled % divisor * QUOTIENT_PARTS;
	int128		half = left < 0 ? -(int128) divisor : divisor;

	sum->scaled += scaled / divisor;
	sum->rest += (int64) ((2 * left + half) / (2 * (int128) divisor));
	sum->scaled += sum->rest / QUOTIENT_PARTS;
	sum->rest %= QUOTIENT_PARTS;
}

/* The sum as numeric, without trailing zeros. */
Numeric
money_quotients_numeric(const MoneyQuotients *sum)
{
	Datum		value;

	value = DirectFunctionCall2(numeric_add,
								NumericGetDatum(money_to_numeric(sum->scaled)),
								NumericGetDatum(int64_div_fast_to_numeric(sum->rest,
																		  MONEY_QUOTIENT_SCALE)));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, value));
}

/*
 * A float8 as the numeric of its shortest decimal, without the rounding of
 * amounts and whatever extra_float_digits is.
 */
Numeric
money_from_shortest(float8 value)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, text);
	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

/* Millionths as the float8 nearest to the amount. */
static float8
money_to_float8(int128 scaled)
{
	/* both exact, so the quotient is rounded once */
	if (scaled < INT64CONST(1) << 53 && scaled > -(INT64CONST(1) << 53))
		return (float8) scaled / MONEY_ONE;
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
											  NumericGetDatum(money_to_numeric(scaled))));
}

/*
 * One sum as a share of another, to the bit what part::float8 / whole::float8
 * is in SQL, but for zeros, which have no sign.  whole must not be 0.
 */
float8
money_share(int128 part, int128 whole)
{
	return part == 0 ? 0 : money_to_float8(part) / money_to_float8(whole);
}
