/*
 * purchase.c
 *		Purchase models: their kinds, histories and fits.
 */
#include "models/purchase.h"

#include <math.h>

#include "models/multistart.h"
#include "models/special.h"
#include "utils/float.h"

/* Histories past these have no use and no digits left. */
#define FREQUENCY_MAX 1000000000
#define AGE_MAX 1e15

#define STARTS 16				/* of a fit */
#define STARTS_MAX (STARTS + lengthof(gone_at_once))
#define MANY_ROWS 20000			/* that take long, distinct ones */

const FittedType purchase_type = {
	.name = "purchase_model",
	.words = "purchase model",
	.whole_hint = "At least it reads {\"kind\": \"bg/nbd\", \"parameters\": {\"r\": 1, \"alpha\": 1, \"a\": 1, \"b\": 1}}; an aggregate fits one to data.",
	.has_unit = true,
	.nkinds = 3,
	.kinds = {
		[PURCHASE_BG] = {"bg/nbd", PURCHASE_PARAMETERS, {"r", "alpha", "a", "b"}},
		[PURCHASE_MBG] = {"mbg/nbd", PURCHASE_PARAMETERS, {"r", "alpha", "a", "b"}},
		[PURCHASE_PARETO] = {"pareto/nbd", PURCHASE_PARAMETERS, {"r", "alpha", "s", "beta"}}
	}
};

const ProblemText purchase_problems[PURCHASE_PROBLEMS] = {
	[PURCHASE_NOT_FINITE] = {
		"recency or age is not finite",
		"Leave out customers without a first purchase, and purchases at infinite times."
	},
	[PURCHASE_NEGATIVE_FREQUENCY] = {
		"the frequency is negative",
		"The frequency counts repeat purchases: days with a purchase, without the first."
	},
	[PURCHASE_NEGATIVE_TIME] = {
		"recency or age is negative",
		"Both are counted from the first purchase of the customer: leave out who first bought at or after as_of."
	},
	[PURCHASE_RECENCY_PAST_AGE] = {
		"the recency exceeds the age",
		"The recency is last purchase - first purchase, the age is as_of - first purchase: leave out purchases at or after as_of."
	},
	[PURCHASE_RECENCY_WITHOUT_REPEAT] = {
		"the frequency is 0 and the recency is not",
		"Without a repeat purchase the last purchase is the first one, so that the recency is 0."
	},
	[PURCHASE_TOO_LARGE] = {
		"frequency or age is too large",
		"The frequency is at most 1000000000, the age at most 1e15."
	},
	[PURCHASE_WEIGHT] = {
		"the weight is negative",
		"The weight is the number of customers a row stands for."
	}
};

PurchaseProblem
purchase_history_problem(int64 frequency, float8 recency, float8 age)
{
	if (!isfinite(recency) || !isfinite(age))
		return PURCHASE_NOT_FINITE;
	if (frequency < 0)
		return PURCHASE_NEGATIVE_FREQUENCY;
	if (recency < 0 || age < 0)
		return PURCHASE_NEGATIVE_TIME;
	if (recency > age)
		return PURCHASE_RECENCY_PAST_AGE;
	if (frequency == 0 && recency > 0)
		return PURCHASE_RECENCY_WITHOUT_REPEAT;
	if (frequency > FREQUENCY_MAX || age > AGE_MAX)
		return PURCHASE_TOO_LARGE;
	return PURCHASE_NO_PROBLEM;
}

char *
purchase_describe(const RowGroup *row)
{
	return psprintf("frequency %lld, recency %s, age %s", (long long) row->x,
					float8out_internal(row->u), float8out_internal(row->v));
}

/* ----------------------------------------------------------------
 *		What the kinds have in common
 * ----------------------------------------------------------------
 */

float8
purchase_log_likelihood(PurchaseKind kind, const float8 *p,
						const PurchaseHistory *h)
{
	return kind == PURCHASE_PARETO ? pareto_log_likelihood(p, h) :
		bgnbd_log_likelihood(kind, p, h);
}

float8
purchase_p_alive(PurchaseKind kind, const float8 *p, const PurchaseHistory *h)
{
	return kind == PURCHASE_PARETO ? pareto_p_alive(p, h) :
		bgnbd_p_alive(kind, p, h);
}

float8
purchase_expected(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
				  float8 t)
{
	return kind == PURCHASE_PARETO ? pareto_expected(p, h, t) :
		bgnbd_expected(kind, p, h, t);
}

float8
purchase_p_none(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
				float8 t)
{
	float8		some = kind == PURCHASE_PARETO ? pareto_p_some(p, h, t) :
		bgnbd_p_some(kind, p, h, t);

	return 1 - Min(some, 1);
}

float8
purchase_discounted(PurchaseKind kind, const float8 *p,
					const PurchaseHistory *h, float8 rate)
{
	return kind == PURCHASE_PARETO ? pareto_discounted(p, h, rate) :
		bgnbd_discounted(kind, p, h, rate);
}

/* ----------------------------------------------------------------
 *		Fitting
 * ----------------------------------------------------------------
 */

