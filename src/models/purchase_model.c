/*
 * purchase_model.c
 *		The type purchase_model in SQL: its functions and predictions.
 *
 * Predictions take a customer as frequency, recency and age in the unit of
 * the model.  Nothing that is not finite leaves them: error 22003 instead.
 */
#include "models/purchase.h"

#include "models/prediction.h"

PG_FUNCTION_INFO_V1(retention_purchase_model_parameters);
PG_FUNCTION_INFO_V1(retention_purchase_model_fit);
PG_FUNCTION_INFO_V1(retention_expected_purchases);
PG_FUNCTION_INFO_V1(retention_expected_purchases_new);
PG_FUNCTION_INFO_V1(retention_p_alive);
PG_FUNCTION_INFO_V1(retention_p_no_purchase);
PG_FUNCTION_INFO_V1(retention_p_purchases);
PG_FUNCTION_INFO_V1(retention_p_purchases_new);
PG_FUNCTION_INFO_V1(retention_purchase_bounds);
PG_FUNCTION_INFO_V1(retention_discounted_expected_purchases);
PG_FUNCTION_INFO_V1(retention_discounted_expected_purchases_new);
PG_FUNCTION_INFO_V1(retention_purchase_log_likelihood);

/* ----------------------------------------------------------------
 *		The type
 * ----------------------------------------------------------------
 */

FITTED_FUNCTIONS(purchase_model, &purchase_type);

/* model_parameters(purchase_model) */
Datum
retention_purchase_model_parameters(PG_FUNCTION_ARGS)
{
	return fitted_parameters(&purchase_type, fcinfo);
}

/* model_fit(purchase_model) */
Datum
retention_purchase_model_fit(PG_FUNCTION_ARGS)
{
	return fitted_fit(&purchase_type, fcinfo);
}

/* ----------------------------------------------------------------
 *		Predictions from numbers
 * ----------------------------------------------------------------
 */

/* Arguments n, n+1, n+2 as a history; error 22023 when they are none. */
static PurchaseHistory
history_argument(FunctionCallInfo fcinfo, int n)
{
	return purchase_history(PG_GETARG_INT64(n), PG_GETARG_FLOAT8(n + 1),
							PG_GETARG_FLOAT8(n + 2));
}

/* Argument n as a horizon in the unit of the model; error 22023. */
static float8
horizon_argument(FunctionCallInfo fcinfo, int n)
{
	return prediction_horizon(PG_GETARG_FLOAT8(n));
}

/* A customer who has just bought for the first time. */
static const PurchaseHistory new_customer = {0, 0, 0};

/* expected_purchases(m, horizon, frequency, recency, age) */
Datum
retention_expected_purchases(PG_FUNCTION_ARGS)
{
	Fitted		m;
	float8		t = horizon_argument(fcinfo, 1);
	PurchaseHistory h = history_argument(fcinfo, 2);

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_expected(m.kind, m.p, &h, t)));
}

/* expected_purchases(m, horizon) */
Datum
retention_expected_purchases_new(PG_FUNCTION_ARGS)
{
	Fitted		m;
	float8		t = horizon_argument(fcinfo, 1);

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_expected(m.kind, m.p,
														 &new_customer, t)));
}

/* p_alive(m, frequency, recency, age) */
Datum
retention_p_alive(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h = history_argument(fcinfo, 1);

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_p_alive(m.kind, m.p, &h)));
}

/* p_no_purchase(m, horizon, frequency, recency, age) */
Datum
retention_p_no_purchase(PG_FUNCTION_ARGS)
{
	Fitted		m;
	float8		t = horizon_argument(fcinfo, 1);
	PurchaseHistory h = history_argument(fcinfo, 2);

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_p_none(m.kind, m.p, &h, t)));
}

/* p_purchases(m, n, horizon, frequency, recency, age) */
Datum
retention_p_purchases(PG_FUNCTION_ARGS)
{
	float8		n = prediction_count(PG_GETARG_INT64(1));
	float8		t = horizon_argument(fcinfo, 2);
	PurchaseHistory h = history_argument(fcinfo, 3);
	Fitted		m;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_p_exactly(m.kind, m.p, &h, t, n)));
}

/* p_purchases(m, n, horizon) */
Datum
retention_p_purchases_new(PG_FUNCTION_ARGS)
{
	float8		n = prediction_count(PG_GETARG_INT64(1));
	float8		t = horizon_argument(fcinfo, 2);
	Fitted		m;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_p_exactly(m.kind, m.p, &new_customer, t, n)));
}

/* purchase_bounds(m, horizon, frequency, recency, age, confidence) */
Datum
retention_purchase_bounds(PG_FUNCTION_ARGS)
{
	float8		t = horizon_argument(fcinfo, 1);
	PurchaseHistory h = history_argument(fcinfo, 2);
	Fitted		m;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	return prediction_bounds(fcinfo, &m, &h, t, PG_GETARG_FLOAT8(5));
}

static Datum
discounted(FunctionCallInfo fcinfo, const PurchaseHistory *h)
{
	Fitted		m;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_discounted(&m, h, PG_GETARG_FLOAT8(1)));
}

/* discounted_expected_purchases(m, annual_discount, frequency, recency, age) */
Datum
retention_discounted_expected_purchases(PG_FUNCTION_ARGS)
{
	PurchaseHistory h = history_argument(fcinfo, 2);

	return discounted(fcinfo, &h);
}

/* discounted_expected_purchases(m, annual_discount) */
Datum
retention_discounted_expected_purchases_new(PG_FUNCTION_ARGS)
{
	return discounted(fcinfo, &new_customer);
}

/* log_likelihood(m, frequency, recency, age) */
Datum
retention_purchase_log_likelihood(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h = history_argument(fcinfo, 1);

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_log_likelihood(m.kind, m.p, &h)));
}
