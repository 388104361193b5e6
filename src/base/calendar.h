/*
 * calendar.h
 *		Calendar arithmetic under a grain: from times to periods and ages.
 *
 * A Calendar is a grain made ready for many rows: its origin and lengths
 * worked out, its zone looked up, and a table of days so that a row costs a
 * table look-up instead of a calendar computation.
 *
 * Two measures of time are used.
 *	period	number of a calendar period, counted from the grain's origin.  For
 *			plain grains a period of the grain; for "since start" and cut
 *			grains a period of the unit the cohort rows go by (a cut grain's
 *			own unit when it is not since start).  In a calendar of dates those
 *			from 0 on are there, to the one before calendar_end(); -1 is all the
 *			time before the first date.
 *	moment	seconds since 2000-01-01 00:00, only under "since start": on the
 *			UTC line when the calendar has a zone, on the local clock when it
 *			has none.
 * Days are counted from 2000-01-01 in 64 bits, so that a bound past the last
 * date PostgreSQL has is still a number.
 */
#ifndef RETENTION_CALENDAR_H
#define RETENTION_CALENDAR_H

#include "base/grain.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

typedef struct Calendar Calendar;

/* What a day of the UTC line maps to. */
typedef struct CalendarDay
{
	int32		day;			/* which day this entry is for */
	int32		offset;			/* of the zone, seconds east of UTC, or
								 * CALENDAR_SLOW: it changes on this day */
	int64		split;			/* microsecond of the day of local midnight */
	int32		before;			/* period up to there */
	int32		after;			/* period from there */
} CalendarDay;

/* What a day of the local line maps to. */
typedef struct CalendarLocalDay
{
	int32		day;			/* which day this entry is for */
	int32		period;
	int32		offset;			/* of the zone, or CALENDAR_SLOW: it changes
								 * on this day or next to it */
} CalendarLocalDay;

#define CALENDAR_DAYS 4096		/* entries of a table, a power of two */
#define CALENDAR_SLOW PG_INT32_MIN

/* More units, even hours, than all dates span: sums stop here. */
#define CALENDAR_FAR INT64CONST(100000000000)

struct Calendar
{
	const Grain *grain;			/* copied into the calendar's context */
	pg_tz	   *zone;			/* NULL: times are local already */
	/* private to calendar.c */
	CalendarDay *utc_days;		/* direct-mapped tables, made when needed */
	CalendarLocalDay *local_days;
	bool		cached;			/* tables are wanted */
	MemoryContext context;
	GrainUnit	row_unit;		/* unit of a period */
	int32		row_count;		/* units in a period */
	int32		length;			/* days or months in a period */
	int64		origin;			/* day or month period 0 starts with */
	/* of a calendar of dates: what it is cut by, else NULL */
	const int32 *dates;
	int32		ndates;
	bool		lenient;		/* days past the last date are no error */
};

/*
 * zone: the zone timestamptz are cut in, NULL when there are none (should one
 * come all the same, it is cut in UTC).  cached: allocate the tables (about
 * 100 kB for timestamptz, 50 kB for dates and timestamps, each when first
 * needed), or compute every row.  grain is copied.
 */
extern Calendar *calendar_create(const Grain *grain, pg_tz *zone, bool cached,
								 MemoryContext context);

/* The first day of a period of a grain, where no calendar is at hand. */
extern int64 calendar_first_day(const Grain *grain, int64 period);

/* Give back a calendar and its tables. */
extern void calendar_free(Calendar *cal);

/*
 * The grain's own zone, or NULL when it names none; error 22023 when this
 * server does not know it.
 */
extern pg_tz *grain_zone_lookup(const Grain *grain);

/* Rows to periods.  Infinite times, or past the last date: error 22008. */
static inline int32 calendar_period_of_date(Calendar *cal, DateADT date);
static inline int32 calendar_period_of_timestamp(Calendar *cal, Timestamp at);
static inline int32 calendar_period_of_timestamptz(Calendar *cal,
												   TimestampTz at);

/*
 * Rows to moments, truncated (down) to the second.  In a calendar with a
 * zone, dates and timestamps are placed in it as their casts to timestamptz
 * would.  Infinite times and dates beyond timestamps: error 22008.
 */
extern int64 calendar_moment_of_date(Calendar *cal, DateADT date);
extern int64 calendar_moment_of_timestamp(Calendar *cal, Timestamp at);
extern int64 calendar_moment_of_timestamptz(Calendar *cal, TimestampTz at);

/* Period (of the by unit) in which a moment falls, on the local clock. */
extern int32 calendar_period_of_moment(Calendar *cal, int64 moment);

/* Seconds the zone's clock is ahead of UTC at a moment; 0 without a zone. */
extern int32 calendar_offset(Calendar *cal, int64 moment);

/*
 * Moment at which the local clock shows a second of the local line, where
 * there is none or two as a cast to timestamptz chooses.
 */
extern int64 calendar_moment_of_local(Calendar *cal, int64 local);

