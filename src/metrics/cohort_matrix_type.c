/*
 * cohort_matrix_type.c
 *		The type cohort_matrix: encoding, decoding and what makes a value valid.
 *
 * The stored form is described in cohort_matrix.h.  Whatever comes from
 * outside, as text, as bytes or out of a table, goes through matrix_problem()
 * before anything is computed from it, so that readers and the merge need no
 * checks of their own: sums fit, ages are in order, periods are dates.
 */
#include "metrics/cohort_matrix.h"

#include "base/json_parts.h"
#include "metrics/metric_head.h"
#include "miscadmin.h"

#define MATRIX_VERSION 1
#define MATRIX_FLAGS \
	(MATRIX_MONEY | MATRIX_STARTED | MATRIX_RECURRING | MATRIX_LEVELS)

/* ----------------------------------------------------------------
 *		What makes a matrix valid
 * ----------------------------------------------------------------
 */

/* Sums over the cohorts looked at so far. */
typedef struct MatrixTotals
{
	int64		size;
	int64		orders;
	int128		revenue;		/* of absolute values */
} MatrixTotals;

/* A calendar to read the matrix with: no table, a zone only for hours. */
Calendar *
matrix_calendar(const Matrix *matrix)
{
	pg_tz	   *zone = NULL;

	/* only elapsed hours depend on it: matrix_decode has seen it is known */
	if (matrix->grain->unit == GRAIN_HOUR && matrix->zone[0] != '\0')
		zone = pg_tzset(matrix->zone);
	return calendar_create(matrix->grain, zone, false, CurrentMemoryContext);
}

/* What is wrong with one cell, apart from the sums; NULL when nothing is. */
static const char *
cell_problem(const Matrix *matrix, const MatrixCohort *cohort,
			 const MatrixCell *cell)
{
	bool		has_orders = matrix_has_orders(matrix);

	if (matrix_has_changes(matrix->flags))
	{
		if (cell->last_active < 0 || cell->streak_end < 0)
			return "a count is negative";
		if (cell->revenue != 0 && (matrix->flags & MATRIX_MONEY) == 0)
			return "there is revenue in a matrix without money";
		if (cell->active == 0 && cell->revenue == 0 &&
			cell->last_active == 0 && cell->streak_end == 0)
			return "there is nothing in it";
		return NULL;
	}
	if (cell->active < 0 || cell->last_active < 0 || cell->streak_end < 0 ||
		cell->orders < 0)
		return "a count is negative";
	if (cell->active > cohort->size)
		return "more customers are active than the cohort has";
	if (cell->last_active > cell->active)
		return "last_active exceeds active";
	if (cell->streak_end > cell->active)
		return "streak_end exceeds active";
	if (has_orders && cell->orders < cell->active)
		return "there are fewer orders than active customers";
	if (has_orders ? cell->active == 0 && cell->orders > 0 : cell->orders != 0)
		return "there are orders of nobody";
	if (cell->revenue != 0 && (matrix->flags & MATRIX_MONEY) == 0)
		return "there is revenue in a matrix without money";
	if (cell->active == 0 && cell->revenue == 0)
		return "there is nothing in it";
	return NULL;
}

/* What is wrong with the age of a cell. */
static const char *
age_problem(const Matrix *matrix, const Calendar *cal,
			const MatrixCohort *cohort, const MatrixCell *cell)
{
	int64		max_ages = calendar_max_ages(cal);
	int64		period;

	if (cell->age < 0 ||
		(cell > cohort->cells && cell->age <= cell[-1].age))
		return "ages are not in ascending order";
	if (max_ages >= 0 && cell->age >= max_ages)
		return "the grain has no such age";
	if (grain_is_since_start(matrix->grain))
		return NULL;
	period = (int64) cohort->period +
		(grain_is_cut(matrix->grain) ? matrix->grain->cuts[cell->age] : cell->age);
	if (period > PG_INT32_MAX)
		return "it lies past the last date";
	/* a range reaches past the last start of a range, which ends the data */
	if (period > matrix->last && (matrix->flags & MATRIX_LEVELS) == 0)
		return "it lies past the end of the data";
	return NULL;
}

