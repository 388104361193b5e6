/*
 * movements/track.h
 *		What holds before and after each period, carried from cell to cell.
 *
 * The opening of a period is the closing lag periods before it, so the last lag
 * closings are kept, each in the place of its period modulo lag: in a period
 * without a cell nothing changes, and its closing is what stands there already.
 */
#ifndef RETENTION_MOVEMENTS_TRACK_H
#define RETENTION_MOVEMENTS_TRACK_H

#include "metrics/movements/type.h"

typedef struct MovementTrack
{
	const Movements *movements;
	MovementState *closings;	/* lag of them; ever is not kept there */
	int64		ever;			/* active in any closing so far */
	int64		ever_before;	/* up to lag periods before the last opening */
	int64		behind;			/* the first cell not counted in that */
} MovementTrack;

/* Nobody so far; in the current memory context. */
extern void movement_track_begin(MovementTrack *track, const Movements *m);

/* Where the closings of a period and those lag periods apart stand. */
static inline int64
movement_track_place(const MovementTrack *track, int64 period)
{
	int64		place = period % track->movements->head.lag;

	return place < 0 ? place + track->movements->head.lag : place;
}

/* What holds before a period; periods ascend. */
extern MovementState movement_track_opening(MovementTrack *track, int64 period);

/* What holds after it, where it has a cell. */
extern MovementState movement_track_add(MovementTrack *track,
										const MovementCell *cell);

#endif							/* RETENTION_MOVEMENTS_TRACK_H */
