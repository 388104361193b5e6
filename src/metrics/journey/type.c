/*
 * journey/type.c
 *		The type journey: its bytes, the table of its text, and what makes a
 *		value valid.
 *
 * Text form (here broken into lines), see record.h:
 *
 *	{"within": "PT30M", "zone": "",
 *	 "edges": [{"step": 0, "from": "", "to": "home", "customers": 6, "seconds": [], "count": []},
 *			   {"step": 1, "from": "home", "to": "cart", "customers": 5, "seconds": [60,3600.5], "count": [4,1]}]}
 *
 * seconds are the times from place to place, ascending, and count tells how
 * many customers took each.  The stored form is described in type.h.
 */
#include "metrics/journey/type.h"

#include "base/record.h"
#include "miscadmin.h"

#define JOURNEY_VERSION 1

/* ----------------------------------------------------------------
 *		Places and edges
 * ----------------------------------------------------------------
 */

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* All places, each once. */
const char **
journey_places_of(const Journey *journey, int *n)
{
	const char **places = palloc_extended(Max(journey->nedges, 1) * sizeof(const char *),
										  MCXT_ALLOC_HUGE);
	int64		different = 0;

	for (int64 i = 0; i < journey->nedges; i++)
		places[i] = journey->edges[i].to;
	CHECK_FOR_INTERRUPTS();
	qsort(places, journey->nedges, sizeof(const char *), compare_texts);
	for (int64 i = 0; i < journey->nedges; i++)
		if (different == 0 || strcmp(places[different - 1], places[i]) != 0)
			places[different++] = places[i];
	*n = (int) different;
	return places;
}

/* Number of a place among some. */
int
journey_place_number(const char *const *places, int n, const char *place)
{
	const char *const *found = bsearch(&place, places, n, sizeof(const char *),
									   compare_texts);

	return found == NULL ? -1 : (int) (found - places);
}

/* The order of edges. */
int
journey_compare_edges(const JourneyEdge *a, const JourneyEdge *b)
{
	int			order;

	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	order = strcmp(a->from, b->from);
	return order != 0 ? order : strcmp(a->to, b->to);
}

/* ----------------------------------------------------------------
 *		What makes a journey valid
 * ----------------------------------------------------------------
 */

/* What is wrong with an edge, but for those before and after it. */
static const char *
edge_problem(const JourneyEdge *edge)
{
	if (edge->moved.customers < 1)
		return "it is nobody's";
	if (edge->step > 0 && strcmp(edge->from, edge->to) == 0)
		return "it goes where it comes from";
	if (edge->step > 0)
		return funnel_times_problem(&edge->moved);
	if (edge->from[0] != '\0')
		return "it comes from a place";
	return edge->moved.ntimes != 0 ? "it has times" : NULL;
}

/* How many came to each place at a step, and how many went on. */
typedef struct Flow
{
	const char **places;
	int			nplaces;
	int64	   *came;			/* at the step before that of the edges at hand */
	int64	   *comes;			/* at theirs */
} Flow;

/* All customers of a step are in a bigint, and nobody leaves who has not come. */
static const char *
flow_problem(Flow *flow, const Journey *journey)
{
	int64		step = 0;
	int64		customers = 0;

	for (int64 i = 0; i < journey->nedges; i++)
	{
		const JourneyEdge *edge = &journey->edges[i];
		int64		moved = edge->moved.customers;
		int			from;

		CHECK_FOR_INTERRUPTS();
		if (edge->step != step)
		{
			int64	   *swap = flow->came;

			if (edge->step != step + 1)
				return "A step is left out.";
			step = edge->step;
			customers = 0;
			flow->came = flow->comes;
			flow->comes = swap;
			memset(flow->comes, 0, flow->nplaces * sizeof(int64));
		}
		if (pg_add_s64_overflow(customers, moved, &customers))
			return "There are too many customers.";
		flow->comes[journey_place_number(flow->places, flow->nplaces, edge->to)] += moved;
		if (step == 0)
			continue;
		from = journey_place_number(flow->places, flow->nplaces, edge->from);
		if (from < 0 || flow->came[from] < moved)
			return psprintf("Step %d: more customers leave a place than came there.", (int) step);
		flow->came[from] -= moved;
	}
	return NULL;
}

