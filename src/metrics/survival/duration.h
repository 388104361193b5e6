/*
 * survival/duration.h
 *		Durations of any type, as finite numbers, 0 or above.
 */
#ifndef RETENTION_SURVIVAL_DURATION_H
#define RETENTION_SURVIVAL_DURATION_H

#include "base/compat.h"

/* Whole numbers up to here are exact in a double. */
#define DURATION_WHOLE_MAX 9007199254740992.0

/* What a duration is the end of; its errors say which. */
typedef enum Duration
{
	DURATION_LASTED,			/* the customer churned, or was last seen */
	DURATION_ENTERED			/* observation began */
} Duration;

/* A function that takes a value of some type; anything wrong is an error. */
typedef float8 (*DurationTake) (Datum value, Duration which);

extern float8 duration_float8(Datum value, Duration which);
extern float8 duration_int8(Datum value, Duration which);
extern float8 duration_interval(Datum value, Duration which);	/* in days */

/* Error 22023 unless observation began before the end. */
pg_noreturn extern void duration_refuse_late(float8 entered, float8 at);

static inline void
duration_check_late(float8 entered, float8 at)
{
	if (unlikely(entered >= at))
		duration_refuse_late(entered, at);
}

#endif							/* RETENTION_SURVIVAL_DURATION_H */
