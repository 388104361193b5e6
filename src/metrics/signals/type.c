/*
 * signals/type.c
 *		The type signals: the table of its text and bytes, and what makes a
 *		value valid.
 *
 * Text form, see record.h:
 *
 *	{"customers": 5, "outcomes": 2, "covariates": [
 *		{"covariate": "logins", "kind": "number", "grid": 0,
 *		 "unknown": 1, "unknown_outcomes": 0,
 *		 "value": ["1","2.5"], "customers": [2,1], "outcomes": [1,1]}]}
 */
#include "metrics/signals/type.h"

#include <math.h>

#include "base/record.h"
#include "common/int.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"

/* Counts of some customers within those of others. */
static bool
within(int64 customers, int64 outcomes, int64 of_customers, int64 of_outcomes)
{
	return outcomes <= customers && customers <= of_customers &&
		outcomes <= of_outcomes &&
		customers - outcomes <= of_customers - of_outcomes;
}

/* Is the text a number of the grid as it is written? */
static bool
is_number(const char *text, int64 grid, float8 *number)
{
	char		again[DOUBLE_SHORTEST_DECIMAL_LEN];

	*number = strtod(text, NULL);
	if (!isfinite(*number))
		return false;
	double_to_shortest_decimal_buf(*number + 0.0, again);
	return strcmp(text, again) == 0 &&
		signals_number(signals_cell(*number, (int) grid)) == *number;
}

/* What is wrong with the values of a trait; number is of the one before. */
static const char *
value_problem(const SignalTrait *trait, CovariateKind kind, int64 i,
			  float8 *number)
{
	const SignalValue *v = &trait->values[i];
	float8		before = *number;

	if (v->customers < 1)
		return "A value belongs to nobody.";
	switch (kind)
	{
		case COVARIATE_NUMBER:
			if (!is_number(v->value, trait->grid, number))
				return "A number is not written as one of its grid.";
			if (i > 0 && *number <= before)
				return "The values of a covariate are not in ascending order.";
			return NULL;
		case COVARIATE_BOOLEAN:
			if (strcmp(v->value, "true") != 0 && strcmp(v->value, "false") != 0)
				return "A boolean is neither \"true\" nor \"false\".";
			break;
		case COVARIATE_TEXT:
			if (strlen(v->value) > COVARIATE_BYTES)
				return "A text is too long.";
			break;
		case COVARIATE_NULL:
			return "A covariate that is never known has values.";
	}
	if (i > 0 && strcmp(v[-1].value, v->value) >= 0)
		return "The values of a covariate are not in ascending order.";
	return NULL;
}

static const char *
trait_problem(const Signals *signals, const SignalTrait *trait)
{
	int			kind = covariate_kind(trait->kind);
	int64		customers = trait->unknown;
	int64		outcomes = trait->unknown_outcomes;
	int64		others;
	float8		number = 0;
	const char *problem;

	if (kind < 0)
		return "A kind of covariate is unknown.";
	if (strlen(trait->name) > COVARIATE_BYTES)
		return "The name of a covariate is too long.";
	if (trait->grid > (kind == COVARIATE_NUMBER ? SIGNALS_GRIDS : 0))
		return "The grid of a covariate is out of range.";
	if (trait->nvalues > (kind == COVARIATE_NUMBER ? SIGNALS_NUMBERS :
						  SIGNALS_TEXTS) ||
		(trait->nvalues == 0) != (kind == COVARIATE_NULL))
		return "A covariate has too many values, or none.";
	if (trait->nvalues == 0 && trait->unknown == 0)
		return "A covariate is nobody's.";
	if (!within(trait->unknown, trait->unknown_outcomes, signals->customers,
				signals->outcomes))
		return "Counts contradict one another.";
	others = trait->unknown - trait->unknown_outcomes;
	for (int64 i = 0; i < trait->nvalues; i++)
	{
		const SignalValue *v = &trait->values[i];

		CHECK_FOR_INTERRUPTS();
		if ((problem = value_problem(trait, kind, i, &number)) != NULL)
			return problem;
		if (v->outcomes > v->customers ||
			pg_add_s64_overflow(customers, v->customers, &customers) ||
			pg_add_s64_overflow(outcomes, v->outcomes, &outcomes) ||
			pg_add_s64_overflow(others, v->customers - v->outcomes, &others) ||
			!within(customers, outcomes, signals->customers, signals->outcomes))
			return "Counts contradict one another.";
	}
	return NULL;
}

