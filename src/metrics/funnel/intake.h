/*
 * funnel/intake.h
 *		The arguments that funnel() and window_funnel() have in common.
 */
#ifndef RETENTION_FUNNEL_INTAKE_H
#define RETENTION_FUNNEL_INTAKE_H

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

#endif							/* RETENTION_FUNNEL_INTAKE_H */
