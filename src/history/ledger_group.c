/*
 * ledger_group.c
 *		Put the entries of one part together by customer and time.
 *
 * Two passes over entries that fit the cache: number the customers through a
 * hash table, then scatter (when, amount) so that each customer's are
 * adjacent.  Where order matters each customer's few are sorted and merged.
 */
#include "history/ledger_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Customers are written in order of their keys, so that keys pack well. */
#define ST_SORT sort_customers
#define ST_ELEMENT_TYPE LedgerCustomer
#define ST_COMPARE(a, b) \
	((a)->key[0] != (b)->key[0] ? ((a)->key[0] < (b)->key[0] ? -1 : 1) : \
	 (a)->key[1] < (b)->key[1] ? -1 : (a)->key[1] > (b)->key[1] ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define SLICE 8192				/* entries looked at between interrupts */
#define SLOTS_EACH 4			/* of a customer, at least */

/*
 * Buffers have room for so many entries and customers at least: those of a
 * group of few rows fit the first block of the memory context, which needs no
 * malloc then.
 */
#define FEW_ENTRIES 64

/* Fresh buffers, growing in context. */
LedgerGroups *
ledger_groups_create(MemoryContext context)
{
	LedgerGroups *g = MemoryContextAllocZero(context, sizeof(LedgerGroups));

	g->context = context;
	g->salt = salt_draw();
	return g;
}

/* Replace a buffer by one of at least size bytes; its content is lost. */
static void *
renew_buffer(LedgerGroups *g, void *buffer, Size size)
{
	if (buffer)
		pfree(buffer);
	return MemoryContextAllocExtended(g->context, size, MCXT_ALLOC_HUGE);
}

/*
 * A slot is a tag and the number of a customer, from 1; 0 is free.  The tag says
 * nearly always, and where keys are of 32 bits always, whether the key is the
 * customer's, without a look at the customer.
 */
static inline uint64
slot_tag(const LedgerGroups *g, const uint64 *key, uint64 hash)
{
	return g->short_keys ? key[0] << 32 : hash & ~(uint64) PG_UINT32_MAX;
}

/* Put every customer known so far into a larger table. */
static void
grow_slots(LedgerGroups *g, int key_words, int64 nslots)
{
	if (nslots > g->max_slots)
	{
		g->slots = renew_buffer(g, g->slots, nslots * sizeof(uint64));
		g->max_slots = nslots;
	}
	memset(g->slots, 0, nslots * sizeof(uint64));
	g->nslots = nslots;
	for (int i = 0; i < g->ncustomers; i++)
	{
		const uint64 *key = g->customers[i].key;
		uint64		hash = ledger_hash(&g->salt, key, key_words);
		int64		slot = (int64) hash & (nslots - 1);

		CHECK_FOR_INTERRUPTS();
		while (g->slots[slot] != 0)
			slot = (slot + 1) & (nslots - 1);
		g->slots[slot] = slot_tag(g, key, hash) | (uint32) (i + 1);
	}
}

/* Have room for so many items in all; what is there is lost. */
void
ledger_groups_reserve(LedgerGroups *g, int64 total)
{
	if (total >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many entries for one customer"),
				 errhint("Use a coarser grain, or leave out placeholder customers such as guests.")));
	if (total <= g->max_entries)
		return;
	g->max_entries = Max(total + total / 4, FEW_ENTRIES);
	g->items = renew_buffer(g, g->items, g->max_entries * sizeof(LedgerItem));
	g->owner = renew_buffer(g, g->owner, g->max_entries * sizeof(uint32));
}

/* Have room for so many customers more. */
void
ledger_groups_reserve_customers(LedgerGroups *g, int64 more)
{
	int64		max = Max(FEW_ENTRIES, (int64) g->max_customers * 2);

	if (g->ncustomers + more <= g->max_customers)
		return;
	max = Max(max, g->ncustomers + more);
	g->customers = g->customers == NULL ?
		MemoryContextAllocExtended(g->context, max * sizeof(LedgerCustomer),
								   MCXT_ALLOC_HUGE) :
		repalloc_huge(g->customers, max * sizeof(LedgerCustomer));
	g->max_customers = (int) max;
}

/* One more customer, without items yet. */
LedgerCustomer *
ledger_groups_append(LedgerGroups *g, const uint64 *key, int key_words)
{
	LedgerCustomer *c;

	if (unlikely(g->ncustomers == g->max_customers))
		ledger_groups_reserve_customers(g, 1);
	c = &g->customers[g->ncustomers++];
	c->key[0] = key[0];
	c->key[1] = key_words == 2 ? key[1] : 0;
	c->first = c->count = 0;
	return c;
}

