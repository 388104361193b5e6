/*
 * check/judge_ranges.c
 *		Ranges of one customer beside one another, and where they end.
 *
 * A range that is to say "paid to the 31st" ends at the 32nd: it is said with
 * '[]', or with the day after.  Where the last day paid is taken for the end
 * that is no longer covered, every period ends a day early: from the first of
 * a month to its last day, or from the 15th to the 14th; and between two that
 * follow one another a day is missing.
 */
#include "metrics/check/judge.h"

#include "miscadmin.h"
#include "utils/datetime.h"

#define LOOK_BACK 16			/* ranges before one that may overlap it */

/* What is said of pairs of ranges that follow one another. */
typedef struct Neighbours
{
	int64		pairs;
	int64		touching;
	int64		gaps;			/* of one day */
	int64		seams;			/* overlaps of one day */
	int64		overlaps;		/* others, with equal amounts */
	const SampleEntry *gap;		/* the later of two */
	const SampleEntry *seam;
	const SampleEntry *overlap;
} Neighbours;

/* What is said of the ranges themselves. */
typedef struct Ends
{
	int64		closed;
	int64		proper;			/* whole months long */
	int64		early;			/* a day less */
	int64		early_rows;
	int64		repeated;
	const SampleEntry *early_example;
	const SampleEntry *repeated_example;
} Ends;

/* a is the earlier example. */
static bool
is_earlier(const SampleEntry *a, const SampleEntry *b)
{
	if (b == NULL || a->row.from != b->row.from)
		return b == NULL || a->row.from < b->row.from;
	return a->row.key[0] < b->row.key[0];
}

static const char *
maybe_example(const Judge *judge, const SampleEntry *entry)
{
	return entry != NULL ? judge_example(judge, entry) : NULL;
}

/* ----------------------------------------------------------------
 *		Ends
 * ----------------------------------------------------------------
 */

typedef struct YearMonthDay
{
	int			year;
	int			month;
	int			day;
	bool		last;			/* of its month */
} YearMonthDay;

static YearMonthDay
year_month_day(int64 day)
{
	YearMonthDay d;
	int			year;
	int			month;
	int			next;

	j2date((int) (day + POSTGRES_EPOCH_JDATE), &d.year, &d.month, &d.day);
	j2date((int) (day + 1 + POSTGRES_EPOCH_JDATE), &year, &month, &next);
	d.last = next == 1;
	return d;
}

/* Is it from one day to the same of a later month, as months can have it? */
static bool
is_whole_months(int64 from, int64 to)
{
	YearMonthDay a = year_month_day(from);
	YearMonthDay b = year_month_day(to);

	if (b.year == a.year && b.month == a.month)
		return false;
	return to > from && (a.day == b.day || (b.last && a.day > b.day) ||
						 (a.last && b.last));
}

static int64
day_of(const Judge *judge, int64 time)
{
	return calendar_floor_div(time, check_day(judge->state->time));
}

static void
see_ends(const Judge *judge, Ends *seen)
{
	for (int i = 0; i < judge->nrows; i++)
	{
		const SampleEntry *e = judge->rows[i];
		int64		from = day_of(judge, e->row.from);
		int64		to = day_of(judge, e->row.to);

		CHECK_FOR_INTERRUPTS();
		if (e->rows > 1)
		{
			seen->repeated = add_counts(seen->repeated, e->rows - 1);
			if (is_earlier(e, seen->repeated_example))
				seen->repeated_example = e;
		}
		if (e->row.flags & ENTRY_OPEN)
			continue;
		seen->closed++;
		if (is_whole_months(from, to))
			seen->proper++;
		else if (is_whole_months(from, to + 1))
		{
			seen->early++;
			seen->early_rows = add_counts(seen->early_rows, e->rows);
			if (is_earlier(e, seen->early_example))
				seen->early_example = e;
		}
	}
}

/* ----------------------------------------------------------------
 *		Neighbours
 * ----------------------------------------------------------------
 */

static bool
same_customer(const SampleEntry *a, const SampleEntry *b)
{
	return a->row.key[0] == b->row.key[0] && a->row.key[1] == b->row.key[1];
}

/* Is so much a day?  In a zone a day may have an hour more or less. */
static bool
is_a_day(const Judge *judge, int64 span)
{
	int64		day = check_day(judge->state->time);

	if (judge->state->time == TIME_TIMESTAMPTZ_RANGE)
		return span >= day - USECS_PER_HOUR && span <= day + USECS_PER_HOUR;
	return span == day;
}

