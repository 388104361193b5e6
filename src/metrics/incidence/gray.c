/*
 * incidence/gray.c
 *		Gray's test: do groups of customers leave alike for a reason?
 *
 * The test of Gray (Annals of Statistics 16, 1988), as cuminc of R's cmprsk
 * has it with rho 0.  For the reason looked at, with, just before a time, Y_g
 * of group g at risk, S_g those not left for any reason, F_g the incidence:
 *
 *		h_g = Y_g / S_g,  R_g = h_g (1 - F_g)
 *
 * and d events for the reason in all groups together, group g is expected to
 * have d R_g/R (no index: the sum over groups); score_g adds up what it has
 * less what is expected.  Under the hypothesis incidence is the same in all
 * groups, F(t) adding up d/h.  The covariance comes from what an event at a
 * time in group k does to the scores, now and through all that follows:
 *
 *		a_gk = h_g ([g = k] - h_k/h),  c_gk = sum of a_gk d / (h (1 - F))
 *
 *		for the reason		a_gk + u (C_gk - c_gk),	u = 1 - (1 - F(t)) / S_k(t)
 *		for another			u' (c_gk - C_gk),		u' = (1 - F(t)) / S_k(t)
 *
 * where c is up to the time and C up to the end, weighted by the variance of
 * the step: S_k/h d/Y_k and S_k^2 d'_k / Y_k^2, each times a correction for
 * ties, 1 - (d - 1) / (h S_k - 1) and 1 - (d'_k - 1) / (Y_k - 1), with d'_k
 * the events of group k for other reasons.  As C is not known before the end,
 * the three parts of the square are added up apart.
 */
#include "metrics/incidence/type.h"

#include <math.h>

#include "base/gamma.h"
#include "base/reader.h"
#include "metrics/survival/groups.h"
#include "metrics/survival/quadratic.h"
#include "miscadmin.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(retention_gray_test);

static const GroupTest gray = {"Gray's test", "incidence_curve", 100};

/* One group at the time at hand. */
typedef struct GrayGroup
{
	const IncidenceReason *reason;	/* the one looked at, or NULL */
	int64		next;			/* time of the reason at hand */
	CurveWalk	walk;			/* whatever the reason */
	const CurvePoint *point;	/* at hand, NULL at the end */
	float8		at_risk;
	float8		events;			/* for the reason */
	float8		others;			/* for others */
	float8		survival;		/* before and after the time */
	float8		survival_after;
	float8		incidence;
	float8		hazard_base;	/* h_g, 0 when nobody is at risk */
} GrayGroup;

/* A test of one reason; the matrices are n by n. */
typedef struct GrayTest
{
	int			n;
	GrayGroup  *groups;
	float8		incidence;		/* F(t-) of all, under the hypothesis */
	float8		incidence_after;
	float8	   *scores;
	float8	   *expected;
	float8	   *a;
	float8	   *c;
	float8	   *now;			/* sum of squares of what is known, g by h */
	float8	   *mixed;			/* that times what C_gk is multiplied by */
	float8	   *later;			/* sum of squares of what C_gk is multiplied by, k */
} GrayTest;

typedef struct GrayState
{
	int			n;				/* curves */
	IncidenceCurve **curves;
	const SurvivalCurve **all;
	int64		nreasons;
	const char **reasons;
	MemoryContext context;		/* of one test */
} GrayState;

/* ----------------------------------------------------------------
 *		Time by time
 * ----------------------------------------------------------------
 */

