/*
 * optimizer_climb.c
 *		Up from a start: BFGS with a weak Wolfe line search.
 *
 * Nocedal and Wright, Numerical Optimization, 2006, chapters 3 and 6.  Steps
 * are at most STEP_MAX long in every logarithm.
 */
#include "models/optimizer_internal.h"

#include "miscadmin.h"

#define LINE_TRIALS 40
#define NOISE 1e-16				/* of a value, relative to 1 + |value| */

/* Gain still to be had, relative to 1 + |value|, at which to stop. */
#define BFGS_GAIN 1e-12
#define BFGS_LEAST_GAIN 1e-8	/* absolute */
#define SLOW_STEPS 6			/* of BFGS, that gain less than ... */
#define SLOW_GAIN 1e-2			/* ... in all (absolute): Newton's turn */

/* ----------------------------------------------------------------
 *		The function
 * ----------------------------------------------------------------
 */

bool
search_evaluate(Search *s, Point *point)
{
	float8		p[N];
	bool		finite;

	CHECK_FOR_INTERRUPTS();
	s->evaluations++;
	for (int i = 0; i < s->n; i++)
		p[i] = exp(point->at[i]);
	point->value = -s->problem->function(p, point->gradient, s->problem->arg);
	finite = isfinite(point->value);
	for (int i = 0; i < s->n; i++)
	{
		point->gradient[i] *= -p[i];
		finite = finite && isfinite(point->gradient[i]);
	}
	if (!finite)
		point->value = INFINITY;
	return finite;
}

bool
search_exhausted(const Search *s, int more)
{
	return s->evaluations + more > s->limit;
}

bool
search_is_at_end(const Search *s, int i)
{
	return s->best.at[i] <= search_lowest(s, i) + AT_END ||
		s->best.at[i] >= OPTIMIZER_LOG_RANGE - AT_END;
}

bool
search_is_held(const Search *s, const Point *point, int i)
{
	return (point->at[i] >= OPTIMIZER_LOG_RANGE && point->gradient[i] < 0) ||
		(point->at[i] <= search_lowest(s, i) && point->gradient[i] > 0);
}

void
search_move(const Search *s, const Point *from, const float8 *direction, float8 t,
	 Point *to)
{
	for (int i = 0; i < s->n; i++)
		to->at[i] = Min(Max(from->at[i] + t * direction[i], search_lowest(s, i)),
						OPTIMIZER_LOG_RANGE);
}

/* ----------------------------------------------------------------
 *		BFGS
 * ----------------------------------------------------------------
 */

bool
search_line(Search *s, const float8 *direction, float8 slope, Point *to)
{
	float8		low = 0;
	float8		high = INFINITY;
	float8		longest = STEP_MAX / vector_max_abs(s->n, direction);
	float8		t = Min(1, longest);
	Point		lowest;

	lowest.value = s->best.value;
	for (int trial = 0; trial < LINE_TRIALS && !search_exhausted(s, 1); trial++)
	{
		if (-t * slope < search_tolerance(NOISE, &s->best))
			break;
		search_move(s, &s->best, direction, t, to);
		if (!search_evaluate(s, to) ||
			!(to->value <= s->best.value + 1e-4 * t * slope))
			high = t;
		else
		{
			if (to->value < lowest.value)
				lowest = *to;
			if (t >= longest ||
				vector_dot(s->n, to->gradient, direction) >= 0.9 * slope)
				return true;
			low = t;
		}
		t = isinf(high) ? Min(2 * low, longest) : (low + high) / 2;
	}
	*to = lowest;
	return lowest.value < s->best.value;
}

/* Update the inverse Hessian with a step and what it did to the gradient. */
static void
bfgs_update(int n, SmallMatrix inverse, const float8 *step, const float8 *change,
			bool first)
{
	float8		curvature = vector_dot(n, step, change);
	float8		image[N];
	float8		factor;

	if (!(curvature > 1e-12 * sqrt(vector_dot(n, step, step) * vector_dot(n, change, change))))
		return;
	if (first)
		matrix_set_identity(n, inverse, curvature / vector_dot(n, change, change));
	matrix_multiply(n, inverse, change, image);
	factor = (1 + vector_dot(n, change, image) / curvature) / curvature;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			inverse[i][j] += factor * step[i] * step[j] -
				(image[i] * step[j] + step[i] * image[j]) / curvature;
}

/* The direction of the next step; returns its slope, negative. */
static float8
bfgs_direction(const Search *s, SmallMatrix inverse, bool *fresh, float8 *direction)
{
	const Point *best = &s->best;
	float8		gradient[N] = {0};
	float8		slope;

	for (int i = 0; i < s->n; i++)
		gradient[i] = search_is_held(s, best, i) ? 0 : best->gradient[i];
	for (;;)
	{
		matrix_multiply(s->n, inverse, gradient, direction);
		for (int i = 0; i < s->n; i++)
			direction[i] = search_is_held(s, best, i) ? 0 : -direction[i];
		slope = vector_dot(s->n, direction, gradient);
		if (slope < 0 || *fresh)
			return slope;
		matrix_set_identity(s->n, inverse, 1 / Max(vector_max_abs(s->n, gradient), 1e-300));
		*fresh = true;
	}
}

void
search_climb(Search *s)
{
	SmallMatrix		inverse = {{0}};
	bool		fresh = true;
	float8		checked = INFINITY;	/* value some steps ago */

	matrix_set_identity(s->n, inverse,
				 1 / Max(vector_max_abs(s->n, s->best.gradient), 1e-300));
	for (int steps = 0; !search_exhausted(s, 1); steps++)
	{
		float8		direction[N] = {0};
		float8		step[N];
		float8		change[N];
		Point		next;
		float8		slope = bfgs_direction(s, inverse, &fresh, direction);

		if (steps % SLOW_STEPS == 0)
		{
			if (checked - s->best.value < SLOW_GAIN)
				break;
			checked = s->best.value;
		}
		if (!(slope < 0) ||
			(!fresh && -slope / 2 < Max(search_tolerance(BFGS_GAIN, &s->best), BFGS_LEAST_GAIN)))
			break;
		if (!search_line(s, direction, slope, &next))
		{
			if (fresh)
				break;
			matrix_set_identity(s->n, inverse,
						 1 / Max(vector_max_abs(s->n, s->best.gradient), 1e-300));
			fresh = true;
			continue;
		}
		for (int i = 0; i < s->n; i++)
		{
			step[i] = next.at[i] - s->best.at[i];
			change[i] = next.gradient[i] - s->best.gradient[i];
		}
		bfgs_update(s->n, inverse, step, change, fresh);
		fresh = false;
		s->best = next;
	}
}