/*
 * What is wrong with the sums of a cohort.  From the last age to the first:
 * later counts the customers active at an age or later, streak those active
 * at every age up to it; streak <= active <= later <= size.  When started_at
 * makes the cohort, age 0 is no part of a streak.
 */
static const char *
sums_problem(const Matrix *matrix, const MatrixCohort *cohort, int *at)
{
	bool		started = (matrix->flags & MATRIX_STARTED) != 0;
	int32		from = started ? 1 : 0;
	int64		later = 0;
	int64		streak = 0;

	for (int i = cohort->ncells - 1; i >= 0; i--)
	{
		const MatrixCell *cell = &cohort->cells[i];
		int32		before = i > 0 ? cohort->cells[i - 1].age : -1;

		*at = i;
		if (cell->last_active > cohort->size - later ||
			cell->streak_end > cohort->size - streak)
			return "more customers have a last age or a streak than the cohort has";
		later += cell->last_active;
		streak += cell->streak_end;
		if (cell->active > later)
			return "more customers are active than active here or later";
		if (cell->age < from)
		{
			if (cell->streak_end != 0)
				return "a streak ends before it can begin";
			continue;
		}
		if (cell->age == 1 ? streak != cell->active : streak > cell->active)
			return "streak_end does not agree with active";
		if (cell->age > from && before != cell->age - 1 && streak > 0)
			return "a streak spans an idle age";
	}
	*at = 0;
	if (!started && (cohort->ncells == 0 || cohort->cells[0].age != 0 ||
					 cohort->cells[0].active != cohort->size ||
					 later != cohort->size || streak != cohort->size))
		return "not every customer of the cohort is counted at age 0, or not once in last_active and in streak_end";
	return NULL;
}

/*
 * The same where cells hold changes, from the first age to the last: who is
 * not counted in a last age, or in the end of a streak, stays for ever.
 */
static const char *
changes_problem(const MatrixCohort *cohort, int *at)
{
	int64		active = 0;
	int64		later = cohort->size;
	int64		streak = cohort->size;
	int32		age = -1;

	if (cohort->ncells == 0 || cohort->cells[0].age != 0 ||
		cohort->cells[0].active != cohort->size)
		return "not every customer of the cohort is active at age 0";
	for (int i = 0; i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		*at = i;
		if (cell->age > age + 1 &&
			(streak > active || (age == 0 && streak != active)))
			return "a streak spans an idle age, or ends before one that is not";
		age = cell->age;
		if (pg_add_s64_overflow(active, cell->active, &active) ||
			active < 0 || active > later)
			return "more customers are active than active here or later, or less than none";
		if (streak > active || (age == 1 && streak != active))
			return "streak_end does not agree with active";
		if (cell->last_active > active || cell->streak_end > streak)
			return "more customers have a last age or a streak than are active";
		later -= cell->last_active;
		streak -= cell->streak_end;
	}
	if (active != later || streak > active || (age == 0 && streak != active))
		return "the customers of no last age are not those active for ever";
	return NULL;
}

/* What is wrong with a cohort; NULL when nothing is. */
static const char *
cohort_problem(const Matrix *matrix, const Calendar *cal,
			   const MatrixCohort *cohort, MatrixTotals *totals)
{
	const char *problem = NULL;
	int			at = 0;

	int128		revenue_max = matrix_revenue_max(matrix->flags);

	if (cohort->period > matrix->last && (matrix->flags & MATRIX_LEVELS) == 0)
		return "A cohort lies past the end of the data.";
	if (cohort->size <= 0)
		problem = "the size is not positive";
	else if (pg_add_s64_overflow(totals->size, cohort->size, &totals->size))
		problem = "the sizes of the cohorts add up to more than 64 bits hold";
	for (int i = 0; problem == NULL && i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		CHECK_FOR_INTERRUPTS();
		at = i;
		if ((problem = age_problem(matrix, cal, cohort, cell)) != NULL ||
			(problem = cell_problem(matrix, cohort, cell)) != NULL)
			break;
		if (pg_add_s64_overflow(totals->orders, cell->orders, &totals->orders))
			problem = "the orders add up to more than 64 bits hold";
		if (cell->revenue > revenue_max || cell->revenue < -revenue_max ||
			(totals->revenue += cell->revenue < 0 ? -cell->revenue :
			 cell->revenue) > revenue_max)
			problem = "revenue is out of range";
	}
	if (problem == NULL)
		problem = matrix_has_changes(matrix->flags) ?
			changes_problem(cohort, &at) : sums_problem(matrix, cohort, &at);
	if (problem == NULL)
		return NULL;
	return psprintf("Cohort %s, age %d: %s.",
					date_text(calendar_period_start(cal, cohort->period)),
					at < cohort->ncells ? cohort->cells[at].age : 0, problem);
}

