/*
 * cohort_matrix/summary.c
 *		Cohort matrices made of timelines, each a customer, and of matrices of
 *		other customers.
 *
 * All that a matrix stores is a sum over customers, so the sum of two matrices
 * is found cohort by cohort and age by age:
 *
 *	cohort 2024-01 of 12: ages 0, 1, 3		cohort 2024-02 of 5: ages 0, 2
 *	cohort 2024-01 of 3:  ages 0, 2
 *	---------------------------------------------------------------------
 *	cohort 2024-01 of 15: ages 0, 1, 2, 3	cohort 2024-02 of 5: ages 0, 2
 */
#include "metrics/cohort_matrix/build.h"

#include "metrics/summary.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_add_timeline);
PG_FUNCTION_INFO_V1(retention_recurring_matrix_add_timeline);
PG_FUNCTION_INFO_V1(retention_cohort_matrix_merge);

/* More customers than that are worth rows (cohort_matrix/build.h). */
#define ROWS_CUSTOMERS 8192

/* ----------------------------------------------------------------
 *		What goes together
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
check_flag(const MetricHead *a, const MetricHead *b, uint8 flag, const char *with,
		   const char *without)
{
	if ((a->flags ^ b->flags) & flag)
		refuse_merge(psprintf("One of them %s, the other %s.",
							  a->flags & flag ? with : without,
							  a->flags & flag ? without : with),
					 "Build all matrices with the same form of the aggregate.");
}

/* May two matrices be added up?  Error 22023 when not. */
static void
check_alike(const MetricHead *a, const MetricHead *b)
{
	if (!grain_equal(a->grain, b->grain))
		refuse_merge(psprintf("One of them has the grain \"%s\", the other \"%s\".",
							  grain_quoted(a->grain),
							  grain_quoted(b->grain)),
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

/* A grain that timelines cannot be counted with: error 22023. */
void
matrix_check_grain(const Grain *grain)
{
	if (grain->unit == GRAIN_HOUR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timelines are counted from day to day, not by hours"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Use a grain of days or longer, or cohort_matrix(customer, at, grain) over the rows.")));
}

/* ----------------------------------------------------------------
 *		Adding
 * ----------------------------------------------------------------
 */

static void
init(void *builder, const MetricHead *head)
{
	builder_init(builder, head->flags);
}

/* Add the customer of a timeline. */
static void
add_customer(void *builder, TimelineItems *items, TimelineReader *r)
{
	Builder    *b = builder;
	int			n = timeline_items_read(items, r);

	b->calendar = items->calendar;
	if (b->flags & MATRIX_RECURRING)
		(timeline_has_levels(r) ? fold_recurring_levels :
		 fold_recurring_orders) (items->items, n, b);
	else
		(timeline_has_levels(r) ? fold_levels : fold_orders) (items->items, n, b);
}

/* A stored matrix, to be read cohort by cohort. */
static void *
read_value(const struct varlena *value, MetricHead *head)
{
	MatrixReader *r = palloc(sizeof(MatrixReader));

	matrix_reader_begin(r, value);
	head->flags = r->head.flags;
	head->grain = r->head.grain;
	head->zone = r->head.zone;
	return r;
}

/*
 * Add the cohorts of a matrix being read, one at a time: all of them as cells
 * would take more memory than the builder.
 */
static void
add_value(void *builder, void *value, MemoryContext context)
{
	Builder    *b = builder;
	MatrixReader *r = value;
	MatrixCohort cohort;
	MemoryContext old;

	while (matrix_reader_next(r, &cohort))
	{
		old = MemoryContextSwitchTo(context);
		builder_add_cohort(b, &cohort);
		MemoryContextSwitchTo(old);
		pfree(cohort.cells);
	}
	b->last_period = Max(b->last_period, r->head.last);
	old = MemoryContextSwitchTo(context);
	if (b->total_size > ROWS_CUSTOMERS)
		builder_use_rows(b);
	MemoryContextSwitchTo(old);
}

static int64
customers(const void *builder)
{
	return ((const Builder *) builder)->total_size;
}

static struct varlena *
finish(const void *builder, const Grain *grain, const char *zone)
{
	return builder_is_empty(builder) ? NULL :
		builder_finish(builder, grain, zone);
}

#define MATRIX_SUMMARY \
	.expanded = SUMMARY_EXPANDED("cohort_matrix"), \
	.builder_size = sizeof(Builder), .init = init, \
	.add_customer = add_customer, .read_value = read_value, \
	.add_value = add_value, .customers = customers, .finish = finish, .check_alike = check_alike

static const SummaryKind kind = {
	MATRIX_SUMMARY, .check_grain = matrix_check_grain,
	.money = MATRIX_MONEY, .levels = MATRIX_LEVELS
};

static const SummaryKind recurring = {
	MATRIX_SUMMARY, .check_grain = recurring_check_grain,
	.levels = MATRIX_LEVELS, .always = MATRIX_RECURRING
};

/* Transition function of cohort_matrix(timeline, grain). */
Datum
retention_cohort_matrix_add_timeline(PG_FUNCTION_ARGS)
{
	return summary_add_timeline(fcinfo, &kind);
}

/* Transition function of recurring_matrix(timeline, grain). */
Datum
retention_recurring_matrix_add_timeline(PG_FUNCTION_ARGS)
{
	return summary_add_timeline(fcinfo, &recurring);
}

/*
 * Transition and combine function of rollup(cohort_matrix), and combine
 * function of cohort_matrix(timeline, grain): the sum of two matrices.
 * Different grain, zone or kind: error 22023.  The data end where the later of
 * the two ends.
 */
Datum
retention_cohort_matrix_merge(PG_FUNCTION_ARGS)
{
	return summary_merge(fcinfo, &kind);
}
