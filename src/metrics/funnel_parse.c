/*
 * funnel_parse.c
 *		Reading the text of a funnel.
 *
 * The text is a JSON object, see funnel_io.c, read event by event as
 * json_parts.h says.
 */
#include "metrics/funnel.h"

#include "base/json_parts.h"
#include "miscadmin.h"

typedef enum FunnelKey
{
	KEY_WITHIN, KEY_MODE, KEY_ZONE, KEY_STEPS, FUNNEL_KEYS
} FunnelKey;

static const char *const funnel_keys[] = {
	"within", "mode", "zone", "steps"
};

typedef enum StepKey
{
	KEY_CUSTOMERS, KEY_SECONDS, KEY_COUNT, STEP_KEYS
} StepKey;

static const char *const step_keys[] = {
	"customers", "seconds", "count"
};

/* Where in the text we are. */
typedef enum FunnelPlace
{
	AT_TOP, IN_FUNNEL, IN_STEPS, IN_STEP, IN_COLUMN
} FunnelPlace;

typedef struct FunnelParse
{
	Funnel	   *funnel;
	FunnelPlace place;
	int			key;			/* of the innermost object */
	uint32		seen;			/* bit for each FunnelKey */
	uint32		step_seen;		/* bit for each StepKey */
	int64		customers;		/* of this step */
	JsonColumn	columns[STEP_KEYS];
	int32		size;			/* steps allocated */
	JsonProblem problem;
} FunnelParse;

#define HINT_WHOLE \
	"The text of a funnel is what its output writes; make one with the aggregate funnel(customer, at, step, within)."
#define HINT_COUNT \
	"Counts are whole numbers from 0 to 9223372036854775807."

static void
problem(FunnelParse *p, const char *detail, const char *hint)
{
	json_problem(&p->problem, detail, hint);
}

/* ----------------------------------------------------------------
 *		Scalars
 * ----------------------------------------------------------------
 */

/* An element of the column of the key at hand. */
static void
take_element(FunnelParse *p, const char *token, JsonTokenType type)
{
	int64		count = 0;

	if (p->key == KEY_SECONDS)
	{
		JsonColumn *column = &p->columns[KEY_SECONDS];

		json_take_amount(&p->problem, "seconds", token, type, column);
		if (column->values[column->n - 1] > PG_INT64_MAX ||
			column->values[column->n - 1] < 0)
			problem(p, "\"seconds\" has an element that is out of range.",
					HINT_WHOLE);
		return;
	}
	if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token, &count))
		problem(p, "\"count\" has an element that is not a count.", HINT_COUNT);
	json_column_add(&p->columns[KEY_COUNT], count);
}

/* A scalar of the funnel itself. */
static void
take_funnel_scalar(FunnelParse *p, const char *token, JsonTokenType type)
{
	Funnel	   *funnel = p->funnel;
	const char *name = funnel_keys[p->key];

	if (p->key == KEY_STEPS)
		problem(p, "The value of \"steps\" is not an array.", HINT_WHOLE);
	else if (type != JSON_TOKEN_STRING)
		problem(p, psprintf("The value of \"%s\" is not a string.", name),
				HINT_WHOLE);
	else if (p->key == KEY_ZONE)
		funnel->zone = json_take_zone(&p->problem, token);
	else if (p->key == KEY_WITHIN &&
			 !funnel_within_parse(token, &funnel->rules.within))
		problem(p, "The value of \"within\" is not a window in its shortest form.",
				"Windows are in ISO 8601, such as \"P30D\" or \"PT36H\".");
	else if (p->key == KEY_MODE &&
			 !funnel_mode_parse(token, &funnel->rules.mode))
		problem(p, "The value of \"mode\" is not a mode as it is written.",
				"The words are \"strict order\", \"strictly increasing\", \"deduplicated\", \"one row one step\", in this order.");
}

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	FunnelParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	switch (p->place)
	{
		case IN_COLUMN:
			take_element(p, token, type);
			pfree(token);
			break;
		case IN_FUNNEL:
			take_funnel_scalar(p, token, type);
			break;
		case IN_STEP:
			if (p->key != KEY_CUSTOMERS)
				problem(p, psprintf("The value of \"%s\" is not an array.",
									step_keys[p->key]), HINT_WHOLE);
			else if (type != JSON_TOKEN_NUMBER ||
					 !count_from_cstring(token, &p->customers))
				problem(p, "The value of \"customers\" is not a count.",
						HINT_COUNT);
			break;
		case AT_TOP:
			problem(p, "The text is not a JSON object.", HINT_WHOLE);
			break;
		case IN_STEPS:
			problem(p, "An element of \"steps\" is not an object.", HINT_WHOLE);
			break;
	}
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		Steps
 * ----------------------------------------------------------------
 */

