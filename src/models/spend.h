/*
 * spend.h
 *		The spend model: what customers spend on a purchase.
 *
 * Gamma-Gamma (Fader and Hardie, The Gamma-Gamma Model of Monetary Value,
 * 2013): a customer's purchases are Gamma(p, rate nu), nu ~ Gamma(q, rate
 * gamma), whatever their number.  A customer is the number x of repeat
 * purchases and their mean value m.
 */
#ifndef RETENTION_SPEND_H
#define RETENTION_SPEND_H

#include "models/fitted.h"
#include "models/groups.h"

#define SPEND_PARAMETERS 3

extern const FittedType spend_type;

/* Why a row cannot be used. */
typedef enum SpendProblem
{
	SPEND_NO_PROBLEM = -1,
	SPEND_NEGATIVE_FREQUENCY,
	SPEND_NOT_FINITE,
	SPEND_NOT_POSITIVE,
	SPEND_TOO_LARGE,
	SPEND_WEIGHT,				/* of the row, not of a customer */
	SPEND_PROBLEMS
} SpendProblem;

extern const ProblemText spend_problems[SPEND_PROBLEMS];

/* Of a row; with a frequency of 0 the value does not matter. */
extern SpendProblem spend_problem(int64 frequency, float8 value);

/* "frequency 2, monetary_value -3.5", palloc'd. */
extern char *spend_describe(const RowGroup *row);

/* Log-likelihood of a customer with x > 0 purchases of mean value m > 0. */
extern float8 spend_log_likelihood(const float8 *p, float8 x, float8 m);

/*
 * Mean value of a further purchase of a customer with x purchases of mean
 * value m, which does not matter when x is 0.  Infinite: error 22003.
 */
extern float8 spend_expected(const float8 *p, float8 x, float8 m);

/* Fit groups of x > 0 and u = m > 0, in order; counts are the caller's. */
extern void spend_fit(const RowGroup *groups, int64 ngroups, Fitted *fitted);

#endif							/* RETENTION_SPEND_H */
