/*
 * incidence/build.c
 *		The aggregates incidence_curve(duration, churned, reason [, weight])
 *		and rollup(incidence_curve).
 *
 * Duration and churned are as those of survival_curve; reason is why a
 * customer left, and of no interest for one still there.
 */
#include "metrics/incidence/state.h"

PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_int8);
PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_float8);
PG_FUNCTION_INFO_V1(retention_incidence_curve_transition_interval);
PG_FUNCTION_INFO_V1(retention_incidence_curve_rollup);
PG_FUNCTION_INFO_V1(retention_incidence_curve_combine);
PG_FUNCTION_INFO_V1(retention_incidence_curve_serialize);
PG_FUNCTION_INFO_V1(retention_incidence_curve_deserialize);
PG_FUNCTION_INFO_V1(retention_incidence_curve_final);

/* ----------------------------------------------------------------
 *		The state
 * ----------------------------------------------------------------
 */

static CurveState *
create(MemoryContext context)
{
	return &incidence_create(context)->head;
}

static void
add_curve(CurveState *state, const struct varlena *curve)
{
	incidence_add_curve((IncidenceState *) state, incidence_from_varlena(curve));
}

static void
merge(CurveState *into, CurveState *from)
{
	incidence_add_curve((IncidenceState *) into,
						incidence_curve((IncidenceState *) from));
}

static struct varlena *
finish(CurveState *state)
{
	return incidence_encode(incidence_curve((IncidenceState *) state));
}

static const CurveAggregate incidence = {
	INCIDENCE_MAGIC, "an incidence curve", create, add_curve, merge, finish
};

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

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

/* A row (internal, duration, churned, reason [, weight]). */
static inline void
add_row(CurveState *state, FunctionCallInfo fcinfo, DurationTake take,
		int64 weight)
{
	IncidenceState *incident = (IncidenceState *) state;
	float8		at = take(PG_GETARG_DATUM(1), DURATION_LASTED);

	incidence_add(incident, row_table(incident, fcinfo), at, weight);
}

Datum
retention_incidence_curve_transition_int8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &incidence, &row_form, add_row, duration_int8);
}

Datum
retention_incidence_curve_transition_float8(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &incidence, &row_form, add_row, duration_float8);
}

Datum
retention_incidence_curve_transition_interval(PG_FUNCTION_ARGS)
{
	return curve_transition(fcinfo, &incidence, &row_form, add_row, duration_interval);
}

/* ----------------------------------------------------------------
 *		The rest
 * ----------------------------------------------------------------
 */

Datum
retention_incidence_curve_rollup(PG_FUNCTION_ARGS)
{
	return curve_rollup(fcinfo, &incidence);
}

Datum
retention_incidence_curve_combine(PG_FUNCTION_ARGS)
{
	return curve_combine(fcinfo, &incidence);
}

Datum
retention_incidence_curve_serialize(PG_FUNCTION_ARGS)
{
	return curve_serialize(fcinfo, &incidence);
}

Datum
retention_incidence_curve_deserialize(PG_FUNCTION_ARGS)
{
	return curve_deserialize(fcinfo, &incidence);
}

Datum
retention_incidence_curve_final(PG_FUNCTION_ARGS)
{
	return curve_final(fcinfo, &incidence);
}
