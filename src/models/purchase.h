/*
 * purchase.h
 *		Purchase models: how often customers buy, and until when.
 *
 * A customer's history is the number of repeat purchases x, the time of the
 * last purchase tx and the observed time T, both counted from the first
 * purchase in one unit of time, which is also that of alpha and beta.
 *
 * bg/nbd (Fader, Hardie and Lee 2005): purchases follow a Poisson process of
 * rate lambda ~ Gamma(r, rate alpha); after each repeat purchase the customer
 * drops out with probability p ~ Beta(a, b).
 * mbg/nbd (Batislam, Denizel and Filiztekin 2007): also after the first one.
 * pareto/nbd (Schmittlein, Morrison and Colombo 1987): the same purchases;
 * lifetimes are exponential of rate mu ~ Gamma(s, rate beta).
 */
#ifndef RETENTION_PURCHASE_H
#define RETENTION_PURCHASE_H

#include "models/fitted.h"
#include "models/groups.h"

typedef enum PurchaseKind
{
	PURCHASE_BG, PURCHASE_MBG, PURCHASE_PARETO
} PurchaseKind;

#define PURCHASE_PARAMETERS 4

typedef struct PurchaseHistory
{
	float8		x;				/* repeat purchases, a whole number */
	float8		tx;				/* time of the last purchase; 0 when x is 0 */
	float8		T;				/* observed time, at least tx */
} PurchaseHistory;

extern const FittedType purchase_type;

/* Why a row cannot be a history. */
typedef enum PurchaseProblem
{
	PURCHASE_NO_PROBLEM = -1,
	PURCHASE_NOT_FINITE,
	PURCHASE_NEGATIVE_FREQUENCY,
	PURCHASE_NEGATIVE_TIME,
	PURCHASE_RECENCY_PAST_AGE,
	PURCHASE_RECENCY_WITHOUT_REPEAT,
	PURCHASE_TOO_LARGE,
	PURCHASE_WEIGHT,			/* of the row, not of a history */
	PURCHASE_PROBLEMS
} PurchaseProblem;

extern const ProblemText purchase_problems[PURCHASE_PROBLEMS];

extern PurchaseProblem purchase_history_problem(int64 frequency,
												float8 recency, float8 age);

/* "frequency 2, recency 30.43, age 38.86", palloc'd. */
extern char *purchase_describe(const RowGroup *row);

/*
 * The functions below are of a kind, its parameters p (r, alpha, a, b, or r,
 * alpha, s, beta) and a history without problem.
 */

/* Log-likelihood of the history, without terms of the data alone. */
extern float8 purchase_log_likelihood(PurchaseKind kind, const float8 *p,
									  const PurchaseHistory *h);

/* Probability of being alive at T. */
extern float8 purchase_p_alive(PurchaseKind kind, const float8 *p,
							   const PurchaseHistory *h);

/* Expected purchases in (T, T + t]. */
extern float8 purchase_expected(PurchaseKind kind, const float8 *p,
								const PurchaseHistory *h, float8 t);

/* Probability of no purchase in (T, T + t]. */
extern float8 purchase_p_none(PurchaseKind kind, const float8 *p,
							  const PurchaseHistory *h, float8 t);

/*
 * A customer who is alive, k and A of the rate of purchases; a and b of the
 * probability to drop out, or s and B of the rate to leave; t the horizon.
 */
typedef struct PurchaseAlive
{
	float8		k;
	float8		A;
	float8		a;
	float8		b;
	float8		t;
} PurchaseAlive;

extern PurchaseAlive purchase_alive(PurchaseKind kind, const float8 *p,
									const PurchaseHistory *h, float8 t);

/*
 * Probability of exactly n purchases in (T, T + t], and of more than n; n is
 * a whole number up to PURCHASE_COUNT_MAX.
 */
#define PURCHASE_COUNT_MAX INT64CONST(1000000000)

extern float8 purchase_p_exactly(PurchaseKind kind, const float8 *p,
								 const PurchaseHistory *h, float8 t, float8 n);
extern float8 purchase_p_more(PurchaseKind kind, const float8 *p,
							  const PurchaseHistory *h, float8 t, float8 n);

/* E[N (N - 1)] of the number N of purchases in (T, T + t]. */
extern float8 purchase_pairs(PurchaseKind kind, const float8 *p,
							 const PurchaseHistory *h, float8 t);

/*
 * The least number that is exceeded with a probability of 1 - level at most;
 * level < 1.
 */
extern int64 purchase_quantile(PurchaseKind kind, const float8 *p,
							   const PurchaseHistory *h, float8 t, float8 level);

/*
 * Expected purchases after T, each times exp(-rate * time after T); rate > 0
 * per unit of time.
 */
extern float8 purchase_discounted(PurchaseKind kind, const float8 *p,
								  const PurchaseHistory *h, float8 rate);

/*
 * The log-likelihood of all groups (frequency, recency, age, in this order),
 * their times times scale, and its gradient by the parameters.
 */
typedef struct PurchaseData
{
	PurchaseKind kind;
	const RowGroup *groups;		/* in order */
	int64		ngroups;
	float8		scale;
} PurchaseData;

extern float8 bgnbd_objective(const float8 *p, float8 *gradient, void *data);
extern float8 pareto_objective(const float8 *p, float8 *gradient, void *data);

/* The kinds, for the functions above. */
extern float8 bgnbd_log_likelihood(PurchaseKind kind, const float8 *p,
								   const PurchaseHistory *h);
extern float8 bgnbd_p_alive(PurchaseKind kind, const float8 *p,
							const PurchaseHistory *h);
extern float8 bgnbd_expected(PurchaseKind kind, const float8 *p,
							 const PurchaseHistory *h, float8 t);
extern float8 bgnbd_p_some(PurchaseKind kind, const float8 *p,
						   const PurchaseHistory *h, float8 t);
extern float8 bgnbd_discounted(PurchaseKind kind, const float8 *p,
							   const PurchaseHistory *h, float8 rate);
extern float8 pareto_log_likelihood(const float8 *p, const PurchaseHistory *h);
extern float8 pareto_p_alive(const float8 *p, const PurchaseHistory *h);
extern float8 pareto_expected(const float8 *p, const PurchaseHistory *h,
							  float8 t);
extern float8 pareto_p_some(const float8 *p, const PurchaseHistory *h,
							float8 t);
extern float8 pareto_discounted(const float8 *p, const PurchaseHistory *h,
								float8 rate);

/*
 * Fit a model to groups in order, whose frequencies are not all 0.  Sets
 * everything in *fitted but unit and counts.
 */
extern void purchase_fit(PurchaseKind kind, const RowGroup *groups,
						 int64 ngroups, Fitted *fitted);

#endif							/* RETENTION_PURCHASE_H */
