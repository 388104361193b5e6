/*
 * plain/lifecycle.c
 *		Where one customer stands: purchase_summary, lifecycle, overdue.
 */
#include "metrics/plain/lifecycle.h"

#include "base/calendar.h"
#include "base/reader.h"
#include "base/unit.h"
#include "history/timeline_spells.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_purchase_summary);
PG_FUNCTION_INFO_V1(retention_lifecycle);
PG_FUNCTION_INFO_V1(retention_overdue);

/* ----------------------------------------------------------------
 *		purchase_summary
 * ----------------------------------------------------------------
 */

/* Summary of the days before as_of. */
bool
purchase_summarize(const struct varlena *timeline, int64 as_of,
				   PurchaseSummary *summary)
{
	TimelineSpells spells;
	TimelineSpell spell;
	int64		first;

	timeline_spells_begin(&spells, timeline, as_of);
	timeline_need_orders(&spells.reader, "purchase_summary");
	memset(summary, 0, sizeof(*summary));
	summary->money = (spells.reader.flags & TIMELINE_MONEY) != 0;
	if (!timeline_spells_next(&spells, &spell))
		return false;
	first = spell.from;
	summary->age = as_of - 1 - first;
	while (timeline_spells_next(&spells, &spell))
	{
		summary->frequency++;
		summary->recency = spell.from - first;
		summary->amount += spells.reader.day.amount;
	}
	return true;
}

enum
{
	SUMMARY_FREQUENCY, SUMMARY_RECENCY, SUMMARY_AGE, SUMMARY_VALUE
};

static const ReaderColumn summary_columns[] = {
	[SUMMARY_FREQUENCY] = {"frequency", INT8OID},
	[SUMMARY_RECENCY] = {"recency", FLOAT8OID},
	[SUMMARY_AGE] = {"age", FLOAT8OID},
	[SUMMARY_VALUE] = {"monetary_value", NUMERICOID},
};

/*
 * purchase_summary(t, as_of, unit): the row (frequency, recency, age,
 * monetary_value), NULL when no day before as_of is active.
 */
Datum
retention_purchase_summary(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(summary_columns);
	const struct varlena *timeline = PG_GETARG_TIMELINE(0);
	int64		as_of = timeline_as_of(PG_GETARG_DATEADT(1));
	TimeUnit	unit = unit_from_text(PG_GETARG_TEXT_PP(2));
	PurchaseSummary summary;
	ReaderRow	row;

	if (!purchase_summarize(timeline, as_of, &summary))
		PG_RETURN_NULL();
	reader_row_begin(&row, &reader);
	row_int64(&row, SUMMARY_FREQUENCY, summary.frequency);
	row_float8(&row, SUMMARY_RECENCY, unit_of_days(summary.recency, unit));
	row_float8(&row, SUMMARY_AGE, unit_of_days(summary.age, unit));
	if (summary.money)
		row_money_ratio(&row, SUMMARY_VALUE, summary.amount, summary.frequency);
	return reader_row_datum(&row, fcinfo);
}

/* ----------------------------------------------------------------
 *		lifecycle
 * ----------------------------------------------------------------
 */

/* What lifecycle() decides by. */
typedef struct Silence
{
	TimelineActivity activity;
	int64		returned;		/* day after the last gap of lost_after */
	bool		has_returned;
} Silence;

/* date + interval, in microseconds since 2000-01-01, whatever its size. */
static int128
day_plus(int64 day, const Interval *interval)
{
	day = calendar_add(day, interval->month, GRAIN_MONTH) + interval->day;
	return (int128) day * USECS_PER_DAY + interval->time;
}

static inline int128
midnight(int64 day)
{
	return (int128) day * USECS_PER_DAY;
}

/* Look through the active days before as_of. */
static Silence
find_silence(TimelineSpells *spells, const Interval *lost_after)
{
	Silence		silence = {{0}};
	TimelineActivity *activity = &silence.activity;
	TimelineSpell spell;

	while (timeline_spells_next(spells, &spell))
	{
		if (activity->days == 0)
			activity->first = spell.from;
		else if (day_plus(activity->last, lost_after) <= midnight(spell.from))
		{
			silence.returned = spell.from;
			silence.has_returned = true;
		}
		activity->last = spell.until - 1;
		activity->days += spell.until - spell.from;
	}
	return silence;
}

