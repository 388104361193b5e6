/*
 * optimizer.c
 *		The optimizer on the classic test functions, as a program: prints one
 *		line of TAP for each.  Built with src/models/optimizer.c alone.
 */
#include "models/optimizer.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "miscadmin.h"

#undef printf					/* the C library's, not the server's */

/* What the optimizer needs of a server. */
volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

#ifdef USE_ASSERT_CHECKING
void
ExceptionalCondition(const char *condition, const char *file, int line)
{
	printf("Bail out! %s, %s:%d\n", condition, file, line);
	exit(1);
}
#endif

static int	tests = 0;

static void
ok(bool passed, const char *name)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tests, name);
}

/*
 * The functions are of u = log(p), so that their minima lie anywhere; the
 * derivatives by p are those by u over p.  All are negated: 0 at the maximum.
 */

/* Rosenbrock 1960: minimum at (1, 1), start (-1.2, 1). */
static float8
rosenbrock(const float8 *p, float8 *g, void *arg)
{
	float8		x = log(p[0]);
	float8		y = log(p[1]);
	float8		curve = y - x * x;

	g[0] = (400 * x * curve + 2 * (1 - x)) / p[0];
	g[1] = -200 * curve / p[1];
	return -(100 * curve * curve + (1 - x) * (1 - x));
}

/* Powell 1962: singular Hessian at the minimum (0, 0, 0, 0). */
static float8
powell(const float8 *p, float8 *g, void *arg)
{
	float8		a = log(p[0]) + 10 * log(p[1]);
	float8		b = log(p[2]) - log(p[3]);
	float8		c = log(p[1]) - 2 * log(p[2]);
	float8		d = log(p[0]) - log(p[3]);

	g[0] = -(2 * a + 40 * d * d * d) / p[0];
	g[1] = -(20 * a + 4 * c * c * c) / p[1];
	g[2] = -(10 * b - 8 * c * c * c) / p[2];
	g[3] = -(-10 * b - 40 * d * d * d) / p[3];
	return -(a * a + 5 * b * b + c * c * c * c + 10 * d * d * d * d);
}

/* Beale 1958: minimum at (3, 0.5), start (1, 1). */
static float8
beale(const float8 *p, float8 *g, void *arg)
{
	static const float8 target[3] = {1.5, 2.25, 2.625};
	float8		x = log(p[0]);
	float8		y = log(p[1]);
	float8		sum = 0;

	g[0] = g[1] = 0;
	for (int i = 0; i < 3; i++)
	{
		float8		f = target[i] - x * (1 - pow(y, i + 1));

		sum += f * f;
		g[0] += 2 * f * (1 - pow(y, i + 1)) / p[0];
		g[1] -= 2 * f * x * (i + 1) * pow(y, i) / p[1];
	}
	return -sum;
}

/* Wood (Colville 1968): minimum at (1, 1, 1, 1), start (-3, -1, -3, -1). */
static float8
wood(const float8 *p, float8 *g, void *arg)
{
	float8		x[4];
	float8		a;
	float8		b;

	for (int i = 0; i < 4; i++)
		x[i] = log(p[i]);
	a = x[1] - x[0] * x[0];
	b = x[3] - x[2] * x[2];
	g[0] = -(-400 * x[0] * a - 2 * (1 - x[0])) / p[0];
	g[1] = -(200 * a + 20 * (x[1] + x[3] - 2) + (x[1] - x[3]) / 5) / p[1];
	g[2] = -(-360 * x[2] * b - 2 * (1 - x[2])) / p[2];
	g[3] = -(180 * b + 20 * (x[1] + x[3] - 2) - (x[1] - x[3]) / 5) / p[3];
	return -(100 * a * a + (1 - x[0]) * (1 - x[0]) + 90 * b * b +
			 (1 - x[2]) * (1 - x[2]) + 10 * pow(x[1] + x[3] - 2, 2) +
			 pow(x[1] - x[3], 2) / 10);
}

/*
 * Normal log-likelihood of 10 values with sum 30 and sum of squares 130, by
 * mean and standard deviation: maximum at 3 and 2, covariance 4/10 and 4/20.
 */
static float8
normal(const float8 *p, float8 *g, void *arg)
{
	float8		squares = 130 - 2 * p[0] * 30 + 10 * p[0] * p[0];

	g[0] = (30 - 10 * p[0]) / (p[1] * p[1]);
	g[1] = -10 / p[1] + squares / (p[1] * p[1] * p[1]);
	return -10 * log(p[1]) - squares / (2 * p[1] * p[1]);
}

/* Only p0 / p1 matters: a ridge, the quotient being 2 at the top. */
static float8
ridge(const float8 *p, float8 *g, void *arg)
{
	float8		u = log(p[0] / p[1]) - log(2);

	g[0] = -100 * 2 * u / p[0];
	g[1] = 100 * 2 * u / p[1];
	return -100 * u * u;
}

