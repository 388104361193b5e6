/*
 * scan.h
 *		A scan that hands its rows to an aggregate's transition function itself.
 *
 *	plan.c		where the planner is offered it, and what it costs
 *	exec.c		the plan node: pages, rows, parallel scans
 *	feed.c		the aggregate above, and its transition function
 *	deform.c	columns of a row on a page
 */
#ifndef RETENTION_SCAN_H
#define RETENTION_SCAN_H

#include "scan/deform.h"
#include "access/relscan.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/* Where rows go past the executor (feed.c). */
typedef struct Feed Feed;

typedef struct RetentionScan
{
	CustomScanState css;		/* its scan slot is virtual, filled as far as
								 * needed */
	Deform	   *deform;
	TupleTableSlot *heap_slot;	/* of the table's own kind; pins the page */
	TableScanDesc scan;			/* NULL before the first row */
	bool		looked;			/* for the aggregate above */
	bool		begun;			/* a row was given to it the usual way */
	bool		ended;
	Feed	   *feed;			/* NULL: rows go the usual way */
	/* for EXPLAIN ANALYZE, of this process */
	uint64		fed_rows;
	uint64		fed_pages;
} RetentionScan;

extern bool scan_enabled;		/* retention.scan */

/* Functions of a plan node (exec.c). */
extern const CustomScanMethods scan_methods;

/* Is this transition function one that the scan may call? */
extern bool feed_accepts(Oid transition);

/* The aggregate that takes its rows from a scan; NULL: in the usual way. */
extern Feed *feed_find(RetentionScan *scan);

/* A row more for it, whose columns are in the scan slot. */
extern void feed_row(Feed *feed, const TupleTableSlot *slot);

/* What EXPLAIN says besides. */
extern void scan_explain(CustomScanState *node, List *ancestors,
						 struct ExplainState *es);

/* The library is being loaded. */
extern void scan_define_settings(void);

#endif							/* RETENTION_SCAN_H */
