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
	.words = "contract model",
	.whole_hint = "At least it reads {\"kind\": \"sbg\", \"parameters\": {\"alpha\": 1, \"beta\": 1}}; an aggregate fits one to data.",
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

/* u(t) - u(t - 1) without cancellation, t >= 1, given u(t - 1). */
static float8
step_of(float8 before, float8 t, float8 c)
{
	if (t < 2 || c == 1)
		return 1;
	return before * expm1(c * log1p(1 / (t - 1)));
}

float8
contract_renewal_rate(const Contract *m, float8 t)
{
	float8		before = pow(t - 1, m->c);
	float8		step = step_of(before, t, m->c);

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
	const RowGroup *groups;		/* in order */
	int64		ngroups;
	int			n;				/* parameters */
	float8		scale;			/* of time */
	bool		power;			/* is beta in units of scale^c, not scale? */
} ContractData;

/* A logarithm and its derivatives by the parameters. */
typedef struct Slopes
{
	float8		value;
	float8		by[CONTRACT_PARAMETERS];
} Slopes;

/* The same of a sum. */
typedef struct SlopeSums
{
	Sum			value;
	Sum			by[CONTRACT_PARAMETERS];
} SlopeSums;

/*
 * log S at a period.  From one period to the next it takes no gamma function
 * under sbg, and few under bdw.
 */
typedef struct Walk
{
	Contract	m;
	bool		sbg;			/* u is t, and there is no c */
	float8		t;
	float8		u;
	float8		u_by_c;
	SlopeSums	log_survival;
} Walk;

static inline void
add_slopes(SlopeSums *sums, float8 count, const Slopes *s)
{
	sum_add(&sums->value, count * s->value);
	for (int i = 0; i < CONTRACT_PARAMETERS; i++)
		sum_add(&sums->by[i], count * s->by[i]);
}

/*
 * log(B(a, b + more) / B(a, b)) with b = beta + u, given the derivatives of u
 * and more by c.
 */
static Slopes
ratio(const Contract *m, float8 u, float8 u_by_c, float8 more,
	  float8 more_by_c)
{
	Slopes		s;
	float8		b = m->beta + u;
	float8		both = digamma_rise(m->alpha + b, more);
	float8		after = digamma_rise(b + more, m->alpha);

	s.value = log_beta_ratio(m->alpha, b, more);
	s.by[CONTRACT_ALPHA] = -both;

	/* one difference in two ways; times u, which may be huge, it must keep its digits */
	if (m->alpha < more)
		s.by[CONTRACT_BETA] = digamma_rise(b, m->alpha) - after;
	else
		s.by[CONTRACT_BETA] = digamma_rise(b, more) - both;
	s.by[CONTRACT_C] = u_by_c * s.by[CONTRACT_BETA] - more_by_c * after;
	return s;
}

/* log(S(t + 1) / S(t)) at the period t of a walk. */
static Slopes
next_ratio(const Walk *w)
{
	const Contract *m = &w->m;
	float8		b = m->beta + w->t;
	float8		more;
	float8		more_by_c;

	if (w->sbg)
		return (Slopes) {-log1p(m->alpha / b),
			{-1 / (m->alpha + b), m->alpha / b / (m->alpha + b), 0}};
	more = step_of(w->u, w->t + 1, m->c);
	more_by_c = w->t > 0 ?
		more * log(w->t + 1) + w->u * log1p(1 / w->t) : 0;
	return ratio(m, w->u, w->u_by_c, more, more_by_c);
}

static void
walk_set_time(Walk *w, float8 t)
{
	w->t = t;
	w->u = w->sbg || t == 0 ? t : pow(t, w->m.c);
	w->u_by_c = w->sbg || t == 0 ? 0 : w->u * log(t);
}

/* Go to a period at once. */
static void
walk_jump(Walk *w, float8 t)
{
	Slopes		s;

	walk_set_time(w, t);
	s = ratio(&w->m, 0, 0, w->u, w->u_by_c);
	memset(&w->log_survival, 0, sizeof(SlopeSums));
	add_slopes(&w->log_survival, 1, &s);
}

