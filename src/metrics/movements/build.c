/*
 * movements/build.c
 *		The folds from ledgers and timelines to customer_movements, and their
 *		sum.
 *
 * Each customer is looked at once; what it does to a period (see
 * movements/changes.h) is added to the period's cell:
 *
 *	history		January 40, February 25 + 10, April 30
 *	January		new +40
 *	February	contraction -5
 *	March		churned -35
 *	April		reactivated +30
 *	May			churned -30
 */
#include "metrics/movements/type.h"

#include "base/aggregate.h"
#include "common/int.h"
#include "history/intake.h"
#include "history/ledger_aggregate.h"
#include "metrics/movements/changes.h"
#include "metrics/movements/spans.h"
#include "metrics/summary.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_movements_transition_lag);
PG_FUNCTION_INFO_V1(retention_customer_movements_final);
PG_FUNCTION_INFO_V1(retention_customer_movements_merge);
PG_FUNCTION_INFO_V1(retention_customer_movements_add_timeline);

/* ----------------------------------------------------------------
 *		Movements under construction
 * ----------------------------------------------------------------
 */

#define SH_PREFIX cells
#define SH_ELEMENT_TYPE MovementCell
#define SH_KEY_TYPE int32
#define SH_KEY period
#define SH_HASH_KEY(table, period) \
	((uint32) salt_hash((const Salt *) (table)->private_data, (uint32) (period)))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct MovementBuilder
{
	uint8		flags;			/* MOVEMENTS_* */
	int64		lag;
	cells_hash *cells;			/* by period */
	cells_hash *edges;			/* what begins to be so in a period, less what
								 * ends to; NULL without a long lag */
	int32		last;			/* period the data end in */
	int64		end;			/* of the calendar: no period from here on */
	int128		total_money;	/* of values added, to keep sums in range */
	int64		total_counts;
	int64		total_first;	/* customers of values added, about */
} MovementBuilder;

/* Begin with room for some periods. */
static void
builder_begin(MovementBuilder *b, const MetricHead *head, uint32 periods)
{
	Salt	   *salt = palloc(sizeof(Salt));

	memset(b, 0, sizeof(*b));
	b->flags = head->flags;
	b->lag = head->lag;
	b->last = PG_INT32_MIN;
	b->end = grain_is_dates(head->grain) ? head->grain->ncuts - 1 :
		PG_INT64_MAX;
	*salt = salt_draw();
	b->cells = cells_create(CurrentMemoryContext, periods, salt);
	b->edges = NULL;
}

/* Of a state, of which there may be very many. */
static void
builder_init(void *builder, const MetricHead *head)
{
	builder_begin(builder, head, 4);
}

/* A new cell of a period that has none. */
static pg_noinline MovementCell *
new_cell(cells_hash *cells, int32 period)
{
	bool		found;
	MovementCell *cell = cells_insert(cells, period, &found);
	char		status = cell->status;

	Assert(!found);
	memset(cell, 0, sizeof(MovementCell));
	cell->period = period;
	cell->status = status;
	return cell;
}

/* The cell of a period, made when it is not there; mostly it is. */
static inline MovementCell *
find_cell(cells_hash *cells, int32 period)
{
	MovementCell *cell = cells_lookup(cells, period);

	return likely(cell != NULL) ? cell : new_cell(cells, period);
}

/* ----------------------------------------------------------------
 *		Adding a customer
 * ----------------------------------------------------------------
 */

static void
refuse_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("customer movements out of range"),
			 errdetail("A sum does not fit in its type."),
			 errhint("Movements are added up once for each customer; check that none is there twice.")));
}

/* What a cell counts so far may be any number that a stored value can have. */
static inline void
add_count(MovementCell *cell, int which, int64 more)
{
	if (unlikely(pg_add_s64_overflow(cell->counts[which], more,
									 &cell->counts[which])))
		refuse_overflow();
}

/* Add all that is in another cell. */
static inline void
add_cell(MovementCell *to, const MovementCell *from)
{
	for (int j = 0; j < MOVEMENT_COUNTS; j++)
		add_count(to, j, from->counts[j]);
	for (int j = 0; j < MOVEMENT_MONEYS; j++)
		to->money[j] += from->money[j];
}

