/*
 * calendar_window.c
 *		Calendars: windows counted from a customer's own start, ages, and what
 *		of a cohort's ages lies before the end of the data.
 *
 * Window k of length L from an anchor is [anchor + k L, anchor + (k + 1) L).
 * Its bounds are those of timestamptz + interval: hours are elapsed time,
 * days and longer are added on the local clock, months and years to the date
 * of the anchor (not to that of the window before), clamped to month ends.
 *
 *	anchor 2024-01-31 10:00, grain "month since start"
 *
 *	age			0				1				2				3
 *		|---------------|---------------|---------------|-----
 *		01-31 10:00		02-29 10:00		03-31 10:00		04-30 10:00
 */
#include "base/calendar.h"

/* ----------------------------------------------------------------
 *		Rows to moments
 * ----------------------------------------------------------------
 */

/* Midnight with which a date begins. */
int64
calendar_moment_of_date(Calendar *cal, DateADT date)
{
	if (DATE_NOT_FINITE(date))
		calendar_refuse_infinite();
	if (date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for timestamp"),
				 errdetail("Windows since start are counted from timestamps, the last of which is in the year 294276."),
				 errhint("Use a plain grain such as \"month\", or leave such dates out.")));
	return calendar_moment_of_local(cal, (int64) date * SECS_PER_DAY);
}

/* Like the function above, of a timestamp. */
int64
calendar_moment_of_timestamp(Calendar *cal, Timestamp at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		calendar_refuse_infinite();
	return calendar_moment_of_local(cal, calendar_floor_div(at, USECS_PER_SEC));
}

/* Like the function above, of a timestamptz. */
int64
calendar_moment_of_timestamptz(Calendar *cal, TimestampTz at)
{
	(void) cal;
	if (TIMESTAMP_NOT_FINITE(at))
		calendar_refuse_infinite();
	return calendar_floor_div(at, USECS_PER_SEC);
}

/* Period (of the by unit) in which a moment falls, on the local clock. */
int32
calendar_period_of_moment(Calendar *cal, int64 moment)
{
	int64		local = moment + calendar_offset(cal, moment);

	return calendar_period_of_date(cal, calendar_floor_div(local, SECS_PER_DAY));
}

/* ----------------------------------------------------------------
 *		Ages
 * ----------------------------------------------------------------
 */

/* The moment n units after the anchor, whose local second is given too. */
static int64
moment_after(Calendar *cal, int64 anchor, int64 local, int64 n)
{
	int64		day;

	/* not through the local clock, which may show a second twice */
	if (n == 0)
		return anchor;
	day = calendar_floor_div(local, SECS_PER_DAY);
	local += (calendar_add(day, n, cal->grain->unit) - day) * SECS_PER_DAY;
	return calendar_moment_of_local(cal, local);
}

/* Windows of so many units wholly between two moments, time >= anchor. */
static int64
windows_between(Calendar *cal, int64 anchor, int64 time, int32 count)
{
	GrainUnit	unit = cal->grain->unit;
	int64		from;
	int64		to;
	int64		k;

	if (unit == GRAIN_HOUR)
		return (time - anchor) / ((int64) count * SECS_PER_HOUR);

	/* a guess on the local clock, then the exact bounds around it */
	from = anchor + calendar_offset(cal, anchor);
	to = time + calendar_offset(cal, time);
	if (unit == GRAIN_DAY || unit == GRAIN_WEEK)
		k = (to - from) / SECS_PER_DAY / (unit == GRAIN_WEEK ? 7 : 1) / count;
	else
	{
		int			day_of_month;
		int64		months;

		months = calendar_month_of_day(calendar_floor_div(to, SECS_PER_DAY),
									   &day_of_month);
		months -= calendar_month_of_day(calendar_floor_div(from, SECS_PER_DAY),
										&day_of_month);
		k = months / (unit == GRAIN_YEAR ? 12 : unit == GRAIN_QUARTER ? 3 : 1) /
			count;
	}
	k = Max(k, 0);
	while (k > 0 && moment_after(cal, anchor, from, k * count) > time)
		k--;
	while (moment_after(cal, anchor, from, (k + 1) * count) <= time)
		k++;
	return k;
}

