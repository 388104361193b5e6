/*
 * funnel/tries.h
 *		What became of every start (chain.h) among one customer's events.
 *
 * One pass.  The chains of all starts that are at one level move on together,
 * so what is kept is a forest: a node is an event taken, its parent the event
 * taken next.  Which of them fell into the window of a start, and what came
 * before its end, is read off the way up from the start.
 *
 *	events			a1   a2   b3   a4   b5   c6
 *
 *	a1 --\
 *		  b3 -----\
 *	a2 --/		   c6
 *		  a4 -- b5 /
 *
 * Cost: linear in the events, plus the length of the ways that are asked for.
 */
#ifndef RETENTION_FUNNEL_TRIES_H
#define RETENTION_FUNNEL_TRIES_H

#include "metrics/funnel/chain.h"
#include "metrics/funnel/rows.h"

#define NO_NODE (-1)

typedef struct TryNode
{
	int64		at;
	int64		spoiled;		/* when an exclusion first hit who waited here */
	bool		hit;			/* one did */
	int32		level;			/* step of the event */
	int32		parent;
	int32		next;			/* in the list of those at a level */
} TryNode;

typedef struct Tries
{
	TryNode    *nodes;
	int32		nnodes;
	int32		max_nodes;
	int32	   *starts;			/* nodes, in order of time */
	int32		nstarts;
	int32		max_starts;
	int32	   *heads;			/* by level: who waits there, latest first */
	int32		nheads;			/* allocated */
	int32		lowest;			/* levels outside of these have nobody */
	int32		highest;
} Tries;

/* Take all events, sorted; shared: some rows met several steps. */
extern void tries_run(ChainSearch *search, const ChainEvent *events, Size n,
					  bool shared);

/* When a start was. */
static inline int64
tries_at(const ChainSearch *search, int32 start)
{
	return search->tries->nodes[search->tries->starts[start]].at;
}

/* How far it got, and whether it was spoiled. */
extern int32 tries_level(ChainSearch *search, int32 start, bool *spoiled);

/* Its chain, into search->path. */
extern void tries_path(ChainSearch *search, int32 start);

/* Does its chain, of the same length and instant, come before another? */
extern bool tries_before(ChainSearch *search, int32 start, int32 other);

/* What tries.c and tries_rows.c share. */
extern int32 tries_node(ChainSearch *search, int32 level, int64 at);
extern void tries_start(ChainSearch *search, int32 node);
extern void tries_wait(ChainSearch *search, int32 node);
extern int32 tries_move(ChainSearch *search, int32 low, int32 high, int32 step,
						int64 at);
extern void tries_break(ChainSearch *search, int32 low, int32 high);
extern void tries_break_order(ChainSearch *search, int32 step);
extern void tries_pass_rows(ChainSearch *search, const ChainEvent *events,
							Size n, int64 position);

#endif							/* RETENTION_FUNNEL_TRIES_H */
