/*
 * funnel/type.h
 *		The type funnel as the metrics room sees it.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (2)
 *	the mode, with FUNNEL_TREND in its byte where starts have periods (rules.h)
 *	uint	months, uint days, uint microseconds of the window
 *	uint	length of the zone's name, then these bytes; 0 when nothing depends
 *			on a zone
 *	uint	number of steps, at least 1
 *	of a trend
 *		the grain (base/record_grain.c)
 *		uint	number of entries, at least 1
 *	then the entry, or each, in order of their periods
 *		sint	period of the first; of others uint, distance from the one before,
 *				less 1; only of a trend
 *		for each step
 *			uint	customers who reached it
 *			times from the step before, from step 2 on, if there are customers
 *		uint	number of pairs of steps that have times, then for each, ascending
 *			uint	step, uint the earlier step
 *			times from that one
 *
 * and times are
 *
 *	uint	unit: greatest common divisor of the times, in microseconds; 0
 *			when all are 0
 *	uint	number of different times; then for each, ascending
 *		uint	(distance from the one before, in units) << 1 | several
 *		uint	how many have it, less 2; only when several
 *
 * The number of steps is the highest that was asked for, reached or not.  "The
 * step before" is the one that the chain took before; a pair is there where
 * that is another, the later step is FUNNEL_PAIR_STEPS at most, and a customer
 * has both.  A value that was written by hand may have no pairs.
 */
#ifndef RETENTION_FUNNEL_TYPE_H
#define RETENTION_FUNNEL_TYPE_H

#include "base/grain.h"
#include "metrics/funnel/rules.h"

#define FUNNEL_PAIR_STEPS 32

/* Several customers took the same time from an earlier step. */
typedef struct FunnelTime
{
	int64		time;			/* microseconds */
	int64		customers;
} FunnelTime;

/* A step, or a pair of steps. */
typedef struct FunnelItem
{
	int32		period;			/* of a trend */
	int32		step;
	int32		from;			/* the earlier step; 0: this is a step */
	int64		customers;		/* of a step */
	int64		ntimes;			/* 0 for the first step */
	FunnelTime *times;			/* ascending */
} FunnelItem;

/* The chains that began in one period, or all. */
typedef struct FunnelEntry
{
	int32		period;
	FunnelItem *steps;			/* funnel->nsteps of them */
	FunnelItem *pairs;			/* in order of step and earlier step */
	int64		npairs;
} FunnelEntry;

typedef struct Funnel
{
	FunnelRules rules;
	const char *zone;			/* "" when nothing depends on one */
	Grain	   *grain;			/* of a trend, else NULL */
	int64		nitems;			/* of all entries: steps, then pairs */
	FunnelItem *items;
	/* worked out of these by funnel_index() */
	int32		nsteps;
	int64		nentries;		/* 1 where it is no trend */
	FunnelEntry *entries;
} Funnel;

/*
 * Work out the entries; what is wrong with the items if they cannot be, as a
 * sentence, else NULL.
 */
extern const char *funnel_index(Funnel *funnel);

/* Has a pair of steps times of its own? */
static inline bool
funnel_is_pair(const FunnelRules *rules, int32 from, int32 step)
{
	return step <= FUNNEL_PAIR_STEPS && from < step &&
		(from < step - 1 || funnel_optional(rules, from));
}

/*
 * Encode a funnel as a datum (palloc'd); past 1 GB error 54000.  The caller
 * vouches for its being valid.
 */
extern struct varlena *funnel_encode(const Funnel *funnel);

/* Decode and validate a value; any inconsistency is error 22P03. */
#define PG_GETARG_FUNNEL(n) \
	funnel_from_varlena((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))
extern Funnel *funnel_from_varlena(const struct varlena *value);

/* Has the text's reader what it reads, see type.c. */
extern struct varlena *funnel_encode_value(const void *value);
extern void *funnel_decode_value(const void *payload, Size len);
extern const char *funnel_problem(const void *value);

/* Sum of two counts, error 22003 when it is too large. */
extern int64 funnel_add_customers(int64 a, int64 b);

/*
 * The sum of some funnels, as rollup(funnel) has it; each is read and the sum is
 * written once.
 */
extern struct varlena *funnel_add_values(struct varlena *const *values, int n);

/* All entries of a funnel as one, without a period. */
extern FunnelEntry *funnel_sum(const Funnel *funnel);

/* The times between two steps; NULL when there are none. */
extern const FunnelItem *funnel_times(const Funnel *funnel,
									  const FunnelEntry *entry, int32 step,
									  int32 from);

/* How many have times. */
extern int64 funnel_timed(const FunnelItem *item);

/*
 * In days: the quantile p of times, between two of them as percentile_cont has
 * it, and their mean.  There are some.
 */
extern float8 funnel_quantile(const FunnelItem *item, float8 p);
extern float8 funnel_mean(const FunnelItem *item);

/*
 * For other values that have such times, of a step: what is wrong with them,
 * NULL when nothing is; their bytes, as in the stored form above; two steps of
 * disjoint customers added up, past bigint error 22003.
 */
typedef FunnelItem FunnelStep;

extern const char *funnel_times_problem(const FunnelItem *item);
extern void funnel_times_put(WireWriter *w, const FunnelItem *item);
extern void funnel_times_get(WireReader *r, FunnelItem *item);
extern void funnel_step_add(const FunnelItem *a, const FunnelItem *b,
							FunnelItem *sum);

#endif							/* RETENTION_FUNNEL_TYPE_H */
