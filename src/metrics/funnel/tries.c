/*
 * funnel/tries.c
 *		What became of every start among one customer's events.
 */
#include "metrics/funnel/tries.h"

#include "miscadmin.h"

#define FIRST_NODES 64

/* ----------------------------------------------------------------
 *		The forest
 * ----------------------------------------------------------------
 */

/* Room for one more of what there are n of. */
static void *
make_room(ChainSearch *search, void *all, int32 n, int32 *max, Size each)
{
	if (n < *max)
		return all;
	if (n > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint("Leave out placeholder customers such as guests, and rows that meet no condition.")));
	*max = Max(2 * n, FIRST_NODES);
	return all == NULL ?
		MemoryContextAllocHuge(search->context, *max * each) :
		repalloc_huge(all, *max * each);
}

/* An event taken. */
int32
tries_node(ChainSearch *search, int32 level, int64 at)
{
	Tries	   *t = search->tries;
	TryNode    *node;

	t->nodes = make_room(search, t->nodes, t->nnodes, &t->max_nodes,
						 sizeof(TryNode));
	node = &t->nodes[t->nnodes];
	node->at = at;
	node->hit = false;
	node->level = level;
	node->parent = node->next = NO_NODE;
	return t->nnodes++;
}

void
tries_start(ChainSearch *search, int32 node)
{
	Tries	   *t = search->tries;

	t->starts = make_room(search, t->starts, t->nstarts, &t->max_starts,
						  sizeof(int32));
	t->starts[t->nstarts++] = node;
}

/* A chain waits for what comes next, unless it is complete. */
void
tries_wait(ChainSearch *search, int32 node)
{
	Tries	   *t = search->tries;
	int32		level = t->nodes[node].level;

	if (level >= search->nsteps)
		return;
	t->nodes[node].next = t->heads[level];
	t->heads[level] = node;
	if (t->highest == 0)
		t->lowest = t->highest = level;
	t->lowest = Min(t->lowest, level);
	t->highest = Max(t->highest, level);
}

/*
 * Who waits at the levels low .. high takes an event of a step: its node, which
 * does not wait yet, or NO_NODE when nobody can.
 */
int32
tries_move(ChainSearch *search, int32 low, int32 high, int32 step, int64 at)
{
	Tries	   *t = search->tries;
	bool		increasing = (search->mode & FUNNEL_INCREASING) != 0;
	int32		node = NO_NODE;

	for (int32 level = Max(low, t->lowest); level <= Min(high, t->highest); level++)
	{
		int32		last = NO_NODE;
		int32		waits = t->heads[level];

		/* those who came at this instant stay */
		while (increasing && waits != NO_NODE && t->nodes[waits].at == at)
		{
			last = waits;
			waits = t->nodes[waits].next;
		}
		if (waits == NO_NODE)
			continue;
		if (last == NO_NODE)
			t->heads[level] = NO_NODE;
		else
			t->nodes[last].next = NO_NODE;
		if (node == NO_NODE)
			node = tries_node(search, step, at);
		for (int32 next; waits != NO_NODE; waits = next)
		{
			next = t->nodes[waits].next;
			t->nodes[waits].parent = node;
		}
	}
	return node;
}

/* Who waits at the levels low .. high gets no further. */
void
tries_break(ChainSearch *search, int32 low, int32 high)
{
	Tries	   *t = search->tries;

	low = Max(low, t->lowest);
	high = Min(high, t->highest);
	if (t->highest == 0 || low > high)
		return;
	for (int32 level = low; level <= high; level++)
		t->heads[level] = NO_NODE;
	if (low == t->lowest && high == t->highest)
		t->lowest = t->highest = 0;
	else if (low == t->lowest)
		t->lowest = high + 1;
	else if (high == t->highest)
		t->highest = low - 1;
}

/* Strict order: a step breaks those whose next is before it. */
void
tries_break_order(ChainSearch *search, int32 step)
{
	int32		level = search->tries->lowest - 1;

	while (level < search->tries->highest &&
		   funnel_required_after(search->rules, level + 1) < step)
		level++;
	tries_break(search, 1, level);
}

