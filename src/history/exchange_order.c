/*
 * exchange_order.c
 *		Ledgers in order of customers, in an exchange.
 *
 * A parallel scan hands the pages of a table out some at a time.  Where the table
 * is in order of customers each participant has, of pages that lie together, a
 * stretch of customers; and but for the first and the last of a stretch, whose
 * other rows may be on the pages before and behind, they are its own: nobody else
 * has a row of theirs.  So only the customers at these borders go to the parts
 * that all look into.  The others are kept, in memory of this process, which
 * visits them itself.
 *
 * Nobody has to believe that.  Each tells from whom to whom its stretches go, and
 * all see for themselves that they touch at their ends alone.  Where they do not,
 * or some ledger is not in order, what was kept goes to the parts, too.
 */
#include "history/exchange_internal.h"

#include "lib/qunique.h"
#include "miscadmin.h"

/* Customers from one to another, both by their places in the order. */
typedef struct Stretch
{
	OrderKey	first;
	OrderKey	last;
} Stretch;

static int
compare_stretches(const void *a, const void *b)
{
	const Stretch *x = a;
	const Stretch *y = b;
	int			order = compare_order_keys(&x->first, &y->first);

	return order != 0 ? order : compare_order_keys(&x->last, &y->last);
}

/* There is a border behind this customer. */
static void
add_border(LedgerShare *share, const uint64 *key)
{
	OrderKey	border = order_key(key, share->ledger->settings.key_words);

	if (share->nborders > 0 &&
		compare_order_keys(&share->borders[share->nborders - 1], &border) == 0)
		return;
	if (share->nborders == share->max_borders)
	{
		int			max = Max(64, share->max_borders * 2);

		share->borders = share->borders == NULL ?
			MemoryContextAlloc(share->exchange->context, max * sizeof(OrderKey)) :
			repalloc_huge(share->borders, max * sizeof(OrderKey));
		share->max_borders = max;
	}
	share->borders[share->nborders++] = border;
}

void
exchange_border(Exchange *exchange)
{
	for (int n = 0; n < exchange->shared->nledgers; n++)
	{
		LedgerShare *share = &exchange->shares[n];

		if (share->ledger != NULL && ledger_is_in_order(share->ledger))
			add_border(share, share->ledger->sequence.last);
	}
}

/* All borders, in order, none twice; sequences of the ledger end at one, too. */
static void
settle_borders(LedgerShare *share)
{
	const Ledger *ledger = share->ledger;

	for (int i = 0; i < ledger->nended; i++)
		add_border(share, ledger->ended[i].last);
	add_border(share, ledger->sequence.last);
	qsort(share->borders, share->nborders, sizeof(OrderKey), compare_order_keys);
	share->nborders = (int) qunique(share->borders, share->nborders,
									sizeof(OrderKey), compare_order_keys);
}

/* Spans, in a place that has room for them. */
typedef struct SpanList
{
	LedgerSpan *spans;
	int			n;
} SpanList;

/* Add what lies between two places of a reader. */
static void
add_spans(SpanList *list, const OrderReader *from, const OrderReader *to)
{
	for (int s = from->span; s <= to->span && s < from->nspans; s++)
	{
		LedgerSpan	span = from->spans[s];
		int64		begin = s == from->span ? from->at : 0;
		int64		end = s == to->span ? to->at : span.entries;

		if (end <= begin)
			continue;
		span.words += begin * span.layout->words;
		span.entries = end - begin;
		list->spans[list->n++] = span;
	}
}

/* The next customer goes to a list. */
static void
take_customer(OrderReader *reader, SpanList *list)
{
	OrderReader begin = *reader;

	ledger_order_skip_customer(reader);
	add_spans(list, &begin, reader);
}

/*
 * Cut entries in order at the borders: into those of customers who are kept, and
 * those of the first and the last of each stretch.  Returns the number of
 * stretches.
 */
static int
cut_at_borders(const LedgerShare *share, OrderReader reader, Stretch *stretches,
			   SpanList *kept, SpanList *others)
{
	int			n = 0;

	for (int b = 0; b < share->nborders && !ledger_order_at_end(&reader); b++)
	{
		const OrderKey *border = &share->borders[b];
		OrderKey	first = ledger_order_key(&reader);
		int			order = compare_order_keys(&first, border);
		OrderReader begin;

		CHECK_FOR_INTERRUPTS();
		if (order > 0)
			continue;
		stretches[n].first = first;
		stretches[n++].last = *border;
		take_customer(&reader, others);
		if (order == 0)
			continue;
		begin = reader;
		ledger_order_seek(&reader, border);
		add_spans(kept, &begin, &reader);
		if (ledger_order_at_end(&reader))
			continue;
		first = ledger_order_key(&reader);
		if (compare_order_keys(&first, border) == 0)
			take_customer(&reader, others);
	}
	if (!ledger_order_at_end(&reader))
		elog(ERROR, "a ledger in order has customers past its last one");
	return n;
}

/* Tell others of the stretches; false where there is no memory for it. */
static bool
publish_stretches(LedgerShare *share, SharedLedger *shared,
				  const Stretch *stretches, int n)
{
	Size		size = n * sizeof(Stretch);
	Stretch    *copy = share_alloc(&share->exchange->memory, size);

	if (copy == NULL)
		return false;
	memcpy(copy, stretches, size);
	shared->stretches = share_place(&share->exchange->memory, copy, (uint32) size);
	return true;
}

/*
 * Keep aside what a ledger in order has of customers between borders; the
 * others' entries go to its parts, and the stretches are told.
 */
