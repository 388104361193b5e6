/*
 * plain/confidence.c
 *		The confidence of bounds, as a constant of an aggregate over plain
 *		columns.
 */
#include "metrics/plain/confidence.h"

#include "base/constant.h"
#include "base/rate.h"

void
confidence_take(FunctionCallInfo fcinfo, Tally *tally, int n)
{
	float8		confidence;

	if (PG_NARGS() <= n)
		return;
	confidence = DatumGetFloat8(constant_argument(fcinfo, n,
												  CONSTANT_CONFIDENCE));
	(void) rate_confidence(confidence);
	tally_constant(tally, TALLY_CONFIDENCE, confidence);
}

float8
confidence_z(const Tally *tally)
{
	return tally->which == TALLY_CONFIDENCE ? rate_z(tally->constant) :
		RATE_Z95;
}
