/*
 * optimizer_internal.h
 *		A search under way: what the parts of the optimizer share.
 */
#ifndef RETENTION_OPTIMIZER_INTERNAL_H
#define RETENTION_OPTIMIZER_INTERNAL_H

#include <math.h>

#include "models/optimizer.h"

#define N SMALL_MATRIX_MAX
#define STEP_MAX 1.5			/* in a logarithm */
#define AT_END 0.1				/* so near to the end of a range, likewise */

/* A point: logarithms, negative function, its gradient by the logarithms. */
typedef struct Point
{
	float8		at[N];
	float8		value;
	float8		gradient[N];
} Point;

typedef struct Search
{
	const OptimizerProblem *problem;
	int			n;				/* parameters */
	int			limit;			/* of evaluations */
	int			evaluations;
	Point		best;
} Search;

/* The lower end of a parameter's range, in a logarithm. */
static inline float8
search_lowest(const Search *s, int i)
{
	return s->problem->low[i] ? OPTIMIZER_LOG_LOWEST : -OPTIMIZER_LOG_RANGE;
}

/* An amount relative to 1 + |value|. */
static inline float8
search_tolerance(float8 relative, const Point *point)
{
	return relative * (1 + fabs(point->value));
}

/* Evaluate at point->at; false when anything there is not finite. */
extern bool search_evaluate(Search *s, Point *point);

/* Would so many evaluations more be too many? */
extern bool search_exhausted(const Search *s, int more);

/* Is parameter i of the best point at, or next to, the end of its range? */
extern bool search_is_at_end(const Search *s, int i);

/* Is parameter i at the end of its range, and would leave it downhill? */
extern bool search_is_held(const Search *s, const Point *point, int i);

/* The point at length t along a direction, kept within the range. */
extern void search_move(const Search *s, const Point *from,
						const float8 *direction, float8 t, Point *to);

/*
 * A step downhill from s->best along direction, neither too long nor too
 * short (weak Wolfe conditions, by bisection); false when there is none.
 */
extern bool search_line(Search *s, const float8 *direction, float8 slope,
						Point *to);

/* Go downhill from s->best by BFGS until little is to be gained. */
extern void search_climb(Search *s);

#endif							/* RETENTION_OPTIMIZER_INTERNAL_H */
