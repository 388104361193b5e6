/*
 * ledger.c
 *		Append to a ledger.
 *
 * A small ledger has one part.  A large one has 256, chosen by the top bits
 * of a hash of the customer, so that appending streams to 256 places and
 * visiting works on one cache-sized part after another.  So many places of one
 * or a few ledgers are in the cache, those of many are not: of the ledgers of a
 * plan node only one that has a good share of their memory is split, the others
 * stay in one part, which is cut when it is visited (ledger_pieces.c).  So does
 * one whose entries came in order of customers (ledger_order.c).  A part is a
 * list of chunks.
 *
 * Memory.  Each part is looked at for duplicates as it grows (ledger_compact.c),
 * so that memory follows the distinct entries.  When all ledgers of a plan node together
 * pass the executor's hash memory limit, the largest is merged and written to
 * a temporary file (ledger_spill.c).
 */
#include "history/exchange_internal.h"

#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define FIRST_CHUNK 512			/* bytes, of a small ledger */
#define FIRST_PART_CHUNK 1024	/* bytes, of each part of a large ledger */
#define SMALL_ENTRIES 8192		/* so many make a ledger large */
#define SPLIT_SHARE 4			/* to be split it has one part in so many of the
								 * memory of all */
#define LISTED_BYTES 65536		/* ledgers below do not matter to the limit */

/* A pool: one per call site of an aggregate, living as long as the query. */
LedgerPool *
ledger_pool_create(Node *node, MemoryContext context)
{
	LedgerPool *pool = MemoryContextAllocZero(context, sizeof(LedgerPool));

	pool->limit = get_hash_memory_limit();
	pool->node = node;
	pool->salt = salt_of_server();
	dlist_init(&pool->ledgers);
	return pool;
}

/* A part is empty. */
void
ledger_part_reset(LedgerPart *part)
{
	memset(part, 0, sizeof(*part));
	part->check_at = LEDGER_FIRST_LOOK;
}

/* How the entries of a ledger lie in memory. */
LedgerLayout
ledger_layout(const LedgerSettings *settings, bool compact)
{
	return ledger_layout_of(compact, settings->key_words,
							(settings->flags & LEDGER_MONEY) != 0);
}

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(Ledger) <= 1024, "a Ledger is larger than SSPACE says");

/*
 * An empty ledger in context.  What settings points to must live as long.
 * level is 0, or one more than that of the ledger whose tape is being read.
 */
Ledger *
ledger_create(const LedgerSettings *settings, LedgerPool *pool,
			  MemoryContext context, int level)
{
	Ledger	   *ledger = MemoryContextAllocZero(context, sizeof(Ledger));

	ledger->magic = LEDGER_MAGIC;
	ledger->settings = *settings;
	ledger->layout = ledger_layout(settings, settings->code->compact(settings));
	ledger->level = level;
	ledger->part_shift = 64 - LEDGER_PART_BITS - LEDGER_TAPE_BITS * level;
	ledger->salt = pool != NULL ? pool->salt : salt_of_server();
	ledger->parts = &ledger->only;
	ledger_part_reset(&ledger->only);
	ledger->context = context;
	ledger->pool = pool;
	ledger->distinct = 1.0;
	ledger->probe_at = LEDGER_FIRST_LOOK;
	ledger_order_create(ledger);
	return ledger;
}

/* Entries in a part, the chunk being filled included. */
int64
ledger_part_entries(const Ledger *ledger, const LedgerPart *part)
{
	if (part->chunk == NULL)
		return 0;
	return part->full + (part->write - part->chunk->words) / ledger->layout.words;
}

/* The state is one of another aggregate. */
void
ledger_refuse_kind(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("aggregate state is not of this kind of aggregate")));
}

/* True when a group has thousands of entries at least. */
bool
ledger_is_large(const Ledger *ledger)
{
	return ledger->part_mask != 0 || ledger->packed != NULL ||
		ledger->spill != NULL ||
		ledger_part_entries(ledger, &ledger->only) >= SMALL_ENTRIES;
}

