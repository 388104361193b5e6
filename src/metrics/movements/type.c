/*
 * movements/type.c
 *		The type customer_movements: the table of its text and bytes, and what
 *		makes a value valid.
 *
 * Text form (here broken into lines), see record.h:
 *
 *	{"grain": "month", "zone": "Europe/Paris", "last": "2024-02-01",
 *	 "money": true, "levels": false, "lag": 1,
 *	 "period": ["2024-01-01","2024-02-01","2024-03-01"],
 *	 "new_customers": [1,0,0], "reactivated_customers": [0,0,0],
 *	 "expanded_customers": [0,0,0], "contracted_customers": [0,1,0],
 *	 "churned_customers": [0,0,1], "orders": [1,2,0], "first_customers": [1,0,0],
 *	 "new_revenue": [40,0,0], "reactivated_revenue": [0,0,0],
 *	 "expansion_revenue": [0,0,0], "contraction_revenue": [0,-5,0],
 *	 "churned_revenue": [0,0,-35], "positive_change": [40,-5,-35],
 *	 "kept_change": [0,-5,-35], "lost_change": [0,-5,-35]}
 *
 * "orders" is there unless levels, the amounts with money only.  The last
 * three are the sums that nrr and grr need, see MovementMoney.
 *
 * Whatever comes from outside, as text, as bytes or out of a table, goes
 * through movements_problem() before anything is computed from it, so that
 * readers and the merge need no checks of their own.
 *
 * The sums for nrr and grr are stored less what they are while no customer has
 * an opening or closing below zero:
 *
 *	MONEY_POSITIVE	all five movements
 *	MONEY_KEPT		expansion, contraction and churned
 *	MONEY_LOST		contraction and churned
 */
#include "metrics/movements/track.h"

#include "base/record.h"
#include "common/int.h"
#include "miscadmin.h"

/* Is there nothing in a cell? */
bool
movement_cell_is_empty(const MovementCell *cell)
{
	for (int i = 0; i < MOVEMENT_COUNTS; i++)
		if (cell->counts[i] != 0)
			return false;
	for (int i = 0; i < MOVEMENT_MONEYS; i++)
		if (cell->money[i] != 0)
			return false;
	return true;
}

/* ----------------------------------------------------------------
 *		What makes movements valid
 * ----------------------------------------------------------------
 */

/* What is wrong with a cell by itself. */
static const char *
cell_problem(const Movements *m, const MovementCell *cell, int64 *counts,
			 int128 *money)
{
	for (int i = 0; i < MOVEMENT_COUNTS; i++)
	{
		if (cell->counts[i] < 0)
			return "a count is negative";
		/* those who are first are new: they are counted */
		if (i != COUNT_FIRST &&
			pg_add_s64_overflow(*counts, cell->counts[i], counts))
			return "the counts add up to more than 64 bits hold";
	}
	for (int i = 0; i < MOVEMENT_MONEYS; i++)
	{
		int128		amount = cell->money[i] < 0 ? -cell->money[i] : cell->money[i];

		if (amount != 0 && !movements_has_money(m))
			return "there is money in movements without amounts";
		if (amount > MOVEMENTS_MONEY_MAX ||
			(*money += amount) > MOVEMENTS_MONEY_MAX * MOVEMENT_MONEYS)
			return "money is out of range";
	}
	if (!movements_has_money(m) && movements_has_orders(m) &&
		(cell->counts[COUNT_EXPANDED] > 0 || cell->counts[COUNT_CONTRACTED] > 0))
		return "there are customers who expand or contract without amounts";
	if (cell->money[MONEY_EXPANSION] < 0 || cell->money[MONEY_CONTRACTION] > 0 ||
		cell->money[MONEY_LOST] > 0)
		return "a gain is negative, or a loss is positive";
	if (cell->money[MONEY_KEPT] < cell->money[MONEY_LOST])
		return "more is lost than there are losses";
	if (!movements_has_orders(m) && cell->counts[COUNT_ORDERS] != 0)
		return "there are orders of levels";
	if (cell->counts[COUNT_FIRST] > cell->counts[COUNT_NEW] ||
		(m->head.lag == 1 && cell->counts[COUNT_FIRST] != cell->counts[COUNT_NEW]))
		return "the first customers do not agree with the new ones";
	if (movement_cell_is_empty(cell))
		return "there is nothing in it";
	return NULL;
}

