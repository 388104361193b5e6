/*
 * signals/state.h
 *		Customers and outcomes by trait and value: the state of the aggregates
 *		that make signals.
 */
#ifndef RETENTION_SIGNALS_STATE_H
#define RETENTION_SIGNALS_STATE_H

#include "base/salt.h"
#include "metrics/signals/type.h"

#define SIGNALS_MAGIC 0x5349474E

struct traits_hash;

typedef struct SignalsState
{
	uint32		magic;
	MemoryContext context;
	int64		customers;
	int64		outcomes;
	Salt		salt;
	struct traits_hash *traits;
} SignalsState;

extern SignalsState *signals_create(MemoryContext context);

/* A pointer that came through "internal" must be to such a state. */
extern SignalsState *signals_argument(FunctionCallInfo fcinfo, int n);

/* Count a customer. */
extern void signals_add(SignalsState *state, bool outcome, Jsonb *covariates);

/* Count those of a value. */
extern void signals_add_value(SignalsState *state, const Signals *signals);

/* The value of a state, which stays as it is; palloc'd. */
extern Signals *signals_value(const SignalsState *state);

#endif							/* RETENTION_SIGNALS_STATE_H */
