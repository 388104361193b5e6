/*
 * incidence/type.h
 *		The type incidence_curve: how many customers left for each reason, and
 *		how many were last seen, after each time.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (INCIDENCE_WHOLE)
 *	uint	number of reasons, at least 1; then for each, in ascending order of
 *			its bytes:
 *		text	reason, up to INCIDENCE_REASON_BYTES; "" is that of customers last
 *				seen, who were still there
 *		uint	number of times, at least 1; then for each, in ascending order:
 *			with INCIDENCE_WHOLE, that is when all times of all reasons are whole
 *			and at most 2^53:
 *				uint	time (first), else distance from the one before (> 0)
 *			else
 *				double	time (>= 0)
 *			uint	customers, above 0
 *
 * where a text is a uint, its length in bytes, and its bytes.  All counts add
 * up to at most 2^63 - 1.
 */
#ifndef RETENTION_INCIDENCE_TYPE_H
#define RETENTION_INCIDENCE_TYPE_H

#include "base/compat.h"
#include "metrics/survival/type.h"

#define INCIDENCE_WHOLE 0x01

#define INCIDENCE_REASON_BYTES 255	/* more: error 22001 */
#define INCIDENCE_MAX_REASONS 1000	/* more: error 54000 */

/* Who left, and no reason is known. */
#define INCIDENCE_UNKNOWN "unknown"

typedef struct IncidenceTime
{
	float8		at;
	int64		customers;
} IncidenceTime;

typedef struct IncidenceReason
{
	const char *name;			/* "" for those still there */
	int64		ntimes;
	IncidenceTime *times;		/* ascending */
} IncidenceReason;

typedef struct IncidenceCurve
{
	uint8		flags;			/* INCIDENCE_WHOLE */
	int64		nreasons;
	int64		customers;
	IncidenceReason *reasons;	/* ascending */
} IncidenceCurve;

/* INCIDENCE_WHOLE, or 0. */
extern uint8 incidence_flags(const IncidenceCurve *curve);

/* To a datum (palloc'd), past 1 GB error 54000; and back: 22P03. */
extern struct varlena *incidence_encode(const IncidenceCurve *curve);
#define DatumGetIncidence(d) incidence_from_varlena(PG_DETOAST_DATUM_PACKED(d))
#define PG_GETARG_INCIDENCE(n) DatumGetIncidence(PG_GETARG_DATUM(n))
extern IncidenceCurve *incidence_from_varlena(const struct varlena *value);

/* The customers whatever their reason: events are those of any; palloc'd. */
extern SurvivalCurve *incidence_survival(const IncidenceCurve *curve);

#endif							/* RETENTION_INCIDENCE_TYPE_H */