/* Go to the next period. */
static void
walk_step(Walk *w, const Slopes *next)
{
	add_slopes(&w->log_survival, 1, next);
	walk_set_time(w, w->t + 1);
}

/* log S at the period of a walk. */
static Slopes
walk_slopes(const Walk *w)
{
	Slopes		s;

	s.value = sum_total(&w->log_survival.value);
	for (int i = 0; i < CONTRACT_PARAMETERS; i++)
		s.by[i] = sum_total(&w->log_survival.by[i]);
	return s;
}

/* log(S(t) - S(t + 1)) at the period t of a walk. */
static Slopes
lost_slopes(const Walk *w, const Slopes *next)
{
	Slopes		s = walk_slopes(w);
	float8		loss = -expm1(next->value);
	float8		odds = exp(next->value) / loss; /* of renewing */

	s.value += log(loss);
	for (int i = 0; i < CONTRACT_PARAMETERS; i++)
		s.by[i] -= odds * next->by[i];
	return s;
}

/*
 * Add the customers of one period: go to it with the walk, by way of the
 * period before if any of them are lost.
 */
static void
add_period(SlopeSums *sums, Walk *w, float8 t, float8 kept, float8 lost)
{
	Slopes		s;

	if (lost > 0 && w->t != t - 1)
		walk_jump(w, t - 1);
	if (t > 0 && w->t == t - 1)
	{
		Slopes		next = next_ratio(w);

		if (lost > 0)
		{
			s = lost_slopes(w, &next);
			add_slopes(sums, lost, &s);
		}
		walk_step(w, &next);
	}
	else if (w->t != t)
		walk_jump(w, t);
	if (kept > 0)
	{
		s = walk_slopes(w);
		add_slopes(sums, kept, &s);
	}
}

/* The objective of the fit. */
static float8
objective(const float8 *p, float8 *gradient, void *arg)
{
	const ContractData *data = arg;
	bool		sbg = data->n <= CONTRACT_C;
	Contract	m = {p[CONTRACT_ALPHA], 0, sbg ? 1 : p[CONTRACT_C]};
	float8		unit = data->power ? pow(data->scale, m.c) : data->scale;
	Walk		w = {.m = m, .sbg = sbg};
	SlopeSums	sums = {{0, 0}};
	int64		i = 0;

	w.m.beta = p[CONTRACT_BETA] * unit;
	if (w.m.beta > FITTED_MAX)
		return NAN;
	while (i < data->ngroups)
	{
		int64		t = data->groups[i].x;
		float8		kept = 0;
		float8		lost = 0;

		CHECK_FOR_INTERRUPTS();
		for (; i < data->ngroups && data->groups[i].x == t; i++)
			if (data->groups[i].u > 0)
				lost += (float8) data->groups[i].count;
			else
				kept += (float8) data->groups[i].count;
		add_period(&sums, &w, (float8) t, kept, lost);
	}
	for (int k = 0; k < data->n; k++)
		gradient[k] = sum_total(&sums.by[k]);
	gradient[CONTRACT_BETA] *= unit;
	if (data->power)
		gradient[CONTRACT_C] += sum_total(&sums.by[CONTRACT_BETA]) *
			w.m.beta * log(data->scale);
	return sum_total(&sums.value);
}

/* Renewals for each loss. */
static float8
renewals_per_loss(const RowGroup *groups, int64 ngroups)
{
	float8		lost = 0;
	float8		renewed = 0;

	for (int64 i = 0; i < ngroups; i++)
	{
		float8		count = (float8) groups[i].count;

		lost += groups[i].u * count;
		renewed += ((float8) groups[i].x - groups[i].u) * count;
	}
	return renewed / lost;
}

