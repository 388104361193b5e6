/*
 * plain/loyalty.c
 *		Shares with Wilson bounds, Net Promoter Score, customer satisfaction.
 *
 * NULL is no answer: such rows are skipped.
 */
#include "base/constant.h"
#include "base/rate.h"
#include "base/tally.h"
#include "history/argument.h"
#include "metrics/plain/confidence.h"
#include "utils/float.h"

#include <math.h>

PG_FUNCTION_INFO_V1(retention_share_transition);
PG_FUNCTION_INFO_V1(retention_share_inverse);
PG_FUNCTION_INFO_V1(retention_share_final);
PG_FUNCTION_INFO_V1(retention_share_low_final);
PG_FUNCTION_INFO_V1(retention_share_high_final);
PG_FUNCTION_INFO_V1(retention_nps_transition);
PG_FUNCTION_INFO_V1(retention_nps_inverse);
PG_FUNCTION_INFO_V1(retention_nps_transition_float8);
PG_FUNCTION_INFO_V1(retention_nps_inverse_float8);
PG_FUNCTION_INFO_V1(retention_nps_final);
PG_FUNCTION_INFO_V1(retention_nps_margin_final);
PG_FUNCTION_INFO_V1(retention_csat_transition);
PG_FUNCTION_INFO_V1(retention_csat_inverse);

/* Counts. */
enum
{
	SHARE_ALL,					/* answers */
	SHARE_YES,					/* true, satisfied, or promoters */
	SHARE_NO					/* detractors */
};

/* Scores of Reichheld's question: how likely is it that you recommend us? */
#define SCORE_MAX 10
#define SCORE_PROMOTER 9
#define SCORE_DETRACTOR 6

/* ----------------------------------------------------------------
 *		Shares
 * ----------------------------------------------------------------
 */

static void
share_add(FunctionCallInfo fcinfo, Tally *tally, int times)
{
	if (PG_ARGISNULL(1))
		return;
	tally->count[SHARE_ALL] += times;
	tally->count[SHARE_YES] += PG_GETARG_BOOL(1) ? times : 0;
}

/* (state, boolean [, confidence]) -> state */
Datum
retention_share_transition(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	confidence_take(fcinfo, tally, 2);
	share_add(fcinfo, tally, 1);
	PG_RETURN_POINTER(tally);
}

/* The same row leaves a moving frame. */
Datum
retention_share_inverse(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	share_add(fcinfo, tally, -1);
	PG_RETURN_POINTER(tally);
}

/* True / all, or satisfied / all. */
Datum
retention_share_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[SHARE_ALL] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rate_ratio(tally->count[SHARE_YES],
								tally->count[SHARE_ALL]));
}

/* Wilson's bounds of the share; false when there is none. */
static bool
share_bounds(FunctionCallInfo fcinfo, float8 *low, float8 *high)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[SHARE_ALL] == 0)
		return false;
	rate_wilson((float8) tally->count[SHARE_YES],
				(float8) tally->count[SHARE_ALL], confidence_z(tally),
				low, high);
	return true;
}

Datum
retention_share_low_final(PG_FUNCTION_ARGS)
{
	float8		low;
	float8		high;

	if (!share_bounds(fcinfo, &low, &high))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(low);
}

Datum
retention_share_high_final(PG_FUNCTION_ARGS)
{
	float8		low;
	float8		high;

	if (!share_bounds(fcinfo, &low, &high))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(high);
}

/* ----------------------------------------------------------------
 *		Surveys
 * ----------------------------------------------------------------
 */

#define HINT_ANSWER \
	"Leave out codes such as -1 or 99 for no answer, or make them NULL with nullif(score, 99)."

/* A score outside 0..10. */
pg_noreturn static void
refuse_score(const char *name, const char *score, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be between 0 and %d", name, SCORE_MAX),
			 errdetail("It is %s.", score),
			 errhint("%s", hint)));
}

/* The score in argument 1, which is not NULL. */
static int64
score_bigint(FunctionCallInfo fcinfo)
{
	int64		score = PG_GETARG_INT64(1);

	if (score < 0 || score > SCORE_MAX)
		refuse_score("score", psprintf("%lld", (long long) score), HINT_ANSWER);
	return score;
}

