/*
 * funnel/chain.c
 *		The search for the furthest chain of steps among one customer's events.
 *
 * One pass over the events, in their order.  What will become of a chain
 * depends on its length, on whether its last event is of the instant at hand,
 * and on the end of its window: of chains alike in the first two only the one
 * whose window ends last needs to be followed.  So there is at most one chain
 * to a level, and one more that came there at this very instant.
 *
 *	events			a1   a2   b3   a4   c5   b6
 *	chain at level
 *	1				a1.. a2..      a4..
 *	2						  a2b3           a4b6
 *	3									a2b3c5
 *
 * Where a mode breaks chains, a chain moves on to the next level whenever it
 * can (it is no worse off there, or has no choice), and the levels that hold a
 * chain are in a list: strict order breaks those below a level, "deduplicated"
 * those from a level on, and what is broken is off the list for good, so the
 * pass stays linear.
 */
#include "metrics/funnel/chain.h"

#include "miscadmin.h"

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE ChainEvent
#define ST_COMPARE(a, b) \
	((a)->at != (b)->at ? ((a)->at < (b)->at ? -1 : 1) : \
	 (a)->step != (b)->step ? ((a)->step < (b)->step ? -1 : 1) : \
	 (a)->row < (b)->row ? -1 : (a)->row > (b)->row ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define FIRST_LEVELS 16

/* Does the mode break chains? */
#define BREAKS(search) \
	((search)->mode & (FUNNEL_STRICT_ORDER | FUNNEL_DEDUPLICATED))

void
chain_search_init(ChainSearch *search, MemoryContext context)
{
	memset(search, 0, sizeof(*search));
	search->context = context;
	search->size = FIRST_LEVELS;
	search->levels = MemoryContextAllocZero(context,
											FIRST_LEVELS * sizeof(ChainLevel));
}

/* What to search for. */
void
chain_search_set(ChainSearch *search, const FunnelRules *rules, int32 nsteps,
				 pg_tz *zone, bool cached)
{
	search->mode = rules->mode;
	search->rules = rules;
	search->nsteps = nsteps;
	funnel_window_set(&search->window, &rules->within, zone, cached,
					  search->context);
}

/* Bring events into order. */
void
chain_sort(ChainEvent *events, Size n)
{
	sort_events(events, n);
}

/* Drop events that make no difference. */
Size
chain_deduplicate(ChainEvent *events, Size n, uint8 mode)
{
	Size		copies = funnel_copies(mode);
	Size		kept = 0;

	for (Size i = 0; i < n; i++)
	{
		if (kept >= copies && events[kept - copies].at == events[i].at &&
			events[kept - copies].step == events[i].step)
			continue;
		events[kept++] = events[i];
	}
	return kept;
}

/* ----------------------------------------------------------------
 *		Levels
 * ----------------------------------------------------------------
 */

/* Have the level; new ones are empty. */
static ChainLevel *
chain_level(ChainSearch *search, int32 level)
{
	if (level >= search->size)
	{
		Size		size = (Size) search->size;

		while (size <= (Size) level)
			size *= 2;
		search->levels = repalloc_huge(search->levels, size * sizeof(ChainLevel));
		memset(search->levels + search->size, 0,
			   (size - search->size) * sizeof(ChainLevel));
		search->size = (int32) Min(size, PG_INT32_MAX);
	}
	search->used = Max(search->used, level);
	return &search->levels[level];
}

static inline bool
on_list(const ChainLevel *level)
{
	return level->alive || level->fresh;
}

/* Put a level on the list. */
static void
link_level(ChainSearch *search, int32 level)
{
	ChainLevel *levels = search->levels;
	int32		below;

	if (level == 1)
		below = 0;
	else if (on_list(&levels[level - 1]))
		below = level - 1;		/* where the chain comes from */
	else
		for (below = search->highest; below > level;)
			below = levels[below].below;
	levels[level].below = below;
	levels[level].above = below ? levels[below].above : search->lowest;
	if (below)
		levels[below].above = level;
	else
		search->lowest = level;
	if (levels[level].above)
		levels[levels[level].above].below = level;
	else
		search->highest = level;
}

static void
unlink_level(ChainSearch *search, int32 level)
{
	ChainLevel *levels = search->levels;
	int32		below = levels[level].below;
	int32		above = levels[level].above;

	if (below)
		levels[below].above = above;
	else
		search->lowest = above;
	if (above)
		levels[above].below = below;
	else
		search->highest = below;
	levels[level].alive = levels[level].fresh = false;
}

/* Strict order: break what is below a level. */
void
chain_break_below(ChainSearch *search, int32 level)
{
	while (search->lowest && search->lowest < level)
		unlink_level(search, search->lowest);
}

/* Deduplicated: break what is at a level or above. */
void
chain_break_from(ChainSearch *search, int32 level)
{
	while (search->highest && search->highest >= level)
		unlink_level(search, search->highest);
}

/* A chain of that length exists, whatever becomes of it. */
void
chain_reach(ChainSearch *search, int32 level, int64 position)
{
	if (level > search->furthest)
	{
		search->furthest = level;
		search->reached = position;
	}
}

/* What came at an earlier instant is fresh no more. */
static inline void
level_settle(ChainLevel *level, int64 at)
{
	if (level->fresh && level->came != at)
	{
		level->end = level->alive ? Max(level->end, level->fresh_end) :
			level->fresh_end;
		level->alive = true;
		level->fresh = false;
	}
}

/* A chain comes to a level at an instant, its window ending at end. */
void
chain_arrive(ChainSearch *search, int32 level, int64 at, int64 end,
			 int64 position)
{
	ChainLevel *l = chain_level(search, level);

	chain_reach(search, level, position);
	if (BREAKS(search) && !on_list(l))
		link_level(search, level);
	if (search->mode & FUNNEL_INCREASING)
	{
		level_settle(l, at);
		l->fresh_end = l->fresh ? Max(l->fresh_end, end) : end;
		l->fresh = true;
		l->came = at;
	}
	else
	{
		l->end = l->alive ? Max(l->end, end) : end;
		l->alive = true;
	}
}

/*
 * Is there a chain at a level that may take an event at an instant?  *end is
 * the end of its window.
 */
bool
chain_may_take(ChainSearch *search, int32 level, int64 at, int64 *end)
{
	ChainLevel *l;

	if (level > search->used)
		return false;
	l = &search->levels[level];
	level_settle(l, at);
	*end = l->end;
	return l->alive && at <= l->end;
}

/* It has taken it, and arrived where it goes. */
void
chain_left(ChainSearch *search, int32 level)
{
	ChainLevel *l = &search->levels[level];

	if (!BREAKS(search))
		return;
	if (l->fresh)
		l->alive = false;
	else
		unlink_level(search, level);
}

/* ----------------------------------------------------------------
 *		The search
 * ----------------------------------------------------------------
 */

static void
pass_event(ChainSearch *search, const ChainEvent *event, int64 position)
{
	int32		step = (int32) event->step;
	int64		end;

	if (search->mode & FUNNEL_STRICT_ORDER)
		chain_break_below(search, step == 0 ? PG_INT32_MAX :
						  search->mode & FUNNEL_REENTRY ? 0 : step - 1);
	if (search->mode & FUNNEL_DEDUPLICATED && step >= 2)
		chain_break_from(search, step);
	if (step == 1)
		chain_arrive(search, 1, event->at,
					 funnel_window_end(&search->window, event->at), position);
	else if (step > 1 && chain_may_take(search, step - 1, event->at, &end))
	{
		chain_arrive(search, step, event->at, end, position);
		chain_left(search, step - 1);
	}
}

/* Length of the furthest chain. */
int32
chain_furthest(ChainSearch *search, const ChainEvent *events, Size n)
{
	/* where steps are at different instants, they are of different rows */
	bool		by_rows = (search->mode & FUNNEL_ONE_STEP) != 0 &&
		(search->mode & FUNNEL_INCREASING) == 0;

	memset(search->levels, 0, (search->used + 1) * sizeof(ChainLevel));
	search->used = search->lowest = search->highest = 0;
	search->furthest = 0;
	for (Size i = 0, next; i < n; i = next)
	{
		next = i + 1;
		if (by_rows)
		{
			while (next < n && events[next].at == events[i].at)
				next++;
			if (chain_shares_rows(events + i, next - i))
			{
				chain_pass_rows(search, events + i, next - i, i);
				continue;
			}
		}
		for (Size j = i; j < next; j++)
		{
			if ((j & 1023) == 0)
				CHECK_FOR_INTERRUPTS();
			pass_event(search, &events[j], j);
		}
	}
	return search->furthest;
}

/* ----------------------------------------------------------------
 *		The earliest of the furthest chains
 * ----------------------------------------------------------------
 */

/*
 * Does an event break the strict order of a chain that it comes after?  One of
 * step 0 comes before the others of its instant, also the chain's.
 */
static inline bool
breaks_order(uint8 mode, int32 step, int32 level)
{
	return (mode & FUNNEL_STRICT_ORDER) != 0 &&
		(step == FUNNEL_NO_STEP ||
		 (step > level + 1 && (mode & FUNNEL_REENTRY) == 0));
}

/*
 * Follow the chain that begins with an event up to the last that matters.
 * 0 when it gets to the end, else the first event (its number is above 0)
 * that may begin another chain with another fate: strict order broke all that
 * had begun by then, "deduplicated" all that were waiting for step 2 with it.
 */
static int64
follow(ChainSearch *search, const ChainEvent *events, int64 start)
{
	bool		increasing = (search->mode & FUNNEL_INCREASING) != 0;
	int32		level = 1;
	int64		second = start;
	int64		at = events[start].at;

	search->path.n = 0;
	chain_path_add(search, 1, at);
	for (int64 i = start + 1; i <= search->reached; i++)
	{
		int32		step = (int32) events[i].step;

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (step == level + 1 && (!increasing || events[i].at > at))
		{
			at = events[i].at;
			if (level == 1)
				second = i;
			chain_path_add(search, ++level, at);
			if (level == search->furthest)
				return 0;
		}
		else if (breaks_order(search->mode, step, level))
			return i + 1;
		else if ((search->mode & FUNNEL_DEDUPLICATED) && step >= 2 &&
				 step <= level)
		{
			/* a step 1 of the same instant may still be waiting */
			while (increasing && events[second - 1].at == events[second].at)
				second--;
			return Max(second, start + 1);
		}
	}
	return start + 1;
}

/*
 * The furthest chain with the earliest step 1, then the earliest step 2 ....
 *
 * None gets to the end before the event at which the search found the first
 * that does, so earlier windows are out of the question; and a chain that
 * begins before that one and is not broken is never behind it.
 */
void
chain_trace(ChainSearch *search, const ChainEvent *events)
{
	int64		done = events[search->reached].at;

	search->path.n = 0;
	if (search->furthest < 2)
	{
		/* when that was is nobody's business */
		if (search->furthest == 1)
			chain_path_add(search, 1, done);
		return;
	}
	for (int64 i = 0; i < search->reached;)
	{
		int64		next = i + 1;

		if (events[i].step == 1 &&
			funnel_window_end(&search->window, events[i].at) >= done &&
			(next = follow(search, events, i)) == 0)
			return;
		i = next;
	}
	elog(ERROR, "the furthest chain of a funnel was not found again");
}
