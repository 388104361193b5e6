/*
 * survival/log_rank.c
 *		The log-rank test and its kin: do groups of customers churn alike?
 *
 * At each time with d churned of n at risk, in all groups together, group g
 * with n_g at risk is expected to lose d n_g/n, with the hypergeometric
 * covariance d (n-d)/(n-1) n_g/n ([g=h] - n_h/n); their sums E and V give
 * chi-square = (O-E)' V^-1 (O-E) over all groups but one (Mantel 1966; Peto
 * and Peto 1972).  A time may have a weight w, which counts its churned and
 * its expected w times, and the covariance w^2 times:
 *
 *		n						Gehan 1965, Breslow 1970
 *		square root of n		Tarone and Ware 1977
 *		S(t-)^rho				Harrington and Fleming 1982; with rho 1 Peto and
 *								Peto 1972, as survdiff of R has it
 *
 * where S(t-) is Kaplan and Meier's survival of all groups just before.  Where
 * there are strata, all of this is within each, and the sums are over all.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/clip.h"
#include "base/gamma.h"
#include "base/reader.h"
#include "common/int.h"
#include "metrics/survival/groups.h"
#include "metrics/survival/quadratic.h"
#include "miscadmin.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_log_rank);
PG_FUNCTION_INFO_V1(retention_log_rank_strata);
PG_FUNCTION_INFO_V1(retention_log_rank_groups);

static const GroupTest log_rank_test = {"a log-rank test", "survival_curve", 1000};

/* ----------------------------------------------------------------
 *		Weights
 * ----------------------------------------------------------------
 */

/* The weight of a time is n^at_risk S(t-)^survival. */
typedef struct RankWeights
{
	float8		at_risk;
	float8		survival;
} RankWeights;

typedef struct RankWords
{
	const char *name;
	RankWeights weights;
} RankWords;

static const RankWords rank_words[] = {
	{"log-rank", {0, 0}},
	{"gehan-breslow", {1, 0}},
	{"tarone-ware", {0.5, 0}},
	{"peto", {0, 1}},
	{"fleming-harrington", {0, 0}}
};

/* Arguments n, the name of the weights, and n + 1, rho; NULL is the default. */
static RankWeights
weights_arguments(FunctionCallInfo fcinfo, int n)
{
	const char *name = PG_ARGISNULL(n) ? rank_words[0].name :
		text_to_cstring(PG_GETARG_TEXT_PP(n));
	float8		rho = PG_ARGISNULL(n + 1) ? 0 : PG_GETARG_FLOAT8(n + 1);

	if (!(rho >= 0) || isinf(rho))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("rho must be 0 or above, and finite"),
				 errdetail("It is %g.", rho),
				 errhint("0 weighs all times alike, 1 the early ones by the share of customers still there.")));
	for (int i = 0; i < (int) lengthof(rank_words); i++)
		if (strcmp(name, rank_words[i].name) == 0)
		{
			RankWeights weights = rank_words[i].weights;

			weights.survival += rho;
			return weights;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown weights \"%s\"", clip(name)),
			 errhint("Pass 'log-rank', 'gehan-breslow', 'tarone-ware', 'peto', or 'fleming-harrington' with rho.")));
}

static float8
weight_of_time(const RankWeights *weights, float8 at_risk, float8 survival)
{
	float8		weight = 1;

	if (weights->at_risk != 0)
		weight *= weights->at_risk == 1 ? at_risk : sqrt(at_risk);
	if (weights->survival != 0)
		weight *= weights->survival == 1 ? survival :
			pow(survival, weights->survival);
	return weight;
}

/* ----------------------------------------------------------------
 *		The sums
 * ----------------------------------------------------------------
 */

/* A curve being walked over. */
typedef struct RankCurve
{
	const SurvivalCurve *curve;
	int			group;			/* of those of the stratum */
	int64		next;			/* time at hand */
	int64		at_risk;
} RankCurve;

/* One stratum: its curves, and its groups at the time at hand. */
typedef struct RankStratum
{
	int			ncurves;
	RankCurve  *curves;
	int			n;				/* groups */
	int		   *groups;			/* their numbers */
	float8	   *at_risk;
	float8	   *events;
	float8		survival;		/* of all, just before */
} RankStratum;

typedef struct RankSums
{
	const Groups *groups;
	RankWeights weights;
	int64	   *customers;
	float8	   *observed;
	float8	   *expected;
	float8	   *surplus;		/* observed less expected */
	float8	   *covariance;
} RankSums;

