/*
 * exchange_visit.c
 *		Parts, or tapes of files, are taken one by one and visited.
 *
 * All participants have come to the memory or the files of all others before
 * they take one.  Who finds another's gone has nothing left to do: it goes only
 * when everything has been taken.
 */
#include "history/exchange_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Come to the segments of another; false when they are gone. */
static bool
attach_segments(SharePeer *peer, const SharedLedger *ledger)
{
	for (int s = 0; s < ledger->nsegments; s++)
	{
		peer->segments[s] = dsm_attach(ledger->segments[s]);
		if (peer->segments[s] == NULL)
			return false;
		peer->bases[s] = dsm_segment_address(peer->segments[s]);
		peer->nsegments++;
	}
	return true;
}

/* Know what a participant, perhaps this one, has in memory; likewise. */
static bool
open_memory(const LedgerShare *share, SharePeer *peer,
			const SharedLedger *ledger, WireReader *head)
{
	if (peer->participant == share->exchange->participant)
		memcpy(peer->bases, share->memory.bases, sizeof(peer->bases));
	else if (!attach_segments(peer, ledger))
		return false;
	peer->layout = ledger_layout(&share->ledger->settings, ledger->compact);
	peer->directory = (const PartDirectory *)
		(peer->bases[ledger->directory.segment] + ledger->directory.offset);
	wire_reader_init(head, peer->bases[ledger->head.segment] + ledger->head.offset,
					 ledger->head.size, "shared ledger");
	return true;
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

/*
 * Know what all participants have of a ledger; false when there is nothing left
 * to take.
 */
bool
share_open(LedgerShare *share)
{
	Exchange   *exchange = share->exchange;
	ExchangeShared *shared = exchange->shared;
	MemoryContext old = MemoryContextSwitchTo(exchange->context);
	bool		there = true;

	share->arrived = true;
	share->nunits = share->in_files ? LEDGER_TAPES : LEDGER_PARTS;
	share->peers = palloc0(shared->participants * sizeof(SharePeer));
	for (int p = 0; p < shared->participants && there; p++)
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
			there = open_memory(share, peer, ledger, &head);
		if (there && p != exchange->participant)
			take_head(share->ledger, &head);
	}
	share->all_taken = !there;
	MemoryContextSwitchTo(old);
	return there;
}

/* Leave the ledger empty, and what belongs to others alone. */
void
share_close(LedgerShare *share)
{
	Ledger	   *ledger = share->ledger;

	for (int i = 0; i < share->npeers; i++)
	{
		SharePeer  *peer = &share->peers[i];

		for (int s = 0; s < peer->nsegments; s++)
			dsm_detach(peer->segments[s]);
		if (peer->spill != NULL && peer->spill != ledger->spill)
			ledger_spill_close(peer->spill);
	}
	ledger_empty(ledger);
	share_release(&share->memory);
	ledger->share = NULL;
	share->ledger = NULL;
}

/* Take one more; false when there is none. */
static bool
take_unit(LedgerShare *share)
{
	uint32		unit;

	if (share->all_taken)
		return false;
	unit = pg_atomic_fetch_add_u32(&share->exchange->shared->next[share->number], 1);
	if (unit >= (uint32) share->nunits)
	{
		share->all_taken = true;
		return false;
	}
	share->taken[share->ntaken++] = (uint16) unit;
	return true;
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
		spans->words = (const uint64 *) (peer->bases[chunk->segment] + chunk->offset);
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

	if (!share->arrived)
		elog(ERROR, "a shared ledger is visited before all rows are in");
	for (int i = 0; i < share->npeers; i++)
		spills[i] = share->peers[i].spill;
	workspace = AllocSetContextCreate(CurrentMemoryContext, "ledger grouping",
									  ALLOCSET_DEFAULT_SIZES);
	groups = ledger_groups_create(workspace);
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
