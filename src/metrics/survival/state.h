/*
 * survival/state.h
 *		Customers by time and outcome: the state of the aggregates that make
 *		survival curves.
 *
 * Rows are appended and now and then sorted, equal ones counted together;
 * memory is proportional to the distinct pairs of time and outcome.
 */
#ifndef RETENTION_SURVIVAL_STATE_H
#define RETENTION_SURVIVAL_STATE_H

#include "metrics/survival/type.h"

/*
 * So many customers with one time and outcome.  The key is twice the bits of
 * the time, which for numbers that are not negative are in the order of the
 * numbers, plus 1 for the customers still there.
 */
typedef struct Lives
{
	uint64		key;
	int64		count;
} Lives;

#define LIVES_MAGIC 0x4C495645

typedef struct LivesState
{
	uint32		magic;
	MemoryContext context;
	int64		customers;		/* sum of the counts */
	int64		n;
	int64		size;			/* allocated */
	int64		sorted;			/* the first so many ascend, all distinct */
	Lives	   *lives;
} LivesState;

extern LivesState *lives_create(MemoryContext context);

/* A pointer that came through "internal" must be to such a state. */
extern LivesState *lives_argument(FunctionCallInfo fcinfo, int n);

/* Sort and count together when there is no room for one more. */
extern void lives_make_room(LivesState *state);

/* Error 22003: more customers than 64 bits count. */
pg_noreturn extern void lives_overflow(void);

/* Add customers; at is a finite number, 0 or above, count is not negative. */
static inline void
lives_add(LivesState *state, float8 at, bool churned, int64 count)
{
	Lives	   *lives;
	uint64		bits;

	if (count == 0)
		return;
	if (unlikely(count > PG_INT64_MAX - state->customers))
		lives_overflow();
	if (unlikely(state->n == state->size))
		lives_make_room(state);
	at += 0.0;					/* no negative zero */
	memcpy(&bits, &at, sizeof(bits));
	lives = &state->lives[state->n++];
	lives->key = bits << 1 | (churned ? 0 : 1);
	lives->count = count;
	state->customers += count;
}

/* Add all of a curve. */
extern void lives_add_curve(LivesState *state, const SurvivalCurve *curve);

/* The curve of a state that has customers; palloc'd. */
extern SurvivalCurve *lives_curve(LivesState *state);

#endif							/* RETENTION_SURVIVAL_STATE_H */
