/*
 * hazard_readers.c
 *		What a hazard_model says: ratios, the fit, the test of proportional
 *		hazards, and of a customer the risk and the survival.
 */
#include "models/hazard.h"

#include <math.h>

#include "base/clip.h"
#include "base/gamma.h"
#include "base/reader.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"

PG_FUNCTION_INFO_V1(retention_hazard_ratios);
PG_FUNCTION_INFO_V1(retention_hazard_model_fit);
PG_FUNCTION_INFO_V1(retention_proportional_hazards_test);
PG_FUNCTION_INFO_V1(retention_relative_risk);
PG_FUNCTION_INFO_V1(retention_hazard_survival);

/* A chi-square statistic's probability of so much or more by chance. */
static float8
chi_square_p(float8 chi_square, int64 df)
{
	return chi_square_tail(chi_square, (int) df);
}

/* ----------------------------------------------------------------
 *		hazard_ratios
 * ----------------------------------------------------------------
 */

enum
{
	RATIO_COVARIATE, RATIO_LEVEL, RATIO_COEFFICIENT, RATIO_ERROR, RATIO_RATIO,
	RATIO_LOW, RATIO_HIGH, RATIO_Z, RATIO_P
};

static const ReaderColumn ratio_columns[] = {
	[RATIO_COVARIATE] = {"covariate", TEXTOID},
	[RATIO_LEVEL] = {"level", TEXTOID},
	[RATIO_COEFFICIENT] = {"coefficient", FLOAT8OID},
	[RATIO_ERROR] = {"std_error", FLOAT8OID},
	[RATIO_RATIO] = {"ratio", FLOAT8OID},
	[RATIO_LOW] = {"low", FLOAT8OID},
	[RATIO_HIGH] = {"high", FLOAT8OID},
	[RATIO_Z] = {"z", FLOAT8OID},
	[RATIO_P] = {"p_value", FLOAT8OID}
};

typedef struct RatiosReader
{
	const Hazard *hazard;
	float8		z;
} RatiosReader;

static void *
ratios_begin(FunctionCallInfo fcinfo, const void *arg)
{
	RatiosReader *state = palloc(sizeof(RatiosReader));

	state->z = rate_confidence(PG_GETARG_FLOAT8(1));
	state->hazard = PG_GETARG_HAZARD(0);
	return state;
}

/* A number that a double holds, else NULL. */
static void
row_finite(ReaderRow *row, int column, float8 value)
{
	if (isfinite(value))
		row_float8(row, column, value);
}

static bool
ratios_next(void *arg, ReaderRow *row)
{
	RatiosReader *state = arg;
	const HazardTerm *term;
	float8		b;
	float8		error;

	if (row->number == state->hazard->nterms)
		return false;
	term = &state->hazard->terms[row->number];
	row_text(row, RATIO_COVARIATE, term->covariate);
	if (covariate_kind(term->kind) == COVARIATE_TEXT)
		row_text(row, RATIO_LEVEL, term->level);
	if (*term->problem != '\0')
		return true;
	b = term->coefficient;
	error = term->std_error;
	row_float8(row, RATIO_COEFFICIENT, b);
	row_float8(row, RATIO_ERROR, error);
	row_finite(row, RATIO_RATIO, exp(b));
	row_finite(row, RATIO_LOW, exp(b - state->z * error));
	row_finite(row, RATIO_HIGH, exp(b + state->z * error));
	if (error > 0)
	{
		row_finite(row, RATIO_Z, b / error);
		row_float8(row, RATIO_P, erfc(fabs(b / error) / M_SQRT2));
	}
	return true;
}

