/*
 * movements/spans.c
 *		Movements of the usual customer, added up quickly.
 */
#include "metrics/movements/spans.h"

#include "port/pg_bitutils.h"

#define SPAN 63					/* periods that a word has bits for, less one */
#define MAX_ITEMS 4096			/* of a customer, each of an amount below ... */
#define AMOUNT_BITS 49			/* ... this power of 2: all add up in 62 bits */
#define FIRST_CELLS 16
#define MAX_CELLS 16384			/* periods side by side */

/* The changes of customers who are active just where their revenue is above zero. */
typedef enum PlainChange
{
	PLAIN_NEW,
	PLAIN_REACTIVATED,			 /* one more than new */
	PLAIN_CHURNED,
	PLAIN_EXPANSION,
	PLAIN_CONTRACTION,
	PLAIN_SAME,
	PLAIN_CHANGES
} PlainChange;

/* A cell, and room for what counts nowhere. */
typedef struct SpanCell
{
	int128		plain_money[PLAIN_CHANGES];
	int64		plain_counts[PLAIN_CHANGES];
	int128		money[MOVEMENT_MONEYS + 1];
	int64		counts[MOVEMENT_COUNTS + 1];
} SpanCell;

struct MovementSpans
{
	int64		base;			/* period of the first cell */
	int64		size;
	SpanCell   *cells;
	/* of the customer, from one period before the first; zero between customers */
	int64		revenue[SPAN + 2];
	int64		orders[SPAN + 2];
};

/* What a change is, by was_active, is_active, ever and its sign. */
#define CHANGE(was, is, ever, sign) \
	((was) << 4 | (is) << 3 | (ever) << 2 | ((sign) + 1))
#define NO_MONEY MOVEMENT_MONEYS
#define NO_COUNT MOVEMENT_COUNTS
#define SWING(was, is, ever, none, less, more) \
	[CHANGE(was, is, ever, -1)] = (less), \
	[CHANGE(was, is, ever, 0)] = (none), \
	[CHANGE(was, is, ever, 1)] = (more)
#define ALWAYS(was, is, ever, what) SWING(was, is, ever, what, what, what)

static const uint8 change_money[32] = {
	SWING(0, 0, 0, NO_MONEY, MONEY_CONTRACTION, MONEY_EXPANSION),
	SWING(0, 0, 1, NO_MONEY, MONEY_CONTRACTION, MONEY_EXPANSION),
	ALWAYS(0, 1, 0, MONEY_NEW),
	ALWAYS(0, 1, 1, MONEY_REACTIVATED),
	ALWAYS(1, 0, 1, MONEY_CHURNED),
	SWING(1, 1, 1, NO_MONEY, MONEY_CONTRACTION, MONEY_EXPANSION)
};

/* Refunds of customers who are not active are of nobody. */
static const uint8 change_count[32] = {
	ALWAYS(0, 0, 0, NO_COUNT),
	ALWAYS(0, 0, 1, NO_COUNT),
	ALWAYS(0, 1, 0, COUNT_NEW),
	ALWAYS(0, 1, 1, COUNT_REACTIVATED),
	ALWAYS(1, 0, 1, COUNT_CHURNED),
	SWING(1, 1, 1, NO_COUNT, COUNT_CONTRACTED, COUNT_EXPANDED)
};

MovementSpans *
movement_spans_create(void)
{
	return palloc0(sizeof(MovementSpans));
}

/* Have cells for the periods from first to last; false when they are too many. */
static bool
cover(MovementSpans *s, int64 first, int64 last)
{
	int64		from = s->size == 0 ? first : Min(first, s->base);
	int64		to = s->size == 0 ? last : Max(last, s->base + s->size - 1);
	int64		size = Max(s->size, FIRST_CELLS);
	int64		before;
	SpanCell   *cells;

	if (to - from >= MAX_CELLS)
		return false;
	while (size <= to - from)
		size *= 2;
	/* room on the side where it was wanted */
	if (s->size > 0 && from < s->base)
		from = to + 1 - size;
	cells = palloc_extended(size * sizeof(SpanCell), MCXT_ALLOC_HUGE);
	before = s->size > 0 ? s->base - from : 0;
	memset(cells, 0, before * sizeof(SpanCell));
	if (s->size > 0)
	{
		memcpy(cells + before, s->cells, s->size * sizeof(SpanCell));
		pfree(s->cells);
	}
	memset(cells + before + s->size, 0, (size - before - s->size) * sizeof(SpanCell));
	s->cells = cells;
	s->base = from;
	s->size = size;
	return true;
}

/* Add what happens from one period to the next. */
static inline void
add_change(SpanCell *cell, int64 opening, int64 closing, bool was_active,
		   bool is_active, bool ever)
{
	int64		change = closing - opening;
	int64		had = opening > 0 ? change : 0;
	int			code = CHANGE(was_active, is_active, ever,
							  (change > 0) - (change < 0));

	cell->counts[change_count[code]]++;
	cell->money[change_money[code]] += change;
	cell->money[MONEY_POSITIVE] += Max(closing, 0) - Max(opening, 0);
	cell->money[MONEY_KEPT] += had;
	cell->money[MONEY_LOST] += Min(had, 0);
}

/*
 * A customer whose items all are of amounts above zero: active is who has
 * revenue, so that one count and one sum tell it all.
 */
