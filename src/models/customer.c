/*
 * customer.c
 *		Customers as timelines: what the models take from one, and their
 *		predictions of it.
 *
 * The unit of time is the model's, horizons are intervals counted from as_of,
 * so that nobody can pass weeks for months.
 */
#include "models/customer.h"

#include "base/money.h"
#include "base/value.h"
#include "funcapi.h"
#include "history/timeline_spells.h"
#include "metrics/lifecycle.h"
#include "miscadmin.h"
#include "models/prediction.h"
#include "models/spend.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_expected_purchases_timeline);
PG_FUNCTION_INFO_V1(retention_p_alive_timeline);
PG_FUNCTION_INFO_V1(retention_p_no_purchase_timeline);
PG_FUNCTION_INFO_V1(retention_expected_spend_timeline);
PG_FUNCTION_INFO_V1(retention_predicted_ltv_timeline);
PG_FUNCTION_INFO_V1(retention_customer_ltv);

/* The customer on the eve of as_of. */
bool
model_customer(const struct varlena *timeline, int64 as_of, uint8 unit,
			   const char *what, bool need_money, ModelCustomer *customer)
{
	static const PurchaseUnit units[FITTED_UNITS] = {
		[FITTED_DAY] = PURCHASE_DAY, [FITTED_WEEK] = PURCHASE_WEEK,
		[FITTED_MONTH] = PURCHASE_MONTH
	};
	PurchaseSummary summary;

	if (!purchase_summarize(timeline, as_of, what, &summary))
		return false;
	if (need_money && !summary.money)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs a timeline with amounts", what),
				 errdetail("This timeline was built without an amount."),
				 errhint("Build it as timeline(at, amount).")));
	customer->frequency = summary.frequency;
	customer->h.x = (float8) summary.frequency;
	customer->h.tx = purchase_units(summary.recency, units[unit]);
	customer->h.T = purchase_units(summary.age, units[unit]);
	customer->spend = 0;
	if (summary.money && summary.frequency > 0)
		customer->spend = DatumGetFloat8(
			DirectFunctionCall1(numeric_float8_no_overflow,
								NumericGetDatum(money_ratio(summary.amount,
															summary.frequency))));
	return true;
}

/* Arguments n and n + 1, a timeline and as_of, by a model that has a unit. */
static bool
customer_argument(FunctionCallInfo fcinfo, int n, const Fitted *m,
				  const char *what, bool need_money, ModelCustomer *customer)
{
	int64		as_of = timeline_as_of(PG_GETARG_DATEADT(n + 1));

	prediction_require_unit(m);
	return model_customer(PG_GETARG_TIMELINE(n), as_of, m->unit, what,
						  need_money, customer);
}

/* Argument n, a horizon counted from as_of, in the unit of a model. */
static float8
horizon_argument(FunctionCallInfo fcinfo, int n, DateADT as_of, const Fitted *m)
{
	return prediction_units(m, prediction_horizon_days(as_of,
													   PG_GETARG_INTERVAL_P(n)));
}

/* expected_purchases(m, horizon, t, as_of) */
Datum
retention_expected_purchases_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	ModelCustomer c;
	float8		t;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	if (!customer_argument(fcinfo, 2, &m, "expected_purchases", false, &c))
		PG_RETURN_NULL();
	t = horizon_argument(fcinfo, 1, PG_GETARG_DATEADT(3), &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_expected(m.kind, m.p, &c.h, t)));
}

/* p_alive(m, t, as_of) */
Datum
retention_p_alive_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	ModelCustomer c;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	if (!customer_argument(fcinfo, 1, &m, "p_alive", false, &c))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(purchase_p_alive(m.kind, m.p, &c.h)));
}

/* p_no_purchase(m, horizon, t, as_of) */
Datum
retention_p_no_purchase_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	ModelCustomer c;
	float8		t;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	if (!customer_argument(fcinfo, 2, &m, "p_no_purchase", false, &c))
		PG_RETURN_NULL();
	t = horizon_argument(fcinfo, 1, PG_GETARG_DATEADT(3), &m);
	PG_RETURN_FLOAT8(prediction_result(purchase_p_none(m.kind, m.p, &c.h, t)));
}