/*
 * An exclusion after a step, or after any, hits who waits there.  Their chains
 * go on: which one of an instant gets furthest is not up to exclusions.
 */
static void
spoil(ChainSearch *search, int32 after, int64 at)
{
	Tries	   *t = search->tries;
	int32		low = after == 0 ? t->lowest : after;
	int32		high = after == 0 ? t->highest : after;

	if (t->highest == 0)
		return;
	/* those hit before are at the end of a list */
	for (int32 level = Max(low, t->lowest); level <= Min(high, t->highest); level++)
		for (int32 node = t->heads[level]; node != NO_NODE && !t->nodes[node].hit;
			 node = t->nodes[node].next)
		{
			t->nodes[node].spoiled = at;
			t->nodes[node].hit = true;
		}
}

/* ----------------------------------------------------------------
 *		The pass
 * ----------------------------------------------------------------
 */

static void
pass_event(ChainSearch *search, const ChainEvent *event)
{
	int32		step = (int32) event->step;
	bool		strict = (search->mode & FUNNEL_STRICT_ORDER) != 0;
	int32		node;

	if (step == FUNNEL_NO_STEP)
	{
		if (strict)
			tries_break(search, 1, PG_INT32_MAX);
		return;
	}
	if (strict && (search->mode & FUNNEL_REENTRY) == 0)
		tries_break_order(search, step);
	if ((search->mode & FUNNEL_DEDUPLICATED) && step >= 2)
		tries_break(search, step, PG_INT32_MAX);
	if (step == 1)
	{
		node = tries_node(search, 1, event->at);
		tries_start(search, node);
	}
	else
		node = tries_move(search, funnel_required_before(search->rules, step),
						  step - 1, step, event->at);
	if (node != NO_NODE)
		tries_wait(search, node);
}

/*
 * Strictly increasing, and steps may be missing: of the steps of an instant a
 * chain takes one, the furthest it can.
 */
static void
pass_furthest(ChainSearch *search, const ChainEvent *events, Size n)
{
	bool		strict = (search->mode & FUNNEL_STRICT_ORDER) != 0;

	if (events[0].step == FUNNEL_NO_STEP)
		pass_event(search, &events[0]);
	for (Size i = n; i-- > 0 && events[i].step > 1;)
	{
		int32		step = (int32) events[i].step;
		int32		node;

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		node = tries_move(search, funnel_required_before(search->rules, step),
						  step - 1, step, events[i].at);
		if (node != NO_NODE)
			tries_wait(search, node);
	}
	for (Size i = 0; i < n && events[i].step <= 1; i++)
		if (events[i].step == 1)
			pass_event(search, &events[i]);
	/* the last step breaks what did not come close to it */
	if (strict && (search->mode & FUNNEL_REENTRY) == 0)
		tries_break_order(search, (int32) events[n - 1].step);
}

/* Exclusions, the last n events of an instant without steps. */
static void
pass_exclusions(ChainSearch *search, const ChainEvent *events, Size n)
{
	for (Size i = 0; i < n; i++)
		spoil(search, (int32) (events[i].step & ~FUNNEL_EXCLUDED), events[i].at);
}

/* All events of one instant. */
static void
pass_instant(ChainSearch *search, const ChainEvent *events, Size n,
			 int64 position, bool by_rows)
{
	Size		steps = n;
	Size		none = 0;

	while (steps > 0 && (events[steps - 1].step & FUNNEL_EXCLUDED) != 0)
		steps--;
	while (none < steps && events[none].step == FUNNEL_NO_STEP)
		none++;
	/* where there is a step, they do not count */
	if (none == steps)
		pass_exclusions(search, events + steps, n - steps);
	if (by_rows && chain_shares_rows(events, steps))
		tries_pass_rows(search, events, steps, position);
	else if (steps > 1 && search->rules->optional != 0 &&
			 (search->mode & FUNNEL_INCREASING) != 0 &&
			 (search->mode & FUNNEL_DEDUPLICATED) == 0)
		pass_furthest(search, events, steps);
	else
		for (Size i = 0; i < steps; i++)
		{
			if ((i & 1023) == 0)
				CHECK_FOR_INTERRUPTS();
			pass_event(search, &events[i]);
		}
}