static void
add_plain(MovementSpans *s, SpanCell *cells, const LedgerItem *items, int n,
		  int64 first)
{
	uint64		any = 0;
	uint64		touched;
	int			ever = 0;

	for (int i = 0; i < n; i++)
	{
		int			k = (int) (ledger_time(items[i].when) - first);

		any |= UINT64CONST(1) << k;
		s->revenue[k + 1] += items[i].amount;
		cells[k].counts[COUNT_ORDERS] += ledger_count(items[i].when);
	}
	touched = any | any << 1;
	while (touched != 0)
	{
		int			k = pg_rightmost_one_pos64(touched);
		int64		opening = s->revenue[k];
		int64		closing = s->revenue[k + 1];
		int			code = closing < opening ? PLAIN_CONTRACTION : PLAIN_EXPANSION;

		touched &= touched - 1;
		code = closing == opening ? PLAIN_SAME : code;
		code = closing == 0 ? PLAIN_CHURNED : code;
		code = opening == 0 ? PLAIN_NEW + ever : code;
		ever = 1;
		cells[k].plain_counts[code]++;
		cells[k].plain_money[code] += closing - opening;
		s->revenue[k] = 0;
	}
}

/* Any other customer. */
static void
add_mixed(MovementSpans *s, SpanCell *cells, const LedgerItem *items, int n,
		  int64 first)
{
	uint64		any = 0;
	uint64		touched;
	bool		ever = false;

	for (int i = 0; i < n; i++)
	{
		int			k = (int) (ledger_time(items[i].when) - first);

		any |= UINT64CONST(1) << k;
		s->revenue[k + 1] += items[i].amount;
		s->orders[k + 1] += ledger_count(items[i].when);
	}
	touched = any | any << 1;
	while (touched != 0)
	{
		int			k = pg_rightmost_one_pos64(touched);
		bool		was_active = s->orders[k] > 0;
		bool		is_active = s->orders[k + 1] > 0;

		touched &= touched - 1;
		add_change(&cells[k], s->revenue[k], s->revenue[k + 1],
				   was_active, is_active, ever);
		cells[k].counts[COUNT_ORDERS] += s->orders[k + 1];
		ever |= is_active;
		s->revenue[k] = s->orders[k] = 0;
	}
}

bool
movement_spans_add(MovementSpans *s, const LedgerItem *items, int n,
				   int64 floor, int32 *last)
{
	uint64		low = PG_UINT64_MAX;
	uint64		high = 0;
	uint64		bits = 0;
	int64		least = PG_INT64_MAX;
	int64		first;

	for (int i = 0; i < n; i++)
	{
		low = Min(low, items[i].when);
		high = Max(high, items[i].when);
		least = Min(least, items[i].amount);
		bits |= (uint64) (items[i].amount ^ (items[i].amount >> 63));
	}
	if (n < 1 || n > MAX_ITEMS || bits >> AMOUNT_BITS != 0)
		return false;
	first = ledger_time(low);
	*last = (int32) ledger_time(high);
	if (*last - first >= SPAN || first < floor)
		return false;
	if (unlikely(first < s->base || *last + 1 >= s->base + s->size) &&
		!cover(s, first, (int64) *last + 1))
		return false;
	(least > 0 ? add_plain : add_mixed) (s, s->cells + (first - s->base),
										 items, n, first);
	return true;
}

/* The sums of a cell. */
static void
take_cell(const SpanCell *from, MovementCell *cell)
{
	const int128 *plain = from->plain_money;

	memcpy(cell->money, from->money, sizeof(cell->money));
	memcpy(cell->counts, from->counts, sizeof(cell->counts));
	cell->counts[COUNT_NEW] += from->plain_counts[PLAIN_NEW];
	cell->counts[COUNT_REACTIVATED] += from->plain_counts[PLAIN_REACTIVATED];
	cell->counts[COUNT_FIRST] = cell->counts[COUNT_NEW];
	cell->counts[COUNT_CHURNED] += from->plain_counts[PLAIN_CHURNED];
	cell->counts[COUNT_EXPANDED] += from->plain_counts[PLAIN_EXPANSION];
	cell->counts[COUNT_CONTRACTED] += from->plain_counts[PLAIN_CONTRACTION];
	cell->money[MONEY_NEW] += plain[PLAIN_NEW];
	cell->money[MONEY_REACTIVATED] += plain[PLAIN_REACTIVATED];
	cell->money[MONEY_CHURNED] += plain[PLAIN_CHURNED];
	cell->money[MONEY_EXPANSION] += plain[PLAIN_EXPANSION];
	cell->money[MONEY_CONTRACTION] += plain[PLAIN_CONTRACTION];
	cell->money[MONEY_LOST] += plain[PLAIN_CHURNED] + plain[PLAIN_CONTRACTION];
	cell->money[MONEY_KEPT] += plain[PLAIN_CHURNED] + plain[PLAIN_CONTRACTION] +
		plain[PLAIN_EXPANSION];
	for (int i = 0; i < PLAIN_CHANGES; i++)
		cell->money[MONEY_POSITIVE] += plain[i];
}

bool
movement_spans_next(const MovementSpans *s, int64 *i, MovementCell *cell)
{
	for (; *i < s->size; (*i)++)
	{
		take_cell(&s->cells[*i], cell);
		cell->period = (int32) (s->base + *i);
		if (movement_cell_is_empty(cell))
			continue;
		(*i)++;
		return true;
	}
	return false;
}
