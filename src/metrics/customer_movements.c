/*
 * customer_movements.c
 *		The folds from ledgers and timelines to customer_movements, and their
 *		sum.
 *
 * Each customer is looked at once; what it does to a period (see
 * movement_changes.h) is added to the period's cell:
 *
 *	history		January 40, February 25 + 10, April 30
 *	January		new +40
 *	February	contraction -5
 *	March		churned -35
 *	April		reactivated +30
 *	May			churned -30
 */
#include "metrics/customer_movements.h"

#include "base/aggregate.h"
#include "base/expanded.h"
#include "common/int.h"
#include "history/ledger_aggregate.h"
#include "metrics/movement_changes.h"
#include "metrics/movement_spans.h"
#include "metrics/timeline_items.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_customer_movements_final);
PG_FUNCTION_INFO_V1(retention_customer_movements_merge);
PG_FUNCTION_INFO_V1(retention_customer_movements_add_timeline);

/* Movements under construction: cells in a table at most half full. */
typedef struct MovementBuilder
{
	uint8		flags;			/* MOVEMENTS_* */
	int			bits;			/* log2 of the table's size */
	int64		used;
	MovementCell *cells;
	bool	   *taken;			/* slot by slot */
	int32		last;			/* period the data end in */
	int128		total_money;	/* of values added, to keep sums in range */
	int64		total_counts;
} MovementBuilder;

/* Movements as the state of an aggregate. */
typedef struct MovementsState
{
	ExpandedState expanded;
	MovementBuilder builder;
	Grain	   *grain;
	const char *zone;
} MovementsState;

/* ----------------------------------------------------------------
 *		The table
 * ----------------------------------------------------------------
 */

static void
new_table(MovementBuilder *b, int bits)
{
	b->bits = bits;
	b->cells = palloc_extended(sizeof(MovementCell) << bits, MCXT_ALLOC_HUGE);
	b->taken = palloc_extended(sizeof(bool) << bits,
							   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
builder_init(MovementBuilder *b, uint8 flags)
{
	memset(b, 0, sizeof(*b));
	b->flags = flags;
	b->last = PG_INT32_MIN;
	new_table(b, 3);
}

/* The slot of a period: where it is, or where it goes. */
static inline int64
find_slot(const MovementBuilder *b, int32 period)
{
	int64		mask = (INT64CONST(1) << b->bits) - 1;
	int64		slot = ((uint32) period * 0x9E3779B1U) & mask;

	while (b->taken[slot] && b->cells[slot].period != period)
		slot = (slot + 1) & mask;
	return slot;
}

static void
grow_table(MovementBuilder *b)
{
	MovementCell *cells = b->cells;
	bool	   *taken = b->taken;
	int64		size = INT64CONST(1) << b->bits;

	new_table(b, b->bits + 1);
	for (int64 i = 0; i < size; i++)
		if (taken[i])
		{
			int64		slot = find_slot(b, cells[i].period);

			b->taken[slot] = true;
			b->cells[slot] = cells[i];
		}
	pfree(cells);
	pfree(taken);
}

/* The cell of a period, made when it is not there. */
static inline MovementCell *
find_cell(MovementBuilder *b, int32 period)
{
	int64		slot = find_slot(b, period);

	if (unlikely(!b->taken[slot]))
	{
		if ((b->used + 1) * 2 > INT64CONST(1) << b->bits)
		{
			grow_table(b);
			slot = find_slot(b, period);
		}
		memset(&b->cells[slot], 0, sizeof(MovementCell));
		b->cells[slot].period = period;
		b->taken[slot] = true;
		b->used++;
	}
	return &b->cells[slot];
}

/* ----------------------------------------------------------------
 *		Adding a customer
 * ----------------------------------------------------------------
 */

/* Add what a customer does to a period. */
static void
add_change(const MovementChange *c, void *arg)
{
	static const int8 counts[] = {
		-1, COUNT_NEW, COUNT_REACTIVATED, COUNT_EXPANDED, COUNT_CONTRACTED,
		COUNT_CHURNED
	};
	static const int8 moneys[] = {
		-1, MONEY_NEW, MONEY_REACTIVATED, MONEY_EXPANSION, MONEY_CONTRACTION,
		MONEY_CHURNED
	};
	MovementBuilder *b = arg;
	bool		money = (b->flags & MOVEMENTS_MONEY) != 0;
	bool		swings = c->kind == MOVEMENT_EXPANSION ||
		c->kind == MOVEMENT_CONTRACTION;
	int128		change = c->closing - c->opening;
	MovementCell *cell;

	cell = find_cell(b, c->period);
	cell->counts[COUNT_ORDERS] += c->orders;
	if (c->kind == MOVEMENT_NONE)
		return;
	if (!swings || c->is_active)
		cell->counts[counts[c->kind]]++;
	if (!money)
		return;
	cell->money[moneys[c->kind]] += change;
	cell->money[MONEY_POSITIVE] += Max(c->closing, 0) - Max(c->opening, 0);
	if (c->opening > 0)
	{
		cell->money[MONEY_KEPT] += change;
		cell->money[MONEY_LOST] += Min(change, 0);
	}
}

/* A customer being added. */
typedef struct MovementFold
{
	MovementBuilder *builder;
	Calendar   *calendar;		/* for levels */
	MovementSpans *spans;		/* for events, or NULL */
} MovementFold;

static void
fold_events(LedgerItem *items, int n, void *arg)
{
	MovementFold *fold = arg;
	MovementBuilder *b = fold->builder;
	int32		last;

	if (fold->spans == NULL ||
		!movement_spans_add(fold->spans, items, n, &last))
		last = movement_changes_events(items, n, add_change, b);
	b->last = Max(b->last, last);
}

static void
fold_levels(LedgerItem *items, int n, void *arg)
{
	MovementFold *fold = arg;
	MovementBuilder *b = fold->builder;
	int32		last = movement_changes_levels(items, n, fold->calendar,
											   add_change, b);

	b->last = Max(b->last, last);
}

/* ----------------------------------------------------------------
 *		Adding movements
 * ----------------------------------------------------------------
 */

/* Bring sums made side by side to the table. */
static void
add_spans(MovementBuilder *b, const MovementSpans *spans)
{
	MovementCell from;

	for (int64 i = 0; movement_spans_next(spans, &i, &from);)
	{
		MovementCell *cell = find_cell(b, from.period);

		for (int j = 0; j < MOVEMENT_COUNTS; j++)
			cell->counts[j] += from.counts[j];
		if (b->flags & MOVEMENTS_MONEY)
			for (int j = 0; j < MOVEMENT_MONEYS; j++)
				cell->money[j] += from.money[j];
	}
}

static void
refuse_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("customer movements out of range"),
			 errdetail("A sum does not fit in its type."),
			 errhint("Movements are added up once for each customer; check that none is there twice.")));
}

