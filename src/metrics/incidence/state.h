/*
 * incidence/state.h
 *		Customers by reason and time: the state of the aggregates that make
 *		incidence curves.
 */
#ifndef RETENTION_INCIDENCE_STATE_H
#define RETENTION_INCIDENCE_STATE_H

#include "base/salt.h"
#include "metrics/incidence/type.h"
#include "metrics/survival/curve_aggregate.h"
#include "metrics/survival/lives.h"

#define INCIDENCE_MAGIC 0x494E4349

/* One reason, in a table by names: where its customers are. */
typedef struct ReasonEntry
{
	const char *name;
	uint32		hash;
	int			place;			/* of its LivesTable */
	char		status;
} ReasonEntry;

typedef struct IncidenceState
{
	CurveState	head;
	LivesTable	kept;			/* customers still there, by duration */
	int			nreasons;
	int			size;			/* allocated */
	LivesTable *left;			/* those who left, a table for each reason */
	Salt		salt;			/* of the table of reasons */
	struct reasons_hash *table;
	const char *name;			/* looked for last, or NULL */
	int			place;			/* of its LivesTable */
} IncidenceState;

extern const LivesWords incidence_words;

extern IncidenceState *incidence_create(MemoryContext context);

/*
 * Where customers who left for a reason of len bytes, more than 0, are counted.
 * Errors: 22001 for one that is too long, 54000 for too many different ones.
 */
extern LivesTable *incidence_reason(IncidenceState *state, const char *reason,
									Size len);

/* Add customers to a table of the state; as lives_put() has it. */
static inline void
incidence_add(IncidenceState *state, LivesTable *table, float8 at, int64 count)
{
	lives_count(&state->head.customers, count, table->words);
	lives_put(table, at, 0, count);
}

/* Add all of a curve. */
extern void incidence_add_curve(IncidenceState *state,
								const IncidenceCurve *curve);

/* The curve of a state that has customers; palloc'd. */
extern IncidenceCurve *incidence_curve(IncidenceState *state);

#endif							/* RETENTION_INCIDENCE_STATE_H */
