/*
 * cohort_matrix/build.c
 *		A cohort matrix under construction.
 */
#include "metrics/cohort_matrix/build.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#define AGE_SIZE (-1)
#define AGE_UNUSED (-2)

#define MAX_ROWS 4096			/* further cohorts have cells only */
#define ROW_SLOTS 8192
#define MAX_CELLS (INT64CONST(1) << 25)
#define FIRST_BITS 5
#define CHECK_CELLS 1024		/* between looks at interrupts */

/* A cell to be written; the key sorts as the cohort, then the age, SIZE first. */
typedef struct FinishedCell
{
	uint64		key;
	const CellSums *sums;
} FinishedCell;

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE FinishedCell
#define ST_COMPARE(a, b) (((a)->key > (b)->key) - ((a)->key < (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* ----------------------------------------------------------------
 *		The table and the rows
 * ----------------------------------------------------------------
 */

/* An empty table of 2^bits cells. */
static BuildCell *
new_table(int bits)
{
	Size		n = (Size) 1 << bits;
	BuildCell  *cells = palloc_extended(n * sizeof(BuildCell), MCXT_ALLOC_HUGE);

	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_CELLS == 0)
			CHECK_FOR_INTERRUPTS();
		cells[i].age = AGE_UNUSED;
	}
	return cells;
}

/* The slot of a cell: where it is, or where it goes. */
static inline BuildCell *
find_slot(const Builder *b, int32 cohort, int32 age)
{
	BuildCell  *cells = b->cells;
	uint64		key = (uint64) (uint32) cohort << 32 | (uint32) age;
	uint64		mask = ((uint64) 1 << b->bits) - 1;
	uint64		slot = salt_hash(&b->salt, key) & mask;

	while (cells[slot].age != AGE_UNUSED &&
		   (cells[slot].age != age || cells[slot].cohort != cohort))
		slot = (slot + 1) & mask;
	return &cells[slot];
}

static void
refuse_size(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("cohort matrix is too large"),
			 errdetail("It would have more than %lld cells.",
					   (long long) MAX_CELLS),
			 errhint("Use a coarser grain, or one matrix for each part of the time.")));
}

static void
grow_table(Builder *b)
{
	BuildCell  *old = b->cells;
	Size		n = (Size) 1 << b->bits;

	b->cells = new_table(++b->bits);
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (old[i].age != AGE_UNUSED)
			*find_slot(b, old[i].cohort, old[i].age) = old[i];
	}
	pfree(old);
}

/* The cell of a cohort and age in the table, made when it is not there. */
CellSums *
builder_table_cell(Builder *b, int32 cohort, int32 age)
{
	BuildCell  *cell = find_slot(b, cohort, age);

	if (unlikely(cell->age == AGE_UNUSED))
	{
		if ((b->used + 1) * 2 > (int64) 1 << b->bits)
		{
			if (b->used >= MAX_CELLS)
				refuse_size();
			grow_table(b);
			cell = find_slot(b, cohort, age);
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
	uint32		slot = salt_hash(&b->salt, (uint32) cohort) % ROW_SLOTS;
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
	row = b->rows[slot] =
		MemoryContextAllocZero(GetMemoryChunkContext(b->rows),
							   b->flags & MATRIX_RECURRING ? RECURRING_ROW_SIZE : sizeof(BuildRow));
	row->cohort = cohort;
	b->nrows++;
	return row;
}

/* Begin with a matrix of MATRIX_* flags; the calendar is set by the caller. */
void
builder_init(Builder *b, uint8 flags)
{
	memset(b, 0, sizeof(*b));
	b->flags = flags;
	b->salt = salt_draw();
	b->bits = FIRST_BITS;
	b->cells = new_table(b->bits);
	if (flags & MATRIX_RECURRING)
		b->pages = build_pages_create((flags & MATRIX_MONEY) != 0);
	if (matrix_has_gross(flags))
		b->gross = build_gross_create();
	b->last = PG_INT64_MIN;
	b->last_period = PG_INT32_MIN;
}

/* Customers are many: keep the first ages of cohorts in rows from now on. */
void
builder_use_rows(Builder *b)
{
	if (b->rows == NULL)
		b->rows = palloc0(ROW_SLOTS * sizeof(BuildRow *));
}

/* The data reach to this time: a period or, under since start, a moment. */
void
builder_reach(Builder *b, int64 time)
{
	if (time <= b->last)
		return;
	b->last = time;
	b->last_period = Max(b->last_period,
						 grain_is_since_start(b->calendar->grain) ?
						 calendar_period_of_moment(b->calendar, time) :
						 (int32) time);
}

/* Customers of a cohort; returns its row, if it has one. */
BuildRow *
builder_add_size(Builder *b, int32 cohort, int64 size)
{
	BuildRow   *row = builder_row(b, cohort);

	if (row != NULL)
		row->size += size;
	else
		builder_table_cell(b, cohort, AGE_SIZE)->active += size;
	return row;
}

/* An age no matrix can hold. */
void
builder_refuse_age(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("age out of range"),
			 errdetail("More than %d periods lie between a customer's start and activity.",
					   PG_INT32_MAX),
			 errhint("Use a coarser grain, or filter the outlier.")));
}

