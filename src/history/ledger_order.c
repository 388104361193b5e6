/*
 * ledger_order.c
 *		Entries in order of customers, grouped as they are.
 *
 * A table that is clustered by customer, or was loaded in their order, gives
 * its rows so.  Then all entries of a customer lie together: nothing has to be
 * spread over parts nor found by a hash, and a slice of entries at a time is put
 * before the visitor.
 *
 * A synchronized scan begins somewhere and goes on from the table's beginning:
 * the entries come in two sequences, the second of which ends where the first
 * began.  So a few sequences are no disorder, as long as none comes to customers
 * within another.  Each begins a chunk, so that the chunks can be put in order.
 * An entry that does not go with that makes the ledger one like any other.
 */
#include "history/ledger_internal.h"

#include "miscadmin.h"

#define SEQUENCES 8				/* at most */
#define LEAST_ENTRIES 64		/* of the first one, some of the last page of a
								 * table */
#define NO_CEILING 0xFF			/* in each byte: no customer is above */

/*
 * A new ledger is in order.  Whoever comes first begins its sequence, the last
 * customer of all excepted, who has begun it by this.
 */
void
ledger_order_create(Ledger *ledger)
{
	ledger->in_order = true;
	memset(&ledger->sequence, NO_CEILING, sizeof(LedgerSequence));
	memset(ledger->ceiling, NO_CEILING, sizeof(ledger->ceiling));
}

/*
 * May a sequence begin with a customer, now that another one ended?  If so, the
 * ceiling says how far it may go.
 */
static bool
goes_beside(Ledger *ledger, const LedgerSequence *other, const uint64 *key)
{
	int			key_words = ledger->settings.key_words;

	if (ledger_key_before(other->first, key, key_words))
		return !ledger_key_before(key, other->last, key_words);
	if (ledger_key_before(other->first, ledger->ceiling, key_words))
		memcpy(ledger->ceiling, other->first, sizeof(other->first));
	return true;
}

/*
 * The sequence that is being filled ends.  False where there were enough already,
 * or so few entries that their order says nothing.
 */
static bool
end_sequence(Ledger *ledger)
{
	if (ledger->nended == SEQUENCES - 1 ||
		ledger_part_entries(ledger, &ledger->only) < LEAST_ENTRIES)
		return false;
	if (ledger->ended == NULL)
		ledger->ended = MemoryContextAlloc(ledger->context,
										   (SEQUENCES - 1) * sizeof(LedgerSequence));
	ledger->ended[ledger->nended++] = ledger->sequence;
	ledger_part_close(&ledger->only);
	return true;
}

/*
 * The customer comes before the latest one, or after those whose turn it is:
 * begin a sequence with him.  False where there is no order any more.
 */
bool
ledger_begin_sequence(Ledger *ledger, const uint64 *key)
{
	Size		size = ledger->settings.key_words * sizeof(uint64);

	/* nobody has begun the first one */
	if (ledger->only.chunk != NULL)
	{
		ledger->in_order = end_sequence(ledger);
		memset(ledger->ceiling, NO_CEILING, sizeof(ledger->ceiling));
		for (int i = 0; i < ledger->nended && ledger->in_order; i++)
			ledger->in_order = goes_beside(ledger, &ledger->ended[i], key);
		if (!ledger->in_order)
			return false;
	}
	memcpy(ledger->sequence.first, key, size);
	memcpy(ledger->sequence.last, key, size);
	return true;
}

/* The customer of an entry of a span. */
static inline void
span_key(const LedgerSpan *span, int64 at, uint64 *key)
{
	uint64		buffer;

	memcpy(key, ledger_get_key(span->layout, span->words + at * span->layout->words, &buffer),
		   span->layout->key_words * sizeof(uint64));
}

/* By their first customers, then by their last. */
static int
compare_spans(const void *a, const void *b)
{
	const LedgerSpan *x = a;
	const LedgerSpan *y = b;
	int			key_words = x->layout->key_words;

	for (int end = 0; end < 2; end++)
	{
		uint64		of_x[2];
		uint64		of_y[2];

		span_key(x, end == 0 ? 0 : x->entries - 1, of_x);
		span_key(y, end == 0 ? 0 : y->entries - 1, of_y);
		if (ledger_key_before(of_x, of_y, key_words))
			return -1;
		if (ledger_key_before(of_y, of_x, key_words))
			return 1;
	}
	return 0;
}

/*
 * The chunks of a part as spans in order of customers; returns how many,
 * palloc'd in *spans.
 */
int
ledger_order_spans(const Ledger *ledger, const LedgerPart *part,
				   LedgerSpan **spans)
{
	int			n = ledger_part_spans(ledger, part, spans);

	if (ledger->nended > 0)
		qsort(*spans, n, sizeof(LedgerSpan), compare_spans);
	return n;
}

/* Read spans, all of one layout, from their beginning. */
void
ledger_order_begin(OrderReader *reader, const LedgerSpan *spans, int nspans,
				   int64 slice)
{
	reader->spans = spans;
	reader->nspans = nspans;
	reader->slice = slice;
	reader->span = 0;
	reader->at = 0;
}

/* Go n entries on, but not past the end; returns by how many. */
static int64
skip_entries(OrderReader *reader, int64 n)
{
	int64		left = n;

	while (left > 0 && reader->span < reader->nspans)
	{
		int64		some = Min(left, reader->spans[reader->span].entries - reader->at);

		left -= some;
		reader->at += some;
		if (reader->at == reader->spans[reader->span].entries)
		{
			reader->span++;
			reader->at = 0;
		}
	}
	return n - left;
}

