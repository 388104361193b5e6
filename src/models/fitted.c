/*
 * fitted.c
 *		Fitted models as values: stored form, text, casts and readers.
 *
 * Text form, one canonical JSON object (here broken into lines); doubles are
 * written with as many digits as they need:
 *
 *	{"kind": "bg/nbd", "unit": "week",
 *	 "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
 *	 "log_likelihood": -9582.4, "customers": 2357, "distinct_rows": 1016,
 *	 "evaluations": 37, "status": "converged", "identified": true,
 *	 "covariance": [[...], ...], "correlation": 0.11}
 *
 * What a model has not got is left out: the unit, what a fit reports (then
 * all of it), covariance, correlation.
 */
#include "models/fitted.h"

#include <math.h>

#include "base/clip.h"
#include "base/constant.h"
#include "base/json_parts.h"
#include "base/reader.h"
#include "base/wire.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#define FITTED_VERSION 1
#define FITTED_FLAGS \
	(FITTED_HAS_FIT | FITTED_HAS_COVARIANCE | FITTED_HAS_CORRELATION | \
	 FITTED_IDENTIFIED)

const char *const fitted_status_names[FITTED_STATUSES] = {
	[OPTIMIZER_CONVERGED] = "converged",
	[OPTIMIZER_STALLED] = "stalled",
	[OPTIMIZER_EXHAUSTED] = "too many evaluations",
	[OPTIMIZER_BOUNDARY] = "boundary"
};

/* ----------------------------------------------------------------
 *		Names
 * ----------------------------------------------------------------
 */

/* Does a text of some length say this word, in any case? */
static bool
is_word(const char *word, const char *text, int len)
{
	return strlen(word) == len && pg_strncasecmp(word, text, len) == 0;
}

int
fitted_kind(const FittedType *type, const char *name, int len)
{
	for (int i = 0; i < type->nkinds; i++)
		if (is_word(type->kinds[i].name, name, len))
			return i;
	return -1;
}

uint8
fitted_kind_argument(const FittedType *type, FunctionCallInfo fcinfo, int n)
{
	const text *word;
	int			kind;

	if (PG_ARGISNULL(n))
		constant_refuse_null(CONSTANT_KIND,
							 psprintf("It is %s.", fitted_kind_list(type)));
	word = PG_GETARG_TEXT_PP(n);
	kind = fitted_kind(type, VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word));
	if (kind < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind of %s \"%s\"", type->words,
						clip_bytes(VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word))),
				 errhint("It is %s.", fitted_kind_list(type))));
	return (uint8) kind;
}

char *
fitted_kind_list(const FittedType *type)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < type->nkinds; i++)
		appendStringInfo(&list, "%s'%s'", i == 0 ? "" :
						 i == type->nkinds - 1 ? " or " : ", ",
						 type->kinds[i].name);
	return list.data;
}

/* ----------------------------------------------------------------
 *		What makes a model valid
 * ----------------------------------------------------------------
 */

static const char *
covariance_problem(const Fitted *fitted, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (!(fitted->covariance[i][i] > 0))
			return "A variance is not positive.";
		for (int j = 0; j < n; j++)
		{
			if (!isfinite(fitted->covariance[i][j]))
				return "A covariance is not finite.";
			if (fitted->covariance[i][j] != fitted->covariance[j][i])
				return "The covariance is not symmetric.";
			if (fabs(fitted->covariance[i][j]) > (1 + 1e-9) *
				sqrt(fitted->covariance[i][i]) * sqrt(fitted->covariance[j][j]))
				return "A covariance exceeds the variances.";
		}
	}
	return NULL;
}

