/*
 * special.h
 *		Special functions and sums of the fitted models, in double precision.
 */
#ifndef RETENTION_SPECIAL_H
#define RETENTION_SPECIAL_H

#include "base/gamma.h"

/* A sum with the rounding errors of its steps (Neumaier 1974). */
typedef struct Sum
{
	float8		sum;
	float8		lost;
} Sum;

static inline void
sum_add(Sum *s, float8 value)
{
	float8		next = s->sum + value;

	s->lost += fabs(s->sum) >= fabs(value) ? (s->sum - next) + value :
		(value - next) + s->sum;
	s->sum = next;
}

static inline float8
sum_total(const Sum *s)
{
	return s->sum + s->lost;
}

/* log(exp(a) + exp(b)); either may be -infinity. */
static inline float8
log_add_exp(float8 a, float8 b)
{
	float8		high = Max(a, b);

	return isinf(high) ? high : high + log1p(exp(-fabs(a - b)));
}

/* 1 / (1 + exp(x)) */
static inline float8
logistic_complement(float8 x)
{
	return x > 0 ? exp(-x) / (1 + exp(-x)) : 1 / (1 + exp(x));
}

/* The derivative of log_gamma(), x > 0. */
extern float8 digamma(float8 x);

/*
 * log(Gamma(x + n) / Gamma(x)), x > 0 and n >= 0 of any kind, without the
 * cancellation of the two, and its derivative by x.
 */
extern float8 log_rising(float8 x, float8 n);
extern float8 digamma_rise(float8 x, float8 n);

/*
 * log(B(a, b + u) / B(a, b)) of the beta function, a, b > 0 and u >= 0,
 * without the cancellation of the two; 0 or below.
 */
extern float8 log_beta_ratio(float8 a, float8 b, float8 u);

/*
 * log_rising and digamma_rise for k = 0, 1, 2, ... in ascending order: sums of log(x + i) and of
 * 1 / (x + i) over i < k.
 */
typedef struct Rising
{
	float8		x;
	float8		k;
	float8		log;
	float8		inverse;
} Rising;

extern void rising_to(Rising *rising, float8 k);

/*
 * Nodes on (0, 1) and weights, adding up to 1, of Gauss and Legendre's
 * quadrature, exact for polynomials of degree 2 * QUADRATURE_NODES - 1.
 */
#define QUADRATURE_NODES 16
extern const float8 quadrature_node[QUADRATURE_NODES];
extern const float8 quadrature_weight[QUADRATURE_NODES];

/* The same, for short panels of what is smooth. */
#define QUADRATURE_FEW 12
extern const float8 quadrature_few_node[QUADRATURE_FEW];
extern const float8 quadrature_few_weight[QUADRATURE_FEW];

/*
 * A panel of quadrature: at most so wide in a logarithm, while the integrand
 * falls or rises by at most exp(PANEL_FALL); an integral has no more than
 * PANELS_MAX.
 */
#define PANEL_WIDTH 2.0
#define PANEL_FALL 14.0
#define PANELS_MAX 400

/*
 * Is a panel narrow enough, given how fast the integrand changes at its end?
 * If not it is narrowed, and the rate is to be asked for again.
 */
static inline bool
panel_fits(float8 *width, float8 rate)
{
	if (!(*width * rate > PANEL_FALL * (1 + 1e-9)))
		return true;
	*width = Max(*width / 2, PANEL_FALL / rate);
	return false;
}

/* An integral that does not come to an end: error 22003. */
pg_noreturn extern void special_give_up(void);

/* Integral from 0 of exp(-z v) (1 + v)^-s; s >= 0, z > 0. */
extern float8 laplace_of_power(float8 s, float8 z);

/*
 * Mean of a function of p in (0, 1) over a Beta(a, b) distribution, a, b > 0
 * of any size.  The function is analytic in log(p / (1 - p)) and changes no
 * faster than 1 / p; below p = 1e-17 * small it is constant, to rounding.
 */
typedef float8 (*BetaFunction) (float8 p, void *arg);
extern float8 beta_mean(BetaFunction function, void *arg, float8 a, float8 b,
						float8 small);

#endif							/* RETENTION_SPECIAL_H */
