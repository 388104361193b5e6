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

#include "models/purchase.h"
#include "models/spend.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* A history; error 22023 with a hint when the numbers are none. */
extern PurchaseHistory purchase_history(int64 frequency, float8 recency,
										float8 age);

/* A horizon in the unit of the model; error 22023 unless finite and >= 0. */
extern float8 prediction_horizon(float8 horizon);

/* Error 22023 for a model without a unit. */
extern void prediction_require_unit(const Fitted *model);

/* Units of a model in a year of 365 days; a model without a unit: 22023. */
extern float8 prediction_units_of_year(const Fitted *model);

/* Days in the unit of a model; a model without a unit: 22023. */
extern float8 prediction_units(const Fitted *model, float8 days);

/* What may leave a function: error 22003 for what is not finite. */
extern float8 prediction_result(float8 value);

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