const char *
fitted_problem(const FittedType *type, const Fitted *fitted)
{
	const FittedKind *kind = &type->kinds[fitted->kind];

	for (int i = 0; i < kind->n; i++)
		if (!(fitted->p[i] >= FITTED_MIN && fitted->p[i] <= FITTED_MAX))
			return psprintf("Parameter \"%s\" is not between %g and %g.",
							kind->parameters[i], FITTED_MIN, FITTED_MAX);
	if (fitted->unit != UNIT_NONE && !type->has_unit)
		return "It has a unit of time.";
	if ((fitted->flags & FITTED_HAS_CORRELATION) && !type->has_correlation)
		return "It has a correlation.";
	if (!(fitted->correlation >= -1 && fitted->correlation <= 1))
		return "The correlation is not between -1 and 1.";
	if (fitted->flags & FITTED_HAS_FIT)
	{
		if (!isfinite(fitted->log_likelihood))
			return "The log-likelihood is not finite.";
		if (fitted->distinct_rows < 1 || fitted->customers < fitted->distinct_rows)
			return "There are fewer customers than distinct rows, or none.";
		if (fitted->evaluations < 0)
			return "The number of evaluations is negative.";
	}
	if ((fitted->flags & FITTED_IDENTIFIED) &&
		!((fitted->flags & FITTED_HAS_FIT) &&
		  (fitted->flags & FITTED_HAS_COVARIANCE) &&
		  fitted->status == OPTIMIZER_CONVERGED))
		return "It is identified without having converged, or without covariance.";
	if (fitted->flags & FITTED_HAS_COVARIANCE)
		return covariance_problem(fitted, kind->n);
	return NULL;
}

/*
 * Take over what an optimizer found.  A covariance that rounding has left
 * impossible, near a flat ridge, is none: the value has to be readable.
 */
void
fitted_from_optimizer(const OptimizerResult *result, Fitted *fitted)
{
	fitted->flags |= FITTED_HAS_FIT;
	fitted->status = result->status;
	fitted->log_likelihood = result->value;
	fitted->evaluations = result->evaluations;
	memcpy(fitted->p, result->p, sizeof(fitted->p));
	for (int i = 0; i < result->n; i++)
		for (int j = 0; j <= i; j++)
			fitted->covariance[i][j] = fitted->covariance[j][i] =
				result->covariance[i][j];
	if (!result->has_covariance || covariance_problem(fitted, result->n) != NULL)
		return;
	fitted->flags |= FITTED_HAS_COVARIANCE;
	if (result->identified)
		fitted->flags |= FITTED_IDENTIFIED;
}

/* ----------------------------------------------------------------
 *		Binary
 * ----------------------------------------------------------------
 */

struct varlena *
fitted_encode(const FittedType *type, const Fitted *fitted)
{
	int			n = type->kinds[fitted->kind].n;
	const uint8 head[4] = {FITTED_VERSION, fitted->kind, fitted->unit, fitted->flags};
	const uint8 status = (uint8) fitted->status;
	WireWriter	w;

	Assert(fitted_problem(type, fitted) == NULL);
	wire_writer_init(&w, 256, type->name, NULL);
	wire_put_bytes(&w, head, sizeof(head));
	for (int i = 0; i < n; i++)
		wire_put_double(&w, fitted->p[i]);
	if (fitted->flags & FITTED_HAS_FIT)
	{
		wire_put_bytes(&w, &status, 1);
		wire_put_double(&w, fitted->log_likelihood);
		wire_put(&w, fitted->customers);
		wire_put(&w, fitted->distinct_rows);
		wire_put(&w, fitted->evaluations);
	}
	if (fitted->flags & FITTED_HAS_COVARIANCE)
		for (int i = 0; i < n; i++)
			for (int j = 0; j <= i; j++)
				wire_put_double(&w, fitted->covariance[i][j]);
	if (fitted->flags & FITTED_HAS_CORRELATION)
		wire_put_double(&w, fitted->correlation);
	return (struct varlena *) wire_finish(&w);
}

static int64
get_count(WireReader *r)
{
	return (int64) wire_get_max(r, PG_INT64_MAX, "A count is too large.");
}

