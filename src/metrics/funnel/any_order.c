/*
 * funnel/any_order.c
 *		Steps in any order: how many different ones lie in one window.
 *
 * The window slides along with a count of each step in it.  So many different
 * steps are the answer, or where they must be at different instants or of
 * different rows a bound of it; then those of the instants or rows, in order
 * of time, are taken that leave room for all before (a greedy walk through a
 * transversal matroid, which takes the earliest possible ones).
 */
#include "metrics/funnel/any_order.h"

#include "miscadmin.h"

#define NONE (-1)

/* Events of one instant, or of one row at it. */
typedef struct Unit
{
	int64		at;
	int64		first;			/* events: first .. end */
	int64		end;
} Unit;

typedef struct AnyOrder
{
	const ChainEvent *events;	/* without exclusions and rows without a step */
	int64		n;
	ChainEvent *steps;			/* where they are kept */
	int64		max_steps;
	int64	   *excluded;		/* instants that count */
	int64		nexcluded;
	int64		max_excluded;
	int64		next_excluded;	/* the first past the start asked last */
	bool		units;			/* steps must be of different ones */
	bool		by_rows;
	/* the window */
	int64		from;
	int64		to;				/* exclusive */
	int32		different;		/* steps in it */
	int32	   *count;			/* by step */
	int32		max_count;
	/* steps given to units */
	int64	   *owner;			/* by step: the first event of its unit */
	int32	   *seen;			/* by step: search it was last seen in */
	int32	   *tried;			/* by step: units looked at */
	int32		searches;
} AnyOrder;

/* ----------------------------------------------------------------
 *		Events
 * ----------------------------------------------------------------
 */

static void *
make_room(ChainSearch *search, void *all, int64 n, int64 *max, Size each)
{
	if (n <= *max)
		return all;
	*max = Max(2 * *max, Max(n, 16));
	if (all != NULL)
		pfree(all);
	return MemoryContextAllocHuge(search->context, *max * each);
}

/* The steps, and the exclusions at instants without one. */
static void
take_events(AnyOrder *a, const ChainEvent *events, Size n)
{
	a->n = a->nexcluded = 0;
	for (Size i = 0; i < n; i++)
	{
		const ChainEvent *event = &events[i];

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (event->step == FUNNEL_NO_STEP)
			continue;
		if ((event->step & FUNNEL_EXCLUDED) == 0)
			a->steps[a->n++] = *event;
		else if (a->n == 0 || a->steps[a->n - 1].at != event->at)
			a->excluded[a->nexcluded++] = event->at;
	}
}

/* By row within an instant: the events of a row lie together. */
static int
compare_rows(const void *x, const void *y)
{
	const ChainEvent *a = x;
	const ChainEvent *b = y;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return (a->step > b->step) - (a->step < b->step);
}

static void
sort_by_rows(AnyOrder *a)
{
	for (int64 i = 0, next; i < a->n; i = next)
	{
		for (next = i + 1; next < a->n && a->steps[next].at == a->steps[i].at;)
			next++;
		CHECK_FOR_INTERRUPTS();
		if (next - i > 1)
			qsort(&a->steps[i], next - i, sizeof(ChainEvent), compare_rows);
	}
}

static void
any_order_free(AnyOrder *a)
{
	if (a->count == NULL)
		return;
	pfree(a->count);
	pfree(a->owner);
	pfree(a->seen);
	pfree(a->tried);
}

void
any_order_begin(ChainSearch *search, const ChainEvent *events, Size n,
				bool shared)
{
	AnyOrder   *a = search->any_order;
	Size		size = search->nsteps + 1;
	bool		increasing = (search->mode & FUNNEL_INCREASING) != 0;

	if (a == NULL)
		a = search->any_order = MemoryContextAllocZero(search->context,
													   sizeof(AnyOrder));
	if (a->max_count < (int32) size)
	{
		any_order_free(a);
		size *= 2;
		a->count = MemoryContextAllocHuge(search->context, size * sizeof(int32));
		a->owner = MemoryContextAllocHuge(search->context, size * sizeof(int64));
		a->seen = MemoryContextAllocHuge(search->context, size * sizeof(int32));
		a->tried = MemoryContextAllocHuge(search->context, size * sizeof(int32));
		memset(a->count, 0, size * sizeof(int32));
		a->max_count = (int32) size;
	}
	a->steps = make_room(search, a->steps, n, &a->max_steps, sizeof(ChainEvent));
	a->excluded = make_room(search, a->excluded, n, &a->max_excluded, sizeof(int64));
	/* what is in the window yet */
	memset(a->count, 0, (search->nsteps + 1) * sizeof(int32));
	a->from = a->to = a->different = 0;
	a->next_excluded = 0;
	take_events(a, events, n);
	a->by_rows = shared && !increasing && (search->mode & FUNNEL_ONE_STEP) != 0;
	a->units = increasing || a->by_rows;
	if (a->by_rows)
		sort_by_rows(a);
	a->events = a->steps;
}

/* The next instant with a step. */
bool
any_order_next(ChainSearch *search, int64 *start)
{
	const AnyOrder *a = search->any_order;
	int64		next = *start + 1;

	while (next > 0 && next < a->n &&
		   a->events[next].at == a->events[next - 1].at)
		next++;
	*start = next;
	return next < a->n;
}

int64
any_order_at(const ChainSearch *search, int64 start)
{
	return search->any_order->events[start].at;
}

/* ----------------------------------------------------------------
 *		The window
 * ----------------------------------------------------------------
 */

static inline void
enter(AnyOrder *a, int64 event)
{
	if (a->count[a->events[event].step]++ == 0)
		a->different++;
}

