/*
 * cohort_matrix.c
 *		The fold from a ledger to a cohort matrix.
 *
 * Each customer is looked at once, with its history in order of time:
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
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_final);

/* A cell under construction; one of age SIZE counts the cohort in active. */
typedef struct BuildCell
{
	int32		cohort;
	int32		age;
	int64		active;
	int64		last_active;
	int64		streak_end;
	int64		orders;
	int128		revenue;
} BuildCell;

#define AGE_SIZE (-1)
#define AGE_UNUSED (-2)

/* Open-addressing table of cells, at most half full. */
typedef struct Builder
{
	Calendar   *calendar;
	uint8		flags;			/* MATRIX_* */
	BuildCell  *cells;
	int			bits;			/* log2 of the table's size */
	int64		used;
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

/* The cell of a cohort and age, made when it is not there yet. */
static inline BuildCell *
builder_cell(Builder *b, int32 cohort, int32 age)
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
	return cell;
}

/* What one customer did at one age. */
typedef struct AgeSum
{
	int64		age;
	int64		orders;
	int128		revenue;
} AgeSum;

/* Book an age of a customer; keeps track of its last age and streak. */
static inline void
book_age(Builder *b, int32 cohort, const AgeSum *sum, int32 *last,
		 int32 *streak)
{
	BuildCell  *cell;

	if (sum->orders == 0 && sum->revenue == 0)
		return;
	if (unlikely(sum->age > PG_INT32_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("age out of range"),
				 errdetail("More than %d periods lie between a customer's start and activity.",
						   PG_INT32_MAX),
				 errhint("Use a coarser grain, or filter the outlier.")));
	cell = builder_cell(b, cohort, (int32) sum->age);
	cell->orders += sum->orders;
	cell->revenue += sum->revenue;
	if (sum->orders > 0)
	{
		cell->active++;
		*last = (int32) sum->age;
		if (sum->age == *streak + 1)
			*streak = (int32) sum->age;
	}
}

/* Index of the item that makes the customer's start, or -1. */
static inline int
find_start(const LedgerItem *items, int n, bool started)
{
	for (int i = 0; i < n; i++)
		if (started ? (items[i].when & LEDGER_START) != 0 :
			ledger_count(items[i].when) > 0)
			return i;
	return -1;
}

/* Add one customer to the matrix. */
static void
fold_customer(const LedgerItem *items, int n, void *arg)
{
	Builder    *b = arg;
	const Grain *grain = b->calendar->grain;
	bool		started = (b->flags & MATRIX_STARTED) != 0;
	bool		plain = grain_is_calendar(grain);
	int			first = find_start(items, n, started);
	AgeSum		sum = {-1, 0, 0};
	int32		last = -1;
	int32		streak = started ? 0 : -1;
	int64		start;
	int64		latest;
	int32		cohort;

	if (first < 0)
		return;
	start = latest = ledger_time(items[first].when);
	cohort = grain_is_since_start(grain) ?
		calendar_period_of_moment(b->calendar, start) : (int32) start;
	builder_cell(b, cohort, AGE_SIZE)->active++;

	/* what happened in the period of the start may stand before it */
	for (int i = 0; i < n; i++)
	{
		int64		time = ledger_time(items[i].when);
		int64		age;

		if (time < start || (items[i].when & LEDGER_START))
			continue;
		latest = time;
		age = plain ? time - start : calendar_age(b->calendar, start, time);
		if (age < 0)
			continue;
		if (age != sum.age)
		{
			book_age(b, cohort, &sum, &last, &streak);
			sum.age = age;
			sum.orders = 0;
			sum.revenue = 0;
		}
		sum.orders += ledger_count(items[i].when);
		sum.revenue += items[i].amount;
	}
	book_age(b, cohort, &sum, &last, &streak);

	if (last >= 0)
		builder_cell(b, cohort, last)->last_active++;
	if (streak >= (started ? 1 : 0))
		builder_cell(b, cohort, streak)->streak_end++;
	if (latest > b->last)
		b->last = latest;
}

/* Bring the cells into order and make them a matrix. */
static struct varlena *
builder_finish(Builder *b, const LedgerSettings *settings)
{
	Matrix		matrix = {0};
	BuildCell  *cells = b->cells;
	Size		n = (Size) 1 << b->bits;
	int64		used = 0;
	int64		ncohorts = 0;
	MatrixCell *out;

	for (Size i = 0; i < n; i++)
		if (cells[i].age != AGE_UNUSED &&
			(cells[i].age == AGE_SIZE || cells[i].active != 0 ||
			 cells[i].orders != 0 || cells[i].revenue != 0))
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
			cohort->size = cells[i].active;
			cohort->ncells = 0;
			cohort->cells = out;
			continue;
		}
		matrix.cohorts[ncohorts].ncells++;
		out->age = cells[i].age;
		out->active = cells[i].active;
		out->last_active = cells[i].last_active;
		out->streak_end = cells[i].streak_end;
		out->orders = cells[i].orders;
		out->revenue = cells[i].revenue;
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
	if (settings->flags & LEDGER_INSTANTS)
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
	ledger_visit(ledger, fold_customer, &b);
	if (b.used == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(builder_finish(&b, &ledger->settings));
}
