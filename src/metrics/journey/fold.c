/*
 * journey/fold.c
 *		The fold from a ledger of rows with a place to a journey.
 *
 * Each customer has one way: from its first row, or the first at the start
 * place, on to the row after which there is silence for longer than may be.
 * Rows at the place of the row before them are no move, but they break the
 * silence.
 *
 *	place	a	a	b	a	|	c			a way of three places: a, b, a
 *	time	1	2	4	5		99
 */
#include "metrics/funnel/events.h"
#include "metrics/funnel/times.h"
#include "metrics/journey/rows.h"
#include "metrics/journey/type.h"

#include "base/aggregate.h"
#include "base/salt.h"
#include "miscadmin.h"

extern Datum retention_journey_merge(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(retention_journey_final);

/* A row of a customer. */
typedef struct Visit
{
	int64		at;
	int64		place;			/* its number */
} Visit;

static inline int
compare_visits(const Visit *a, const Visit *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place ? 1 : 0;
}

#define ST_SORT sort_visits
#define ST_ELEMENT_TYPE Visit
#define ST_COMPARE(a, b) compare_visits(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* An edge being counted; its key is step, from and to, in this order. */
typedef struct BuildEdge
{
	uint64		key;
	int64		customers;
	TimeList	times;			/* of all of them, but at step 0 */
	char		status;
} BuildEdge;

#define SH_PREFIX edges
#define SH_ELEMENT_TYPE BuildEdge
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	((uint32) salt_hash((const Salt *) (table)->private_data, (key)))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define PLACE_BITS 16

StaticAssertDecl(JOURNEY_MAX_PLACES + 1 < (1 << PLACE_BITS), "numbers of places do not fit");

#define RECENT_PLACES 64

typedef struct Builder
{
	const JourneyRules *rules;
	FunnelWindow silence;
	int64		start;			/* number of the start place, -1: any */
	Salt		salt;
	edges_hash *edges;
	Visit	   *visits;			/* of one customer */
	int			max_visits;
	/* numbers of places found lately */
	uint64		words[RECENT_PLACES];
	int			numbers[RECENT_PLACES]; /* -1: none yet */
} Builder;

/* One more customer moves from place to place; time counts but at step 0. */
static void
count_move(Builder *b, int step, int64 from, int64 to, int64 time)
{
	uint64		key = (uint64) step << (2 * PLACE_BITS) |
		(uint64) from << PLACE_BITS | (uint64) to;
	bool		found;
	BuildEdge  *edge = edges_insert(b->edges, key, &found);

	if (!found)
	{
		edge->customers = 0;
		memset(&edge->times, 0, sizeof(TimeList));
	}
	if (step > 0)
		times_add(&edge->times, time);
	edge->customers++;
}

/* Time from place to place; they may lie further apart than any interval. */
static int64
time_between(int64 from, int64 to)
{
	int64		time;

	if (pg_sub_s64_overflow(to, from, &time))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time between two places out of range"),
				 errdetail("The places of a customer lie more than 292,000 years apart."),
				 errhint("Use a shorter silence, or leave such times out.")));
	return time;
}

/* The number of a place; one that is not known is damage. */
static inline int
place_number(Builder *b, uint64 word)
{
	int			recent = (int) (word % RECENT_PLACES);

	if (b->words[recent] == word && likely(b->numbers[recent] >= 0))
		return b->numbers[recent];
	b->words[recent] = word;
	b->numbers[recent] = journey_places_find(b->rules->places, word);
	if (unlikely(b->numbers[recent] < 0))
		wire_corrupt(&(WireReader) {.what = "parallel aggregate state"},
					 "A place is not one of the list.");
	return b->numbers[recent];
}

/* The customer's rows in order. */
static void
take_visits(Builder *b, LedgerItem *items, int n)
{
	bool		sorted = true;

	/* these have another order of places, but rows of one time are few */
	events_sort(items, n);
	if (n > b->max_visits)
	{
		b->max_visits = Max(n, 2 * b->max_visits);
		if (b->visits != NULL)
			pfree(b->visits);
		b->visits = palloc_extended(b->max_visits * sizeof(Visit), MCXT_ALLOC_HUGE);
	}
	for (int i = 0; i < n; i++)
	{
		b->visits[i].at = items[i].amount;
		b->visits[i].place = place_number(b, items[i].when);
		sorted = sorted && (i == 0 || compare_visits(&b->visits[i - 1], &b->visits[i]) <= 0);
	}
	if (!sorted)
		sort_visits(b->visits, n);
}

