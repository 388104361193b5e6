/*
 * customer_movements_read.c
 *		Reading customer_movements: the periods, and movement_rows in SQL.
 *
 * Rows are computed one by one from the stored cells; memory is proportional
 * to these, never to the rows.
 */
#include "metrics/customer_movements.h"

#include "base/rate.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_movement_rows);

#define MOVEMENTS_MAX_ROWS INT64CONST(10000000)

struct MovementReading
{
	const Movements *movements;
	Calendar   *calendar;
	DataEnd		end;
	int64		last;			/* last period shown */
	int			cell;			/* next stored cell */
	MovementCell nothing;		/* of a period without a cell */
	MovementRow row;
};

/* Read the periods up to as_of, or without one to where the data end. */
MovementReading *
movement_reading_begin(const Movements *m, const DateADT *as_of)
{
	MovementReading *reading = palloc0(sizeof(MovementReading));

	reading->movements = m;
	reading->calendar = movements_calendar(m);
	reading->end = as_of != NULL ? data_end_as_of(*as_of) :
		data_end_inside(reading->calendar, m->head.last);
	reading->last = calendar_last_period(reading->calendar, &reading->end);
	/* levels that live inside one period have no rows */
	reading->row.period = m->ncells > 0 ? (int64) m->cells[0].period - 1 :
		reading->last;
	return reading;
}

/* Number of rows there are left. */
int64
movement_reading_length(const MovementReading *reading)
{
	return Max(reading->last - reading->row.period, 0);
}

/* The next period, or NULL after the last. */
const MovementRow *
movement_reading_next(MovementReading *reading)
{
	const Movements *m = reading->movements;
	MovementRow *row = &reading->row;

	if (row->period >= reading->last)
		return NULL;
	row->period++;
	row->opening = row->closing;
	row->cell = &reading->nothing;
	if (reading->cell < m->ncells &&
		m->cells[reading->cell].period == row->period)
	{
		row->cell = &m->cells[reading->cell++];
		movement_state_add(&row->closing, row->cell);
	}
	row->complete = calendar_complete(reading->calendar, row->period, 0,
									  &reading->end);
	return row;
}

/* Go past the next n periods: by their cells, so that gaps cost nothing. */
void
movement_reading_skip(MovementReading *reading, int64 n)
{
	const Movements *m = reading->movements;
	MovementRow *row = &reading->row;

	if (n <= 0)
		return;
	row->period += n;
	while (reading->cell < m->ncells &&
		   m->cells[reading->cell].period <= row->period)
		movement_state_add(&row->closing, &m->cells[reading->cell++]);
}

/* ----------------------------------------------------------------
 *		movement_rows
 * ----------------------------------------------------------------
 */

enum
{
	ROW_PERIOD, ROW_COMPLETE,
	ROW_OPENING_CUSTOMERS, ROW_NEW_CUSTOMERS, ROW_REACTIVATED_CUSTOMERS,
	ROW_EXPANDED_CUSTOMERS, ROW_CONTRACTED_CUSTOMERS, ROW_RETAINED_CUSTOMERS,
	ROW_CHURNED_CUSTOMERS, ROW_CLOSING_CUSTOMERS, ROW_DORMANT_CUSTOMERS,
	ROW_ORDERS,
	ROW_OPENING_REVENUE, ROW_NEW_REVENUE, ROW_REACTIVATED_REVENUE,
	ROW_EXPANSION_REVENUE, ROW_CONTRACTION_REVENUE, ROW_CHURNED_REVENUE,
	ROW_CLOSING_REVENUE, ROW_REVENUE_PER_CUSTOMER,
	ROW_RETENTION_RATE, ROW_CHURN_RATE, ROW_NRR, ROW_GRR, ROW_QUICK_RATIO,
	ROW_RETURNING_SHARE, ROW_WIN_BACK_RATE, ROW_COLUMNS
};

typedef struct RowsState
{
	const Movements *movements;
	MovementReading *reading;
} RowsState;

static RowsState *
rows_begin(FunctionCallInfo fcinfo)
{
	RowsState  *state = palloc(sizeof(RowsState));
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);

	state->movements = PG_GETARG_MOVEMENTS(0);
	state->reading = movement_reading_begin(state->movements,
											PG_ARGISNULL(1) ? NULL : &as_of);
	if (movement_reading_length(state->reading) > MOVEMENTS_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the customer movements have too many rows to list"),
				 errdetail("More than %lld periods lie between the first and the end of the data.",
						   (long long) MOVEMENTS_MAX_ROWS),
				 errhint("Use a coarser grain, or an earlier as_of.")));
	return state;
}

/* part / whole of counts, NULL when the whole is 0 or the row incomplete. */
static void
put_rate(Datum *v, bool *nulls, int column, int64 part, int64 whole,
		 bool complete)
{
	if (complete && whole != 0)
		v[column] = Float8GetDatum(rate_ratio(part, whole));
	else
		nulls[column] = true;
}

/* The same of amounts. */
static void
put_share(Datum *v, bool *nulls, int column, int128 part, int128 whole,
		  bool shown)
{
	if (shown && whole != 0)
		v[column] = Float8GetDatum(money_share(part, whole));
	else
		nulls[column] = true;
}