/* Add to a cell, or with -1 take out, a change and the orders beside it. */
static inline void
count_change(const MovementBuilder *b, MovementCell *cell,
			 const MovementChange *c, int sign)
{
	static const int8 counts[] = {
		-1, COUNT_NEW, COUNT_REACTIVATED, COUNT_EXPANDED, COUNT_CONTRACTED,
		COUNT_CHURNED
	};
	static const int8 moneys[] = {
		-1, MONEY_NEW, MONEY_REACTIVATED, MONEY_EXPANSION, MONEY_CONTRACTION,
		MONEY_CHURNED
	};
	bool		swings = c->kind == MOVEMENT_EXPANSION ||
		c->kind == MOVEMENT_CONTRACTION;
	int128		change = c->closing - c->opening;

	add_count(cell, COUNT_ORDERS, sign * c->orders);
	add_count(cell, COUNT_FIRST, sign * (int) c->is_first);
	if (c->kind == MOVEMENT_NONE)
		return;
	if (!swings || c->is_active)
		add_count(cell, counts[c->kind], sign);
	if ((b->flags & MOVEMENTS_MONEY) == 0)
		return;
	cell->money[moneys[c->kind]] += sign * change;
	cell->money[MONEY_POSITIVE] += sign * (Max(c->closing, 0) - Max(c->opening, 0));
	if (c->opening > 0)
	{
		cell->money[MONEY_KEPT] += sign * change;
		cell->money[MONEY_LOST] += sign * Min(change, 0);
	}
}

/* Add what a customer does to a period. */
static void
add_change(const MovementChange *c, void *arg)
{
	MovementBuilder *b = arg;

	if (likely(c->period < b->end))
		count_change(b, find_cell(b->cells, c->period), c, 1);
}

/* Add what a customer does to each period from c->period up to end. */
static void
spread_change(const MovementChange *c, int32 end, void *arg)
{
	MovementBuilder *b = arg;

	end = (int32) Min(end, b->end);
	if (c->period >= end)
		return;
	if (b->edges == NULL)
		b->edges = cells_create(b->cells->ctx, 64, b->cells->private_data);
	count_change(b, find_cell(b->edges, c->period), c, 1);
	count_change(b, find_cell(b->edges, end), c, -1);
}

/* A customer being added. */
typedef struct MovementFold
{
	MovementBuilder *builder;
	Calendar   *calendar;		/* for levels, or of dates */
	MovementSpans *spans;		/* for events, or NULL */
	int64		floor;			/* of spans */
} MovementFold;

static void
fold_events(LedgerItem *items, int n, void *arg)
{
	MovementFold *fold = arg;
	MovementBuilder *b = fold->builder;
	int32		last;

	if (fold->spans == NULL ||
		!movement_spans_add(fold->spans, items, n, fold->floor, &last))
		last = movement_changes_events(items, n, b->lag, fold->calendar,
									   add_change, spread_change, b);
	b->last = Max(b->last, last);
}

static void
fold_levels(LedgerItem *items, int n, void *arg)
{
	MovementFold *fold = arg;
	MovementBuilder *b = fold->builder;
	int32		last = movement_changes_levels(items, n, b->lag,
											   fold->calendar, add_change,
											   spread_change, b);

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
		MovementCell *cell;

		if (unlikely(from.period >= b->end))
			continue;
		cell = find_cell(b->cells, from.period);
		for (int j = 0; j < MOVEMENT_COUNTS; j++)
			add_count(cell, j, from.counts[j]);
		if (b->flags & MOVEMENTS_MONEY)
			for (int j = 0; j < MOVEMENT_MONEYS; j++)
				cell->money[j] += from.money[j];
	}
}

