/*
 * feed.c
 *		The aggregate above a scan, fed without the executor.
 *
 * PostgreSQL's node of an aggregate has the states of its transition functions
 * and the calls ready.  Here the arguments are put into these calls from the
 * columns of a row and the functions are called, which is what the node itself
 * does for a row it is given; it makes the states, finishes and frees them.
 * Anything it does besides, such as FILTER or DISTINCT, makes the scan give
 * its rows the usual way.
 */
#include "scan/scan.h"

#include "base/call_site.h"
#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "executor/nodeAgg.h"
#include "history/intake.h"
#include "metrics/funnel/intake.h"
#include "metrics/journey/intake.h"
#include "nodes/nodeFuncs.h"
#include "scan/ladder.h"
#include "utils/lsyscache.h"

extern Datum retention_check_events_transition(PG_FUNCTION_ARGS);
extern Datum retention_check_ranges_transition(PG_FUNCTION_ARGS);
extern Datum retention_cohort_matrix_final(PG_FUNCTION_ARGS);
extern Datum retention_customer_movements_final(PG_FUNCTION_ARGS);
extern Datum retention_funnel_final(PG_FUNCTION_ARGS);
extern Datum retention_funnel_transition(PG_FUNCTION_ARGS);
extern Datum retention_journey_final(PG_FUNCTION_ARGS);
extern Datum retention_journey_transition(PG_FUNCTION_ARGS);
extern Datum retention_ledger_transition(PG_FUNCTION_ARGS);
extern Datum retention_ledger_transition_starts(PG_FUNCTION_ARGS);
extern Datum retention_movements_transition_lag(PG_FUNCTION_ARGS);
extern Datum retention_recurring_matrix_final(PG_FUNCTION_ARGS);

/*
 * A transition function over rows of customers: it is not strict, its state is
 * a pointer, and it has a call site.
 */
typedef struct FeedFunction
{
	PGFunction	transition;
	bool		ledger;			/* is its state */
	/* can it take many rows, by columns of the arguments?  NULL: it cannot */
	bool		(*takes_many) (FunctionCallInfo fcinfo);
	void		(*take_columns) (FunctionCallInfo fcinfo,
								 const Column *const *columns, int n,
								 MemoryContext row_context);
	/* number of an argument that may be sets, from 0; -1, or NULL: there is none */
	int			(*takes_sets) (FunctionCallInfo fcinfo);
} FeedFunction;

static const FeedFunction functions[] = {
	{retention_ledger_transition, true, intake_takes_many, intake_columns},
	{retention_ledger_transition_starts, true, intake_takes_many, intake_columns},
	{retention_movements_transition_lag, true, intake_takes_many, intake_columns},
	{retention_funnel_transition, true, funnel_takes_many, funnel_take_columns,
	funnel_takes_sets},
	{retention_journey_transition, true, journey_takes_many, journey_take_columns},
	{retention_check_events_transition},
	{retention_check_ranges_transition}
};

/* An argument that differs from row to row. */
typedef struct FeedArgument
{
	NullableDatum *place;		/* in the call */
	int			number;			/* of the argument, from 0 */
	int			column;			/* of the scan slot, from 0 */
	ExprState  *expression;		/* over the scan slot, or NULL: the column */
	Ladder	   *ladder;			/* the same, or NULL */
	Sieve	   *sets;			/* the same as sets, or NULL */
	bool		by_value;		/* is what it comes to? */
	Column	   *values;			/* what it comes to, where rows go by columns */
} FeedArgument;

/* A transition function of the aggregate's node. */
typedef struct FeedCall
{
	const FeedFunction *function;
	AggStatePerTrans transition;
	AggStatePerGroup group;		/* has the state */
	FunctionCallInfo fcinfo;
	FeedArgument *arguments;	/* columns, then expressions */
	int			ncolumns;
	int			narguments;
} FeedCall;

/* What is known of a function; NULL: the scan may not call it. */
static const FeedFunction *
find_function(const FmgrInfo *function)
{
	for (int i = 0; i < lengthof(functions); i++)
		if (function->fn_addr == functions[i].transition)
			return function->fn_strict ? NULL : &functions[i];
	return NULL;
}

/* The same by its Oid. */
static const FeedFunction *
find_by_oid(Oid transition)
{
	FmgrInfo	function;

	fmgr_info(transition, &function);
	return find_function(&function);
}

/* Is this transition function one that the scan may call? */
bool
feed_accepts(Oid transition)
{
	return find_by_oid(transition) != NULL;
}

