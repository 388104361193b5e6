/*
 * ledger_aggregate.h
 *		For the functions of an aggregate: its ledger, and packed states of it.
 */
#ifndef RETENTION_LEDGER_AGGREGATE_H
#define RETENTION_LEDGER_AGGREGATE_H

#include "history/ledger_code.h"
#include "nodes/pathnodes.h"

/* The ledger in an argument that is not NULL; one of another code: 22023. */
static inline Ledger *
ledger_code_argument(FunctionCallInfo fcinfo, int arg, const LedgerCode *code)
{
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(arg);

	ledger_check(ledger);
	ledger_check_kind(ledger, code);
	return ledger;
}

/* The same of periods. */
static inline Ledger *
ledger_argument(FunctionCallInfo fcinfo, int arg)
{
	return ledger_code_argument(fcinfo, arg, &ledger_periods);
}

/*
 * After an exchange the result of a final function takes the place of entries,
 * NULL for nothing; the value is copied.
 */
extern void ledger_finish(Ledger *ledger, Oid final, struct varlena *value);

/*
 * What a final function returns for a ledger of such results: their sum, by a
 * strict function that adds two; results of another one: 22023.
 */
extern Datum ledger_finished_sum(FunctionCallInfo fcinfo, const Ledger *ledger,
								 PGFunction add);

/* The same by a function that adds up two or more. */
typedef struct varlena *(*LedgerSum) (struct varlena *const *values, int n);

extern Datum ledger_finished_sum_of(FunctionCallInfo fcinfo,
									const Ledger *ledger, LedgerSum add_up);

/*
 * What the planner is told of the combine function of ledgers: the cost of one
 * call in a query, but for that of an operator.
 */
extern double ledger_combine_cost(PlannerInfo *root);

/* The deserialize function of aggregates over entries of a code. */
extern Datum ledger_deserialize_state(FunctionCallInfo fcinfo,
									  const LedgerCode *code);

#endif							/* RETENTION_LEDGER_AGGREGATE_H */
