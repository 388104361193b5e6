/*
 * cohort_matrix_state.h
 *		A cohort matrix as the state of an aggregate.
 *
 * Aggregates that add timelines or matrices to a cohort_matrix have that type
 * as their state, which storage and other servers can hold.  While it is small
 * every step makes a new value.  A large one becomes an expanded object, a
 * builder that steps add to in place; it is made a value again when anybody
 * else reads it.
 */
#ifndef RETENTION_COHORT_MATRIX_STATE_H
#define RETENTION_COHORT_MATRIX_STATE_H

#include "metrics/cohort_matrix_build.h"
#include "utils/expandeddatum.h"

typedef struct MatrixState
{
	ExpandedObjectHeader header;
	Builder		builder;		/* calendar is set for each step */
	const Grain *grain;
	const char *zone;
	struct varlena *flat;		/* while it has been asked for the value */
} MatrixState;

/* The state in an argument, when an aggregate may change it in place. */
extern MatrixState *matrix_state_argument(FunctionCallInfo fcinfo, int arg);

/*
 * The flat matrix of an argument as a state of the aggregate, or NULL: it is
 * not large enough, or this is no aggregate.
 */
extern MatrixState *matrix_state_expand(FunctionCallInfo fcinfo, int arg,
										const Matrix *matrix);

/* Add a matrix of other customers; of another kind: error 22023. */
extern void matrix_state_add(MatrixState *state, const Matrix *matrix);

/* Begin to change the builder; returns the memory context to go back to. */
extern MemoryContext matrix_state_begin(MatrixState *state);

/* What a matrix of this state would be, but for its cohorts. */
extern Matrix matrix_state_head(const MatrixState *state);

#endif							/* RETENTION_COHORT_MATRIX_STATE_H */
