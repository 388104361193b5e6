/*
 * exchange_visit.c
 *		Parts, or tapes of files, are taken one by one and visited.
 *
 * All participants have come to the memory or the files of all others before
 * any of them takes his away.
 */
#include "history/exchange_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Know what a participant, perhaps this one, has in memory. */
static void
open_memory(const LedgerShare *share, SharePeer *peer,
			const SharedLedger *ledger, WireReader *head)
{
	Exchange   *exchange = share->exchange;

	peer->bases = peer->participant == exchange->participant ?
		exchange->memory.bases : exchange->mappings[peer->participant].bases;
	peer->layout = ledger_layout(&share->ledger->settings, ledger->compact);
	peer->directory = (const PartDirectory *)
		(peer->bases[ledger->directory.segment] + ledger->directory.offset);
	wire_reader_init(head, peer->bases[ledger->head.segment] + ledger->head.offset,
					 ledger->head.size, "shared ledger");
}

/* The same of its file. */
static void
open_file(LedgerShare *share, SharePeer *peer, const SharedLedger *ledger,
		  WireReader *head)
{
	if (peer->participant == share->exchange->participant)
	{
		peer->spill = share->ledger->spill;
		return;
	}
	peer->spill = ledger_spill_open(share_open_file(share, peer->participant),
									ledger->fileno, ledger->offset, head);
}

/* Ledgers must agree; and what others know of its rules is put into them. */
static void
take_head(Ledger *ledger, WireReader *head)
{
	LedgerSettings settings;

	(void) ledger_head_get(head, ledger->settings.code, &settings);
	ledger_agree(&ledger->settings, &settings);
}

/* Owners of parts who have not got such a ledger. */
static void
find_idle(LedgerShare *share)
{
	ExchangeShared *shared = share->exchange->shared;

	share->idle = palloc(shared->participants * sizeof(int));
	for (int p = shared->first_owner; p < shared->participants; p++)
		if (!shared_ledger(shared, p, share->number)->filled)
			share->idle[share->nidle++] = p;
	share->next_own = share->exchange->participant - shared->first_owner;
}

/* Know what all participants have of a ledger. */
void
share_open(LedgerShare *share)
{
	Exchange   *exchange = share->exchange;
	ExchangeShared *shared = exchange->shared;
	MemoryContext old = MemoryContextSwitchTo(exchange->context);

	share->peers = palloc0(shared->participants * sizeof(SharePeer));
	find_idle(share);
	for (int p = 0; p < shared->participants; p++)
	{
		const SharedLedger *ledger = shared_ledger(shared, p, share->number);
		SharePeer  *peer = &share->peers[share->npeers];
		WireReader	head;

		if (!ledger->filled)
			continue;
		peer->participant = p;
		share->npeers++;
		if (share->in_files)
			open_file(share, peer, ledger, &head);
		else
			open_memory(share, peer, ledger, &head);
		if (p != exchange->participant)
			take_head(share->ledger, &head);
	}
	MemoryContextSwitchTo(old);
}

/* Leave the ledger empty, and what belongs to others alone. */
void
share_close(LedgerShare *share)
{
	Ledger	   *ledger = share->ledger;

	for (int i = 0; i < share->npeers; i++)
	{
		SharePeer  *peer = &share->peers[i];

		if (peer->spill != NULL && peer->spill != ledger->spill)
			ledger_spill_close(peer->spill);
	}
	share_free_kept(share);
	ledger_empty(ledger);
	ledger->share = NULL;
	share->ledger = NULL;
}

/*
 * The next of the parts this participant owns, then of those whose owners are
 * idle; of tapes the next in any case.  -1: there is none.
 */