/* The context is going away: leave the pool. */
static void
ledger_unlist(void *arg)
{
	Ledger	   *ledger = arg;

	if (ledger->listed)
	{
		dlist_delete(&ledger->node);
		ledger->pool->memory -= ledger->memory;
		ledger->listed = false;
	}
	ledger_spill_abandon(ledger);
}

/* Count memory gained or given back; list the ledger once it matters. */
void
ledger_account(Ledger *ledger, int64 bytes)
{
	ledger->memory += bytes;
	if (ledger->listed)
		ledger->pool->memory += bytes;
	else if (ledger->memory >= LISTED_BYTES && ledger->pool != NULL)
	{
		ledger->listed = true;
		dlist_push_tail(&ledger->pool->ledgers, &ledger->node);
		ledger->pool->memory += ledger->memory;
		if (ledger->unlist.func == NULL)
		{
			ledger->unlist.func = ledger_unlist;
			ledger->unlist.arg = ledger;
			MemoryContextRegisterResetCallback(ledger->context,
											   &ledger->unlist);
		}
	}
}

/* Words a chunk has room for, in whole entries. */
static inline Size
chunk_words(const LedgerLayout *layout, const LedgerChunk *chunk)
{
	Size		words = (chunk->bytes - offsetof(LedgerChunk, words)) / sizeof(uint64);

	return words - words % layout->words - chunk->unused;
}

/*
 * A sequence ends.  What is left of the part's chunk stays empty: the next entry
 * begins another.
 */
void
ledger_part_close(LedgerPart *part)
{
	part->chunk->closed = true;
	part->chunk->unused += (uint32) (part->end - part->write);
	part->end = part->write;
}

/* Give a chunk back. */
void
ledger_free_chunk(Ledger *ledger, LedgerChunk *chunk)
{
	ledger_account(ledger, -(int64) chunk->bytes);
	if (chunk->shared)
		share_free(&ledger->share->exchange->memory, chunk, chunk->bytes);
	else if (chunk->slab != 0)
		ledger_slab_free(ledger, chunk);
	else
		pfree(chunk);
}

/* Size of the next chunk of a part: a quarter of what it holds. */
static Size
next_chunk(const Ledger *ledger, const LedgerPart *part)
{
	Size		size = ledger->part_mask == 0 ? FIRST_CHUNK : FIRST_PART_CHUNK;
	Size		held = ledger_part_entries(ledger, part) *
		ledger->layout.words * sizeof(uint64);

	while (size < LAST_CHUNK && size * 4 <= held)
		size *= 2;
	return size;
}

/* Memory of a chunk; where others have to find it, that of an exchange. */
static LedgerChunk *
alloc_chunk(Ledger *ledger, const LedgerPart *part, Size bytes)
{
	LedgerChunk *chunk = NULL;
	bool		for_others = ledger->share != NULL &&
		share_is_for_others(ledger->share, part);

	if (for_others)
	{
		chunk = share_alloc(&ledger->share->exchange->memory, bytes);
		ledger->share->strays |= chunk == NULL;
	}
	if (chunk != NULL)
	{
		chunk->shared = true;
		chunk->slab = 0;
	}
	else
	{
		chunk = ledger_slab_alloc(ledger, bytes);
		if (chunk == NULL)
		{
			chunk = MemoryContextAlloc(ledger->context, bytes);
			chunk->slab = 0;
		}
		chunk->shared = false;
	}
	chunk->bytes = (uint32) bytes;
	chunk->unused = 0;
	chunk->closed = false;
	return chunk;
}

