/*
 * funnel/any_order.h
 *		Steps in any order: how many different ones lie in one window.
 *
 * A start is an instant with a step; its window is of all events from there
 * on.  Of each step the first event counts; where steps must be at different
 * instants or of different rows, as many steps as can be given to different
 * ones, and the earliest of these.
 */
#ifndef RETENTION_FUNNEL_ANY_ORDER_H
#define RETENTION_FUNNEL_ANY_ORDER_H

#include "metrics/funnel/chain.h"

/* Have the events, sorted, looked at; shared: some rows met several steps. */
extern void any_order_begin(ChainSearch *search, const ChainEvent *events,
							Size n, bool shared);

/* The next start, from *start on, which is -1 before the first; false: none. */
extern bool any_order_next(ChainSearch *search, int64 *start);

/* When that is. */
extern int64 any_order_at(const ChainSearch *search, int64 start);

/*
 * How many steps its window has, if that are more than so many and no
 * exclusion spoils it, else 0.  Starts are asked in their order, one or more
 * times.
 */
extern int32 any_order_level(ChainSearch *search, int64 start, int32 above);

/* The times of these steps, into search->path. */
extern void any_order_path(ChainSearch *search, int64 start);

#endif							/* RETENTION_FUNNEL_ANY_ORDER_H */