/* From an end to a start, as far as it matters: three days at most. */
static int64
gap_between(const Judge *judge, const SampleRow *last, const SampleRow *next)
{
	int64		most = 3 * check_day(judge->state->time);
	int128		gap = (int128) next->from - last->to;

	if (last->flags & ENTRY_OPEN || gap < -most)
		return -most;
	return gap > most ? most : (int64) gap;
}

/* Does a range overlap one of its customer before it that is worth as much? */
static bool
overlaps_equal(const Judge *judge, int first, int i)
{
	const SampleRow *row = &judge->rows[i]->row;

	if ((row->flags & ENTRY_AMOUNT) == 0 || row->amount == 0)
		return false;
	for (int k = i - 1; k >= first && k >= i - LOOK_BACK; k--)
	{
		const SampleRow *other = &judge->rows[k]->row;

		if (other->amount == row->amount && other->flags & ENTRY_AMOUNT &&
			(other->flags & ENTRY_OPEN || other->to > row->from))
			return true;
	}
	return false;
}

/* The ranges of a customer, from first to before end, by their starts. */
static void
see_customer(const Judge *judge, int first, int end, Neighbours *seen)
{
	const SampleEntry *last = judge->rows[first];	/* that ends last so far */

	for (int i = first + 1; i < end; i++)
	{
		const SampleEntry *e = judge->rows[i];
		int64		gap = gap_between(judge, &last->row, &e->row);

		CHECK_FOR_INTERRUPTS();
		seen->pairs++;
		if (gap == 0)
			seen->touching++;
		else if (gap > 0 && is_a_day(judge, gap))
		{
			seen->gaps++;
			if (is_earlier(e, seen->gap))
				seen->gap = e;
		}
		else if (gap < 0 && is_a_day(judge, -gap))
		{
			seen->seams++;
			if (is_earlier(e, seen->seam))
				seen->seam = e;
		}
		else if (gap < 0 && overlaps_equal(judge, first, i))
		{
			seen->overlaps++;
			if (is_earlier(e, seen->overlap))
				seen->overlap = e;
		}
		if ((last->row.flags & ENTRY_OPEN) == 0 &&
			(e->row.flags & ENTRY_OPEN || e->row.to > last->row.to))
			last = e;
	}
}

static void
see_neighbours(const Judge *judge, Neighbours *seen)
{
	for (int first = 0, end; first < judge->nrows; first = end)
	{
		for (end = first + 1; end < judge->nrows &&
			 same_customer(judge->rows[first], judge->rows[end]); end++)
			;
		see_customer(judge, first, end, seen);
	}
}

/*
 * One day between two is chance now and then; it is a habit where those who
 * follow at once, or nearly, mostly do it so.
 */
static void
tell_habit(Judge *judge, Finding which, int64 found, const Neighbours *seen,
		   const SampleEntry *example)
{
	int64		near = seen->touching + seen->gaps + seen->seams;

	if (found < 3 || !judge_share(found, near, 0.1) ||
		!judge_share(found, seen->pairs, 0.1))
		return;
	judge_tell(judge, which, judge_share(found, near, 0.5) &&
			   judge_share(found, seen->pairs, 0.25) ?
			   SEVERITY_FAULT : SEVERITY_LOOK, found, judge->among,
			   maybe_example(judge, example));
}

void
judge_ranges(Judge *judge)
{
	Ends		ends = {0};
	Neighbours	seen = {0};

	see_ends(judge, &ends);
	see_neighbours(judge, &seen);
	/* a customer may have two that are alike; a join makes them many */
	judge_tell(judge, FINDING_REPEATED,
			   judge_share(ends.repeated, judge->among, 0.05) ?
			   SEVERITY_FAULT : SEVERITY_LOOK, ends.repeated, judge->among,
			   maybe_example(judge, ends.repeated_example));
	if (ends.early >= 3 && judge_share(ends.early, ends.closed, 0.5) &&
		ends.early >= 4 * ends.proper)
		judge_tell(judge, FINDING_LAST_DAY, SEVERITY_FAULT, ends.early_rows,
				   judge->among, maybe_example(judge, ends.early_example));
	tell_habit(judge, FINDING_GAPS, seen.gaps, &seen, seen.gap);
	tell_habit(judge, FINDING_SEAMS, seen.seams, &seen, seen.seam);
	if (seen.overlaps >= 3 && judge_share(seen.overlaps, seen.pairs, 0.05))
		judge_tell(judge, FINDING_OVERLAPS, SEVERITY_LOOK, seen.overlaps,
				   judge->among, maybe_example(judge, seen.overlap));
}
