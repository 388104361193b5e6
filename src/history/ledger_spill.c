/*
 * ledger_spill.c
 *		Ledgers larger than memory: runs of entries in a temporary file.
 *
 * A ledger that must give up its memory compacts its parts and writes them to
 * one temporary file, as 64 runs chosen by the next six bits of the hash (a
 * "tape" is all runs with the same bits).  The file is only appended to, and
 * a directory of runs is kept, so a ledger can go on growing after it has
 * been read.  Entries are written wide.  It is read tape by tape: each tape
 * is loaded into a nested ledger of its own, which has the same limit, and
 * spills in turn if even one sixty-fourth is too large.
 */
#include "history/ledger_internal.h"

#include "base/aggregate.h"
#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct LedgerRun
{
	off_t		offset;
	int			fileno;
	uint32		entries;
} LedgerRun;

typedef struct LedgerTape
{
	LedgerRun  *runs;
	int			nruns;
	int			max_runs;
} LedgerTape;

struct LedgerSpill
{
	BufFile    *file;
	int			end_fileno;		/* where the next run goes */
	off_t		end_offset;
	MemoryContext context;
	LedgerSpill *next;			/* in pool->abandoned */
	LedgerTape	tapes[LEDGER_TAPES];
};

#define BATCH_WORDS 8192		/* words read or written at a time */

/*
 * Ledgers smaller than that are left in memory: writing one out costs up to 64
 * runs, which must hold enough entries to be worth their place in the
 * directory.
 */
#define SPILL_BYTES 16384

/* The group is finished: close its file. */
static void
close_file(Datum arg)
{
	LedgerSpill *spill = (LedgerSpill *) DatumGetPointer(arg);

	if (spill->file != NULL)
		BufFileClose(spill->file);
	spill->file = NULL;
}

/*
 * A ledger goes away before its file: in a window the state of one partition
 * or frame after the other, while files are closed when the query ends.  The
 * next ledger that spills closes this file and takes over its place.  Not now:
 * the query may have failed, and its resource owner closed the file already.
 */
void
ledger_spill_abandon(Ledger *ledger)
{
	LedgerSpill *spill = ledger->spill;

	if (spill == NULL || spill->context == ledger->context)
		return;
	spill->next = ledger->pool->abandoned;
	ledger->pool->abandoned = spill;
}

/* An abandoned place with its file closed, or NULL when there is none. */
static LedgerSpill *
reuse_abandoned(LedgerPool *pool)
{
	LedgerSpill *spill;

	while ((spill = pool->abandoned) != NULL)
	{
		pool->abandoned = spill->next;
		/* once closed by its callback, there is no callback any more */
		if (spill->file == NULL)
			continue;
		close_file(PointerGetDatum(spill));
		for (int t = 0; t < LEDGER_TAPES; t++)
			spill->tapes[t].nruns = 0;
		spill->end_fileno = 0;
		spill->end_offset = 0;
		return spill;
	}
	return NULL;
}

/* Open the temporary file of a ledger. */
static void
open_file(Ledger *ledger)
{
	Node	   *node = ledger->pool->node;
	LedgerSpill *spill = reuse_abandoned(ledger->pool);
	MemoryContext old;

	if (spill == NULL)
	{
		MemoryContext context = node == NULL ? ledger->context :
			aggregate_shutdown_context(node);

		spill = MemoryContextAllocZero(context, sizeof(LedgerSpill));
		spill->context = context;
		if (node != NULL)
			aggregate_on_shutdown(node, close_file, PointerGetDatum(spill));
	}
	old = MemoryContextSwitchTo(spill->context);
	spill->file = ledger->share != NULL ? share_create_file(ledger->share) :
		BufFileCreateTemp(false);
	MemoryContextSwitchTo(old);
	ledger->spill = spill;
}

