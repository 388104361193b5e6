/*
 * customer_movements_type.c
 *		The type customer_movements: encoding, decoding and what makes a value
 *		valid.
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
#include "metrics/customer_movements.h"

#include "base/json_parts.h"
#include "common/int.h"
#include "miscadmin.h"

#define MOVEMENTS_VERSION 1
#define CELL_BYTES 6			/* a cell has at least */

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

/* A calendar to read movements with: days are local already. */
Calendar *
movements_calendar(const Movements *m)
{
	return calendar_create(m->head.grain, NULL, false, CurrentMemoryContext);
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
		if (pg_add_s64_overflow(*counts, cell->counts[i], counts))
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
	if (movement_cell_is_empty(cell))
		return "there is nothing in it";
	return NULL;
}

/* What is wrong between a cell and what came before it. */
static const char *
state_problem(const Movements *m, const MovementState *before,
			  const MovementState *after, const MovementCell *cell,
			  bool adjacent)
{
	int64		retained = before->customers - cell->counts[COUNT_CHURNED];

	if (movements_has_orders(m) && !adjacent &&
		(before->customers != 0 || before->positive != 0))
		return "customers of events stay without an order";
	if (retained < 0)
		return "more customers churn than there are";
	if (cell->counts[COUNT_REACTIVATED] > before->ever - before->customers)
		return "more customers come back than have gone";
	if (cell->counts[COUNT_EXPANDED] > retained - cell->counts[COUNT_CONTRACTED])
		return "more customers expand or contract than are retained";
	if (movements_has_orders(m) &&
		(cell->counts[COUNT_ORDERS] < after->customers ||
		 (after->customers == 0 && cell->counts[COUNT_ORDERS] > 0)))
		return "the orders do not agree with the active customers";
	if (after->positive < 0 || after->positive < after->revenue)
		return "the customers above zero do not agree with the closing";
	return NULL;
}

/* What is wrong with the cells; *at is the one it is wrong with. */
static const char *
cells_problem(const Movements *m, int *at)
{
	MovementState state = {0};
	int64		counts = 0;
	int128		money = 0;
	const char *problem;

	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *cell = &m->cells[i];
		MovementState before = state;

		CHECK_FOR_INTERRUPTS();
		*at = i;
		if (i > 0 && cell->period <= cell[-1].period)
			return "periods are not in ascending order";
		/* of events the period after the last has what is gone */
		if (movements_has_orders(m) &&
			(int64) cell->period > (int64) m->head.last + 1)
			return "it lies past the end of the data";
		problem = cell_problem(m, cell, &counts, &money);
		if (problem != NULL)
			return problem;
		movement_state_add(&state, cell);
		problem = state_problem(m, &before, &state, cell,
								i > 0 && cell->period == (int64) cell[-1].period + 1);
		if (problem != NULL)
			return problem;
	}
	if (movements_has_orders(m) &&
		(state.customers != 0 || state.revenue != 0 || state.positive != 0))
		return "customers of events stay without an order";
	return NULL;
}

/* What is wrong with movements, as a sentence; NULL when nothing is. */
const char *
movements_problem(const Movements *m)
{
	const Grain *grain = m->head.grain;
	const char *problem;
	Calendar   *cal;
	int			at = 0;

	if (!grain_is_calendar(grain))
		return "Movements go with a plain calendar grain only.";
	problem = metric_zone_problem(grain, m->head.zone);
	if (problem != NULL)
		return problem;
	cal = movements_calendar(m);
	if (!metric_day_is_date(calendar_period_start(cal, m->head.last)) ||
		(m->ncells > 0 &&
		 !metric_day_is_date(calendar_period_start(cal, m->cells[0].period))))
		return "A period reaches past the dates PostgreSQL has.";
	if (m->ncells == 0)
		return NULL;
	if (m->cells[0].period > m->head.last)
		return "The data end before the first period.";
	problem = cells_problem(m, &at);
	if (problem == NULL)
		/* periods ascend, as is known by now */
		return metric_day_is_date(calendar_period_start(cal, m->cells[m->ncells - 1].period)) ?
			NULL : "A period reaches past the dates PostgreSQL has.";
	return psprintf("Period %s: %s.",
					date_text(calendar_period_start(cal, m->cells[at].period)),
					problem);
}

