/*
 * funnel/events.c
 *		The code of events in a ledger.
 *
 * Packed, the rules are
 *
 *	the mode (rules.h)
 *	uint	months, uint days, uint microseconds of the window
 *	uint	number of steps
 *	byte	1: there may be sets
 *	uint	bytes of the grain of starts, then these; only where they have one
 *
 * and a customer's events, in order of instant and code,
 *
 *	uint	a code shifted left by one, or a set, and then the lowest bit is set
 *	sint	instant of the first; of others uint, distance from the one before
 *
 * with instants in the unit of the amounts.
 */
#include "metrics/funnel/events.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

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

#define MERGED_RUNS 8			/* after the first */
#define MERGED_EVENTS 128		/* of such a run */

static inline bool
is_before(const LedgerItem *a, const LedgerItem *b)
{
	return a->amount != b->amount ? a->amount < b->amount : a->when < b->when;
}

/* The end of the run in order that begins at some event. */
static uint32
run_end(const LedgerItem *items, uint32 from, uint32 n)
{
	uint32		end = from + 1;

	while (end < n && !is_before(&items[end], &items[end - 1]))
		end++;
	return end;
}

/*
 * Rows mostly come in order of time, so that what several processes or files
 * have of a customer is a few runs, which are sooner merged than sorted.  False
 * when they are more, and the order is any.
 */
static bool
merge_runs(LedgerItem *items, uint32 n)
{
	LedgerItem	run[MERGED_EVENTS];
	uint32		done = n == 0 ? 0 : run_end(items, 0, n);

	for (int runs = 0; done < n; runs++)
	{
		uint32		end = run_end(items, done, n);
		uint32		left = end - done;
		uint32		i = done;

		if (runs == MERGED_RUNS || left > MERGED_EVENTS)
			return false;
		memcpy(run, items + done, left * sizeof(LedgerItem));
		for (uint32 at = end; left > 0; at--)
			items[at - 1] = i > 0 && is_before(&run[left - 1], &items[i - 1]) ?
				items[--i] : run[--left];
		done = end;
	}
	return true;
}

void
events_sort(LedgerItem *items, uint32 n)
{
	if (!merge_runs(items, n))
		sort_events(items, n);
}

/*
 * How many equal entries may make a difference: of rows that meet some steps,
 * one for each and one more that repeats them.
 */
static inline uint32
entry_copies(const EventRules *rules, uint64 when)
{
	uint32		copies = funnel_copies(rules->rules.mode);

	if (!event_is_set(when) || !event_rows_matter(rules))
		return copies;
	return pg_popcount64(event_set(when)) + copies - 1;
}

/*
 * Sort one customer's events by instant and step, and drop what there is more
 * of than so many copies.  Returns how many are left.
 */
static uint32
events_settle(const LedgerSettings *settings, LedgerItem *items, uint32 n,
			  uint64 count_max, int64 amount_max)
{
	const EventRules *rules = event_rules(settings);
	uint32		kept = 0;

	events_sort(items, n);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		copies = entry_copies(rules, items[i].when);

		if (kept >= copies && items[kept - copies].when == items[i].when &&
			items[kept - copies].amount == items[i].amount)
			continue;
		items[kept++] = items[i];
	}
	return kept;
}

static bool
same_grain(const Grain *a, const Grain *b)
{
	return a == NULL || b == NULL ? a == b : grain_equal(a, b);
}

static void
events_check_same(const LedgerSettings *a, const LedgerSettings *b)
{
	if (!funnel_rules_equal(&event_rules(a)->rules, &event_rules(b)->rules) ||
		event_rules(a)->sets != event_rules(b)->sets ||
		!same_grain(a->grain, b->grain) || strcmp(a->zone, b->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge funnels of different windows, modes, grains or time zones"),
				 errdetail("The states come from calls with different arguments, or under different settings of TimeZone.")));
}

/* As many steps as were asked for in either. */
static void
events_merge_rules(const void *into, const void *from)
{
	EventRules *rules = (EventRules *) unconstify(void *, into);

	rules->nsteps = Max(rules->nsteps, ((const EventRules *) from)->nsteps);
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
	return funnel_rules_problem(&event_rules(settings)->rules, settings->grain,
								settings->zone);
}

