/*
 * compare/difference.h
 *		Is the difference of two shares real?
 *
 * Bounds are Newcombe's, rate_difference().
 *
 * Probability: of a difference at least so large, either way, where there is
 * none; z with the pooled variance, without continuity correction.
 */
#ifndef RETENTION_COMPARE_DIFFERENCE_H
#define RETENTION_COMPARE_DIFFERENCE_H

#include "base/reader.h"

/* So many of so many. */
typedef struct ShareCount
{
	int64		part;
	int64		whole;
} ShareCount;

typedef struct ShareDifference
{
	float8		difference;		/* first less second */
	float8		low;
	float8		high;
	float8		p_value;
	bool		tested;			/* else p_value is none: of all, or none, the
								 * rates could not differ */
} ShareDifference;

/* Both wholes are above 0; z is the quantile of the bounds. */
extern ShareDifference share_difference(ShareCount a, ShareCount b, float8 z);

/*
 * Chi-square of n shares that have a whole, with one degree of freedom less
 * than these; false where nothing can be compared.
 */
extern bool shares_chi_square(const ShareCount *shares, int n,
							  float8 *chi_square, int *degrees);

/* One row of a comparison: two shares and what is said of them. */
typedef struct CompareRow
{
	ShareCount	a;
	ShareCount	b;
	float8		adjusted;		/* p_value by Holm, over all rows tested */
} CompareRow;

typedef struct Comparison
{
	int32		first;			/* number of the first row */
	int64		n;
	CompareRow *rows;
} Comparison;

#define COMPARE_MAX_ROWS 1000000

/* Room for n rows of nobody; more than there may be: error 54000. */
extern Comparison *comparison_create(int64 n, int32 first);

/* All rows are there: adjust the probabilities of those that are tested. */
extern void comparison_adjust(Comparison *comparison);

/*
 * The columns of a comparison, each thing counted having a name of its own:
 * the key, then for a and b those counted, of these, and their share.
 */
#define COMPARE_COLUMNS(key, whole, part, rate) { \
	{key, INT4OID}, \
	{"a_" whole, INT8OID}, {"a_" part, INT8OID}, {"a_" rate, FLOAT8OID}, \
	{"b_" whole, INT8OID}, {"b_" part, INT8OID}, {"b_" rate, FLOAT8OID}, \
	{"difference", FLOAT8OID}, {"low", FLOAT8OID}, {"high", FLOAT8OID}, \
	{"p_value", FLOAT8OID}, {"p_adjusted", FLOAT8OID} \
}

/* Put the next row; false after the last.  To be the next() of a Reader. */
extern bool comparison_next(void *comparison, ReaderRow *row);

/* Two values that say different things are not compared: error 22023. */
pg_noreturn extern void comparison_refuse(const char *what, const char *detail,
										  const char *hint);

#endif							/* RETENTION_COMPARE_DIFFERENCE_H */
