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
#include "models/optimizer_internal.h"

#define DIFFERENCE 1e-5			/* of central differences, in a logarithm */
#define NEWTON_ROUNDS 12		/* Hessians */
#define CHORD_STEPS 4			/* steps with one Hessian */
#define SAME_HESSIAN 1e-5		/* a step that leaves it as it is, in logarithms */
#define RESTARTS 4				/* of BFGS, where the Hessian is of no use */

/* Gain still to be had, relative to 1 + |value|, at which to stop. */
#define NEWTON_GAIN 1e-20		/* below rounding */
#define CONVERGED_GAIN 1e-11
#define FLAT_GAIN 1e-7			/* absolute, where a ridge is flat, ... */
#define FLAT_NOISE 1e-10		/* ... and relative */
#define FLAT_VARIANCE 100.0		/* of a logarithm: it is */
#define LOOSE_VARIANCE 1.0		/* the standard error exceeds the parameter */
#define RESTART_GAIN 1e-10		/* what a further search must bring */

#define WALKS 6					/* along flat ridges, to the ends of ranges */
#define WALK_TRIES 5
#define WALK_SLOW 30			/* evaluations, where they take long */
#define WALK_LOSS 1.0			/* that a step may have, until it is mended */
#define WALK_GAIN 1e-9			/* absolute */

#define SAME_VALUE 1e-12		/* of two results, relative */

/* Slope in all logarithms together, likewise, that a flat ridge may have. */
#define RIDGE_SLOPE 1e-6

/* ----------------------------------------------------------------
 *		Newton
 * ----------------------------------------------------------------
 */

/*
 * Hessian at s->best by central differences, of the parameters that are not
 * held; false where it is not finite.
 */
static bool
hessian(Search *s, SmallMatrix h)
{
	SmallMatrix		half;

	for (int i = 0; i < s->n; i++)
	{
		Point		up = s->best;
		Point		down = s->best;

		up.at[i] += DIFFERENCE;
		down.at[i] -= DIFFERENCE;
		if (!search_evaluate(s, &up) || !search_evaluate(s, &down))
			return false;
		for (int j = 0; j < s->n; j++)
			half[i][j] = (up.gradient[j] - down.gradient[j]) /
				(up.at[i] - down.at[i]);
	}
	for (int i = 0; i < s->n; i++)
		for (int j = 0; j < s->n; j++)
			if (search_is_held(s, &s->best, i) || search_is_held(s, &s->best, j))
				h[i][j] = i == j;
			else
				h[i][j] = (half[i][j] + half[j][i]) / 2;
	return true;
}

/* Newton's step from a point; returns the gain it promises. */
static float8
newton_step(const Search *s, SmallMatrix inverse, const Point *point, float8 *step)
{
	float8		gradient[N] = {0};

	for (int i = 0; i < s->n; i++)
		gradient[i] = search_is_held(s, point, i) ? 0 : -point->gradient[i];
	matrix_multiply(s->n, inverse, gradient, step);
	return vector_dot(s->n, step, gradient) / 2;
}

/*
 * Steps with one Hessian, as long as each promises less than the one before.
 * Returns the gain still promised.
 */
