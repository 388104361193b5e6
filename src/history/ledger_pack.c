/*
 * ledger_pack.c
 *		Packed ledgers: what a parallel worker sends to the leader.
 *
 * A packed ledger is a byte stream:
 *
 *	byte	version (1)
 *	byte	flags of the settings
 *	byte	words in a key
 *	byte	1 when it is flat: one part holds everything
 *	uint	length of the grain (a varlena), then its bytes
 *	uint	length of the zone's name, then its bytes
 *	until the end, blocks:
 *		byte	part
 *		uint	length in bytes, then the block
 *
 * and a block, holding customers of one part in order of their keys:
 *
 *	uint	entries, uint customers, then for each customer
 *		key		one word: distance from the key before; two words: 16 bytes
 *		uint	number of entries, then for each, in order of time
 *			uint	distance of time and start flag from the entry before
 *			uint	count
 *			sint	amount, when the ledger keeps money
 *
 * The leader keeps the blocks as they came and unpacks them part by part when
 * customers are visited, so that merging workers costs a copy, and the merge
 * itself happens in the cache.  Blocks never leave the machine.
 */
#include "history/ledger_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#define PACK_VERSION 1
#define PACK_WHAT "parallel aggregate state"
#define PACK_HINT "SET max_parallel_workers_per_gather = 0, or aggregate stored timelines instead of rows."

typedef struct PackArg
{
	const LedgerSettings *settings;
	bool		flat;
	WireWriter	stream;
	MemoryContext context;
} PackArg;

/* Append one grouped part as a block. */
static void
pack_part(LedgerGroups *groups, int part, void *arg)
{
	PackArg    *a = arg;
	const LedgerSettings *settings = a->settings;
	bool		money = (settings->flags & LEDGER_MONEY) != 0;
	MemoryContext old;
	WireWriter	w;
	uint64		key = 0;
	uint64		entries = 0;
	uint64		hash;

	if (groups->ncustomers == 0)
		return;
	old = MemoryContextSwitchTo(a->context);
	ledger_groups_sort(groups);
	for (int i = 0; i < groups->ncustomers; i++)
		entries += groups->customers[i].count;
	wire_writer_init(&w, entries * 8, PACK_WHAT, PACK_HINT);
	wire_put(&w, entries);
	wire_put(&w, groups->ncustomers);
	for (int i = 0; i < groups->ncustomers; i++)
	{
		const LedgerCustomer *c = &groups->customers[i];
		const LedgerItem *item = &groups->items[c->first];
		uint64		when = 0;

		if (settings->key_words == 1)
			wire_put(&w, c->key[0] - key);
		else
			wire_put_bytes(&w, c->key, sizeof(c->key));
		key = c->key[0];
		wire_put(&w, c->count);
		for (uint32 j = 0; j < c->count; j++, item++)
		{
			uint64		time = item->when >> LEDGER_COUNT_BITS;

			wire_put(&w, time - when);
			when = time;
			wire_put(&w, item->when & LEDGER_COUNT_MAX);
			if (money)
				wire_put_signed(&w, item->amount);
		}
	}
	/* a part of a nested ledger lies within one part of the outermost */
	hash = ledger_hash(groups->customers[0].key, settings->key_words);
	wire_put(&a->stream, a->flat ? 0 : hash >> 56);
	wire_put(&a->stream, w.len - VARHDRSZ);
	wire_put_bytes(&a->stream, w.data + VARHDRSZ, w.len - VARHDRSZ);
	pfree(w.data);
	MemoryContextSwitchTo(old);
}

/*
 * Pack a ledger into a datum.  Past 1 GB: error 54000 with the way out.
 */
