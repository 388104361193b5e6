/*
 * metric_head.h
 *		What summaries of a population begin with: how time was cut.
 *
 * Written as, see record.h
 *
 *	byte	version
 *	byte	flags
 *	uint	length of the grain's canonical words, then these bytes
 *	uint	length of the zone's name, then these bytes; 0 when no instant was
 *			cut in a zone
 *	sint	last: period the data end in
 */
#ifndef RETENTION_METRIC_HEAD_H
#define RETENTION_METRIC_HEAD_H

#include "base/calendar.h"
#include "base/grain.h"
#include "base/json_parts.h"
#include "base/wire.h"

typedef struct MetricHead
{
	uint8		flags;
	Grain	   *grain;
	const char *zone;			/* "" when no instant was cut in a zone */
	int32		last;
	int64		lag;			/* of movements; 0 for those that have none */
} MetricHead;

/* Does PostgreSQL have this day? */
extern bool metric_day_is_date(int64 day);

/* 'no time zone' or 'the time zone "..."'. */
extern const char *metric_zone_words(const char *zone);

#endif							/* RETENTION_METRIC_HEAD_H */
