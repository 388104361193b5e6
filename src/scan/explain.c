/*
 * explain.c
 *		What EXPLAIN says about a scan that feeds an aggregate.
 */
#include "scan/scan.h"

/*
 * How many rows went past the executor, and to where; in a parallel plan of all
 * processes together.
 */
void
scan_explain(CustomScanState *node, List *ancestors, struct ExplainState *es)
{
	const RetentionScan *scan = (const RetentionScan *) node;
	const ScanTotals *totals = &scan->totals;

	if (!es->analyze)
		return;
	ExplainPropertyUInteger("Rows Fed", NULL, totals->rows, es);
	ExplainPropertyUInteger("Pages Fed", NULL, totals->pages, es);
	if (totals->rows == 0)
		return;
	ExplainPropertyUInteger("Ledger Memory", "kB", (totals->memory + 1023) / 1024,
							es);
	ExplainPropertyBool("Ledger Spilled", totals->spilled > 0, es);
	if (totals->ledgers > 0)
		ExplainPropertyBool("Customers in Order",
							totals->in_order == totals->ledgers, es);
	if (totals->parts > 0)
		ExplainPropertyUInteger(totals->tapes > 0 ? "Tapes Finished" : "Parts Finished",
								NULL, totals->parts, es);
}