/* Decode the curves of a stratum, members being its first, of so many left. */
static RankStratum *
begin_stratum(const GroupMember *members, int left, RankSums *sums)
{
	RankStratum *stratum = palloc0(sizeof(RankStratum));

	while (stratum->ncurves < left &&
		   members[stratum->ncurves].stratum == members[0].stratum)
		stratum->ncurves++;
	stratum->curves = palloc0(stratum->ncurves * sizeof(RankCurve));
	stratum->groups = palloc(stratum->ncurves * sizeof(int));
	stratum->at_risk = palloc(stratum->ncurves * sizeof(float8));
	stratum->events = palloc(stratum->ncurves * sizeof(float8));
	stratum->survival = 1;
	for (int i = 0; i < stratum->ncurves; i++)
	{
		RankCurve  *c = &stratum->curves[i];
		int			group = members[i].group;

		CHECK_FOR_INTERRUPTS();
		if (i == 0 || group != members[i - 1].group)
			stratum->groups[stratum->n++] = group;
		c->curve = DatumGetCurve(members[i].curve);
		c->group = stratum->n - 1;
		c->at_risk = curve_at_risk(c->curve, 0);
		if (pg_add_s64_overflow(sums->customers[group], c->curve->customers,
								&sums->customers[group]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("too many customers in a group"),
					 errdetail("They add up to more than %lld.",
							   (long long) PG_INT64_MAX),
					 errhint("The curves of a group must be of disjoint customers.")));
	}
	return stratum;
}

/* The earliest time at hand, infinity when there is none. */
static float8
earliest_time(const RankStratum *stratum)
{
	float8		at = INFINITY;

	for (int i = 0; i < stratum->ncurves; i++)
	{
		const RankCurve *c = &stratum->curves[i];

		if (c->next < c->curve->ntimes)
			at = Min(at, c->curve->times[c->next].at);
	}
	return at;
}

/* What happens to the groups at a time; those who leave, and enter, then do. */
static void
pass_time(RankStratum *stratum, float8 at)
{
	memset(stratum->at_risk, 0, stratum->n * sizeof(float8));
	memset(stratum->events, 0, stratum->n * sizeof(float8));
	for (int i = 0; i < stratum->ncurves; i++)
	{
		RankCurve  *c = &stratum->curves[i];
		const CurveTime *time = &c->curve->times[c->next];

		stratum->at_risk[c->group] += (float8) c->at_risk;
		if (c->next < c->curve->ntimes && time->at == at)
		{
			stratum->events[c->group] += (float8) time->events;
			c->at_risk += time->entered - time->events - time->censored;
			c->next++;
		}
	}
}

/* Add what one time says to the sums. */
static void
take_time(RankSums *sums, RankStratum *stratum)
{
	float8		risk = 0;
	float8		events = 0;
	float8		weight;
	float8		factor;

	for (int g = 0; g < stratum->n; g++)
	{
		risk += stratum->at_risk[g];
		events += stratum->events[g];
	}
	if (events == 0)
		return;
	weight = weight_of_time(&sums->weights, risk, stratum->survival);
	factor = risk > 1 ? events * (risk - events) / (risk - 1) : 0;
	factor *= weight * weight;
	for (int g = 0; g < stratum->n; g++)
	{
		int			group = stratum->groups[g];
		float8		share = stratum->at_risk[g] / risk;
		float8	   *row = &sums->covariance[(Size) group * sums->groups->n];

		CHECK_FOR_INTERRUPTS();
		sums->observed[group] += weight * stratum->events[g];
		sums->expected[group] += weight * events * share;
		sums->surplus[group] += weight * (stratum->events[g] - events * share);
		if (share > 0)
			for (int h = 0; h <= g; h++)
				row[stratum->groups[h]] += factor * share *
					((g == h) - stratum->at_risk[h] / risk);
	}
	stratum->survival *= (risk - events) / risk;
}

