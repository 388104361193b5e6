/*
 * exchange.c
 *		Who has begun, who waits for whom, and what each has published.
 */
#include "history/exchange_internal.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

Size
exchange_size(int participants, int nledgers)
{
	Size		size = MAXALIGN(offsetof(ExchangeShared, next) +
								nledgers * sizeof(pg_atomic_uint32));

	size = add_size(size, MAXALIGN(participants * sizeof(SharedSegments)));
	return add_size(size, mul_size(sizeof(SharedLedger),
								   participants * nledgers));
}

/* Nobody has begun. */
static void
begin_round(ExchangeShared *shared, bool allowed)
{
	shared->allowed = allowed;
	BarrierInit(&shared->barrier, 0);
	ConditionVariableInit(&shared->all_open);
	pg_atomic_init_u32(&shared->arrived, 0);
	pg_atomic_init_u32(&shared->open, 0);
	for (int p = 0; p < shared->participants; p++)
		shared_segments(shared, p)->n = 0;
	for (int n = 0; n < shared->nledgers; n++)
	{
		pg_atomic_init_u32(&shared->next[n], 0);
		for (int p = 0; p < shared->participants; p++)
			memset(shared_ledger(shared, p, n), 0, sizeof(SharedLedger));
	}
}

void
exchange_init(ExchangeShared *shared, dsm_segment *segment, int participants,
			  int nledgers, bool leader, bool allowed)
{
	shared->segment = dsm_segment_handle(segment);
	shared->participants = participants;
	shared->first_owner = leader || participants == 1 ? 0 : 1;
	shared->nledgers = nledgers;
	shared->round = 0;
	SharedFileSetInit(&shared->files, segment);
	begin_round(shared, allowed);
}

/* Those of the round before have all ended. */
void
exchange_reset(ExchangeShared *shared, bool allowed)
{
	SharedFileSetDeleteAll(&shared->files);
	shared->round++;
	begin_round(shared, allowed);
}

bool
exchange_allowed(const ExchangeShared *shared)
{
	return shared->allowed;
}

void
exchange_attach_files(ExchangeShared *shared)
{
	SharedFileSetAttach(&shared->files, dsm_find_mapping(shared->segment));
}

Exchange *
exchange_attach(ExchangeShared *shared, int participant, MemoryContext parent)
{
	MemoryContext context;
	Exchange   *exchange;

	if (participant >= shared->participants)
		elog(ERROR, "more participants than a parallel plan was made for");
	if (BarrierAttach(&shared->barrier) > 0)
	{
		BarrierDetach(&shared->barrier);
		return NULL;
	}
	context = AllocSetContextCreate(parent, "retention exchange",
									ALLOCSET_SMALL_SIZES);
	exchange = MemoryContextAllocZero(context, sizeof(Exchange));
	exchange->shared = shared;
	exchange->participant = participant;
	exchange->context = context;
	exchange->shares = MemoryContextAllocZero(context, shared->nledgers *
											  sizeof(LedgerShare));
	return exchange;
}

void
exchange_share(Exchange *exchange, int number, Ledger *ledger)
{
	LedgerShare *share = &exchange->shares[number];

	if (ledger->spill != NULL || ledger->packed != NULL)
		elog(ERROR, "a ledger is shared too late");
	share->exchange = exchange;
	share->number = number;
	share->ledger = ledger;
	ledger->share = share;
}

/* The name of a participant's file of a ledger. */
static void
file_name(const LedgerShare *share, int participant, char *name)
{
	snprintf(name, MAXPGPATH, "ledger.%d.%d.%d", share->exchange->shared->round,
			 participant, share->number);
}

/* A file that others will read. */
BufFile *
share_create_file(LedgerShare *share)
{
	char		name[MAXPGPATH];

	file_name(share, share->exchange->participant, name);
	return BufFileCreateFileSet(&share->exchange->shared->files.fs, name);
}

/* That of another. */
BufFile *
share_open_file(LedgerShare *share, int participant)
{
	char		name[MAXPGPATH];

	file_name(share, participant, name);
	return BufFileOpenFileSet(&share->exchange->shared->files.fs, name,
							  O_RDONLY, false);
}

/* What must agree, as others will read it. */
static bytea *
packed_head(const Ledger *ledger)
{
	WireWriter	w;

	wire_writer_init(&w, 256, "shared ledger", NULL);
	ledger_head_put(&w, &ledger->settings, LEDGER_FORM_PARTS);
	return wire_finish(&w);
}

/* Copy it into shared memory; false where there is none. */
static bool
publish_head(LedgerShare *share, SharedLedger *shared)
{
	bytea	   *head = packed_head(share->ledger);
	Size		size = VARSIZE(head) - VARHDRSZ;
	char	   *copy = share_alloc(&share->exchange->memory, size);

	if (copy == NULL)
		return false;
	memcpy(copy, VARDATA(head), size);
	shared->head = share_place(&share->exchange->memory, copy, (uint32) size);
	pfree(head);
	return true;
}

/* Where a chunk is. */
static SharedPlace
place_of(const LedgerShare *share, const LedgerPart *part,
		 const LedgerSpan *span)
{
	SharedPlace own = {(uintptr_t) span->words, -1, (uint32) span->entries};

	return share_is_for_others(share, part) ?
		share_place(&share->exchange->memory, span->words, own.size) : own;
}

