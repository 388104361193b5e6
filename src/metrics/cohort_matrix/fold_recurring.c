/*
 * cohort_matrix/fold_recurring.c
 *		The folds of one customer into a recurring matrix: the customer belongs
 *		to the cohort of every period it is active in.
 *
 *	active		January, February, April
 *	January		ages 0, 1, 3	last active at 3, a streak to 1
 *	February	ages 0, 2		last active at 2, a streak to 0
 *	April		age 0			last active at 0, a streak to 0
 */
#include "metrics/cohort_matrix/build.h"

#include "miscadmin.h"

/*
 * A customer is counted once for every pair of its active periods: 2500 of
 * them make three million cells.
 */
#define MAX_PERIODS 2500

/* Active periods of a customer, ascending. */
typedef struct ActivePeriods
{
	int			n;
	int32		periods[MAX_PERIODS];
} ActivePeriods;

static void
refuse_periods(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many active periods for a recurring matrix"),
			 errdetail("A customer is active in more than %d periods, and is counted once for each pair of them.",
					   MAX_PERIODS),
			 errhint("Use a coarser grain, or shorter timelines.")));
}

static inline void
add_period(ActivePeriods *active, int64 period)
{
	if (active->n > 0 && active->periods[active->n - 1] == period)
		return;
	if (active->n == MAX_PERIODS)
		refuse_periods();
	active->periods[active->n++] = (int32) period;
}

/* Count a customer in the cohort of each of its periods. */
static void
book_periods(Builder *b, const ActivePeriods *active)
{
	int			streak = 0;		/* periods[streak] ends the run i is in */

	for (int i = 0; i < active->n; i++)
	{
		int32		cohort = active->periods[i];
		BuildRow   *row = builder_add_size(b, cohort, 1);

		CHECK_FOR_INTERRUPTS();
		for (int j = i; j < active->n; j++)
			builder_count_one(b, row, cohort, (int64) active->periods[j] - cohort,
							  RECURRING_ACTIVE);
		builder_count_one(b, row, cohort,
						  (int64) active->periods[active->n - 1] - cohort,
						  RECURRING_LAST_ACTIVE);
		for (streak = Max(streak, i);
			 streak + 1 < active->n &&
			 active->periods[streak + 1] == active->periods[streak] + 1;
			 streak++)
			;
		builder_count_one(b, row, cohort,
						  (int64) active->periods[streak] - cohort,
						  RECURRING_STREAK_END);
	}
}

/* Add one customer of orders; times are periods. */
void
fold_recurring_orders(LedgerItem *items, int n, void *builder)
{
	Builder    *b = builder;
	ActivePeriods active;

	n = ledger_settle_items(items, n, LEDGER_COUNT_MAX, PG_INT64_MAX);
	active.n = 0;
	for (int i = 0; i < n; i++)
		if (ledger_count(items[i].when) > 0)
			add_period(&active, ledger_time(items[i].when));
	if (active.n == 0)
		return;
	builder_reach(b, active.periods[active.n - 1]);
	book_periods(b, &active);
}

/*
 * Add one customer of levels; times are days.  Active is who has a level
 * above zero at the end of a period, so a level without end would have no
 * last cohort: error 22023.
 */
void
fold_recurring_levels(LedgerItem *items, int n, void *builder)
{
	Builder    *b = builder;
	ActivePeriods active;
	int128		level = 0;
	int128		change;
	int64		from = 0;		/* period the level holds at the end of */
	int64		last_rise = 0;

	n = ledger_settle_items(items, n, LEDGER_COUNT_MAX, PG_INT64_MAX);
	active.n = 0;
	for (int i = 0; i < n;)
	{
		int64		period = calendar_period_of_date(b->calendar,
													 (DateADT) ledger_time(items[i].when));

		for (; level > 0 && from < period; from++)
			add_period(&active, from);
		from = period;
		i = ledger_add_time(items, n, i, &change);
		level += change;
		if (change > 0 && level > 0)
			last_rise = period;
	}
	if (level > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a level without end has no recurring matrix"),
				 errdetail("A customer whose level never ends would belong to a cohort in every period to come."),
				 errhint("Give open ranges an end, such as the end of the data: daterange(started_on, coalesce(ended_on, current_date)).")));
	if (active.n == 0)
		return;
	builder_reach(b, last_rise);
	book_periods(b, &active);
}
