/*
 * contract.c
 *		Models of how long contracts are renewed: likelihood, fit, survival.
 *
 * See contract.h.  All is computed from ratios of beta functions, so that
 * survival and the chance to lose a customer keep their digits when they are
 * tiny, and when alpha and beta are huge.
 */
#include "models/contract.h"

#include "miscadmin.h"
#include "models/special.h"

const FittedType contract_type = {
	.name = "contract_model",
	.nkinds = 2,
	.kinds = {
		{"sbg", 2, {"alpha", "beta"}},
		{"bdw", 3, {"alpha", "beta", "c"}}
	}
};

Contract
contract_of(const Fitted *fitted)
{
	Contract	m = {fitted->p[CONTRACT_ALPHA], fitted->p[CONTRACT_BETA], 1};

	if (fitted->kind == CONTRACT_BDW)
		m.c = fitted->p[CONTRACT_C];
	return m;
}

/* ----------------------------------------------------------------
 *		Survival
 * ----------------------------------------------------------------
 */

/* log(B(a, b + u) / B(a, b)) for u = t^c, which may be too large a number. */
float8
contract_log_ratio(const Contract *m, float8 b, float8 t)
{
	float8		u = pow(t, m->c);

	if (isinf(u))
		return log_rising(b, m->alpha) - m->alpha * m->c * log(t);
	return log_beta_ratio(m->alpha, b, u);
}

float8
contract_log_survival(const Contract *m, float8 t)
{
	return contract_log_ratio(m, m->beta, t);
}

/* u(t) - u(t - 1) without cancellation, t >= 1. */
static float8
step_of(float8 t, float8 c)
{
	if (t < 2 || c == 1)
		return 1;
	return pow(t - 1, c) * expm1(c * log1p(1 / (t - 1)));
}

float8
contract_renewal_rate(const Contract *m, float8 t)
{
	float8		before = pow(t - 1, m->c);
	float8		step = step_of(t, m->c);

	if (isinf(before))
		return exp(-m->alpha * m->c * log1p(1 / (t - 1)));
	if (isinf(step))
		return exp(contract_log_survival(m, t) -
				   contract_log_survival(m, t - 1));
	return exp(log_beta_ratio(m->alpha, m->beta + before, step));
}

/* ----------------------------------------------------------------
 *		Likelihood
 * ----------------------------------------------------------------
 */

typedef struct ContractData
{
	const RowGroup *groups;
	int64		ngroups;
	int			n;				/* parameters */
} ContractData;

/*
 * log(B(a, b + u) / B(a, b)) with b = beta + shift, and its derivatives, given
 * those of the shift and of u by c.
 */
static float8
ratio(const Contract *m, float8 shift, float8 u, float8 shift_by_c,
		  float8 u_by_c, float8 *derivative)
{
	float8		b = m->beta + shift;
	float8		both = digamma_rise(m->alpha + b, u);
	float8		after = digamma_rise(b + u, m->alpha);

	derivative[CONTRACT_ALPHA] = -both;
	derivative[CONTRACT_BETA] = digamma_rise(b, u) - both;
	derivative[CONTRACT_C] = shift_by_c * derivative[CONTRACT_BETA] -
		u_by_c * after;
	return log_beta_ratio(m->alpha, b, u);
}

/*
 * log-likelihood of a customer, and its derivatives: log S(t) of one still
 * there, log(S(t-1) - S(t)) of one lost.
 */
static float8
log_likelihood(const Contract *m, float8 t, bool lost, float8 *derivative)
{
	float8		before = lost ? t - 1 : t;
	float8		u = before > 0 ? pow(before, m->c) : 0;
	float8		u_by_c = before > 0 ? u * log(before) : 0;
	float8		value = ratio(m, 0, u, 0, u_by_c, derivative);
	float8		renewed[CONTRACT_PARAMETERS];
	float8		step;
	float8		change;
	float8		odds;

	if (!lost)
		return value;
	step = step_of(t, m->c);
	change = ratio(m, u, step, u_by_c, pow(t, m->c) * log(t) - u_by_c,
					   renewed);
	odds = 1 / expm1(-change);	/* of renewing */
	for (int i = 0; i < CONTRACT_PARAMETERS; i++)
		derivative[i] -= odds * renewed[i];
	return value + log(-expm1(change));
}

/* The objective of the fit. */
static float8
objective(const float8 *p, float8 *gradient, void *arg)
{
	const ContractData *data = arg;
	Contract	m = {p[CONTRACT_ALPHA], p[CONTRACT_BETA], 1};
	Sum			value = {0, 0};
	Sum			sums[CONTRACT_PARAMETERS] = {{0, 0}};

	if (data->n > CONTRACT_C)
		m.c = p[CONTRACT_C];
	for (int64 i = 0; i < data->ngroups; i++)
	{
		const RowGroup *g = &data->groups[i];
		float8		count = (float8) g->count;
		float8		derivative[CONTRACT_PARAMETERS];

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		sum_add(&value, count * log_likelihood(&m, (float8) g->x, g->u > 0,
											   derivative));
		for (int k = 0; k < CONTRACT_PARAMETERS; k++)
			sum_add(&sums[k], count * derivative[k]);
	}
	for (int k = 0; k < data->n; k++)
		gradient[k] = sum_total(&sums[k]);
	return sum_total(&value);
}

/* Losses per period at risk. */
static float8
loss_rate(const RowGroup *groups, int64 ngroups)
{
	float8		lost = 0;
	float8		periods = 0;

	for (int64 i = 0; i < ngroups; i++)
	{
		lost += groups[i].u * (float8) groups[i].count;
		periods += (float8) groups[i].x * (float8) groups[i].count;
	}
	return lost / periods;
}

/*
 * Fit a model: from churn probabilities around the loss rate, more or less
 * alike.
 */
void
contract_fit(ContractKind kind, const RowGroup *groups, int64 ngroups,
			 Fitted *fitted)
{
	static const float8 sizes[] = {2, 20, 0.2};
	ContractData data = {groups, ngroups, contract_type.kinds[kind].n};
	float8		rate = loss_rate(groups, ngroups);
	int			evaluations = 0;
	OptimizerResult best = {.status = OPTIMIZER_NO_START};

	for (int i = 0; i < lengthof(sizes); i++)
	{
		const float8 start[CONTRACT_PARAMETERS] = {
			rate * sizes[i], (1 - rate) * sizes[i], 1
		};
		OptimizerResult result;

		optimizer_maximize(objective, &data, data.n, start, &result);
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
	fitted->kind = (uint8) kind;
	fitted_from_optimizer(&best, fitted);
}
