/*
 * timeline_items.h
 *		A timeline as folds take a customer: items of the ledger.
 */
#ifndef RETENTION_TIMELINE_ITEMS_H
#define RETENTION_TIMELINE_ITEMS_H

#include "base/calendar.h"
#include "history/ledger.h"
#include "history/timeline.h"

/* What a call site keeps from row to row. */
typedef struct TimelineItems
{
	Calendar   *calendar;		/* of the grain last used; days are local */
	LedgerItem *items;
	int64		size;			/* allocated */
} TimelineItems;

/* The grain cannot name another zone than the timeline was cut in: 22023. */
extern void timeline_items_check_zone(const Grain *grain,
									  const TimelineReader *r);

/*
 * The call site's, made ready for a grain.  check refuses
 * grains that do not go; the zone is checked, too.
 */
extern TimelineItems *timeline_items_prepare(FunctionCallInfo fcinfo,
											 const Grain *grain,
											 const TimelineReader *r,
											 void (*check) (const Grain *grain));

/*
 * The days of a timeline as items, which are put into t->items; returns their
 * number.  Of orders times are periods or, under since start, moments; of
 * levels days.
 */
extern int	timeline_items_read(TimelineItems *t, TimelineReader *r);

/*
 * Changes of a level, times being days in order, as far as a calendar of dates
 * goes: what ends past its last date has no end.  Returns their number.  A
 * level that begins or grows there: error 22008.
 */
extern int	calendar_levels(Calendar *calendar, const LedgerItem *items, int n);

#endif							/* RETENTION_TIMELINE_ITEMS_H */