/*
 * Count what a cell holds towards the limits.  A count that has passed them is
 * negative.
 */
static void
count_cell(int64 *counts, int128 *money, const MovementCell *cell)
{
	for (int i = 0; i < MOVEMENT_COUNTS; i++)
		if (cell->counts[i] < 0 ||
			pg_add_s64_overflow(*counts, cell->counts[i], counts))
			refuse_overflow();
	for (int i = 0; i < MOVEMENT_MONEYS; i++)
	{
		int128		amount = cell->money[i] < 0 ? -cell->money[i] : cell->money[i];

		*money += amount;
		if (amount > MOVEMENTS_MONEY_MAX ||
			*money > MOVEMENTS_MONEY_MAX * MOVEMENT_MONEYS)
			refuse_overflow();
	}
}

/* Add the movements of other customers, of the same kind. */
static void
add_movements(MovementBuilder *b, const Movements *m)
{
	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *from = &m->cells[i];
		MovementCell *cell = find_cell(b, from->period);

		CHECK_FOR_INTERRUPTS();
		count_cell(&b->total_counts, &b->total_money, from);
		for (int j = 0; j < MOVEMENT_COUNTS; j++)
			cell->counts[j] += from->counts[j];
		for (int j = 0; j < MOVEMENT_MONEYS; j++)
			cell->money[j] += from->money[j];
	}
	b->last = Max(b->last, m->head.last);
}

static void
refuse_kinds(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("customer movements of different kinds cannot be added up"),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

/* May two be added up?  Error 22023 when not. */
static void
check_alike(const MetricHead *a, const MetricHead *b)
{
	if (!grain_equal(a->grain, b->grain))
		refuse_kinds(psprintf("One of them has the grain \"%s\", the other \"%s\".",
							  grain_to_cstring(a->grain),
							  grain_to_cstring(b->grain)),
					 "Group by the grain, or build all of them with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_kinds(psprintf("One of them was cut in %s, the other in %s.",
							  metric_zone_words(a->zone),
							  metric_zone_words(b->zone)),
					 "Name the zone in the grain, for example \"month at Europe/Paris\", so that the session's TimeZone does not matter.");
	if ((a->flags ^ b->flags) & MOVEMENTS_LEVELS)
		refuse_kinds("One of them was built from events, the other from ranges.",
					 "Keep the movements of orders and those of subscriptions apart.");
	if ((a->flags ^ b->flags) & MOVEMENTS_MONEY)
		refuse_kinds("One of them was built with amounts, the other without.",
					 "Build all of them with the same form of the aggregate.");
}

