/*
 * survival/lives.h
 *		Customers by time: tables that the aggregates of survival and of
 *		incidence curves count in.
 *
 * Rows are appended and now and then sorted, equal ones counted together;
 * memory is proportional to the distinct rows.
 */
#ifndef RETENTION_SURVIVAL_LIVES_H
#define RETENTION_SURVIVAL_LIVES_H

#include "base/compat.h"

/* More distinct times: error 54000. */
#define CURVE_MAX_TIMES INT64CONST(67108864)

/* The words of errors: what customers are counted for, and by what. */
typedef struct LivesWords
{
	const char *what;			/* "a survival curve" */
	const char *by;				/* "durations" */
	const char *hint;			/* where there are too many different ones */
} LivesWords;

/* Of curves of this kind. */
#define LIVES_OF_CURVE(curve) \
	{(curve), "durations", "Round the durations, for example to whole days."}

/*
 * So many customers with one time.  The key is twice the bits of the time,
 * which for numbers that are not negative are in the order of the numbers,
 * plus a bit for the outcome.
 */
typedef struct Lives
{
	uint64		key;
	int64		count;
} Lives;

typedef struct LivesTable
{
	MemoryContext context;
	const LivesWords *words;
	int64		n;
	int64		size;			/* allocated */
	int64		sorted;			/* the first so many ascend, all distinct */
	Lives	   *lives;			/* NULL before the first */
} LivesTable;

extern void lives_begin(LivesTable *table, MemoryContext context,
						const LivesWords *words);

/* Sort and count together when there is no room for one more. */
extern void lives_make_room(LivesTable *table);

/*
 * Sort, counting equal rows together.  Says nothing new, so it does not
 * matter that a final function does it.
 */
extern void lives_sort(LivesTable *table);

/* Error 22003: more customers than 64 bits count. */
pg_noreturn extern void lives_overflow(const LivesWords *words);

/* Count some more customers in all; count is not negative. */
static inline void
lives_count(int64 *customers, int64 count, const LivesWords *words)
{
	if (unlikely(count > PG_INT64_MAX - *customers))
		lives_overflow(words);
	*customers += count;
}

/*
 * Add customers; at is a finite number, 0 or above, outcome 0 or 1, count not
 * negative, and the caller has counted them.
 */
static inline void
lives_put(LivesTable *table, float8 at, int outcome, int64 count)
{
	Lives	   *lives;
	uint64		bits;

	if (count == 0)
		return;
	if (unlikely(table->n == table->size))
		lives_make_room(table);
	at += 0.0;					/* no negative zero */
	memcpy(&bits, &at, sizeof(bits));
	lives = &table->lives[table->n++];
	lives->key = bits << 1 | outcome;
	lives->count = count;
}

/* The time of a key. */
static inline float8
lives_time(uint64 key)
{
	uint64		bits = key >> 1;
	float8		at;

	memcpy(&at, &bits, sizeof(at));
	return at;
}

#endif							/* RETENTION_SURVIVAL_LIVES_H */
