/*
 * finish.c
 *		The end of a parallel scan: participants finish what they have begun.
 *
 * All of a parallel plan's processes scan a part of the table each.  By their
 * ledgers' exchange (history/exchange.h) each then visits customers of its own,
 * runs the final functions on them, and hands up what these make in place of
 * all entries; final functions above add it up.
 *
 * All participants must do so or none: the leader decides before they begin,
 * and what could make one of them differ is an error.
 */
#include "scan/scan.h"

#include "access/parallel.h"
#include "access/tableam.h"
#include "catalog/pg_aggregate.h"
#include "executor/nodeAgg.h"
#include "history/ledger_aggregate.h"
#include "optimizer/optimizer.h"
#include "utils/syscache.h"

/* In the memory of the plan node, behind that of the table's scan. */
typedef struct FinishShared
{
	pg_atomic_uint64 totals[SCAN_TOTALS];
	/* then the exchange */
} FinishShared;

static FinishShared *
shared_of(const RetentionScan *scan, void *coordinate)
{
	const ScanState *ss = &scan->css.ss;

	return (FinishShared *)
		((char *) coordinate +
		 MAXALIGN(table_parallelscan_estimate(ss->ss_currentRelation,
											  ss->ps.state->es_snapshot)));
}

static ExchangeShared *
exchange_of(FinishShared *all)
{
	return (ExchangeShared *) ((char *) all + MAXALIGN(sizeof(FinishShared)));
}

/* Transition functions of the aggregate above, if the plan is for an exchange. */
static int
planned_ledgers(const RetentionScan *scan)
{
	const CustomScan *plan = (const CustomScan *) scan->css.ss.ps.plan;

	return plan->custom_private == NIL ? 0 : linitial_int(plan->custom_private);
}

/* Memory of the plan node, in bytes, past that of the table's scan. */
Size
finish_size(const RetentionScan *scan, int workers)
{
	int			n = planned_ledgers(scan);

	return MAXALIGN(sizeof(FinishShared)) +
		(n == 0 ? 0 : exchange_size(workers + 1, n));
}

/* The leader begins. */
void
finish_begin(RetentionScan *scan, ParallelContext *pcxt, void *coordinate)
{
	int			n = planned_ledgers(scan);

	scan->all = shared_of(scan, coordinate);
	for (int i = 0; i < SCAN_TOTALS; i++)
		pg_atomic_init_u64(&scan->all->totals[i], 0);
	scan->shared = NULL;
	/* without dynamic shared memory there are no workers */
	if (n == 0 || pcxt->seg == NULL)
		return;
	scan->shared = exchange_of(scan->all);
	exchange_init(scan->shared, pcxt->seg, pcxt->nworkers + 1, n,
				  parallel_leader_participation, scan_enabled);
}

/* The plan is run once more. */
void
finish_begin_again(RetentionScan *scan)
{
	if (scan->shared != NULL)
		exchange_reset(scan->shared, scan_enabled);
}

/* A worker begins. */
void
finish_begin_worker(RetentionScan *scan, void *coordinate)
{
	scan->all = shared_of(scan, coordinate);
	if (planned_ledgers(scan) == 0)
		return;
	scan->shared = exchange_of(scan->all);
	exchange_attach_files(scan->shared);
}

/* Before this process asks for its first page. */
void
finish_attach(RetentionScan *scan)
{
	if (scan->shared != NULL && exchange_allowed(scan->shared))
		scan->exchange = exchange_attach(scan->shared, ParallelWorkerNumber + 1,
										 scan->css.ss.ps.state->es_query_cxt);
}

