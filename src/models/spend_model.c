/*
 * spend_model.c
 *		The type spend_model in SQL: the aggregate that fits it, its functions
 *		and the value of customers.
 */
#include "models/spend.h"

#include "models/prediction.h"
#include "models/purchase_timeline.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(retention_spend_model_transition_float8);
PG_FUNCTION_INFO_V1(retention_spend_model_transition_numeric);
PG_FUNCTION_INFO_V1(retention_spend_model_transition_timeline);
PG_FUNCTION_INFO_V1(retention_spend_model_final);
PG_FUNCTION_INFO_V1(retention_spend_model_parameters);
PG_FUNCTION_INFO_V1(retention_spend_model_fit);
PG_FUNCTION_INFO_V1(retention_expected_spend);
PG_FUNCTION_INFO_V1(retention_spend_log_likelihood);
PG_FUNCTION_INFO_V1(retention_predicted_ltv);

/* ----------------------------------------------------------------
 *		The aggregate
 * ----------------------------------------------------------------
 */

/*
 * Count so many customers who are alike; those without repeat purchases say
 * nothing.
 */
static void
count_customers(RowGroups *groups, int64 frequency, float8 value, int64 weight)
{
	SpendProblem problem = spend_problem(frequency, value);

	if (weight == 0)
		return;
	if (weight < 0)
		groups_add_bad(groups, SPEND_WEIGHT, frequency, value, 0, 1);
	else if (problem != SPEND_NO_PROBLEM)
		groups_add_bad(groups, problem, frequency, value, 0, weight);
	else if (frequency > 0)
		groups_add(groups, frequency, value, 0, weight);
	else
		groups_add_unused(groups, weight);
}

static const uint8 row_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

static inline Datum
transition(FunctionCallInfo fcinfo, float8 (*value) (Datum))
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	RowGroups  *groups = groups_argument(plan, fcinfo, &spend_type);

	if (!argument_skips(plan, fcinfo))
		count_customers(groups, PG_GETARG_INT64(1), value(PG_GETARG_DATUM(2)),
						argument_weight(plan, fcinfo));
	PG_RETURN_POINTER(groups);
}

static float8
value_float8(Datum value)
{
	return DatumGetFloat8(value);
}

static float8
value_numeric(Datum value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
}

/* (internal, frequency, monetary_value float8 [, weight]) -> internal */
Datum
retention_spend_model_transition_float8(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, value_float8);
}

/* (internal, frequency, monetary_value numeric [, weight]) -> internal */
Datum
retention_spend_model_transition_numeric(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, value_numeric);
}

static const uint8 timeline_roles[] = {ROLE_VALUE, ROLE_VALUE};
static const ArgumentForm timeline_form = ARGUMENT_FORM(timeline_roles);

/* (internal, timeline, as_of) -> internal */
Datum
retention_spend_model_transition_timeline(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &timeline_form);
	RowGroups  *groups = groups_argument(plan, fcinfo, &spend_type);
	PurchaseSummary summary;

	if (!argument_skips(plan, fcinfo) &&
		purchase_timeline_money(fcinfo, 1, &summary))
		count_customers(groups, summary.frequency,
						purchase_timeline_spend(&summary), 1);
	PG_RETURN_POINTER(groups);
}

/* Would the transition function have counted a row as usable? */
static bool
row_is_usable(const RowGroup *row)
{
	return row->x > 0 && row->v == 0 &&
		spend_problem(row->x, row->u) == SPEND_NO_PROBLEM;
}

