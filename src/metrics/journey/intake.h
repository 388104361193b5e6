/*
 * journey/intake.h
 *		Rows of a journey by the page.
 */
#ifndef RETENTION_JOURNEY_INTAKE_H
#define RETENTION_JOURNEY_INTAKE_H

#include "base/column.h"
#include "fmgr.h"

/*
 * For a scan, which calls retention_journey_transition() itself (scan/feed.c):
 * can rows of a call that has taken one be taken many at a time?
 */
extern bool journey_takes_many(FunctionCallInfo fcinfo);

/*
 * Take n rows into the ledger of a call, by columns of its arguments from the
 * first on.  What they come to besides is in memory that is reset for each row.
 */
extern void journey_take_columns(FunctionCallInfo fcinfo,
								 const Column *const *columns, int n,
								 MemoryContext row_context);

#endif							/* RETENTION_JOURNEY_INTAKE_H */
