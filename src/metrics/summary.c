/*
 * summary.c
 *		Summaries of a population as aggregates make them.
 */
#include "metrics/summary.h"

#include "base/constant.h"

/* The value of a state. */
struct varlena *
summary_flatten(const ExpandedState *expanded)
{
	const SummaryState *state = (const SummaryState *) expanded;
	const SummaryKind *kind = (const SummaryKind *) expanded->kind;
	struct varlena *value = kind->finish(state->builder, state->head.grain,
										 state->head.zone);

	Assert(value != NULL);		/* it began with one */
	return value;
}

/* What an aggregate has so far: a state to change, or else a value. */
typedef struct Before
{
	SummaryState *state;
	void	   *value;
	MetricHead	head;
} Before;

/* A value being read as a state, which is empty. */
static void
state_begin(SummaryState *state, const SummaryKind *kind, void *value,
			const MetricHead *head)
{
	MemoryContext old = expanded_begin(&state->expanded);

	state->head = *head;
	state->head.grain = grain_copy(head->grain);
	state->head.zone = pstrdup(head->zone);
	state->builder = palloc(kind->builder_size);
	kind->init(state->builder, head);
	MemoryContextSwitchTo(old);
	kind->add_value(state->builder, value, state->expanded.header.eoh_context);
}

/* Argument 0, which is not NULL. */
static Before
before_argument(FunctionCallInfo fcinfo, const SummaryKind *kind)
{
	Before		before = {0};

	before.state = (SummaryState *) expanded_argument(fcinfo, 0, &kind->expanded);
	if (before.state == NULL)
	{
		before.value = kind->read_value(PG_GETARG_VARLENA_PP(0), &before.head);
		before.state = (SummaryState *) expanded_create(fcinfo, 0, &kind->expanded);
		if (before.state != NULL)
			state_begin(before.state, kind, before.value, &before.head);
	}
	if (before.state != NULL)
		before.head = before.state->head;
	return before;
}

/*
 * A builder with what there was before, in the current memory context; NULL,
 * and before.state is there, when that is of many customers.
 */
static void *
builder_with(FunctionCallInfo fcinfo, const SummaryKind *kind, Before *before,
			 const MetricHead *head)
{
	void	   *builder;

	if (before->state != NULL)
		return NULL;
	builder = palloc(kind->builder_size);
	kind->init(builder, head);
	if (before->value == NULL)
		return builder;
	kind->add_value(builder, before->value, CurrentMemoryContext);
	before->state = (SummaryState *) expanded_create_for(fcinfo, kind->customers(builder),
														 &kind->expanded);
	if (before->state == NULL)
		return builder;
	before->value = kind->read_value(PG_GETARG_VARLENA_PP(0), &before->head);
	state_begin(before->state, kind, before->value, &before->head);
	return NULL;
}

/* The sum of the values of disjoint customers. */
Datum
summary_merge(FunctionCallInfo fcinfo, const SummaryKind *kind)
{
	Before		before = before_argument(fcinfo, kind);
	MetricHead	head;
	void	   *value = kind->read_value(PG_GETARG_VARLENA_PP(1), &head);
	void	   *builder;

	kind->check_alike(&before.head, &head);
	builder = builder_with(fcinfo, kind, &before, &head);
	if (builder == NULL)
	{
		MemoryContextSwitchTo(expanded_begin(&before.state->expanded));
		kind->add_value(before.state->builder, value,
						before.state->expanded.header.eoh_context);
		PG_RETURN_DATUM(expanded_datum(&before.state->expanded));
	}
	kind->add_value(builder, value, CurrentMemoryContext);
	PG_RETURN_POINTER(kind->finish(builder, head.grain, head.zone));
}

/* ----------------------------------------------------------------
 *		Timelines
 * ----------------------------------------------------------------
 */

/* Flags of the timelines that summaries with such flags are made of. */
static uint8
timeline_flags(const SummaryKind *kind, uint8 flags)
{
	return (flags & kind->levels ? TIMELINE_LEVELS : 0) |
		(flags & kind->money ? TIMELINE_MONEY : 0);
}

/* What the summary of a timeline begins with. */
static MetricHead
timeline_head(const SummaryKind *kind, Grain *grain, const TimelineReader *r)
{
	MetricHead	head = {0};

	head.flags = kind->always |
		(r->flags & TIMELINE_MONEY ? kind->money : 0) |
		(timeline_has_levels(r) ? kind->levels : 0);
	head.grain = grain;
	head.zone = pnstrdup(r->zone, r->zone_len);
	return head;
}

/*
 * May a timeline be added to those before?  Error 22023 when not, and false
 * when it is of another kind but adds nothing: then the order of the rows
 * must not decide.
 */
static bool
goes_with(const SummaryKind *kind, const MetricHead *before,
		  const MetricHead *head, TimelineItems *items,
		  const struct varlena *timeline)
{
	TimelineReader r;
	void	   *builder;

	if (likely(grain_equal(before->grain, head->grain) &&
			   strcmp(before->zone, head->zone) == 0 &&
			   before->flags == head->flags && before->lag == head->lag))
		return true;
	builder = palloc(kind->builder_size);
	kind->init(builder, head);
	timeline_read_value(&r, timeline);
	kind->add_customer(builder, items, &r);
	if (kind->finish(builder, head->grain, head->zone) == NULL)
		return false;
	timeline_check_alike(timeline_flags(kind, before->flags), before->zone,
						 strlen(before->zone),
						 timeline_flags(kind, head->flags), head->zone,
						 strlen(head->zone));
	kind->check_alike(before, head);
	return true;
}

/* (summary, timeline, grain) -> summary */
Datum
summary_add_timeline(FunctionCallInfo fcinfo, const SummaryKind *kind)
{
	Before		before = {0};
	Grain	   *grain;
	TimelineItems *items;
	TimelineReader r;
	MetricHead	head;
	MemoryContext old;
	struct varlena *value;
	void	   *builder;

	if (PG_ARGISNULL(2))
		constant_refuse_null(CONSTANT_GRAIN, NULL);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	grain = PG_GETARG_GRAIN(2);
	timeline_read_value(&r, PG_GETARG_TIMELINE(1));
	items = timeline_items_prepare(fcinfo, grain, &r, kind->check_grain);
	head = timeline_head(kind, grain, &r);
	if (kind->take_arguments != NULL)
		kind->take_arguments(fcinfo, &head);
	if (!PG_ARGISNULL(0))
	{
		before = before_argument(fcinfo, kind);
		if (!goes_with(kind, &before.head, &head, items, PG_GETARG_TIMELINE(1)))
			PG_RETURN_DATUM(before.state == NULL ? PG_GETARG_DATUM(0) :
							expanded_datum(&before.state->expanded));
	}
	builder = builder_with(fcinfo, kind, &before, &head);
	if (before.state != NULL)
	{
		old = expanded_begin(&before.state->expanded);
		kind->add_customer(before.state->builder, items, &r);
		MemoryContextSwitchTo(old);
		PG_RETURN_DATUM(expanded_datum(&before.state->expanded));
	}
	kind->add_customer(builder, items, &r);
	value = kind->finish(builder, grain, head.zone);
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(value);
}
