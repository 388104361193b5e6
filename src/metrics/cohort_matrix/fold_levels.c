/*
 * cohort_matrix/fold_levels.c
 *		The fold of one customer's levels (subscriptions) into a cohort matrix.
 *
 * The cohort is the period of the first day with a level above zero, and the
 * customer active there whatever is left at its end.  At other ages the level
 * at the end of the period decides.  A level may have no end, so cells count
 * changes from one age to the next.  By started_at the cohort is the period of
 * the earliest start, and the level at the end decides at age 0 as well.
 *
 * Without it,
 *
 *	level		50 from January 12, 70 from March 1, 0 from May 20
 *	age			0	1	2	3	4
 *	at the end	50	50	70	70	0
 *	active		+1				-1
 *	revenue		+50		+20		-70
 *	last_active				+1
 *	streak_end				+1
 */
#include "metrics/cohort_matrix/build.h"

#include "metrics/timeline_items.h"

/* A customer being added. */
typedef struct LevelCustomer
{
	Builder    *builder;
	BuildRow   *row;
	int64		start;			/* period or moment of the first day */
	int32		cohort;
	int64		max_ages;		/* the grain has, -1: no limit */
	bool		started;		/* by a start, not by the first level */
	bool		active;			/* at the last age booked */
	bool		broken;			/* the streak has ended */
	int64		last;			/* last active age while not active, or -1 */
	int128		level;			/* at the last age booked */
	int128		base;			/* the first one above zero, 0 before */
	int128		kept;			/* of it at the last age booked */
} LevelCustomer;

static CellSums *
cell_at(const LevelCustomer *c, int64 age)
{
	return builder_cell(c->builder, c->row, c->cohort, age);
}

/* Active at every age up to this one, but not at the next. */
static void
end_streak(LevelCustomer *c, int64 age)
{
	if (!c->broken && (c->max_ages < 0 || age + 1 < c->max_ages))
		cell_at(c, age)->streak_end++;
	c->broken = true;
}

/* From this age on the customer is active, or is not. */
static void
book_active(LevelCustomer *c, int64 age, bool active)
{
	if (active == c->active ||
		(c->max_ages >= 0 && age >= c->max_ages))
		return;
	c->active = active;
	cell_at(c, age)->active += active ? 1 : -1;
	if (active)
	{
		/* not there at age 1: only with starts */
		if (age > 1)
			end_streak(c, 0);
		return;
	}
	c->last = age - 1;
	end_streak(c, age - 1);
}

/* What is kept of the first level above zero. */
static void
book_gross(LevelCustomer *c, int64 age, int128 level)
{
	bool		begins = c->base == 0 && level > 0;
	int128		kept;

	if (begins)
		c->base = level;
	kept = c->base > 0 ? Min(level, c->base) : 0;
	if (begins || kept != c->kept)
		build_gross_add(c->builder->gross, c->cohort, age, kept - c->kept,
						begins ? level : 0);
	c->kept = kept;
}

/* The level at the end of an age, ages coming in order. */
static void
book_level(LevelCustomer *c, int64 age, int128 level)
{
	/* without starts at age 0 active in any case, after it by the level */
	book_active(c, age, (age == 0 && !c->started) || level > 0);
	if ((c->builder->flags & MATRIX_MONEY) && level != c->level)
	{
		cell_at(c, age)->revenue += level - c->level;
		book_gross(c, age, level);
	}
	c->level = level;
}

/* A day as the grain counts time. */
static int64
day_time(Calendar *calendar, int64 day)
{
	return grain_is_since_start(calendar->grain) ?
		calendar_moment_of_date(calendar, (DateADT) day) :
		calendar_period_of_date(calendar, (DateADT) day);
}

/*
 * Find the first day: of the starts, or else with a level above zero; and the
 * last on which a level above zero begins or grows, or the first: there the
 * data end.  False when there is none.
 */
static bool
find_start(const LedgerItem *items, int n, bool started, int64 *first,
		   int64 *last_rise)
{
	bool		found = false;
	int128		level = 0;
	int128		change;

	for (int i = 0; started && i < n && !found; i++)
	{
		found = (items[i].when & LEDGER_START) != 0;
		*first = *last_rise = ledger_time(items[i].when);
	}
	if (started && !found)
		return false;
	for (int i = 0; i < n;)
	{
		int64		day = ledger_time(items[i].when);

		i = ledger_add_time(items, n, i, &change);
		level += change;
		if (change <= 0 || level <= 0)
			continue;
		if (!found)
			*first = *last_rise = day;
		found = true;
		*last_rise = Max(*last_rise, day);
	}
	return found;
}

/* Add one customer of levels. */
void
fold_levels(LedgerItem *items, int n, void *builder)
{
	Builder    *b = builder;
	Calendar   *calendar = b->calendar;
	LevelCustomer c = {0};
	int64		first;
	int64		last_rise;
	int64		age = 0;
	int128		level = 0;

	n = calendar_levels(calendar, items,
						ledger_settle_items(items, n, LEDGER_COUNT_MAX,
											PG_INT64_MAX));
	c.builder = b;
	c.started = (b->flags & MATRIX_STARTED) != 0;
	c.last = -1;
	if (!find_start(items, n, c.started, &first, &last_rise))
		return;
	c.start = day_time(calendar, first);
	/* who was there before the calendar begins is in no cohort */
	if (calendar_is_before(calendar, c.start))
		return;
	c.cohort = grain_is_since_start(calendar->grain) ?
		calendar_period_of_moment(calendar, c.start) : (int32) c.start;
	c.row = builder_add_size(b, c.cohort, 1);
	c.max_ages = calendar_cohort_ages(calendar, c.cohort);
	builder_reach(b, day_time(calendar, last_rise));

	for (int i = 0; i < n;)
	{
		int64		day = ledger_time(items[i].when);
		int128		change;

		if (day > first)
		{
			int64		next = calendar_age(calendar, c.start,
											day_time(calendar, day));

			if (next < 0)
				break;			/* at or past the last cut */
			if (next > age)
			{
				book_level(&c, age, level);
				/* active at age 0, but gone by its end */
				if (age == 0 && level <= 0 && next > 1 && !c.started)
					book_active(&c, 1, false);
				age = next;
			}
		}
		i = ledger_add_time(items, n, i, &change);
		level += change;
	}
	book_level(&c, age, level);
	if (age == 0 && level <= 0 && !c.started)
		book_active(&c, 1, false);
	if (c.active)
		return;
	end_streak(&c, 0);
	if (c.last >= 0)
		cell_at(&c, c.last)->last_active++;
}
