/*
 * funnel/intake.c
 *		From the SQL arguments of funnels to events.
 */
#include "metrics/funnel/intake.h"

#include "base/zone.h"
#include "catalog/pg_type.h"
#include "history/argument_plan.h"
#include "metrics/funnel/conditions.h"
#include "metrics/funnel/events.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

StaticAssertDecl(FLAGS_WORD <= EVENT_SET_STEPS, "flags are no set");

PG_FUNCTION_INFO_V1(retention_funnel_transition);

/* Numbers of the arguments; the state is 0. */
#define ARG_CUSTOMER 1
#define ARG_AT 2
#define ARG_STEP 3
#define ARG_MODE 5
#define ARG_GRAIN 6

typedef struct EventIntake
{
	ArgumentPlan args;
	LedgerPool *pool;
	Conditions	conditions;
} EventIntake;

static void
intake_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	EventIntake *intake = plan;

	intake->pool = ledger_pool_create(site->node, site->context);
	conditions_plan(&intake->conditions, argument_type(fcinfo, ARG_STEP),
					site->context);
}

static const uint8 roles[] = {
	ROLE_CUSTOMER, ROLE_INSTANT, ROLE_NULLABLE, CONSTANT_WITHIN, CONSTANT_MODE,
	CONSTANT_GRAIN
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(EventIntake), intake_prepare
};

/* The mode in an argument. */
void
take_mode(FunctionCallInfo fcinfo, int arg, FunnelRules *rules)
{
	text	   *words = DatumGetTextPP(constant_argument(fcinfo, arg,
														 CONSTANT_MODE));

	funnel_mode_from_text(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words), rules);
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
		take_mode(fcinfo, ARG_MODE, &rules);
	return rules;
}

/* The grain that starts are told apart by, NULL for none. */
static Grain *
grain_argument(const EventIntake *intake, FunctionCallInfo fcinfo)
{
	Grain	   *grain;

	if (intake->args.arg[CONSTANT_GRAIN] == 0)
		return NULL;
	grain = (Grain *) PG_DETOAST_DATUM(argument_constant(&intake->args, fcinfo,
														 CONSTANT_GRAIN));
	if (!grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a funnel goes by calendar periods"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Use a grain such as 'day', 'week' or 'month'.")));
	return grain;
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
static pg_noinline Ledger *
open_ledger(const EventIntake *intake, FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);
	EventRules *rules = MemoryContextAllocZero(context, sizeof(EventRules));
	Grain	   *grain = grain_argument(intake, fcinfo);
	LedgerSettings settings = {
		.code = &ledger_events, .rules = rules, .flags = LEDGER_MONEY
	};

	rules->rules = rules_argument(intake, fcinfo);
	rules->sets = intake->conditions.several;
	if (grain != NULL)
	{
		settings.grain = memcpy(MemoryContextAlloc(context, VARSIZE(grain)),
								grain, VARSIZE(grain));
		settings.zone = intake->args.at != TIME_TIMESTAMPTZ ? "" :
			pg_get_timezone_name(zone_of_grain(grain));
	}
	else
		settings.zone = window_zone(intake->args.at, &rules->rules);
	settings.key_words = intake->args.customer.words;
	return ledger_create(&settings, intake->pool, context, 0);
}

static const char *
mode_words(const FunnelRules *rules)
{
	const char *words = funnel_mode_text(rules);

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
	if (!funnel_modes_equal(before, now))
		constant_refuse_change(CONSTANT_MODE, mode_words(before),
							   mode_words(now));
	if (!funnel_rules_equal(before, now))
		constant_refuse_change(CONSTANT_WITHIN, within_words(before, integers),
							   within_words(now, integers));
}

static pg_noinline void
check_rules(const EventIntake *intake, const Ledger *ledger,
			FunctionCallInfo fcinfo)
{
	FunnelRules rules = rules_argument(intake, fcinfo);
	Grain	   *grain = grain_argument(intake, fcinfo);

	check_same_rules(&event_rules(&ledger->settings)->rules, &rules, false);
	if (grain != NULL && !grain_equal(grain, ledger->settings.grain))
		constant_check_words(CONSTANT_GRAIN,
							 grain_quoted(ledger->settings.grain),
							 grain_quoted(grain));
}

/* What meets no step is minded by strict order alone. */
static inline bool
minds_no_step(const Ledger *ledger)
{
	return (event_rules(&ledger->settings)->rules.mode & FUNNEL_STRICT_ORDER) != 0;
}

/* The word "when" of a row of those steps. */
static inline uint64
word_of_set(uint64 set)
{
	if (set == 0)
		return ledger_when(0, FUNNEL_NO_STEP);
	return (set & (set - 1)) == 0 ?
		ledger_when(0, pg_rightmost_one_pos64(set) + 1) : event_from_set(set);
}