/* A share of the way from one number to another, by their logarithms. */
static float8
between(float8 from, float8 to, float8 share)
{
	return from * pow(to / from, share);
}

/* Is a parameter a time? */
static bool
is_time(PurchaseKind kind, int i)
{
	return i == 1 || (i == 3 && kind == PURCHASE_PARETO);
}

/* Mean age and mean frequency, over all customers. */
static void
means(const RowGroup *groups, int64 ngroups, float8 *age, float8 *frequency)
{
	Sum			customers = {0};
	Sum			ages = {0};
	Sum			repeats = {0};

	for (int64 i = 0; i < ngroups; i++)
	{
		float8		count = groups[i].count;

		sum_add(&customers, count);
		sum_add(&ages, count * groups[i].v);
		sum_add(&repeats, count * groups[i].x);
	}
	*age = sum_total(&ages) / sum_total(&customers);
	*frequency = sum_total(&repeats) / sum_total(&customers);
}

/* A start: r, the rate of purchase over the mean one, and dropping out. */
typedef struct Start
{
	float8		r;
	float8		rate;
	float8		alike;			/* a or s: how alike customers drop out */
	float8		stay;			/* b / a, or beta / s in mean ages */
} Start;

/*
 * Starts in the corners where maxima have been found: nobody drops out, or
 * some at once and the others never, beside rates of all or of the regulars.
 */
static const Start corners[] = {
	{0.3, 1, 0.05, 100}, {1, 1, 1, 2}, {0.3, 2, 0.05, 1}, {1, 4, 0.05, 1},
	{5, 10, 0.1, 1}
};

/*
 * And of pareto/nbd, where beta is next to nothing: of s log(age / beta) those
 * leave before they buy again, and the others stay, at about their own rate.
 */
static const Start gone_at_once[] = {
	{1, 2, 0.04, 1e-7}, {0.5, 1.5, 0.01, 1e-5}
};

/*
 * The others lie evenly: rates from a fifth of the mean one to twenty times
 * it, customers of like and of very different rates, and of dropping out soon,
 * late, alike or not.
 */
static Start
start_at(int i)
{
	float8		point[PURCHASE_PARAMETERS];

	if (i >= STARTS)
		return gone_at_once[i - STARTS];
	if (i < lengthof(corners))
		return corners[i];
	multistart_point(i - lengthof(corners), PURCHASE_PARAMETERS, point);
	return (Start) {between(0.05, 30, point[0]), between(0.2, 20, point[1]),
		between(0.05, 30, point[2]), between(0.05, 50, point[3])};
}

/* Maximize the likelihood.  Times are in mean ages. */
static void
search(PurchaseData *data, float8 frequency, OptimizerResult *best)
{
	float8		starts[STARTS_MAX][OPTIMIZER_MAX_PARAMETERS];
	int			nstarts = data->kind == PURCHASE_PARETO ? STARTS_MAX : STARTS;
	PurchaseData rows = *data;

	/* of customers who are gone at once or never, a, b, s and beta go to 0 */
	OptimizerProblem all = {
		data->kind == PURCHASE_PARETO ? pareto_objective : bgnbd_objective,
		data, PURCHASE_PARAMETERS, {false, false, true, true},
		.slow = data->ngroups > MANY_ROWS
	};
	OptimizerProblem sample = all;

	rows.groups = multistart_sample(data->groups, data->ngroups, &rows.ngroups);
	sample.arg = &rows;
	for (int i = 0; i < nstarts; i++)
	{
		Start		start = start_at(i);

		starts[i][0] = start.r;
		starts[i][1] = start.r / (start.rate * frequency);
		starts[i][2] = start.alike;
		starts[i][3] = start.alike * start.stay;
	}
	multistart_maximize(&all, &sample, starts, nstarts, best);
}

void
purchase_fit(PurchaseKind kind, const RowGroup *groups, int64 ngroups,
			 Fitted *fitted)
{
	PurchaseData data = {.kind = kind, .groups = groups, .ngroups = ngroups};
	float8		units[PURCHASE_PARAMETERS];
	float8		age;
	float8		frequency;
	OptimizerResult best;
	Sum			repeats = {0};

	means(groups, ngroups, &age, &frequency);
	if (!(age >= 1 / AGE_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the ages are too small to fit a purchase model"),
				 errdetail("Their mean is %g.", age),
				 errhint("Count recency and age in days or weeks since the first purchase.")));
	data.scale = 1 / age;
	search(&data, frequency, &best);
	if (best.status == OPTIMIZER_NO_START)
		special_give_up();

	/* back to the unit of the data; the likelihood is a density of x times */
	for (int64 i = 0; i < ngroups; i++)
		sum_add(&repeats, (float8) groups[i].count * groups[i].x);
	best.value += sum_total(&repeats) * log(data.scale);
	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
		units[i] = is_time(kind, i) ? age : 1;
	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
	{
		best.p[i] *= units[i];
		for (int j = 0; j < PURCHASE_PARAMETERS; j++)
			best.covariance[i][j] *= units[i] * units[j];
	}
	fitted->kind = kind;
	fitted_from_optimizer(&best, fitted);
}