/* Goes up for ever with p0. */
static float8
endless(const float8 *p, float8 *g, void *arg)
{
	g[0] = 1 / p[0];
	return log(p[0]);
}

/* Not a number past 2, maximum at 1.9; nothing at all when arg is given. */
static float8
cliff(const float8 *p, float8 *g, void *arg)
{
	g[0] = -2 * (p[0] - 1.9);
	return p[0] > 2 || arg != NULL ? NAN : -(p[0] - 1.9) * (p[0] - 1.9);
}

/* A gradient that is a lie. */
static float8
liar(const float8 *p, float8 *g, void *arg)
{
	g[0] = 1;
	return -p[0];
}

static bool
near(float8 a, float8 b, float8 tolerance)
{
	return fabs(a - b) <= tolerance;
}

/* Maximize from start, within the usual ranges. */
static void
maximize(OptimizerFunction function, void *arg, int n, const float8 *start,
		 OptimizerResult *result)
{
	const OptimizerProblem problem = {function, arg, n};

	optimizer_maximize(&problem, start, result);
}

/* Is the maximum found, at exp(want)? */
static void
classic(const char *name, OptimizerFunction f, int n, const float8 *start,
		const float8 *want, float8 within)
{
	OptimizerResult r;
	float8		p[OPTIMIZER_MAX_PARAMETERS];
	bool		found = true;

	for (int i = 0; i < n; i++)
		p[i] = exp(start[i]);
	maximize(f, NULL, n, p, &r);
	for (int i = 0; i < n; i++)
		found = found && near(log(r.p[i]), want[i], within);
	ok(found && r.status == OPTIMIZER_CONVERGED, name);
	printf("# status %d, value %g, %d evaluations\n", (int) r.status, r.value,
		   r.evaluations);
}

int
main(void)
{
	static const float8 starts[5][2] = {{.1, .1}, {1, 1}, {10, 10}, {.01, 50}, {50, .01}};
	OptimizerResult r;
	float8		one[2] = {1, 1};

	classic("Rosenbrock", rosenbrock, 2, (float8[]) {-1.2, 1}, (float8[]) {1, 1}, 1e-6);
	classic("Rosenbrock from afar", rosenbrock, 2, (float8[]) {-5, 8}, (float8[]) {1, 1}, 1e-6);
	classic("Powell's singular function", powell, 4, (float8[]) {3, -1, 0, 1},
			(float8[]) {0, 0, 0, 0}, 0.05);
	classic("Beale", beale, 2, (float8[]) {1, 1}, (float8[]) {3, .5}, 1e-6);
	classic("Wood", wood, 4, (float8[]) {-3, -1, -3, -1}, (float8[]) {1, 1, 1, 1}, 1e-6);

	for (int i = 0; i < 5; i++)
	{
		maximize(normal, NULL, 2, starts[i], &r);
		ok(r.identified && near(r.p[0], 3, 1e-9) && near(r.p[1], 2, 1e-9),
		   "normal likelihood");
		ok(r.has_covariance && near(r.covariance[0][0], .4, 2e-5) &&
		   near(r.covariance[1][1], .2, 2e-5) && near(r.covariance[0][1], 0, 2e-5),
		   "its covariance");
		ok(r.evaluations < 120, "in few evaluations");
		printf("# %d evaluations, %.12g %.12g, %.10g %.10g %.10g\n", r.evaluations, r.p[0], r.p[1], r.covariance[0][0], r.covariance[1][1], r.covariance[0][1]);
	}

	maximize(ridge, NULL, 2, one, &r);
	ok(near(r.p[0] / r.p[1], 2, 1e-6) && r.status == OPTIMIZER_CONVERGED,
	   "the top of a ridge");
	ok(!r.identified, "is not identified");
	maximize(endless, NULL, 1, one, &r);
	ok(!r.identified && !r.has_covariance && near(log(r.p[0]), OPTIMIZER_LOG_RANGE, 1e-9),
	   "without a maximum: the end of the range");
	maximize(cliff, NULL, 1, one, &r);
	ok(near(r.p[0], 1.9, 1e-7) && r.status == OPTIMIZER_CONVERGED, "next to a cliff");
	maximize(cliff, &r, 1, one, &r);
	ok(r.status == OPTIMIZER_NO_START && !r.identified, "nowhere to start");
	maximize(liar, NULL, 1, one, &r);
	ok(r.status != OPTIMIZER_CONVERGED && r.value >= -1 &&
	   r.evaluations <= OPTIMIZER_MAX_EVALUATIONS, "a wrong gradient ends");
	printf("# status %d value %g, %d evaluations\n", (int) r.status, r.value, r.evaluations);
	printf("1..%d\n", tests);
	return 0;
}
