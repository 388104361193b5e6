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

/*
 * Wilson score bounds of the share successes / trials at the normal quantile
 * z; trials > 0, 0 <= successes <= trials.
 */
extern void rate_wilson(float8 successes, float8 trials, float8 z,
						float8 *low, float8 *high);

#endif							/* RETENTION_RATE_H */