static void
put_counts(Datum *v, bool *nulls, const MovementRow *row, bool orders)
{
	const int64 *counts = row->cell->counts;
	int64		opening = row->opening.customers;

	v[ROW_OPENING_CUSTOMERS] = Int64GetDatum(opening);
	v[ROW_NEW_CUSTOMERS] = Int64GetDatum(counts[COUNT_NEW]);
	v[ROW_REACTIVATED_CUSTOMERS] = Int64GetDatum(counts[COUNT_REACTIVATED]);
	v[ROW_EXPANDED_CUSTOMERS] = Int64GetDatum(counts[COUNT_EXPANDED]);
	v[ROW_CONTRACTED_CUSTOMERS] = Int64GetDatum(counts[COUNT_CONTRACTED]);
	v[ROW_RETAINED_CUSTOMERS] = Int64GetDatum(opening - counts[COUNT_CHURNED]);
	v[ROW_CHURNED_CUSTOMERS] = Int64GetDatum(counts[COUNT_CHURNED]);
	v[ROW_CLOSING_CUSTOMERS] = Int64GetDatum(row->closing.customers);
	v[ROW_DORMANT_CUSTOMERS] = Int64GetDatum(row->opening.ever - opening);
	v[ROW_ORDERS] = Int64GetDatum(counts[COUNT_ORDERS]);
	nulls[ROW_ORDERS] = !orders;
	put_rate(v, nulls, ROW_RETENTION_RATE, opening - counts[COUNT_CHURNED],
			 opening, row->complete);
	put_rate(v, nulls, ROW_CHURN_RATE, counts[COUNT_CHURNED], opening,
			 row->complete);
	put_rate(v, nulls, ROW_WIN_BACK_RATE, counts[COUNT_REACTIVATED],
			 row->opening.ever - opening, row->complete);
}

static void
put_money(Datum *v, bool *nulls, const MovementRow *row)
{
	const int128 *money = row->cell->money;
	int128		losses = -(money[MONEY_CONTRACTION] + money[MONEY_CHURNED]);
	int128		above = row->opening.positive;

	v[ROW_OPENING_REVENUE] = NumericGetDatum(money_to_numeric(row->opening.revenue));
	for (int i = MONEY_NEW; i <= MONEY_CHURNED; i++)
		v[ROW_NEW_REVENUE + i] = NumericGetDatum(money_to_numeric(money[i]));
	v[ROW_CLOSING_REVENUE] = NumericGetDatum(money_to_numeric(row->closing.revenue));
	if (row->closing.customers > 0)
		v[ROW_REVENUE_PER_CUSTOMER] =
			NumericGetDatum(money_ratio(row->closing.revenue,
										row->closing.customers));
	else
		nulls[ROW_REVENUE_PER_CUSTOMER] = true;
	put_share(v, nulls, ROW_NRR, above + money[MONEY_KEPT], above,
			  row->complete);
	put_share(v, nulls, ROW_GRR, above + money[MONEY_LOST], above,
			  row->complete);
	put_share(v, nulls, ROW_QUICK_RATIO, money[MONEY_NEW] +
			  money[MONEY_REACTIVATED] + money[MONEY_EXPANSION], losses,
			  row->complete);
	put_share(v, nulls, ROW_RETURNING_SHARE,
			  row->closing.revenue - money[MONEY_NEW], row->closing.revenue,
			  row->complete);
}

static HeapTuple
row_tuple(const RowsState *state, TupleDesc desc, const MovementRow *row)
{
	Datum		v[ROW_COLUMNS] = {0};
	bool		nulls[ROW_COLUMNS] = {0};

	v[ROW_PERIOD] = DateADTGetDatum(calendar_date(calendar_period_start(state->reading->calendar,
																	   row->period)));
	v[ROW_COMPLETE] = BoolGetDatum(row->complete);
	put_counts(v, nulls, row, movements_has_orders(state->movements));
	if (movements_has_money(state->movements))
		put_money(v, nulls, row);
	else
	{
		for (int i = ROW_OPENING_REVENUE; i <= ROW_REVENUE_PER_CUSTOMER; i++)
			nulls[i] = true;
		for (int i = ROW_NRR; i <= ROW_RETURNING_SHARE; i++)
			nulls[i] = true;
		/* of events without amounts nobody is seen to expand or contract */
		if (movements_has_orders(state->movements))
			nulls[ROW_EXPANDED_CUSTOMERS] = nulls[ROW_CONTRACTED_CUSTOMERS] = true;
	}
	return heap_form_tuple(desc, v, nulls);
}

/* movement_rows(movements, as_of): one row per period, in order. */
Datum
retention_movement_rows(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	RowsState  *state;
	const MovementRow *row;
	HeapTuple	tuple;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (!PG_ARGISNULL(0))
		{
			if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("function returning record called in context that cannot accept type record")));
			call->tuple_desc = BlessTupleDesc(desc);
			call->user_fctx = rows_begin(fcinfo);
		}
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	row = state != NULL ? movement_reading_next(state->reading) : NULL;
	if (row == NULL)
		SRF_RETURN_DONE(call);
	tuple = row_tuple(state, call->tuple_desc, row);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(tuple));
}