/* Is its state a ledger? */
bool
feed_keeps_ledger(Oid transition)
{
	const FeedFunction *found = find_by_oid(transition);

	return found != NULL && found->ledger;
}

/* Final functions of ledgers whose results add up (ledger_finished.c). */
static const PGFunction adding_up[] = {
	retention_cohort_matrix_final,
	retention_customer_movements_final,
	retention_funnel_final,
	retention_journey_final,
	retention_recurring_matrix_final
};

/* Is it one of these?  Somebody's own aggregate may have another, or none. */
bool
feed_adds_up(Oid final)
{
	FmgrInfo	function;

	if (!OidIsValid(final))
		return false;
	fmgr_info(final, &function);
	for (int i = 0; i < lengthof(adding_up); i++)
		if (function.fn_addr == adding_up[i])
			return true;
	return false;
}

/* Is there nothing to do for a row but to call this function? */
static bool
is_plain(const AggStatePerTransData *transition)
{
	const Aggref *aggref = transition->aggref;

	return find_function(&transition->transfn) != NULL &&
		transition->transtypeByVal &&
		aggref->aggkind == AGGKIND_NORMAL &&
		aggref->aggfilter == NULL && !aggref->aggvariadic &&
		aggref->aggdistinct == NIL && aggref->aggorder == NIL &&
		transition->numSortCols == 0 && transition->numDistinctCols == 0 &&
		transition->numTransInputs == list_length(aggref->args) &&
		transition->numInputs == list_length(aggref->args);
}

/* The expression of the scan that a column of its output is. */
static Expr *
output_column(const CustomScan *plan, const Var *var)
{
	TargetEntry *entry;

	if (var->varno != OUTER_VAR || var->varattno <= 0 ||
		var->varattno > list_length(plan->scan.plan.targetlist))
		elog(ERROR, "unexpected column of an aggregate over a retention scan");
	entry = list_nth(plan->scan.plan.targetlist, var->varattno - 1);
	return entry->expr;
}

/* An argument over the scan's output as one over the columns of its table. */
static Node *
over_columns(Node *node, void *plan)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
		return copyObject((Node *) output_column(plan, (Var *) node));
	return expression_tree_mutator(node, over_columns, plan);
}

/* How to take an argument of a call; one that is constant is put there. */
static void
plan_argument(RetentionScan *scan, FeedCall *call, int i, Expr *expr)
{
	NullableDatum *place = &call->fcinfo->args[i + 1];
	FeedArgument argument = {.place = place, .number = i};
	Node	   *node = over_columns((Node *) expr, scan->css.ss.ps.plan);

	/* another type of the same bytes */
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (IsA(node, Const))
	{
		place->value = ((Const *) node)->constvalue;
		place->isnull = ((Const *) node)->constisnull;
		return;
	}
	if (!IsA(node, Var))
	{
		/* this also looks whether its functions may be called */
		argument.expression = ExecInitExpr((Expr *) node, &scan->css.ss.ps);
		argument.by_value = get_typbyval(exprType(node));
		argument.ladder = ladder_plan((Expr *) node);
		if (call->function->takes_sets != NULL)
			argument.sets = sieve_of_array((Expr *) node);
		call->arguments[call->narguments++] = argument;
		return;
	}
	argument.column = ((Var *) node)->varattno - 1;
	memmove(&call->arguments[call->ncolumns + 1],
			&call->arguments[call->ncolumns],
			(call->narguments++ - call->ncolumns) * sizeof(FeedArgument));
	call->arguments[call->ncolumns++] = argument;
}

/* Make a call of each transition function. */
static void
plan_calls(RetentionScan *scan, Feed *feed)
{
	AggState   *agg = feed->agg;

	feed->ncalls = agg->numtrans;
	feed->calls = palloc0(agg->numtrans * sizeof(FeedCall));
	for (int t = 0; t < agg->numtrans; t++)
	{
		FeedCall   *call = &feed->calls[t];
		List	   *args = agg->pertrans[t].aggref->args;

		call->transition = &agg->pertrans[t];
		call->function = find_function(&call->transition->transfn);
		if (feed->groups == NULL)
			call->group = &agg->pergroups[0][t];
		call->fcinfo = agg->pertrans[t].transfn_fcinfo;
		call->arguments = palloc0(list_length(args) * sizeof(FeedArgument));
		for (int i = 0; i < list_length(args); i++)
			plan_argument(scan, call, i,
						  ((TargetEntry *) list_nth(args, i))->expr);
	}
}

/* A column for the rows of a page. */
static Column *
create_column(void)
{
	Column	   *column = palloc0(sizeof(Column));

	deform_reserve(column);
	return column;
}

