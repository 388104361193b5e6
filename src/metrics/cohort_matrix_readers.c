/*
 * cohort_matrix_readers.c
 *		The readers of a cohort matrix in SQL: cohort_cells, retention_curve
 *		and the numbers taken from the curve.
 *
 * NULL arguments have meanings, so none of the functions is strict: a NULL
 * matrix has no rows, a NULL as_of is the default, a NULL age has no rate.
 */
#include "metrics/cohort_matrix_read.h"

#include "base/rate.h"
#include "base/value.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_cohort_cells);
PG_FUNCTION_INFO_V1(retention_retention_curve);
PG_FUNCTION_INFO_V1(retention_matrix_retention_rate);
PG_FUNCTION_INFO_V1(retention_matrix_churn_rate);
PG_FUNCTION_INFO_V1(retention_matrix_ltv);
PG_FUNCTION_INFO_V1(retention_payback_age);

/* Prepare to read argument 0 with as_of, which may be NULL, in argument n. */
static void
reading_from_arguments(FunctionCallInfo fcinfo, int n, MatrixReading *reading)
{
	DateADT		as_of = PG_ARGISNULL(n) ? 0 : PG_GETARG_DATEADT(n);

	matrix_reading_init(reading, PG_GETARG_MATRIX(0),
						PG_ARGISNULL(n) ? NULL : &as_of);
}

static void
refuse_rows(const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the cohort matrix has too many rows to list"),
			 errdetail("More than %lld rows lie between its first cohort and the end of the data.",
					   (long long) MATRIX_MAX_ROWS),
			 errhint("%s", hint)));
}

/* ----------------------------------------------------------------
 *		cohort_cells
 * ----------------------------------------------------------------
 */

typedef struct CellsState
{
	MatrixReading reading;
	int64		max_ages;		/* by up_to_age */
	int64		period;			/* cohort at hand */
	int64		shown;			/* its ages */
	int64		complete;		/* its complete ages */
	int			next;			/* first stored cohort after it */
	CohortWalk	walk;
} CellsState;

enum
{
	CELL_COHORT, CELL_AGE, CELL_PERIOD, CELL_SIZE, CELL_ACTIVE, CELL_OR_LATER,
	CELL_STREAK_COUNT, CELL_ORDERS, CELL_REVENUE, CELL_CUMULATIVE,
	CELL_RETENTION, CELL_RETENTION_OR_LATER, CELL_RETENTION_STREAK,
	CELL_PER_CUSTOMER, CELL_REVENUE_RETENTION, CELL_COMPLETE, CELL_COLUMNS
};

/* Go to a cohort row; at_most bounds the numbers of its ages. */
static void
cells_enter(CellsState *state, int64 period, int64 at_most)
{
	const Matrix *matrix = state->reading.matrix;
	const MatrixCohort *cohort = NULL;

	state->period = period;
	state->shown = matrix_ages_shown(&state->reading, period, at_most);
	state->complete = matrix_ages_complete(&state->reading, period, at_most);
	if (state->next < matrix->ncohorts &&
		matrix->cohorts[state->next].period == period)
		cohort = &matrix->cohorts[state->next++];
	cohort_walk_begin(&state->walk, matrix, cohort);
}

/*
 * Error when there are more rows than a reader lists.  Every cohort row has
 * at least one age, so the loop is never longer than the rows allowed.
 */
static void
cells_check_rows(const CellsState *state)
{
	const char *hint = "Pass up_to_age or an earlier as_of, use a coarser grain, or filter an outlier among the dates.";
	int64		first = state->reading.matrix->cohorts[0].period;
	int64		at_most = state->max_ages;
	int64		rows = 0;

	if (state->reading.last - first >= MATRIX_MAX_ROWS)
		refuse_rows(hint);
	for (int64 period = first; period <= state->reading.last; period++)
	{
		CHECK_FOR_INTERRUPTS();
		at_most = matrix_ages_shown(&state->reading, period, at_most);
		rows += at_most;
		if (rows > MATRIX_MAX_ROWS)
			refuse_rows(hint);
	}
}

