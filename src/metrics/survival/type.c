/*
 * survival/type.c
 *		The type survival_curve: the table of its text and bytes, and what
 *		makes a value valid.
 *
 * Text form, see record.h:
 *
 *	{"time": [1,2.5,4], "events": [3,0,1], "censored": [0,2,1]}
 *
 * where times ascend, and are written with as many digits as they need.  The
 * stored form is described in survival/type.h.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/record.h"
#include "common/int.h"
#include "miscadmin.h"

static bool
is_whole(float8 time)
{
	return time <= CURVE_WHOLE_MAX && time == floor(time);
}

uint8
curve_flags(const SurvivalCurve *curve)
{
	for (int64 i = 0; i < curve->ntimes; i++)
		if (!is_whole(curve->times[i].at))
			return 0;
	return CURVE_WHOLE;
}

/* What is wrong with a curve; sets customers. */
static const char *
curve_problem(const void *value)
{
	SurvivalCurve *curve = unconstify(void *, value);

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
	return curve->flags == curve_flags(curve) ? NULL :
		"Whole times are not written as such.";
}

/* The text does not say whether all times are whole. */
static void
text_read(RecordReader *p)
{
	SurvivalCurve *curve = (SurvivalCurve *) p->value;

	curve->flags = curve_flags(curve);
}

static const RecordField fields[] = {
	{"time", RECORD_TIME, offsetof(CurveTime, at), .flag = CURVE_WHOLE},
	{"events", RECORD_COUNT, offsetof(CurveTime, events)},
	{"censored", RECORD_COUNT, offsetof(CurveTime, censored)}
};

static const RecordType curve_type = {
	.name = "survival_curve", .what = "curve",
	.version = 1, .flags = CURVE_WHOLE,
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
