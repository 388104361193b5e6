/*
 * cohort_matrix/type.c
 *		The type cohort_matrix: the table of its text and bytes, and what makes
 *		a value valid.
 *
 * Text form (here broken into lines), see record.h:
 *
 *	{"grain": "month", "zone": "Europe/Paris", "last": "2024-06-01",
 *	 "money": true, "started": false, "recurring": false, "levels": false,
 *	 "cohorts": [{"cohort": "2024-01-01", "size": 12, "age": [0,1,2],
 *				  "active": [12,5,4], "last_active": [7,1,4],
 *				  "streak_end": [7,1,4], "orders": [15,6,4],
 *				  "revenue": [1234.5,50,40]}]}
 *
 * "orders" is there unless levels or recurring, "revenue" with money only.
 * With levels, unless recurring, "active_change" and "revenue_change" are there
 * instead of "active" and "revenue": what each age adds to the one before; and
 * with revenue "kept_change" and "base_change";
 * last and cohort are the first days of their periods, in ISO style.
 *
 * The stored form is described in cohort_matrix/type.h.  Whatever comes from
 * outside, as text, as bytes or out of a table, goes through matrix_problem()
 * before anything is computed from it, so that readers and the merge need no
 * checks of their own: sums fit, ages are in order, periods are dates.
 */
#include "metrics/cohort_matrix/type.h"

#include "base/record.h"
#include "metrics/metric_head.h"
#include "miscadmin.h"

#define MATRIX_FLAGS \
	(MATRIX_MONEY | MATRIX_STARTED | MATRIX_RECURRING | MATRIX_LEVELS)