/* Its first row is in. */
void
finish_share(RetentionScan *scan)
{
	if (scan->shared == NULL || !exchange_allowed(scan->shared))
		return;
	if (scan->exchange == NULL)
		elog(ERROR, "a page was left when all rows were in");
	if (scan->feed == NULL || feed_ncalls(scan->feed) > planned_ledgers(scan))
		elog(ERROR, "a participant of a parallel plan cannot do as the others");
	for (int n = 0; n < feed_ncalls(scan->feed); n++)
	{
		Ledger	   *ledger = feed_ledger(scan->feed, n);

		if (ledger != NULL)
			exchange_share(scan->exchange, n, ledger);
	}
}

/* The final function of an aggregate. */
static Oid
final_function(const Aggref *aggref)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID,
										ObjectIdGetDatum(aggref->aggfnoid));
	Oid			final;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	final = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggfinalfn;
	ReleaseSysCache(tuple);
	return final;
}

/* What a final function returns for a ledger; NULL: nothing. */
static struct varlena *
call_final(AggState *agg, Oid final, Ledger *ledger)
{
	LOCAL_FCINFO(fcinfo, 1);
	FmgrInfo	function;
	Datum		value;

	fmgr_info(final, &function);
	InitFunctionCallInfoData(*fcinfo, &function, 1, InvalidOid, (Node *) agg, NULL);
	fcinfo->args[0].value = PointerGetDatum(ledger);
	fcinfo->args[0].isnull = false;
	value = FunctionCallInvoke(fcinfo);
	return fcinfo->isnull ? NULL : PG_DETOAST_DATUM_PACKED(value);
}

/* The final functions of the aggregates that have one call's state. */
static List *
finals_of(const AggState *agg, int call)
{
	List	   *finals = NIL;

	for (int a = 0; a < agg->numaggs; a++)
		if (agg->peragg[a].transno == call)
			finals = list_append_unique_oid(finals, final_function(agg->peragg[a].aggref));
	return finals;
}

/* What they return takes the place of the ledger's entries. */
static void
run_finals(AggState *agg, int call, Ledger *ledger)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "retention exchange",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	List	   *finals = finals_of(agg, call);
	List	   *values = NIL;
	ListCell   *final;
	ListCell   *value;

	agg->curaggcontext = agg->aggcontexts[0];
	/* all have to see the entries */
	foreach(final, finals)
		values = lappend(values, call_final(agg, lfirst_oid(final), ledger));
	forboth(final, finals, value, values)
		ledger_finish(ledger, lfirst_oid(final), lfirst(value));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* The ledgers of this process are all that it has to hand up. */
static void
finish_ledgers(RetentionScan *scan)
{
	ExchangeUsage usage;

	if (scan->feed != NULL)
	{
		exchange_arrive(scan->exchange);
		for (int call = 0; call < feed_ncalls(scan->feed); call++)
		{
			Ledger	   *ledger = feed_ledger(scan->feed, call);

			if (ledger != NULL)
				run_finals(scan->feed->agg, call, ledger);
		}
	}
	usage = exchange_end(scan->exchange);
	scan->totals.parts = usage.parts;
	scan->totals.tapes = usage.in_files;
	scan->totals.ledgers = usage.ledgers;
	scan->totals.in_order = usage.in_order;
	scan->exchange = NULL;
}

/* All rows of this process are in. */
void
finish_scan(RetentionScan *scan)
{
	uint64	   *totals = (uint64 *) &scan->totals;

	if (scan->exchange != NULL)
		finish_ledgers(scan);
	if (scan->all == NULL)
		return;
	for (int i = 0; i < SCAN_TOTALS; i++)
		pg_atomic_fetch_add_u64(&scan->all->totals[i], totals[i]);
	memset(&scan->totals, 0, sizeof(ScanTotals));
}

/* The memory of the plan node is about to go. */
void
finish_shutdown(RetentionScan *scan)
{
	uint64	   *totals = (uint64 *) &scan->totals;

	if (scan->all == NULL)
		return;
	for (int i = 0; i < SCAN_TOTALS; i++)
		totals[i] = pg_atomic_read_u64(&scan->all->totals[i]);
	scan->all = NULL;
}
