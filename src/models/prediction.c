/*
 * prediction.c
 *		Predictions from fitted models: checks, and the value of a customer.
 */
#include "models/prediction.h"

#include <math.h>

#include "base/reader.h"
#include "miscadmin.h"
#include "models/special.h"
#include "utils/builtins.h"
#include "utils/float.h"

#define DAYS_OF_YEAR 365.0

/* A month that is worth less than this share of today adds nothing. */
#define FACTOR_MIN 1e-18

PurchaseHistory
purchase_history(int64 frequency, float8 recency, float8 age)
{
	PurchaseProblem problem = purchase_history_problem(frequency, recency, age);
	PurchaseHistory h = {(float8) frequency, recency, age};
	RowGroup		row = {1, frequency, recency, age};

	if (unlikely(problem != PURCHASE_NO_PROBLEM))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not the history of a customer"),
				 errdetail_internal("%c%s: %s.",
									pg_toupper((unsigned char) purchase_problems[problem].phrase[0]),
									purchase_problems[problem].phrase + 1,
									purchase_describe(&row)),
				 errhint("%s", purchase_problems[problem].hint)));
	return h;
}

float8
prediction_horizon(float8 horizon)
{
	if (!(horizon >= 0) || isinf(horizon))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be finite and not negative"),
				 errdetail("It is %s.", float8out_internal(horizon)),
				 errhint("It is counted in the unit of the model's recency and age, from the end of the age.")));
	return horizon;
}

void
prediction_need_unit(const Fitted *model)
{
	if (model->unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the purchase model has no unit of time"),
				 errdetail("Timelines, horizons that are intervals and discounts by the year need to know what recency and age were counted in."),
				 errhint("Fit it with the argument unit, as in purchase_model(kind, frequency, recency, age, 'week'), or 'day' or 'month'.")));
}

float8
prediction_units(const Fitted *model, float8 days)
{
	prediction_need_unit(model);
	return days / unit_days[model->unit];
}

float8
prediction_discounted(const Fitted *model, const PurchaseHistory *h,
					  float8 annual_discount)
{
	if (!(annual_discount > 0) || isinf(annual_discount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("annual_discount must be positive and finite"),
				 errhint("0.15 is 15 %% a year. Without a discount the purchases of a lifetime have no limit; use expected_purchases() with a horizon.")));
	return prediction_result(purchase_discounted((PurchaseKind) model->kind,
												 model->p, h,
												 log1p(annual_discount) /
												 prediction_units(model, DAYS_OF_YEAR)));
}

float8
prediction_count(int64 n)
{
	if (n < 0 || n > PURCHASE_COUNT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of purchases out of range"),
				 errdetail("It is %lld, not between 0 and %lld.", (long long) n,
						   (long long) PURCHASE_COUNT_MAX),
				 errhint("Pass how many purchases within the horizon, for example 0 or 3.")));
	return (float8) n;
}

enum
{
	BOUNDS_LOW, BOUNDS_HIGH
};

static const ReaderColumn bounds_columns[] = {
	[BOUNDS_LOW] = {"low", INT8OID},
	[BOUNDS_HIGH] = {"high", INT8OID}
};

static const Reader bounds = READER_ROW(bounds_columns);

Datum
prediction_bounds(FunctionCallInfo fcinfo, const Fitted *model,
				  const PurchaseHistory *h, float8 t, float8 confidence)
{
	PurchaseKind kind = (PurchaseKind) model->kind;
	ReaderRow	row;

	(void) rate_confidence(confidence);
	reader_row_begin(&row, &bounds);
	if (!((model->flags & FITTED_HAS_FIT) && model->status == OPTIMIZER_BOUNDARY))
	{
		row_int64(&row, BOUNDS_LOW,
				  purchase_quantile(kind, model->p, h, t, (1 - confidence) / 2));
		row_int64(&row, BOUNDS_HIGH,
				  purchase_quantile(kind, model->p, h, t, (1 + confidence) / 2));
	}
	return reader_row_datum(&row, fcinfo);
}

