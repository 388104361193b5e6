/*
 * survival_curve_type.c
 *		The type survival_curve: encoding, decoding and what makes a value
 *		valid.  The stored form is described in survival_curve.h.
 */
#include "metrics/survival_curve.h"

#include <math.h>

#include "base/wire.h"
#include "common/int.h"
#include "miscadmin.h"

#define CURVE_VERSION 1

/* Bytes of a time at least: of its distance and of two counts. */
#define CURVE_TIME_BYTES 3

/* What is wrong with a curve; sets customers. */
const char *
curve_problem(SurvivalCurve *curve)
{
	curve->customers = 0;
	if (curve->ntimes < 1)
		return "There is no time in it.";
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		if (!(time->at >= 0) || isinf(time->at))
			return "A time is negative or not finite.";
		if (i > 0 && !(time->at > time[-1].at))
			return "The times are not in ascending order.";
		if (time->events < 0 || time->censored < 0)
			return "A count is negative.";
		if (time->events == 0 && time->censored == 0)
			return "Nothing happens at one of the times.";
		if (pg_add_s64_overflow(curve->customers, time->events,
								&curve->customers) ||
			pg_add_s64_overflow(curve->customers, time->censored,
								&curve->customers))
			return "The counts add up to more than 64 bits hold.";
	}
	return NULL;
}

static bool
is_whole(float8 time)
{
	return time <= CURVE_WHOLE_MAX && time == floor(time);
}

static uint8
curve_flags(const SurvivalCurve *curve)
{
	for (int64 i = 0; i < curve->ntimes; i++)
		if (!is_whole(curve->times[i].at))
			return 0;
	return CURVE_WHOLE;
}

/* A curve as a datum; the caller vouches for what curve_problem() checks. */
struct varlena *
curve_encode(const SurvivalCurve *curve)
{
	const uint8 head[2] = {CURVE_VERSION, curve_flags(curve)};
	WireWriter	w;
	int64		before = 0;

	wire_writer_init(&w, 16 + curve->ntimes * CURVE_TIME_BYTES,
					 "survival_curve",
					 "Round the durations, for example to whole days.");
	wire_put_bytes(&w, head, sizeof(head));
	wire_put(&w, curve->ntimes);
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		if (head[1] & CURVE_WHOLE)
		{
			wire_put(&w, (int64) time->at - before);
			before = (int64) time->at;
		}
		else
			wire_put_double(&w, time->at);
		wire_put(&w, time->events);
		wire_put(&w, time->censored);
	}
	return (struct varlena *) wire_finish(&w);
}

static float8
get_whole(WireReader *r, const SurvivalCurve *curve, int64 i)
{
	int64		before = i > 0 ? (int64) curve->times[i - 1].at : 0;

	return (float8) (before +
					 (int64) wire_get_max(r, (uint64) ((int64) CURVE_WHOLE_MAX - before),
										  "A time is too large."));
}

/* Decode and validate a payload; anything wrong is error 22P03. */
SurvivalCurve *
curve_decode(const void *payload, Size len)
{
	SurvivalCurve *curve = palloc0(sizeof(SurvivalCurve));
	const uint8 *head;
	const char *problem;
	WireReader	r;

	wire_reader_init(&r, payload, len, "survival_curve");
	head = wire_get_bytes(&r, 2);
	if (head[0] != CURVE_VERSION)
		wire_corrupt(&r, "The version is unknown.");
	if ((head[1] & ~CURVE_WHOLE) != 0)
		wire_corrupt(&r, "It has unknown flags.");
	curve->ntimes = (int64) wire_get_max(&r, (r.end - r.at) / CURVE_TIME_BYTES,
										 "It has more times than bytes for them.");
	curve->times = palloc_extended(Max(curve->ntimes, 1) * sizeof(CurveTime),
								   MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		CurveTime  *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		time->at = head[1] & CURVE_WHOLE ? get_whole(&r, curve, i) :
			wire_get_double(&r);
		time->events = (int64) wire_get_max(&r, PG_INT64_MAX,
											"A count is too large.");
		time->censored = (int64) wire_get_max(&r, PG_INT64_MAX,
											  "A count is too large.");
	}
	wire_get_end(&r);
	problem = curve_problem(curve);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	if (curve_flags(curve) != head[1])
		wire_corrupt(&r, "Whole times are not written as such.");
	return curve;
}

/* Decode a varlena with either header. */
SurvivalCurve *
curve_from_varlena(const struct varlena *value)
{
	return curve_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
