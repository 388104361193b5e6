/*
 * sequence/search.h
 *		Where a pattern is found among the events of one customer.
 */
#ifndef RETENTION_SEQUENCE_SEARCH_H
#define RETENTION_SEQUENCE_SEARCH_H

#include "metrics/sequence/pattern.h"

/*
 * An event is 1 + pattern->words words: its time, and a bit for each condition
 * of the pattern that it meets, that of place 0 being the highest of the first
 * word.
 */
static inline Size
sequence_event_words(const SequencePattern *pattern)
{
	return 1 + (Size) pattern->words;
}

static inline int64
sequence_event_time(const uint64 *event)
{
	return (int64) event[0];
}

static inline uint64
sequence_place_bit(uint32 place)
{
	return UINT64CONST(1) << (63 - place % 64);
}

/*
 * Bring events into order: of time, at one time those of lower conditions
 * first, those that meet none last.
 */
extern void sequence_sort(const SequencePattern *pattern, uint64 *events,
						  Size n);

/* Are they? */
extern bool sequence_is_sorted(const SequencePattern *pattern,
							   const uint64 *events, Size n);

/*
 * Is the pattern found among sorted events?  Time: events by items of the
 * pattern; memory: two bits an event.
 */
extern bool sequence_found(const SequencePattern *pattern,
						   const uint64 *events, Size n);

/*
 * How often, one after the other: each time the first that begins after the
 * one before, and in it every gap as short as it can be.  Time the same;
 * memory: a bit an event for each item that skips events.
 */
extern int64 sequence_count(const SequencePattern *pattern,
							const uint64 *events, Size n);

#endif							/* RETENTION_SEQUENCE_SEARCH_H */
