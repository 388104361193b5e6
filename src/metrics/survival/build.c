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

/* ----------------------------------------------------------------
 *		The state
 * ----------------------------------------------------------------
 */

static CurveState *
create(MemoryContext context)
{
	return &lives_create(context, &survival_words)->head;
}

static void
add_curve(CurveState *state, const struct varlena *curve)
{
	lives_add_curve((LivesState *) state, curve_from_varlena(curve));
}

static void
merge(CurveState *into, CurveState *from)
{
	lives_add_curve((LivesState *) into, lives_curve((LivesState *) from));
}

static struct varlena *
finish(CurveState *state)
{
	return curve_encode(lives_curve((LivesState *) state));
}

static const CurveAggregate survival = {
	LIVES_MAGIC, "a survival curve", create, add_curve, merge, finish
};

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

static const uint8 row_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* A row (internal, duration, churned [, weight]). */
static inline void
add_row(CurveState *state, FunctionCallInfo fcinfo, DurationTake take,
		int64 weight)
{
	lives_add((LivesState *) state, take(PG_GETARG_DATUM(1), DURATION_LASTED),
			  PG_GETARG_BOOL(2), weight);
}

Datum
retention_survival_curve_transition_int8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &row_form, add_row, duration_int8);
}

Datum
retention_survival_curve_transition_float8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &row_form, add_row, duration_float8);
}

Datum
retention_survival_curve_transition_interval(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &row_form, add_row, duration_interval);
}

static const uint8 late_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm late_form = ARGUMENT_FORM(late_roles);

/* A row (internal, entered, duration, churned [, weight]). */
static inline void
add_late_row(CurveState *state, FunctionCallInfo fcinfo, DurationTake take,
			 int64 weight)
{
	LivesState *lives = (LivesState *) state;
	float8		entered = take(PG_GETARG_DATUM(1), DURATION_ENTERED);
	float8		at = take(PG_GETARG_DATUM(2), DURATION_LASTED);

	duration_check_late(entered, at);
	lives_add(lives, at, PG_GETARG_BOOL(3), weight);
	if (entered > 0)
		lives_enter(lives, entered, weight);
}

Datum
retention_survival_curve_late_int8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &late_form, add_late_row, duration_int8);
}

Datum
retention_survival_curve_late_float8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &late_form, add_late_row, duration_float8);
}

Datum
retention_survival_curve_late_interval(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &survival, &late_form, add_late_row, duration_interval);
}

/* ----------------------------------------------------------------
 *		The rest
 * ----------------------------------------------------------------
 */

Datum
retention_survival_curve_rollup(PG_FUNCTION_ARGS)
{
	return curve_rollup(fcinfo, &survival);
}

Datum
retention_survival_curve_combine(PG_FUNCTION_ARGS)
{
	return curve_combine(fcinfo, &survival);
}

Datum
retention_survival_curve_serialize(PG_FUNCTION_ARGS)
{
	return curve_serialize(fcinfo, &survival);
}

Datum
retention_survival_curve_deserialize(PG_FUNCTION_ARGS)
{
	return curve_deserialize(fcinfo, &survival);
}

Datum
retention_survival_curve_final(PG_FUNCTION_ARGS)
{
	return curve_final(fcinfo, &survival);
}
