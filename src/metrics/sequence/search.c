/*
 * sequence/search.c
 *		Where a pattern is found among the events of one customer.
 *
 * The meaning is that of ClickHouse's sequenceMatch and sequenceCount, which
 * try one way after the other.  What is left of a pattern from an item on can
 * be found from an event on or it cannot: how one came there matters only for
 * times, and these count from the event taken last, after another gap from the
 * next event, both of which the place tells.  So for each item, from the last
 * to the first, it is worked out for all events at once, from the last to the
 * first, whether the rest of the pattern is found from there on:
 *
 *	events				a1   c2   a3   b9   c9
 *	(?2)								x
 *	(?t<5)(?2)						x			b comes within 5 of the event before
 *	(?1)(?t<5)(?2)
 *
 * Of the events after a gap of at most so long the first will do, of those
 * after one of at least so long the last, and for one of exactly so long they
 * move along together: no item looks at an event more often than twice.
 *
 * Past the last event, an item that takes one is not found; what may be left
 * there is sequence_may_end()'s to say.  ".*" leaves an event for what follows
 * it, wherever there is one; but for that at the beginning.
 */
#include "metrics/sequence/search.h"

#include "miscadmin.h"

#define SLICE 4096				/* events looked at between interrupts */

/* ----------------------------------------------------------------
 *		Order
 * ----------------------------------------------------------------
 */

typedef struct PlainEvent
{
	uint64		words[2];
} PlainEvent;

static inline int
compare_words(const void *x, const void *y, Size words)
{
	const uint64 *a = x;
	const uint64 *b = y;

	if (a[0] != b[0])
		return (int64) a[0] < (int64) b[0] ? -1 : 1;
	for (Size i = 1; i < words; i++)
		if (a[i] != b[i])
			return a[i] > b[i] ? -1 : 1;
	return 0;
}

#define ST_SORT sort_plain
#define ST_ELEMENT_TYPE PlainEvent
#define ST_COMPARE(a, b) compare_words((a)->words, (b)->words, 2)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_wide
#define ST_ELEMENT_TYPE_VOID
#define ST_COMPARE(a, b, size) compare_words((a), (b), *(size))
#define ST_COMPARE_ARG_TYPE const Size
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Bring events into order. */
void
sequence_sort(const SequencePattern *pattern, uint64 *events, Size n)
{
	Size		words = sequence_event_words(pattern);

	if (words == 2)
		sort_plain((PlainEvent *) events, n);
	else
		sort_wide(events, n, words * sizeof(uint64), &words);
}