/* What is wrong with a journey. */
static const char *
journey_problem(const void *value)
{
	const Journey *journey = value;
	FunnelRules rules = {journey->within};
	const char *problem = funnel_rules_problem(&rules, NULL, journey->zone);
	Flow		flow;

	if (problem != NULL)
		return problem;
	if (journey->nedges < 1)
		return "It has no edge.";
	if (journey->edges[0].step != 0)
		return "Nobody comes in.";
	for (int64 i = 0; i < journey->nedges; i++)
	{
		const JourneyEdge *edge = &journey->edges[i];

		CHECK_FOR_INTERRUPTS();
		if (edge->step >= JOURNEY_STEPS)
			return "It has too many steps.";
		problem = edge_problem(edge);
		if (problem == NULL && i > 0 && journey_compare_edges(edge - 1, edge) >= 0)
			problem = "edges are not in ascending order";
		if (problem != NULL)
			return psprintf("Edge %lld: %s.", (long long) i + 1, problem);
	}
	flow.places = journey_places_of(journey, &flow.nplaces);
	if (flow.nplaces > JOURNEY_MAX_PLACES)
		return "It has too many places.";
	flow.came = palloc0(flow.nplaces * sizeof(int64));
	flow.comes = palloc0(flow.nplaces * sizeof(int64));
	problem = flow_problem(&flow, journey);
	pfree(flow.came);
	pfree(flow.comes);
	pfree(flow.places);
	return problem;
}

/* ----------------------------------------------------------------
 *		Encoding
 * ----------------------------------------------------------------
 */

/* Encode a journey as a datum. */
struct varlena *
journey_encode(const Journey *journey)
{
	const uint8 version = JOURNEY_VERSION;
	int			nplaces;
	const char **places = journey_places_of(journey, &nplaces);
	int64		step = 0;
	WireWriter	w;

	Assert(journey_problem(journey) == NULL);
	wire_writer_init(&w, 256, "journey",
					 "Cut the times to the minute or the day, or make one journey for each part of the customers.");
	wire_put_bytes(&w, &version, 1);
	funnel_within_put(&w, &journey->within);
	wire_put_text(&w, journey->zone);
	wire_put(&w, nplaces);
	for (int i = 0; i < nplaces; i++)
		wire_put_text(&w, places[i]);
	wire_put(&w, journey->nedges);
	for (int64 i = 0; i < journey->nedges; i++)
	{
		const JourneyEdge *edge = &journey->edges[i];

		CHECK_FOR_INTERRUPTS();
		wire_put(&w, edge->step - step);
		step = edge->step;
		if (step > 0)
			wire_put(&w, journey_place_number(places, nplaces, edge->from));
		wire_put(&w, journey_place_number(places, nplaces, edge->to));
		wire_put(&w, edge->moved.customers);
		if (step > 0)
			funnel_times_put(&w, &edge->moved);
	}
	pfree(places);
	return (struct varlena *) wire_finish(&w);
}

/* ----------------------------------------------------------------
 *		Decoding
 * ----------------------------------------------------------------
 */

/* The places, ascending; how many in *n. */
static const char **
get_places(WireReader *r, int *n)
{
	const char **places;

	*n = (int) wire_get_max(r, JOURNEY_MAX_PLACES, "It has too many places.");
	/* a place takes a byte at least */
	if (*n > r->end - r->at)
		wire_corrupt(r, "The number of places exceeds the value.");
	places = palloc(Max(*n, 1) * sizeof(const char *));
	for (int i = 0; i < *n; i++)
	{
		places[i] = wire_get_text(r, JOURNEY_MAX_PLACE);
		if (i > 0 && strcmp(places[i - 1], places[i]) >= 0)
			wire_corrupt(r, "Places are not in ascending order.");
	}
	return places;
}

static const char *
get_place(WireReader *r, const char *const *places, int n)
{
	uint64		number = wire_get_max(r, PG_INT32_MAX, "There is no such place.");

	if (number >= (uint64) n)
		wire_corrupt(r, "There is no such place.");
	return places[number];
}

static void
get_edges(WireReader *r, Journey *journey, const char *const *places,
		  int nplaces)
{
	int64		step = 0;

	/* an edge takes three bytes at least */
	journey->nedges = (int64) wire_get_max(r, (r->end - r->at) / 3,
										   "The number of edges exceeds the value.");
	journey->edges = palloc_extended(Max(journey->nedges, 1) * sizeof(JourneyEdge),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < journey->nedges; i++)
	{
		JourneyEdge *edge = &journey->edges[i];

		CHECK_FOR_INTERRUPTS();
		step += (int64) wire_get_max(r, JOURNEY_STEPS, "It has too many steps.");
		if (step >= JOURNEY_STEPS)
			wire_corrupt(r, "It has too many steps.");
		edge->step = step;
		edge->from = step > 0 ? get_place(r, places, nplaces) : "";
		edge->to = get_place(r, places, nplaces);
		edge->moved.customers = wire_get_max(r, PG_INT64_MAX, "A count is too large.");
		if (step > 0)
			funnel_times_get(r, &edge->moved);
	}
}