/* ----------------------------------------------------------------
 *		What makes a matrix valid
 * ----------------------------------------------------------------
 */

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
			cell->last_active == 0 && cell->streak_end == 0 &&
			cell->kept == 0 && cell->base == 0)
			return "there is nothing in it";
		if (cell->base < 0)
			return "a base is taken back";
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
age_problem(const Matrix *matrix, int64 max_ages,
			const MatrixCohort *cohort, const MatrixCell *cell)
{
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

/* What is wrong with what is kept at a cell's age and before. */
static const char *
gross_problem(const MatrixCell *cell, int128 max, int128 *kept, int128 *base,
			  int128 *total)
{
	if (cell->kept > max || cell->kept < -max || cell->base > max)
		return "what is kept is out of range";
	*total += cell->base + (cell->kept < 0 ? -cell->kept : cell->kept);
	if (*total > 3 * max)
		return "what is kept is out of range";
	*kept += cell->kept;
	*base += cell->base;
	return *kept > *base ? "more is kept than there was" : NULL;
}

/* What is wrong with ages from one up to but not including another. */
static const char *
span_problem(int64 from, int64 until, int64 active, int64 streak)
{
	if (from >= until || until <= 1)
		return NULL;
	if (streak > active)
		return "a streak spans an idle age, or ends before one that is not";
	if (from <= 1 && streak != active)
		return "streak_end does not agree with active";
	return NULL;
}

/*
 * The same where started_at makes the cohort: nobody need be active at age 0,
 * or at all.  A streak counts from age 1 on, so who is not active there has one
 * that ends at age 0.
 */
static const char *
started_changes_problem(const MatrixCohort *cohort, int64 max_ages, int *at)
{
	int64		active = 0;
	int64		later = 0;
	int64		streak = cohort->size;
	int64		next = 0;		/* age to be looked at */
	const char *problem;

	for (int i = 0; i < cohort->ncells; i++)
		if (pg_add_s64_overflow(later, cohort->cells[i].active, &later) ||
			pg_add_s64_overflow(later, cohort->cells[i].last_active, &later))
			return "the counts add up to more than 64 bits hold";
	if (later < 0 || later > cohort->size)
		return "more customers are active than the cohort has";
	for (int i = 0; i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		*at = i;
		problem = span_problem(next, cell->age, active, streak);
		if (problem != NULL)
			return problem;
		if (pg_add_s64_overflow(active, cell->active, &active) ||
			active < 0 || active > later)
			return "more customers are active than active here or later, or less than none";
		next = (int64) cell->age + 1;
		problem = span_problem(cell->age, next, active, streak);
		if (problem != NULL)
			return problem;
		if (cell->last_active > active || cell->streak_end > streak)
			return "more customers have a last age or a streak than are active";
		later -= cell->last_active;
		streak -= cell->streak_end;
	}
	return span_problem(next, max_ages >= 0 ? max_ages : PG_INT64_MAX, active,
						streak);
}

/* The one of the two that goes with a matrix. */
static const char *
changes_problem_of(const Matrix *matrix, const MatrixCohort *cohort,
				   int64 max_ages, int *at)
{
	return matrix->flags & MATRIX_STARTED ?
		started_changes_problem(cohort, max_ages, at) :
		changes_problem(cohort, at);
}

/* What is wrong with a cohort; NULL when nothing is. */
static const char *
cohort_problem(const Matrix *matrix, const Calendar *cal,
			   const MatrixCohort *cohort, MatrixTotals *totals)
{
	const char *problem = NULL;
	int			at = 0;
	int128		revenue_max = matrix_revenue_max(matrix->flags);
	int64		max_ages = calendar_cohort_ages(cal, cohort->period);
	int128		kept = 0;
	int128		base = 0;

	if (cohort->period > matrix->last && (matrix->flags & MATRIX_LEVELS) == 0)
		return "A cohort lies past the end of the data.";
	if (cohort->period >= calendar_end(cal))
		return "A cohort lies past the last date of the grain.";
	if (cohort->size <= 0)
		problem = "the size is not positive";
	else if (pg_add_s64_overflow(totals->size, cohort->size, &totals->size))
		problem = "the sizes of the cohorts add up to more than 64 bits hold";
	for (int i = 0; problem == NULL && i < cohort->ncells; i++)
	{
		const MatrixCell *cell = &cohort->cells[i];

		CHECK_FOR_INTERRUPTS();
		at = i;
		if ((problem = age_problem(matrix, max_ages, cohort, cell)) != NULL ||
			(problem = cell_problem(matrix, cohort, cell)) != NULL)
			break;
		if (pg_add_s64_overflow(totals->orders, cell->orders, &totals->orders))
			problem = "the orders add up to more than 64 bits hold";
		if (cell->revenue > revenue_max || cell->revenue < -revenue_max ||
			(totals->revenue += cell->revenue < 0 ? -cell->revenue :
			 cell->revenue) > revenue_max)
			problem = "revenue is out of range";
		if (problem == NULL)
			problem = gross_problem(cell, revenue_max, &kept, &base,
									&totals->gross);
	}
	if (problem == NULL)
		problem = matrix_has_changes(matrix->flags) ?
			changes_problem_of(matrix, cohort, max_ages, &at) :
			sums_problem(matrix, cohort, &at);
	if (problem == NULL)
		return NULL;
	return psprintf("Cohort %s, age %d: %s.",
					date_text(calendar_period_start(cal, cohort->period)),
					at < cohort->ncells ? cohort->cells[at].age : 0, problem);
}

/* What is wrong apart from the cohorts; NULL when nothing is. */
static const char *
head_problem(const Matrix *matrix, const Calendar *cal)
{
	const char *problem;

	if ((matrix->flags & ~MATRIX_FLAGS) != 0)
		return "It has unknown flags.";
	if ((matrix->flags & MATRIX_RECURRING) && !grain_is_calendar(matrix->grain))
		return "A recurring matrix goes with a plain calendar grain only.";
	if ((matrix->flags & MATRIX_RECURRING) && (matrix->flags & MATRIX_LEVELS) &&
		(matrix->flags & (MATRIX_MONEY | MATRIX_STARTED)))
		return "A recurring matrix of ranges has neither money nor given starts.";
	problem = grain_used_zone_problem(matrix->grain, matrix->zone);
	if (problem != NULL)
		return problem;
	if (matrix->ncohorts < 1)
		return "It has no cohort.";
	if (!calendar_has_period(cal, matrix->last))
		return calendar_past_words(cal);
	return NULL;
}

/* What is wrong with a cohort, or that it does not come after another. */
static const char *
next_problem(const Matrix *matrix, const Calendar *cal, int64 number,
			 int64 before, const MatrixCohort *cohort, MatrixTotals *totals)
{
	if (number > 0 && cohort->period <= before)
		return "Cohorts are not in ascending order.";
	/* the last period bounds the first one alone: levels may begin after it */
	if (cohort->period < calendar_end(cal) &&
		!calendar_has_period(cal, cohort->period))
		return calendar_past_words(cal);
	return cohort_problem(matrix, cal, cohort, totals);
}

/*
 * What is wrong with a matrix, as a sentence for errdetail; NULL when it is
 * valid.  Cost: one pass over the cells.
 */
static const char *
matrix_problem(const void *value)
{
	const Matrix *matrix = value;
	Calendar   *cal = matrix_calendar(matrix);
	MatrixTotals totals = {0};
	const char *problem = head_problem(matrix, cal);

	for (int64 i = 0; problem == NULL && i < matrix->ncohorts; i++)
		problem = next_problem(matrix, cal, i,
							   i > 0 ? matrix->cohorts[i - 1].period : 0,
							   &matrix->cohorts[i], &totals);
	calendar_free(cal);
	return problem;
}

/* ----------------------------------------------------------------
 *		Text and bytes
 * ----------------------------------------------------------------
 */

static bool
has_plain_counts(uint8 flags)
{
	return !matrix_has_changes(flags);
}

static bool
has_orders(uint8 flags)
{
	return (flags & (MATRIX_LEVELS | MATRIX_RECURRING)) == 0;
}

static bool
has_revenue(uint8 flags)
{
	return (flags & MATRIX_MONEY) != 0 && !matrix_has_changes(flags);
}

static const RecordField matrix_fields[] = {
	{"grain", RECORD_GRAIN, offsetof(Matrix, grain)},
	{"zone", RECORD_ZONE, offsetof(Matrix, zone)},
	{"last", RECORD_PERIOD, offsetof(Matrix, last)},
	{"money", RECORD_FLAG, .flag = MATRIX_MONEY},
	{"started", RECORD_FLAG, .flag = MATRIX_STARTED},
	{"recurring", RECORD_FLAG, .flag = MATRIX_RECURRING},
	{"levels", RECORD_FLAG, .flag = MATRIX_LEVELS},
	{"cohorts", RECORD_ITEMS}
};

enum
{
	KEY_COHORT, KEY_SIZE, KEY_AGE, KEY_ACTIVE, KEY_ACTIVE_CHANGE,
	KEY_LAST_ACTIVE, KEY_STREAK_END, KEY_ORDERS, KEY_REVENUE,
	KEY_REVENUE_CHANGE, KEY_KEPT_CHANGE, KEY_BASE_CHANGE, COHORT_KEYS
};

static const RecordField cohort_fields[COHORT_KEYS] = {
	{"cohort", RECORD_PERIOD, offsetof(MatrixCohort, period)},
	{"size", RECORD_COUNT, offsetof(MatrixCohort, size)},
	{"age", RECORD_AGE, offsetof(MatrixCell, age)},
	{"active", RECORD_COUNT, offsetof(MatrixCell, active), .when = has_plain_counts},
	{"active_change", RECORD_CHANGE, offsetof(MatrixCell, active),
	.other_name = true, .when = matrix_has_changes},
	{"last_active", RECORD_COUNT, offsetof(MatrixCell, last_active)},
	{"streak_end", RECORD_COUNT, offsetof(MatrixCell, streak_end)},
	{"orders", RECORD_COUNT, offsetof(MatrixCell, orders), .when = has_orders},
	{"revenue", RECORD_MONEY, offsetof(MatrixCell, revenue), .when = has_revenue},
	{"revenue_change", RECORD_MONEY, offsetof(MatrixCell, revenue),
	.other_name = true, .when = matrix_has_gross},
	{"kept_change", RECORD_MONEY, offsetof(MatrixCell, kept), .when = matrix_has_gross},
	{"base_change", RECORD_MONEY, offsetof(MatrixCell, base), .when = matrix_has_gross}
};

/* All keys of a cohort there, all arrays of one length? */
static void
cohort_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];
	const MatrixCohort *cohort = (const MatrixCohort *) p->item;

	for (int key = 0; key < COHORT_KEYS; key++)
	{
		const char *name = cohort_fields[key].name;
		bool		seen = (level->seen & (UINT32_C(1) << key)) != 0;

		if (!seen && key < KEY_ORDERS && !cohort_fields[key].other_name)
			json_object_refuse(&p->object,
							   psprintf("A cohort lacks the key \"%s\".", name));
		else if (seen && key > KEY_AGE && level->n[key] != level->n[KEY_AGE])
			json_object_problem(&p->object,
								psprintf("Cohort %s: \"%s\" has %lld elements, \"age\" has %lld.",
										 date_text(cohort->period), name,
										 (long long) level->n[key],
										 (long long) level->n[KEY_AGE]),
								"All arrays of a cohort have one element for each age listed in \"age\".");
	}
}

