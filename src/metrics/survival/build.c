/*
 * survival/build.c
 *		The aggregates survival_curve([entered,] duration, churned [, weight])
 *		and rollup(survival_curve).
 *
 * A duration is how long a customer has stayed, churned whether the customer
 * left then; if not, the customer was last seen then, and is censored.  One
 * who was observed only from the age entered on had to stay so long to be
 * seen at all, and is at risk from there on (left truncation).
 */
#include "metrics/survival/state.h"

#include "history/argument_plan.h"
#include "metrics/survival/duration.h"

PG_FUNCTION_INFO_V1(retention_survival_curve_transition_int8);
PG_FUNCTION_INFO_V1(retention_survival_curve_transition_float8);
PG_FUNCTION_INFO_V1(retention_survival_curve_transition_interval);
PG_FUNCTION_INFO_V1(retention_survival_curve_late_int8);
PG_FUNCTION_INFO_V1(retention_survival_curve_late_float8);
PG_FUNCTION_INFO_V1(retention_survival_curve_late_interval);
PG_FUNCTION_INFO_V1(retention_survival_curve_rollup);
PG_FUNCTION_INFO_V1(retention_survival_curve_combine);
PG_FUNCTION_INFO_V1(retention_survival_curve_serialize);
PG_FUNCTION_INFO_V1(retention_survival_curve_deserialize);
PG_FUNCTION_INFO_V1(retention_survival_curve_final);

static const uint8 row_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* One call of a transition function (internal, duration, churned [, weight]). */
static inline Datum
transition(FunctionCallInfo fcinfo, DurationTake take)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	LivesState *state = PG_ARGISNULL(0) ? NULL : lives_argument(fcinfo, 0);

	if (!argument_skips(plan, fcinfo))
	{
		float8		at = take(PG_GETARG_DATUM(1), DURATION_LASTED);
		int64		weight = duration_weight(plan, fcinfo);

		if (state == NULL)
			state = lives_create(aggregate_context(fcinfo));
		lives_add(state, at, PG_GETARG_BOOL(2), weight);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
retention_survival_curve_transition_int8(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_int8);
}

Datum
retention_survival_curve_transition_float8(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_float8);
}

Datum
retention_survival_curve_transition_interval(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, duration_interval);
}

static void
refuse_late(float8 entered, float8 at)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("entered must be below duration"),
			 errdetail("Observation began at %g, and the customer churned, or was last seen, at %g.",
					   entered, at),
			 errhint("Both are ages, counted from the customer's start. Who left before observation began is not in the data: leave such rows out with FILTER (WHERE entered < duration).")));
}

static const uint8 late_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm late_form = ARGUMENT_FORM(late_roles);

/* The same of (internal, entered, duration, churned [, weight]). */
static inline Datum
transition_late(FunctionCallInfo fcinfo, DurationTake take)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &late_form);
	LivesState *state = PG_ARGISNULL(0) ? NULL : lives_argument(fcinfo, 0);

	if (!argument_skips(plan, fcinfo))
	{
		float8		entered = take(PG_GETARG_DATUM(1), DURATION_ENTERED);
		float8		at = take(PG_GETARG_DATUM(2), DURATION_LASTED);
		int64		weight = duration_weight(plan, fcinfo);

		if (unlikely(entered >= at))
			refuse_late(entered, at);
		if (state == NULL)
			state = lives_create(aggregate_context(fcinfo));
		lives_add(state, at, PG_GETARG_BOOL(3), weight);
		if (entered > 0)
			lives_enter(state, entered, weight);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
retention_survival_curve_late_int8(PG_FUNCTION_ARGS)
{
	return transition_late(fcinfo, duration_int8);
}

Datum
retention_survival_curve_late_float8(PG_FUNCTION_ARGS)
{
	return transition_late(fcinfo, duration_float8);
}

Datum
retention_survival_curve_late_interval(PG_FUNCTION_ARGS)
{
	return transition_late(fcinfo, duration_interval);
}

/* (internal, survival_curve) -> internal */
Datum
retention_survival_curve_rollup(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LivesState *state = PG_ARGISNULL(0) ? NULL : lives_argument(fcinfo, 0);

	if (!PG_ARGISNULL(1))
	{
		if (state == NULL)
			state = lives_create(context);
		lives_add_curve(state, PG_GETARG_CURVE(1));
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_survival_curve_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LivesState *into = PG_ARGISNULL(0) ? NULL : lives_argument(fcinfo, 0);
	LivesState *from = PG_ARGISNULL(1) ? NULL : lives_argument(fcinfo, 1);

	if (from != NULL)
	{
		if (into == NULL)
			into = lives_create(context);
		if (from->customers > 0)
			lives_add_curve(into, lives_curve(from));
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: the payload of the curve, or nothing. */
Datum
retention_survival_curve_serialize(PG_FUNCTION_ARGS)
{
	LivesState *state;

	(void) aggregate_context(fcinfo);
	state = lives_argument(fcinfo, 0);
	if (state->customers == 0)
	{
		bytea	   *empty = palloc(VARHDRSZ);

		SET_VARSIZE(empty, VARHDRSZ);
		PG_RETURN_BYTEA_P(empty);
	}
	PG_RETURN_POINTER(curve_encode(lives_curve(state)));
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_survival_curve_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	LivesState *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	state = lives_create(CurrentMemoryContext);
	if (VARSIZE_ANY_EXHDR(bytes) > 0)
		lives_add_curve(state, curve_from_varlena(bytes));
	PG_RETURN_POINTER(state);
}

/* (internal) -> survival_curve; NULL without customers. */
Datum
retention_survival_curve_final(PG_FUNCTION_ARGS)
{
	LivesState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = lives_argument(fcinfo, 0);
	if (state->customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(curve_encode(lives_curve(state)));
}
