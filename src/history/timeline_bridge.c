/*
 * timeline_bridge.c
 *		bridged(timeline, gap): short silences of a level filled.
 *
 * A renewal that is late, a payment that fails and is tried again, a pause:
 *
 *	level	20 20 20  .  .  . 30 30  .  .  .  .  . 30
 *	gap 5	20 20 20 20 20 20 30 30  .  .  .  .  . 30
 */
#include "history/timeline.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_bridged);

static char *
interval_text(const Interval *interval)
{
	return DatumGetCString(DirectFunctionCall1(interval_out,
											   IntervalPGetDatum(interval)));
}

/* A gap in microseconds; a month has no length. */
static int128
gap_length(const Interval *gap)
{
	int128		length = (int128) gap->day * USECS_PER_DAY + gap->time;

	if (gap->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap must be in days"),
				 errdetail("It is %s, and months are not all of one length.",
						   interval_text(gap)),
				 errhint("Pass the days, for example interval '30 days'.")));
	if (length < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap must not be negative"),
				 errdetail("It is %s.", interval_text(gap)),
				 errhint("Pass the number of days from which on a silence is one, for example interval '30 days'.")));
	return length;
}

/*
 * Take the changes out that lead into a short silence and out of it.  What is
 * kept of a silence is dropped again when its end is found to be near.
 */
static void
bridge_days(Timeline *timeline, int128 gap)
{
	TimelineDay *days = timeline->days;
	int64		kept = 0;
	int64		silent_at = -1; /* place of the day a silence begins */
	int128		level = 0;
	int128		before = 0;		/* level before that silence */

	for (int64 i = 0; i < timeline->ndays; i++)
	{
		TimelineDay day = days[i];
		int128		was = level;

		CHECK_FOR_INTERRUPTS();
		level += day.amount;
		if (was > 0 && level <= 0)
		{
			silent_at = kept;
			before = was;
		}
		else if (level > 0 && silent_at >= 0)
		{
			if ((int128) (day.day - days[silent_at].day) * USECS_PER_DAY < gap)
			{
				day.amount = level - before;
				kept = silent_at;
			}
			silent_at = -1;
		}
		days[kept++] = day;
	}
	timeline->ndays = kept;
}

/*
 * bridged(t, gap): of levels; where no level is above zero for fewer days than
 * gap, the last one above zero goes on.  Orders: error 22023.
 */
Datum
retention_bridged(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_TIMELINE(0);
	int128		gap = gap_length(PG_GETARG_INTERVAL_P(1));
	TimelineReader r;
	Timeline   *timeline;

	timeline_read_value(&r, value);
	timeline_need_levels(&r, "bridged");
	timeline = timeline_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	bridge_days(timeline, gap);
	PG_RETURN_POINTER(timeline_encode(timeline));
}
