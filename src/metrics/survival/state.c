/*
 * survival/state.c
 *		Customers by time and outcome: the state of the aggregates that make
 *		survival curves.
 */
#include "metrics/survival/state.h"

#include "miscadmin.h"

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(LivesState) <= 512, "a LivesState is larger than SSPACE says");

const LivesWords survival_words = LIVES_OF_CURVE("a survival curve");

LivesState *
lives_create(MemoryContext context, const LivesWords *words)
{
	LivesState *state = MemoryContextAllocZero(context, sizeof(LivesState));

	state->head.magic = LIVES_MAGIC;
	state->head.context = context;
	lives_begin(&state->left, context, words);
	lives_begin(&state->entered, context, words);
	return state;
}

/* Add all of a curve. */
void
lives_add_curve(LivesState *state, const SurvivalCurve *curve)
{
	lives_count(&state->head.customers, curve->customers, state->left.words);
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		lives_put(&state->left, time->at, 0, time->events);
		lives_put(&state->left, time->at, 1, time->censored);
		lives_put(&state->entered, time->at, 0, time->entered);
	}
}

/* The curve of a state that has customers: both tables side by side. */
SurvivalCurve *
lives_curve(LivesState *state)
{
	SurvivalCurve *curve = palloc(sizeof(SurvivalCurve));
	const LivesTable *left = &state->left;
	const LivesTable *entered = &state->entered;
	CurveTime  *time;
	int64		l = 0;
	int64		e = 0;

	lives_sort(&state->left);
	lives_sort(&state->entered);
	curve->customers = state->head.customers;
	curve->times = palloc_extended((left->n + entered->n) * sizeof(CurveTime),
								   MCXT_ALLOC_HUGE);
	time = curve->times;
	for (; l < left->n || e < entered->n; time++)
	{
		uint64		key = PG_UINT64_MAX;

		CHECK_FOR_INTERRUPTS();
		if (l < left->n)
			key = left->lives[l].key & ~UINT64CONST(1);
		if (e < entered->n)
			key = Min(key, entered->lives[e].key);
		*time = (CurveTime) {.at = lives_time(key)};
		if (l < left->n && left->lives[l].key == key)
			time->events = left->lives[l++].count;
		if (l < left->n && left->lives[l].key == (key | 1))
			time->censored = left->lives[l++].count;
		if (e < entered->n && entered->lives[e].key == key)
			time->entered = entered->lives[e++].count;
	}
	curve->ntimes = time - curve->times;
	curve->flags = curve_flags(curve);
	return curve;
}
