/*
 * expanded.h
 *		A value as the state of an aggregate, changed in place.
 *
 * Aggregates that add to a value have its type as their state, which storage
 * and other servers can hold.  While it is small every step makes a new value.
 * A large one, or one of many rows, becomes an expanded object, which steps add
 * to in place; it is made a value again when anybody else reads it.
 */
#ifndef RETENTION_EXPANDED_H
#define RETENTION_EXPANDED_H

#include "base/compat.h"
#include "utils/expandeddatum.h"

struct ExpandedState;

/* What a type does to be such a state. */
typedef struct ExpandedKind
{
	const char *name;			/* of its memory context */
	Size		size;			/* of the struct that begins with ExpandedState */
	/* the value (palloc'd), the state staying as it is */
	struct varlena *(*flatten) (const struct ExpandedState *state);
} ExpandedKind;

typedef struct ExpandedState
{
	ExpandedObjectHeader header;
	const ExpandedKind *kind;
	struct varlena *flat;		/* while the value has been asked for */
} ExpandedState;

/* The state in an argument, when an aggregate may change it in place. */
extern ExpandedState *expanded_argument(FunctionCallInfo fcinfo, int arg,
										const ExpandedKind *kind);

/*
 * An empty state, in memory of its own in the aggregate's, to hold the flat
 * value of an argument; NULL when that is not worth it, or when this is no
 * aggregate.
 */
extern ExpandedState *expanded_create(FunctionCallInfo fcinfo, int arg,
									  const ExpandedKind *kind);

/*
 * The same for a value that is small but sums up so many rows, to be asked for
 * at each step.
 */
extern ExpandedState *expanded_create_for(FunctionCallInfo fcinfo, int64 rows,
										  const ExpandedKind *kind);

/* Begin to change the state; returns the memory context to go back to. */
extern MemoryContext expanded_begin(ExpandedState *state);

/* The state as the result of a step. */
static inline Datum
expanded_datum(ExpandedState *state)
{
	return EOHPGetRWDatum(&state->header);
}

#endif							/* RETENTION_EXPANDED_H */
