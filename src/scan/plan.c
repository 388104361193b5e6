/*
 * plan.c
 *		Where the planner is offered a scan that feeds an aggregate.
 *
 * The offer is an aggregate of the whole of one plain table, or a hashed one by
 * groups of its rows, of the functions that feed.c knows, serial or in workers,
 * beside what the planner has found by itself; the cheaper one wins.
 */
#include "scan/scan.h"

#include "access/sysattr.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "history/ledger_aggregate.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/guc.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

/*
 * What the executor's work for a row is, in units of cpu_tuple_cost: measured
 * as the share of a scan's own processor time that is not pages and visibility.
 */
#define ROW_SAVING 0.8

/* The part of the rows for which it is saved where each is a group of its own. */
#define SAVED_AT_LEAST 0.1

bool		scan_enabled = true;

static create_upper_paths_hook_type earlier_hook = NULL;

/* Is the query an aggregate of all rows, or of groups, and nothing else? */
static bool
query_qualifies(const PlannerInfo *root)
{
	const Query *parse = root->parse;

	return parse->commandType == CMD_SELECT && parse->hasAggs &&
		parse->groupingSets == NIL && parse->rowMarks == NIL &&
		(parse->groupClause == NIL ? !root->hasHavingQual :
		 enable_hashagg && group_clause(root) != NIL &&
		 grouping_is_hashable(group_clause(root))) &&
		!root->hasPseudoConstantQuals && root->qual_security_level == 0 &&
		root->numOrderedAggs == 0;
}

/* Are all transition functions those that can be fed, with plain arguments? */
static bool
aggregates_qualify(const PlannerInfo *root)
{
	ListCell   *lc;

	if (root->aggtransinfos == NIL)
		return false;
	foreach(lc, root->aggtransinfos)
	{
		const AggTransInfo *transition = lfirst(lc);

		if (transition->aggtranstype != INTERNALOID ||
			transition->aggfilter != NULL ||
			!feed_accepts(transition->transfn_oid) ||
			contain_volatile_functions((Node *) transition->args) ||
			contain_subplans((Node *) transition->args))
			return false;
	}
	return true;
}

/* Is the relation a table stored as a heap? */
static bool
is_heap(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class class;
	bool		heap;

	if (!HeapTupleIsValid(tuple))
		return false;
	class = (Form_pg_class) GETSTRUCT(tuple);
	heap = class->relam == HEAP_TABLE_AM_OID &&
		(class->relkind == RELKIND_RELATION ||
		 class->relkind == RELKIND_MATVIEW);
	ReleaseSysCache(tuple);
	return heap;
}

/* Does an expression go past the table's own columns? */
static bool
needs_more_than_columns(Node *node, Index varno)
{
	Bitmapset  *columns = NULL;

	pull_varattnos(node, varno, &columns);
	return bms_num_members(columns) > 0 &&
		bms_next_member(columns, -1) <= -FirstLowInvalidHeapAttributeNumber;
}

/* Is an expression one that the scan may evaluate? */
static bool
expression_qualifies(Node *node, Index varno)
{
	return !contain_volatile_functions(node) && !contain_subplans(node) &&
		!expression_returns_set(node) && !needs_more_than_columns(node, varno);
}

/* Is the input a plain table, of which columns and keys of groups are wanted? */
static bool
input_qualifies(PlannerInfo *root, RelOptInfo *rel)
{
	const RangeTblEntry *rte;
	ListCell   *lc;

	if (rel->reloptkind != RELOPT_BASEREL || rel->rtekind != RTE_RELATION ||
		IS_DUMMY_REL(rel) || !bms_is_empty(rel->lateral_relids))
		return false;
	rte = planner_rt_fetch(rel->relid, root);
	if (rte->inh || rte->tablesample != NULL || rte->securityQuals != NIL ||
		!is_heap(rte->relid))
		return false;
	foreach(lc, rel->reltarget->exprs)
		if (!expression_qualifies(lfirst(lc), rel->relid))
			return false;
	foreach(lc, rel->baserestrictinfo)
	{
		const RestrictInfo *condition = lfirst_node(RestrictInfo, lc);

		if (condition->security_level != 0 ||
			!expression_qualifies((Node *) condition->clause, rel->relid))
			return false;
	}
	return true;
}

static Plan *
plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->methods = &scan_methods;
	scan->custom_private = path->custom_private;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "RetentionScan",
	.PlanCustomPath = plan_scan
};

/*
 * The part of the rows that one process has, as the planner's own costs have
 * it: the leader does less the more workers it has to serve.  It is not to be
 * had from the estimates of rows, where nothing is less than one.
 */
static double
process_share(int workers)
{
	double		leader = parallel_leader_participation ? 1.0 - 0.3 * workers : 0;

	return workers == 0 ? 1.0 : 1.0 / (workers + Max(leader, 0));
}

/* Of how many rows in the part of one process the work is saved. */
static double
saved_rows(const PlannerInfo *root, const RelOptInfo *rel, int workers,
		   double groups)
{
	double		rows = rel->tuples * process_share(workers);

	if (root->parse->groupClause == NIL)
		return rows;
	/* a group's first row goes the usual way, and was looked for in vain */
	return Max(rows - 2 * groups, SAVED_AT_LEAST * rows);
}

/* A scan of the table, or the part of one process of it. */
static Path *
scan_path(PlannerInfo *root, RelOptInfo *rel, int workers, double groups)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_safe = rel->consider_parallel;
	path->path.parallel_workers = workers;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	/* it is a sequential scan but for the executor's part of the rows */
	cost_seqscan(&path->path, root, rel, NULL);
	path->path.total_cost -= ROW_SAVING * cpu_tuple_cost *
		saved_rows(root, rel, workers, groups);
	return &path->path;
}

