/*
 * cohort_matrix/fold_recurring.c
 *		The folds of one customer into a recurring matrix: the customer belongs
 *		to the cohort of every period it is active in, or that holds a start.
 *
 *	active		January, February, April
 *	January		ages 0, 1, 3	last active at 3, a streak to 1
 *	February	ages 0, 2		last active at 2, a streak to 0
 *	April		age 0			last active at 0, a streak to 0
 *
 * Each cohort counts what a first-time matrix would count of a customer who
 * starts there.
 */
#include "metrics/cohort_matrix/build.h"

#include "metrics/timeline_items.h"
#include "miscadmin.h"

/*
 * A customer is counted once for every pair of its active periods: 2500 of
 * them make three million cells.
 */
#define MAX_PERIODS 2500

/*
 * A customer being added, by period ascending: where it starts, and where it
 * is active or, with money, has refunds alone.
 */
typedef struct RecurringCustomer
{
	bool		started;		/* starts are given; else it is active there */
	int			nstarts;
	int			n;
	int			last;			/* the last period active in, -1 for none */
	int32		starts[MAX_PERIODS];
	int32		periods[MAX_PERIODS];
	bool		active[MAX_PERIODS];
	int128		amounts[MAX_PERIODS];
} RecurringCustomer;

void
recurring_check_grain(const Grain *grain)
{
	if (!grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a recurring matrix goes with a plain calendar grain only"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Leave out \"since start\" and cut points, as in 'month'.")));
}

static void
refuse_periods(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many active periods for a recurring matrix"),
			 errdetail("A customer is active in more than %d periods, and is counted once for each pair of them.",
					   MAX_PERIODS),
			 errhint("Use a coarser grain, or a shorter part of the time.")));
}

/* Nobody yet; the arrays are left as they are. */
static void
customer_init(RecurringCustomer *c, const Builder *b)
{
	c->started = (b->flags & MATRIX_STARTED) != 0;
	c->nstarts = c->n = 0;
	c->last = -1;
}

static inline void
add_start(RecurringCustomer *c, int64 period)
{
	if (c->nstarts > 0 && c->starts[c->nstarts - 1] == period)
		return;
	if (c->nstarts == MAX_PERIODS)
		refuse_periods();
	c->starts[c->nstarts++] = (int32) period;
}

/* What a customer does in a period, which comes after those before. */
static inline void
add_period(RecurringCustomer *c, int64 period, bool active, int128 amount)
{
	if (c->n == MAX_PERIODS)
		refuse_periods();
	if (active)
	{
		c->last = c->n;
		if (!c->started)
			add_start(c, period);
	}
	c->periods[c->n] = (int32) period;
	c->active[c->n] = active;
	c->amounts[c->n++] = amount;
}

/* All ages of a customer in a cohort, from is its first period there. */
static inline void
book_ages(Builder *b, BuildRow *row, const RecurringCustomer *c, int32 cohort,
		  int from, bool money)
{
	for (int i = from; i < c->n; i++)
	{
		int64		age = (int64) c->periods[i] - cohort;
		BuildPage  *page = builder_page(b, row, cohort, age);

		/* without money there are active periods alone */
		if (!money || c->active[i])
			builder_count_one(b, page, age, RECURRING_ACTIVE);
		if (money)
			page->revenue[(uint64) age % PAGE_AGES] += c->amounts[i];
	}
}

/*
 * The period that a streak in a cohort begins in: with given starts that after
 * the start; -1 when there is none.
 */
static inline int
streak_begin(const RecurringCustomer *c, int32 cohort, int from)
{
	if (!c->started)
		return from;
	if (c->periods[from] == cohort)
		from++;
	return from < c->n && c->active[from] &&
		c->periods[from] == (int64) cohort + 1 ? from : -1;
}

/* Count one customer at an age of a cohort. */
static inline void
count_at(Builder *b, BuildRow *row, int32 cohort, int32 period,
		 RecurringCount which)
{
	int64		age = (int64) period - cohort;

	builder_count_one(b, builder_page(b, row, cohort, age), age, which);
}

