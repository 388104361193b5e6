/*
 * cohort_matrix_timelines.c
 *		cohort_matrix(timeline, grain) and recurring_matrix(timeline, grain):
 *		each timeline is a customer.
 */
#include "history/timeline.h"
#include "metrics/cohort_matrix_state.h"

#include "base/grain_parse.h"
#include "miscadmin.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_add_timeline);
PG_FUNCTION_INFO_V1(retention_recurring_matrix_add_timeline);

/* What a call site keeps from row to row. */
typedef struct TimelineFold
{
	Calendar   *calendar;		/* of the grain last used; days are local */
	LedgerItem *items;
	int64		size;
} TimelineFold;

/* ----------------------------------------------------------------
 *		What goes together
 * ----------------------------------------------------------------
 */

/* A grain that timelines cannot be counted with: error 22023. */
static void
check_grain(const Grain *grain, bool recurring)
{
	if (grain->unit == GRAIN_HOUR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timelines are counted from day to day, not by hours"),
				 errdetail("The grain is \"%s\".", grain_to_cstring(grain)),
				 errhint("Use a grain of days or longer, or cohort_matrix(customer, at, grain) over the rows.")));
	if (recurring && !grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a recurring matrix goes with a plain calendar grain only"),
				 errdetail("The grain is \"%s\".", grain_to_cstring(grain)),
				 errhint("Leave out \"since start\" and cut points, as in 'month'.")));
}

/* Days were cut in the zone of the timeline: the grain cannot name another. */
static void
check_zone(const Grain *grain, const TimelineReader *r)
{
	if (r->zone_len == 0 || grain_zone_len(grain) == 0 ||
		(grain_zone_len(grain) == r->zone_len &&
		 memcmp(grain_zone(grain), r->zone, r->zone_len) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the grain names another time zone than the timeline was cut in"),
			 errdetail("The timeline was cut in \"%.*s\", the grain is \"%s\".",
					   r->zone_len, r->zone, grain_to_cstring(grain)),
			 errhint("Leave the zone out of the grain, or build the timelines in it: timeline(at, amount, zone).")));
}

/* ----------------------------------------------------------------
 *		Folding
 * ----------------------------------------------------------------
 */

/* The call site's calendar and buffer, made ready for a grain. */
static TimelineFold *
fold_prepare(FunctionCallInfo fcinfo, const Grain *grain, bool recurring)
{
	TimelineFold *fold = fcinfo->flinfo->fn_extra;

	if (likely(fold != NULL && grain_equal(fold->calendar->grain, grain)))
		return fold;
	check_grain(grain, recurring);
	if (fold == NULL)
	{
		fold = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(TimelineFold));
		fold->size = 64;
		fold->items = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
										 fold->size * sizeof(LedgerItem));
		fcinfo->flinfo->fn_extra = fold;
	}
	else
		calendar_free(fold->calendar);
	fold->calendar = calendar_create(grain, NULL, true, fcinfo->flinfo->fn_mcxt);
	return fold;
}

/* Room for one more item. */
static inline LedgerItem *
next_item(TimelineFold *fold, int64 *n)
{
	if (unlikely(*n == fold->size))
	{
		CHECK_FOR_INTERRUPTS();
		if (fold->size > PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("timeline has too many days")));
		fold->size *= 2;
		fold->items = repalloc_huge(fold->items,
									fold->size * sizeof(LedgerItem));
	}
	return &fold->items[(*n)++];
}

/* A day whose sums do not fit one item, in pieces. */
static void
put_large_day(TimelineFold *fold, int64 *n, int64 time, const TimelineDay *day)
{
	int64		orders = day->orders;
	int128		amount = day->amount;

	do
	{
		LedgerItem *item = next_item(fold, n);
		int64		some = Min(orders, (int64) LEDGER_COUNT_MAX);

		CHECK_FOR_INTERRUPTS();
		item->when = ledger_when(time, some);
		item->amount = amount > PG_INT64_MAX ? PG_INT64_MAX :
			amount < PG_INT64_MIN ? PG_INT64_MIN : (int64) amount;
		orders -= some;
		amount -= item->amount;
	} while (orders > 0 || amount != 0);
}

/* The days of a timeline as the folds take them; returns their number. */
static int
read_items(TimelineFold *fold, TimelineReader *r)
{
	Calendar   *calendar = fold->calendar;
	bool		levels = timeline_has_levels(r);
	bool		moments = grain_is_since_start(calendar->grain);
	const TimelineDay *day;
	int64		n = 0;

	while ((day = timeline_next(r)) != NULL)
	{
		int64		time = levels ? day->day :
			moments ? calendar_moment_of_date(calendar, day->day) :
			calendar_period_of_date(calendar, day->day);

		if (likely(day->orders <= (int64) LEDGER_COUNT_MAX &&
				   day->amount == (int64) day->amount))
		{
			LedgerItem *item = next_item(fold, &n);

			item->when = ledger_when(time, day->orders);
			item->amount = (int64) day->amount;
		}
		else
			put_large_day(fold, &n, time, day);
	}
	return (int) n;
}

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

/* Add the customer of a timeline to a builder. */
static void
add_customer(Builder *b, TimelineFold *fold, TimelineReader *r)
{
	int			n = read_items(fold, r);

	b->calendar = fold->calendar;
	if (b->flags & MATRIX_RECURRING)
		(timeline_has_levels(r) ? fold_recurring_levels :
		 fold_recurring_orders) (fold->items, n, b);
	else
		(timeline_has_levels(r) ? fold_levels : fold_orders) (fold->items, n, b);
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
	TimelineFold *fold;
	TimelineReader r;
	Matrix		head;
	Builder		b;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("grain must not be NULL"),
				 errhint("Pass a grain such as 'month' or 'week starting sunday'.")));
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	grain = PG_GETARG_GRAIN(2);
	timeline_read_value(&r, PG_GETARG_TIMELINE(1));
	check_zone(grain, &r);
	head = timeline_matrix(grain, &r, recurring);
	fold = fold_prepare(fcinfo, grain, recurring);
	if (!PG_ARGISNULL(0))
	{
		state = matrix_state_argument(fcinfo, 0);
		if (state == NULL)
		{
			matrix = PG_GETARG_MATRIX(0);
			state = matrix_state_expand(fcinfo, 0, matrix);
		}
	}
	if (state != NULL)
	{
		Matrix		before = matrix_state_head(state);
		MemoryContext old;

		matrix_check_alike(&before, &head);
		old = matrix_state_begin(state);
		add_customer(&state->builder, fold, &r);
		MemoryContextSwitchTo(old);
		PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
	}
	builder_init(&b, head.flags);
	if (matrix != NULL)
	{
		matrix_check_alike(matrix, &head);
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
