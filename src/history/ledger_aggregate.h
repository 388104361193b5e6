/*
 * ledger_aggregate.h
 *		For final functions: the ledger in an argument.
 */
#ifndef RETENTION_LEDGER_AGGREGATE_H
#define RETENTION_LEDGER_AGGREGATE_H

#include "history/ledger.h"

/* The ledger in an argument that is not NULL, of periods. */
static inline Ledger *
ledger_argument(FunctionCallInfo fcinfo, int arg)
{
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(arg);

	ledger_check(ledger);
	ledger_check_kind(ledger, 0);
	return ledger;
}

/* The same of events. */
static inline Ledger *
ledger_events_argument(FunctionCallInfo fcinfo, int arg)
{
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(arg);

	ledger_check(ledger);
	ledger_check_kind(ledger, LEDGER_EVENTS);
	return ledger;
}

#endif							/* RETENTION_LEDGER_AGGREGATE_H */