/* Tell where the chunks are; likewise. */
static bool
publish_chunks(LedgerShare *share, SharedLedger *shared)
{
	const Ledger *ledger = share->ledger;
	PartDirectory *directory;
	int64		nchunks = 0;
	uint32		at = 0;
	Size		size;

	for (int p = 0; p < LEDGER_PARTS; p++)
		for (const LedgerChunk *c = ledger->parts[p].chunk; c != NULL; c = c->next)
			nchunks++;
	size = offsetof(PartDirectory, chunks) + nchunks * sizeof(SharedPlace);
	directory = share_alloc(&share->exchange->memory, size);
	if (directory == NULL)
		return false;
	for (int p = 0; p < LEDGER_PARTS; p++)
	{
		LedgerSpan *spans;
		int			nspans = ledger_part_spans(ledger, &ledger->parts[p], &spans);

		directory->first[p] = at;
		for (int s = 0; s < nspans; s++)
			directory->chunks[at++] =
				place_of(share, &ledger->parts[p], &spans[s]);
		pfree(spans);
	}
	directory->first[LEDGER_PARTS] = at;
	shared->directory = share_place(&share->exchange->memory, directory, (uint32) size);
	return true;
}

/* Tell others where the entries of a ledger are, but those kept. */
void
share_publish_entries(LedgerShare *share, SharedLedger *shared)
{
	Ledger	   *ledger = share->ledger;

	if (ledger->spill == NULL && !share->strays)
		ledger_split(ledger);
	shared->to_file = ledger->spill != NULL || share->strays ||
		!publish_head(share, shared) || !publish_chunks(share, shared);
	shared->compact = ledger->layout.compact;
}

/* All rows of this process are in a ledger: tell the others. */
static void
publish(LedgerShare *share)
{
	Exchange   *exchange = share->exchange;
	SharedLedger *shared = shared_ledger(exchange->shared, exchange->participant,
										 share->number);

	shared->filled = true;
	shared->in_order = share->ledger->in_order;
	if (ledger_is_in_order(share->ledger))
		share_keep(share, shared);
	share_publish_entries(share, shared);
	shared->in_order &= !shared->to_file;
}

/* Does it go by files?  One whose entries are not all in memory decides. */
static bool
goes_by_files(ExchangeShared *shared, int number)
{
	for (int p = 0; p < shared->participants; p++)
	{
		const SharedLedger *ledger = shared_ledger(shared, p, number);

		if (ledger->filled && ledger->to_file)
			return true;
	}
	return false;
}

/* Write what is left to files, wherever that is how it goes. */
static bool
write_files(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;
	bool		some = false;

	for (int n = 0; n < shared->nledgers; n++)
	{
		LedgerShare *share = &exchange->shares[n];
		SharedLedger *place = shared_ledger(shared, exchange->participant, n);

		if (!goes_by_files(shared, n))
			continue;
		some = true;
		if (share->ledger == NULL)
			continue;
		share->in_files = true;
		ledger_spill_publish(share->ledger, packed_head(share->ledger),
							 &place->fileno, &place->offset);
	}
	return some;
}

/* Come to the memory of the others, or to what is new of it. */
static void
map_others(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;

	if (exchange->mappings == NULL)
		exchange->mappings = MemoryContextAllocZero(exchange->context,
													shared->participants *
													sizeof(ShareMapping));
	for (int p = 0; p < shared->participants; p++)
		if (p != exchange->participant)
			share_map(&exchange->mappings[p], shared_segments(shared, p));
}

void
exchange_arrive(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;
	SharedSegments *segments = shared_segments(shared, exchange->participant);

	for (int n = 0; n < shared->nledgers; n++)
		if (exchange->shares[n].ledger != NULL)
			publish(&exchange->shares[n]);
	share_publish(&exchange->memory, segments);
	pg_atomic_fetch_add_u32(&shared->arrived, 1);
	BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	map_others(exchange);
	if (exchange_settle_order(exchange))
	{
		share_publish(&exchange->memory, segments);
		BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
		map_others(exchange);
	}
	if (write_files(exchange))
		BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	BarrierDetach(&shared->barrier);
	exchange->arrived = true;
	for (int n = 0; n < shared->nledgers; n++)
		if (exchange->shares[n].ledger != NULL)
			share_open(&exchange->shares[n]);
	pg_atomic_fetch_add_u32(&shared->open, 1);
	ConditionVariableBroadcast(&shared->all_open);
}

/* Until others have come to this one's memory it must not go. */
static void
wait_until_open(ExchangeShared *shared)
{
	ConditionVariablePrepareToSleep(&shared->all_open);
	while (pg_atomic_read_u32(&shared->open) < pg_atomic_read_u32(&shared->arrived))
		ConditionVariableSleep(&shared->all_open, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
}

ExchangeUsage
exchange_end(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;
	ExchangeUsage usage = {0};

	if (exchange->arrived)
		wait_until_open(shared);
	else
		BarrierArriveAndDetach(&shared->barrier);
	for (int n = 0; n < shared->nledgers && exchange->arrived; n++)
	{
		LedgerShare *share = &exchange->shares[n];

		if (share->ledger == NULL)
			continue;
		usage.parts += share->ntaken;
		usage.in_files |= share->in_files;
		usage.ledgers++;
		usage.in_order += share->in_order;
		share_close(share);
	}
	for (int p = 0; p < shared->participants && exchange->arrived; p++)
		share_unmap(&exchange->mappings[p]);
	share_release(&exchange->memory);
	MemoryContextDelete(exchange->context);
	return usage;
}
