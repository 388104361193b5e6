/*
 * intake_events.c
 *		From the SQL arguments of funnels to ledger entries and instants.
 */
#include "history/intake_events.h"

#include "base/call_site.h"
#include "base/constant.h"
#include "base/zone.h"
#include "catalog/pg_type.h"
#include "history/identity.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Numbers of the arguments; the state is 0. */
#define ARG_CUSTOMER 1
#define ARG_AT 2
#define ARG_STEP 3
#define ARG_WITHIN 4
#define ARG_MODE 5

typedef struct EventIntake
{
	Identity	customer;
	TimeKind	at;
	bool		constant;		/* window and mode, for all rows */
	bool		has_mode;
	LedgerPool *pool;
} EventIntake;

/* Work out the types of a call site, once. */
static EventIntake *
event_intake_create(FunctionCallInfo fcinfo, const CallSite *site)
{
	MemoryContext context = site->context;
	MemoryContext old = MemoryContextSwitchTo(context);
	EventIntake *intake = palloc0(sizeof(EventIntake));

	intake->has_mode = PG_NARGS() > ARG_MODE;
	identity_plan(&intake->customer, argument_type(fcinfo, ARG_CUSTOMER),
				  PG_GET_COLLATION(), context);
	intake->at = plan_instant(fcinfo, ARG_AT, false);
	intake->constant = argument_is_constant(fcinfo, ARG_WITHIN) &&
		(!intake->has_mode || argument_is_constant(fcinfo, ARG_MODE));
	intake->pool = ledger_pool_create(site->node, context);
	MemoryContextSwitchTo(old);
	return intake;
}

/* What is known of the call site, when this FmgrInfo does not. */
static EventIntake *
find_intake(FunctionCallInfo fcinfo)
{
	CallSite   *site = call_site(fcinfo);

	if (site->plan == NULL)
		site->plan = event_intake_create(fcinfo, site);
	fcinfo->flinfo->fn_extra = site->plan;
	return site->plan;
}

/* The mode in an argument. */
uint8
take_mode(FunctionCallInfo fcinfo, int arg)
{
	text	   *words;

	if (PG_ARGISNULL(arg))
		constant_refuse_null(CONSTANT_MODE, NULL);
	words = PG_GETARG_TEXT_PP(arg);
	return funnel_mode_from_text(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words));
}

/* How to take at. */
TimeKind
plan_instant(FunctionCallInfo fcinfo, int arg, bool integers)
{
	Oid			type = argument_type(fcinfo, arg);

	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			if (integers)
				return TIME_NONE;
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UNKNOWNOID:
			return plan_time(fcinfo, arg, "at", false);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("at must be %sa date, timestamp or timestamptz, not %s",
					integers ? "an integer, " : "", format_type_be(type)),
			 type_is_range(type) || type_is_multirange(type) ?
			 errhint("Pass when it begins, lower(at).") :
			 errhint("Cast it, for example at::%s; seconds since 1970 become a timestamptz through to_timestamp().",
					 integers ? "bigint" : "date")));
}

pg_noreturn static void
refuse_instant(const char *message, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("%s", message),
			 errdetail("%s", detail),
			 errhint("Leave such rows out, or turn the time to NULL.")));
}

/* An instant in microseconds. */
int64
take_instant(TimeKind kind, Datum value)
{
	if (kind == TIME_DATE)
	{
		DateADT		date = DatumGetDateADT(value);

		if (unlikely(DATE_NOT_FINITE(date)))
			refuse_instant("infinite time out of range",
						   "The window of a funnel has a beginning and an end.");
		if (unlikely(date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE))
			refuse_instant("date out of range for timestamp",
						   "The steps of a funnel are timed as timestamps, the last of which is in the year 294276.");
		return date * USECS_PER_DAY;
	}
	if (unlikely(TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value))))
		refuse_instant("infinite time out of range",
					   "The window of a funnel has a beginning and an end.");
	return DatumGetTimestamp(value);
}

