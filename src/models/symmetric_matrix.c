/*
 * symmetric_matrix.c
 *		Symmetric matrices of as many rows as there are: Cholesky's factor.
 */
#include "models/symmetric_matrix.h"

#include <math.h>

#include "miscadmin.h"
#include "models/small_matrix.h"

SymmetricFactor *
symmetric_create(int n)
{
	SymmetricFactor *f = palloc(sizeof(SymmetricFactor));

	f->n = n;
	f->l = palloc0(Max(n, 1) * n * sizeof(float8) + 1);
	f->scale = palloc0((n + 1) * sizeof(float8));
	f->dropped = palloc0((n + 1) * sizeof(bool));
	return f;
}

int
symmetric_factor(SymmetricFactor *f, const float8 *m, float8 tolerance)
{
	int			n = f->n;
	int			dropped = 0;

	for (int i = 0; i < n; i++)
	{
		float8	   *row = f->l + (Size) i * n;
		float8		diagonal = m[(Size) i * n + i];
		float8		left;

		CHECK_FOR_INTERRUPTS();
		f->scale[i] = diagonal > 0 && isfinite(diagonal) ? 1 / sqrt(diagonal) : 0;
		for (int j = 0; j < i; j++)
			row[j] = f->dropped[i] || f->dropped[j] ? 0 :
				(m[(Size) i * n + j] * f->scale[i] * f->scale[j] -
				 vector_dot(j, row, f->l + (Size) j * n)) / f->l[(Size) j * n + j];
		left = 1 - vector_dot(i, row, row);
		if (!f->dropped[i] && !(f->scale[i] > 0 && left > tolerance))
		{
			f->dropped[i] = true;
			dropped++;
		}
		if (f->dropped[i])
			memset(row, 0, n * sizeof(float8));
		else
			row[i] = sqrt(left);
	}
	return dropped;
}

void
symmetric_solve(const SymmetricFactor *f, const float8 *b, float8 *x)
{
	int			n = f->n;

	for (int i = 0; i < n; i++)
		x[i] = f->dropped[i] ? 0 :
			(b[i] * f->scale[i] - vector_dot(i, f->l + (Size) i * n, x)) /
			f->l[(Size) i * n + i];
	for (int i = n - 1; i >= 0; i--)
	{
		if (f->dropped[i])
			continue;
		for (int j = i + 1; j < n; j++)
			x[i] -= f->l[(Size) j * n + i] * x[j];
		x[i] /= f->l[(Size) i * n + i];
	}
	for (int i = 0; i < n; i++)
		x[i] *= f->scale[i];
}

float8
symmetric_square(const SymmetricFactor *f, const float8 *b)
{
	float8	   *x = palloc((f->n + 1) * sizeof(float8));
	float8		square;

	symmetric_solve(f, b, x);
	square = vector_dot(f->n, b, x);
	pfree(x);
	return Max(square, 0);
}
