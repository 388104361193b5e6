/*
 * cohort_matrix_merge.c
 *		rollup(cohort_matrix): matrices of disjoint customers added up.
 *
 * All that a matrix stores is a sum over customers, so the sum of two
 * matrices is found cohort by cohort and age by age, in one pass over both:
 *
 *	cohort 2024-01 of 12: ages 0, 1, 3		cohort 2024-02 of 5: ages 0, 2
 *	cohort 2024-01 of 3:  ages 0, 2
 *	---------------------------------------------------------------------
 *	cohort 2024-01 of 15: ages 0, 1, 2, 3	cohort 2024-02 of 5: ages 0, 2
 */
#include "metrics/cohort_matrix_state.h"

#include "metrics/metric_head.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_merge);

/* ----------------------------------------------------------------
 *		Do they go together?
 * ----------------------------------------------------------------
 */

static void
refuse_merge(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cohort matrices of different kinds cannot be added up"),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

/* One has a flag that the other lacks: name both. */
static void
check_flag(const Matrix *a, const Matrix *b, uint8 flag, const char *with,
		   const char *without)
{
	if ((a->flags ^ b->flags) & flag)
		refuse_merge(psprintf("One of them %s, the other %s.",
							  a->flags & flag ? with : without,
							  a->flags & flag ? without : with),
					 "Build all matrices with the same form of the aggregate.");
}

/* May two matrices be added up?  Error 22023 when not. */
void
matrix_check_alike(const Matrix *a, const Matrix *b)
{
	if (!grain_equal(a->grain, b->grain))
		refuse_merge(psprintf("One of them has the grain \"%s\", the other \"%s\".",
							  grain_to_cstring(a->grain),
							  grain_to_cstring(b->grain)),
					 "Group by the grain, or build all matrices with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_merge(psprintf("One of them was cut in %s, the other in %s.",
							  metric_zone_words(a->zone), metric_zone_words(b->zone)),
					 "Name the zone in the grain, for example \"month at Europe/Paris\", so that the session's TimeZone does not matter.");
	check_flag(a, b, MATRIX_RECURRING, "is recurring", "is first-time");
	check_flag(a, b, MATRIX_LEVELS, "was built from ranges",
			   "was built from events");
	check_flag(a, b, MATRIX_STARTED, "was built with started_at",
			   "was built without started_at");
	check_flag(a, b, MATRIX_MONEY, "was built with amounts",
			   "was built without amounts");
}

/* ----------------------------------------------------------------
 *		Adding
 * ----------------------------------------------------------------
 */

static void
refuse_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("cohort matrix out of range"),
			 errdetail("A sum of the two matrices does not fit in its type."),
			 errhint("Matrices are added up once for each customer; check that none is there twice.")));
}

/* Note what goes into the result. */
static void
total_cohort(MatrixTotals *totals, const MatrixCohort *cohort, uint8 flags)
{
	if (pg_add_s64_overflow(totals->size, cohort->size, &totals->size))
		refuse_overflow();
	for (int i = 0; i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		if (pg_add_s64_overflow(totals->orders, cell->orders, &totals->orders))
			refuse_overflow();
		totals->revenue += cell->revenue < 0 ? -cell->revenue : cell->revenue;
		if (totals->revenue > matrix_revenue_max(flags))
			refuse_overflow();
	}
}

/*
 * Sum of two cohorts of one period.  No count overflows where the totals fit:
 * customers counted at an age are never more than the sizes.
 */
static void
add_cohorts(const MatrixCohort *a, const MatrixCohort *b, MatrixCohort *sum)
{
	int			i = 0;
	int			j = 0;
	int64		n = 0;

	sum->period = a->period;
	sum->size = a->size + b->size;
	sum->cells = palloc_extended(Max((Size) a->ncells + b->ncells, 1) *
								 sizeof(MatrixCell), MCXT_ALLOC_HUGE);
	while (i < a->ncells || j < b->ncells)
	{
		MatrixCell *cell = &sum->cells[n];

		CHECK_FOR_INTERRUPTS();
		if (j == b->ncells ||
			(i < a->ncells && a->cells[i].age < b->cells[j].age))
			*cell = a->cells[i++];
		else if (i == a->ncells || b->cells[j].age < a->cells[i].age)
			*cell = b->cells[j++];
		else
		{
			*cell = a->cells[i++];
			cell->active += b->cells[j].active;
			cell->last_active += b->cells[j].last_active;
			cell->streak_end += b->cells[j].streak_end;
			cell->orders += b->cells[j].orders;
			cell->revenue += b->cells[j++].revenue;
		}
		/* refunds, and changes, may cancel out */
		if (cell->active != 0 || cell->revenue != 0 ||
			cell->last_active != 0 || cell->streak_end != 0)
			n++;
	}
	sum->ncells = (int32) n;
}

/* The cohorts of both in order. */
static void
merge_cohorts(const Matrix *a, const Matrix *b, Matrix *sum)
{
	MatrixTotals totals = {0};
	int			i = 0;
	int			j = 0;

	sum->cohorts = palloc_extended(((Size) a->ncohorts + b->ncohorts) *
								   sizeof(MatrixCohort), MCXT_ALLOC_HUGE);
	sum->ncohorts = 0;
	while (i < a->ncohorts || j < b->ncohorts)
	{
		MatrixCohort *cohort = &sum->cohorts[sum->ncohorts++];
		int64		left = i < a->ncohorts ? a->cohorts[i].period : PG_INT64_MAX;
		int64		right = j < b->ncohorts ? b->cohorts[j].period : PG_INT64_MAX;

		CHECK_FOR_INTERRUPTS();
		if (left <= right)
			total_cohort(&totals, &a->cohorts[i], a->flags);
		if (right <= left)
			total_cohort(&totals, &b->cohorts[j], a->flags);
		if (left < right)
			*cohort = a->cohorts[i++];
		else if (right < left)
			*cohort = b->cohorts[j++];
		else
			add_cohorts(&a->cohorts[i++], &b->cohorts[j++], cohort);
	}
}

/*
 * Transition and combine function of rollup(cohort_matrix), and combine
 * function of cohort_matrix(timeline, grain): the sum of two matrices.
 * Different grain, zone or kind: error 22023.  The data end where the later of
 * the two ends.  Cost: one pass over the cells of both; in an aggregate, once
 * the state is large, over those of the second only.
 */
Datum
retention_cohort_matrix_merge(PG_FUNCTION_ARGS)
{
	MatrixState *state = matrix_state_argument(fcinfo, 0);

	if (state == NULL)
		state = matrix_state_expand(fcinfo, 0);
	if (state == NULL)
	{
		Matrix	   *a = PG_GETARG_MATRIX(0);
		Matrix	   *b = PG_GETARG_MATRIX(1);
		Matrix		sum = *a;

		matrix_check_alike(a, b);
		sum.last = Max(a->last, b->last);
		merge_cohorts(a, b, &sum);
		PG_RETURN_POINTER(matrix_encode(&sum));
	}
	matrix_state_add(state, PG_GETARG_VARLENA_PP(1));
	PG_RETURN_DATUM(expanded_datum(&state->expanded));
}
