/*
 * grain_functions.c
 *		Calendar helpers for SQL: period_start, period_end, periods_between,
 *		grain_label.
 *
 * Dates and timestamps are local already and never converted; a timestamptz
 * is cut in the grain's zone, or in the session's when the grain names none.
 */
#include "base/calendar.h"
#include "base/zone.h"

#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_period_start_date);
PG_FUNCTION_INFO_V1(retention_period_start_timestamp);
PG_FUNCTION_INFO_V1(retention_period_start_timestamptz);
PG_FUNCTION_INFO_V1(retention_period_end_date);
PG_FUNCTION_INFO_V1(retention_period_end_timestamp);
PG_FUNCTION_INFO_V1(retention_period_end_timestamptz);
PG_FUNCTION_INFO_V1(retention_periods_between_date);
PG_FUNCTION_INFO_V1(retention_periods_between_timestamp);
PG_FUNCTION_INFO_V1(retention_periods_between_timestamptz);
PG_FUNCTION_INFO_V1(retention_grain_label);

/* What a call site keeps from row to row. */
typedef struct CalendarCache
{
	MemoryContext context;		/* of the calendar alone */
	Calendar   *calendar;
	bool		constant;		/* the grain is a literal */
} CalendarCache;

/* Is an argument a literal?  A parameter may change while the call stays. */
static bool
is_literal(FunctionCallInfo fcinfo, int argument)
{
	Node	   *expr = fcinfo->flinfo->fn_expr;

	return expr != NULL && IsA(expr, FuncExpr) &&
		IsA(list_nth(((FuncExpr *) expr)->args, argument), Const);
}

/*
 * The calendar of a call's grain, made anew when grain or zone differ from
 * those of the row before; a call site whose grain varies gets no tables,
 * which would cost more than they save.  zoned: times are timestamptz.
 */
static Calendar *
call_calendar(FunctionCallInfo fcinfo, int argument, bool zoned)
{
	Grain	   *grain = PG_GETARG_GRAIN(argument);
	CalendarCache *cache = fcinfo->flinfo->fn_extra;
	bool		first = (cache == NULL);
	pg_tz	   *zone;

	if (!first && cache->calendar != NULL &&
		(cache->constant || grain_equal(grain, cache->calendar->grain)) &&
		(!zoned || grain_zone_len(grain) > 0 ||
		 (cache->calendar->zone == session_timezone &&
		  (!zone_required || grain->unit == GRAIN_HOUR))))
		return cache->calendar;

	if (first)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(*cache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											   "retention calendar",
											   ALLOCSET_SMALL_SIZES);
		cache->constant = is_literal(fcinfo, argument);
		fcinfo->flinfo->fn_extra = cache;
	}
	cache->calendar = NULL;
	MemoryContextReset(cache->context);
	if (!zoned)
		zone = NULL;
	else if (grain->unit == GRAIN_HOUR && grain_zone_len(grain) == 0)
		zone = session_timezone;	/* hours are as long in every zone */
	else
		zone = zone_of_grain(grain);
	cache->calendar = calendar_create(grain, zone, first, cache->context);
	cache->calendar->lenient = true;
	return cache->calendar;
}

/* ----------------------------------------------------------------
 *		period_start, period_end
 * ----------------------------------------------------------------
 */

/* The call's calendar, for functions that need plain calendar periods. */
static Calendar *
call_plain_calendar(FunctionCallInfo fcinfo, bool zoned)
{
	Grain	   *grain = PG_GETARG_GRAIN(1);

	if (grain_is_since_start(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grain \"%s\" has no calendar periods",
						grain_quoted(grain)),
				 errdetail("Its windows are counted from each customer's own start."),
				 errhint("Use a plain grain such as \"month\", or periods_between(start_at, end_at, grain).")));
	if (grain_is_cut(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grain \"%s\" has no calendar periods",
						grain_quoted(grain)),
				 errdetail("Its cut points group ages, not dates."),
				 errhint("Use the plain grain \"%s\", or periods_between(start_at, end_at, grain).",
						 grain_unit_name(grain->unit))));
	return call_calendar(fcinfo, 1, zoned);
}

/* Is a period none that a calendar of dates has? */
static inline bool
is_outside(const Calendar *cal, int64 period)
{
	return cal->dates != NULL && !calendar_has_period(cal, period);
}

/* The first day of a period, or with next that of the one after it. */
static Datum
period_bound(FunctionCallInfo fcinfo, const Calendar *cal, int64 period,
			 bool next)
{
	if (is_outside(cal, period))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(calendar_date(calendar_period_start(cal, period + next)));
}

Datum
retention_period_start_date(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, false);

	return period_bound(fcinfo, cal,
						calendar_period_of_date(cal, PG_GETARG_DATEADT(0)), false);
}

Datum
retention_period_start_timestamp(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, false);

	return period_bound(fcinfo, cal,
						calendar_period_of_timestamp(cal, PG_GETARG_TIMESTAMP(0)),
						false);
}

Datum
retention_period_start_timestamptz(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, true);

	return period_bound(fcinfo, cal,
						calendar_period_of_timestamptz(cal, PG_GETARG_TIMESTAMPTZ(0)),
						false);
}

