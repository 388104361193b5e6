/*
 * funnel/intake.c
 *		From the SQL arguments of funnels to events.
 */
#include "metrics/funnel/intake.h"

#include "base/zone.h"
#include "history/argument_plan.h"
#include "metrics/funnel/events.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_funnel_transition);

/* Numbers of the arguments; the state is 0. */
#define ARG_CUSTOMER 1
#define ARG_AT 2
#define ARG_STEP 3
#define ARG_MODE 5

typedef struct EventIntake
{
	ArgumentPlan args;
	LedgerPool *pool;
} EventIntake;

static void
intake_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	((EventIntake *) plan)->pool = ledger_pool_create(site->node, site->context);
}

static const uint8 roles[] = {
	ROLE_CUSTOMER, ROLE_INSTANT, ROLE_VALUE, CONSTANT_WITHIN, CONSTANT_MODE
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(EventIntake), intake_prepare
};

/* The mode in an argument. */
uint8
take_mode(FunctionCallInfo fcinfo, int arg)
{
	text	   *words = DatumGetTextPP(constant_argument(fcinfo, arg,
														 CONSTANT_MODE));

	return funnel_mode_from_text(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words));
}

/* The window and mode of this row. */
static FunnelRules
rules_argument(const EventIntake *intake, FunctionCallInfo fcinfo)
{
	FunnelRules rules = {0};

	rules.within = *DatumGetIntervalP(argument_constant(&intake->args, fcinfo,
														CONSTANT_WITHIN));
	funnel_check_within(&rules.within);
	if (intake->args.arg[CONSTANT_MODE] != 0)
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
	settings.zone = window_zone(intake->args.at, rules);
	settings.key_words = intake->args.customer.words;
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
within_words(const FunnelRules *rules, bool integers)
{
	return integers ? psprintf("%lld", (long long) rules->within.time) :
		psprintf("\"%s\"", funnel_within_text(&rules->within));
}

/* Windows and modes may differ from group to group, never within one. */
void
check_same_rules(const FunnelRules *before, const FunnelRules *now,
				 bool integers)
{
	if (before->mode != now->mode)
		constant_refuse_change(CONSTANT_MODE, mode_words(before->mode),
							   mode_words(now->mode));
	if (!funnel_rules_equal(before, now))
		constant_refuse_change(CONSTANT_WITHIN, within_words(before, integers),
							   within_words(now, integers));
}

static void
check_rules(const EventIntake *intake, const Ledger *ledger,
			FunctionCallInfo fcinfo)
{
	FunnelRules rules = rules_argument(intake, fcinfo);

	check_same_rules(ledger->settings.rules, &rules, false);
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
	EventIntake *intake = argument_plan(fcinfo, &form);
	Ledger	   *ledger;
	uint64		key[2] = {0, 0};
	uint64		step;

	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo);
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
		if (!intake->args.constant)
			check_rules(intake, ledger, fcinfo);
	}
	Assert((PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
			PG_ARGISNULL(ARG_STEP)) == argument_skips(&intake->args, fcinfo));
	if (PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
		PG_ARGISNULL(ARG_STEP))
		PG_RETURN_POINTER(ledger);
	step = step_argument(fcinfo);
	argument_customer(&intake->args, fcinfo, key);
	ledger_add(ledger, key, ledger_when(0, step),
			   take_instant(intake->args.at, PG_GETARG_DATUM(ARG_AT)));
	PG_RETURN_POINTER(ledger);
}
