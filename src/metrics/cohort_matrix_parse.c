/*
 * cohort_matrix_parse.c
 *		Reading the text of a cohort matrix.
 *
 * The text is a JSON object, see cohort_matrix_io.c, read event by event as
 * json_parts.h says.
 */
#include "metrics/cohort_matrix_text.h"

#include "base/json_parts.h"
#include "metrics/metric_head.h"
#include "miscadmin.h"

typedef enum MatrixKey
{
	KEY_GRAIN, KEY_ZONE, KEY_LAST, KEY_MONEY, KEY_STARTED, KEY_RECURRING,
	KEY_LEVELS, KEY_COHORTS, MATRIX_KEYS
} MatrixKey;

static const char *const matrix_keys[] = {
	"grain", "zone", "last", "money", "started", "recurring", "levels",
	"cohorts"
};

typedef enum CohortKey
{
	KEY_COHORT, KEY_SIZE, KEY_AGE, KEY_ACTIVE, KEY_LAST_ACTIVE,
	KEY_STREAK_END, KEY_ORDERS, KEY_REVENUE, COHORT_KEYS
} CohortKey;

static const char *const cohort_keys[] = {
	"cohort", "size", "age", "active", "last_active", "streak_end", "orders",
	"revenue"
};

/* What two of them are called where cells hold changes. */
static const char *const change_keys[COHORT_KEYS] = {
	[KEY_ACTIVE] = "active_change", [KEY_REVENUE] = "revenue_change"
};

/* Where in the text we are. */
typedef enum MatrixPlace
{
	AT_TOP, IN_MATRIX, IN_COHORTS, IN_COHORT, IN_COLUMN
} MatrixPlace;

typedef struct MatrixParse
{
	Matrix	   *matrix;
	MatrixPlace place;
	int			key;			/* of the innermost object */
	uint32		matrix_seen;	/* bit for each MatrixKey */
	uint32		cohort_seen;	/* bit for each CohortKey */
	char	   *grain;
	DateADT		last;
	int64		size;			/* of this cohort */
	DateADT		date;			/* of this cohort */
	int32		cohorts_size;	/* allocated */
	int32		with_orders;	/* cohorts that have the key */
	int32		with_revenue;
	bool		plain_keys;		/* of which sort are the keys that have two */
	bool		change_keys;
	JsonColumn	columns[COHORT_KEYS];	/* their memory serves all cohorts */
	JsonProblem problem;
} MatrixParse;

#define HINT_WHOLE \
	"The text of a cohort_matrix is what its output writes; make one with the aggregate cohort_matrix(customer, at, grain)."

static void
problem(MatrixParse *p, const char *detail, const char *hint)
{
	json_problem(&p->problem, detail, hint);
}

/* ----------------------------------------------------------------
 *		Scalars
 * ----------------------------------------------------------------
 */

/* A number into the column of the key at hand. */
static void
take_number(MatrixParse *p, const char *token, JsonTokenType type)
{
	const char *name = cohort_keys[p->key];
	JsonColumn *column = &p->columns[p->key];
	int64		count = 0;
	bool		negative;

	if (p->key == KEY_REVENUE)
	{
		json_take_amount(&p->problem, name, token, type, column);
		return;
	}
	negative = p->key == KEY_ACTIVE && p->change_keys && *token == '-' &&
		token[1] > '0';
	if (type != JSON_TOKEN_NUMBER ||
		!count_from_cstring(token + negative, &count) ||
		(p->key == KEY_AGE && count > PG_INT32_MAX))
		problem(p, psprintf("\"%s\" has an element that is not a count.", name),
				"Counts are whole numbers from 0 to 9223372036854775807, ages to 2147483647.");
	json_column_add(column, negative ? -count : count);
}

