/*
 * funnel/rows.c
 *		One row one step: instants at which a row meets several steps.
 *
 * Events of other instants are of other rows, so what a chain has used is
 * forgotten with the instant, and all that is asked is how far it can get in
 * one.  Steps a + 1 to b can be taken when they can be given to different
 * rows: a matching of steps to rows, found by augmenting paths.
 *
 *	row			steps it meets			from level 0:	1 <- r, 2 <- q, 3 <- p
 *	p			1, 3
 *	q			2						from level 1:	2 <- q, 3 <- p
 *	r			1
 *
 * "Deduplicated" leaves no choice but that of the row of step 1: a step that
 * two rows meet is repeated, and ends the chain that took it.
 */
#include "metrics/funnel/rows.h"

#include "miscadmin.h"

static int
compare_rows(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return (x > y) - (x < y);
}

/* Does a row have two of some events of one instant? */
bool
chain_shares_rows(const ChainEvent *events, Size n)
{
	uint32	   *rows;
	bool		shares = false;

	if (n < 2)
		return false;
	rows = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (Size i = 0; i < n; i++)
		rows[i] = events[i].row;
	qsort(rows, n, sizeof(uint32), compare_rows);
	for (Size i = 1; i < n && !shares; i++)
		shares = rows[i] == rows[i - 1];
	pfree(rows);
	return shares;
}

/* Number the rows from 0. */
static void
number_rows(Instant *instant, Size n)
{
	uint32	   *rows = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);
	int			nrows = 0;

	for (Size i = 0; i < n; i++)
		rows[i] = instant->events[i].row;
	qsort(rows, n, sizeof(uint32), compare_rows);
	for (Size i = 0; i < n; i++)
		if (nrows == 0 || rows[i] != rows[nrows - 1])
			rows[nrows++] = rows[i];
	for (Size i = 0; i < n; i++)
	{
		const uint32 *row = bsearch(&instant->events[i].row, rows, nrows,
									sizeof(uint32), compare_rows);

		instant->row[i] = (int) (row - rows);
	}
	instant->nrows = nrows;
	pfree(rows);
}

void
instant_init(Instant *instant, const ChainEvent *events, Size n,
			 int64 position)
{
	if (n > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events at one instant"),
				 errhint("Leave 'one row one step' out of the mode.")));
	instant->at = events[0].at;
	instant->position = position;
	instant->events = events;
	instant->nsteps = 0;
	instant->steps = palloc_extended(n * sizeof(int32), MCXT_ALLOC_HUGE);
	instant->first = palloc_extended((n + 1) * sizeof(int), MCXT_ALLOC_HUGE);
	instant->row = palloc_extended(n * sizeof(int), MCXT_ALLOC_HUGE);
	number_rows(instant, n);
	for (Size i = 0; i < n; i++)
		if (i == 0 || events[i].step != events[i - 1].step)
		{
			instant->steps[instant->nsteps] = (int32) events[i].step;
			instant->first[instant->nsteps++] = (int) i;
		}
	instant->first[instant->nsteps] = (int) n;
}

void
instant_free(Instant *instant)
{
	pfree(instant->steps);
	pfree(instant->first);
	pfree(instant->row);
}

/* ----------------------------------------------------------------
 *		Any rows will do
 * ----------------------------------------------------------------
 */