static bool
holds_something(const MovementState *state)
{
	return state->customers != 0 || state->revenue != 0 ||
		state->positive != 0;
}

/* Is a cell all that was before a calendar of dates? */
static inline bool
is_before(const Movements *m, const MovementCell *cell)
{
	return grain_is_dates(m->head.grain) && cell->period < 0;
}

/* What is wrong between a cell and what holds before and after it. */
static const char *
state_problem(const Movements *m, const MovementState *before,
			  const MovementState *after, const MovementCell *cell)
{
	int64		retained = before->customers - cell->counts[COUNT_CHURNED];

	if (is_before(m, cell))
	{
		/* who has come may have gone there, of events everybody has */
		retained += cell->counts[COUNT_NEW];
		if (cell->counts[COUNT_FIRST] != cell->counts[COUNT_NEW] ||
			(movements_has_orders(m) && (retained != 0 || holds_something(after))))
			return "it does not agree with what is known before the first date";
	}
	if (retained < 0)
		return "more customers churn than there are";
	if (cell->counts[COUNT_REACTIVATED] > before->ever - before->customers)
		return "more customers come back than have gone";
	if (after->customers > after->ever)
		return "more customers are there than ever were";
	if (cell->counts[COUNT_EXPANDED] > retained - cell->counts[COUNT_CONTRACTED] ||
		(is_before(m, cell) && cell->counts[COUNT_EXPANDED] + cell->counts[COUNT_CONTRACTED] > 0))
		return "more customers expand or contract than are retained";
	if (movements_has_orders(m) &&
		(cell->counts[COUNT_ORDERS] < after->customers ||
		 (after->customers == 0 && cell->counts[COUNT_ORDERS] > 0)))
		return "the orders do not agree with the active customers";
	if (after->positive < 0 || after->positive < after->revenue)
		return "the customers above zero do not agree with the closing";
	return NULL;
}

/*
 * Events are over with their period: where something holds after one, the
 * period lag after it has a cell.
 */
typedef struct EventCheck
{
	MovementTrack track;
	int64	   *cell_at;		/* period of the last cell in each place */
	int64		open;			/* places where something holds */
} EventCheck;

/* What is wrong with a cell after those before it. */
static const char *
next_cell_problem(EventCheck *check, const Movements *m,
				  const MovementCell *cell)
{
	int64		place = movement_track_place(&check->track, cell->period);
	MovementState before = movement_track_opening(&check->track, cell->period);
	MovementState after;

	/* of events the periods up to lag after the last have what is gone */
	if (movements_has_orders(m) &&
		(int64) cell->period > (int64) m->head.last + m->head.lag)
		return "it lies past the end of the data";
	if (movements_has_orders(m) &&
		(before.customers != 0 || before.positive != 0) &&
		check->cell_at[place] != cell->period - m->head.lag)
		return "customers of events stay without an order";
	check->open -= holds_something(&before);
	after = movement_track_add(&check->track, cell);
	check->open += holds_something(&after);
	check->cell_at[place] = cell->period;
	return state_problem(m, &before, &after, cell);
}

/* Is all that holds something at the end of a calendar, which has no more? */
static bool
all_at_end(const EventCheck *check, const Movements *m)
{
	int64		end = m->head.grain->ncuts - 1;

	if (!grain_is_dates(m->head.grain))
		return false;
	for (int64 place = 0; place < m->head.lag; place++)
		if (holds_something(&check->track.closings[place]) &&
			check->cell_at[place] + m->head.lag < end)
			return false;
	return true;
}

