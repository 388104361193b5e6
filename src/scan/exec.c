/*
 * exec.c
 *		The plan node of a scan that feeds an aggregate.
 *
 * Pages, visibility, pruning, predicate locks, the ring of buffers,
 * synchronized and parallel scans and the counters of statistics are those of
 * PostgreSQL's own scan of a heap, page by page: this is one.  What is left out
 * is the executor's work for each row.
 *
 * The node is a scan like any other, below PostgreSQL's own node of the
 * aggregate, and gives rows like any other: at least the first one.  After
 * that, when the aggregate above turns out to be one that can be fed
 * (feed.c), all other rows go to its transition function at once, and the node
 * says that there are no more; with GROUP BY those whose group is there
 * (groups.c).  Where they cannot, it goes on giving rows.
 */
#include "scan/scan.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/bufmgr.h"

/* Add the columns that an expression of the plan needs, numbered from 1. */
Bitmapset *
scan_add_columns(Bitmapset *needed, const CustomScan *plan, const void *node)
{
	Bitmapset  *shifted = NULL;
	int			member = -1;

	pull_varattnos((Node *) node, plan->scan.scanrelid, &shifted);
	while ((member = bms_next_member(shifted, member)) >= 0)
	{
		int			attno = member + FirstLowInvalidHeapAttributeNumber;

		/* the planner's part has seen to it (plan.c) */
		if (attno <= 0)
			elog(ERROR, "retention scan of a system column");
		needed = bms_add_member(needed, attno);
	}
	return needed;
}

static void
scan_begin(CustomScanState *node, EState *estate, int eflags)
{
	RetentionScan *scan = (RetentionScan *) node;
	Relation	relation = node->ss.ss_currentRelation;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	const CustomScan *plan = (const CustomScan *) node->ss.ps.plan;
	Bitmapset  *needed;

	needed = scan_add_columns(NULL, plan, plan->scan.plan.targetlist);
	needed = scan_add_columns(needed, plan, plan->scan.plan.qual);
	scan->deform = deform_plan(RelationGetDescr(relation), needed);
	rows_plan(scan);
	scan->heap_slot = table_slot_create(relation, &estate->es_tupleTable);
	memset(slot->tts_isnull, true, RelationGetDescr(relation)->natts);
}

/* The next row of the table, in the scan slot; false at the end. */
static bool
fetch_row(RetentionScan *scan)
{
	ScanState  *ss = &scan->css.ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;
	TupleTableSlot *from = scan->heap_slot;
	int			n = scan->deform->ncolumns;

	ExecClearTuple(slot);
	if (!table_scan_getnextslot(scan->scan, ForwardScanDirection, from))
		return false;
	slot_getsomeattrs(from, n);
	memcpy(slot->tts_values, from->tts_values, n * sizeof(Datum));
	memcpy(slot->tts_isnull, from->tts_isnull, n * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	return true;
}

static TupleTableSlot *
next_row(ScanState *ss)
{
	return fetch_row((RetentionScan *) ss) ? ss->ss_ScanTupleSlot : NULL;
}

/* There are no conditions but the quals. */
static bool
recheck_row(ScanState *ss, TupleTableSlot *slot)
{
	return true;
}

/*
 * May rows be taken from pages?  Only where the heap's own scan goes page by
 * page, and has for each the list of rows that the snapshot sees.
 */
static bool
may_feed(const RetentionScan *scan)
{
	const ScanState *ss = &scan->css.ss;
	/* what participants of a parallel plan do is the same for all */
	bool		enabled = scan->shared != NULL ?
		exchange_allowed(scan->shared) : scan_enabled;

	return enabled && scan->scan != NULL &&
		ss->ps.state->es_epq_active == NULL &&
		(scan->scan->rs_flags & SO_ALLOW_PAGEMODE) != 0 &&
		ss->ss_currentRelation->rd_tableam == GetHeapamTableAmRoutine();
}

/* Before the first row. */
static void
open_scan(RetentionScan *scan)
{
	const ScanState *ss = &scan->css.ss;

	if (!scan->attached)
	{
		scan->attached = true;
		finish_attach(scan);
	}
	if (scan->scan == NULL)
		scan->scan = table_beginscan(ss->ss_currentRelation,
									 ss->ps.state->es_snapshot, 0, NULL);
	scan->by_page = may_feed(scan);
	scan->given_block = InvalidBlockNumber;
}

/* Row i of the scan's columns, in the scan slot. */
static inline void
fill_slot(const RetentionScan *scan, int i)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	const Deform *deform = scan->deform;

	for (int c = 0; c < deform->nneeded; c++)
	{
		int			at = deform->needed[c];
		const Column *column = &scan->columns[at];

		slot->tts_values[at] = column->values[i];
		slot->tts_isnull[at] = column->some_null && column->nulls[i];
	}
}

