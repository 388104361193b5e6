/*
 * ledger_pack.c
 *		Packed ledgers: what a parallel worker sends to the leader.
 *
 * A packed ledger is a byte stream:
 *
 *	byte	version
 *	byte	flags of the settings and mark of the code
 *	byte	words in a key
 *	byte	1 when it is flat: one part holds everything; 2: it has results in
 *			place of entries, and ends as ledger_finished.c says
 *	the rules of its code
 *	uint	length of the zone's name, then its bytes
 *	8 bytes	tag of the salt the parts go by
 *	until the end, blocks:
 *		byte	part
 *		uint	length in bytes, then the block
 *
 * and a block, holding customers of one part in order of their keys:
 *
 *	uint	entries
 *	uint	customers
 *	uint	decimal zeros cut off all amounts; then for each customer
 *		key		one word: distance from the key before; two words: 16 bytes
 *		uint	number of entries, then these, as its code has them
 *
 * The leader keeps the blocks as they came and unpacks them part by part when
 * customers are visited, so that merging workers costs a copy, and the merge
 * itself happens in the cache.  Blocks of another server, which has other
 * parts, are unpacked at once.
 */
#include "history/ledger_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#define PACK_WHAT "parallel aggregate state"
#define PACK_HINT "SET max_parallel_workers_per_gather = 0 for this query: a serial plan writes to disk instead. Matrices and movements are also made from timelines, one per customer."

/* Amounts are mostly whole cents: cut off zeros common to all of a block. */
#define MAX_ZEROS 6
static const int64 powers_of_ten[MAX_ZEROS + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000
};

typedef struct PackArg
{
	const LedgerSettings *settings;
	const Salt *salt;
	bool		flat;
	WireWriter	stream;
	MemoryContext context;
} PackArg;

/* Decimal zeros that the amounts of all groups end with. */
static int
common_zeros(const LedgerGroups *groups)
{
	int			zeros = MAX_ZEROS;

	for (int i = 0; i < groups->ncustomers; i++)
	{
		const LedgerCustomer *c = &groups->customers[i];
		const LedgerItem *item = &groups->items[c->first];

		for (uint32 j = 0; j < c->count; j++, item++)
			while (item->amount % powers_of_ten[zeros] != 0)
				if (--zeros == 0)
					return 0;
	}
	return zeros;
}

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
	LedgerLayout wide = ledger_layout(settings, false);
	uint64		entries;
	uint64		hash;
	int			zeros = money ? common_zeros(groups) : 0;
	int64		unit = powers_of_ten[zeros];

	if (groups->ncustomers == 0)
		return;
	old = MemoryContextSwitchTo(a->context);
	ledger_groups_sort(groups, settings->key_words);
	entries = ledger_groups_settle(groups, settings, &wide);
	wire_writer_init(&w, entries * 8, PACK_WHAT, PACK_HINT);
	wire_put(&w, entries);
	wire_put(&w, groups->ncustomers);
	wire_put(&w, zeros);
	for (int i = 0; i < groups->ncustomers; i++)
	{
		const LedgerCustomer *c = &groups->customers[i];

		CHECK_FOR_INTERRUPTS();
		wire_reserve(&w, 3 * WIRE_MAX_INTEGER);
		if (settings->key_words == 1)
			wire_put_reserved(&w, c->key[0] - key);
		else
			wire_put_bytes(&w, c->key, sizeof(c->key));
		key = c->key[0];
		wire_put_reserved(&w, c->count);
		settings->code->put_items(&w, &groups->items[c->first], c->count,
								  money, unit);
	}
	/* a part of a nested ledger lies within one part of the outermost */
	hash = ledger_hash(a->salt, groups->customers[0].key, settings->key_words);
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
	bool		flat = !ledger_is_large(ledger);
	uint64		tag = salt_tag(&ledger->salt);
	PackArg		a;

	a.settings = settings;
	a.salt = &ledger->salt;
	a.flat = flat;
	a.context = CurrentMemoryContext;
	wire_writer_init(&a.stream, 256, PACK_WHAT, PACK_HINT);
	ledger_head_put(&a.stream, settings,
					ledger->finished != NULL ? LEDGER_FORM_FINISHED :
					flat ? LEDGER_FORM_FLAT : LEDGER_FORM_PARTS);
	if (ledger->finished != NULL)
	{
		ledger_finished_put(&a.stream, ledger);
		return wire_finish(&a.stream);
	}
	wire_put_bytes(&a.stream, &tag, sizeof(tag));
	ledger_visit_parts(ledger, !flat, pack_part, &a);
	return wire_finish(&a.stream);
}

