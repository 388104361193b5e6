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
#include "base/json_object.h"

typedef enum FittedKey
{
	KEY_KIND, KEY_UNIT, KEY_PARAMETERS, KEY_LOG_LIKELIHOOD, KEY_CUSTOMERS,
	KEY_DISTINCT_ROWS, KEY_EVALUATIONS, KEY_STATUS, KEY_IDENTIFIED,
	KEY_COVARIANCE, KEY_CORRELATION, FITTED_KEYS
} FittedKey;

static const JsonKey fitted_keys[FITTED_KEYS] = {
	{"kind"}, {"unit"}, {"parameters", JSON_MEMBERS}, {"log_likelihood"},
	{"customers"}, {"distinct_rows"}, {"evaluations"}, {"status"},
	{"identified"}, {"covariance", JSON_ROWS}, {"correlation"}
};

/* Keys that a fit has all of, or a model of parameters alone none. */
#define FIT_KEYS \
	(1 << KEY_LOG_LIKELIHOOD | 1 << KEY_CUSTOMERS | 1 << KEY_DISTINCT_ROWS | \
	 1 << KEY_EVALUATIONS | 1 << KEY_STATUS | 1 << KEY_IDENTIFIED)

typedef struct FittedParse
{
	JsonObject	object;
	const FittedType *type;
	Fitted	   *fitted;
	int			nparameters;
	char	   *names[OPTIMIZER_MAX_PARAMETERS];
	float8		values[OPTIMIZER_MAX_PARAMETERS];
	int			row;			/* of the covariance */
	int			column;
	int			columns;		/* of all rows */
	char	   *kind;
} FittedParse;

static void
problem(FittedParse *p, const char *detail)
{
	json_object_refuse(&p->object, detail);
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

/* A word under the key at hand. */
static void
take_word(FittedParse *p, char *token, JsonTokenType type)
{
	TimeUnit	unit;

	if (type != JSON_TOKEN_STRING)
		problem(p, psprintf("The value of \"%s\" is not a string.",
							fitted_keys[p->object.key].name));
	else if (p->object.key == KEY_KIND)
		p->kind = token;
	else if (p->object.key == KEY_STATUS)
		take_status(p, token);
	else
	{
		unit = unit_parse(token, strlen(token));
		if (unit == UNIT_NONE)
			json_object_problem(&p->object,
								psprintf("The unit \"%s\" is unknown.", clip(token)),
								"Units are \"day\", \"week\" and \"month\".");
		p->fitted->unit = unit;
	}
}

static void
take_scalar(JsonObject *object, char *token, JsonTokenType type)
{
	FittedParse *p = (FittedParse *) object;
	Fitted	   *fitted = p->fitted;
	const char *name = fitted_keys[object->key].name;

	switch (object->key)
	{
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
			json_take_flag(&object->problem, name, type, FITTED_IDENTIFIED,
						   &fitted->flags, object->hint);
			break;
		default:
			take_word(p, token, type);
			break;
	}
}

/* A parameter, or an element of a row of the covariance. */
static void
take_element(JsonObject *object, const char *token, JsonTokenType type)
{
	FittedParse *p = (FittedParse *) object;

	if (object->key == KEY_COVARIANCE)
	{
		if (p->column == OPTIMIZER_MAX_PARAMETERS)
			problem(p, "A row of \"covariance\" is too long.");
		else
			p->fitted->covariance[p->row][p->column++] =
				take_double(p, "covariance", token, type);
	}
	else if (p->nparameters == OPTIMIZER_MAX_PARAMETERS)
		problem(p, "There are too many parameters.");
	else
	{
		p->names[p->nparameters] = object->member;
		p->values[p->nparameters++] = take_double(p, clip(object->member), token,
											  type);
	}
}

static void
begin_row(JsonObject *object)
{
	FittedParse *p = (FittedParse *) object;

	if (p->row == OPTIMIZER_MAX_PARAMETERS)
		problem(p, "There is an array where none belongs.");
	p->column = 0;
}

static void
end_row(JsonObject *object)
{
	FittedParse *p = (FittedParse *) object;

	if (p->row > 0 && p->column != p->columns)
		problem(p, "The rows of \"covariance\" are not of one length.");
	p->columns = p->column;
	p->row++;
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
	uint32		seen = p->object.levels[0].seen;
	const char *wrong;
	int			kind;

	for (int key = KEY_KIND; key <= KEY_PARAMETERS; key++)
		if (key != KEY_UNIT && (seen & (1 << key)) == 0)
			problem(p, psprintf("The key \"%s\" is missing.",
								fitted_keys[key].name));
	if (p->object.problem.detail != NULL)
		return;
	kind = fitted_kind(p->type, p->kind, strlen(p->kind));
	if (kind < 0)
	{
		json_object_problem(&p->object,
							psprintf("The kind \"%s\" is unknown.", clip(p->kind)),
							psprintf("It is %s.", fitted_kind_list(p->type)));
		return;
	}
	fitted->kind = kind;
	finish_parameters(p);
	for (int key = 0; (seen & FIT_KEYS) != 0 && key < FITTED_KEYS; key++)
		if ((FIT_KEYS & (1 << key)) != 0 && (seen & (1 << key)) == 0)
			problem(p, psprintf("The key \"%s\" is missing beside others of a fit.",
								fitted_keys[key].name));
	if (seen & FIT_KEYS)
		fitted->flags |= FITTED_HAS_FIT;
	if (seen & (1 << KEY_COVARIANCE))
	{
		fitted->flags |= FITTED_HAS_COVARIANCE;
		if (p->row != p->type->kinds[kind].n || p->columns != p->row)
			problem(p, psprintf("\"covariance\" has not %d rows and columns.",
								p->type->kinds[kind].n));
	}
	if (p->object.problem.detail == NULL &&
		(wrong = fitted_problem(p->type, fitted)) != NULL)
		problem(p, wrong);
}

bool
fitted_parse(const FittedType *type, const char *text, Node *escape,
			 Fitted *fitted)
{
	FittedParse p = {
		.object = {
			.levels = {{.keys = fitted_keys, .nkeys = FITTED_KEYS}},
			.hint = type->whole_hint,
			.take_scalar = take_scalar, .take_element = take_element,
			.begin_item = begin_row, .end_item = end_row
		},
		.type = type, .fitted = fitted
	};

	memset(fitted, 0, sizeof(Fitted));
	json_object_read(&p.object, text);
	if (p.object.problem.detail == NULL)
		finish(&p);
	json_report(escape, type->name, &p.object.problem);
	return p.object.problem.detail == NULL;
}
