/*
 * plain/confidence.h
 *		The confidence of bounds, as a constant of an aggregate over plain
 *		columns.
 */
#ifndef RETENTION_PLAIN_CONFIDENCE_H
#define RETENTION_PLAIN_CONFIDENCE_H

#include "base/tally.h"

/*
 * Take argument n as the confidence of the group, if there is one.  Error
 * 22004 when NULL, 22003 outside 0..1, 22023 when it changes.
 */
extern void confidence_take(FunctionCallInfo fcinfo, Tally *tally, int n);

/* The normal quantile of the group's confidence, 0.95 unless given. */
extern float8 confidence_z(const Tally *tally);

#endif							/* RETENTION_PLAIN_CONFIDENCE_H */
