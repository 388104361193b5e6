/*
 * survival/bounds.h
 *		Confidence bounds of a probability that has a standard error.
 */
#ifndef RETENTION_SURVIVAL_BOUNDS_H
#define RETENTION_SURVIVAL_BOUNDS_H

#include "base/compat.h"

/* What is taken to be normally distributed. */
typedef enum BoundsType
{
	BOUNDS_LOG_LOG,				/* log(-log p) */
	BOUNDS_LOG,					/* log p */
	BOUNDS_PLAIN				/* p */
} BoundsType;

/* A probability, kept as its logarithm too, so that small ones stay exact. */
typedef struct Estimate
{
	float8		value;
	float8		log_value;		/* -infinity at 0 */
	float8		std_error;		/* of value */
	float8		log_error;		/* of log_value */
} Estimate;

/* How bounds are asked for. */
typedef struct Bounds
{
	BoundsType	type;
	float8		z;				/* normal quantile */
} Bounds;

/*
 * Arguments n and n + 1 as the confidence and the kind of the bounds, as R's
 * survival calls it.  Errors: 22003 for a confidence outside (0, 1), 22023 for
 * any other word.
 */
extern Bounds bounds_arguments(FunctionCallInfo fcinfo, int n);

/*
 * Bounds within 0 .. 1; false where there are none: at 0, unless plain ones of
 * a standard error that there is, and for BOUNDS_LOG_LOG at 1.
 */
extern bool bounds_of(const Bounds *bounds, const Estimate *estimate,
					  float8 *low, float8 *high);

#endif							/* RETENTION_SURVIVAL_BOUNDS_H */
