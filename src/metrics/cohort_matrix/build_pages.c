/*
 * cohort_matrix/build_pages.c
 *		The cells of a recurring matrix under construction.
 *
 * One customer of 2,500 active days makes three million cells, most of them
 * beside others, and with three small counts each.  They lie in pages of
 * eight ages, twelve bytes a cell; a table of page numbers, at most half
 * full, finds the page.  What goes past 32 bits is kept in the builder's own
 * table of cells, in multiples of 2^32.
 */
#include "metrics/cohort_matrix/build.h"

#include "miscadmin.h"

#define CHUNK_PAGES 1024
#define MAX_PAGES (INT64CONST(1) << 22)
#define FIRST_BITS 6
#define FEW_PAGES 1024			/* are found by their hash alone */

struct BuildPages
{
	MemoryContext context;
	Salt		salt;
	int64		npages;
	BuildPage **chunks;			/* of CHUNK_PAGES each, but for the first */
	int			nchunks;
	uint32	   *slots;			/* number of a page from 1; 0: unused */
	int			bits;			/* log2 of the slots */
};

typedef BuildPage *PagePointer;

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

static uint32 *
new_slots(int bits)
{
	return palloc_extended(sizeof(uint32) << bits,
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* No pages yet, in the current context. */
BuildPages *
build_pages_create(void)
{
	BuildPages *pages = palloc0(sizeof(BuildPages));

	pages->context = CurrentMemoryContext;
	pages->salt = salt_draw();
	pages->bits = FIRST_BITS;
	pages->slots = new_slots(FIRST_BITS);
	return pages;
}

/* A page by its number from 0. */
static inline BuildPage *
page_at(const BuildPages *pages, int64 i)
{
	return &pages->chunks[i / CHUNK_PAGES][i % CHUNK_PAGES];
}

/* The slot of a page: where its number is, or where it goes. */
static uint32 *
find_slot(const BuildPages *pages, int32 cohort, int32 number)
{
	uint64		mask = ((uint64) 1 << pages->bits) - 1;
	uint64		slot = salt_hash(&pages->salt,
								 (uint64) (uint32) cohort << 32 | (uint32) number) & mask;

	while (pages->slots[slot] != 0)
	{
		const BuildPage *page = page_at(pages, pages->slots[slot] - 1);

		if (page->cohort == cohort && page->number == number)
			break;
		slot = (slot + 1) & mask;
	}
	return &pages->slots[slot];
}

static void
grow_slots(BuildPages *pages)
{
	pfree(pages->slots);
	pages->slots = new_slots(++pages->bits);
	for (int64 i = 0; i < pages->npages; i++)
	{
		const BuildPage *page = page_at(pages, i);

		CHECK_FOR_INTERRUPTS();
		*find_slot(pages, page->cohort, page->number) = (uint32) (i + 1);
	}
}

/* Room for one more page. */
static void
add_chunk(BuildPages *pages)
{
	int			n = pages->nchunks;

	if ((n & (n - 1)) == 0)
		pages->chunks = n == 0 ? palloc(sizeof(BuildPage *)) :
			repalloc_huge(pages->chunks, 2 * n * sizeof(BuildPage *));
	pages->chunks[pages->nchunks++] = palloc(CHUNK_PAGES * sizeof(BuildPage));
}

/* The page with an age, made when it is not there. */
static BuildPage *
find_page(BuildPages *pages, int32 cohort, int32 number)
{
	MemoryContext old;
	uint32	   *slot = find_slot(pages, cohort, number);
	BuildPage  *page;

	if (*slot != 0)
		return page_at(pages, *slot - 1);
	if (pages->npages >= MAX_PAGES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cohort matrix is too large"),
				 errdetail("A recurring matrix has a cell for each pair of active periods, and these lie in more than %lld runs of %d ages.",
						   (long long) MAX_PAGES, PAGE_AGES),
				 errhint("Use a coarser grain, or one matrix for each part of the time.")));
	old = MemoryContextSwitchTo(pages->context);
	if (pages->npages == (int64) pages->nchunks * CHUNK_PAGES)
		add_chunk(pages);
	if (2 * (pages->npages + 1) > INT64CONST(1) << pages->bits)
	{
		grow_slots(pages);
		slot = find_slot(pages, cohort, number);
	}
	MemoryContextSwitchTo(old);
	page = page_at(pages, pages->npages);
	memset(page, 0, sizeof(BuildPage));
	page->cohort = cohort;
	page->number = number;
	*slot = (uint32) ++pages->npages;
	return page;
}

/* Cohorts are many or long: let each know its first pages from now on. */
static void
use_rows(Builder *b)
{
	MemoryContext old = MemoryContextSwitchTo(b->pages->context);

	builder_use_rows(b);
	MemoryContextSwitchTo(old);
}

/* Counts of so many customers at an age of a cohort. */
void
builder_count(Builder *b, BuildRow *row, int32 cohort, int64 age,
			  RecurringCount which, int64 n)
{
	BuildPage  *page = b->page;
	int32		number = (int32) (age / PAGE_AGES);
	uint32	   *count;
	uint64		sum;

	if (age > PG_INT32_MAX)
		builder_refuse_age();
	if (page == NULL || page->cohort != cohort || page->number != number)
		page = b->page = find_page(b->pages, cohort, number);
	if (row != NULL && number < ROW_PAGES)
		row->ages.pages[number] = page;
	if (b->rows == NULL && b->pages->npages > FEW_PAGES)
		use_rows(b);
	count = &page->counts[which][age % PAGE_AGES];
	sum = *count + (uint64) n;
	*count = (uint32) sum;
	if (unlikely(sum >> 32 != 0))
		*recurring_sum(builder_table_cell(b, cohort, (int32) age), which) +=
			(int64) (sum >> 32 << 32);
}

/* The pages in order of cohort and age, palloc'd; NULL where there are none. */
BuildPage **
build_pages_sorted(const BuildPages *pages, int64 *npages)
{
	BuildPage **sorted;

	*npages = pages == NULL ? 0 : pages->npages;
	if (*npages == 0)
		return NULL;
	sorted = palloc_extended(*npages * sizeof(BuildPage *), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < *npages; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sorted[i] = page_at(pages, i);
	}
	sort_pages(sorted, *npages);
	return sorted;
}
