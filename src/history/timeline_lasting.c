/*
 * timeline_lasting.c
 *		lasting(timeline, span): each active day lasts so long.
 *
 * Who was active within the last 28 days is a question about every day; as a
 * timeline of levels it is one that movements and matrices answer:
 *
 *	orders		x  .  x  .  .  .  .  x  .  .  .  .
 *	3 days		1  1  1  1  1  .  .  1  1  1  .  .
 *
 * The level is 1 however many days last into one another, so that the sum of
 * two customers' is not that of one who is both.
 */
#include "history/timeline.h"

#include "base/calendar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_lasting);

static void
refuse_span(const Interval *span, const char *message, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errdetail("It is %s%s", DatumGetCString(DirectFunctionCall1(interval_out,
																		IntervalPGetDatum(span))), detail),
			 errhint("Pass how long a day of activity counts, for example interval '28 days' or '1 month'.")));
}

/* A span in months and days. */
static void
take_span(const Interval *span, int64 *months, int64 *days)
{
	if (span->time % USECS_PER_DAY != 0)
		refuse_span(span, "span must be in whole days",
					", and a timeline goes from day to day.");
	*months = span->month;
	*days = span->day + span->time / USECS_PER_DAY;
	if (*months < 0 || *days < 0 || (*months == 0 && *days == 0))
		refuse_span(span, "span must be above 0", ".");
}

/* The first day after what lasts from a day on. */
static int32
day_after(int64 day, int64 months, int64 days)
{
	if (months > 0)
		day = calendar_add(day, months, GRAIN_MONTH);
	/* one that no date can name is refused when the timeline is encoded */
	return (int32) Min(day + days, PG_INT32_MAX);
}

/*
 * lasting(t, span): a level of 1 on each active day and until span after it.
 * Levels: error 22023.
 */
Datum
retention_lasting(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_TIMELINE(0);
	TimelineReader r;
	Timeline   *timeline;
	TimelineDay *out;
	int64		n = 0;
	int64		months;
	int64		days;

	take_span(PG_GETARG_INTERVAL_P(1), &months, &days);
	timeline_read_value(&r, value);
	timeline_need_orders(&r, "lasting");
	timeline = timeline_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	out = palloc_extended((2 * timeline->ndays + 1) * sizeof(TimelineDay),
						  MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < timeline->ndays; i++)
	{
		const TimelineDay *day = &timeline->days[i];

		CHECK_FOR_INTERRUPTS();
		if (!timeline_day_is_active(day))
			continue;
		/* what is still there on the day goes on */
		if (n == 0 || out[n - 1].day < day->day)
		{
			out[n++] = (TimelineDay) {.amount = MONEY_ONE, .day = day->day};
			out[n++] = (TimelineDay) {.amount = -MONEY_ONE};
		}
		out[n - 1].day = day_after(day->day, months, days);
	}
	timeline->flags = (timeline->flags & TIMELINE_ZONE) | TIMELINE_LEVELS;
	timeline->ndays = n;
	timeline->days = out;
	PG_RETURN_POINTER(timeline_encode(timeline));
}