/* Do all cohorts have the columns that go with the flags, now known? */
static void
matrix_read(RecordReader *p)
{
	const Matrix *matrix = (const Matrix *) p->value;
	const int64 *with = p->items_with;
	bool		orders = matrix_has_orders(matrix);
	bool		money = matrix_has_money(matrix);
	bool		changes = matrix_has_changes(matrix->flags);

	if (with[KEY_ORDERS] != (orders ? matrix->ncohorts : 0))
		json_object_problem(&p->object, orders ?
							"A cohort lacks the key \"orders\"." :
							"A cohort has the key \"orders\".",
							"Cohorts have \"orders\" unless \"levels\" or \"recurring\" is true.");
	if (with[KEY_REVENUE] + with[KEY_REVENUE_CHANGE] != (money ? matrix->ncohorts : 0))
		json_object_problem(&p->object, money ?
							"A cohort lacks the key \"revenue\"." :
							"A cohort has the key \"revenue\".",
							"Cohorts have \"revenue\" when \"money\" is true, and only then.");
	for (int key = KEY_KEPT_CHANGE; key <= KEY_BASE_CHANGE; key++)
		if (with[key] != (changes && money ? matrix->ncohorts : 0))
			json_object_problem(&p->object,
								psprintf("A cohort %s the key \"%s\".",
										 changes && money ? "lacks" : "has",
										 cohort_fields[key].name),
								"Cohorts have \"kept_change\" and \"base_change\" when \"revenue_change\" is there.");
	if ((changes ? with[KEY_ACTIVE] + with[KEY_REVENUE] :
		 with[KEY_ACTIVE_CHANGE] + with[KEY_REVENUE_CHANGE]) > 0)
		json_object_problem(&p->object, changes ?
							"A cohort has a key that goes with events, not with levels." :
							"A cohort has a key that goes with levels, not with events.",
							"Cohorts have \"active_change\" and \"revenue_change\" when \"levels\" is true and \"recurring\" is not, else \"active\" and \"revenue\".");
}