bytea *
ledger_serialize(Ledger *ledger)
{
	const LedgerSettings *settings = &ledger->settings;
	bool		flat = ledger->part_mask == 0 && ledger->packed == NULL &&
		ledger->spill == NULL;
	uint8		head[4] = {PACK_VERSION, settings->flags, settings->key_words, flat};
	PackArg		a;

	a.settings = settings;
	a.flat = flat;
	a.context = CurrentMemoryContext;
	wire_writer_init(&a.stream, 256, PACK_WHAT, PACK_HINT);
	wire_put_bytes(&a.stream, head, sizeof(head));
	wire_put(&a.stream, VARSIZE(settings->grain));
	wire_put_bytes(&a.stream, settings->grain, VARSIZE(settings->grain));
	wire_put(&a.stream, strlen(settings->zone));
	wire_put_bytes(&a.stream, settings->zone, strlen(settings->zone));
	ledger_visit_parts(ledger, false, pack_part, &a);
	return wire_finish(&a.stream);
}

/*
 * A ledger made of packed bytes, in context; the blocks stay where they are,
 * so the bytes must live as long.  Made to be merged into another.
 */
Ledger *
ledger_deserialize(const void *bytes, Size len, MemoryContext context)
{
	WireReader	r;
	LedgerSettings settings;
	LedgerPacked *packed;
	Ledger	   *ledger;
	MemoryContext old = MemoryContextSwitchTo(context);
	const uint8 *head;
	Size		size;
	Grain	   *grain;
	int			room = 0;

	wire_reader_init(&r, bytes, len, PACK_WHAT);
	head = wire_get_bytes(&r, 4);
	if (head[0] != PACK_VERSION || head[2] < 1 || head[2] > 2 || head[3] > 1 ||
		(head[1] & ~(LEDGER_MONEY | LEDGER_STARTED | LEDGER_INSTANTS)) != 0)
		wire_corrupt(&r, "The header is not of this version.");
	settings.flags = head[1];
	settings.key_words = head[2];
	size = wire_get_max(&r, 8192, "The grain is too long.");
	grain = palloc(Max(size, sizeof(Grain)));
	memcpy(grain, wire_get_bytes(&r, size), size);
	if (size < offsetof(Grain, cuts) || VARSIZE(grain) != size)
		wire_corrupt(&r, "The grain is damaged.");
	settings.grain = grain;
	size = wire_get_max(&r, TZ_STRLEN_MAX, "The zone is too long.");
	settings.zone = pnstrdup((const char *) wire_get_bytes(&r, size), size);

	packed = palloc0(sizeof(LedgerPacked));
	packed->flat = head[3] != 0;
	packed->bytes = len;
	while (r.at < r.end)
	{
		LedgerBlock *block;

		if (packed->nblocks == room)
		{
			room = Max(8, room * 2);
			packed->blocks = packed->blocks == NULL ?
				palloc(room * sizeof(LedgerBlock)) :
				repalloc_huge(packed->blocks, room * sizeof(LedgerBlock));
		}
		block = &packed->blocks[packed->nblocks++];
		block->part = (int) wire_get_max(&r, LEDGER_PARTS - 1,
										 "A block has no such part.");
		block->len = (uint32) wire_get_max(&r, MaxAllocSize,
										   "A block is too long.");
		block->bytes = wire_get_bytes(&r, block->len);
	}

	ledger = ledger_create(&settings, NULL, context, 0);
	ledger->packed = packed;
	MemoryContextSwitchTo(old);
	return ledger;
}

/* Entries a block says it has, checked against its length. */
static uint64
block_entries(const LedgerBlock *block)
{
	WireReader	r;

	wire_reader_init(&r, block->bytes, block->len, PACK_WHAT);
	return wire_get_max(&r, block->len, "A block has too many entries.");
}

/* Unpack a block; words has room for block_entries(block) entries. */
static int64
unpack_block(const Ledger *ledger, const LedgerBlock *block, uint64 *words)
{
	int			key_words = ledger->settings.key_words;
	bool		money = (ledger->settings.flags & LEDGER_MONEY) != 0;
	WireReader	r;
	uint64		entries;
	uint64		left;
	uint64		customers;
	uint64		key[2] = {0, 0};

	wire_reader_init(&r, block->bytes, block->len, PACK_WHAT);
	entries = left = wire_get(&r);
	customers = wire_get(&r);
	while (customers-- > 0)
	{
		uint64		time = 0;
		uint64		n;

		if (key_words == 1)
			key[0] += wire_get(&r);
		else
			memcpy(key, wire_get_bytes(&r, sizeof(key)), sizeof(key));
		n = wire_get_max(&r, left, "A customer has too many entries.");
		left -= n;
		while (n-- > 0)
		{
			*words++ = key[0];
			if (key_words == 2)
				*words++ = key[1];
			time += wire_get(&r);
			*words++ = time << LEDGER_COUNT_BITS |
				wire_get_max(&r, LEDGER_COUNT_MAX, "A count is too large.");
			if (money)
				*words++ = (uint64) wire_get_signed(&r);
		}
	}
	if (left > 0)
		wire_corrupt(&r, "A block has too few entries.");
	wire_get_end(&r);
	return (int64) entries;
}