/* The window and mode of this row. */
static FunnelRules
rules_argument(const EventIntake *intake, FunctionCallInfo fcinfo)
{
	FunnelRules rules = {0};

	if (PG_ARGISNULL(ARG_WITHIN))
		constant_refuse_null(CONSTANT_WITHIN, NULL);
	rules.within = *PG_GETARG_INTERVAL_P(ARG_WITHIN);
	funnel_check_within(&rules.within);
	if (intake->has_mode)
		rules.mode = take_mode(fcinfo, ARG_MODE);
	return rules;
}

/* The name of the zone that windows end in, "" where they depend on none. */
const char *
window_zone(TimeKind at, const FunnelRules *rules)
{
	if (at != TIME_TIMESTAMPTZ || !funnel_rules_local(rules))
		return "";
	return pg_get_timezone_name(zone_of_session("A window of days, months or years ends by the local clock",
												"Give it in hours, such as '168 hours', or cut the times yourself: at AT TIME ZONE 'Europe/Paris'."));
}

/* Begin the ledger of a group. */
static Ledger *
open_ledger(const EventIntake *intake, FunctionCallInfo fcinfo)
{
	LedgerSettings settings = {0};

	settings.rules = rules_argument(intake, fcinfo);
	settings.zone = window_zone(intake->at, &settings.rules);
	settings.flags = LEDGER_EVENTS | LEDGER_MONEY;
	settings.key_words = intake->customer.words;
	return ledger_create(&settings, intake->pool, aggregate_context(fcinfo), 0);
}

static const char *
mode_words(uint8 mode)
{
	const char *words = funnel_mode_text(mode);

	return psprintf("\"%s\"", words[0] == '\0' ? "default" : words);
}

/* A window for a message. */
static const char *
within_words(const FunnelRules *rules, WithinKind kind)
{
	return kind == WITHIN_INTEGER ? psprintf("%lld", (long long) rules->within.time) :
		psprintf("\"%s\"", funnel_within_text(&rules->within));
}

/* Windows and modes may differ from group to group, never within one. */
void
check_same_rules(const FunnelRules *before, const FunnelRules *now,
				 WithinKind kind)
{
	if (before->mode != now->mode)
		constant_refuse_change(CONSTANT_MODE, mode_words(before->mode),
							   mode_words(now->mode));
	if (!funnel_rules_equal(before, now))
		constant_refuse_change(CONSTANT_WITHIN, kind == WITHIN_UNTOLD ?
							   "one window" : within_words(before, kind),
							   kind == WITHIN_UNTOLD ? "another" :
							   within_words(now, kind));
}

static void
check_rules(const EventIntake *intake, const Ledger *ledger,
			FunctionCallInfo fcinfo)
{
	FunnelRules rules = rules_argument(intake, fcinfo);

	check_same_rules(&ledger->settings.rules, &rules, WITHIN_INTERVAL);
}

/* The step of this row, which is not NULL. */
static uint64
step_argument(FunctionCallInfo fcinfo)
{
	int32		step = PG_GETARG_INT32(ARG_STEP);

	if (unlikely(step < 1 || step > FUNNEL_MAX_STEP))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("step out of range: %d", step),
				 errdetail("The steps of a funnel are numbered from 1, to %d at most.",
						   FUNNEL_MAX_STEP),
				 errhint("Make the step of other rows NULL; they are skipped.")));
	return step;
}

/*
 * Take a row into the group's ledger.  A row with a NULL customer, time or
 * step is skipped.
 */
Ledger *
intake_event(FunctionCallInfo fcinfo)
{
	EventIntake *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger;
	uint64		key[2] = {0, 0};
	uint64		step;

	if (unlikely(intake == NULL))
		intake = find_intake(fcinfo);
	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo);
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = (Ledger *) PG_GETARG_POINTER(0);
		ledger_check(ledger);
		ledger_check_kind(ledger, LEDGER_EVENTS);
		if (!intake->constant)
			check_rules(intake, ledger, fcinfo);
	}
	if (PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
		PG_ARGISNULL(ARG_STEP))
		return ledger;
	step = step_argument(fcinfo);
	identity_take(&intake->customer, PG_GETARG_DATUM(ARG_CUSTOMER), key);
	ledger_add(ledger, key, ledger_when(0, step),
			   take_instant(intake->at, PG_GETARG_DATUM(ARG_AT)));
	return ledger;
}