void
share_keep(LedgerShare *share, SharedLedger *shared)
{
	Ledger	   *ledger = share->ledger;
	MemoryContext old = MemoryContextSwitchTo(share->exchange->context);
	LedgerSpan *spans;
	int			nspans = ledger_order_spans(ledger, &ledger->only, &spans);
	SpanList	kept;
	SpanList	others;
	OrderReader reader;
	Stretch    *stretches;
	int			nstretches;

	share->kept_layout = ledger->layout;
	for (int s = 0; s < nspans; s++)
		spans[s].layout = &share->kept_layout;
	settle_borders(share);
	stretches = palloc_extended(share->nborders * sizeof(Stretch), MCXT_ALLOC_HUGE);
	kept.spans = palloc_extended((nspans + share->nborders) * sizeof(LedgerSpan),
								 MCXT_ALLOC_HUGE);
	others.spans = palloc_extended((nspans + 2 * share->nborders) * sizeof(LedgerSpan),
								   MCXT_ALLOC_HUGE);
	kept.n = others.n = 0;
	ledger_order_begin(&reader, spans, nspans, ORDER_SLICE);
	nstretches = cut_at_borders(share, reader, stretches, &kept, &others);
	shared->kept = true;
	shared->in_order = publish_stretches(share, shared, stretches, nstretches);
	share->kept_chunks = palloc_extended(nspans * sizeof(LedgerChunk *),
										 MCXT_ALLOC_HUGE);
	for (int i = 0; i < nspans; i++)
		share->kept_chunks[i] = (LedgerChunk *)
			((char *) spans[i].words - offsetof(LedgerChunk, words));
	share->nchunks = nspans;
	share->kept_spans = kept.spans;
	share->nkept = kept.n;
	ledger_begin_parts(ledger);
	for (int s = 0; s < others.n; s++)
		ledger_add_entries(ledger, &share->kept_layout, others.spans[s].words,
						   others.spans[s].entries);
	pfree(spans);
	pfree(stretches);
	pfree(others.spans);
	MemoryContextSwitchTo(old);
}

/* Give back the memory of what was kept. */
void
share_free_kept(LedgerShare *share)
{
	for (int c = 0; c < share->nchunks; c++)
		if (share->kept_chunks[c] != NULL)
			ledger_free_chunk(share->ledger, share->kept_chunks[c]);
	share->nchunks = share->nkept = 0;
}

static bool
is_in_chunk(const LedgerSpan *span, const LedgerChunk *chunk)
{
	const char *at = (const char *) span->words;

	return at > (const char *) chunk && at < (const char *) chunk + chunk->bytes;
}

/*
 * Put what was kept to the ledger's parts after all, and give its memory back as
 * it goes: chunks and spans are in the same order.
 */
static void
put_back(LedgerShare *share)
{
	int			c = 0;

	for (int s = 0; s < share->nkept; s++)
	{
		const LedgerSpan *span = &share->kept_spans[s];

		for (; !is_in_chunk(span, share->kept_chunks[c]); c++)
		{
			ledger_free_chunk(share->ledger, share->kept_chunks[c]);
			share->kept_chunks[c] = NULL;
		}
		ledger_add_entries(share->ledger, &share->kept_layout, span->words,
						   span->entries);
	}
	share_free_kept(share);
}

/* Where a participant has put its stretches. */
static const Stretch *
stretches_of(const Exchange *exchange, int participant, const SharedPlace *place)
{
	char	  *const *bases = participant == exchange->participant ?
		exchange->memory.bases : exchange->mappings[participant].bases;

	return (const Stretch *) (bases[place->segment] + place->offset);
}

/* Do the stretches of all participants touch at their ends alone? */
static bool
stretches_agree(const Exchange *exchange, int number)
{
	ExchangeShared *shared = exchange->shared;
	Stretch    *all;
	Size		n = 0;
	bool		agree = true;

	for (int p = 0; p < shared->participants; p++)
		n += shared_ledger(shared, p, number)->stretches.size / sizeof(Stretch);
	all = palloc_extended((n + 1) * sizeof(Stretch), MCXT_ALLOC_HUGE);
	n = 0;
	for (int p = 0; p < shared->participants; p++)
	{
		const SharedPlace *place = &shared_ledger(shared, p, number)->stretches;

		if (place->size == 0)
			continue;
		memcpy(all + n, stretches_of(exchange, p, place), place->size);
		n += place->size / sizeof(Stretch);
	}
	qsort(all, n, sizeof(Stretch), compare_stretches);
	for (Size i = 1; i < n && agree; i++)
		agree = compare_order_keys(&all[i - 1].last, &all[i].first) <= 0;
	pfree(all);
	return agree;
}

/* Have all who have such a ledger one in order, or has nobody kept anything? */
static bool
is_settled(const Exchange *exchange, int number)
{
	ExchangeShared *shared = exchange->shared;
	bool		some_kept = false;
	bool		all_in_order = true;

	for (int p = 0; p < shared->participants; p++)
	{
		const SharedLedger *ledger = shared_ledger(shared, p, number);

		if (!ledger->filled)
			continue;
		some_kept |= ledger->kept;
		all_in_order &= ledger->in_order;
	}
	return !some_kept || (all_in_order && stretches_agree(exchange, number));
}

/*
 * All have told of their ledgers.  Put back what cannot be kept, and tell of it;
 * false: no participant has anything to put back, which all find alike.
 */
bool
exchange_settle_order(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;
	bool		some = false;

	for (int n = 0; n < shared->nledgers; n++)
	{
		LedgerShare *share = &exchange->shares[n];
		SharedLedger *place = shared_ledger(shared, exchange->participant, n);

		bool		settled = is_settled(exchange, n);

		share->in_order = settled && place->in_order;
		if (settled)
			continue;
		some = true;
		if (!place->kept)
			continue;
		put_back(share);
		share_publish_entries(share, place);
	}
	return some;
}