/* Go to a place in the file. */
static void
seek_file(LedgerSpill *spill, int fileno, off_t offset)
{
	if (BufFileSeek(spill->file, fileno, offset, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in a temporary file: %m")));
}

/* Append entries to a tape. */
static void
write_run(LedgerSpill *spill, LedgerTape *tape, const uint64 *words,
		  int64 entries, int entry_words)
{
	while (entries > 0)
	{
		uint32		n = (uint32) Min(entries, PG_INT32_MAX / 64);
		LedgerRun  *run;

		if (tape->nruns == tape->max_runs)
		{
			int			max = Max(16, tape->max_runs * 2);
			Size		bytes = max * sizeof(LedgerRun);

			tape->runs = tape->runs == NULL ?
				MemoryContextAllocHuge(spill->context, bytes) :
				repalloc_huge(tape->runs, bytes);
			tape->max_runs = max;
		}
		run = &tape->runs[tape->nruns];
		BufFileTell(spill->file, &run->fileno, &run->offset);
		run->entries = n;
		BufFileWrite(spill->file, (void *) words,
					 (Size) n * entry_words * sizeof(uint64));
		BufFileTell(spill->file, &spill->end_fileno, &spill->end_offset);
		tape->nruns++;
		words += (Size) n * entry_words;
		entries -= n;
	}
}

/* Merge the duplicates of a part and write what is left to its tapes. */
static void
write_groups(LedgerGroups *groups, int part, void *arg)
{
	Ledger	   *ledger = arg;
	LedgerLayout wide = ledger_layout(&ledger->settings, false);
	int64		kept = ledger_groups_settle(groups, &ledger->settings, &wide);
	uint64	   *words = palloc_extended((kept + 1) * wide.words * sizeof(uint64),
										MCXT_ALLOC_HUGE);
	uint64	   *at = words;
	int64		entries[LEDGER_TAPES] = {0};
	uint64	   *write[LEDGER_TAPES];

#define CUSTOMER_TAPE(c) \
	((ledger_hash(&ledger->salt, (c)->key, wide.key_words) >> \
	  (ledger->part_shift + LEDGER_PART_BITS - LEDGER_TAPE_BITS)) & \
	 (LEDGER_TAPES - 1))
	for (int i = 0; i < groups->ncustomers; i++)
		entries[CUSTOMER_TAPE(&groups->customers[i])] += groups->customers[i].count;
	for (int t = 0; t < LEDGER_TAPES; t++)
	{
		write[t] = at;
		at += entries[t] * wide.words;
	}
	for (int i = 0; i < groups->ncustomers; i++)
	{
		const LedgerCustomer *c = &groups->customers[i];
		uint64	  **w = &write[CUSTOMER_TAPE(c)];

		CHECK_FOR_INTERRUPTS();
		for (const LedgerItem *item = groups->items + c->first,
			 *end = item + c->count; item < end; item++)
			*w = ledger_put_entry(&wide, *w, c->key, item->when, item->amount);
	}
#undef CUSTOMER_TAPE

	at = words;
	for (int t = 0; t < LEDGER_TAPES; t++)
	{
		write_run(ledger->spill, &ledger->spill->tapes[t], at, entries[t],
				  wide.words);
		at = write[t];
	}
	pfree(words);
}

/*
 * A ledger in order is written slice by slice, each to all tapes: so many of them,
 * or as many as there are of so many entries.
 */
#define SPILL_SLICES 32
#define LARGEST_SLICE 16384

/* The same of the only part of a ledger in order, which is empty then. */
static void
write_in_order(Ledger *ledger, LedgerGroups *groups)
{
	int64		slice = Min(LARGEST_SLICE,
							ledger_part_entries(ledger, &ledger->only) / SPILL_SLICES);
	LedgerSpan *spans;
	int			nspans = ledger_order_spans(ledger, &ledger->only, &spans);

	ledger_visit_spans(spans, nspans, Max(slice, ORDER_SLICE), groups,
					   write_groups, ledger);
	pfree(spans);
	ledger_part_free(ledger, &ledger->only);
}

/*
 * Compact a ledger and write what is left to its file, all of it: parts and
 * packed states.  The ledger goes on as a small one.
 */
static void
spill_ledger(Ledger *ledger)
{
	MemoryContext workspace = AllocSetContextCreate(CurrentMemoryContext,
													"ledger spill",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(workspace);
	LedgerGroups *groups = ledger_groups_create(workspace);
	LedgerSpill *spill;

	if (ledger->packed != NULL)
		ledger_split(ledger);
	if (ledger->spill == NULL)
		open_file(ledger);
	spill = ledger->spill;
	seek_file(spill, spill->end_fileno, spill->end_offset);
	if (ledger_is_in_order(ledger))
		write_in_order(ledger, groups);
	ledger->in_order = false;
	for (int p = 0; p <= ledger->part_mask; p++)
	{
		ledger_visit_part(ledger, p,
						  ledger_piece_bits(ledger_part_entries(ledger, &ledger->parts[p])),
						  groups, write_groups, ledger);
		ledger_part_free(ledger, &ledger->parts[p]);
	}
	ledger_packed_free(ledger);
	ledger_unsplit(ledger);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(workspace);
}

/*
 * A ledger has grown: bring the ledgers of its pool back under the limit.  A
 * file is closed when the group of the running call ends, so only ledgers of
 * its context (one of several with grouping sets) may be written out.
 */
void
ledger_enforce_limit(Ledger *ledger)
{
	LedgerPool *pool = ledger->pool;
	MemoryContext context;

	if (!ledger->listed || ledger->memory < SPILL_BYTES ||
		pool->memory + LAST_CHUNK <= pool->limit)
		return;
	context = pool->node ? aggregate_node_context(pool->node) : NULL;
	while (pool->memory + LAST_CHUNK > pool->limit)
	{
		Ledger	   *largest = NULL;
		Size		before;
		dlist_iter	iter;

		dlist_foreach(iter, &pool->ledgers)
		{
			Ledger	   *other = dlist_container(Ledger, node, iter.cur);

			if (other->level < LEDGER_MAX_LEVEL &&
				(context == NULL || other->context == context) &&
				(largest == NULL || other->memory > largest->memory))
				largest = other;
		}
		if (largest == NULL || largest->memory < SPILL_BYTES)
			return;
		before = largest->memory;
		spill_ledger(largest);
		/* what is left is bookkeeping that cannot go anywhere */
		if (largest->memory > before / 2)
			return;
	}
}

/* Read so many bytes from where the file is. */
static void
read_exactly(BufFile *file, void *bytes, Size size)
{
	if (BufFileRead(file, bytes, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file: read too few bytes")));
}

/* Load one tape into a nested ledger. */
static void
load_tape(LedgerSpill *spill, const LedgerTape *tape, Ledger *nested)
{
	uint64	   *batch = palloc(BATCH_WORDS * sizeof(uint64));
	LedgerLayout wide = ledger_layout(&nested->settings, false);
	int64		per_batch = BATCH_WORDS / wide.words;

	for (int i = 0; i < tape->nruns; i++)
	{
		const LedgerRun *run = &tape->runs[i];
		int64		left = run->entries;

		seek_file(spill, run->fileno, run->offset);
		while (left > 0)
		{
			int64		n = Min(left, per_batch);
			Size		bytes = n * wide.words * sizeof(uint64);

			CHECK_FOR_INTERRUPTS();
			read_exactly(spill->file, batch, bytes);
			ledger_add_entries(nested, &wide, batch, n);
			left -= n;
		}
	}
	pfree(batch);
}

/*
 * Show one tape of some files, part by part; split as in ledger_visit_parts().
 */
void
ledger_spill_visit_tape(Ledger *ledger, LedgerSpill **spills, int nspills,
						int tape, bool split, LedgerPartVisitor visit,
						void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "nested ledger",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Ledger	   *nested = ledger_create(&ledger->settings,
									   ledger_pool_create(NULL, context),
									   context, ledger->level + 1);

	for (int s = 0; s < nspills; s++)
		load_tape(spills[s], &spills[s]->tapes[tape], nested);
	MemoryContextSwitchTo(old);
	ledger_visit_parts(nested, split, visit, arg);
	if (nested->spill != NULL)
		close_file(PointerGetDatum(nested->spill));
	MemoryContextDelete(context);
}

/*
 * Show a spilled ledger part by part, likewise.  What is still in memory is
 * written out first, so that only one tape is in memory at a time.
 */
void
ledger_spill_visit(Ledger *ledger, bool split, LedgerPartVisitor visit,
				   void *arg)
{
	spill_ledger(ledger);
	for (int t = 0; t < LEDGER_TAPES; t++)
		if (ledger->spill->tapes[t].nruns > 0)
			ledger_spill_visit_tape(ledger, &ledger->spill, 1, t, split, visit,
									arg);
}

/* ----------------------------------------------------------------
 *		Files that other processes read
 *
 * Behind the runs there are the ledger's head, its length first, and of each
 * tape the number of its runs and these.
 * ----------------------------------------------------------------
 */

/*
 * Write all of a ledger to its file, for others to read; what they need to know
 * begins at the place returned.
 */
void
ledger_spill_publish(Ledger *ledger, const bytea *head, int *fileno,
					 off_t *offset)
{
	LedgerSpill *spill;
	uint32		size = VARSIZE(head) - VARHDRSZ;

	spill_ledger(ledger);
	spill = ledger->spill;
	*fileno = spill->end_fileno;
	*offset = spill->end_offset;
	seek_file(spill, *fileno, *offset);
	BufFileWrite(spill->file, &size, sizeof(size));
	BufFileWrite(spill->file, (void *) VARDATA(head), size);
	for (int t = 0; t < LEDGER_TAPES; t++)
	{
		const LedgerTape *tape = &spill->tapes[t];

		BufFileWrite(spill->file, (void *) &tape->nruns, sizeof(tape->nruns));
		if (tape->nruns > 0)
			BufFileWrite(spill->file, tape->runs, tape->nruns * sizeof(LedgerRun));
	}
	BufFileExportFileSet(spill->file);
}

/* The file of another process, and the head of its ledger. */
LedgerSpill *
ledger_spill_open(BufFile *file, int fileno, off_t offset, WireReader *head)
{
	LedgerSpill *spill = palloc0(sizeof(LedgerSpill));
	uint32		size;
	char	   *bytes;

	spill->file = file;
	spill->context = CurrentMemoryContext;
	seek_file(spill, fileno, offset);
	read_exactly(file, &size, sizeof(size));
	bytes = palloc(size);
	read_exactly(file, bytes, size);
	wire_reader_init(head, bytes, size, "shared ledger");
	for (int t = 0; t < LEDGER_TAPES; t++)
	{
		LedgerTape *tape = &spill->tapes[t];

		read_exactly(file, &tape->nruns, sizeof(tape->nruns));
		tape->max_runs = tape->nruns;
		if (tape->nruns == 0)
			continue;
		tape->runs = palloc_extended(tape->nruns * sizeof(LedgerRun),
									 MCXT_ALLOC_HUGE);
		read_exactly(file, tape->runs, tape->nruns * sizeof(LedgerRun));
	}
	return spill;
}

void
ledger_spill_close(LedgerSpill *spill)
{
	close_file(PointerGetDatum(spill));
}