/* A customer seen for the first time: its number. */
static pg_noinline uint32
new_customer(LedgerGroups *g, const uint64 *key, int key_words, uint64 tag,
			 int64 slot)
{
	uint32		number = g->ncustomers;

	ledger_groups_append(g, key, key_words);
	if (g->max_places < g->max_customers)
	{
		g->places = g->places == NULL ?
			MemoryContextAllocExtended(g->context,
									   g->max_customers * sizeof(uint32),
									   MCXT_ALLOC_HUGE) :
			repalloc_huge(g->places, g->max_customers * sizeof(uint32));
		g->max_places = g->max_customers;
	}
	g->places[number] = 0;
	g->slots[slot] = tag | g->ncustomers;
	if ((int64) g->ncustomers * SLOTS_EACH > g->nslots)
		grow_slots(g, key_words, g->nslots * 2);
	return number;
}

/* Number of the customer a key belongs to. */
static pg_attribute_always_inline uint32
find_customer(LedgerGroups *g, const uint64 *key, int key_words,
			  bool short_keys)
{
	uint64		hash = ledger_hash(&g->salt, key, key_words);
	uint64		tag = slot_tag(g, key, hash);
	int64		slot = (int64) hash & (g->nslots - 1);

	for (;;)
	{
		uint64		found = g->slots[slot];
		uint32		number = (uint32) found - 1;

		if (found == 0)
			return new_customer(g, key, key_words, tag, slot);
		if ((found ^ tag) >> 32 == 0)
		{
			const LedgerCustomer *c = &g->customers[number];

			if (short_keys ||
				(c->key[0] == key[0] && (key_words == 1 || c->key[1] == key[1])))
				return number;
		}
		slot = (slot + 1) & (g->nslots - 1);
	}
}

/* Number the customers of a span and count their entries. */
static pg_attribute_always_inline uint32 *
number_customers(LedgerGroups *g, const LedgerSpan *span,
				 const LedgerLayout layout, int key_words, bool short_keys,
				 uint32 *owner)
{
	const uint64 *entry = span->words;

	for (int64 i = 0; i < span->entries;)
	{
		int64		end = Min(i + SLICE, span->entries);

		CHECK_FOR_INTERRUPTS();
		for (; i < end; i++, entry += layout.words)
		{
			uint64		buffer;
			const uint64 *key = ledger_get_key(&layout, entry, &buffer);
			uint32		number = find_customer(g, key, key_words, short_keys);

			g->places[number]++;
			*owner++ = number;
		}
	}
	return owner;
}

/* Scatter a span's entries to their customers' places, which move along. */
static pg_attribute_always_inline const uint32 *
scatter(LedgerGroups *g, const LedgerSpan *span, const LedgerLayout layout,
		const uint32 *owner)
{
	const uint64 *entry = span->words;
	LedgerItem *items = g->items;
	uint32	   *places = g->places;

	for (int64 i = 0; i < span->entries;)
	{
		int64		end = Min(i + SLICE, span->entries);

		CHECK_FOR_INTERRUPTS();
		for (; i < end; i++, entry += layout.words)
		{
			LedgerItem *item = &items[places[*owner++]++];

			item->when = ledger_get_when(&layout, entry);
			item->amount = ledger_get_amount(&layout, entry);
		}
	}
	return owner;
}

/* Both by the layouts that are most common, which the compiler then knows. */
static uint32 *
number_span(LedgerGroups *g, const LedgerSpan *span, int key_words,
			uint32 *owner)
{
	LedgerLayout layout = *span->layout;

	if (g->short_keys)
		return layout.money ?
			number_customers(g, span, ledger_layout_of(true, 1, true), 1, true,
							 owner) :
			number_customers(g, span, ledger_layout_of(true, 1, false), 1, true,
							 owner);
	if (layout.compact && key_words == 2)
		return number_customers(g, span, ledger_layout_of(true, 2, true), 2, false,
								owner);
	return number_customers(g, span, layout, key_words, false, owner);
}

static const uint32 *
scatter_span(LedgerGroups *g, const LedgerSpan *span, const uint32 *owner)
{
	LedgerLayout layout = *span->layout;

	if (layout.compact && layout.money)
		return layout.key_words == 1 ?
			scatter(g, span, ledger_layout_of(true, 1, true), owner) :
			scatter(g, span, ledger_layout_of(true, 2, true), owner);
	return scatter(g, span, layout, owner);
}

/*
 * Group the entries of some spans: groups->customers with their items, in no
 * particular order of either.  The spans are not needed any more afterwards.
 */
