/*
 * fitted_parse.c
 *		Reading the text of a fitted model, see fitted.c.
 *
 * Keys may come in any order.  Numbers are read as doubles directly, so that
 * the text of a value gives its bytes back.
 */
#include "models/fitted.h"

#include <math.h>

#include "base/clip.h"
#include "base/json_parts.h"
#include "lib/stringinfo.h"

typedef enum FittedKey
{
	KEY_KIND, KEY_UNIT, KEY_PARAMETERS, KEY_LOG_LIKELIHOOD, KEY_CUSTOMERS,
	KEY_DISTINCT_ROWS, KEY_EVALUATIONS, KEY_STATUS, KEY_IDENTIFIED,
	KEY_COVARIANCE, KEY_CORRELATION, FITTED_KEYS
} FittedKey;

static const char *const fitted_keys[] = {
	"kind", "unit", "parameters", "log_likelihood", "customers",
	"distinct_rows", "evaluations", "status", "identified", "covariance",
	"correlation"
};

/* Keys that a fit has all of, or a model of parameters alone none. */
#define FIT_KEYS \
	(1 << KEY_LOG_LIKELIHOOD | 1 << KEY_CUSTOMERS | 1 << KEY_DISTINCT_ROWS | \
	 1 << KEY_EVALUATIONS | 1 << KEY_STATUS | 1 << KEY_IDENTIFIED)

/* Where in the text we are. */
typedef enum FittedPlace
{
	AT_TOP, IN_MODEL, IN_PARAMETERS, IN_ROWS, IN_ROW
} FittedPlace;

typedef struct FittedParse
{
	const FittedType *type;
	Fitted	   *fitted;
	FittedPlace place;
	int			key;			/* of the model */
	uint32		seen;			/* bit for each FittedKey */
	int			nparameters;
	char	   *names[OPTIMIZER_MAX_PARAMETERS];
	float8		values[OPTIMIZER_MAX_PARAMETERS];
	int			row;			/* of the covariance */
	int			column;
	int			columns;		/* of all rows */
	char	   *kind;
	JsonProblem problem;
} FittedParse;

/* What a whole text looks like. */
static const char *
hint_whole(const FittedParse *p)
{
	const FittedKind *kind = &p->type->kinds[0];
	StringInfoData hint;

	initStringInfo(&hint);
	appendStringInfo(&hint, "At least it reads {\"kind\": \"%s\", \"parameters\": {",
					 kind->name);
	for (int i = 0; i < kind->n; i++)
		appendStringInfo(&hint, "%s\"%s\": 1", i > 0 ? ", " : "",
						 kind->parameters[i]);
	appendStringInfoString(&hint, "}}; an aggregate fits one to data.");
	return hint.data;
}

static void
problem(FittedParse *p, const char *detail)
{
	if (p->problem.detail == NULL)
		json_problem(&p->problem, detail, hint_whole(p));
}

/* ----------------------------------------------------------------
 *		Scalars
 * ----------------------------------------------------------------
 */

/* A number under a key: finite, no smaller than doubles are. */
static float8
take_double(FittedParse *p, const char *name, const char *token,
			JsonTokenType type)
{
	float8		value = 0;

	if (type != JSON_TOKEN_NUMBER)
		problem(p, psprintf("The value of \"%s\" is not a number.", name));
	else
	{
		value = strtod(token, NULL);
		if (!isfinite(value))
			problem(p, psprintf("The value of \"%s\" is out of range.", name));
	}
	return value + 0.0;
}

static int64
take_count(FittedParse *p, const char *name, const char *token,
		   JsonTokenType type)
{
	int64		count = 0;

	if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token, &count))
		problem(p, psprintf("The value of \"%s\" is not a count.", name));
	return count;
}

static void
take_status(FittedParse *p, const char *token)
{
	for (int i = 0; i < FITTED_STATUSES; i++)
		if (strcmp(fitted_status_names[i], token) == 0)
		{
			p->fitted->status = (OptimizerStatus) i;
			return;
		}
	problem(p, psprintf("The status \"%s\" is unknown.", clip(token)));
}

/* A word under a key of the model. */
static void
take_word(FittedParse *p, char *token, JsonTokenType type)
{
	int			unit;

	if (type != JSON_TOKEN_STRING)
		problem(p, psprintf("The value of \"%s\" is not a string.",
							fitted_keys[p->key]));
	else if (p->key == KEY_KIND)
		p->kind = token;
	else if (p->key == KEY_STATUS)
		take_status(p, token);
	else
	{
		unit = fitted_unit(token, strlen(token));
		if (unit < 0)
			json_problem(&p->problem,
						 psprintf("The unit \"%s\" is unknown.", clip(token)),
						 "Units are \"day\", \"week\" and \"month\".");
		p->fitted->unit = Max(unit, 0);
	}
}

