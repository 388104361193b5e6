/*
 * intake_events.h
 *		From the SQL arguments of funnels to ledger entries and instants.
 */
#ifndef RETENTION_INTAKE_EVENTS_H
#define RETENTION_INTAKE_EVENTS_H

#include "history/argument.h"
#include "history/ledger.h"

/*
 * One call of the transition function of funnel:
 *
 *	(state, customer, at, step, within [, mode])
 *
 * The ledger, LEDGER_EVENTS, is made on the first.  Constants of the group
 * that are NULL: error 22004; that change within it: 22023.
 */
extern Ledger *intake_event(FunctionCallInfo fcinfo);

/*
 * How to take at; integers tells whether these may be given: TIME_NONE then,
 * as for a literal NULL.  Other types: error 42804.
 */
extern TimeKind plan_instant(FunctionCallInfo fcinfo, int arg, bool integers);

/*
 * An instant in microseconds, dates at midnight.  Infinite, or a date past the
 * last timestamp: error 22008.
 */
extern int64 take_instant(TimeKind kind, Datum value);

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

#endif							/* RETENTION_INTAKE_EVENTS_H */
