/*
 * contract_model.c
 *		The type contract_model in SQL: the aggregate that fits it, the fit to
 *		a cohort matrix, its functions.
 */
#include "models/contract.h"

#include <math.h>

#include "metrics/cohort_matrix/read.h"
#include "miscadmin.h"
#include "models/prediction.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_contract_model_transition);
PG_FUNCTION_INFO_V1(retention_contract_model_final);
PG_FUNCTION_INFO_V1(retention_contract_model_of_matrix);
PG_FUNCTION_INFO_V1(retention_contract_model_parameters);
PG_FUNCTION_INFO_V1(retention_contract_model_fit);
PG_FUNCTION_INFO_V1(retention_contract_survival);
PG_FUNCTION_INFO_V1(retention_contract_renewal_rate);
PG_FUNCTION_INFO_V1(retention_contract_expected_lifetime);

/* Rows that are no life of a contract. */
enum
{
	BAD_NEGATIVE, BAD_LOST_AT_ONCE, BAD_WEIGHT, BAD_KINDS
};

static const ProblemText bad_rows[BAD_KINDS] = {
	{"the number of periods is negative",
	"periods counts the periods from the start of the contract until it ended, or until the data end."},
	{"a customer is lost after 0 periods",
	"Number the periods from 1: a customer who never renewed was lost in period 1."},
	{"the weight is negative",
	"The weight is the number of customers a row stands for."}
};

/* In a bad row v is the weight. */
static char *
describe_row(const RowGroup *row)
{
	return psprintf("%lld periods, %s, weight %g", (long long) row->x,
					row->u > 0 ? "churned" : "not churned", row->v);
}

/* ----------------------------------------------------------------
 *		Fits
 * ----------------------------------------------------------------
 */

static const uint8 row_roles[] = {
	CONSTANT_KIND, ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT
};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* (internal, kind, periods, churned [, weight]) -> internal */
Datum
retention_contract_model_transition(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	RowGroups  *groups = groups_argument(plan, fcinfo, &contract_type);
	int64		weight;
	int64		periods;
	bool		churned;

	if (argument_skips(plan, fcinfo))
		PG_RETURN_POINTER(groups);
	weight = argument_weight(plan, fcinfo);
	periods = PG_GETARG_INT64(2);
	churned = PG_GETARG_BOOL(3);
	if (periods < 0)
		groups_add_bad(groups, BAD_NEGATIVE, periods, churned, (float8) weight, 1);
	else if (periods == 0 && churned)
		groups_add_bad(groups, BAD_LOST_AT_ONCE, periods, churned, (float8) weight, 1);
	else if (weight < 0)
		groups_add_bad(groups, BAD_WEIGHT, periods, churned, (float8) weight, 1);
	else if (weight > 0)
		groups_add(groups, periods, churned, 0, weight);
	PG_RETURN_POINTER(groups);
}

/* Would the transition function have counted a row as usable? */
static bool
row_is_usable(const RowGroup *row)
{
	return row->x >= 0 && row->v == 0 &&
		(row->u == 0 || (row->u == 1 && row->x > 0));
}

/* Error 22023 where the likelihood has no maximum. */
static void
check_maximum(const RowGroup *rows, int64 n, int64 customers)
{
	bool		lost = false;
	bool		renewed = false;

	for (int64 i = 0; i < n; i++)
	{
		lost = lost || rows[i].u > 0;
		renewed = renewed || rows[i].x > 1 || (rows[i].x == 1 && rows[i].u <= 0);
	}
	if (lost && renewed)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 lost ? errmsg("every customer was lost in the first period") :
			 errmsg("no customer was lost"),
			 errdetail("With %lld customers and nothing to compare them with, no parameters are the most likely ones.",
					   (long long) customers),
			 errhint("Observe the customers for more periods, or leave such groups out: HAVING bool_or(churned) AND bool_or(periods > 1 OR NOT churned).")));
}

/* The model of the rows of groups, of which there are some. */
static struct varlena *
fit_groups(const RowGroups *groups)
{
	RowGroup   *sorted = groups_sorted(groups);
	Fitted		fitted = {0};

	check_maximum(sorted, groups->ngroups, groups->rows);
	contract_fit((ContractKind) groups->kind, sorted, groups->ngroups, &fitted);
	pfree(sorted);
	fitted.customers = groups->rows;
	fitted.distinct_rows = groups->ngroups;
	return fitted_encode(&contract_type, &fitted);
}

