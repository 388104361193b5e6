/*
 * plain/lifecycle.h
 *		Repeat-purchase statistics of one customer, as the purchase models
 *		take them.
 */
#ifndef RETENTION_PLAIN_LIFECYCLE_H
#define RETENTION_PLAIN_LIFECYCLE_H

#include "history/timeline.h"

/*
 * Orders of a day count as one purchase, and the first one is not counted
 * (Fader, Hardie and Lee, 2005: x, t_x and T).
 */
typedef struct PurchaseSummary
{
	int64		frequency;		/* active days after the first */
	int64		recency;		/* days from the first active day to the last */
	int64		age;			/* days from the first to as_of - 1 */
	int128		amount;			/* net, of the active days after the first */
	bool		money;			/* was there an amount argument? */
} PurchaseSummary;

/*
 * Summary of the days before as_of; false when none is active.  Levels: error
 * 22023.
 */
extern bool purchase_summarize(const struct varlena *timeline, int64 as_of,
							   PurchaseSummary *summary);

#endif							/* RETENTION_PLAIN_LIFECYCLE_H */
