/*
 * survival/estimate.c
 *		Estimates from a survival curve.
 *
 * With d of n customers at risk churning at time t (those last seen at t are
 * at risk at t):
 *
 *		S(t) = product of (1 - d/n)				Kaplan and Meier, JASA 53, 1958
 *		Var log S(t) = sum of d / (n (n - d))	Greenwood 1926
 *		H(t) = sum of d/n						Nelson 1972, Aalen 1978
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/rate.h"
#include "base/value.h"
#include "miscadmin.h"

void
curve_walk_begin(CurveWalk *walk, const SurvivalCurve *curve)
{
	memset(walk, 0, sizeof(CurveWalk));
	walk->curve = curve;
	walk->point.at_risk = curve->customers;
	walk->point.survival = 1;
	walk->base = 1;
	walk->base_risk = curve->customers;
}

/*
 * The estimates at the next time; NULL after the last.  Between two
 * censorings the product is the ratio of the customers left, so that without
 * any it is exact.
 */
const CurvePoint *
curve_walk_next(CurveWalk *walk)
{
	CurvePoint *point = &walk->point;
	const CurveTime *time;
	int64		left;

	if (walk->next == walk->curve->ntimes)
		return NULL;
	CHECK_FOR_INTERRUPTS();
	time = &walk->curve->times[walk->next++];
	point->at_risk -= point->events + point->censored;
	point->at = time->at;
	point->events = time->events;
	point->censored = time->censored;
	left = point->at_risk - time->events;
	if (time->events > 0)
	{
		float8		n = (float8) point->at_risk;
		float8		d = (float8) time->events;

		point->survival = walk->base * ((float8) left / (float8) walk->base_risk);
		point->log_survival += d < n / 2 ? log1p(-d / n) :
			log((float8) left / n);
		point->variance += d / n / (float8) left;
		point->hazard += d / n;
	}
	if (time->censored > 0)
	{
		walk->base = point->survival;
		walk->base_risk = left - time->censored;
	}
	return point;
}

/* Bounds of the survival. */
bool
curve_bounds(const CurvePoint *point, float8 z, float8 *low, float8 *high)
{
	float8		spread;

	if (!(point->log_survival < 0) || isinf(point->log_survival))
		return false;
	spread = z * sqrt(point->variance) / point->log_survival;
	*low = exp(point->log_survival * exp(-spread));
	*high = exp(point->log_survival * exp(spread));
	return true;
}

/* Argument n as a confidence. */
float8
curve_confidence(FunctionCallInfo fcinfo, int n)
{
	return rate_confidence(PG_GETARG_FLOAT8(n));
}