static void
events_put_rules(WireWriter *w, const LedgerSettings *settings)
{
	const EventRules *rules = event_rules(settings);
	const uint8 sets = rules->sets;

	funnel_mode_put(w, &rules->rules, settings->grain != NULL);
	funnel_within_put(w, &rules->rules.within);
	wire_put(w, rules->nsteps);
	wire_put_bytes(w, &sets, 1);
	if (settings->grain == NULL)
		return;
	wire_put(w, VARSIZE(settings->grain));
	wire_put_bytes(w, settings->grain, VARSIZE(settings->grain));
}

static void
events_get_rules(WireReader *r, LedgerSettings *settings)
{
	EventRules *rules = palloc0(sizeof(EventRules));
	bool		trend;

	trend = funnel_mode_get(r, &rules->rules);
	funnel_within_get(r, &rules->rules.within);
	rules->nsteps = wire_get_max(r, FUNNEL_MAX_STEP, "A step is too large.");
	rules->sets = *wire_get_bytes(r, 1) == 1;
	if (trend)
	{
		Size		size = wire_get_max(r, GRAIN_MAX_SIZE, "The grain is too long.");
		Grain	   *grain = palloc(Max(size, sizeof(Grain)));
		const char *problem;

		memcpy(grain, wire_get_bytes(r, size), size);
		problem = grain_image_problem(grain, size);
		if (problem != NULL)
			wire_corrupt(r, problem);
		settings->grain = grain;
	}
	settings->rules = rules;
	settings->parameter = rules->rules.nexcluded > 0 ? 0 : rules->nsteps;
}

/* Whether there may be sets, and the number of steps. */
static LedgerBounds
events_bounds(const LedgerSettings *settings)
{
	LedgerBounds bounds = {0};

	bounds.low = event_rules(settings)->sets;
	bounds.span = event_rules(settings)->nsteps;
	return bounds;
}

/* The word "when" as it is packed; the lowest bit tells sets. */
static inline uint64
packed_when(uint64 when)
{
	return event_is_set(when) ? event_set(when) << 1 | 1 :
		(when & EVENT_CODE) << 1;
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
		wire_put_reserved(w, packed_when(items[i].when));
		wire_put_reserved(w, i == 0 ? wire_zigzag(instant) :
						  (uint64) instant - (uint64) before);
		before = instant;
	}
}

/* And back. */
static uint64
unpack_when(LedgerCursor *c)
{
	uint64		packed = wire_get(&c->r);
	uint64		code = packed >> 1;
	uint64		after = code & ~(uint64) FUNNEL_EXCLUDED;

	if ((packed & 1) != 0)
	{
		bool		sets = c->bounds.low != 0;

		if (!sets || code == 0 || (code >> EVENT_SET_STEPS) != 0 ||
			pg_leftmost_one_pos64(code) >= (int) c->bounds.span)
			wire_corrupt(&c->r, "A step is too large.");
		return event_from_set(code);
	}
	if (code > EVENT_CODE || after >= FUNNEL_MAX_STEP + 1 ||
		(after == code && code > c->bounds.span))
		wire_corrupt(&c->r, "A step is too large.");
	return ledger_when(0, code);
}

static void
events_get_items(LedgerCursor *c, LedgerItem *items, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		items[i].when = unpack_when(c);
		items[i].amount = ledger_get_instant(c);
	}
}

const LedgerCode ledger_events = {
	.mark = LEDGER_MARK,
	.rules_size = sizeof(EventRules),
	.compact = events_compact,
	.settle = events_settle,
	.check_same = events_check_same,
	.merge_rules = events_merge_rules,
	.flags_problem = events_flags_problem,
	.settings_problem = events_settings_problem,
	.put_rules = events_put_rules,
	.get_rules = events_get_rules,
	.bounds = events_bounds,
	.put_items = events_put_items,
	.get_items = events_get_items
};

/* (bytea, internal) -> internal */
Datum
retention_funnel_deserialize(PG_FUNCTION_ARGS)
{
	return ledger_deserialize_state(fcinfo, &ledger_events);
}
