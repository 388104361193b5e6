/*
 * survival/quadratic.h
 *		Tests of scores that add up to 0 against their covariance.
 */
#ifndef RETENTION_SURVIVAL_QUADRATIC_H
#define RETENTION_SURVIVAL_QUADRATIC_H

#include "base/compat.h"

/*
 * v' M^-1 v for the n places index[] of the scores and of a symmetric M, of
 * which the lower triangle is given and overwritten; false when M is singular
 * or not finite.
 */
extern bool quadratic_form(const float8 *scores, float8 *m, int stride,
						   const int *index, int n, float8 *result);

#endif							/* RETENTION_SURVIVAL_QUADRATIC_H */
