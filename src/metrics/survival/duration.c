/*
 * survival/duration.c
 *		Durations of any type, as finite numbers, 0 or above.
 */
#include "metrics/survival/duration.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/float.h"
#include "utils/timestamp.h"

/* The words of errors. */
typedef struct DurationWords
{
	const char *name;
	const char *negative_detail;
	const char *negative_hint;
	const char *infinite_hint;
	const char *months_hint;
} DurationWords;

static const DurationWords words[] = {
	[DURATION_LASTED] = {
		"duration",
		"A customer churned, or was last seen, before the start.",
		"Find such rows with WHERE duration < 0; leave them out with FILTER.",
		"For a customer who is still there pass the time until the data end, and churned = false.",
		"Subtract the two times, as in churned_at - started_at: that gives days and hours. age() and justify_interval() make months."
	},
	[DURATION_ENTERED] = {
		"entered",
		"Observation of a customer began before the start.",
		"Where customers were observed from before their start on, pass greatest(entered, 0).",
		"Pass how long after the start of the customer observation began, 0 when it was there from the start.",
		"Subtract the two times, as in observed_from - started_at: that gives days and hours. age() and justify_interval() make months."
	}
};

static void
refuse_negative(Duration which)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must not be negative", words[which].name),
			 errdetail("%s", words[which].negative_detail),
			 errhint("%s", words[which].negative_hint)));
}

static void
refuse_infinite(Duration which, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be finite", words[which].name),
			 errdetail("It is %s.", value),
			 errhint("%s", words[which].infinite_hint)));
}

float8
duration_float8(Datum value, Duration which)
{
	float8		duration = DatumGetFloat8(value);

	if (unlikely(!isfinite(duration)))
		refuse_infinite(which, float8out_internal(duration));
	if (unlikely(duration < 0))
		refuse_negative(which);
	return duration;
}

float8
duration_int8(Datum value, Duration which)
{
	int64		duration = DatumGetInt64(value);

	if (unlikely(duration < 0))
		refuse_negative(which);
	if (unlikely(duration > (int64) DURATION_WHOLE_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s out of range", words[which].name),
				 errdetail("A whole duration is %lld at most.",
						   (long long) DURATION_WHOLE_MAX),
				 errhint("Count in a larger unit, for example in days.")));
	return (float8) duration;
}

/* In days of 24 hours. */
float8
duration_interval(Datum value, Duration which)
{
	const Interval *interval = DatumGetIntervalP(value);
	float8		duration;

	/* as PostgreSQL 17 writes infinite ones */
	if (unlikely((interval->month == PG_INT32_MAX &&
				  interval->day == PG_INT32_MAX &&
				  interval->time == PG_INT64_MAX) ||
				 (interval->month == PG_INT32_MIN &&
				  interval->day == PG_INT32_MIN &&
				  interval->time == PG_INT64_MIN)))
		refuse_infinite(which, interval->month > 0 ? "infinity" : "-infinity");
	if (unlikely(interval->month != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not have months or years", words[which].name),
				 errdetail("Months differ in length, so they are no number of days."),
				 errhint("%s", words[which].months_hint)));
	duration = (float8) interval->day +
		(float8) interval->time / (float8) USECS_PER_DAY;
	if (unlikely(duration < 0))
		refuse_negative(which);
	return duration;
}

void
duration_refuse_late(float8 entered, float8 at)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("entered must be below duration"),
			 errdetail("Observation began at %g, and the customer churned, or was last seen, at %g.",
					   entered, at),
			 errhint("Both are ages, counted from the customer's start. Who left before observation began is not in the data: leave such rows out with FILTER (WHERE entered < duration).")));
}
