/*
 * hazard_walk.c
 *		The partial log-likelihood of a Cox regression, with derivatives.
 *
 * With r_i = w_i exp(b'x_i), at a time with d events (weights adding up to W),
 * S0 and S1 are the sums of r and r x over those at risk, D0 and D1 those over
 * the ones who churn then.  Efron's approximation takes the k-th of the events,
 * k from 0 to d - 1, with f = k/d from among S0 - f D0:
 *
 *	log-likelihood	sum w b'x of the events - sum_k W/d log(S0 - f D0)
 *	score			sum w x of the events - sum_k W/d (S1 - f D1)/(S0 - f D0)
 *	information		sum_k W/d (S2 - f D2)/(S0 - f D0)
 *					- sum_k W/d (S1 - f D1)(S1 - f D1)'/(S0 - f D0)^2
 *
 * S2, a matrix for each time, is never made: the first sum of the information
 * is that of r_i x_i x_i' over the rows, each times its share of the hazard while
 * it was at risk, which is h = sum_k W/d / (S0 - f D0), for those who churn then
 * sum_k W/d (1 - f)/(S0 - f D0).  So a walk costs the square of the number of
 * covariates for each row, and that of terms for each time of events only.
 */
#include "models/hazard_fit.h"

#include <math.h>

#include "models/special.h"

/* Those at risk, and of one time those who churn. */
typedef struct AtRisk
{
	int64		n;
	Sum			s0;
	Sum		   *s1;				/* of each term */
	float8	   *s1_now;			/* its values */
	float8		d0;
	float8	   *d1;
	float8		weight;			/* of the events */
	int64		events;
} AtRisk;

HazardWalk *
hazard_walk_create(const HazardData *data)
{
	HazardWalk *walk = palloc0(sizeof(HazardWalk));

	walk->data = data;
	walk->eta = hazard_zeros(data->n, sizeof(float8));
	walk->risk = hazard_zeros(data->n, sizeof(float8));
	walk->hazard = hazard_zeros(data->ntimes, sizeof(float8));
	walk->hazard_died = hazard_zeros(data->ntimes, sizeof(float8));
	walk->cumulative = hazard_zeros(data->ntimes, sizeof(float8));
	return walk;
}

HazardSums
hazard_sums_create(const HazardData *data)
{
	HazardSums	sums;

	sums.score = palloc0(data->nterms * sizeof(float8));
	sums.information = palloc0((Size) data->nterms * data->nterms * sizeof(float8));
	return sums;
}

/* b'x and risk of each row; the largest b'x is taken from all. */
static bool
find_risks(HazardWalk *walk, const float8 *b)
{
	const HazardData *data = walk->data;
	int		   *terms = palloc(data->ncovariates * sizeof(int));
	float8	   *values = palloc(data->ncovariates * sizeof(float8));
	bool		finite = true;

	walk->shift = -INFINITY;
	for (int64 i = 0; i < data->n; i++)
	{
		int			n = hazard_row_terms(data, i, terms, values);
		float8		eta = 0;

		CHECK_FOR_INTERRUPTS();
		for (int t = 0; t < n; t++)
			eta += b[terms[t]] * values[t];
		walk->eta[i] = eta;
		walk->shift = Max(walk->shift, eta);
		finite &= isfinite(eta);
	}
	for (int64 i = 0; finite && i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		walk->eta[i] -= walk->shift;
		walk->risk[i] = data->weight[i] * exp(walk->eta[i]);
	}
	pfree(terms);
	pfree(values);
	return finite;
}

/* Put a row among those at risk, or with sign -1 take it away. */
static inline void
change(AtRisk *at, const HazardWalk *walk, int64 i, float8 sign, int *terms,
	   float8 *values)
{
	float8		risk = sign * walk->risk[i];
	int			n = hazard_row_terms(walk->data, i, terms, values);

	sum_add(&at->s0, risk);
	for (int t = 0; t < n; t++)
		sum_add(&at->s1[terms[t]], risk * values[t]);
	at->n += sign > 0 ? 1 : -1;
	if (at->n == 0)
	{
		at->s0 = (Sum) {0, 0};
		memset(at->s1, 0, walk->data->nterms * sizeof(Sum));
	}
}

