/*
 * funnel/readers.c
 *		The readers of a funnel in SQL: funnel_steps, conversion_rate,
 *		step_time.
 *
 * A NULL funnel has no rows, a step that it does not have no rate.
 */
#include "metrics/funnel/type.h"

#include "base/reader.h"

#include <math.h>

PG_FUNCTION_INFO_V1(retention_funnel_steps);
PG_FUNCTION_INFO_V1(retention_conversion_rate);
PG_FUNCTION_INFO_V1(retention_step_time);

/* The time of the customer at a place, from 0, in order of time. */
static int64
time_at(const FunnelStep *step, int64 place)
{
	int64		i = 0;

	while (place >= step->times[i].customers)
		place -= step->times[i++].customers;
	return step->times[i].time;
}

/*
 * The quantile as percentile_cont has it: place p (n - 1), between two times in
 * proportion.
 */
float8
funnel_quantile(const FunnelStep *step, float8 p)
{
	float8		place = p * (float8) (step->customers - 1);
	int64		first;
	int64		low;
	int64		high;

	/* so many customers may round up past the last, and past an int64 */
	if (place >= (float8) (step->customers - 1))
		return (float8) step->times[step->ntimes - 1].time / (float8) USECS_PER_DAY;
	first = (int64) floor(place);
	low = time_at(step, first);
	high = time_at(step, Min(first + 1, step->customers - 1));
	return ((float8) low + (place - floor(place)) * (float8) (high - low)) /
		(float8) USECS_PER_DAY;
}

enum
{
	STEP_NUMBER, STEP_CUSTOMERS, STEP_OF_FIRST, STEP_OF_PREVIOUS, STEP_MEDIAN,
	STEP_LOW, STEP_HIGH, STEP_PREVIOUS_LOW, STEP_PREVIOUS_HIGH
};

static const ReaderColumn step_columns[] = {
	[STEP_NUMBER] = {"step", INT4OID},
	[STEP_CUSTOMERS] = {"customers", INT8OID},
	[STEP_OF_FIRST] = {"rate_of_first", FLOAT8OID},
	[STEP_OF_PREVIOUS] = {"rate_of_previous", FLOAT8OID},
	[STEP_MEDIAN] = {"median_time", FLOAT8OID},
	[STEP_LOW] = {"low", FLOAT8OID},
	[STEP_HIGH] = {"high", FLOAT8OID},
	[STEP_PREVIOUS_LOW] = {"previous_low", FLOAT8OID},
	[STEP_PREVIOUS_HIGH] = {"previous_high", FLOAT8OID},
};

/* part / whole with its 95 % bounds; NULL when nobody could have done it. */
static void
put_rate(ReaderRow *row, int rate, int low, int high, int64 part, int64 whole)
{
	float8		bounds[2];

	if (whole == 0)
		return;
	rate_wilson((float8) part, (float8) whole, RATE_Z95, &bounds[0], &bounds[1]);
	row_rate(row, rate, part, whole);
	row_float8(row, low, bounds[0]);
	row_float8(row, high, bounds[1]);
}

static void *
steps_begin(FunctionCallInfo fcinfo, const void *arg)
{
	return PG_GETARG_FUNNEL(0);
}

static bool
steps_next(void *state, ReaderRow *row)
{
	const Funnel *funnel = state;
	const FunnelStep *step = &funnel->steps[row->number];

	if (row->number >= funnel->nsteps)
		return false;
	row_int32(row, STEP_NUMBER, row->number + 1);
	row_int64(row, STEP_CUSTOMERS, step->customers);
	put_rate(row, STEP_OF_FIRST, STEP_LOW, STEP_HIGH, step->customers,
			 funnel->steps[0].customers);
	put_rate(row, STEP_OF_PREVIOUS, STEP_PREVIOUS_LOW, STEP_PREVIOUS_HIGH,
			 step->customers, row->number > 0 ? step[-1].customers : 0);
	if (step->ntimes > 0)
		row_float8(row, STEP_MEDIAN, funnel_quantile(step, 0.5));
	return true;
}

/* funnel_steps(funnel): a row for every step to the last. */
Datum
retention_funnel_steps(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(step_columns, 1, steps_begin,
											steps_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* Customers who reached a step; 0 for one that the funnel does not have. */
static int64
customers_at(const Funnel *funnel, int32 step)
{
	return step >= 1 && step <= funnel->nsteps ?
		funnel->steps[step - 1].customers : 0;
}

/* conversion_rate(funnel, step, from_step) */
Datum
retention_conversion_rate(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = PG_GETARG_FUNNEL(0);
	int32		step = PG_GETARG_INT32(1);
	int32		from = PG_GETARG_INT32(2);
	int64		whole = customers_at(funnel, from);

	if (whole == 0 || step < from || step > funnel->nsteps)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rate_ratio(customers_at(funnel, step), whole));
}

/* step_time(funnel, step, quantile) */
Datum
retention_step_time(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = PG_GETARG_FUNNEL(0);
	int32		step = PG_GETARG_INT32(1);
	float8		quantile = PG_GETARG_FLOAT8(2);

	if (!(quantile >= 0 && quantile <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("quantile out of range: %g", quantile),
				 errhint("Quantiles go from 0, the shortest time, to 1, the longest; 0.5 is the median.")));
	if (step < 2 || step > funnel->nsteps ||
		funnel->steps[step - 1].ntimes == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(funnel_quantile(&funnel->steps[step - 1], quantile));
}