/* A column of an argument that is the same in all rows. */
static Column *
constant_column(const NullableDatum *value)
{
	Column	   *column = create_column();

	column->some_null = value->isnull;
	for (int i = 0; i < MaxHeapTuplesPerPage; i++)
	{
		column->values[i] = value->value;
		column->nulls[i] = value->isnull;
	}
	return column;
}

/* The column of an argument. */
static const Column *
argument_column(RetentionScan *scan, Feed *feed, const FeedCall *call,
				FeedArgument *argument)
{
	if (argument->expression == NULL)
		return &scan->columns[argument->column];
	argument->values = create_column();
	if (argument->sets != NULL &&
		call->function->takes_sets(call->fcinfo) != argument->number)
		argument->sets = NULL;
	if (argument->sets != NULL)
		argument->values->elements = sieve_conditions(argument->sets);
	else if (argument->ladder == NULL)
	{
		feed->row_by_row = true;
		if (!argument->by_value)
			feed->keeps_memory = true;
	}
	return argument->values;
}

/* The quals of the scan as one condition of a sieve; NULL: they are no such. */
static Sieve *
plan_quals(const RetentionScan *scan)
{
	const List *quals = scan->css.ss.ps.plan->qual;
	Sieve	   *sieve = sieve_create();

	return quals != NIL && sieve_add_all(sieve, quals) ? sieve : NULL;
}

/*
 * May rows be taken by columns?  Then there must be one call: with several,
 * which row fails first would be another.
 */
static void
plan_columns(RetentionScan *scan, Feed *feed)
{
	const FeedCall *call = feed->calls;
	int			n = call->fcinfo->nargs - 1;
	const Column **arguments;

	if (feed->ncalls != 1 || call->function->takes_many == NULL)
		return;
	call->fcinfo->args[0].value = call->group->transValue;
	call->fcinfo->args[0].isnull = call->group->transValueIsNull;
	if (!call->function->takes_many(call->fcinfo))
		return;
	if (scan->columns == NULL)
		scan->columns = deform_columns(scan->deform);
	feed->columns = scan->columns;
	feed->quals = plan_quals(scan);
	arguments = palloc0(n * sizeof(Column *));
	for (int i = 0; i < call->narguments; i++)
		arguments[call->arguments[i].number] =
			argument_column(scan, feed, call, &call->arguments[i]);
	for (int i = 0; i < n; i++)
		if (arguments[i] == NULL)
			arguments[i] = constant_column(&call->fcinfo->args[i + 1]);
	feed->arguments = arguments;
}

/* The aggregate that takes its rows from a scan; NULL: in the usual way. */
Feed *
feed_find(RetentionScan *scan)
{
	AggState   *agg = call_site_above(&scan->css.ss.ps);
	const Agg  *plan;
	Feed	   *feed;
	MemoryContext old;

	if (agg == NULL)
		return NULL;
	plan = (const Agg *) agg->ss.ps.plan;
	if ((agg->aggstrategy != AGG_PLAIN && !groups_accept(agg)) ||
		plan->groupingSets != NIL || plan->chain != NIL ||
		DO_AGGSPLIT_COMBINE(agg->aggsplit))
		return NULL;
	for (int t = 0; t < agg->numtrans; t++)
		if (!is_plain(&agg->pertrans[t]))
			return NULL;

	old = MemoryContextSwitchTo(scan->css.ss.ps.state->es_query_cxt);
	feed = palloc0(sizeof(Feed));
	feed->agg = agg;
	feed->row_context = agg->tmpcontext->ecxt_per_tuple_memory;
	feed->econtext = scan->css.ss.ps.ps_ExprContext;
	if (agg->aggstrategy == AGG_PLAIN)
		feed->states_context = agg->aggcontexts[0];
	else
	{
		feed->states_context = agg->hashcontext;
		feed->groups = groups_plan(scan, agg);
	}
	plan_calls(scan, feed);
	if (feed->groups == NULL)
		plan_columns(scan, feed);
	MemoryContextSwitchTo(old);
	return feed;
}

/* Put what differs from row to row into a call. */
static inline void
take_arguments(const Feed *feed, const FeedCall *call,
			   const TupleTableSlot *slot)
{
	for (int i = 0; i < call->ncolumns; i++)
	{
		const FeedArgument *argument = &call->arguments[i];

		argument->place->value = slot->tts_values[argument->column];
		argument->place->isnull = slot->tts_isnull[argument->column];
	}
	for (int i = call->ncolumns; i < call->narguments; i++)
	{
		const FeedArgument *argument = &call->arguments[i];

		argument->place->value = ExecEvalExprSwitchContext(argument->expression,
														   feed->econtext,
														   &argument->place->isnull);
	}
}

