/*
 * ledger_visit.c
 *		Read a ledger: part by part, customer by customer, into another.
 *
 * Wherever the entries are, in memory, packed as workers sent them, or in a
 * temporary file, a visitor sees every customer once, with all it did.
 */
#include "history/ledger_internal.h"

#include "utils/memutils.h"

/* Group all that a part holds, in memory and packed; false when it is empty. */
static bool
group_part(const Ledger *ledger, int p, LedgerGroups *groups)
{
	const LedgerPart *part = &ledger->parts[p];
	int64		packed = ledger_packed_entries(ledger, p);
	LedgerSpan *spans;
	int			nspans;
	uint64	   *unpacked = NULL;
	LedgerLayout wide = ledger_layout(&ledger->settings, false);

	if (part->chunk == NULL && packed == 0)
		return false;
	if (part->chunk == NULL && ledger_packed_merge(ledger, p, groups))
		return true;
	nspans = ledger_part_spans(ledger, part, &spans);
	if (packed > 0)
	{
		spans = repalloc(spans, (nspans + 1) * sizeof(LedgerSpan));
		unpacked = palloc_extended(packed * wide.words * sizeof(uint64),
								   MCXT_ALLOC_HUGE);
		spans[nspans].layout = &wide;
		spans[nspans].words = unpacked;
		spans[nspans].entries = ledger_packed_read(ledger, p, unpacked);
		nspans++;
	}
	ledger_group(groups, spans, nspans, ledger->settings.key_words);
	pfree(spans);
	if (unpacked)
		pfree(unpacked);
	return true;
}

/*
 * Show a part, grouped, in 2^bits pieces when it is the only one and nothing
 * is packed.  The work is done in the context of the groups.
 */
void
ledger_visit_part(const Ledger *ledger, int p, int bits, LedgerGroups *groups,
				  LedgerPartVisitor visit, void *arg)
{
	MemoryContext old = MemoryContextSwitchTo(groups->context);
	LedgerPieces pieces;

	if (bits == 0 || ledger_nparts(ledger) > 1 || ledger->packed != NULL)
	{
		bool		filled = group_part(ledger, p, groups);

		MemoryContextSwitchTo(old);
		if (filled)
			visit(groups, p, arg);
		return;
	}
	ledger_pieces_cut(&pieces, ledger, &ledger->parts[p], bits);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < 1 << bits; i++)
		if (pieces.spans[i].entries > 0)
		{
			ledger_group(groups, &pieces.spans[i], 1,
						 ledger->settings.key_words);
			visit(groups, i, arg);
		}
	pfree(pieces.words);
}

/* Show spans of entries in order of customers, slice by slice. */
void
ledger_visit_spans(const LedgerSpan *spans, int nspans, int64 slice,
				   LedgerGroups *groups, LedgerPartVisitor visit, void *arg)
{
	OrderReader reader;

	ledger_order_begin(&reader, spans, nspans, slice);
	for (int number = 0; ledger_order_next(&reader, groups); number++)
		visit(groups, number, arg);
}

/* The same of a ledger. */
static void
visit_in_order(const Ledger *ledger, LedgerGroups *groups,
			   LedgerPartVisitor visit, void *arg)
{
	LedgerSpan *spans;
	int			nspans = ledger_order_spans(ledger, &ledger->only, &spans);

	ledger_visit_spans(spans, nspans, ORDER_SLICE, groups, visit, arg);
	pfree(spans);
}

/*
 * Show the ledger part by part, grouped.  With split one of a single part is
 * shown as the parts of a large one, so that part numbers mean the same
 * everywhere.
 */
void
ledger_visit_parts(Ledger *ledger, bool split, LedgerPartVisitor visit,
				   void *arg)
{
	MemoryContext workspace;
	LedgerGroups *groups;

	if (ledger->share != NULL)
	{
		exchange_visit(ledger, split, visit, arg);
		return;
	}
	if (ledger->spill != NULL)
	{
		ledger_spill_visit(ledger, split, visit, arg);
		return;
	}
	if (ledger->packed != NULL || (split && ledger->in_order))
		ledger_split(ledger);
	workspace = AllocSetContextCreate(CurrentMemoryContext, "ledger grouping",
									  ALLOCSET_DEFAULT_SIZES);
	groups = ledger_groups_create(workspace);
	if (ledger->in_order)
	{
		visit_in_order(ledger, groups, visit, arg);
		MemoryContextDelete(workspace);
		return;
	}
	for (int p = 0; p < ledger_nparts(ledger); p++)
		ledger_visit_part(ledger, p, split ? LEDGER_PART_BITS :
						  ledger_piece_bits(ledger_part_entries(ledger, &ledger->parts[p])),
						  groups, visit, arg);
	MemoryContextDelete(workspace);
}

typedef struct VisitArg
{
	LedgerVisitor visit;
	void	   *arg;
} VisitArg;

static void
visit_customers(LedgerGroups *groups, int part, void *arg)
{
	VisitArg   *v = arg;

	ledger_groups_visit(groups, v->visit, v->arg);
}

/* Show every customer once, in no particular order. */
void
ledger_visit(Ledger *ledger, LedgerVisitor visit, void *arg)
{
	VisitArg	v = {visit, arg};

	ledger_visit_parts(ledger, false, visit_customers, &v);
}

/* Refuse to merge what was asked of differently: error 22023. */
static void
check_settings(const LedgerSettings *a, const LedgerSettings *b)
{
	if (a->code == b->code)
		a->code->check_same(a, b);
	if (a->code != b->code || a->flags != b->flags ||
		a->key_words != b->key_words)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge histories of different kinds"),
				 errdetail("The states come from calls with different argument types.")));
}

/* They must agree; and what one knows of its rules is put into the other's. */
void
ledger_agree(const LedgerSettings *into, const LedgerSettings *from)
{
	check_settings(into, from);
	if (into->code->merge_rules != NULL)
		into->code->merge_rules(into->rules, from->rules);
}

static void
combine_part(LedgerGroups *groups, int part, void *arg)
{
	Ledger	   *into = arg;

	for (int i = 0; i < groups->ncustomers; i++)
	{
		const LedgerCustomer *c = &groups->customers[i];

		for (uint32 j = 0; j < c->count; j++)
		{
			const LedgerItem *item = &groups->items[c->first + j];

			ledger_add(into, c->key, item->when, item->amount);
		}
	}
}

/* Add all that one ledger holds to another; from is left as it is. */
void
ledger_combine(Ledger *into, Ledger *from)
{
	ledger_agree(&into->settings, &from->settings);
	if (into->finished != NULL || from->finished != NULL)
	{
		ledger_finished_take(into, from);
		return;
	}
	if (from->spill != NULL)
	{
		ledger_visit_parts(from, false, combine_part, into);
		return;
	}
	for (int p = 0; p < ledger_nparts(from); p++)
	{
		LedgerSpan *spans;
		int			nspans = ledger_part_spans(from, &from->parts[p], &spans);

		for (int s = 0; s < nspans; s++)
			ledger_add_entries(into, &from->layout, spans[s].words,
							   spans[s].entries);
		pfree(spans);
	}
	ledger_packed_add(into, from);
	ledger_enforce_limit(into);
}
