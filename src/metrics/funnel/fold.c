/*
 * funnel/fold.c
 *		The fold from a ledger of events to a funnel.
 *
 * Each customer is looked at once: the length of its furthest chain is
 * counted, and the times between the steps of the chain, the earliest of the
 * furthest ones, are noted for the step they lead to.
 */
#include "metrics/funnel/type.h"

#include "base/aggregate.h"
#include "metrics/funnel/chain.h"
#include "metrics/funnel/events.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_funnel_final);

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* What is known of a step so far. */
typedef struct BuildStep
{
	int64		furthest;		/* customers who got here and no further */
	int64	   *times;			/* from the step before, of all who got here */
	int64		ntimes;
	int64		size;			/* allocated */
} BuildStep;

typedef struct Builder
{
	ChainSearch search;
	ChainEvent *events;			/* of one customer */
	Size		max_events;
	BuildStep  *steps;			/* from 1 */
	int32		nsteps;			/* highest step seen */
	int32		max_steps;
	int64	   *times;			/* of one customer */
} Builder;

/* Have room for so many steps. */
static void
reserve_steps(Builder *b, int32 nsteps)
{
	int32		max = Max(nsteps, b->max_steps * 2);

	if (nsteps <= b->max_steps)
		return;
	max = Min(Max(max, 16), FUNNEL_MAX_STEP);
	if (b->steps == NULL)
	{
		b->steps = palloc0((max + 1) * sizeof(BuildStep));
		b->times = palloc(max * sizeof(int64));
	}
	else
	{
		b->steps = repalloc(b->steps, (max + 1) * sizeof(BuildStep));
		b->times = repalloc(b->times, max * sizeof(int64));
		/* the last one had so far, max_steps, stays */
		memset(b->steps + b->max_steps + 1, 0,
			   (max - b->max_steps) * sizeof(BuildStep));
	}
	b->max_steps = max;
}

/* Note a time that leads to a step. */
static void
add_time(BuildStep *step, int64 time)
{
	if (step->ntimes == step->size)
	{
		step->size = Max(step->size * 2, 16);
		step->times = step->times == NULL ?
			palloc(step->size * sizeof(int64)) :
			repalloc_huge(step->times, step->size * sizeof(int64));
	}
	step->times[step->ntimes++] = time;
}

/* Add one customer; items come in no order. */
static void
fold_customer(LedgerItem *items, int n, void *arg)
{
	Builder    *b = arg;
	int32		highest = 0;
	int32		furthest;

	if (n > b->max_events)
	{
		b->max_events = Max(n, 2 * b->max_events);
		if (b->events != NULL)
			pfree(b->events);
		b->events = palloc_extended(b->max_events * sizeof(ChainEvent),
									MCXT_ALLOC_HUGE);
	}
	for (int i = 0; i < n; i++)
	{
		b->events[i].at = items[i].amount;
		b->events[i].step = (uint32) ledger_count(items[i].when);
		b->events[i].row = i;
		highest = Max(highest, (int32) b->events[i].step);
	}
	if (highest > b->nsteps)
	{
		reserve_steps(b, highest);
		b->nsteps = highest;
	}
	chain_sort(b->events, n);
	furthest = chain_furthest(&b->search, b->events, n);
	b->steps[furthest].furthest++;
	if (furthest < 2)
		return;
	chain_trace(&b->search, b->events, b->times);
	for (int32 step = 2; step <= furthest; step++)
		add_time(&b->steps[step], b->times[step - 2]);
}

/* Put equal times together. */
static void
finish_times(const BuildStep *from, FunnelStep *to)
{
	int64		n = 0;

	if (from->ntimes == 0)
		return;
	sort_times(from->times, from->ntimes);
	for (int64 i = 0; i < from->ntimes; i++)
		n += i == 0 || from->times[i] != from->times[i - 1];
	to->ntimes = n;
	to->times = palloc_extended(n * sizeof(FunnelTime), MCXT_ALLOC_HUGE);
	n = 0;
	for (int64 i = 0; i < from->ntimes; i++)
	{
		if (i > 0 && from->times[i] == from->times[i - 1])
		{
			to->times[n - 1].customers++;
			continue;
		}
		to->times[n].time = from->times[i];
		to->times[n++].customers = 1;
	}
	pfree(from->times);
}

/*
 * Final function of funnel(...): (internal) -> funnel.  NULL when there was
 * no row with a customer, a time and a step.  The state is left as it is.
 */
Datum
retention_funnel_final(PG_FUNCTION_ARGS)
{
	Builder		b = {0};
	Funnel		funnel = {0};
	Ledger	   *ledger;
	pg_tz	   *zone = NULL;
	int64		customers = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
	funnel.rules = *(const FunnelRules *) ledger->settings.rules;
	funnel.zone = ledger->settings.zone;
	if (funnel.zone[0] != '\0')
		zone = pg_tzset(funnel.zone);
	chain_search_init(&b.search, CurrentMemoryContext);
	chain_search_set(&b.search, &funnel.rules, zone, ledger_is_large(ledger));
	/* rows are of one step each */
	b.search.mode &= ~FUNNEL_ONE_STEP;
	ledger_visit(ledger, fold_customer, &b);
	if (b.nsteps == 0)
		PG_RETURN_NULL();

	funnel.nsteps = b.nsteps;
	funnel.steps = palloc0(b.nsteps * sizeof(FunnelStep));
	for (int32 step = b.nsteps; step > 0; step--)
	{
		customers += b.steps[step].furthest;
		funnel.steps[step - 1].customers = customers;
		finish_times(&b.steps[step], &funnel.steps[step - 1]);
	}
	PG_RETURN_POINTER(funnel_encode(&funnel));
}
