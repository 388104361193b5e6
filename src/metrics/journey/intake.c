/*
 * journey/intake.c
 *		From the SQL arguments of journeys to rows in a ledger.
 */
#include "metrics/journey/intake.h"

#include "history/argument_plan.h"
#include "metrics/funnel/intake.h"
#include "metrics/journey/rows.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_journey_transition);

/* Numbers of the arguments; the state is 0. */
#define ARG_CUSTOMER 1
#define ARG_AT 2
#define ARG_PLACE 3
#define ARG_WITHIN 4

#define HINT_SILENCE \
	"Pass the longest silence on a way, such as interval '30 minutes'."

typedef struct RowIntake
{
	ArgumentPlan args;
	LedgerPool *pool;
} RowIntake;

static void
intake_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	((RowIntake *) plan)->pool = ledger_pool_create(site->node, site->context);
}

static const uint8 roles[] = {
	ROLE_CUSTOMER, ROLE_INSTANT, ROLE_VALUE, CONSTANT_WITHIN,
	CONSTANT_START_PLACE
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(RowIntake), intake_prepare
};

/* The longest silence of this row. */
static Interval
within_argument(FunctionCallInfo fcinfo)
{
	Interval	within;

	if (PG_ARGISNULL(ARG_WITHIN))
		constant_refuse_null(CONSTANT_WITHIN, HINT_SILENCE);
	within = *PG_GETARG_INTERVAL_P(ARG_WITHIN);
	if (within.month < 0 || within.day < 0 || within.time < 0 ||
		INTERVAL_NOT_FINITE(&within))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the silence that ends a way must be neither negative nor infinite"),
				 errdetail("It is %s.",
						   DatumGetCString(DirectFunctionCall1(interval_out, PG_GETARG_DATUM(ARG_WITHIN)))),
				 errhint(HINT_SILENCE)));
	return within;
}

/* The start place of this row, palloc'd; NULL where the call has none. */
static char *
start_argument(const RowIntake *intake, FunctionCallInfo fcinfo)
{
	if (intake->args.arg[CONSTANT_START_PLACE] == 0)
		return NULL;
	return text_to_cstring(DatumGetTextPP(argument_constant(&intake->args, fcinfo,
															CONSTANT_START_PLACE)));
}

/* Begin the ledger of a group. */
static Ledger *
open_ledger(const RowIntake *intake, FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);
	MemoryContext old = MemoryContextSwitchTo(context);
	JourneyRules *rules = palloc(sizeof(JourneyRules));
	FunnelRules window = {0};
	LedgerSettings settings = {
		.code = &ledger_journey, .rules = rules, .flags = LEDGER_MONEY
	};

	window.within = rules->within = within_argument(fcinfo);
	rules->start = start_argument(intake, fcinfo);
	rules->places = journey_places_create(context);
	/* the start is a place like the others, and as short */
	if (rules->start != NULL)
		journey_places_take(rules->places, rules->start, strlen(rules->start));
	settings.zone = window_zone(intake->args.at, &window);
	settings.key_words = intake->args.customer.words;
	MemoryContextSwitchTo(old);
	return ledger_create(&settings, intake->pool, context, 0);
}

/* Silences and start places may differ from group to group, never within one. */
static void
check_rules(const RowIntake *intake, const JourneyRules *rules,
			FunctionCallInfo fcinfo)
{
	FunnelRules before = {rules->within};
	FunnelRules now = {within_argument(fcinfo)};
	const char *start = start_argument(intake, fcinfo);

	check_same_rules(&before, &now, false);
	if (start != NULL)
		constant_check_words(CONSTANT_START_PLACE, rules->start, start);
}

/*
 * Take a row into a ledger; args are the call's arguments from the first on.
 * One with a NULL customer, time or place is skipped.
 */
static pg_attribute_always_inline void
take_arguments(RowIntake *intake, Ledger *ledger, const NullableDatum *args)
{
	const JourneyRules *rules = ledger->settings.rules;
	const NullableDatum *customer = &args[ARG_CUSTOMER - 1];
	const NullableDatum *at = &args[ARG_AT - 1];
	const NullableDatum *place = &args[ARG_PLACE - 1];
	uint64		key[2] = {0, 0};
	uint64		word;
	const text *name;

	if (customer->isnull || at->isnull || place->isnull)
		return;
	name = DatumGetTextPP(place->value);
	word = journey_places_take(rules->places, VARDATA_ANY(name),
							   VARSIZE_ANY_EXHDR(name));
	identity_take(&intake->args.customer, customer->value, key);
	ledger_add(ledger, key, word, take_instant(intake->args.at, at->value));
}

