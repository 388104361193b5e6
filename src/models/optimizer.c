/*
 * optimizer.c
 *		Maximum of a smooth function of a few positive parameters.
 *
 * The search runs in the logarithms of the parameters and minimizes the
 * negative function.  BFGS with a weak Wolfe line search (Nocedal and Wright,
 * Numerical Optimization, 2006, chapters 3 and 6) finds the neighbourhood of
 * the maximum; Newton steps with a Hessian from central differences of the
 * gradient finish, and the same Hessian gives the covariance.
 *
 * Steps are at most STEP_MAX long in every logarithm.  Nothing is asked for
 * below the noise of rounding: most tolerances are relative to 1 + |value|.
 * And nothing is asked for along a ridge that is as good as flat: gains there
 * are compared with those that matter in a log-likelihood.
 */
#include "models/optimizer.h"

#include <math.h>

#include "miscadmin.h"

#define N OPTIMIZER_MAX_PARAMETERS
#define STEP_MAX 1.5			/* in a logarithm */
#define DIFFERENCE 1e-5			/* of central differences, in a logarithm */
#define LINE_TRIALS 40
#define NEWTON_ROUNDS 12		/* Hessians */
#define CHORD_STEPS 4			/* steps with one Hessian */
#define SAME_HESSIAN 1e-5		/* a step that leaves it as it is, in logarithms */
#define RESTARTS 4				/* of BFGS, where the Hessian is of no use */

#define NOISE 1e-16				/* of a value, relative to 1 + |value| */

/* Gain still to be had, relative to 1 + |value|, at which to stop. */
#define BFGS_GAIN 1e-12
#define BFGS_LEAST_GAIN 1e-8	/* absolute */
#define SLOW_STEPS 6			/* of BFGS, that gain less than ... */
#define SLOW_GAIN 1e-2			/* ... in all (absolute): Newton's turn */
#define NEWTON_GAIN 1e-20		/* below rounding */
#define CONVERGED_GAIN 1e-11
#define FLAT_GAIN 1e-5			/* absolute, where a ridge is flat, ... */
#define FLAT_NOISE 1e-10		/* ... and relative */
#define FLAT_VARIANCE 100.0		/* of a logarithm: it is */
#define RESTART_GAIN 1e-10		/* what a further search must bring */

#define SAME_VALUE 1e-12		/* of two results, relative */

/* Slope in all logarithms together, likewise, that a flat ridge may have. */
#define RIDGE_SLOPE 1e-6

/* A point: logarithms, negative function, its gradient by the logarithms. */
typedef struct Point
{
	float8		at[N];
	float8		value;
	float8		gradient[N];
} Point;

typedef struct Search
{
	OptimizerFunction function;
	void	   *arg;
	int			n;
	int			evaluations;
	Point		best;
} Search;

typedef float8 Matrix5[N][N];

/* ----------------------------------------------------------------
 *		Small linear algebra
 * ----------------------------------------------------------------
 */

static float8
dot(int n, const float8 *a, const float8 *b)
{
	float8		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static float8
max_abs(int n, const float8 *a)
{
	float8		max = 0;

	for (int i = 0; i < n; i++)
		max = Max(max, fabs(a[i]));
	return max;
}

static void
multiply(int n, Matrix5 m, const float8 *v, float8 *result)
{
	for (int i = 0; i < n; i++)
		result[i] = dot(n, m[i], v);
}

static void
set_identity(int n, Matrix5 m, float8 scale)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			m[i][j] = i == j ? scale : 0;
}

/*
 * The inverse of a symmetric matrix; false when it is not positive definite.
 * Cholesky after scaling to a unit diagonal, so that the units of the
 * parameters do not matter.
 */