/* Count what a cell holds towards the limits. */
static void
count_cell(int64 *counts, int128 *money, const MovementCell *cell)
{
	/* but those who are first, who are new */
	for (int i = 0; i < COUNT_FIRST; i++)
		if (pg_add_s64_overflow(*counts, cell->counts[i], counts))
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
add_movements(void *builder, void *value, MemoryContext context)
{
	MovementBuilder *b = builder;
	const Movements *m = value;

	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *from = &m->cells[i];
		MovementCell *cell = find_cell(b->cells, from->period);

		CHECK_FOR_INTERRUPTS();
		count_cell(&b->total_counts, &b->total_money, from);
		add_cell(cell, from);
		b->total_first += from->counts[COUNT_FIRST];
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
							  grain_quoted(a->grain),
							  grain_quoted(b->grain)),
					 "Group by the grain, or build all of them with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_kinds(psprintf("One of them was cut in %s, the other in %s.",
							  metric_zone_words(a->zone),
							  metric_zone_words(b->zone)),
					 "Name the zone in the grain, for example \"month at Europe/Paris\", so that the session's TimeZone does not matter.");
	if (a->lag != b->lag)
		refuse_kinds(psprintf("One of them has a lag of %lld periods, the other of %lld.",
							  (long long) a->lag, (long long) b->lag),
					 "Group by the lag, or build all of them with the same one.");
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

/* The cells of a table in order of period, with room for so many more. */
static MovementCell *
sorted_cells(cells_hash *table, int64 room)
{
	MovementCell *cells = palloc_extended((table->members + room + 1) *
										  sizeof(MovementCell),
										  MCXT_ALLOC_HUGE);
	MovementCell *cell;
	cells_iterator it;
	int64		n = 0;

	cells_start_iterate(table, &it);
	while ((cell = cells_iterate(table, &it)) != NULL)
		cells[n++] = *cell;
	sort_cells(cells, n);
	return cells;
}

/*
 * A cell for each period between the edges in which anything is, in order: the
 * sum of the edges up to it.  Without cells they are only counted.
 */
static int64
fill_between(const MovementCell *edges, int64 nedges, MovementCell *cells)
{
	MovementCell sum;
	int64		n = 0;

	memset(&sum, 0, sizeof(sum));
	for (int64 i = 0; i < nedges; i++)
	{
		int64		end = i + 1 < nedges ? edges[i + 1].period : edges[i].period;

		CHECK_FOR_INTERRUPTS();
		add_cell(&sum, &edges[i]);
		if (movement_cell_is_empty(&sum))
			continue;
		for (int64 period = edges[i].period; cells != NULL && period < end; period++)
		{
			cells[n + period - edges[i].period] = sum;
			cells[n + period - edges[i].period].period = (int32) period;
		}
		n += end - edges[i].period;
	}
	return n;
}

/* All cells in order; their number is put in n.  Those of a period are added up. */
static MovementCell *
finished_cells(const MovementBuilder *b, int64 *n)
{
	MovementCell *edges;
	MovementCell *cells;
	int64		more;

	*n = b->cells->members;
	if (b->edges == NULL)
		return sorted_cells(b->cells, 0);
	edges = sorted_cells(b->edges, 0);
	more = fill_between(edges, b->edges->members, NULL);
	if (more > MOVEMENTS_MAX_PERIODS)
		movement_refuse_periods(b->lag);
	cells = sorted_cells(b->cells, more);
	(void) fill_between(edges, b->edges->members, cells + *n);
	pfree(edges);
	more += *n;
	sort_cells(cells, more);
	*n = 0;
	for (int64 i = 0; i < more; i++)
	{
		if (*n > 0 && cells[*n - 1].period == cells[i].period)
			add_cell(&cells[*n - 1], &cells[i]);
		else
			cells[(*n)++] = cells[i];
	}
	return cells;
}

/* The value, or NULL when there is nothing; the builder stays as it is. */
static struct varlena *
builder_finish(const void *builder, const Grain *grain, const char *zone)
{
	const MovementBuilder *b = builder;
	Movements	m;
	int64		counts = 0;
	int128		money = 0;
	int64		n;

	m.head.flags = b->flags;
	m.head.lag = b->lag;
	m.head.grain = unconstify(Grain *, grain);
	m.head.zone = zone;
	m.head.last = b->last;
	m.ncells = 0;
	m.cells = finished_cells(b, &n);
	for (int64 i = 0; i < n; i++)
		if (!movement_cell_is_empty(&m.cells[i]))
		{
			CHECK_FOR_INTERRUPTS();
			count_cell(&counts, &money, &m.cells[i]);
			m.cells[m.ncells++] = m.cells[i];
		}
	if (b->last == PG_INT32_MIN)
		return NULL;
	return movements_encode(&m);
}

