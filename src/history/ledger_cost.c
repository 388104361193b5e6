/*
 * ledger_cost.c
 *		What it costs to put ledgers of several processes together.
 *
 * The planner takes the combine function of an aggregate for an operator, and a
 * parallel plan for cheap that then loses all it has won, and more: each row
 * of a state is packed by one process and merged by the other, the leader, who
 * does so for all.  So the function has a planner support function, which says
 * how many rows there are to a state.
 */
#include "history/ledger_aggregate.h"

#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/selfuncs.h"

PG_FUNCTION_INFO_V1(retention_ledger_combine_cost);

/* What a row in a state costs, in units of cpu_tuple_cost: measured. */
#define ROW_COST 0.6

/* Rows that a query aggregates; 0 when that is not known. */
static double
input_rows(PlannerInfo *root)
{
	RelOptInfo *rel;
	int			relid;

	if (bms_get_singleton_member(root->all_baserels, &relid))
		rel = root->simple_rel_array[relid];
	else
		rel = find_join_rel(root, root->all_baserels);
	return rel == NULL ? 0 : rel->rows;
}

/* States that come of them, with as many processes as there may be. */
static double
count_states(PlannerInfo *root, double rows)
{
	const Query *parse = root->parse;
	double		groups = 1;

	if (parse->groupClause != NIL && parse->groupingSets == NIL)
		groups = estimate_num_groups(root,
									 get_sortgrouplist_exprs(parse->groupClause,
															 root->processed_tlist),
									 rows, NULL, NULL);
	return groups * Max(max_parallel_workers_per_gather, 1);
}

/* What a query is told that it takes to add a state to another. */
double
ledger_combine_cost(PlannerInfo *root)
{
	double		rows = input_rows(root);

	return rows == 0 ? 0 :
		ROW_COST * cpu_tuple_cost * rows / count_states(root, rows);
}

/* Planner support function of the combine function; anyone else: error 0A000. */
Datum
retention_ledger_combine_cost(PG_FUNCTION_ARGS)
{
	Node	   *request;
	SupportRequestCost *cost;

	/* the planner has no expression of the call, as all other callers have */
	if (fcinfo->flinfo->fn_expr != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("planner support function called outside the planner")));
	request = (Node *) PG_GETARG_POINTER(0);
	cost = (SupportRequestCost *) request;
	if (!IsA(request, SupportRequestCost) || cost->root == NULL)
		PG_RETURN_POINTER(NULL);
	cost->startup = 0;
	cost->per_tuple = cpu_operator_cost + ledger_combine_cost(cost->root);
	PG_RETURN_POINTER(cost);
}