/* The row in the scan slot, as row i of the scan's columns. */
static inline void
move_row(const RetentionScan *scan, int i)
{
	const TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	const Deform *deform = scan->deform;

	for (int c = 0; c < deform->nneeded; c++)
	{
		int			at = deform->needed[c];
		Column	   *column = &scan->columns[at];

		column->values[i] = slot->tts_values[at];
		column->nulls[i] = slot->tts_isnull[at];
	}
}

/* Keep those of n rows in the scan's columns that a sieve lets through. */
static int
sift_rows(const RetentionScan *scan, Sieve *sieve, int n)
{
	const Deform *deform = scan->deform;
	uint64		sets[MaxHeapTuplesPerPage];
	uint16		kept[MaxHeapTuplesPerPage];
	int			nkept = 0;

	sieve_take(sieve, scan->columns, n, sets);
	for (int i = 0; i < n; i++)
	{
		kept[nkept] = (uint16) i;
		nkept += (int) sets[i];
	}
	if (nkept == n)
		return n;
	for (int c = 0; c < deform->nneeded; c++)
	{
		Column	   *column = &scan->columns[deform->needed[c]];

		for (int i = 0; i < nkept; i++)
			column->values[i] = column->values[kept[i]];
		if (column->some_null)
			for (int i = 0; i < nkept; i++)
				column->nulls[i] = column->nulls[kept[i]];
	}
	return nkept;
}

/*
 * Look at n rows in the scan's columns one by one: those that satisfy the quals
 * are kept and move to the front.  Returns how many.
 */
static int
look_at_rows(RetentionScan *scan, int n)
{
	PlanState  *ps = &scan->css.ss.ps;
	Feed	   *feed = scan->feed;
	ExprState  *qual = feed->quals == NULL ? ps->qual : NULL;
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		feed_next_row(feed);
		fill_slot(scan, i);
		if (qual != NULL && !ExecQual(qual, ps->ps_ExprContext))
			continue;
		if (feed->nrows < i)
			move_row(scan, feed->nrows);
		feed_keep(feed);
		kept++;
	}
	return kept;
}

#define BLIND_PAGES 64

/*
 * The page that comes next, mostly, when it is in a buffer; else NULL, and for
 * some pages nobody looks again: each look that fails asks the kernel to read,
 * which it does anyway.
 */
static const char *
page_ahead(RetentionScan *scan)
{
	HeapScanDesc heap = (HeapScanDesc) scan->scan;
	BlockNumber block = heap->rs_cblock + 1;
	PrefetchBufferResult found;

	if (scan->blind_pages > 0)
	{
		scan->blind_pages--;
		return NULL;
	}
	if (block >= heap->rs_nblocks)
		return NULL;
	found = PrefetchBuffer(scan->css.ss.ss_currentRelation, MAIN_FORKNUM, block);
	/* nobody pins it: it may be another page by now, which does no harm */
	if (BufferIsValid(found.recent_buffer))
		return BufferGetPage(found.recent_buffer);
	scan->blind_pages = BLIND_PAGES;
	return NULL;
}

