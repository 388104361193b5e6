/*
 * funnel/readers.c
 *		The readers of a funnel in SQL: funnel_steps, conversion_rate,
 *		step_time, step_times.
 *
 * A NULL funnel has no rows, a step that it does not have no rate.  Of a trend
 * they read the sum over its periods.
 */
#include "metrics/funnel/readers.h"

PG_FUNCTION_INFO_V1(retention_funnel_steps);
PG_FUNCTION_INFO_V1(retention_conversion_rate);
PG_FUNCTION_INFO_V1(retention_step_time);
PG_FUNCTION_INFO_V1(retention_step_times);

#define MAX_BINS 10000

/* ----------------------------------------------------------------
 *		Steps
 * ----------------------------------------------------------------
 */

static const ReaderColumn step_columns[] = {
	STEP_READER_COLUMNS(0)
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

/* Customers who reached a step; 0 for one that is not there. */
static int64
customers_at(const Funnel *funnel, const FunnelEntry *entry, int32 step)
{
	return entry != NULL && step >= 1 && step <= funnel->nsteps ?
		entry->steps[step - 1].customers : 0;
}

void
funnel_put_step(ReaderRow *row, int at, const Funnel *funnel,
				const FunnelEntry *entry, int32 step)
{
	int64		customers = customers_at(funnel, entry, step);
	int32		before = funnel_required_before(&funnel->rules, step);

	row_int32(row, at + STEP_NUMBER, step);
	row_int64(row, at + STEP_CUSTOMERS, customers);
	put_rate(row, at + STEP_OF_FIRST, at + STEP_LOW, at + STEP_HIGH, customers,
			 customers_at(funnel, entry, 1));
	put_rate(row, at + STEP_OF_PREVIOUS, at + STEP_PREVIOUS_LOW,
			 at + STEP_PREVIOUS_HIGH, customers,
			 customers_at(funnel, entry, before));
	if (customers == 0 || step == 1)
		return;
	row_float8(row, at + STEP_MEDIAN, funnel_quantile(&entry->steps[step - 1], 0.5));
	row_float8(row, at + STEP_MEAN, funnel_mean(&entry->steps[step - 1]));
}

int32
funnel_steps_argument(FunctionCallInfo fcinfo, int arg, const Funnel *funnel)
{
	int32		steps;

	if (PG_ARGISNULL(arg))
		return funnel->nsteps;
	steps = PG_GETARG_INT32(arg);
	if (steps < 0 || steps > FUNNEL_MAX_STEP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a funnel cannot have %d steps", steps),
				 errdetail("It has %d at most.", FUNNEL_MAX_STEP),
				 errhint("Pass the number of steps to show, or NULL for those that the funnel knows of.")));
	return Max(steps, funnel->nsteps);
}

typedef struct StepsState
{
	const Funnel *funnel;
	const FunnelEntry *sum;
	int32		nsteps;
} StepsState;

static void *
steps_begin(FunctionCallInfo fcinfo, const void *arg)
{
	StepsState *state = palloc(sizeof(StepsState));

	state->funnel = PG_GETARG_FUNNEL(0);
	state->sum = funnel_sum(state->funnel);
	state->nsteps = funnel_steps_argument(fcinfo, 1, state->funnel);
	return state;
}

static bool
steps_next(void *arg, ReaderRow *row)
{
	const StepsState *state = arg;

	if (row->number >= state->nsteps)
		return false;
	funnel_put_step(row, 0, state->funnel, state->sum, (int32) row->number + 1);
	return true;
}

