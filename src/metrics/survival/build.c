/*
 * survival/build.c
 *		The aggregates survival_curve(duration, churned [, weight]) and
 *		rollup(survival_curve).
 *
 * A duration is how long a customer has stayed, churned whether the customer
 * left then; if not, the customer was last seen then, and is censored.
 */
#include "metrics/survival/state.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "history/argument_plan.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_survival_curve_transition_int8);
PG_FUNCTION_INFO_V1(retention_survival_curve_transition_float8);
PG_FUNCTION_INFO_V1(retention_survival_curve_transition_interval);
PG_FUNCTION_INFO_V1(retention_survival_curve_rollup);
PG_FUNCTION_INFO_V1(retention_survival_curve_combine);
PG_FUNCTION_INFO_V1(retention_survival_curve_serialize);
PG_FUNCTION_INFO_V1(retention_survival_curve_deserialize);
PG_FUNCTION_INFO_V1(retention_survival_curve_final);

/* ----------------------------------------------------------------
 *		Durations
 * ----------------------------------------------------------------
 */

static void
refuse_negative(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("duration must not be negative"),
			 errdetail("A customer churned, or was last seen, before the start."),
			 errhint("Find such rows with WHERE duration < 0; leave them out with FILTER.")));
}

static void
refuse_infinite(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("duration must be finite"),
			 errhint("For a customer who is still there pass the time until the data end, and churned = false.")));
}

static float8
duration_float8(Datum value)
{
	float8		duration = DatumGetFloat8(value);

	if (unlikely(!isfinite(duration)))
		refuse_infinite();
	if (unlikely(duration < 0))
		refuse_negative();
	return duration;
}

static float8
duration_int8(Datum value)
{
	int64		duration = DatumGetInt64(value);

	if (unlikely(duration < 0))
		refuse_negative();
	if (unlikely(duration > (int64) CURVE_WHOLE_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("duration out of range"),
				 errdetail("A whole duration is %lld at most.",
						   (long long) CURVE_WHOLE_MAX),
				 errhint("Count in a larger unit, for example in days.")));
	return (float8) duration;
}

/* In days of 24 hours. */
static float8
duration_interval(Datum value)
{
	const Interval *interval = DatumGetIntervalP(value);
	float8		duration;

	/* as PostgreSQL 17 writes infinite ones */
	if (unlikely((interval->month == PG_INT32_MAX &&
				  interval->day == PG_INT32_MAX &&
				  interval->time == PG_INT64_MAX) ||
				 (interval->month == PG_INT32_MIN &&
				  interval->day == PG_INT32_MIN &&
				  interval->time == PG_INT64_MIN)))
		refuse_infinite();
	if (unlikely(interval->month != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration must not have months or years"),
				 errdetail("Months differ in length, so they are no number of days."),
				 errhint("Subtract the two times, as in churned_at - started_at: that gives days and hours. age() and justify_interval() make months.")));
	duration = (float8) interval->day +
		(float8) interval->time / (float8) USECS_PER_DAY;
	if (unlikely(duration < 0))
		refuse_negative();
	return duration;
}

/* ----------------------------------------------------------------
 *		Aggregate support
 * ----------------------------------------------------------------
 */

static int64
row_weight(const ArgumentPlan *plan, FunctionCallInfo fcinfo)
{
	int64		weight = argument_weight(plan, fcinfo);

	if (unlikely(weight < 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must not be negative"),
				 errdetail("It is %lld.", (long long) weight),
				 errhint("The weight is the number of customers a row stands for.")));
	return weight;
}

static const uint8 row_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* One call of a transition function (internal, duration, churned [, weight]). */
static inline Datum
transition(FunctionCallInfo fcinfo, float8 (*duration) (Datum))
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	LivesState *state = PG_ARGISNULL(0) ? NULL : lives_argument(fcinfo, 0);

	if (!argument_skips(plan, fcinfo))
	{
		float8		at = duration(PG_GETARG_DATUM(1));
		int64		weight = row_weight(plan, fcinfo);

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
