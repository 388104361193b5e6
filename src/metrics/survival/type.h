/*
 * survival/type.h
 *		The type survival_curve: how many customers churned, and how many were
 *		last seen, after each time.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (CURVE_WHOLE)
 *	uint	number of times, at least 1; then for each, in ascending order:
 *		with CURVE_WHOLE, that is when all times are whole and at most 2^53:
 *			uint	time (first), else distance from the one before (> 0)
 *		else
 *			double	time (>= 0)
 *		uint	events
 *		uint	censored; events + censored > 0
 *
 * All counts add up to at most 2^63 - 1.
 */
#ifndef RETENTION_SURVIVAL_TYPE_H
#define RETENTION_SURVIVAL_TYPE_H

#include "base/compat.h"

#define CURVE_WHOLE 0x01

/* Whole numbers up to here are exact in a double. */
#define CURVE_WHOLE_MAX 9007199254740992.0

/* More distinct pairs of time and outcome: error 54000. */
#define CURVE_MAX_TIMES INT64CONST(67108864)

/* What happened at one time. */
typedef struct CurveTime
{
	float8		at;
	int64		events;			/* customers who churned */
	int64		censored;		/* customers last seen, still there */
} CurveTime;

typedef struct SurvivalCurve
{
	uint8		flags;			/* CURVE_WHOLE */
	int64		ntimes;
	int64		customers;
	CurveTime  *times;			/* ascending */
} SurvivalCurve;

/* CURVE_WHOLE, or 0. */
extern uint8 curve_flags(const SurvivalCurve *curve);

/* To a datum (palloc'd), past 1 GB error 54000; and back: 22P03. */
extern struct varlena *curve_encode(const SurvivalCurve *curve);
#define DatumGetCurve(d) curve_from_varlena(PG_DETOAST_DATUM_PACKED(d))
#define PG_GETARG_CURVE(n) DatumGetCurve(PG_GETARG_DATUM(n))
extern SurvivalCurve *curve_from_varlena(const struct varlena *value);

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* The estimates at one time; see survival/estimate.c. */
typedef struct CurvePoint
{
	float8		at;
	int64		at_risk;		/* just before */
	int64		events;
	int64		censored;
	float8		survival;		/* Kaplan and Meier's, from here on */
	float8		log_survival;	/* -infinity at 0 */
	float8		variance;		/* Greenwood's, of log_survival */
	float8		hazard;			/* Nelson and Aalen's, cumulative */
} CurvePoint;

/* A walk over the times of a curve. */
typedef struct CurveWalk
{
	const SurvivalCurve *curve;
	int64		next;
	CurvePoint	point;
	float8		base;			/* survival at the last censoring */
	int64		base_risk;		/* customers left after it */
} CurveWalk;

extern void curve_walk_begin(CurveWalk *walk, const SurvivalCurve *curve);
extern const CurvePoint *curve_walk_next(CurveWalk *walk);

/*
 * Bounds of the survival at the normal quantile z, from the normal
 * approximation of log(-log S); false where S is 0 or 1: there are none.
 */
extern bool curve_bounds(const CurvePoint *point, float8 z, float8 *low,
						 float8 *high);

/* Argument n as a confidence, as its normal quantile; 22003 unless in (0, 1). */
extern float8 curve_confidence(FunctionCallInfo fcinfo, int n);

#endif							/* RETENTION_SURVIVAL_TYPE_H */
