/*
 * funnel/events.c
 *		The code of events in a ledger.
 *
 * Packed, the rules are
 *
 *	byte	mode
 *	uint	months, uint days, uint microseconds of the window
 *
 * and a customer's events, in order of instant and step,
 *
 *	uint	step
 *	sint	instant of the first; of others uint, distance from the one before
 *
 * with instants in the unit of the amounts.
 */
#include "metrics/funnel/events.h"

#include "metrics/funnel/rules.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_funnel_deserialize);

/* By instant, then by step. */
#define ST_SORT sort_events
#define ST_ELEMENT_TYPE LedgerItem
#define ST_COMPARE(a, b) \
	((a)->amount != (b)->amount ? ((a)->amount < (b)->amount ? -1 : 1) : \
	 (a)->when < (b)->when ? -1 : (a)->when > (b)->when ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Instants as amounts do not fit beside keys of two words. */
static bool
events_compact(const LedgerSettings *settings)
{
	return settings->key_words == 1;
}

/*
 * Sort one customer's events by instant and step, and drop what there is more
 * of than so many copies.  Returns how many are left.
 */
static uint32
events_settle(const LedgerSettings *settings, LedgerItem *items, uint32 n,
			  uint64 count_max, int64 amount_max)
{
	const FunnelRules *rules = settings->rules;
	uint32		copies = funnel_copies(rules->mode);
	uint32		kept = 0;

	sort_events(items, n);
	for (uint32 i = 0; i < n; i++)
	{
		if (kept >= copies && items[kept - copies].when == items[i].when &&
			items[kept - copies].amount == items[i].amount)
			continue;
		items[kept++] = items[i];
	}
	return kept;
}

static void
events_check_same(const LedgerSettings *a, const LedgerSettings *b)
{
	if (!funnel_rules_equal(a->rules, b->rules) ||
		strcmp(a->zone, b->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge funnels of different windows, modes or time zones"),
				 errdetail("The states come from calls with different arguments, or under different settings of TimeZone.")));
}

static const char *
events_flags_problem(uint8 flags)
{
	if ((flags & ~(LEDGER_MONEY | LEDGER_STARTED | LEDGER_LEVELS |
				   LEDGER_UNITS)) != 0)
		return "It has unknown flags.";
	return flags == LEDGER_MONEY ? NULL : "Its flags contradict each other.";
}

static const char *
events_settings_problem(const LedgerSettings *settings)
{
	return funnel_rules_problem(settings->rules, settings->zone);
}

static void
events_put_rules(WireWriter *w, const LedgerSettings *settings)
{
	const FunnelRules *rules = settings->rules;

	wire_put_bytes(w, &rules->mode, 1);
	funnel_within_put(w, &rules->within);
}

static void
events_get_rules(WireReader *r, LedgerSettings *settings)
{
	FunnelRules *rules = palloc0(sizeof(FunnelRules));

	rules->mode = *wire_get_bytes(r, 1);
	funnel_within_get(r, &rules->within);
	settings->rules = rules;
}

static void
events_put_items(WireWriter *w, const LedgerItem *items, uint32 n, bool money,
				 int64 unit)
{
	int64		before = 0;

	for (uint32 i = 0; i < n; i++)
	{
		int64		instant = items[i].amount / unit;

		wire_reserve(w, 2 * WIRE_MAX_INTEGER);
		wire_put_reserved(w, ledger_count(items[i].when));
		wire_put_reserved(w, i == 0 ? wire_zigzag(instant) :
						  (uint64) instant - (uint64) before);
		before = instant;
	}
}

static void
events_get_items(LedgerCursor *c, LedgerItem *items, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		uint64		step = wire_get_max(&c->r, FUNNEL_MAX_STEP,
										"A step is too large.");

		if (step == 0)
			wire_corrupt(&c->r, "A step is none.");
		items[i].when = ledger_when(0, step);
		if (c->begun)
			c->before += wire_get(&c->r);
		else
			c->before = (uint64) wire_get_signed(&c->r);
		c->begun = true;
		if (pg_mul_s64_overflow((int64) c->before, c->unit, &items[i].amount) ||
			!IS_VALID_TIMESTAMP(items[i].amount))
			wire_corrupt(&c->r, "An instant is out of range.");
	}
}

const LedgerCode ledger_events = {
	.mark = LEDGER_MARK,
	.rules_size = sizeof(FunnelRules),
	.compact = events_compact,
	.settle = events_settle,
	.check_same = events_check_same,
	.flags_problem = events_flags_problem,
	.settings_problem = events_settings_problem,
	.put_rules = events_put_rules,
	.get_rules = events_get_rules,
	.put_items = events_put_items,
	.get_items = events_get_items
};

/* (bytea, internal) -> internal */
Datum
retention_funnel_deserialize(PG_FUNCTION_ARGS)
{
	return ledger_deserialize_state(fcinfo, &ledger_events);
}
