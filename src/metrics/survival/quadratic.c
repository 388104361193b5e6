/*
 * survival/quadratic.c
 *		Tests of scores that add up to 0 against their covariance.
 */
#include "metrics/survival/quadratic.h"

#include <math.h>

#include "miscadmin.h"

/* By Cholesky's decomposition. */
bool
quadratic_form(const float8 *scores, float8 *m, int stride, const int *index,
			   int n, float8 *result)
{
	float8	   *solved = palloc(Max(n, 1) * sizeof(float8));
	float8		sum = 0;

	for (int i = 0; i < n; i++)
	{
		float8	   *row = m + (Size) index[i] * stride;
		float8		diagonal = row[index[i]];
		float8		value = scores[index[i]];

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < i; j++)
		{
			const float8 *other = m + (Size) index[j] * stride;

			for (int k = 0; k < j; k++)
				row[index[j]] -= row[index[k]] * other[index[k]];
			row[index[j]] /= other[index[j]];
		}
		for (int k = 0; k < i; k++)
		{
			row[index[i]] -= row[index[k]] * row[index[k]];
			value -= row[index[k]] * solved[k];
		}
		if (!(row[index[i]] > 1e-12 * diagonal))
			return false;
		row[index[i]] = sqrt(row[index[i]]);
		solved[i] = value / row[index[i]];
		sum += solved[i] * solved[i];
	}
	*result = sum;
	return isfinite(sum);
}
