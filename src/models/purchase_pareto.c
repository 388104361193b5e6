/*
 * purchase_pareto.c
 *		The Pareto/NBD model: likelihood and predictions.
 *
 * Schmittlein, Morrison and Colombo, Counting Your Customers, Management
 * Science 33 (1987).  The published expressions have differences of
 * hypergeometric functions, which cancel and overflow; here is the integral
 * they come from, over the time y at which the customer may have left.
 *
 * With A = (1 + T/alpha)^-(r+x) (1 + T/beta)^-s and I the integral from tx to
 * T of (1 + y/alpha)^-(r+x) (1 + y/beta)^-(s+1) dy / beta, the likelihood is
 * Gamma(r+x) / Gamma(r) alpha^-x (A + s I).
 */
#include "models/purchase.h"

#include "miscadmin.h"
#include "models/special.h"

/* A panel along which the integrand falls by no more takes fewer nodes. */
#define FEW_FALL 6.0

/*
 * The integral from lower to upper of
 * ((alpha + lower) / (alpha + y))^k ((beta + lower) / (beta + y))^l dy,
 * and the means over its integrand that the gradient needs.
 */
typedef struct LeaveTime
{
	float8		integral;
	float8		log_a;			/* of log((alpha + y) / (alpha + lower)) */
	float8		log_b;			/* of log((beta + y) / (beta + lower)) */
	float8		share_a;		/* of y / (alpha + y) */
	float8		share_b;		/* of y / (beta + y) */
} LeaveTime;

/* What the panels of an integral have in common. */
typedef struct LeaveRange
{
	float8		k;
	float8		l;
	float8		alpha;
	float8		beta;
	float8		lower;
	float8		near;			/* the smaller one of alpha and beta */
} LeaveRange;

/* How fast the integrand may fall at u = log((near + y) / (near + lower)). */
static float8
leave_rate(const LeaveRange *r, float8 u)
{
	float8		y = (r->near + r->lower) * expm1(u) + r->lower;

	return r->k * (r->near + y) / (r->alpha + y) +
		r->l * (r->near + y) / (r->beta + y);
}

/* Add a panel; returns its part of the integral. */
static float8
leave_panel(const LeaveRange *r, float8 from, float8 width, bool few,
			LeaveTime *sums)
{
	const float8 *node = few ? quadrature_few_node : quadrature_node;
	const float8 *weight = few ? quadrature_few_weight : quadrature_weight;
	int			nodes = few ? QUADRATURE_FEW : QUADRATURE_NODES;
	float8		scale = (r->near + r->lower) * width;
	float8		part = 0;

	for (int i = 0; i < nodes; i++)
	{
		float8		u = from + width * node[i];
		float8		past = (r->near + r->lower) * expm1(u);
		float8		y = r->lower + past;
		float8		log_a = r->near == r->alpha ? u :
			log1p(past / (r->alpha + r->lower));
		float8		log_b = r->near == r->beta ? u :
			log1p(past / (r->beta + r->lower));
		float8		w = weight[i] * scale *
			exp(u - r->k * log_a - r->l * log_b);

		part += w;
		sums->log_a += w * log_a;
		sums->log_b += w * log_b;
		sums->share_a += w * y / (r->alpha + y);
		sums->share_b += w * y / (r->beta + y);
	}
	sums->integral += part;
	return part;
}

static LeaveTime
leave_time(float8 k, float8 l, float8 alpha, float8 beta, float8 lower,
		   float8 upper)
{
	LeaveRange	r = {k, l, alpha, beta, lower, Min(alpha, beta)};
	LeaveTime	sums = {0};
	float8		end = log1p((upper - lower) / (r.near + lower));
	float8		from = 0;

	for (int panel = 0; panel < PANELS_MAX; panel++)
	{
		float8		width = Min(PANEL_WIDTH, end - from);
		float8		rate = leave_rate(&r, from + width);
		float8		part;

		if (!(width > 0))
			break;
		while (!panel_fits(&width, rate))
			rate = leave_rate(&r, from + width);
		part = leave_panel(&r, from, width,
						   width * rate <= FEW_FALL, &sums);
		from += width;
		if (from >= end || part < 1e-18 * sums.integral)
			break;
		if (panel == PANELS_MAX - 1)
			special_give_up();
	}
	if (sums.integral > 0)
	{
		sums.log_a /= sums.integral;
		sums.log_b /= sums.integral;
		sums.share_a /= sums.integral;
		sums.share_b /= sums.integral;
	}
	return sums;
}

/*
 * Log odds of having left by T: log(s I / A), -infinity where tx = T.
 */
