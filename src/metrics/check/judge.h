/*
 * check/judge.h
 *		From counts and samples to findings.
 */
#ifndef RETENTION_CHECK_JUDGE_H
#define RETENTION_CHECK_JUDGE_H

#include "metrics/check/state.h"

/* A check being made. */
typedef struct Judge
{
	const CheckState *state;
	DataCheck  *check;
	SampleEntry **rows;			/* in order: what belongs together is */
	int			nrows;
	int64		among;			/* rows that they stand for */
} Judge;

/*
 * Tell a finding, in the order of Finding.  Counts that contradict one another
 * can only come from outside, and are made to agree.
 */
extern void judge_tell(Judge *judge, Finding which, const char *severity,
					   int64 found, int64 among, const char *example);

/* part / whole is at least share. */
static inline bool
judge_share(int64 part, int64 whole, float8 share)
{
	return whole > 0 && (float8) part >= share * (float8) whole;
}

/* A row of the sample as an example. */
extern const char *judge_example(const Judge *judge, const SampleEntry *entry);

/* check/judge_names.c */
extern void judge_spellings(Judge *judge);

/* check/judge_events.c */
extern void judge_events(Judge *judge);

/* check/judge_ranges.c */
extern void judge_ranges(Judge *judge);

#endif							/* RETENTION_CHECK_JUDGE_H */
