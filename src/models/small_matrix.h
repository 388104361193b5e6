/*
 * small_matrix.h
 *		Vectors and matrices of a few parameters, on the stack.
 */
#ifndef RETENTION_SMALL_MATRIX_H
#define RETENTION_SMALL_MATRIX_H

#include "base/compat.h"

#define SMALL_MATRIX_MAX 5

/* Rows of which the first n have n numbers. */
typedef float8 SmallMatrix[SMALL_MATRIX_MAX][SMALL_MATRIX_MAX];

extern float8 vector_dot(int n, const float8 *a, const float8 *b);

/* The largest magnitude. */
extern float8 vector_max_abs(int n, const float8 *a);

extern void matrix_multiply(int n, SmallMatrix m, const float8 *v, float8 *result);

/* A diagonal of scale, else 0. */
extern void matrix_set_identity(int n, SmallMatrix m, float8 scale);

/* The inverse of a symmetric matrix; false when it is not positive definite. */
extern bool matrix_invert_positive(int n, SmallMatrix m, SmallMatrix inverse);

#endif							/* RETENTION_SMALL_MATRIX_H */