/* Take all events, sorted. */
void
tries_run(ChainSearch *search, const ChainEvent *events, Size n, bool shared)
{
	Tries	   *t = search->tries;
	bool		by_rows = shared && (search->mode & FUNNEL_ONE_STEP) != 0 &&
		(search->mode & FUNNEL_INCREASING) == 0;

	if (t == NULL)
		t = search->tries = MemoryContextAllocZero(search->context, sizeof(Tries));
	if (t->nheads <= search->nsteps)
		t->heads = make_room(search, t->heads, search->nsteps, &t->nheads,
							 sizeof(int32));
	t->nnodes = t->nstarts = 0;
	t->lowest = t->highest = 0;
	for (int32 level = 0; level < search->nsteps; level++)
		t->heads[level] = NO_NODE;
	for (Size i = 0, next; i < n; i = next)
	{
		for (next = i + 1; next < n && events[next].at == events[i].at;)
			next++;
		CHECK_FOR_INTERRUPTS();
		pass_instant(search, events + i, next - i, i, by_rows);
	}
}

/* ----------------------------------------------------------------
 *		What became of a start
 * ----------------------------------------------------------------
 */

/* How far it got, and whether it was spoiled. */
int32
tries_level(ChainSearch *search, int32 start, bool *spoiled)
{
	const TryNode *nodes = search->tries->nodes;
	const TryNode *node = &nodes[search->tries->starts[start]];
	int64		end = funnel_window_end(&search->window, node->at);

	*spoiled = false;
	for (;;)
	{
		*spoiled |= node->hit && node->spoiled <= end;
		if (node->parent == NO_NODE || nodes[node->parent].at > end)
			break;
		node = &nodes[node->parent];
	}
	return node->level;
}

/* Its chain. */
void
tries_path(ChainSearch *search, int32 start)
{
	const TryNode *nodes = search->tries->nodes;
	const TryNode *node = &nodes[search->tries->starts[start]];
	int64		end = funnel_window_end(&search->window, node->at);

	search->path.n = 0;
	for (;;)
	{
		chain_path_add(search, node->level, node->at);
		if (node->parent == NO_NODE || nodes[node->parent].at > end)
			return;
		node = &nodes[node->parent];
	}
}

/* The event of a chain after a node; NO_NODE when it is outside the window. */
static inline int32
next_node(const TryNode *nodes, int32 node, int64 end)
{
	int32		next = nodes[node].parent;

	return next == NO_NODE || nodes[next].at > end ? NO_NODE : next;
}

/*
 * Does its chain come before another?  The one that is further at some instant
 * does, and of two that are equally far at all, the one that took the lowest
 * step which the other did not.
 */
bool
tries_before(ChainSearch *search, int32 start, int32 other)
{
	const TryNode *nodes = search->tries->nodes;
	int32		a = search->tries->starts[start];
	int32		b = search->tries->starts[other];
	int64		end = funnel_window_end(&search->window, nodes[a].at);
	int32		x;
	int32		y;
	int			lowest = 0;		/* below 0: the first took it */

	while ((x = next_node(nodes, a, end)) != (y = next_node(nodes, b, end)))
	{
		int64		at = y == NO_NODE || (x != NO_NODE && nodes[x].at < nodes[y].at) ?
			nodes[x].at : nodes[y].at;

		for (;;)
		{
			int32		p = x != NO_NODE && nodes[x].at == at ? nodes[x].level : PG_INT32_MAX;
			int32		q = y != NO_NODE && nodes[y].at == at ? nodes[y].level : PG_INT32_MAX;

			if (p == PG_INT32_MAX && q == PG_INT32_MAX)
				break;
			if (lowest == 0)
				lowest = p < q ? -1 : p > q;
			if (p <= q)
				x = next_node(nodes, a = x, end);
			if (q <= p)
				y = next_node(nodes, b = y, end);
		}
		if (nodes[a].level != nodes[b].level)
			return nodes[a].level > nodes[b].level;
	}
	return lowest < 0;
}
