/*
 * funnel/chain.h
 *		The search for the furthest chain of steps among one customer's events.
 *
 * Every step that a row meets is an event.  Events are in order of time, those
 * of one instant in order of step; an event of step 0 meets no step and comes
 * before the others of its instant.
 *
 * A chain of length k is one event of each of the steps 1 to k, in this order,
 * the last of them inside the window that begins with the first.  Any event
 * may come in between, unless a mode says otherwise.  With i for the number of
 * its events up to the one in between, 1 <= i < k, these break a chain:
 *
 *	strict order		step 0, and steps past i + 1
 *	deduplicated		steps 2 to i: they were reached before; and step i + 1
 *						when it could have been taken
 *
 * and these say which events can be taken:
 *
 *	strictly increasing	only one later than the event before
 *	one row one step	only one of a row that the chain has not used
 */
#ifndef RETENTION_FUNNEL_CHAIN_H
#define RETENTION_FUNNEL_CHAIN_H

#include "metrics/funnel/rules.h"

typedef struct ChainEvent
{
	int64		at;
	uint32		step;			/* from 1; 0: meets none */
	uint32		row;			/* tells rows of one instant apart */
} ChainEvent;

/* A chain being followed, or rather the best of those at one level. */
typedef struct ChainLevel
{
	int64		end;			/* latest window end of those come before */
	int64		fresh_end;		/* of those come at the instant "came" */
	int64		came;
	bool		alive;			/* end means something */
	bool		fresh;			/* fresh_end and came do */
	int32		below;			/* neighbours in the list of levels */
	int32		above;
} ChainLevel;

typedef struct ChainSearch
{
	uint8		mode;
	FunnelWindow window;
	MemoryContext context;
	ChainLevel *levels;			/* from 1 */
	int32		size;			/* allocated */
	int32		used;			/* levels to be cleared */
	int32		lowest;			/* list of the levels that hold a chain, kept */
	int32		highest;		/* where a mode breaks chains; 0: none */
	int32		furthest;		/* length of the longest chain so far */
	int64		reached;		/* event that ended it first */
} ChainSearch;

/* Memory comes from context, which must live as long. */
extern void chain_search_init(ChainSearch *search, MemoryContext context);

/* What to search for, as often as it changes; see funnel_window_set(). */
extern void chain_search_set(ChainSearch *search, const FunnelRules *rules,
							 pg_tz *zone, bool cached);

/* Bring events into order. */
extern void chain_sort(ChainEvent *events, Size n);

/*
 * Drop events equal to others in sorted ones, as far as the mode does not see
 * them; returns how many are left.
 */
extern Size chain_deduplicate(ChainEvent *events, Size n, uint8 mode);

/*
 * Length of the furthest chain in sorted events, 0 when there is no step 1.
 * Cost: linear, where a row meets several steps of a chain and must count for
 * one, more by the size of such instants.
 */
extern int32 chain_furthest(ChainSearch *search, const ChainEvent *events,
							Size n);

/*
 * After chain_furthest() on events none of which share a row: the furthest
 * chain with the earliest step 1, then the earliest step 2, and so on.
 * times[k] becomes the time from step k + 1 to step k + 2, for k from 0 to
 * furthest - 2.
 */
extern void chain_trace(ChainSearch *search, const ChainEvent *events,
						int64 *times);

/* What funnel/chain.c and funnel/rows.c share. */
extern void chain_reach(ChainSearch *search, int32 level, int64 position);
extern void chain_arrive(ChainSearch *search, int32 level, int64 at,
						 int64 end, int64 position);
extern bool chain_may_take(ChainSearch *search, int32 level, int64 at,
						   int64 *end);
extern void chain_left(ChainSearch *search, int32 level);
extern void chain_break_below(ChainSearch *search, int32 level);
extern void chain_break_from(ChainSearch *search, int32 level);

/* Does a row have two of some events of one instant? */
extern bool chain_shares_rows(const ChainEvent *events, Size n);

/*
 * One row one step: pass all events of one instant, n of them from position
 * on, at least two of which are of one row.
 */
extern void chain_pass_rows(ChainSearch *search, const ChainEvent *events,
							Size n, int64 position);

#endif							/* RETENTION_FUNNEL_CHAIN_H */
