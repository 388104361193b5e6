/*
 * cohort_matrix/read_curve.c
 *		The curve over the cohorts of a matrix, age by age.
 *
 * A cohort counts at an age when that age of it is complete.  Later cohorts
 * have fewer complete ages, so at every age the cohorts that count are the
 * first ones in order, and they leave from the back:
 *
 *			age	0	1	2	3
 *	2024-01		x	x	x	x
 *	2024-02		x	x	x
 *	2024-03		x	x
 *
 * The sums over these cohorts are carried from age to age.  The cells are
 * taken in order of age (a radix sort brings them there), and what a cohort
 * has contributed is taken off when it leaves.  Cost: O(cells + rows).
 *
 * Where cells hold changes there is something at every age of every cohort:
 * all cohorts that count are walked side by side.
 */
#include "metrics/cohort_matrix/read.h"

#include "base/rate.h"
#include "miscadmin.h"

/* A stored cell with its cohort's place. */
typedef struct CurveCell
{
	const MatrixCell *cell;
	int32		cohort;
} CurveCell;

struct Curve
{
	const MatrixReading *reading;
	const MatrixCohort *cohorts;
	int64	   *complete;		/* complete ages of each cohort, falling */
	CurveCell  *cells;			/* in order of age, then cohort */
	int64		ncells;
	int64		next;			/* first cell not taken */
	int64		later;			/* sums over the cohorts that count */
	int64		streak;
	CohortWalk *walks;			/* one for each cohort, where cells hold
								 * changes; else NULL */
	CurveRow	row;
};

#define RADIX_BITS 11
#define RADIX_SIZE (1 << RADIX_BITS)

/* Sort cells by age, keeping cohorts in order; the result is one of the two. */
static CurveCell *
sort_by_age(CurveCell *cells, CurveCell *spare, int64 n, int32 max_age)
{
	int64		start[RADIX_SIZE];

	for (int shift = 0; shift < 32 && (max_age >> shift) > 0;
		 shift += RADIX_BITS)
	{
		CurveCell  *sorted = spare;
		int64		sum = 0;

		CHECK_FOR_INTERRUPTS();
		memset(start, 0, sizeof(start));
		for (int64 i = 0; i < n; i++)
			start[(cells[i].cell->age >> shift) & (RADIX_SIZE - 1)]++;
		for (int i = 0; i < RADIX_SIZE; i++)
		{
			int64		count = start[i];

			start[i] = sum;
			sum += count;
		}
		for (int64 i = 0; i < n; i++)
			sorted[start[(cells[i].cell->age >> shift) & (RADIX_SIZE - 1)]++] =
				cells[i];
		spare = cells;
		cells = sorted;
	}
	return cells;
}

/* Complete ages of all cohorts; the first has the most. */
static void
find_complete(Curve *curve, const Matrix *matrix)
{
	int64		at_most = CALENDAR_FAR;

	curve->complete = palloc_extended(matrix->ncohorts * sizeof(int64),
									  MCXT_ALLOC_HUGE);
	for (int i = 0; i < matrix->ncohorts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		at_most = matrix_ages_complete(curve->reading,
									   matrix->cohorts[i].period, at_most);
		curve->complete[i] = at_most;
	}
}

/* Begin with the curve; it points into reading. */
Curve *
curve_begin(const MatrixReading *reading)
{
	const Matrix *matrix = reading->matrix;
	Curve	   *curve = palloc0(sizeof(Curve));
	int32		max_age = 0;
	int64		total = 0;
	int64		n = 0;

	curve->reading = reading;
	curve->cohorts = matrix->cohorts;
	find_complete(curve, matrix);
	for (int i = 0; i < matrix->ncohorts; i++)
		total += matrix->cohorts[i].ncells;
	curve->cells = palloc_extended(Max(total, 1) * sizeof(CurveCell),
								   MCXT_ALLOC_HUGE);
	curve->row.age = -1;
	for (int c = 0; c < matrix->ncohorts && curve->complete[c] > 0; c++)
	{
		const MatrixCohort *cohort = &matrix->cohorts[c];

		CHECK_FOR_INTERRUPTS();
		curve->row.cohorts++;
		curve->row.customers += cohort->size;
		for (int i = 0; i < cohort->ncells; i++)
		{
			const MatrixCell *cell = &cohort->cells[i];

			/* who comes back past the end of the data counts as later */
			curve->later += cell->last_active;
			curve->streak += cell->streak_end;
			if (cell->age == 0)
				curve->row.first_revenue += cell->revenue;
			if (cell->age >= curve->complete[c])
				continue;
			curve->cells[n].cell = cell;
			curve->cells[n++].cohort = c;
			max_age = Max(max_age, cell->age);
		}
	}
	curve->ncells = n;
	if (matrix_has_changes(matrix->flags))
	{
		curve->walks = palloc_extended(matrix->ncohorts * sizeof(CohortWalk),
									   MCXT_ALLOC_HUGE);
		for (int c = 0; c < matrix->ncohorts; c++)
			cohort_walk_begin(&curve->walks[c], matrix, &matrix->cohorts[c]);
		return curve;
	}
	curve->cells = sort_by_age(curve->cells,
							   palloc_extended(Max(n, 1) * sizeof(CurveCell),
											   MCXT_ALLOC_HUGE),
							   n, max_age);
	return curve;
}

