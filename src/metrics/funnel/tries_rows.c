/*
 * funnel/tries_rows.c
 *		One row one step: what starts take at an instant at which a row meets
 *		several steps.
 *
 * As in rows.c a chain gets as far as steps can be given to different rows.
 * Of steps that may be missing it takes, lowest first, those for which there
 * are rows when it has what it needs.
 */
#include "metrics/funnel/tries.h"

#include "miscadmin.h"

/*
 * Match the steps that a chain at a level takes; false when there are none.
 * from is the place of the first step past the level.
 */
static bool
match_steps(const ChainSearch *search, Matching *m, int32 level, int from)
{
	const Instant *instant = m->instant;
	int32		required = funnel_required_after(search->rules, level);
	int			reach = from - 1;	/* place of the furthest taken */
	int			last = reach;	/* place past which nothing can be */

	/* what must be taken to get on */
	for (int place = from; place < instant->nsteps &&
		 instant->steps[place] <= required; place++)
	{
		last = place;
		if (instant->steps[place] < required)
			continue;
		if (!matching_add(m, place))
		{
			last = place - 1;
			break;
		}
		reach = place;
		required = funnel_required_after(search->rules, required);
	}
	/* past that, the furthest that may be missing */
	for (int place = last; place > reach; place--)
		if (matching_add(m, place))
			reach = place;
	for (int place = from; place < reach; place++)
		if (m->row[place] == NOBODY)
			(void) matching_add(m, place);
	return reach >= from;
}

/* Who waits at a level takes what it can; level 0: chains begin. */
static void
pass_level(ChainSearch *search, Matching *m, int32 level)
{
	const Instant *instant = m->instant;
	int			from = 0;
	int32		last = NO_NODE;

	while (from < instant->nsteps && instant->steps[from] <= level)
		from++;
	if (!match_steps(search, m, level, from))
		return;
	for (int place = from; place < instant->nsteps; place++)
	{
		int32		step = instant->steps[place];
		int32		node;

		CHECK_FOR_INTERRUPTS();
		if (m->row[place] == NOBODY)
			continue;
		if (last == NO_NODE && level > 0)
			node = tries_move(search, level, level, step, instant->at);
		else
			node = tries_node(search, step, instant->at);
		if (last != NO_NODE)
			search->tries->nodes[last].parent = node;
		else if (level == 0)
			tries_start(search, node);
		last = node;
		matching_remove(m, place);
		if (last == NO_NODE)
			break;
	}
	for (int place = from; place < instant->nsteps; place++)
		matching_remove(m, place);
	if (last != NO_NODE)
		tries_wait(search, last);
}

static void
pass_freely(ChainSearch *search, const Instant *instant, int from)
{
	const Tries *t = search->tries;
	Matching	m;

	matching_init(&m, instant);
	/* from the highest, so that no chain moves twice */
	for (int32 level = t->highest; level > 0 && level >= t->lowest; level--)
		if (t->heads[level] != NO_NODE)
			pass_level(search, &m, level);
	if (from < instant->nsteps && instant->steps[from] == 1)
		pass_level(search, &m, 0);
	matching_free(&m);
}

/*
 * Deduplicated: from a node on, through the steps from a place on; used tells,
 * by the number of the walk, which rows it has.  It waits where it stays,
 * unless a step that it took is repeated.
 */
static void
walk(ChainSearch *search, const Instant *instant, int place, int32 node,
	 uint32 *used, uint32 number)
{
	for (; place < instant->nsteps; place++)
	{
		int32		level = search->tries->nodes[node].level;
		int32		step = instant->steps[place];
		int			e = instant->first[place];
		int			end = instant->first[place + 1];
		int32		next;

		CHECK_FOR_INTERRUPTS();
		if (step > funnel_required_after(search->rules, level))
			break;
		while (e < end && used[instant->row[e]] == number)
			e++;
		if (e == end)
			continue;			/* what may be missing, or the end */
		used[instant->row[e]] = number;
		next = tries_node(search, step, instant->at);
		search->tries->nodes[node].parent = next;
		node = next;
		if (end - instant->first[place] > 1)
			return;
	}
	tries_wait(search, node);
}

static void
pass_deduplicated(ChainSearch *search, const Instant *instant, int from)
{
	bool		starts = from < instant->nsteps && instant->steps[from] == 1;
	int			second = from + (starts ? 1 : 0);
	uint32	   *used = palloc_extended(instant->nrows * sizeof(uint32),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		number = 0;

	if (second < instant->nsteps)
	{
		int32		step = instant->steps[second];
		int			first = instant->first[second];
		int			n = instant->first[second + 1] - first;
		int32		node;

		/* chains that have come to this step see it repeated */
		tries_break(search, step, PG_INT32_MAX);
		node = tries_move(search, funnel_required_before(search->rules, step),
						  step - 1, step, instant->at);
		if (node != NO_NODE && n == 1)
		{
			used[instant->row[first]] = ++number;
			walk(search, instant, second + 1, node, used, number);
		}
	}
	if (starts)
		for (int e = instant->first[from]; e < instant->first[from + 1]; e++)
		{
			int32		node = tries_node(search, 1, instant->at);

			used[instant->row[e]] = ++number;
			tries_start(search, node);
			walk(search, instant, second, node, used, number);
		}
	pfree(used);
}

/* All events of one instant, at least two of which are of one row. */
void
tries_pass_rows(ChainSearch *search, const ChainEvent *events, Size n,
				int64 position)
{
	bool		strict = (search->mode & FUNNEL_STRICT_ORDER) != 0;
	Instant		instant;
	int			from;

	instant_init(&instant, events, n, position);
	from = instant.steps[0] == FUNNEL_NO_STEP ? 1 : 0;
	if (strict && from == 1)
		tries_break(search, 1, PG_INT32_MAX);
	if (search->mode & FUNNEL_DEDUPLICATED)
		pass_deduplicated(search, &instant, from);
	else
		pass_freely(search, &instant, from);
	/* the last step breaks what did not come close to it */
	if (strict && (search->mode & FUNNEL_REENTRY) == 0)
		tries_break_order(search, instant.steps[instant.nsteps - 1]);
	instant_free(&instant);
}