static float8
log_odds_left(const float8 *p, const PurchaseHistory *h, const LeaveTime *left)
{
	float8		silence = h->T - h->tx;

	return log(p[2]) + log(left->integral / (p[3] + h->tx)) +
		(p[0] + h->x) * log1p(silence / (p[1] + h->tx)) +
		p[2] * log1p(silence / (p[3] + h->tx));
}

static float8
odds_of_history(const float8 *p, const PurchaseHistory *h)
{
	LeaveTime	left = leave_time(p[0] + h->x, p[2] + 1, p[1], p[3], h->tx,
								  h->T);

	return log_odds_left(p, h, &left);
}

/* log(1 + exp(x)) */
static float8
log1p_exp(float8 x)
{
	return Max(x, 0) + log1p(exp(-fabs(x)));
}

/* ----------------------------------------------------------------
 *		Likelihood
 * ----------------------------------------------------------------
 */

float8
pareto_log_likelihood(const float8 *p, const PurchaseHistory *h)
{
	return log_rising(p[0], h->x) - h->x * log(p[1]) -
		(p[0] + h->x) * log1p(h->T / p[1]) - p[2] * log1p(h->T / p[3]) +
		log1p_exp(odds_of_history(p, h));
}

/*
 * Log-likelihood of all groups and its gradient: the weights of A and s I in
 * their sum, times the derivatives of their logarithms.
 */
float8
pareto_objective(const float8 *p, float8 *gradient, void *data)
{
	const PurchaseData *d = data;
	float8		alpha = p[1];
	float8		beta = p[3];
	float8		s = p[2];
	Rising		r = {.x = p[0]};
	Sum			value = {0};
	Sum			sums[PURCHASE_PARAMETERS] = {{0}};

	for (int64 i = 0; i < d->ngroups; i++)
	{
		const RowGroup *g = &d->groups[i];
		PurchaseHistory h = {g->x, g->u * d->scale, g->v * d->scale};
		float8		k = p[0] + h.x;
		float8		log_a = log1p(h.T / alpha);
		float8		log_b = log1p(h.T / beta);
		float8		count = g->count;
		LeaveTime	left;
		float8		odds;
		float8		gone;
		float8		alive;

		CHECK_FOR_INTERRUPTS();
		rising_to(&r, h.x);
		left = leave_time(k, s + 1, alpha, beta, h.tx, h.T);
		odds = log_odds_left(p, &h, &left);
		gone = logistic_complement(-odds);
		alive = logistic_complement(odds);
		sum_add(&value, count * (r.log - h.x * log(alpha) - k * log_a -
								 s * log_b + log1p_exp(odds)));
		sum_add(&sums[0], count * (r.inverse - alive * log_a -
								   gone * (log1p(h.tx / alpha) + left.log_a)));
		sum_add(&sums[1], count / alpha *
				(k * (alive * h.T / (alpha + h.T) + gone * left.share_a) - h.x));
		sum_add(&sums[2], count * (gone / s - alive * log_b -
								   gone * (log1p(h.tx / beta) + left.log_b)));
		sum_add(&sums[3], count / beta *
				(alive * s * h.T / (beta + h.T) +
				 gone * ((s + 1) * left.share_b - 1)));
	}
	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
		gradient[i] = sum_total(&sums[i]);
	return sum_total(&value);
}

/* ----------------------------------------------------------------
 *		Predictions
 * ----------------------------------------------------------------
 */

float8
pareto_p_alive(const float8 *p, const PurchaseHistory *h)
{
	return logistic_complement(odds_of_history(p, h));
}

/* Alive at T, then mu ~ Gamma(s, beta + T) and lambda ~ Gamma(r+x, alpha+T). */
float8
pareto_expected(const float8 *p, const PurchaseHistory *h, float8 t)
{
	float8		B = p[3] + h->T;
	float8		L = log1p(t / B);
	float8		eps = p[2] - 1;
	float8		lifetime = eps == 0 ? L : -expm1(-eps * L) / eps;

	return pareto_p_alive(p, h) * (p[0] + h->x) / (p[1] + h->T) * B * lifetime;
}

/* A purchase in (T, T + t], before the customer leaves. */
float8
pareto_p_some(const float8 *p, const PurchaseHistory *h, float8 t)
{
	LeaveTime	first = leave_time(p[0] + h->x + 1, p[2], p[1], p[3], h->T,
								   h->T + t);

	return pareto_p_alive(p, h) * (p[0] + h->x) / (p[1] + h->T) *
		first.integral;
}

/* The integral of exp(-rate u) over the rate of purchases of one alive. */
float8
pareto_discounted(const float8 *p, const PurchaseHistory *h, float8 rate)
{
	float8		B = p[3] + h->T;

	return pareto_p_alive(p, h) * (p[0] + h->x) / (p[1] + h->T) * B *
		laplace_of_power(p[2], rate * B);
}
