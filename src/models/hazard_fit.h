/*
 * hazard_fit.h
 *		Cox regression: from rows to a fitted model.
 *
 * The model (D. R. Cox, "Regression models and life tables", JRSS B 34, 1972,
 * 187-220): a customer with covariates x churns at time t at the rate h(t)
 * exp(b'x), h being the same for all customers of a stratum and of any form.
 * Events at one time go by Efron's approximation (B. Efron, JASA 72, 1977,
 * 557-565).  Names and conventions are those of R's survival.
 */
#ifndef RETENTION_HAZARD_FIT_H
#define RETENTION_HAZARD_FIT_H

#include "models/hazard_rows.h"

#include "miscadmin.h"
#include "models/symmetric_matrix.h"

/* A covariate, and the terms that it has. */
typedef struct HazardCovariate
{
	const HazardKey *key;
	int			field;			/* of a row */
	int			first;			/* of its terms */
	int			nlevels;		/* of texts: those that rows have */
	int			nterms;			/* of a text one less than its levels, 1 at least */
	int		   *ranks;			/* of texts: place to place by bytes */
	const char **texts;			/* by bytes */
	int			reference;		/* place by bytes */
	float8		origin;			/* of numbers: mean, and standard deviation */
	float8		scale;			/* 0: it never varies */
	float8		reach;			/* largest distance from the origin, scaled */
} HazardCovariate;

/* The rows in their order: by stratum, then the longest first. */
typedef struct HazardData
{
	int64		n;
	int			ncovariates;
	HazardCovariate *covariates;	/* ascending by the bytes of the name */
	int			nterms;
	float8	   *x;				/* n x ncovariates: of a text its term from 1, or 0 */
	float8	   *time;
	float8	   *entry;			/* NULL: all are there from the start */
	float8	   *weight;
	bool	   *event;
	float8		total;			/* of the weights */
	int64		events;			/* rows */
	int			nstrata;
	int64	   *first;			/* row of each stratum, and the end */
	const char **names;			/* of strata */
	int64	   *order;			/* of a stratum's rows: the last to enter first */

	/*
	 * Times of events, of each stratum descending, and after those of each one
	 * that stands for none.
	 */
	int64		ntimes;
	float8	   *at;
	int64	   *first_time;		/* of each stratum, and the end */
	int32	   *time_of;		/* of a row the first time at or before its own */
	int32	   *time_before;	/* of a row the first at or before it entered */
} HazardData;

/* What a walk over the rows at some coefficients gives. */
typedef struct HazardSums
{
	float8	   *score;			/* first derivatives of the log-likelihood */
	float8	   *information;	/* second ones, the sign changed; nterms x nterms */
} HazardSums;

typedef struct HazardWalk
{
	const HazardData *data;
	float8		log_likelihood;	/* -infinity where there is none */
	float8		shift;			/* taken from eta */
	float8	   *eta;			/* of each row */
	float8	   *risk;			/* weight exp(eta) */
	float8	   *hazard;			/* of each time of events */
	float8	   *hazard_died;	/* what those who churn then have of it */
	float8	   *cumulative;		/* scratch: of each time */
	float8	   *scratch;		/* a few vectors */
} HazardWalk;

/* Room for n of some size, all zeros; however long it is, a cancel is heard. */
static inline void *
hazard_zeros(int64 n, Size size)
{
	const Size	piece = 16 * 1024 * 1024;
	Size		bytes = Max(n, 1) * size;
	char	   *room = palloc_extended(bytes, MCXT_ALLOC_HUGE);

	for (Size done = 0; done < bytes; done += piece)
	{
		CHECK_FOR_INTERRUPTS();
		memset(room + done, 0, Min(piece, bytes - done));
	}
	return room;
}

/* hazard_data.c: rows in order; error 22023 when nothing can be fitted. */
extern HazardData *hazard_data(const HazardRows *rows);

/* The terms of row i that are not 0: how many, which, and their values. */
static inline int
hazard_row_terms(const HazardData *data, int64 i, int *terms, float8 *values)
{
	const float8 *x = data->x + i * data->ncovariates;
	int			n = 0;

	for (int c = 0; c < data->ncovariates; c++)
	{
		const HazardCovariate *cov = &data->covariates[c];

		if (x[c] == 0)
			continue;
		if (cov->key->kind == COVARIATE_TEXT)
		{
			terms[n] = cov->first + (int) x[c] - 1;
			values[n++] = 1;
		}
		else
		{
			terms[n] = cov->first;
			values[n++] = x[c];
		}
	}
	return n;
}

/* hazard_walk.c */
extern HazardWalk *hazard_walk_create(const HazardData *data);

/*
 * Walk at coefficients b.  times are n functions of the times of events, NULL
 * standing for 1; the sums of each function are those where each event counts
 * as much as it says.
 */
extern void hazard_walk(HazardWalk *walk, const float8 *b, int n,
						float8 *const *times, HazardSums *sums);
extern HazardSums hazard_sums_create(const HazardData *data);

/* hazard_concordance.c: how often who has the higher risk churns first. */
extern void hazard_concordance(const HazardWalk *walk, float8 *concordance,
							   float8 *std_error);

/* hazard_proportional.c: the tests of proportional hazards into the model. */
extern void hazard_proportional(HazardWalk *walk, const float8 *b,
								const SymmetricFactor *factor, Hazard *hazard);

/* hazard_fit.c: palloc'd; error 22023 when nothing can be fitted. */
extern Hazard *hazard_fit(const HazardRows *rows);

#endif							/* RETENTION_HAZARD_FIT_H */