void
fitted_decode(const FittedType *type, const void *payload, Size len,
			  Fitted *fitted)
{
	const uint8 *head;
	const char *problem;
	WireReader	r;
	int			n;

	memset(fitted, 0, sizeof(Fitted));
	wire_reader_init(&r, payload, len, type->name);
	head = wire_get_bytes(&r, 4);
	if (head[0] != FITTED_VERSION)
		wire_corrupt(&r, "The version is unknown.");
	if (head[1] >= type->nkinds || head[2] >= UNITS ||
		(head[3] & ~FITTED_FLAGS) != 0)
		wire_corrupt(&r, "It has an unknown kind, unit or flag.");
	fitted->kind = head[1];
	fitted->unit = head[2];
	fitted->flags = head[3];
	n = type->kinds[fitted->kind].n;
	for (int i = 0; i < n; i++)
		fitted->p[i] = wire_get_double(&r);
	if (fitted->flags & FITTED_HAS_FIT)
	{
		uint8		status = *wire_get_bytes(&r, 1);

		if (status >= FITTED_STATUSES)
			wire_corrupt(&r, "The status is unknown.");
		fitted->status = (OptimizerStatus) status;
		fitted->log_likelihood = wire_get_double(&r);
		fitted->customers = get_count(&r);
		fitted->distinct_rows = get_count(&r);
		fitted->evaluations = get_count(&r);
	}
	if (fitted->flags & FITTED_HAS_COVARIANCE)
		for (int i = 0; i < n; i++)
			for (int j = 0; j <= i; j++)
				fitted->covariance[i][j] = fitted->covariance[j][i] =
					wire_get_double(&r);
	if (fitted->flags & FITTED_HAS_CORRELATION)
		fitted->correlation = wire_get_double(&r);
	wire_get_end(&r);
	problem = fitted_problem(type, fitted);
	if (problem != NULL)
		wire_corrupt(&r, problem);
}

void
fitted_argument(const FittedType *type, FunctionCallInfo fcinfo, int n,
				Fitted *fitted)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(n);

	fitted_decode(type, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), fitted);
	PG_FREE_IF_COPY(value, n);
}

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

static void
append_covariance(StringInfo out, const Fitted *fitted, int n)
{
	appendStringInfoString(out, ", \"covariance\": [");
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(out, i > 0 ? ", [" : "[");
		for (int j = 0; j < n; j++)
		{
			if (j > 0)
				appendStringInfoChar(out, ',');
			json_put_double(out, fitted->covariance[i][j]);
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, ']');
}