Datum
retention_period_end_date(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, false);
	int64		period = calendar_period_of_date(cal, PG_GETARG_DATEADT(0));

	return period_bound(fcinfo, cal, period, true);
}

Datum
retention_period_end_timestamp(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, false);
	int64		period = calendar_period_of_timestamp(cal,
													  PG_GETARG_TIMESTAMP(0));

	return period_bound(fcinfo, cal, period, true);
}

Datum
retention_period_end_timestamptz(PG_FUNCTION_ARGS)
{
	Calendar   *cal = call_plain_calendar(fcinfo, true);
	int64		period = calendar_period_of_timestamptz(cal,
														PG_GETARG_TIMESTAMPTZ(0));

	return period_bound(fcinfo, cal, period, true);
}

/* ----------------------------------------------------------------
 *		periods_between
 * ----------------------------------------------------------------
 */

/*
 * The distance of two periods, or the complete windows between two moments,
 * negative when reversed; the bracket of a cut grain, NULL outside them, and
 * outside a calendar of dates.
 */
static Datum
distance(FunctionCallInfo fcinfo, Calendar *cal, int64 start, int64 end)
{
	int64		n;

	if (grain_is_calendar(cal->grain))
	{
		if (is_outside(cal, start) || is_outside(cal, end))
			PG_RETURN_NULL();
		n = end - start;
	}
	else if (grain_is_cut(cal->grain))
	{
		n = calendar_age(cal, start, end);
		if (n < 0)
			PG_RETURN_NULL();
	}
	else
		n = start <= end ? calendar_age(cal, start, end) :
			-calendar_age(cal, end, start);

	if (n != (int32) n)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("integer out of range"),
				 errdetail("There are " INT64_FORMAT " periods of grain \"%s\" between the two times.",
						   n, grain_quoted(cal->grain)),
				 errhint("Use a longer grain.")));
	PG_RETURN_INT32(n);
}

Datum
retention_periods_between_date(PG_FUNCTION_ARGS)
{
	DateADT		start = PG_GETARG_DATEADT(0);
	DateADT		end = PG_GETARG_DATEADT(1);
	Calendar   *cal = call_calendar(fcinfo, 2, false);

	if (grain_is_since_start(cal->grain))
		return distance(fcinfo, cal, calendar_moment_of_date(cal, start),
						calendar_moment_of_date(cal, end));
	return distance(fcinfo, cal, calendar_period_of_date(cal, start),
					calendar_period_of_date(cal, end));
}

Datum
retention_periods_between_timestamp(PG_FUNCTION_ARGS)
{
	Timestamp	start = PG_GETARG_TIMESTAMP(0);
	Timestamp	end = PG_GETARG_TIMESTAMP(1);
	Calendar   *cal = call_calendar(fcinfo, 2, false);

	if (grain_is_since_start(cal->grain))
		return distance(fcinfo, cal, calendar_moment_of_timestamp(cal, start),
						calendar_moment_of_timestamp(cal, end));
	return distance(fcinfo, cal, calendar_period_of_timestamp(cal, start),
					calendar_period_of_timestamp(cal, end));
}

Datum
retention_periods_between_timestamptz(PG_FUNCTION_ARGS)
{
	TimestampTz start = PG_GETARG_TIMESTAMPTZ(0);
	TimestampTz end = PG_GETARG_TIMESTAMPTZ(1);
	Calendar   *cal = call_calendar(fcinfo, 2, true);

	if (grain_is_since_start(cal->grain))
		return distance(fcinfo, cal, calendar_moment_of_timestamptz(cal, start),
						calendar_moment_of_timestamptz(cal, end));
	return distance(fcinfo, cal, calendar_period_of_timestamptz(cal, start),
					calendar_period_of_timestamptz(cal, end));
}

/* ----------------------------------------------------------------
 *		grain_label
 * ----------------------------------------------------------------
 */

/*
 * What an age is called: the units it covers, counted from 0.  'month 1',
 * 'days 3-6' for one of several days, 'period 1' of a calendar of dates.  NULL
 * for an age the grain has not.
 */
Datum
retention_grain_label(PG_FUNCTION_ARGS)
{
	Grain	   *grain = PG_GETARG_GRAIN(0);
	int64		age = PG_GETARG_INT32(1);
	const char *unit = grain_unit_name(grain->unit);
	int64		low = age * grain->count;
	int64		high = low + grain->count;

	if (age < 0)
		PG_RETURN_NULL();
	if (grain_is_dates(grain))
	{
		if (age >= grain->ncuts - 1)
			PG_RETURN_NULL();
		unit = "period";
	}
	if (grain_is_cut(grain))
	{
		if (age >= grain->ncuts - 1)
			PG_RETURN_NULL();
		low = grain->cuts[age];
		high = grain->cuts[age + 1];
	}
	if (high - low == 1)
		PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s " INT64_FORMAT,
												  unit, low)));
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%ss " INT64_FORMAT "-" INT64_FORMAT,
											  unit, low, high - 1)));
}
