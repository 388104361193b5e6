/*
 * ledger_pieces.c
 *		A large part of a ledger, cut into pieces that fit the cache.
 *
 * Where groups are many their ledgers stay in one part each: rows that go to
 * 256 places of every group would find none of them in the cache.  Such a part
 * is cut when it is read, by the same bits of the hash as a large ledger has
 * its parts by, into a copy that is gone afterwards.
 */
#include "history/ledger_internal.h"

#include "miscadmin.h"

#define PIECE_ENTRIES 4096		/* about so many in a piece */
#define SLICE 8192				/* entries looked at between interrupts */

/* Into 2^bits pieces so many entries are best cut to be grouped; 0: not. */
int
ledger_piece_bits(int64 entries)
{
	int			bits = 0;

	if (entries < PIECES_FROM)
		return 0;
	while (bits < LEDGER_PART_BITS && entries >> bits > PIECE_ENTRIES)
		bits++;
	return bits;
}

/* Where an entry with such a key goes. */
static inline int
piece_of(const LedgerPieces *pieces, const uint64 *key, int key_words)
{
	return (int) (ledger_hash(pieces->salt, key, key_words) >> pieces->shift) &
		((1 << pieces->bits) - 1);
}

/* Count the entries of a span by piece. */
static void
count_span(const LedgerPieces *pieces, const LedgerSpan *span, int64 *counts)
{
	const LedgerLayout layout = *span->layout;
	const uint64 *entry = span->words;

	for (int64 i = 0; i < span->entries; i++, entry += layout.words)
	{
		uint64		buffer;

		if (i % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
		counts[piece_of(pieces, ledger_get_key(&layout, entry, &buffer),
						layout.key_words)]++;
	}
}

/* Copy the entries of a span to their pieces, in the order they have. */
static void
copy_span(const LedgerPieces *pieces, const LedgerSpan *span, uint64 **write)
{
	const LedgerLayout layout = *span->layout;
	const uint64 *entry = span->words;

	for (int64 i = 0; i < span->entries; i++)
	{
		uint64		buffer;
		uint64	  **to = &write[piece_of(pieces, ledger_get_key(&layout, entry, &buffer),
										 layout.key_words)];

		if (i % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
		for (int w = 0; w < layout.words; w++)
			*(*to)++ = *entry++;
	}
}

/*
 * Cut a part into 2^bits pieces, copied into the current memory context; the
 * part stays as it is.
 */
void
ledger_pieces_cut(LedgerPieces *pieces, const Ledger *ledger,
				  const LedgerPart *part, int bits)
{
	int64		counts[LEDGER_PARTS] = {0};
	uint64	   *write[LEDGER_PARTS];
	LedgerSpan *spans;
	int			nspans = ledger_part_spans(ledger, part, &spans);
	uint64	   *at;

	pieces->layout = ledger->layout;
	pieces->salt = &ledger->salt;
	pieces->bits = bits;
	pieces->shift = ledger->part_shift + LEDGER_PART_BITS - bits;
	pieces->words = palloc_extended(ledger_part_entries(ledger, part) *
									ledger->layout.words * sizeof(uint64),
									MCXT_ALLOC_HUGE);
	for (int s = 0; s < nspans; s++)
		count_span(pieces, &spans[s], counts);
	at = pieces->words;
	for (int i = 0; i < 1 << bits; i++)
	{
		write[i] = at;
		pieces->spans[i].layout = &pieces->layout;
		pieces->spans[i].words = at;
		pieces->spans[i].entries = counts[i];
		at += counts[i] * ledger->layout.words;
	}
	for (int s = 0; s < nspans; s++)
		copy_span(pieces, &spans[s], write);
	pfree(spans);
}

/*
 * The share of a part's entries that merging would leave: that of some of its
 * customers, the latest among them, who may have most of the entries.  groups
 * and the current memory context are for the work.
 */
double
ledger_pieces_probe(const Ledger *ledger, const LedgerPart *part,
					LedgerGroups *groups)
{
	LedgerLayout layout = ledger->layout;
	LedgerPieces pieces = {.salt = &ledger->salt};
	LedgerSpan	sample = {.layout = &layout};
	int64		room = 2 * PIECE_ENTRIES;
	uint64	   *words = palloc(room * layout.words * sizeof(uint64));
	uint64		buffer;
	int			latest;
	LedgerSpan *spans;
	int			nspans = ledger_part_spans(ledger, part, &spans);

	while (ledger_part_entries(ledger, part) >> pieces.bits > PIECE_ENTRIES)
		pieces.bits++;
	pieces.shift = ledger->part_shift + LEDGER_PART_BITS - pieces.bits;
	latest = piece_of(&pieces, ledger_get_key(&layout, part->write - layout.words, &buffer),
					  layout.key_words);
	sample.words = words;
	for (int s = 0; s < nspans; s++)
	{
		const uint64 *entry = spans[s].words;

		for (int64 i = 0; i < spans[s].entries && sample.entries < room;
			 i++, entry += layout.words)
		{
			if (i % SLICE == 0)
				CHECK_FOR_INTERRUPTS();
			if (piece_of(&pieces, ledger_get_key(&layout, entry, &buffer),
						 layout.key_words) == latest)
				memcpy(words + sample.entries++ * layout.words, entry,
					   layout.words * sizeof(uint64));
		}
	}
	pfree(spans);
	ledger_group(groups, &sample, 1, layout.key_words);
	return (double) ledger_groups_settle(groups, &ledger->settings, &layout) /
		sample.entries;
}
