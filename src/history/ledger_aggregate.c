/*
 * ledger_aggregate.c
 *		The aggregate support functions all row aggregates share.
 *
 * Metrics over periods differ in their final functions only, which read the
 * state and leave it as it is: aggregates over the same arguments run one
 * transition per row between them.  Those over entries of another code take
 * and unpack them by functions of their own; to combine and to pack states is
 * the same for all.
 */
#include "history/intake.h"
#include "history/ledger_aggregate.h"

#include "base/call_site.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_ledger_transition);
PG_FUNCTION_INFO_V1(retention_ledger_transition_starts);
PG_FUNCTION_INFO_V1(retention_ledger_combine);
PG_FUNCTION_INFO_V1(retention_ledger_serialize);
PG_FUNCTION_INFO_V1(retention_ledger_deserialize);

/* (internal, customer, [started_at,] at, [amount,] grain [, at_least]) -> internal */
Datum
retention_ledger_transition(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(intake_row(fcinfo));
}

/*
 * (internal, customer, started_at, at, amount, grain [, at_least]) ->
 * internal: a customer may have several starts.
 */
Datum
retention_ledger_transition_starts(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(intake_row_with_starts(fcinfo));
}

/* The ledger, of whatever entries, in an argument that is not NULL. */
static Ledger *
any_ledger_argument(FunctionCallInfo fcinfo, int arg)
{
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(arg);

	ledger_check(ledger);
	return ledger;
}

static void *
copy_bytes(const void *bytes, Size size, MemoryContext context)
{
	return memcpy(MemoryContextAlloc(context, size), bytes, size);
}

/* A copy of what a ledger must agree on, living in context. */
static LedgerSettings
copy_settings(const LedgerSettings *settings, MemoryContext context)
{
	LedgerSettings copy = *settings;

	if (settings->grain != NULL)
		copy.grain = copy_bytes(settings->grain, VARSIZE(settings->grain),
								context);
	if (settings->code->copy_rules != NULL)
		copy.rules = settings->code->copy_rules(settings->rules, context);
	else if (settings->rules != NULL)
		copy.rules = copy_bytes(settings->rules, settings->code->rules_size,
								context);
	copy.zone = MemoryContextStrdup(context, settings->zone);
	return copy;
}

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_ledger_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LedgerPool *pool;
	Ledger	   *from;
	Ledger	   *into;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = any_ledger_argument(fcinfo, 1);
	if (PG_ARGISNULL(0))
	{
		LedgerSettings settings = copy_settings(&from->settings, context);
		CallSite   *site = call_site(fcinfo);

		if (site->plan == NULL)
			site->plan = ledger_pool_create(site->node, site->context);
		pool = site->plan;
		into = ledger_create(&settings, pool, context, 0);
	}
	else
		into = any_ledger_argument(fcinfo, 0);
	ledger_combine(into, from);
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: pack a worker's state. */
Datum
retention_ledger_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(ledger_serialize(any_ledger_argument(fcinfo, 0)));
}

/*
 * A packed state of a code, to be combined at once: (bytea, internal) ->
 * internal.
 */
Datum
ledger_deserialize_state(FunctionCallInfo fcinfo, const LedgerCode *code)
{
	bytea	   *bytes;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	PG_RETURN_POINTER(ledger_deserialize(code, VARDATA_ANY(bytes),
										 VARSIZE_ANY_EXHDR(bytes),
										 CurrentMemoryContext));
}

Datum
retention_ledger_deserialize(PG_FUNCTION_ARGS)
{
	return ledger_deserialize_state(fcinfo, &ledger_periods);
}