/* A scalar of the model itself. */
static void
take_model_scalar(FittedParse *p, char *token, JsonTokenType type)
{
	Fitted	   *fitted = p->fitted;
	const char *name = fitted_keys[p->key];

	switch (p->key)
	{
		case KEY_KIND:
		case KEY_UNIT:
		case KEY_STATUS:
			take_word(p, token, type);
			break;
		case KEY_LOG_LIKELIHOOD:
			fitted->log_likelihood = take_double(p, name, token, type);
			break;
		case KEY_CORRELATION:
			fitted->correlation = take_double(p, name, token, type);
			fitted->flags |= FITTED_HAS_CORRELATION;
			break;
		case KEY_CUSTOMERS:
			fitted->customers = take_count(p, name, token, type);
			break;
		case KEY_DISTINCT_ROWS:
			fitted->distinct_rows = take_count(p, name, token, type);
			break;
		case KEY_EVALUATIONS:
			fitted->evaluations = take_count(p, name, token, type);
			break;
		case KEY_IDENTIFIED:
			json_take_flag(&p->problem, name, type, FITTED_IDENTIFIED,
						   &fitted->flags, hint_whole(p));
			break;
		default:
			problem(p, psprintf("The value of \"%s\" is a scalar.", name));
			break;
	}
}

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	FittedParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	switch (p->place)
	{
		case AT_TOP:
			problem(p, "The text is not a JSON object.");
			break;
		case IN_MODEL:
			take_model_scalar(p, token, type);
			break;
		case IN_PARAMETERS:
			p->values[p->nparameters - 1] =
				take_double(p, p->names[p->nparameters - 1], token, type);
			break;
		case IN_ROWS:
			problem(p, "An element of \"covariance\" is not an array.");
			break;
		case IN_ROW:
			if (p->column >= OPTIMIZER_MAX_PARAMETERS)
				problem(p, "A row of \"covariance\" is too long.");
			else
				p->fitted->covariance[p->row][p->column++] =
					take_double(p, "covariance", token, type);
			break;
	}
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		Structure
 * ----------------------------------------------------------------
 */

static JsonActionResult
on_object_start(void *state)
{
	FittedParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == AT_TOP)
		p->place = IN_MODEL;
	else if (p->place == IN_MODEL && p->key == KEY_PARAMETERS)
		p->place = IN_PARAMETERS;
	else
		problem(p, "There is an object where none belongs.");
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_end(void *state)
{
	FittedParse *p = state;

	if (p->problem.detail == NULL && p->place == IN_PARAMETERS)
		p->place = IN_MODEL;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	FittedParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == IN_MODEL && p->key == KEY_COVARIANCE)
		p->place = IN_ROWS;
	else if (p->place == IN_ROWS && p->row < OPTIMIZER_MAX_PARAMETERS)
	{
		p->place = IN_ROW;
		p->column = 0;
	}
	else
		problem(p, "There is an array where none belongs.");
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	FittedParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place == IN_ROWS)
	{
		p->place = IN_MODEL;
		JSON_ACTION_RETURN;
	}
	if (p->row > 0 && p->column != p->columns)
		problem(p, "The rows of \"covariance\" are not of one length.");
	p->columns = p->column;
	p->row++;
	p->place = IN_ROWS;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	FittedParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (p->place != IN_PARAMETERS)
		p->key = json_key(&p->problem, name, fitted_keys, FITTED_KEYS,
						  &p->seen, hint_whole(p));
	else if (p->nparameters == OPTIMIZER_MAX_PARAMETERS)
		problem(p, "There are too many parameters.");
	else
		p->names[p->nparameters++] = pstrdup(name);
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		The whole
 * ----------------------------------------------------------------
 */

/* The parameters by the names of the kind, which is now known. */
static void
finish_parameters(FittedParse *p)
{
	const FittedKind *kind = &p->type->kinds[p->fitted->kind];

	for (int i = 0; i < kind->n; i++)
	{
		int			at = -1;

		for (int j = 0; j < p->nparameters; j++)
			if (strcmp(kind->parameters[i], p->names[j]) == 0)
				at = j;
		if (at < 0)
			problem(p, psprintf("The parameter \"%s\" of \"%s\" is missing.",
								kind->parameters[i], kind->name));
		else
			p->fitted->p[i] = p->values[at];
	}
	if (p->nparameters > kind->n)
		problem(p, psprintf("\"%s\" has %d parameters.", kind->name, kind->n));
}

/* What can be said only when all has been read. */
static void
finish(FittedParse *p)
{
	Fitted	   *fitted = p->fitted;
	const char *wrong;
	int			kind;

	for (int key = KEY_KIND; key <= KEY_PARAMETERS; key++)
		if (key != KEY_UNIT && (p->seen & (1 << key)) == 0)
			problem(p, psprintf("The key \"%s\" is missing.", fitted_keys[key]));
	if (p->problem.detail != NULL)
		return;
	kind = fitted_kind(p->type, p->kind, strlen(p->kind));
	if (kind < 0)
	{
		json_problem(&p->problem, psprintf("The kind \"%s\" is unknown.", clip(p->kind)),
					 psprintf("It is %s.", fitted_kind_list(p->type)));
		return;
	}
	fitted->kind = kind;
	finish_parameters(p);
	for (int key = 0; (p->seen & FIT_KEYS) != 0 && key < FITTED_KEYS; key++)
		if ((FIT_KEYS & (1 << key)) != 0 && (p->seen & (1 << key)) == 0)
			problem(p, psprintf("The key \"%s\" is missing beside others of a fit.",
								fitted_keys[key]));
	if (p->seen & FIT_KEYS)
		fitted->flags |= FITTED_HAS_FIT;
	if (p->seen & (1 << KEY_COVARIANCE))
	{
		fitted->flags |= FITTED_HAS_COVARIANCE;
		if (p->row != p->type->kinds[kind].n || p->columns != p->row)
			problem(p, psprintf("\"covariance\" has not %d rows and columns.",
								p->type->kinds[kind].n));
	}
	if (p->problem.detail == NULL &&
		(wrong = fitted_problem(p->type, fitted)) != NULL)
		problem(p, wrong);
}

bool
fitted_parse(const FittedType *type, const char *text, Node *escape,
			 Fitted *fitted)
{
	FittedParse p = {.type = type, .fitted = fitted};
	JsonSemAction actions = {0};

	memset(fitted, 0, sizeof(Fitted));
	actions.semstate = &p;
	actions.object_start = on_object_start;
	actions.object_end = on_object_end;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &p.problem, hint_whole(&p));
	if (p.problem.detail == NULL)
		finish(&p);
	json_report(escape, type->name, &p.problem);
	return p.problem.detail == NULL;
}
