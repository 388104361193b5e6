/*
 * plain/economics.c
 *		Unit economics from plain numbers: lifetime value, payback, and what
 *		an amount is worth a month.
 *
 * Amounts are taken at six decimals, as everywhere.  Rates come as float8 and
 * are taken at their fifteen decimal digits: what follows is decimal
 * arithmetic, so 90 a month at 3 % churn is worth 3000, not
 * 2999.9999999999995.
 */
#include "base/money.h"
#include "base/rate.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_ltv_numeric);
PG_FUNCTION_INFO_V1(retention_ltv_float8);
PG_FUNCTION_INFO_V1(retention_ltv_gain);
PG_FUNCTION_INFO_V1(retention_payback_periods_numeric);
PG_FUNCTION_INFO_V1(retention_payback_periods_float8);
PG_FUNCTION_INFO_V1(retention_monthly_numeric);
PG_FUNCTION_INFO_V1(retention_monthly_float8);

/* Decimals of a ratio that is to be raised to a power. */
#define POWER_SCALE 40

/* ----------------------------------------------------------------
 *		Decimal arithmetic and arguments
 * ----------------------------------------------------------------
 */

static Numeric
whole(int64 value)
{
	return int64_to_numeric(value);
}

static Numeric
plus(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

static Numeric
minus(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_sub, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

static Numeric
times(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

static Numeric
over(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_div, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

static Numeric
rounded(Numeric a, int decimals)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round,
											   NumericGetDatum(a),
											   Int32GetDatum(decimals)));
}

/* Without trailing zeros. */
static Numeric
trimmed(Numeric a)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale,
											   NumericGetDatum(a)));
}

/* Below, at or above 0 as a number is. */
static int
sign_of(Numeric a)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a),
											 NumericGetDatum(whole(0))));
}

/* A rate at its fifteen digits. */
static Numeric
decimal(float8 rate)
{
	return DatumGetNumeric(DirectFunctionCall1(float8_numeric,
											   Float8GetDatum(rate)));
}

/* Argument n, a share called name; outside 0..1: error 22003. */
static Numeric
share_argument(FunctionCallInfo fcinfo, int n, const char *name,
			   const char *hint)
{
	float8		value = PG_GETARG_FLOAT8(n);

	if (rate_outside(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be between 0 and 1", name),
				 errdetail("It is %s.",
						   DatumGetCString(DirectFunctionCall1(float8out,
															   PG_GETARG_DATUM(n)))),
				 errhint("%s", hint)));
	return decimal(value);
}

static Numeric
margin_argument(FunctionCallInfo fcinfo, int n)
{
	return share_argument(fcinfo, n, "margin",
						  "Pass the share of revenue that is left, for example 0.7 for 70 percent.");
}

/* ----------------------------------------------------------------
 *		Lifetime value
 * ----------------------------------------------------------------
 */

/* 1 + the discount rate in argument n; negative or infinite: error 22003. */
static Numeric
discount_argument(FunctionCallInfo fcinfo, int n)
{
	float8		rate = PG_GETARG_FLOAT8(n);

	if (!(rate >= 0) || isinf(rate))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("discount_rate must be a finite number of 0 or more"),
				 errdetail("It is %s.",
						   DatumGetCString(DirectFunctionCall1(float8out,
															   PG_GETARG_DATUM(n)))),
				 errhint("Pass the discount of one period as a fraction, for example 0.01 for 1 percent a month.")));
	return plus(whole(1), decimal(rate));
}

/* 1 - (stay / growth)^horizon, to forty decimals. */
static Numeric
one_minus_power(Numeric stay, Numeric growth, int32 horizon)
{
	Numeric		q = over(rounded(stay, POWER_SCALE), growth);
	Datum		power = DirectFunctionCall2(numeric_power, NumericGetDatum(q),
											NumericGetDatum(whole(horizon)));

	return minus(whole(1), DatumGetNumeric(power));
}

/*
 * The sum over t = 0 .. horizon - 1 of (stay / growth)^t, gap being
 * growth - stay.  A gap that the digits of the power would lose is taken to
 * the first order: horizon terms, less gap / growth for each step away from 1.
 */
static Numeric
sum_of_powers(Numeric stay, Numeric growth, Numeric gap, int32 horizon)
{
	Numeric		terms = whole(horizon);
	int64		steps = (int64) horizon * (horizon - 1) / 2;

	if (horizon == 0)
		return terms;
	if (sign_of(rounded(gap, POWER_SCALE / 2)) == 0)
		return minus(terms, over(times(whole(steps), gap), growth));
	return over(times(growth, one_minus_power(stay, growth, horizon)), gap);
}

/*
 * ltv(revenue, churn_rate, margin, discount_rate, horizon), revenue being
 * that of a period in millionths:
 *
 *		margin * revenue * sum over t = 0 .. horizon - 1 of (r / (1 + d))^t
 *
 * with r = 1 - churn_rate, the geometric series of P. D. Berger and N. I.
 * Nasr, "Customer lifetime value", Journal of Interactive Marketing 12, 1998,
 * 17-30, the first payment falling at once.  NULL when the sum diverges.
 */
