/*
 * optimizer.h
 *		Maximum of a smooth function of a few positive parameters.
 */
#ifndef RETENTION_OPTIMIZER_H
#define RETENTION_OPTIMIZER_H

#include "models/small_matrix.h"

#define OPTIMIZER_MAX_PARAMETERS SMALL_MATRIX_MAX

/* Calls of the function in one search. */
#define OPTIMIZER_MAX_EVALUATIONS 500

/*
 * The logarithms of parameters stay between -range and range: scale the data
 * so that they are near 0.  Towards infinity what is left to gain falls as
 * 1 / parameter, and is nothing soon; towards 0 it may fall as 1 / logarithm,
 * so that a parameter may have a lower end.
 */
#define OPTIMIZER_LOG_RANGE 21.0
#define OPTIMIZER_LOG_LOWEST (-60.0)

/*
 * The function at the parameters p[0 .. n): returns its value and writes its
 * derivatives by each of them.  A value that is not finite is taken as lower
 * than any other.  It must be a pure function of p, and should check for
 * interrupts when it is slow.
 */
typedef float8 (*OptimizerFunction) (const float8 *p, float8 *gradient,
									 void *arg);

typedef struct OptimizerProblem
{
	OptimizerFunction function;
	void	   *arg;
	int			n;				/* parameters */
	bool		low[OPTIMIZER_MAX_PARAMETERS];	/* down to OPTIMIZER_LOG_LOWEST */
	bool		slow;			/* an evaluation takes long: fewer of them */
} OptimizerProblem;

typedef enum OptimizerStatus
{
	OPTIMIZER_CONVERGED,		/* at a maximum, to rounding */
	OPTIMIZER_STALLED,			/* no step goes up, though there is a slope */
	OPTIMIZER_EXHAUSTED,		/* too many evaluations */
	OPTIMIZER_BOUNDARY,			/* the function rises on to where a parameter's
								 * range ends, and was followed there */
	OPTIMIZER_NO_START			/* not finite where it should start */
} OptimizerStatus;

typedef struct OptimizerResult
{
	int			n;				/* parameters */
	OptimizerStatus status;
	int			evaluations;	/* calls of the function */
	float8		value;
	float8		p[OPTIMIZER_MAX_PARAMETERS];

	/*
	 * The inverse of the negative Hessian at p: when the function is a
	 * log-likelihood, the asymptotic covariance.  Valid only with
	 * has_covariance: the Hessian is negative definite and p inside its range.
	 */
	bool		has_covariance;
	float8		covariance[OPTIMIZER_MAX_PARAMETERS][OPTIMIZER_MAX_PARAMETERS];

	/*
	 * Does the function, as a log-likelihood, tell what the parameters are?
	 * Converged, with a covariance, and no standard error exceeds its
	 * parameter.  If not, p is a point of a flat ridge.
	 */
	bool		identified;
} OptimizerResult;

/*
 * Maximize a function over its positive parameters from start.  The
 * search is deterministic, allocates nothing, and fills in *result whatever
 * happens; the point found is never below the start.
 */
extern void optimizer_maximize(const OptimizerProblem *problem,
							   const float8 *start, OptimizerResult *result);

/*
 * Climb from p with at most limit evaluations, near a maximum or not; returns
 * the evaluations, and where it came to.  The value is -infinity when p is no
 * start.
 */
extern int	optimizer_climb(const OptimizerProblem *problem, int limit,
							float8 *p, float8 *value);

/*
 * Is a better than b?  A usable one is, then the higher value, then, where
 * these are the same to rounding, the better status.
 */
extern bool optimizer_better(const OptimizerResult *a,
							 const OptimizerResult *b);

#endif							/* RETENTION_OPTIMIZER_H */
