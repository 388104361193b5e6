/*
 * hazard_fit.c
 *		The maximum of the partial likelihood of a Cox regression, by Newton's
 *		method, and what is told of it.
 *
 * The log-likelihood is concave.  Where it has no maximum, because a covariate
 * tells those who churn from all the others, it rises for ever: the steps of b'x
 * then stay as large as they are while nothing is gained, which is how it is
 * known.  A term that follows from those before it shows at b = 0.
 */
#include "models/hazard_fit.h"

#include <math.h>


#define MAX_STEPS 60
#define MAX_HALVINGS 40
#define COLLINEAR 1e-11			/* what is left of a term beside the others */
#define SMALL_STEP 1e-8			/* of b'x: the next one is past rounding */
#define LARGE_STEP 0.05			/* of b'x, where nothing is gained any more */
#define NO_GAIN 1e-6			/* in log-likelihood */

typedef struct Fit
{
	const HazardData *data;
	HazardWalk *walk;
	HazardSums	sums;
	SymmetricFactor *factor;
	float8	   *b;
	float8	   *step;
	const char **problems;		/* of terms, NULL for none */
	const char *status;
	int			iterations;
	float8		null;			/* log-likelihood at b = 0 */
	float8		score_test;
} Fit;

static float8 *const no_times[1] = {NULL};

static void
walk_at(Fit *fit, const float8 *b)
{
	hazard_walk(fit->walk, b, 1, no_times, &fit->sums);
}

/* How far b'x moves at most by the step of a term. */
static float8
reach_of_step(const Fit *fit, int covariate, int term)
{
	return fabs(fit->step[term]) * fit->data->covariates[covariate].reach;
}

static float8
largest_step(const Fit *fit)
{
	float8		largest = 0;

	for (int c = 0; c < fit->data->ncovariates; c++)
		for (int i = 0; i < fit->data->covariates[c].nterms; i++)
			largest = Max(largest, reach_of_step(fit, c, fit->data->covariates[c].first + i));
	return largest;
}

/* At b = 0: terms that never vary, and those that follow from others. */
static void
begin_fit(Fit *fit)
{
	const HazardData *data = fit->data;

	walk_at(fit, fit->b);
	fit->null = fit->walk->log_likelihood;
	for (int c = 0; c < data->ncovariates; c++)
		if (data->covariates[c].scale == 0)
		{
			fit->factor->dropped[data->covariates[c].first] = true;
			fit->problems[data->covariates[c].first] = HAZARD_CONSTANT;
		}
	(void) symmetric_factor(fit->factor, fit->sums.information, COLLINEAR);
	for (int i = 0; i < data->nterms; i++)
		if (fit->factor->dropped[i] && fit->problems[i] == NULL)
			fit->problems[i] = HAZARD_COLLINEAR;
	fit->score_test = symmetric_square(fit->factor, fit->sums.score);
}

/* A step, halved until it does not lose; false when none does. */
static bool
take_step(Fit *fit, float8 *next)
{
	float8		before = fit->walk->log_likelihood;
	float8		part = 1;

	for (int i = 0; i < MAX_HALVINGS; i++)
	{
		for (int t = 0; t < fit->data->nterms; t++)
			next[t] = fit->b[t] + part * fit->step[t];
		walk_at(fit, next);
		/* rounding of so many sums is no loss */
		if (fit->walk->log_likelihood >= before - 1e-12 * fabs(before))
		{
			memcpy(fit->b, next, fit->data->nterms * sizeof(float8));
			return true;
		}
		part /= 2;
	}
	walk_at(fit, fit->b);
	return false;
}

/* Terms that go on and on. */
static void
mark_separated(Fit *fit)
{
	const HazardData *data = fit->data;
	float8		largest = largest_step(fit);

	fit->status = HAZARD_SEPARATED;
	for (int c = 0; c < data->ncovariates; c++)
	{
		const HazardCovariate *cov = &data->covariates[c];

		for (int i = cov->first; i < cov->first + cov->nterms; i++)
			if (fit->problems[i] == NULL && reach_of_step(fit, c, i) > largest / 100)
				fit->problems[i] = HAZARD_SEPARATED;
	}
}

static void
climb(Fit *fit)
{
	float8	   *next = palloc(fit->data->nterms * sizeof(float8));
	int			idle = 0;

	fit->status = HAZARD_STOPPED;
	for (; fit->iterations < MAX_STEPS; fit->iterations++)
	{
		float8		gain = symmetric_square(fit->factor, fit->sums.score);
		float8		largest;

		symmetric_solve(fit->factor, fit->sums.score, fit->step);
		largest = largest_step(fit);
		if (!isfinite(largest) ||
			(gain < NO_GAIN && largest > LARGE_STEP && ++idle == 3))
		{
			mark_separated(fit);
			return;
		}
		if (!take_step(fit, next))
			return;
		if (largest <= SMALL_STEP)
		{
			fit->status = HAZARD_CONVERGED;
			return;
		}
		/* what is singular only now is so because a term goes too far */
		if (symmetric_factor(fit->factor, fit->sums.information, COLLINEAR / 100) > 0)
		{
			for (int i = 0; i < fit->data->nterms; i++)
				if (fit->factor->dropped[i] && fit->problems[i] == NULL)
					fit->problems[i] = HAZARD_SEPARATED;
			fit->status = HAZARD_SEPARATED;
			return;
		}
	}
}

/* ----------------------------------------------------------------
 *		What is told
 * ----------------------------------------------------------------
 */