/*
 * Age of time seen from start.  Plain grains: difference of two periods; cut
 * grains: the bracket; since start: the window, both being moments.  -1 when
 * time lies before start, or at or past the last cut.
 */
extern int64 calendar_age(Calendar *cal, int64 start, int64 time);

/*
 * A day plus so many units as date + interval: months and longer keep the day
 * of the month or clamp to its last.  Not for hours.
 */
extern int64 calendar_add(int64 day, int64 n, GrainUnit unit);

/* Months since 2000-01 of a day; the day of the month from 0 as well. */
extern int64 calendar_month_of_day(int64 day, int *day_of_month);

/* First day of a month. */
extern int64 calendar_day_of_month(int64 month);

/*
 * First day of a period; period_start(p + 1) is its exclusive end.  Before the
 * first date of a calendar: DATEVAL_NOBEGIN.
 */
extern int64 calendar_period_start(const Calendar *cal, int64 period);

/* The period that contains a day, also where the calendar has none. */
extern int64 calendar_period_of_day(const Calendar *cal, int64 day);

/* A day as a date; error 22008 when PostgreSQL has no such date. */
extern DateADT calendar_date(int64 day);

/*
 * Where the data end.  By as_of: low = high = that day.  Without as_of: the
 * data end inside a period, so low is its first day and high the first day
 * after it (high exclusive).
 */
typedef struct DataEnd
{
	int64		low;
	int64		high;
} DataEnd;

extern DataEnd data_end_as_of(DateADT as_of);	/* infinite: error 22008 */
extern DataEnd data_end_inside(const Calendar *cal, int64 period);

/* Is any of the cell (cohort, age) before the end of the data? */
extern bool calendar_shown(const Calendar *cal, int64 cohort, int64 age,
						   const DataEnd *end);

/* Is all of it? */
extern bool calendar_complete(const Calendar *cal, int64 cohort, int64 age,
							  const DataEnd *end);

/* Last period (cohort row) that starts before the end of the data. */
extern int64 calendar_last_period(const Calendar *cal, const DataEnd *end);

/* Number of ages a grain can have: brackets of a cut grain, else -1 (no limit). */
extern int64 calendar_max_ages(const Calendar *cal);

/* Likewise a cohort: up to the last date of a calendar. */
extern int64 calendar_cohort_ages(const Calendar *cal, int64 cohort);

/* Is this a period of the calendar, one that PostgreSQL has a date for? */
extern bool calendar_has_period(const Calendar *cal, int64 period);

/* What is wrong with one that is none, as a sentence. */
static inline const char *
calendar_past_words(const Calendar *cal)
{
	return cal->dates == NULL ?
		"A period reaches past the dates PostgreSQL has." :
		"A period is none of the calendar.";
}

/* The period after the last one there is. */
static inline int64
calendar_end(const Calendar *cal)
{
	return cal->dates == NULL ? CALENDAR_FAR : cal->ndates - 1;
}

/* Is it before all that the calendar has? */
static inline bool
calendar_is_before(const Calendar *cal, int64 period)
{
	return unlikely(cal->dates != NULL) && period < 0;
}

/* The paths past the tables, for the inline functions below. */
extern int32 calendar_local_miss(Calendar *cal, int32 day);
extern int32 calendar_utc_miss(Calendar *cal, TimestampTz at);
pg_noreturn extern void calendar_refuse_infinite(void);

/* a / b rounded down, b > 0 */
static inline int64
calendar_floor_div(int64 a, int64 b)
{
	int64		q = a / b;

	return q - (a - q * b < 0);
}

static inline int32
calendar_period_of_date(Calendar *cal, DateADT date)
{
	const CalendarLocalDay *entry;

	/* an infinite date is never in the table */
	if (likely(cal->local_days != NULL))
	{
		entry = &cal->local_days[date & (CALENDAR_DAYS - 1)];
		if (likely(entry->day == date))
			return entry->period;
	}
	if (DATE_NOT_FINITE(date))
		calendar_refuse_infinite();
	return calendar_local_miss(cal, date);
}

static inline int32
calendar_period_of_timestamp(Calendar *cal, Timestamp at)
{
	/* days of infinite timestamps would be finite dates */
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		calendar_refuse_infinite();
	return calendar_period_of_date(cal, calendar_floor_div(at, USECS_PER_DAY));
}

static inline int32
calendar_period_of_timestamptz(Calendar *cal, TimestampTz at)
{
	int64		day = calendar_floor_div(at, USECS_PER_DAY);
	const CalendarDay *entry;

	/* an infinite time is on a day that is never in the table */
	if (likely(cal->utc_days != NULL))
	{
		entry = &cal->utc_days[day & (CALENDAR_DAYS - 1)];
		if (likely(entry->day == day && entry->offset != CALENDAR_SLOW))
			return at - day * USECS_PER_DAY < entry->split ?
				entry->before : entry->after;
	}
	return calendar_utc_miss(cal, at);
}

#endif							/* RETENTION_CALENDAR_H */
