/*
 * check/sample.h
 *		Some of the rows, all of those that belong together.
 *
 * Rows beside one another cannot be compared in memory that is bounded, unless
 * only some are looked at.  Which ones is decided by a hash of what they would
 * be compared by, so that a row is there with all that it could be compared
 * with: what is found within the sample is exact.  As long as all rows fit,
 * all are there; else half of the hashes are given up, and half of these.
 *
 * Which are left follows from all rows together, not from their order nor from
 * who has seen which.  The hash is no secret, so that it is the same on every
 * server; no table is probed by it.
 */
#ifndef RETENTION_CHECK_SAMPLE_H
#define RETENTION_CHECK_SAMPLE_H

#include "base/compat.h"
#include "base/salt.h"

/*
 * Entries.  Two samples of as many, with names of 100 bytes, take 3 MB; below the
 * usual work_mem they hold a quarter, which is not less for any setting, so that
 * a small table is seen whole.
 */
#define SAMPLE_CAPACITY 4096
#define SAMPLE_WORK_MEM 4096	/* kB */

#define ENTRY_AMOUNT 0x01		/* the amount is not NULL */
#define ENTRY_OPEN 0x02			/* the range has no end */
#define ENTRY_CLIPPED 0x04		/* the name is not all of it */
#define ENTRY_FLAGS 0x07

/* What makes rows the same; in a sample of customers all but the key is 0. */
typedef struct SampleRow
{
	uint64		key[2];			/* of the customer */
	int64		from;			/* time, or bounds of a range: days of dates, */
	int64		to;				/* else microseconds */
	int64		amount;
	uint64		flags;			/* ENTRY_... */
} SampleRow;

typedef struct SampleEntry
{
	uint64		place;			/* the hash that decides; first in order */
	SampleRow	row;
	int64		rows;			/* that are the same */
	char	   *name;			/* of the customer; NULL: the key is it */
	uint32		hash;
	char		status;
} SampleEntry;

typedef struct Sample
{
	MemoryContext context;
	struct samples_hash *table;
	Salt		salt;			/* of the table */
	int			capacity;
	uint8		level;			/* so many halves were given up */
	bool		closed;			/* all was */
	uint64		last;			/* the largest place there is */
} Sample;

#define SAMPLE_LEVELS 65		/* past the last one it is closed */

extern void sample_begin(Sample *sample, MemoryContext context);

/* Has a row that is looked for by this hash a place in it? */
static inline bool
sample_has(const Sample *sample, uint64 place)
{
	return place <= sample->last && !sample->closed;
}

/*
 * The entry of such a row, made when there is none: then its name is NULL and
 * is for the caller to set, in the sample's context.
 */
extern SampleEntry *sample_find(Sample *sample, uint64 place,
								const SampleRow *row, bool *made);

/* An entry was made: give up some while there are too many. */
extern void sample_settle(Sample *sample);

/* Give up halves to a level. */
extern void sample_raise(Sample *sample, int level);

/* All entries in order, in an array of pointers that is palloc'd. */
extern SampleEntry **sample_sorted(const Sample *sample, int *n);

/* In the order of sample_sorted(). */
extern int	sample_compare(const SampleEntry *a, const SampleEntry *b);

/* Sum of counts that may come from outside. */
static inline int64
add_counts(int64 a, int64 b)
{
	return a > PG_INT64_MAX - b ? PG_INT64_MAX : a + b;
}

#endif							/* RETENTION_CHECK_SAMPLE_H */
