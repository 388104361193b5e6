/*
 * timeline.h
 *		The type timeline: one customer's history, day by day.
 *
 * A timeline comes in two kinds.  Of orders: per day their number and the net
 * amount, a day of refunds only having no order.  Of levels (subscriptions):
 * per day the change of the level in force, which holds from that day on.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which needs no alignment and is the same in storage, in binary I/O
 * and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (TIMELINE_*), and from the fifth bit up the exponent: amounts
 *			are in units of 10^exponent millionths, the largest up to 10^6
 *			that divides them all; 0 where there are none
 *	uint	length of the zone's name, then these bytes: TIMELINE_ZONE only
 *	then, up to the end, for each day in order:
 *		uint	2 * d + (1 when there is not one order exactly); d: zigzag of
 *				the first day, else days since the one before (> 0).  Levels:
 *				d alone
 *		uint	orders, where the bit says so
 *		sint	amount (128 bits), only with TIMELINE_MONEY or TIMELINE_LEVELS
 *
 * A level that does not change is not stored, so a timeline may have no days.
 */
#ifndef RETENTION_TIMELINE_H
#define RETENTION_TIMELINE_H

#include "base/money.h"
#include "base/wire.h"
#include "utils/date.h"

#define TIMELINE_LEVELS 0x01	/* built from ranges */
#define TIMELINE_MONEY 0x02		/* built with an amount argument */
#define TIMELINE_ZONE 0x04		/* timestamptz were cut in a zone */
#define TIMELINE_FLAGS 0x07

/*
 * Amounts of a timeline, each taken without its sign, add up to no more than
 * this many millionths (1e22 units), and orders to no more than 64 bits hold.
 */
#define TIMELINE_AMOUNT_MAX ((int128) INT64CONST(10000000000) * INT64CONST(1000000000000000000))

/* What happened on a day. */
typedef struct TimelineDay
{
	int128		amount;			/* net, or change of the level; millionths */
	int64		orders;			/* 0 with TIMELINE_LEVELS */
	int32		day;			/* since 2000-01-01 */
} TimelineDay;

/* A timeline being read, day after day. */
typedef struct TimelineReader
{
	WireReader	wire;
	uint8		flags;			/* TIMELINE_* */
	const char *zone;			/* unterminated, within the value */
	uint8		zone_len;
	bool		first;			/* the next day is the first */
	int64		unit;			/* millionths an amount is in */
	int64		total_orders;	/* of the days read */
	int128		total_amount;	/* absolute values, likewise */
	int64		pieces;			/* counted by timeline_count_pieces() */
	TimelineDay day;			/* the last day read */
} TimelineReader;

/* A timeline in memory. */
typedef struct Timeline
{
	uint8		flags;
	const char *zone;			/* "" without TIMELINE_ZONE */
	int64		ndays;
	TimelineDay *days;			/* ascending */
} Timeline;

/* Detoasted, not copied; the reader and what it shows point into it. */
#define PG_GETARG_TIMELINE(n) ((struct varlena *) PG_GETARG_VARLENA_PP(n))

/* Begin to read; damaged bytes are error 22P03, here and later. */
extern void timeline_read(TimelineReader *r, const void *payload, Size len);

static inline void
timeline_read_value(TimelineReader *r, const struct varlena *value)
{
	timeline_read(r, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* The next day, or NULL after the last. */
extern const TimelineDay *timeline_next(TimelineReader *r);

static inline bool
timeline_has_levels(const TimelineReader *r)
{
	return (r->flags & TIMELINE_LEVELS) != 0;
}

/*
 * A day whose sums exceed 64 bits or so is taken in pieces, of orders_max and
 * 64 bits.  So that a few bytes cannot become gigabytes, those of a timeline
 * are this many at most, the day at hand included: more is error 22003.  Such
 * a timeline comes from no table.
 */
#define TIMELINE_PIECES_MAX 1000000
extern void timeline_count_pieces(TimelineReader *r, int64 orders_max);

/* Is somebody active on a day of orders? */
static inline bool
timeline_day_is_active(const TimelineDay *day)
{
	return day->orders > 0;
}

/* All of it in memory (palloc'd); the zone is terminated. */
extern Timeline *timeline_decode(const void *payload, Size len);

/*
 * Check what the reader takes for granted, as for bytes from outside: that
 * the zone is known and canonical, and the exponent the largest.  Error 22P03.
 */
extern void timeline_check(const void *payload, Size len);

/* Error 22P03 unless a zone being read is known and canonical. */
extern void timeline_check_zone(const TimelineReader *r);

/*
 * Encode as a datum (palloc'd).  Days must ascend; a level that does not
 * change is left out.  Errors: 22008 for a day PostgreSQL does not have, 22003
 * for sums out of range, 54000 past 1 GB.
 */
extern struct varlena *timeline_encode(const Timeline *timeline);

/* May two timelines be put together?  Error 22023 when not. */
extern void timeline_check_alike(uint8 flags, const char *zone, int zone_len,
								 uint8 other_flags, const char *other_zone,
								 int other_zone_len);

/* Errors of readers that go with one kind only: 22023. */
extern void timeline_need_orders(const TimelineReader *r, const char *what);
extern void timeline_need_levels(const TimelineReader *r, const char *what);

#endif							/* RETENTION_TIMELINE_H */
