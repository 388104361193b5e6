/*
 * hazard.c
 *		The type hazard_model: the table of its text and bytes, and what makes
 *		a value valid.
 *
 * Text form, see record.h:
 *
 *	{"status": "converged", "rows": 228, "left_out": 0, "events": 165, ...
 *	 "covariate": ["age","sex"], "coefficient": [0.017,-0.51], ...
 *	 "strata": [{"stratum": "", "last": 1022, "time": [5,11], "hazard": [0.1,0.2]}]}
 */
#include "models/hazard.h"

#include <math.h>

#include "base/record.h"
#include "miscadmin.h"

const char *const hazard_transforms[HAZARD_TRANSFORMS] = {
	[HAZARD_KM] = "km", [HAZARD_RANK] = "rank",
	[HAZARD_IDENTITY] = "identity", [HAZARD_LOG] = "log"
};

/* Is one of the words that a term, or a fit, may have? */
static bool
is_problem(const char *word)
{
	return strcmp(word, HAZARD_SEPARATED) == 0 ||
		strcmp(word, HAZARD_COLLINEAR) == 0 ||
		strcmp(word, HAZARD_CONSTANT) == 0 ||
		strcmp(word, HAZARD_STOPPED) == 0;
}

static bool
are_tests(const float8 *tests)
{
	for (int i = 0; i < HAZARD_TRANSFORMS; i++)
		if (tests[i] < 0 && tests[i] != HAZARD_NO_TEST)
			return false;
	return true;
}

static uint8
whole_times(const Hazard *hazard)
{
	for (int64 s = 0; s < hazard->nstrata; s++)
		for (int64 i = 0; i < hazard->stratum[s].ntimes; i++)
		{
			float8		at = hazard->stratum[s].times[i].at;

			CHECK_FOR_INTERRUPTS();
			if (at > HAZARD_WHOLE_MAX || at != floor(at))
				return 0;
		}
	return HAZARD_WHOLE;
}

static const char *
term_problem(const Hazard *hazard, int64 i)
{
	const HazardTerm *term = &hazard->terms[i];
	int			kind = covariate_kind(term->kind);
	bool		text = kind == COVARIATE_TEXT;
	int			order = i == 0 ? -1 : strcmp(term[-1].covariate, term->covariate);

	if (kind < COVARIATE_NUMBER)
		return "A kind of covariate is unknown.";
	if (strlen(term->covariate) > COVARIATE_BYTES ||
		strlen(term->level) > COVARIATE_BYTES ||
		strlen(term->reference) > COVARIATE_BYTES)
		return "A name or a text is too long.";
	if (order > 0 || (order == 0 && !(text && strcmp(term[-1].level, term->level) < 0 &&
									  strcmp(term[-1].kind, term->kind) == 0 &&
									  strcmp(term[-1].reference, term->reference) == 0)))
		return "The terms are not in ascending order, or there is one twice.";
	if (!text && (*term->level != '\0' || *term->reference != '\0'))
		return "A covariate that is no text has levels.";
	if (kind != COVARIATE_NUMBER && term->origin != 0)
		return "A term that is no number has an origin.";
	if (term->std_error < 0 || !are_tests(term->proportional))
		return "A standard error or a test is negative.";
	if (*term->problem != '\0' && !is_problem(term->problem))
		return "What is wrong with a term is unknown.";
	return NULL;
}

static const char *
stratum_problem(const Hazard *hazard, int64 i)
{
	const HazardStratum *stratum = &hazard->stratum[i];

	if (strlen(stratum->name) > COVARIATE_BYTES)
		return "A name or a text is too long.";
	if (stratum->last < 0)
		return "A time is negative.";
	for (int64 t = 0; t < stratum->ntimes; t++)
	{
		const HazardTime *time = &stratum->times[t];

		CHECK_FOR_INTERRUPTS();
		if (time->at < 0 || time->at > stratum->last)
			return "A time is out of range.";
		if (t > 0 && (time->at <= time[-1].at || time->hazard < time[-1].hazard))
			return "Times and hazards do not ascend.";
		if (time->hazard < 0)
			return "A hazard is negative.";
	}
	return NULL;
}

