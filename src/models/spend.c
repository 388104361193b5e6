/*
 * spend.c
 *		The Gamma-Gamma model: likelihood, expectation and fit.
 *
 * Fader and Hardie, note 025 (2013).  The logarithms of x m and gamma are
 * taken of their quotient, so that nothing cancels along the ridge of large
 * p and gamma.
 */
#include "models/spend.h"

#include <math.h>

#include "miscadmin.h"
#include "models/special.h"
#include "utils/float.h"

/* As for histories; values past these have no use. */
#define FREQUENCY_MAX 1000000000
#define VALUE_MAX 1e15
#define VALUE_MIN 1e-15

const FittedType spend_type = {
	.name = "spend_model",
	.words = "spend model",
	.whole_hint = "At least it reads {\"kind\": \"gamma-gamma\", \"parameters\": {\"p\": 1, \"q\": 1, \"gamma\": 1}}; an aggregate fits one to data.",
	.has_correlation = true,
	.nkinds = 1,
	.kinds = {{"gamma-gamma", SPEND_PARAMETERS, {"p", "q", "gamma"}}}
};

const ProblemText spend_problems[SPEND_PROBLEMS] = {
	[SPEND_NEGATIVE_FREQUENCY] = {
		"the frequency is negative",
		"The frequency counts repeat purchases: days with a purchase, without the first."
	},
	[SPEND_NOT_FINITE] = {
		"the monetary value is not finite",
		"Leave these rows out, or fix the amounts they come from."
	},
	[SPEND_NOT_POSITIVE] = {
		"the monetary value of a repeat customer is not above 0",
		"The model is of positive values: leave out refunds and free orders before taking the mean, or leave out these customers."
	},
	[SPEND_TOO_LARGE] = {
		"frequency or monetary value is out of range",
		"The frequency is at most 1000000000, the monetary value between 1e-15 and 1e15."
	},
	[SPEND_WEIGHT] = {
		"the weight is negative",
		"The weight is the number of customers a row stands for."
	}
};

SpendProblem
spend_problem(int64 frequency, float8 value)
{
	if (frequency < 0)
		return SPEND_NEGATIVE_FREQUENCY;
	if (frequency == 0)
		return SPEND_NO_PROBLEM;
	if (!isfinite(value))
		return SPEND_NOT_FINITE;
	if (value <= 0)
		return SPEND_NOT_POSITIVE;
	if (frequency > FREQUENCY_MAX || value > VALUE_MAX || value < VALUE_MIN)
		return SPEND_TOO_LARGE;
	return SPEND_NO_PROBLEM;
}

char *
spend_describe(const RowGroup *row)
{
	return psprintf("frequency %lld, monetary_value %s", (long long) row->x,
					float8out_internal(row->u));
}

float8
spend_log_likelihood(const float8 *p, float8 x, float8 m)
{
	float8		shape = p[0] * x;
	float8		ratio = x * m / p[2];

	return log_rising(shape, p[1]) - log_gamma(p[1]) - p[1] * log1p(ratio) -
		shape * log1p(1 / ratio) - log(m);
}

float8
spend_expected(const float8 *p, float8 x, float8 m)
{
	float8		shape = p[0] * x + p[1] - 1;

	if (!(shape > 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the mean spend of this customer is infinite under the model"),
				 errdetail("q is %s: at most 1, spend differs between customers so much that a customer with few purchases has no mean.",
						   float8out_internal(p[1])),
				 errhint("Leave out the few largest customers, or whose values are sums and not means, and fit again.")));
	return p[0] * (p[2] + (x > 0 ? x * m : 0)) / shape;
}

/* ----------------------------------------------------------------
 *		Fitting
 * ----------------------------------------------------------------
 */

typedef struct SpendData
{
	const RowGroup *groups;		/* in order */
	int64		ngroups;
	float8		scale;
} SpendData;

/*
 * Log-likelihood of all groups, without the terms of the data alone, and its
 * gradient.  The gamma functions are those of a frequency.
 */
