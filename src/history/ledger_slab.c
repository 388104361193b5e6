/*
 * ledger_slab.c
 *		Memory of the chunks of a large ledger.
 *
 * A ledger of millions of entries touches each of its pages for the first time
 * just once, and fills 256 places in turn: with pages of 4 kB a tenth of the
 * time goes to the kernel, for it has to find and to map them, and more to the
 * processor's tables of pages.  So chunks of a large ledger are cut from slabs
 * that the kernel is asked to back by huge pages, where it has some to give and
 * unless huge_pages = off.  It does so as they are filled: what is resident
 * is less than one huge page more than what the chunks take.
 *
 * Chunks given back are used again for those of their size; a slab of which
 * none is in use any more is given back as a whole, as it is when a ledger
 * goes to a file.
 */
#include "history/ledger_internal.h"

#include "storage/pg_shmem.h"
#include "utils/memutils.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#define SLAB_FROM (2 * 1024 * 1024)	/* memory of a ledger that has slabs */
#define SMALLEST_SLAB (4 * 1024 * 1024)
#define LARGEST_SLAB (64 * 1024 * 1024)
#define HUGE_PAGE (2 * 1024 * 1024)
#define SMALLEST_PIECE 4096		/* of a slab; to LAST_CHUNK, by powers of two */
#define PIECE_SIZES 5

StaticAssertDecl(SMALLEST_PIECE << (PIECE_SIZES - 1) == LAST_CHUNK,
				 "a chunk is no piece of a slab");

typedef struct Slab
{
	char	   *memory;			/* NULL: given back */
	char	   *rest;			/* not cut so far */
	char	   *end;
	uint32		used;			/* pieces */
	LedgerChunk *free[PIECE_SIZES];
} Slab;

struct LedgerSlabs
{
	int			n;
	int			max;
	int			current;		/* the one being cut */
	int64		nfree;			/* pieces to be used again, in all */
	Slab	   *slabs;
};

/* Which size of pieces a chunk has; -1: it is none. */
static int
piece_size(Size bytes)
{
	return ledger_size_class(bytes, SMALLEST_PIECE, PIECE_SIZES);
}

/* Ask for huge pages; it does not matter if there are none. */
static void
ask_for_huge_pages(char *from, char *to)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
	from = (char *) TYPEALIGN(HUGE_PAGE, from);
	to = (char *) TYPEALIGN_DOWN(HUGE_PAGE, to);
	if (huge_pages != HUGE_PAGES_OFF && from < to)
		(void) madvise(from, to - from, MADV_HUGEPAGE);
#endif
}

/* A place for a slab more: one that was given back, or a new one. */
static int
slab_place(Ledger *ledger)
{
	LedgerSlabs *slabs = ledger->slabs;

	if (slabs == NULL)
		slabs = ledger->slabs = MemoryContextAllocZero(ledger->context,
													   sizeof(LedgerSlabs));
	for (int i = 0; i < slabs->n; i++)
		if (slabs->slabs[i].memory == NULL)
			return i;
	if (slabs->n == PG_UINT16_MAX)
		return -1;
	if (slabs->n == slabs->max)
	{
		int			max = Max(8, slabs->max * 2);

		slabs->slabs = slabs->slabs == NULL ?
			MemoryContextAlloc(ledger->context, max * sizeof(Slab)) :
			repalloc(slabs->slabs, max * sizeof(Slab));
		slabs->max = max;
	}
	memset(&slabs->slabs[slabs->n], 0, sizeof(Slab));
	return slabs->n++;
}

/*
 * One more slab, as large as what the ledger has already; false where there is
 * no room for it.  What of it is not cut so far is memory only when it is.
 */
static bool
add_slab(Ledger *ledger)
{
	Size		size = SMALLEST_SLAB;
	Slab	   *slab;
	int			place;

	while (size < LARGEST_SLAB && size * 2 <= ledger->memory)
		size *= 2;
	if (ledger->pool != NULL &&
		ledger->pool->memory + size > ledger->pool->limit)
		return false;
	place = slab_place(ledger);
	if (place < 0)
		return false;
	slab = &ledger->slabs->slabs[place];
	slab->memory = MemoryContextAllocExtended(ledger->context, size,
											  MCXT_ALLOC_NO_OOM);
	if (slab->memory == NULL)
		return false;
	slab->rest = slab->memory;
	slab->end = slab->memory + size;
	ask_for_huge_pages(slab->memory, slab->end);
	ledger->slabs->current = place;
	return true;
}

/* A piece that was given back; NULL: there is none of this size. */
static LedgerChunk *
reuse_piece(LedgerSlabs *slabs, int size)
{
	if (slabs->nfree == 0)
		return NULL;
	for (int i = 0; i < slabs->n; i++)
	{
		LedgerChunk *chunk = slabs->slabs[i].free[size];

		if (chunk == NULL)
			continue;
		slabs->slabs[i].free[size] = chunk->next;
		slabs->slabs[i].used++;
		slabs->nfree--;
		return chunk;
	}
	return NULL;
}

/*
 * Memory of a chunk, whose slab is told in it; NULL: it is to have memory of its
 * own.
 */
LedgerChunk *
ledger_slab_alloc(Ledger *ledger, Size bytes)
{
	int			size = piece_size(bytes);
	LedgerSlabs *slabs = ledger->slabs;
	LedgerChunk *chunk;
	Slab	   *slab;

	if (size < 0 || (slabs == NULL && ledger->memory < SLAB_FROM))
		return NULL;
	if (slabs != NULL)
	{
		chunk = reuse_piece(slabs, size);
		if (chunk != NULL)
			return chunk;
	}
	if ((slabs == NULL || slabs->n == 0 ||
		 slabs->slabs[slabs->current].end - slabs->slabs[slabs->current].rest < bytes) &&
		!add_slab(ledger))
		return NULL;
	slabs = ledger->slabs;
	slab = &slabs->slabs[slabs->current];
	chunk = (LedgerChunk *) slab->rest;
	slab->rest += bytes;
	slab->used++;
	chunk->slab = (uint16) (slabs->current + 1);
	return chunk;
}

/* Give back a chunk of a slab. */
void
ledger_slab_free(Ledger *ledger, LedgerChunk *chunk)
{
	LedgerSlabs *slabs = ledger->slabs;
	Slab	   *slab = &slabs->slabs[chunk->slab - 1];
	int			size = piece_size(chunk->bytes);

	if (--slab->used > 0)
	{
		chunk->next = slab->free[size];
		slab->free[size] = chunk;
		slabs->nfree++;
		return;
	}
	for (size = 0; size < PIECE_SIZES; size++)
		for (chunk = slab->free[size]; chunk != NULL; chunk = chunk->next)
			slabs->nfree--;
	pfree(slab->memory);
	memset(slab, 0, sizeof(Slab));
}
