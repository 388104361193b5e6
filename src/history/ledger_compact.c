/*
 * ledger_compact.c
 *		Merge duplicates: entries of one customer and time.
 *
 * Each part is looked at as it grows; where they are many they are merged early.
 */
#include "history/ledger_internal.h"

#include "utils/memutils.h"

/*
 * Memory is to follow the distinct entries (one customer, one time), 32 bytes
 * for each.  Entries smaller than that leave room for so many duplicates.
 */
#define BYTES_PER_DISTINCT 32.0
#define LEAST_ROOM 1.25			/* merging for less gain would never end */

/* Append what groups hold, merged as far as the layout allows. */
static void
append_groups(Ledger *ledger, LedgerPart *part, const LedgerGroups *groups,
			  int64 n)
{
	Size		entry_words = ledger->layout.words;
	uint64	   *words = palloc_extended(n * entry_words * sizeof(uint64),
										MCXT_ALLOC_HUGE);

	ledger_groups_write(groups, &ledger->layout, words);
	for (uint64 *at = words; n > 0;)
	{
		int64		some;

		if (part->write == part->end)
			ledger_add_chunk(ledger, part);
		some = Min(n, (part->end - part->write) / entry_words);
		memcpy(part->write, at, some * entry_words * sizeof(uint64));
		part->write += some * entry_words;
		at += some * entry_words;
		n -= some;
	}
	pfree(words);
}

/*
 * Merge the duplicates of one part.  The entries left are written back into
 * its chunks and the chunks not needed are freed.
 */
static void
compact_part(Ledger *ledger, LedgerGroups *groups, LedgerPart *part)
{
	int64		before = ledger_part_entries(ledger, part);
	LedgerLayout layout = ledger->layout;
	LedgerSpan *spans;
	int			nspans;
	int64		after;

	nspans = ledger_part_spans(ledger, part, &spans);
	ledger_group(groups, spans, nspans, layout.key_words);
	after = ledger_groups_settle(groups, &ledger->settings, &layout);
	pfree(spans);
	ledger->distinct = (double) after / before;
	if (after == before)
		return;
	ledger_part_free(ledger, part);
	append_groups(ledger, part, groups, after);
}

/*
 * The same of a part too large for the cache: some of its customers tell
 * whether there is enough to be merged.
 */
static void
compact_large_part(Ledger *ledger, LedgerGroups *groups, LedgerPart *part,
				   double room)
{
	int64		before = ledger_part_entries(ledger, part);
	int64		after = 0;
	LedgerPieces pieces;

	ledger->distinct = ledger_pieces_probe(ledger, part, groups);
	if (ledger->distinct * room >= 1)
		return;
	ledger_pieces_cut(&pieces, ledger, part, ledger_piece_bits(before));
	ledger_part_free(ledger, part);
	for (int i = 0; i < 1 << pieces.bits; i++)
	{
		int64		n;

		ledger_group(groups, &pieces.spans[i], 1, pieces.layout.key_words);
		n = ledger_groups_settle(groups, &ledger->settings, &pieces.layout);
		append_groups(ledger, part, groups, n);
		after += n;
	}
	pfree(pieces.words);
	ledger->distinct = (double) after / before;
}

/*
 * The same of a ledger in order, which stays so; some of its customers tell
 * whether there is enough to be merged.
 */
static void
compact_in_order(Ledger *ledger, LedgerGroups *groups, LedgerPart *part,
				 double room)
{
	int64		before = ledger_part_entries(ledger, part);
	int64		after = 0;
	LedgerPart	old = *part;
	LedgerSpan *spans;
	int			nspans = ledger_part_spans(ledger, part, &spans);
	int			sample = nspans - 1;

	/* the newest may have begun a sequence just now */
	if (sample > 0 && spans[sample - 1].entries > spans[sample].entries)
		sample--;
	ledger->distinct = ledger_order_probe(ledger, &spans[sample], groups);
	if (ledger->distinct * room >= 1)
		return;
	ledger_part_reset(part);
	for (int from = 0, to; from < nspans; from = to)
	{
		OrderReader reader;

		/* sequences remain apart */
		for (to = from + 1; to < nspans && !spans[to - 1].closed;)
			to++;
		ledger_order_begin(&reader, &spans[from], to - from, ORDER_SLICE);
		while (ledger_order_next(&reader, groups))
		{
			int64		n = ledger_groups_settle(groups, &ledger->settings,
												 &ledger->layout);

			append_groups(ledger, part, groups, n);
			after += n;
		}
		if (spans[to - 1].closed)
			ledger_part_close(part);
	}
	ledger_part_free(ledger, &old);
	ledger->distinct = (double) after / before;
}

/*
 * A part has grown to where duplicates should be looked for.  The first part
 * to get there is the probe: as customers are spread by a hash, what it finds
 * holds for all.
 */
void
ledger_look_at_part(Ledger *ledger, LedgerPart *part)
{
	int64		n = ledger_part_entries(ledger, part);
	double		room = Max(BYTES_PER_DISTINCT / (ledger->layout.words * sizeof(uint64)),
							   LEAST_ROOM);

	if (ledger->distinct * room < 1 || n >= ledger->probe_at)
	{
		MemoryContext workspace = AllocSetContextCreate(CurrentMemoryContext,
														"ledger grouping",
														ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(workspace);

		if (ledger->in_order)
			compact_in_order(ledger, ledger_groups_create(workspace), part, room);
		else if (n >= PIECES_FROM && ledger_nparts(ledger) == 1)
			compact_large_part(ledger, ledger_groups_create(workspace), part, room);
		else
			compact_part(ledger, ledger_groups_create(workspace), part);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(workspace);
		if (ledger->distinct * room >= 1)
		{
			ledger->probe_at = Max(ledger->probe_at, 2 * n);
			part->check_at = 2 * n;
		}
		else
			part->check_at = Max(LEDGER_FIRST_LOOK, ledger_part_entries(ledger, part) *
								 Max(room, 1.6));
	}
	else
		part->check_at = ledger->probe_at;
}
