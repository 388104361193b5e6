/*
 * timeline_readers.c
 *		The readers of a timeline in SQL: when, how often, how much.
 *
 * A window of days is half-open, [since_day, until_day); a NULL bound is none,
 * and so are -infinity and infinity at their ends.
 */
#include "history/timeline_spells.h"

#include "base/reader.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_first_at);
PG_FUNCTION_INFO_V1(retention_last_at);
PG_FUNCTION_INFO_V1(retention_orders);
PG_FUNCTION_INFO_V1(retention_active_days);
PG_FUNCTION_INFO_V1(retention_revenue);
PG_FUNCTION_INFO_V1(retention_active);
PG_FUNCTION_INFO_V1(retention_level);
PG_FUNCTION_INFO_V1(retention_tenure);
PG_FUNCTION_INFO_V1(retention_timeline_days);

/* ----------------------------------------------------------------
 *		Activity
 * ----------------------------------------------------------------
 */

/* Does what is active stay so for ever? */
static inline bool
has_no_end(const TimelineActivity *activity)
{
	return activity->last == TIMELINE_OPEN - 1;
}

/* first_at(t): the first active day, NULL without one. */
Datum
retention_first_at(PG_FUNCTION_ARGS)
{
	TimelineSpells spells;
	TimelineSpell spell;

	timeline_spells_begin(&spells, PG_GETARG_TIMELINE(0), TIMELINE_OPEN);
	if (!timeline_spells_next(&spells, &spell))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((DateADT) spell.from);
}

/* last_at(t): the last active day, NULL without one or without an end. */
Datum
retention_last_at(PG_FUNCTION_ARGS)
{
	TimelineActivity activity = timeline_activity(PG_GETARG_TIMELINE(0),
												  TIMELINE_OPEN);

	if (activity.days == 0 || has_no_end(&activity))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT((DateADT) activity.last);
}

/*
 * tenure(t, as_of): days from the first active day to the day before as_of,
 * of levels to the last active day when that is earlier.  NULL when there is
 * no active day before as_of.
 */
Datum
retention_tenure(PG_FUNCTION_ARGS)
{
	const struct varlena *value = PG_GETARG_TIMELINE(0);
	int64		as_of = timeline_as_of(PG_GETARG_DATEADT(1));
	TimelineActivity activity = timeline_activity(value, as_of);
	TimelineReader r;

	if (activity.days == 0)
		PG_RETURN_NULL();
	timeline_read_value(&r, value);
	PG_RETURN_INT32((int32) ((timeline_has_levels(&r) ? activity.last : as_of - 1) -
							 activity.first));
}

/* ----------------------------------------------------------------
 *		Windows of days
 * ----------------------------------------------------------------
 */

/* A window of days, [since, until). */
typedef struct Window
{
	int64		since;
	int64		until;
} Window;

/* A date, infinity being past what never ends. */
static int64
day_or_infinity(DateADT date)
{
	return DATE_IS_NOEND(date) ? TIMELINE_OPEN :
		DATE_IS_NOBEGIN(date) ? PG_INT64_MIN : date;
}

/* The window in arguments 1 and 2. */
static Window
window_argument(FunctionCallInfo fcinfo)
{
	Window		window = {PG_INT64_MIN, TIMELINE_OPEN};

	if (!PG_ARGISNULL(1))
		window.since = day_or_infinity(PG_GETARG_DATEADT(1));
	if (!PG_ARGISNULL(2))
		window.until = day_or_infinity(PG_GETARG_DATEADT(2));
	return window;
}

/* active(t, since_day, until_day): on any day of the window? */
Datum
retention_active(PG_FUNCTION_ARGS)
{
	Window		window = window_argument(fcinfo);
	TimelineSpells spells;
	TimelineSpell spell;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	timeline_spells_begin(&spells, PG_GETARG_TIMELINE(0), window.until);
	while (timeline_spells_next(&spells, &spell))
		if (spell.until > window.since)
			PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(false);
}

/*
 * active_days(t, since_day, until_day): their number in the window, NULL
 * without an end.
 */
