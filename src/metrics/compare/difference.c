/*
 * compare/difference.c
 *		Is the difference of two shares real?
 */
#include "metrics/compare/difference.h"

#include "base/gamma.h"
#include "miscadmin.h"

#include <math.h>

/* The difference, and the probability that chance makes one as large. */
static void
test_difference(ShareCount a, ShareCount b, ShareDifference *d)
{
	/* one rounding each: the products are exact */
	int128		cross = (int128) a.part * b.whole - (int128) b.part * a.whole;
	float8		part = (float8) a.part + (float8) b.part;
	float8		rest = (float8) (a.whole - a.part) + (float8) (b.whole - b.part);
	float8		product = (float8) a.whole * (float8) b.whole;

	d->difference = (float8) cross / product;
	d->tested = part > 0 && rest > 0;
	/* z / sqrt 2, of z = difference / sqrt(p (1 - p) (1 / n1 + 1 / n2)) */
	d->p_value = !d->tested ? 0 :
		erfc(fabs((float8) cross) *
			 sqrt(((float8) a.whole + (float8) b.whole) / (2 * product)) /
			 sqrt(part) / sqrt(rest));
}

ShareDifference
share_difference(ShareCount a, ShareCount b, float8 z)
{
	ShareDifference d;

	test_difference(a, b, &d);
	rate_difference((float8) a.part, (float8) a.whole, (float8) b.part,
					(float8) b.whole, z, &d.low, &d.high);
	return d;
}

bool
shares_chi_square(const ShareCount *shares, int n, float8 *chi_square,
				  int *degrees)
{
	float8		part = 0;
	float8		whole = 0;
	float8		sum = 0;
	int			compared = 0;

	for (int i = 0; i < n; i++)
	{
		part += (float8) shares[i].part;
		whole += (float8) shares[i].whole;
		compared += shares[i].whole > 0;
	}
	if (compared < 2 || part <= 0 || part >= whole)
		return false;
	for (int i = 0; i < n; i++)
	{
		float8		expected = (float8) shares[i].whole * (part / whole);
		float8		surplus = (float8) shares[i].part - expected;

		if (shares[i].whole > 0)
			sum += surplus * surplus / (expected * ((whole - part) / whole));
	}
	*chi_square = sum;
	*degrees = compared - 1;
	return true;
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

Comparison *
comparison_create(int64 n, int32 first)
{
	Comparison *comparison = palloc0(sizeof(Comparison));

	if (n > COMPARE_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows to compare"),
				 errdetail("There are more than %d.", COMPARE_MAX_ROWS),
				 errhint("Pass an earlier as_of, use a coarser grain, or filter an outlier among the dates.")));
	comparison->first = first;
	comparison->n = n;
	comparison->rows = palloc0(Max(n, 1) * sizeof(CompareRow));
	return comparison;
}

static bool
row_is_compared(const CompareRow *row)
{
	return row->a.whole > 0 && row->b.whole > 0;
}

typedef CompareRow *TestedRow;

#define ST_SORT sort_by_p
#define ST_ELEMENT_TYPE TestedRow
#define ST_COMPARE(a, b) \
	((*(a))->adjusted < (*(b))->adjusted ? -1 : \
	 (*(a))->adjusted > (*(b))->adjusted)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Holm's step-down procedure (S. Holm, "A simple sequentially rejective
 * multiple test procedure", Scandinavian Journal of Statistics 6, 1979, 65-70):
 * the i-th smallest of m probabilities times m + 1 - i, no smaller than the
 * ones before it and no larger than 1.
 */
void
comparison_adjust(Comparison *comparison)
{
	TestedRow  *tested = palloc(Max(comparison->n, 1) * sizeof(TestedRow));
	int64		m = 0;
	float8		least = 0;

	for (int64 i = 0; i < comparison->n; i++)
	{
		CompareRow *row = &comparison->rows[i];
		ShareDifference d;

		CHECK_FOR_INTERRUPTS();
		if (!row_is_compared(row))
			continue;
		test_difference(row->a, row->b, &d);
		row->adjusted = d.p_value;
		if (d.tested)
			tested[m++] = row;
	}
	sort_by_p(tested, m);
	for (int64 i = 0; i < m; i++)
	{
		least = Max(least, Min((float8) (m - i) * tested[i]->adjusted, 1));
		tested[i]->adjusted = least;
	}
	pfree(tested);
}

enum
{
	COMPARE_KEY, COMPARE_A, COMPARE_B = COMPARE_A + 3,
	COMPARE_DIFFERENCE = COMPARE_B + 3, COMPARE_LOW, COMPARE_HIGH, COMPARE_P,
	COMPARE_ADJUSTED
};

static void
put_share(ReaderRow *row, int column, ShareCount share)
{
	row_int64(row, column, share.whole);
	row_int64(row, column + 1, share.part);
	row_rate(row, column + 2, share.part, share.whole);
}

bool
comparison_next(void *arg, ReaderRow *row)
{
	const Comparison *comparison = arg;
	const CompareRow *compared = &comparison->rows[row->number];
	ShareDifference d;

	if (row->number >= comparison->n)
		return false;
	row_int32(row, COMPARE_KEY, comparison->first + row->number);
	put_share(row, COMPARE_A, compared->a);
	put_share(row, COMPARE_B, compared->b);
	if (!row_is_compared(compared))
		return true;
	d = share_difference(compared->a, compared->b, RATE_Z95);
	row_float8(row, COMPARE_DIFFERENCE, d.difference);
	row_float8(row, COMPARE_LOW, d.low);
	row_float8(row, COMPARE_HIGH, d.high);
	if (d.tested)
	{
		row_float8(row, COMPARE_P, d.p_value);
		row_float8(row, COMPARE_ADJUSTED, compared->adjusted);
	}
	return true;
}

void
comparison_refuse(const char *what, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s of different kinds cannot be compared", what),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}