/* Number of rows: the complete ages of the first cohort. */
int64
curve_length(const Curve *curve)
{
	return curve->complete[0];
}

/* Take off the sums what a cohort that leaves has left in them. */
static void
curve_leave(Curve *curve, const MatrixCohort *cohort, int64 age)
{
	curve->row.customers -= cohort->size;
	for (int i = 0; i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		if (cell->age == 0)
			curve->row.first_revenue -= cell->revenue;
		if (cell->age < age)
			curve->row.cumulative -= cell->revenue;
		else
		{
			curve->later -= cell->last_active;
			curve->streak -= cell->streak_end;
		}
	}
}

/* The next age of a matrix whose cells hold changes. */
static const CurveRow *
curve_next_changes(Curve *curve)
{
	CurveRow   *row = &curve->row;
	int64		cohorts = row->cohorts;
	int64		age = row->age + 1;
	MoneyQuotients chained = row->chained;

	while (cohorts > 0 && curve->complete[cohorts - 1] <= age)
		cohorts--;
	if (cohorts == 0)
		return NULL;
	memset(row, 0, sizeof(*row));
	row->age = age;
	row->cohorts = cohorts;
	for (int64 c = 0; c < cohorts; c++)
	{
		const CellRow *cell = cohort_walk_next(&curve->walks[c]);

		CHECK_FOR_INTERRUPTS();
		row->customers += cell->size;
		row->active += cell->active;
		row->or_later += cell->or_later;
		row->streak += cell->streak;
		row->revenue += cell->revenue;
		row->first_revenue += cell->first_revenue;
		row->cumulative += cell->cumulative;
		row->mean += rate_ratio(cell->active, cell->size);
	}
	row->mean /= cohorts;
	row->chained = chained;
	money_quotients_add(&row->chained, row->revenue, row->customers);
	return row;
}

/* The next age, or NULL when no cohort is complete at it. */
const CurveRow *
curve_next(Curve *curve)
{
	CurveRow   *row = &curve->row;
	bool		started = (curve->reading->matrix->flags & MATRIX_STARTED) != 0;
	int64		later = 0;
	int64		streak = 0;

	if (curve->walks != NULL)
		return curve_next_changes(curve);
	row->age++;
	while (row->cohorts > 0 && curve->complete[row->cohorts - 1] <= row->age)
		curve_leave(curve, &curve->cohorts[--row->cohorts], row->age);
	if (row->cohorts == 0)
		return NULL;

	row->active = 0;
	row->revenue = 0;
	row->mean = 0;
	for (; curve->next < curve->ncells; curve->next++)
	{
		const CurveCell *at = &curve->cells[curve->next];

		if (at->cell->age != row->age)
			break;
		CHECK_FOR_INTERRUPTS();
		row->active += at->cell->active;
		row->revenue += at->cell->revenue;
		row->mean += rate_ratio(at->cell->active,
								curve->cohorts[at->cohort].size);
		later += at->cell->last_active;
		streak += at->cell->streak_end;
	}
	row->mean /= row->cohorts;
	row->cumulative += row->revenue;
	money_quotients_add(&row->chained, row->revenue, row->customers);
	row->or_later = curve->later;
	row->streak = started && row->age == 0 ? row->customers : curve->streak;
	curve->later -= later;
	curve->streak -= streak;
	return row;
}