/*
 * What is wrong with a matrix, as a sentence for errdetail; NULL when it is
 * valid.  Cost: one pass over the cells.
 */
const char *
matrix_problem(const Matrix *matrix)
{
	const Grain *grain = matrix->grain;
	Calendar   *cal = matrix_calendar(matrix);
	MatrixTotals totals = {0};
	const char *problem = NULL;

	if ((matrix->flags & ~MATRIX_FLAGS) != 0)
		return "It has unknown flags.";
	if ((matrix->flags & MATRIX_RECURRING) && !grain_is_calendar(grain))
		return "A recurring matrix goes with a plain calendar grain only.";
	if ((matrix->flags & MATRIX_RECURRING) &&
		(matrix->flags & (MATRIX_MONEY | MATRIX_STARTED)))
		return "A recurring matrix has neither money nor given starts.";
	problem = metric_zone_problem(grain, matrix->zone);
	if (problem != NULL)
		return problem;
	if (matrix->ncohorts < 1)
		return "It has no cohort.";
	if (!metric_day_is_date(calendar_period_start(cal, matrix->cohorts[0].period)) ||
		!metric_day_is_date(calendar_period_start(cal, matrix->last)))
		return "A period reaches past the dates PostgreSQL has.";
	for (int i = 0; problem == NULL && i < matrix->ncohorts; i++)
	{
		if (i > 0 && matrix->cohorts[i].period <= matrix->cohorts[i - 1].period)
			return "Cohorts are not in ascending order.";
		problem = cohort_problem(matrix, cal, &matrix->cohorts[i], &totals);
	}
	pfree(cal);
	return problem;
}

/* ----------------------------------------------------------------
 *		Encoding
 * ----------------------------------------------------------------
 */

static void
put_cohort(WireWriter *w, const Matrix *matrix, const MatrixCohort *cohort)
{
	bool		has_orders = matrix_has_orders(matrix);
	bool		has_changes = matrix_has_changes(matrix->flags);
	int32		age = 0;

	wire_put(w, cohort->size);
	wire_put(w, cohort->ncells);
	for (int i = 0; i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		wire_put(w, cell->age - age);
		age = cell->age;
		wire_put(w, has_changes ? wire_zigzag(cell->active) : cell->active);
		wire_put(w, cell->last_active);
		wire_put(w, cell->streak_end);
		if (has_orders)
			wire_put(w, cell->orders);
		if (matrix->flags & MATRIX_MONEY)
			wire_put_int128(w, cell->revenue);
	}
}

/*
 * Encode a matrix as a datum.  The caller vouches for all that
 * matrix_problem() checks, but for periods that begin before the first date
 * PostgreSQL has: error 22008.
 */
