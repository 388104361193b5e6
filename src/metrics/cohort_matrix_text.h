/*
 * cohort_matrix_text.h
 *		The text form of a cohort matrix.
 */
#ifndef RETENTION_COHORT_MATRIX_TEXT_H
#define RETENTION_COHORT_MATRIX_TEXT_H

#include "metrics/cohort_matrix.h"

/*
 * Reads the text of a matrix; errors (22P02) as input_error() on escape, and
 * then NULL.
 */
extern Matrix *matrix_parse(const char *text, Node *escape);

/* Canonical text of a matrix, palloc'd. */
extern char *matrix_to_cstring(const Matrix *matrix);

#endif							/* RETENTION_COHORT_MATRIX_TEXT_H */
