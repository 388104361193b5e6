/*
 * evaluation.h
 *		Did it come true?  Customers by score and outcome, the state of the
 *		aggregates that judge predictions.
 *
 * Nothing is added up before all rows are there: what a measure is made of
 * are counts of customers with one score and outcome, so neither the order of
 * the rows nor the number of workers changes a digit.
 */
#ifndef RETENTION_EVALUATION_H
#define RETENTION_EVALUATION_H

#include "base/constant.h"
#include "metrics/survival/state.h"

#define EVALUATION_MAGIC 0x4556414C
#define EVALUATION_MAX_BINS 1000

/*
 * The engine counts numbers from 0 up with two outcomes each; those below 0
 * have one of their own, by their absolute values.
 */
typedef struct Evaluation
{
	uint32		magic;
	Constant	which;			/* SHARE or BINS; CONSTANTS: has none */
	float8		constant;
	LivesState *above;			/* scores from 0 up */
	LivesState *below;			/* or NULL */
} Evaluation;

/* Customers with one score. */
typedef struct ScoreGroup
{
	float8		score;
	int64		yes;			/* outcome true */
	int64		no;
} ScoreGroup;

/* All scores, ascending; at least one customer. */
typedef struct Scores
{
	int64		n;
	int64		yes;
	int64		no;
	float8		constant;
	ScoreGroup *groups;
} Scores;

/* Those of a final function's state, palloc'd; NULL without customers. */
extern Scores *evaluation_scores(FunctionCallInfo fcinfo);

#endif							/* RETENTION_EVALUATION_H */
