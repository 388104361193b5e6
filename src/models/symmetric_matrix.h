/*
 * symmetric_matrix.h
 *		Symmetric matrices of as many rows as there are: factors, solutions,
 *		inverses, where columns may follow from those before them.
 *
 * A matrix is n x n doubles, row by row, of which the lower triangle is read.
 */
#ifndef RETENTION_SYMMETRIC_MATRIX_H
#define RETENTION_SYMMETRIC_MATRIX_H

#include "base/compat.h"

typedef struct SymmetricFactor
{
	int			n;
	float8	   *l;				/* lower triangle, after scaling */
	float8	   *scale;			/* to a unit diagonal */
	bool	   *dropped;		/* columns that are left out */
} SymmetricFactor;

/* An empty factor of n columns, none dropped; palloc'd. */
extern SymmetricFactor *symmetric_create(int n);

/*
 * The factor of a matrix, scaled to a unit diagonal, without the columns that
 * are dropped already and those of which less than tolerance is left beside
 * the columns before them: these are dropped, too.  Returns how many.
 */
extern int	symmetric_factor(SymmetricFactor *f, const float8 *m,
							 float8 tolerance);

/* x of m x = b; 0 for dropped columns.  x may be b. */
extern void symmetric_solve(const SymmetricFactor *f, const float8 *b, float8 *x);

/* b' m^-1 b */
extern float8 symmetric_square(const SymmetricFactor *f, const float8 *b);

#endif							/* RETENTION_SYMMETRIC_MATRIX_H */
