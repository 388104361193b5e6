/*
 * evaluation_measures.c
 *		What the aggregates that judge predictions make of all scores.
 *
 * Of n customers, P with the outcome and N without, by ascending score:
 *
 *	auc				the share of the P x N pairs in which the one with the
 *					outcome has the higher score, ties counting half (Mann and
 *					Whitney 1947; Hanley and McNeil 1982)
 *	gini			2 auc - 1
 *	brier			mean of (probability - outcome)^2 (Brier 1950)
 *	log_loss		mean of -log(probability of what happened)
 *	lift			share with the outcome among the highest scores, over that
 *					of all; scores that tie at the border count in part
 *	calibration		probability and outcome by parts of the customers
 */
#include "models/evaluation.h"

#include <math.h>

#include "base/reader.h"
#include "miscadmin.h"
#include "models/special.h"

PG_FUNCTION_INFO_V1(retention_auc_final);
PG_FUNCTION_INFO_V1(retention_gini_final);
PG_FUNCTION_INFO_V1(retention_brier_final);
PG_FUNCTION_INFO_V1(retention_log_loss_final);
PG_FUNCTION_INFO_V1(retention_lift_final);
PG_FUNCTION_INFO_V1(retention_calibration_final);

/* ----------------------------------------------------------------
 *		Order: auc, gini
 * ----------------------------------------------------------------
 */

/*
 * Twice the number of pairs won, ties counting once; at most 2 P N, which is
 * less than 2^126 since P + N < 2^63.
 */
static int128
pairs_won(const Scores *scores)
{
	int128		won = 0;
	int64		below = 0;		/* without the outcome */

	for (int64 i = 0; i < scores->n; i++)
	{
		const ScoreGroup *group = &scores->groups[i];

		CHECK_FOR_INTERRUPTS();
		won += (int128) group->yes * (2 * (int128) below + group->no);
		below += group->no;
	}
	return won;
}

/* (internal) -> float8; NULL unless there are customers with and without. */
Datum
retention_auc_final(PG_FUNCTION_ARGS)
{
	const Scores *scores = evaluation_scores(fcinfo);

	if (scores == NULL || scores->yes == 0 || scores->no == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((float8) pairs_won(scores) /
					 (float8) (2 * (int128) scores->yes * scores->no));
}

Datum
retention_gini_final(PG_FUNCTION_ARGS)
{
	const Scores *scores = evaluation_scores(fcinfo);
	int128		pairs;

	if (scores == NULL || scores->yes == 0 || scores->no == 0)
		PG_RETURN_NULL();
	pairs = (int128) scores->yes * scores->no;
	PG_RETURN_FLOAT8((float8) (pairs_won(scores) - pairs) / (float8) pairs);
}

/* ----------------------------------------------------------------
 *		Probabilities: brier, log_loss
 * ----------------------------------------------------------------
 */

static float8
customers(const Scores *scores)
{
	return (float8) (scores->yes + scores->no);
}

Datum
retention_brier_final(PG_FUNCTION_ARGS)
{
	const Scores *scores = evaluation_scores(fcinfo);
	Sum			sum = {0};

	if (scores == NULL)
		PG_RETURN_NULL();
	for (int64 i = 0; i < scores->n; i++)
	{
		const ScoreGroup *group = &scores->groups[i];
		float8		p = group->score;

		CHECK_FOR_INTERRUPTS();
		sum_add(&sum, (float8) group->yes * ((1 - p) * (1 - p)));
		sum_add(&sum, (float8) group->no * (p * p));
	}
	PG_RETURN_FLOAT8(sum_total(&sum) / customers(scores));
}

/* What was said to be impossible happened. */
static void
refuse_impossible(int64 count, bool outcome)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("log_loss is infinite"),
			 errdetail("Customers with a probability of exactly %d and the outcome %s: %lld.",
					   outcome ? 0 : 1, outcome ? "true" : "false",
					   (long long) count),
			 errhint("Say how sure a prediction may be at most, as in log_loss(least(greatest(p, 0.001), 0.999), outcome), or use brier.")));
}

Datum
retention_log_loss_final(PG_FUNCTION_ARGS)
{
	const Scores *scores = evaluation_scores(fcinfo);
	Sum			sum = {0};

	if (scores == NULL)
		PG_RETURN_NULL();
	for (int64 i = 0; i < scores->n; i++)
	{
		const ScoreGroup *group = &scores->groups[i];
		float8		p = group->score;

		CHECK_FOR_INTERRUPTS();
		if (p == 0 && group->yes > 0)
			refuse_impossible(group->yes, true);
		if (p == 1 && group->no > 0)
			refuse_impossible(group->no, false);
		if (group->yes > 0)
			sum_add(&sum, (float8) group->yes * -log(p));
		if (group->no > 0)
			sum_add(&sum, (float8) group->no * -log1p(-p));
	}
	/* no negative zero */
	PG_RETURN_FLOAT8(sum_total(&sum) / customers(scores) + 0.0);
}

