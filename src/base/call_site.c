/*
 * call_site.c
 *		What the calls of an aggregate's support function share.
 *
 * The sites of all queries that run in this backend are in one list, the one
 * found last in front.  A site lives in the memory of its query, and leaves the
 * list when that is given back, in whatever way the query ends.
 */
#include "base/call_site.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "utils/syscache.h"

static CallSite *sites = NULL;

/* The memory of the query goes. */
static void
forget_site(void *arg)
{
	CallSite  **link = &sites;

	while (*link != NULL && *link != arg)
		link = &(*link)->next;
	if (*link != NULL)
		*link = (*link)->next;
}

static bool
is_site_of(const CallSite *site, const CallSite *call)
{
	return site->node == call->node && site->function == call->function &&
		site->aggref == call->aggref && site->collation == call->collation &&
		site->nargs == call->nargs &&
		memcmp(site->types, call->types, sizeof(site->types)) == 0;
}

/* That of a call; anyone but an aggregate gets error 0A000. */
CallSite *
call_site(FunctionCallInfo fcinfo)
{
	CallSite	call = {0};
	CallSite   *site;

	(void) aggregate_context(fcinfo);
	call.node = fcinfo->context;
	call.aggref = AggGetAggref(fcinfo);
	call.function = fcinfo->flinfo->fn_oid;
	call.collation = PG_GET_COLLATION();
	call.nargs = PG_NARGS();
	for (int i = 0; i < Min(call.nargs, lengthof(call.types)); i++)
		call.types[i] = get_fn_expr_argtype(fcinfo->flinfo, i);

	for (CallSite **link = &sites; (site = *link) != NULL; link = &site->next)
		if (is_site_of(site, &call))
		{
			*link = site->next;
			site->next = sites;
			sites = site;
			return site;
		}

	call.context = aggregate_query_context(fcinfo->context);
	site = MemoryContextAlloc(call.context, sizeof(CallSite));
	*site = call;
	site->forget.func = forget_site;
	site->forget.arg = site;
	MemoryContextRegisterResetCallback(site->context, &site->forget);
	site->next = sites;
	sites = site;
	return site;
}

/*
 * The Aggref that a transition function is called for, or NULL when that is
 * not known: in a window, and when another engine's aggregate calls it.
 */
Aggref *
call_aggref(FunctionCallInfo fcinfo)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);
	HeapTuple	tuple;
	bool		own;

	if (aggref == NULL)
		return NULL;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	own = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn ==
		fcinfo->flinfo->fn_oid;
	ReleaseSysCache(tuple);
	return own ? aggref : NULL;
}

/*
 * The aggregate's plan node that takes its rows from a plan node; NULL as long
 * as it has called none of our functions.
 */
AggState *
call_site_above(const PlanState *input)
{
	for (const CallSite *site = sites; site != NULL; site = site->next)
		if (IsA(site->node, AggState) &&
			outerPlanState((AggState *) site->node) == input)
			return (AggState *) site->node;
	return NULL;
}