static int
next_unit(LedgerShare *share)
{
	ExchangeShared *shared = share->exchange->shared;
	int			owners = shared->participants - shared->first_owner;
	pg_atomic_uint32 *next = &shared->next[share->number];
	int			unit = share->next_own;

	if (share->in_files)
	{
		unit = (int) pg_atomic_fetch_add_u32(next, 1);
		return unit < LEDGER_TAPES ? unit : -1;
	}
	if (unit >= 0 && unit < LEDGER_PARTS)
	{
		share->next_own += owners;
		return unit;
	}
	if (share->nidle == 0)
		return -1;
	do
	{
		unit = (int) pg_atomic_fetch_add_u32(next, 1);
		if (unit / share->nidle * owners >= LEDGER_PARTS)
			return -1;
		unit = share->idle[unit % share->nidle] - shared->first_owner +
			unit / share->nidle * owners;
	} while (unit >= LEDGER_PARTS);
	return unit;
}

/* Take one more; false when there is none. */
static bool
take_unit(LedgerShare *share)
{
	int			unit = share->all_taken ? -1 : next_unit(share);

	share->all_taken = unit < 0;
	if (unit >= 0)
		share->taken[share->ntaken++] = (uint16) unit;
	return unit >= 0;
}

/* What a participant has in a part, as spans, from n on; returns how many. */
static int
peer_spans(const SharePeer *peer, int part, LedgerSpan *spans)
{
	uint32		first = peer->directory->first[part];
	uint32		end = peer->directory->first[part + 1];

	for (uint32 c = first; c < end; c++)
	{
		const SharedPlace *chunk = &peer->directory->chunks[c];

		spans->layout = &peer->layout;
		spans->words = chunk->segment < 0 ? (const uint64 *) (uintptr_t) chunk->offset :
			(const uint64 *) (peer->bases[chunk->segment] + chunk->offset);
		spans->entries = chunk->size;
		spans++;
	}
	return (int) (end - first);
}

/* Group a part of all participants; false when it is empty. */
static bool
group_part(const LedgerShare *share, int part, LedgerGroups *groups)
{
	LedgerSpan *spans;
	int			n = 0;

	for (int i = 0; i < share->npeers; i++)
		n += share->peers[i].directory->first[part + 1] -
			share->peers[i].directory->first[part];
	if (n == 0)
		return false;
	spans = palloc(n * sizeof(LedgerSpan));
	n = 0;
	for (int i = 0; i < share->npeers; i++)
		n += peer_spans(&share->peers[i], part, spans + n);
	ledger_group(groups, spans, n, share->ledger->settings.key_words);
	pfree(spans);
	return true;
}

/*
 * Show what this process has taken, and what it takes from what is left: the
 * same customers however often it is called.
 */
void
exchange_visit(Ledger *ledger, bool split, LedgerPartVisitor visit, void *arg)
{
	LedgerShare *share = ledger->share;
	MemoryContext workspace;
	LedgerGroups *groups;
	LedgerSpill **spills = palloc((share->npeers + 1) * sizeof(LedgerSpill *));

	if (!share->exchange->arrived)
		elog(ERROR, "a shared ledger is visited before all rows are in");
	for (int i = 0; i < share->npeers; i++)
		spills[i] = share->peers[i].spill;
	workspace = AllocSetContextCreate(CurrentMemoryContext, "ledger grouping",
									  ALLOCSET_DEFAULT_SIZES);
	groups = ledger_groups_create(workspace);
	ledger_visit_spans(share->kept_spans, share->nkept, ORDER_SLICE, groups, visit,
					   arg);
	for (int i = 0; i < share->ntaken || take_unit(share); i++)
	{
		int			unit = share->taken[i];

		CHECK_FOR_INTERRUPTS();
		if (share->in_files)
			ledger_spill_visit_tape(ledger, spills, share->npeers, unit, split,
									visit, arg);
		else
		{
			MemoryContext old = MemoryContextSwitchTo(workspace);
			bool		filled = group_part(share, unit, groups);

			MemoryContextSwitchTo(old);
			if (filled)
				visit(groups, unit, arg);
		}
	}
	MemoryContextDelete(workspace);
	pfree(spills);
}
