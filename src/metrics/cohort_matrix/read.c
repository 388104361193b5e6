/*
 * cohort_matrix/read.c
 *		Reading a cohort matrix: which of its ages lie before the end of the
 *		data, and the walk over the ages of a cohort.
 */
#include "metrics/cohort_matrix/read.h"

#include "miscadmin.h"

/* Prepare to read; reading points into matrix. */
void
matrix_reading_init(MatrixReading *reading, const Matrix *matrix,
					const DateADT *as_of)
{
	reading->matrix = matrix;
	reading->calendar = matrix_calendar(matrix);
	reading->end = as_of != NULL ? data_end_as_of(*as_of) :
		data_end_inside(reading->calendar, matrix->last);
	reading->last = calendar_last_period(reading->calendar, &reading->end);
}

/*
 * Number of ages 0, 1, ... for which test holds, which are the first ones, at
 * most at_most.  Looks close to at_most first: from one cohort to the next
 * the number hardly changes.
 */
static int64
count_ages(const MatrixReading *reading, int64 period, int64 at_most,
		   bool (*test) (const Calendar *, int64, int64, const DataEnd *))
{
	int64		max_ages = calendar_max_ages(reading->calendar);
	int64		step = 1;
	int64		high;
	int64		low;

	high = Min(at_most, max_ages >= 0 ? max_ages : CALENDAR_FAR);
	if (high <= 0)
		return 0;

	/* number <= high all along; low becomes a number it is not below */
	for (;; step *= 2)
	{
		low = Max(high - step, 0);
		if (test(reading->calendar, period, low, &reading->end))
			break;
		high = low;
		if (high == 0)
			return 0;
	}
	low++;
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (test(reading->calendar, period, middle, &reading->end))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Number of ages of a cohort that are shown, at most at_most. */
int64
matrix_ages_shown(const MatrixReading *reading, int64 period, int64 at_most)
{
	/* a plain grain has one age for each period up to the last */
	if (grain_is_calendar(reading->matrix->grain))
		return Max(Min(reading->last - period + 1, at_most), 0);
	return count_ages(reading, period, at_most, calendar_shown);
}

/* Number of ages of a cohort that are complete, at most at_most. */
int64
matrix_ages_complete(const MatrixReading *reading, int64 period, int64 at_most)
{
	/* with a plain grain those that end where or before the last one begins */
	if (grain_is_calendar(reading->matrix->grain))
		return Max(Min(calendar_period_of_day(reading->calendar,
											  reading->end.low) - period,
					   at_most), 0);
	return count_ages(reading, period, at_most, calendar_complete);
}

/* Begin with the ages of a cohort; cohort is NULL for one of nobody. */
void
cohort_walk_begin(CohortWalk *walk, const Matrix *matrix,
				  const MatrixCohort *cohort)
{
	memset(walk, 0, sizeof(*walk));
	walk->cohort = cohort;
	walk->started = (matrix->flags & MATRIX_STARTED) != 0;
	walk->row.age = -1;
	if (cohort == NULL)
		return;
	walk->row.size = cohort->size;
	walk->changes = matrix_has_changes(matrix->flags);
	if (walk->changes)
	{
		/* levels without end are in no cell */
		walk->later = matrix_changes_later(cohort);
		walk->streak = cohort->size;
		return;
	}
	for (int i = 0; i < cohort->ncells; i++)
	{
		walk->later += cohort->cells[i].last_active;
		walk->streak += cohort->cells[i].streak_end;
	}
}

/*
 * The next age of the cohort; there is no end.  "Or later" counts all that is
 * stored, also past the end of the data chosen by as_of.
 */
const CellRow *
cohort_walk_next(CohortWalk *walk)
{
	const MatrixCohort *cohort = walk->cohort;
	CellRow    *row = &walk->row;

	row->age++;
	if (!walk->changes)
	{
		row->active = row->orders = 0;
		row->revenue = 0;
	}
	row->or_later = walk->later;
	row->streak = walk->started && row->age == 0 ? row->size : walk->streak;
	if (cohort != NULL && walk->cell < cohort->ncells &&
		cohort->cells[walk->cell].age == row->age)
	{
		const MatrixCell *cell = &cohort->cells[walk->cell++];

		row->active = cell->active + (walk->changes ? row->active : 0);
		row->orders = cell->orders;
		row->revenue = cell->revenue + (walk->changes ? row->revenue : 0);
		row->kept += cell->kept;
		row->base += cell->base;
		walk->later -= cell->last_active;
		walk->streak -= cell->streak_end;
	}
	row->cumulative += row->revenue;
	if (row->age == 0)
		row->first_revenue = row->revenue;
	return row;
}
