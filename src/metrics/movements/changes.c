/*
 * movements/changes.c
 *		What one customer's history does to the periods.
 */
#include "metrics/movements/changes.h"

#include "metrics/timeline_items.h"

/* A customer being walked through. */
typedef struct MovementWalk
{
	MovementVisitor visit;
	void	   *arg;
	bool		ever;			/* active in an earlier closing */
	MovementChange last;		/* the last period looked at */
} MovementWalk;

/* Only plain calendar grains have movements: error 22023. */
void
movement_check_grain(const Grain *grain)
{
	if (!grain_is_calendar(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("movements go with a plain calendar grain only"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Leave out \"since start\" and cut points, as in 'month'.")));
}

/* What a change is; ever: active in a closing up to its opening. */
MovementKind
movement_kind(const MovementChange *c, bool ever)
{
	if (!c->was_active && c->is_active)
		return ever ? MOVEMENT_REACTIVATED : MOVEMENT_NEW;
	if (c->was_active && !c->is_active)
		return MOVEMENT_CHURNED;
	return c->closing > c->opening ? MOVEMENT_EXPANSION :
		c->closing < c->opening ? MOVEMENT_CONTRACTION : MOVEMENT_NONE;
}

/* A period in which the closing is this. */
static inline void
walk_to(MovementWalk *walk, int32 period, int128 closing, bool is_active,
		int64 orders)
{
	MovementChange *c = &walk->last;

	c->period = period;
	c->opening = c->closing;
	c->was_active = c->is_active;
	c->closing = closing;
	c->is_active = is_active;
	c->orders = orders;
	c->kind = movement_kind(c, walk->ever);
	c->is_first = is_active && !walk->ever;
	walk->ever |= is_active;
	if (c->kind != MOVEMENT_NONE || orders > 0)
		walk->visit(c, walk->arg);
}

/* ----------------------------------------------------------------
 *		Events
 * ----------------------------------------------------------------
 */

/* Events in order of time. */
static void
walk_ordered(MovementWalk *walk, const LedgerItem *items, int n)
{
	for (int i = 0; i < n;)
	{
		int64		period = ledger_time(items[i].when);
		int128		revenue = 0;
		int64		orders = 0;

		for (; i < n && ledger_time(items[i].when) == period; i++)
		{
			revenue += items[i].amount;
			orders += ledger_count(items[i].when);
		}
		walk_to(walk, (int32) period, revenue, orders > 0, orders);
		if (i == n || ledger_time(items[i].when) > period + 1)
			walk_to(walk, (int32) period + 1, 0, false, 0);
	}
}

/* Begin with a customer. */
static MovementWalk
walk_begin(int64 lag, MovementVisitor visit, MovementSpreader spread, void *arg)
{
	MovementWalk walk = {visit, arg};

	if (lag > 1)
	{
		walk.arg = lagged_begin(lag, visit, spread, arg);
		walk.visit = lagged_step;
	}
	return walk;
}

static void
walk_end(MovementWalk *walk, int64 lag)
{
	if (lag > 1)
		lagged_end(walk->arg);
}

/*
 * Who was active before a calendar begins and is not at its beginning: new
 * before it, and gone.
 */
static void
walk_known(MovementWalk *walk, int64 lag, MovementVisitor visit, void *arg)
{
	MovementChange c = {.period = -1, .kind = MOVEMENT_NEW, .is_first = true};

	visit(&c, arg);
	walk->ever = true;
	if (lag > 1)
	{
		/* for the openings that follow */
		c.kind = MOVEMENT_NONE;
		lagged_step(&c, walk->arg);
	}
	c.kind = MOVEMENT_CHURNED;
	c.is_first = false;
	visit(&c, arg);
}

/* Items in order; returns the number of those before the calendar begins. */
static int
count_before(const LedgerItem *items, int n, const Calendar *calendar,
			 bool *active)
{
	int			before = 0;

	*active = false;
	if (calendar == NULL)
		return 0;
	while (before < n && calendar_is_before(calendar, ledger_time(items[before].when)))
		*active |= ledger_count(items[before++].when) > 0;
	return before;
}

int32
movement_changes_events(LedgerItem *items, int n, int64 lag,
						const Calendar *calendar, MovementVisitor visit,
						MovementSpreader spread,
						void *arg)
{
	MovementWalk walk;
	int			before;
	bool		known;

	if (n == 0)
		return PG_INT32_MIN;
	walk = walk_begin(lag, visit, spread, arg);
	n = ledger_settle_items(items, n, LEDGER_COUNT_MAX, PG_INT64_MAX);
	before = count_before(items, n, calendar, &known);
	if (known)
		walk_known(&walk, lag, visit, arg);
	walk_ordered(&walk, items + before, n - before);
	walk_end(&walk, lag);
	/* what is known before the calendar is so in its first period */
	if (n == before)
		return known ? 0 : PG_INT32_MIN;
	return (int32) ledger_time(items[n - 1].when);
}

/* ----------------------------------------------------------------
 *		Levels
 * ----------------------------------------------------------------
 */

/*
 * Levels are seen at the ends of periods.  The data end with the last day on
 * which a level above zero begins or grows, also for a customer never seen at
 * the end of a period; without such a day in the first period seen.
 */
int32
movement_changes_levels(LedgerItem *items, int n, int64 lag,
						Calendar *calendar, MovementVisitor visit,
						MovementSpreader spread, void *arg)
{
	MovementWalk walk = walk_begin(lag, visit, spread, arg);
	int128		level = 0;
	int32		last_rise = PG_INT32_MIN;
	int32		first_seen = PG_INT32_MIN;
	int32		last;
	bool		ever = false;

	n = calendar_levels(calendar, items,
						ledger_settle_items(items, n, LEDGER_COUNT_MAX,
											PG_INT64_MAX));
	for (int i = 0; i < n;)
	{
		int32		period = calendar_period_of_date(calendar,
													 (DateADT) ledger_time(items[i].when));
		int128		change;

		i = ledger_add_time(items, n, i, &change);
		level += change;
		ever |= level > 0;
		if (change > 0 && level > 0)
			last_rise = period;
		if (i < n && calendar_period_of_date(calendar,
											 (DateADT) ledger_time(items[i].when)) == period)
			continue;
		if (calendar_is_before(calendar, period) && ever && level <= 0)
			walk_known(&walk, lag, visit, arg);
		if (level == walk.last.closing)
			continue;
		if (first_seen == PG_INT32_MIN)
			first_seen = period;
		walk_to(&walk, period, level, level > 0, 0);
	}
	walk_end(&walk, lag);
	last = last_rise != PG_INT32_MIN ? last_rise : first_seen;
	/* what begins before the calendar is there, or known, where it begins */
	if (last != PG_INT32_MIN && calendar_is_before(calendar, last))
		last = 0;
	return last;
}
