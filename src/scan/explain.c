/*
 * explain.c
 *		What EXPLAIN says about a scan that feeds an aggregate.
 */
#include "scan/scan.h"

/* How many rows went past the executor, and to where, in this process. */
void
scan_explain(CustomScanState *node, List *ancestors, struct ExplainState *es)
{
	const RetentionScan *scan = (const RetentionScan *) node;

	if (!es->analyze)
		return;
	ExplainPropertyInteger("Rows Fed", NULL, (int64) scan->fed_rows, es);
	ExplainPropertyInteger("Pages Fed", NULL, (int64) scan->fed_pages, es);
	if (scan->fed_rows == 0)
		return;
	ExplainPropertyInteger("Ledger Memory", "kB",
						   (int64) ((scan->memory + 1023) / 1024), es);
	ExplainPropertyBool("Ledger Spilled", scan->spilled, es);
	if (scan->shared != NULL)
		ExplainPropertyInteger(scan->usage.in_files ? "Tapes Finished" : "Parts Finished",
							   NULL, scan->usage.parts, es);
}