/* ----------------------------------------------------------------
 *		Parts of the customers: lift, calibration
 * ----------------------------------------------------------------
 */

Datum
retention_lift_final(PG_FUNCTION_ARGS)
{
	const Scores *scores = evaluation_scores(fcinfo);
	float8		top;			/* customers to look at */
	float8		seen = 0;
	float8		yes = 0;

	if (scores == NULL || scores->yes == 0)
		PG_RETURN_NULL();
	top = scores->constant * customers(scores);
	for (int64 i = scores->n - 1; i >= 0 && seen < top; i--)
	{
		const ScoreGroup *group = &scores->groups[i];
		float8		size = (float8) (group->yes + group->no);

		CHECK_FOR_INTERRUPTS();
		if (seen + size <= top)
			yes += (float8) group->yes;
		else
			yes += (float8) group->yes * ((top - seen) / size);
		seen += size;
	}
	PG_RETURN_FLOAT8((yes / top) / ((float8) scores->yes / customers(scores)));
}

enum
{
	CALIBRATION_BIN,
	CALIBRATION_CUSTOMERS,
	CALIBRATION_LOWEST,
	CALIBRATION_HIGHEST,
	CALIBRATION_PREDICTED,
	CALIBRATION_OBSERVED,
	CALIBRATION_LOW,
	CALIBRATION_HIGH
};

static const ReaderColumn calibration_columns[] = {
	[CALIBRATION_BIN] = {"bin", INT4OID},
	[CALIBRATION_CUSTOMERS] = {"customers", INT8OID},
	[CALIBRATION_LOWEST] = {"lowest", FLOAT8OID},
	[CALIBRATION_HIGHEST] = {"highest", FLOAT8OID},
	[CALIBRATION_PREDICTED] = {"predicted", FLOAT8OID},
	[CALIBRATION_OBSERVED] = {"observed", FLOAT8OID},
	[CALIBRATION_LOW] = {"observed_low", FLOAT8OID},
	[CALIBRATION_HIGH] = {"observed_high", FLOAT8OID}
};

/* Where the rows of a calibration are. */
typedef struct Calibration
{
	const Scores *scores;
	int64		next;			/* group */
	int64		before;			/* customers in earlier groups */
} Calibration;

/*
 * The bin of a group of equal scores, from 0: that of the first of them, had
 * the customers been numbered by score.
 */
static int32
bin_of(const Calibration *c)
{
	return (int32) ((int128) (int32) c->scores->constant * c->before /
					(c->scores->yes + c->scores->no));
}

static bool
next_bin(void *state, ReaderRow *row)
{
	Calibration *c = state;
	const Scores *scores = c->scores;
	const ScoreGroup *first = &scores->groups[c->next];
	const ScoreGroup *group = first;
	int32		bin;
	int64		yes = 0;
	int64		size = 0;
	float8		low;
	float8		high;
	Sum			sum = {0};

	if (c->next == scores->n)
		return false;
	for (bin = bin_of(c); c->next < scores->n && bin_of(c) == bin; c->next++)
	{
		int64		n;

		CHECK_FOR_INTERRUPTS();
		group = &scores->groups[c->next];
		n = group->yes + group->no;
		sum_add(&sum, (float8) n * group->score);
		yes += group->yes;
		size += n;
		c->before += n;
	}
	rate_wilson((float8) yes, (float8) size, RATE_Z95, &low, &high);
	row_int32(row, CALIBRATION_BIN, bin + 1);
	row_int64(row, CALIBRATION_CUSTOMERS, size);
	row_float8(row, CALIBRATION_LOWEST, first->score);
	row_float8(row, CALIBRATION_HIGHEST, group->score);
	row_float8(row, CALIBRATION_PREDICTED, sum_total(&sum) / (float8) size);
	row_rate(row, CALIBRATION_OBSERVED, yes, size);
	row_float8(row, CALIBRATION_LOW, low);
	row_float8(row, CALIBRATION_HIGH, high);
	return true;
}

static const Reader calibration = READER_SET(calibration_columns, 0, NULL, next_bin);

Datum
retention_calibration_final(PG_FUNCTION_ARGS)
{
	Calibration c = {evaluation_scores(fcinfo)};

	if (c.scores == NULL)
		PG_RETURN_NULL();
	return reader_array(&calibration, fcinfo, &c);
}
