/*
 * cohort_matrix_timelines.c
 *		cohort_matrix(timeline, grain) and recurring_matrix(timeline, grain):
 *		each timeline is a customer.
 */
#include "metrics/cohort_matrix_state.h"

#include "base/constant.h"

#include "metrics/timeline_items.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_add_timeline);
PG_FUNCTION_INFO_V1(retention_recurring_matrix_add_timeline);

/* ----------------------------------------------------------------
 *		What goes together
 * ----------------------------------------------------------------
 */

/* A grain that timelines cannot be counted with: error 22023. */
static void
check_grain(const Grain *grain)
{
	if (grain->unit == GRAIN_HOUR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timelines are counted from day to day, not by hours"),
				 errdetail("The grain is \"%s\".", grain_to_cstring(grain)),
				 errhint("Use a grain of days or longer, or cohort_matrix(customer, at, grain) over the rows.")));
}

/* Likewise for a recurring matrix. */
static void
check_recurring(const Grain *grain)
{
	if (!grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a recurring matrix goes with a plain calendar grain only"),
				 errdetail("The grain is \"%s\".", grain_to_cstring(grain)),
				 errhint("Leave out \"since start\" and cut points, as in 'month'.")));
}

/* ----------------------------------------------------------------
 *		Folding
 * ----------------------------------------------------------------
 */

/* The head of the matrix a timeline makes. */
static Matrix
timeline_matrix(const Grain *grain, const TimelineReader *r, bool recurring)
{
	Matrix		head = {0};

	if (recurring)
		head.flags = MATRIX_RECURRING;
	else if (r->flags & TIMELINE_MONEY)
		head.flags = MATRIX_MONEY;
	if (timeline_has_levels(r))
		head.flags |= MATRIX_LEVELS;
	head.grain = unconstify(Grain *, grain);
	head.zone = pnstrdup(r->zone, r->zone_len);
	return head;
}

/* Flags of the timelines that matrices with such flags are made of. */
static uint8
timeline_flags(uint8 flags)
{
	return (flags & MATRIX_LEVELS ? TIMELINE_LEVELS : 0) |
		(flags & MATRIX_MONEY ? TIMELINE_MONEY : 0);
}

/* Add the customer of a timeline to a builder. */
static void
add_customer(Builder *b, TimelineItems *fold, TimelineReader *r)
{
	int			n = timeline_items_read(fold, r);

	b->calendar = fold->calendar;
	if (b->flags & MATRIX_RECURRING)
		(timeline_has_levels(r) ? fold_recurring_levels :
		 fold_recurring_orders) (fold->items, n, b);
	else
		(timeline_has_levels(r) ? fold_levels : fold_orders) (fold->items, n, b);
}

/*
 * May a timeline be added to those before?  Error 22023 when not, and false
 * when it is of another kind but adds nothing: then the order of the rows
 * must not decide.
 */
static bool
goes_with(const Matrix *before, const Matrix *head, TimelineItems *fold,
		  const struct varlena *timeline)
{
	TimelineReader r;
	Builder		b;

	if (likely(grain_equal(before->grain, head->grain) &&
			   strcmp(before->zone, head->zone) == 0 &&
			   before->flags == head->flags))
		return true;
	builder_init(&b, head->flags);
	timeline_read_value(&r, timeline);
	add_customer(&b, fold, &r);
	if (builder_is_empty(&b))
		return false;
	timeline_check_alike(timeline_flags(before->flags), before->zone,
						 strlen(before->zone), timeline_flags(head->flags),
						 head->zone, strlen(head->zone));
	matrix_check_alike(before, head);
	return true;
}

/*
 * The step of both aggregates: (cohort_matrix, timeline, grain) ->
 * cohort_matrix.  A NULL timeline, or one that is never active, adds nothing.
 */
static Datum
add_timeline(FunctionCallInfo fcinfo, bool recurring)
{
	MatrixState *state = NULL;
	Matrix	   *matrix = NULL;
	Grain	   *grain;
	TimelineItems *fold;
	TimelineReader r;
	Matrix		head;
	Builder		b;

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
	head = timeline_matrix(grain, &r, recurring);
	fold = timeline_items_prepare(fcinfo, grain, &r,
								  recurring ? check_recurring : check_grain);
	if (!PG_ARGISNULL(0))
	{
		state = matrix_state_argument(fcinfo, 0);
		if (state == NULL)
			state = matrix_state_expand(fcinfo, 0);
		if (state == NULL)
			matrix = PG_GETARG_MATRIX(0);
	}
	if (state != NULL)
	{
		Matrix		before = matrix_state_head(state);
		MemoryContext old;

		if (goes_with(&before, &head, fold, PG_GETARG_TIMELINE(1)))
		{
			old = expanded_begin(&state->expanded);
			add_customer(&state->builder, fold, &r);
			MemoryContextSwitchTo(old);
		}
		PG_RETURN_DATUM(expanded_datum(&state->expanded));
	}
	builder_init(&b, head.flags);
	if (matrix != NULL)
	{
		if (!goes_with(matrix, &head, fold, PG_GETARG_TIMELINE(1)))
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));
		builder_add_matrix(&b, matrix);
	}
	add_customer(&b, fold, &r);
	if (builder_is_empty(&b))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(builder_finish(&b, grain, head.zone));
}

/* Transition function of cohort_matrix(timeline, grain). */
Datum
retention_cohort_matrix_add_timeline(PG_FUNCTION_ARGS)
{
	return add_timeline(fcinfo, false);
}

/* Transition function of recurring_matrix(timeline, grain). */
Datum
retention_recurring_matrix_add_timeline(PG_FUNCTION_ARGS)
{
	return add_timeline(fcinfo, true);
}