/* ----------------------------------------------------------------
 *		The finished value
 * ----------------------------------------------------------------
 */

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE MovementCell
#define ST_COMPARE(a, b) \
	((a)->period < (b)->period ? -1 : (a)->period > (b)->period)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The value, or NULL when there is nothing; the builder stays as it is. */
static struct varlena *
builder_finish(const MovementBuilder *b, const Grain *grain, const char *zone)
{
	Movements	m;
	int64		size = INT64CONST(1) << b->bits;
	int64		counts = 0;
	int128		money = 0;

	m.head.flags = b->flags;
	m.head.grain = unconstify(Grain *, grain);
	m.head.zone = zone;
	m.head.last = b->last;
	m.ncells = 0;
	m.cells = palloc_extended(Max(b->used, 1) * sizeof(MovementCell),
							  MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < size; i++)
		if (b->taken[i] && !movement_cell_is_empty(&b->cells[i]))
		{
			count_cell(&counts, &money, &b->cells[i]);
			m.cells[m.ncells++] = b->cells[i];
		}
	if (b->last == PG_INT32_MIN)
		return NULL;
	sort_cells(m.cells, m.ncells);
	return movements_encode(&m);
}

/* The calendar levels are cut with: their days are local already. */
static Calendar *
level_calendar(const Grain *grain)
{
	return calendar_create(grain, NULL, true, CurrentMemoryContext);
}

/*
 * Final function of customer_movements(...) over rows: (internal) ->
 * customer_movements.  NULL when there is nothing.  The state is left as it is.
 */
Datum
retention_customer_movements_final(PG_FUNCTION_ARGS)
{
	MovementBuilder b;
	MovementFold fold = {&b, NULL, NULL};
	const LedgerSettings *settings;
	struct varlena *value;
	Ledger	   *ledger;
	uint8		flags = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_argument(fcinfo, 0);
	settings = &ledger->settings;
	movement_check_grain(settings->grain);
	if ((settings->flags & LEDGER_MONEY) && !(settings->flags & LEDGER_UNITS))
		flags |= MOVEMENTS_MONEY;
	if (settings->flags & LEDGER_LEVELS)
		flags |= MOVEMENTS_LEVELS;
	builder_init(&b, flags);
	if (flags & MOVEMENTS_LEVELS)
		fold.calendar = level_calendar(settings->grain);
	else
		fold.spans = movement_spans_create();
	ledger_visit(ledger, flags & MOVEMENTS_LEVELS ? fold_levels : fold_events,
				 &fold);
	if (fold.spans != NULL)
		add_spans(&b, fold.spans);
	value = builder_finish(&b, settings->grain, settings->zone);
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(value);
}

/* ----------------------------------------------------------------
 *		States of the type itself
 * ----------------------------------------------------------------
 */

static struct varlena *
flatten(const ExpandedState *expanded)
{
	const MovementsState *state = (const MovementsState *) expanded;
	struct varlena *value = builder_finish(&state->builder, state->grain,
										   state->zone);

	Assert(value != NULL);		/* it began with one */
	return value;
}

static const ExpandedKind kind = {
	"customer_movements", sizeof(MovementsState), flatten
};

static MetricHead
state_head(const MovementsState *state)
{
	MetricHead	head;

	head.flags = state->builder.flags;
	head.grain = state->grain;
	head.zone = state->zone;
	head.last = state->builder.last;
	return head;
}

/* The flat value of an argument as a state, when that is worth it. */
static MovementsState *
state_expand(FunctionCallInfo fcinfo, int arg, const Movements *m)
{
	MovementsState *state = (MovementsState *) expanded_create(fcinfo, arg, &kind);
	MemoryContext old;

	if (state == NULL)
		return NULL;
	old = expanded_begin(&state->expanded);
	state->grain = grain_copy(m->head.grain);
	state->zone = pstrdup(m->head.zone);
	builder_init(&state->builder, m->head.flags);
	add_movements(&state->builder, m);
	MemoryContextSwitchTo(old);
	return state;
}

/*
 * Transition and combine function of rollup(customer_movements), and combine
 * function of customer_movements(timeline, grain): the sum of the movements of
 * disjoint customers.  Different grain, zone or kind: error 22023.
 */