/* (internal) -> spend_model: the fit; NULL without rows. */
Datum
retention_spend_model_final(PG_FUNCTION_ARGS)
{
	const RowGroups *groups;
	RowGroup	   *sorted;
	Fitted		fitted = {0};

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	groups = (const RowGroups *) PG_GETARG_POINTER(0);
	groups_check(groups, &spend_type, SPEND_PROBLEMS, row_is_usable);
	groups_check_bad(groups, "spend_model", spend_problems, SPEND_PROBLEMS,
					 spend_describe);
	if (groups->rows == 0)
	{
		if (groups->unused == 0)
			PG_RETURN_NULL();
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no customer has a repeat purchase"),
				 errdetail("The frequency is 0 in all %lld rows.",
						   (long long) groups->unused),
				 errhint("Count days with a purchase without the first as frequency, or observe the customers for a longer time.")));
	}
	sorted = groups_sorted(groups);
	spend_fit(sorted, groups->ngroups, &fitted);
	pfree(sorted);
	fitted.customers = groups->rows;
	fitted.distinct_rows = groups->ngroups;
	PG_RETURN_POINTER(fitted_encode(&spend_type, &fitted));
}

/* ----------------------------------------------------------------
 *		The type
 * ----------------------------------------------------------------
 */

FITTED_FUNCTIONS(spend_model, &spend_type);

/* model_parameters(spend_model) */
Datum
retention_spend_model_parameters(PG_FUNCTION_ARGS)
{
	return fitted_parameters(&spend_type, fcinfo);
}

/* model_fit(spend_model) */
Datum
retention_spend_model_fit(PG_FUNCTION_ARGS)
{
	return fitted_fit(&spend_type, fcinfo);
}

/* ----------------------------------------------------------------
 *		Predictions
 * ----------------------------------------------------------------
 */

/* expected_spend(s, frequency, monetary_value) */
Datum
retention_expected_spend(PG_FUNCTION_ARGS)
{
	Fitted		s;
	int64		frequency;
	float8		value;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	frequency = PG_GETARG_INT64(1);
	if (PG_ARGISNULL(2) && frequency > 0)
		PG_RETURN_NULL();
	value = PG_ARGISNULL(2) ? 0 : PG_GETARG_FLOAT8(2);
	fitted_argument(&spend_type, fcinfo, 0, &s);
	PG_RETURN_FLOAT8(prediction_spend(&s, frequency, value));
}

/* log_likelihood(s, frequency, monetary_value) */
Datum
retention_spend_log_likelihood(PG_FUNCTION_ARGS)
{
	Fitted		s;
	int64		frequency = PG_GETARG_INT64(1);
	float8		value = PG_GETARG_FLOAT8(2);

	prediction_check_spend(frequency, value);
	if (frequency == 0)
		PG_RETURN_FLOAT8(0);
	fitted_argument(&spend_type, fcinfo, 0, &s);
	PG_RETURN_FLOAT8(prediction_result(spend_log_likelihood(s.p, frequency, value)));
}

/*
 * predicted_ltv(m, s, frequency, recency, age, monetary_value, as_of,
 * horizon, annual_discount, margin); monetary_value may be NULL without
 * repeat purchases.
 */
Datum
retention_predicted_ltv(PG_FUNCTION_ARGS)
{
	Fitted		m;
	Fitted		s;
	int64		frequency;
	float8		value;
	PurchaseHistory h;
	LtvTerms	terms;

	for (int i = 0; i < 10; i++)
		if (PG_ARGISNULL(i) && (i != 5 || PG_GETARG_INT64(2) > 0))
			PG_RETURN_NULL();
	frequency = PG_GETARG_INT64(2);
	h = purchase_history(frequency, PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4));
	value = PG_ARGISNULL(5) ? 0 : PG_GETARG_FLOAT8(5);
	prediction_check_spend(frequency, value);
	terms.as_of = PG_GETARG_DATEADT(6);
	terms.horizon = PG_GETARG_INTERVAL_P(7);
	terms.annual_discount = PG_GETARG_FLOAT8(8);
	terms.margin = PG_GETARG_FLOAT8(9);
	prediction_check_terms(&terms);
	fitted_argument(&purchase_type, fcinfo, 0, &m);
	fitted_argument(&spend_type, fcinfo, 1, &s);
	PG_RETURN_NUMERIC(prediction_money(prediction_ltv(&m,
													  spend_expected(s.p, frequency, value),
													  &h, &terms)));
}
