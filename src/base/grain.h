/*
 * grain.h
 *		The type grain: how time is cut.
 */
#ifndef RETENTION_GRAIN_H
#define RETENTION_GRAIN_H

#include "base/compat.h"
#include "nodes/nodes.h"

typedef enum GrainUnit
{
	GRAIN_HOUR,
	GRAIN_DAY,
	GRAIN_WEEK,
	GRAIN_MONTH,
	GRAIN_QUARTER,
	GRAIN_YEAR
} GrainUnit;

#define GRAIN_SINCE_START 0x01	/* windows from each customer's own anchor */
#define GRAIN_DATES 0x02		/* a calendar of one's own: the cuts are dates */

#define GRAIN_MAX_COUNT 1000000	/* units in a period, or last cut */
#define GRAIN_MAX_CUTS 1000
#define GRAIN_MAX_DATES 4000
#define GRAIN_MAX_SIZE 20000	/* in bytes, its zone included */

/*
 * A grain as stored.  Equal grains have equal bytes: "1 month" is stored as
 * month, a default "starting" or "by" as none, the zone canonically spelled.
 *
 * A calendar of one's own is a grain of one day whose cuts are days since
 * 2000-01-01: period i is [cuts[i], cuts[i + 1]), and there are no others.
 */
typedef struct Grain
{
	int32		vl_len_;		/* varlena header */
	uint8		version;		/* 1 */
	uint8		unit;			/* GrainUnit */
	uint8		by;				/* GrainUnit of the cohort rows; = unit unless
								 * since start (day for hours) */
	uint8		flags;			/* GRAIN_SINCE_START, GRAIN_DATES */
	uint8		starting;		/* weekday 1..7 from Monday, month 1..12, or 0 */
	uint8		reserved;		/* 0 */
	uint16		ncuts;			/* 0, or 2 and more */
	int32		count;			/* units in a period, 1 with cuts */
	int32		cuts[FLEXIBLE_ARRAY_MEMBER];	/* ncuts of them, then the
												 * zone's name, unterminated */
} Grain;

#define DatumGetGrain(d) ((Grain *) PG_DETOAST_DATUM(d))
#define PG_GETARG_GRAIN(n) DatumGetGrain(PG_GETARG_DATUM(n))
#define grain_zone_len(g) \
	(VARSIZE(g) - offsetof(Grain, cuts) - (g)->ncuts * sizeof(int32))
#define grain_zone(g) ((const char *) ((g)->cuts + (g)->ncuts))
#define grain_is_since_start(g) (((g)->flags & GRAIN_SINCE_START) != 0)
#define grain_is_dates(g) (((g)->flags & GRAIN_DATES) != 0)
#define grain_is_cut(g) ((g)->ncuts > 0 && !grain_is_dates(g))
/* One period of the grain is one calendar period: the plain kind. */
#define grain_is_calendar(g) (!grain_is_since_start(g) && !grain_is_cut(g))

/* Reads the words of a grain; errors as input_error() on escape. */
extern Grain *grain_parse(const char *text, Node *escape);

/* The same; words that are no grain are NULL and no error. */
extern Grain *grain_parse_quietly(const char *text);

/*
 * What is wrong with bytes from outside that shall be a grain and have its
 * length, or NULL.  The texts serve as errdetail.
 */
extern const char *grain_image_problem(const Grain *grain, Size size);

/*
 * What is wrong with the zone that times were cut in under a grain, "" when
 * none was needed; a sentence, NULL when nothing is.
 */
extern const char *grain_used_zone_problem(const Grain *grain,
										   const char *zone);

/* Canonical words of a grain, palloc'd; in messages, where they may be many. */
extern char *grain_to_cstring(const Grain *grain);
extern const char *grain_word(const Grain *grain);
extern const char *grain_quoted(const Grain *grain);

/* A calendar of so many dates, with a zone or ""; palloc'd.  Not checked. */
extern Grain *grain_of_dates(const int32 *dates, int n, const char *zone);

/* Singular name of a unit: 'month'. */
extern const char *grain_unit_name(GrainUnit unit);

/* A copy, palloc'd. */
extern Grain *grain_copy(const Grain *grain);

extern int	grain_compare(const Grain *a, const Grain *b);
extern bool grain_equal(const Grain *a, const Grain *b);

#endif							/* RETENTION_GRAIN_H */