/* Error 22008 for a period that PostgreSQL has no date for. */
static void
check_date(const Matrix *head, int32 period)
{
	(void) calendar_date(calendar_first_day(head->grain, period));
}

static void
check_dates(const void *value)
{
	const Matrix *matrix = value;

	Assert(matrix->ncohorts > 0);
	check_date(matrix, matrix->cohorts[0].period);
}

static const RecordType matrix_type = {
	.name = "cohort_matrix", .what = "matrix",
	.version = 2, .flags = MATRIX_FLAGS,
	.flags_at = offsetof(Matrix, flags), .size = sizeof(Matrix),
	.head = {
		lengthof(matrix_fields), matrix_fields, lengthof(matrix_fields) - 1,
		offsetof(Matrix, ncohorts), offsetof(Matrix, cohorts),
		sizeof(MatrixCohort), 3, "The number of cohorts exceeds the value."
	},
	.item = {
		COHORT_KEYS, cohort_fields, KEY_AGE,
		offsetof(MatrixCohort, ncells), offsetof(MatrixCohort, cells),
		sizeof(MatrixCell), 4, "The number of cells exceeds the value."
	},
	.problem = matrix_problem, .encodable = check_dates,
	.item_read = cohort_read, .text_read = matrix_read,
	.whole_hint = "The text of a cohort_matrix is what its output writes; make one with the aggregate cohort_matrix(customer, at, grain).",
	.count_hint = "Counts are whole numbers from 0 to 9223372036854775807, ages to 2147483647.",
	.large_hint = "Use a coarser grain, or one matrix for each part of the time."
};

RECORD_FUNCTIONS(cohort_matrix, &matrix_type);

Calendar *
matrix_calendar(const Matrix *matrix)
{
	return record_calendar(&matrix_type, matrix);
}

/* Decode a detoasted value, with either kind of header. */
Matrix *
matrix_from_varlena(const struct varlena *value)
{
	return record_decode(&matrix_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}

void
matrix_writer_begin(RecordWriter *w, const Matrix *head, int32 first_period)
{
	check_date(head, first_period);
	record_writer_begin(w, &matrix_type, head, head->ncohorts);
}

void
matrix_reader_begin(MatrixReader *r, const struct varlena *value)
{
	const char *problem;

	memset(r, 0, sizeof(*r));
	record_input_begin(&r->input, &matrix_type, VARDATA_ANY(value),
					   VARSIZE_ANY_EXHDR(value), &r->head);
	r->head.ncohorts = r->input.left;
	r->calendar = matrix_calendar(&r->head);
	problem = head_problem(&r->head, r->calendar);
	if (problem != NULL)
		wire_corrupt(&r->input.stream, problem);
}

bool
matrix_reader_next(MatrixReader *r, MatrixCohort *cohort)
{
	const char *problem;

	if (!record_input_item(&r->input, cohort))
		return false;
	problem = next_problem(&r->head, r->calendar, r->next, r->before, cohort,
						   &r->totals);
	if (problem != NULL)
		wire_corrupt(&r->input.stream, problem);
	r->next++;
	r->before = cohort->period;
	return true;
}