/* What is wrong with the head of a model. */
static const char *
head_problem(const Hazard *hazard)
{
	if (strcmp(hazard->status, HAZARD_CONVERGED) != 0 &&
		!is_problem(hazard->status))
		return "The status is unknown.";
	if (hazard->rows < 1 || hazard->events > hazard->rows)
		return "The counts contradict one another.";
	if (hazard->score_test < 0 || hazard->wald_test < 0 ||
		hazard->concordance < 0 || hazard->concordance > 1 ||
		hazard->concordance_error < 0 || !are_tests(hazard->proportional))
		return "A test, or the concordance, is out of range.";
	if (strlen(hazard->entered) > COVARIATE_BYTES ||
		strlen(hazard->strata) > COVARIATE_BYTES ||
		strlen(hazard->weight) > COVARIATE_BYTES)
		return "A name or a text is too long.";
	if (hazard->nterms < 1 || hazard->nterms > HAZARD_TERMS)
		return "There are no terms, or too many.";
	if (hazard->nstrata < 1 || hazard->nstrata > HAZARD_MAX_STRATA ||
		(*hazard->strata == '\0' && hazard->nstrata > 1))
		return "There are no strata, or too many.";
	return NULL;
}

static const char *
hazard_problem(const void *value)
{
	const Hazard *hazard = value;
	const char *problem = head_problem(hazard);

	for (int64 i = 0; problem == NULL && i < hazard->nterms; i++)
		problem = term_problem(hazard, i);
	for (int64 i = 0; problem == NULL && i < hazard->nstrata; i++)
		problem = stratum_problem(hazard, i);
	if (problem == NULL && hazard->flags != whole_times(hazard))
		problem = "Whole times are not written as such.";
	return problem;
}

static const RecordField fields[] = {
	{"status", RECORD_TEXT, offsetof(Hazard, status)},
	{"rows", RECORD_COUNT, offsetof(Hazard, rows)},
	{"left_out", RECORD_COUNT, offsetof(Hazard, left_out)},
	{"events", RECORD_COUNT, offsetof(Hazard, events)},
	{"iterations", RECORD_COUNT, offsetof(Hazard, iterations)},
	{"entered_key", RECORD_TEXT, offsetof(Hazard, entered)},
	{"strata_key", RECORD_TEXT, offsetof(Hazard, strata)},
	{"weight_key", RECORD_TEXT, offsetof(Hazard, weight)},
	{"log_likelihood_null", RECORD_NUMBER, offsetof(Hazard, log_likelihood_null)},
	{"log_likelihood", RECORD_NUMBER, offsetof(Hazard, log_likelihood)},
	{"score_test", RECORD_NUMBER, offsetof(Hazard, score_test)},
	{"wald_test", RECORD_NUMBER, offsetof(Hazard, wald_test)},
	{"concordance", RECORD_NUMBER, offsetof(Hazard, concordance)},
	{"concordance_error", RECORD_NUMBER, offsetof(Hazard, concordance_error)},
	{"all_km", RECORD_NUMBER, offsetof(Hazard, proportional[HAZARD_KM])},
	{"all_rank", RECORD_NUMBER, offsetof(Hazard, proportional[HAZARD_RANK])},
	{"all_identity", RECORD_NUMBER, offsetof(Hazard, proportional[HAZARD_IDENTITY])},
	{"all_log", RECORD_NUMBER, offsetof(Hazard, proportional[HAZARD_LOG])},
	{"covariate", RECORD_TEXT, offsetof(HazardTerm, covariate)},
	{"kind", RECORD_TEXT, offsetof(HazardTerm, kind)},
	{"level", RECORD_TEXT, offsetof(HazardTerm, level)},
	{"reference", RECORD_TEXT, offsetof(HazardTerm, reference)},
	{"origin", RECORD_NUMBER, offsetof(HazardTerm, origin)},
	{"coefficient", RECORD_NUMBER, offsetof(HazardTerm, coefficient)},
	{"std_error", RECORD_NUMBER, offsetof(HazardTerm, std_error)},
	{"problem", RECORD_TEXT, offsetof(HazardTerm, problem)},
	{"km", RECORD_NUMBER, offsetof(HazardTerm, proportional[HAZARD_KM])},
	{"rank", RECORD_NUMBER, offsetof(HazardTerm, proportional[HAZARD_RANK])},
	{"identity", RECORD_NUMBER, offsetof(HazardTerm, proportional[HAZARD_IDENTITY])},
	{"log", RECORD_NUMBER, offsetof(HazardTerm, proportional[HAZARD_LOG])},
	{"strata", RECORD_ITEMS}
};

