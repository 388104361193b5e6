/*
 * rate.h
 *		Shares of counts and their confidence bounds.
 */
#ifndef RETENTION_RATE_H
#define RETENTION_RATE_H

#include "base/compat.h"

/* 97.5 % quantile of the normal distribution: two-sided 95 %. */
#define RATE_Z95 1.959963984540054

/* part / whole; the caller has seen to whole > 0. */
static inline float8
rate_ratio(int64 part, int64 whole)
{
	return (float8) part / (float8) whole;
}

/* Is a number outside 0..1?  NaN is. */
static inline bool
rate_outside(float8 value)
{
	return !(value >= 0 && value <= 1);
}

/* The two-sided normal quantile of a confidence: 1.96 for 0.95. */
extern float8 rate_z(float8 confidence);

/* The same of what a caller passed; error 22003 unless it is within (0, 1). */
extern float8 rate_confidence(float8 confidence);

/*
 * Wilson score bounds of the share successes / trials at the normal quantile
 * z; trials > 0, 0 <= successes <= trials.
 */
extern void rate_wilson(float8 successes, float8 trials, float8 z,
						float8 *low, float8 *high);

/*
 * Newcombe's bounds of the difference of two shares, a - b, at the normal
 * quantile z: successes and trials of each as for rate_wilson().
 */
extern void rate_difference(float8 successes_a, float8 trials_a,
							float8 successes_b, float8 trials_b, float8 z,
							float8 *low, float8 *high);

#endif							/* RETENTION_RATE_H */
