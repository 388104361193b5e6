/*
 * sequence/pattern.h
 *		The pattern of a sequence of events, as it is asked for.
 *
 *	(?1)		an event that meets condition 1
 *	.			any event
 *	.*			any number of events, none too
 *	(?t<=60)	any number of events, and from the element before to the next
 *				event at most 60: seconds, of dates days, of integers their own
 *				unit; also <, >, >=, == and =
 *
 * Blanks may stand between elements, a time never after another.  The pattern may begin anywhere: its first
 * item is ".*", whether written or not.
 */
#ifndef RETENTION_SEQUENCE_PATTERN_H
#define RETENTION_SEQUENCE_PATTERN_H

#include "base/compat.h"

typedef enum SequenceKind
{
	/* take an event */
	SEQUENCE_CONDITION,
	SEQUENCE_ANY,
	/* skip events */
	SEQUENCE_GAP,
	SEQUENCE_LESS,
	SEQUENCE_AT_MOST,
	SEQUENCE_MORE,
	SEQUENCE_AT_LEAST,
	SEQUENCE_EXACTLY
} SequenceKind;

typedef struct SequenceItem
{
	SequenceKind kind;
	uint32		place;			/* of the condition among those of the pattern */
	uint64		time;			/* in the unit of the events' times */
} SequenceItem;

/* What a number in a time stands for. */
typedef enum SequenceUnit
{
	SEQUENCE_SECONDS, SEQUENCE_DAYS, SEQUENCE_INTEGERS
} SequenceUnit;

#define SEQUENCE_MAX_ITEMS 1000

typedef struct SequencePattern
{
	char	   *text;			/* as given, "len" bytes and a 0 */
	Size		len;
	SequenceUnit unit;
	int			nitems;
	SequenceItem *items;
	int			nconditions;	/* different ones */
	int32	   *conditions;		/* their numbers, ascending */
	int			words;			/* of 64 conditions each; 1 at least */
} SequencePattern;

/* What is wrong with a pattern. */
typedef struct SequenceFault
{
	Size		at;				/* byte */
	const char *expected;		/* what should be there */
	bool		limit;			/* it has too many elements */
} SequenceFault;

/* The pattern of a text, in memory of context; NULL where there is a fault. */
extern SequencePattern *sequence_pattern_parse(const char *text, Size len,
											   SequenceUnit unit,
											   MemoryContext context,
											   SequenceFault *fault);

/* The fault as an error: 22023, or 54000 for a limit. */
pg_noreturn extern void sequence_pattern_refuse(const char *text, Size len,
												const SequenceFault *fault);

/* Does the item take an event?  Else it skips some. */
static inline bool
sequence_takes(const SequenceItem *item)
{
	return item->kind <= SEQUENCE_ANY;
}

/* May an item that skips be left with no event after it? */
static inline bool
sequence_may_end(const SequenceItem *item)
{
	return item->kind == SEQUENCE_GAP || item->kind == SEQUENCE_LESS ||
		item->kind == SEQUENCE_AT_MOST ||
		(item->kind == SEQUENCE_AT_LEAST && item->time == 0);
}

#endif							/* RETENTION_SEQUENCE_PATTERN_H */
