/*
 * cohort_matrix/read.h
 *		Reading a cohort matrix: its cells, and the curve over its cohorts.
 *
 * Rows are computed one by one from the stored cells; memory is proportional
 * to these, never to the rows.
 */
#ifndef RETENTION_COHORT_MATRIX_READ_H
#define RETENTION_COHORT_MATRIX_READ_H

#include "metrics/cohort_matrix/type.h"

#define MATRIX_MAX_ROWS INT64CONST(10000000)	/* of a set-returning reader */

/* A matrix and where its data end. */
typedef struct MatrixReading
{
	const Matrix *matrix;
	Calendar   *calendar;
	DataEnd		end;
	int64		last;			/* last cohort row; before the first: none */
} MatrixReading;

/*
 * as_of: NULL for the period of the last event.  An infinite one is error
 * 22008.
 */
extern void matrix_reading_init(MatrixReading *reading, const Matrix *matrix,
								const DateADT *as_of);

/*
 * Number of ages of a cohort that are shown, and that are complete, but no
 * more than at_most; both fall from a cohort to the next, which makes the
 * number of the one before a good at_most.
 */
extern int64 matrix_ages_shown(const MatrixReading *reading, int64 period,
							   int64 at_most);
extern int64 matrix_ages_complete(const MatrixReading *reading, int64 period,
								  int64 at_most);

/* One row of cohort_cells. */
typedef struct CellRow
{
	int64		age;
	int64		size;
	int64		active;
	int64		or_later;
	int64		streak;
	int64		orders;
	int128		revenue;
	int128		first_revenue;	/* at age 0 */
	int128		cumulative;		/* revenue at this age and before */
	int128		kept;			/* of the base, where that is known */
	int128		base;
} CellRow;

/* A walk over the ages of one cohort, stored or empty. */
typedef struct CohortWalk
{
	const MatrixCohort *cohort; /* NULL: nobody */
	bool		started;
	bool		changes;		/* cells add to the age before */
	int			cell;			/* next stored cell */
	CellRow		row;
	int64		later;			/* last_active from this age on */
	int64		streak;			/* streak_end likewise */
} CohortWalk;

extern void cohort_walk_begin(CohortWalk *walk, const Matrix *matrix,
							  const MatrixCohort *cohort);
extern const CellRow *cohort_walk_next(CohortWalk *walk);

/* One row of retention_curve. */
typedef struct CurveRow
{
	int64		age;
	int64		cohorts;
	int64		customers;
	int64		active;
	int64		or_later;
	int64		streak;
	int128		revenue;
	int128		first_revenue;	/* of the same cohorts at age 0 */
	int128		cumulative;
	MoneyQuotients chained;		/* revenue / customers of this age and of
								 * those before */
	float8		mean;			/* of active / size over the cohorts */
} CurveRow;

typedef struct Curve Curve;

/* Rows the curve has; curve_next returns NULL after the last. */
extern Curve *curve_begin(const MatrixReading *reading);
extern int64 curve_length(const Curve *curve);
extern const CurveRow *curve_next(Curve *curve);

/* Error 22023: money of it has no meaning per customer. */
extern void matrix_refuse_recurring(const Matrix *matrix, const char *function);

/*
 * The first age whose chained value times margin reaches cac; false when none
 * does.  payback_check() has seen to both: error 22003.
 */
extern void payback_check(Numeric cac, Numeric margin);
extern bool payback_find(Curve *curve, Numeric cac, Numeric margin, int64 *age);

#endif							/* RETENTION_COHORT_MATRIX_READ_H */
