/*
 * plain/rates.c
 *		Rates from two plain columns: what each customer was worth when a
 *		period began, and at its end.
 *
 * A row is a customer.  A customer with opening > 0 was there, one with
 * closing > 0 still is or has come; NULL is 0.  What is at or below 0 (a
 * refund, a credit) is not there, so a negative opening is in no base; a
 * negative closing of a customer who was there counts in nrr and grr as the
 * money it is.  One state answers all five aggregates.  retention_by_counts
 * knows no customers, only how many there were.
 */
#include "base/rate.h"
#include "base/tally.h"

#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(retention_pair_transition_numeric);
PG_FUNCTION_INFO_V1(retention_pair_transition_float8);
PG_FUNCTION_INFO_V1(retention_pair_inverse_numeric);
PG_FUNCTION_INFO_V1(retention_pair_inverse_float8);
PG_FUNCTION_INFO_V1(retention_retention_rate_final);
PG_FUNCTION_INFO_V1(retention_churn_rate_final);
PG_FUNCTION_INFO_V1(retention_nrr_final);
PG_FUNCTION_INFO_V1(retention_grr_final);
PG_FUNCTION_INFO_V1(retention_quick_ratio_final);
PG_FUNCTION_INFO_V1(retention_by_counts);

/* Counts of customers. */
enum
{
	PAIR_THERE,					/* opening > 0 */
	PAIR_RETAINED				/* of these, closing > 0 */
};

/* Sums of money, the first three over the customers who were there. */
enum
{
	PAIR_OPENING,
	PAIR_CLOSING,
	PAIR_KEPT,					/* of the smaller of the two */
	PAIR_GAINED,				/* over all customers, of closing - opening */
	PAIR_LOST					/* the same where it is negative, as positive */
};

/* Add a customer, times 1, or take one out, times -1. */
static inline void
pair_add(Tally *tally, int64 opening, int64 closing, int times)
{
	int128		change = (int128) closing - opening;

	if (opening > 0)
	{
		tally->count[PAIR_THERE] += times;
		tally->count[PAIR_RETAINED] += closing > 0 ? times : 0;
		tally->sum[PAIR_OPENING] += (int128) opening * times;
		tally->sum[PAIR_CLOSING] += (int128) closing * times;
		tally->sum[PAIR_KEPT] += (int128) Min(opening, closing) * times;
	}
	if (change > 0)
		tally->sum[PAIR_GAINED] += change * times;
	else
		tally->sum[PAIR_LOST] -= change * times;
}

/* (state, opening, closing) -> state */
Datum
retention_pair_transition_numeric(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	pair_add(tally, money_argument_numeric(fcinfo, 1),
			 money_argument_numeric(fcinfo, 2), 1);
	PG_RETURN_POINTER(tally);
}

Datum
retention_pair_transition_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	pair_add(tally, money_argument_float8(fcinfo, 1),
			 money_argument_float8(fcinfo, 2), 1);
	PG_RETURN_POINTER(tally);
}

/* The same customer leaves a moving frame. */
Datum
retention_pair_inverse_numeric(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	pair_add(tally, money_argument_numeric(fcinfo, 1),
			 money_argument_numeric(fcinfo, 2), -1);
	PG_RETURN_POINTER(tally);
}

Datum
retention_pair_inverse_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	pair_add(tally, money_argument_float8(fcinfo, 1),
			 money_argument_float8(fcinfo, 2), -1);
	PG_RETURN_POINTER(tally);
}

/* Retained customers / customers who were there. */
Datum
retention_retention_rate_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[PAIR_THERE] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rate_ratio(tally->count[PAIR_RETAINED],
								tally->count[PAIR_THERE]));
}

/*
 * Lost customers / customers who were there: not 1 - retention, which is
 * 0.050000000000000044 for 5 of 100.
 */
Datum
retention_churn_rate_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[PAIR_THERE] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rate_ratio(tally->count[PAIR_THERE] -
								tally->count[PAIR_RETAINED],
								tally->count[PAIR_THERE]));
}

/* Net revenue retention: their closing / their opening. */
Datum
retention_nrr_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[PAIR_THERE] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(money_share(tally->sum[PAIR_CLOSING],
								 tally->sum[PAIR_OPENING]));
}

/* Gross revenue retention: what was kept of their opening / it. */
Datum
retention_grr_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[PAIR_THERE] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(money_share(tally->sum[PAIR_KEPT],
								 tally->sum[PAIR_OPENING]));
}

/* Money gained / money lost, over all customers. */
Datum
retention_quick_ratio_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->sum[PAIR_LOST] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(money_share(tally->sum[PAIR_GAINED],
								 tally->sum[PAIR_LOST]));
}

/*
 * (customers_end - customers_new) / customers_start, of three numerics.  The
 * difference is taken before any rounding; what double precision cannot hold
 * is its error 22003, and NaN and infinities go as its arithmetic has them.
 * In C and not as an SQL expression: nullif(x, 0) would look for an operator
 * numeric = integer in whatever schema the extension is created in.
 */
Datum
retention_by_counts(PG_FUNCTION_ARGS)
{
	float8		start = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
														   PG_GETARG_DATUM(0)));
	Datum		stayed;

	/* too small for double precision was an error: only zero is zero */
	if (start == 0)
		PG_RETURN_NULL();
	stayed = DirectFunctionCall2(numeric_sub, PG_GETARG_DATUM(1),
								 PG_GETARG_DATUM(2));
	PG_RETURN_FLOAT8(float8_div(DatumGetFloat8(DirectFunctionCall1(numeric_float8,
																   stayed)),
								start));
}
