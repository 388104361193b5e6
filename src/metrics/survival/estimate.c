/*
 * survival/estimate.c
 *		Estimates from a survival curve.
 *
 * With d of n customers at risk churning at time t (those last seen at t are
 * at risk at t, those who enter at t are not yet):
 *
 *		S(t) = product of (1 - d/n)				Kaplan and Meier, JASA 53, 1958
 *		Var log S(t) = sum of d / (n (n - d))	Greenwood 1926
 *		H(t) = sum of d/n						Nelson 1972, Aalen 1978
 *		Var H(t) = sum of d / n^2				Aalen 1978
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "miscadmin.h"

/* Customers at risk at a time: those who entered before and left no earlier. */
int64
curve_at_risk(const SurvivalCurve *curve, float8 at)
{
	int64		at_risk = curve->customers;

	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		if (time->at < at)
			at_risk -= time->events + time->censored;
		else if ((curve->flags & CURVE_LATE) == 0)
			break;
		else
			at_risk -= time->entered;
	}
	return at_risk;
}

int64
curve_leaving_times(const SurvivalCurve *curve)
{
	int64		n = 0;

	for (int64 i = 0; i < curve->ntimes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		n += curve->times[i].events > 0 || curve->times[i].censored > 0;
	}
	return n;
}

void
curve_walk_begin(CurveWalk *walk, const SurvivalCurve *curve)
{
	int64		at_risk = curve_at_risk(curve, 0);

	memset(walk, 0, sizeof(CurveWalk));
	walk->curve = curve;
	walk->point.at_risk = at_risk;
	walk->point.survival = 1;
	walk->base = 1;
	walk->base_risk = at_risk;
}

/* At a time some leave, the curve falls. */
static void
take_events(CurveWalk *walk, int64 events)
{
	CurvePoint *point = &walk->point;
	int64		left = point->at_risk - events;
	float8		n = (float8) point->at_risk;
	float8		d = (float8) events;

	point->survival = walk->base * ((float8) left / (float8) walk->base_risk);
	point->log_survival += d < n / 2 ? log1p(-d / n) : log((float8) left / n);
	point->variance += d / n / (float8) left;
	point->hazard += d / n;
	point->hazard_variance += d / n / n;
}

/*
 * The estimates at the next time at which somebody leaves; NULL after the
 * last.  As long as nobody is censored or enters, the product is the ratio of
 * the customers left, so that without any it is exact.
 */
const CurvePoint *
curve_walk_next(CurveWalk *walk)
{
	CurvePoint *point = &walk->point;

	point->at_risk += walk->entered - point->events - point->censored;
	walk->entered = point->events = point->censored = 0;
	while (walk->next < walk->curve->ntimes)
	{
		const CurveTime *time = &walk->curve->times[walk->next++];

		CHECK_FOR_INTERRUPTS();
		if (time->events > 0)
			take_events(walk, time->events);
		if (time->censored > 0 || time->entered > 0)
		{
			walk->base = point->survival;
			walk->base_risk = point->at_risk - time->events - time->censored +
				time->entered;
		}
		if (time->events > 0 || time->censored > 0)
		{
			point->at = time->at;
			point->events = time->events;
			point->censored = time->censored;
			walk->entered = time->entered;
			return point;
		}
		point->at_risk += time->entered;
	}
	return NULL;
}

/* The survival of a point as what bounds are made of. */
Estimate
curve_estimate(const CurvePoint *point)
{
	float8		error = sqrt(point->variance);

	return (Estimate) {
		.value = point->survival, .log_value = point->log_survival,
		.std_error = point->survival * error, .log_error = error
	};
}
