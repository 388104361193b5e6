/*
 * plain/cac.c
 *		The aggregate cac: customer acquisition cost, a ratio of sums.
 */
#include "base/tally.h"
#include "history/argument.h"

PG_FUNCTION_INFO_V1(retention_cac_transition_numeric);
PG_FUNCTION_INFO_V1(retention_cac_transition_float8);
PG_FUNCTION_INFO_V1(retention_cac_inverse_numeric);
PG_FUNCTION_INFO_V1(retention_cac_inverse_float8);
PG_FUNCTION_INFO_V1(retention_cac_final);

/* Where things are in the state. */
enum
{
	CAC_COST,
	CAC_CUSTOMERS				/* shares of customers are, too */
};

/* Argument n, customers won, in millionths; NULL is 0. */
static int64
customers_argument(FunctionCallInfo fcinfo, int n)
{
	int64		customers = PG_ARGISNULL(n) ? 0 :
		take_number(fcinfo, n, "customers");

	if (customers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("customers must not be negative"),
				 errdetail("It is %s.", money_to_cstring(customers)),
				 errhint("Pass the number of customers acquired for the cost in the same row, 0 for none.")));
	return customers;
}

/* Add a row. */
static void
cac_add(Tally *tally, int128 cost, int64 customers)
{
	tally->sum[CAC_COST] += cost;
	tally->sum[CAC_CUSTOMERS] += customers;
}

/* Take one out again. */
static void
cac_remove(Tally *tally, int128 cost, int64 customers)
{
	tally->sum[CAC_COST] -= cost;
	tally->sum[CAC_CUSTOMERS] -= customers;
}

/* The cost in argument 1, or in 1 and 2; customers are the last argument. */
static int128
cost_numeric(FunctionCallInfo fcinfo)
{
	int128		cost = money_argument_numeric(fcinfo, 1);

	return PG_NARGS() == 4 ? cost + money_argument_numeric(fcinfo, 2) : cost;
}

static int128
cost_float8(FunctionCallInfo fcinfo)
{
	int128		cost = money_argument_float8(fcinfo, 1);

	return PG_NARGS() == 4 ? cost + money_argument_float8(fcinfo, 2) : cost;
}

/* (state, cost, customers), (state, marketing, sales, customers) */
Datum
retention_cac_transition_numeric(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	cac_add(tally, cost_numeric(fcinfo),
			customers_argument(fcinfo, PG_NARGS() - 1));
	PG_RETURN_POINTER(tally);
}

Datum
retention_cac_transition_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	cac_add(tally, cost_float8(fcinfo),
			customers_argument(fcinfo, PG_NARGS() - 1));
	PG_RETURN_POINTER(tally);
}

/* The same row leaves a moving frame. */
Datum
retention_cac_inverse_numeric(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	cac_remove(tally, cost_numeric(fcinfo),
			   customers_argument(fcinfo, PG_NARGS() - 1));
	PG_RETURN_POINTER(tally);
}

Datum
retention_cac_inverse_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	cac_remove(tally, cost_float8(fcinfo),
			   customers_argument(fcinfo, PG_NARGS() - 1));
	PG_RETURN_POINTER(tally);
}

/* Cost / customers; NULL without customers. */
Datum
retention_cac_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->sum[CAC_CUSTOMERS] == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_quotient(tally->sum[CAC_COST],
									 tally->sum[CAC_CUSTOMERS]));
}
