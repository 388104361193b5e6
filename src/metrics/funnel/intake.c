/*
 * funnel/intake.c
 *		From the SQL arguments of funnels to events.
 */
#include "metrics/funnel/intake.h"

#include "base/call_site.h"
#include "base/constant.h"
#include "base/zone.h"
#include "history/identity.h"
#include "metrics/funnel/events.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_funnel_transition);

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
	MemoryContext context = aggregate_context(fcinfo);
	FunnelRules *rules = MemoryContextAlloc(context, sizeof(FunnelRules));
	LedgerSettings settings = {
		.code = &ledger_events, .rules = rules, .flags = LEDGER_MONEY
	};

	*rules = rules_argument(intake, fcinfo);
	settings.zone = window_zone(intake->at, rules);
	settings.key_words = intake->customer.words;
	return ledger_create(&settings, intake->pool, context, 0);
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

	check_same_rules(ledger->settings.rules, &rules, WITHIN_INTERVAL);
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
 * (internal, customer, at, step, within [, mode]) -> internal: take a row into
 * the group's ledger, made on the first.  One with a NULL customer, time or
 * step is skipped.
 */
Datum
retention_funnel_transition(PG_FUNCTION_ARGS)
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
		ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
		if (!intake->constant)
			check_rules(intake, ledger, fcinfo);
	}
	if (PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
		PG_ARGISNULL(ARG_STEP))
		PG_RETURN_POINTER(ledger);
	step = step_argument(fcinfo);
	identity_take(&intake->customer, PG_GETARG_DATUM(ARG_CUSTOMER), key);
	ledger_add(ledger, key, ledger_when(0, step),
			   take_instant(intake->at, PG_GETARG_DATUM(ARG_AT)));
	PG_RETURN_POINTER(ledger);
}