/* The reason of a curve by its name, or NULL. */
static const IncidenceReason *
find_reason(const IncidenceCurve *curve, const char *name)
{
	int64		low = 0;
	int64		high = curve->nreasons;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;
		int			order = strcmp(curve->reasons[middle].name, name);

		if (order == 0)
			return &curve->reasons[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What happens to a group at a time. */
static void
group_begin_time(GrayGroup *group, float8 at)
{
	const IncidenceReason *reason = group->reason;
	const CurvePoint *point = group->point;

	group->events = group->others = 0;
	group->survival_after = group->survival;
	group->at_risk = point != NULL ? (float8) point->at_risk : 0;
	group->hazard_base = point != NULL ? group->at_risk / group->survival : 0;
	if (point == NULL || point->at != at)
		return;
	if (reason != NULL && group->next < reason->ntimes &&
		reason->times[group->next].at == at)
		group->events = (float8) reason->times[group->next++].customers;
	group->others = (float8) point->events - group->events;
	group->survival_after = point->survival;
}

/* Then go on. */
static void
group_end_time(GrayGroup *group, float8 at)
{
	if (group->point == NULL || group->point->at != at)
		return;
	group->incidence += group->survival * group->events / group->at_risk;
	group->survival = group->survival_after;
	group->point = curve_walk_next(&group->walk);
}

/* Scores, and what events do at once and through all that follows. */
static void
take_scores(GrayTest *test, float8 events)
{
	float8		base = 0;
	float8		risk = 0;
	float8		step;

	for (int g = 0; g < test->n; g++)
	{
		base += test->groups[g].hazard_base;
		risk += test->groups[g].hazard_base * (1 - test->groups[g].incidence);
	}
	test->incidence_after = test->incidence + events / base;
	step = events / (base * (1 - test->incidence));
	for (int g = 0; g < test->n; g++)
	{
		const GrayGroup *group = &test->groups[g];
		float8		share = group->hazard_base * (1 - group->incidence) / risk;

		CHECK_FOR_INTERRUPTS();
		test->scores[g] += group->events - events * share;
		test->expected[g] += events * share;
		for (int k = 0; k < test->n; k++)
		{
			Size		at = (Size) g * test->n + k;

			test->a[at] = group->hazard_base *
				((g == k) - test->groups[k].hazard_base / base);
			test->c[at] += test->a[at] * step;
		}
	}
}

/*
 * Add the square of what a step in group k does, its variance given: factor *
 * a_gk + known * c_gk for now, and later * C_gk.
 */
static void
take_step(GrayTest *test, int k, float8 factor, float8 known, float8 later,
		  float8 variance)
{
	int			n = test->n;

	test->later[k] += later * later * variance;
	for (int g = 0; g < n; g++)
	{
		Size		gk = (Size) g * n + k;
		float8		mine = (factor * test->a[gk] + known * test->c[gk]) * variance;

		CHECK_FOR_INTERRUPTS();
		test->mixed[gk] += mine * later;
		for (int h = 0; h <= g; h++)
		{
			Size		hk = (Size) h * n + k;

			test->now[(Size) g * n + h] += mine *
				(factor * test->a[hk] + known * test->c[hk]);
		}
	}
}

/* The variance of what one time brings. */
static void
take_variance(GrayTest *test, float8 events)
{
	float8		base = 0;

	for (int k = 0; k < test->n; k++)
		base += test->groups[k].hazard_base;
	for (int k = 0; k < test->n; k++)
	{
		const GrayGroup *group = &test->groups[k];
		float8		left = 1 - test->incidence_after;
		float8		share = group->survival_after > 0 ? left / group->survival_after : 0;

		if (group->at_risk > 0 && events > 0)
		{
			float8		ties = events > 1 ?
				1 - (events - 1) / (base * group->survival - 1) : 1;

			take_step(test, k, 1, share - 1, 1 - share,
					  ties * group->survival * events / (base * group->at_risk));
		}
		if (group->others > 0 && group->survival_after > 0)
		{
			float8		ties = group->others > 1 ?
				1 - (group->others - 1) / (group->at_risk - 1) : 1;
			float8		step = group->survival / group->at_risk;

			take_step(test, k, 0, share, -share,
					  ties * step * step * group->others);
		}
	}
}

/* Walk over all times. */
static void
take_times(GrayTest *test)
{
	for (;;)
	{
		float8		at = INFINITY;
		float8		events = 0;
		float8		others = 0;

		CHECK_FOR_INTERRUPTS();
		for (int g = 0; g < test->n; g++)
			if (test->groups[g].point != NULL)
				at = Min(at, test->groups[g].point->at);
		if (isinf(at))
			return;
		for (int g = 0; g < test->n; g++)
		{
			group_begin_time(&test->groups[g], at);
			events += test->groups[g].events;
			others += test->groups[g].others;
		}
		test->incidence_after = test->incidence;
		if (events > 0)
			take_scores(test, events);
		if (events > 0 || others > 0)
			take_variance(test, events);
		for (int g = 0; g < test->n; g++)
			group_end_time(&test->groups[g], at);
		test->incidence = test->incidence_after;
	}
}

/* The covariance of the scores, in the lower triangle of now. */
static void
take_later(GrayTest *test)
{
	int			n = test->n;

	for (int g = 0; g < n; g++)
		for (int h = 0; h <= g; h++)
		{
			float8		sum = 0;

			CHECK_FOR_INTERRUPTS();
			for (int k = 0; k < n; k++)
			{
				Size		gk = (Size) g * n + k;
				Size		hk = (Size) h * n + k;

				sum += test->c[gk] * test->c[hk] * test->later[k] +
					test->c[gk] * test->mixed[hk] + test->c[hk] * test->mixed[gk];
			}
			test->now[(Size) g * n + h] += sum;
		}
}

/* ----------------------------------------------------------------
 *		The reader
 * ----------------------------------------------------------------
 */

typedef const char *ReasonName;

#define ST_SORT sort_names
#define ST_ELEMENT_TYPE ReasonName
#define ST_COMPARE(a, b) strcmp(*(a), *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* All reasons there are, ascending. */
static void
take_reasons(GrayState *state)
{
	int64		n = 0;
	int64		kept = 0;
	ReasonName *names;

	for (int i = 0; i < state->n; i++)
		n += state->curves[i]->nreasons;
	names = palloc_extended(Max(n, 1) * sizeof(ReasonName), MCXT_ALLOC_HUGE);
	n = 0;
	for (int i = 0; i < state->n; i++)
		for (int64 j = 0; j < state->curves[i]->nreasons; j++)
			if (state->curves[i]->reasons[j].name[0] != '\0')
				names[n++] = state->curves[i]->reasons[j].name;
	sort_names(names, n);
	for (int64 i = 0; i < n; i++)
		if (kept == 0 || strcmp(names[i], names[kept - 1]) != 0)
			names[kept++] = names[i];
	state->reasons = names;
	state->nreasons = kept;
}

static void *
gray_begin(FunctionCallInfo fcinfo, const void *arg)
{
	GrayState  *state = palloc0(sizeof(GrayState));
	const Groups *groups = groups_take(&gray, PG_GETARG_ARRAYTYPE_P(0), NULL, NULL);

	(void) arg;
	state->n = groups->nmembers;
	state->curves = palloc(Max(state->n, 1) * sizeof(IncidenceCurve *));
	state->all = palloc(Max(state->n, 1) * sizeof(SurvivalCurve *));
	for (int i = 0; i < state->n; i++)
	{
		state->curves[i] = DatumGetIncidence(groups->members[i].curve);
		state->all[i] = incidence_survival(state->curves[i]);
	}
	take_reasons(state);
	state->context = AllocSetContextCreate(CurrentMemoryContext, "Gray's test",
										   ALLOCSET_DEFAULT_SIZES);
	return state;
}

/* A test of one reason, begun. */
static GrayTest *
begin_test(const GrayState *state, const char *reason)
{
	GrayTest   *test = palloc0(sizeof(GrayTest));
	int			n = state->n;

	test->n = n;
	test->groups = palloc0(n * sizeof(GrayGroup));
	test->scores = palloc0(n * sizeof(float8));
	test->expected = palloc0(n * sizeof(float8));
	test->later = palloc0(n * sizeof(float8));
	test->a = palloc0((Size) n * n * sizeof(float8));
	test->c = palloc0((Size) n * n * sizeof(float8));
	test->now = palloc0((Size) n * n * sizeof(float8));
	test->mixed = palloc0((Size) n * n * sizeof(float8));
	for (int g = 0; g < n; g++)
	{
		GrayGroup  *group = &test->groups[g];

		group->reason = find_reason(state->curves[g], reason);
		group->survival = 1;
		curve_walk_begin(&group->walk, state->all[g]);
		group->point = curve_walk_next(&group->walk);
	}
	return test;
}

enum
{
	GRAY_REASON, GRAY_CHI_SQUARE, GRAY_DEGREES, GRAY_P_VALUE
};

static const ReaderColumn gray_columns[] = {
	[GRAY_REASON] = {"reason", TEXTOID},
	[GRAY_CHI_SQUARE] = {"chi_square", FLOAT8OID},
	[GRAY_DEGREES] = {"degrees_of_freedom", INT4OID},
	[GRAY_P_VALUE] = {"p_value", FLOAT8OID},
};

static bool
gray_next(void *arg, ReaderRow *row)
{
	GrayState  *state = arg;
	const char *reason;
	int		   *index;
	int			compared = 0;
	float8		chi_square = 0;
	MemoryContext old;
	GrayTest   *test;

	if (row->number == state->nreasons)
		return false;
	reason = state->reasons[row->number];
	old = MemoryContextSwitchTo(state->context);
	test = begin_test(state, reason);
	take_times(test);
	take_later(test);
	index = palloc(test->n * sizeof(int));
	for (int g = 0; g < test->n; g++)
		if (test->expected[g] > 0)
			index[compared++] = g;
	if (compared < 2 || !quadratic_form(test->scores, test->now, test->n, index,
										compared - 1, &chi_square))
		compared = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->context);
	row_text(row, GRAY_REASON, reason);
	if (compared > 0)
	{
		row_float8(row, GRAY_CHI_SQUARE, chi_square);
		row_int32(row, GRAY_DEGREES, compared - 1);
		row_float8(row, GRAY_P_VALUE, chi_square_tail(chi_square, compared - 1));
	}
	return true;
}

/* gray_test(VARIADIC incidence_curve[]) */
Datum
retention_gray_test(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(gray_columns, 1, gray_begin,
											gray_next);

	return reader_rows(&reader, fcinfo, NULL);
}
