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

/* The mode in an argument; NULL: error 22004. */
extern uint8 take_mode(FunctionCallInfo fcinfo, int arg);

/* How a window was given, for a message. */
typedef enum WithinKind
{
	WITHIN_INTERVAL,
	WITHIN_INTEGER,				/* in the unit of at */
	WITHIN_UNTOLD				/* a worker does not tell */
} WithinKind;

/* Error 22023 unless windows and modes of a group are the same. */
extern void check_same_rules(const FunnelRules *before, const FunnelRules *now,
							 WithinKind kind);

#endif							/* RETENTION_FUNNEL_INTAKE_H */
