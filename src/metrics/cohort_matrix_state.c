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

/*
 * Add the cohorts of a matrix being read, one at a time: all of them as cells
 * would take more memory than the state.
 */
static void
add_cohorts(MatrixState *state, MatrixReader *r)
{
	MatrixCohort cohort;

	while (matrix_reader_next(r, &cohort))
	{
		MemoryContext old = expanded_begin(&state->expanded);

		builder_add_cohort(&state->builder, &cohort);
		MemoryContextSwitchTo(old);
		pfree(cohort.cells);
	}
	state->builder.last_period = Max(state->builder.last_period, r->head.last);
	if (state->builder.total_size > ROWS_CUSTOMERS)
	{
		MemoryContext old = expanded_begin(&state->expanded);

		builder_use_rows(&state->builder);
		MemoryContextSwitchTo(old);
	}
}

/* The flat matrix of an argument as a state, when that is worth it. */
MatrixState *
matrix_state_expand(FunctionCallInfo fcinfo, int arg)
{
	MatrixState *state = (MatrixState *) expanded_create(fcinfo, arg, &kind);
	MatrixReader r;
	MemoryContext old;

	if (state == NULL)
		return NULL;
	matrix_reader_begin(&r, PG_GETARG_VARLENA_PP(arg));
	old = expanded_begin(&state->expanded);
	state->grain = grain_copy(r.head.grain);
	state->zone = pstrdup(r.head.zone);
	builder_init(&state->builder, r.head.flags);
	MemoryContextSwitchTo(old);
	add_cohorts(state, &r);
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
matrix_state_add(MatrixState *state, const struct varlena *matrix)
{
	Matrix		head = matrix_state_head(state);
	MatrixReader r;

	matrix_reader_begin(&r, matrix);
	matrix_check_alike(&head, &r.head);
	add_cohorts(state, &r);
}