struct varlena *
matrix_encode(const Matrix *matrix)
{
	Calendar   *cal = matrix_calendar(matrix);
	const MetricHead head = {matrix->flags, matrix->grain, matrix->zone, matrix->last};
	WireWriter	w;

	Assert(matrix->ncohorts > 0);
	(void) calendar_date(calendar_period_start(cal, matrix->cohorts[0].period));
	pfree(cal);

	wire_writer_init(&w, 256, "cohort_matrix",
					 "Use a coarser grain, or one matrix for each part of the time.");
	metric_head_put(&w, MATRIX_VERSION, &head);
	wire_put(&w, matrix->ncohorts);
	for (int i = 0; i < matrix->ncohorts; i++)
	{
		const MatrixCohort *cohort = &matrix->cohorts[i];

		CHECK_FOR_INTERRUPTS();
		if (i == 0)
			wire_put_signed(&w, cohort->period);
		else
			wire_put(&w, (int64) cohort->period - cohort[-1].period);
		put_cohort(&w, matrix, cohort);
	}
	return (struct varlena *) wire_finish(&w);
}

/* ----------------------------------------------------------------
 *		Decoding
 * ----------------------------------------------------------------
 */

static int64
get_count(WireReader *r)
{
	return (int64) wire_get_max(r, PG_INT64_MAX, "A count is too large.");
}

/* Bytes left, against numbers of things that are more than that. */
static inline Size
bytes_left(const WireReader *r)
{
	return r->end - r->at;
}

static void
get_cohort(WireReader *r, const Matrix *matrix, MatrixCohort *cohort)
{
	bool		has_orders = matrix_has_orders(matrix);
	bool		has_changes = matrix_has_changes(matrix->flags);
	int64		age = 0;

	cohort->size = get_count(r);
	cohort->ncells = (int32) wire_get_max(r, Min(bytes_left(r) / 4, PG_INT32_MAX),
										  "The number of cells exceeds the value.");
	cohort->cells = palloc_extended(Max(cohort->ncells, 1) * sizeof(MatrixCell),
									MCXT_ALLOC_HUGE);
	for (int i = 0; i < cohort->ncells; i++)
	{
		MatrixCell *cell = &cohort->cells[i];

		CHECK_FOR_INTERRUPTS();
		age += wire_get_max(r, PG_INT32_MAX, "An age is too large.");
		if (age > PG_INT32_MAX)
			wire_corrupt(r, "An age is too large.");
		cell->age = (int32) age;
		cell->active = has_changes ? wire_get_signed(r) : get_count(r);
		cell->last_active = get_count(r);
		cell->streak_end = get_count(r);
		cell->orders = has_orders ? get_count(r) : 0;
		cell->revenue = matrix->flags & MATRIX_MONEY ? wire_get_int128(r) : 0;
	}
}

/*
 * Decode and validate a payload.  Nothing in the result points into the
 * input.  Error 22P03 for whatever is wrong, 22P02 for words that are no
 * grain.
 */
Matrix *
matrix_decode(const void *payload, Size len)
{
	Matrix	   *matrix = palloc0(sizeof(Matrix));
	int64		period = 0;
	const char *problem;
	MetricHead	head;
	WireReader	r;

	wire_reader_init(&r, payload, len, "cohort_matrix");
	metric_head_get(&r, MATRIX_VERSION, MATRIX_FLAGS, &head);
	matrix->flags = head.flags;
	matrix->grain = head.grain;
	matrix->zone = head.zone;
	matrix->last = head.last;
	matrix->ncohorts = (int32) wire_get_max(&r, Min(bytes_left(&r) / 3, PG_INT32_MAX),
											"The number of cohorts exceeds the value.");
	matrix->cohorts = palloc_extended(Max(matrix->ncohorts, 1) *
									  sizeof(MatrixCohort), MCXT_ALLOC_HUGE);
	for (int i = 0; i < matrix->ncohorts; i++)
	{
		if (i == 0)
			period = wire_get_signed(&r);
		else
			period += wire_get_max(&r, PG_UINT32_MAX,
								   "A period is out of range.");
		if (period < PG_INT32_MIN || period > PG_INT32_MAX)
			wire_corrupt(&r, "A period is out of range.");
		matrix->cohorts[i].period = (int32) period;
		get_cohort(&r, matrix, &matrix->cohorts[i]);
	}
	wire_get_end(&r);
	problem = matrix_problem(matrix);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	return matrix;
}

/* Decode a detoasted value, with either kind of header. */
Matrix *
matrix_from_varlena(const struct varlena *value)
{
	return matrix_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
