/*
 * funnel/instants.c
 *		The furthest chain where nothing but the order of the steps matters.
 *
 * Chains are followed as in chain.c, one to a level, the one whose window ends
 * last; that of a level never ends before those of the levels above, so that a
 * step has but to copy it.
 *
 *	instant			1		2		3		4
 *	steps			1		1 2		3		2 3 4
 *	level 1			1..		2..
 *	level 2					2..				2..
 *	level 3							2..		2..
 *	level 4									2..
 *
 * (from which start the chain of a level comes)
 */
#include "metrics/funnel/instants.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

bool
instants_suffice(const ChainSearch *search)
{
	return search->mode == 0 && search->rules->optional == 0 &&
		search->nsteps <= INSTANT_STEPS;
}

/* The steps of an entry. */
static inline uint64
steps_of(uint64 when)
{
	return event_is_set(when) ? event_set(when) :
		UINT64CONST(1) << ((when & EVENT_CODE) - 1);
}

int
instants_take(LedgerItem *items, int n)
{
	int			kept = 0;

	for (int i = 0; i < n; i++)
	{
		uint64		steps = steps_of(items[i].when);

		if (kept > 0 && items[kept - 1].amount == items[i].amount)
			items[kept - 1].when |= steps;
		else
		{
			items[kept].when = steps;
			items[kept++].amount = items[i].amount;
		}
	}
	return kept;
}

/* Length of the furthest chain; *reached is the first instant to have it. */
static int
find_furthest(ChainSearch *search, const LedgerItem *instants, int n,
			  int *reached)
{
	int64		end[INSTANT_STEPS];	/* of the window of a chain up to a step */
	int			furthest = 0;

	for (int i = 0; i < n && furthest < search->nsteps; i++)
	{
		int64		at = instants[i].amount;

		if ((i & 1023) == 1023)
			CHECK_FOR_INTERRUPTS();
		for (uint64 steps = instants[i].when; steps != 0; steps &= steps - 1)
		{
			int			step = pg_rightmost_one_pos64(steps);

			if (step == 0)
			{
				int64		window = funnel_window_end(&search->window, at);

				/* windows of months may end before those begun earlier */
				end[0] = furthest == 0 ? window : Max(end[0], window);
			}
			else if (step > furthest)
				break;
			else if (at <= end[step - 1])
				end[step] = end[step - 1];
			else
				continue;
			if (step == furthest)
			{
				furthest++;
				*reached = i;
			}
		}
	}
	return furthest;
}

/* ----------------------------------------------------------------
 *		Of one step each
 * ----------------------------------------------------------------
 */

/* The step of an entry that has one. */
static inline int
step_of(const LedgerItem *item)
{
	return (int) (item->when & EVENT_CODE);
}

bool
instants_are_single(const LedgerItem *items, int n)
{
	const uint64 first = ledger_when(0, 1);
	bool		all = true;

	/* no branch: which of them differs is all the same */
	for (int i = 0; i < n; i++)
		all &= items[i].when - first < INSTANT_STEPS;
	for (int i = 1; i < n; i++)
		all &= items[i - 1].amount < items[i].amount;
	return all;
}

/*
 * find_furthest() of these.  Whether a row is of use differs from row to row,
 * so that nothing is asked but whether it makes the chain longer.
 */
static int
find_furthest_single(ChainSearch *search, const LedgerItem *items, int n,
					 int *reached)
{
	int64		end[INSTANT_STEPS + 1]; /* of the window of a chain up to a
										 * step; [0]: of one that begins */
	int			furthest = 0;

	for (int step = 1; step <= search->nsteps; step++)
		end[step] = PG_INT64_MIN;
	for (int i = 0; i < n; i++)
	{
		int			step = step_of(&items[i]);
		int64		at = items[i].amount;
		int64		before;
		int64		open;

		if ((i & 1023) == 1023)
			CHECK_FOR_INTERRUPTS();
		end[0] = funnel_window_end(&search->window, at);
		before = end[step - 1];
		/* a window of months may end before one begun earlier */
		open = -(int64) ((at <= before) & (before > end[step]));
		end[step] = (before & open) | (end[step] & ~open);
		if (unlikely((at <= before) & (step > furthest)))
		{
			furthest = step;
			*reached = i;
			if (furthest == search->nsteps)
				break;
		}
	}
	return furthest;
}

bool
instants_chain_single(ChainSearch *search, const LedgerItem *items, int n)
{
	int			reached = 0;
	int			furthest = find_furthest_single(search, items, n, &reached);
	int			i = 0;

	search->path.n = 0;
	if (furthest == 0)
		return false;
	while (step_of(&items[i]) != 1 ||
		   funnel_window_end(&search->window, items[i].amount) < items[reached].amount)
		if ((++i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
	for (int step = 1; step <= furthest; i++)
	{
		Assert(i <= reached);
		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if (step_of(&items[i]) == step)
			chain_path_add(search, step++, items[i].amount);
	}
	return true;
}

/* ----------------------------------------------------------------
 *		Of any
 * ----------------------------------------------------------------
 */

/*
 * The first start whose window is still open when the furthest chain is
 * complete: no other chain is ahead of the one that takes each step as soon as
 * it comes.
 */
bool
instants_chain(ChainSearch *search, const LedgerItem *instants, int n)
{
	int			reached = 0;
	int			furthest = find_furthest(search, instants, n, &reached);
	int			i = 0;

	search->path.n = 0;
	if (furthest == 0)
		return false;
	while ((instants[i].when & 1) == 0 ||
		   funnel_window_end(&search->window, instants[i].amount) < instants[reached].amount)
		if ((++i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
	for (int step = 0; step < furthest; i++)
	{
		Assert(i <= reached);
		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		for (; step < furthest && (instants[i].when >> step & 1) != 0; step++)
			chain_path_add(search, step + 1, instants[i].amount);
	}
	return true;
}