/* Begin a new chunk in a part. */
void
ledger_add_chunk(Ledger *ledger, LedgerPart *part)
{
	Size		bytes = next_chunk(ledger, part);
	LedgerChunk *chunk = alloc_chunk(ledger, part, bytes);

	if (part->chunk != NULL)
		part->full += chunk_words(&ledger->layout, part->chunk) / ledger->layout.words;
	chunk->next = part->chunk;
	part->chunk = chunk;
	part->write = chunk->words;
	part->end = chunk->words + chunk_words(&ledger->layout, chunk);
	ledger_account(ledger, bytes);
}

/* Give back all chunks of a part. */
void
ledger_part_free(Ledger *ledger, LedgerPart *part)
{
	int64		check_at = part->check_at;

	for (LedgerChunk *chunk = part->chunk, *next; chunk != NULL; chunk = next)
	{
		next = chunk->next;
		ledger_free_chunk(ledger, chunk);
	}
	ledger_part_reset(part);
	part->check_at = check_at;
}

/* The chunks of a part as spans; returns how many, palloc'd in *spans. */
int
ledger_part_spans(const Ledger *ledger, const LedgerPart *part,
				  LedgerSpan **spans)
{
	int			n = 0;
	int			at;

	for (LedgerChunk *chunk = part->chunk; chunk != NULL; chunk = chunk->next)
		n++;
	*spans = palloc(Max(n, 1) * sizeof(LedgerSpan));
	/* oldest first: rows often come in order of time */
	at = n;
	for (LedgerChunk *chunk = part->chunk; chunk != NULL; chunk = chunk->next)
	{
		LedgerSpan *span = &(*spans)[--at];

		span->layout = &ledger->layout;
		span->words = chunk->words;
		span->entries = (chunk == part->chunk ? part->write - chunk->words :
						 chunk_words(&ledger->layout, chunk)) / ledger->layout.words;
		span->closed = chunk->closed;
		/* a chunk begins with an entry */
		Assert(span->entries > 0);
		CHECK_FOR_INTERRUPTS();
	}
	return n;
}

/* Append entries made elsewhere. */
void
ledger_add_entries(Ledger *ledger, const LedgerLayout *layout,
				   const uint64 *entries, int64 n)
{
	for (int64 i = 0; i < n; i++, entries += layout->words)
	{
		uint64		buffer;

		CHECK_FOR_INTERRUPTS();
		ledger_add(ledger, ledger_get_key(layout, entries, &buffer),
				   ledger_get_when(layout, entries),
				   ledger_get_amount(layout, entries));
	}
}

/* Have the chunks of a part listed from the oldest on, which is returned. */
static LedgerChunk *
oldest_first(LedgerChunk *chunk)
{
	LedgerChunk *newer = NULL;

	while (chunk != NULL)
	{
		LedgerChunk *older = chunk->next;

		chunk->next = newer;
		newer = chunk;
		chunk = older;
	}
	return newer;
}

/*
 * Move the entries of some chunks to where they belong, in the order they came
 * in, freeing the chunks.
 */
