/*
 * call_site.h
 *		What the calls of an aggregate's support function share.
 *
 * PostgreSQL's executor keeps one FmgrInfo for each aggregate as long as the
 * query runs, and its fn_extra is where a function remembers what it worked out
 * about its arguments.  Other engines that call support functions make a
 * FmgrInfo for every row, in memory that is gone with the row.  So what is to
 * last, and all that a state points to, lives in the query's memory, and is
 * found again by who calls: the plan node, the Aggref, the function, the types
 * of its arguments.  fn_extra only saves the search.
 */
#ifndef RETENTION_CALL_SITE_H
#define RETENTION_CALL_SITE_H

#include "base/aggregate.h"

typedef struct CallSite
{
	struct CallSite *next;		/* of the list of all */
	/* found by */
	Node	   *node;			/* AggState or WindowAggState */
	Aggref	   *aggref;			/* NULL in a window */
	Oid			function;
	Oid			collation;
	int			nargs;
	Oid			types[6];		/* of the first arguments; 0 when not told */
	/* what they share */
	MemoryContext context;		/* lives as long as the query */
	void	   *plan;			/* the function's own, NULL at first */
	int64		states;			/* of base/expanded.c: made, */
	int64		asked;			/* and asked for */
	MemoryContextCallback forget;
} CallSite;

/* That of a call; anyone but an aggregate gets error 0A000. */
extern CallSite *call_site(FunctionCallInfo fcinfo);

/*
 * The Aggref that a transition function is called for, or NULL when that is
 * not known: in a window, and when another engine's aggregate calls it.
 */
extern Aggref *call_aggref(FunctionCallInfo fcinfo);

/*
 * The aggregate's plan node that takes its rows from a plan node; NULL as long
 * as it has called none of our functions.
 */
extern AggState *call_site_above(const PlanState *input);

#endif							/* RETENTION_CALL_SITE_H */