/* The first step has no times, the others do. */
static bool
step_is_whole(FunnelParse *p)
{
	int			number = p->funnel->nsteps + 1;
	int			last = number == 1 ? KEY_CUSTOMERS : KEY_COUNT;

	for (int key = 0; key < STEP_KEYS; key++)
		if (((p->step_seen & (1 << key)) != 0) != (key <= last))
		{
			problem(p, psprintf("Step %d %s the key \"%s\".", number,
								key <= last ? "lacks" : "has", step_keys[key]),
					"The first step has \"customers\", the others \"seconds\" and \"count\", too.");
			return false;
		}
	if (p->columns[KEY_SECONDS].n == p->columns[KEY_COUNT].n)
		return true;
	problem(p, psprintf("Step %d: \"seconds\" has %lld elements, \"count\" has %lld.",
						number, (long long) p->columns[KEY_SECONDS].n,
						(long long) p->columns[KEY_COUNT].n),
			"\"count\" has one element for each time listed in \"seconds\".");
	return false;
}

/* End of a step: its columns become times. */
static void
take_step(FunnelParse *p)
{
	Funnel	   *funnel = p->funnel;
	int64		n = p->columns[KEY_SECONDS].n;
	FunnelStep *step;

	if (!step_is_whole(p))
		return;
	if (funnel->nsteps == FUNNEL_MAX_STEP)
	{
		problem(p, "It has too many steps.", HINT_WHOLE);
		return;
	}
	if (funnel->nsteps == p->size)
	{
		p->size = Max(p->size * 2, 16);
		funnel->steps = funnel->steps == NULL ?
			palloc(p->size * sizeof(FunnelStep)) :
			repalloc(funnel->steps, p->size * sizeof(FunnelStep));
	}
	step = &funnel->steps[funnel->nsteps++];
	step->customers = p->customers;
	step->ntimes = n;
	step->times = palloc_extended(Max(n, 1) * sizeof(FunnelTime),
								  MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
	{
		step->times[i].time = (int64) p->columns[KEY_SECONDS].values[i];
		step->times[i].customers = (int64) p->columns[KEY_COUNT].values[i];
	}
}

/* ----------------------------------------------------------------
 *		Structure
 * ----------------------------------------------------------------
 */

static JsonActionResult
on_object_start(void *state)
{
	FunnelParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == AT_TOP)
		p->place = IN_FUNNEL;
	else if (p->place == IN_STEPS)
	{
		p->place = IN_STEP;
		p->step_seen = 0;
		for (int key = 0; key < STEP_KEYS; key++)
			p->columns[key].n = 0;
	}
	else
		problem(p, "There is an object where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_end(void *state)
{
	FunnelParse *p = state;

	if (p->problem.detail == NULL && p->place == IN_STEP)
	{
		take_step(p);
		p->place = IN_STEPS;
	}
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	FunnelParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == IN_FUNNEL && p->key == KEY_STEPS)
		p->place = IN_STEPS;
	else if (p->place == IN_STEP && p->key != KEY_CUSTOMERS)
		p->place = IN_COLUMN;
	else
		problem(p, "There is an array where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	FunnelParse *p = state;

	if (p->problem.detail == NULL)
		p->place = p->place == IN_COLUMN ? IN_STEP : IN_FUNNEL;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	FunnelParse *p = state;
	bool		inner = p->place == IN_STEP;

	if (p->problem.detail == NULL)
		p->key = json_key(&p->problem, name, inner ? step_keys : funnel_keys,
						  inner ? STEP_KEYS : FUNNEL_KEYS,
						  inner ? &p->step_seen : &p->seen, HINT_WHOLE);
	JSON_ACTION_RETURN;
}

/*
 * Reads the text of a funnel.  Keys may come in any order, everything else is
 * as the output writes it.
 */
Funnel *
funnel_parse(const char *text, Node *escape)
{
	JsonSemAction actions = {0};
	FunnelParse p = {0};

	p.funnel = palloc0(sizeof(Funnel));
	actions.semstate = &p;
	actions.object_start = on_object_start;
	actions.object_end = on_object_end;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &p.problem, HINT_WHOLE);
	for (int key = 0; p.problem.detail == NULL && key < FUNNEL_KEYS; key++)
		if ((p.seen & (1 << key)) == 0)
			problem(&p, psprintf("The key \"%s\" is missing.", funnel_keys[key]),
					HINT_WHOLE);
	if (p.problem.detail == NULL)
	{
		const char *detail = funnel_problem(p.funnel);

		if (detail == NULL)
			return p.funnel;
		problem(&p, detail, HINT_WHOLE);
	}
	json_report(escape, "funnel", &p.problem);
	return NULL;
}
