/*
 * cohort_matrix/build.h
 *		A cohort matrix under construction.
 *
 * Customers are added one at a time, each with its whole history (the folds
 * below), and matrices of other customers as a whole.
 */
#ifndef RETENTION_COHORT_MATRIX_BUILD_H
#define RETENTION_COHORT_MATRIX_BUILD_H

#include "history/ledger.h"
#include "metrics/cohort_matrix/type.h"

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

/* The ages of a cohort from number * PAGE_AGES on, of a recurring matrix. */
#define PAGE_AGES 8

typedef enum RecurringCount
{
	RECURRING_ACTIVE,
	RECURRING_LAST_ACTIVE,
	RECURRING_STREAK_END
} RecurringCount;

typedef struct BuildPage
{
	int32		cohort;
	int32		number;
	uint32		counts[RECURRING_STREAK_END + 1][PAGE_AGES];
	int128		revenue[FLEXIBLE_ARRAY_MEMBER]; /* PAGE_AGES, only with
												 * MATRIX_MONEY */
} BuildPage;

/*
 * A cohort's first ages side by side, where customers are many; of a recurring
 * matrix its first pages, NULL where they have not been asked for.
 */
#define ROW_AGES 64
#define ROW_PAGES 64

typedef struct BuildRow
{
	int32		cohort;
	int64		size;
	union
	{
		CellSums	cells[ROW_AGES];
		BuildPage  *pages[ROW_PAGES];
	}			ages;
} BuildRow;

#define RECURRING_ROW_SIZE \
	(offsetof(BuildRow, ages) + ROW_PAGES * sizeof(BuildPage *))

/* Changes of what is kept and of the bases, see cohort_matrix/build_gross.c. */
typedef struct GrossCell
{
	int128		kept;
	int128		base;
	uint64		key;			/* by cohort, then age */
	char		status;			/* of the table they are made in */
} GrossCell;

/* Sorts as the cohort, then the age. */
static inline uint64
gross_key(int32 cohort, int32 age)
{
	return (uint64) ((uint32) cohort ^ 0x80000000U) << 32 | (uint32) age;
}

static inline int32
gross_cohort(const GrossCell *cell)
{
	return (int32) ((uint32) (cell->key >> 32) ^ 0x80000000U);
}

static inline int32
gross_age(const GrossCell *cell)
{
	return (int32) (uint32) cell->key;
}

typedef struct BuildGross BuildGross;
typedef struct BuildPages BuildPages;	/* cohort_matrix/build_pages.c */

/*
 * Cells lie in an open-addressing table at most half full, but those of a
 * recurring matrix in pages; the first ages of the first cohorts, where there
 * are many customers, in rows.  All are allocated in the current memory
 * context.
 */
typedef struct Builder
{
	Calendar   *calendar;		/* for the folds */
	uint8		flags;			/* MATRIX_* */
	Salt		salt;			/* of the slots of cells and rows */
	BuildCell  *cells;
	int			bits;			/* log2 of the table's size */
	int64		used;
	BuildPages *pages;			/* only with MATRIX_RECURRING */
	BuildGross *gross;			/* only of levels with money */
	BuildPage  *page;			/* counted in last */
	BuildRow  **rows;			/* by hash of the cohort; NULL: no rows */
	int			nrows;
	int64		at_least;		/* for the folds: orders that make a customer
								 * active in a period */
	int64		last;			/* last time counted: period or moment */
	int32		last_period;	/* the period it is in */
	int64		total_size;		/* of the matrices added, to keep sums in */
	int64		total_orders;	/* their types */
	int128		total_revenue;	/* of absolute values */
} Builder;

