/*
 * survival/state.c
 *		Customers by time and outcome: the state of the aggregates that make
 *		survival curves.
 *
 * The rows since the last sort are sorted by themselves and then merged with
 * what was sorted before, so every row is sorted once.  Distinct rows at
 * least double before the array grows, which makes the merges linear.
 */
#include "metrics/survival/state.h"

#include "base/aggregate.h"
#include "miscadmin.h"

#define FIRST_SIZE 16

#define ST_SORT sort_lives
#define ST_ELEMENT_TYPE Lives
#define ST_COMPARE(a, b) (((a)->key > (b)->key) - ((a)->key < (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static Lives *
allocate(MemoryContext context, int64 size)
{
	return MemoryContextAllocExtended(context, size * sizeof(Lives),
									  MCXT_ALLOC_HUGE);
}

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(LivesState) <= 512, "a LivesState is larger than SSPACE says");

LivesState *
lives_create(MemoryContext context)
{
	LivesState *state = MemoryContextAllocZero(context, sizeof(LivesState));

	state->magic = LIVES_MAGIC;
	state->context = context;
	state->size = FIRST_SIZE;
	state->lives = allocate(context, FIRST_SIZE);
	return state;
}

LivesState *
lives_argument(FunctionCallInfo fcinfo, int n)
{
	LivesState *state = (LivesState *) PG_GETARG_POINTER(n);

	if (unlikely(state->magic != LIVES_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of a survival curve")));
	return state;
}

void
lives_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("too many customers in a survival curve"),
			 errdetail("They add up to more than %lld.",
					   (long long) PG_INT64_MAX),
			 errhint("The weight is the number of customers a row stands for.")));
}

/* ----------------------------------------------------------------
 *		Sorting
 * ----------------------------------------------------------------
 */

/* Count equal neighbours together; returns how many are left. */
static int64
squeeze(Lives *lives, int64 n)
{
	int64		kept = 0;

	for (int64 i = 1; i < n; i++)
		if (lives[i].key == lives[kept].key)
			lives[kept].count += lives[i].count;
		else
			lives[++kept] = lives[i];
	return n > 0 ? kept + 1 : 0;
}

/* Merge two ascending runs without equal elements; returns the length. */
static int64
merge(const Lives *a, int64 na, const Lives *b, int64 nb, Lives *into)
{
	const Lives *aend = a + na;
	const Lives *bend = b + nb;
	Lives	   *to = into;

	while (a < aend && b < bend)
	{
		CHECK_FOR_INTERRUPTS();
		*to = a->key <= b->key ? *a : *b;
		if (a->key == b->key)
			to->count += b->count;
		a += to->key == a->key;
		b += to->key == b->key;
		to++;
	}
	memcpy(to, a, (aend - a) * sizeof(Lives));
	to += aend - a;
	memcpy(to, b, (bend - b) * sizeof(Lives));
	to += bend - b;
	return to - into;
}

/*
 * Sort, counting equal rows together.  Says nothing new, so it does not
 * matter that a final function does it.
 */
static void
lives_sort(LivesState *state)
{
	Lives	   *tail = state->lives + state->sorted;
	int64		ntail = state->n - state->sorted;
	Lives	   *merged;

	if (ntail == 0)
		return;
	sort_lives(tail, ntail);
	ntail = squeeze(tail, ntail);
	if (state->sorted == 0 || state->lives[state->sorted - 1].key < tail->key)
		state->n = state->sorted + ntail;
	else
	{
		/* only what comes after the first new one moves */
		int64		low = 0;
		int64		high = state->sorted;

		while (low < high)
		{
			int64		middle = low + (high - low) / 2;

			if (state->lives[middle].key < tail->key)
				low = middle + 1;
			else
				high = middle;
		}
		merged = allocate(state->context, state->sorted - low + ntail);
		state->n = merge(state->lives + low, state->sorted - low, tail, ntail,
						 merged);
		memcpy(state->lives + low, merged, state->n * sizeof(Lives));
		state->n += low;
		pfree(merged);
	}
	state->sorted = state->n;
}

/* Sort when there is no room; what is distinct fills half of it at most. */
void
lives_make_room(LivesState *state)
{
	lives_sort(state);
	if (state->n > CURVE_MAX_TIMES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different durations in a survival curve"),
				 errdetail("There are more than %lld.",
						   (long long) CURVE_MAX_TIMES),
				 errhint("Round the durations, for example to whole days.")));
	if (state->n > state->size / 2)
	{
		state->size *= 2;
		state->lives = repalloc_huge(state->lives, state->size * sizeof(Lives));
	}
}

/* ----------------------------------------------------------------
 *		Curves
 * ----------------------------------------------------------------
 */

/* Add all of a curve. */
void
lives_add_curve(LivesState *state, const SurvivalCurve *curve)
{
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		lives_add(state, time->at, true, time->events);
		lives_add(state, time->at, false, time->censored);
	}
}

/* The curve of a state that has customers. */
SurvivalCurve *
lives_curve(LivesState *state)
{
	SurvivalCurve *curve = palloc(sizeof(SurvivalCurve));
	CurveTime  *time;

	lives_sort(state);
	curve->customers = state->customers;
	curve->times = palloc_extended(state->n * sizeof(CurveTime),
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	time = curve->times - 1;
	for (int64 i = 0; i < state->n; i++)
	{
		const Lives *lives = &state->lives[i];
		uint64		bits = lives->key >> 1;

		CHECK_FOR_INTERRUPTS();
		if (i == 0 || bits != lives[-1].key >> 1)
			memcpy(&(++time)->at, &bits, sizeof(float8));
		if (lives->key & 1)
			time->censored = lives->count;
		else
			time->events = lives->count;
	}
	curve->ntimes = time - curve->times + 1;
	curve->flags = curve_flags(curve);
	return curve;
}
