/*
 * customer_ltv.c
 *		Predictions for customers given as timelines, and what they are worth.
 *
 * A timeline is read as of a day: the history is that of purchase_summary in
 * the unit of the model, and horizons are intervals from as_of on.  All is
 * NULL when no day before as_of has an order.
 */
#include "models/prediction.h"

#include "base/reader.h"
#include "miscadmin.h"
#include "models/purchase_timeline.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_expected_purchases_timeline);
PG_FUNCTION_INFO_V1(retention_p_alive_timeline);
PG_FUNCTION_INFO_V1(retention_p_no_purchase_timeline);
PG_FUNCTION_INFO_V1(retention_p_purchases_timeline);
PG_FUNCTION_INFO_V1(retention_purchase_bounds_timeline);
PG_FUNCTION_INFO_V1(retention_discounted_expected_purchases_timeline);
PG_FUNCTION_INFO_V1(retention_expected_spend_timeline);
PG_FUNCTION_INFO_V1(retention_predicted_ltv_timeline);
PG_FUNCTION_INFO_V1(retention_customer_ltv);

/* The history of a customer in the unit of the model. */
static PurchaseHistory
history_of(const PurchaseSummary *summary, uint8 unit)
{
	return purchase_history(summary->frequency,
							unit_of_days(summary->recency, unit),
							unit_of_days(summary->age, unit));
}

/*
 * The model of argument 0 and the timeline and as_of of arguments n, n + 1;
 * false when no day before as_of has an order.  A model without a unit is
 * error 22023.
 */
static bool
customer_argument(FunctionCallInfo fcinfo, int n, Fitted *m, PurchaseHistory *h)
{
	PurchaseSummary summary;

	fitted_argument(&purchase_type, fcinfo, 0, m);
	prediction_need_unit(m);
	if (!purchase_timeline(fcinfo, n, &summary))
		return false;
	*h = history_of(&summary, m->unit);
	return true;
}

/* A horizon of days after as_of, the two arguments, in units of the model. */
static float8
horizon_after(FunctionCallInfo fcinfo, const Fitted *m, int horizon, int as_of)
{
	return prediction_units(m, prediction_horizon_days(PG_GETARG_DATEADT(as_of),
													   PG_GETARG_INTERVAL_P(horizon)));
}

/* Argument 1 as a horizon after as_of, argument 3. */
static float8
horizon_argument(FunctionCallInfo fcinfo, const Fitted *m)
{
	return horizon_after(fcinfo, m, 1, 3);
}

/* expected_purchases(m, horizon, t, as_of) */
Datum
retention_expected_purchases_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 2, &m, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(purchase_expected(m.kind, m.p, &h,
														 horizon_argument(fcinfo, &m))));
}

/* p_alive(m, t, as_of) */
Datum
retention_p_alive_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 1, &m, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(purchase_p_alive(m.kind, m.p, &h)));
}

/* p_no_purchase(m, horizon, t, as_of) */
Datum
retention_p_no_purchase_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 2, &m, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(purchase_p_none(m.kind, m.p, &h,
													   horizon_argument(fcinfo, &m))));
}

/* p_purchases(m, n, horizon, t, as_of) */
Datum
retention_p_purchases_timeline(PG_FUNCTION_ARGS)
{
	float8		n = prediction_count(PG_GETARG_INT64(1));
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 3, &m, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_result(purchase_p_exactly(m.kind, m.p, &h,
														  horizon_after(fcinfo, &m, 2, 4), n)));
}

/* purchase_bounds(m, horizon, t, as_of, confidence) */
Datum
retention_purchase_bounds_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 2, &m, &h))
		PG_RETURN_NULL();
	return prediction_bounds(fcinfo, &m, &h, horizon_argument(fcinfo, &m),
							 PG_GETARG_FLOAT8(4));
}