/* ----------------------------------------------------------------
 *		One customer
 * ----------------------------------------------------------------
 */

/* The cohort of the only customer of a small first-time matrix; false: none. */
bool
builder_first_cohort(const Builder *b, int32 *cohort)
{
	for (Size i = 0; i < (Size) 1 << b->bits; i++)
		if (b->cells[i].age == AGE_SIZE)
		{
			*cohort = b->cells[i].cohort;
			return true;
		}
	return false;
}

/* Is that customer active at an age? */
int64
builder_active(const Builder *b, int32 age)
{
	bool		changes = matrix_has_changes(b->flags);
	int64		active = 0;

	for (Size i = 0; i < (Size) 1 << b->bits; i++)
	{
		const BuildCell *cell = &b->cells[i];

		if (cell->age >= 0 && (changes ? cell->age <= age : cell->age == age))
			active += cell->sums.active;
	}
	return active;
}

/* ----------------------------------------------------------------
 *		Adding a matrix
 * ----------------------------------------------------------------
 */

static void
refuse_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("cohort matrix out of range"),
			 errdetail("A sum of the two matrices does not fit in its type."),
			 errhint("Matrices are added up once for each customer; check that none is there twice.")));
}

/* Add a cell of other customers to those of a cohort of a recurring matrix. */
static void
add_recurring_cell(Builder *b, BuildRow *row, int32 cohort,
				   const MatrixCell *cell)
{
	BuildPage  *page = builder_page(b, row, cohort, cell->age);

	builder_count(b, page, cell->age, RECURRING_ACTIVE, cell->active);
	builder_count(b, page, cell->age, RECURRING_LAST_ACTIVE, cell->last_active);
	builder_count(b, page, cell->age, RECURRING_STREAK_END, cell->streak_end);
	if (b->flags & MATRIX_MONEY)
		page->revenue[cell->age % PAGE_AGES] += cell->revenue;
}

/* Add a cell of other customers to those of a cohort. */
static void
add_cell(Builder *b, BuildRow *row, int32 cohort, const MatrixCell *cell)
{
	CellSums   *sums;

	b->total_revenue += cell->revenue < 0 ? -cell->revenue : cell->revenue;
	if (b->total_revenue > matrix_revenue_max(b->flags))
		refuse_overflow();
	if (b->flags & MATRIX_RECURRING)
	{
		add_recurring_cell(b, row, cohort, cell);
		return;
	}
	sums = builder_cell(b, row, cohort, cell->age);
	if (pg_add_s64_overflow(b->total_orders, cell->orders, &b->total_orders))
		refuse_overflow();
	if (cell->kept != 0 || cell->base != 0)
		build_gross_add(b->gross, cohort, cell->age, cell->kept, cell->base);
	sums->active += cell->active;
	sums->last_active += cell->last_active;
	sums->streak_end += cell->streak_end;
	sums->orders += cell->orders;
	sums->revenue += cell->revenue;
}

/*
 * Add a cohort of a matrix of other customers, which must be of the same kind:
 * all it stores are sums over customers.  Sums that do not fit are error
 * 22003.
 */
void
builder_add_cohort(Builder *b, const MatrixCohort *cohort)
{
	BuildRow   *row = builder_add_size(b, cohort->period, cohort->size);

	if (pg_add_s64_overflow(b->total_size, cohort->size, &b->total_size))
		refuse_overflow();
	for (int64 i = 0; i < cohort->ncells; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_cell(b, row, cohort->period, &cohort->cells[i]);
	}
}

/* ----------------------------------------------------------------
 *		The finished matrix
 * ----------------------------------------------------------------
 */

static inline bool
sums_are_empty(const CellSums *s)
{
	return s->active == 0 && s->orders == 0 && s->revenue == 0 &&
		s->last_active == 0 && s->streak_end == 0;
}