/*
 * A ledger made of packed bytes, in context; the blocks stay where they are,
 * so the bytes must live as long.  Made to be merged into another.  What is
 * in a block is checked when it is read.
 */
Ledger *
ledger_deserialize(const LedgerCode *code, const void *bytes, Size len,
				   MemoryContext context)
{
	WireReader	r;
	LedgerSettings settings;
	LedgerPacked *packed;
	Ledger	   *ledger;
	MemoryContext old = MemoryContextSwitchTo(context);
	uint64		tag;
	LedgerForm	form;
	bool		flat;
	int			room = 0;

	wire_reader_init(&r, bytes, len, PACK_WHAT);
	form = ledger_head_get(&r, code, &settings);
	flat = form == LEDGER_FORM_FLAT;
	ledger = ledger_create(&settings, NULL, context, 0);
	if (form == LEDGER_FORM_FINISHED)
	{
		ledger_finished_get(&r, ledger);
		MemoryContextSwitchTo(old);
		return ledger;
	}

	packed = palloc0(sizeof(LedgerPacked));
	memcpy(&tag, wire_get_bytes(&r, sizeof(tag)), sizeof(tag));
	packed->flat = flat || tag != salt_tag(&ledger->salt);
	if (code->bounds != NULL)
		packed->bounds = code->bounds(&settings);
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
		block->part = (int) wire_get_max(&r, flat ? 0 : LEDGER_PARTS - 1,
										 "A block has no such part.");
		block->len = (uint32) wire_get_max(&r, MaxAllocSize,
										   "A block is too long.");
		block->bytes = wire_get_bytes(&r, block->len);
	}

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

/* Reading a block customer by customer. */
typedef struct BlockCursor
{
	LedgerCursor items;			/* where the block is read */
	const LedgerCode *code;
	uint64		entries;		/* not yet read */
	uint64		customers;		/* not yet begun */
	uint64		key[2];			/* the customer begun */
	uint64		count;			/* its entries, not yet read */
	int			key_words;
	bool		first;			/* no customer was begun */
	int			part;			/* of all its customers, -1: any */
	const Salt *salt;			/* that parts go by */
} BlockCursor;

static void
cursor_open(BlockCursor *c, const Ledger *ledger, const LedgerPacked *packed,
			const LedgerBlock *block)
{
	wire_reader_init(&c->items.r, block->bytes, block->len, PACK_WHAT);
	c->entries = wire_get(&c->items.r);
	c->customers = wire_get(&c->items.r);
	c->items.unit = powers_of_ten[wire_get_max(&c->items.r, MAX_ZEROS,
										 "Amounts cannot end so.")];
	c->key_words = ledger->settings.key_words;
	c->items.money = (ledger->settings.flags & LEDGER_MONEY) != 0;
	c->items.bounds = packed->bounds;
	c->code = ledger->settings.code;
	c->key[0] = c->key[1] = 0;
	c->first = true;
	c->part = packed->flat ? -1 : block->part;
	c->salt = &ledger->salt;
}

/* Read the key of the next customer: they ascend, and are of this part. */
static inline void
cursor_key(BlockCursor *c)
{
	uint64		before[2] = {c->key[0], c->key[1]};

	if (c->key_words == 1)
		c->key[0] += wire_get(&c->items.r);
	else
		memcpy(c->key, wire_get_bytes(&c->items.r, sizeof(c->key)), sizeof(c->key));
	if (unlikely(!c->first && (c->key[0] < before[0] ||
							   (c->key[0] == before[0] && c->key[1] <= before[1]))))
		wire_corrupt(&c->items.r, "Customers are not in ascending order.");
	c->first = false;
	if (unlikely(c->part >= 0 &&
				 ledger_hash(c->salt, c->key, c->key_words) >> 56 != (uint64) c->part))
		wire_corrupt(&c->items.r, "A customer is not of this part.");
}

/* Go to the next customer; false at the end. */
static inline bool
cursor_next(BlockCursor *c)
{
	if (c->customers == 0)
	{
		if (c->entries > 0)
			wire_corrupt(&c->items.r, "A block has too few entries.");
		wire_get_end(&c->items.r);
		return false;
	}
	CHECK_FOR_INTERRUPTS();
	c->customers--;
	cursor_key(c);
	c->count = wire_get_max(&c->items.r, c->entries,
							"A customer has too many entries.");
	if (unlikely(c->count == 0))
		wire_corrupt(&c->items.r, "A customer has no entries.");
	c->entries -= c->count;
	c->items.before = 0;
	c->items.begun = false;
	return true;
}