static const char *
signals_problem(const void *value)
{
	const Signals *signals = value;
	const char *problem;

	if (signals->customers < 1 || signals->outcomes > signals->customers)
		return "Counts contradict one another.";
	if (signals->ntraits > COVARIATES_MAX)
		return "It has too many covariates.";
	for (int64 i = 0; i < signals->ntraits; i++)
	{
		if (i > 0 && strcmp(signals->traits[i - 1].name,
							signals->traits[i].name) >= 0)
			return "The covariates are not in ascending order.";
		if ((problem = trait_problem(signals, &signals->traits[i])) != NULL)
			return problem;
	}
	return NULL;
}

enum
{
	KEY_NAME, KEY_KIND, KEY_GRID, KEY_UNKNOWN, KEY_UNKNOWN_OUTCOMES, KEY_VALUE,
	KEY_CUSTOMERS, KEY_OUTCOMES, TRAIT_KEYS
};

static const RecordField trait_fields[TRAIT_KEYS] = {
	[KEY_NAME] = {"covariate", RECORD_TEXT, offsetof(SignalTrait, name)},
	[KEY_KIND] = {"kind", RECORD_TEXT, offsetof(SignalTrait, kind)},
	[KEY_GRID] = {"grid", RECORD_COUNT, offsetof(SignalTrait, grid)},
	[KEY_UNKNOWN] = {"unknown", RECORD_COUNT, offsetof(SignalTrait, unknown)},
	[KEY_UNKNOWN_OUTCOMES] = {"unknown_outcomes", RECORD_COUNT, offsetof(SignalTrait, unknown_outcomes)},
	[KEY_VALUE] = {"value", RECORD_TEXT, offsetof(SignalValue, value)},
	[KEY_CUSTOMERS] = {"customers", RECORD_COUNT, offsetof(SignalValue, customers)},
	[KEY_OUTCOMES] = {"outcomes", RECORD_COUNT, offsetof(SignalValue, outcomes)}
};

static const RecordField signals_fields[] = {
	{"customers", RECORD_COUNT, offsetof(Signals, customers)},
	{"outcomes", RECORD_COUNT, offsetof(Signals, outcomes)},
	{"covariates", RECORD_ITEMS}
};

/* A trait was read: all of its keys, and as many counts as values. */
static void
trait_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];

	for (int key = 0; key < TRAIT_KEYS; key++)
		if ((level->seen & (1 << key)) == 0)
			json_object_problem(&p->object,
								psprintf("A covariate lacks the key \"%s\".",
										 trait_fields[key].name),
								p->object.hint);
	if (level->n[KEY_CUSTOMERS] != level->n[KEY_VALUE] ||
		level->n[KEY_OUTCOMES] != level->n[KEY_VALUE])
		json_object_problem(&p->object,
							psprintf("A covariate has %lld values, but \"customers\" has %lld elements and \"outcomes\" %lld.",
									 (long long) level->n[KEY_VALUE],
									 (long long) level->n[KEY_CUSTOMERS],
									 (long long) level->n[KEY_OUTCOMES]),
							"\"customers\" and \"outcomes\" have one element for each value.");
}

static const RecordType signals_type = {
	.name = "signals", .what = "signals",
	.version = 1, .flags = 0,
	.flags_at = offsetof(Signals, flags), .size = sizeof(Signals),
	.head = {
		lengthof(signals_fields), signals_fields, lengthof(signals_fields) - 1,
		offsetof(Signals, ntraits), offsetof(Signals, traits),
		sizeof(SignalTrait), 7, "It has more covariates than bytes for them."
	},
	.item = {
		TRAIT_KEYS, trait_fields, KEY_VALUE,
		offsetof(SignalTrait, nvalues), offsetof(SignalTrait, values),
		sizeof(SignalValue), 3, "A covariate has more values than bytes for them."
	},
	.problem = signals_problem, .item_read = trait_read,
	.whole_hint = "The text of signals is what their output writes; make some with the aggregate signals(outcome, covariates).",
	.large_hint = "Leave out covariates with many different texts."
};

RECORD_FUNCTIONS(signals, &signals_type);

struct varlena *
signals_encode(const Signals *signals)
{
	return record_encode(&signals_type, signals);
}

Signals *
signals_from_varlena(const struct varlena *value)
{
	return record_decode(&signals_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}
