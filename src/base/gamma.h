/*
 * gamma.h
 *		Gamma functions, complete and incomplete.
 */
#ifndef RETENTION_BASE_GAMMA_H
#define RETENTION_BASE_GAMMA_H

#include "base/compat.h"

#include <math.h>

/* log Gamma(x), x > 0; unlike lgamma() it writes no global variable. */
static inline float8
log_gamma(float8 x)
{
	int			sign;

	return lgamma_r(x, &sign);
}

/*
 * Gamma(a, x) exp(x) / x^a, for any a below x + 1 and x >= 1: all denominators
 * of its continued fraction are positive.  NaN where it does not settle.
 */
extern float8 gamma_upper_fraction(float8 a, float8 x);

/*
 * Q(a, x) = Gamma(a, x) / Gamma(a), the regularized upper incomplete gamma
 * function; a > 0, x >= 0, both finite.  Within 0 .. 1.
 */
extern float8 gamma_upper(float8 a, float8 x);

/* The probability that a chi-square of so many degrees of freedom exceeds x. */
static inline float8
chi_square_tail(float8 x, int degrees)
{
	return gamma_upper(degrees / 2.0, x / 2);
}

#endif							/* RETENTION_BASE_GAMMA_H */
