/*
 * cohort_matrix_state.c
 *		A cohort matrix as the state of an aggregate.
 */
#include "metrics/cohort_matrix_state.h"

/* More customers than that are worth rows (cohort_matrix_build.h). */
#define ROWS_CUSTOMERS 8192

static struct varlena *
flatten(const ExpandedState *expanded)
{
	const MatrixState *state = (const MatrixState *) expanded;

	return builder_finish(&state->builder, state->grain, state->zone);
}

static const ExpandedKind kind = {"cohort_matrix", sizeof(MatrixState), flatten};

/* The state in an argument, when an aggregate may change it in place. */
MatrixState *
matrix_state_argument(FunctionCallInfo fcinfo, int arg)
{
	return (MatrixState *) expanded_argument(fcinfo, arg, &kind);
}

/* The flat matrix of an argument as a state, when that is worth it. */
MatrixState *
matrix_state_expand(FunctionCallInfo fcinfo, int arg, const Matrix *matrix)
{
	MatrixState *state = (MatrixState *) expanded_create(fcinfo, arg, &kind);
	MemoryContext old;

	if (state == NULL)
		return NULL;
	old = expanded_begin(&state->expanded);
	state->grain = grain_copy(matrix->grain);
	state->zone = pstrdup(matrix->zone);
	builder_init(&state->builder, matrix->flags);
	MemoryContextSwitchTo(old);
	matrix_state_add(state, matrix);
	return state;
}

/* What a matrix of this state would be, but for its cohorts. */
Matrix
matrix_state_head(const MatrixState *state)
{
	Matrix		head = {0};

	head.flags = state->builder.flags;
	head.grain = unconstify(Grain *, state->grain);
	head.zone = state->zone;
	return head;
}

/* Add a matrix of other customers; of another kind: error 22023. */
void
matrix_state_add(MatrixState *state, const Matrix *matrix)
{
	Matrix		head = matrix_state_head(state);
	MemoryContext old;

	matrix_check_alike(&head, matrix);
	old = expanded_begin(&state->expanded);
	builder_add_matrix(&state->builder, matrix);
	if (state->builder.total_size > ROWS_CUSTOMERS)
		builder_use_rows(&state->builder);
	MemoryContextSwitchTo(old);
}
