/*
 * aggregate.h
 *		The aggregate idiom: where state lives, and who cleans up after it.
 */
#ifndef RETENTION_AGGREGATE_H
#define RETENTION_AGGREGATE_H

#include "base/compat.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "utils/memutils.h"

/*
 * The context that lives as long as the group's state.  Support functions
 * take and return "internal", so they are only ever useful inside an
 * aggregate; anyone else gets error 0A000.
 */
static inline MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (unlikely(!AggCheckCallContext(fcinfo, &context)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("aggregate support function called outside an aggregate"),
				 errhint("Call the aggregate it belongs to instead, for example cohort_matrix(customer, at, grain).")));
	return context;
}

/* Reset a context for the next row; mostly there is nothing to do. */
static inline void
row_context_reset(MemoryContext context)
{
	if (unlikely(!context->isReset || context->firstchild != NULL))
		MemoryContextReset(context);
}

/* The memory of the query that a plan node with aggregates belongs to. */
static inline MemoryContext
aggregate_query_context(Node *node)
{
	return (IsA(node, WindowAggState) ? ((WindowAggState *) node)->ss :
			((AggState *) node)->ss).ps.state->es_query_cxt;
}

/*
 * aggregate_context() by the plan node, the call having been another's or
 * being over.
 */
static inline MemoryContext
aggregate_node_context(Node *node)
{
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, node, NULL);
	return aggregate_context(fcinfo);
}

/*
 * Where what a shutdown callback needs must be allocated: the group's own
 * context in an aggregate.  A window function's state may be thrown away
 * long before its callbacks run, so there it is the query's context.
 */
static inline MemoryContext
aggregate_shutdown_context(Node *node)
{
	return IsA(node, WindowAggState) ? aggregate_query_context(node) :
		aggregate_node_context(node);
}

/*
 * Have callback called when the group, or for a window function the query,
 * is finished.  It is not called when the query fails: by then the resource
 * owner has closed the files it would have closed.
 */
static inline void
aggregate_on_shutdown(Node *node, ExprContextCallbackFunction callback,
					  Datum arg)
{
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, node, NULL);
	if (IsA(node, WindowAggState))
		RegisterExprContextCallback(((WindowAggState *) node)->ss.ps.ps_ExprContext,
									callback, arg);
	else
		AggRegisterCallback(fcinfo, callback, arg);
}

#endif							/* RETENTION_AGGREGATE_H */
