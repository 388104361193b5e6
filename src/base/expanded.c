/*
 * expanded.c
 *		A value as the state of an aggregate, changed in place.
 */
#include "base/expanded.h"

#include "base/call_site.h"

/*
 * In a hash aggregate, which has the states of many groups at a time and looks
 * at all of their contexts whenever a group begins, a value of so many bytes
 * becomes an expanded object, which needs a memory context of its own; or one
 * of so many rows, as far as the steps that were slow for want of it are many
 * for each that there is already.
 */
#define EXPAND_BYTES 2048
#define EXPAND_ROWS 16
#define EXPAND_STEPS 16

/* Is it worth it? */
static bool
worth_expanding(FunctionCallInfo fcinfo, Pointer value)
{
	if (VARATT_IS_EXTERNAL(value))
		return false;
	if (IsA(fcinfo->context, AggState) &&
		(((AggState *) fcinfo->context)->aggstrategy == AGG_PLAIN ||
		 ((AggState *) fcinfo->context)->aggstrategy == AGG_SORTED))
		return true;
	return VARSIZE_ANY(value) >= EXPAND_BYTES;
}

static Size
flat_size(ExpandedObjectHeader *header)
{
	ExpandedState *state = (ExpandedState *) header;

	if (state->flat == NULL)
	{
		struct varlena *flat = state->kind->flatten(state);

		state->flat = MemoryContextAllocHuge(header->eoh_context, VARSIZE(flat));
		memcpy(state->flat, flat, VARSIZE(flat));
		pfree(flat);
	}
	return VARSIZE(state->flat);
}

static void
flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	ExpandedState *state = (ExpandedState *) header;

	Assert(size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);
}

static const ExpandedObjectMethods methods = {flat_size, flatten_into};

/* The state in an argument, when an aggregate may change it in place. */
ExpandedState *
expanded_argument(FunctionCallInfo fcinfo, int arg, const ExpandedKind *kind)
{
	Pointer		pointer = DatumGetPointer(PG_GETARG_DATUM(arg));
	ExpandedState *state;

	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(pointer) ||
		!AggCheckCallContext(fcinfo, NULL))
		return NULL;
	state = (ExpandedState *) DatumGetEOHP(PointerGetDatum(pointer));
	if (state->header.eoh_methods != &methods || state->kind != kind)
		return NULL;
	return state;
}

/* An empty state in a context below parent. */
static ExpandedState *
create_state(FunctionCallInfo fcinfo, MemoryContext parent,
			 const ExpandedKind *kind)
{
	MemoryContext context;
	ExpandedState *state;

	call_site(fcinfo)->states++;
	context = AllocSetContextCreate(parent, "retention state",
									ALLOCSET_START_SMALL_SIZES);
	MemoryContextSetIdentifier(context, kind->name);
	state = MemoryContextAllocZero(context, kind->size);
	EOH_init_header(&state->header, &methods, context);
	state->kind = kind;
	return state;
}

/* An empty state for the flat value of an argument, when that is worth it. */
ExpandedState *
expanded_create(FunctionCallInfo fcinfo, int arg, const ExpandedKind *kind)
{
	MemoryContext parent;

	if (!AggCheckCallContext(fcinfo, &parent) ||
		!worth_expanding(fcinfo, DatumGetPointer(PG_GETARG_DATUM(arg))))
		return NULL;
	return create_state(fcinfo, parent, kind);
}

/* The same for one that sums up so many rows. */
ExpandedState *
expanded_create_for(FunctionCallInfo fcinfo, int64 rows,
					const ExpandedKind *kind)
{
	MemoryContext parent;
	CallSite   *site;

	if (rows < EXPAND_ROWS || !AggCheckCallContext(fcinfo, &parent))
		return NULL;
	site = call_site(fcinfo);
	site->asked++;
	if (site->asked < (site->states + 1) * EXPAND_STEPS +
		site->states * site->states / EXPAND_STEPS)
		return NULL;
	return create_state(fcinfo, parent, kind);
}

/* Begin to change the state; returns the memory context to go back to. */
MemoryContext
expanded_begin(ExpandedState *state)
{
	if (state->flat != NULL)
		pfree(state->flat);
	state->flat = NULL;
	return MemoryContextSwitchTo(state->header.eoh_context);
}
