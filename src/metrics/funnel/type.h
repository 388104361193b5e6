/*
 * funnel/type.h
 *		The type funnel as the metrics room sees it.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	mode (FUNNEL_*)
 *	uint	months, uint days, uint microseconds of the window
 *	uint	length of the zone's name, then these bytes; 0 when no instant's
 *			window depends on a zone
 *	uint	number of steps, at least 1; then for each
 *		uint	customers who reached it
 *		and from step 2 on, if there are any, the times from the step before
 *		uint	unit: greatest common divisor of the times, in microseconds; 0
 *				when all are 0
 *		uint	number of different times; then for each, ascending
 *			uint	(distance from the one before, in units) << 1 | several
 *			uint	how many have it, less 2; only when several
 *
 * The number of steps is the highest step that any row had, reached or not.
 */
#ifndef RETENTION_FUNNEL_TYPE_H
#define RETENTION_FUNNEL_TYPE_H

#include "metrics/funnel/rules.h"

/* Several customers took the same time from the step before. */
typedef struct FunnelTime
{
	int64		time;			/* microseconds */
	int64		customers;
} FunnelTime;

typedef struct FunnelStep
{
	int64		customers;
	int64		ntimes;			/* 0 for the first step */
	FunnelTime *times;			/* ascending */
} FunnelStep;

typedef struct Funnel
{
	FunnelRules rules;
	const char *zone;			/* "" when no window depends on one */
	int64		nsteps;
	FunnelStep *steps;
} Funnel;

/*
 * Encode a funnel as a datum (palloc'd); past 1 GB error 54000.  The caller
 * vouches for its being valid.
 */
extern struct varlena *funnel_encode(const Funnel *funnel);

/* Decode and validate a value; any inconsistency is error 22P03. */
#define PG_GETARG_FUNNEL(n) \
	funnel_from_varlena((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))
extern Funnel *funnel_from_varlena(const struct varlena *value);

/*
 * Time from the step before, in days: the quantile p of a step's times,
 * between two of them as percentile_cont has it.  The step has times.
 */
extern float8 funnel_quantile(const FunnelStep *step, float8 p);

/*
 * For other values that have such times: what is wrong with them, NULL when
 * nothing is; their bytes, as in the stored form above; two steps of disjoint
 * customers added up, past bigint error 22003.
 */
extern const char *funnel_times_problem(const FunnelStep *step);
extern void funnel_times_put(WireWriter *w, const FunnelStep *step);
extern void funnel_times_get(WireReader *r, FunnelStep *step);
extern void funnel_step_add(const FunnelStep *a, const FunnelStep *b,
							FunnelStep *sum);

#endif							/* RETENTION_FUNNEL_TYPE_H */