static float8
spend_objective(const float8 *p, float8 *gradient, void *arg)
{
	const SpendData *d = arg;
	float8		log_gamma_q = log_gamma(p[1]);
	float8		digamma_q = digamma(p[1]);
	float8		rising = 0;
	float8		by_shape = 0;
	float8		by_q = 0;
	int64		x = 0;
	Sum			value = {0};
	Sum			sums[SPEND_PARAMETERS] = {{0}};

	for (int64 i = 0; i < d->ngroups; i++)
	{
		const RowGroup *g = &d->groups[i];
		float8		count = g->count;
		float8		shape = p[0] * g->x;
		float8		ratio = g->x * g->u * d->scale / p[2];
		float8		log_q = log1p(ratio);
		float8		log_p = log1p(1 / ratio);

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (g->x != x)
		{
			x = g->x;
			rising = log_rising(shape, p[1]) - log_gamma_q;
			by_shape = digamma_rise(shape, p[1]);
			by_q = digamma(shape + p[1]) - digamma_q;
		}
		sum_add(&value, count * (rising - p[1] * log_q - shape * log_p));
		sum_add(&sums[0], count * g->x * (by_shape - log_p));
		sum_add(&sums[1], count * (by_q - log_q));
		sum_add(&sums[2], count * (p[1] * ratio - shape) / (1 + ratio));
	}
	gradient[0] = sum_total(&sums[0]);
	gradient[1] = sum_total(&sums[1]);
	gradient[2] = sum_total(&sums[2]) / p[2];
	return sum_total(&value);
}

/* Pearson's correlation of frequency and value over customers; false: none. */
static bool
correlate(const RowGroup *groups, int64 ngroups, float8 *correlation)
{
	Sum			n = {0};
	Sum			sx = {0};
	Sum			sm = {0};
	Sum			sxx = {0};
	Sum			smm = {0};
	Sum			sxm = {0};
	float8		mean_x;
	float8		mean_m;
	float8		r;

	for (int64 i = 0; i < ngroups; i++)
	{
		sum_add(&n, groups[i].count);
		sum_add(&sx, (float8) groups[i].count * groups[i].x);
		sum_add(&sm, groups[i].count * groups[i].u);
	}
	mean_x = sum_total(&sx) / sum_total(&n);
	mean_m = sum_total(&sm) / sum_total(&n);
	for (int64 i = 0; i < ngroups; i++)
	{
		float8		x = groups[i].x - mean_x;
		float8		m = groups[i].u - mean_m;

		sum_add(&sxx, groups[i].count * x * x);
		sum_add(&smm, groups[i].count * m * m);
		sum_add(&sxm, groups[i].count * x * m);
	}
	r = sum_total(&sxm) / sqrt(sum_total(&sxx)) / sqrt(sum_total(&smm));
	*correlation = Min(Max(r, -1), 1);
	return isfinite(r);
}

/* Mean value over customers, and the sum of log(value). */
static void
spend_means(const RowGroup *groups, int64 ngroups, float8 *mean, float8 *logs)
{
	Sum			customers = {0};
	Sum			values = {0};
	Sum			logarithms = {0};

	for (int64 i = 0; i < ngroups; i++)
	{
		sum_add(&customers, groups[i].count);
		sum_add(&values, groups[i].count * groups[i].u);
		sum_add(&logarithms, groups[i].count * log(groups[i].u));
	}
	*mean = sum_total(&values) / sum_total(&customers);
	*logs = sum_total(&logarithms);
}

void
spend_fit(const RowGroup *groups, int64 ngroups, Fitted *fitted)
{
	const float8 starts[3][SPEND_PARAMETERS] = {{4, 3, 0.5}, {1, 1, 1}, {0.3, 8, 20}};
	SpendData	data = {groups, ngroups, 1};
	const OptimizerProblem problem = {spend_objective, &data, SPEND_PARAMETERS};
	float8		mean;
	float8		logs;
	int			evaluations = 0;
	OptimizerResult best;

	spend_means(groups, ngroups, &mean, &logs);
	data.scale = 1 / mean;
	for (int i = 0; i < 3; i++)
	{
		OptimizerResult result;

		optimizer_maximize(&problem, starts[i], &result);
		evaluations += result.evaluations;
		if (i == 0 || optimizer_better(&result, &best))
			best = result;
		if (best.status == OPTIMIZER_CONVERGED ||
			evaluations >= OPTIMIZER_MAX_EVALUATIONS)
			break;
	}
	if (best.status == OPTIMIZER_NO_START)
		special_give_up();
	best.evaluations = evaluations;
	best.value -= logs;
	best.p[2] *= mean;
	for (int i = 0; i < SPEND_PARAMETERS; i++)
	{
		best.covariance[i][2] *= mean;
		best.covariance[2][i] *= mean;
	}
	fitted_from_optimizer(&best, fitted);
	if (correlate(groups, ngroups, &fitted->correlation))
		fitted->flags |= FITTED_HAS_CORRELATION;
}