#define FIRST_COLUMN 18

enum
{
	KEY_NAME, KEY_LAST, KEY_TIME, KEY_HAZARD, STRATUM_KEYS
};

static const RecordField stratum_fields[STRATUM_KEYS] = {
	[KEY_NAME] = {"stratum", RECORD_TEXT, offsetof(HazardStratum, name)},
	[KEY_LAST] = {"last", RECORD_NUMBER, offsetof(HazardStratum, last)},
	[KEY_TIME] = {"time", RECORD_TIME, offsetof(HazardTime, at), .flag = HAZARD_WHOLE},
	[KEY_HAZARD] = {"hazard", RECORD_NUMBER, offsetof(HazardTime, hazard)}
};

/* A stratum was read: all of its keys, and as many hazards as times. */
static void
stratum_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];

	for (int key = 0; key < STRATUM_KEYS; key++)
		if ((level->seen & (1 << key)) == 0)
			json_object_problem(&p->object,
								psprintf("A stratum lacks the key \"%s\".",
										 stratum_fields[key].name),
								p->object.hint);
	if (level->n[KEY_TIME] != level->n[KEY_HAZARD])
		json_object_problem(&p->object,
							psprintf("A stratum has %lld times and %lld hazards.",
									 (long long) level->n[KEY_TIME],
									 (long long) level->n[KEY_HAZARD]),
							"\"hazard\" has one element for each time.");
}

/* The text does not say whether all times are whole. */
static void
text_read(RecordReader *p)
{
	Hazard	   *hazard = (Hazard *) p->value;

	hazard->flags = whole_times(hazard);
}

static const RecordType hazard_type = {
	.name = "hazard_model", .what = "model",
	.version = 1, .flags = HAZARD_WHOLE,
	.flags_at = offsetof(Hazard, flags), .size = sizeof(Hazard),
	.head = {
		lengthof(fields), fields, FIRST_COLUMN,
		offsetof(Hazard, nstrata), offsetof(Hazard, stratum),
		sizeof(HazardStratum), 10, "It has more strata than bytes for them."
	},
	.item = {
		STRATUM_KEYS, stratum_fields, KEY_TIME,
		offsetof(HazardStratum, ntimes), offsetof(HazardStratum, times),
		sizeof(HazardTime), 9, "A stratum has more times than bytes for them."
	},
	.own = {
		lengthof(fields) - 1, fields, FIRST_COLUMN,
		offsetof(Hazard, nterms), offsetof(Hazard, terms),
		sizeof(HazardTerm), 61, "It has more terms than bytes for them."
	},
	.problem = hazard_problem, .item_read = stratum_read, .text_read = text_read,
	.whole_hint = "The text of a hazard_model is what its output writes; make one with the aggregate hazard_model(duration, churned, covariates).",
	.length_hint = "All arrays have one element for each term.",
	.large_hint = "Round the durations, for example to whole days."
};

RECORD_FUNCTIONS(hazard_model, &hazard_type);

struct varlena *
hazard_encode(Hazard *hazard)
{
	hazard->flags = whole_times(hazard);
	return record_encode(&hazard_type, hazard);
}

Hazard *
hazard_from_varlena(const struct varlena *value)
{
	return record_decode(&hazard_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}