/* Feed visible rows of a page by columns; returns how many were fed. */
static int
feed_columns(RetentionScan *scan, Page page, const OffsetNumber *numbers, int n)
{
	Feed	   *feed = scan->feed;
	int			fed;

	deform_page(scan->deform, page, numbers, n, scan->columns,
				page_ahead(scan));
	/* the counter of rows; the first one was counted by the heap's scan */
	pgstat_count_index_tuples(scan->css.ss.ss_currentRelation, n - 1);
	if (feed->quals != NULL)
		n = sift_rows(scan, feed->quals, n);
	if ((scan->css.ss.ps.qual != NULL && feed->quals == NULL) ||
		feed->row_by_row)
		fed = look_at_rows(scan, n);
	else
		fed = feed->nrows = n;
	feed_kept(feed);
	return fed;
}

/* The same row by row. */
static int
feed_rows(RetentionScan *scan, Page page, const OffsetNumber *numbers, int n)
{
	PlanState  *ps = &scan->css.ss.ps;
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	const char *ahead = page_ahead(scan);
	const char *end = ahead == NULL ? NULL : ahead + BLCKSZ;
	int			fed = 0;

	for (int i = 0; i < n; i++)
	{
		ItemId		item = PageGetItemId(page, numbers[i]);

		ahead = ask_ahead(ahead, end);
		/* of a page that is all visible nobody has touched a row so far */
		if (i + AHEAD < n)
			prefetch_row(page, numbers[i + AHEAD]);
		/* the first of them was counted by the heap's scan */
		if (i > 0)
			pgstat_count_heap_getnext(scan->css.ss.ss_currentRelation);
		feed_next_row(scan->feed);
		deform_row(scan->deform, (HeapTupleHeader) PageGetItem(page, item),
				   slot->tts_values, slot->tts_isnull);
		if (ps->qual != NULL && !ExecQual(ps->qual, ps->ps_ExprContext))
			continue;
		feed_calls(scan->feed, slot);
		fed++;
	}
	return fed;
}

/* Where pages of a parallel scan do not lie together the exchange is told. */
static void
note_block(RetentionScan *scan, BlockNumber block)
{
	if (scan->exchange != NULL && block != scan->given_block + 1)
		exchange_border(scan->exchange);
	scan->given_block = block;
}

/*
 * Feed what is visible on the page that the heap's scan has come to, from its
 * current row on, and have it go to the next page.  The page is pinned by
 * heap_slot; visible rows of a pinned page stay where they are.
 */
static void
feed_page(RetentionScan *scan)
{
	PlanState  *ps = &scan->css.ss.ps;
	HeapScanDesc heap = (HeapScanDesc) scan->scan;
	Page		page = BufferGetPage(heap->rs_cbuf);
	const OffsetNumber *numbers = heap->rs_vistuples + heap->rs_cindex;
	int			n = (int) heap->rs_ntuples - (int) heap->rs_cindex;
	int			fed;

	note_block(scan, heap->rs_cblock);
	fed = scan->feed->arguments != NULL ?
		feed_columns(scan, page, numbers, n) :
		feed_rows(scan, page, numbers, n);

	heap->rs_cindex = heap->rs_ntuples - 1;
	InstrCountFiltered1(scan, n - fed);
	if (ps->instrument != NULL)
		ps->instrument->tuplecount += fed;
	scan->totals.rows += fed;
	scan->totals.pages++;
}

