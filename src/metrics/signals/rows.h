/*
 * signals/rows.h
 *		The traits of signals, told as comparisons of those who have one with
 *		those who have not.
 */
#ifndef RETENTION_SIGNALS_ROWS_H
#define RETENTION_SIGNALS_ROWS_H

#include "metrics/signals/type.h"

#define SIGNAL_LEVELS 200		/* texts told by themselves */
#define SIGNAL_OTHER "other"	/* and the rest */
#define SIGNAL_VALUES 20		/* numbers that are all thresholds */

/* Customers, and of these those with the outcome. */
typedef struct SignalCount
{
	int64		customers;
	int64		outcomes;
} SignalCount;

typedef struct SignalRow
{
	const char *covariate;
	const char *level;			/* NULL: a number, or the level of those who lack it */
	bool		threshold;
	float8		at_least;
	SignalCount with;
	SignalCount without;
	bool		tested;			/* the outcome varies */
	float8		phi;
	float8		chi_square;
	float8		p_value;
	float8		adjusted;
	int64		number;			/* of rows made before it */
} SignalRow;

/* All rows, the best first; palloc'd. */
extern SignalRow *signal_rows(const Signals *signals, int64 *n);

#endif							/* RETENTION_SIGNALS_ROWS_H */