static char *
fitted_to_cstring(const FittedType *type, const Fitted *fitted)
{
	const FittedKind *kind = &type->kinds[fitted->kind];
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"kind\": \"%s\"", kind->name);
	if (fitted->unit != UNIT_NONE)
		appendStringInfo(&out, ", \"unit\": \"%s\"",
						 unit_names[fitted->unit]);
	appendStringInfoString(&out, ", \"parameters\": {");
	for (int i = 0; i < kind->n; i++)
	{
		appendStringInfo(&out, "%s\"%s\": ", i > 0 ? ", " : "",
						 kind->parameters[i]);
		json_put_double(&out, fitted->p[i]);
	}
	appendStringInfoChar(&out, '}');
	if (fitted->flags & FITTED_HAS_FIT)
	{
		appendStringInfoString(&out, ", \"log_likelihood\": ");
		json_put_double(&out, fitted->log_likelihood);
		appendStringInfo(&out, ", \"customers\": " INT64_FORMAT
						 ", \"distinct_rows\": " INT64_FORMAT
						 ", \"evaluations\": " INT64_FORMAT
						 ", \"status\": \"%s\", \"identified\": %s",
						 fitted->customers, fitted->distinct_rows,
						 fitted->evaluations, fitted_status_names[fitted->status],
						 fitted->flags & FITTED_IDENTIFIED ? "true" : "false");
	}
	if (fitted->flags & FITTED_HAS_COVARIANCE)
		append_covariance(&out, fitted, kind->n);
	if (fitted->flags & FITTED_HAS_CORRELATION)
	{
		appendStringInfoString(&out, ", \"correlation\": ");
		json_put_double(&out, fitted->correlation);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* ----------------------------------------------------------------
 *		What the SQL functions are made of
 * ----------------------------------------------------------------
 */

struct varlena *
fitted_value_parse(const void *type, const char *text, Node *escape)
{
	Fitted		fitted;

	return fitted_parse(type, text, escape, &fitted) ?
		fitted_encode(type, &fitted) : NULL;
}

char *
fitted_value_text(const void *type, const void *payload, Size len)
{
	Fitted		fitted;

	fitted_decode(type, payload, len, &fitted);
	return fitted_to_cstring(type, &fitted);
}

void
fitted_value_check(const void *type, const void *payload, Size len)
{
	Fitted		fitted;

	fitted_decode(type, payload, len, &fitted);
}

enum
{
	PARAMETER_NAME, PARAMETER_ESTIMATE, PARAMETER_ERROR
};

static const ReaderColumn parameter_columns[] = {
	[PARAMETER_NAME] = {"name", TEXTOID},
	[PARAMETER_ESTIMATE] = {"estimate", FLOAT8OID},
	[PARAMETER_ERROR] = {"standard_error", FLOAT8OID},
};

typedef struct ParametersState
{
	const FittedType *type;
	Fitted		fitted;
} ParametersState;

static void *
parameters_begin(FunctionCallInfo fcinfo, const void *type)
{
	ParametersState *state = palloc(sizeof(ParametersState));

	state->type = type;
	fitted_argument(type, fcinfo, 0, &state->fitted);
	return state;
}

static bool
parameters_next(void *arg, ReaderRow *row)
{
	const ParametersState *state = arg;
	const Fitted *fitted = &state->fitted;
	const FittedKind *kind = &state->type->kinds[fitted->kind];
	int64		i = row->number;

	if (i >= kind->n)
		return false;
	row_text(row, PARAMETER_NAME, kind->parameters[i]);
	row_float8(row, PARAMETER_ESTIMATE, fitted->p[i]);
	if (fitted->flags & FITTED_HAS_COVARIANCE)
		row_float8(row, PARAMETER_ERROR, sqrt(fitted->covariance[i][i]));
	return true;
}

/* Rows name, estimate, standard_error. */
Datum
fitted_parameters(const FittedType *type, FunctionCallInfo fcinfo)
{
	static const Reader reader = READER_SET(parameter_columns, 1,
											parameters_begin, parameters_next);

	return reader_rows(&reader, fcinfo, type);
}

enum
{
	FIT_LOG_LIKELIHOOD, FIT_CUSTOMERS, FIT_DISTINCT_ROWS, FIT_EVALUATIONS,
	FIT_STATUS, FIT_IDENTIFIED, FIT_AIC, FIT_BIC, FIT_CORRELATION
};

/* The last is there where the type has it. */
static const ReaderColumn fit_columns[] = {
	[FIT_LOG_LIKELIHOOD] = {"log_likelihood", FLOAT8OID},
	[FIT_CUSTOMERS] = {"customers", INT8OID},
	[FIT_DISTINCT_ROWS] = {"distinct_rows", INT8OID},
	[FIT_EVALUATIONS] = {"evaluations", INT8OID},
	[FIT_STATUS] = {"status", TEXTOID},
	[FIT_IDENTIFIED] = {"identified", BOOLOID},
	[FIT_AIC] = {"aic", FLOAT8OID},
	[FIT_BIC] = {"bic", FLOAT8OID},
	[FIT_CORRELATION] = {"correlation", FLOAT8OID},
};

/* One row; NULL where there was no fit. */
Datum
fitted_fit(const FittedType *type, FunctionCallInfo fcinfo)
{
	const Reader reader = {fit_columns,
	FIT_CORRELATION + (type->has_correlation ? 1 : 0)};
	Fitted		fitted;
	ReaderRow	row;
	float8		n;				/* parameters */

	fitted_argument(type, fcinfo, 0, &fitted);
	n = type->kinds[fitted.kind].n;
	reader_row_begin(&row, &reader);
	if (fitted.flags & FITTED_HAS_FIT)
	{
		row_float8(&row, FIT_LOG_LIKELIHOOD, fitted.log_likelihood);
		row_int64(&row, FIT_CUSTOMERS, fitted.customers);
		row_int64(&row, FIT_DISTINCT_ROWS, fitted.distinct_rows);
		row_int64(&row, FIT_EVALUATIONS, fitted.evaluations);
		row_text(&row, FIT_STATUS, fitted_status_names[fitted.status]);
		row_bool(&row, FIT_IDENTIFIED,
				 (fitted.flags & FITTED_IDENTIFIED) != 0);
		row_float8(&row, FIT_AIC, 2 * n - 2 * fitted.log_likelihood);
		row_float8(&row, FIT_BIC, n * log((float8) fitted.customers) -
				   2 * fitted.log_likelihood);
	}
	if (fitted.flags & FITTED_HAS_CORRELATION)
		row_float8(&row, FIT_CORRELATION, fitted.correlation);
	return reader_row_datum(&row, fcinfo);
}
