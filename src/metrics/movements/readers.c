/*
 * movements/readers.c
 *		Reading customer_movements: the periods, and movement_rows in SQL.
 *
 * Rows are computed one by one from the stored cells; memory is proportional
 * to these, never to the rows.
 */
#include "metrics/movements/track.h"

#include "base/reader.h"

PG_FUNCTION_INFO_V1(retention_movement_rows);

#define MOVEMENTS_MAX_ROWS INT64CONST(10000000)

struct MovementReading
{
	const Movements *movements;
	Calendar   *calendar;
	DataEnd		end;
	int64		last;			/* last period shown */
	int64		opening_from;	/* the first period with an opening */
	MovementTrack track;
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
	movement_track_begin(&reading->track, m);
	reading->calendar = movements_calendar(m);
	reading->end = as_of != NULL ? data_end_as_of(*as_of) :
		data_end_inside(reading->calendar, m->head.last);
	reading->last = calendar_last_period(reading->calendar, &reading->end);
	/* levels that live inside one period have no rows */
	reading->row.period = m->ncells > 0 ? (int64) m->cells[0].period - 1 :
		reading->last;
	/* what was before the calendar is in no row, but in the openings */
	if (m->ncells > 0 &&
		calendar_is_before(reading->calendar, m->cells[0].period))
	{
		(void) movement_track_add(&reading->track, &m->cells[reading->cell++]);
		reading->row.period++;
	}
	reading->opening_from = reading->row.period + 1 + m->head.lag;
	return reading;
}

/* Number of rows there are left. */
int64
movement_reading_length(const MovementReading *reading)
{
	return Max(reading->last - reading->row.period, 0);
}

/* The last period there is. */
int64
movement_reading_last(const MovementReading *reading)
{
	return reading->last;
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
	row->opening = movement_track_opening(&reading->track, row->period);
	row->closing = row->opening;
	row->cell = &reading->nothing;
	if (reading->cell < m->ncells &&
		m->cells[reading->cell].period == row->period)
	{
		row->cell = &m->cells[reading->cell++];
		row->closing = movement_track_add(&reading->track, row->cell);
	}
	row->complete = calendar_complete(reading->calendar, row->period, 0,
									  &reading->end);
	row->rates = row->complete &&
		(m->head.lag == 1 || reading->opening_from <= row->period);
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
		(void) movement_track_add(&reading->track, &m->cells[reading->cell++]);
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
	ROW_RETURNING_SHARE, ROW_WIN_BACK_RATE
};

static const ReaderColumn movement_columns[] = {
	[ROW_PERIOD] = {"period", DATEOID},
	[ROW_COMPLETE] = {"complete", BOOLOID},
	[ROW_OPENING_CUSTOMERS] = {"opening_customers", INT8OID},
	[ROW_NEW_CUSTOMERS] = {"new_customers", INT8OID},
	[ROW_REACTIVATED_CUSTOMERS] = {"reactivated_customers", INT8OID},
	[ROW_EXPANDED_CUSTOMERS] = {"expanded_customers", INT8OID},
	[ROW_CONTRACTED_CUSTOMERS] = {"contracted_customers", INT8OID},
	[ROW_RETAINED_CUSTOMERS] = {"retained_customers", INT8OID},
	[ROW_CHURNED_CUSTOMERS] = {"churned_customers", INT8OID},
	[ROW_CLOSING_CUSTOMERS] = {"closing_customers", INT8OID},
	[ROW_DORMANT_CUSTOMERS] = {"dormant_customers", INT8OID},
	[ROW_ORDERS] = {"orders", INT8OID},
	[ROW_OPENING_REVENUE] = {"opening_revenue", NUMERICOID},
	[ROW_NEW_REVENUE] = {"new_revenue", NUMERICOID},
	[ROW_REACTIVATED_REVENUE] = {"reactivated_revenue", NUMERICOID},
	[ROW_EXPANSION_REVENUE] = {"expansion_revenue", NUMERICOID},
	[ROW_CONTRACTION_REVENUE] = {"contraction_revenue", NUMERICOID},
	[ROW_CHURNED_REVENUE] = {"churned_revenue", NUMERICOID},
	[ROW_CLOSING_REVENUE] = {"closing_revenue", NUMERICOID},
	[ROW_REVENUE_PER_CUSTOMER] = {"revenue_per_customer", NUMERICOID},
	[ROW_RETENTION_RATE] = {"retention_rate", FLOAT8OID},
	[ROW_CHURN_RATE] = {"churn_rate", FLOAT8OID},
	[ROW_NRR] = {"nrr", FLOAT8OID},
	[ROW_GRR] = {"grr", FLOAT8OID},
	[ROW_QUICK_RATIO] = {"quick_ratio", FLOAT8OID},
	[ROW_RETURNING_SHARE] = {"returning_share", FLOAT8OID},
	[ROW_WIN_BACK_RATE] = {"win_back_rate", FLOAT8OID},
};

