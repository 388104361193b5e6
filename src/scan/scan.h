/*
 * scan.h
 *		A scan that hands its rows to an aggregate's transition function itself.
 *
 *	plan.c		where the planner is offered it, and what it costs
 *	exec.c		the plan node: pages, rows, parallel scans
 *	feed.c		the aggregate above, and its transition function
 *	finish.c	what participants of a parallel plan do at its end
 *	deform.c	columns of a row on a page
 */
#ifndef RETENTION_SCAN_H
#define RETENTION_SCAN_H

#include "scan/deform.h"
#include "access/parallel.h"
#include "access/relscan.h"
#include "base/aggregate.h"
#include "history/exchange.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/* An argument that is a column, in a row that is kept. */
typedef struct FeedColumn
{
	int			column;			/* of the scan slot, from 0 */
	int			number;			/* of the argument, from 0 */
} FeedColumn;

/* Where rows go past the executor (feed.c). */
typedef struct Feed
{
	struct AggState *agg;
	MemoryContext row_context;	/* reset for each row */
	ExprContext *econtext;		/* of expressions */
	struct FeedCall *calls;		/* one of each transition function */
	int			ncalls;
	/* rows of a page, where the only call takes many; else NULL */
	NullableDatum *rows;
	int			width;			/* of a row */
	int			nrows;
	FeedColumn *columns;
	int			ncolumns;
	int			nexpressions;	/* arguments that are no columns */
	bool		keeps_memory;	/* of rows: what expressions come to is in it */
	/* where it takes columns: those of the arguments, else NULL */
	const Column *const *arguments;
} Feed;

#define KEPT_BYTES 65536		/* so much memory of rows is kept, or little more */

typedef struct RetentionScan
{
	CustomScanState css;		/* its scan slot is virtual, filled as far as
								 * needed */
	Deform	   *deform;
	Column	   *columns;		/* of a page, where the feed takes these */
	TupleTableSlot *heap_slot;	/* of the table's own kind; pins the page */
	TableScanDesc scan;			/* NULL before the first row */
	bool		attached;		/* to the exchange, if there is one */
	bool		looked;			/* for the aggregate above */
	bool		begun;			/* a row was given to it the usual way */
	bool		ended;
	Feed	   *feed;			/* NULL: rows go the usual way */
	Feed	   *found;			/* kept from one rescan to the next */
	/* in a parallel plan whose participants finish what they begin, else NULL */
	ExchangeShared *shared;
	Exchange   *exchange;		/* from the first page to the last row */
	/* for EXPLAIN ANALYZE, of this process */
	uint64		fed_rows;
	uint64		fed_pages;
	Size		memory;			/* of ledgers, when the last row was in */
	bool		spilled;
	ExchangeUsage usage;
} RetentionScan;

extern bool scan_enabled;		/* retention.scan */

/* Functions of a plan node (exec.c). */
extern const CustomScanMethods scan_methods;

/* Is this transition function one that the scan may call? */
extern bool feed_accepts(Oid transition);

/* Is its state a ledger? */
extern bool feed_keeps_ledger(Oid transition);

/* The aggregate that takes its rows from a scan; NULL: in the usual way. */
extern Feed *feed_find(RetentionScan *scan);

/* A row for all calls, at once. */
extern void feed_calls(Feed *feed, const TupleTableSlot *slot);

/* What a row that is to be kept has besides columns. */
extern void feed_expressions(const Feed *feed, NullableDatum *row);

/* Take the rows that are kept: the page is done, which they lie on. */
extern void feed_kept(Feed *feed);

/*
 * In PG_CATCH, where rows of a page were looked at in context: the error is
 * that of a row after those kept, which are taken first.
 */
extern void feed_failed(Feed *feed, MemoryContext context);

/* What the ledgers of its calls hold in memory, and whether one has a file. */
extern void feed_usage(const Feed *feed, Size *memory, bool *spilled);

/* Make ready for a row: quals and expressions have the memory of rows. */
static inline void
feed_next_row(Feed *feed)
{
	MemoryContext context = feed->econtext->ecxt_per_tuple_memory;

	if (unlikely(feed->keeps_memory) && feed->nrows > 0)
	{
		if (context->mem_allocated <= KEPT_BYTES && context->firstchild == NULL)
			return;
		feed_kept(feed);
	}
	row_context_reset(context);
}

/*
 * A row more for it, whose columns are in the scan slot; it may be kept until
 * the page is done, which must stay in place as long.
 */
static inline void
feed_row(Feed *feed, const TupleTableSlot *slot)
{
	NullableDatum *row;

	if (feed->rows == NULL)
	{
		feed_calls(feed, slot);
		return;
	}
	row = feed->rows + feed->nrows * feed->width;
	for (int i = 0; i < feed->ncolumns; i++)
	{
		const FeedColumn *column = &feed->columns[i];

		row[column->number].value = slot->tts_values[column->column];
		row[column->number].isnull = slot->tts_isnull[column->column];
	}
	if (feed->nexpressions > 0)
		feed_expressions(feed, row);
	feed->nrows++;
}

/* Its calls, and the ledger that is the state of one; NULL: there is none. */
extern int	feed_ncalls(const Feed *feed);
extern Ledger *feed_ledger(const Feed *feed, int call);

/* A parallel plan (finish.c): its memory, and where it begins and ends. */
extern Size finish_size(const RetentionScan *scan, int workers);
extern void finish_begin(RetentionScan *scan, ParallelContext *pcxt,
						 void *coordinate);
extern void finish_begin_again(RetentionScan *scan);
extern void finish_begin_worker(RetentionScan *scan, void *coordinate);
extern void finish_attach(RetentionScan *scan);
extern void finish_share(RetentionScan *scan);
extern void finish_scan(RetentionScan *scan);

/* What EXPLAIN says besides. */
extern void scan_explain(CustomScanState *node, List *ancestors,
						 struct ExplainState *es);

/* The library is being loaded. */
extern void scan_define_settings(void);

#endif							/* RETENTION_SCAN_H */