static CellsState *
cells_begin(FunctionCallInfo fcinfo)
{
	CellsState *state = palloc0(sizeof(CellsState));

	reading_from_arguments(fcinfo, 1, &state->reading);
	state->max_ages = PG_ARGISNULL(2) ? CALENDAR_FAR :
		(int64) PG_GETARG_INT32(2) + 1;
	if (state->max_ages <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("up_to_age must not be negative"),
				 errdetail("It is %d.", PG_GETARG_INT32(2)),
				 errhint("Pass the last age to show, or NULL for all ages.")));
	cells_check_rows(state);
	state->period = state->reading.matrix->cohorts[0].period;
	if (state->period <= state->reading.last)
		cells_enter(state, state->period, state->max_ages);
	return state;
}

static Datum
count_datum(int64 value, bool known, bool *isnull)
{
	*isnull = !known;
	return known ? Int64GetDatum(value) : (Datum) 0;
}

static Datum
rate_datum(int64 part, int64 whole, bool known, bool *isnull)
{
	*isnull = !known || whole == 0;
	return *isnull ? (Datum) 0 : Float8GetDatum(rate_ratio(part, whole));
}

static Datum
money_datum(int128 value, bool known, bool *isnull)
{
	*isnull = !known;
	return known ? NumericGetDatum(money_to_numeric(value)) : (Datum) 0;
}

static Datum
money_ratio_datum(int128 value, int64 divisor, bool known, bool *isnull)
{
	*isnull = !known || divisor == 0;
	return *isnull ? (Datum) 0 : NumericGetDatum(money_ratio(value, divisor));
}

/* The first day of a period. */
static Datum
day_datum(const CellsState *state, int64 period)
{
	int64		day = calendar_period_start(state->reading.calendar, period);

	return DateADTGetDatum(calendar_date(day));
}

/* The first day of the period a cell lies in; NULL with windows. */
static Datum
period_datum(const CellsState *state, int64 age, bool *isnull)
{
	*isnull = !grain_is_calendar(state->reading.matrix->grain);
	return *isnull ? (Datum) 0 : day_datum(state, state->period + age);
}

static HeapTuple
cells_tuple(const CellsState *state, TupleDesc desc, const CellRow *row)
{
	const Matrix *matrix = state->reading.matrix;
	bool		money = matrix_has_money(matrix);
	bool		complete = row->age < state->complete;
	bool		gains = money && complete && row->first_revenue != 0;
	Datum		v[CELL_COLUMNS];
	bool		n[CELL_COLUMNS] = {0};

	v[CELL_COHORT] = day_datum(state, state->period);
	v[CELL_AGE] = Int32GetDatum((int32) row->age);
	v[CELL_PERIOD] = period_datum(state, row->age, &n[CELL_PERIOD]);
	v[CELL_SIZE] = Int64GetDatum(row->size);
	v[CELL_ACTIVE] = Int64GetDatum(row->active);
	v[CELL_OR_LATER] = Int64GetDatum(row->or_later);
	v[CELL_STREAK_COUNT] = Int64GetDatum(row->streak);
	v[CELL_ORDERS] = count_datum(row->orders, matrix_has_orders(matrix),
								 &n[CELL_ORDERS]);
	v[CELL_REVENUE] = money_datum(row->revenue, money, &n[CELL_REVENUE]);
	v[CELL_CUMULATIVE] = money_datum(row->cumulative, money,
									 &n[CELL_CUMULATIVE]);
	v[CELL_RETENTION] = rate_datum(row->active, row->size, complete,
								   &n[CELL_RETENTION]);
	v[CELL_RETENTION_OR_LATER] = rate_datum(row->or_later, row->size, complete,
											&n[CELL_RETENTION_OR_LATER]);
	v[CELL_RETENTION_STREAK] = rate_datum(row->streak, row->size, complete,
										  &n[CELL_RETENTION_STREAK]);
	v[CELL_PER_CUSTOMER] = money_ratio_datum(row->cumulative, row->size, money,
											 &n[CELL_PER_CUSTOMER]);
	n[CELL_REVENUE_RETENTION] = !gains;
	v[CELL_REVENUE_RETENTION] = gains ?
		Float8GetDatum(money_share(row->revenue, row->first_revenue)) :
		(Datum) 0;
	v[CELL_COMPLETE] = BoolGetDatum(complete);
	return heap_form_tuple(desc, v, n);
}

/*
 * cohort_cells(matrix, as_of, up_to_age): a row for each cohort from the
 * first to the end of the data and each age shown of it.
 */