/* 22023 for limits that make no sense. */
static void
check_limits(Interval *at_risk_after, Interval *lost_after)
{
	Interval	zero = {0};

	if (DatumGetBool(DirectFunctionCall2(interval_lt,
										 IntervalPGetDatum(at_risk_after),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at_risk_after must not be negative"),
				 errhint("Pass the silence after which a customer is at risk, for example interval '90 days'.")));
	if (DatumGetBool(DirectFunctionCall2(interval_le,
										 IntervalPGetDatum(lost_after),
										 IntervalPGetDatum(at_risk_after))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lost_after must be longer than at_risk_after"),
				 errdetail("at_risk_after is %s, lost_after is %s.",
						   DatumGetCString(DirectFunctionCall1(interval_out,
															   IntervalPGetDatum(at_risk_after))),
						   DatumGetCString(DirectFunctionCall1(interval_out,
															   IntervalPGetDatum(lost_after)))),
				 errhint("A customer is at risk first and lost later.")));
}

/* The labels of the enum that the SQL script declares. */
typedef enum LifecycleState
{
	LIFECYCLE_NEW,
	LIFECYCLE_REGULAR,
	LIFECYCLE_AT_RISK,
	LIFECYCLE_WON_BACK,
	LIFECYCLE_LOST,
	LIFECYCLE_STATES
} LifecycleState;

static const char *const labels[LIFECYCLE_STATES] = {
	"new", "regular", "at risk", "won back", "lost"
};

/* A state as the enum that the function returns, whose labels keep their oids. */
static Datum
state_datum(FunctionCallInfo fcinfo, LifecycleState state)
{
	Oid		   *values = fcinfo->flinfo->fn_extra;

	if (values == NULL)
	{
		Oid			type = get_func_rettype(fcinfo->flinfo->fn_oid);

		if (!type_is_enum(type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("lifecycle returns an enum, not %s",
							format_type_be(type)),
					 errhint("The SQL script and the library are of different versions: ALTER EXTENSION retention UPDATE.")));
		values = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
										LIFECYCLE_STATES * sizeof(Oid));
		for (int i = 0; i < LIFECYCLE_STATES; i++)
			values[i] = DatumGetObjectId(DirectFunctionCall2(enum_in,
															 CStringGetDatum(labels[i]),
															 ObjectIdGetDatum(type)));
		fcinfo->flinfo->fn_extra = values;
	}
	return ObjectIdGetDatum(values[state]);
}

/*
 * lifecycle(t, as_of, at_risk_after, lost_after): the state on the eve of
 * as_of, by the silence since the last active day; NULL without one.
 */
Datum
retention_lifecycle(PG_FUNCTION_ARGS)
{
	const struct varlena *timeline = PG_GETARG_TIMELINE(0);
	int64		as_of = timeline_as_of(PG_GETARG_DATEADT(1));
	Interval   *at_risk_after = PG_GETARG_INTERVAL_P(2);
	Interval   *lost_after = PG_GETARG_INTERVAL_P(3);
	int128		now = midnight(as_of);
	TimelineSpells spells;
	Silence		silence;
	bool		is_new;
	LifecycleState state;

	check_limits(at_risk_after, lost_after);
	timeline_spells_begin(&spells, timeline, as_of);
	silence = find_silence(&spells, lost_after);
	if (silence.activity.days == 0)
		PG_RETURN_NULL();
	is_new = timeline_has_levels(&spells.reader) ?
		day_plus(silence.activity.first, at_risk_after) >= now :
		silence.activity.days == 1;
	if (day_plus(silence.activity.last, lost_after) < now)
		state = LIFECYCLE_LOST;
	else if (day_plus(silence.activity.last, at_risk_after) < now)
		state = LIFECYCLE_AT_RISK;
	else if (silence.has_returned && day_plus(silence.returned, lost_after) > now)
		state = LIFECYCLE_WON_BACK;
	else
		state = is_new ? LIFECYCLE_NEW : LIFECYCLE_REGULAR;
	PG_RETURN_DATUM(state_datum(fcinfo, state));
}

/* ----------------------------------------------------------------
 *		overdue
 * ----------------------------------------------------------------
 */

/*
 * overdue(t, as_of): days of silence until the day before as_of, over the
 * mean distance of the active days; NULL with fewer than two of them.
 */
Datum
retention_overdue(PG_FUNCTION_ARGS)
{
	const struct varlena *timeline = PG_GETARG_TIMELINE(0);
	int64		as_of = timeline_as_of(PG_GETARG_DATEADT(1));
	TimelineActivity activity = timeline_activity(timeline, as_of);

	if (activity.days < 2)
		PG_RETURN_NULL();
	/* one rounding: the product of two counts of days is exact enough */
	PG_RETURN_FLOAT8((float8) ((int128) (as_of - 1 - activity.last) *
							   (activity.days - 1)) /
					 (float8) (activity.last - activity.first));
}