/* The bracket of the cuts that n units fall into; -1 past the last cut. */
static int64
cut_bracket(const Grain *grain, int64 n)
{
	int			low = 0;
	int			high = grain->ncuts - 1;

	if (n >= grain->cuts[high])
		return -1;
	/* cuts[low] <= n < cuts[high] */
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (grain->cuts[middle] <= n)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * Age of time seen from start.  Plain grains: difference of two periods; cut
 * grains: the bracket; since start: the window, both being moments.  -1 when
 * time lies before start, or at or past the last cut.
 */
int64
calendar_age(Calendar *cal, int64 start, int64 time)
{
	const Grain *grain = cal->grain;
	int64		age;

	if (time < start)
		return -1;
	age = grain_is_since_start(grain) ?
		windows_between(cal, start, time, grain->count) : time - start;
	return grain_is_cut(grain) ? cut_bracket(grain, age) : age;
}

/* Number of ages a grain can have: brackets of a cut grain, else -1. */
int64
calendar_max_ages(const Calendar *cal)
{
	return grain_is_cut(cal->grain) ? cal->grain->ncuts - 1 : -1;
}

/* Likewise a cohort: up to the last date of a calendar. */
int64
calendar_cohort_ages(const Calendar *cal, int64 cohort)
{
	return cal->dates != NULL ? calendar_end(cal) - cohort :
		calendar_max_ages(cal);
}

/* ----------------------------------------------------------------
 *		The end of the data
 * ----------------------------------------------------------------
 */

/* The data are complete up to as_of, exclusively.  Infinite: error 22008. */
DataEnd
data_end_as_of(DateADT as_of)
{
	DataEnd		end = {as_of, as_of};

	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite date"),
				 errdetail("Ages are counted up to the day before as_of."),
				 errhint("Pass the first day the data do not cover, such as current_date, or NULL for the period of the last event.")));
	return end;
}

/* The data end somewhere inside a period. */
DataEnd
data_end_inside(const Calendar *cal, int64 period)
{
	DataEnd		end;

	end.low = calendar_period_start(cal, period);
	end.high = calendar_period_start(cal, period + 1);
	return end;
}

/* Last period (cohort row) that starts before the end of the data. */
int64
calendar_last_period(const Calendar *cal, const DataEnd *end)
{
	return Min(calendar_period_of_day(cal, end->high - 1),
			   calendar_end(cal) - 1);
}

/*
 * Midnight with which a day begins, on the line that cells are compared on:
 * hours are elapsed time, so where the calendar has a zone they are counted
 * between moments; everything else is counted on the local clock.
 */
static int64
midnight(const Calendar *cal, int64 day)
{
	int64		local = day * SECS_PER_DAY;

	if (cal->grain->unit != GRAIN_HOUR)
		return local;
	return calendar_moment_of_local(unconstify(Calendar *, cal), local);
}

/*
 * Second that lies n units after the beginning of a period.
 * Plain grains and calendar cuts count in periods, which are as long as they
 * are, since start counts in units from the first day.
 */
static int64
cell_bound(const Calendar *cal, int64 period, int64 n)
{
	const Grain *grain = cal->grain;
	int64		day;

	if (!grain_is_since_start(grain))
		return calendar_period_start(cal, period + n) * SECS_PER_DAY;
	day = calendar_period_start(cal, period);
	if (grain->unit == GRAIN_HOUR)
		return midnight(cal, day) + n * SECS_PER_HOUR;
	return calendar_add(day, n, grain->unit) * SECS_PER_DAY;
}

/* Units after which an age begins; age may be one past the last bracket. */
static int64
age_units(const Grain *grain, int64 age)
{
	if (grain_is_cut(grain))
		return grain->cuts[age];
	age = Min(age, CALENDAR_FAR);
	return grain_is_since_start(grain) ? Min(age * grain->count, CALENDAR_FAR) :
		age;
}

/* Does the grain have this age? */
static bool
age_exists(const Grain *grain, int64 age)
{
	return age >= 0 && (!grain_is_cut(grain) || age < grain->ncuts - 1);
}

/* Is any of the cell (cohort, age) before the end of the data? */
bool
calendar_shown(const Calendar *cal, int64 cohort, int64 age,
			   const DataEnd *end)
{
	return age_exists(cal->grain, age) &&
		cell_bound(cal, cohort, age_units(cal->grain, age)) <
		midnight(cal, end->high);
}

/*
 * Is all of it?  Under since start the last customer of a cohort may have
 * started at the very end of its period, so the windows are counted from
 * there.
 */
bool
calendar_complete(const Calendar *cal, int64 cohort, int64 age,
				  const DataEnd *end)
{
	int64		from = grain_is_since_start(cal->grain) ? cohort + 1 : cohort;

	return age_exists(cal->grain, age) && age < CALENDAR_FAR &&
		cell_bound(cal, from, age_units(cal->grain, age + 1)) <=
		midnight(cal, end->low);
}