/* Add one customer; items come in no order. */
static void
fold_customer(LedgerItem *items, int n, void *arg)
{
	Builder    *b = arg;
	const Visit *visit;
	const Visit *end;
	const Visit *place;			/* the row that came to the place at hand */
	int			step = 1;

	take_visits(b, items, n);
	visit = b->visits;
	end = b->visits + n;
	while (b->start >= 0 && visit < end && visit->place != b->start)
		visit++;
	if (visit == end)
		return;
	count_move(b, 0, 0, visit->place, 0);
	for (place = visit++; visit < end && step < JOURNEY_STEPS; visit++)
	{
		if ((visit - b->visits) % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (visit->at > funnel_window_end(&b->silence, visit[-1].at))
			return;
		if (visit->place == place->place)
			continue;
		count_move(b, step++, place->place, visit->place,
				   time_between(place->at, visit->at));
		place = visit;
	}
}

static int
compare_edges(const void *a, const void *b)
{
	uint64		x = (*(const BuildEdge *const *) a)->key;
	uint64		y = (*(const BuildEdge *const *) b)->key;

	return (x > y) - (x < y);
}

/* All edges, in order. */
static void
finish_edges(const Builder *b, const char *const *places, Journey *journey)
{
	BuildEdge **sorted;
	BuildEdge  *edge;
	edges_iterator i;
	TimeSorter	sorter = {0};

	sorted = palloc_extended(b->edges->members * sizeof(BuildEdge *), MCXT_ALLOC_HUGE);
	journey->edges = palloc_extended(b->edges->members * sizeof(JourneyEdge),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	edges_start_iterate(b->edges, &i);
	while ((edge = edges_iterate(b->edges, &i)) != NULL)
		sorted[journey->nedges++] = edge;
	CHECK_FOR_INTERRUPTS();
	qsort(sorted, journey->nedges, sizeof(BuildEdge *), compare_edges);
	for (int64 e = 0; e < journey->nedges; e++)
	{
		JourneyEdge *to = &journey->edges[e];
		uint64		key = sorted[e]->key;

		CHECK_FOR_INTERRUPTS();
		to->step = (int64) (key >> (2 * PLACE_BITS));
		to->from = to->step == 0 ? "" :
			places[(key >> PLACE_BITS) & ((1 << PLACE_BITS) - 1)];
		to->to = places[key & ((1 << PLACE_BITS) - 1)];
		to->moved.customers = sorted[e]->customers;
		if (to->step > 0)
			to->moved.times = times_count(&sorter, &sorted[e]->times,
										  &to->moved.ntimes);
	}
}

/*
 * Final function of journey(...): (internal) -> journey.  NULL when no customer
 * has a way.  The state is left as it is, but for the numbers of its places.
 */
Datum
retention_journey_final(PG_FUNCTION_ARGS)
{
	Builder		b = {0};
	Journey		journey = {0};
	Ledger	   *ledger;
	pg_tz	   *zone = NULL;
	const char **places;
	int			nplaces;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_code_argument(fcinfo, 0, &ledger_journey);
	if (ledger->finished != NULL)
		return ledger_finished_sum(fcinfo, ledger, retention_journey_merge);
	b.rules = ledger->settings.rules;
	journey.within = b.rules->within;
	journey.zone = ledger->settings.zone;
	if (journey.zone[0] != '\0')
		zone = pg_tzset(journey.zone);
	funnel_window_set(&b.silence, &journey.within, zone,
					  ledger_is_large(ledger), CurrentMemoryContext);
	places = journey_places_number(b.rules->places, &nplaces);
	b.start = b.rules->start == NULL ? -1 :
		journey_place_number(places, nplaces, b.rules->start);
	memset(b.numbers, -1, sizeof(b.numbers));
	b.salt = salt_draw();
	b.edges = edges_create(CurrentMemoryContext, 64, &b.salt);
	ledger_visit(ledger, fold_customer, &b);
	if (b.edges->members == 0)
		PG_RETURN_NULL();
	finish_edges(&b, places, &journey);
	PG_RETURN_POINTER(journey_encode(&journey));
}
