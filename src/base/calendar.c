/*
 * calendar.c
 *		Calendars: from days to periods and back, from times to days.
 *
 * The local line counts days and seconds from 2000-01-01 00:00 on the clock
 * of a zone, the UTC line from the same on the clock of UTC.  Everything that
 * converts between them asks PostgreSQL in the same way its own casts do:
 * pg_localtime() from UTC to local, DetermineTimeZoneOffset() back.  Two
 * tables of days keep the answers, which are the same for all of a day unless
 * the zone's clock is changed:
 *
 *	utc_days	the offset of a day of the UTC line, and the periods before and
 *				after the local midnight in it
 *	local_days	the period of a day of the local line, and the offset that any
 *				time on it is converted to UTC with
 *
 * An entry of a day with a change of the clock (in local_days: with one
 * within a day of it) says so, and its rows are computed one by one.
 */
#include "base/calendar.h"

#include "base/json_parts.h"
#include "common/int.h"
#include "utils/datetime.h"
#include "utils/memutils.h"

/* Seconds from the Unix epoch to PostgreSQL's. */
#define EPOCH_SECONDS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* ----------------------------------------------------------------
 *		Days and months
 * ----------------------------------------------------------------
 */

/* a * b, not beyond CALENDAR_FAR */
static int64
units(int64 a, int64 b)
{
	int64		product;

	if (pg_mul_s64_overflow(a, b, &product))
		product = (a < 0) == (b < 0) ? CALENDAR_FAR : -CALENDAR_FAR;
	return Max(-CALENDAR_FAR, Min(product, CALENDAR_FAR));
}

/*
 * Months since 2000-01 of a day; the day of the month, from 0, as well.
 *
 * Years are counted from March, which puts the leap day last: then month m of
 * a year starts (153 m + 2) / 5 days into it.
 */
int64
calendar_month_of_day(int64 day, int *day_of_month)
{
	int64		cycle = calendar_floor_div(day - 60, 146097);	/* 400 years */
	int			d = day - 60 - cycle * 146097;
	int			year = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int			month;

	d -= 365 * year + year / 4 - year / 100;
	month = (5 * d + 2) / 153;
	*day_of_month = d - (153 * month + 2) / 5;
	return cycle * 4800 + year * 12 + month + 2;
}

/* First day of a month. */
int64
calendar_day_of_month(int64 month)
{
	int64		cycle = calendar_floor_div(month - 2, 4800);
	int			m = month - 2 - cycle * 4800;
	int			year = m / 12;

	m %= 12;
	return cycle * 146097 + 365 * year + year / 4 - year / 100 +
		(153 * m + 2) / 5 + 60;
}

/* Months in a unit, 0 for weeks and shorter. */
static int
unit_months(GrainUnit unit)
{
	return unit == GRAIN_MONTH ? 1 : unit == GRAIN_QUARTER ? 3 :
		unit == GRAIN_YEAR ? 12 : 0;
}

/*
 * A day plus so many units as date + interval: months and longer keep the day
 * of the month or clamp to its last.  Not for hours.
 */
int64
calendar_add(int64 day, int64 n, GrainUnit unit)
{
	int64		month;
	int64		first;
	int			day_of_month;

	if (unit == GRAIN_DAY || unit == GRAIN_WEEK)
		return day + units(n, unit == GRAIN_WEEK ? 7 : 1);
	month = calendar_month_of_day(day, &day_of_month) +
		units(n, unit_months(unit));
	first = calendar_day_of_month(month);
	return Min(first + day_of_month, calendar_day_of_month(month + 1) - 1);
}

/* A day as a date; error 22008 when PostgreSQL has no such date. */
DateADT
calendar_date(int64 day)
{
	if (day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ||
		day >= DATE_END_JULIAN - POSTGRES_EPOCH_JDATE)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range"),
				 errdetail("A period reaches past the dates PostgreSQL has, 4714-11-24 BC to 5874897-12-31."),
				 errhint("Use a shorter grain, or leave such dates out.")));
	return day;
}

/* The one message for infinite times. */
void
calendar_refuse_infinite(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("infinite time out of range"),
			 errdetail("An infinite date or timestamp lies in no period."),
			 errhint("Leave such rows out with isfinite(), or turn them to NULL.")));
}

/* ----------------------------------------------------------------
 *		Making a calendar
 * ----------------------------------------------------------------
 */

/*
 * The grain's own zone, or NULL when it names none; error 22023 when this
 * server does not know it.
 */