/* What is wrong with the cells; *at is the one it is wrong with. */
static const char *
cells_problem(const Movements *m, int *at)
{
	EventCheck	check = {0};
	int64		counts = 0;
	int128		money = 0;
	const char *problem;

	movement_track_begin(&check.track, m);
	check.cell_at = palloc0(m->head.lag * sizeof(int64));
	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *cell = &m->cells[i];

		CHECK_FOR_INTERRUPTS();
		*at = i;
		if (i > 0 && cell->period <= cell[-1].period)
			return "periods are not in ascending order";
		problem = cell_problem(m, cell, &counts, &money);
		if (problem == NULL)
			problem = next_cell_problem(&check, m, cell);
		if (problem != NULL)
			return problem;
	}
	if (movements_has_orders(m) && check.open > 0 && !all_at_end(&check, m))
		return "customers of events stay without an order";
	return NULL;
}

/* What is wrong with a lag; NULL when nothing is. */
static const char *
lag_problem(const Movements *m)
{
	return m->head.lag >= 1 && m->head.lag <= MOVEMENTS_MAX_LAG ? NULL :
		"The lag is not from 1 to 10000 periods.";
}

StaticAssertDecl(MOVEMENTS_MAX_LAG == 10000, "texts say so");

/* May a period have a cell?  Of a calendar of dates the one before it, too. */
static bool
has_cell(const Calendar *cal, int32 period)
{
	return calendar_has_period(cal, period) ||
		(cal->dates != NULL && period == -1);
}

/* What is wrong with movements, as a sentence; NULL when nothing is. */
static const char *
movements_problem(const void *value)
{
	const Movements *m = value;
	const Grain *grain = m->head.grain;
	const char *problem;
	Calendar   *cal;
	int			at = 0;

	if (!grain_is_calendar(grain))
		return "Movements go with a plain calendar grain only.";
	if (lag_problem(m) != NULL)
		return lag_problem(m);
	problem = grain_used_zone_problem(grain, m->head.zone);
	if (problem != NULL)
		return problem;
	cal = movements_calendar(m);
	if (!calendar_has_period(cal, m->head.last) ||
		(m->ncells > 0 && !has_cell(cal, m->cells[0].period)))
		return calendar_past_words(cal);
	if (m->ncells == 0)
		return NULL;
	if (m->cells[0].period > m->head.last)
		return "The data end before the first period.";
	problem = cells_problem(m, &at);
	if (problem == NULL)
		/* periods ascend, as is known by now */
		return has_cell(cal, m->cells[m->ncells - 1].period) ?
			NULL : calendar_past_words(cal);
	return psprintf("Period %s: %s.",
					date_text(calendar_period_start(cal, m->cells[at].period)),
					problem);
}

/* ----------------------------------------------------------------
 *		Text and bytes
 * ----------------------------------------------------------------
 */

/* What the sums for nrr and grr usually are. */
static int128
usual_money(const MovementCell *cell, MovementMoney which)
{
	int128		sum = 0;

	for (int i = which == MONEY_POSITIVE ? MONEY_NEW :
		 which == MONEY_KEPT ? MONEY_EXPANSION : MONEY_CONTRACTION;
		 i <= MONEY_CHURNED; i++)
		sum += cell->money[i];
	return sum;
}

static void
pack_cell(void *row)
{
	MovementCell *cell = row;

	cell->counts[COUNT_FIRST] = cell->counts[COUNT_NEW] -
		cell->counts[COUNT_FIRST];
	for (int i = MONEY_POSITIVE; i < MOVEMENT_MONEYS; i++)
		cell->money[i] -= usual_money(cell, i);
}

static void
unpack_cell(void *row, WireReader *r)
{
	MovementCell *cell = row;

	/* neither is below zero */
	cell->counts[COUNT_FIRST] = cell->counts[COUNT_NEW] -
		cell->counts[COUNT_FIRST];
	for (int i = 0; i < MOVEMENT_MONEYS; i++)
	{
		/* less what it usually is, up to five sums are in one */
		int128		most = i < MONEY_POSITIVE ? MOVEMENTS_MONEY_MAX :
			MOVEMENTS_MONEY_MAX * MOVEMENT_MONEYS;

		if (cell->money[i] > most || cell->money[i] < -most)
			wire_corrupt(r, "An amount is too large.");
		if (i >= MONEY_POSITIVE)
			cell->money[i] += usual_money(cell, i);
	}
}

static bool
has_orders(uint8 flags)
{
	return (flags & MOVEMENTS_LEVELS) == 0;
}

static bool
has_money(uint8 flags)
{
	return (flags & MOVEMENTS_MONEY) != 0;
}

