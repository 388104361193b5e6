/*
 * incidence/build.c
 *		The aggregates incidence_curve(duration, churned, reason [, weight])
 *		and rollup(incidence_curve).
 *
 * Duration and churned are as those of survival_curve; reason is why a
 * customer left, and of no interest for one still there.
 */
#include "metrics/incidence/state.h"

#include "base/aggregate.h"
#include "history/argument_plan.h"
#include "metrics/survival/duration.h"

PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_int8);
PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_float8);
PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_interval);
PG_FUNCTION_INFO_V1(retention_incidence_curve_rollup);
PG_FUNCTION_INFO_V1(retention_incidence_curve_combine);
PG_FUNCTION_INFO_V1(retention_incidence_curve_serialize);
PG_FUNCTION_INFO_V1(retention_incidence_curve_deserialize);
PG_FUNCTION_INFO_V1(retention_incidence_curve_final);

static const uint8 row_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_NULLABLE, ROLE_WEIGHT};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* Where a row's customers are counted: argument 2 is churned, 3 the reason. */
static LivesTable *
row_table(IncidenceState *state, FunctionCallInfo fcinfo)
{
	text	   *reason;

	if (!PG_GETARG_BOOL(2))
		return &state->kept;
	if (PG_ARGISNULL(3))
		return incidence_reason(state, INCIDENCE_UNKNOWN,
								strlen(INCIDENCE_UNKNOWN));
	reason = PG_GETARG_TEXT_PP(3);
	if (VARSIZE_ANY_EXHDR(reason) == 0)
		return incidence_reason(state, INCIDENCE_UNKNOWN,
								strlen(INCIDENCE_UNKNOWN));
	return incidence_reason(state, VARDATA_ANY(reason),
							VARSIZE_ANY_EXHDR(reason));
}

/* One call of a transition (internal, duration, churned, reason [, weight]). */
static inline Datum
transition(FunctionCallInfo fcinfo, DurationTake take)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	IncidenceState *state = PG_ARGISNULL(0) ? NULL :
		incidence_argument(fcinfo, 0);

	if (!argument_skips(plan, fcinfo))
	{
		float8		at = take(PG_GETARG_DATUM(1), DURATION_LASTED);
		int64		weight = duration_weight(plan, fcinfo);

		if (state == NULL)
			state = incidence_create(aggregate_context(fcinfo));
		incidence_add(state, row_table(state, fcinfo), at, weight);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
retention_incidence_curve_transition_int8(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_int8);
}

Datum
retention_incidence_curve_transition_float8(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_float8);
}

Datum
retention_incidence_curve_transition_interval(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_interval);
}

/* (internal, incidence_curve) -> internal */
Datum
retention_incidence_curve_rollup(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	IncidenceState *state = PG_ARGISNULL(0) ? NULL :
		incidence_argument(fcinfo, 0);

	if (!PG_ARGISNULL(1))
	{
		if (state == NULL)
			state = incidence_create(context);
		incidence_add_curve(state, PG_GETARG_INCIDENCE(1));
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_incidence_curve_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	IncidenceState *into = PG_ARGISNULL(0) ? NULL : incidence_argument(fcinfo, 0);
	IncidenceState *from = PG_ARGISNULL(1) ? NULL : incidence_argument(fcinfo, 1);

	if (from != NULL)
	{
		if (into == NULL)
			into = incidence_create(context);
		if (from->customers > 0)
			incidence_add_curve(into, incidence_curve(from));
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: the payload of the curve, or nothing. */
Datum
retention_incidence_curve_serialize(PG_FUNCTION_ARGS)
{
	IncidenceState *state;

	(void) aggregate_context(fcinfo);
	state = incidence_argument(fcinfo, 0);
	if (state->customers == 0)
	{
		bytea	   *empty = palloc(VARHDRSZ);

		SET_VARSIZE(empty, VARHDRSZ);
		PG_RETURN_BYTEA_P(empty);
	}
	PG_RETURN_POINTER(incidence_encode(incidence_curve(state)));
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_incidence_curve_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	IncidenceState *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	state = incidence_create(CurrentMemoryContext);
	if (VARSIZE_ANY_EXHDR(bytes) > 0)
		incidence_add_curve(state, incidence_from_varlena(bytes));
	PG_RETURN_POINTER(state);
}

/* (internal) -> incidence_curve; NULL without customers. */
Datum
retention_incidence_curve_final(PG_FUNCTION_ARGS)
{
	IncidenceState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = incidence_argument(fcinfo, 0);
	if (state->customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(incidence_encode(incidence_curve(state)));
}
