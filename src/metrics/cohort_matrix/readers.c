/*
 * cohort_matrix/readers.c
 *		The readers of a cohort matrix in SQL: cohort_cells, retention_curve
 *		and the numbers taken from the curve.
 *
 * NULL arguments have meanings, so none of the functions is strict: a NULL
 * matrix has no rows, a NULL as_of is the default, a NULL age has no rate.
 */
#include "metrics/cohort_matrix/read.h"

#include "base/reader.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_cohort_cells);
PG_FUNCTION_INFO_V1(retention_retention_curve);
PG_FUNCTION_INFO_V1(retention_matrix_retention_rate);
PG_FUNCTION_INFO_V1(retention_matrix_churn_rate);
PG_FUNCTION_INFO_V1(retention_matrix_ltv);
PG_FUNCTION_INFO_V1(retention_ltv_chained);
PG_FUNCTION_INFO_V1(retention_payback_age);
PG_FUNCTION_INFO_V1(retention_payback_age_float8);

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
	CELL_PER_CUSTOMER, CELL_REVENUE_RETENTION, CELL_COMPLETE, CELL_KEPT,
	CELL_GROSS_RETENTION
};

static const ReaderColumn cell_columns[] = {
	[CELL_COHORT] = {"cohort", DATEOID},
	[CELL_AGE] = {"age", INT4OID},
	[CELL_PERIOD] = {"period", DATEOID},
	[CELL_SIZE] = {"cohort_size", INT8OID},
	[CELL_ACTIVE] = {"active", INT8OID},
	[CELL_OR_LATER] = {"active_or_later", INT8OID},
	[CELL_STREAK_COUNT] = {"active_streak", INT8OID},
	[CELL_ORDERS] = {"orders", INT8OID},
	[CELL_REVENUE] = {"revenue", NUMERICOID},
	[CELL_CUMULATIVE] = {"cumulative_revenue", NUMERICOID},
	[CELL_RETENTION] = {"retention", FLOAT8OID},
	[CELL_RETENTION_OR_LATER] = {"retention_or_later", FLOAT8OID},
	[CELL_RETENTION_STREAK] = {"retention_streak", FLOAT8OID},
	[CELL_PER_CUSTOMER] = {"revenue_per_customer", NUMERICOID},
	[CELL_REVENUE_RETENTION] = {"revenue_retention", FLOAT8OID},
	[CELL_COMPLETE] = {"complete", BOOLOID},
	[CELL_KEPT] = {"kept_revenue", NUMERICOID},
	[CELL_GROSS_RETENTION] = {"gross_revenue_retention", FLOAT8OID},
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

static void *
cells_begin(FunctionCallInfo fcinfo, const void *arg)
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

/* The first day of a period. */
static DateADT
first_day(const CellsState *state, int64 period)
{
	return calendar_date(calendar_period_start(state->reading.calendar, period));
}

static void
put_cell(ReaderRow *r, const CellsState *state, const CellRow *row)
{
	const Matrix *matrix = state->reading.matrix;
	bool		money = matrix_has_money(matrix);
	bool		complete = row->age < state->complete;

	row_date(r, CELL_COHORT, first_day(state, state->period));
	row_int32(r, CELL_AGE, row->age);
	/* windows lie in no period */
	if (grain_is_calendar(matrix->grain))
		row_date(r, CELL_PERIOD, first_day(state, state->period + row->age));
	row_int64(r, CELL_SIZE, row->size);
	row_int64(r, CELL_ACTIVE, row->active);
	row_int64(r, CELL_OR_LATER, row->or_later);
	row_int64(r, CELL_STREAK_COUNT, row->streak);
	row_bool(r, CELL_COMPLETE, complete);
	if (matrix_has_orders(matrix))
		row_int64(r, CELL_ORDERS, row->orders);
	if (money)
		row_money(r, CELL_REVENUE, row->revenue);
	if (matrix_sums_money(matrix))
	{
		row_money(r, CELL_CUMULATIVE, row->cumulative);
		row_money_ratio(r, CELL_PER_CUSTOMER, row->cumulative, row->size);
	}
	if (matrix_has_gross(matrix->flags))
		row_money(r, CELL_KEPT, row->kept);
	if (!complete)
		return;
	row_money_share(r, CELL_GROSS_RETENTION, row->kept, row->base);
	row_rate(r, CELL_RETENTION, row->active, row->size);
	row_rate(r, CELL_RETENTION_OR_LATER, row->or_later, row->size);
	row_rate(r, CELL_RETENTION_STREAK, row->streak, row->size);
	if (money)
		row_money_share(r, CELL_REVENUE_RETENTION, row->revenue,
						row->first_revenue);
}

static bool
cells_next(void *arg, ReaderRow *row)
{
	CellsState *state = arg;

	if (state->period > state->reading.last)
		return false;
	if (state->walk.row.age + 1 >= state->shown)
	{
		if (state->period == state->reading.last)
			return false;
		cells_enter(state, state->period + 1, state->shown);
	}
	put_cell(row, state, cohort_walk_next(&state->walk));
	return true;
}

/*
 * cohort_cells(matrix, as_of, up_to_age): a row for each cohort from the
 * first to the end of the data and each age shown of it.
 */
Datum
retention_cohort_cells(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(cell_columns, 1, cells_begin,
											cells_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		retention_curve
 * ----------------------------------------------------------------
 */

enum
{
	CURVE_AGE, CURVE_COHORTS, CURVE_CUSTOMERS, CURVE_ACTIVE, CURVE_RETENTION,
	CURVE_MEAN, CURVE_LOW, CURVE_HIGH, CURVE_OR_LATER, CURVE_STREAK, CURVE_LTV,
	CURVE_PER_ACTIVE, CURVE_LTV_CHAINED
};

static const ReaderColumn curve_columns[] = {
	[CURVE_AGE] = {"age", INT4OID},
	[CURVE_COHORTS] = {"cohorts", INT4OID},
	[CURVE_CUSTOMERS] = {"customers", INT8OID},
	[CURVE_ACTIVE] = {"active", INT8OID},
	[CURVE_RETENTION] = {"retention", FLOAT8OID},
	[CURVE_MEAN] = {"retention_mean", FLOAT8OID},
	[CURVE_LOW] = {"retention_low", FLOAT8OID},
	[CURVE_HIGH] = {"retention_high", FLOAT8OID},
	[CURVE_OR_LATER] = {"retention_or_later", FLOAT8OID},
	[CURVE_STREAK] = {"retention_streak", FLOAT8OID},
	[CURVE_LTV] = {"ltv", NUMERICOID},
	[CURVE_PER_ACTIVE] = {"revenue_per_active", NUMERICOID},
	[CURVE_LTV_CHAINED] = {"ltv_chained", NUMERICOID},
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

static void *
curve_rows_begin(FunctionCallInfo fcinfo, const void *arg)
{
	CurveState *state = curve_state_begin(fcinfo, 1);

	if (curve_length(state->curve) > MATRIX_MAX_ROWS)
		refuse_rows("Pass an earlier as_of, use a coarser grain, or filter an outlier among the dates.");
	return state;
}

static bool
curve_rows_next(void *arg, ReaderRow *r)
{
	CurveState *state = arg;
	const CurveRow *row = curve_next(state->curve);
	float8		low;
	float8		high;

	if (row == NULL)
		return false;
	rate_wilson((float8) row->active, (float8) row->customers, RATE_Z95, &low,
				&high);
	row_int32(r, CURVE_AGE, row->age);
	row_int32(r, CURVE_COHORTS, row->cohorts);
	row_int64(r, CURVE_CUSTOMERS, row->customers);
	row_int64(r, CURVE_ACTIVE, row->active);
	row_rate(r, CURVE_RETENTION, row->active, row->customers);
	row_float8(r, CURVE_MEAN, row->mean);
	row_float8(r, CURVE_LOW, low);
	row_float8(r, CURVE_HIGH, high);
	row_rate(r, CURVE_OR_LATER, row->or_later, row->customers);
	row_rate(r, CURVE_STREAK, row->streak, row->customers);
	if (matrix_has_money(state->reading.matrix))
		row_money_ratio(r, CURVE_PER_ACTIVE, row->revenue, row->active);
	if (matrix_sums_money(state->reading.matrix))
	{
		row_money_ratio(r, CURVE_LTV, row->cumulative, row->customers);
		row_numeric(r, CURVE_LTV_CHAINED,
					money_quotients_numeric(&row->chained));
	}
	return true;
}

/*
 * retention_curve(matrix, as_of): a row for each age at which a cohort is
 * complete, over the cohorts that are.
 */
Datum
retention_retention_curve(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(curve_columns, 1, curve_rows_begin,
											curve_rows_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		Numbers from the curve
 * ----------------------------------------------------------------
 */

/* Money of a recurring matrix would count a customer once for each cohort. */
void
matrix_refuse_recurring(const Matrix *matrix, const char *function)
{
	if (matrix->flags & MATRIX_RECURRING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s does not go with a recurring cohort matrix",
						function),
				 errdetail("A customer is in the cohort of every period they are active in or start in, so revenue per customer has no meaning."),
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
		matrix_refuse_recurring(*matrix, money_function);
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

/* ltv_chained(matrix, age, as_of): revenue / customers, added up by age. */
Datum
retention_ltv_chained(PG_FUNCTION_ARGS)
{
	const Matrix *matrix;
	const CurveRow *row = curve_row_at(fcinfo, "ltv_chained", &matrix);

	if (row == NULL || !matrix_has_money(matrix))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_quotients_numeric(&row->chained));
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

/* Error 22003 for what is no cost, or no share. */
void
payback_check(Numeric cac, Numeric margin)
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

/* Is the chained value times margin >= cac?  Compared exactly. */
static bool
pays_back(const CurveRow *row, Numeric cac, Numeric margin)
{
	Datum		earned = DirectFunctionCall2(numeric_mul,
											 NumericGetDatum(money_quotients_numeric(&row->chained)),
											 NumericGetDatum(margin));

	return DatumGetBool(DirectFunctionCall2(numeric_ge, earned,
											NumericGetDatum(cac)));
}

/*
 * The first age whose chained value times margin reaches cac; false when none
 * does.  The chain adds what customers bring at each age, so that it does not
 * fall, as the pooled value may, when cohorts that are worth more have no such
 * age yet.
 */
bool
payback_find(Curve *curve, Numeric cac, Numeric margin, int64 *age)
{
	const CurveRow *row;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "payback_age",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool		paid = false;

	while (!paid && (row = curve_next(curve)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		/* nothing has been added since the age before */
		if (row->revenue == 0 && row->age > 0)
			continue;
		paid = pays_back(row, cac, margin);
		*age = row->age;
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return paid;
}

static Datum
payback_age(FunctionCallInfo fcinfo, Numeric (*argument) (FunctionCallInfo, int))
{
	CurveState *state;
	Numeric		cac;
	Numeric		margin;
	int64		age;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = curve_state_begin(fcinfo, 3);
	matrix_refuse_recurring(state->reading.matrix, "payback_age");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	cac = argument(fcinfo, 1);
	margin = argument(fcinfo, 2);
	payback_check(cac, margin);
	if (!matrix_has_money(state->reading.matrix) ||
		!payback_find(state->curve, cac, margin, &age) || age > PG_INT32_MAX)
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) age);
}

static Numeric
numeric_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_GETARG_NUMERIC(n);
}

/* payback_age(matrix, cac, margin, as_of) */
Datum
retention_payback_age(PG_FUNCTION_ARGS)
{
	return payback_age(fcinfo, numeric_argument);
}

static Numeric
float8_argument(FunctionCallInfo fcinfo, int n)
{
	return money_from_shortest(PG_GETARG_FLOAT8(n));
}

/* The same of float8s, as decimals: 0.3 is three tenths. */
Datum
retention_payback_age_float8(PG_FUNCTION_ARGS)
{
	return payback_age(fcinfo, float8_argument);
}
