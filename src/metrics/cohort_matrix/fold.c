/*
 * cohort_matrix/fold.c
 *		The fold from a ledger to a cohort matrix.
 *
 * Each customer is looked at once, with its whole history (sorted only where
 * ages reach past ROW_AGES or are no plain difference of periods):
 *
 *	history		2024-01: 2 orders, 2024-02: 1, 2024-04: 1
 *	cohort		2024-01, size + 1
 *	age			0   1   2   3
 *	active		+1  +1      +1
 *	last_active             +1		(age 3 is the last)
 *	streak_end	    +1				(ages 0 and 1, not 2)
 *	orders		+2  +1      +1
 *
 * From these, "active at k or later" is the sum of last_active over the ages
 * from k on, and "active at every age to k" the sum of streak_end likewise.
 */
#include "metrics/cohort_matrix/build.h"

#include "base/aggregate.h"
#include "history/ledger_aggregate.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

extern Datum retention_cohort_matrix_merge(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(retention_cohort_matrix_final);
PG_FUNCTION_INFO_V1(retention_recurring_matrix_final);

/* A customer being added: its cohort and what is found out about it. */
typedef struct Customer
{
	Builder    *builder;
	BuildRow   *row;
	int64		start;			/* period or moment */
	int32		cohort;
	int32		last;			/* last active age, or -1 */
	int32		streak;			/* active at every age up to this one */
} Customer;

/* The sums of one of the customer's ages. */
static inline CellSums *
customer_cell(const Customer *c, int64 age)
{
	return builder_cell(c->builder, c->row, c->cohort, age);
}

/* What one customer did at one age. */
typedef struct AgeSum
{
	int64		age;
	int64		orders;
	int128		revenue;
} AgeSum;

/* Book an age of a customer, ages coming in order. */
static inline void
book_age(Customer *c, const AgeSum *sum)
{
	CellSums   *cell;

	if (sum->orders == 0 && sum->revenue == 0)
		return;
	cell = customer_cell(c, sum->age);
	cell->orders += sum->orders;
	cell->revenue += sum->revenue;
	if (sum->orders > 0)
	{
		cell->active++;
		c->last = (int32) sum->age;
		if (sum->age == c->streak + 1)
			c->streak = (int32) sum->age;
	}
}

/* Add a customer whose items are in order of time; returns the latest. */
static int64
fold_ordered(Customer *c, const LedgerItem *items, int n)
{
	Calendar   *calendar = c->builder->calendar;
	bool		plain = grain_is_calendar(calendar->grain);
	AgeSum		sum = {-1, 0, 0};
	int64		latest = c->start;

	for (int i = 0; i < n; i++)
	{
		int64		time = ledger_time(items[i].when);
		int64		age;

		if (time < c->start || (items[i].when & LEDGER_START))
			continue;
		latest = time;
		age = plain ? time - c->start : calendar_age(calendar, c->start, time);
		if (age < 0)
			continue;
		if (age != sum.age)
		{
			book_age(c, &sum);
			sum.age = age;
			sum.orders = 0;
			sum.revenue = 0;
		}
		sum.orders += ledger_count(items[i].when);
		sum.revenue += items[i].amount;
	}
	book_age(c, &sum);
	return latest;
}

/*
 * Add a customer all of whose ages are below ROW_AGES, items in any order:
 * a bit for each active age tells the last and the streak.
 */
static void
fold_unordered(Customer *c, const LedgerItem *items, int n)
{
	uint64		active = 0;
	uint64		idle;

	for (int i = 0; i < n; i++)
	{
		int64		age = ledger_time(items[i].when) - c->start;
		CellSums   *cell;

		if (age < 0 || (items[i].when & LEDGER_START))
			continue;
		cell = customer_cell(c, age);
		cell->revenue += items[i].amount;
		if (ledger_count(items[i].when) > 0)
		{
			uint64		bit = UINT64CONST(1) << age;

			cell->orders += ledger_count(items[i].when);
			cell->active += (active & bit) == 0;
			active |= bit;
		}
	}
	if (active == 0)
		return;
	c->last = pg_leftmost_one_pos64(active);
	idle = ~active;
	if (c->streak == 0)			/* by started_at: age 0 does not matter */
		idle &= ~UINT64CONST(1);
	c->streak = idle == 0 ? ROW_AGES - 1 : pg_rightmost_one_pos64(idle) - 1;
}

/* Is there an order at or after a time?  Refunds count only beside one. */
static bool
has_order_since(const LedgerItem *items, int n, int64 time)
{
	for (int i = 0; i < n; i++)
		if (ledger_count(items[i].when) > 0 && ledger_time(items[i].when) >= time)
			return true;
	return false;
}

/* Add one customer to the matrix; items come in no order. */
void
fold_orders(LedgerItem *items, int n, void *builder)
{
	Builder    *b = builder;
	const Grain *grain = b->calendar->grain;
	bool		started = (b->flags & MATRIX_STARTED) != 0;
	uint64		start = PG_UINT64_MAX;
	uint64		latest = 0;
	int64		last;
	Customer	c;

	for (int i = 0; i < n; i++)
	{
		uint64		when = items[i].when;

		if (started ? (when & LEDGER_START) != 0 : ledger_count(when) > 0)
			start = Min(start, when);
		if ((when & LEDGER_START) == 0)
			latest = Max(latest, when);
	}
	/* who was there before the calendar begins is in no cohort */
	if (start == PG_UINT64_MAX ||
		calendar_is_before(b->calendar, ledger_time(start)))
		return;
	c.builder = b;
	c.start = ledger_time(start);
	c.cohort = grain_is_since_start(grain) ?
		calendar_period_of_moment(b->calendar, c.start) : (int32) c.start;
	c.row = builder_add_size(b, c.cohort, 1);
	c.last = -1;
	c.streak = started ? 0 : -1;

	if (started && !has_order_since(items, n, c.start))
	{
		builder_reach(b, c.start);
		return;
	}
	last = Max(ledger_time(latest), c.start);
	if (grain_is_calendar(grain) && last - c.start < ROW_AGES)
		fold_unordered(&c, items, n);
	else
		last = fold_ordered(&c, items, ledger_settle_items(items, n,
														   LEDGER_COUNT_MAX,
														   PG_INT64_MAX));
	if (c.last >= 0)
		customer_cell(&c, c.last)->last_active++;
	if (c.streak >= (started ? 1 : 0))
		customer_cell(&c, c.streak)->streak_end++;
	builder_reach(b, last);
}

/* Leave out orders and refunds of periods with fewer than at_least orders. */
static int
keep_at_least(LedgerItem *items, int n, int64 at_least)
{
	int			kept = 0;

	n = ledger_settle_starts(items, n, LEDGER_COUNT_MAX, PG_INT64_MAX);
	for (int i = 0, end; i < n; i = end)
	{
		int64		time = ledger_time(items[i].when);
		int64		orders = 0;

		for (end = i; end < n && ledger_time(items[end].when) == time; end++)
			if ((items[end].when & LEDGER_START) == 0)
				orders += ledger_count(items[end].when);
		for (; i < end; i++)
			if (orders >= at_least || (items[i].when & LEDGER_START) != 0)
				items[kept++] = items[i];
	}
	return kept;
}

void
fold_orders_at_least(LedgerItem *items, int n, void *builder)
{
	n = keep_at_least(items, n, ((Builder *) builder)->at_least);
	fold_orders(items, n, builder);
}

void
fold_recurring_at_least(LedgerItem *items, int n, void *builder)
{
	n = keep_at_least(items, n, ((Builder *) builder)->at_least);
	fold_recurring_orders(items, n, builder);
}

/*
 * The calendar to fold a ledger with: the one its rows were cut with, or for
 * merged states one like it.
 */
static Calendar *
fold_calendar(const Ledger *ledger)
{
	const LedgerSettings *settings = &ledger->settings;
	pg_tz	   *zone = NULL;

	/* levels go from day to day: no zone has a part in them any more */
	if (settings->flags & LEDGER_LEVELS)
		return calendar_create(settings->grain, NULL, true,
							   CurrentMemoryContext);
	if (ledger->calendar != NULL)
		return ledger->calendar;
	if (settings->zone[0] != '\0')
		zone = pg_tzset(settings->zone);
	return calendar_create(settings->grain, zone,
						   grain_is_since_start(settings->grain),
						   CurrentMemoryContext);
}

/* The kind of matrix a ledger makes. */
static uint8
matrix_flags(uint8 ledger_flags)
{
	uint8		flags = 0;

	if ((ledger_flags & LEDGER_MONEY) && !(ledger_flags & LEDGER_UNITS))
		flags |= MATRIX_MONEY;
	if (ledger_flags & LEDGER_STARTED)
		flags |= MATRIX_STARTED;
	if (ledger_flags & LEDGER_LEVELS)
		flags |= MATRIX_LEVELS;
	return flags;
}

/* A recurring matrix of rows is one of events, by calendar periods: else 22023. */
static void
check_recurring(const LedgerSettings *settings)
{
	recurring_check_grain(settings->grain);
	if (settings->flags & LEDGER_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a recurring matrix over rows goes with events, not with ranges"),
				 errdetail("The level of a customer is known once all ranges of the customer are in."),
				 errhint("Make a timeline of each customer first: SELECT recurring_matrix(t, 'month') FROM (SELECT timeline(during) AS t FROM subscriptions GROUP BY customer) x.")));
}