void
ledger_group(LedgerGroups *g, const LedgerSpan *spans, int nspans,
			 int key_words)
{
	int64		total = 0;
	int64		nslots;
	uint32	   *owner;
	const uint32 *owned;
	uint32		first = 0;

	for (int s = 0; s < nspans; s++)
		total += spans[s].entries;
	ledger_groups_reserve(g, total);

	CHECK_FOR_INTERRUPTS();
	g->ncustomers = 0;
	g->short_keys = key_words == 1;
	for (int s = 0; s < nspans; s++)
		g->short_keys = g->short_keys && spans[s].layout->compact;
	nslots = Max(64, g->nslots);
	while (nslots > 64 && nslots > total * 2 * SLOTS_EACH)
		nslots /= 2;
	grow_slots(g, key_words, nslots);
	owner = g->owner;
	for (int s = 0; s < nspans; s++)
		owner = number_span(g, &spans[s], key_words, owner);
	for (int i = 0; i < g->ncustomers; i++)
	{
		LedgerCustomer *c = &g->customers[i];

		c->first = first;
		c->count = g->places[i];
		g->places[i] = first;
		first += c->count;
	}
	CHECK_FOR_INTERRUPTS();
	owned = g->owner;
	for (int s = 0; s < nspans; s++)
		owned = scatter_span(g, &spans[s], owned);
}

/*
 * Sort and merge the items of every customer, to what still fits a layout.
 * Returns the number of items left.
 */
int64
ledger_groups_settle(LedgerGroups *g, const LedgerSettings *settings,
					 const LedgerLayout *layout)
{
	uint64		count_max = ledger_count_max(layout);
	int64		amount_max = ledger_amount_max(layout);
	int64		kept = 0;

	for (int i = 0; i < g->ncustomers; i++)
	{
		LedgerCustomer *c = &g->customers[i];

		CHECK_FOR_INTERRUPTS();
		c->count = settings->code->settle(settings, g->items + c->first,
										  c->count, count_max, amount_max);
		kept += c->count;
	}
	return kept;
}

#define FEW_CUSTOMERS 128		/* so many are sorted by comparing */

/*
 * Bring the customers into the order of their keys.  Keys of one word are
 * sorted byte by byte from the lowest, bytes that all share left out.
 */
void
ledger_groups_sort(LedgerGroups *g, int key_words)
{
	LedgerCustomer *from = g->customers;
	LedgerCustomer *to;
	uint64		differ = 0;
	int			n = g->ncustomers;

	if (key_words != 1 || n < FEW_CUSTOMERS)
	{
		sort_customers(from, n);
		return;
	}
	for (int i = 1; i < n; i++)
		differ |= from[i].key[0] ^ from[0].key[0];
	if (g->max_sorted < g->max_customers)
	{
		g->sorted = renew_buffer(g, g->sorted,
								 g->max_customers * sizeof(LedgerCustomer));
		g->max_sorted = g->max_customers;
	}
	to = g->sorted;
	for (int shift = 0; shift < 64; shift += 8)
	{
		uint32		place[256] = {0};
		uint32		sum = 0;
		LedgerCustomer *swap;

		if (((differ >> shift) & 0xFF) == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			place[(from[i].key[0] >> shift) & 0xFF]++;
		for (int b = 0; b < 256; b++)
		{
			uint32		count = place[b];

			place[b] = sum;
			sum += count;
		}
		for (int i = 0; i < n; i++)
			to[place[(from[i].key[0] >> shift) & 0xFF]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != g->customers)
		memcpy(g->customers, from, n * sizeof(LedgerCustomer));
}

/*
 * Write the groups back as entries, which must fit the layout; words has room
 * for all that were kept.
 */
void
ledger_groups_write(const LedgerGroups *g, const LedgerLayout *layout,
					uint64 *words)
{
	for (int i = 0; i < g->ncustomers; i++)
	{
		const LedgerCustomer *c = &g->customers[i];
		const LedgerItem *item = g->items + c->first;

		CHECK_FOR_INTERRUPTS();
		for (uint32 j = 0; j < c->count; j++, item++)
			words = ledger_put_entry(layout, words, c->key, item->when,
									 item->amount);
	}
}

/* Show every customer to a visitor. */
void
ledger_groups_visit(const LedgerGroups *g, LedgerVisitor visit, void *arg)
{
	for (int i = 0; i < g->ncustomers; i++)
	{
		CHECK_FOR_INTERRUPTS();
		visit(g->items + g->customers[i].first, g->customers[i].count, arg);
	}
}
