/*
 * hazard_proportional.c
 *		Are hazards proportional?  The score test of R survival's cox.zph.
 *
 * Beside each term x stands one more, x g(t), where g is a transform of time
 * less its mean over the events.  At the fitted coefficients, and 0 for these,
 * the scores u of the new terms and the information (V, Vg; Vg, Vgg) give
 * chi-square = u_j' (Vgg - Vg V^-1 Vg)_jj^-1 u_j for the terms j of a covariate,
 * and the same over all of them (P. Grambsch and T. Therneau, Biometrika 81,
 * 1994, 515-526; exact, not by its approximation, as survival 3 has it).
 */
#include "models/hazard_fit.h"

#include <math.h>


#define SINGULAR 1e-11

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE float8
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* ----------------------------------------------------------------
 *		Transforms: of all rows together, whatever strata and weights
 * ----------------------------------------------------------------
 */

/* All times ascending, those of events, and when rows entered. */
typedef struct Times
{
	int64		n;
	float8	   *all;
	float8	   *events;
	float8	   *entries;		/* NULL: all are there from the start */
	int64		nevents;
	int64		ndistinct;		/* times of events */
	float8	   *distinct;
	float8	   *survival;		/* just before each */
} Times;

/* How many of n ascending numbers are below x, or also equal to it. */
static int64
count_below(const float8 *numbers, int64 n, float8 x, bool equal)
{
	int64		low = 0;
	int64		high = n;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (numbers[middle] < x || (equal && numbers[middle] == x))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Kaplan and Meier's estimate just before each time of events. */
static void
find_survival(Times *times)
{
	float8		survival = 1;

	times->distinct = hazard_zeros(times->nevents, sizeof(float8));
	times->survival = hazard_zeros(times->nevents, sizeof(float8));
	for (int64 i = 0; i < times->nevents;)
	{
		float8		at = times->events[i];
		int64		from = i;
		int64		risk = times->n - count_below(times->all, times->n, at, false);

		CHECK_FOR_INTERRUPTS();
		while (i < times->nevents && times->events[i] == at)
			i++;
		if (times->entries != NULL)
			risk -= times->n - count_below(times->entries, times->n, at, false);
		times->distinct[times->ndistinct] = at;
		times->survival[times->ndistinct++] = survival;
		survival *= 1 - (float8) (i - from) / (float8) risk;
	}
}

static Times *
find_times(const HazardData *data)
{
	Times	   *times = palloc0(sizeof(Times));

	times->n = data->n;
	times->all = hazard_zeros(data->n, sizeof(float8));
	times->events = hazard_zeros(data->n, sizeof(float8));
	memcpy(times->all, data->time, data->n * sizeof(float8));
	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (data->event[i])
			times->events[times->nevents++] = data->time[i];
	}
	if (data->entry != NULL)
	{
		times->entries = hazard_zeros(data->n, sizeof(float8));
		memcpy(times->entries, data->entry, data->n * sizeof(float8));
		sort_numbers(times->entries, data->n);
	}
	sort_numbers(times->all, times->n);
	sort_numbers(times->events, times->nevents);
	find_survival(times);
	return times;
}

static float8
transform_time(const Times *times, HazardTransform transform, float8 at)
{
	switch (transform)
	{
		case HAZARD_KM:
			return 1 - times->survival[count_below(times->distinct, times->ndistinct, at, false)];
		case HAZARD_RANK:
			return ((float8) count_below(times->all, times->n, at, false) +
					(float8) count_below(times->all, times->n, at, true) + 1) / 2;
		case HAZARD_LOG:
			return log(at);
		default:
			return at;
	}
}

/*
 * A transform of the times of events, less its mean over the events, divided by
 * the largest magnitude, which changes no test; false when it is not finite.
 */
