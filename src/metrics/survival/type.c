/*
 * survival/type.c
 *		The type survival_curve: the table of its text and bytes, and what
 *		makes a value valid.
 *
 * Text form, see record.h:
 *
 *	{"time": [1,2.5,4], "events": [3,0,1], "censored": [0,2,1]}
 *	{"time": [1,2.5,4], "events": [3,0,1], "censored": [0,2,1], "entered": [2,0,0]}
 *
 * where times ascend, and are written with as many digits as they need; the
 * second is that of customers not all of whom were observed from the start.
 * The stored form is described in survival/type.h.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/record.h"
#include "common/int.h"
#include "metrics/survival/duration.h"
#include "miscadmin.h"

static bool
is_whole(float8 time)
{
	return time <= DURATION_WHOLE_MAX && time == floor(time);
}

uint8
curve_flags(const SurvivalCurve *curve)
{
	uint8		flags = CURVE_WHOLE;

	for (int64 i = 0; i < curve->ntimes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_whole(curve->times[i].at))
			flags &= ~CURVE_WHOLE;
		if (curve->times[i].entered != 0)
			flags |= CURVE_LATE;
	}
	return flags;
}

static bool
has_entered(uint8 flags)
{
	return (flags & CURVE_LATE) != 0;
}

/* What is wrong with one time; NULL when nothing is. */
static const char *
time_problem(const CurveTime *time, const CurveTime *before)
{
	if (!(time->at >= 0) || isinf(time->at))
		return "A time is negative or not finite.";
	if (before != NULL && !(time->at > before->at))
		return "The times are not in ascending order.";
	if (time->events < 0 || time->censored < 0 || time->entered < 0)
		return "A count is negative.";
	if (time->events == 0 && time->censored == 0 && time->entered == 0)
		return "Nothing happens at one of the times.";
	if (time->entered > 0 && time->at == 0)
		return "Customers who enter at time 0 are there from the start.";
	return NULL;
}

/* Do more leave than are there?  With customers, of whom so many enter late. */
static const char *
risk_problem(const SurvivalCurve *curve, int64 late)
{
	int64		at_risk = curve->customers - late;

	for (int64 i = 0; i < curve->ntimes && at_risk >= 0; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		at_risk -= time->events + time->censored;
		if (at_risk >= 0)
			at_risk += time->entered;
	}
	return at_risk < 0 ? "More customers leave than have entered." : NULL;
}

/* What is wrong with a curve; sets customers. */
static const char *
curve_problem(const void *value)
{
	SurvivalCurve *curve = unconstify(void *, value);
	int64		late = 0;

	curve->customers = 0;
	if (curve->ntimes < 1)
		return "There is no time in it.";
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];
		const char *problem = time_problem(time, i > 0 ? time - 1 : NULL);

		CHECK_FOR_INTERRUPTS();
		if (problem != NULL)
			return problem;
		if (pg_add_s64_overflow(curve->customers, time->events,
								&curve->customers) ||
			pg_add_s64_overflow(curve->customers, time->censored,
								&curve->customers) ||
			pg_add_s64_overflow(late, time->entered, &late))
			return "The counts add up to more than 64 bits hold.";
	}
	if (((curve->flags ^ curve_flags(curve)) & CURVE_LATE) != 0)
		return "Nobody enters late, but how many do is written.";
	if (curve->flags != curve_flags(curve))
		return "Whole times are not written as such.";
	return late > 0 ? risk_problem(curve, late) : NULL;
}

/* The text does not say what the flags are. */
static void
text_read(RecordReader *p)
{
	SurvivalCurve *curve = (SurvivalCurve *) p->value;

	curve->flags = curve_flags(curve);
}

static const RecordField fields[] = {
	{"time", RECORD_TIME, offsetof(CurveTime, at), .flag = CURVE_WHOLE},
	{"events", RECORD_COUNT, offsetof(CurveTime, events)},
	{"censored", RECORD_COUNT, offsetof(CurveTime, censored)},
	{"entered", RECORD_COUNT, offsetof(CurveTime, entered), .flag = CURVE_LATE,
	.when = has_entered}
};

static const RecordType curve_type = {
	.name = "survival_curve", .what = "curve",
	.version = 1, .flags = CURVE_WHOLE | CURVE_LATE,
	.flags_at = offsetof(SurvivalCurve, flags), .size = sizeof(SurvivalCurve),
	.head = {
		lengthof(fields), fields, 0,
		offsetof(SurvivalCurve, ntimes), offsetof(SurvivalCurve, times),
		sizeof(CurveTime), 3, "It has more times than bytes for them."
	},
	.problem = curve_problem, .text_read = text_read,
	.whole_hint = "The text of a survival curve is what its output writes; make one with the aggregate survival_curve(duration, churned).",
	.length_hint = "All arrays have one element for each time.",
	.large_hint = "Round the durations, for example to whole days."
};

RECORD_FUNCTIONS(survival_curve, &curve_type);

struct varlena *
curve_encode(const SurvivalCurve *curve)
{
	return record_encode(&curve_type, curve);
}

SurvivalCurve *
curve_from_varlena(const struct varlena *value)
{
	return record_decode(&curve_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}