Datum
retention_active_days(PG_FUNCTION_ARGS)
{
	Window		window = window_argument(fcinfo);
	int64		days = 0;
	TimelineSpells spells;
	TimelineSpell spell;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	timeline_spells_begin(&spells, PG_GETARG_TIMELINE(0), window.until);
	while (timeline_spells_next(&spells, &spell))
	{
		if (spell.until <= window.since)
			continue;
		if (spell.until == TIMELINE_OPEN)
			PG_RETURN_NULL();
		days += spell.until - Max(spell.from, window.since);
	}
	/* PostgreSQL has fewer days than an int has numbers */
	PG_RETURN_INT32((int32) days);
}

/*
 * revenue(t, since_day, until_day): net amount of the window, 0 when nothing
 * happened there, NULL without amounts.  Levels: error 22023.
 */
Datum
retention_revenue(PG_FUNCTION_ARGS)
{
	Window		window = window_argument(fcinfo);
	int128		revenue = 0;
	TimelineReader r;
	const TimelineDay *day;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_need_orders(&r, "revenue");
	if ((r.flags & TIMELINE_MONEY) == 0)
		PG_RETURN_NULL();
	while ((day = timeline_next(&r)) != NULL && day->day < window.until)
	{
		CHECK_FOR_INTERRUPTS();
		if (day->day >= window.since)
			revenue += day->amount;
	}
	PG_RETURN_NUMERIC(money_to_numeric(revenue));
}

/* ----------------------------------------------------------------
 *		Numbers of one kind
 * ----------------------------------------------------------------
 */

/*
 * orders(t, since_day, until_day): their number in the window.  Levels: error
 * 22023.
 */
Datum
retention_orders(PG_FUNCTION_ARGS)
{
	Window		window = window_argument(fcinfo);
	int64		orders = 0;
	TimelineReader r;
	const TimelineDay *day;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_need_orders(&r, "orders");
	while ((day = timeline_next(&r)) != NULL && day->day < window.until)
	{
		CHECK_FOR_INTERRUPTS();
		if (day->day >= window.since)
			orders += day->orders;
	}
	PG_RETURN_INT64(orders);
}

/* level(t, on_date): the level in force that day.  Orders: error 22023. */
Datum
retention_level(PG_FUNCTION_ARGS)
{
	DateADT		on_date = PG_GETARG_DATEADT(1);
	int128		level = 0;
	TimelineReader r;
	const TimelineDay *day;

	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_need_levels(&r, "level");
	if (DATE_NOT_FINITE(on_date))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("on_date must be a finite date"),
				 errhint("Pass the day whose level you want, such as current_date - 1.")));
	while ((day = timeline_next(&r)) != NULL && day->day <= on_date)
	{
		CHECK_FOR_INTERRUPTS();
		level += day->amount;
	}
	PG_RETURN_NUMERIC(money_to_numeric(level));
}

/* ----------------------------------------------------------------
 *		timeline_days
 * ----------------------------------------------------------------
 */

typedef struct DaysState
{
	TimelineReader reader;
	int128		level;			/* in force, of levels */
} DaysState;

enum
{
	DAY_DAY, DAY_ORDERS, DAY_AMOUNT
};

static const ReaderColumn day_columns[] = {
	[DAY_DAY] = {"day", DATEOID},
	[DAY_ORDERS] = {"orders", INT8OID},
	[DAY_AMOUNT] = {"amount", NUMERICOID},
};

static void *
days_begin(FunctionCallInfo fcinfo, const void *arg)
{
	DaysState  *state = palloc0(sizeof(DaysState));

	/* a copy: the argument need not last as long as the calls */
	timeline_read_value(&state->reader, PG_GETARG_BYTEA_P_COPY(0));
	return state;
}

static bool
days_next(void *arg, ReaderRow *row)
{
	DaysState  *state = arg;
	const TimelineDay *day = timeline_next(&state->reader);

	if (day == NULL)
		return false;
	state->level += day->amount;
	row_date(row, DAY_DAY, day->day);
	if (timeline_has_levels(&state->reader))
		row_money(row, DAY_AMOUNT, state->level);
	else
	{
		row_int64(row, DAY_ORDERS, day->orders);
		if (state->reader.flags & TIMELINE_MONEY)
			row_money(row, DAY_AMOUNT, day->amount);
	}
	return true;
}

/*
 * timeline_days(t): a row (day, orders, amount) for each day; of levels
 * orders is NULL and amount the level from that day on.
 */
Datum
retention_timeline_days(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(day_columns, 1, days_begin,
											days_next);

	return reader_rows(&reader, fcinfo, NULL);
}