static void
move_entries(Ledger *ledger, const LedgerPart *old, const LedgerLayout *layout)
{
	for (LedgerChunk *chunk = oldest_first(old->chunk), *next; chunk != NULL;
		 chunk = next)
	{
		const uint64 *end = chunk == old->chunk ? old->write :
			chunk->words + chunk_words(layout, chunk);

		for (const uint64 *w = chunk->words; w < end; w += layout->words)
		{
			uint64		buffer;
			const uint64 *key = ledger_get_key(layout, w, &buffer);
			LedgerPart *part = ledger_part_of(ledger, key);

			if (part->write == part->end)
				ledger_add_chunk(ledger, part);
			part->write = ledger_put_entry(&ledger->layout, part->write, key,
										   ledger_get_when(layout, w),
										   ledger_get_amount(layout, w));
		}
		next = chunk->next;
		ledger_free_chunk(ledger, chunk);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Give up the compact layout. */
void
ledger_widen(Ledger *ledger)
{
	LedgerLayout compact = ledger->layout;

	ledger->layout = ledger_layout(&ledger->settings, false);
	/* sequences are told apart by chunks */
	if (ledger->nended > 0)
		ledger->in_order = false;
	for (int p = 0; p < ledger_nparts(ledger); p++)
	{
		LedgerPart	old = ledger->parts[p];

		ledger_part_reset(&ledger->parts[p]);
		ledger->parts[p].check_at = old.check_at;
		move_entries(ledger, &old, &compact);
	}
}

/* The only part is somebody else's: go on with the parts of a large ledger. */
void
ledger_begin_parts(Ledger *ledger)
{
	LedgerPart *parts;

	ledger->in_order = false;
	parts = MemoryContextAlloc(ledger->context,
							   LEDGER_PARTS * sizeof(LedgerPart));
	for (int p = 0; p < LEDGER_PARTS; p++)
	{
		ledger_part_reset(&parts[p]);
		/* looks are staggered, so that merging does not come all at once */
		parts[p].check_at += parts[p].check_at * p / LEDGER_PARTS;
	}
	ledger->parts = parts;
	ledger->part_mask = LEDGER_PARTS - 1;
	ledger_account(ledger, LEDGER_PARTS * sizeof(LedgerPart));
	ledger_part_reset(&ledger->only);
}

/* Turn a small ledger into a large one. */
void
ledger_split(Ledger *ledger)
{
	LedgerPart	old = ledger->only;

	if (ledger_nparts(ledger) > 1)
		return;
	ledger_begin_parts(ledger);
	move_entries(ledger, &old, &ledger->layout);
}

/* Make a large ledger whose parts are empty a small one again. */
void
ledger_unsplit(Ledger *ledger)
{
	if (ledger_nparts(ledger) == 1)
		return;
	pfree(ledger->parts);
	ledger->parts = &ledger->only;
	ledger->part_mask = 0;
	ledger_part_reset(&ledger->only);
	ledger_account(ledger, -(int64) (LEDGER_PARTS * sizeof(LedgerPart)));
}

/* Give back all entries in memory. */
void
ledger_empty(Ledger *ledger)
{
	for (int p = 0; p < ledger_nparts(ledger); p++)
		ledger_part_free(ledger, &ledger->parts[p]);
	ledger_unsplit(ledger);
}

/* Has it a good share of the memory of all? */
static bool
is_prominent(const Ledger *ledger)
{
	return ledger->memory >= ledger->pool->memory / SPLIT_SHARE;
}

/*
 * Is there memory to be large?  Where there is not, a ledger stays in one part
 * until it is written out: 256 chunks begun for a few entries each would be
 * written out at once, over and over.
 */
static bool
room_to_split(const Ledger *ledger)
{
	return ledger->level == LEDGER_MAX_LEVEL ||
		ledger->pool->memory + 2 * LEDGER_PARTS * FIRST_PART_CHUNK <=
		ledger->pool->limit;
}

/*
 * The chunk that an entry belongs to is full, or there is none, or the entry does
 * not fit the compact layout.  Returns a part with room for it.
 */
LedgerPart *
ledger_make_room(Ledger *ledger, const uint64 *key, uint64 when, int64 amount)
{
	LedgerPart *part = ledger_part_of(ledger, key);
	int64		entries = ledger_part_entries(ledger, part);

	CHECK_FOR_INTERRUPTS();
	if (ledger->layout.compact &&
		!ledger_fits_compact(&ledger->layout, key, when, amount))
	{
		ledger_widen(ledger);
		part = ledger_part_of(ledger, key);
		if (part->write != part->end)
			return part;
	}
	if (entries >= part->check_at)
		ledger_look_at_part(ledger, part);
	if (ledger->part_mask == 0 && !ledger->in_order &&
		ledger_part_entries(ledger, part) >= SMALL_ENTRIES &&
		is_prominent(ledger) && room_to_split(ledger))
		ledger_split(ledger);
	ledger_enforce_limit(ledger);

	part = ledger_part_of(ledger, key);
	if (part->write == part->end)
		ledger_add_chunk(ledger, part);
	return part;
}
