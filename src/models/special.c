/*
 * special.c
 *		Special functions of the fitted models, in double precision.
 *
 * Integrals are taken panel by panel in a logarithm of the variable, where
 * their integrands are analytic within a distance of pi from the real line:
 * with PANEL_WIDTH and PANEL_FALL sixteen nodes give about 13 digits.
 */
#include "models/special.h"

#include "miscadmin.h"

#define RISING_STEPS 1000
#define RISING_MAX 1e15
#define NEGLIGIBLE 1e-18		/* of a sum */

const float8 quadrature_node[QUADRATURE_NODES] = {
	0.0052995325041750337, 0.027712488463383712, 0.0671843988060841281, 0.122297795822498483,
	0.191061877798678126, 0.270991611171386307, 0.359198224610370543, 0.45249374508118128,
	0.54750625491881872, 0.640801775389629457, 0.729008388828613693, 0.808938122201321874,
	0.877702204177501517, 0.932815601193915872, 0.972287511536616288, 0.994700467495824966
};

const float8 quadrature_weight[QUADRATURE_NODES] = {
	0.0135762297058770474, 0.0311267619693239464, 0.0475792558412463924, 0.062314485627766936,
	0.074797994408288366, 0.0845782596975012691, 0.0913017075224617944, 0.0947253052275342481,
	0.0947253052275342481, 0.0913017075224617944, 0.0845782596975012691, 0.074797994408288366,
	0.062314485627766936, 0.0475792558412463924, 0.0311267619693239464, 0.0135762297058770474
};

const float8 quadrature_few_node[QUADRATURE_FEW] = {
	0.00921968287664037465, 0.0479413718147625717, 0.115048662902847656, 0.206341022856691276,
	0.316084250500909903, 0.437383295744265542, 0.562616704255734458, 0.683915749499090097,
	0.793658977143308724, 0.884951337097152344, 0.952058628185237428, 0.990780317123359625
};

const float8 quadrature_few_weight[QUADRATURE_FEW] = {
	0.0235876681932559136, 0.0534696629976592155, 0.0800391642716731132, 0.101583713361532961,
	0.116746268269177404, 0.124573522906701393, 0.124573522906701393, 0.116746268269177404,
	0.101583713361532961, 0.0800391642716731132, 0.0534696629976592155, 0.0235876681932559136
};

/* An integral that does not come to an end. */
void
special_give_up(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the model cannot be computed for these values"),
			 errdetail("A sum or integral does not settle."),
			 errhint("The parameters, or the times, are many orders of magnitude apart: check their units.")));
}

/* ----------------------------------------------------------------
 *		Gamma functions
 * ----------------------------------------------------------------
 */

/*
 * What Stirling's formula leaves of log Gamma(x) after
 * (x - 1/2) log x - x + log(2 pi) / 2; x >= 10.
 */
static float8
stirling_rest(float8 x)
{
	float8		y = 1 / (x * x);

	return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 -
			y * (1.0 / 1188 - y * 691.0 / 360360))))) / x;
}

/* log x - 1 / (2 x) - digamma(x); x >= 10. */
static float8
digamma_rest(float8 x)
{
	float8		y = 1 / (x * x);

	return y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 -
			y * (1.0 / 132 - y * (691.0 / 32760 - y / 12))))));
}

/* The derivative of log_gamma: recurrence up to 10, then its expansion. */
float8
digamma(float8 x)
{
	float8		below = 0;

	if (unlikely(!(x > 0)))
		return NAN;
	while (x < 10)
	{
		below += 1 / x;
		x += 1;
	}
	return log(x) - 0.5 / x - digamma_rest(x) - below;
}

float8
log_rising(float8 x, float8 n)
{
	if (x < 10)
		return log_gamma(x + n) - log_gamma(x);
	return (x - 0.5) * log1p(n / x) + n * (log(x + n) - 1) +
		stirling_rest(x + n) - stirling_rest(x);
}

float8
digamma_rise(float8 x, float8 n)
{
	if (x < 10)
		return digamma(x + n) - digamma(x);
	return log1p(n / x) + 0.5 * n / x / (x + n) + digamma_rest(x) -
		digamma_rest(x + n);
}

/*
 * Gamma(b + u) Gamma(a + b) / (Gamma(b) Gamma(a + b + u)): with b from 10 on by
 * Stirling's formula, whose large terms cancel on paper; below, with
 * Gamma(x + 1) = x Gamma(x).
 */
float8
log_beta_ratio(float8 a, float8 b, float8 u)
{
	float8		below = 0;

	if (unlikely(!(b > 0)))
		return NAN;
	while (b < 10)
	{
		below += log1p(a / b * (u / (a + b + u)));
		b += 1;
	}
	return (b - 0.5) * log1p(a / b * (u / (a + b + u))) -
		u * log1p(a / (b + u)) - a * log1p(u / (a + b)) +
		(stirling_rest(b + u) - stirling_rest(b)) -
		(stirling_rest(a + b + u) - stirling_rest(a + b)) - below;
}

