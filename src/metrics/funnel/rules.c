/*
 * funnel/rules.c
 *		The window of a funnel.
 */
#include "metrics/funnel/rules.h"

#include "base/grain_parse.h"
#include "lib/stringinfo.h"

/* ----------------------------------------------------------------
 *		The window
 * ----------------------------------------------------------------
 */

/* Refuse a negative or infinite window. */
void
funnel_check_within(const Interval *within)
{
	if (INTERVAL_NOT_FINITE(within))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the window of a funnel must be finite"),
				 errhint("To set no limit, use a window longer than the data, such as '1000 years'.")));
	if (within->month < 0 || within->day < 0 || within->time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the window of a funnel must not be negative"),
				 errdetail("Its months, days and time must each be zero or more."),
				 errhint("Pass the longest time from the first step to the last, such as '30 days'.")));
}

void
funnel_within_put(WireWriter *w, const Interval *within)
{
	wire_put(w, within->month);
	wire_put(w, within->day);
	wire_put(w, within->time);
}

void
funnel_within_get(WireReader *r, Interval *within)
{
	within->month = wire_get_max(r, PG_INT32_MAX, "The window is damaged.");
	within->day = wire_get_max(r, PG_INT32_MAX, "The window is damaged.");
	within->time = wire_get_max(r, PG_INT64_MAX, "The window is damaged.");
}

/* What is wrong with a window, a mode, a grain and a zone from outside. */
const char *
funnel_rules_problem(const FunnelRules *rules, const Grain *grain,
					 const char *zone)
{
	const Interval *within = &rules->within;
	const char *problem = funnel_mode_problem(rules);
	const char *canonical;

	if (problem != NULL)
		return problem;
	if (INTERVAL_NOT_FINITE(within) ||
		within->month < 0 || within->day < 0 || within->time < 0)
		return "The window is negative or infinite.";
	if (grain != NULL && !grain_is_calendar(grain))
		return "The grain is not one of calendar periods.";
	if (zone[0] == '\0')
		return NULL;
	if (grain != NULL)
		return grain_used_zone_problem(grain, zone);
	if (!funnel_rules_local(rules))
		return "There is a time zone, but the window does not depend on one.";
	canonical = grain_zone_canonical(zone);
	if (canonical == NULL || strcmp(canonical, zone) != 0)
		return "The time zone is unknown here, or not in its canonical spelling.";
	return NULL;
}

static void
put_part(StringInfo text, int64 value, char unit)
{
	if (value != 0)
		appendStringInfo(text, INT64_FORMAT "%c", value, unit);
}

/* An interval that is not negative in ISO 8601. */
char *
funnel_within_text(const Interval *within)
{
	int64		seconds = within->time / USECS_PER_SEC;
	int			micros = within->time % USECS_PER_SEC;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, 'P');
	put_part(&text, within->month / MONTHS_PER_YEAR, 'Y');
	put_part(&text, within->month % MONTHS_PER_YEAR, 'M');
	put_part(&text, within->day, 'D');
	if (within->time != 0)
	{
		appendStringInfoChar(&text, 'T');
		put_part(&text, seconds / SECS_PER_HOUR, 'H');
		put_part(&text, seconds / SECS_PER_MINUTE % MINS_PER_HOUR, 'M');
		seconds %= SECS_PER_MINUTE;
		if (micros != 0)
		{
			appendStringInfo(&text, INT64_FORMAT ".%06d", seconds, micros);
			while (text.data[text.len - 1] == '0')
				text.len--;
			appendStringInfoChar(&text, 'S');
		}
		else
			put_part(&text, seconds, 'S');
	}
	if (text.len == 1)
		appendStringInfoString(&text, "T0S");
	return text.data;
}

static void
put_words(StringInfo text, int64 value, const char *unit)
{
	if (value != 0)
		appendStringInfo(text, "%s" INT64_FORMAT " %s%s", text->len > 0 ? " " : "",
						 value, unit, value == 1 ? "" : "s");
}

/* The same in words. */
char *
funnel_within_words(const Interval *within)
{
	int64		seconds = within->time / USECS_PER_SEC;
	int64		micros = within->time % USECS_PER_SEC;
	StringInfoData text;

	initStringInfo(&text);
	put_words(&text, within->month / MONTHS_PER_YEAR, "year");
	put_words(&text, within->month % MONTHS_PER_YEAR, "month");
	put_words(&text, within->day, "day");
	put_words(&text, seconds / SECS_PER_HOUR, "hour");
	put_words(&text, seconds / SECS_PER_MINUTE % MINS_PER_HOUR, "minute");
	put_words(&text, seconds % SECS_PER_MINUTE, "second");
	put_words(&text, micros, "microsecond");
	if (text.len == 0)
		appendStringInfoString(&text, "0 seconds");
	return text.data;
}

/*
 * One part of the text: digits, for seconds also a fraction, and the unit.
 * False, and *at as it was, when the next part is another.
 */
static bool
take_part(const char **at, char unit, int64 *value, int64 *micros)
{
	const char *c = *at;
	int64		digits = 0;
	int64		fraction = 0;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++)
		if (pg_mul_s64_overflow(digits, 10, &digits) ||
			pg_add_s64_overflow(digits, *c - '0', &digits))
			return false;
	if (unit == 'S' && *c == '.')
	{
		int64		scale = USECS_PER_SEC;

		for (c++; *c >= '0' && *c <= '9' && scale > 1; c++)
		{
			scale /= 10;
			fraction += (*c - '0') * scale;
		}
	}
	if (*c != unit)
		return false;
	*value = digits;
	*micros = fraction;
	*at = c + 1;
	return true;
}

