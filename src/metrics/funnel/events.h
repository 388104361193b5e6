/*
 * funnel/events.h
 *		Events as entries of a ledger.
 *
 * In the word "when" the count and the start flag are the code of a step or an
 * exclusion (rules.h) and the time is 0; the amount is the instant, in
 * microseconds.  Events do not add up; of equal ones as many are kept as the
 * mode can tell apart.
 *
 * Where rows may meet several steps, such a row is one entry as far as its
 * steps go into a word: the word is their set, a bit for each, and that of
 * other entries has its highest bit set.
 */
#ifndef RETENTION_FUNNEL_EVENTS_H
#define RETENTION_FUNNEL_EVENTS_H

#include "history/ledger_aggregate.h"
#include "metrics/funnel/rules.h"

#define EVENT_CODE (LEDGER_START | LEDGER_COUNT_MAX)
#define EVENT_NO_SET (UINT64CONST(1) << 63)
#define EVENT_SET_STEPS 62		/* the last step of a set */

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