/* hazard_ratios(model, confidence) */
Datum
retention_hazard_ratios(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(ratio_columns, 2, ratios_begin,
											ratios_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		model_fit
 * ----------------------------------------------------------------
 */

enum
{
	FIT_STATUS, FIT_PROBLEMS, FIT_ROWS, FIT_LEFT_OUT, FIT_EVENTS, FIT_ITERATIONS,
	FIT_NULL, FIT_LOG_LIKELIHOOD, FIT_DF, FIT_RATIO, FIT_RATIO_P, FIT_WALD,
	FIT_WALD_P, FIT_SCORE, FIT_SCORE_P, FIT_CONCORDANCE, FIT_CONCORDANCE_ERROR
};

static const ReaderColumn fit_columns[] = {
	[FIT_STATUS] = {"status", TEXTOID},
	[FIT_PROBLEMS] = {"problems", TEXTOID},
	[FIT_ROWS] = {"rows", INT8OID},
	[FIT_LEFT_OUT] = {"left_out", INT8OID},
	[FIT_EVENTS] = {"events", INT8OID},
	[FIT_ITERATIONS] = {"iterations", INT4OID},
	[FIT_NULL] = {"log_likelihood_null", FLOAT8OID},
	[FIT_LOG_LIKELIHOOD] = {"log_likelihood", FLOAT8OID},
	[FIT_DF] = {"degrees_of_freedom", INT4OID},
	[FIT_RATIO] = {"likelihood_ratio", FLOAT8OID},
	[FIT_RATIO_P] = {"likelihood_ratio_p", FLOAT8OID},
	[FIT_WALD] = {"wald", FLOAT8OID},
	[FIT_WALD_P] = {"wald_p", FLOAT8OID},
	[FIT_SCORE] = {"score", FLOAT8OID},
	[FIT_SCORE_P] = {"score_p", FLOAT8OID},
	[FIT_CONCORDANCE] = {"concordance", FLOAT8OID},
	[FIT_CONCORDANCE_ERROR] = {"concordance_error", FLOAT8OID}
};

/* "separated: plan = free, collinear: age"; NULL when nothing is. */
static const char *
list_problems(const Hazard *hazard)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int64 i = 0; i < hazard->nterms; i++)
	{
		const HazardTerm *term = &hazard->terms[i];

		if (*term->problem == '\0')
			continue;
		appendStringInfo(&out, "%s%s: %s", out.len > 0 ? ", " : "",
						 term->problem, term->covariate);
		if (covariate_kind(term->kind) == COVARIATE_TEXT)
			appendStringInfo(&out, " = %s", term->level);
	}
	return out.len == 0 ? NULL : out.data;
}

/* A term that the likelihood is a function of. */
static bool
has_effect(const HazardTerm *term)
{
	return strcmp(term->problem, HAZARD_CONSTANT) != 0 &&
		strcmp(term->problem, HAZARD_COLLINEAR) != 0;
}

static bool
is_separated(const Hazard *hazard)
{
	for (int64 i = 0; i < hazard->nterms; i++)
		if (strcmp(hazard->terms[i].problem, HAZARD_SEPARATED) == 0)
			return true;
	return false;
}

/* model_fit(hazard_model) */
Datum
retention_hazard_model_fit(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(fit_columns);
	const Hazard *hazard = PG_GETARG_HAZARD(0);
	const char *problems = list_problems(hazard);
	float8		ratio = Max(2 * (hazard->log_likelihood - hazard->log_likelihood_null), 0);
	int64		df = 0;
	ReaderRow	row;

	for (int64 i = 0; i < hazard->nterms; i++)
		df += has_effect(&hazard->terms[i]);
	reader_row_begin(&row, &reader);
	row_text(&row, FIT_STATUS, hazard->status);
	if (problems != NULL)
		row_text(&row, FIT_PROBLEMS, problems);
	row_int64(&row, FIT_ROWS, hazard->rows);
	row_int64(&row, FIT_LEFT_OUT, hazard->left_out);
	row_int64(&row, FIT_EVENTS, hazard->events);
	row_int32(&row, FIT_ITERATIONS, Min(hazard->iterations, PG_INT32_MAX));
	row_float8(&row, FIT_NULL, hazard->log_likelihood_null);
	row_float8(&row, FIT_LOG_LIKELIHOOD, hazard->log_likelihood);
	row_int32(&row, FIT_DF, df);
	row_float8(&row, FIT_CONCORDANCE, hazard->concordance);
	row_float8(&row, FIT_CONCORDANCE_ERROR, hazard->concordance_error);
	if (df > 0)
	{
		row_finite(&row, FIT_RATIO, ratio);
		row_float8(&row, FIT_RATIO_P, chi_square_p(ratio, df));
		row_float8(&row, FIT_SCORE, hazard->score_test);
		row_float8(&row, FIT_SCORE_P, chi_square_p(hazard->score_test, df));
	}
	/* with a coefficient that has no end there is no Wald's test */
	if (df > 0 && !is_separated(hazard))
	{
		row_float8(&row, FIT_WALD, hazard->wald_test);
		row_float8(&row, FIT_WALD_P, chi_square_p(hazard->wald_test, df));
	}
	return reader_row_datum(&row, fcinfo);
}

