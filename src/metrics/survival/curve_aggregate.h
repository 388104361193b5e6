/*
 * survival/curve_aggregate.h
 *		The SQL functions of aggregates that count customers by their durations
 *		and make a curve of them, and of the rollup of such curves.
 *
 * What a row says beside its duration, what the state is and what the curve,
 * are the aggregate's own (CurveAggregate).
 */
#ifndef RETENTION_SURVIVAL_CURVE_AGGREGATE_H
#define RETENTION_SURVIVAL_CURVE_AGGREGATE_H

#include "base/aggregate.h"
#include "history/argument_plan.h"
#include "metrics/survival/duration.h"

/* What the state of such an aggregate begins with. */
typedef struct CurveState
{
	uint32		magic;
	MemoryContext context;
	int64		customers;
} CurveState;

typedef struct CurveAggregate
{
	uint32		magic;
	const char *curve;			/* "a survival curve" */

	CurveState *(*create) (MemoryContext context);

	/* Add all customers of a stored curve. */
	void		(*add) (CurveState *state, const struct varlena *curve);

	/* Add all customers of a state that has some. */
	void		(*merge) (CurveState *into, CurveState *from);

	/* The curve of a state that has customers, palloc'd. */
	struct varlena *(*finish) (CurveState *state);
} CurveAggregate;

/* Add the weight customers of a row, which has no NULL where it may not. */
typedef void (*CurveRow) (CurveState *state, FunctionCallInfo fcinfo,
						  DurationTake take, int64 weight);

/* The state in argument n, not NULL, which came through "internal". */
extern CurveState *curve_state(FunctionCallInfo fcinfo, int n,
							   const CurveAggregate *aggregate);

/*
 * One call of a transition function (internal, ... [, weight]): durations are
 * of the type that take takes.
 */
static pg_attribute_always_inline Datum
curve_transition(FunctionCallInfo fcinfo, const CurveAggregate *aggregate,
				 const ArgumentForm *form, CurveRow add_row, DurationTake take)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, form);
	CurveState *state = PG_ARGISNULL(0) ? NULL :
		curve_state(fcinfo, 0, aggregate);

	if (!argument_skips(plan, fcinfo))
	{
		int64		weight = argument_customers(plan, fcinfo);

		if (state == NULL)
			state = aggregate->create(aggregate_context(fcinfo));
		add_row(state, fcinfo, take, weight);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* (internal, curve) -> internal */
extern Datum curve_rollup(FunctionCallInfo fcinfo,
						  const CurveAggregate *aggregate);

/* (internal, internal) -> internal: take the second state into the first. */
extern Datum curve_combine(FunctionCallInfo fcinfo,
						   const CurveAggregate *aggregate);

/* (internal) -> bytea: the payload of the curve, or nothing. */
extern Datum curve_serialize(FunctionCallInfo fcinfo,
							 const CurveAggregate *aggregate);

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
extern Datum curve_deserialize(FunctionCallInfo fcinfo,
							   const CurveAggregate *aggregate);

/* (internal) -> curve; NULL without customers. */
extern Datum curve_final(FunctionCallInfo fcinfo,
						 const CurveAggregate *aggregate);

#endif							/* RETENTION_SURVIVAL_CURVE_AGGREGATE_H */