/* Entries of one customer from here on; they are left behind. */
static int64
skip_customer(OrderReader *reader, const uint64 *customer, int key_words)
{
	int64		n = 0;

	for (; reader->span < reader->nspans; reader->span++, reader->at = 0)
	{
		const LedgerSpan *span = &reader->spans[reader->span];
		const LedgerLayout layout = *span->layout;
		const uint64 *entry = span->words + reader->at * layout.words;

		CHECK_FOR_INTERRUPTS();
		for (; reader->at < span->entries; reader->at++, entry += layout.words)
		{
			uint64		buffer;
			const uint64 *key = ledger_get_key(&layout, entry, &buffer);

			if (memcmp(key, customer, key_words * sizeof(uint64)) != 0)
				return n;
			n++;
		}
	}
	return n;
}

/* Go past the customer whose turn it is. */
void
ledger_order_skip_customer(OrderReader *reader)
{
	const LedgerSpan *span = &reader->spans[reader->span];
	uint64		customer[2];

	span_key(span, reader->at, customer);
	skip_customer(reader, customer, span->layout->key_words);
}

/* The place of an entry's customer in the order. */
static OrderKey
entry_order(const LedgerSpan *span, int64 at)
{
	uint64		key[2];

	span_key(span, at, key);
	return order_key(key, span->layout->key_words);
}

OrderKey
ledger_order_key(const OrderReader *reader)
{
	return entry_order(&reader->spans[reader->span], reader->at);
}

/* Go to the first customer who is not before this place. */
void
ledger_order_seek(OrderReader *reader, const OrderKey *place)
{
	for (; reader->span < reader->nspans; reader->span++, reader->at = 0)
	{
		const LedgerSpan *span = &reader->spans[reader->span];
		int64		low = reader->at;
		int64		high = span->entries - 1;
		OrderKey	last = entry_order(span, high);

		if (compare_order_keys(&last, place) < 0)
			continue;
		while (low < high)
		{
			int64		middle = low + (high - low) / 2;
			OrderKey	key = entry_order(span, middle);

			if (compare_order_keys(&key, place) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		reader->at = low;
		return;
	}
}

/*
 * How many entries a slice has, which begins here and ends with the last entry
 * of a customer.
 */
static int64
slice_entries(OrderReader reader)
{
	int64		n = skip_entries(&reader, reader.slice - 1);
	uint64		customer[2];

	if (reader.span == reader.nspans)
		return n;
	span_key(&reader.spans[reader.span], reader.at, customer);
	return n + skip_customer(&reader, customer,
							 reader.spans[reader.span].layout->key_words);
}

/*
 * Append n entries that lie together to the groups, which have room for them:
 * from number first of their items on.
 */
static pg_attribute_always_inline void
take_entries(LedgerGroups *g, const LedgerLayout layout, const uint64 *entry,
			 int64 n, uint32 first)
{
	LedgerItem *item = &g->items[first];
	LedgerCustomer *customer = &g->customers[Max(g->ncustomers - 1, 0)];
	bool		begun = g->ncustomers > 0;

	for (int64 i = 0; i < n; i++, item++, entry += layout.words)
	{
		uint64		buffer;
		const uint64 *key = ledger_get_key(&layout, entry, &buffer);

		if (!begun || customer->key[0] != key[0] ||
			(layout.key_words == 2 && customer->key[1] != key[1]))
		{
			begun = true;
			customer = &g->customers[g->ncustomers++];
			customer->key[0] = key[0];
			customer->key[1] = layout.key_words == 2 ? key[1] : 0;
			customer->first = (uint32) (item - g->items);
			customer->count = 0;
		}
		customer->count++;
		item->when = ledger_get_when(&layout, entry);
		item->amount = ledger_get_amount(&layout, entry);
	}
}

/* The same by the layouts that are most common, which the compiler then knows. */
static void
take_some(LedgerGroups *g, const LedgerLayout layout, const uint64 *entry,
		  int64 n, uint32 first)
{
	if (layout.compact && layout.money && layout.key_words == 1)
		take_entries(g, ledger_layout_of(true, 1, true), entry, n, first);
	else if (layout.compact && layout.key_words == 2)
		take_entries(g, ledger_layout_of(true, 2, true), entry, n, first);
	else
		take_entries(g, layout, entry, n, first);
}

/*
 * The customers of the next entries, with all they have: in order of their keys.
 * False at the end.
 */
bool
ledger_order_next(OrderReader *reader, LedgerGroups *g)
{
	int64		n = slice_entries(*reader);
	uint32		taken = 0;

	CHECK_FOR_INTERRUPTS();
	if (n == 0)
		return false;
	ledger_groups_reserve(g, n);
	g->ncustomers = 0;
	ledger_groups_reserve_customers(g, n);
	while (taken < n)
	{
		const LedgerSpan *span = &reader->spans[reader->span];
		int64		some = Min(n - taken, span->entries - reader->at);

		take_some(g, *span->layout,
				  span->words + reader->at * span->layout->words, some, taken);
		taken += (uint32) some;
		skip_entries(reader, some);
	}
	return true;
}

/* The share of some entries of a ledger that merging would leave. */
double
ledger_order_probe(const Ledger *ledger, const LedgerSpan *span,
				   LedgerGroups *groups)
{
	OrderReader reader;
	int64		left = 0;

	ledger_order_begin(&reader, span, 1, ORDER_SLICE);
	while (ledger_order_next(&reader, groups))
		left += ledger_groups_settle(groups, &ledger->settings, &ledger->layout);
	return (double) left / span->entries;
}
