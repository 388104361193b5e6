/*
 * compare/share_difference.c
 *		share_difference and its bounds and probability, over plain columns.
 *
 * The second argument says who is in group b, and all are of b less a.
 */
#include "metrics/compare/difference.h"

#include "base/tally.h"
#include "metrics/plain/confidence.h"

PG_FUNCTION_INFO_V1(retention_share_difference_transition);
PG_FUNCTION_INFO_V1(retention_share_difference_inverse);
PG_FUNCTION_INFO_V1(retention_share_difference_final);
PG_FUNCTION_INFO_V1(retention_share_difference_low_final);
PG_FUNCTION_INFO_V1(retention_share_difference_high_final);
PG_FUNCTION_INFO_V1(retention_share_difference_p_final);

/* Counts. */
enum
{
	GROUPS_ALL,					/* rows of either group */
	GROUPS_B,
	GROUPS_TRUE,				/* of either */
	GROUPS_TRUE_B
};

static void
add_row(FunctionCallInfo fcinfo, Tally *tally, int times)
{
	bool		value;
	bool		b;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return;
	value = PG_GETARG_BOOL(1);
	b = PG_GETARG_BOOL(2);
	tally->count[GROUPS_ALL] += times;
	tally->count[GROUPS_B] += b ? times : 0;
	tally->count[GROUPS_TRUE] += value ? times : 0;
	tally->count[GROUPS_TRUE_B] += value && b ? times : 0;
}

/* (state, value, group_b [, confidence]) -> state */
Datum
retention_share_difference_transition(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	confidence_take(fcinfo, tally, 3);
	add_row(fcinfo, tally, 1);
	PG_RETURN_POINTER(tally);
}

/* The same row leaves a moving frame. */
Datum
retention_share_difference_inverse(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	add_row(fcinfo, tally, -1);
	PG_RETURN_POINTER(tally);
}

/* What there is to say; false when one of the groups has nobody. */
static bool
find_difference(FunctionCallInfo fcinfo, ShareDifference *d)
{
	const Tally *tally = tally_result(fcinfo);
	ShareCount	a;
	ShareCount	b;

	if (tally == NULL)
		return false;
	b.part = tally->count[GROUPS_TRUE_B];
	b.whole = tally->count[GROUPS_B];
	a.part = tally->count[GROUPS_TRUE] - b.part;
	a.whole = tally->count[GROUPS_ALL] - b.whole;
	/* a state from elsewhere may count more true ones than there are */
	if (a.part < 0 || a.part > a.whole || b.part > b.whole)
		tally_refuse("A count is not within another.");
	if (a.whole == 0 || b.whole == 0)
		return false;
	*d = share_difference(b, a, confidence_z(tally));
	return true;
}

/* Share of b less share of a. */
Datum
retention_share_difference_final(PG_FUNCTION_ARGS)
{
	ShareDifference d;

	if (!find_difference(fcinfo, &d))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d.difference);
}

Datum
retention_share_difference_low_final(PG_FUNCTION_ARGS)
{
	ShareDifference d;

	if (!find_difference(fcinfo, &d))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d.low);
}

Datum
retention_share_difference_high_final(PG_FUNCTION_ARGS)
{
	ShareDifference d;

	if (!find_difference(fcinfo, &d))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d.high);
}

Datum
retention_share_difference_p_final(PG_FUNCTION_ARGS)
{
	ShareDifference d;

	if (!find_difference(fcinfo, &d) || !d.tested)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d.p_value);
}
