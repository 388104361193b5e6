/*
 * survival/log_rank.c
 *		The log-rank test: do groups of customers churn alike?
 *
 * At each time with d churned of n at risk, in all groups together, group g
 * with n_g at risk is expected to lose d n_g/n, with the hypergeometric
 * covariance d (n-d)/(n-1) n_g/n ([g=h] - n_h/n); their sums E and V give
 * chi-square = (O-E)' V^-1 (O-E) over all groups but one (Mantel 1966; Peto
 * and Peto 1972).
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/reader.h"
#include "base/gamma.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(retention_log_rank);

#define LOG_RANK_MAX_GROUPS 1000

typedef struct LogRankGroup
{
	const SurvivalCurve *curve;
	int64		next;			/* time at hand */
	int64		at_risk;
	float8		surplus;		/* observed less expected events */
	float8		expected;
} LogRankGroup;

/* The curves of the argument that are not NULL. */
static LogRankGroup *
take_groups(ArrayType *array, int *n)
{
	LogRankGroup *groups;
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT,
					  &values, &nulls, &nvalues);
	groups = palloc0(Max(nvalues, 1) * sizeof(LogRankGroup));
	*n = 0;
	for (int i = 0; i < nvalues; i++)
	{
		if (nulls[i])
			continue;
		if (*n == LOG_RANK_MAX_GROUPS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many groups for a log-rank test"),
					 errdetail("There are more than %d.", LOG_RANK_MAX_GROUPS),
					 errhint("Compare fewer groups, or put them together with rollup(survival_curve).")));
		groups[*n].curve = DatumGetCurve(values[i]);
		groups[*n].at_risk = groups[*n].curve->customers;
		(*n)++;
	}
	return groups;
}

/* The earliest time at hand, infinity when there is none. */
static float8
earliest_time(const LogRankGroup *groups, int n)
{
	float8		at = INFINITY;

	for (int g = 0; g < n; g++)
		if (groups[g].next < groups[g].curve->ntimes)
			at = Min(at, groups[g].curve->times[groups[g].next].at);
	return at;
}

/* What happens to a group at a time; NULL when nothing does. */
static const CurveTime *
group_time(const LogRankGroup *group, float8 at)
{
	const CurveTime *time = &group->curve->times[group->next];

	return group->next < group->curve->ntimes && time->at == at ? time : NULL;
}

/* Add what one time says to surplus, expected and the covariance. */
static void
take_time(LogRankGroup *groups, int n, float8 at, float8 *covariance)
{
	float8		risk = 0;
	float8		events = 0;
	float8		factor;

	for (int g = 0; g < n; g++)
	{
		const CurveTime *time = group_time(&groups[g], at);

		risk += (float8) groups[g].at_risk;
		events += time != NULL ? (float8) time->events : 0;
	}
	if (events == 0)
		return;
	factor = risk > 1 ? events * (risk - events) / (risk - 1) : 0;
	for (int g = 0; g < n; g++)
	{
		const CurveTime *time = group_time(&groups[g], at);
		float8		share = (float8) groups[g].at_risk / risk;

		CHECK_FOR_INTERRUPTS();
		groups[g].expected += events * share;
		groups[g].surplus += (time != NULL ? (float8) time->events : 0) -
			events * share;
		if (share > 0)
			for (int h = 0; h <= g; h++)
				covariance[g * n + h] += factor * share *
					((g == h) - (float8) groups[h].at_risk / risk);
	}
}

/* Let those who churned or were last seen at a time go. */
static void
pass_time(LogRankGroup *groups, int n, float8 at)
{
	for (int g = 0; g < n; g++)
	{
		const CurveTime *time = group_time(&groups[g], at);

		if (time != NULL)
		{
			groups[g].at_risk -= time->events + time->censored;
			groups[g].next++;
		}
	}
}

/*
 * v' M^-1 v for a symmetric M, of which the lower triangle is given and
 * overwritten, by Cholesky's decomposition; false when M is singular.
 */
static bool
quadratic_form(float8 *m, int stride, const int *index, int n,
			   const LogRankGroup *groups, float8 *result)
{
	float8	   *solved = palloc(n * sizeof(float8));
	float8		sum = 0;

	for (int i = 0; i < n; i++)
	{
		float8	   *row = m + (Size) index[i] * stride;
		float8		diagonal = row[index[i]];
		float8		value = groups[index[i]].surplus;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < i; j++)
		{
			const float8 *other = m + (Size) index[j] * stride;

			for (int k = 0; k < j; k++)
				row[index[j]] -= row[index[k]] * other[index[k]];
			row[index[j]] /= other[index[j]];
		}
		for (int k = 0; k < i; k++)
		{
			row[index[i]] -= row[index[k]] * row[index[k]];
			value -= row[index[k]] * solved[k];
		}
		if (!(row[index[i]] > 1e-12 * diagonal))
			return false;
		row[index[i]] = sqrt(row[index[i]]);
		solved[i] = value / row[index[i]];
		sum += solved[i] * solved[i];
	}
	*result = sum;
	return true;
}

enum
{
	RANK_CHI_SQUARE, RANK_DEGREES, RANK_P_VALUE
};

static const ReaderColumn rank_columns[] = {
	[RANK_CHI_SQUARE] = {"chi_square", FLOAT8OID},
	[RANK_DEGREES] = {"degrees_of_freedom", INT4OID},
	[RANK_P_VALUE] = {"p_value", FLOAT8OID},
};

/* log_rank(VARIADIC survival_curve[]) */
Datum
retention_log_rank(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(rank_columns);
	int			n;
	LogRankGroup *groups = take_groups(PG_GETARG_ARRAYTYPE_P(0), &n);
	float8	   *covariance = palloc0(Max(n * n, 1) * sizeof(float8));
	int		   *index = palloc(Max(n, 1) * sizeof(int));
	int			compared = 0;
	float8		chi_square = 0;
	float8		at;
	ReaderRow	row;

	while (!isinf(at = earliest_time(groups, n)))
	{
		CHECK_FOR_INTERRUPTS();
		take_time(groups, n, at, covariance);
		pass_time(groups, n, at);
	}
	for (int g = 0; g < n; g++)
		if (groups[g].expected > 0)
			index[compared++] = g;
	reader_row_begin(&row, &reader);
	if (compared >= 2 &&
		quadratic_form(covariance, n, index, compared - 1, groups, &chi_square))
	{
		row_float8(&row, RANK_CHI_SQUARE, chi_square);
		row_int32(&row, RANK_DEGREES, compared - 1);
		row_float8(&row, RANK_P_VALUE,
				   chi_square_tail(chi_square, compared - 1));
	}
	return reader_row_datum(&row, fcinfo);
}