#define COUNT(i) RECORD_COUNT, offsetof(MovementCell, counts[i])
#define MONEY(i) RECORD_MONEY, offsetof(MovementCell, money[i]), .when = has_money

static const RecordField fields[] = {
	{"grain", RECORD_GRAIN, offsetof(Movements, head.grain)},
	{"zone", RECORD_ZONE, offsetof(Movements, head.zone)},
	{"last", RECORD_PERIOD, offsetof(Movements, head.last)},
	{"money", RECORD_FLAG, .flag = MOVEMENTS_MONEY},
	{"levels", RECORD_FLAG, .flag = MOVEMENTS_LEVELS},
	{"lag", RECORD_COUNT, offsetof(Movements, head.lag)},
	{"period", RECORD_PERIOD, offsetof(MovementCell, period)},
	{"new_customers", COUNT(COUNT_NEW)},
	{"reactivated_customers", COUNT(COUNT_REACTIVATED)},
	{"expanded_customers", COUNT(COUNT_EXPANDED)},
	{"contracted_customers", COUNT(COUNT_CONTRACTED)},
	{"churned_customers", COUNT(COUNT_CHURNED)},
	{"orders", COUNT(COUNT_ORDERS), .when = has_orders},
	{"first_customers", COUNT(COUNT_FIRST)},
	{"new_revenue", MONEY(MONEY_NEW)},
	{"reactivated_revenue", MONEY(MONEY_REACTIVATED)},
	{"expansion_revenue", MONEY(MONEY_EXPANSION)},
	{"contraction_revenue", MONEY(MONEY_CONTRACTION)},
	{"churned_revenue", MONEY(MONEY_CHURNED)},
	{"positive_change", MONEY(MONEY_POSITIVE)},
	{"kept_change", MONEY(MONEY_KEPT)},
	{"lost_change", MONEY(MONEY_LOST)}
};

static const char *
head_problem(const void *value)
{
	const Movements *m = value;

	return grain_is_calendar(m->head.grain) ? lag_problem(m) :
		"Movements go with a plain calendar grain only.";
}

/* Error 22008 for periods that PostgreSQL has no date for. */
static void
check_dates(const void *value)
{
	const Movements *m = value;
	Calendar   *cal = movements_calendar(m);

	if (m->ncells > 0)
	{
		if (!is_before(m, &m->cells[0]))
			(void) calendar_date(calendar_period_start(cal, m->cells[0].period));
		/* which may be that after the last one with an event */
		if (!is_before(m, &m->cells[m->ncells - 1]))
			(void) calendar_date(calendar_period_start(cal, m->cells[m->ncells - 1].period));
	}
	(void) calendar_date(calendar_period_start(cal, m->head.last));
	calendar_free(cal);
}

static const RecordType movements_type = {
	.name = "customer_movements", .what = "movements",
	.version = 2, .flags = MOVEMENTS_FLAGS,
	.flags_at = offsetof(Movements, head.flags), .size = sizeof(Movements),
	.head = {
		lengthof(fields), fields, 6,
		offsetof(Movements, ncells), offsetof(Movements, cells),
		sizeof(MovementCell), 7, "The number of periods exceeds the value."
	},
	.problem = movements_problem, .head_problem = head_problem,
	.encodable = check_dates, .pack = pack_cell, .unpack = unpack_cell,
	.whole_hint = "The text of customer_movements is what its output writes; make it with the aggregate customer_movements(customer, at, grain).",
	.belongs_hint = "\"orders\" is there when \"levels\" is false, amounts when \"money\" is true.",
	.length_hint = "All arrays have one element for each day listed in \"period\".",
	.large_hint = "Use a coarser grain, or one value for each part of the time."
};

RECORD_FUNCTIONS(customer_movements, &movements_type);

/* Days are local already: it needs no zone. */
Calendar *
movements_calendar(const Movements *m)
{
	return record_calendar(&movements_type, m);
}

struct varlena *
movements_encode(const Movements *m)
{
	return record_encode(&movements_type, m);
}

Movements *
movements_from_varlena(const struct varlena *value)
{
	return record_decode(&movements_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}
