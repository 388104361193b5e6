/*
 * survival/state.h
 *		Customers by time and outcome: the state of the aggregates that make
 *		survival curves.
 */
#ifndef RETENTION_SURVIVAL_STATE_H
#define RETENTION_SURVIVAL_STATE_H

#include "metrics/survival/lives.h"
#include "metrics/survival/type.h"

#define LIVES_MAGIC 0x4C495645

typedef struct LivesState
{
	uint32		magic;
	MemoryContext context;
	int64		customers;
	LivesTable	left;			/* by duration; outcome 1: still there */
	LivesTable	entered;		/* those not there from the start */
} LivesState;

extern LivesState *lives_create(MemoryContext context);

/* A pointer that came through "internal" must be to such a state. */
extern LivesState *lives_argument(FunctionCallInfo fcinfo, int n);

/* Add customers; at is a finite number, 0 or above, count is not negative. */
static inline void
lives_add(LivesState *state, float8 at, bool churned, int64 count)
{
	lives_count(&state->customers, count, state->left.what);
	lives_put(&state->left, at, churned ? 0 : 1, count);
}

/*
 * So many of those added were observed from an age on, which is above 0 and
 * below that at which they were added.
 */
static inline void
lives_enter(LivesState *state, float8 entered, int64 count)
{
	lives_put(&state->entered, entered, 0, count);
}

/* Add all of a curve. */
extern void lives_add_curve(LivesState *state, const SurvivalCurve *curve);

/* The curve of a state that has customers; palloc'd. */
extern SurvivalCurve *lives_curve(LivesState *state);

#endif							/* RETENTION_SURVIVAL_STATE_H */
