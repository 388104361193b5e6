/*
 * journey/rows.c
 *		The code of rows with a place in a ledger.
 *
 * Packed, the rules are
 *
 *	uint	months, uint days, uint microseconds of the longest silence
 *	byte	1 when ways have a start place, then the place as a text
 *	the places, see journey_places_put()
 *
 * and a customer's rows, in order of instant,
 *
 *	8 bytes	word of the place, as this machine has it
 *	sint	instant of the first; of others uint, distance from the one before
 *
 * with instants in the unit of the amounts.
 */
#include "metrics/journey/rows.h"

#include "metrics/funnel/events.h"
#include "metrics/funnel/rules.h"

PG_FUNCTION_INFO_V1(retention_journey_deserialize);

/* The word of a place takes all of its bits. */
static bool
journey_compact(const LedgerSettings *settings)
{
	return false;
}

/* Sort one customer's rows, and drop what is there twice. */
static uint32
journey_settle(const LedgerSettings *settings, LedgerItem *items, uint32 n,
			   uint64 count_max, int64 amount_max)
{
	uint32		kept = 0;

	/* by instant, then by place, which lies where an event has its steps */
	events_sort(items, n);
	for (uint32 i = 0; i < n; i++)
		if (kept == 0 || items[kept - 1].when != items[i].when ||
			items[kept - 1].amount != items[i].amount)
			items[kept++] = items[i];
	return kept;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
journey_check_same(const LedgerSettings *a, const LedgerSettings *b)
{
	const JourneyRules *x = a->rules;
	const JourneyRules *y = b->rules;

	if (x->within.month != y->within.month || x->within.day != y->within.day ||
		x->within.time != y->within.time || !same_text(x->start, y->start) ||
		strcmp(a->zone, b->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge journeys of different silences, start places or time zones"),
				 errdetail("The states come from calls with different arguments, or under different settings of TimeZone.")));
}

static const void *
journey_copy_rules(const void *rules, MemoryContext context)
{
	const JourneyRules *from = rules;
	JourneyRules *copy = MemoryContextAlloc(context, sizeof(JourneyRules));

	copy->within = from->within;
	copy->start = from->start == NULL ? NULL :
		MemoryContextStrdup(context, from->start);
	/* what others know is put in when ledgers are merged */
	copy->places = journey_places_create(context);
	return copy;
}

static void
journey_merge_rules(const void *into, const void *from)
{
	journey_places_add(((const JourneyRules *) into)->places,
					   ((const JourneyRules *) from)->places);
}

static const char *
journey_flags_problem(uint8 flags)
{
	return flags == LEDGER_MONEY ? NULL : "Its flags contradict each other.";
}

static const char *
journey_settings_problem(const LedgerSettings *settings)
{
	FunnelRules rules = {((const JourneyRules *) settings->rules)->within};

	return funnel_rules_problem(&rules, NULL, settings->zone);
}

static void
journey_put_rules(WireWriter *w, const LedgerSettings *settings)
{
	const JourneyRules *rules = settings->rules;
	uint8		has_start = rules->start != NULL;

	funnel_within_put(w, &rules->within);
	wire_put_bytes(w, &has_start, 1);
	if (has_start)
		wire_put_text(w, rules->start);
	journey_places_put(w, rules->places);
}

static void
journey_get_rules(WireReader *r, LedgerSettings *settings)
{
	JourneyRules *rules = palloc0(sizeof(JourneyRules));
	uint8		has_start;

	funnel_within_get(r, &rules->within);
	has_start = *wire_get_bytes(r, 1);
	if (has_start > 1)
		wire_corrupt(r, "It has unknown flags.");
	if (has_start)
		rules->start = wire_get_text(r, JOURNEY_MAX_PLACE);
	rules->places = journey_places_get(r);
	settings->rules = rules;
}

static void
journey_put_items(WireWriter *w, const LedgerItem *items, uint32 n, bool money,
				  int64 unit)
{
	int64		before = 0;

	for (uint32 i = 0; i < n; i++)
	{
		int64		instant = items[i].amount / unit;

		wire_put_bytes(w, &items[i].when, sizeof(items[i].when));
		wire_put(w, i == 0 ? wire_zigzag(instant) :
				 (uint64) instant - (uint64) before);
		before = instant;
	}
}

static void
journey_get_items(LedgerCursor *c, LedgerItem *items, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		memcpy(&items[i].when, wire_get_bytes(&c->r, sizeof(items[i].when)),
			   sizeof(items[i].when));
		items[i].amount = ledger_get_instant(c);
	}
}

const LedgerCode ledger_journey = {
	.mark = LEDGER_MARK_PLACES,
	.rules_size = sizeof(JourneyRules),
	.compact = journey_compact,
	.settle = journey_settle,
	.check_same = journey_check_same,
	.copy_rules = journey_copy_rules,
	.merge_rules = journey_merge_rules,
	.flags_problem = journey_flags_problem,
	.settings_problem = journey_settings_problem,
	.put_rules = journey_put_rules,
	.get_rules = journey_get_rules,
	.put_items = journey_put_items,
	.get_items = journey_get_items
};

/* (bytea, internal) -> internal */
Datum
retention_journey_deserialize(PG_FUNCTION_ARGS)
{
	return ledger_deserialize_state(fcinfo, &ledger_journey);
}