/* funnel_steps(funnel, steps): a row for every step to the last. */
Datum
retention_funnel_steps(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(step_columns, 1, steps_begin,
											steps_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		Rates and times
 * ----------------------------------------------------------------
 */

/*
 * conversion_rate(funnel, step, from_step): where from_step may be missing, who
 * has both have a time from one to the other.
 */
Datum
retention_conversion_rate(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = PG_GETARG_FUNNEL(0);
	int32		step = PG_GETARG_INT32(1);
	int32		from = PG_GETARG_INT32(2);
	const FunnelEntry *sum = funnel_sum(funnel);
	int64		whole = customers_at(funnel, sum, from);
	int64		part = customers_at(funnel, sum, step);

	if (whole == 0 || step < from || step > funnel->nsteps)
		PG_RETURN_NULL();
	if (step > from && funnel_optional(&funnel->rules, from))
	{
		const FunnelItem *both = funnel_times(funnel, sum, step, from);

		if (step > FUNNEL_PAIR_STEPS)
			PG_RETURN_NULL();
		part = both == NULL ? 0 : funnel_timed(both);
	}
	PG_RETURN_FLOAT8(rate_ratio(part, whole));
}

/*
 * The times to a step, from the one before it or from an argument's; NULL when
 * there are none.
 */
static const FunnelItem *
times_argument(FunctionCallInfo fcinfo, int from, const Funnel *funnel)
{
	const FunnelEntry *sum = funnel_sum(funnel);
	int32		step = PG_GETARG_INT32(1);

	if (!PG_ARGISNULL(from))
		return funnel_times(funnel, sum, step, PG_GETARG_INT32(from));
	if (step < 2 || step > funnel->nsteps || sum->steps[step - 1].ntimes == 0)
		return NULL;
	return &sum->steps[step - 1];
}

/* step_time(funnel, step, quantile, from_step) */
Datum
retention_step_time(PG_FUNCTION_ARGS)
{
	const FunnelItem *times;
	float8		quantile;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	quantile = PG_GETARG_FLOAT8(2);
	if (!(quantile >= 0 && quantile <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("quantile out of range: %g", quantile),
				 errhint("Quantiles go from 0, the shortest time, to 1, the longest; 0.5 is the median.")));
	times = times_argument(fcinfo, 3, PG_GETARG_FUNNEL(0));
	if (times == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(funnel_quantile(times, quantile));
}

/* ----------------------------------------------------------------
 *		A histogram
 * ----------------------------------------------------------------
 */

enum
{
	BIN_NUMBER, BIN_FROM, BIN_TO, BIN_CUSTOMERS
};

static const ReaderColumn bin_columns[] = {
	[BIN_NUMBER] = {"bin", INT4OID},
	[BIN_FROM] = {"from_time", FLOAT8OID},
	[BIN_TO] = {"to_time", FLOAT8OID},
	[BIN_CUSTOMERS] = {"customers", INT8OID},
};

typedef struct BinsState
{
	const FunnelItem *times;
	int32		nbins;
	int64		next;			/* time to be counted */
} BinsState;

static void *
bins_begin(FunctionCallInfo fcinfo, const void *arg)
{
	BinsState  *state = palloc0(sizeof(BinsState));
	int32		bins = PG_GETARG_INT32(3);

	if (bins < 1 || bins > MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a histogram cannot have %d bins", bins),
				 errdetail("It has 1 to %d.", MAX_BINS),
				 errhint("Leave the argument out for 10 bins.")));
	state->times = times_argument(fcinfo, 2, PG_GETARG_FUNNEL(0));
	if (state->times == NULL)
		return NULL;
	/* where all times are the same, one bin says it */
	state->nbins = state->times->ntimes == 1 ? 1 : bins;
	return state;
}

/* Where a bin begins, in parts of nbins - 1. */
static int128
bin_start(const BinsState *state, int64 bin)
{
	int64		first = state->times->times[0].time;
	int64		last = state->times->times[state->times->ntimes - 1].time;

	return (int128) first * (state->nbins - 1) + (int128) (last - first) * bin;
}

static float8
bin_days(const BinsState *state, int64 bin)
{
	return (float8) bin_start(state, bin) / (float8) (state->nbins - 1) /
		(float8) USECS_PER_DAY;
}

static bool
bins_next(void *arg, ReaderRow *row)
{
	BinsState  *state = arg;
	const FunnelTime *times = state->times->times;
	int64		last = state->times->ntimes - 1;
	int64		customers = 0;

	if (row->number >= state->nbins)
		return false;
	for (; state->next <= last &&
		 (row->number == state->nbins - 1 ||
		  (int128) times[state->next].time * (state->nbins - 1) <
		  bin_start(state, row->number + 1)); state->next++)
		customers += times[state->next].customers;
	row_int32(row, BIN_NUMBER, row->number + 1);
	if (state->nbins == 1)
	{
		row_float8(row, BIN_FROM, (float8) times[0].time / (float8) USECS_PER_DAY);
		row_float8(row, BIN_TO, (float8) times[last].time / (float8) USECS_PER_DAY);
	}
	else
	{
		row_float8(row, BIN_FROM, bin_days(state, row->number));
		row_float8(row, BIN_TO, bin_days(state, row->number + 1));
	}
	row_int64(row, BIN_CUSTOMERS, customers);
	return true;
}

/* step_times(funnel, step, from_step, bins) */
Datum
retention_step_times(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(bin_columns, 2, bins_begin,
											bins_next);

	/* bins says how many, and NULL is not a number */
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be NULL"),
				 errhint("Leave the argument out for 10 bins.")));
	return reader_rows(&reader, fcinfo, NULL);
}