/* A scalar of the matrix itself. */
static void
take_matrix_scalar(MatrixParse *p, char *token, JsonTokenType type)
{
	static const uint8 flags[MATRIX_KEYS] = {
		[KEY_MONEY] = MATRIX_MONEY, [KEY_STARTED] = MATRIX_STARTED,
		[KEY_RECURRING] = MATRIX_RECURRING, [KEY_LEVELS] = MATRIX_LEVELS
	};
	const char *name = matrix_keys[p->key];

	switch (p->key)
	{
		case KEY_LAST:
			json_take_date(&p->problem, name, token, type, &p->last);
			break;
		case KEY_GRAIN:
		case KEY_ZONE:
			if (type != JSON_TOKEN_STRING)
				problem(p, psprintf("The value of \"%s\" is not a string.", name),
						HINT_WHOLE);
			else if (p->key == KEY_GRAIN)
				p->grain = token;
			else
				p->matrix->zone = json_take_zone(&p->problem, token);
			break;
		case KEY_COHORTS:
			problem(p, "The value of \"cohorts\" is not an array.", HINT_WHOLE);
			break;
		default:
			json_take_flag(&p->problem, name, type, flags[p->key],
						   &p->matrix->flags, HINT_WHOLE);
			break;
	}
}

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	MatrixParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	switch (p->place)
	{
		case IN_COLUMN:
			take_number(p, token, type);
			pfree(token);
			break;
		case IN_MATRIX:
			take_matrix_scalar(p, token, type);
			break;
		case IN_COHORT:
			if (p->key == KEY_COHORT)
				json_take_date(&p->problem, "cohort", token, type, &p->date);
			else if (p->key != KEY_SIZE)
				problem(p, psprintf("The value of \"%s\" is not an array.",
									cohort_keys[p->key]), HINT_WHOLE);
			else if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token, &p->size))
				problem(p, "The value of \"size\" is not a count.",
						"Counts are whole numbers from 0 to 9223372036854775807.");
			break;
		case AT_TOP:
			problem(p, "The text is not a JSON object.", HINT_WHOLE);
			break;
		case IN_COHORTS:
			problem(p, "An element of \"cohorts\" is not an object.", HINT_WHOLE);
			break;
	}
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		Cohorts
 * ----------------------------------------------------------------
 */

static int64
column_value(const MatrixParse *p, CohortKey key, int64 i)
{
	return p->columns[key].n > 0 ? (int64) p->columns[key].values[i] : 0;
}

/* All keys there, all arrays of one length? */
static bool
cohort_is_whole(MatrixParse *p)
{
	for (int key = 0; key < COHORT_KEYS; key++)
	{
		bool		seen = (p->cohort_seen & (1 << key)) != 0;

		if (!seen && key < KEY_ORDERS)
		{
			problem(p, psprintf("A cohort lacks the key \"%s\".",
								cohort_keys[key]), HINT_WHOLE);
			return false;
		}
		if (seen && key > KEY_AGE && p->columns[key].n != p->columns[KEY_AGE].n)
		{
			problem(p, psprintf("Cohort %s: \"%s\" has %lld elements, \"age\" has %lld.",
								date_text(p->date), cohort_keys[key],
								(long long) p->columns[key].n,
								(long long) p->columns[KEY_AGE].n),
					"All arrays of a cohort have one element for each age listed in \"age\".");
			return false;
		}
	}
	return true;
}