pg_tz *
grain_zone_lookup(const Grain *grain)
{
	char	   *name;
	pg_tz	   *zone;

	if (grain_zone_len(grain) == 0)
		return NULL;
	name = pnstrdup(grain_zone(grain), grain_zone_len(grain));
	zone = pg_tzset(name);
	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errdetail("The grain \"%s\" was made where this zone is known.",
						   grain_quoted(grain)),
				 errhint("SELECT name FROM pg_timezone_names lists the zones known here.")));
	pfree(name);
	return zone;
}

/* Give back a calendar and its tables. */
void
calendar_free(Calendar *cal)
{
	if (cal->utc_days != NULL)
		pfree(cal->utc_days);
	if (cal->local_days != NULL)
		pfree(cal->local_days);
	pfree(unconstify(Grain *, cal->grain));
	pfree(cal);
}

/*
 * A calendar without zone and tables, that reads the grain where it is.  Days
 * count from Monday 2000-01-03, weeks from the last starting weekday on or
 * before it, months and longer from the last starting month on or before
 * 2000-01.
 */
static void
begin_calendar(Calendar *cal, const Grain *grain)
{
	int			starting = Max(grain->starting, 1);

	memset(cal, 0, sizeof(*cal));
	cal->grain = grain;
	if (grain_is_dates(grain))
	{
		cal->dates = grain->cuts;
		cal->ndates = grain->ncuts;
	}
	cal->row_unit = grain->by;
	cal->row_count = grain_is_calendar(grain) ? grain->count : 1;
	switch (cal->row_unit)
	{
		case GRAIN_HOUR:
			elog(ERROR, "calendar periods by the hour");
			break;
		case GRAIN_DAY:
			cal->length = cal->row_count;
			cal->origin = 2;
			break;
		case GRAIN_WEEK:
			cal->length = cal->row_count * 7;
			cal->origin = starting == 1 ? 2 : starting - 6;
			break;
		case GRAIN_MONTH:
		case GRAIN_QUARTER:
		case GRAIN_YEAR:
			cal->length = cal->row_count * unit_months(cal->row_unit);
			cal->origin = starting == 1 ? 0 : starting - 13;
			break;
	}
}

Calendar *
calendar_create(const Grain *grain, pg_tz *zone, bool cached,
				MemoryContext context)
{
	Calendar   *cal = MemoryContextAlloc(context, sizeof(Calendar));
	Grain	   *copy = MemoryContextAlloc(context, VARSIZE(grain));

	memcpy(copy, grain, VARSIZE(grain));
	begin_calendar(cal, copy);
	cal->zone = zone;
	cal->cached = cached;
	cal->context = context;
	return cal;
}

/* The first day of a period of a grain, where no calendar is at hand. */
int64
calendar_first_day(const Grain *grain, int64 period)
{
	Calendar	cal;

	begin_calendar(&cal, grain);
	return calendar_period_start(&cal, period);
}

/* ----------------------------------------------------------------
 *		Periods and days
 * ----------------------------------------------------------------
 */

/* The same of a calendar of dates. */
static int64
date_at(const Calendar *cal, int64 period)
{
	return period < 0 ? DATEVAL_NOBEGIN :
		period >= cal->ndates ? CALENDAR_FAR : cal->dates[period];
}

