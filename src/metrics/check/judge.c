/*
 * check/judge.c
 *		From counts and samples to findings: what all rows have in common.
 *
 * A fault must be silent on every table that is as it should be; what such a
 * table may well have is a look.  Shares that decide are at 20 rows at least.
 */
#include "metrics/check/judge.h"

#include "miscadmin.h"

#define FEW 20

void
judge_tell(Judge *judge, Finding which, const char *severity, int64 found,
		   int64 among, const char *example)
{
	DataCheck  *check = judge->check;
	CheckFinding *f = &check->findings[check->nfindings];

	Assert(finding_words[which].remedy[check->flags & CHECK_RANGES] != NULL);
	f->among = Min(among, check->rows);
	f->found = Min(found, f->among);
	if (f->found < 1)
		return;
	f->name = finding_words[which].name;
	f->severity = severity;
	f->example = example != NULL ? example : "";
	check->nfindings++;
}

const char *
judge_example(const Judge *judge, const SampleEntry *entry)
{
	return check_row_text(judge->state, check_name(judge->state, entry),
						  &entry->row, NULL);
}

/* What single rows have, and how many of so many. */
static void
tell_rows(Judge *judge, Finding which, const char *severity, int64 among)
{
	const CheckState *state = judge->state;

	judge_tell(judge, which, severity, state->found[which], among,
			   state->examples[which].text);
}

/* The findings of single rows, and of amounts. */
static void
judge_rows(Judge *judge)
{
	const CheckState *state = judge->state;
	const int64 *tallies = state->tallies;
	bool		ranges = (state->flags & CHECK_RANGES) != 0;
	int64		taken = tallies[TALLY_TAKEN];
	int64		amounts = tallies[TALLY_AMOUNTS];

	tell_rows(judge, FINDING_UNNAMED, SEVERITY_LOOK, tallies[TALLY_ROWS]);
	if (!ranges)
		tell_rows(judge, FINDING_NOT_FINITE, SEVERITY_FAULT, taken);
	else
	{
		/* where the zone is not known, any quarter of an hour is suspected */
		float8		share = state->time == TIME_TIMESTAMP_RANGE ? 0.01 : 0.5;

		tell_rows(judge, FINDING_NO_START, SEVERITY_FAULT, taken);
		tell_rows(judge, FINDING_EMPTY, SEVERITY_LOOK, taken);
		if (judge_share(state->found[FINDING_LAST_SECOND],
						tallies[TALLY_CLOSED], share))
			tell_rows(judge, FINDING_LAST_SECOND, SEVERITY_FAULT,
					  tallies[TALLY_CLOSED]);
	}
	tell_rows(judge, FINDING_EARLY, SEVERITY_LOOK, taken);
	tell_rows(judge, FINDING_LATE, ranges ? SEVERITY_LOOK : SEVERITY_FAULT, taken);
	tell_rows(judge, FINDING_NO_NUMBER, SEVERITY_FAULT, tallies[TALLY_ROWS]);
	tell_rows(judge, FINDING_DECIMALS, SEVERITY_LOOK, tallies[TALLY_ROWS]);
	if (amounts < FEW)
		return;
	if (state->found[FINDING_NEGATIVE] > amounts / 2)
		tell_rows(judge, FINDING_NEGATIVE, SEVERITY_FAULT, amounts);
	if (tallies[TALLY_WHOLE] == amounts &&
		judge_share(tallies[TALLY_HUNDREDS], amounts, 0.9) &&
		judge_share(tallies[TALLY_ROUND], amounts, 0.9) &&
		judge_share(tallies[TALLY_PRICES], amounts, 0.2))
		tell_rows(judge, FINDING_CENTS, SEVERITY_LOOK, amounts);
}

/* Is nearly every row another customer?  Of a table of ranges that is usual. */
static void
judge_single(Judge *judge)
{
	int			n;
	SampleEntry **customers = sample_sorted(&judge->state->customers, &n);
	const SampleEntry *example = NULL;
	int64		among = 0;
	int64		single = 0;

	for (int i = 0; i < n; i++)
	{
		const SampleEntry *e = customers[i];

		among = add_counts(among, e->rows);
		if (e->rows != 1)
			continue;
		single++;
		if (example == NULL || e->row.key[0] < example->row.key[0])
			example = e;
	}
	if (n >= FEW && judge_share(n, among, 0.95))
		judge_tell(judge, FINDING_SINGLE, SEVERITY_LOOK, single, among,
				   example != NULL ? check_name(judge->state, example) : NULL);
	pfree(customers);
}

DataCheck *
check_judge(const CheckState *state)
{
	Judge		judge = {.state = state};
	DataCheck  *check = palloc0(sizeof(DataCheck));

	check->flags = state->flags & CHECK_RANGES;
	check->rows = state->tallies[TALLY_ROWS];
	check->findings = palloc0(FINDING_COUNT * sizeof(CheckFinding));
	judge.check = check;
	judge.rows = sample_sorted(&state->rows, &judge.nrows);
	for (int i = 0; i < judge.nrows; i++)
		judge.among = add_counts(judge.among, judge.rows[i]->rows);

	judge_rows(&judge);
	if (state->flags & CHECK_SPELLED)
		judge_spellings(&judge);
	if (state->flags & CHECK_RANGES)
		judge_ranges(&judge);
	else
	{
		judge_single(&judge);
		judge_events(&judge);
	}
	return check;
}
