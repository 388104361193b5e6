/*
 * contract_lifetime.c
 *		Discounted expected lifetime of a contract: the sum of survival times
 *		discount over all periods to come (Fader and Hardie, "Customer-base
 *		valuation in a contractual setting", Marketing Science 29, 2010).
 *
 * Terms are added up until the rest is negligible, or until they change so
 * little from one to the next that the rest is an integral (Euler and
 * Maclaurin), which is taken panel by panel in the logarithm of the time.
 */
#include "models/contract.h"

#include "miscadmin.h"
#include "models/special.h"

#define TERMS_MAX 1000000
#define LIFETIME_PANELS 4000
#define SMOOTH 0.02				/* change of a smooth term, relative */
#define NEGLIGIBLE_REST 1e-17	/* of a sum */

typedef struct Payments
{
	Contract	m;
	float8		made;			/* renewals */
	float8		used;			/* their u */
	float8		first;			/* period of the next payment */
	float8		fall;			/* of the value of money, in logarithms */
} Payments;

/* What the payment of period t is worth now, in logarithms. */
static float8
log_worth(const Payments *s, float8 t)
{
	const Contract *m = &s->m;
	float8		fall = s->fall * (t - s->first);
	float8		further;

	if (s->made == 0)
		return contract_log_survival(m, t) - fall;
	if (isinf(s->used))
		return -m->alpha * m->c * log(t / s->made) - fall;
	further = s->used * expm1(m->c * log(t / s->made));
	if (isinf(further))
		return log_rising(m->beta + s->used, m->alpha) -
			m->alpha * m->c * log(t) - fall;
	return log_beta_ratio(m->alpha, m->beta + s->used, further) - fall;
}

/* Its derivative by t. */
static float8
slope(const Payments *s, float8 t)
{
	float8		u = pow(t, s->m.c);

	if (isinf(u))
		return -s->m.alpha * s->m.c / t - s->fall;
	return -digamma_rise(s->m.beta + u, s->m.alpha) * s->m.c * u / t - s->fall;
}

/*
 * Sum of the payments from period t on less their integral: half the first
 * one, less its first derivative / 12, plus its third / 720.
 */
static float8
sum_less_integral(const Payments *s, float8 t)
{
	float8		step = t / 100;
	float8		before = slope(s, t - step);
	float8		here = slope(s, t);
	float8		after = slope(s, t + step);
	float8		second = (after - before) / (2 * step);
	float8		third = (after - 2 * here + before) / (step * step);

	return exp(log_worth(s, t)) *
		(0.5 - here / 12 +
		 (here * here * here + 3 * here * second + third) / 720);
}

/* Integral of the payments from period t on; sum is what they are added to. */
static float8
integral(const Payments *s, float8 t, float8 sum)
{
	const Contract *m = &s->m;
	float8		power = m->alpha * m->c - 1;
	float8		widest = PANEL_WIDTH / Max(1, m->c);
	float8		total = 0;

	for (int panel = 0; panel < LIFETIME_PANELS; panel++)
	{
		float8		width = widest;
		float8		end;
		float8		part = 0;

		CHECK_FOR_INTERRUPTS();
		do
			end = t * exp(width);
		while (!panel_fits(&width, fabs(1 + end * slope(s, end))));
		for (int i = 0; i < QUADRATURE_NODES; i++)
		{
			float8		at = t * exp(width * quadrature_node[i]);

			part += quadrature_weight[i] * at * exp(log_worth(s, at));
		}
		part *= width;
		total += part;
		t = end;
		if (1 + t * slope(s, t) < 0 &&
			part < NEGLIGIBLE_REST * (total + sum) * Min(1, width))
			return total;

		/* in the end survival falls as a power of t */
		if (s->fall == 0 && pow(t, m->c) > 1e17 * (m->alpha + m->beta + 1))
			return total + t * exp(log_worth(s, t)) / power;
	}
	special_give_up();
}

/* The sum of the payments. */
static float8
add_up(const Payments *s)
{
	Sum			sum = {0, 0};
	float8		term = exp(log_worth(s, s->first));
	float8		factor = exp(-s->fall);

	for (int i = 0; i < TERMS_MAX; i++)
	{
		float8		t = s->first + i;

		CHECK_FOR_INTERRUPTS();
		if (term <= 0 ||
			(s->fall > 0 && term <= NEGLIGIBLE_REST * sum.sum * expm1(s->fall)))
			return sum_total(&sum);
		if (t * SMOOTH >= Max(1, s->m.c) && fabs(slope(s, t)) <= SMOOTH)
			return sum_total(&sum) + sum_less_integral(s, t) +
				integral(s, t, sum.sum);
		sum_add(&sum, term);
		if (s->m.c == 1)
			term *= (s->m.beta + t) / (s->m.alpha + s->m.beta + t) * factor;
		else
			term = exp(log_worth(s, t + 1));
	}
	special_give_up();
}

bool
contract_lifetime(const Contract *m, float8 discount, int64 renewals,
				  float8 *lifetime)
{
	Payments	s = {*m, (float8) renewals, 0, 0, log1p(discount)};

	if (renewals > 0)
	{
		s.used = pow(s.made, m->c);
		s.first = s.made + 1;
	}
	if (discount > 0)
		*lifetime = add_up(&s);
	else if (!(m->alpha * m->c > 1))
		return false;
	else if (m->c == 1)
		*lifetime = (m->beta + (renewals > 0 ? s.made : m->alpha - 1)) /
			(m->alpha - 1);
	else
		*lifetime = add_up(&s);
	return true;
}
