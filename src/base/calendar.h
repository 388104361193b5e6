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
 *			own unit when it is not since start).
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

/* What a day of the (UTC or local) line maps to. */
typedef struct CalendarDay
{
	int32		day;			/* which day this entry is for */
	bool		slow;			/* a zone transition falls on it */
	int64		split;			/* microsecond of the day where it changes */
	int32		before;			/* period up to there */
	int32		after;			/* period from there */
} CalendarDay;

#define CALENDAR_DAYS 4096		/* entries of the table, a power of two */

struct Calendar
{
	const Grain *grain;			/* copied into the calendar's context */
	pg_tz	   *zone;			/* NULL: times are local already */
	CalendarDay *days;			/* direct-mapped table, or NULL: none wanted */
	/* private to calendar.c */
	GrainUnit	row_unit;		/* unit of a period */
	int32		row_count;		/* units in a period */
	int64		origin;			/* day or month period 0 starts with */
	/* ... more as calendar.c needs */
};

/*
 * zone: the zone timestamptz are cut in, NULL when there are none.  cached:
 * allocate the table (about 100 kB) or compute every row.  grain is copied.
 */
extern Calendar *calendar_create(const Grain *grain, pg_tz *zone, bool cached,
								 MemoryContext context);

/* The grain's own zone, or NULL when it names none. */
extern pg_tz *grain_zone_lookup(const Grain *grain);

/* Rows to periods.  Infinite times: error 22008. */
extern int32 calendar_period_of_date(Calendar *cal, DateADT date);
extern int32 calendar_period_of_timestamp(Calendar *cal, Timestamp at);
extern int32 calendar_period_of_timestamptz(Calendar *cal, TimestampTz at);

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

/*
 * Age of time seen from start.  Plain grains: difference of two periods; cut
 * grains: the bracket; since start: the window, both being moments.  -1 when
 * time lies before start, or at or past the last cut.
 */
extern int64 calendar_age(Calendar *cal, int64 start, int64 time);

/* First day of a period; period_start(p + 1) is its exclusive end. */
extern int64 calendar_period_start(const Calendar *cal, int64 period);

/* The period that contains a day. */
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
	bool		inside;			/* true: inside [low, high) */
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

#endif							/* RETENTION_CALENDAR_H */
