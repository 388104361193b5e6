/*
 * prediction.h
 *		Predictions from fitted models: checks of what goes in and comes out,
 *		and the value of a customer.
 *
 * These take plain numbers, whether they were columns or come from a
 * timeline.
 */
#ifndef RETENTION_PREDICTION_H
#define RETENTION_PREDICTION_H

#include "base/money.h"
#include "models/purchase.h"
#include "models/spend.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* A history; error 22023 with a hint when the numbers are none. */
extern PurchaseHistory purchase_history(int64 frequency, float8 recency,
										float8 age);

/* A horizon in the unit of the model; error 22023 unless finite and >= 0. */
extern float8 prediction_horizon(float8 horizon);

/* Error 22023 for a purchase model without a unit. */
extern void prediction_need_unit(const Fitted *model);

/* Days in the unit of a model; a model without a unit: 22023. */
extern float8 prediction_units(const Fitted *model, float8 days);

/*
 * All purchases to come, discounted by the year (of 365 days).  Errors: 22003
 * unless the discount is positive and finite, 22023 for a model without a
 * unit.
 */
extern float8 prediction_discounted(const Fitted *model,
									const PurchaseHistory *h,
									float8 annual_discount);

/* A number of purchases; error 22023 unless 0 to PURCHASE_COUNT_MAX. */
extern float8 prediction_count(int64 n);

/*
 * The row (low, high): the purchases within t that a customer stays above and
 * below with the confidence, by the model alone.  NULLs where the fit went to
 * the end of a parameter's range.
 */
extern Datum prediction_bounds(FunctionCallInfo fcinfo, const Fitted *model,
							   const PurchaseHistory *h, float8 t,
							   float8 confidence);

/* Error 22023 when the numbers are not the spend of a customer. */
extern void prediction_check_spend(int64 frequency, float8 value);

/*
 * Mean value of a further purchase; checked, with a frequency of 0 whatever
 * the value.  Infinite: error 22003.
 */
extern float8 prediction_spend(const Fitted *model, int64 frequency,
							   float8 value);

/*
 * What may leave a function, as it is or at six decimals: error 22003 for
 * what is not finite.
 */
extern float8 prediction_result(float8 value);
extern Numeric prediction_money(float8 value);

/* What to discount and multiply the purchases of a customer with. */
typedef struct LtvTerms
{
	DateADT		as_of;			/* finite */
	const Interval *horizon;
	float8		annual_discount;
	float8		margin;
} LtvTerms;

/* Error 22003 or 22023 when the terms make no sense. */
extern void prediction_check_terms(const LtvTerms *terms);

/* Days of the horizon: (as_of + horizon) - as_of; negative: error 22023. */
extern float8 prediction_horizon_days(DateADT as_of, const Interval *horizon);

/*
 * Predicted value of a customer within the horizon: expected purchases times
 * the spend expected of each, times margin.  Purchases fall at the end of
 * each calendar month counted from as_of, a last partial month at its end;
 * month j is worth (1 + annual_discount)^(-j/12) of today.
 */
extern float8 prediction_ltv(const Fitted *purchases, float8 spend,
							 const PurchaseHistory *h, const LtvTerms *terms);

#endif							/* RETENTION_PREDICTION_H */