Datum
retention_customer_movements_merge(PG_FUNCTION_ARGS)
{
	MovementsState *state = (MovementsState *) expanded_argument(fcinfo, 0, &kind);
	Movements  *b = PG_GETARG_MOVEMENTS(1);
	Movements  *a = NULL;
	MetricHead	head;
	MemoryContext old;
	MovementBuilder sum;
	struct varlena *value;

	if (state == NULL)
	{
		a = PG_GETARG_MOVEMENTS(0);
		state = state_expand(fcinfo, 0, a);
	}
	head = state != NULL ? state_head(state) : a->head;
	check_alike(&head, &b->head);
	if (state != NULL)
	{
		old = expanded_begin(&state->expanded);
		add_movements(&state->builder, b);
		MemoryContextSwitchTo(old);
		PG_RETURN_DATUM(expanded_datum(&state->expanded));
	}
	builder_init(&sum, head.flags);
	add_movements(&sum, a);
	add_movements(&sum, b);
	value = builder_finish(&sum, head.grain, head.zone);
	Assert(value != NULL);
	PG_RETURN_POINTER(value);
}

/* Add the customer of a timeline to a builder. */
static void
add_customer(MovementBuilder *b, TimelineItems *t, TimelineReader *r)
{
	MovementFold fold = {b, t->calendar, NULL};
	int			n = timeline_items_read(t, r);

	(timeline_has_levels(r) ? fold_levels : fold_events) (t->items, n, &fold);
}

/* Flags of the timelines that movements with such flags are made of. */
static uint8
timeline_flags(uint8 flags)
{
	return (flags & MOVEMENTS_LEVELS ? TIMELINE_LEVELS : 0) |
		(flags & MOVEMENTS_MONEY ? TIMELINE_MONEY : 0);
}

/*
 * May a timeline be added to those before?  Error 22023 when not, and false
 * when it is of another kind but adds nothing: then the order of the rows
 * must not decide.
 */
static bool
goes_with(const MetricHead *before, const MetricHead *head, TimelineItems *t,
		  const struct varlena *timeline)
{
	TimelineReader r;
	MovementBuilder b;

	if (likely(grain_equal(before->grain, head->grain) &&
			   strcmp(before->zone, head->zone) == 0 &&
			   before->flags == head->flags))
		return true;
	builder_init(&b, head->flags);
	timeline_read_value(&r, timeline);
	add_customer(&b, t, &r);
	if (b.last == PG_INT32_MIN)
		return false;
	timeline_check_alike(timeline_flags(before->flags), before->zone,
						 strlen(before->zone), timeline_flags(head->flags),
						 head->zone, strlen(head->zone));
	check_alike(before, head);
	return true;
}

/*
 * Transition function of customer_movements(timeline, grain):
 * (customer_movements, timeline, grain) -> customer_movements.  A NULL
 * timeline, or one without movements, adds nothing.
 */
Datum
retention_customer_movements_add_timeline(PG_FUNCTION_ARGS)
{
	MovementsState *state = NULL;
	Movements  *m = NULL;
	Grain	   *grain;
	TimelineItems *t;
	TimelineReader r;
	MetricHead	head = {0};
	MovementBuilder b;
	struct varlena *value;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("grain must not be NULL"),
				 errhint("Pass a grain such as 'month' or 'week starting sunday'.")));
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	grain = PG_GETARG_GRAIN(2);
	timeline_read_value(&r, PG_GETARG_TIMELINE(1));
	t = timeline_items_prepare(fcinfo, grain, &r, movement_check_grain);
	head.flags = ((r.flags & TIMELINE_MONEY) ? MOVEMENTS_MONEY : 0) |
		(timeline_has_levels(&r) ? MOVEMENTS_LEVELS : 0);
	head.grain = grain;
	head.zone = pnstrdup(r.zone, r.zone_len);
	if (!PG_ARGISNULL(0))
	{
		state = (MovementsState *) expanded_argument(fcinfo, 0, &kind);
		if (state == NULL)
		{
			m = PG_GETARG_MOVEMENTS(0);
			state = state_expand(fcinfo, 0, m);
		}
	}
	if (state != NULL)
	{
		MetricHead	before = state_head(state);
		MemoryContext old;

		if (goes_with(&before, &head, t, PG_GETARG_TIMELINE(1)))
		{
			old = expanded_begin(&state->expanded);
			add_customer(&state->builder, t, &r);
			MemoryContextSwitchTo(old);
		}
		PG_RETURN_DATUM(expanded_datum(&state->expanded));
	}
	builder_init(&b, head.flags);
	if (m != NULL)
	{
		if (!goes_with(&m->head, &head, t, PG_GETARG_TIMELINE(1)))
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));
		add_movements(&b, m);
	}
	add_customer(&b, t, &r);
	value = builder_finish(&b, grain, head.zone);
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(value);
}