static bool
take_transform(const HazardData *data, const Times *times,
			   HazardTransform transform, float8 *g, float8 *squares)
{
	float8		mean = 0;
	float8		most = 0;

	if (transform == HAZARD_LOG && times->events[0] == 0)
		return false;
	for (int64 i = 0; i < times->nevents; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mean += transform_time(times, transform, times->events[i]) / (float8) times->nevents;
	}
	for (int s = 0; s < data->nstrata; s++)
		for (int64 e = data->first_time[s]; e < data->first_time[s + 1] - 1; e++)
		{
			CHECK_FOR_INTERRUPTS();
			g[e] = transform_time(times, transform, data->at[e]) - mean;
			most = Max(most, fabs(g[e]));
		}
	if (!(most > 0))
		return false;
	for (int64 e = 0; e < data->ntimes; e++)
	{
		g[e] /= most;
		squares[e] = g[e] * g[e];
	}
	return true;
}

/* ----------------------------------------------------------------
 *		Tests
 * ----------------------------------------------------------------
 */

static inline float8
at(const float8 *m, int n, int i, int j)
{
	return i >= j ? m[(Size) i * n + j] : m[(Size) j * n + i];
}

/* Vgg - Vg V^-1 Vg, of the terms that are in the model; lower triangle. */
static float8 *
left_over(const SymmetricFactor *factor, const float8 *vg, const float8 *vgg)
{
	int			n = factor->n;
	float8	   *left = palloc0((Size) n * n * sizeof(float8));
	float8	   *column = palloc(n * sizeof(float8));
	float8	   *solved = palloc(n * sizeof(float8));

	for (int j = 0; j < n; j++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			column[i] = factor->dropped[i] ? 0 : at(vg, n, i, j);
		symmetric_solve(factor, column, solved);
		for (int i = j; i < n; i++)
		{
			float8		sum = at(vgg, n, i, j);

			for (int k = 0; k < n; k++)
				if (!factor->dropped[k])
					sum -= at(vg, n, i, k) * solved[k];
			left[(Size) i * n + j] = sum;
		}
	}
	return left;
}

/* The test of terms from first on; HAZARD_NO_TEST where they cannot be told. */
static float8
test_terms(const SymmetricFactor *factor, const float8 *left,
		   const float8 *score, int first, int n)
{
	SymmetricFactor *f = symmetric_create(n);
	float8	   *block = palloc((Size) n * n * sizeof(float8));
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		f->dropped[i] = factor->dropped[first + i];
		kept += !f->dropped[i];
		for (int j = 0; j <= i; j++)
			block[(Size) i * n + j] = left[(Size) (first + i) * factor->n + first + j];
	}
	if (kept == 0 || symmetric_factor(f, block, SINGULAR) > 0)
		return HAZARD_NO_TEST;
	return symmetric_square(f, score + first);
}

void
hazard_proportional(HazardWalk *walk, const float8 *b,
					const SymmetricFactor *factor, Hazard *hazard)
{
	const HazardData *data = walk->data;
	float8	   *functions[2] = {
		hazard_zeros(data->ntimes, sizeof(float8)), hazard_zeros(data->ntimes, sizeof(float8))
	};
	HazardSums	sums[2] = {hazard_sums_create(data), hazard_sums_create(data)};
	Times	   *times = find_times(data);

	for (int t = 0; t < HAZARD_TRANSFORMS; t++)
	{
		float8	   *left;

		if (!take_transform(data, times, t, functions[0], functions[1]))
			continue;
		hazard_walk(walk, b, 2, functions, sums);
		if (!isfinite(walk->log_likelihood))
			continue;
		left = left_over(factor, sums[0].information, sums[1].information);
		hazard->proportional[t] = test_terms(factor, left, sums[0].score, 0, data->nterms);
		for (int c = 0; c < data->ncovariates; c++)
		{
			const HazardCovariate *cov = &data->covariates[c];
			float8		test = test_terms(factor, left, sums[0].score, cov->first, cov->nterms);

			for (int i = 0; i < cov->nterms; i++)
				hazard->terms[cov->first + i].proportional[t] = test;
		}
		pfree(left);
	}
}
