/*
 * covariates.h
 *		What is known of a customer as a flat jsonb object: numbers, booleans
 *		and texts by name.
 */
#ifndef RETENTION_COVARIATES_H
#define RETENTION_COVARIATES_H

#include "base/compat.h"
#include "utils/jsonb.h"

#define COVARIATE_BYTES 255		/* of a name, and of a text */
#define COVARIATES_MAX 1000		/* names in all */

typedef enum CovariateKind
{
	COVARIATE_NULL,				/* JSON null: not known */
	COVARIATE_NUMBER,
	COVARIATE_BOOLEAN,
	COVARIATE_TEXT
} CovariateKind;

#define COVARIATE_KINDS 4

typedef struct Covariate
{
	const char *name;			/* without an end, in the object */
	int			name_len;
	CovariateKind kind;
	bool		flag;
	float8		number;			/* finite, no negative zero */
	const char *text;			/* without an end, in the object */
	int			text_len;
} Covariate;

/*
 * Begin to read an object that is no longer compressed; anything but an
 * object is error 22023.
 */
extern JsonbIterator *covariates_begin(Jsonb *object);

/*
 * The next member, in the order in which jsonb keeps them: by the length of
 * the name, then by its bytes.  False after the last.  Errors: 22023 for an
 * array or an object as a value, and for names and texts of more than
 * COVARIATE_BYTES; 22003 for a number that no double is near.
 */
extern bool covariates_next(JsonbIterator **it, Covariate *c);

/* "a number", "a boolean", "a text"; and "numeric", "boolean", "text". */
extern const char *covariate_noun(CovariateKind kind);
extern const char *covariate_word(CovariateKind kind);

/* The kind of a word, or -1. */
extern int	covariate_kind(const char *word);

/* Error 22023: a name has values of two kinds. */
pg_noreturn extern void covariate_refuse_kinds(const char *name, int name_len,
											   CovariateKind a, CovariateKind b);

/* Error 54000: there are more than COVARIATES_MAX names. */
pg_noreturn extern void covariates_refuse_many(void);

#endif							/* RETENTION_COVARIATES_H */
