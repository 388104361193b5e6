/*
 * timeline_items.c
 *		A timeline as folds take a customer: items of the ledger.
 */
#include "metrics/timeline_items.h"

#include "base/call_site.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Days were cut in the zone of the timeline: the grain cannot name another. */
void
timeline_items_check_zone(const Grain *grain, const TimelineReader *r)
{
	if (r->zone_len == 0 || grain_zone_len(grain) == 0 ||
		(grain_zone_len(grain) == r->zone_len &&
		 memcmp(grain_zone(grain), r->zone, r->zone_len) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the grain names another time zone than the timeline was cut in"),
			 errdetail("The timeline was cut in \"%.*s\", the grain is \"%s\".",
					   r->zone_len, r->zone, grain_quoted(grain)),
			 errhint("Leave the zone out of the grain, or build the timelines in it: timeline(at, amount, zone).")));
}

/* Where a call site keeps them, and the memory that is to last as long. */
static void **
find_place(FunctionCallInfo fcinfo, MemoryContext *context)
{
	CallSite   *site;

	if (!AggCheckCallContext(fcinfo, NULL))
	{
		*context = fcinfo->flinfo->fn_mcxt;
		return &fcinfo->flinfo->fn_extra;
	}
	site = call_site(fcinfo);
	*context = site->context;
	return &site->plan;
}

/* A calendar and a buffer for a grain, in the place of those before. */
static TimelineItems *
items_create(FunctionCallInfo fcinfo, const Grain *grain)
{
	MemoryContext context;
	void	  **place = find_place(fcinfo, &context);
	TimelineItems *t = *place;

	if (t == NULL)
	{
		t = MemoryContextAllocZero(context, sizeof(TimelineItems));
		t->size = 64;
		t->items = MemoryContextAlloc(context, t->size * sizeof(LedgerItem));
		t->calendar = calendar_create(grain, NULL, true, context);
		*place = t;
	}
	else if (!grain_equal(t->calendar->grain, grain))
	{
		calendar_free(t->calendar);
		t->calendar = calendar_create(grain, NULL, true, context);
	}
	fcinfo->flinfo->fn_extra = t;
	return t;
}

/* The call site's calendar and buffer, made ready for a grain. */
TimelineItems *
timeline_items_prepare(FunctionCallInfo fcinfo, const Grain *grain,
					   const TimelineReader *r,
					   void (*check) (const Grain *grain))
{
	TimelineItems *t = fcinfo->flinfo->fn_extra;

	timeline_items_check_zone(grain, r);
	if (likely(t != NULL && grain_equal(t->calendar->grain, grain)))
		return t;
	check(grain);
	return items_create(fcinfo, grain);
}

/* Room for one more item. */
static inline LedgerItem *
next_item(TimelineItems *t, int64 *n)
{
	if (unlikely(*n == t->size))
	{
		CHECK_FOR_INTERRUPTS();
		if (t->size > PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("timeline has too many days"),
					 errhint("A timeline is the history of one customer: GROUP BY the customer.")));
		t->size *= 2;
		t->items = repalloc_huge(t->items, t->size * sizeof(LedgerItem));
	}
	return &t->items[(*n)++];
}

/* A day whose sums do not fit one item, in pieces. */
static void
put_large_day(TimelineItems *t, int64 *n, int64 time, TimelineReader *r)
{
	int64		orders = r->day.orders;
	int128		amount = r->day.amount;

	timeline_count_pieces(r, LEDGER_COUNT_MAX);
	do
	{
		LedgerItem *item = next_item(t, n);
		int64		some = Min(orders, (int64) LEDGER_COUNT_MAX);

		CHECK_FOR_INTERRUPTS();
		item->when = ledger_when(time, some);
		item->amount = amount > PG_INT64_MAX ? PG_INT64_MAX :
			amount < PG_INT64_MIN ? PG_INT64_MIN : (int64) amount;
		orders -= some;
		amount -= item->amount;
	} while (orders > 0 || amount != 0);
}

/* The days of a timeline as the folds take them; returns their number. */
int
timeline_items_read(TimelineItems *t, TimelineReader *r)
{
	Calendar   *calendar = t->calendar;
	bool		levels = timeline_has_levels(r);
	bool		moments = grain_is_since_start(calendar->grain);
	const TimelineDay *day;
	int64		n = 0;

	while ((day = timeline_next(r)) != NULL)
	{
		int64		time = levels ? day->day :
			moments ? calendar_moment_of_date(calendar, day->day) :
			calendar_period_of_date(calendar, day->day);

		if (likely(day->orders <= (int64) LEDGER_COUNT_MAX &&
				   day->amount == (int64) day->amount))
		{
			LedgerItem *item = next_item(t, &n);

			item->when = ledger_when(time, day->orders);
			item->amount = (int64) day->amount;
		}
		else
			put_large_day(t, &n, time, r);
	}
	return (int) n;
}


/* Changes of a level as far as a calendar of dates goes. */
int
calendar_levels(Calendar *calendar, const LedgerItem *items, int n)
{
	int64		end;
	int			kept = n;

	if (likely(calendar->dates == NULL))
		return n;
	end = calendar_period_start(calendar, calendar_end(calendar));
	while (kept > 0 && ledger_time(items[kept - 1].when) >= end)
		kept--;
	for (int i = kept; i < n;)
	{
		int64		day = ledger_time(items[i].when);
		int128		change;

		i = ledger_add_time(items, n, i, &change);
		if (change > 0)
			(void) calendar_period_of_date(calendar, (DateADT) day);
	}
	return kept;
}
