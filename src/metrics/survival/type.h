/*
 * survival/type.h
 *		The type survival_curve: how many customers churned, and how many were
 *		last seen, after each time, and how many came under observation late.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (CURVE_WHOLE, CURVE_LATE)
 *	uint	number of times, at least 1; then for each, in ascending order:
 *		with CURVE_WHOLE, that is when all times are whole and at most 2^53:
 *			uint	time (first), else distance from the one before (> 0)
 *		else
 *			double	time (>= 0)
 *		uint	events
 *		uint	censored
 *		with CURVE_LATE, that is when somebody was not there from the start:
 *			uint	entered, those observed from just after this time; 0 at time 0
 *		and one of these is above 0
 *
 * Events and censored add up to at most 2^63 - 1, and at no time to more than
 * are there.
 */
#ifndef RETENTION_SURVIVAL_TYPE_H
#define RETENTION_SURVIVAL_TYPE_H

#include "base/compat.h"
#include "metrics/survival/bounds.h"

#define CURVE_WHOLE 0x01
#define CURVE_LATE 0x02

/* What happened at one time. */
typedef struct CurveTime
{
	float8		at;
	int64		events;			/* customers who churned */
	int64		censored;		/* customers last seen, still there */
	int64		entered;		/* customers observed from here on, no earlier */
} CurveTime;

typedef struct SurvivalCurve
{
	uint8		flags;			/* CURVE_WHOLE, CURVE_LATE */
	int64		ntimes;
	int64		customers;
	CurveTime  *times;			/* ascending */
} SurvivalCurve;

/* The flags of what is in it. */
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
	float8		hazard_variance;	/* Aalen's, of hazard */
} CurvePoint;

/* A walk over the times of a curve at which somebody leaves. */
typedef struct CurveWalk
{
	const SurvivalCurve *curve;
	int64		next;
	CurvePoint	point;
	int64		entered;		/* since the point */
	float8		base;			/* survival when somebody was censored or */
	int64		base_risk;		/* entered last; customers there after it */
} CurveWalk;

/* Customers at risk at a time. */
extern int64 curve_at_risk(const SurvivalCurve *curve, float8 at);

/* At how many times somebody leaves. */
extern int64 curve_leaving_times(const SurvivalCurve *curve);

extern void curve_walk_begin(CurveWalk *walk, const SurvivalCurve *curve);
extern const CurvePoint *curve_walk_next(CurveWalk *walk);

/* The survival of a point as what bounds are made of. */
extern Estimate curve_estimate(const CurvePoint *point);

#endif							/* RETENTION_SURVIVAL_TYPE_H */
