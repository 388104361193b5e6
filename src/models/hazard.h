/*
 * hazard.h
 *		The type hazard_model: a Cox regression that was fitted.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (HAZARD_WHOLE)
 *	text	status: "converged", or what is wrong with a term
 *	uint	rows fitted, rows left out, events, iterations
 *	text	keys of the start of observation, the strata and the weight, or ""
 *	double	log-likelihood without the covariates, and with them
 *	double	score test, Wald's test, concordance and its standard error
 *	double	tests of proportional hazards for all terms together, four
 *	uint	number of terms; then for each, by covariate, then by level:
 *		text	covariate, kind of it, level, reference level
 *		double	what the term is counted from
 *		double	coefficient, standard error
 *		text	what is wrong with the term, or ""
 *		double	tests of proportional hazards of its covariate, four
 *	uint	number of strata; then for each:
 *		text	its name
 *		double	time up to which there are customers
 *		uint	number of times of events; then for each, ascending:
 *			uint or double	time (as in survival/type.h)
 *			double	cumulative hazard of a customer at what terms are counted from
 *
 * A test that there is not is -1.
 */
#ifndef RETENTION_HAZARD_H
#define RETENTION_HAZARD_H

#include "base/covariates.h"

#define HAZARD_WHOLE 0x01		/* all times are whole and at most 2^53 */
#define HAZARD_WHOLE_MAX 9007199254740992.0

#define HAZARD_LEVELS 200		/* texts of a covariate at most */
#define HAZARD_TERMS 1000
#define HAZARD_MAX_STRATA 10000

/* How time is transformed in the test of proportional hazards. */
typedef enum HazardTransform
{
	HAZARD_KM,					/* 1 - Kaplan and Meier's estimate just before */
	HAZARD_RANK,
	HAZARD_IDENTITY,
	HAZARD_LOG,
	HAZARD_TRANSFORMS
} HazardTransform;

#define HAZARD_NO_TEST (-1.0)

/* Words of status, and of what is wrong with a term. */
#define HAZARD_CONVERGED "converged"
#define HAZARD_SEPARATED "separated"
#define HAZARD_COLLINEAR "collinear"
#define HAZARD_CONSTANT "constant"
#define HAZARD_STOPPED "iterations"

typedef struct HazardTerm
{
	const char *covariate;
	const char *kind;			/* covariate_word() */
	const char *level;			/* of a text, else "" */
	const char *reference;		/* the same */
	float8		origin;			/* of a number its mean, else 0 */
	float8		coefficient;
	float8		std_error;
	const char *problem;		/* "" when there is none */
	float8		proportional[HAZARD_TRANSFORMS];
} HazardTerm;

typedef struct HazardTime
{
	float8		at;
	float8		hazard;
} HazardTime;

typedef struct HazardStratum
{
	const char *name;			/* "" when there are no strata */
	float8		last;
	int64		ntimes;
	HazardTime *times;
} HazardStratum;

typedef struct Hazard
{
	uint8		flags;
	const char *status;
	int64		rows;
	int64		left_out;
	int64		events;
	int64		iterations;
	const char *entered;		/* keys, "" for none */
	const char *strata;
	const char *weight;
	float8		log_likelihood_null;
	float8		log_likelihood;
	float8		score_test;
	float8		wald_test;
	float8		concordance;
	float8		concordance_error;
	float8		proportional[HAZARD_TRANSFORMS];
	int64		nterms;
	HazardTerm *terms;
	int64		nstrata;
	HazardStratum *stratum;
} Hazard;

extern const char *const hazard_transforms[HAZARD_TRANSFORMS];

extern struct varlena *hazard_encode(Hazard *hazard);
extern Hazard *hazard_from_varlena(const struct varlena *value);
#define PG_GETARG_HAZARD(n) \
	hazard_from_varlena(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))

#endif							/* RETENTION_HAZARD_H */
