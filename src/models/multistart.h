/*
 * multistart.h
 *		The highest of several maxima of a log-likelihood.
 */
#ifndef RETENTION_MULTISTART_H
#define RETENTION_MULTISTART_H

#include "models/groups.h"
#include "models/optimizer.h"

#define MULTISTART_MAX 32		/* starts */
#define MULTISTART_ROWS 128		/* of a sample, at most */

/*
 * At most MULTISTART_ROWS groups that stand for all: the middle one of every
 * so many neighbours, with the number of customers of them all.  The groups
 * themselves where they are that few; else palloc'd.
 */
extern const RowGroup *multistart_sample(const RowGroup *groups,
										 int64 ngroups, int64 *nsample);

/*
 * Point i of a sequence that fills the unit cube of n <= 5 dimensions evenly
 * (Halton 1960).
 */
extern void multistart_point(int i, int n, float8 *point);

/*
 * Climbs from each start on a sample of the data, and from where the highest
 * different climbs came to goes on with all of them; *best is the highest result, its
 * evaluations are those with all data.
 */
extern void multistart_maximize(const OptimizerProblem *all,
								const OptimizerProblem *sample,
								float8 (*starts)[OPTIMIZER_MAX_PARAMETERS],
								int nstarts, OptimizerResult *best);

#endif							/* RETENTION_MULTISTART_H */
