/*
 * movements/spans.h
 *		Movements of the usual customer, all of whose events lie within 63
 *		periods, added up quickly.
 *
 * The same changes as movement_changes_events() finds, without a call and an
 * unforeseeable branch for each: sums lie side by side by period, and are
 * brought to the table of the result once, at the end.
 */
#ifndef RETENTION_MOVEMENTS_SPANS_H
#define RETENTION_MOVEMENTS_SPANS_H

#include "history/ledger.h"
#include "metrics/movements/type.h"

typedef struct MovementSpans MovementSpans;

/* No sums yet; in the current context. */
extern MovementSpans *movement_spans_create(void);

/*
 * Add a customer's events, in any order; times are periods.  False, and
 * nothing was added, when the customer is none of the usual, or was there before
 * the floor; else *last is the period its data end in.
 */
extern bool movement_spans_add(MovementSpans *s, const LedgerItem *items,
							   int n, int64 floor, int32 *last);

/* The sums of a period that has any from *i on, which moves on; false at the end. */
extern bool movement_spans_next(const MovementSpans *s, int64 *i,
								MovementCell *cell);

#endif							/* RETENTION_MOVEMENTS_SPANS_H */