/*
 * (internal, customer, at, place, within [, start_place]) -> internal: take a
 * row into the group's ledger, made on the first.
 */
Datum
retention_journey_transition(PG_FUNCTION_ARGS)
{
	RowIntake  *intake = argument_plan(fcinfo, &form);
	Ledger	   *ledger;

	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo);
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = ledger_code_argument(fcinfo, 0, &ledger_journey);
		if (!intake->args.constant)
			check_rules(intake, ledger->settings.rules, fcinfo);
	}
	Assert((PG_ARGISNULL(ARG_CUSTOMER) || PG_ARGISNULL(ARG_AT) ||
			PG_ARGISNULL(ARG_PLACE)) == argument_skips(&intake->args, fcinfo));
	take_arguments(intake, ledger, &fcinfo->args[1]);
	PG_RETURN_POINTER(ledger);
}

bool
journey_takes_many(FunctionCallInfo fcinfo)
{
	const RowIntake *intake = fcinfo->flinfo->fn_extra;

	return intake != NULL && intake->args.constant && !PG_ARGISNULL(0);
}

#define SLICE 320				/* rows at a time; those of a page mostly */

/* What rows come to. */
typedef struct RowSlice
{
	int			n;
	Datum		customers[SLICE];
	uint64		keys[2 * SLICE];
	uint64		words[SLICE];
	int64		instants[SLICE];
} RowSlice;

/* Rows from .. to - 1 but for their keys, which no error is made of. */
static void
slice_rows(RowIntake *intake, const JourneyRules *rules,
		   const Column *const *columns, int from, int to, RowSlice *slice,
		   MemoryContext row_context)
{
	slice->n = 0;
	for (int i = from; i < to; i++)
	{
		NullableDatum customer = column_row(columns[ARG_CUSTOMER - 1], i);
		NullableDatum at = column_row(columns[ARG_AT - 1], i);
		NullableDatum place = column_row(columns[ARG_PLACE - 1], i);
		const text *name;

		if (customer.isnull || at.isnull || place.isnull)
			continue;
		row_context_reset(row_context);
		name = DatumGetTextPP(place.value);
		slice->customers[slice->n] = customer.value;
		slice->words[slice->n] = journey_places_take(rules->places,
													 VARDATA_ANY(name),
													 VARSIZE_ANY_EXHDR(name));
		if (unlikely(!try_instant(intake->args.at, at.value,
								  &slice->instants[slice->n])))
			(void) take_instant(intake->args.at, at.value);
		slice->n++;
	}
}

/* Rows from .. to - 1, one by one. */
static void
take_one_by_one(RowIntake *intake, Ledger *ledger, const Column *const *columns,
				int from, int to, MemoryContext row_context)
{
	NullableDatum args[ARG_PLACE];

	for (int i = from; i < to; i++)
	{
		row_context_reset(row_context);
		for (int a = 0; a < ARG_PLACE; a++)
			args[a] = column_row(columns[a], i);
		take_arguments(intake, ledger, args);
	}
}

void
journey_take_columns(FunctionCallInfo fcinfo, const Column *const *columns,
					 int n, MemoryContext row_context)
{
	RowIntake  *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger = ledger_code_argument(fcinfo, 0, &ledger_journey);
	Identity   *customer = &intake->args.customer;
	bool		plain = identity_is_plain(customer);
	MemoryContext old = MemoryContextSwitchTo(row_context);
	RowSlice	slice;

	for (int from = 0, to; from < n; from = to)
	{
		to = Min(from + SLICE, n);
		if (!plain)
		{
			take_one_by_one(intake, ledger, columns, from, to, row_context);
			continue;
		}
		slice_rows(intake, ledger->settings.rules, columns, from, to, &slice,
				   row_context);
		identity_take_many(customer, slice.customers, slice.n, slice.keys,
						   row_context);
		ledger_add_many(ledger, slice.keys, slice.words, slice.instants, slice.n);
	}
	MemoryContextSwitchTo(old);
}
