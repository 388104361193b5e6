/*
 * scan.h
 *		A scan that hands its rows to an aggregate's transition function itself.
 *
 *	plan.c		where the planner is offered it, and what it costs
 *	exec.c		the plan node: pages, rows, parallel scans
 *	feed.c		the aggregate above, and its transition function
 *	finish.c	what participants of a parallel plan do at its end
 *	ladder.c	arguments that are CASE
 *	sieve.c		conditions on columns
 *	groups.c	the same with GROUP BY
 *	rows.c		rows given to it the usual way
 *	deform.c	columns of a row on a page
 */
#ifndef RETENTION_SCAN_H
#define RETENTION_SCAN_H

#include "scan/deform.h"
#include "scan/sieve.h"
#include "access/parallel.h"
#include "access/relscan.h"
#include "base/aggregate.h"
#include "history/exchange.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/* What EXPLAIN ANALYZE says. */
typedef struct ScanTotals
{
	uint64		rows;			/* fed */
	uint64		pages;
	uint64		memory;			/* of ledgers, when the last row was in */
	uint64		spilled;		/* processes with ledgers in a file */
	uint64		parts;			/* finished, or tapes */
	uint64		tapes;			/* processes that finished tapes */
	uint64		ledgers;
	uint64		in_order;		/* of these, when the last row was in */
} ScanTotals;

#define SCAN_TOTALS (sizeof(ScanTotals) / sizeof(uint64))

/* Where rows go past the executor (feed.c). */
typedef struct Feed
{
	struct AggState *agg;
	MemoryContext row_context;	/* reset for each row */
	ExprContext *econtext;		/* of expressions */
	struct FeedCall *calls;		/* one of each transition function */
	int			ncalls;
	ExprContext *states_context;	/* of their states */
	struct Groups *groups;		/* NULL without GROUP BY */
	/* where the only call takes columns: those of its arguments, else NULL */
	const Column *const *arguments;
	const Column *columns;		/* of the table */
	Sieve	   *quals;			/* of the scan, or NULL: by the executor, if any */
	int			nrows;			/* kept in them */
	bool		row_by_row;		/* some are filled so */
	bool		keeps_memory;	/* of rows: what expressions come to is in it */
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
	int			blind_pages;	/* so many more without a look at the next one */
	bool		attached;		/* to the exchange, if there is one */
	bool		by_page;		/* rows may be taken from pages */
	Deform	   *of_quals;		/* columns that quals need, and the others */
	Deform	   *of_rest;
	bool		looked;			/* for the aggregate above */
	bool		begun;			/* a row was given to it the usual way */
	bool		ended;
	Feed	   *feed;			/* NULL: rows go the usual way */
	Feed	   *found;			/* kept from one rescan to the next */
	/* in a parallel plan whose participants finish what they begin, else NULL */
	ExchangeShared *shared;
	Exchange   *exchange;		/* from the first page to the last row */
	BlockNumber given_block;	/* where a row was last fed, or last between given
								 * ones */
	/* for EXPLAIN ANALYZE; of this process, in the end of all that took part */
	ScanTotals	totals;
	struct FinishShared *all;	/* theirs in a parallel plan, else NULL */
} RetentionScan;

extern bool scan_enabled;		/* retention.scan */

/* Functions of a plan node (exec.c). */
extern const CustomScanMethods scan_methods;

/*
 * Add the columns that an expression of the plan, or a list of them, needs,
 * numbered from 1.
 */
extern Bitmapset *scan_add_columns(Bitmapset *needed, const CustomScan *plan,
								   const void *node);

/* Is this transition function one that the scan may call? */
extern bool feed_accepts(Oid transition);

/* Is its state a ledger? */
extern bool feed_keeps_ledger(Oid transition);

/* Does this final function, or InvalidOid, return of a ledger what adds up? */
extern bool feed_adds_up(Oid final);

/* The aggregate that takes its rows from a scan; NULL: in the usual way. */
extern Feed *feed_find(RetentionScan *scan);

/* A row for all calls, at once. */
extern void feed_calls(Feed *feed, const TupleTableSlot *slot);

/* A row that is kept; what it has besides columns comes from the scan slot. */
extern void feed_keep(Feed *feed);

/* Take the rows that are kept: the page is done, which they lie on. */
extern void feed_kept(Feed *feed);

/*
 * In PG_CATCH, where rows of a page were looked at in context: the error is
 * that of a row after those kept, which are taken first.
 */
extern void feed_failed(Feed *feed, MemoryContext context);

/* With GROUP BY: rows are for the states of this group from here on. */
extern void feed_set_group(Feed *feed, AggStatePerGroup states);

/*
 * Add what the ledgers of its calls hold in memory to what is there, whether one
 * has a file, and how many are in order; of a run that comes again anew.
 */
extern void feed_usage(const Feed *feed, ScanTotals *totals);

static inline void
usage_reset(ScanTotals *totals)
{
	totals->memory = totals->spilled = totals->ledgers = totals->in_order = 0;
}

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
extern void finish_shutdown(RetentionScan *scan);
#define AHEAD 6					/* rows asked for before they are looked at */

static inline void
prefetch_row(Page page, OffsetNumber number)
{
	const char *row = (const char *) PageGetItem(page, PageGetItemId(page, number));

	__builtin_prefetch(row);
	__builtin_prefetch(row + 64);
}

/* Can this aggregate with GROUP BY be fed? (groups.c) */
extern bool groups_accept(const AggState *agg);

/* Its groups, in the current context, which is the query's. */
extern struct Groups *groups_plan(RetentionScan *scan, const AggState *agg);

/* The aggregate begins, or begins again: it has no group that is known. */
extern void groups_begin(struct Groups *groups);

/*
 * Feed a row in the scan slot to the states of its group; false: it has to go
 * the usual way.
 */
extern bool groups_feed(RetentionScan *scan, const TupleTableSlot *slot);

/* What the ledgers of all groups hold in memory, for EXPLAIN. */
extern void groups_usage(RetentionScan *scan);

/* Make ready for rows_next (rows.c). */
extern void rows_plan(RetentionScan *scan);

/*
 * The next row that is to be given, from pages; NULL at the end.  In the
 * presence of a feed with GROUP BY others are fed on the way.
 */
extern TupleTableSlot *rows_next(RetentionScan *scan);

/* What EXPLAIN says besides. */
extern void scan_explain(CustomScanState *node, List *ancestors,
						 struct ExplainState *es);

/* The library is being loaded. */
extern void scan_define_settings(void);

#endif							/* RETENTION_SCAN_H */