/* One between two scores counts by the lower one. */
static int64
score_float8(FunctionCallInfo fcinfo)
{
	float8		score = PG_GETARG_FLOAT8(1);

	/* NaN is neither */
	if (!(score >= 0 && score <= SCORE_MAX))
		refuse_score("score", float8out_internal(score), HINT_ANSWER);
	return (int64) floor(score);
}

static void
nps_add(FunctionCallInfo fcinfo, Tally *tally, int times,
		int64 (*argument) (FunctionCallInfo))
{
	int64		score;

	if (PG_ARGISNULL(1))
		return;
	score = argument(fcinfo);
	tally->count[SHARE_ALL] += times;
	tally->count[SHARE_YES] += score >= SCORE_PROMOTER ? times : 0;
	tally->count[SHARE_NO] += score <= SCORE_DETRACTOR ? times : 0;
}

/* (state, score [, confidence]) -> state */
Datum
retention_nps_transition(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	confidence_take(fcinfo, tally, 2);
	nps_add(fcinfo, tally, 1, score_bigint);
	PG_RETURN_POINTER(tally);
}

Datum
retention_nps_transition_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	confidence_take(fcinfo, tally, 2);
	nps_add(fcinfo, tally, 1, score_float8);
	PG_RETURN_POINTER(tally);
}

/* The same row leaves a moving frame. */
Datum
retention_nps_inverse(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	nps_add(fcinfo, tally, -1, score_bigint);
	PG_RETURN_POINTER(tally);
}

Datum
retention_nps_inverse_float8(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	nps_add(fcinfo, tally, -1, score_float8);
	PG_RETURN_POINTER(tally);
}

/* 100 (promoters - detractors) / answers, in points. */
Datum
retention_nps_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);

	if (tally == NULL || tally->count[SHARE_ALL] == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100.0 * (float8) (tally->count[SHARE_YES] -
									   tally->count[SHARE_NO]) /
					 (float8) tally->count[SHARE_ALL]);
}

/*
 * Half the width of the normal confidence interval of the score, in points:
 * an answer is 100, 0 or -100, so its variance is, with p and d the shares of
 * promoters and detractors, 100^2 (p + d - (p - d)^2).
 */
Datum
retention_nps_margin_final(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);
	float8		n;
	float8		p;
	float8		d;

	if (tally == NULL || tally->count[SHARE_ALL] == 0)
		PG_RETURN_NULL();
	n = (float8) tally->count[SHARE_ALL];
	p = (float8) tally->count[SHARE_YES] / n;
	d = (float8) tally->count[SHARE_NO] / n;
	/* the variance without a difference that rounding could make negative */
	PG_RETURN_FLOAT8(100 * confidence_z(tally) *
					 sqrt((p * (1 - p) + d * (1 - d) + 2 * p * d) / n));
}

/* A score of any number type, in millionths; outside 0..10: error 22003. */
static int64
number_argument(FunctionCallInfo fcinfo, int n, const char *name,
				const char *hint)
{
	int64		score = take_number(fcinfo, n, name);

	if (score < 0 || score > SCORE_MAX * MONEY_ONE)
		refuse_score(name, money_to_cstring(score), hint);
	return score;
}

/* Does a row count, and as satisfied?  Error 22004 for a NULL satisfied_from. */
static void
csat_add(FunctionCallInfo fcinfo, Tally *tally, int times)
{
	const char *hint = "Pass the lowest score of a satisfied customer, for example 4 of 5.";
	int64		from;

	(void) constant_argument(fcinfo, 2, CONSTANT_SATISFIED_FROM);
	from = number_argument(fcinfo, 2, "satisfied_from", hint);
	if (times > 0)
		tally_constant(tally, TALLY_SATISFIED_FROM, (float8) from / MONEY_ONE);
	if (PG_ARGISNULL(1))
		return;
	tally->count[SHARE_ALL] += times;
	tally->count[SHARE_YES] +=
		number_argument(fcinfo, 1, "score", HINT_ANSWER) >= from ? times : 0;
}

/* (state, score, satisfied_from) -> state */
Datum
retention_csat_transition(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	csat_add(fcinfo, tally, 1);
	PG_RETURN_POINTER(tally);
}

Datum
retention_csat_inverse(PG_FUNCTION_ARGS)
{
	Tally	   *tally = tally_state(fcinfo);

	csat_add(fcinfo, tally, -1);
	PG_RETURN_POINTER(tally);
}
