/*
 * intake.h
 *		From SQL arguments to ledger entries.
 *
 * The only place that knows argument types.  An Intake is made once per call
 * site, from the types of the call's arguments:
 *
 *	(state, customer, at, grain)
 *	(state, customer, at, amount, grain)
 *	(state, customer, started_at, at, amount, grain)
 *	(state, customer, started_at, at, amount, grain, at_least)
 *	(state, customer, at, amount, grain, lag)
 */
#ifndef RETENTION_INTAKE_H
#define RETENTION_INTAKE_H

#include "base/column.h"
#include "history/ledger.h"

extern Ledger *intake_row(FunctionCallInfo fcinfo);

/* The same, with started_at, where every start counts, not the earliest alone. */
extern Ledger *intake_row_with_starts(FunctionCallInfo fcinfo);

/* The lag in an argument; refuses one that cannot be used. */
typedef int64 (*IntakeNumber) (FunctionCallInfo fcinfo, int arg);

extern Ledger *intake_row_with_lag(FunctionCallInfo fcinfo, IntakeNumber take);

/*
 * For who has rows by the page: after a call of one of these functions has taken
 * a row, others of the same call may be taken many at a time.
 */
extern bool intake_takes_many(FunctionCallInfo fcinfo);

/* n rows by columns, those of the arguments from the first on. */
extern void intake_columns(FunctionCallInfo fcinfo,
						   const Column *const *columns, int n,
						   MemoryContext row_context);

#endif							/* RETENTION_INTAKE_H */
