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
 *
 * Where steps may be missing (optional N), i is the last step taken; the steps
 * after it up to the next one that may not be missing can be taken, those past
 * that one break strict order, and "deduplicated" minds steps 2 to i whether
 * the chain took them or passed them over.  "Allow reentry" has strict order
 * mind step 0 alone.
 *
 * Every instant of step 1 is a start, with one chain: it gets as far as it can,
 * as soon as it can.  An exclusion spoils a start when it comes after an event of the
 * chain and before the next, or when there is no next and steps are left,
 * before the window ends or the chain is broken.  At an instant of any step an
 * exclusion does not count.  What counts is the furthest start not spoiled.
 *
 * In any order a start is an event of any step, and its chain the first event
 * of each of the steps inside its window.
 */
#ifndef RETENTION_FUNNEL_CHAIN_H
#define RETENTION_FUNNEL_CHAIN_H

#include "metrics/funnel/rules.h"

typedef struct ChainEvent
{
	int64		at;
	uint32		step;			/* from 1; 0: meets none; FUNNEL_EXCLUDED | K */
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

/* A chain from its first event to its last. */
typedef struct ChainPath
{
	int32		n;				/* events; 0: there is none */
	int32		max;			/* allocated */
	int32	   *steps;			/* ascending; in any order 1, 2, ..., n */
	int64	   *at;
} ChainPath;

/* A period, and the furthest start that is known to lie in it. */
typedef struct ChainEntry
{
	int32		period;
	int32		level;			/* 0: none yet */
	int64		start;
} ChainEntry;

typedef struct ChainSearch
{
	uint8		mode;			/* as far as it matters */
	const FunnelRules *rules;
	int32		nsteps;			/* a chain of so many steps is complete */
	FunnelWindow window;
	MemoryContext context;
	ChainLevel *levels;			/* from 1 */
	int32		size;			/* allocated */
	int32		used;			/* levels to be cleared */
	int32		lowest;			/* list of the levels that hold a chain, kept */
	int32		highest;		/* where a mode breaks chains; 0: none */
	int32		furthest;		/* length of the longest chain so far */
	int64		reached;		/* event that ended it first */
	struct Tries *tries;		/* tries.h, NULL until needed */
	struct AnyOrder *any_order; /* any_order.c, NULL until needed */
	ChainPath	path;
	ChainEntry *entries;
	int32		max_entries;
} ChainSearch;

/* Memory comes from context, which must live as long. */
extern void chain_search_init(ChainSearch *search, MemoryContext context);

/*
 * What to search for, as often as it changes; rules must live as long.  See
 * funnel_window_set().
 */
extern void chain_search_set(ChainSearch *search, const FunnelRules *rules,
							 int32 nsteps, pg_tz *zone, bool cached);

/*
 * The furthest step of one customer in any mode: of sorted events, excluded
 * telling whether there are exclusions among them.
 */
extern int32 chain_result(ChainSearch *search, const ChainEvent *events, Size n,
						 bool excluded);

/*
 * Its chains: the furthest one that counts or, where starts have periods, that
 * of each period with a start; of several the earliest.  visit() is shown its
 * path, and the period, or 0.
 */
typedef void (*ChainVisitor) (const ChainPath *path, int32 period, void *arg);

typedef struct ChainKind
{
	bool		excluded;		/* there are exclusions among the events */
	bool		shared;			/* some rows met several steps */
	/* the period of a start, false for none; NULL: they have none */
	bool		(*period) (int64 at, int32 *period, void *arg);
} ChainKind;

extern void chain_visit(ChainSearch *search, const ChainEvent *events, Size n,
						const ChainKind *kind, ChainVisitor visit, void *arg);

/* Add to the path. */
extern void chain_path_add(ChainSearch *search, int32 step, int64 at);

/* Bring events into order. */
extern void chain_sort(ChainEvent *events, Size n);

/*
 * Drop events equal to others in sorted ones, as far as the mode does not see
 * them; returns how many are left.
 */
extern Size chain_deduplicate(ChainEvent *events, Size n, uint8 mode);

/*
 * Length of the furthest chain in sorted events, 0 when there is no step 1;
 * steps in order, none optional, and no exclusions.
 * Cost: linear, where a row meets several steps of a chain and must count for
 * one, more by the size of such instants.
 */
extern int32 chain_furthest(ChainSearch *search, const ChainEvent *events,
							Size n);

/*
 * After chain_furthest() on events none of which share a row: the furthest
 * chain with the earliest step 1, then the earliest step 2, and so on, in
 * search->path; of a chain of one event the time means nothing.
 */
extern void chain_trace(ChainSearch *search, const ChainEvent *events);

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
