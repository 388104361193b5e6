/*
 * cohort_matrix_state.h
 *		A cohort matrix as the state of an aggregate.
 */
#ifndef RETENTION_COHORT_MATRIX_STATE_H
#define RETENTION_COHORT_MATRIX_STATE_H

#include "base/expanded.h"
#include "metrics/cohort_matrix_build.h"

typedef struct MatrixState
{
	ExpandedState expanded;
	Builder		builder;		/* calendar is set for each step */
	const Grain *grain;
	const char *zone;
} MatrixState;

/* The state in an argument, when an aggregate may change it in place. */
extern MatrixState *matrix_state_argument(FunctionCallInfo fcinfo, int arg);

/*
 * The flat matrix of an argument as a state of the aggregate, or NULL: it is
 * not large enough, or this is no aggregate.
 */
extern MatrixState *matrix_state_expand(FunctionCallInfo fcinfo, int arg);

/* Add a matrix of other customers; of another kind: error 22023. */
extern void matrix_state_add(MatrixState *state, const struct varlena *matrix);

/* What a matrix of this state would be, but for its cohorts. */
extern Matrix matrix_state_head(const MatrixState *state);

#endif							/* RETENTION_COHORT_MATRIX_STATE_H */
