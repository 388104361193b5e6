/*
 * purchase_timeline.c
 *		Timelines as the purchase and spend models take them.
 */
#include "models/purchase_timeline.h"

#include "history/timeline_spells.h"
#include "utils/builtins.h"

bool
purchase_timeline(FunctionCallInfo fcinfo, int n, PurchaseSummary *summary)
{
	return purchase_summarize(PG_GETARG_TIMELINE(n),
							  timeline_as_of(PG_GETARG_DATEADT(n + 1)),
							  summary);
}

bool
purchase_timeline_money(FunctionCallInfo fcinfo, int n,
						PurchaseSummary *summary)
{
	bool		any = purchase_timeline(fcinfo, n, summary);

	if (!summary->money)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the timeline has no amounts"),
				 errdetail("What customers spend is modelled from the net amounts of their days."),
				 errhint("Build it with an amount: timeline(at, amount).")));
	return any;
}

float8
purchase_timeline_spend(const PurchaseSummary *summary)
{
	if (summary->frequency == 0)
		return 0;
	/* the way that monetary_value goes into the plain forms */
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(money_ratio(summary->amount,
																		  summary->frequency))));
}