static Datum
ltv(FunctionCallInfo fcinfo, int64 revenue)
{
	Numeric		churn = share_argument(fcinfo, 1, "churn_rate",
									   "Pass the share of customers lost per period, for example 0.05 for 5 percent.");
	Numeric		margin = margin_argument(fcinfo, 2);
	Numeric		growth = discount_argument(fcinfo, 3);
	Numeric		stay = minus(whole(1), churn);
	Numeric		gap = minus(growth, stay);
	Numeric		value = times(money_to_numeric(revenue), margin);

	if (PG_ARGISNULL(4))
	{
		if (sign_of(gap) <= 0)
			PG_RETURN_NULL();
		value = over(times(value, growth), gap);
	}
	else
	{
		int32		horizon = PG_GETARG_INT32(4);

		if (horizon < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("horizon must not be negative"),
					 errdetail("It is %d.", horizon),
					 errhint("Pass the number of periods to add up, or NULL for all of them.")));
		value = times(value, sum_of_powers(stay, growth, gap, horizon));
	}
	PG_RETURN_NUMERIC(trimmed(rounded(value, MONEY_SCALE)));
}

/* NULL arguments other than horizon give NULL. */
static bool
ltv_unknown(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		PG_ARGISNULL(3);
}

Datum
retention_ltv_numeric(PG_FUNCTION_ARGS)
{
	if (ltv_unknown(fcinfo))
		PG_RETURN_NULL();
	return ltv(fcinfo, money_argument_numeric(fcinfo, 0));
}

Datum
retention_ltv_float8(PG_FUNCTION_ARGS)
{
	if (ltv_unknown(fcinfo))
		PG_RETURN_NULL();
	return ltv(fcinfo, money_argument_float8(fcinfo, 0));
}

/*
 * ltv_gain(retention, change): LTV is in proportion to 1 / (1 - retention),
 * so it grows by change / (1 - retention - change); NULL when nobody would be
 * lost any more.
 */
Datum
retention_ltv_gain(PG_FUNCTION_ARGS)
{
	Numeric		retention = share_argument(fcinfo, 0, "retention",
										   "Pass the share of customers retained per period, for example 0.8 for 80 percent.");
	float8		change_by = PG_GETARG_FLOAT8(1);
	Numeric		change = NULL;
	Numeric		lost = NULL;
	float8		gain;

	if (change_by >= -1 && change_by <= 1)
	{
		change = decimal(change_by);
		lost = minus(minus(whole(1), retention), change);
	}
	if (lost == NULL || sign_of(lost) < 0 ||
		sign_of(plus(retention, change)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("retention + change must be between 0 and 1"),
				 errdetail("The change is %s.",
						   DatumGetCString(DirectFunctionCall1(float8out,
															   PG_GETARG_DATUM(1)))),
				 errhint("Pass the change as a fraction, for example 0.05 for five points.")));
	if (sign_of(lost) == 0)
		PG_RETURN_NULL();
	gain = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
											  NumericGetDatum(over(change, lost))));
	PG_RETURN_FLOAT8(gain);
}

/* ----------------------------------------------------------------
 *		Payback, amounts a month
 * ----------------------------------------------------------------
 */

/*
 * payback_periods(cac, revenue_per_period, margin): cac / (revenue * margin),
 * both in millionths; NULL when nothing is left to pay back with.
 */
static Datum
payback_periods(FunctionCallInfo fcinfo, int64 cac, int64 revenue)
{
	Numeric		margin = margin_argument(fcinfo, 2);
	Numeric		earned = times(money_to_numeric(revenue), margin);

	if (cac < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("cac must be a finite amount of 0 or more"),
				 errdetail("It is %s.", money_to_cstring(cac)),
				 errhint("Pass the cost of acquiring one customer, for example marketing cost divided by customers won.")));
	if (sign_of(earned) <= 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(trimmed(over(money_to_numeric(cac), earned)));
}

Datum
retention_payback_periods_numeric(PG_FUNCTION_ARGS)
{
	return payback_periods(fcinfo, money_argument_numeric(fcinfo, 0),
						   money_argument_numeric(fcinfo, 1));
}

Datum
retention_payback_periods_float8(PG_FUNCTION_ARGS)
{
	return payback_periods(fcinfo, money_argument_float8(fcinfo, 0),
						   money_argument_float8(fcinfo, 1));
}

/*
 * monthly(amount, every): amount / n for n months, amount * 365 / (12 n) for
 * n days, a year having 365 of them and a week 7.
 */
static Datum
monthly(FunctionCallInfo fcinfo, int64 amount)
{
	Interval   *every = PG_GETARG_INTERVAL_P(1);
	Numeric		value = money_to_numeric(amount);

	if (every->time != 0 || (every->month != 0) == (every->day != 0) ||
		every->month < 0 || every->day < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount recurs every so many months, or every so many days"),
				 errdetail("The interval \"%s\" is mixed, or not positive.",
						   DatumGetCString(DirectFunctionCall1(interval_out,
															   PG_GETARG_DATUM(1)))),
				 errhint("Pass an interval of months and years alone, such as '3 months', or of days and weeks alone, such as '4 weeks'.")));
	if (every->month > 0)
		value = over(value, whole(every->month));
	else
		value = over(times(value, whole(365)), whole((int64) every->day * 12));
	PG_RETURN_NUMERIC(trimmed(value));
}

Datum
retention_monthly_numeric(PG_FUNCTION_ARGS)
{
	return monthly(fcinfo, money_argument_numeric(fcinfo, 0));
}

Datum
retention_monthly_float8(PG_FUNCTION_ARGS)
{
	return monthly(fcinfo, money_argument_float8(fcinfo, 0));
}
