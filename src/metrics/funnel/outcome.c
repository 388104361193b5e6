/*
 * funnel/outcome.c
 *		What counts of one customer: the furthest chain, in any mode, of all or
 *		of those that began in each period.
 */
#include "metrics/funnel/any_order.h"
#include "metrics/funnel/tries.h"
#include "miscadmin.h"

/* Add to the path. */
void
chain_path_add(ChainSearch *search, int32 step, int64 at)
{
	ChainPath  *path = &search->path;

	if (path->n == path->max)
	{
		Size		max = Max(2 * (Size) path->max, 16);

		if (path->steps == NULL)
		{
			path->steps = MemoryContextAllocHuge(search->context, max * sizeof(int32));
			path->at = MemoryContextAllocHuge(search->context, max * sizeof(int64));
		}
		else
		{
			path->steps = repalloc_huge(path->steps, max * sizeof(int32));
			path->at = repalloc_huge(path->at, max * sizeof(int64));
		}
		path->max = (int32) max;
	}
	path->steps[path->n] = step;
	path->at[path->n++] = at;
}

/* Is the search of chain.c enough? */
static inline bool
is_plain(const ChainSearch *search, bool excluded)
{
	return !excluded && search->rules->optional == 0 &&
		(search->mode & FUNNEL_ANY_ORDER) == 0;
}

/* Do rows of several steps make a difference? */
static inline bool
rows_matter(const ChainSearch *search)
{
	return (search->mode & FUNNEL_ONE_STEP) != 0 &&
		(search->mode & FUNNEL_INCREASING) == 0;
}

/* ----------------------------------------------------------------
 *		Starts of one kind or the other
 * ----------------------------------------------------------------
 */

static void
begin_starts(ChainSearch *search, const ChainEvent *events, Size n)
{
	if (search->mode & FUNNEL_ANY_ORDER)
		any_order_begin(search, events, n, rows_matter(search));
	else
		tries_run(search, events, n, rows_matter(search));
}

static bool
next_start(ChainSearch *search, int64 *start)
{
	if (search->mode & FUNNEL_ANY_ORDER)
		return any_order_next(search, start);
	return ++*start < search->tries->nstarts;
}

typedef struct ChainEntry Entry;

static int64
start_at(const ChainSearch *search, int64 start)
{
	return search->mode & FUNNEL_ANY_ORDER ? any_order_at(search, start) :
		tries_at(search, (int32) start);
}

/*
 * Of the starts of one instant the one that got furthest, with its level, 0
 * when it was spoiled; *start moves to the last of them.
 */
static int32
furthest_of_instant(ChainSearch *search, int64 *start, int64 *best)
{
	int64		at = tries_at(search, (int32) *start);
	bool		spoiled;
	int32		level = tries_level(search, (int32) *start, &spoiled);

	*best = *start;
	while (*start + 1 < search->tries->nstarts &&
		   tries_at(search, (int32) *start + 1) == at)
	{
		bool		other_spoiled;
		int32		other = tries_level(search, (int32) ++*start, &other_spoiled);

		if (other < level ||
			(other == level &&
			 !tries_before(search, (int32) *start, (int32) *best)))
			continue;
		level = other;
		spoiled = other_spoiled;
		*best = *start;
	}
	return spoiled ? 0 : level;
}

/* Is a start, or another of its instant, the one that counts for an entry? */
static void
consider(ChainSearch *search, Entry *entry, int64 *start)
{
	int64		best = *start;
	int32		level;

	if (search->mode & FUNNEL_ANY_ORDER)
		level = any_order_level(search, best, entry->level);
	else
		level = furthest_of_instant(search, start, &best);
	if (level <= entry->level)
		return;
	entry->level = level;
	entry->start = best;
}

static void
show_path(ChainSearch *search, const Entry *entry, ChainVisitor visit, void *arg)
{
	if (entry->level == 0)
		return;
	if (search->mode & FUNNEL_ANY_ORDER)
		any_order_path(search, entry->start);
	else
		tries_path(search, (int32) entry->start);
	visit(&search->path, entry->period, arg);
}

/* ----------------------------------------------------------------
 *		Answers
 * ----------------------------------------------------------------
 */

/* The furthest step of one customer in any mode. */
int32
chain_result(ChainSearch *search, const ChainEvent *events, Size n,
			bool excluded)
{
	Entry		best = {0};

	if (is_plain(search, excluded))
		return chain_furthest(search, events, n);
	begin_starts(search, events, n);
	for (int64 start = -1; next_start(search, &start);)
		consider(search, &best, &start);
	return best.level;
}

/* The entry of a period, made when there is none. */
static Entry *
find_entry(ChainSearch *search, int32 *n, int32 period)
{
	Entry	   *entry;

	/* where clocks are set back, periods come again */
	for (int32 i = *n - 1; i >= 0 && search->entries[*n - 1].period >= period; i--)
		if (search->entries[i].period == period)
			return &search->entries[i];
	if (*n == search->max_entries)
	{
		search->max_entries = Max(2 * search->max_entries, 16);
		search->entries = search->entries == NULL ?
			MemoryContextAllocHuge(search->context,
								   search->max_entries * sizeof(Entry)) :
			repalloc_huge(search->entries, search->max_entries * sizeof(Entry));
	}
	entry = &search->entries[(*n)++];
	memset(entry, 0, sizeof(Entry));
	entry->period = period;
	return entry;
}

/* The furthest chains of one customer. */
void
chain_visit(ChainSearch *search, const ChainEvent *events, Size n,
			const ChainKind *kind, ChainVisitor visit, void *arg)
{
	int32		entries = 0;

	if (kind->period == NULL && is_plain(search, kind->excluded) &&
		!(kind->shared && rows_matter(search)))
	{
		if (chain_furthest(search, events, n) == 0)
			return;
		chain_trace(search, events);
		visit(&search->path, 0, arg);
		return;
	}
	begin_starts(search, events, n);
	for (int64 start = -1; next_start(search, &start);)
	{
		int64		at = start_at(search, start);
		int32		period = 0;

		if ((start & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (kind->period == NULL || kind->period(at, &period, arg))
			consider(search, find_entry(search, &entries, period), &start);
	}
	for (int32 i = 0; i < entries; i++)
		show_path(search, &search->entries[i], visit, arg);
}
