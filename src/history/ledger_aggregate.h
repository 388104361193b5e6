/*
 * ledger_aggregate.h
 *		For the functions of an aggregate: its ledger, and packed states of it.
 */
#ifndef RETENTION_LEDGER_AGGREGATE_H
#define RETENTION_LEDGER_AGGREGATE_H

#include "history/ledger_code.h"

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

/* The deserialize function of aggregates over entries of a code. */
extern Datum ledger_deserialize_state(FunctionCallInfo fcinfo,
									  const LedgerCode *code);

#endif							/* RETENTION_LEDGER_AGGREGATE_H */