/* discounted_expected_purchases(m, annual_discount, t, as_of) */
Datum
retention_discounted_expected_purchases_timeline(PG_FUNCTION_ARGS)
{
	Fitted		m;
	PurchaseHistory h;

	if (!customer_argument(fcinfo, 2, &m, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_discounted(&m, &h, PG_GETARG_FLOAT8(1)));
}

/* expected_spend(s, t, as_of) */
Datum
retention_expected_spend_timeline(PG_FUNCTION_ARGS)
{
	Fitted		s;
	PurchaseSummary summary;

	fitted_argument(&spend_type, fcinfo, 0, &s);
	if (!purchase_timeline_money(fcinfo, 1, &summary))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(prediction_spend(&s, summary.frequency,
									  purchase_timeline_spend(&summary)));
}

/* ----------------------------------------------------------------
 *		The value of a customer
 * ----------------------------------------------------------------
 */

typedef struct CustomerValue
{
	Numeric		future;
	float8		p_alive;
} CustomerValue;

/*
 * predicted_ltv and p_alive of the arguments (m, s, t, as_of, horizon,
 * annual_discount, margin); false when no day before as_of has an order.
 */
static bool
value_arguments(FunctionCallInfo fcinfo, CustomerValue *value)
{
	Fitted		m;
	Fitted		s;
	LtvTerms	terms;
	PurchaseSummary summary;
	PurchaseHistory h;
	float8		spend;

	fitted_argument(&purchase_type, fcinfo, 0, &m);
	fitted_argument(&spend_type, fcinfo, 1, &s);
	prediction_need_unit(&m);
	terms.as_of = PG_GETARG_DATEADT(3);
	terms.horizon = PG_GETARG_INTERVAL_P(4);
	terms.annual_discount = PG_GETARG_FLOAT8(5);
	terms.margin = PG_GETARG_FLOAT8(6);
	prediction_check_terms(&terms);
	if (!purchase_timeline_money(fcinfo, 2, &summary))
		return false;
	h = history_of(&summary, m.unit);
	spend = prediction_spend(&s, summary.frequency,
							 purchase_timeline_spend(&summary));
	value->future = prediction_money(prediction_ltv(&m, spend, &h, &terms));
	value->p_alive = prediction_result(purchase_p_alive(m.kind, m.p, &h));
	return true;
}

/* predicted_ltv(m, s, t, as_of, horizon, annual_discount, margin) */
Datum
retention_predicted_ltv_timeline(PG_FUNCTION_ARGS)
{
	CustomerValue value;

	if (!value_arguments(fcinfo, &value))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(value.future);
}

/* Net amount of the days before as_of times margin, exact. */
static Datum
past_value(const struct varlena *timeline, int64 as_of, float8 margin)
{
	TimelineReader r;
	const TimelineDay *day;
	int128		amount = 0;
	Datum		past;

	timeline_read_value(&r, timeline);
	while ((day = timeline_next(&r)) != NULL && day->day < as_of)
	{
		CHECK_FOR_INTERRUPTS();
		amount += day->amount;
	}
	past = DirectFunctionCall2(numeric_mul,
							   NumericGetDatum(money_to_numeric(amount)),
							   DirectFunctionCall1(float8_numeric,
												   Float8GetDatum(margin)));
	return DirectFunctionCall1(numeric_trim_scale, past);
}

enum
{
	LTV_PAST, LTV_FUTURE, LTV_TOTAL, LTV_P_ALIVE
};

static const ReaderColumn ltv_columns[] = {
	[LTV_PAST] = {"past", NUMERICOID},
	[LTV_FUTURE] = {"future", NUMERICOID},
	[LTV_TOTAL] = {"total", NUMERICOID},
	[LTV_P_ALIVE] = {"p_alive", FLOAT8OID},
};

/*
 * customer_ltv(m, s, t, as_of, horizon, annual_discount, margin): the row
 * (past, future, total, p_alive), NULL when no day before as_of has an order.
 */
Datum
retention_customer_ltv(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(ltv_columns);
	CustomerValue value;
	Datum		past;
	Datum		total;
	ReaderRow	row;

	if (!value_arguments(fcinfo, &value))
		PG_RETURN_NULL();
	past = past_value(PG_GETARG_TIMELINE(2), PG_GETARG_DATEADT(3),
					  PG_GETARG_FLOAT8(6));
	total = DirectFunctionCall2(numeric_add, past,
								NumericGetDatum(value.future));
	reader_row_begin(&row, &reader);
	row_numeric(&row, LTV_PAST, DatumGetNumeric(past));
	row_numeric(&row, LTV_FUTURE, value.future);
	row_numeric(&row, LTV_TOTAL,
				DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, total)));
	row_float8(&row, LTV_P_ALIVE, value.p_alive);
	return reader_row_datum(&row, fcinfo);
}