extern void builder_init(Builder *b, uint8 flags);
extern void builder_use_rows(Builder *b);
extern void builder_reach(Builder *b, int64 time);
extern CellSums *builder_table_cell(Builder *b, int32 cohort, int32 age);
extern BuildRow *builder_add_size(Builder *b, int32 cohort, int64 size);
pg_noreturn extern void builder_refuse_age(void);
extern bool builder_first_cohort(const Builder *b, int32 *cohort);
extern int64 builder_active(const Builder *b, int32 age);
extern void builder_add_cohort(Builder *b, const MatrixCohort *cohort);
extern BuildPage *builder_page_slowly(Builder *b, BuildRow *row, int32 cohort,
									  int64 age);
extern void builder_count(Builder *b, BuildPage *page, int64 age,
						  RecurringCount which, int64 n);
extern struct varlena *builder_finish(const Builder *b, const Grain *grain,
									  const char *zone);

extern BuildGross *build_gross_create(void);
extern void build_gross_add(BuildGross *gross, int32 cohort, int64 age,
							int128 kept, int128 base);
extern GrossCell *build_gross_sorted(const BuildGross *gross, int64 *n);

extern BuildPages *build_pages_create(bool money);
extern BuildPage **build_pages_sorted(const BuildPages *pages, int64 *npages);

/* One of the sums of a cell of a recurring matrix. */
static inline int64 *
recurring_sum(CellSums *sums, RecurringCount which)
{
	return which == RECURRING_ACTIVE ? &sums->active :
		which == RECURRING_LAST_ACTIVE ? &sums->last_active :
		&sums->streak_end;
}

/*
 * The page of an age of a recurring matrix, mostly one that the cohort's row
 * knows or that was asked for last.
 */
static inline BuildPage *
builder_page(Builder *b, BuildRow *row, int32 cohort, int64 age)
{
	uint64		number = (uint64) age / PAGE_AGES;
	BuildPage  *page = b->page;

	if (row != NULL && number < ROW_PAGES)
		page = row->ages.pages[number];
	else if (page != NULL && (page->cohort != cohort || page->number != (int64) number))
		page = NULL;
	return likely(page != NULL) ? page :
		builder_page_slowly(b, row, cohort, age);
}

/* Count one customer in it. */
static inline void
builder_count_one(Builder *b, BuildPage *page, int64 age, RecurringCount which)
{
	uint32	   *count = &page->counts[which][(uint64) age % PAGE_AGES];

	if (likely(*count != PG_UINT32_MAX))
		(*count)++;
	else
		builder_count(b, page, age, which, 1);
}

/* Has nobody been added? */
static inline bool
builder_is_empty(const Builder *b)
{
	return b->used == 0 && b->nrows == 0;
}

/* The sums of an age of a cohort; row is the cohort's, or NULL. */
static inline CellSums *
builder_cell(Builder *b, BuildRow *row, int32 cohort, int64 age)
{
	if (row != NULL && age < ROW_AGES)
		return &row->ages.cells[age];
	if (unlikely(age > PG_INT32_MAX))
		builder_refuse_age();
	return builder_table_cell(b, cohort, (int32) age);
}

/*
 * Folds: add one customer.  Items come in no order and may be changed.
 *
 *	orders		times as in the ledger of b->calendar: periods, or moments
 *	levels		times are days, amounts changes of the level
 *	recurring	times are periods, of orders; or days, of levels
 *
 * Those of orders with at_least leave out what is in periods with fewer.
 */
extern void fold_orders(LedgerItem *items, int n, void *builder);
extern void fold_levels(LedgerItem *items, int n, void *builder);
extern void fold_recurring_orders(LedgerItem *items, int n, void *builder);
extern void fold_recurring_levels(LedgerItem *items, int n, void *builder);
extern void fold_orders_at_least(LedgerItem *items, int n, void *builder);
extern void fold_recurring_at_least(LedgerItem *items, int n, void *builder);

/* Error 22023 for a grain that timelines, or recurring matrices, do not go with. */
extern void matrix_check_grain(const Grain *grain);
extern void recurring_check_grain(const Grain *grain);

#endif							/* RETENTION_COHORT_MATRIX_BUILD_H */
