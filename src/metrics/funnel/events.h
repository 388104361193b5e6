/*
 * funnel/events.h
 *		Events as entries of a ledger.
 *
 * In the word "when" the count and the start flag are the code of a step or an
 * exclusion (rules.h) and the time is 0; the amount is the instant, in
 * microseconds.  Events do not add up; of equal ones as many are kept as the
 * mode can tell apart.
 *
 * A row that meets several steps is one entry, if none of them is past the
 * last of a set: of the set's bits, one for each step, the lowest lie where the
 * count of a compact entry does, most others are the time less 1, and the
 * highest lie where counts do that are not compact.
 */
#ifndef RETENTION_FUNNEL_EVENTS_H
#define RETENTION_FUNNEL_EVENTS_H

#include "history/ledger_aggregate.h"
#include "metrics/funnel/rules.h"

#define EVENT_CODE (LEDGER_START | LEDGER_COUNT_MAX)
#define EVENT_SET_STEPS 62		/* the last step of a set */
#define EVENT_TIME_BITS 43		/* of a set */
#define EVENT_TIME_MASK ((UINT64CONST(1) << EVENT_TIME_BITS) - 1)
#define EVENT_HIGH_SHIFT (COMPACT_COUNT_BITS + EVENT_TIME_BITS)

/*
 * What funnels ask of a ledger; settings->parameter is the number of steps
 * known for whom a row's condition is its step, or 0.
 */
typedef struct EventRules
{
	FunnelRules rules;
	int32		nsteps;			/* the highest that was asked for */
	bool		sets;			/* entries may be sets */
} EventRules;

/* The flags of such a ledger are LEDGER_MONEY. */
extern const LedgerCode ledger_events;

StaticAssertDecl(EVENT_SET_STEPS <= EVENT_HIGH_SHIFT + LEDGER_COUNT_BITS - COMPACT_COUNT_BITS,
				 "a set has bits that have no place");
StaticAssertDecl(EVENT_TIME_MASK + 1 < 3 * LEDGER_TIME_BIAS,
				 "a set has bits past the time");

/* The word of a set, and back; bit 0 is step 1. */
static inline uint64
event_from_set(uint64 set)
{
	return ledger_when((int64) (set >> COMPACT_COUNT_BITS & EVENT_TIME_MASK) + 1,
					   (set & COMPACT_COUNT_MAX) |
					   set >> EVENT_HIGH_SHIFT << COMPACT_COUNT_BITS);
}

static inline bool
event_is_set(uint64 when)
{
	return ledger_time(when) > 0;
}

static inline uint64
event_set(uint64 when)
{
	return (when & COMPACT_COUNT_MAX) |
		(uint64) (ledger_time(when) - 1) << COMPACT_COUNT_BITS |
		(when & LEDGER_COUNT_MAX) >> COMPACT_COUNT_BITS << EVENT_HIGH_SHIFT;
}

/* Does it matter which steps are of one row? */
static inline bool
event_rows_matter(const EventRules *rules)
{
	return rules->sets && (rules->rules.mode & FUNNEL_ONE_STEP) != 0 &&
		(rules->rules.mode & FUNNEL_INCREASING) == 0;
}

/* Bring a customer's items into order of instant and word. */
extern void events_sort(LedgerItem *items, uint32 n);

static inline const EventRules *
event_rules(const LedgerSettings *settings)
{
	return settings->rules;
}

#endif							/* RETENTION_FUNNEL_EVENTS_H */
