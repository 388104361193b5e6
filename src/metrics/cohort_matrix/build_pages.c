/*
 * cohort_matrix/build_pages.c
 *		The cells of a recurring matrix under construction.
 *
 * One customer of 2,500 active days makes three million cells, most of them
 * beside others, and with three small counts each.  They lie in pages of
 * eight ages, twelve bytes a cell, 28 with money; a table of pages, at most half
 * full, finds the page.  What goes past 32 bits is kept in the builder's own table of
 * cells, in multiples of 2^32.
 */
#include "metrics/cohort_matrix/build.h"

#include "miscadmin.h"

#define FIRST_PAGES 4
#define BLOCK_PAGES 1024		/* the most that are allocated at once */
#define MAX_PAGES (INT64CONST(1) << 22)
#define FIRST_BITS 3
#define FEW_PAGES 128			/* are found by their hash alone */

typedef BuildPage *PagePointer;

struct BuildPages
{
	MemoryContext context;
	Salt		salt;
	int64		npages;
	int64		max_pages;
	Size		page_size;
	PagePointer *slots;			/* NULL: unused */
	int			bits;			/* log2 of the slots */
	int			nfree;			/* pages allocated and not yet used, */
	char	   *free;			/* from here on */
};

#define ST_SORT sort_pages
#define ST_ELEMENT_TYPE PagePointer
#define ST_COMPARE(a, b) \
	((*(a))->cohort != (*(b))->cohort ? \
	 ((*(a))->cohort < (*(b))->cohort ? -1 : 1) : \
	 (*(a))->number < (*(b))->number ? -1 : (*(a))->number > (*(b))->number)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static PagePointer *
new_slots(int bits)
{
	return palloc_extended(sizeof(PagePointer) << bits,
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* No pages yet, in the current context; money: with revenues. */
BuildPages *
build_pages_create(bool money)
{
	BuildPages *pages = palloc0(sizeof(BuildPages));

	pages->context = CurrentMemoryContext;
	/* with money a page is twice as large */
	pages->max_pages = money ? MAX_PAGES / 2 : MAX_PAGES;
	pages->page_size = offsetof(BuildPage, revenue) +
		(money ? PAGE_AGES * sizeof(int128) : 0);
	pages->salt = salt_draw();
	pages->bits = FIRST_BITS;
	pages->slots = new_slots(FIRST_BITS);
	return pages;
}

/* The slot of a page: where it is, or where it goes. */
static inline PagePointer *
find_slot(const BuildPages *pages, int32 cohort, int32 number)
{
	PagePointer *slots = pages->slots;
	uint64		mask = ((uint64) 1 << pages->bits) - 1;
	uint64		slot = salt_hash(&pages->salt,
								 (uint64) (uint32) cohort << 32 | (uint32) number) & mask;

	while (slots[slot] != NULL &&
		   (slots[slot]->cohort != cohort || slots[slot]->number != number))
		slot = (slot + 1) & mask;
	return &slots[slot];
}

static void
grow_slots(BuildPages *pages)
{
	PagePointer *old = pages->slots;
	Size		n = (Size) 1 << pages->bits;

	pages->slots = new_slots(pages->bits + 1);
	pages->bits++;
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (old[i] != NULL)
			*find_slot(pages, old[i]->cohort, old[i]->number) = old[i];
	}
	pfree(old);
}

/* A page without counts, in a slot that is free. */
static BuildPage *
make_page(BuildPages *pages, int32 cohort, int32 number)
{
	MemoryContext old = MemoryContextSwitchTo(pages->context);
	BuildPage  *page;

	if (pages->nfree == 0)
	{
		pages->nfree = (int) Min(Max(pages->npages, FIRST_PAGES), BLOCK_PAGES);
		pages->free = palloc(pages->nfree * pages->page_size);
	}
	if (2 * (pages->npages + 1) > INT64CONST(1) << pages->bits)
		grow_slots(pages);
	MemoryContextSwitchTo(old);
	page = (BuildPage *) pages->free;
	pages->free += pages->page_size;
	pages->nfree--;
	pages->npages++;
	memset(page, 0, pages->page_size);
	page->cohort = cohort;
	page->number = number;
	*find_slot(pages, cohort, number) = page;
	return page;
}

/* The page with an age, made when it is not there. */
static BuildPage *
find_page(BuildPages *pages, int32 cohort, int32 number)
{
	BuildPage  *page = *find_slot(pages, cohort, number);

	if (page != NULL)
		return page;
	if (pages->npages >= pages->max_pages)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cohort matrix is too large"),
				 errdetail("A recurring matrix has a cell for each pair of active periods, and these lie in more than %lld runs of %d ages.",
						   (long long) pages->max_pages, PAGE_AGES),
				 errhint("Use a coarser grain, or one matrix for each part of the time.")));
	return make_page(pages, cohort, number);
}

/* Cohorts are many or long: let each know its first pages from now on. */
static void
use_rows(Builder *b)
{
	MemoryContext old = MemoryContextSwitchTo(b->pages->context);

	builder_use_rows(b);
	MemoryContextSwitchTo(old);
}

/* The page of an age that is none of those at hand. */
BuildPage *
builder_page_slowly(Builder *b, BuildRow *row, int32 cohort, int64 age)
{
	BuildPage  *page;

	if (age > PG_INT32_MAX)
		builder_refuse_age();
	page = b->page = find_page(b->pages, cohort, (int32) (age / PAGE_AGES));
	if (row != NULL && page->number < ROW_PAGES)
		row->ages.pages[page->number] = page;
	if (b->rows == NULL && b->pages->npages > FEW_PAGES)
		use_rows(b);
	return page;
}

/* Count so many customers at an age of a page. */
void
builder_count(Builder *b, BuildPage *page, int64 age, RecurringCount which,
			  int64 n)
{
	uint32	   *count = &page->counts[which][age % PAGE_AGES];
	uint64		sum = *count + (uint64) n;

	*count = (uint32) sum;
	if (unlikely(sum >> 32 != 0))
		*recurring_sum(builder_table_cell(b, page->cohort, (int32) age), which) +=
			(int64) (sum >> 32 << 32);
}

/* The pages in order of cohort and age, palloc'd; NULL where there are none. */
BuildPage **
build_pages_sorted(const BuildPages *pages, int64 *npages)
{
	BuildPage **sorted;
	Size		nslots;
	int64		n = 0;

	*npages = pages == NULL ? 0 : pages->npages;
	if (*npages == 0)
		return NULL;
	nslots = (Size) 1 << pages->bits;
	sorted = palloc_extended(*npages * sizeof(BuildPage *), MCXT_ALLOC_HUGE);
	for (Size i = 0; i < nslots; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (pages->slots[i] != NULL)
			sorted[n++] = pages->slots[i];
	}
	Assert(n == *npages);
	sort_pages(sorted, n);
	return sorted;
}