void
matching_init(Matching *m, const Instant *instant)
{
	Size		rows = instant->nrows * sizeof(int);
	Size		steps = instant->nsteps * sizeof(int);

	m->instant = instant;
	m->owner = palloc_extended(rows, MCXT_ALLOC_HUGE);
	m->parent = palloc_extended(rows, MCXT_ALLOC_HUGE);
	m->seen = palloc_extended(rows, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	m->row = palloc_extended(steps, MCXT_ALLOC_HUGE);
	m->queue = palloc_extended(steps, MCXT_ALLOC_HUGE);
	m->searches = 0;
	for (int i = 0; i < instant->nrows; i++)
		m->owner[i] = NOBODY;
	for (int i = 0; i < instant->nsteps; i++)
		m->row[i] = NOBODY;
}

void
matching_free(Matching *m)
{
	pfree(m->owner);
	pfree(m->parent);
	pfree(m->seen);
	pfree(m->row);
	pfree(m->queue);
}

/*
 * Match one more step, moving others to other rows where that helps: a search
 * by breadth for a row that nobody has.
 */
bool
matching_add(Matching *m, int step)
{
	const Instant *instant = m->instant;
	int			head = 0;
	int			tail = 0;

	m->searches++;
	m->queue[tail++] = step;
	while (head < tail)
	{
		int			from = m->queue[head++];

		CHECK_FOR_INTERRUPTS();
		for (int e = instant->first[from]; e < instant->first[from + 1]; e++)
		{
			int			row = instant->row[e];

			if (m->seen[row] == m->searches)
				continue;
			m->seen[row] = m->searches;
			m->parent[row] = from;
			if (m->owner[row] != NOBODY)
			{
				m->queue[tail++] = m->owner[row];
				continue;
			}
			/* each step on the path takes the row it was found by */
			for (int s = from, r = row;; s = m->parent[r])
			{
				int			before = m->row[s];

				m->owner[r] = s;
				m->row[s] = r;
				if (s == step)
					return true;
				r = before;
			}
		}
	}
	return false;
}

void
matching_remove(Matching *m, int step)
{
	if (m->row[step] != NOBODY)
		m->owner[m->row[step]] = NOBODY;
	m->row[step] = NOBODY;
}

/*
 * Move the chains at the levels below the consecutive steps in places from ..
 * to (exclusive) as far as they get; 0 is where chains begin.
 */
static void
pass_run(ChainSearch *search, Matching *m, int from, int to)
{
	const Instant *instant = m->instant;
	int32		base = instant->steps[from] - 1;	/* level below place from */
	int		   *reach = palloc_extended((to - from) * sizeof(int),
										MCXT_ALLOC_HUGE);
	int			upto = from;	/* places before it are matched */

	/* sliding along: what is matched beyond stays so */
	for (int place = from; place < to; place++)
	{
		if (place > from)
			matching_remove(m, place - 1);
		upto = Max(upto, place);
		while (upto < to && matching_add(m, upto))
			upto++;
		reach[place - from] = upto;
	}
	for (int place = upto - 1; place >= from; place--)
		matching_remove(m, place);

	/* from the highest, so that no chain moves twice */
	for (int place = to - 1; place >= from; place--)
	{
		int32		level = base + place - from;
		int32		reached = base + reach[place - from] - from;
		int64		end;

		if (level == 0)
			chain_arrive(search, reached, instant->at,
						 funnel_window_end(&search->window, instant->at),
						 instant->position);
		else if (chain_may_take(search, level, instant->at, &end))
		{
			chain_arrive(search, reached, instant->at, end,
						 instant->position);
			chain_left(search, level);
		}
	}
	pfree(reach);
}

static void
pass_freely(ChainSearch *search, const Instant *instant, int from)
{
	Matching	m;

	matching_init(&m, instant);
	/* runs of consecutive steps, from the highest */
	for (int to = instant->nsteps; to > from;)
	{
		int			begin = to - 1;

		while (begin > from &&
			   instant->steps[begin - 1] == instant->steps[begin] - 1)
			begin--;
		pass_run(search, &m, begin, to);
		to = begin;
	}
	matching_free(&m);
}

/* ----------------------------------------------------------------
 *		Deduplicated
 * ----------------------------------------------------------------
 */

/*
 * Follow a chain through the steps from a place on; used tells, by the number
 * of the walk, which rows it has.  It arrives where it stays, unless a step
 * that it took is repeated.  Cost: the steps it takes, however many rows meet
 * them.
 */
static void
walk(ChainSearch *search, const Instant *instant, int place, int32 level,
	 int64 end, uint32 *used, uint32 number)
{
	for (; place < instant->nsteps && instant->steps[place] == level + 1;
		 place++)
	{
		int			first = instant->first[place];
		int			n = instant->first[place + 1] - first;
		int			e = first;

		CHECK_FOR_INTERRUPTS();
		/* the first free row will do; those used are no more than the steps */
		while (e < first + n && used[instant->row[e]] == number)
			e++;
		if (e == first + n)
			break;
		level++;
		used[instant->row[e]] = number;
		if (n > 1)
		{
			chain_reach(search, level, instant->position);
			return;
		}
	}
	chain_arrive(search, level, instant->at, end, instant->position);
}

static void
pass_deduplicated(ChainSearch *search, const Instant *instant, int from)
{
	bool		starts = from < instant->nsteps && instant->steps[from] == 1;
	int			second = from + (starts ? 1 : 0);
	uint32	   *used = palloc_extended(instant->nrows * sizeof(uint32),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		number = 0;
	int64		end;

	if (second < instant->nsteps)
	{
		int32		level = instant->steps[second] - 1;

		/* chains that have reached this step see it repeated */
		chain_break_from(search, level + 1);
		if (chain_may_take(search, level, instant->at, &end))
		{
			chain_left(search, level);
			walk(search, instant, second, level, end, used, ++number);
		}
	}
	if (starts)
	{
		end = funnel_window_end(&search->window, instant->at);
		for (int e = instant->first[from]; e < instant->first[from + 1]; e++)
		{
			used[instant->row[e]] = ++number;
			chain_reach(search, 1, instant->position);
			walk(search, instant, second, 1, end, used, number);
		}
	}
	pfree(used);
}

/* Pass all events of one instant. */
void
chain_pass_rows(ChainSearch *search, const ChainEvent *events, Size n,
				int64 position)
{
	bool		strict = (search->mode & FUNNEL_STRICT_ORDER) != 0;
	Instant		instant;
	int			from;

	instant_init(&instant, events, n, position);
	from = instant.steps[0] == 0 ? 1 : 0;
	if (strict && from == 1)
		chain_break_below(search, PG_INT32_MAX);
	strict = strict && (search->mode & FUNNEL_REENTRY) == 0;
	if (search->mode & FUNNEL_DEDUPLICATED)
		pass_deduplicated(search, &instant, from);
	else
		pass_freely(search, &instant, from);
	/* the last step breaks what did not come close to it */
	if (strict)
		chain_break_below(search, instant.steps[instant.nsteps - 1] - 1);
	instant_free(&instant);
}
