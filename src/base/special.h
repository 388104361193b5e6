/*
 * special.h
 *		Special functions of statistical tests.
 */
#ifndef RETENTION_BASE_SPECIAL_H
#define RETENTION_BASE_SPECIAL_H

#include "base/compat.h"

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

#endif							/* RETENTION_BASE_SPECIAL_H */