/* How many dates are not after a day, less one. */
static int64
dates_before(const Calendar *cal, int64 day)
{
	int			low = 0;
	int			high = cal->ndates;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (cal->dates[middle] <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* Is a day of a row past the last date?  Then it has no period. */
static inline bool
is_past(const Calendar *cal, int64 day)
{
	return cal->dates != NULL && !cal->lenient &&
		day >= cal->dates[cal->ndates - 1];
}

static void
check_past(const Calendar *cal, int64 day)
{
	if (unlikely(is_past(cal, day)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is past the end of the calendar", date_text(day)),
				 errdetail("The last period of the grain \"%s\" ends before %s, its last date.",
						   grain_quoted(cal->grain),
						   date_text(cal->dates[cal->ndates - 1])),
				 errhint("Extend the list of dates, or leave later rows out.")));
}

/* First day of a period; period_start(p + 1) is its exclusive end. */
int64
calendar_period_start(const Calendar *cal, int64 period)
{
	int64		n;

	if (unlikely(cal->dates != NULL))
		return date_at(cal, period);
	n = cal->origin + units(period, cal->length);
	return cal->row_unit >= GRAIN_MONTH ? calendar_day_of_month(n) : n;
}

/* The period that contains a day. */
int64
calendar_period_of_day(const Calendar *cal, int64 day)
{
	int			day_of_month;
	int64		n = day;

	if (unlikely(cal->dates != NULL))
		return dates_before(cal, day);
	if (cal->row_unit >= GRAIN_MONTH)
		n = calendar_month_of_day(day, &day_of_month);
	return calendar_floor_div(n - cal->origin, cal->length);
}

/* Is this a period of the calendar, one that PostgreSQL has a date for? */
bool
calendar_has_period(const Calendar *cal, int64 period)
{
	int64		day;

	if (cal->dates != NULL)
		return period >= 0 && period < cal->ndates - 1;
	day = calendar_period_start(cal, period);
	return day >= DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE &&
		day < DATE_END_JULIAN - POSTGRES_EPOCH_JDATE;
}

/* ----------------------------------------------------------------
 *		The clock of the zone
 * ----------------------------------------------------------------
 */

/* Seconds the zone's clock is ahead of UTC, looked up. */
static int32
zone_offset(const Calendar *cal, int64 moment)
{
	pg_time_t	t = moment + EPOCH_SECONDS;
	struct pg_tm *tm;

	if (cal->zone == NULL)
		return 0;
	tm = pg_localtime(&t, cal->zone);
	return tm != NULL ? tm->tm_gmtoff : 0;
}

/*
 * The offset all through [from, until), or CALENDAR_SLOW when there may be
 * more than one.
 */
static int32
zone_steady_offset(const Calendar *cal, int64 from, int64 until)
{
	int32		offset = zone_offset(cal, from);
	pg_time_t	t = from + EPOCH_SECONDS;
	pg_time_t	change;
	long		before;
	long		after;
	int			isdst;

	if (cal->zone == NULL)
		return 0;

	/*
	 * Before a zone's first known change the two functions that look up an
	 * offset do not always agree, and an offset of a day or more breaks the
	 * assumption that local_days rests on.
	 */
	switch (pg_next_dst_boundary(&t, &before, &isdst, &change, &after, &isdst,
								 cal->zone))
	{
		case 0:					/* never changes again */
			after = before;
			break;
		case 1:
			if (change < until + EPOCH_SECONDS)
				return CALENDAR_SLOW;
			break;
		default:
			return CALENDAR_SLOW;
	}
	if (before != offset || labs(before) >= SECS_PER_DAY ||
		labs(after) >= SECS_PER_DAY)
		return CALENDAR_SLOW;
	return offset;
}

/* A local second as a moment, looked up as the cast to timestamptz does. */
static int64
zone_moment(const Calendar *cal, int64 local)
{
	int64		day = calendar_floor_div(local, SECS_PER_DAY);
	int			second = local - day * SECS_PER_DAY;
	int			day_of_month;
	int64		month = calendar_month_of_day(day, &day_of_month);
	int64		year = calendar_floor_div(month, 12);
	struct pg_tm tm;

	memset(&tm, 0, sizeof(tm));
	tm.tm_year = 2000 + year;
	tm.tm_mon = month - year * 12 + 1;
	tm.tm_mday = day_of_month + 1;
	tm.tm_hour = second / SECS_PER_HOUR;
	tm.tm_min = second / SECS_PER_MINUTE % MINS_PER_HOUR;
	tm.tm_sec = second % SECS_PER_MINUTE;

	/* the result is in seconds west */
	return local + DetermineTimeZoneOffset(&tm, cal->zone);
}

/* ----------------------------------------------------------------
 *		Tables
 * ----------------------------------------------------------------
 */

static void
local_day_fill(const Calendar *cal, int32 day, CalendarLocalDay *entry)
{
	int64		from = ((int64) day - 1) * SECS_PER_DAY;

	entry->day = day;
	entry->period = calendar_period_of_day(cal, day);

	/*
	 * With no change from a day before to a day after, a local time on this
	 * day cannot be converted with any other offset.
	 */
	entry->offset = zone_steady_offset(cal, from, from + 3 * SECS_PER_DAY);
}

/* The entry of a local day, in the table or else in *scratch. */
static const CalendarLocalDay *
local_day(Calendar *cal, int32 day, CalendarLocalDay *scratch)
{
	CalendarLocalDay *entry = scratch;

	if (cal->cached)
	{
		if (cal->local_days == NULL)
		{
			cal->local_days =
				MemoryContextAlloc(cal->context,
								   CALENDAR_DAYS * sizeof(CalendarLocalDay));
			/* empty: a day that has its place elsewhere */
			for (int i = 0; i < CALENDAR_DAYS; i++)
				cal->local_days[i].day = i ^ 1;
		}
		entry = &cal->local_days[day & (CALENDAR_DAYS - 1)];
		if (entry->day == day)
			return entry;
	}
	local_day_fill(cal, day, entry);
	return entry;
}

static void
utc_day_fill(const Calendar *cal, int32 day, CalendarDay *entry)
{
	int64		from = (int64) day * SECS_PER_DAY;
	int64		local;

	entry->day = day;
	entry->split = USECS_PER_DAY;
	entry->before = entry->after = 0;
	entry->offset = zone_steady_offset(cal, from, from + SECS_PER_DAY);
	if (entry->offset == CALENDAR_SLOW)
		return;

	local = calendar_floor_div(from + entry->offset, SECS_PER_DAY);
	/* every row is to be looked at where one may be past the last date */
	if (unlikely(is_past(cal, local + 1)))
	{
		entry->offset = CALENDAR_SLOW;
		return;
	}
	entry->split = ((local + 1) * SECS_PER_DAY - entry->offset - from) *
		USECS_PER_SEC;
	entry->before = calendar_period_of_day(cal, local);
	entry->after = calendar_period_of_day(cal, local + 1);
}

/* The entry of a day of the UTC line, in the table or else in *scratch. */
static const CalendarDay *
utc_day(Calendar *cal, int32 day, CalendarDay *scratch)
{
	CalendarDay *entry = scratch;

	if (cal->cached)
	{
		if (cal->utc_days == NULL)
		{
			cal->utc_days =
				MemoryContextAlloc(cal->context,
								   CALENDAR_DAYS * sizeof(CalendarDay));
			for (int i = 0; i < CALENDAR_DAYS; i++)
				cal->utc_days[i].day = i ^ 1;
		}
		entry = &cal->utc_days[day & (CALENDAR_DAYS - 1)];
		if (entry->day == day)
			return entry;
	}
	utc_day_fill(cal, day, entry);
	return entry;
}

/* The period of a local day that is not in the table. */
int32
calendar_local_miss(Calendar *cal, int32 day)
{
	CalendarLocalDay scratch;

	check_past(cal, day);
	if (!cal->cached)
		return calendar_period_of_day(cal, day);
	return local_day(cal, day, &scratch)->period;
}

/* The period of a time whose day is not in the table, or has no one offset. */
int32
calendar_utc_miss(Calendar *cal, TimestampTz at)
{
	int64		day = calendar_floor_div(at, USECS_PER_DAY);
	int64		moment = calendar_floor_div(at, USECS_PER_SEC);
	CalendarDay scratch;
	const CalendarDay *entry;

	if (TIMESTAMP_NOT_FINITE(at))
		calendar_refuse_infinite();
	if (cal->cached)
	{
		entry = utc_day(cal, day, &scratch);
		if (entry->offset != CALENDAR_SLOW)
			return at - day * USECS_PER_DAY < entry->split ?
				entry->before : entry->after;
	}
	day = calendar_floor_div(moment + zone_offset(cal, moment), SECS_PER_DAY);
	check_past(cal, day);
	return calendar_period_of_day(cal, day);
}

/* ----------------------------------------------------------------
 *		Moments and the local clock
 * ----------------------------------------------------------------
 */

/* Seconds the zone's clock is ahead of UTC at a moment; 0 without a zone. */
int32
calendar_offset(Calendar *cal, int64 moment)
{
	int64		day = calendar_floor_div(moment, SECS_PER_DAY);
	CalendarDay scratch;
	const CalendarDay *entry;

	if (cal->zone == NULL)
		return 0;
	if (cal->cached && day == (int32) day)
	{
		entry = utc_day(cal, day, &scratch);
		if (entry->offset != CALENDAR_SLOW)
			return entry->offset;
	}
	return zone_offset(cal, moment);
}

/*
 * Moment at which the local clock shows a second of the local line, where
 * there is none or two as a cast to timestamptz chooses.
 */
int64
calendar_moment_of_local(Calendar *cal, int64 local)
{
	int64		day = calendar_floor_div(local, SECS_PER_DAY);
	CalendarLocalDay scratch;
	const CalendarLocalDay *entry;

	if (cal->zone == NULL)
		return local;
	if (cal->cached && day == (int32) day)
	{
		entry = local_day(cal, day, &scratch);
		if (entry->offset != CALENDAR_SLOW)
			return local - entry->offset;
	}
	return zone_moment(cal, local);
}