/* A row that churns: what it adds to the likelihood and the scores. */
static void
take_event(AtRisk *at, HazardWalk *walk, int64 i, int64 e, int n,
		   float8 *const *times, HazardSums *sums, int *terms, float8 *values)
{
	const HazardData *data = walk->data;
	int			k = hazard_row_terms(data, i, terms, values);

	if (at->events++ == 0)
	{
		at->d0 = at->weight = 0;
		memset(at->d1, 0, data->nterms * sizeof(float8));
	}
	at->d0 += walk->risk[i];
	at->weight += data->weight[i];
	walk->log_likelihood += data->weight[i] * walk->eta[i];
	for (int t = 0; t < k; t++)
	{
		at->d1[terms[t]] += walk->risk[i] * values[t];
		for (int m = 0; m < n; m++)
			sums[m].score[terms[t]] += (times[m] == NULL ? 1 : times[m][e]) *
				data->weight[i] * values[t];
	}
}

/* The products of sums at a time, a S1 S1' - b (S1 D1' + D1 S1') + c D1 D1'. */
static void
take_products(const AtRisk *at, const HazardData *data, int64 e, int n,
			  float8 *const *times, HazardSums *sums, float8 a, float8 b, float8 c)
{
	const float8 *s = at->s1_now;
	const float8 *d = at->d1;

	for (int i = 0; i < data->nterms; i++)
	{
		float8		p = a * s[i] - b * d[i];
		float8		q = c * d[i] - b * s[i];

		if (p == 0 && q == 0)
			continue;
		for (int m = 0; m < n; m++)
		{
			float8	   *row = sums[m].information + (Size) i * data->nterms;
			float8		g = times[m] == NULL ? 1 : times[m][e];

			if (at->events == 1)
				for (int j = 0; j <= i; j++)
					row[j] -= g * p * s[j];
			else
				for (int j = 0; j <= i; j++)
					row[j] -= g * (p * s[j] + q * d[j]);
		}
	}
}

/* All events of a time; false when there is no likelihood. */
static bool
take_time(AtRisk *at, HazardWalk *walk, int64 e, int n, float8 *const *times,
		  HazardSums *sums)
{
	const HazardData *data = walk->data;
	float8		each = at->weight / (float8) at->events;
	float8		s0 = sum_total(&at->s0);
	float8		hazard = 0;
	float8		died = 0;
	float8		a = 0;
	float8		b = 0;
	float8		c = 0;

	for (int64 k = 0; k < at->events; k++)
	{
		float8		f = (float8) k / (float8) at->events;
		float8		left = s0 - f * at->d0;
		float8		share = each / left;

		CHECK_FOR_INTERRUPTS();
		if (!(left > 0) || !isfinite(share))
			return false;
		walk->log_likelihood -= each * log(left);
		hazard += share;
		died += (1 - f) * share;
		a += share / left;
		b += f * share / left;
		c += f * f * share / left;
	}
	walk->hazard[e] = hazard;
	walk->hazard_died[e] = died;
	for (int i = 0; i < data->nterms; i++)
	{
		at->s1_now[i] = sum_total(&at->s1[i]);
		for (int m = 0; m < n; m++)
			sums[m].score[i] -= (times[m] == NULL ? 1 : times[m][e]) *
				(hazard * at->s1_now[i] - (hazard - died) * at->d1[i]);
	}
	take_products(at, data, e, n, times, sums, a, b, c);
	return true;
}

