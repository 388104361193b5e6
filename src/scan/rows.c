/*
 * rows.c
 *		Rows that the scan gives the usual way.
 *
 * They are taken from pages, too.  Where the aggregate above is one by groups,
 * rows whose group is there are fed on the way (groups.c).
 */
#include "scan/scan.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"

/* Columns of a row that a qual leaves out are not all looked at. */
void
rows_plan(RetentionScan *scan)
{
	const CustomScan *plan = (const CustomScan *) scan->css.ss.ps.plan;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	Bitmapset  *quals = scan_add_columns(NULL, plan, plan->scan.plan.qual);
	Bitmapset  *rest = scan_add_columns(NULL, plan, plan->scan.plan.targetlist);

	scan->of_quals = deform_plan(desc, quals);
	scan->of_rest = deform_plan(desc, bms_del_members(rest, quals));
}

/* Put a row into the scan slot; false where a qual leaves it out. */
static inline bool
take_row(RetentionScan *scan, HeapTupleHeader row)
{
	const PlanState *ps = &scan->css.ss.ps;
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;

	row_context_reset(ps->ps_ExprContext->ecxt_per_tuple_memory);
	if (ps->qual != NULL)
	{
		deform_row(scan->of_quals, row, slot->tts_values, slot->tts_isnull);
		if (!ExecQual(ps->qual, ps->ps_ExprContext))
			return false;
	}
	deform_row(scan->of_rest, row, slot->tts_values, slot->tts_isnull);
	return true;
}

/* Rows of the page that the heap's scan has come to were fed, or left out. */
static void
count_rows(RetentionScan *scan, int fed, int removed)
{
	PlanState  *ps = &scan->css.ss.ps;
	BlockNumber block = ((HeapScanDesc) scan->scan)->rs_cblock;

	InstrCountFiltered1(scan, removed);
	if (fed == 0)
		return;
	if (ps->instrument != NULL)
		ps->instrument->tuplecount += fed;
	scan->totals.rows += fed;
	if (block != scan->given_block)
		scan->totals.pages++;
	scan->given_block = block;
}

/*
 * Look at what is visible on the page that the heap's scan has come to, from its
 * current row on, up to one that is to be given: that is the current one then, in
 * the scan slot, and the result is true.  The page is pinned by heap_slot;
 * visible rows of a pinned page stay where they are.
 */
static bool
find_row(RetentionScan *scan)
{
	HeapScanDesc heap = (HeapScanDesc) scan->scan;
	Page		page = BufferGetPage(heap->rs_cbuf);
	bool		fed = scan->feed != NULL;
	int			first = (int) heap->rs_cindex;
	int			n = (int) heap->rs_ntuples;
	int			removed = 0;
	int			i;

	for (i = first; i < n; i++)
	{
		ItemId		item = PageGetItemId(page, heap->rs_vistuples[i]);

		/* of a page that is all visible nobody has touched a row so far */
		if (i + AHEAD < n)
			prefetch_row(page, heap->rs_vistuples[i + AHEAD]);
		/* the first of them was counted by the heap's scan */
		if (i > first)
			pgstat_count_heap_getnext(scan->css.ss.ss_currentRelation);
		if (!take_row(scan, (HeapTupleHeader) PageGetItem(page, item)))
			removed++;
		else if (!fed || !groups_feed(scan, scan->css.ss.ss_ScanTupleSlot))
			break;
	}
	heap->rs_cindex = Min(i, n - 1);
	count_rows(scan, i - first - removed, removed);
	return i < n;
}

/* The next row that is to be given; NULL at the end. */
TupleTableSlot *
rows_next(RetentionScan *scan)
{
	ScanState  *ss = &scan->css.ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;

	ExecClearTuple(slot);
	ExecStoreVirtualTuple(slot);
	ss->ps.ps_ExprContext->ecxt_scantuple = slot;
	while (table_scan_getnextslot(scan->scan, ForwardScanDirection,
								  scan->heap_slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (find_row(scan))
			return ss->ps.ps_ProjInfo == NULL ? slot :
				ExecProject(ss->ps.ps_ProjInfo);
	}
	ExecClearTuple(slot);
	return NULL;
}
