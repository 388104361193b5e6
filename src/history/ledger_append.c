/*
 * ledger_append.c
 *		Append many entries to a ledger.
 *
 * What ledger_add() decides for each entry, the layout, is decided once here.
 * A run of entries goes on until one does not fit the compact layout, is not in
 * order where all others were, or finds the chunk of its part full; that one
 * goes by ledger_add(), which may change the ledger as a whole.
 */
#include "history/ledger_internal.h"

/*
 * Entries from i on that keep the order of customers, all of them to the only part,
 * in a layout that the compiler knows; returns where it ended.
 */
static pg_attribute_always_inline int
append_in_order(Ledger *ledger, const LedgerLayout layout, const uint64 *keys,
				const uint64 *whens, const int64 *amounts, int i, int n)
{
	LedgerPart *part = &ledger->only;
	uint64	   *write = part->write;
	int64		room = (part->end - write) / layout.words;
	int			key_words = layout.key_words;
	int			from = i;
	int			end = (int) Min(n, i + room);
	const uint64 *before = ledger->sequence.last;

	for (; i < end; i++)
	{
		const uint64 *key = &keys[i * key_words];

		if (unlikely(ledger_key_before(key, before, key_words)) ||
			(layout.compact &&
			 unlikely(!ledger_fits_compact(&layout, key, whens[i], amounts[i]))))
			break;
		write = ledger_put_entry(&layout, write, key, whens[i], amounts[i]);
		before = key;
	}
	/* those past the ceiling are the last ones */
	for (; i > from && unlikely(ledger_key_before(ledger->ceiling, before, key_words)); i--)
	{
		write -= layout.words;
		before = i - 1 > from ? &keys[(i - 2) * key_words] : ledger->sequence.last;
	}
	part->write = write;
	if (i > from)
		memcpy(ledger->sequence.last, before, key_words * sizeof(uint64));
	return i;
}

/* The same of entries in any order. */
static pg_attribute_always_inline int
append_run(Ledger *ledger, const LedgerLayout layout, const uint64 *keys,
		   const uint64 *whens, const int64 *amounts, int i, int n)
{
	const Salt	salt = ledger->salt;
	LedgerPart *parts = ledger->parts;
	int			shift = ledger->part_shift;
	int			mask = ledger->part_mask;

	if (ledger->in_order)
		return append_in_order(ledger, layout, keys, whens, amounts, i, n);
	for (; i < n; i++)
	{
		const uint64 *key = &keys[i * layout.key_words];
		LedgerPart *part = &parts[(ledger_hash(&salt, key, layout.key_words) >> shift) & mask];
		uint64	   *write = part->write;

		if (unlikely(write == part->end) ||
			(layout.compact &&
			 unlikely(!ledger_fits_compact(&layout, key, whens[i], amounts[i]))))
			break;
		/* the part's next cache line is wanted soon: ask for it now */
		__builtin_prefetch(write + 8, 1);
		part->write = ledger_put_entry(&layout, write, key, whens[i], amounts[i]);
	}
	return i;
}

/* The same of the layout there is. */
static int
append_some(Ledger *ledger, const uint64 *keys, const uint64 *whens,
			const int64 *amounts, int i, int n)
{
	LedgerLayout layout = ledger->layout;

	if (layout.compact && layout.key_words == 2)
		return append_run(ledger, ledger_layout_of(true, 2, true), keys, whens,
						  amounts, i, n);
	if (layout.compact && layout.money)
		return append_run(ledger, ledger_layout_of(true, 1, true), keys, whens,
						  amounts, i, n);
	if (layout.compact)
		return append_run(ledger, ledger_layout_of(true, 1, false), keys, whens,
						  amounts, i, n);
	return append_run(ledger, layout, keys, whens, amounts, i, n);
}

void
ledger_add_many(Ledger *ledger, const uint64 *keys, const uint64 *whens,
				const int64 *amounts, int n)
{
	int			key_words = ledger->settings.key_words;

	for (int i = 0; i < n; i++)
	{
		i = append_some(ledger, keys, whens, amounts, i, n);
		if (i < n)
			ledger_add(ledger, &keys[i * key_words], whens[i], amounts[i]);
	}
}