/* Decode and validate a payload. */
static Journey *
journey_decode(const void *payload, Size len)
{
	Journey    *journey = palloc0(sizeof(Journey));
	const char *problem;
	const char **places;
	int			nplaces;
	int			used;
	WireReader	r;

	wire_reader_init(&r, payload, len, "journey");
	if (*wire_get_bytes(&r, 1) != JOURNEY_VERSION)
		wire_corrupt(&r, "The version is unknown.");
	funnel_within_get(&r, &journey->within);
	journey->zone = wire_get_text(&r, TZ_STRLEN_MAX);
	places = get_places(&r, &nplaces);
	get_edges(&r, journey, places, nplaces);
	wire_get_end(&r);
	problem = journey_problem(journey);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	(void) journey_places_of(journey, &used);
	if (used != nplaces)
		wire_corrupt(&r, "Nobody comes to a place.");
	return journey;
}

/* Decode a detoasted value, with either kind of header. */
Journey *
journey_from_varlena(const struct varlena *value)
{
	return journey_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

static char *
within_text(const void *at)
{
	return funnel_within_text(at);
}

static bool
within_read(const char *words, void *at)
{
	return funnel_within_parse(words, at);
}

static const RecordWords within_words = {
	within_text, within_read, "a window in its shortest form",
	"Windows are in ISO 8601, such as \"P30D\" or \"PT36H\"."
};

static const RecordField journey_fields[] = {
	{"within", RECORD_WORDS, offsetof(Journey, within), .words = &within_words},
	{"zone", RECORD_ZONE, offsetof(Journey, zone)},
	{"edges", RECORD_ITEMS}
};

enum
{
	KEY_STEP, KEY_FROM, KEY_TO, KEY_CUSTOMERS, KEY_SECONDS, KEY_COUNT, EDGE_KEYS
};

static const RecordField edge_fields[EDGE_KEYS] = {
	{"step", RECORD_COUNT, offsetof(JourneyEdge, step)},
	{"from", RECORD_TEXT, offsetof(JourneyEdge, from)},
	{"to", RECORD_TEXT, offsetof(JourneyEdge, to)},
	{"customers", RECORD_COUNT, offsetof(JourneyEdge, moved.customers)},
	{"seconds", RECORD_SECONDS, offsetof(FunnelTime, time)},
	{"count", RECORD_COUNT, offsetof(FunnelTime, customers)}
};

/* Every edge has every key. */
static void
edge_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];
	long long	number = (long long) ((const Journey *) p->value)->nedges;

	for (int key = 0; key < EDGE_KEYS; key++)
		if ((level->seen & (1 << key)) == 0)
			json_object_problem(&p->object,
								psprintf("Edge %lld lacks the key \"%s\".", number,
										 edge_fields[key].name),
								"An edge has \"step\", \"from\", \"to\", \"customers\", \"seconds\" and \"count\".");
	if (level->n[KEY_SECONDS] != level->n[KEY_COUNT])
		json_object_problem(&p->object,
							psprintf("Edge %lld: \"seconds\" has %lld elements, \"count\" has %lld.",
									 number, (long long) level->n[KEY_SECONDS],
									 (long long) level->n[KEY_COUNT]),
							"\"count\" has one element for each time listed in \"seconds\".");
}

static struct varlena *
encode(const void *value)
{
	return journey_encode(value);
}

static void *
decode(const void *payload, Size len)
{
	return journey_decode(payload, len);
}

static const RecordType journey_type = {
	.name = "journey", .what = "journey",
	.flags_at = offsetof(Journey, flags), .size = sizeof(Journey),
	.head = {
		lengthof(journey_fields), journey_fields, lengthof(journey_fields) - 1,
		offsetof(Journey, nedges), offsetof(Journey, edges), sizeof(JourneyEdge)
	},
	.item = {
		EDGE_KEYS, edge_fields, KEY_SECONDS,
		offsetof(JourneyEdge, moved.ntimes), offsetof(JourneyEdge, moved.times),
		sizeof(FunnelTime)
	},
	.problem = journey_problem, .item_read = edge_read,
	.encode = encode, .decode = decode,
	.whole_hint = "The text of a journey is what its output writes; make one with the aggregate journey(customer, at, place, within)."
};

RECORD_FUNCTIONS(journey, &journey_type);