static float8
chord_steps(Search *s, SmallMatrix inverse)
{
	float8		step[N] = {0};
	float8		gain = newton_step(s, inverse, &s->best, step);

	for (int i = 0; i < CHORD_STEPS && !search_exhausted(s, 1); i++)
	{
		Point		next;
		float8		promised;
		float8		length = vector_max_abs(s->n, step);

		if (gain <= search_tolerance(NEWTON_GAIN, &s->best))
			break;
		search_move(s, &s->best, step, length > STEP_MAX ? STEP_MAX / length : 1, &next);
		if (!search_evaluate(s, &next) ||
			next.value > s->best.value + search_tolerance(1e-14, &s->best))
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
invert_hessian(int n, SmallMatrix h, SmallMatrix inverse)
{
	float8		diagonal = 1e-300;

	if (matrix_invert_positive(n, h, inverse))
		return true;
	for (int i = 0; i < n; i++)
		diagonal = Max(diagonal, fabs(h[i][i]));
	for (int power = -10; power <= 10; power++)
	{
		float8		more = diagonal * pow(10, power);
		SmallMatrix		changed;

		memcpy(changed, h, sizeof(SmallMatrix));
		for (int i = 0; i < n; i++)
			changed[i][i] += more;
		if (matrix_invert_positive(n, changed, inverse))
			return false;
	}
	matrix_set_identity(n, inverse, 1 / diagonal);
	return false;
}

/* Is there a direction that the Hessian tells next to nothing about? */
static bool
is_flat(int n, bool definite, SmallMatrix inverse)
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
newton(Search *s, SmallMatrix inverse, bool *definite)
{
	bool		done = false;

	*definite = false;
	for (int round = 0; round < NEWTON_ROUNDS; round++)
	{
		SmallMatrix		h;
		Point		before = s->best;
		float8		moved = 0;
		float8		gain;

		if (search_exhausted(s, 2 * s->n) || !hessian(s, h))
			break;
		*definite = invert_hessian(s->n, h, inverse);
		gain = chord_steps(s, inverse);
		done = gain <= search_tolerance(CONVERGED_GAIN, &s->best);
		if (is_flat(s->n, *definite, inverse) &&
			gain <= Max(FLAT_GAIN, search_tolerance(FLAT_NOISE, &s->best)))
			return true;
		for (int i = 0; i < s->n; i++)
			moved = Max(moved, fabs(s->best.at[i] - before.at[i]));
		if (!done && moved == 0)
		{
			Point		next;
			float8		step[N] = {0};

			(void) newton_step(s, inverse, &s->best, step);
			if (!search_line(s, step, vector_dot(s->n, step, s->best.gradient), &next))
				break;
			s->best = next;
		}
		else if (moved <= SAME_HESSIAN)
			break;
	}
	return done;
}

/* ----------------------------------------------------------------
 *		Ridges
 * ----------------------------------------------------------------
 */

/* The share of a direction that can be gone until a parameter's range ends. */
static float8
room(const Search *s, const float8 *direction)
{
	float8		most = INFINITY;

	for (int i = 0; i < s->n; i++)
		if (direction[i] != 0)
			most = Min(most, ((direction[i] > 0 ? OPTIMIZER_LOG_RANGE : search_lowest(s, i)) -
							  s->best.at[i]) / direction[i]);
	return most;
}

/*
 * The direction that the Hessian tells least about, downhill; or, where it is
 * mostly rounding, that of all parameters that it tells little about, growing
 * or shrinking at one rate, as products and quotients do that stay the same.
 */
static void
flattest(const Search *s, SmallMatrix inverse, bool together, float8 *direction)
{
	int			flat = 0;
	float8		length;

	for (int i = 1; i < s->n; i++)
		if (inverse[i][i] > inverse[flat][flat])
			flat = i;
	for (int i = 0; i < s->n; i++)
	{
		direction[i] = inverse[flat][i];
		if (together)
			direction[i] = inverse[i][i] > LOOSE_VARIANCE ?
				copysign(1, inverse[flat][i]) : 0;
		if (search_is_held(s, &s->best, i))
			direction[i] = 0;
	}
	length = vector_max_abs(s->n, direction);
	if (vector_dot(s->n, direction, s->best.gradient) > 0)
		length = -length;
	for (int i = 0; length != 0 && i < s->n; i++)
		direction[i] /= length;
}

/*
 * Try to get on along a direction, all the way to where a range ends and
 * shorter ways where the ridge bends.  When it brings nothing all stays.
 */
static bool
walk(Search *s, const float8 *direction, SmallMatrix inverse, bool *definite)
{
	Point		before = s->best;
	float8		way = room(s, direction);

	for (int i = 0; i < WALK_TRIES && way > AT_END && !isinf(way) &&
		 !search_exhausted(s, 4 * s->n); i++)
	{
		SmallMatrix there = {{0}};
		bool		definite_there = false;
		Point		next;

		search_move(s, &before, direction, way, &next);
		way /= 2;
		if (!search_evaluate(s, &next) || next.value > before.value + WALK_LOSS)
			continue;
		s->best = next;
		(void) newton(s, there, &definite_there);
		if (s->best.value < before.value)
		{
			memcpy(inverse, there, sizeof(there));
			*definite = definite_there;
			return true;
		}
	}
	s->best = before;
	return false;
}

/*
 * Follow a ridge that rises ever more slowly towards the end of a parameter's
 * range.  The matrix becomes that of where it ends.
 */
static void
walk_ridge(Search *s, SmallMatrix inverse, bool *definite)
{
	int			limit = s->limit;

	if (s->problem->slow)
		s->limit = Min(limit, s->evaluations + WALK_SLOW);
	for (int walks = 0; walks < WALKS && is_flat(s->n, *definite, inverse); walks++)
	{
		float8		before = s->best.value;
		float8		direction[N];
		bool		better = false;

		/* a slope that is rounding has no sign to be trusted: the other way, too */
		for (int attempt = 0; attempt < 4 && !better; attempt++)
		{
			flattest(s, inverse, attempt >= 2, direction);
			for (int i = 0; attempt % 2 == 1 && i < s->n; i++)
				direction[i] = -direction[i];
			better = walk(s, direction, inverse, definite);
		}
		if (before - s->best.value < WALK_GAIN)
			break;
	}
	s->limit = limit;
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
		if (!search_is_held(s, &s->best, i))
			sum += fabs(s->best.gradient[i]);
	return sum;
}

/* Report s->best; the inverse counts when the Hessian was definite. */
static void
report(const Search *s, bool definite, SmallMatrix inverse, OptimizerResult *result)
{
	result->value = -s->best.value;
	result->has_covariance = definite;
	for (int i = 0; i < s->n; i++)
	{
		result->p[i] = exp(s->best.at[i]);
		if (!search_is_at_end(s, i))
			continue;
		result->has_covariance = false;
		if (result->status == OPTIMIZER_CONVERGED)
			result->status = OPTIMIZER_BOUNDARY;
	}
	result->evaluations = s->evaluations;
	result->identified = result->has_covariance &&
		result->status == OPTIMIZER_CONVERGED;
	for (int i = 0; result->has_covariance && i < s->n; i++)
	{
		if (inverse[i][i] > LOOSE_VARIANCE)
			result->identified = false;
		for (int j = 0; j < s->n; j++)
			result->covariance[i][j] = inverse[i][j] * result->p[i] *
				result->p[j];
	}
}

/* Go to where a search starts; false when it cannot be from there. */
static bool
begin(Search *s, const float8 *start)
{
	Assert(s->n >= 1 && s->n <= OPTIMIZER_MAX_PARAMETERS);
	for (int i = 0; i < s->n; i++)
		s->best.at[i] = Min(Max(log(start[i]), search_lowest(s, i)),
							OPTIMIZER_LOG_RANGE);
	return search_evaluate(s, &s->best);
}

int
optimizer_climb(const OptimizerProblem *problem, int limit, float8 *p,
				float8 *value)
{
	Search		s = {.problem = problem, .n = problem->n, .limit = limit};

	*value = -INFINITY;
	if (begin(&s, p))
	{
		search_climb(&s);
		*value = -s.best.value;
		for (int i = 0; i < s.n; i++)
			p[i] = exp(s.best.at[i]);
	}
	return s.evaluations;
}

void
optimizer_maximize(const OptimizerProblem *problem, const float8 *start,
				   OptimizerResult *result)
{
	int			n = problem->n;
	Search		s = {.problem = problem, .n = n, .limit = OPTIMIZER_MAX_EVALUATIONS};
	SmallMatrix inverse = {{0}};
	bool		definite = false;
	bool		done = false;

	memset(result, 0, sizeof(OptimizerResult));
	result->n = n;
	if (!begin(&s, start))
	{
		result->status = OPTIMIZER_NO_START;
		report(&s, false, inverse, result);
		return;
	}
	for (int i = 0; !done && i < RESTARTS && !search_exhausted(&s, 1); i++)
	{
		float8		before = s.best.value;

		search_climb(&s);
		done = newton(&s, inverse, &definite);

		/* where a ridge is flat to rounding there is nothing more to find */
		if (before - s.best.value <= search_tolerance(RESTART_GAIN, &s.best))
			done = done || free_slope(&s) <= search_tolerance(RIDGE_SLOPE, &s.best);
		if (i > 0 && before - s.best.value <= search_tolerance(RESTART_GAIN, &s.best))
			break;
	}
	if (done && is_flat(n, definite, inverse))
		walk_ridge(&s, inverse, &definite);
	if (done)
		result->status = OPTIMIZER_CONVERGED;
	else
		result->status = search_exhausted(&s, 2 * n) ? OPTIMIZER_EXHAUSTED :
			OPTIMIZER_STALLED;
	report(&s, definite, inverse, result);
}

/* The better a status, the lower. */
static int
rank(OptimizerStatus status)
{
	return status == OPTIMIZER_BOUNDARY ? OPTIMIZER_CONVERGED : status;
}

/* Is a better than b? */
bool
optimizer_better(const OptimizerResult *a, const OptimizerResult *b)
{
	if (a->status == OPTIMIZER_NO_START || b->status == OPTIMIZER_NO_START)
		return a->status != OPTIMIZER_NO_START;
	if (fabs(a->value - b->value) <= SAME_VALUE * (1 + fabs(b->value)))
		return rank(a->status) < rank(b->status);
	return a->value > b->value;
}
