/*
 * plain/usage.c
 *		How often a customer comes: readers of one timeline that need a grain,
 *		or more than one look at its days.
 */
#include "history/timeline_spells.h"
#include "metrics/timeline_items.h"

#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_active_periods);
PG_FUNCTION_INFO_V1(retention_usage_interval);

#define ST_SORT sort_gaps
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
check_grain(const Grain *grain)
{
	if (!grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("active periods go with a plain calendar grain only"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Leave out \"since start\" and cut points, as in 'month'.")));
}

/* A bound of the window in argument n; none is as far as days go. */
static int64
bound_argument(FunctionCallInfo fcinfo, int n, int64 none)
{
	DateADT		date;

	if (PG_ARGISNULL(n))
		return none;
	date = PG_GETARG_DATEADT(n);
	return DATE_IS_NOEND(date) ? TIMELINE_OPEN :
		DATE_IS_NOBEGIN(date) ? PG_INT64_MIN : date;
}

/*
 * active_periods(t, grain, since_day, until_day): the periods with an active
 * day in the window; NULL when that has no end.
 */
Datum
retention_active_periods(PG_FUNCTION_ARGS)
{
	int64		since = bound_argument(fcinfo, 2, PG_INT64_MIN);
	int64		until_day = bound_argument(fcinfo, 3, TIMELINE_OPEN);
	TimelineReader r;
	TimelineSpells spells;
	TimelineSpell spell;
	Calendar   *calendar;
	int64		last = 0;		/* period counted, after the first */
	int64		periods = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	calendar = timeline_items_prepare(fcinfo, PG_GETARG_GRAIN(1), &r,
									  check_grain)->calendar;
	timeline_spells_begin(&spells, PG_GETARG_TIMELINE(0), until_day);
	while (timeline_spells_next(&spells, &spell))
	{
		int64		first;
		int64		until;

		if (spell.until <= since)
			continue;
		if (spell.until == TIMELINE_OPEN && calendar->dates == NULL)
			PG_RETURN_NULL();
		/* what begins past the last date of a calendar is an error */
		first = calendar_period_of_date(calendar,
										(DateADT) Max(spell.from, since));
		first = Max(first, calendar->dates != NULL ? 0 : first);
		if (periods > 0)
			first = Max(first, last + 1);
		/* what ends there is not */
		until = Min(calendar_period_of_day(calendar, spell.until - 1),
					calendar_end(calendar) - 1);
		if (until < first)
			continue;
		periods += until - first + 1;
		last = until;
	}
	/* PostgreSQL has fewer days than an int has numbers */
	PG_RETURN_INT32((int32) periods);
}

/*
 * usage_interval(t): the median of the days from each active day to the next,
 * NULL with fewer than two.  Levels: error 22023.
 */
Datum
retention_usage_interval(PG_FUNCTION_ARGS)
{
	TimelineReader r;
	const TimelineDay *day;
	int64		n = -1;			/* gaps so far */
	int64		size = 64;
	int32	   *gaps = palloc(size * sizeof(int32));
	int32		last = 0;
	int64		middle;

	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_need_orders(&r, "usage_interval");
	while ((day = timeline_next(&r)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!timeline_day_is_active(day))
			continue;
		if (n == size)
		{
			size *= 2;
			gaps = repalloc_huge(gaps, size * sizeof(int32));
		}
		if (n >= 0)
			gaps[n] = day->day - last;
		n++;
		last = day->day;
	}
	if (n < 1)
		PG_RETURN_NULL();
	sort_gaps(gaps, n);
	middle = n / 2;
	PG_RETURN_FLOAT8((n % 2 != 0 ? 2.0 * gaps[middle] :
					  (float8) gaps[middle - 1] + gaps[middle]) / 2);
}