static inline void
collect(FinishedCell *cells, int64 *n, int32 cohort, int32 age,
		const CellSums *sums)
{
	if (sums_are_empty(sums))
		return;
	cells[*n].key = (uint64) ((uint32) cohort ^ 0x80000000U) << 32 |
		((uint32) age ^ 0x80000000U);
	cells[(*n)++].sums = sums;
}

static inline int32
finished_cohort(const FinishedCell *cell)
{
	return (int32) ((uint32) (cell->key >> 32) ^ 0x80000000U);
}

static inline int32
finished_age(const FinishedCell *cell)
{
	return (int32) ((uint32) cell->key ^ 0x80000000U);
}

/* The sums of a cell that is in the table and in a row. */
static const CellSums *
both_sums(const CellSums *a, const CellSums *b)
{
	CellSums   *sums = palloc(sizeof(CellSums));

	sums->revenue = a->revenue + b->revenue;
	sums->active = a->active + b->active;
	sums->last_active = a->last_active + b->last_active;
	sums->streak_end = a->streak_end + b->streak_end;
	sums->orders = a->orders + b->orders;
	return sums;
}

/* All cells in order, each once. */
static FinishedCell *
collect_cells(const Builder *b, int64 *ncells)
{
	Size		size = (Size) 1 << b->bits;
	int			ages = b->flags & MATRIX_RECURRING ? 0 : ROW_AGES;
	Size		most = b->used + (Size) b->nrows * (ages + 1) + 1;
	FinishedCell *cells = palloc_extended(most * sizeof(FinishedCell), MCXT_ALLOC_HUGE);
	CellSums   *size_of = b->nrows > 0 ? palloc0(b->nrows * sizeof(CellSums)) : NULL;
	int64		n = 0;
	int64		last = 0;

	for (Size i = 0; i < size; i++)
	{
		if (i % CHECK_CELLS == 0)
			CHECK_FOR_INTERRUPTS();
		if (b->cells[i].age != AGE_UNUSED)
			collect(cells, &n, b->cells[i].cohort, b->cells[i].age,
					&b->cells[i].sums);
	}
	for (int i = 0; size_of != NULL && i < ROW_SLOTS; i++)
	{
		const BuildRow *row = b->rows[i];

		if (row == NULL)
			continue;
		size_of->active = row->size;
		collect(cells, &n, row->cohort, AGE_SIZE, size_of++);
		for (int age = 0; age < ages; age++)
			collect(cells, &n, row->cohort, age, &row->ages.cells[age]);
	}
	sort_cells(cells, n);
	for (int64 i = 1; i < n; i++)
	{
		if (cells[i].key != cells[last].key)
			cells[++last] = cells[i];
		else
			cells[last].sums = both_sums(cells[last].sums, cells[i].sums);
	}
	*ncells = Min(n, last + 1);
	return cells;
}

/* A matrix being written, cohort by cohort. */
typedef struct Finish
{
	Matrix		head;
	RecordWriter writer;
	MatrixCell *cells;			/* of a cohort */
	int64		max_cells;
	int64		customers;
	int128		revenue;		/* of absolute values */
	BuildPage **pages;			/* not yet written */
	BuildPage **end;
	const GrossCell *gross;		/* not yet written */
	const GrossCell *gross_end;
} Finish;

/*
 * One more cell of the cohort; sums may have cancelled out.  gross is what is
 * kept at that age, or NULL.
 */
static inline void
finish_cell(Finish *f, MatrixCohort *cohort, int32 age, const CellSums *sums,
			const GrossCell *gross)
{
	MatrixCell *out = &f->cells[cohort->ncells];

	if (sums_are_empty(sums) && gross == NULL)
		return;
	out->kept = gross == NULL ? 0 : gross->kept;
	out->base = gross == NULL ? 0 : gross->base;
	out->age = age;
	out->active = sums->active;
	out->last_active = sums->last_active;
	out->streak_end = sums->streak_end;
	out->orders = sums->orders;
	out->revenue = sums->revenue;
	f->revenue += sums->revenue < 0 ? -sums->revenue : sums->revenue;
	cohort->ncells++;
}

/* The cells of a page, with what other cells of these ages hold. */
static void
finish_page(Finish *f, MatrixCohort *cohort, const BuildPage *page,
			const FinishedCell **cell, const FinishedCell *end)
{
	for (int i = 0; i < PAGE_AGES; i++)
	{
		int32		age = page->number * PAGE_AGES + i;
		CellSums	sums = {0};

		for (; *cell < end && finished_age(*cell) < age; (*cell)++)
			finish_cell(f, cohort, finished_age(*cell), (*cell)->sums, NULL);
		if (*cell < end && finished_age(*cell) == age)
			sums = *(*cell)++->sums;
		for (int which = 0; which <= RECURRING_STREAK_END; which++)
			*recurring_sum(&sums, which) += page->counts[which][i];
		if (f->head.flags & MATRIX_MONEY)
			sums.revenue += page->revenue[i];
		finish_cell(f, cohort, age, &sums, NULL);
	}
}