/* How many groups so many rows have; 1 without GROUP BY. */
static double
count_groups(PlannerInfo *root, const GroupPathExtraData *extra, double rows)
{
	if (root->parse->groupClause == NIL)
		return 1;
	return estimate_num_groups(root,
							   get_sortgrouplist_exprs(group_clause(root),
													   extra->targetList),
							   rows, NULL, NULL);
}

/* An aggregate over a path, by groups or not. */
static Path *
aggregate_path(PlannerInfo *root, RelOptInfo *output, Path *input,
			   AggSplit split, List *having, const AggClauseCosts *costs,
			   double groups)
{
	bool		grouped = root->parse->groupClause != NIL;

	return (Path *)
		create_agg_path(root, output, input, output->reltarget,
						grouped ? AGG_HASHED : AGG_PLAIN, split,
						grouped ? group_clause(root) : NIL, having, costs,
						groups);
}

/* Offer the aggregate by one process. */
static void
add_serial(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
		   const GroupPathExtraData *extra)
{
	AggClauseCosts costs = {0};
	double		groups = count_groups(root, extra, input->rows);

	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	add_path(output, aggregate_path(root, output,
									scan_path(root, input, 0, groups),
									AGGSPLIT_SIMPLE,
									(List *) extra->havingQual, &costs,
									groups));
}

/* Is the state of this transition, as the planner has it, a ledger? */
static bool
keeps_ledger(const AggTransInfo *transition)
{
	return feed_keeps_ledger(transition->transfn_oid);
}

/*
 * What participants of a parallel plan are told: the number of states whose
 * ledgers they finish (finish.c), NIL when there is none, or one by groups, or
 * one that somebody's own aggregate finishes in another way.
 */
static List *
ledgers_to_finish(const PlannerInfo *root)
{
	int			ledgers = 0;
	ListCell   *lc;

	if (root->parse->groupClause != NIL)
		return NIL;
	foreach(lc, root->agginfos)
	{
		const AggInfo *aggregate = lfirst(lc);

		if (!keeps_ledger(list_nth(root->aggtransinfos, aggregate->transno)))
			continue;
		if (!feed_adds_up(aggregate->finalfn_oid))
			return NIL;
		ledgers++;
	}
	return ledgers == 0 ? NIL : list_make1_int(list_length(root->aggtransinfos));
}

/* Results are put together, not rows, which combine functions are costly for. */
static void
cheapen_results(PlannerInfo *root, AggClauseCosts *costs)
{
	double		cost = ledger_combine_cost(root);
	ListCell   *lc;

	foreach(lc, root->aggtransinfos)
		if (keeps_ledger(lfirst(lc)))
			costs->transCost.per_tuple -= Min(cost, costs->transCost.per_tuple);
}

/* Offer the same by workers, whose states are put together. */
static void
add_parallel(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
			 const GroupPathExtraData *extra)
{
	AggClauseCosts costs = extra->agg_final_costs;
	RelOptInfo *partial;
	CustomPath *scan;
	Path	   *path;
	int			workers;
	double		groups;
	double		rows;

	if (!input->consider_parallel || !output->consider_parallel ||
		input->partial_pathlist == NIL || !extra->partial_costs_set)
		return;
	partial = fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG,
							  output->relids);
	workers = compute_parallel_worker(input, input->pages, -1,
									  max_parallel_workers_per_gather);
	if (partial->partial_pathlist == NIL || workers <= 0)
		return;
	groups = count_groups(root, extra,
						  clamp_row_est(input->rows * process_share(workers)));
	scan = (CustomPath *) scan_path(root, input, workers, groups);
	scan->custom_private = ledgers_to_finish(root);
	path = aggregate_path(root, partial, &scan->path, AGGSPLIT_INITIAL_SERIAL,
						  NIL, &extra->agg_partial_costs, groups);
	if (scan->custom_private != NIL)
		cheapen_results(root, &costs);
	rows = path->rows * path->parallel_workers;
	path = (Path *) create_gather_path(root, partial, path, partial->reltarget,
									   NULL, &rows);
	add_path(output, aggregate_path(root, output, path,
									AGGSPLIT_FINAL_DESERIAL,
									(List *) extra->havingQual, &costs,
									count_groups(root, extra, input->rows)));
}

static void
offer_scan(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
		   RelOptInfo *output, void *extra)
{
	if (earlier_hook != NULL)
		earlier_hook(root, stage, input, output, extra);
	if (stage != UPPERREL_GROUP_AGG || !scan_enabled || !enable_seqscan ||
		extra == NULL || !query_qualifies(root) ||
		!input_qualifies(root, input) || !aggregates_qualify(root))
		return;
	add_serial(root, input, output, extra);
	add_parallel(root, input, output, extra);
}

/* The library is being loaded. */
void
scan_define_settings(void)
{
	DefineCustomBoolVariable("retention.scan",
							 "Lets aggregates over the rows of a table read it by a scan of their own.",
							 "Results are the same. EXPLAIN shows such a scan as RetentionScan.",
							 &scan_enabled, true, PGC_USERSET, GUC_EXPLAIN,
							 NULL, NULL, NULL);
	RegisterCustomScanMethods(&scan_methods);
	earlier_hook = create_upper_paths_hook;
	create_upper_paths_hook = offer_scan;
}