/* The fold for a ledger. */
static LedgerVisitor
find_fold(const LedgerSettings *settings, bool recurring)
{
	if (settings->flags & LEDGER_LEVELS)
		return fold_levels;
	if (settings->parameter > 0)
		return recurring ? fold_recurring_at_least : fold_orders_at_least;
	return recurring ? fold_recurring_orders : fold_orders;
}

/* The matrix of a state, which is left as it is. */
static Datum
matrix_final(FunctionCallInfo fcinfo, bool recurring)
{
	const LedgerSettings *settings;
	Builder		b;
	Ledger	   *ledger;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_argument(fcinfo, 0);
	if (ledger->finished != NULL)
		return ledger_finished_sum(fcinfo, ledger, retention_cohort_matrix_merge);
	settings = &ledger->settings;
	if (recurring)
		check_recurring(settings);
	builder_init(&b, matrix_flags(settings->flags) |
				 (recurring ? MATRIX_RECURRING : 0));
	b.calendar = fold_calendar(ledger);
	b.at_least = settings->parameter;
	if (ledger_is_large(ledger))
		builder_use_rows(&b);
	ledger_visit(ledger, find_fold(settings, recurring), &b);
	if (builder_is_empty(&b))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(builder_finish(&b, settings->grain, settings->zone));
}

/*
 * Final function of cohort_matrix(...) over rows: (internal) -> cohort_matrix.
 * NULL when no customer has a cohort.
 */
Datum
retention_cohort_matrix_final(PG_FUNCTION_ARGS)
{
	return matrix_final(fcinfo, false);
}

/* The same of recurring_matrix(...) over rows. */
Datum
retention_recurring_matrix_final(PG_FUNCTION_ARGS)
{
	return matrix_final(fcinfo, true);
}