/* expected_spend(s, t, as_of) */
Datum
retention_expected_spend_timeline(PG_FUNCTION_ARGS)
{
	Fitted		s;
	ModelCustomer c;

	if (!model_customer(PG_GETARG_TIMELINE(1),
						timeline_as_of(PG_GETARG_DATEADT(2)), FITTED_DAY,
						"expected_spend", true, &c))
		PG_RETURN_NULL();
	spend_check(c.frequency, c.spend);
	fitted_argument(&spend_type, fcinfo, 0, &s);
	PG_RETURN_FLOAT8(prediction_result(spend_expected(s.p, c.h.x, c.spend)));
}

/* ----------------------------------------------------------------
 *		The value of a customer
 * ----------------------------------------------------------------
 */

/* What (m, s, t, as_of, horizon, annual_discount, margin) say. */
typedef struct LtvArguments
{
	Fitted		m;
	ModelCustomer customer;
	LtvTerms	terms;
	Numeric		future;
} LtvArguments;

/* Read them and predict; false without an active day before as_of. */
static bool
ltv_arguments(FunctionCallInfo fcinfo, const char *what, LtvArguments *a)
{
	Fitted		s;
	float8		ltv;

	a->terms.as_of = PG_GETARG_DATEADT(3);
	a->terms.horizon = PG_GETARG_INTERVAL_P(4);
	a->terms.annual_discount = PG_GETARG_FLOAT8(5);
	a->terms.margin = PG_GETARG_FLOAT8(6);
	prediction_check_terms(&a->terms);
	fitted_argument(&purchase_type, fcinfo, 0, &a->m);
	if (!customer_argument(fcinfo, 2, &a->m, what, true, &a->customer))
		return false;
	spend_check(a->customer.frequency, a->customer.spend);
	fitted_argument(&spend_type, fcinfo, 1, &s);
	ltv = prediction_ltv(&a->m, spend_expected(s.p, a->customer.h.x,
											   a->customer.spend),
						 &a->customer.h, &a->terms);
	a->future = money_to_numeric(money_from_float8(prediction_result(ltv)));
	return true;
}

/* predicted_ltv(m, s, t, as_of, horizon, annual_discount, margin) */
Datum
retention_predicted_ltv_timeline(PG_FUNCTION_ARGS)
{
	LtvArguments a;

	if (!ltv_arguments(fcinfo, "predicted_ltv", &a))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(a.future);
}

/* The net amount of all days before as_of times margin, exactly. */
static Numeric
past_value(const struct varlena *timeline, int64 as_of, float8 margin)
{
	TimelineReader r;
	int128		sum = 0;
	Datum		value;

	timeline_read_value(&r, timeline);
	while (timeline_next(&r) != NULL && r.day.day < as_of)
	{
		CHECK_FOR_INTERRUPTS();
		sum += r.day.amount;
	}
	if (margin == 1)
		return money_to_numeric(sum);
	value = DirectFunctionCall2(numeric_mul,
								NumericGetDatum(money_to_numeric(sum)),
								DirectFunctionCall1(float8_numeric,
													Float8GetDatum(margin)));
	value = DirectFunctionCall2(numeric_round, value, Int32GetDatum(MONEY_SCALE));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, value));
}

/*
 * customer_ltv(m, s, t, as_of, horizon, annual_discount, margin): the row
 * (past, future, total, p_alive), NULL without an active day before as_of.
 */
Datum
retention_customer_ltv(PG_FUNCTION_ARGS)
{
	LtvArguments a;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (!ltv_arguments(fcinfo, "customer_ltv", &a))
		PG_RETURN_NULL();
	values[0] = NumericGetDatum(past_value(PG_GETARG_TIMELINE(2),
										   a.terms.as_of, a.terms.margin));
	values[1] = NumericGetDatum(a.future);
	values[2] = DirectFunctionCall2(numeric_add, values[0], values[1]);
	values[3] = Float8GetDatum(prediction_result(purchase_p_alive(a.m.kind, a.m.p,
																  &a.customer.h)));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_row(fcinfo),
													  values, nulls)));
}