/* Standard errors: the roots of the diagonal of the inverse. */
static void
find_errors(Fit *fit, float8 *errors)
{
	int			n = fit->data->nterms;
	float8	   *unit = palloc0(n * sizeof(float8));
	float8	   *column = palloc(n * sizeof(float8));

	(void) symmetric_factor(fit->factor, fit->sums.information, 0);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		unit[i] = 1;
		symmetric_solve(fit->factor, unit, column);
		unit[i] = 0;
		errors[i] = sqrt(Max(column[i], 0));
	}
}

/* b'Vb over the terms of the model. */
static float8
wald_test(const Fit *fit)
{
	int			n = fit->data->nterms;
	float8		sum = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			sum += (i == j ? 1 : 2) * fit->b[i] * fit->b[j] *
				fit->sums.information[(Size) i * n + j];
	return Max(sum, 0);
}

static float8
finite_or(float8 value, float8 otherwise)
{
	return isfinite(value) ? value : otherwise;
}

static void
take_terms(Hazard *hazard, const Fit *fit, const float8 *errors)
{
	const HazardData *data = fit->data;

	hazard->nterms = data->nterms;
	hazard->terms = palloc0(data->nterms * sizeof(HazardTerm));
	for (int c = 0; c < data->ncovariates; c++)
	{
		const HazardCovariate *cov = &data->covariates[c];
		bool		text = cov->key->kind == COVARIATE_TEXT;
		bool		number = cov->key->kind == COVARIATE_NUMBER;
		float8		scale = cov->scale == 0 ? 1 : cov->scale;

		for (int i = 0; i < cov->nterms; i++)
		{
			HazardTerm *term = &hazard->terms[cov->first + i];
			float8		b = fit->b[cov->first + i];
			int			level = i + (i >= cov->reference && cov->nlevels > 1);

			term->covariate = cov->key->name;
			term->kind = covariate_word(cov->key->kind);
			term->level = text ? cov->texts[level] : "";
			term->reference = text ? cov->texts[cov->reference] : "";
			term->origin = number ? cov->origin : 0;
			term->problem = fit->problems[cov->first + i];
			if (term->problem == NULL)
				term->problem = "";
			term->coefficient = finite_or(b / scale, 0);
			term->std_error = finite_or(errors[cov->first + i] / scale, 0);
			for (int t = 0; t < HAZARD_TRANSFORMS; t++)
				term->proportional[t] = HAZARD_NO_TEST;
		}
	}
}

/* Cumulative hazards of a customer all of whose terms are 0, by stratum. */
static void
take_strata(Hazard *hazard, const HazardWalk *walk)
{
	const HazardData *data = walk->data;

	hazard->nstrata = data->nstrata;
	hazard->stratum = palloc0(data->nstrata * sizeof(HazardStratum));
	for (int s = 0; s < data->nstrata; s++)
	{
		HazardStratum *stratum = &hazard->stratum[s];
		int64		n = data->first_time[s + 1] - 1 - data->first_time[s];
		float8		sum = 0;

		stratum->name = data->names[s];
		stratum->last = data->time[data->first[s]];
		stratum->ntimes = n;
		stratum->times = palloc_extended(Max(n, 1) * sizeof(HazardTime), MCXT_ALLOC_HUGE);
		for (int64 i = 0; i < n; i++)
		{
			int64		e = data->first_time[s + 1] - 2 - i;

			CHECK_FOR_INTERRUPTS();
			sum = finite_or(sum + walk->hazard[e] * exp(-walk->shift), sum);
			stratum->times[i] = (HazardTime) {data->at[e], sum};
		}
	}
}

/* The first thing wrong with a term is what is wrong with the model. */
static const char *
status_of(const Fit *fit)
{
	const char *status = fit->status;

	for (int i = 0; i < fit->data->nterms; i++)
		if (fit->problems[i] != NULL && strcmp(status, HAZARD_CONVERGED) == 0)
			status = fit->problems[i];
	return status;
}

Hazard *
hazard_fit(const HazardRows *rows)
{
	const HazardData *data = hazard_data(rows);
	Hazard	   *hazard = palloc0(sizeof(Hazard));
	float8	   *errors = palloc0(data->nterms * sizeof(float8));
	Fit			fit = {
		.data = data, .walk = hazard_walk_create(data),
		.sums = hazard_sums_create(data), .factor = symmetric_create(data->nterms),
		.b = palloc0(data->nterms * sizeof(float8)),
		.step = palloc0(data->nterms * sizeof(float8)),
		.problems = palloc0(data->nterms * sizeof(char *))
	};

	begin_fit(&fit);
	climb(&fit);
	find_errors(&fit, errors);
	hazard->status = status_of(&fit);
	hazard->rows = data->n;
	hazard->left_out = rows->left_out;
	hazard->events = data->events;
	hazard->iterations = fit.iterations;
	hazard->entered = rows->names[HAZARD_ENTERED] == NULL ? "" : rows->names[HAZARD_ENTERED];
	hazard->strata = rows->names[HAZARD_STRATA] == NULL ? "" : rows->names[HAZARD_STRATA];
	hazard->weight = rows->names[HAZARD_WEIGHT] == NULL ? "" : rows->names[HAZARD_WEIGHT];
	hazard->log_likelihood_null = finite_or(fit.null, 0);
	hazard->log_likelihood = finite_or(fit.walk->log_likelihood, 0);
	hazard->score_test = finite_or(fit.score_test, 0);
	hazard->wald_test = finite_or(wald_test(&fit), 0);
	for (int t = 0; t < HAZARD_TRANSFORMS; t++)
		hazard->proportional[t] = HAZARD_NO_TEST;
	take_terms(hazard, &fit, errors);
	take_strata(hazard, fit.walk);
	hazard_concordance(fit.walk, &hazard->concordance, &hazard->concordance_error);
	if (strcmp(fit.status, HAZARD_CONVERGED) == 0)
		hazard_proportional(fit.walk, fit.b, fit.factor, hazard);
	return hazard;
}
