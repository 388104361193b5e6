/*
 * plain/scores.c
 *		Scores of customers among each other: quantile_score, and the segment
 *		that three of them make.
 */
#include "metrics/plain/scores.h"

#include "utils/builtins.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(retention_quantile_score);
PG_FUNCTION_INFO_V1(retention_rfm_segment);

/* ----------------------------------------------------------------
 *		quantile_score
 * ----------------------------------------------------------------
 */

/* Per partition. */
typedef struct QuantileState
{
	int32		k;				/* 0 before the first row */
	int64		rows;
	int64		first_peer;		/* first row equal to the current one */
} QuantileState;

/* Which of k buckets row i of n is in, from 1; the first ones are larger. */
static int32
quantile_bucket(int64 i, int64 n, int32 k)
{
	int64		small = n / k;
	int64		larger = n % k;
	int64		in_larger = larger * (small + 1);

	if (i < in_larger)
		return (int32) (i / (small + 1)) + 1;
	/* here small > 0: with fewer rows than buckets all are in larger ones */
	return (int32) (larger + (i - in_larger) / small) + 1;
}

static int32
quantile_argument(WindowObject window)
{
	const char *hint = "Pass the number of scores, for example 5 for scores from 1 to 5.";
	bool		isnull;
	int32		k = DatumGetInt32(WinGetFuncArgCurrent(window, 0, &isnull));

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("k of quantile_score must not be NULL"),
				 errhint("%s", hint)));
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k of quantile_score must be at least 1"),
				 errdetail("It is %d.", k),
				 errhint("%s", hint)));
	return k;
}

/*
 * quantile_score(k) OVER (ORDER BY x): what ntile(k) is for the first of the
 * rows that tie in x, so that equals score the same.
 *
 *		x			10	20	20	20	30	40
 *		ntile(3)	 1	 1	 2	 2	 3	 3
 *		score		 1	 1	 1	 1	 3	 3
 */
Datum
retention_quantile_score(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	QuantileState *state;
	int64		at;
	int32		k;

	if (!WindowObjectIsValid(window))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("quantile_score called in context that cannot accept a window function")));
	state = WinGetPartitionLocalMemory(window, sizeof(QuantileState));
	at = WinGetCurrentPosition(window);
	k = quantile_argument(window);
	if (state->k == 0)
	{
		state->k = k;
		state->rows = WinGetPartitionRowCount(window);
		state->first_peer = at;
	}
	else
	{
		if (state->k != k)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("k of quantile_score must be the same for all rows of a partition"),
					 errdetail("Both %d and %d were given.", state->k, k),
					 errhint("Pass a constant, or add it to PARTITION BY.")));
		if (!WinRowsArePeers(window, at - 1, at))
			state->first_peer = at;
	}
	/* no earlier row is looked at again */
	WinSetMarkPosition(window, at);
	PG_RETURN_INT32(quantile_bucket(state->first_peer, state->rows, k));
}

/* ----------------------------------------------------------------
 *		rfm_segment
 * ----------------------------------------------------------------
 */

int32
rfm_score(int32 score, const char *name)
{
	if (score < 1 || score > RFM_SCORES)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the %s score must be between 1 and 5", name),
				 errdetail("It is %d.", score),
				 errhint("Scores from 1 to 5 are those of quantile_score(5) OVER (ORDER BY ...), 5 being the best.")));
	return score;
}

int32
rfm_together(int32 f, int32 m)
{
	return (f + m + 1) / 2;
}

const char *
rfm_segment_name(int32 r, int32 fm)
{
	if (r >= 4)
		return fm >= 4 ? "champion" : fm == 3 ? "loyal" : "promising";
	if (r == 3)
		return fm >= 3 ? "loyal" : "needs attention";
	if (fm >= 3)
		return fm >= 4 ? "cannot lose" : "at risk";
	return r == 2 ? "hibernating" : "lost";
}

/* rfm_segment(r, f, m): recency by frequency and money together. */
Datum
retention_rfm_segment(PG_FUNCTION_ARGS)
{
	int32		r = rfm_score(PG_GETARG_INT32(0), "recency");
	int32		f = rfm_score(PG_GETARG_INT32(1), "frequency");
	int32		m = rfm_score(PG_GETARG_INT32(2), "monetary");

	PG_RETURN_TEXT_P(cstring_to_text(rfm_segment_name(r, rfm_together(f, m))));
}
