/*
 * journey/merge.c
 *		rollup(journey): journeys of disjoint customers added up.
 */
#include "metrics/journey/type.h"

#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_journey_merge);

static void
refuse_merge(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("journeys of different kinds cannot be added up"),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

static const char *
quoted(const char *words)
{
	return words[0] == '\0' ? "no time zone" : psprintf("\"%s\"", words);
}

static void
check_alike(const Journey *a, const Journey *b)
{
	FunnelRules x = {a->within};
	FunnelRules y = {b->within};

	if (!funnel_rules_equal(&x, &y))
		refuse_merge(psprintf("The silence that ends a way is %s in one, %s in the other.",
							  funnel_within_text(&a->within),
							  funnel_within_text(&b->within)),
					 "Group by the silence, or build all journeys with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_merge(psprintf("The days of one were counted in %s, those of the other in %s.",
							  quoted(a->zone), quoted(b->zone)),
					 "Build all journeys under one setting of TimeZone, or give the silence in hours.");
}

/* Sum of two counts, 22003 when it is too large. */
static int64
add_customers(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("journey out of range"),
				 errdetail("A sum of the two journeys does not fit in its type."),
				 errhint("Journeys are added up once for each customer; check that none is there twice.")));
	return sum;
}

/* Customers of all ways must be in a bigint, and those of each step then are. */
static void
check_customers(const Journey *a, const Journey *b)
{
	int64		sum = 0;

	for (int64 i = 0; i < a->nedges && a->edges[i].step == 0; i++)
		sum = add_customers(sum, a->edges[i].moved.customers);
	for (int64 i = 0; i < b->nedges && b->edges[i].step == 0; i++)
		sum = add_customers(sum, b->edges[i].moved.customers);
}

static void
check_places(const Journey *journey)
{
	int			n;
	const char **places = journey_places_of(journey, &n);

	if (n > JOURNEY_MAX_PLACES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a journey has more than %d places", JOURNEY_MAX_PLACES),
				 errdetail("Together the journeys have %d.", n),
				 errhint("Put places together, such as pages by their section: regexp_replace(url, '[0-9]+', 'N', 'g').")));
	pfree(places);
}

/*
 * Transition and combine function of rollup(journey): the sum of two journeys.
 * Different silences or zones: error 22023.  Cost: one pass over both.
 */
Datum
retention_journey_merge(PG_FUNCTION_ARGS)
{
	Journey    *a = PG_GETARG_JOURNEY(0);
	Journey    *b = PG_GETARG_JOURNEY(1);
	Journey		sum = *a;
	int64		i = 0;
	int64		j = 0;

	check_alike(a, b);
	check_customers(a, b);
	sum.nedges = 0;
	sum.edges = palloc_extended((a->nedges + b->nedges) * sizeof(JourneyEdge),
								MCXT_ALLOC_HUGE);
	while (i < a->nedges || j < b->nedges)
	{
		int			order = i == a->nedges ? 1 : j == b->nedges ? -1 :
			journey_compare_edges(&a->edges[i], &b->edges[j]);
		JourneyEdge *edge = &sum.edges[sum.nedges++];

		CHECK_FOR_INTERRUPTS();
		*edge = order <= 0 ? a->edges[i] : b->edges[j];
		if (order == 0)
			funnel_step_add(&a->edges[i].moved, &b->edges[j].moved, &edge->moved);
		i += order <= 0;
		j += order >= 0;
	}
	check_places(&sum);
	PG_RETURN_POINTER(journey_encode(&sum));
}