/* From the parameters of the objective to those of the model. */
static void
take_scale(const ContractData *data, OptimizerResult *result)
{
	float8		unit = data->scale;
	float8		beta_by_c = 0;

	if (data->power)
		unit = pow(unit, result->p[CONTRACT_C]);
	result->p[CONTRACT_BETA] *= unit;
	if (data->power)
		beta_by_c = result->p[CONTRACT_BETA] * log(data->scale);

	/* on either side of the covariance */
	for (int i = 0; i < data->n; i++)
		result->covariance[CONTRACT_BETA][i] =
			unit * result->covariance[CONTRACT_BETA][i] +
			beta_by_c * result->covariance[CONTRACT_C][i];
	for (int i = 0; i < data->n; i++)
		result->covariance[i][CONTRACT_BETA] =
			unit * result->covariance[i][CONTRACT_BETA] +
			beta_by_c * result->covariance[i][CONTRACT_C];
	for (int i = 0; i < data->n; i++)
		if (sqrt(result->covariance[i][i]) > result->p[i])
			result->identified = false;
}

/* Maximize the likelihood from a start; returns the evaluations. */
static int
search(const ContractData *data, const float8 *start, OptimizerResult *result)
{
	const OptimizerProblem problem = {
		objective, unconstify(ContractData *, data), data->n
	};

	optimizer_maximize(&problem, start, result);
	if (result->status != OPTIMIZER_NO_START)
		take_scale(data, result);
	return result->evaluations;
}

/*
 * Maximize the likelihood from churn probabilities around the losses per
 * period, more or less alike; from further starts only where the first does
 * not converge.  Returns the evaluations.
 */
static int
search_all(const ContractData *data, OptimizerResult *best)
{
	static const float8 sizes[] = {1, 10, 0.1};
	float8		odds = renewals_per_loss(data->groups, data->ngroups);
	int			evaluations = 0;

	best->status = OPTIMIZER_NO_START;
	for (int i = 0; i < lengthof(sizes); i++)
	{
		const float8 start[CONTRACT_PARAMETERS] = {
			sizes[i], sizes[i] * odds / data->scale, 1
		};
		OptimizerResult result;

		evaluations += search(data, start, &result);
		if (optimizer_better(&result, best))
			*best = result;
		if (best->status == OPTIMIZER_CONVERGED)
			break;
	}
	return evaluations;
}

/*
 * Search from where customers leave at once or late: with a large c, alpha and
 * beta go as 1 / c, and the periods after the first make maxima of their own.
 * Returns the evaluations.
 */
static int
search_late(const ContractData *data, OptimizerResult *best)
{
	static const float8 powers[] = {3, 8, 20};
	float8		odds = renewals_per_loss(data->groups, data->ngroups);
	int			evaluations = 0;

	for (int i = 0; i < lengthof(powers); i++)
	{
		const float8 start[CONTRACT_PARAMETERS] = {
			0.5 / powers[i], 0.5 / powers[i] * odds / data->scale, powers[i]
		};
		OptimizerResult result;

		evaluations += search(data, start, &result);
		if (optimizer_better(&result, best))
			*best = result;
	}
	return evaluations;
}

/*
 * Fit a model.  The likelihood of bdw may have several maxima, and ridges
 * towards churn probabilities that are all alike (there beta goes with
 * scale^c) or that jump (c without limit).  It is searched from the sbg model
 * as well, so that it is never the less likely one.
 */
void
contract_fit(ContractKind kind, const RowGroup *groups, int64 ngroups,
			 Fitted *fitted)
{
	ContractData data = {groups, ngroups, contract_type.kinds[CONTRACT_SBG].n};
	float8		scale = renewals_per_loss(groups, ngroups);
	OptimizerResult best = {0};
	int			evaluations;

	data.scale = Max(scale, 1);
	evaluations = search_all(&data, &best);
	if (kind == CONTRACT_BDW && best.status != OPTIMIZER_NO_START)
	{
		const float8 start[CONTRACT_PARAMETERS] = {
			best.p[CONTRACT_ALPHA], best.p[CONTRACT_BETA] / data.scale, 1
		};
		OptimizerResult from_sbg;

		data.n = contract_type.kinds[kind].n;
		evaluations += search_all(&data, &best);
		evaluations += search_late(&data, &best);
		data.power = true;
		evaluations += search(&data, start, &from_sbg);
		if (optimizer_better(&from_sbg, &best))
			best = from_sbg;
	}
	if (best.status == OPTIMIZER_NO_START)
		special_give_up();
	best.evaluations = evaluations;
	fitted->kind = (uint8) kind;
	fitted_from_optimizer(&best, fitted);
}