Datum
retention_cohort_cells(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	CellsState *state;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->tuple_desc = result_row(fcinfo);
		call->user_fctx = PG_ARGISNULL(0) ? NULL : cells_begin(fcinfo);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	if (state == NULL || state->period > state->reading.last)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	if (state->walk.row.age + 1 >= state->shown)
	{
		if (state->period == state->reading.last)
			SRF_RETURN_DONE(call);
		cells_enter(state, state->period + 1, state->shown);
	}
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(cells_tuple(state, call->tuple_desc,
														cohort_walk_next(&state->walk))));
}

/* ----------------------------------------------------------------
 *		retention_curve
 * ----------------------------------------------------------------
 */

enum
{
	CURVE_AGE, CURVE_COHORTS, CURVE_CUSTOMERS, CURVE_ACTIVE, CURVE_RETENTION,
	CURVE_MEAN, CURVE_LOW, CURVE_HIGH, CURVE_OR_LATER, CURVE_STREAK, CURVE_LTV,
	CURVE_PER_ACTIVE, CURVE_COLUMNS
};

typedef struct CurveState
{
	MatrixReading reading;
	Curve	   *curve;
} CurveState;

static CurveState *
curve_state_begin(FunctionCallInfo fcinfo, int as_of)
{
	CurveState *state = palloc0(sizeof(CurveState));

	reading_from_arguments(fcinfo, as_of, &state->reading);
	state->curve = curve_begin(&state->reading);
	return state;
}

static HeapTuple
curve_tuple(const CurveState *state, TupleDesc desc, const CurveRow *row)
{
	bool		money = matrix_has_money(state->reading.matrix);
	int64		customers = row->customers;
	Datum		v[CURVE_COLUMNS];
	bool		n[CURVE_COLUMNS] = {0};
	float8		low;
	float8		high;

	rate_wilson((float8) row->active, (float8) customers, RATE_Z95, &low,
				&high);
	v[CURVE_AGE] = Int32GetDatum((int32) row->age);
	v[CURVE_COHORTS] = Int32GetDatum((int32) row->cohorts);
	v[CURVE_CUSTOMERS] = Int64GetDatum(customers);
	v[CURVE_ACTIVE] = Int64GetDatum(row->active);
	v[CURVE_RETENTION] = Float8GetDatum(rate_ratio(row->active, customers));
	v[CURVE_MEAN] = Float8GetDatum(row->mean);
	v[CURVE_LOW] = Float8GetDatum(low);
	v[CURVE_HIGH] = Float8GetDatum(high);
	v[CURVE_OR_LATER] = Float8GetDatum(rate_ratio(row->or_later, customers));
	v[CURVE_STREAK] = Float8GetDatum(rate_ratio(row->streak, customers));
	v[CURVE_LTV] = money_ratio_datum(row->cumulative, customers, money,
									 &n[CURVE_LTV]);
	v[CURVE_PER_ACTIVE] = money_ratio_datum(row->revenue, row->active, money,
											&n[CURVE_PER_ACTIVE]);
	return heap_form_tuple(desc, v, n);
}

/*
 * retention_curve(matrix, as_of): a row for each age at which a cohort is
 * complete, over the cohorts that are.
 */
Datum
retention_retention_curve(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	CurveState *state;
	const CurveRow *row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->tuple_desc = result_row(fcinfo);
		if (!PG_ARGISNULL(0))
		{
			state = curve_state_begin(fcinfo, 1);
			if (curve_length(state->curve) > MATRIX_MAX_ROWS)
				refuse_rows("Pass an earlier as_of, use a coarser grain, or filter an outlier among the dates.");
			call->user_fctx = state;
		}
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	CHECK_FOR_INTERRUPTS();
	row = state != NULL ? curve_next(state->curve) : NULL;
	if (row == NULL)
		SRF_RETURN_DONE(call);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(curve_tuple(state, call->tuple_desc,
														row)));
}

/* ----------------------------------------------------------------
 *		Numbers from the curve
 * ----------------------------------------------------------------
 */

/* Money of a recurring matrix would count a customer once for each cohort. */
static void
refuse_recurring(const Matrix *matrix, const char *function)
{
	if (matrix->flags & MATRIX_RECURRING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s does not go with a recurring cohort matrix",
						function),
				 errdetail("A customer is in the cohort of every period they are active in, so revenue per customer has no meaning."),
				 errhint("Build a first-time matrix with cohort_matrix(customer, at, amount, grain).")));
}

/*
 * The row of the curve at the age in argument 1, as_of being argument 2; NULL
 * when there is none.
 */