/* Read some of the customer's entries, no more than it has left. */
static inline void
cursor_items(BlockCursor *c, LedgerItem *items, uint64 n)
{
	CHECK_FOR_INTERRUPTS();
	c->code->get_items(&c->items, items, (uint32) n);
	c->count -= n;
}

#define ITEMS_AT_ONCE 64

/* Unpack a block, wide; words has room for block_entries(block) entries. */
static int64
unpack_block(const Ledger *ledger, const LedgerPacked *packed,
			 const LedgerBlock *block, uint64 *words)
{
	LedgerLayout wide = ledger_layout(&ledger->settings, false);
	BlockCursor c;
	int64		entries;

	cursor_open(&c, ledger, packed, block);
	entries = (int64) c.entries;
	while (cursor_next(&c))
		while (c.count > 0)
		{
			LedgerItem	items[ITEMS_AT_ONCE];
			uint64		n = Min(c.count, ITEMS_AT_ONCE);

			cursor_items(&c, items, n);
			for (uint64 i = 0; i < n; i++)
				words = ledger_put_entry(&wide, words, c.key, items[i].when,
										 items[i].amount);
		}
	return entries;
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

/* Unpack them, in the wide layout; returns their number. */
int64
ledger_packed_read(const Ledger *ledger, int part, uint64 *words)
{
	int			entry_words = ledger_layout(&ledger->settings, false).words;
	int64		entries = 0;

	CHECK_FOR_INTERRUPTS();
	for (LedgerPacked *p = ledger->packed; p != NULL; p = p->next)
		for (int b = first_block(p, part);
			 b < p->nblocks && p->blocks[b].part == part; b++)
			entries += unpack_block(ledger, p, &p->blocks[b],
									words + entries * entry_words);
	return entries;
}

#define MERGE_BLOCKS 16			/* more are hashed instead */

/*
 * Group a part that is packed as a whole by merging its blocks, which are in
 * order of customers already.  False when it takes more than a few.
 */
bool
ledger_packed_merge(const Ledger *ledger, int part, LedgerGroups *groups)
{
	BlockCursor cursors[MERGE_BLOCKS];
	BlockCursor *open[MERGE_BLOCKS];
	int			nopen = 0;
	int			nblocks = 0;
	int			key_words = ledger->settings.key_words;
	uint32		items = 0;

	for (LedgerPacked *p = ledger->packed; p != NULL; p = p->next)
		for (int b = first_block(p, part);
			 b < p->nblocks && p->blocks[b].part == part; b++)
		{
			if (nblocks == MERGE_BLOCKS)
				return false;
			cursor_open(&cursors[nblocks], ledger, p, &p->blocks[b]);
			if (cursor_next(&cursors[nblocks]))
				open[nopen++] = &cursors[nblocks];
			nblocks++;
		}

	CHECK_FOR_INTERRUPTS();
	ledger_groups_reserve(groups, ledger_packed_entries(ledger, part));
	groups->ncustomers = 0;
	while (nopen > 0)
	{
		LedgerCustomer *customer;
		BlockCursor *least = open[0];

		for (int i = 1; i < nopen; i++)
			if (open[i]->key[0] < least->key[0] ||
				(open[i]->key[0] == least->key[0] &&
				 open[i]->key[1] < least->key[1]))
				least = open[i];
		customer = ledger_groups_append(groups, least->key, key_words);
		customer->first = items;
		for (int i = 0; i < nopen; i++)
		{
			BlockCursor *c = open[i];

			if (c->key[0] != customer->key[0] || c->key[1] != customer->key[1])
				continue;
			while (c->count > 0)
			{
				uint64		n = Min(c->count, ITEMS_AT_ONCE);

				cursor_items(c, &groups->items[items], n);
				items += n;
			}
			if (!cursor_next(c))
				open[i--] = open[--nopen];
		}
		customer->count = items - customer->first;
	}
	return true;
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
	LedgerLayout wide = ledger_layout(&into->settings, false);

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
													wide.words * sizeof(uint64),
													MCXT_ALLOC_HUGE);

				ledger_add_entries(into, &wide, words,
								   unpack_block(from, p, &p->blocks[b], words));
				pfree(words);
			}
			continue;
		}
		bytes += sizeof(LedgerPacked) + p->nblocks * sizeof(LedgerBlock);
		copy = MemoryContextAllocHuge(into->context, bytes);
		copy->next = into->packed;
		copy->bytes = bytes;
		copy->flat = false;
		copy->bounds = p->bounds;
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
