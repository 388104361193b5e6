/*
 * cohort_matrix_state.c
 *		A cohort matrix as the state of an aggregate.
 */
#include "metrics/cohort_matrix_state.h"

#include "base/aggregate.h"

/*
 * A value of so many bytes becomes an expanded object.  Smaller ones do not:
 * an object needs a memory context of its own, and a hash aggregate looks at
 * all of its contexts again and again.
 */
#define EXPAND_BYTES 2048

/* More customers than that are worth rows (cohort_matrix_build.h). */
#define ROWS_CUSTOMERS 8192

static Size
flat_size(ExpandedObjectHeader *header)
{
	MatrixState *state = (MatrixState *) header;

	if (state->flat == NULL)
	{
		struct varlena *flat = builder_finish(&state->builder, state->grain,
											  state->zone);

		state->flat = MemoryContextAlloc(header->eoh_context, VARSIZE(flat));
		memcpy(state->flat, flat, VARSIZE(flat));
		pfree(flat);
	}
	return VARSIZE(state->flat);
}

static void
flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	MatrixState *state = (MatrixState *) header;

	Assert(size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);
}

static const ExpandedObjectMethods methods = {flat_size, flatten_into};

/* The state in an argument, when an aggregate may change it in place. */
MatrixState *
matrix_state_argument(FunctionCallInfo fcinfo, int arg)
{
	Pointer		pointer = DatumGetPointer(PG_GETARG_DATUM(arg));
	ExpandedObjectHeader *header;

	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(pointer) ||
		!AggCheckCallContext(fcinfo, NULL))
		return NULL;
	header = DatumGetEOHP(PointerGetDatum(pointer));
	return header->eoh_methods == &methods ? (MatrixState *) header : NULL;
}

/* The flat matrix of an argument as a state, when that is worth it. */
MatrixState *
matrix_state_expand(FunctionCallInfo fcinfo, int arg, const Matrix *matrix)
{
	Pointer		pointer = DatumGetPointer(PG_GETARG_DATUM(arg));
	MemoryContext parent;
	MemoryContext context;
	MemoryContext old;
	MatrixState *state;
	Grain	   *grain;

	if (VARATT_IS_EXTERNAL(pointer) || VARSIZE_ANY(pointer) < EXPAND_BYTES ||
		!AggCheckCallContext(fcinfo, &parent))
		return NULL;
	context = AllocSetContextCreate(parent, "cohort_matrix state",
									ALLOCSET_START_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	state = palloc0(sizeof(MatrixState));
	EOH_init_header(&state->header, &methods, context);
	grain = palloc(VARSIZE(matrix->grain));
	memcpy(grain, matrix->grain, VARSIZE(matrix->grain));
	state->grain = grain;
	state->zone = pstrdup(matrix->zone);
	builder_init(&state->builder, matrix->flags);
	MemoryContextSwitchTo(old);
	matrix_state_add(state, matrix);
	return state;
}

/* Begin to change the builder; returns the memory context to go back to. */
MemoryContext
matrix_state_begin(MatrixState *state)
{
	if (state->flat != NULL)
		pfree(state->flat);
	state->flat = NULL;
	return MemoryContextSwitchTo(state->header.eoh_context);
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
	old = matrix_state_begin(state);
	builder_add_matrix(&state->builder, matrix);
	if (state->builder.total_size > ROWS_CUSTOMERS)
		builder_use_rows(&state->builder);
	MemoryContextSwitchTo(old);
}
