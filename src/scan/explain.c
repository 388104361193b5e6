/*
 * explain.c
 *		What EXPLAIN says about a scan that feeds an aggregate.
 */
#include "scan/scan.h"

/* How far rows went past the executor, in this process. */
void
scan_explain(CustomScanState *node, List *ancestors, struct ExplainState *es)
{
	const RetentionScan *scan = (const RetentionScan *) node;

	if (!es->analyze)
		return;
	ExplainPropertyInteger("Rows Fed", NULL, (int64) scan->fed_rows, es);
	ExplainPropertyInteger("Pages Fed", NULL, (int64) scan->fed_pages, es);
}
