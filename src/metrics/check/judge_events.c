/*
 * check/judge_events.c
 *		Events of one customer at one time, and times that are days.
 */
#include "metrics/check/judge.h"

#include <math.h>

#include "miscadmin.h"

#define FEW 20

/* Do times of a day look like midnight, of instants in some zone? */
typedef struct TimesOfDay
{
	int			n;
	int64		of_day[2];		/* all that there are, as far as they are two */
	bool		any;			/* there are more */
} TimesOfDay;

static void
see_time(TimesOfDay *times, int64 time)
{
	int64		of_day = time % USECS_PER_DAY;

	if (of_day < 0)
		of_day += USECS_PER_DAY;
	for (int i = 0; i < times->n; i++)
		if (times->of_day[i] == of_day)
			return;
	if (times->n == 2)
		times->any = true;
	else
		times->of_day[times->n++] = of_day;
}

/* One time of day; of instants two that a clock change makes of one. */
static bool
are_days(const TimesOfDay *times, TimeKind kind)
{
	int64		apart;

	if (times->any || times->n == 0)
		return false;
	if (kind != TIME_TIMESTAMPTZ)
		return times->n == 1 && times->of_day[0] == 0;
	if (times->of_day[0] % (15 * USECS_PER_MINUTE) != 0)
		return false;
	if (times->n == 1)
		return true;
	apart = times->of_day[0] - times->of_day[1];
	if (apart < 0)
		apart = -apart;
	return apart == USECS_PER_HOUR || apart == 23 * USECS_PER_HOUR;
}

/* What is said of rows of the sample that are at one time. */
typedef struct AtOnce
{
	int64		repeated;		/* rows that are there already */
	int64		lines;			/* rows beside others that differ in amount */
	const SampleEntry *repeated_example;
	const SampleEntry *lines_example;
	const SampleEntry *earliest;
	TimesOfDay	times;
} AtOnce;

/* a is the earlier example. */
static bool
is_earlier(const SampleEntry *a, const SampleEntry *b)
{
	if (b == NULL || a->row.from != b->row.from)
		return b == NULL || a->row.from < b->row.from;
	if (a->row.key[0] != b->row.key[0])
		return a->row.key[0] < b->row.key[0];
	return a->row.amount < b->row.amount;
}

static bool
at_once(const SampleEntry *a, const SampleEntry *b)
{
	return a->row.key[0] == b->row.key[0] && a->row.key[1] == b->row.key[1] &&
		a->row.from == b->row.from;
}

static void
see_rows(const Judge *judge, AtOnce *seen)
{
	for (int i = 0; i < judge->nrows;)
	{
		const SampleEntry *first = judge->rows[i];
		int64		rows = 0;
		int			n = 0;

		CHECK_FOR_INTERRUPTS();
		see_time(&seen->times, first->row.from);
		if (is_earlier(first, seen->earliest))
			seen->earliest = first;
		for (; i < judge->nrows && at_once(first, judge->rows[i]); i++, n++)
		{
			const SampleEntry *e = judge->rows[i];

			rows = add_counts(rows, e->rows);
			if (e->rows < 2)
				continue;
			seen->repeated = add_counts(seen->repeated, e->rows - 1);
			if (is_earlier(e, seen->repeated_example))
				seen->repeated_example = e;
		}
		if (n < 2)
			continue;
		seen->lines = add_counts(seen->lines, rows);
		if (is_earlier(first, seen->lines_example))
			seen->lines_example = first;
	}
}

/*
 * Twice in one microsecond, or second, and for the same amount is no second
 * order; on one day it may be, and without an amount many things may.  But
 * where orders come line by line, two lines may well be alike.
 */
static void
tell_repeated(Judge *judge, const AtOnce *seen, bool days, bool lines)
{
	bool		amounts = (judge->state->flags & CHECK_AMOUNTS) != 0;
	bool		sure = amounts && !days;

	if (seen->repeated == 0 || (!amounts && days) ||
		(!sure && !judge_share(seen->repeated, judge->among, 0.05)))
		return;
	judge_tell(judge, FINDING_REPEATED,
			   sure && !lines ? SEVERITY_FAULT : SEVERITY_LOOK, seen->repeated,
			   judge->among, judge_example(judge, seen->repeated_example));
}

void
judge_events(Judge *judge)
{
	TimeKind	kind = judge->state->time;
	AtOnce		seen = {0};
	bool		days;
	bool		lines;

	see_rows(judge, &seen);
	days = kind == TIME_DATE || are_days(&seen.times, kind);
	lines = !days && judge_share(seen.lines, judge->among, 0.2);

	tell_repeated(judge, &seen, days, lines);
	if (seen.lines > 0 &&
		judge_share(seen.lines, judge->among, days ? 0.5 : 0.05))
		judge_tell(judge, FINDING_LINES, lines ? SEVERITY_FAULT : SEVERITY_LOOK,
				   seen.lines, judge->among,
				   judge_example(judge, seen.lines_example));
	if (days && kind != TIME_DATE && judge->nrows >= FEW)
		judge_tell(judge, FINDING_MIDNIGHT, SEVERITY_LOOK, judge->among,
				   judge->among, judge_example(judge, seen.earliest));
}