/* Of the curves of an array, NULL for none, in groups and strata. */
static RankSums *
rank_sums(ArrayType *curves, ArrayType *groups, ArrayType *strata,
		  RankWeights weights)
{
	RankSums   *sums = palloc0(sizeof(RankSums));
	const Groups *all = groups_take(&log_rank_test, curves, groups, strata);
	int			n = Max(all->n, 1);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "stratum",
												  ALLOCSET_DEFAULT_SIZES);

	sums->groups = all;
	sums->weights = weights;
	sums->customers = palloc0(n * sizeof(int64));
	sums->observed = palloc0(n * sizeof(float8));
	sums->expected = palloc0(n * sizeof(float8));
	sums->surplus = palloc0(n * sizeof(float8));
	sums->covariance = palloc0((Size) n * n * sizeof(float8));
	for (int i = 0; i < all->nmembers;)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		RankStratum *stratum = begin_stratum(&all->members[i],
											 all->nmembers - i, sums);
		float8		at;

		while (!isinf(at = earliest_time(stratum)))
		{
			CHECK_FOR_INTERRUPTS();
			pass_time(stratum, at);
			take_time(sums, stratum);
		}
		i += stratum->ncurves;
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return sums;
}

/* ----------------------------------------------------------------
 *		Readers
 * ----------------------------------------------------------------
 */

enum
{
	RANK_CHI_SQUARE, RANK_DEGREES, RANK_P_VALUE
};

static const ReaderColumn rank_columns[] = {
	[RANK_CHI_SQUARE] = {"chi_square", FLOAT8OID},
	[RANK_DEGREES] = {"degrees_of_freedom", INT4OID},
	[RANK_P_VALUE] = {"p_value", FLOAT8OID},
};

static const Reader rank_reader = READER_ROW(rank_columns);

/* The test; nothing where there are not two groups to be compared. */
static void
put_test(ReaderRow *row, const RankSums *sums)
{
	int			n = sums->groups->n;
	int		   *index = palloc(Max(n, 1) * sizeof(int));
	int			compared = 0;
	float8		chi_square = 0;

	for (int g = 0; g < n; g++)
		if (sums->expected[g] > 0)
			index[compared++] = g;
	if (compared < 2 ||
		!quadratic_form(sums->surplus, sums->covariance, n, index,
						compared - 1, &chi_square))
		return;
	row_float8(row, RANK_CHI_SQUARE, chi_square);
	row_int32(row, RANK_DEGREES, compared - 1);
	row_float8(row, RANK_P_VALUE, chi_square_tail(chi_square, compared - 1));
}

/* log_rank(VARIADIC survival_curve[]) */
Datum
retention_log_rank(PG_FUNCTION_ARGS)
{
	RankWeights weights = {0, 0};
	ReaderRow	row;

	reader_row_begin(&row, &rank_reader);
	put_test(&row, rank_sums(PG_GETARG_ARRAYTYPE_P(0), NULL, NULL, weights));
	return reader_row_datum(&row, fcinfo);
}

/* The sums of (curves, groups, strata, weights, rho). */
static RankSums *
sums_arguments(FunctionCallInfo fcinfo)
{
	return rank_sums(PG_GETARG_ARRAYTYPE_P(0),
					 PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
					 PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2),
					 weights_arguments(fcinfo, 3));
}

/* log_rank(curves, groups, strata, weights, rho) */
Datum
retention_log_rank_strata(PG_FUNCTION_ARGS)
{
	ReaderRow	row;

	reader_row_begin(&row, &rank_reader);
	if (!PG_ARGISNULL(0))
		put_test(&row, sums_arguments(fcinfo));
	return reader_row_datum(&row, fcinfo);
}

enum
{
	GROUP_NAME, GROUP_CUSTOMERS, GROUP_OBSERVED, GROUP_EXPECTED
};

static const ReaderColumn group_columns[] = {
	[GROUP_NAME] = {"group_name", TEXTOID},
	[GROUP_CUSTOMERS] = {"customers", INT8OID},
	[GROUP_OBSERVED] = {"observed", FLOAT8OID},
	[GROUP_EXPECTED] = {"expected", FLOAT8OID},
};

static void *
groups_begin(FunctionCallInfo fcinfo, const void *arg)
{
	(void) arg;
	return sums_arguments(fcinfo);
}

static bool
groups_next(void *arg, ReaderRow *row)
{
	const RankSums *sums = arg;
	const Groups *groups = sums->groups;
	int			g = (int) row->number;

	if (g == groups->n)
		return false;
	if (groups->names[g] != NULL)
		row_text(row, GROUP_NAME, groups->names[g]);
	row_int64(row, GROUP_CUSTOMERS, sums->customers[g]);
	row_float8(row, GROUP_OBSERVED, sums->observed[g]);
	row_float8(row, GROUP_EXPECTED, sums->expected[g]);
	return true;
}

/* log_rank_groups(curves, groups, strata, weights, rho) */
Datum
retention_log_rank_groups(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(group_columns, 1, groups_begin,
											groups_next);

	return reader_rows(&reader, fcinfo, NULL);
}
