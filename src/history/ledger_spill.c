/*
 * ledger_spill.c
 *		Ledgers larger than memory: runs of entries in a temporary file.
 *
 * A ledger that must give up its memory compacts its parts and writes them to
 * one temporary file, as 64 runs chosen by the next six bits of the hash (a
 * "tape" is all runs with the same bits).  The file is only appended to, and
 * a directory of runs is kept, so a ledger can go on growing after it has
 * been read.  Entries are written wide.  It is read tape by tape: each tape is loaded into a nested
 * ledger of its own, which has the same limit, and spills in turn if even one
 * sixty-fourth is too large.
 */
#include "history/ledger_internal.h"

#include "base/aggregate.h"
#include "miscadmin.h"

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
	LedgerTape	tapes[LEDGER_TAPES];
};

#define BATCH_WORDS 8192		/* words read or written at a time */

/* The group is finished: close its file. */
static void
close_file(Datum arg)
{
	LedgerSpill *spill = (LedgerSpill *) DatumGetPointer(arg);

	if (spill->file != NULL)
		BufFileClose(spill->file);
	spill->file = NULL;
}

/* Open the temporary file of a ledger. */
static void
open_file(Ledger *ledger)
{
	FunctionCallInfo fcinfo = ledger->pool->fcinfo;
	MemoryContext context = ledger->context;
	MemoryContext old;
	LedgerSpill *spill;

	if (fcinfo != NULL)
		context = aggregate_shutdown_context(fcinfo);
	old = MemoryContextSwitchTo(context);
	spill = palloc0(sizeof(LedgerSpill));
	spill->context = context;
	spill->file = BufFileCreateTemp(false);
	if (fcinfo != NULL)
		aggregate_on_shutdown(fcinfo, close_file, PointerGetDatum(spill));
	ledger->spill = spill;
	MemoryContextSwitchTo(old);
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

/*
 * Compact a ledger and write what is left to its file, all of it: parts and
 * packed states.
 */
void
ledger_spill(Ledger *ledger)
{
	MemoryContext workspace = AllocSetContextCreate(CurrentMemoryContext,
													"ledger spill",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(workspace);
	LedgerGroups *groups = ledger_groups_create(workspace);
	LedgerLayout wide = ledger_layout(&ledger->settings, false);
	LedgerSpill *spill;

	ledger_split(ledger);
	if (ledger->spill == NULL)
		open_file(ledger);
	spill = ledger->spill;
	if (BufFileSeek(spill->file, spill->end_fileno, spill->end_offset,
					SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in a temporary file: %m")));
	for (int p = 0; p < LEDGER_PARTS; p++)
	{
		LedgerPart *part = &ledger->parts[p];
		int64		kept;
		uint64	   *words;

		if (!ledger_group_part(ledger, p, groups))
			continue;
		kept = ledger_groups_settle(groups, &wide);
		words = palloc_extended((kept + 1) * wide.words * sizeof(uint64),
								MCXT_ALLOC_HUGE);
		ledger_groups_write(groups, &wide, words);
		write_run(spill, &spill->tapes[p * LEDGER_TAPES / LEDGER_PARTS],
				  words, kept, wide.words);
		pfree(words);
		ledger_part_free(ledger, part);
	}
	ledger_packed_free(ledger);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(workspace);
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

		if (BufFileSeek(spill->file, run->fileno, run->offset, SEEK_SET) != 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not seek in a temporary file: %m")));
		while (left > 0)
		{
			int64		n = Min(left, per_batch);
			Size		bytes = n * wide.words * sizeof(uint64);

			CHECK_FOR_INTERRUPTS();
			if (BufFileRead(spill->file, batch, bytes) != bytes)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not read from a temporary file: read too few bytes")));
			ledger_add_entries(nested, &wide, batch, n);
			left -= n;
		}
	}
	pfree(batch);
}

/*
 * Show a spilled ledger part by part.  What is still in memory is written out
 * first, so that only one tape is in memory at a time.
 */
void
ledger_spill_visit(Ledger *ledger, LedgerPartVisitor visit, void *arg)
{
	LedgerSpill *spill = ledger->spill;

	ledger_spill(ledger);
	for (int t = 0; t < LEDGER_TAPES; t++)
	{
		MemoryContext context;
		MemoryContext old;
		LedgerPool *pool;
		Ledger	   *nested;

		if (spill->tapes[t].nruns == 0)
			continue;
		context = AllocSetContextCreate(CurrentMemoryContext, "nested ledger",
										ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(context);
		pool = ledger_pool_create(context);
		nested = ledger_create(&ledger->settings, pool, context,
							   ledger->level + 1);
		load_tape(spill, &spill->tapes[t], nested);
		MemoryContextSwitchTo(old);
		ledger_visit_parts(nested, true, visit, arg);
		if (nested->spill != NULL)
			close_file(PointerGetDatum(nested->spill));
		MemoryContextDelete(context);
	}
}