static inline void
leave(AnyOrder *a, int64 event)
{
	if (--a->count[a->events[event].step] == 0)
		a->different--;
}

/* Let the window begin with an event.  Its end may also move back. */
static void
slide(ChainSearch *search, int64 start)
{
	AnyOrder   *a = search->any_order;
	int64		end = funnel_window_end(&search->window, a->events[start].at);

	for (; a->to < a->n && a->events[a->to].at <= end; a->to++)
		enter(a, a->to);
	for (; a->from < start; a->from++)
		leave(a, a->from);
	for (; a->to > start && a->events[a->to - 1].at > end; a->to--)
		leave(a, a->to - 1);
	CHECK_FOR_INTERRUPTS();
}

/* ----------------------------------------------------------------
 *		Steps given to different instants or rows
 * ----------------------------------------------------------------
 */

/* The events of the unit that begins with one. */
static Unit
unit_at(const AnyOrder *a, int64 first)
{
	Unit		unit = {a->events[first].at, first, first + 1};

	while (unit.end < a->to && a->events[unit.end].at == unit.at &&
		   (!a->by_rows || a->events[unit.end].row == a->events[first].row))
		unit.end++;
	return unit;
}

/* Give a unit a step, others changing theirs where that helps. */
static bool
give_step(AnyOrder *a, int64 first)
{
	Unit		unit = unit_at(a, first);

	check_stack_depth();
	for (int64 i = unit.first; i < unit.end; i++)
	{
		uint32		step = a->events[i].step;

		if (a->seen[step] == a->searches)
			continue;
		a->seen[step] = a->searches;
		if (a->owner[step] == NONE || give_step(a, a->owner[step]))
		{
			a->owner[step] = unit.first;
			return true;
		}
	}
	return false;
}

/* Is there a step of the unit that not enough units had a chance at? */
static bool
worth_a_try(AnyOrder *a, const Unit *unit, int32 nsteps)
{
	bool		worth = false;

	for (int64 i = unit->first; i < unit->end; i++)
	{
		uint32		step = a->events[i].step;

		/* equal events are one chance */
		if (i > unit->first && step == a->events[i - 1].step)
			continue;
		if (a->tried[step] < nsteps)
		{
			a->tried[step]++;
			worth = true;
		}
	}
	return worth;
}

/*
 * How many steps of the window can be given to different units, and into the
 * path, if it is asked for, the times of these.
 */
static int32
match(ChainSearch *search, bool path)
{
	AnyOrder   *a = search->any_order;
	int32		matched = 0;

	for (int32 step = 0; step <= search->nsteps; step++)
	{
		a->owner[step] = NONE;
		a->seen[step] = a->tried[step] = 0;
	}
	a->searches = 0;
	for (int64 i = a->from; i < a->to && matched < a->different;)
	{
		Unit		unit = unit_at(a, i);

		CHECK_FOR_INTERRUPTS();
		i = unit.end;
		if (!worth_a_try(a, &unit, a->different))
			continue;
		a->searches++;
		if (!give_step(a, unit.first))
			continue;
		matched++;
		if (path)
			chain_path_add(search, matched, unit.at);
	}
	return matched;
}

/* ----------------------------------------------------------------
 *		Answers
 * ----------------------------------------------------------------
 */

/* When the window has had all its steps once; if so, also into the path. */
static int64
complete_at(ChainSearch *search, int64 until, bool path)
{
	AnyOrder   *a = search->any_order;
	int32		had = 0;

	if (a->units)
	{
		/* at most as many units as steps, and all of them in the path */
		search->path.n = 0;
		(void) match(search, true);
		return search->path.n == 0 ? until : search->path.at[search->path.n - 1];
	}
	for (int32 step = 0; step <= search->nsteps; step++)
		a->seen[step] = 0;
	for (int64 i = a->from; i < a->to; i++)
	{
		const ChainEvent *event = &a->events[i];

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (event->at > until)
			break;
		if (a->seen[event->step]++ > 0)
			continue;
		had++;
		if (path)
			chain_path_add(search, had, event->at);
		if (had == a->different)
			return event->at;
	}
	return until;
}

/* Does an exclusion come before the window is over, or complete? */
static bool
spoiled(ChainSearch *search, int64 start, int32 level)
{
	AnyOrder   *a = search->any_order;
	int64		at = a->events[start].at;
	int64		excluded;

	while (a->next_excluded < a->nexcluded &&
		   a->excluded[a->next_excluded] <= at)
		a->next_excluded++;
	if (a->next_excluded == a->nexcluded)
		return false;
	excluded = a->excluded[a->next_excluded];
	if (excluded > funnel_window_end(&search->window, at))
		return false;
	return level < search->nsteps ||
		complete_at(search, excluded, false) >= excluded;
}

int32
any_order_level(ChainSearch *search, int64 start, int32 above)
{
	AnyOrder   *a = search->any_order;
	int32		level;

	slide(search, start);
	level = a->different;
	if (level > above && a->units)
		level = match(search, false);
	return level <= above || spoiled(search, start, level) ? 0 : level;
}

void
any_order_path(ChainSearch *search, int64 start)
{
	AnyOrder   *a = search->any_order;

	/* it may lie before the one asked last */
	if (start < a->from)
	{
		memset(a->count, 0, (search->nsteps + 1) * sizeof(int32));
		a->from = a->to = start;
		a->different = 0;
	}
	slide(search, start);
	search->path.n = 0;
	if (a->units)
		(void) match(search, true);
	else
		(void) complete_at(search, PG_INT64_MAX, true);
}