/* A row of those steps. */
static inline void
add_word(Ledger *ledger, const uint64 *key, uint64 set, int64 at)
{
	if (set != 0 || minds_no_step(ledger))
		ledger_add(ledger, key, word_of_set(set), at);
}

/* The steps that a row meets as one entry; false where they are too many. */
static bool
add_set(Ledger *ledger, const Conditions *c, const uint64 *key, int64 at)
{
	uint64		set = 0;

	if (unlikely(c->codes[c->n - 1] > EVENT_SET_STEPS))
	{
		if (event_rows_matter(event_rules(&ledger->settings)))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a row meets several steps, and step %d is one of them",
							c->codes[c->n - 1]),
					 errdetail("With 'one row one step' in the mode, rows may meet several of the steps up to %d.",
							   EVENT_SET_STEPS),
					 errhint("Leave 'one row one step' out of the mode, or have fewer steps.")));
		return false;
	}
	for (int i = 0; i < c->n; i++)
		set |= UINT64CONST(1) << (c->codes[i] - 1);
	add_word(ledger, key, set, at);
	return true;
}

/* Take a row that may meet any conditions. */
static pg_noinline void
add_row(EventIntake *intake, Ledger *ledger, const NullableDatum *condition,
		const uint64 *key, int64 at)
{
	EventRules *rules = (EventRules *) unconstify(void *, ledger->settings.rules);
	Conditions *c = &intake->conditions;

	c->n = c->nsteps = 0;
	if (!condition->isnull)
		conditions_take(c, &rules->rules, condition->value);
	rules->nsteps = Max(rules->nsteps, c->nsteps);
	if (rules->rules.nexcluded == 0)
		ledger->settings.parameter = rules->nsteps;
	if (rules->sets && c->n > 1 && (c->codes[0] & FUNNEL_EXCLUDED) == 0 &&
		add_set(ledger, c, key, at))
		return;
	for (int i = 0; i < c->n; i++)
		ledger_add(ledger, key, ledger_when(0, c->codes[i]), at);
	/* only strict order minds what meets no step */
	if ((rules->rules.mode & FUNNEL_STRICT_ORDER) &&
		(c->n == 0 || (c->codes[0] & FUNNEL_EXCLUDED) != 0))
		ledger_add(ledger, key, ledger_when(0, FUNNEL_NO_STEP), at);
}

/*
 * Take a row whose conditions are but a few flags, none of them an exclusion;
 * false when they are not.
 */
static inline bool
add_flags(Ledger *ledger, Datum flags, const uint64 *key, int64 at)
{
	EventRules *rules = (EventRules *) unconstify(void *, ledger->settings.rules);
	uint64		set;
	int			n;

	if (rules->rules.nexcluded != 0)
		return false;
	n = flags_word(flags, &set);
	if (n < 0)
		return false;
	rules->nsteps = Max(rules->nsteps, n);
	add_word(ledger, key, set, at);
	return true;
}

/*
 * Take a row into a ledger; args are the call's arguments from the first on.
 * One with a NULL customer or time is skipped.
 */
static pg_attribute_always_inline void
take_arguments(EventIntake *intake, Ledger *ledger, const NullableDatum *args)
{
	const NullableDatum *customer = &args[ARG_CUSTOMER - 1];
	const NullableDatum *time = &args[ARG_AT - 1];
	const NullableDatum *condition = &args[ARG_STEP - 1];
	uint64		key[2] = {0, 0};
	int64		at;

	if (customer->isnull || time->isnull)
		return;
	identity_take(&intake->args.customer, customer->value, key);
	at = take_instant(intake->args.at, time->value);
	if (intake->conditions.kind == CONDITION_INT4 && !condition->isnull)
	{
		int64		step = DatumGetInt32(condition->value);

		/* the usual row: a step that others had, and no set */
		if (likely((uint64) (step - 1) < (uint64) ledger->settings.parameter))
		{
			ledger_add(ledger, key, ledger_when(0, step), at);
			return;
		}
	}
	if (intake->conditions.kind != CONDITION_BOOLS || condition->isnull ||
		!add_flags(ledger, condition->value, key, at))
		add_row(intake, ledger, condition, key, at);
}

/*
 * (internal, customer, at, step, within [, mode [, grain]]) -> internal: take a
 * row into the group's ledger, made on the first.
 */
Datum
retention_funnel_transition(PG_FUNCTION_ARGS)
{
	EventIntake *intake = argument_plan(fcinfo, &form);
	Ledger	   *ledger;

	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo);
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
		if (!intake->args.constant)
			check_rules(intake, ledger, fcinfo);
	}
	Assert((PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT)) ==
		   argument_skips(&intake->args, fcinfo));
	take_arguments(intake, ledger, &fcinfo->args[1]);
	PG_RETURN_POINTER(ledger);
}

bool
funnel_takes_many(FunctionCallInfo fcinfo)
{
	const EventIntake *intake = fcinfo->flinfo->fn_extra;

	return intake != NULL && intake->args.constant && !PG_ARGISNULL(0);
}