/* First block of a part among blocks in order of part. */
static int
first_block(const LedgerPacked *packed, int part)
{
	int			low = 0;
	int			high = packed->nblocks;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (packed->blocks[middle].part < part)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Entries of a part that are still packed, at most. */
int64
ledger_packed_entries(const Ledger *ledger, int part)
{
	int64		entries = 0;

	for (LedgerPacked *p = ledger->packed; p != NULL; p = p->next)
		for (int b = first_block(p, part);
			 b < p->nblocks && p->blocks[b].part == part; b++)
			entries += block_entries(&p->blocks[b]);
	return entries;
}

/* Unpack them; returns their number. */
int64
ledger_packed_read(const Ledger *ledger, int part, uint64 *words)
{
	int64		entries = 0;

	CHECK_FOR_INTERRUPTS();
	for (LedgerPacked *p = ledger->packed; p != NULL; p = p->next)
		for (int b = first_block(p, part);
			 b < p->nblocks && p->blocks[b].part == part; b++)
			entries += unpack_block(ledger, &p->blocks[b],
									words + entries * ledger->entry_words);
	return entries;
}

static int
compare_blocks(const void *a, const void *b)
{
	return ((const LedgerBlock *) a)->part - ((const LedgerBlock *) b)->part;
}

/*
 * Take over what from still has packed.  The blocks of a large ledger are
 * copied as they are, those of a small one are unpacked.
 */
void
ledger_packed_add(Ledger *into, const Ledger *from)
{
	for (const LedgerPacked *p = from->packed; p != NULL; p = p->next)
	{
		Size		bytes = 0;
		LedgerPacked *copy;
		uint8	   *at;

		for (int b = 0; b < p->nblocks; b++)
			bytes += p->blocks[b].len;
		if (p->flat)
		{
			for (int b = 0; b < p->nblocks; b++)
			{
				uint64	   *words = palloc_extended((block_entries(&p->blocks[b]) + 1) *
													into->entry_words * sizeof(uint64),
													MCXT_ALLOC_HUGE);

				ledger_add_words(into, words,
								 unpack_block(from, &p->blocks[b], words));
				pfree(words);
			}
			continue;
		}
		bytes += sizeof(LedgerPacked) + p->nblocks * sizeof(LedgerBlock);
		copy = MemoryContextAllocHuge(into->context, bytes);
		copy->next = into->packed;
		copy->bytes = bytes;
		copy->flat = false;
		copy->nblocks = p->nblocks;
		copy->blocks = (LedgerBlock *) (copy + 1);
		at = (uint8 *) (copy->blocks + p->nblocks);
		for (int b = 0; b < p->nblocks; b++)
		{
			copy->blocks[b] = p->blocks[b];
			copy->blocks[b].bytes = at;
			memcpy(at, p->blocks[b].bytes, p->blocks[b].len);
			at += p->blocks[b].len;
		}
		qsort(copy->blocks, copy->nblocks, sizeof(LedgerBlock), compare_blocks);
		into->packed = copy;
		ledger_account(into, bytes);
	}
}

/* Give back the memory of packed states, once they have been written out. */
void
ledger_packed_free(Ledger *ledger)
{
	for (LedgerPacked *p = ledger->packed, *next; p != NULL; p = next)
	{
		next = p->next;
		ledger_account(ledger, -(int64) p->bytes);
		pfree(p);
	}
	ledger->packed = NULL;
}
