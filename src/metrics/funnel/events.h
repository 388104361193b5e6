/*
 * funnel/events.h
 *		Events as entries of a ledger.
 *
 * In the word "when" the count is the number of the step and the time is 0;
 * the amount is the instant, in microseconds.  Events do not add up; of equal
 * ones as many are kept as the mode can tell apart.
 */
#ifndef RETENTION_FUNNEL_EVENTS_H
#define RETENTION_FUNNEL_EVENTS_H

#include "history/ledger_aggregate.h"

/* Rules of such a ledger are FunnelRules, its flags LEDGER_MONEY. */
extern const LedgerCode ledger_events;

#endif							/* RETENTION_FUNNEL_EVENTS_H */
