/*
 * movements/track.c
 *		What holds before and after each period.
 */
#include "metrics/movements/track.h"

void
movement_track_begin(MovementTrack *track, const Movements *m)
{
	memset(track, 0, sizeof(*track));
	track->movements = m;
	track->closings = palloc0(m->head.lag * sizeof(MovementState));
}

/* What holds before a period; periods ascend. */
MovementState
movement_track_opening(MovementTrack *track, int64 period)
{
	const Movements *m = track->movements;
	MovementState state = track->closings[movement_track_place(track, period)];

	for (; track->behind < m->ncells &&
		 m->cells[track->behind].period <= period - m->head.lag;
		 track->behind++)
		track->ever_before += m->cells[track->behind].counts[COUNT_FIRST];
	state.ever = track->ever_before;
	return state;
}

/* What holds after a period that has a cell. */
MovementState
movement_track_add(MovementTrack *track, const MovementCell *cell)
{
	MovementState *state = &track->closings[movement_track_place(track,
																 cell->period)];

	state->customers += cell->counts[COUNT_NEW] +
		cell->counts[COUNT_REACTIVATED] - cell->counts[COUNT_CHURNED];
	for (int i = MONEY_NEW; i <= MONEY_CHURNED; i++)
		state->revenue += cell->money[i];
	state->positive += cell->money[MONEY_POSITIVE];
	track->ever += cell->counts[COUNT_FIRST];
	state->ever = track->ever;
	return *state;
}