/* All other rows. */
static void
feed_rest(RetentionScan *scan)
{
	ScanState  *ss = &scan->css.ss;
	MemoryContext context = CurrentMemoryContext;

	ExecClearTuple(ss->ss_ScanTupleSlot);
	ExecStoreVirtualTuple(ss->ss_ScanTupleSlot);
	ss->ps.ps_ExprContext->ecxt_scantuple = ss->ss_ScanTupleSlot;
	while (table_scan_getnextslot(scan->scan, ForwardScanDirection,
								  scan->heap_slot))
	{
		CHECK_FOR_INTERRUPTS();
		PG_TRY();
		{
			feed_page(scan);
		}
		PG_CATCH();
		{
			feed_failed(scan->feed, context);
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
	usage_reset(&scan->totals);
	feed_usage(scan->feed, &scan->totals);
	ExecClearTuple(ss->ss_ScanTupleSlot);
}

/* A row is in: find out whether the aggregate above can be fed. */
static void
look_above(RetentionScan *scan)
{
	scan->looked = true;
	if (scan->by_page)
	{
		if (scan->found == NULL)
			scan->found = feed_find(scan);
		scan->feed = scan->found;
		if (scan->feed != NULL && scan->feed->groups != NULL)
			groups_begin(scan->feed->groups);
	}
	finish_share(scan);
}

static TupleTableSlot *
scan_exec(CustomScanState *node)
{
	RetentionScan *scan = (RetentionScan *) node;
	TupleTableSlot *slot;

	if (scan->ended)
		return NULL;
	if (!scan->begun)
		open_scan(scan);
	else if (!scan->looked)
		look_above(scan);
	if (scan->feed != NULL && scan->feed->groups == NULL)
	{
		feed_rest(scan);
		finish_scan(scan);
		scan->ended = true;
		return NULL;
	}
	slot = scan->by_page ? rows_next(scan) :
		ExecScan(&node->ss, next_row, recheck_row);
	scan->begun = true;
	scan->ended = TupIsNull(slot);
	if (scan->ended && scan->feed != NULL && node->ss.ps.instrument != NULL)
		groups_usage(scan);
	if (scan->ended)
		finish_scan(scan);
	return slot;
}

static void
scan_end(CustomScanState *node)
{
	RetentionScan *scan = (RetentionScan *) node;

	if (scan->heap_slot != NULL)
		ExecClearTuple(scan->heap_slot);
	if (scan->scan != NULL)
		table_endscan(scan->scan);
	scan->scan = NULL;
}

static void
scan_rescan(CustomScanState *node)
{
	RetentionScan *scan = (RetentionScan *) node;

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	if (scan->scan != NULL)
		table_rescan(scan->scan, NULL);
	scan->begun = scan->looked = scan->ended = scan->attached = false;
	scan->feed = NULL;
	ExecScanReScan(&node->ss);
}

static Size
scan_estimate_dsm(CustomScanState *node, ParallelContext *pcxt)
{
	return add_size(MAXALIGN(table_parallelscan_estimate(node->ss.ss_currentRelation,
														 node->ss.ps.state->es_snapshot)),
					finish_size((RetentionScan *) node, pcxt->nworkers));
}

static void
scan_initialize_dsm(CustomScanState *node, ParallelContext *pcxt,
					void *coordinate)
{
	Relation	relation = node->ss.ss_currentRelation;

	table_parallelscan_initialize(relation, coordinate,
								  node->ss.ps.state->es_snapshot);
	((RetentionScan *) node)->scan = table_beginscan_parallel(relation, coordinate);
	finish_begin((RetentionScan *) node, pcxt, coordinate);
}

static void
scan_reinitialize_dsm(CustomScanState *node, ParallelContext *pcxt,
					  void *coordinate)
{
	table_parallelscan_reinitialize(node->ss.ss_currentRelation, coordinate);
	finish_begin_again((RetentionScan *) node);
}

static void
scan_initialize_worker(CustomScanState *node, shm_toc *toc, void *coordinate)
{
	((RetentionScan *) node)->scan =
		table_beginscan_parallel(node->ss.ss_currentRelation, coordinate);
	finish_begin_worker((RetentionScan *) node, coordinate);
}

static void
scan_shutdown(CustomScanState *node)
{
	finish_shutdown((RetentionScan *) node);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "RetentionScan",
	.BeginCustomScan = scan_begin,
	.ExecCustomScan = scan_exec,
	.EndCustomScan = scan_end,
	.ReScanCustomScan = scan_rescan,
	.EstimateDSMCustomScan = scan_estimate_dsm,
	.InitializeDSMCustomScan = scan_initialize_dsm,
	.ReInitializeDSMCustomScan = scan_reinitialize_dsm,
	.InitializeWorkerCustomScan = scan_initialize_worker,
	.ShutdownCustomScan = scan_shutdown,
	.ExplainCustomScan = scan_explain
};

static Node *
scan_create(CustomScan *plan)
{
	RetentionScan *scan = (RetentionScan *) newNode(sizeof(RetentionScan),
													T_CustomScanState);

	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

const CustomScanMethods scan_methods = {
	.CustomName = "RetentionScan",
	.CreateCustomScanState = scan_create
};
