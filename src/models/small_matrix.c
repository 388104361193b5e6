/*
 * small_matrix.c
 *		Vectors and matrices of a few parameters.
 */
#include "models/small_matrix.h"

#include <math.h>

float8
vector_dot(int n, const float8 *a, const float8 *b)
{
	float8		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

float8
vector_max_abs(int n, const float8 *a)
{
	float8		max = 0;

	for (int i = 0; i < n; i++)
		max = Max(max, fabs(a[i]));
	return max;
}

void
matrix_multiply(int n, SmallMatrix m, const float8 *v, float8 *result)
{
	for (int i = 0; i < n; i++)
		result[i] = vector_dot(n, m[i], v);
}

void
matrix_set_identity(int n, SmallMatrix m, float8 scale)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			m[i][j] = i == j ? scale : 0;
}

/*
 * Cholesky after scaling to a unit diagonal, so that the units of the
 * parameters do not matter.
 */
bool
matrix_invert_positive(int n, SmallMatrix m, SmallMatrix inverse)
{
	SmallMatrix		l = {{0}};
	float8		scale[SMALL_MATRIX_MAX];

	for (int i = 0; i < n; i++)
	{
		if (!(m[i][i] > 0) || isinf(m[i][i]))
			return false;
		scale[i] = 1 / sqrt(m[i][i]);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
		{
			float8		sum = m[i][j] * scale[i] * scale[j] - vector_dot(j, l[i], l[j]);

			if (i != j)
				l[i][j] = sum / l[j][j];
			else if (sum > 1e-14)
				l[i][i] = sqrt(sum);
			else
				return false;
		}
	for (int k = 0; k < n; k++)
	{
		float8		x[SMALL_MATRIX_MAX] = {0};

		for (int i = 0; i < n; i++)
			x[i] = ((i == k) - vector_dot(i, l[i], x)) / l[i][i];
		for (int i = n - 1; i >= 0; i--)
		{
			for (int j = i + 1; j < n; j++)
				x[i] -= l[j][i] * x[j];
			x[i] /= l[i][i];
		}
		for (int i = 0; i < n; i++)
			inverse[i][k] = x[i] * scale[i] * scale[k];
	}
	return true;
}
