/*
 * funnel/intake.h
 *		The arguments that funnel() and window_funnel() have in common.
 */
#ifndef RETENTION_FUNNEL_INTAKE_H
#define RETENTION_FUNNEL_INTAKE_H

#include "base/column.h"
#include "history/argument.h"
#include "metrics/funnel/rules.h"

/*
 * The name of the zone in which windows of a time end, "" where they depend on
 * none.  A zone that must be named (retention.require_zone): error 22023.
 */
extern const char *window_zone(TimeKind at, const FunnelRules *rules);

/* The mode in an argument, into rules without one; NULL: error 22004. */
extern void take_mode(FunctionCallInfo fcinfo, int arg, FunnelRules *rules);

/*
 * Error 22023 unless windows and modes of a group are the same; integers tells
 * whether windows are, in the unit of at.
 */
extern void check_same_rules(const FunnelRules *before, const FunnelRules *now,
							 bool integers);

/*
 * For a scan, which calls retention_funnel_transition() itself (scan/feed.c):
 * can rows of a call that has taken one be taken many at a time?
 */
extern bool funnel_takes_many(FunctionCallInfo fcinfo);

/*
 * Take n rows into the ledger of a call, by columns of its arguments from the
 * first on.  What they come to besides is in memory that is reset for each row.
 */
extern void funnel_take_columns(FunctionCallInfo fcinfo,
								const Column *const *columns, int n,
								MemoryContext row_context);

/*
 * The number, from 0, of the argument that may come as sets (base/column.h); -1:
 * none may.
 */
extern int	funnel_takes_sets(FunctionCallInfo fcinfo);

#endif							/* RETENTION_FUNNEL_INTAKE_H */