static const CurveRow *
curve_row_at(FunctionCallInfo fcinfo, const char *money_function,
			 const Matrix **matrix)
{
	CurveState *state;
	const CurveRow *row = NULL;
	int32		age;

	if (PG_ARGISNULL(0))
		return NULL;
	state = curve_state_begin(fcinfo, 2);
	*matrix = state->reading.matrix;
	if (money_function != NULL)
		refuse_recurring(*matrix, money_function);
	if (PG_ARGISNULL(1))
		return NULL;
	age = PG_GETARG_INT32(1);
	if (age < 0 || age >= curve_length(state->curve))
		return NULL;
	for (int64 k = 0; k <= age; k++)
	{
		CHECK_FOR_INTERRUPTS();
		row = curve_next(state->curve);
	}
	return row;
}

/* retention_rate(matrix, age, as_of): active / customers. */
Datum
retention_matrix_retention_rate(PG_FUNCTION_ARGS)
{
	const Matrix *matrix;
	const CurveRow *row = curve_row_at(fcinfo, NULL, &matrix);

	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rate_ratio(row->active, row->customers));
}

/* churn_rate(matrix, age, as_of): the complement, cumulative, no hazard. */
Datum
retention_matrix_churn_rate(PG_FUNCTION_ARGS)
{
	const Matrix *matrix;
	const CurveRow *row = curve_row_at(fcinfo, NULL, &matrix);

	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(1 - rate_ratio(row->active, row->customers));
}

/* ltv(matrix, age, as_of): cumulative revenue / customers. */
Datum
retention_matrix_ltv(PG_FUNCTION_ARGS)
{
	const Matrix *matrix;
	const CurveRow *row = curve_row_at(fcinfo, "ltv", &matrix);

	if (row == NULL || !matrix_has_money(matrix))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_ratio(row->cumulative, row->customers));
}

static bool
numeric_below(Numeric a, int64 b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(a),
											NumericGetDatum(int64_to_numeric(b))));
}

static char *
numeric_text(Numeric value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value)));
}

static void
check_payback_arguments(Numeric cac, Numeric margin)
{
	if (numeric_is_nan(cac) || numeric_is_inf(cac) || numeric_below(cac, 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("cac must be a finite amount of 0 or more"),
				 errdetail("It is %s.", numeric_text(cac)),
				 errhint("Pass the cost of acquiring one customer, for example marketing cost divided by customers won.")));

	/* NaN sorts above all numbers */
	if (numeric_below(margin, 0) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(margin),
										 NumericGetDatum(int64_to_numeric(1)))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("margin must be between 0 and 1"),
				 errdetail("It is %s.", numeric_text(margin)),
				 errhint("Pass the share of revenue that is left, for example 0.7 for 70 percent.")));
}

/*
 * Is cumulative / customers * margin >= cac?  Compared without the division,
 * exactly.
 */
static bool
pays_back(const CurveRow *row, Numeric cac, Numeric margin)
{
	Datum		earned = DirectFunctionCall2(numeric_mul,
											 NumericGetDatum(money_to_numeric(row->cumulative)),
											 NumericGetDatum(margin));
	Datum		spent = DirectFunctionCall2(numeric_mul, NumericGetDatum(cac),
											NumericGetDatum(int64_to_numeric(row->customers)));

	return DatumGetBool(DirectFunctionCall2(numeric_ge, earned, spent));
}

/*
 * payback_age(matrix, cac, margin, as_of): the first age whose cumulative
 * revenue per customer times margin reaches cac; NULL when none does.
 */
Datum
retention_payback_age(PG_FUNCTION_ARGS)
{
	CurveState *state;
	Numeric		cac;
	Numeric		margin;
	const CurveRow *row;
	MemoryContext scratch;
	MemoryContext old;
	int64		customers = -1;
	bool		paid = false;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = curve_state_begin(fcinfo, 3);
	refuse_recurring(state->reading.matrix, "payback_age");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	cac = PG_GETARG_NUMERIC(1);
	margin = PG_GETARG_NUMERIC(2);
	check_payback_arguments(cac, margin);
	if (!matrix_has_money(state->reading.matrix))
		PG_RETURN_NULL();

	scratch = AllocSetContextCreate(CurrentMemoryContext, "payback_age",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	while (!paid && (row = curve_next(state->curve)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		/* nothing has changed since the age before: nor has the answer */
		if (row->revenue == 0 && row->customers == customers)
			continue;
		customers = row->customers;
		paid = pays_back(row, cac, margin);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	if (!paid || row->age > PG_INT32_MAX)
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) row->age);
}
