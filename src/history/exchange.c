/*
 * exchange.c
 *		Who has begun, who waits for whom, and what each has published.
 */
#include "history/exchange_internal.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "utils/wait_event.h"

Size
exchange_size(int participants, int nledgers)
{
	Size		size = MAXALIGN(offsetof(ExchangeShared, next) +
								nledgers * sizeof(pg_atomic_uint32));

	return add_size(size, mul_size(sizeof(SharedLedger),
								   participants * nledgers));
}

/* Nobody has begun. */
static void
begin_round(ExchangeShared *shared)
{
	BarrierInit(&shared->barrier, 0);
	for (int n = 0; n < shared->nledgers; n++)
	{
		pg_atomic_init_u32(&shared->next[n], 0);
		for (int p = 0; p < shared->participants; p++)
			memset(shared_ledger(shared, p, n), 0, sizeof(SharedLedger));
	}
}

void
exchange_init(ExchangeShared *shared, dsm_segment *segment, int participants,
			  int nledgers)
{
	shared->segment = dsm_segment_handle(segment);
	shared->participants = participants;
	shared->nledgers = nledgers;
	shared->round = 0;
	SharedFileSetInit(&shared->files, segment);
	begin_round(shared);
}

/* Those of the round before have all ended. */
void
exchange_reset(ExchangeShared *shared)
{
	SharedFileSetDeleteAll(&shared->files);
	shared->round++;
	begin_round(shared);
}

void
exchange_allow(ExchangeShared *shared, bool allowed)
{
	shared->allowed = allowed;
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
exchange_attach(ExchangeShared *shared, int participant, MemoryContext context)
{
	Exchange   *exchange;

	if (participant >= shared->participants)
		elog(ERROR, "more participants than a parallel plan was made for");
	if (BarrierAttach(&shared->barrier) > 0)
	{
		BarrierDetach(&shared->barrier);
		return NULL;
	}
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
	char	   *copy = share_alloc(&share->memory, size);

	if (copy == NULL)
		return false;
	memcpy(copy, VARDATA(head), size);
	shared->head = share_place(&share->memory, copy, (uint32) size);
	pfree(head);
	return true;
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
	directory = share_alloc(&share->memory, size);
	if (directory == NULL)
		return false;
	for (int p = 0; p < LEDGER_PARTS; p++)
	{
		LedgerSpan *spans;
		int			nspans = ledger_part_spans(ledger, &ledger->parts[p], &spans);

		directory->first[p] = at;
		for (int s = 0; s < nspans; s++)
			directory->chunks[at++] = share_place(&share->memory, spans[s].words,
												  (uint32) spans[s].entries);
		pfree(spans);
	}
	directory->first[LEDGER_PARTS] = at;
	shared->directory = share_place(&share->memory, directory, (uint32) size);
	return true;
}

/* All rows of this process are in a ledger: tell the others. */
static void
publish(LedgerShare *share)
{
	Exchange   *exchange = share->exchange;
	SharedLedger *shared = shared_ledger(exchange->shared, exchange->participant,
										 share->number);
	Ledger	   *ledger = share->ledger;

	shared->filled = true;
	if (ledger->spill == NULL && !share->strays)
		ledger_split(ledger);
	shared->to_file = ledger->spill != NULL || share->strays ||
		!publish_head(share, shared) || !publish_chunks(share, shared);
	shared->compact = ledger->layout.compact;
	shared->nsegments = share->memory.nsegments;
	for (int s = 0; s < share->memory.nsegments; s++)
		shared->segments[s] = dsm_segment_handle(share->memory.segments[s]);
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

void
exchange_arrive(Exchange *exchange)
{
	ExchangeShared *shared = exchange->shared;

	for (int n = 0; n < shared->nledgers; n++)
		if (exchange->shares[n].ledger != NULL)
			publish(&exchange->shares[n]);
	BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	if (write_files(exchange))
		BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
	BarrierDetach(&shared->barrier);
	exchange->waiting_over = true;
	for (int n = 0; n < shared->nledgers; n++)
		if (exchange->shares[n].ledger != NULL)
			share_open(&exchange->shares[n]);
}

void
exchange_end(Exchange *exchange)
{
	if (!exchange->waiting_over)
		BarrierArriveAndDetach(&exchange->shared->barrier);
	exchange->waiting_over = true;
	for (int n = 0; n < exchange->shared->nledgers; n++)
	{
		LedgerShare *share = &exchange->shares[n];

		if (share->ledger == NULL)
			continue;
		exchange->usage.parts += share->ntaken;
		exchange->usage.in_files |= share->in_files;
		share_close(share);
	}
}

ExchangeUsage
exchange_usage(const Exchange *exchange)
{
	return exchange->usage;
}