/* The cells of a cohort, with what is kept at each age. */
static void
finish_gross(Finish *f, MatrixCohort *cohort, const FinishedCell *cell,
			 const FinishedCell *end)
{
	static const CellSums nothing;

	for (; f->gross == f->gross_end && cell < end; cell++)
		finish_cell(f, cohort, finished_age(cell), cell->sums, NULL);
	while (cell < end || f->gross < f->gross_end)
	{
		const GrossCell *gross = f->gross < f->gross_end &&
			gross_cohort(f->gross) == cohort->period ? f->gross : NULL;

		if (cell == end && gross == NULL)
			return;
		if (gross != NULL && (cell == end || gross_age(gross) <= finished_age(cell)))
		{
			bool		both = cell < end && gross_age(gross) == finished_age(cell);

			finish_cell(f, cohort, gross_age(gross),
						both ? cell->sums : &nothing, gross);
			cell += both;
			f->gross++;
			continue;
		}
		finish_cell(f, cohort, finished_age(cell), cell->sums, NULL);
		cell++;
	}
}

/* Write a cohort: its cells in order of age, the first of them its size. */
static void
finish_cohort(Finish *f, const FinishedCell *cell, const FinishedCell *end)
{
	MatrixCohort cohort = {0};
	BuildPage **pages = f->pages;
	int64		room;

	CHECK_FOR_INTERRUPTS();
	cohort.period = finished_cohort(cell);
	cohort.size = cell++->sums->active;
	if (cohort.size < 0 ||
		pg_add_s64_overflow(f->customers, cohort.size, &f->customers))
		refuse_overflow();
	while (f->pages < f->end && (*f->pages)->cohort == cohort.period)
		f->pages++;
	room = end - cell + (f->pages - pages) * PAGE_AGES;
	for (const GrossCell *gross = f->gross; gross < f->gross_end &&
		 gross_cohort(gross) == cohort.period; gross++)
		room++;
	if (room > f->max_cells)
	{
		if (f->cells != NULL)
			pfree(f->cells);
		f->max_cells = 2 * room;
		f->cells = palloc_extended(f->max_cells * sizeof(MatrixCell),
								   MCXT_ALLOC_HUGE);
	}
	for (; pages != NULL && pages < f->pages; pages++)
		finish_page(f, &cohort, *pages, &cell, end);
	finish_gross(f, &cohort, cell, end);
	/* all cells of a cohort beyond what there may be still fit 128 bits */
	if (f->revenue > matrix_revenue_max(f->head.flags))
		refuse_overflow();
	cohort.cells = f->cells;
	record_writer_item(&f->writer, &cohort);
}

/*
 * The matrix as a datum (palloc'd), of at least one customer; the builder is
 * left as it is.
 */
struct varlena *
builder_finish(const Builder *b, const Grain *grain, const char *zone)
{
	Finish		f = {0};
	int64		npages;
	int64		n;
	FinishedCell *cells = collect_cells(b, &n);
	BuildPage **pages = build_pages_sorted(b->pages, &npages);
	int64		ngross;
	GrossCell  *gross = build_gross_sorted(b->gross, &ngross);

	f.gross = gross;
	f.gross_end = gross == NULL ? NULL : gross + ngross;
	f.pages = pages;
	f.end = pages == NULL ? NULL : pages + npages;
	f.head.flags = b->flags;
	f.head.grain = unconstify(Grain *, grain);
	f.head.zone = zone;
	f.head.last = b->last_period;
	for (int64 i = 0; i < n; i++)
		f.head.ncohorts += finished_age(&cells[i]) == AGE_SIZE;
	matrix_writer_begin(&f.writer, &f.head, finished_cohort(&cells[0]));
	for (int64 i = 0, end; i < n; i = end)
	{
		Assert(finished_age(&cells[i]) == AGE_SIZE);
		for (end = i + 1; end < n && finished_age(&cells[end]) != AGE_SIZE; end++)
			;
		finish_cohort(&f, cells + i, cells + end);
	}
	pfree(cells);
	if (pages != NULL)
		pfree(pages);
	if (gross != NULL)
		pfree(gross);
	if (f.cells != NULL)
		pfree(f.cells);
	return record_writer_end(&f.writer);
}
