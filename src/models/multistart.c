/*
 * multistart.c
 *		The highest of several maxima of a log-likelihood.
 *
 * Customers of two kinds, say many who bought once and some who buy for years,
 * are explained in ways that have each a maximum of its own, and a search ends
 * in the one it began near.  Starts in all regions are cheap on a sample of
 * the data, which has the same maxima more or less; only the best of them are
 * followed with all data.
 */
#include "models/multistart.h"

#include <math.h>

#define CLIMB 50				/* evaluations on the sample, at most */
#define FOLLOWED 4				/* with all data */
#define SAME 1e-2				/* values of one maximum, absolute, ... */
#define NEAR 0.1				/* and its parameters, in logarithms, ... */
#define SETTLED 8.0				/* ... as far as these are no larger */

const RowGroup *
multistart_sample(const RowGroup *groups, int64 ngroups, int64 *nsample)
{
	RowGroup   *sample;

	*nsample = Min(ngroups, MULTISTART_ROWS);
	if (ngroups <= MULTISTART_ROWS)
		return groups;
	sample = palloc(sizeof(RowGroup) * MULTISTART_ROWS);
	for (int64 i = 0; i < MULTISTART_ROWS; i++)
	{
		int64		from = ngroups * i / MULTISTART_ROWS;
		int64		to = ngroups * (i + 1) / MULTISTART_ROWS;

		sample[i] = groups[(from + to) / 2];
		sample[i].count = 0;
		for (int64 j = from; j < to; j++)
			sample[i].count += groups[j].count;
	}
	return sample;
}

void
multistart_point(int i, int n, float8 *point)
{
	static const int bases[OPTIMIZER_MAX_PARAMETERS] = {2, 3, 5, 7, 11};

	for (int k = 0; k < n; k++)
	{
		float8		digit = 1;

		point[k] = 0;
		for (int rest = i + 1; rest > 0; rest /= bases[k])
		{
			digit /= bases[k];
			point[k] += digit * (rest % bases[k]);
		}
	}
}

/* Where a climb came to. */
typedef struct Climb
{
	float8		value;
	float8		p[OPTIMIZER_MAX_PARAMETERS];
} Climb;

static int
compare_climbs(const void *a, const void *b)
{
	float8		x = ((const Climb *) a)->value;
	float8		y = ((const Climb *) b)->value;

	return x > y ? -1 : x < y;
}

/* Did two climbs come to the same maximum?  What is far off may be anywhere. */
static bool
same_maximum(int n, const Climb *a, const Climb *b)
{
	if (fabs(a->value - b->value) > SAME)
		return false;
	for (int i = 0; i < n; i++)
	{
		float8		x = log(a->p[i]);
		float8		y = log(b->p[i]);

		if (fabs(x) < SETTLED && fabs(y) < SETTLED && fabs(x - y) > NEAR)
			return false;
	}
	return true;
}

void
multistart_maximize(const OptimizerProblem *all, const OptimizerProblem *sample,
					float8 (*starts)[OPTIMIZER_MAX_PARAMETERS], int nstarts,
					OptimizerResult *best)
{
	Climb		climbs[MULTISTART_MAX] = {{0}};
	int			nfollowed = 0;
	int			evaluations = 0;

	Assert(nstarts >= 1 && nstarts <= MULTISTART_MAX);
	for (int i = 0; i < nstarts; i++)
	{
		memcpy(climbs[i].p, starts[i], sizeof(climbs[i].p));
		(void) optimizer_climb(sample, CLIMB, climbs[i].p, &climbs[i].value);
	}
	qsort(climbs, nstarts, sizeof(Climb), compare_climbs);

	best->status = OPTIMIZER_NO_START;
	for (int i = 0; i < nstarts && nfollowed < FOLLOWED; i++)
	{
		bool		seen = isinf(climbs[i].value);

		for (int j = 0; j < nfollowed; j++)
			seen = seen || same_maximum(all->n, &climbs[j], &climbs[i]);
		if (!seen)
			climbs[nfollowed++] = climbs[i];
	}
	if (all->slow)
	{
		/* where each evaluation takes long, only the one that is best there */
		for (int i = 0; i < nfollowed; i++)
			evaluations += optimizer_climb(all, 1, climbs[i].p, &climbs[i].value);
		qsort(climbs, nfollowed, sizeof(Climb), compare_climbs);
		nfollowed = Min(nfollowed, 1);
	}
	for (int i = 0; i < nfollowed; i++)
	{
		OptimizerResult result;

		optimizer_maximize(all, climbs[i].p, &result);
		evaluations += result.evaluations;
		if (i == 0 || optimizer_better(&result, best))
			*best = result;
	}
	best->evaluations = evaluations;
}
