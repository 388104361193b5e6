/*
 * funnel/fold.c
 *		The fold from a ledger of events to a funnel.
 *
 * Each customer is looked at once: the chains that count, one or one for each
 * period of a trend, go to the builder.
 */
#include "metrics/funnel/build.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "metrics/funnel/instants.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

extern Datum retention_funnel_merge(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(retention_funnel_final);

typedef struct Fold
{
	ChainSearch search;
	ChainKind	kind;
	ChainEvent *events;			/* of one customer */
	Size		max_events;
	bool		sets;			/* entries may be */
	bool		instants_suffice;	/* instants.h, but for exclusions */
	Calendar   *calendar;		/* of a trend */
	bool		instants;		/* times are on the UTC line */
	FunnelBuilder *builder;
} Fold;

/* Have room for so many events; what there is is kept. */
static void
reserve_events(Fold *fold, Size n)
{
	if (n <= fold->max_events)
		return;
	fold->max_events = Max(n, 2 * fold->max_events);
	fold->events = fold->events == NULL ?
		palloc_extended(fold->max_events * sizeof(ChainEvent), MCXT_ALLOC_HUGE) :
		repalloc_huge(fold->events, fold->max_events * sizeof(ChainEvent));
}

/* The steps of a set, an event each. */
static Size
take_set(Fold *fold, const LedgerItem *item, uint32 row, Size n, Size left)
{
	if (n + EVENT_SET_STEPS + left > fold->max_events)
		reserve_events(fold, n + EVENT_SET_STEPS + left);
	for (uint64 set = event_set(item->when); set != 0; set &= set - 1)
	{
		fold->events[n].at = item->amount;
		fold->events[n].step = (uint32) pg_rightmost_one_pos64(set) + 1;
		fold->events[n++].row = row;
	}
	fold->kind.shared = true;
	return n;
}

/* The events of a customer's items; how many. */
static Size
take_items(Fold *fold, LedgerItem *items, int nitems)
{
	uint32		codes = 0;
	Size		n = 0;

	fold->kind.shared = false;
	reserve_events(fold, nitems);
	/* in their order they are sorted sooner than their steps */
	if (fold->sets)
		events_sort(items, nitems);
	for (int i = 0; i < nitems; i++)
	{
		ChainEvent *event;

		if (fold->sets && event_is_set(items[i].when))
		{
			n = take_set(fold, &items[i], i, n, nitems - i);
			continue;
		}
		event = &fold->events[n++];
		event->at = items[i].amount;
		event->step = (uint32) (items[i].when & EVENT_CODE);
		event->row = i;
		codes |= event->step;
	}
	fold->kind.excluded = (codes & FUNNEL_EXCLUDED) != 0;
	return n;
}

/* A chain that counts. */
static void
visit_chain(const ChainPath *path, int32 period, void *arg)
{
	funnel_builder_add(((Fold *) arg)->builder, path, period);
}

/* The period that a start lies in; none before a calendar's first date. */
static bool
start_period(int64 at, int32 *period, void *arg)
{
	Fold	   *fold = arg;

	*period = fold->instants ?
		calendar_period_of_timestamptz(fold->calendar, at) :
		calendar_period_of_timestamp(fold->calendar, at);
	return !calendar_is_before(fold->calendar, *period);
}

/* Is none of the items an exclusion, or without a step? */
static bool
steps_alone(const LedgerItem *items, int nitems)
{
	uint64		words = 0;
	bool		empty = false;

	for (int i = 0; i < nitems; i++)
	{
		words |= items[i].when;
		empty |= items[i].when == ledger_when(0, FUNNEL_NO_STEP);
	}
	return (words & FUNNEL_EXCLUDED) == 0 && !empty;
}

/*
 * The same where instants suffice; false, and nothing is added, when they do not
 * for this customer.
 */
static bool
fold_instants(Fold *fold, LedgerItem *items, int nitems)
{
	/* rows mostly come in order */
	if (!instants_are_single(items, nitems))
	{
		if (!steps_alone(items, nitems))
			return false;
		events_sort(items, nitems);
		if (!instants_are_single(items, nitems))
		{
			nitems = instants_take(items, nitems);
			if (instants_chain(&fold->search, items, nitems))
				visit_chain(&fold->search.path, 0, fold);
			return true;
		}
	}
	if (instants_chain_single(&fold->search, items, nitems))
		visit_chain(&fold->search.path, 0, fold);
	return true;
}

/* Add one customer; items come in no order. */
static void
fold_customer(LedgerItem *items, int nitems, void *arg)
{
	Fold	   *fold = arg;
	Size		n;

	if (fold->instants_suffice && fold_instants(fold, items, nitems))
		return;
	n = take_items(fold, items, nitems);
	chain_sort(fold->events, n);
	chain_visit(&fold->search, fold->events, n, &fold->kind, visit_chain, fold);
}

/*
 * Final function of funnel(...): (internal) -> funnel.  NULL when there was
 * no row with a customer, a time and a step, and of a trend also when nobody
 * entered.  The state is left as it is.
 */
Datum
retention_funnel_final(PG_FUNCTION_ARGS)
{
	Fold		fold = {0};
	Funnel		funnel = {0};
	const EventRules *rules;
	Ledger	   *ledger;
	pg_tz	   *zone = NULL;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_code_argument(fcinfo, 0, &ledger_events);
	if (ledger->finished != NULL)
		return ledger_finished_sum_of(fcinfo, ledger, funnel_add_values);
	rules = event_rules(&ledger->settings);
	if (rules->nsteps == 0)
		PG_RETURN_NULL();
	funnel.rules = rules->rules;
	funnel.zone = ledger->settings.zone;
	funnel.grain = unconstify(Grain *, ledger->settings.grain);
	if (funnel.zone[0] != '\0')
		zone = pg_tzset(funnel.zone);
	chain_search_init(&fold.search, CurrentMemoryContext);
	chain_search_set(&fold.search, &funnel.rules, rules->nsteps, zone,
					 ledger_is_large(ledger));
	fold.sets = rules->sets;
	/* otherwise rows are of one step each, or it does not matter */
	if (!event_rows_matter(rules))
		fold.search.mode &= ~FUNNEL_ONE_STEP;
	if (funnel.grain != NULL)
	{
		fold.calendar = calendar_create(funnel.grain, zone,
										ledger_is_large(ledger),
										CurrentMemoryContext);
		fold.instants = zone != NULL;
		fold.kind.period = start_period;
	}
	else
		fold.instants_suffice = instants_suffice(&fold.search);
	fold.builder = funnel_builder_create(&funnel, rules->nsteps);
	ledger_visit(ledger, fold_customer, &fold);
	if (!funnel_builder_finish(fold.builder, &funnel))
		PG_RETURN_NULL();
	(void) funnel_index(&funnel);
	PG_RETURN_POINTER(funnel_encode(&funnel));
}
