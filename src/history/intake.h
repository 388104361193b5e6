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
 */
#ifndef RETENTION_INTAKE_H
#define RETENTION_INTAKE_H

#include "history/ledger.h"

extern Ledger *intake_row(FunctionCallInfo fcinfo);

#endif							/* RETENTION_INTAKE_H */
