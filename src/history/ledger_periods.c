/*
 * ledger_periods.c
 *		The code of periods: orders, refunds, starts and changes of a level.
 *
 * Packed, the rules are
 *
 *	uint	length of the grain (a varlena), then its bytes
 *	uint	the metric's own number
 *
 * and a customer's items, in order of time,
 *
 *	uint	distance of time and start flag from the entry before, and one bit:
 *			the count is not 1
 *	uint	count, when it is not 1
 *	sint	amount, when the ledger keeps money
 */
#include "history/ledger_code.h"

#include "base/calendar.h"
#include "common/int.h"
#include "miscadmin.h"

#define ST_SORT sort_items
#define ST_ELEMENT_TYPE LedgerItem
#define ST_COMPARE(a, b) \
	((a)->when < (b)->when ? -1 : (a)->when > (b)->when ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define FEW_ITEMS 24			/* so many are sorted by insertion */

/* Moments do not fit, and not all others gain by it. */
static bool
periods_compact(const LedgerSettings *settings)
{
	return !grain_is_since_start(settings->grain) &&
		(settings->key_words == 1 || (settings->flags & LEDGER_MONEY) != 0);
}

/*
 * Sort one customer's items by time and merge those that may be.  Orders of
 * one time add up as far as their count and amount fit; of the starts only
 * the earliest says anything, or of those of one time one.  No count is merged
 * past count_max, no amount past amount_max.  Returns how many are left.
 */
static pg_attribute_always_inline uint32
settle(LedgerItem *items, uint32 n, bool every_start, uint64 count_max,
	   int64 amount_max)
{
	uint32		kept = 0;
	uint64		start = 0;		/* the last one kept; 0: none, as none is */

	if (n <= FEW_ITEMS)
	{
		for (uint32 i = 1; i < n; i++)
		{
			LedgerItem	item = items[i];
			uint32		j = i;

			for (; j > 0 && items[j - 1].when > item.when; j--)
				items[j] = items[j - 1];
			items[j] = item;
		}
	}
	else
		sort_items(items, n);

	for (uint32 i = 0; i < n; i++)
	{
		LedgerItem *last = items + (kept > 0 ? kept - 1 : 0);
		uint64		when = items[i].when;

		if (when & LEDGER_START)
		{
			if (every_start ? start == when : start != 0)
				continue;
			start = when;
		}
		else if (kept > 0 &&
				 (last->when >> LEDGER_COUNT_BITS) == (when >> LEDGER_COUNT_BITS) &&
				 (last->when & LEDGER_COUNT_MAX) + (when & LEDGER_COUNT_MAX) <= count_max)
		{
			int64		sum;

			if (!__builtin_add_overflow(last->amount, items[i].amount, &sum) &&
				sum <= amount_max && sum >= -amount_max)
			{
				last->when += when & LEDGER_COUNT_MAX;
				last->amount = sum;
				continue;
			}
		}
		items[kept++] = items[i];
	}
	return kept;
}

uint32
ledger_settle_items(LedgerItem *items, uint32 n, uint64 count_max,
					int64 amount_max)
{
	return settle(items, n, false, count_max, amount_max);
}

uint32
ledger_settle_starts(LedgerItem *items, uint32 n, uint64 count_max,
					 int64 amount_max)
{
	return settle(items, n, true, count_max, amount_max);
}

static uint32
periods_settle(const LedgerSettings *settings, LedgerItem *items, uint32 n,
			   uint64 count_max, int64 amount_max)
{
	return (settings->flags & LEDGER_EVERY_START ? ledger_settle_starts :
			ledger_settle_items) (items, n, count_max, amount_max);
}

static void
periods_check_same(const LedgerSettings *a, const LedgerSettings *b)
{
	if (!grain_equal(a->grain, b->grain) || strcmp(a->zone, b->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge histories cut differently"),
				 errdetail("One has grain \"%s\" and time zone \"%s\", the other \"%s\" and \"%s\".",
						   grain_quoted(a->grain), a->zone,
						   grain_quoted(b->grain), b->zone),
				 errhint("Name the zone in the grain, as in 'month at Europe/Paris'.")));
	if (a->parameter != b->parameter)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge histories of different kinds"),
				 errdetail("One has the number %lld after its grain, the other %lld.",
						   (long long) a->parameter, (long long) b->parameter)));
}

static const char *
periods_flags_problem(uint8 flags)
{
	if ((flags & ~(LEDGER_MONEY | LEDGER_STARTED | LEDGER_LEVELS |
				   LEDGER_UNITS | LEDGER_EVERY_START)) != 0)
		return "It has unknown flags.";
	if (((flags & LEDGER_LEVELS) && !(flags & LEDGER_MONEY)) ||
		((flags & LEDGER_UNITS) && !(flags & LEDGER_LEVELS)) ||
		((flags & LEDGER_EVERY_START) && !(flags & LEDGER_STARTED)))
		return "Its flags contradict each other.";
	return NULL;
}