/* A row that is kept; what it has besides columns comes from the scan slot. */
void
feed_keep(Feed *feed)
{
	const FeedCall *call = feed->calls;

	for (int i = call->ncolumns; i < call->narguments; i++)
	{
		const FeedArgument *argument = &call->arguments[i];
		Column	   *values = argument->values;
		bool		isnull;

		if (argument->ladder != NULL || argument->sets != NULL)
			continue;
		values->values[feed->nrows] =
			ExecEvalExprSwitchContext(argument->expression, feed->econtext,
									  &isnull);
		values->nulls[feed->nrows] = isnull;
		values->some_null = isnull || (values->some_null && feed->nrows > 0);
	}
	feed->nrows++;
}

/* Have the aggregate's node say whose call it is. */
static inline void
set_call(const Feed *feed, const FeedCall *call)
{
	AggState   *agg = feed->agg;

	agg->curaggcontext = feed->states_context;
	agg->current_set = 0;
	agg->curpertrans = call->transition;
	call->fcinfo->args[0].value = call->group->transValue;
	call->fcinfo->args[0].isnull = call->group->transValueIsNull;
}

/* A row for all calls, at once. */
void
feed_calls(Feed *feed, const TupleTableSlot *slot)
{
	MemoryContext old;

	row_context_reset(feed->row_context);
	old = MemoryContextSwitchTo(feed->row_context);
	for (int t = 0; t < feed->ncalls; t++)
	{
		FeedCall   *call = &feed->calls[t];
		FunctionCallInfo fcinfo = call->fcinfo;

		take_arguments(feed, call, slot);
		set_call(feed, call);
		fcinfo->isnull = false;
		call->group->transValue = FunctionCallInvoke(fcinfo);
		call->group->transValueIsNull = fcinfo->isnull;
	}
	MemoryContextSwitchTo(old);
}

/* With GROUP BY: rows are for the states of this group from here on. */
void
feed_set_group(Feed *feed, AggStatePerGroup states)
{
	for (int t = 0; t < feed->ncalls; t++)
		feed->calls[t].group = &states[t];
}

/* Take the rows that are kept: the page is done, which they lie on. */
void
feed_kept(Feed *feed)
{
	const FeedCall *call = feed->calls;
	int			n = feed->nrows;

	if (n == 0)
		return;
	/* whatever happens, once */
	feed->nrows = 0;
	for (int i = call->ncolumns; i < call->narguments; i++)
	{
		const FeedArgument *argument = &call->arguments[i];

		if (argument->ladder != NULL)
			ladder_take(argument->ladder, feed->columns, n, argument->values);
		else if (argument->sets != NULL)
			sieve_take(argument->sets, feed->columns, n,
					   (uint64 *) argument->values->values);
	}
	set_call(feed, call);
	call->function->take_columns(call->fcinfo, feed->arguments, n,
								 feed->row_context);
}

/* Is it the server that failed, whatever the row? */
static bool
is_of_server(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return true;
		default:
			return false;
	}
}

/*
 * A row could not be looked at.  Those kept before it come first, and so does
 * the error that one of them may be.
 */
void
feed_failed(Feed *feed, MemoryContext context)
{
	MemoryContext old;

	if (feed->nrows == 0 || is_of_server(geterrcode()))
		return;
	old = MemoryContextSwitchTo(context);
	feed_kept(feed);
	MemoryContextSwitchTo(old);
}

int
feed_ncalls(const Feed *feed)
{
	return feed->ncalls;
}

/* The ledger that is the state of a call; NULL: there is none. */
Ledger *
feed_ledger(const Feed *feed, int call)
{
	const FeedCall *c = &feed->calls[call];
	Ledger	   *ledger;

	if (c->group->transValueIsNull || !c->function->ledger)
		return NULL;
	ledger = (Ledger *) DatumGetPointer(c->group->transValue);
	ledger_check(ledger);
	return ledger;
}

/* What the ledgers of its calls hold in memory, and whether one has a file. */
void
feed_usage(const Feed *feed, ScanTotals *totals)
{
	for (int t = 0; t < feed->ncalls; t++)
	{
		const Ledger *ledger = feed_ledger(feed, t);

		if (ledger == NULL)
			continue;
		totals->memory += ledger->memory;
		if (ledger->spill != NULL)
			totals->spilled = 1;
		totals->ledgers++;
		totals->in_order += ledger->in_order;
	}
}
