/*
 * funnel/trend.c
 *		funnel_trend(funnel, as_of): a trend period by period.
 */
#include "metrics/funnel/readers.h"

#include "base/calendar.h"

PG_FUNCTION_INFO_V1(retention_funnel_trend);

#define TREND_MAX_ROWS INT64CONST(10000000)

enum
{
	TREND_PERIOD, TREND_STEPS, TREND_COMPLETE = TREND_STEPS + STEP_COLUMNS
};

static const ReaderColumn trend_columns[] = {
	[TREND_PERIOD] = {"period", DATEOID},
	STEP_READER_COLUMNS(TREND_STEPS),
	[TREND_COMPLETE] = {"complete", BOOLOID},
};

typedef struct TrendState
{
	const Funnel *funnel;
	Calendar   *calendar;
	FunnelWindow window;
	bool		ends;			/* as_of was given */
	int64		as_of;			/* the instant */
	int64		first;			/* period */
	int64		last;
	int32		nsteps;
	int64		entry;			/* next, or the one at hand */
} TrendState;

/* The instant at which a day begins, as far as there are instants. */
static int64
day_begins(const TrendState *state, int64 day)
{
	int64		second;

	if (day >= PG_INT64_MAX / USECS_PER_DAY - 1)
		return PG_INT64_MAX;
	if (day <= PG_INT64_MIN / USECS_PER_DAY + 1)
		return PG_INT64_MIN;
	second = calendar_moment_of_local(state->calendar, day * SECS_PER_DAY);
	return second * USECS_PER_SEC;
}

/* From the first period to the last that has an entry, or begins before as_of. */
static void
set_range(TrendState *state, FunctionCallInfo fcinfo)
{
	const Funnel *funnel = state->funnel;

	state->first = funnel->entries[0].period;
	state->last = funnel->entries[funnel->nentries - 1].period;
	if (!PG_ARGISNULL(1))
	{
		DataEnd		end = data_end_as_of(PG_GETARG_DATEADT(1));

		state->ends = true;
		state->as_of = day_begins(state, end.low);
		state->last = Min(calendar_last_period(state->calendar, &end),
						  calendar_end(state->calendar) - 1);
	}
	if ((state->last - state->first + 1) > TREND_MAX_ROWS / state->nsteps)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the trend of a funnel has too many rows to list"),
				 errdetail("There are %lld periods of %d steps, more than %lld rows.",
						   (long long) (state->last - state->first + 1),
						   state->nsteps, (long long) TREND_MAX_ROWS),
				 errhint("Use a coarser grain, or an earlier as_of.")));
}

static void *
trend_begin(FunctionCallInfo fcinfo, const void *arg)
{
	TrendState *state = palloc0(sizeof(TrendState));
	Funnel	   *funnel = PG_GETARG_FUNNEL(0);
	pg_tz	   *zone = funnel->zone[0] == '\0' ? NULL : pg_tzset(funnel->zone);

	if (funnel->grain == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the funnel has no trend"),
				 errdetail("It was built without a grain: all customers are in one funnel."),
				 errhint("Build it with a grain, funnel(customer, at, step, within, mode, grain), or read it with funnel_steps().")));
	state->funnel = funnel;
	state->calendar = calendar_create(funnel->grain, zone, false,
									  CurrentMemoryContext);
	funnel_window_set(&state->window, &funnel->rules.within, zone, false,
					  CurrentMemoryContext);
	state->nsteps = funnel_steps_argument(fcinfo, 2, funnel);
	set_range(state, fcinfo);
	return state;
}

/* Is the window over of all who entered in a period? */
static bool
period_complete(TrendState *state, int64 period)
{
	int64		end = day_begins(state, calendar_period_start(state->calendar,
															  period + 1));
	int64		over = end == PG_INT64_MAX ? end :
		funnel_window_end(&state->window, end);

	/* past the last timestamp nobody can tell */
	return over < PG_INT64_MAX && over <= state->as_of;
}

static bool
trend_next(void *arg, ReaderRow *row)
{
	TrendState *state = arg;
	const Funnel *funnel = state->funnel;
	int64		period = state->first + row->number / state->nsteps;
	int32		step = (int32) (row->number % state->nsteps) + 1;
	const FunnelEntry *entry = NULL;

	if (period > state->last)
		return false;
	while (state->entry < funnel->nentries &&
		   funnel->entries[state->entry].period < period)
		state->entry++;
	if (state->entry < funnel->nentries &&
		funnel->entries[state->entry].period == period)
		entry = &funnel->entries[state->entry];
	row_date(row, TREND_PERIOD,
			 calendar_date(calendar_period_start(state->calendar, period)));
	funnel_put_step(row, TREND_STEPS, funnel, entry, step);
	if (state->ends)
		row_bool(row, TREND_COMPLETE, period_complete(state, period));
	return true;
}

/* funnel_trend(funnel, as_of, steps): a row for every period and step. */
Datum
retention_funnel_trend(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(trend_columns, 1, trend_begin,
											trend_next);

	return reader_rows(&reader, fcinfo, NULL);
}