static bool
invert_positive(int n, Matrix5 m, Matrix5 inverse)
{
	Matrix5		l = {{0}};
	float8		scale[N];

	for (int i = 0; i < n; i++)
	{
		if (!(m[i][i] > 0) || isinf(m[i][i]))
			return false;
		scale[i] = 1 / sqrt(m[i][i]);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
		{
			float8		sum = m[i][j] * scale[i] * scale[j] - dot(j, l[i], l[j]);

			if (i != j)
				l[i][j] = sum / l[j][j];
			else if (sum > 1e-14)
				l[i][i] = sqrt(sum);
			else
				return false;
		}
	for (int k = 0; k < n; k++)
	{
		float8		x[N] = {0};

		for (int i = 0; i < n; i++)
			x[i] = ((i == k) - dot(i, l[i], x)) / l[i][i];
		for (int i = n - 1; i >= 0; i--)
		{
			for (int j = i + 1; j < n; j++)
				x[i] -= l[j][i] * x[j];
			x[i] /= l[i][i];
		}
		for (int i = 0; i < n; i++)
			inverse[i][k] = x[i] * scale[i] * scale[k];
	}
	return true;
}

/* ----------------------------------------------------------------
 *		The function
 * ----------------------------------------------------------------
 */

/* Evaluate at point->at; false when anything there is not finite. */
static bool
evaluate(Search *s, Point *point)
{
	float8		p[N];
	bool		finite;

	CHECK_FOR_INTERRUPTS();
	s->evaluations++;
	for (int i = 0; i < s->n; i++)
		p[i] = exp(point->at[i]);
	point->value = -s->function(p, point->gradient, s->arg);
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

static bool
exhausted(const Search *s, int more)
{
	return s->evaluations + more > OPTIMIZER_MAX_EVALUATIONS;
}

/* Is parameter i at the end of its range, and would leave it downhill? */
static bool
is_held(const Point *point, int i)
{
	return (point->at[i] >= OPTIMIZER_LOG_RANGE && point->gradient[i] < 0) ||
		(point->at[i] <= -OPTIMIZER_LOG_RANGE && point->gradient[i] > 0);
}

/* The point at length t along a direction, kept within the range. */
static void
move(const Search *s, const Point *from, const float8 *direction, float8 t,
	 Point *to)
{
	for (int i = 0; i < s->n; i++)
		to->at[i] = Min(Max(from->at[i] + t * direction[i],
							-OPTIMIZER_LOG_RANGE), OPTIMIZER_LOG_RANGE);
}

static float8
tolerance(float8 relative, const Point *point)
{
	return relative * (1 + fabs(point->value));
}

/* ----------------------------------------------------------------
 *		BFGS
 * ----------------------------------------------------------------
 */

/*
 * A step downhill from s->best along direction, neither too long nor too
 * short (weak Wolfe conditions, by bisection); false when there is none.
 */
static bool
line_search(Search *s, const float8 *direction, float8 slope, Point *to)
{
	float8		low = 0;
	float8		high = INFINITY;
	float8		longest = STEP_MAX / max_abs(s->n, direction);
	float8		t = Min(1, longest);
	Point		lowest;

	lowest.value = s->best.value;
	for (int trial = 0; trial < LINE_TRIALS && !exhausted(s, 1); trial++)
	{
		if (-t * slope < tolerance(NOISE, &s->best))
			break;
		move(s, &s->best, direction, t, to);
		if (!evaluate(s, to) ||
			!(to->value <= s->best.value + 1e-4 * t * slope))
			high = t;
		else
		{
			if (to->value < lowest.value)
				lowest = *to;
			if (t >= longest ||
				dot(s->n, to->gradient, direction) >= 0.9 * slope)
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
bfgs_update(int n, Matrix5 inverse, const float8 *step, const float8 *change,
			bool first)
{
	float8		curvature = dot(n, step, change);
	float8		image[N];
	float8		factor;

	if (!(curvature > 1e-12 * sqrt(dot(n, step, step) * dot(n, change, change))))
		return;
	if (first)
		set_identity(n, inverse, curvature / dot(n, change, change));
	multiply(n, inverse, change, image);
	factor = (1 + dot(n, change, image) / curvature) / curvature;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			inverse[i][j] += factor * step[i] * step[j] -
				(image[i] * step[j] + step[i] * image[j]) / curvature;
}

/* The direction of the next step; returns its slope, negative. */
static float8
bfgs_direction(const Search *s, Matrix5 inverse, bool *fresh, float8 *direction)
{
	const Point *best = &s->best;
	float8		gradient[N] = {0};
	float8		slope;

	for (int i = 0; i < s->n; i++)
		gradient[i] = is_held(best, i) ? 0 : best->gradient[i];
	for (;;)
	{
		multiply(s->n, inverse, gradient, direction);
		for (int i = 0; i < s->n; i++)
			direction[i] = is_held(best, i) ? 0 : -direction[i];
		slope = dot(s->n, direction, gradient);
		if (slope < 0 || *fresh)
			return slope;
		set_identity(s->n, inverse, 1 / Max(max_abs(s->n, gradient), 1e-300));
		*fresh = true;
	}
}

/* Go downhill from s->best until little is to be gained. */
static void
bfgs(Search *s)
{
	Matrix5		inverse = {{0}};
	bool		fresh = true;
	float8		checked = INFINITY;	/* value some steps ago */

	set_identity(s->n, inverse,
				 1 / Max(max_abs(s->n, s->best.gradient), 1e-300));
	for (int steps = 0; !exhausted(s, 1); steps++)
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
			(!fresh && -slope / 2 < Max(tolerance(BFGS_GAIN, &s->best), BFGS_LEAST_GAIN)))
			break;
		if (!line_search(s, direction, slope, &next))
		{
			if (fresh)
				break;
			set_identity(s->n, inverse,
						 1 / Max(max_abs(s->n, s->best.gradient), 1e-300));
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

/* ----------------------------------------------------------------
 *		Newton
 * ----------------------------------------------------------------
 */

/*
 * Hessian at s->best by central differences, of the parameters that are not
 * held; false where it is not finite.
 */
static bool
hessian(Search *s, Matrix5 h)
{
	Matrix5		half;

	for (int i = 0; i < s->n; i++)
	{
		Point		up = s->best;
		Point		down = s->best;

		up.at[i] += DIFFERENCE;
		down.at[i] -= DIFFERENCE;
		if (!evaluate(s, &up) || !evaluate(s, &down))
			return false;
		for (int j = 0; j < s->n; j++)
			half[i][j] = (up.gradient[j] - down.gradient[j]) /
				(up.at[i] - down.at[i]);
	}
	for (int i = 0; i < s->n; i++)
		for (int j = 0; j < s->n; j++)
			if (is_held(&s->best, i) || is_held(&s->best, j))
				h[i][j] = i == j;
			else
				h[i][j] = (half[i][j] + half[j][i]) / 2;
	return true;
}

/* Newton's step from a point; returns the gain it promises. */
static float8
newton_step(const Search *s, Matrix5 inverse, const Point *point, float8 *step)
{
	float8		gradient[N] = {0};

	for (int i = 0; i < s->n; i++)
		gradient[i] = is_held(point, i) ? 0 : -point->gradient[i];
	multiply(s->n, inverse, gradient, step);
	return dot(s->n, step, gradient) / 2;
}

/*
 * Steps with one Hessian, as long as each promises less than the one before.
 * Returns the gain still promised.
 */
static float8
chord_steps(Search *s, Matrix5 inverse)
{
	float8		step[N] = {0};
	float8		gain = newton_step(s, inverse, &s->best, step);

	for (int i = 0; i < CHORD_STEPS && !exhausted(s, 1); i++)
	{
		Point		next;
		float8		promised;
		float8		length = max_abs(s->n, step);

		if (gain <= tolerance(NEWTON_GAIN, &s->best))
			break;
		move(s, &s->best, step, length > STEP_MAX ? STEP_MAX / length : 1, &next);
		if (!evaluate(s, &next) ||
			next.value > s->best.value + tolerance(1e-14, &s->best))
			break;
		promised = newton_step(s, inverse, &next, step);
		if (!(promised < gain))
			break;
		s->best = next;
		gain = promised;
	}
	return gain;
}

/*
 * The inverse of a Hessian, or, when it is not positive definite, of one that
 * is and differs little; returns whether it was.
 */
static bool
invert_hessian(int n, Matrix5 h, Matrix5 inverse)
{
	float8		diagonal = 1e-300;

	if (invert_positive(n, h, inverse))
		return true;
	for (int i = 0; i < n; i++)
		diagonal = Max(diagonal, fabs(h[i][i]));
	for (int power = -10; power <= 10; power++)
	{
		float8		more = diagonal * pow(10, power);
		Matrix5		changed;

		memcpy(changed, h, sizeof(Matrix5));
		for (int i = 0; i < n; i++)
			changed[i][i] += more;
		if (invert_positive(n, changed, inverse))
			return false;
	}
	set_identity(n, inverse, 1 / diagonal);
	return false;
}

/* Is there a direction that the Hessian tells next to nothing about? */
static bool
is_flat(int n, bool definite, Matrix5 inverse)
{
	for (int i = 0; i < n; i++)
		if (inverse[i][i] > FLAT_VARIANCE)
			return true;
	return !definite;
}

/*
 * Finish from the neighbourhood of the minimum.  Returns whether nothing is
 * left to gain; *definite says whether the Hessian is positive definite there.
 */
static bool
newton(Search *s, Matrix5 inverse, bool *definite)
{
	bool		done = false;

	*definite = false;
	for (int round = 0; round < NEWTON_ROUNDS; round++)
	{
		Matrix5		h;
		Point		before = s->best;
		float8		moved = 0;
		float8		gain;

		if (exhausted(s, 2 * s->n) || !hessian(s, h))
			break;
		*definite = invert_hessian(s->n, h, inverse);
		gain = chord_steps(s, inverse);
		done = gain <= tolerance(CONVERGED_GAIN, &s->best);
		if (is_flat(s->n, *definite, inverse) &&
			gain <= Max(FLAT_GAIN, tolerance(FLAT_NOISE, &s->best)))
			return true;
		for (int i = 0; i < s->n; i++)
			moved = Max(moved, fabs(s->best.at[i] - before.at[i]));
		if (!done && moved == 0)
		{
			Point		next;
			float8		step[N] = {0};

			(void) newton_step(s, inverse, &s->best, step);
			if (!line_search(s, step, dot(s->n, step, s->best.gradient), &next))
				break;
			s->best = next;
		}
		else if (moved <= SAME_HESSIAN)
			break;
	}
	return done;
}

/* ----------------------------------------------------------------
 *		The whole
 * ----------------------------------------------------------------
 */

/* Sum of the slopes in the logarithms that are free to move. */
static float8
free_slope(const Search *s)
{
	float8		sum = 0;

	for (int i = 0; i < s->n; i++)
		if (!is_held(&s->best, i))
			sum += fabs(s->best.gradient[i]);
	return sum;
}

/* Report s->best; the inverse counts when the Hessian was definite. */
static void
report(const Search *s, bool definite, Matrix5 inverse, OptimizerResult *result)
{
	result->value = -s->best.value;
	result->has_covariance = definite;
	for (int i = 0; i < s->n; i++)
	{
		result->p[i] = exp(s->best.at[i]);
		if (fabs(s->best.at[i]) >= OPTIMIZER_LOG_RANGE)
			result->has_covariance = false;
	}
	result->evaluations = s->evaluations;
	result->identified = result->has_covariance &&
		result->status == OPTIMIZER_CONVERGED;
	for (int i = 0; result->has_covariance && i < s->n; i++)
	{
		if (inverse[i][i] > 1)
			result->identified = false;
		for (int j = 0; j < s->n; j++)
			result->covariance[i][j] = inverse[i][j] * result->p[i] *
				result->p[j];
	}
}

void
optimizer_maximize(OptimizerFunction function, void *arg, int n,
				   const float8 *start, OptimizerResult *result)
{
	Search		s = {.function = function, .arg = arg, .n = n};
	Matrix5		inverse = {{0}};
	bool		definite = false;
	bool		done = false;

	Assert(n >= 1 && n <= OPTIMIZER_MAX_PARAMETERS);
	memset(result, 0, sizeof(OptimizerResult));
	result->n = n;
	for (int i = 0; i < n; i++)
		s.best.at[i] = Min(Max(log(start[i]), -OPTIMIZER_LOG_RANGE),
						   OPTIMIZER_LOG_RANGE);
	if (!evaluate(&s, &s.best))
	{
		result->status = OPTIMIZER_NO_START;
		report(&s, false, inverse, result);
		return;
	}
	for (int i = 0; !done && i < RESTARTS && !exhausted(&s, 1); i++)
	{
		float8		before = s.best.value;

		bfgs(&s);
		done = newton(&s, inverse, &definite);

		/* where a ridge is flat to rounding there is nothing more to find */
		if (before - s.best.value <= tolerance(RESTART_GAIN, &s.best))
			done = done || free_slope(&s) <= tolerance(RIDGE_SLOPE, &s.best);
		if (i > 0 && before - s.best.value <= tolerance(RESTART_GAIN, &s.best))
			break;
	}
	if (done)
		result->status = OPTIMIZER_CONVERGED;
	else
		result->status = exhausted(&s, 2 * n) ? OPTIMIZER_EXHAUSTED :
			OPTIMIZER_STALLED;
	report(&s, definite, inverse, result);
}

/* Is a better than b? */
bool
optimizer_better(const OptimizerResult *a, const OptimizerResult *b)
{
	if (a->status == OPTIMIZER_NO_START || b->status == OPTIMIZER_NO_START)
		return a->status != OPTIMIZER_NO_START;
	if (fabs(a->value - b->value) <= SAME_VALUE * (1 + fabs(b->value)))
		return a->status < b->status;
	return a->value > b->value;
}