/* ----------------------------------------------------------------
 *		proportional_hazards_test
 * ----------------------------------------------------------------
 */

enum
{
	TEST_COVARIATE, TEST_CHI_SQUARE, TEST_DF, TEST_P
};

static const ReaderColumn test_columns[] = {
	[TEST_COVARIATE] = {"covariate", TEXTOID},
	[TEST_CHI_SQUARE] = {"chi_square", FLOAT8OID},
	[TEST_DF] = {"degrees_of_freedom", INT4OID},
	[TEST_P] = {"p_value", FLOAT8OID}
};

typedef struct TestsReader
{
	const Hazard *hazard;
	int			transform;
	int64		next;			/* term */
	int64		df;				/* of those before */
	bool		done;
} TestsReader;

static void *
tests_begin(FunctionCallInfo fcinfo, const void *arg)
{
	TestsReader *state = palloc0(sizeof(TestsReader));
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

	while (state->transform < HAZARD_TRANSFORMS &&
		   strcmp(hazard_transforms[state->transform], name) != 0)
		state->transform++;
	if (state->transform == HAZARD_TRANSFORMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("transform \"%s\" is unknown", clip(name)),
				 errhint("Transforms of time are \"km\", \"rank\", \"identity\" and \"log\".")));
	state->hazard = PG_GETARG_HAZARD(0);
	return state;
}

static void
put_test(ReaderRow *row, float8 chi_square, int64 df)
{
	row_int32(row, TEST_DF, df);
	if (df == 0 || chi_square < 0)
		return;
	row_float8(row, TEST_CHI_SQUARE, chi_square);
	row_float8(row, TEST_P, chi_square_p(chi_square, df));
}

static bool
tests_next(void *arg, ReaderRow *row)
{
	TestsReader *state = arg;
	const Hazard *hazard = state->hazard;
	const HazardTerm *term = &hazard->terms[state->next];
	int64		df = 0;

	if (state->done)
		return false;
	if (state->next == hazard->nterms)
	{
		state->done = true;
		put_test(row, hazard->proportional[state->transform], state->df);
		return true;
	}
	for (; state->next < hazard->nterms &&
		 strcmp(hazard->terms[state->next].covariate, term->covariate) == 0; state->next++)
		df += has_effect(&hazard->terms[state->next]);
	state->df += df;
	row_text(row, TEST_COVARIATE, term->covariate);
	put_test(row, term->proportional[state->transform], df);
	return true;
}

/* proportional_hazards_test(model, transform) */
Datum
retention_proportional_hazards_test(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(test_columns, 2, tests_begin,
											tests_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		A customer
 * ----------------------------------------------------------------
 */

static void
refuse_key(const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("covariate \"%s\" is not as the model has it", clip(name)),
			 errdetail_internal("%s", detail),
			 errhint("Pass the objects that the model was fitted to: the same keys, with values of the same kind.")));
}

/* The value of a key; false when the object lacks it. */
static bool
find_key(Jsonb *object, const char *name, Covariate *c)
{
	JsonbIterator *it = covariates_begin(object);
	int			len = (int) strlen(name);

	while (covariates_next(&it, c))
		if (c->name_len == len && memcmp(c->name, name, len) == 0)
			return true;
	return false;
}