/* The calendar levels are cut with: their days are local already. */
static Calendar *
level_calendar(const Grain *grain)
{
	return calendar_create(grain, NULL, true, CurrentMemoryContext);
}

/* (internal, customer, at, amount, grain, lag) -> internal */
Datum
retention_movements_transition_lag(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(intake_row_with_lag(fcinfo, movement_lag_argument));
}

/*
 * Final function of customer_movements(...) over rows: (internal) ->
 * customer_movements.  NULL when there is nothing.  The state is left as it is.
 */
Datum
retention_customer_movements_final(PG_FUNCTION_ARGS)
{
	MovementBuilder b;
	MovementFold fold = {&b, NULL, NULL, PG_INT64_MIN};
	const LedgerSettings *settings;
	MetricHead	head = {0};
	struct varlena *value;
	Ledger	   *ledger;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ledger = ledger_argument(fcinfo, 0);
	if (ledger->finished != NULL)
		return ledger_finished_sum(fcinfo, ledger,
								   retention_customer_movements_merge);
	settings = &ledger->settings;
	movement_check_grain(settings->grain);
	if ((settings->flags & LEDGER_MONEY) && !(settings->flags & LEDGER_UNITS))
		head.flags |= MOVEMENTS_MONEY;
	if (settings->flags & LEDGER_LEVELS)
		head.flags |= MOVEMENTS_LEVELS;
	head.grain = unconstify(Grain *, settings->grain);
	head.lag = Max(settings->parameter, 1);
	/* a state may have come from outside */
	movement_check_lag(head.lag);
	builder_begin(&b, &head, 8);
	if ((head.flags & MOVEMENTS_LEVELS) || grain_is_dates(settings->grain))
		fold.calendar = level_calendar(settings->grain);
	if ((head.flags & MOVEMENTS_LEVELS) == 0 && head.lag == 1)
		fold.spans = movement_spans_create();
	if (grain_is_dates(settings->grain))
		fold.floor = 0;
	ledger_visit(ledger,
				 head.flags & MOVEMENTS_LEVELS ? fold_levels : fold_events,
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

/* Add the customer of a timeline to a builder. */
static void
add_customer(void *builder, TimelineItems *t, TimelineReader *r)
{
	MovementFold fold = {builder, t->calendar, NULL, 0};
	int			n = timeline_items_read(t, r);

	(timeline_has_levels(r) ? fold_levels : fold_events) (t->items, n, &fold);
}

static void *
read_value(const struct varlena *value, MetricHead *head)
{
	Movements  *m = movements_from_varlena(value);

	*head = m->head;
	return m;
}

static int64
customers(const void *builder)
{
	return ((const MovementBuilder *) builder)->total_first;
}

/* (state, timeline, grain [, lag]) */
static void
take_lag(FunctionCallInfo fcinfo, MetricHead *head)
{
	head->lag = PG_NARGS() > 3 ? movement_lag_argument(fcinfo, 3) : 1;
}

static const SummaryKind kind = {
	.expanded = SUMMARY_EXPANDED("customer_movements"),
	.builder_size = sizeof(MovementBuilder),
	.init = builder_init,
	.add_customer = add_customer,
	.read_value = read_value,
	.add_value = add_movements,
	.customers = customers,
	.finish = builder_finish,
	.check_alike = check_alike,
	.check_grain = movement_check_grain,
	.take_arguments = take_lag,
	.money = MOVEMENTS_MONEY,
	.levels = MOVEMENTS_LEVELS
};

/*
 * Transition and combine function of rollup(customer_movements), and combine
 * function of customer_movements(timeline, grain): the sum of the movements of
 * disjoint customers.  Different grain, zone or kind: error 22023.
 */
Datum
retention_customer_movements_merge(PG_FUNCTION_ARGS)
{
	return summary_merge(fcinfo, &kind);
}

/*
 * Transition function of customer_movements(timeline, grain):
 * (customer_movements, timeline, grain) -> customer_movements.
 */
Datum
retention_customer_movements_add_timeline(PG_FUNCTION_ARGS)
{
	return summary_add_timeline(fcinfo, &kind);
}