/* Are they? */
bool
sequence_is_sorted(const SequencePattern *pattern, const uint64 *events,
				   Size n)
{
	Size		words = sequence_event_words(pattern);

	for (Size i = 1; i < n; i++)
	{
		if (i % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
		if (compare_words(events + (i - 1) * words, events + i * words, words) > 0)
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------
 *		What is found from each event on
 * ----------------------------------------------------------------
 */

typedef struct Search
{
	const SequencePattern *pattern;
	const uint64 *events;
	Size		n;
	Size		words;			/* of an event */
} Search;

/* One item: from which events on it and all after it are found; bit n: past them. */
typedef uint64 *Found;

static inline bool
is_found(const uint64 *found, Size e)
{
	return (found[e / 64] >> (e % 64) & 1) != 0;
}

static inline void
set_found(Found found, Size e, bool value)
{
	if (value)
		found[e / 64] |= UINT64CONST(1) << (e % 64);
}

static Found
new_found(const Search *s)
{
	return palloc_extended((s->n / 64 + 1) * sizeof(uint64),
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static inline int64
time_of(const Search *s, Size e)
{
	return sequence_event_time(s->events + e * s->words);
}

/* The time from one event to a later one. */
static inline uint64
time_between(const Search *s, Size from, Size to)
{
	return (uint64) time_of(s, to) - (uint64) time_of(s, from);
}

static inline bool
meets(const Search *s, const SequenceItem *item, Size e)
{
	return item->kind == SEQUENCE_ANY ||
		(s->events[e * s->words + 1 + item->place / 64] &
		 sequence_place_bit(item->place)) != 0;
}

/*
 * The event from which a time counts where event e is the next: the one taken
 * last, after ".*" e itself.
 */
static inline Size
time_base(const SequenceItem *item, Size e)
{
	return sequence_takes(item - 1) ? e - 1 : e;
}

/* Is the time to an event as the item wants it? */
static inline bool
time_fits(const SequenceItem *item, uint64 time)
{
	switch (item->kind)
	{
		case SEQUENCE_LESS:
			return time < item->time;
		case SEQUENCE_AT_MOST:
			return time <= item->time;
		case SEQUENCE_MORE:
			return time > item->time;
		case SEQUENCE_AT_LEAST:
			return time >= item->time;
		case SEQUENCE_EXACTLY:
			return time == item->time;
		default:
			return true;
	}
}

/*
 * An item that skips events, which is not the first one that takes an event
 * after another: "next" is where the rest is found.
 */
static void
find_skip(const Search *s, const SequenceItem *item, const uint64 *next,
		  Found found)
{
	Size		none = s->n;
	/* of the events from e on from which the rest is found */
	Size		nearest = none;
	Size		last = none;

	/* a time counts from the event before the first at least */
	for (Size e = s->n; e-- > 0;)
	{
		Size		base;

		if (e % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
		if (is_found(next, e))
		{
			nearest = e;
			if (last == none)
				last = e;
		}
		if (last == none || (e == 0 && sequence_takes(item - 1)))
			continue;
		base = item->kind == SEQUENCE_GAP ? e : time_base(item, e);
		switch (item->kind)
		{
			case SEQUENCE_GAP:
				set_found(found, e, true);
				break;
			case SEQUENCE_LESS:
			case SEQUENCE_AT_MOST:
				set_found(found, e, time_fits(item, time_between(s, base, nearest)));
				break;
			case SEQUENCE_EXACTLY:
				/* the last that is not too late; it moves along with e */
				while (last > e && (!is_found(next, last) ||
									time_between(s, base, last) > item->time))
					last--;
				set_found(found, e, is_found(next, last) &&
						  time_between(s, base, last) == item->time);
				break;
			default:
				set_found(found, e, time_fits(item, time_between(s, base, last)));
				break;
		}
	}
}

/* An item that takes an event. */
static void
find_take(const Search *s, const SequenceItem *item, const uint64 *next,
		  Found found)
{
	for (Size e = 0; e < s->n; e++)
	{
		if (e % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
		set_found(found, e, meets(s, item, e) && is_found(next, e + 1));
	}
}

/*
 * From which events on the item and what is after it are found.  ".*" at the
 * beginning may leave none.
 */
static void
find_item(const Search *s, int i, const uint64 *next, Found found)
{
	const SequenceItem *item = &s->pattern->items[i];

	if (sequence_takes(item))
	{
		find_take(s, item, next, found);
		return;
	}
	set_found(found, s->n, sequence_may_end(item) && is_found(next, s->n));
	if (i > 0)
		find_skip(s, item, next, found);
	else
		for (Size e = s->n; e-- > 0;)
		{
			if (e % SLICE == 0)
				CHECK_FOR_INTERRUPTS();
			set_found(found, e, is_found(next, e) || is_found(found, e + 1));
		}
}

/* After the last item everything is found from anywhere on. */
static Found
find_end(const Search *s)
{
	Found		found = new_found(s);

	memset(found, 0xFF, (s->n / 64 + 1) * sizeof(uint64));
	return found;
}

static Search
search_of(const SequencePattern *pattern, const uint64 *events, Size n)
{
	Search		s = {pattern, events, n, sequence_event_words(pattern)};

	return s;
}

/* Is the pattern found? */
bool
sequence_found(const SequencePattern *pattern, const uint64 *events, Size n)
{
	Search		s = search_of(pattern, events, n);
	Found		next = find_end(&s);
	bool		found;

	for (int i = pattern->nitems; i-- > 0;)
	{
		Found		now = new_found(&s);

		find_item(&s, i, next, now);
		pfree(next);
		next = now;
	}
	found = is_found(next, 0);
	pfree(next);
	return found;
}

/* ----------------------------------------------------------------
 *		How often
 * ----------------------------------------------------------------
 */

/*
 * Walk through the pattern from event e on, from which it is found; rest[i] is
 * from which events on what is after item i is found, of items that skip.
 * Returns the event after it.
 */
static Size
walk(const Search *s, Found *rest, Size e)
{
	for (int i = 0; i < s->pattern->nitems && e < s->n; i++)
	{
		const SequenceItem *item = &s->pattern->items[i];
		Size		base;

		if (sequence_takes(item))
		{
			e++;
			continue;
		}
		base = item->kind == SEQUENCE_GAP ? e : time_base(item, e);
		while (e < s->n && !(is_found(rest[i], e) &&
							 time_fits(item, time_between(s, base, e))))
		{
			e++;
			if (e % SLICE == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	return e;
}

/* How often is it found? */
int64
sequence_count(const SequencePattern *pattern, const uint64 *events, Size n)
{
	Search		s = search_of(pattern, events, n);
	Found	   *rest = palloc0(pattern->nitems * sizeof(Found));
	Found		next = find_end(&s);
	int64		count = 0;

	for (int i = pattern->nitems; i-- > 0;)
	{
		Found		now = new_found(&s);

		find_item(&s, i, next, now);
		if (sequence_takes(&pattern->items[i]))
			pfree(next);
		else
			rest[i] = next;
		next = now;
	}
	for (Size e = 0; e < n && is_found(next, e); count++)
	{
		Size		after = walk(&s, rest, e);

		CHECK_FOR_INTERRUPTS();
		/* where it takes no event, it is found once for each */
		e = after == e ? e + 1 : after;
	}
	for (int i = 0; i < pattern->nitems; i++)
		if (rest[i] != NULL)
			pfree(rest[i]);
	pfree(rest);
	pfree(next);
	return count;
}
