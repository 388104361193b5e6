/*
 * cohort_matrix/membership.c
 *		Who is in that cell: cohort_of and active_at_age of one timeline.
 *
 * They are read off the matrix of this one customer, made by the folds that
 * make any other, so that the customers of a cell are those it counts.
 */
#include "metrics/cohort_matrix/build.h"

#include "metrics/timeline_items.h"

PG_FUNCTION_INFO_V1(retention_cohort_of);
PG_FUNCTION_INFO_V1(retention_active_at_age);

/* A start on a date, as an item beside those of a timeline. */
static LedgerItem *
add_start(const LedgerItem *items, int n, Calendar *calendar, bool levels,
		  DateADT started_at)
{
	LedgerItem *all = palloc_extended((n + 1) * sizeof(LedgerItem),
									  MCXT_ALLOC_HUGE);
	int64		time;

	if (DATE_NOT_FINITE(started_at))
		calendar_refuse_infinite();
	time = levels ? started_at :
		grain_is_since_start(calendar->grain) ?
		calendar_moment_of_date(calendar, started_at) :
		calendar_period_of_date(calendar, started_at);
	memcpy(all, items, n * sizeof(LedgerItem));
	all[n].when = ledger_when(time, 0) | LEDGER_START;
	all[n].amount = 0;
	return all;
}

/*
 * The matrix of the timeline in argument 0 by the grain in argument 1, the
 * start being in argument n, NULL for the first activity.
 */
static void
build_matrix(FunctionCallInfo fcinfo, int n, Builder *b)
{
	TimelineReader r;
	TimelineItems *t;
	LedgerItem *items;
	bool		started = !PG_ARGISNULL(n);
	bool		levels;
	int			nitems;

	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	levels = timeline_has_levels(&r);
	t = timeline_items_prepare(fcinfo, PG_GETARG_GRAIN(1), &r,
							   matrix_check_grain);
	nitems = timeline_items_read(t, &r);
	items = t->items;
	if (started)
		items = add_start(items, nitems++, t->calendar, levels,
						  PG_GETARG_DATEADT(n));
	builder_init(b, (started ? MATRIX_STARTED : 0) |
				 (levels ? MATRIX_LEVELS : 0));
	b->calendar = t->calendar;
	(levels ? fold_levels : fold_orders) (items, nitems, b);
}

/*
 * cohort_of(t, grain, started_at): the first day of the cohort's period; NULL
 * for who has none.
 */
Datum
retention_cohort_of(PG_FUNCTION_ARGS)
{
	Builder		b;
	int32		cohort;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	build_matrix(fcinfo, 2, &b);
	if (!builder_first_cohort(&b, &cohort))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(calendar_date(calendar_period_start(b.calendar, cohort)));
}

/*
 * active_at_age(t, grain, age, started_at): is the customer counted as active
 * in that cell?  NULL for who has no cohort, and for an age the grain has not.
 */
Datum
retention_active_at_age(PG_FUNCTION_ARGS)
{
	Builder		b;
	int32		cohort;
	int32		age;
	int64		max_ages;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	age = PG_GETARG_INT32(2);
	build_matrix(fcinfo, 3, &b);
	max_ages = calendar_max_ages(b.calendar);
	if (age < 0 || (max_ages >= 0 && age >= max_ages) ||
		!builder_first_cohort(&b, &cohort))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(builder_active(&b, age) > 0);
}