/* The same where it must be there, of a kind. */
static void
need_key(Jsonb *object, const char *name, int kind, Covariate *c)
{
	if (!find_key(object, name, c))
		refuse_key(name, "The object lacks it.");
	if (kind >= 0 && c->kind != COVARIATE_NULL && c->kind != (CovariateKind) kind)
		refuse_key(name, psprintf("It is %s, in the model %s.",
								  covariate_noun(c->kind), covariate_noun(kind)));
}

static inline bool
is_text(const Covariate *c, const char *text)
{
	return (int) strlen(text) == c->text_len && memcmp(text, c->text, c->text_len) == 0;
}

/* b'x of a customer; false where it is not known. */
static bool
find_risk(const Hazard *hazard, Jsonb *object, float8 *risk)
{
	*risk = 0;
	for (int64 i = 0; i < hazard->nterms;)
	{
		const HazardTerm *first = &hazard->terms[i];
		int			kind = covariate_kind(first->kind);
		Covariate	c;
		bool		known;

		need_key(object, first->covariate, kind, &c);
		if (c.kind == COVARIATE_NULL)
			return false;
		known = kind != COVARIATE_TEXT || is_text(&c, first->reference);
		for (; i < hazard->nterms &&
			 strcmp(hazard->terms[i].covariate, first->covariate) == 0; i++)
		{
			const HazardTerm *term = &hazard->terms[i];
			float8		x = kind == COVARIATE_NUMBER ? c.number - term->origin :
				kind == COVARIATE_BOOLEAN ? c.flag : is_text(&c, term->level);

			known |= kind == COVARIATE_TEXT && x != 0;
			if (x != 0 && strcmp(term->problem, HAZARD_SEPARATED) == 0)
				return false;
			if (has_effect(term))
				*risk += x * term->coefficient;
		}
		if (!known)
			return false;
	}
	return isfinite(*risk);
}

/* relative_risk(model, covariates) */
Datum
retention_relative_risk(PG_FUNCTION_ARGS)
{
	const Hazard *hazard = PG_GETARG_HAZARD(0);
	float8		risk;

	if (!find_risk(hazard, PG_GETARG_JSONB_P(1), &risk) || !isfinite(exp(risk)))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(exp(risk));
}

/* The stratum of a customer, NULL when it is not known. */
static const HazardStratum *
find_stratum(const Hazard *hazard, Jsonb *object)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];
	const char *name = number;
	Covariate	c;

	if (*hazard->strata == '\0')
		return &hazard->stratum[0];
	need_key(object, hazard->strata, -1, &c);
	switch (c.kind)
	{
		case COVARIATE_NULL:
			return NULL;
		case COVARIATE_NUMBER:
			double_to_shortest_decimal_buf(c.number, number);
			break;
		case COVARIATE_BOOLEAN:
			name = c.flag ? "true" : "false";
			break;
		case COVARIATE_TEXT:
			name = pnstrdup(c.text, c.text_len);
			break;
	}
	for (int64 s = 0; s < hazard->nstrata; s++)
		if (strcmp(hazard->stratum[s].name, name) == 0)
			return &hazard->stratum[s];
	return NULL;
}

/* survival(model, covariates, time) */
Datum
retention_hazard_survival(PG_FUNCTION_ARGS)
{
	const Hazard *hazard = PG_GETARG_HAZARD(0);
	Jsonb	   *object = PG_GETARG_JSONB_P(1);
	float8		time = PG_GETARG_FLOAT8(2);
	const HazardStratum *stratum;
	float8		risk;
	int64		low = 0;
	int64		high;

	if (isnan(time) || time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("time must be 0 or above"),
				 errdetail("It is %g.", time),
				 errhint("Pass a time since the start, in the unit of the durations.")));
	stratum = find_stratum(hazard, object);
	if (!find_risk(hazard, object, &risk) || stratum == NULL || time > stratum->last)
		PG_RETURN_NULL();
	high = stratum->ntimes;
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (stratum->times[middle].at <= time)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || stratum->times[low - 1].hazard == 0)
		PG_RETURN_FLOAT8(1);
	PG_RETURN_FLOAT8(exp(-stratum->times[low - 1].hazard * exp(risk)));
}
