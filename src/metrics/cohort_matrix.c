/*
 * cohort_matrix.c
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
#include "metrics/cohort_matrix.h"

#include "base/aggregate.h"
#include "history/ledger_aggregate.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_final);

/* What a cell counts, see MatrixCell. */
typedef struct CellSums
{
	int128		revenue;
	int64		active;
	int64		last_active;
	int64		streak_end;
	int64		orders;
} CellSums;

/* A cell in the table; one of age SIZE counts the cohort's size in active. */
typedef struct BuildCell
{
	CellSums	sums;
	int32		cohort;
	int32		age;
} BuildCell;

#define AGE_SIZE (-1)
#define AGE_UNUSED (-2)

/* The first ages of a cohort side by side, where customers are many. */
#define ROW_AGES 64
#define MAX_ROWS 4096			/* further cohorts have cells only */
#define ROW_SLOTS 8192

typedef struct BuildRow
{
	int32		cohort;
	int64		size;
	CellSums	cells[ROW_AGES];
} BuildRow;

/*
 * A matrix under construction: cells in an open-addressing table at most half
 * full, and rows for the first ages of the first cohorts of a large ledger.
 */
typedef struct Builder
{
	Calendar   *calendar;
	uint8		flags;			/* MATRIX_* */
	BuildCell  *cells;
	int			bits;			/* log2 of the table's size */
	int64		used;
	BuildRow  **rows;			/* by hash of the cohort; NULL: no rows */
	int			nrows;
	int64		last;			/* last time counted: period or moment */
} Builder;

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE BuildCell
#define ST_COMPARE(a, b) \
	((a)->cohort != (b)->cohort ? ((a)->cohort < (b)->cohort ? -1 : 1) : \
	 (a)->age < (b)->age ? -1 : (a)->age > (b)->age ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* An empty table of 2^bits cells. */
static BuildCell *
new_table(int bits)
{
	Size		n = (Size) 1 << bits;
	BuildCell  *cells = palloc_extended(n * sizeof(BuildCell), MCXT_ALLOC_HUGE);

	for (Size i = 0; i < n; i++)
		cells[i].age = AGE_UNUSED;
	return cells;
}

/* The slot of a cell: where it is, or where it goes. */
static inline BuildCell *
find_slot(BuildCell *cells, int bits, int32 cohort, int32 age)
{
	uint64		key = (uint64) (uint32) cohort << 32 | (uint32) age;
	uint64		mask = ((uint64) 1 << bits) - 1;
	uint64		slot = (key * UINT64CONST(0x9E3779B97F4A7C15)) >> (64 - bits);

	while (cells[slot].age != AGE_UNUSED &&
		   (cells[slot].age != age || cells[slot].cohort != cohort))
		slot = (slot + 1) & mask;
	return &cells[slot];
}

static void
grow_table(Builder *b)
{
	BuildCell  *old = b->cells;
	Size		n = (Size) 1 << b->bits;

	b->cells = new_table(++b->bits);
	for (Size i = 0; i < n; i++)
		if (old[i].age != AGE_UNUSED)
			*find_slot(b->cells, b->bits, old[i].cohort, old[i].age) = old[i];
	pfree(old);
}

/* The cell of a cohort and age in the table, made when it is not there. */
static CellSums *
table_cell(Builder *b, int32 cohort, int32 age)
{
	BuildCell  *cell = find_slot(b->cells, b->bits, cohort, age);

	if (unlikely(cell->age == AGE_UNUSED))
	{
		if ((b->used + 1) * 2 > (int64) 1 << b->bits)
		{
			grow_table(b);
			cell = find_slot(b->cells, b->bits, cohort, age);
		}
		memset(cell, 0, sizeof(*cell));
		cell->cohort = cohort;
		cell->age = age;
		b->used++;
	}
	return &cell->sums;
}

/* The row of a cohort, or NULL when it has none. */
static BuildRow *
builder_row(Builder *b, int32 cohort)
{
	uint32		slot = ((uint32) cohort * 0x9E3779B1U) % ROW_SLOTS;
	BuildRow   *row;

	if (b->rows == NULL)
		return NULL;
	while ((row = b->rows[slot]) != NULL)
	{
		if (row->cohort == cohort)
			return row;
		slot = (slot + 1) % ROW_SLOTS;
	}
	if (b->nrows == MAX_ROWS)
		return NULL;
	row = b->rows[slot] = palloc0(sizeof(BuildRow));
	row->cohort = cohort;
	b->nrows++;
	return row;
}

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
	if (c->row != NULL && age < ROW_AGES)
		return &c->row->cells[age];
	if (unlikely(age > PG_INT32_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("age out of range"),
				 errdetail("More than %d periods lie between a customer's start and activity.",
						   PG_INT32_MAX),
				 errhint("Use a coarser grain, or filter the outlier.")));
	return table_cell(c->builder, c->cohort, (int32) age);
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
static void
fold_customer(LedgerItem *items, int n, void *arg)
{
	Builder    *b = arg;
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
	if (start == PG_UINT64_MAX)
		return;
	c.builder = b;
	c.start = ledger_time(start);
	c.cohort = grain_is_since_start(grain) ?
		calendar_period_of_moment(b->calendar, c.start) : (int32) c.start;
	c.row = builder_row(b, c.cohort);
	c.last = -1;
	c.streak = started ? 0 : -1;
	if (c.row != NULL)
		c.row->size++;
	else
		table_cell(b, c.cohort, AGE_SIZE)->active++;

	if (started && !has_order_since(items, n, c.start))
	{
		b->last = Max(b->last, c.start);
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
	b->last = Max(b->last, last);
}

static inline bool
sums_are_empty(const CellSums *s)
{
	return s->active == 0 && s->orders == 0 && s->revenue == 0;
}

/* Move the rows into the table of cells. */
static void
builder_tabulate_rows(Builder *b)
{
	for (int i = 0; b->rows != NULL && i < ROW_SLOTS; i++)
	{
		BuildRow   *row = b->rows[i];

		if (row == NULL)
			continue;
		table_cell(b, row->cohort, AGE_SIZE)->active = row->size;
		for (int age = 0; age < ROW_AGES; age++)
			if (!sums_are_empty(&row->cells[age]))
				*table_cell(b, row->cohort, age) = row->cells[age];
	}
}

/* Bring the cells into order and make them a matrix. */
static struct varlena *
builder_finish(Builder *b, const LedgerSettings *settings)
{
	Matrix		matrix = {0};
	BuildCell  *cells;
	Size		n;
	int64		used = 0;
	int64		ncohorts = 0;
	MatrixCell *out;

	builder_tabulate_rows(b);
	cells = b->cells;
	n = (Size) 1 << b->bits;
	for (Size i = 0; i < n; i++)
		if (cells[i].age != AGE_UNUSED && !sums_are_empty(&cells[i].sums))
		{
			ncohorts += cells[i].age == AGE_SIZE;
			cells[used++] = cells[i];
		}
	sort_cells(cells, used);

	matrix.flags = b->flags;
	matrix.grain = unconstify(Grain *, settings->grain);
	matrix.zone = settings->zone;
	matrix.last = grain_is_since_start(settings->grain) ?
		calendar_period_of_moment(b->calendar, b->last) : (int32) b->last;
	matrix.ncohorts = (int32) ncohorts;
	matrix.cohorts = palloc_extended(ncohorts * sizeof(MatrixCohort),
									 MCXT_ALLOC_HUGE);
	out = palloc_extended(Max(used, 1) * sizeof(MatrixCell), MCXT_ALLOC_HUGE);
	ncohorts = -1;
	for (int64 i = 0; i < used; i++)
	{
		MatrixCohort *cohort;

		if (cells[i].age == AGE_SIZE)
		{
			cohort = &matrix.cohorts[++ncohorts];
			cohort->period = cells[i].cohort;
			cohort->size = cells[i].sums.active;
			cohort->ncells = 0;
			cohort->cells = out;
			continue;
		}
		matrix.cohorts[ncohorts].ncells++;
		out->age = cells[i].age;
		out->active = cells[i].sums.active;
		out->last_active = cells[i].sums.last_active;
		out->streak_end = cells[i].sums.streak_end;
		out->orders = cells[i].sums.orders;
		out->revenue = cells[i].sums.revenue;
		out++;
	}
	return matrix_encode(&matrix);
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

	if (ledger->calendar != NULL)
		return ledger->calendar;
	if (settings->zone[0] != '\0')
		zone = pg_tzset(settings->zone);
	return calendar_create(settings->grain, zone,
						   grain_is_since_start(settings->grain),
						   CurrentMemoryContext);
}

/*
 * Final function of cohort_matrix(...) over rows: (internal) -> cohort_matrix.
 * NULL when no customer has a cohort.  The state is left as it is.
 */
Datum
retention_cohort_matrix_final(PG_FUNCTION_ARGS)
{
	Builder		b = {0};
	Ledger	   *ledger;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_argument(fcinfo, 0);
	b.calendar = fold_calendar(ledger);
	b.flags = ((ledger->settings.flags & LEDGER_MONEY) ? MATRIX_MONEY : 0) |
		((ledger->settings.flags & LEDGER_STARTED) ? MATRIX_STARTED : 0);
	b.bits = 6;
	b.cells = new_table(b.bits);
	b.last = PG_INT64_MIN;
	if (ledger_is_large(ledger))
		b.rows = palloc0(ROW_SLOTS * sizeof(BuildRow *));
	ledger_visit(ledger, fold_customer, &b);
	if (b.used == 0 && b.nrows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(builder_finish(&b, &ledger->settings));
}