/* (internal) -> contract_model: the fit; NULL without rows. */
Datum
retention_contract_model_final(PG_FUNCTION_ARGS)
{
	const RowGroups *groups;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	groups = (const RowGroups *) PG_GETARG_POINTER(0);
	groups_check(groups, &contract_type, BAD_KINDS, row_is_usable);
	groups_check_bad(groups, "contract_model", bad_rows, BAD_KINDS,
					 describe_row);
	if (groups->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(fit_groups(groups));
}

/*
 * Count the customers of a cohort, of which so many ages are complete: those
 * whose streak ends are lost at the next age.
 */
static void
add_cohort(RowGroups *groups, const Matrix *matrix, const MatrixCohort *cohort,
		   int64 complete)
{
	int64		stored = cohort->ncells > 0 ?
		(int64) cohort->cells[cohort->ncells - 1].age + 2 : 1;
	CohortWalk	walk;
	const CellRow *row;
	int64		streak;

	cohort_walk_begin(&walk, matrix, cohort);
	streak = cohort_walk_next(&walk)->streak;
	for (int64 age = 1; age < Min(complete, stored); age++)
	{
		CHECK_FOR_INTERRUPTS();
		row = cohort_walk_next(&walk);
		if (row->streak < streak)
			groups_add(groups, age, 1, 0, streak - row->streak);
		streak = row->streak;
	}
	if (streak > 0)
		groups_add(groups, complete - 1, 0, 0, streak);
}

/* Error 22023 for a matrix whose ages are no periods of a contract. */
static void
check_matrix(const Matrix *matrix)
{
	if (matrix->flags & MATRIX_RECURRING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("contract_model does not go with a recurring cohort matrix"),
				 errdetail("A customer is in the cohort of every period they are active in, and would be counted many times."),
				 errhint("Build a first-time matrix with cohort_matrix(customer, at, amount, grain).")));
	if (grain_is_cut(matrix->grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("contract_model does not go with a grain of cut points"),
				 errdetail("Its ages are brackets of different lengths, not the periods of a contract."),
				 errhint("Use a grain of equal periods, such as month.")));
}

/* contract_model(kind, matrix, as_of) */
Datum
retention_contract_model_of_matrix(PG_FUNCTION_ARGS)
{
	uint8		kind = fitted_kind_argument(&contract_type, fcinfo, 0);
	DateADT		as_of = PG_ARGISNULL(2) ? 0 : PG_GETARG_DATEADT(2);
	const Matrix *matrix;
	MatrixReading reading;
	RowGroups  *groups;
	int64		complete = CALENDAR_FAR;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	matrix = PG_GETARG_MATRIX(1);
	check_matrix(matrix);
	matrix_reading_init(&reading, matrix, PG_ARGISNULL(2) ? NULL : &as_of);
	groups = groups_create(CurrentMemoryContext, &contract_type, kind,
						   UNIT_NONE);
	for (int i = 0; i < matrix->ncohorts; i++)
	{
		const MatrixCohort *cohort = &matrix->cohorts[i];

		complete = matrix_ages_complete(&reading, cohort->period, complete);
		if (complete > 0)
			add_cohort(groups, matrix, cohort, complete);
	}
	if (groups->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(fit_groups(groups));
}

/* ----------------------------------------------------------------
 *		The type
 * ----------------------------------------------------------------
 */

FITTED_FUNCTIONS(contract_model, &contract_type);

/* model_parameters(contract_model) */
Datum
retention_contract_model_parameters(PG_FUNCTION_ARGS)
{
	return fitted_parameters(&contract_type, fcinfo);
}

/* model_fit(contract_model) */
Datum
retention_contract_model_fit(PG_FUNCTION_ARGS)
{
	return fitted_fit(&contract_type, fcinfo);
}

/* ----------------------------------------------------------------
 *		Predictions
 * ----------------------------------------------------------------
 */

static Contract
contract_argument(FunctionCallInfo fcinfo, int n)
{
	Fitted		fitted;

	fitted_argument(&contract_type, fcinfo, n, &fitted);
	return contract_of(&fitted);
}

/* A period that is no less than so much. */
static int64
period_argument(int64 t, int least, const char *name)
{
	if (t < least)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be below %d", name, least),
				 errdetail("It is %lld.", (long long) t),
				 errhint("Periods are numbered from 1, the first in which a customer can be lost; 0 is the start.")));
	return t;
}

/* survival(model, t) */
Datum
retention_contract_survival(PG_FUNCTION_ARGS)
{
	int64		t = period_argument(PG_GETARG_INT64(1), 0, "t");
	Contract	m = contract_argument(fcinfo, 0);

	PG_RETURN_FLOAT8(t == 0 ? 1 :
					 prediction_result(exp(contract_log_survival(&m, (float8) t))));
}

/* renewal_rate(model, t) */
Datum
retention_contract_renewal_rate(PG_FUNCTION_ARGS)
{
	int64		t = period_argument(PG_GETARG_INT64(1), 1, "t");
	Contract	m = contract_argument(fcinfo, 0);

	PG_RETURN_FLOAT8(prediction_result(contract_renewal_rate(&m, (float8) t)));
}

/* expected_lifetime(model, discount_per_period, renewals) */
Datum
retention_contract_expected_lifetime(PG_FUNCTION_ARGS)
{
	float8		discount = PG_GETARG_FLOAT8(1);
	int64		renewals = period_argument(PG_GETARG_INT32(2), 0, "renewals");
	Contract	m = contract_argument(fcinfo, 0);
	float8		lifetime;

	if (!(discount >= 0) || isinf(discount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("discount_per_period must be finite and not negative"),
				 errdetail("It is %g.", discount),
				 errhint("It is a fraction: 0.01 is one percent per period. A discount d per year is (1 + d)^(1/12) - 1 per month.")));
	if (!contract_lifetime(&m, discount, renewals, &lifetime))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(lifetime));
}
