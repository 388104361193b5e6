/*
 * survival/bounds.c
 *		Confidence bounds of a probability that has a standard error.
 *
 * With p, its standard error s and the normal quantile z:
 *
 *		log-log	p^exp(-+ z s / (p log p))	Kalbfleisch and Prentice 1980
 *		log		p exp(-+ z s / p), 1 at most
 *		plain	p -+ z s, within 0 .. 1
 */
#include "metrics/survival/bounds.h"

#include <math.h>

#include "base/clip.h"
#include "base/rate.h"
#include "utils/builtins.h"

static const char *const names[] = {
	[BOUNDS_LOG_LOG] = "log-log", [BOUNDS_LOG] = "log", [BOUNDS_PLAIN] = "plain"
};

/* Argument n as a kind of bounds. */
static BoundsType
bounds_type(FunctionCallInfo fcinfo, int n)
{
	const char *words = text_to_cstring(PG_GETARG_TEXT_PP(n));

	for (int type = 0; type < (int) lengthof(names); type++)
		if (strcmp(words, names[type]) == 0)
			return (BoundsType) type;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown conf_type \"%s\"", clip(words)),
			 errhint("Pass 'log-log', 'log' or 'plain'.")));
}

Bounds
bounds_arguments(FunctionCallInfo fcinfo, int n)
{
	Bounds		bounds;

	bounds.z = rate_confidence(PG_GETARG_FLOAT8(n));
	bounds.type = bounds_type(fcinfo, n + 1);
	return bounds;
}

bool
bounds_of(const Bounds *bounds, const Estimate *estimate, float8 *low,
		  float8 *high)
{
	float8		log_value = estimate->log_value;
	float8		spread = bounds->z * estimate->log_error;

	if (isinf(log_value) &&
		(bounds->type != BOUNDS_PLAIN || !isfinite(estimate->std_error)))
		return false;
	switch (bounds->type)
	{
		case BOUNDS_LOG_LOG:
			if (!(log_value < 0))
				return false;
			spread /= log_value;
			*low = exp(log_value * exp(-spread));
			*high = exp(log_value * exp(spread));
			break;
		case BOUNDS_LOG:
			*low = exp(log_value - spread);
			*high = Min(exp(log_value + spread), 1);
			break;
		case BOUNDS_PLAIN:
			spread = bounds->z * estimate->std_error;
			*low = Max(estimate->value - spread, 0);
			*high = Min(estimate->value + spread, 1);
			break;
	}
	return true;
}