static const char *
periods_settings_problem(const LedgerSettings *settings)
{
	return grain_used_zone_problem(settings->grain, settings->zone);
}

static void
periods_put_rules(WireWriter *w, const LedgerSettings *settings)
{
	wire_put(w, VARSIZE(settings->grain));
	wire_put_bytes(w, settings->grain, VARSIZE(settings->grain));
	wire_put(w, settings->parameter);
}

static void
periods_get_rules(WireReader *r, LedgerSettings *settings)
{
	Size		size = wire_get_max(r, GRAIN_MAX_SIZE, "The grain is too long.");
	Grain	   *grain = palloc(Max(size, sizeof(Grain)));
	const char *problem;

	memcpy(grain, wire_get_bytes(r, size), size);
	problem = grain_image_problem(grain, size);
	if (problem == NULL && (settings->flags & LEDGER_LEVELS) &&
		grain->unit == GRAIN_HOUR)
		problem = "Levels are not counted by hours.";
	if (problem != NULL)
		wire_corrupt(r, problem);
	settings->grain = grain;
	settings->parameter = wire_get_max(r, PG_INT64_MAX, "A number is too large.");
}

/*
 * Times are those of dates and timestamps that PostgreSQL has, give or take
 * what a zone and the end of a range add.
 */
static LedgerBounds
periods_bounds(const LedgerSettings *settings)
{
	int64		first = DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE - 2;
	int64		last = DATE_END_JULIAN - POSTGRES_EPOCH_JDATE + 1;
	LedgerBounds bounds = {0};

	if ((settings->flags & LEDGER_LEVELS) == 0)
	{
		if (grain_is_since_start(settings->grain))
		{
			first *= SECS_PER_DAY;
			last = (TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE + 2) *
				(int64) SECS_PER_DAY;
		}
		else
		{
			Calendar   *calendar = calendar_create(settings->grain, NULL, false,
												   CurrentMemoryContext);

			first = calendar_period_of_day(calendar, first);
			last = Min(calendar_period_of_day(calendar, last),
					   calendar_end(calendar) - 1);
			calendar_free(calendar);
		}
	}
	bounds.low = (uint64) (first + LEDGER_TIME_BIAS) << 1;
	bounds.span = (((uint64) (last + LEDGER_TIME_BIAS) << 1) | 1) - bounds.low;
	bounds.forbidden = (settings->flags & LEDGER_STARTED ? 0 : LEDGER_START) |
		(settings->flags & LEDGER_LEVELS ? LEDGER_COUNT_MAX : 0);
	return bounds;
}

static void
periods_put_items(WireWriter *w, const LedgerItem *items, uint32 n,
				  bool money, int64 unit)
{
	uint64		before = 0;

	for (const LedgerItem *item = items, *end = items + n; item < end; item++)
	{
		uint64		time = item->when >> LEDGER_COUNT_BITS;
		uint64		count = item->when & LEDGER_COUNT_MAX;

		wire_reserve(w, 3 * WIRE_MAX_INTEGER);
		wire_put_reserved(w, (time - before) << 1 | (count != 1));
		before = time;
		if (count != 1)
			wire_put_reserved(w, count);
		if (money)
			wire_put_reserved(w, wire_zigzag(item->amount / unit));
	}
}

static void
periods_get_items(LedgerCursor *c, LedgerItem *items, uint32 n)
{
	for (LedgerItem *item = items, *end = items + n; item < end; item++)
	{
		uint64		distance = wire_get(&c->r);

		c->before += distance >> 1;
		if (unlikely(c->before - c->bounds.low > c->bounds.span))
			wire_corrupt(&c->r, "A time is out of range.");
		item->when = c->before << LEDGER_COUNT_BITS |
			((distance & 1) == 0 ? 1 :
			 wire_get_max(&c->r, LEDGER_COUNT_MAX, "A count is too large."));
		if (unlikely((item->when & c->bounds.forbidden) != 0))
			wire_corrupt(&c->r, "A start or an order is where none belongs.");
		item->amount = 0;
		if (c->money &&
			unlikely(pg_mul_s64_overflow(wire_get_signed(&c->r), c->unit,
										 &item->amount)))
			wire_corrupt(&c->r, "An amount is out of range.");
	}
}

const LedgerCode ledger_periods = {
	.compact = periods_compact,
	.settle = periods_settle,
	.check_same = periods_check_same,
	.flags_problem = periods_flags_problem,
	.settings_problem = periods_settings_problem,
	.put_rules = periods_put_rules,
	.get_rules = periods_get_rules,
	.bounds = periods_bounds,
	.put_items = periods_put_items,
	.get_items = periods_get_items
};
