/*
 * funnel/times.h
 *		Times from one event to another, gathered and counted.
 */
#ifndef RETENTION_FUNNEL_TIMES_H
#define RETENTION_FUNNEL_TIMES_H

#include "metrics/funnel/type.h"

typedef struct TimeList
{
	int64	   *times;			/* palloc'd */
	int64		n;
	int64		size;			/* allocated */
} TimeList;

/* Room to sort in, from one list to the next; all zero at first. */
typedef struct TimeSorter
{
	int64	   *spare;
	int64		max_spare;
} TimeSorter;

extern void times_grow(TimeList *list);

/* Add a time, not negative. */
static inline void
times_add(TimeList *list, int64 time)
{
	if (unlikely(list->n == list->size))
		times_grow(list);
	list->times[list->n++] = time;
}

/*
 * The times of a list, each once, ascending, palloc'd; how many in *n.  The list
 * is freed.  Cost: linear.
 */
extern FunnelTime *times_count(TimeSorter *sorter, TimeList *list, int64 *n);

#endif							/* RETENTION_FUNNEL_TIMES_H */