/* End of a cohort: its columns become cells. */
static void
take_cohort(MatrixParse *p)
{
	Matrix	   *matrix = p->matrix;
	int64		n = p->columns[KEY_AGE].n;
	MatrixCohort *cohort;

	if (!cohort_is_whole(p))
		return;
	if (matrix->ncohorts == p->cohorts_size)
	{
		p->cohorts_size = Max(p->cohorts_size * 2, 64);
		matrix->cohorts = matrix->cohorts == NULL ?
			palloc(p->cohorts_size * sizeof(MatrixCohort)) :
			repalloc_huge(matrix->cohorts, p->cohorts_size * sizeof(MatrixCohort));
	}
	cohort = &matrix->cohorts[matrix->ncohorts++];
	cohort->period = p->date;	/* a day until the grain is known */
	cohort->size = p->size;
	cohort->ncells = (int32) n;
	cohort->cells = palloc_extended(Max(n, 1) * sizeof(MatrixCell),
									MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
	{
		MatrixCell *cell = &cohort->cells[i];

		cell->age = (int32) column_value(p, KEY_AGE, i);
		cell->active = column_value(p, KEY_ACTIVE, i);
		cell->last_active = column_value(p, KEY_LAST_ACTIVE, i);
		cell->streak_end = column_value(p, KEY_STREAK_END, i);
		cell->orders = column_value(p, KEY_ORDERS, i);
		cell->revenue = p->columns[KEY_REVENUE].n > 0 ?
			p->columns[KEY_REVENUE].values[i] : 0;
	}
	p->with_orders += (p->cohort_seen & (1 << KEY_ORDERS)) != 0;
	p->with_revenue += (p->cohort_seen & (1 << KEY_REVENUE)) != 0;
}

/* ----------------------------------------------------------------
 *		Structure
 * ----------------------------------------------------------------
 */

static JsonActionResult
on_object_start(void *state)
{
	MatrixParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == AT_TOP)
		p->place = IN_MATRIX;
	else if (p->place == IN_COHORTS)
	{
		p->place = IN_COHORT;
		p->cohort_seen = 0;
		for (int key = 0; key < COHORT_KEYS; key++)
			p->columns[key].n = 0;
	}
	else
		problem(p, "There is an object where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_end(void *state)
{
	MatrixParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == IN_COHORT)
	{
		take_cohort(p);
		p->place = IN_COHORTS;
	}
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	MatrixParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == IN_MATRIX && p->key == KEY_COHORTS)
		p->place = IN_COHORTS;
	else if (p->place == IN_COHORT && p->key >= KEY_AGE)
		p->place = IN_COLUMN;
	else
		problem(p, "There is an array where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	MatrixParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	p->place = p->place == IN_COLUMN ? IN_COHORT : IN_MATRIX;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	MatrixParse *p = state;
	bool		inner = p->place == IN_COHORT;
	const char *const *keys = inner ? cohort_keys : matrix_keys;
	int			nkeys = inner ? COHORT_KEYS : MATRIX_KEYS;
	uint32	   *seen = inner ? &p->cohort_seen : &p->matrix_seen;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	for (int key = 0; inner && key < COHORT_KEYS; key++)
	{
		if (change_keys[key] == NULL)
			continue;
		if (strcmp(name, change_keys[key]) == 0)
		{
			p->change_keys = true;
			name = unconstify(char *, keys[key]);
		}
		else if (strcmp(name, keys[key]) == 0)
			p->plain_keys = true;
	}
	p->key = json_key(&p->problem, name, keys, nkeys, seen, HINT_WHOLE);
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		The whole
 * ----------------------------------------------------------------
 */

/* What can be said only when all has been read. */
static void
finish_matrix(MatrixParse *p)
{
	Matrix	   *matrix = p->matrix;
	Calendar   *cal = matrix_calendar(matrix);

	matrix->last = metric_json_period(&p->problem, cal, p->last);
	for (int i = 0; p->problem.detail == NULL && i < matrix->ncohorts; i++)
		matrix->cohorts[i].period = metric_json_period(&p->problem, cal,
													   matrix->cohorts[i].period);
	if (p->with_orders != (matrix_has_orders(matrix) ? matrix->ncohorts : 0))
		problem(p, matrix_has_orders(matrix) ? "A cohort lacks the key \"orders\"." :
				"A cohort has the key \"orders\".",
				"Cohorts have \"orders\" unless \"levels\" or \"recurring\" is true.");
	if (p->with_revenue != (matrix_has_money(matrix) ? matrix->ncohorts : 0))
		problem(p, matrix_has_money(matrix) ? "A cohort lacks the key \"revenue\"." :
				"A cohort has the key \"revenue\".",
				"Cohorts have \"revenue\" when \"money\" is true, and only then.");
	if (matrix_has_changes(matrix->flags) ? p->plain_keys : p->change_keys)
		problem(p, matrix_has_changes(matrix->flags) ?
				"A cohort has a key that goes with events, not with levels." :
				"A cohort has a key that goes with levels, not with events.",
				"Cohorts have \"active_change\" and \"revenue_change\" when \"levels\" is true and \"recurring\" is not, else \"active\" and \"revenue\".");
	if (p->problem.detail == NULL)
		problem(p, matrix_problem(matrix), HINT_WHOLE);
}

/* Run the parser over the text; problems are left in p. */
static void
parse_text(MatrixParse *p, const char *text)
{
	JsonSemAction actions = {0};

	actions.semstate = p;
	actions.object_start = on_object_start;
	actions.object_end = on_object_end;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &p->problem, HINT_WHOLE);
	for (int key = 0; p->problem.detail == NULL && key < MATRIX_KEYS; key++)
		if ((p->matrix_seen & (1 << key)) == 0)
			problem(p, psprintf("The key \"%s\" is missing.", matrix_keys[key]),
					HINT_WHOLE);
}

/*
 * Reads the text of a matrix.  Keys may come in any order, everything else is
 * as the output writes it.
 */
Matrix *
matrix_parse(const char *text, Node *escape)
{
	MatrixParse p = {0};

	p.matrix = palloc0(sizeof(Matrix));
	parse_text(&p, text);
	if (p.problem.detail == NULL)
	{
		p.matrix->grain = grain_parse(p.grain, escape);
		if (p.matrix->grain == NULL)
			return NULL;		/* a soft error was recorded */
		finish_matrix(&p);
	}
	json_report(escape, "cohort_matrix", &p.problem);
	return p.problem.detail == NULL ? p.matrix : NULL;
}