/* ----------------------------------------------------------------
 *		Encoding and decoding
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

struct varlena *
movements_encode(const Movements *m)
{
	Calendar   *cal = movements_calendar(m);
	WireWriter	w;

	if (m->ncells > 0)
	{
		(void) calendar_date(calendar_period_start(cal, m->cells[0].period));
		/* which may be that after the last one with an event */
		(void) calendar_date(calendar_period_start(cal, m->cells[m->ncells - 1].period));
	}
	(void) calendar_date(calendar_period_start(cal, m->head.last));
	calendar_free(cal);
	wire_writer_init(&w, 64 + (Size) m->ncells * 24, "customer_movements",
					 "Use a coarser grain, or one value for each part of the time.");
	metric_head_put(&w, MOVEMENTS_VERSION, &m->head);
	wire_put(&w, m->ncells);
	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *cell = &m->cells[i];

		CHECK_FOR_INTERRUPTS();
		if (i == 0)
			wire_put_signed(&w, cell->period);
		else
			wire_put(&w, (int64) cell->period - cell[-1].period);
		for (int j = 0; j < MOVEMENT_COUNTS; j++)
			if (j != COUNT_ORDERS || movements_has_orders(m))
				wire_put(&w, cell->counts[j]);
		for (int j = 0; j < MOVEMENT_MONEYS && movements_has_money(m); j++)
			wire_put_int128(&w, cell->money[j] -
							(j < MONEY_POSITIVE ? 0 : usual_money(cell, j)));
	}
	return (struct varlena *) wire_finish(&w);
}

static void
get_cell(WireReader *r, const Movements *m, MovementCell *cell)
{
	for (int j = 0; j < MOVEMENT_COUNTS; j++)
		if (j != COUNT_ORDERS || movements_has_orders(m))
			cell->counts[j] = (int64) wire_get_max(r, PG_INT64_MAX,
												   "A count is too large.");
	for (int j = 0; j < MOVEMENT_MONEYS && movements_has_money(m); j++)
	{
		int128		amount = wire_get_int128(r);
		/* less what it usually is, up to five sums are in one */
		int128		most = j < MONEY_POSITIVE ? MOVEMENTS_MONEY_MAX :
			MOVEMENTS_MONEY_MAX * MOVEMENT_MONEYS;

		if (amount > most || amount < -most)
			wire_corrupt(r, "An amount is too large.");
		cell->money[j] = amount + (j < MONEY_POSITIVE ? 0 : usual_money(cell, j));
	}
}

Movements *
movements_decode(const void *payload, Size len)
{
	Movements  *m = palloc0(sizeof(Movements));
	int64		period = 0;
	const char *problem;
	WireReader	r;

	wire_reader_init(&r, payload, len, "customer_movements");
	metric_head_get(&r, MOVEMENTS_VERSION, MOVEMENTS_FLAGS, &m->head);
	m->ncells = (int32) wire_get_max(&r, Min((Size) (r.end - r.at) / CELL_BYTES, PG_INT32_MAX),
									 "The number of periods exceeds the value.");
	m->cells = palloc_extended(Max(m->ncells, 1) * sizeof(MovementCell),
							   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < m->ncells; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i == 0)
			period = wire_get_signed(&r);
		else
			period += wire_get_max(&r, PG_UINT32_MAX, "A period is out of range.");
		if (period < PG_INT32_MIN || period > PG_INT32_MAX)
			wire_corrupt(&r, "A period is out of range.");
		m->cells[i].period = (int32) period;
		get_cell(&r, m, &m->cells[i]);
	}
	wire_get_end(&r);
	problem = movements_problem(m);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	return m;
}

Movements *
movements_from_varlena(const struct varlena *value)
{
	return movements_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