/* Count a customer in the cohort of each of its starts. */
static void
book_starts(Builder *b, const RecurringCustomer *c)
{
	bool		money = (b->flags & MATRIX_MONEY) != 0;
	int			from = 0;
	int			streak = 0;		/* the last of the run that streaks are in */

	for (int i = 0; i < c->nstarts; i++)
	{
		int32		cohort = c->starts[i];
		BuildRow   *row = builder_add_size(b, cohort, 1);
		int			begin;

		CHECK_FOR_INTERRUPTS();
		while (from < c->n && c->periods[from] < cohort)
			from++;
		/* who never orders from here on has no refunds either */
		if (c->last < from)
			continue;
		(money ? book_ages(b, row, c, cohort, from, true) :
		 book_ages(b, row, c, cohort, from, false));
		count_at(b, row, cohort, c->periods[c->last], RECURRING_LAST_ACTIVE);
		begin = streak_begin(c, cohort, from);
		if (begin < 0)
			continue;
		for (streak = Max(streak, begin);
			 streak < c->last && c->active[streak + 1] &&
			 c->periods[streak + 1] == c->periods[streak] + 1;
			 streak++)
			;
		count_at(b, row, cohort, c->periods[streak], RECURRING_STREAK_END);
	}
}

/* The periods of a customer's items, which are in order of time. */
static void
take_periods(RecurringCustomer *c, const LedgerItem *items, int n, bool money,
			 const Calendar *calendar)
{
	int			i = 0;

	while (i < n && calendar_is_before(calendar, ledger_time(items[i].when)))
		i++;
	for (int end; i < n; i = end)
	{
		int64		period = ledger_time(items[i].when);
		bool		active = false;
		int128		amount = 0;

		for (end = i; end < n && ledger_time(items[end].when) == period; end++)
		{
			if (items[end].when & LEDGER_START)
			{
				add_start(c, period);
				continue;
			}
			active |= ledger_count(items[end].when) > 0;
			amount += items[end].amount;
		}
		if (active || (money && amount != 0))
			add_period(c, period, active, amount);
	}
}

/* Add one customer of orders; times are periods. */
void
fold_recurring_orders(LedgerItem *items, int n, void *builder)
{
	Builder    *b = builder;
	RecurringCustomer c;

	customer_init(&c, b);
	n = ledger_settle_starts(items, n, LEDGER_COUNT_MAX, PG_INT64_MAX);
	take_periods(&c, items, n, (b->flags & MATRIX_MONEY) != 0, b->calendar);
	if (c.nstarts == 0)
		return;
	builder_reach(b, c.starts[c.nstarts - 1]);
	if (c.last >= 0 && c.periods[c.last] >= c.starts[0])
		builder_reach(b, c.periods[c.n - 1]);
	book_starts(b, &c);
}

/* A level at the ends of the periods from one up to another. */
static void
add_level(RecurringCustomer *c, const Calendar *calendar, int128 level,
		  int64 from, int64 to)
{
	if (level <= 0)
		return;
	for (from = calendar_is_before(calendar, from) ? 0 : from; from < to; from++)
		add_period(c, from, true, 0);
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
	RecurringCustomer c;
	int128		level = 0;
	int128		change;
	int64		from = 0;		/* period the level holds at the end of */
	int64		last_rise = 0;

	n = calendar_levels(b->calendar, items,
						ledger_settle_items(items, n, LEDGER_COUNT_MAX,
											PG_INT64_MAX));
	customer_init(&c, b);
	for (int i = 0; i < n;)
	{
		int64		period = calendar_period_of_date(b->calendar,
													 (DateADT) ledger_time(items[i].when));

		add_level(&c, b->calendar, level, from, period);
		from = period;
		i = ledger_add_time(items, n, i, &change);
		level += change;
		if (change > 0 && level > 0)
			last_rise = period;
	}
	/* a calendar of dates has one for all */
	if (b->calendar->dates != NULL)
		add_level(&c, b->calendar, level, from, calendar_end(b->calendar));
	else if (level > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a level without end has no recurring matrix"),
				 errdetail("A customer whose level never ends would belong to a cohort in every period to come."),
				 errhint("Give open ranges an end, such as the end of the data: daterange(started_on, coalesce(ended_on, current_date)).")));
	if (c.n == 0)
		return;
	/* a level that begins before the calendar is there where it begins */
	builder_reach(b, calendar_is_before(b->calendar, last_rise) ? 0 : last_rise);
	book_starts(b, &c);
}
