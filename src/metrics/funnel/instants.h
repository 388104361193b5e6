/*
 * funnel/instants.h
 *		The furthest chain where nothing but the order of the steps matters.
 *
 * Where no mode minds what comes in between, all that an instant says is which
 * steps its rows meet, and a set of steps is a word.
 */
#ifndef RETENTION_FUNNEL_INSTANTS_H
#define RETENTION_FUNNEL_INSTANTS_H

#include "metrics/funnel/chain.h"
#include "metrics/funnel/events.h"

#define INSTANT_STEPS 64		/* the last step of a word */

/* Is this enough to search for what a search asks? */
extern bool instants_suffice(const ChainSearch *search);

/*
 * A customer's items, of steps alone and in order of time, as instants, the word
 * "when" being the set of steps; how many.
 */
extern int	instants_take(LedgerItem *items, int n);

/*
 * The furthest chain in these, of several the earliest, in search->path as
 * chain_trace() leaves it; false when there is none.
 */
extern bool instants_chain(ChainSearch *search, const LedgerItem *instants,
						   int n);

/*
 * The same of items as they come, which need not be taken where they are of one
 * step each, in order of time, and no two of one instant.
 */
extern bool instants_are_single(const LedgerItem *items, int n);
extern bool instants_chain_single(ChainSearch *search,
								  const LedgerItem *items, int n);

#endif							/* RETENTION_FUNNEL_INSTANTS_H */
