/*
 * signals/build.c
 *		The aggregates signals(outcome, covariates) and rollup(signals).
 */
#include "metrics/signals/state.h"

#include "base/aggregate.h"

PG_FUNCTION_INFO_V1(retention_signals_transition);
PG_FUNCTION_INFO_V1(retention_signals_rollup);
PG_FUNCTION_INFO_V1(retention_signals_combine);
PG_FUNCTION_INFO_V1(retention_signals_serialize);
PG_FUNCTION_INFO_V1(retention_signals_deserialize);
PG_FUNCTION_INFO_V1(retention_signals_final);

/* The state of a call, made when there is none. */
static SignalsState *
state_at_hand(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? signals_create(context) : signals_argument(fcinfo, 0);
}

/* What a step returns when it has nothing to add. */
static Datum
state_as_it_was(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(signals_argument(fcinfo, 0));
}

/* (internal, outcome, covariates) -> internal */
Datum
retention_signals_transition(PG_FUNCTION_ARGS)
{
	SignalsState *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_as_it_was(fcinfo);
	state = state_at_hand(fcinfo);
	signals_add(state, PG_GETARG_BOOL(1), PG_GETARG_JSONB_P(2));
	PG_RETURN_POINTER(state);
}

/* (internal, signals) -> internal */
Datum
retention_signals_rollup(PG_FUNCTION_ARGS)
{
	SignalsState *state;

	if (PG_ARGISNULL(1))
		return state_as_it_was(fcinfo);
	state = state_at_hand(fcinfo);
	signals_add_value(state, PG_GETARG_SIGNALS(1));
	PG_RETURN_POINTER(state);
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_signals_combine(PG_FUNCTION_ARGS)
{
	SignalsState *state;

	if (PG_ARGISNULL(1))
		return state_as_it_was(fcinfo);
	state = state_at_hand(fcinfo);
	signals_add_value(state, signals_value(signals_argument(fcinfo, 1)));
	PG_RETURN_POINTER(state);
}

/* (internal) -> bytea: the value. */
Datum
retention_signals_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(signals_encode(signals_value(signals_argument(fcinfo, 0))));
}

/* (bytea, internal) -> internal: to be combined at once. */
Datum
retention_signals_deserialize(PG_FUNCTION_ARGS)
{
	SignalsState *state;

	(void) aggregate_context(fcinfo);
	state = signals_create(CurrentMemoryContext);
	signals_add_value(state, signals_from_varlena(PG_GETARG_BYTEA_PP(0)));
	PG_RETURN_POINTER(state);
}

/* (internal) -> signals; NULL without customers. */
Datum
retention_signals_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(signals_encode(signals_value(signals_argument(fcinfo, 0))));
}
