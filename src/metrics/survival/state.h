/*
 * survival/state.h
 *		Customers by time and outcome: the state of the aggregates that make
 *		survival curves.
 */
#ifndef RETENTION_SURVIVAL_STATE_H
#define RETENTION_SURVIVAL_STATE_H

#include "metrics/survival/curve_aggregate.h"
#include "metrics/survival/lives.h"
#include "metrics/survival/type.h"

#define LIVES_MAGIC 0x4C495645

typedef struct LivesState
{
	CurveState	head;
	LivesTable	left;			/* by duration; outcome 1: still there */
	LivesTable	entered;		/* those not there from the start */
} LivesState;

extern const LivesWords survival_words;

extern LivesState *lives_create(MemoryContext context, const LivesWords *words);

/* Add customers; at is a finite number, 0 or above, count is not negative. */
static inline void
lives_add(LivesState *state, float8 at, bool churned, int64 count)
{
	lives_count(&state->head.customers, count, state->left.words);
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