/* Go on to k, which is not below rising->k. */
void
rising_to(Rising *rising, float8 k)
{
	/* past RISING_MAX adding 1 may change nothing */
	if (k - rising->k > RISING_STEPS || k > RISING_MAX)
	{
		rising->log = log_rising(rising->x, k);
		rising->inverse = digamma_rise(rising->x, k);
		rising->k = k;
	}
	while (rising->k < k)
	{
		rising->log += log(rising->x + rising->k);
		rising->inverse += 1 / (rising->x + rising->k);
		rising->k += 1;
	}
}

/* ----------------------------------------------------------------
 *		Integral of exp(-z v) (1 + v)^-s
 * ----------------------------------------------------------------
 */

/* By quadrature in u = log(1 + v). */
static float8
laplace_quadrature(float8 s, float8 z)
{
	float8		end = log1p(60 / z);
	float8		from = 0;
	float8		sum = 0;

	for (int panel = 0; panel < PANELS_MAX; panel++)
	{
		float8		width = Min(PANEL_WIDTH, end - from);
		float8		part = 0;

		while (!panel_fits(&width, fabs(1 - s) + z * exp(from + width)))
			;
		for (int i = 0; i < QUADRATURE_NODES; i++)
		{
			float8		u = from + width * quadrature_node[i];

			part += quadrature_weight[i] * exp((1 - s) * u - z * expm1(u));
		}
		sum += width * part;
		from += width;
		if (from >= end || (s >= 1 && width * part < NEGLIGIBLE * sum))
			return sum;
	}
	special_give_up();
}

/* For z from 1 on as exp(z) z^(s-1) Gamma(1 - s, z), DLMF 8.19.1. */
float8
laplace_of_power(float8 s, float8 z)
{
	float8		value = z >= 1 ? gamma_upper_fraction(1 - s, z) :
		laplace_quadrature(s, z);

	if (unlikely(isnan(value)))
		special_give_up();
	return value;
}

/* ----------------------------------------------------------------
 *		Means over a Beta distribution
 * ----------------------------------------------------------------
 */

typedef struct BetaWeight
{
	float8		a;
	float8		b;
	float8		pm;				/* a / (a + b), where the weight is highest */
	float8		qm;				/* 1 - pm */
} BetaWeight;

/*
 * At v, the distance of log(p / (1 - p)) from where the weight is highest:
 * p, 1 - p and the weight p^a (1 - p)^b over its highest value.
 */
static float8
beta_weight(const BetaWeight *w, float8 v, float8 *p, float8 *q)
{
	float8		part;

	if (w->pm <= 0.5)
	{
		part = w->pm * expm1(v);
		*p = w->pm * exp(v) / (1 + part);
		*q = w->qm / (1 + part);
		return exp(w->a * v - (w->a + w->b) * log1p(part));
	}
	part = w->qm * expm1(-v);
	*p = w->pm / (1 + part);
	*q = w->qm * exp(-v) / (1 + part);
	return exp(-w->b * v - (w->a + w->b) * log1p(part));
}

/* How fast the integrand may fall, at v. */
static float8
beta_rate(const BetaWeight *w, float8 v)
{
	float8		p;
	float8		q;

	(void) beta_weight(w, v, &p, &q);
	return fabs(w->a * q - w->b * p) + 1;
}

/*
 * Add the integrals of weight and of weight times function from the highest
 * weight to one end, side being 1 or -1.
 */
static void
beta_side(const BetaWeight *w, BetaFunction function, void *arg, float8 small,
		  int side, float8 *weights, float8 *products)
{
	float8		from = 0;

	for (int panel = 0; panel < PANELS_MAX; panel++)
	{
		float8		width = PANEL_WIDTH;
		float8		p;
		float8		q;
		float8		weight = beta_weight(w, side * from, &p, &q);
		float8		sum = 0;
		float8		product = 0;

		CHECK_FOR_INTERRUPTS();
		/* from here on both are exponentials, to rounding */
		if (side < 0 ? p * Max(w->b, 1) < 1e-17 * Min(small, 1) : q < 1e-17)
		{
			float8		tail = weight / (side < 0 ? w->a : w->b);

			*weights += tail;
			*products += tail * function(p, arg);
			return;
		}
		while (!panel_fits(&width, beta_rate(w, side * (from + width))))
			;
		for (int i = 0; i < QUADRATURE_NODES; i++)
		{
			float8		v = side * (from + width * quadrature_node[i]);

			weight = width * quadrature_weight[i] * beta_weight(w, v, &p, &q);
			if (weight == 0)
				continue;
			sum += weight;
			product += weight * function(p, arg);
		}
		*weights += sum;
		*products += product;
		from += width;
		if (sum <= NEGLIGIBLE * *weights && product <= NEGLIGIBLE * *products)
			return;
	}
	special_give_up();
}

float8
beta_mean(BetaFunction function, void *arg, float8 a, float8 b, float8 small)
{
	BetaWeight	w = {a, b, a / (a + b), b / (a + b)};
	float8		weights = 0;
	float8		products = 0;

	beta_side(&w, function, arg, small, -1, &weights, &products);
	beta_side(&w, function, arg, small, 1, &weights, &products);
	return products / weights;
}