/* Read what funnel_within_text() writes. */
bool
funnel_within_parse(const char *text, Interval *within)
{
	int64		value[6] = {0};		/* years, months, days, hours, ... */
	const char	units[] = "YMDHMS";
	int64		micros = 0;
	const char *at = text;
	int128		months;
	int128		time;

	if (*at++ != 'P')
		return false;
	for (int i = 0; i < lengthof(value); i++)
	{
		if (i == 3 && *at != '\0' && *at++ != 'T')
			return false;
		take_part(&at, units[i], &value[i], &micros);
	}
	months = (int128) value[0] * MONTHS_PER_YEAR + value[1];
	time = (((int128) value[3] * MINS_PER_HOUR + value[4]) * SECS_PER_MINUTE +
			value[5]) * USECS_PER_SEC + micros;
	if (months > PG_INT32_MAX || value[2] > PG_INT32_MAX || time > PG_INT64_MAX)
		return false;
	within->month = (int32) months;
	within->day = (int32) value[2];
	within->time = (int64) time;
	/* one interval has one spelling */
	return !INTERVAL_NOT_FINITE(within) &&
		strcmp(funnel_within_text(within), text) == 0;
}

/* Make the window ready. */
void
funnel_window_set(FunnelWindow *window, const Interval *within, pg_tz *zone,
				  bool cached, MemoryContext context)
{
	int128		span = (int128) within->day * USECS_PER_DAY + within->time;
	bool		same = window->calendar != NULL &&
		window->calendar->zone == zone;

	if (window->days != NULL &&
		(!same || memcmp(within, &window->within, sizeof(Interval)) != 0))
	{
		pfree(window->days);
		window->days = NULL;
	}
	window->within = *within;
	window->span = (int64) Min(span, PG_INT64_MAX);
	if (within->month == 0 && (within->day == 0 || zone == NULL))
		return;
	window->span = -1;
	if (!same)
	{
		if (window->calendar != NULL)
			calendar_free(window->calendar);
		window->calendar = calendar_create(grain_parse("day", NULL), zone,
										   cached, context);
	}
	if (cached && within->month == 0 && window->days == NULL)
	{
		window->days = MemoryContextAlloc(context,
										  CALENDAR_DAYS * sizeof(FunnelDay));
		/* empty: a day that has its place elsewhere */
		for (int i = 0; i < CALENDAR_DAYS; i++)
			window->days[i].day = i ^ 1;
	}
}

/* The moment so many months and days later on the local clock. */
static int64
add_local(Calendar *calendar, int64 moment, int32 months, int32 days)
{
	int64		local = moment + calendar_offset(calendar, moment);
	int64		day = calendar_floor_div(local, SECS_PER_DAY);
	int64		to = day + days;

	if (months != 0)
		to = calendar_add(day, months, GRAIN_MONTH);
	return calendar_moment_of_local(calendar,
									local + (to - day) * SECS_PER_DAY);
}

/* Months first, then days, then time: as timestamptz + interval adds them. */
static int64
add_within(FunnelWindow *window, int64 at)
{
	int64		second = calendar_floor_div(at, USECS_PER_SEC);
	int64		micros = at - second * USECS_PER_SEC;
	int128		end;

	if (window->within.month != 0)
		second = add_local(window->calendar, second, window->within.month, 0);
	if (window->within.day != 0)
		second = add_local(window->calendar, second, 0, window->within.day);
	end = (int128) second * USECS_PER_SEC + micros + window->within.time;
	return (int64) Min(end, PG_INT64_MAX);
}

/* Is the zone's clock left alone from a day before to a day after both? */
static bool
clock_is_steady(pg_tz *zone, int64 from, int64 until)
{
	pg_time_t	t = from / USECS_PER_SEC - SECS_PER_DAY +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	pg_time_t	change;
	long		before;
	long		after;
	int			isdst;

	switch (pg_next_dst_boundary(&t, &before, &isdst, &change, &after, &isdst,
								 zone))
	{
		case 0:					/* never changes again */
			return true;
		case 1:
			return change - t > (until - from) / USECS_PER_SEC + 2 * SECS_PER_DAY;
		default:
			return false;
	}
}

/* Fill in the entry of a day. */
static void
fill_day(FunnelWindow *window, int64 day)
{
	FunnelDay  *entry = &window->days[day & (CALENDAR_DAYS - 1)];
	pg_tz	   *zone = window->calendar->zone;
	int64		from = day * USECS_PER_DAY;
	int64		until = from + USECS_PER_DAY - 1;
	int64		end_from = add_within(window, from);
	int64		end_until = add_within(window, until);

	entry->day = (int32) day;
	entry->span = -1;
	if (end_until - until == end_from - from &&
		clock_is_steady(zone, from, until) &&
		clock_is_steady(zone, end_from, end_until))
		entry->span = end_from - from;
}

/* The same past the table, or on days when the clock is changed. */
int64
funnel_window_end_slow(FunnelWindow *window, int64 at)
{
	int64		day = calendar_floor_div(at, USECS_PER_DAY);

	/* not where a day or its window reaches past the last timestamp */
	if (window->days != NULL && day > -100000000 &&
		day < PG_INT64_MAX / USECS_PER_DAY / 2 &&
		window->within.day < PG_INT64_MAX / USECS_PER_DAY / 4 &&
		window->within.time < PG_INT64_MAX / 4 &&
		window->days[day & (CALENDAR_DAYS - 1)].day != day)
		fill_day(window, day);
	return add_within(window, at);
}
