/*
 * funnel/rows.h
 *		One row one step: the rows of one instant, and steps matched to them.
 */
#ifndef RETENTION_FUNNEL_ROWS_H
#define RETENTION_FUNNEL_ROWS_H

#include "metrics/funnel/chain.h"

#define NOBODY (-1)

/* The events of an instant, by step. */
typedef struct Instant
{
	int64		at;
	int64		position;		/* of its first event */
	const ChainEvent *events;
	int			nsteps;			/* different ones, ascending */
	int32	   *steps;
	int		   *first;			/* events of a step: first[i] .. first[i+1] */
	int		   *row;			/* of an event, numbered from 0 */
	int			nrows;
} Instant;

/* Steps matched to rows; steps by their place in the instant. */
typedef struct Matching
{
	const Instant *instant;
	int		   *owner;			/* step that has a row, or NOBODY */
	int		   *row;			/* that a step has, or NOBODY */
	int		   *parent;			/* of a row: step it was found from */
	int		   *queue;
	uint32	   *seen;			/* search a row was last seen in */
	uint32		searches;
} Matching;

/* n events from position on; more than PG_INT32_MAX: error 54000. */
extern void instant_init(Instant *instant, const ChainEvent *events, Size n,
						 int64 position);
extern void instant_free(Instant *instant);

extern void matching_init(Matching *m, const Instant *instant);
extern void matching_free(Matching *m);

/* Match one more step, others changing rows where that helps; could it be? */
extern bool matching_add(Matching *m, int step);
extern void matching_remove(Matching *m, int step);

#endif							/* RETENTION_FUNNEL_ROWS_H */
