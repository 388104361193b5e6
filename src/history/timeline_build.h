/*
 * timeline_build.h
 *		A timeline under construction: the state of aggregates.
 *
 * The state of a group holds events in the order they came; they are put in
 * order and merged by day at the end, and before when they are many.  It lives
 * in the aggregate's own context: a hash aggregate of millions of customers has
 * no room for a context each.
 */
#ifndef RETENTION_TIMELINE_BUILD_H
#define RETENTION_TIMELINE_BUILD_H

#include "base/calendar.h"
#include "history/timeline.h"

/* Part of what happened on a day; several may be of one day. */
typedef struct BuildDay
{
	int32		day;
	uint32		orders;
	int64		amount;			/* millionths; of levels the change */
} BuildDay;

/* What the timeline of a group will be. */
typedef struct BuildKind
{
	uint32		magic;
	uint8		flags;			/* TIMELINE_* */
	const char *zone;			/* "" without TIMELINE_ZONE */
} BuildKind;

#define BUILD_MAGIC 0x54494D45

/* Entries of a state; the latest chunk leads to those before. */
typedef struct BuildChunk
{
	struct BuildChunk *before;
	uint32		n;				/* entries */
	uint32		size;			/* there is room for */
	uint32		merged;			/* entries here and before that were merged by day */
	bool		wide;			/* BuildDays, not words */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} BuildChunk;

#define FEW_WORDS 5

/*
 * The state of a group.  It never moves: a hash aggregate allocates it next to
 * the group's own entry, so that a row finds it where it had to look anyhow,
 * and only every fifth goes on to a chunk.  The usual event is a word,
 *
 *	day (20 bits, biased) | amount in hundredths (44 bits, biased)
 *
 * with an order where the amount is no refund; all else are BuildDays, in
 * chunks of their own.
 */
typedef struct TimelineBuild
{
	const BuildKind *kind;
	BuildChunk *chunk;			/* being filled, or NULL */
	uint32		nchunks;		/* entries in chunks */
	uint32		nfew;			/* and here */
	uint64		few[FEW_WORDS];
} TimelineBuild;

/* A kind in a call site's list. */
typedef struct KindLink
{
	struct KindLink *next;
	BuildKind	kind;
	Calendar   *days;			/* of its zone, where rows are cut in one */
} KindLink;

/*
 * The kind in a list, which lives in context, made when it is not there and
 * brought to the front.
 */
extern KindLink *build_find_kind(KindLink **list, uint8 flags,
								 const char *zone, int zone_len,
								 MemoryContext context);

/* An empty state in context; kind must live as long. */
extern TimelineBuild *build_begin(const BuildKind *kind, MemoryContext context);

/* All entries of a state (build_count() of them), in no order. */
extern void build_collect(const TimelineBuild *build, BuildDay *days);

/* Add all of a timeline; of another kind: error 22023. */
extern void build_add_timeline(TimelineBuild *build, TimelineReader *r);

/* The state as a timeline; it stays as it is. */
extern struct varlena *build_finish(const TimelineBuild *build);

/* Make room in few. */
extern void build_put_few(TimelineBuild *build);

/* Add what is no word. */
extern void build_put_day(TimelineBuild *build, int32 day, uint32 orders,
						  int64 amount);

/* Entries of a state. */
static inline uint32
build_count(const TimelineBuild *build)
{
	return build->nchunks + build->nfew;
}

#define WORD_UNIT 10000			/* millionths in a hundredth */
#define WORD_AMOUNT_BITS 44
#define WORD_AMOUNT_BIAS (INT64CONST(1) << (WORD_AMOUNT_BITS - 1))
#define WORD_DAY_BIAS (1 << 19)

/* How many orders an event of this amount is. */
static inline uint32
implied_orders(const BuildKind *kind, int64 amount)
{
	return (kind->flags & TIMELINE_LEVELS) == 0 && amount >= 0;
}

/* Is an entry the usual event?  Then it is this word. */
static inline bool
as_word(const BuildKind *kind, int32 day, uint32 orders, int64 amount,
		uint64 *word)
{
	int64		hundredths = amount / WORD_UNIT;
	uint64		high = (uint64) ((int64) day + WORD_DAY_BIAS);
	uint64		low = (uint64) (hundredths + WORD_AMOUNT_BIAS);

	*word = high << WORD_AMOUNT_BITS | low;
	return hundredths * WORD_UNIT == amount &&
		(high >> (64 - WORD_AMOUNT_BITS)) == 0 &&
		(low >> WORD_AMOUNT_BITS) == 0 &&
		orders == implied_orders(kind, amount);
}

/* Add to a day. */
static inline void
build_add(TimelineBuild *build, int32 day, uint32 orders, int64 amount)
{
	uint64		word;

	if (unlikely(!as_word(build->kind, day, orders, amount, &word)))
	{
		build_put_day(build, day, orders, amount);
		return;
	}
	if (unlikely(build->nfew == FEW_WORDS))
		build_put_few(build);
	build->few[build->nfew++] = word;
}

#endif							/* RETENTION_TIMELINE_BUILD_H */
