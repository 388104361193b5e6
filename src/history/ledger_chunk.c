/*
 * ledger_chunk.c
 *		Memory of a ledger: chunks, cut from large slabs once they are many.
 *
 * A small ledger pallocs its chunks one by one.  Hundreds of megabytes in
 * small pages cost more in page faults and address look-ups than in work, so
 * a ledger that has grown takes slabs of several megabytes, asks the kernel
 * for huge pages there where it can, and cuts chunks (sizes are powers of
 * two) from them.  A chunk given back goes to a list of its size; the slabs
 * go back together, when the ledger has been written out.
 */
#include "history/ledger_internal.h"

#include <sys/mman.h>

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#define HUGE_PAGE ((Size) 2 * 1024 * 1024)
#define SLABS_FROM ((Size) 4 * 1024 * 1024) /* ledgers smaller do without */
#define MAX_SLAB ((Size) 32 * 1024 * 1024)

/* Size class of a chunk. */
static inline int
size_class(Size bytes)
{
	return pg_leftmost_one_pos64(bytes) -
		pg_leftmost_one_pos64(LEDGER_FIRST_CHUNK);
}

/* Bytes the next slab would have: a quarter of what there is. */
static Size
next_slab(const Ledger *ledger)
{
	Size		size = Min(ledger->memory / 4, MAX_SLAB);

	return Max(size - size % HUGE_PAGE, HUGE_PAGE);
}

/* Memory that getting a chunk of this size would add. */
Size
ledger_chunk_cost(const Ledger *ledger, Size bytes)
{
	if (ledger->free_chunks[size_class(bytes)] != NULL ||
		(Size) (ledger->slab_end - ledger->slab_at) >= bytes)
		return 0;
	return ledger->memory < SLABS_FROM ? bytes : next_slab(ledger) + HUGE_PAGE;
}

/* Take a slab and begin cutting it; what was left of the last is lost. */
static void
add_slab(Ledger *ledger)
{
	Size		size = next_slab(ledger);
	Size		bytes = size + HUGE_PAGE;	/* to align within */
	LedgerSlab *slab = MemoryContextAllocHuge(ledger->context, bytes);
	char	   *at = (char *) TYPEALIGN(HUGE_PAGE, slab + 1);

	slab->next = ledger->slabs;
	slab->bytes = bytes;
	ledger->slabs = slab;
	ledger->slab_at = at;
	ledger->slab_end = at + size - (at - (char *) slab > HUGE_PAGE ? HUGE_PAGE : 0);
	ledger_account(ledger, bytes);
#ifdef MADV_HUGEPAGE
	/* advice only: nothing depends on its being taken */
	(void) madvise(at, ledger->slab_end - at, MADV_HUGEPAGE);
#endif
}

/* A chunk of the given size, a power of two. */
LedgerChunk *
ledger_chunk_get(Ledger *ledger, Size bytes)
{
	LedgerChunk **list = &ledger->free_chunks[size_class(bytes)];
	LedgerChunk *chunk = *list;

	if (chunk != NULL)
		*list = chunk->next;
	else if (ledger->memory < SLABS_FROM &&
			 (Size) (ledger->slab_end - ledger->slab_at) < bytes)
	{
		chunk = MemoryContextAlloc(ledger->context, bytes);
		chunk->cut = false;
		ledger_account(ledger, bytes);
	}
	else
	{
		if ((Size) (ledger->slab_end - ledger->slab_at) < bytes)
			add_slab(ledger);
		chunk = (LedgerChunk *) ledger->slab_at;
		chunk->cut = true;
		ledger->slab_at += bytes;
	}
	chunk->bytes = bytes;
	return chunk;
}

/* Give a chunk back. */
void
ledger_chunk_put(Ledger *ledger, LedgerChunk *chunk)
{
	if (chunk->cut)
	{
		LedgerChunk **list = &ledger->free_chunks[size_class(chunk->bytes)];

		chunk->next = *list;
		*list = chunk;
	}
	else
	{
		ledger_account(ledger, -(int64) chunk->bytes);
		pfree(chunk);
	}
}

/* Give all slabs back; no chunk cut from them may be in use. */
void
ledger_slabs_free(Ledger *ledger)
{
	for (LedgerSlab *slab = ledger->slabs, *next; slab != NULL; slab = next)
	{
		next = slab->next;
		ledger_account(ledger, -(int64) slab->bytes);
		pfree(slab);
	}
	ledger->slabs = NULL;
	ledger->slab_at = ledger->slab_end = NULL;
	memset(ledger->free_chunks, 0, sizeof(ledger->free_chunks));
}