/* Rows from .. to - 1, one by one. */
static void
take_one_by_one(EventIntake *intake, Ledger *ledger,
				const Column *const *columns, int from, int to,
				MemoryContext row_context)
{
	NullableDatum args[ARG_STEP];

	for (int i = from; i < to; i++)
	{
		row_context_reset(row_context);
		for (int a = 0; a < ARG_STEP; a++)
			args[a] = column_row(columns[a], i);
		take_arguments(intake, ledger, args);
	}
}

#define SLICE 320				/* rows at a time; those of a page mostly */

typedef struct EventSlice
{
	int			n;
	Datum		customers[SLICE];
	uint64		keys[2 * SLICE];
	uint64		whens[SLICE];
	int64		instants[SLICE];
} EventSlice;

/*
 * Rows from .. to - 1 whose step is a number that others had, without those
 * that say nothing; false where one is something else, or is refused.
 */
static bool
slice_events(const EventIntake *intake, const Ledger *ledger,
			 const Column *const *columns, int from, int to, EventSlice *slice)
{
	const Column *customers = columns[ARG_CUSTOMER - 1];
	const Column *times = columns[ARG_AT - 1];
	const Column *steps = columns[ARG_STEP - 1];
	bool		skip_null = !minds_no_step(ledger);
	uint64		known = (uint64) ledger->settings.parameter;
	bool		good = true;
	int			n = 0;

	for (int i = from; i < to; i++)
	{
		uint64		step = (uint64) DatumGetInt32(steps->values[i]) - 1;

		if ((customers->some_null && customers->nulls[i]) ||
			(times->some_null && times->nulls[i]))
			continue;
		good &= try_instant(intake->args.at, times->values[i],
							&slice->instants[n]);
		if (steps->some_null && steps->nulls[i])
		{
			good &= skip_null;
			continue;
		}
		good &= step < known;
		slice->customers[n] = customers->values[i];
		slice->whens[n++] = ledger_when(0, step + 1);
	}
	slice->n = n;
	return good;
}

/*
 * The same of rows whose steps are sets.  None is refused but for its time,
 * which is an error at once: that of the first one.
 */
static void
slice_sets(const EventIntake *intake, Ledger *ledger,
		   const Column *const *columns, int from, int to, EventSlice *slice)
{
	EventRules *rules = (EventRules *) unconstify(void *, ledger->settings.rules);
	const Column *customers = columns[ARG_CUSTOMER - 1];
	const Column *times = columns[ARG_AT - 1];
	const Column *steps = columns[ARG_STEP - 1];
	bool		no_step = minds_no_step(ledger);
	int			n = 0;

	for (int i = from; i < to; i++)
	{
		uint64		set = (uint64) steps->values[i];

		if ((customers->some_null && customers->nulls[i]) ||
			(times->some_null && times->nulls[i]))
			continue;
		if (unlikely(!try_instant(intake->args.at, times->values[i],
								  &slice->instants[n])))
			(void) take_instant(intake->args.at, times->values[i]);
		rules->nsteps = Max(rules->nsteps, steps->elements);
		slice->customers[n] = customers->values[i];
		slice->whens[n] = word_of_set(set);
		n += set != 0 || no_step;
	}
	slice->n = n;
}

/* Conditions that are exclusions have no sets. */
int
funnel_takes_sets(FunctionCallInfo fcinfo)
{
	const EventIntake *intake = fcinfo->flinfo->fn_extra;
	const Ledger *ledger = ledger_code_argument(fcinfo, 0, &ledger_events);

	return intake->conditions.kind == CONDITION_BOOLS &&
		intake->args.at != TIME_NONE &&
		identity_is_plain(&intake->args.customer) &&
		event_rules(&ledger->settings)->rules.nexcluded == 0 ?
		ARG_STEP - 1 : -1;
}

void
funnel_take_columns(FunctionCallInfo fcinfo, const Column *const *columns,
					int n, MemoryContext row_context)
{
	EventIntake *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
	Identity   *customer = &intake->args.customer;
	bool		sets = columns[ARG_STEP - 1]->elements > 0;
	bool		plain = intake->conditions.kind == CONDITION_INT4 &&
		intake->args.at != TIME_NONE && identity_is_plain(customer);
	MemoryContext old = MemoryContextSwitchTo(row_context);
	EventSlice	slice;

	for (int from = 0, to; from < n; from = to)
	{
		to = Min(from + SLICE, n);
		if (sets)
			slice_sets(intake, ledger, columns, from, to, &slice);
		else if (!plain ||
				 !slice_events(intake, ledger, columns, from, to, &slice))
		{
			take_one_by_one(intake, ledger, columns, from, to, row_context);
			continue;
		}
		identity_take_many(customer, slice.customers, slice.n, slice.keys,
						   row_context);
		ledger_add_many(ledger, slice.keys, slice.whens, slice.instants, slice.n);
	}
	MemoryContextSwitchTo(old);
}