void
prediction_check_spend(int64 frequency, float8 value)
{
	SpendProblem problem = spend_problem(frequency, value);
	RowGroup		row = {1, frequency, value, 0};

	if (likely(problem == SPEND_NO_PROBLEM))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this is not the spend of a customer"),
			 errdetail_internal("%c%s: %s.",
								pg_toupper((unsigned char) spend_problems[problem].phrase[0]),
								spend_problems[problem].phrase + 1,
								spend_describe(&row)),
			 errhint("%s", spend_problems[problem].hint)));
}

float8
prediction_spend(const Fitted *model, int64 frequency, float8 value)
{
	prediction_check_spend(frequency, value);
	return prediction_result(spend_expected(model->p, frequency, value));
}

float8
prediction_result(float8 value)
{
	if (unlikely(!isfinite(value)))
		special_give_up();
	return value;
}

Numeric
prediction_money(float8 value)
{
	return money_to_numeric(money_from_float8(prediction_result(value)));
}

/* ----------------------------------------------------------------
 *		The value of a customer
 * ----------------------------------------------------------------
 */

void
prediction_check_terms(const LtvTerms *terms)
{
	if (DATE_NOT_FINITE(terms->as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be finite"),
				 errhint("Pass the first day that the data do not cover.")));
	if (!(terms->annual_discount >= 0) || isinf(terms->annual_discount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("annual_discount must be finite and not negative"),
				 errhint("0.15 is 15 %% a year.")));
	if (!(terms->margin >= 0 && terms->margin <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("margin must be between 0 and 1"),
				 errhint("It is the fraction of revenue that is left.")));
}

pg_noreturn static void
refuse_horizon(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("horizon must be finite and not negative"),
			 errdetail("%s", detail),
			 errhint("Pass how far to look ahead, for example '12 months'.")));
}

/* as_of and an interval, in days after as_of. */
static float8
days_after(DateADT as_of, const Interval *interval)
{
	Datum		start = DirectFunctionCall1(date_timestamp,
											DateADTGetDatum(as_of));
	Datum		end = DirectFunctionCall2(timestamp_pl_interval, start,
										  IntervalPGetDatum(interval));

	/* intervals may be infinite since PostgreSQL 17 */
	if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(end)))
		refuse_horizon("It is infinite.");
	return (float8) ((int128) DatumGetTimestamp(end) - DatumGetTimestamp(start)) /
		USECS_PER_DAY;
}

float8
prediction_horizon_days(DateADT as_of, const Interval *horizon)
{
	float8		days = days_after(as_of, horizon);

	if (days < 0)
		refuse_horizon(psprintf("It ends %g days before as_of.", -days));
	return days;
}

/* Expected purchases within so many days. */
static float8
purchases_in_days(const Fitted *model, const PurchaseHistory *h, float8 days)
{
	return purchase_expected((PurchaseKind) model->kind, model->p, h,
							 prediction_units(model, days));
}

float8
prediction_ltv(const Fitted *purchases, float8 spend, const PurchaseHistory *h,
			   const LtvTerms *terms)
{
	float8		days = prediction_horizon_days(terms->as_of, terms->horizon);
	float8		rate = log1p(terms->annual_discount) / 12;
	float8		start = 0;		/* of a month, in days after as_of */
	float8		before = 0;		/* purchases until then */
	float8		sum = 0;

	if (rate == 0)
		return spend * terms->margin * purchases_in_days(purchases, h, days);
	for (int32 month = 1; start < days; month++)
	{
		Interval	months = {.month = month};
		float8		end = days_after(terms->as_of, &months);
		float8		until = Min(end, days);
		float8		j = month - 1 + (until - start) / (end - start);
		float8		expected = purchases_in_days(purchases, h, until);

		CHECK_FOR_INTERRUPTS();
		sum += (expected - before) * exp(-rate * j);
		if (exp(-rate * j) < FACTOR_MIN)
			break;
		before = expected;
		start = end;
	}
	return spend * terms->margin * sum;
}
