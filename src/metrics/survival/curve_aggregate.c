/*
 * survival/curve_aggregate.c
 *		The SQL functions of aggregates that count customers by their durations
 *		and make a curve of them, and of the rollup of such curves.
 */
#include "metrics/survival/curve_aggregate.h"

CurveState *
curve_state(FunctionCallInfo fcinfo, int n, const CurveAggregate *aggregate)
{
	CurveState *state = (CurveState *) PG_GETARG_POINTER(n);

	if (unlikely(state->magic != aggregate->magic))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of %s", aggregate->curve)));
	return state;
}

/* The state in argument n, or a new one. */
static CurveState *
state_or_new(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? aggregate->create(context) :
		curve_state(fcinfo, 0, aggregate);
}

Datum
curve_rollup(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	CurveState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(curve_state(fcinfo, 0, aggregate));
	}
	state = state_or_new(fcinfo, aggregate);
	aggregate->add(state, PG_GETARG_VARLENA_PP(1));
	PG_RETURN_POINTER(state);
}

Datum
curve_combine(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	CurveState *into;
	CurveState *from;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(curve_state(fcinfo, 0, aggregate));
	}
	into = state_or_new(fcinfo, aggregate);
	from = curve_state(fcinfo, 1, aggregate);
	if (from->customers > 0)
		aggregate->merge(into, from);
	PG_RETURN_POINTER(into);
}

Datum
curve_serialize(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	CurveState *state;

	(void) aggregate_context(fcinfo);
	state = curve_state(fcinfo, 0, aggregate);
	if (state->customers == 0)
	{
		bytea	   *empty = palloc(VARHDRSZ);

		SET_VARSIZE(empty, VARHDRSZ);
		PG_RETURN_BYTEA_P(empty);
	}
	PG_RETURN_POINTER(aggregate->finish(state));
}

Datum
curve_deserialize(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	bytea	   *bytes;
	CurveState *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	state = aggregate->create(CurrentMemoryContext);
	if (VARSIZE_ANY_EXHDR(bytes) > 0)
		aggregate->add(state, bytes);
	PG_RETURN_POINTER(state);
}

Datum
curve_final(FunctionCallInfo fcinfo, const CurveAggregate *aggregate)
{
	CurveState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = curve_state(fcinfo, 0, aggregate);
	if (state->customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(aggregate->finish(state));
}
