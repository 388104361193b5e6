/*
 * journey/type.h
 *		The type journey as the metrics room sees it.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	uint	months, uint days, uint microseconds of the longest silence
 *	uint	length of the zone's name, then these bytes; 0 when no instant's
 *			silence depends on a zone
 *	uint	number of places, then each as a text, ascending by their bytes
 *	uint	number of edges, at least 1; then for each, ascending by step, from, to
 *		uint	distance of the step from that of the edge before
 *		uint	number of the place it comes from; not of step 0
 *		uint	number of the place it goes to
 *		uint	customers
 *		and but of step 0 the times, as a funnel has them
 *
 * An edge of step k is a move from the k-th place of a way to the next one; one
 * of step 0 is its first place, with nothing before it.  Where ways end is what
 * is left: those who came to a place at a step and did not move on.
 */
#ifndef RETENTION_JOURNEY_TYPE_H
#define RETENTION_JOURNEY_TYPE_H

#include "metrics/funnel/type.h"
#include "metrics/journey/places.h"

#define JOURNEY_STEPS 50		/* places of a way that are followed */

typedef struct JourneyEdge
{
	int64		step;			/* 0 .. JOURNEY_STEPS - 1 */
	const char *from;			/* "" at step 0 */
	const char *to;
	FunnelStep	moved;			/* customers, and their times from place to place */
} JourneyEdge;

typedef struct Journey
{
	Interval	within;
	uint8		flags;			/* none */
	const char *zone;			/* "" when no silence depends on one */
	int64		nedges;
	JourneyEdge *edges;
} Journey;

/* -1, 0, 1: the order of edges. */
extern int	journey_compare_edges(const JourneyEdge *a, const JourneyEdge *b);

/*
 * All places of a journey in the order of their bytes, palloc'd, each once; how
 * many in *n.
 */
extern const char **journey_places_of(const Journey *journey, int *n);

/* Number of a place among some that are in order; -1 when it is none. */
extern int	journey_place_number(const char *const *places, int n,
								 const char *place);

/*
 * Encode a journey as a datum (palloc'd); past 1 GB error 54000.  The caller
 * vouches for its being valid.
 */
extern struct varlena *journey_encode(const Journey *journey);

/* Decode and validate a value; any inconsistency is error 22P03. */
#define PG_GETARG_JOURNEY(n) \
	journey_from_varlena((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))
extern Journey *journey_from_varlena(const struct varlena *value);

/* A row of journey_edges(). */
typedef struct JourneyRow
{
	int64		step;			/* from 1 */
	const char *from;
	const char *to;				/* NULL: ways end there */
	FunnelStep	moved;			/* without times where they end */
	int64		customers;		/* of the step in all */
} JourneyRow;

/*
 * The rows of a journey, palloc'd, by step, the most customers first; how many
 * in *n.  top: so many places of each step keep their names, the others are
 * one; 0: all do.
 */
extern JourneyRow *journey_rows(const Journey *journey, int top, int64 *n);

/* The number of places to name, in an argument; NULL: 0.  Below 1: 22003. */
extern int	journey_top_argument(FunctionCallInfo fcinfo, int arg);

#endif							/* RETENTION_JOURNEY_TYPE_H */