typedef struct RowsState
{
	const Movements *movements;
	MovementReading *reading;
} RowsState;

static void *
rows_begin(FunctionCallInfo fcinfo, const void *arg)
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

static void
put_counts(ReaderRow *r, const MovementRow *row, bool orders)
{
	const int64 *counts = row->cell->counts;
	int64		opening = row->opening.customers;
	int64		dormant = row->opening.ever - opening;

	row_int64(r, ROW_OPENING_CUSTOMERS, opening);
	row_int64(r, ROW_NEW_CUSTOMERS, counts[COUNT_NEW]);
	row_int64(r, ROW_REACTIVATED_CUSTOMERS, counts[COUNT_REACTIVATED]);
	row_int64(r, ROW_RETAINED_CUSTOMERS, opening - counts[COUNT_CHURNED]);
	row_int64(r, ROW_CHURNED_CUSTOMERS, counts[COUNT_CHURNED]);
	row_int64(r, ROW_CLOSING_CUSTOMERS, row->closing.customers);
	row_int64(r, ROW_DORMANT_CUSTOMERS, dormant);
	if (orders)
		row_int64(r, ROW_ORDERS, counts[COUNT_ORDERS]);
	if (!row->rates)
		return;
	row_rate(r, ROW_RETENTION_RATE, opening - counts[COUNT_CHURNED], opening);
	row_rate(r, ROW_CHURN_RATE, counts[COUNT_CHURNED], opening);
	row_rate(r, ROW_WIN_BACK_RATE, counts[COUNT_REACTIVATED], dormant);
}

static void
put_money(ReaderRow *r, const MovementRow *row)
{
	const int128 *money = row->cell->money;
	int128		losses = -(money[MONEY_CONTRACTION] + money[MONEY_CHURNED]);
	int128		above = row->opening.positive;

	row_money(r, ROW_OPENING_REVENUE, row->opening.revenue);
	for (int i = MONEY_NEW; i <= MONEY_CHURNED; i++)
		row_money(r, ROW_NEW_REVENUE + i, money[i]);
	row_money(r, ROW_CLOSING_REVENUE, row->closing.revenue);
	if (row->closing.customers > 0)
		row_money_ratio(r, ROW_REVENUE_PER_CUSTOMER, row->closing.revenue,
						row->closing.customers);
	if (!row->rates)
		return;
	row_money_share(r, ROW_NRR, above + money[MONEY_KEPT], above);
	row_money_share(r, ROW_GRR, above + money[MONEY_LOST], above);
	row_money_share(r, ROW_QUICK_RATIO, money[MONEY_NEW] +
					money[MONEY_REACTIVATED] + money[MONEY_EXPANSION], losses);
	row_money_share(r, ROW_RETURNING_SHARE,
					row->closing.revenue - money[MONEY_NEW],
					row->closing.revenue);
}

static bool
rows_next(void *arg, ReaderRow *r)
{
	RowsState  *state = arg;
	bool		money = movements_has_money(state->movements);
	bool		orders = movements_has_orders(state->movements);
	const MovementRow *row = movement_reading_next(state->reading);

	if (row == NULL)
		return false;
	row_date(r, ROW_PERIOD,
			 calendar_date(calendar_period_start(state->reading->calendar,
												 row->period)));
	row_bool(r, ROW_COMPLETE, row->complete);
	put_counts(r, row, orders);
	/* of events without amounts nobody is seen to expand or contract */
	if (money || !orders)
	{
		row_int64(r, ROW_EXPANDED_CUSTOMERS, row->cell->counts[COUNT_EXPANDED]);
		row_int64(r, ROW_CONTRACTED_CUSTOMERS,
				  row->cell->counts[COUNT_CONTRACTED]);
	}
	if (money)
		put_money(r, row);
	return true;
}

/* movement_rows(movements, as_of): one row per period, in order. */
Datum
retention_movement_rows(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(movement_columns, 1, rows_begin,
											rows_next);

	return reader_rows(&reader, fcinfo, NULL);
}