/* The times of a stratum, the last first. */
static bool
walk_stratum(AtRisk *at, HazardWalk *walk, int s, int n, float8 *const *times,
			 HazardSums *sums, int *terms, float8 *values)
{
	const HazardData *data = walk->data;
	int64		end = data->first[s + 1];
	int64		left = data->first[s];	/* of those by entry */

	at->n = 0;
	at->s0 = (Sum) {0, 0};
	memset(at->s1, 0, data->nterms * sizeof(Sum));
	for (int64 i = data->first[s]; i < end;)
	{
		float8		time = data->time[i];
		int64		e = data->time_of[i];

		at->events = 0;
		for (; i < end && data->time[i] == time; i++)
		{
			CHECK_FOR_INTERRUPTS();
			change(at, walk, i, 1, terms, values);
			if (data->event[i])
				take_event(at, walk, i, e, n, times, sums, terms, values);
		}
		if (at->events == 0)
			continue;
		/* those who came later, or just then, were not there */
		for (; data->entry != NULL && left < end && data->entry[data->order[left]] >= time; left++)
		{
			CHECK_FOR_INTERRUPTS();
			change(at, walk, data->order[left], -1, terms, values);
		}
		if (!take_time(at, walk, e, n, times, sums))
			return false;
	}
	return true;
}

/* What the rows add to the information, by the hazard of their times at risk. */
static void
take_rows(HazardWalk *walk, const float8 *times, HazardSums *sums, int *terms,
		  float8 *values)
{
	const HazardData *data = walk->data;
	float8		sum = 0;

	for (int s = data->nstrata - 1; s >= 0; s--)
	{
		sum = 0;
		for (int64 e = data->first_time[s + 1] - 1; e >= data->first_time[s]; e--)
		{
			CHECK_FOR_INTERRUPTS();
			sum += (times == NULL ? 1 : times[e]) * walk->hazard[e];
			walk->cumulative[e] = sum;
		}
	}
	for (int64 i = 0; i < data->n; i++)
	{
		int64		e = data->time_of[i];
		int			n = hazard_row_terms(data, i, terms, values);
		float8		share = walk->cumulative[e];

		CHECK_FOR_INTERRUPTS();
		if (data->event[i])
			share -= (times == NULL ? 1 : times[e]) *
				(walk->hazard[e] - walk->hazard_died[e]);
		if (data->entry != NULL)
			share -= walk->cumulative[data->time_before[i]];
		share *= walk->risk[i];
		for (int t = 0; t < n; t++)
		{
			float8	   *row = sums->information + (Size) terms[t] * data->nterms;
			float8		one = share * values[t];

			for (int u = 0; u <= t; u++)
				row[terms[u]] += one * values[u];
		}
	}
}

void
hazard_walk(HazardWalk *walk, const float8 *b, int n, float8 *const *times,
			HazardSums *sums)
{
	const HazardData *data = walk->data;
	int		   *terms = palloc(data->ncovariates * sizeof(int));
	float8	   *values = palloc(data->ncovariates * sizeof(float8));
	AtRisk		at = {0};
	bool		fine;

	at.s1 = palloc(data->nterms * sizeof(Sum));
	at.s1_now = palloc(data->nterms * sizeof(float8));
	at.d1 = palloc(data->nterms * sizeof(float8));
	for (int m = 0; m < n; m++)
	{
		memset(sums[m].score, 0, data->nterms * sizeof(float8));
		memset(sums[m].information, 0, (Size) data->nterms * data->nterms * sizeof(float8));
	}
	walk->log_likelihood = 0;
	fine = find_risks(walk, b);
	for (int s = 0; fine && s < data->nstrata; s++)
		fine = walk_stratum(&at, walk, s, n, times, sums, terms, values);
	if (!fine)
		walk->log_likelihood = -INFINITY;
	for (int m = 0; fine && m < n; m++)
		take_rows(walk, times[m], &sums[m], terms, values);
	pfree(at.s1);
	pfree(at.s1_now);
	pfree(at.d1);
	pfree(terms);
	pfree(values);
}
