/*
 * covariates.c
 *		What is known of a customer as a flat jsonb object.
 */
#include "base/covariates.h"

#include <math.h>

#include "base/clip.h"
#include "base/numeric_parts.h"
#include "utils/builtins.h"

static const char *const nouns[COVARIATE_KINDS] = {
	"null", "a number", "a boolean", "a text"
};

static const char *const words[COVARIATE_KINDS] = {
	"null", "number", "boolean", "text"
};

const char *
covariate_noun(CovariateKind kind)
{
	return nouns[kind];
}

const char *
covariate_word(CovariateKind kind)
{
	return words[kind];
}

int
covariate_kind(const char *word)
{
	for (int i = 0; i < COVARIATE_KINDS; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

void
covariate_refuse_kinds(const char *name, int name_len, CovariateKind a,
					   CovariateKind b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("covariate \"%s\" has values of two kinds",
					clip_bytes(name, name_len)),
			 errdetail("It is %s for some customers and %s for others.",
					   nouns[Min(a, b)], nouns[Max(a, b)]),
			 errhint("Write it the same way for all: a number without quotes, or always as text. null leaves a customer out.")));
}

void
covariates_refuse_many(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many covariates"),
			 errdetail("There are more than %d different names.", COVARIATES_MAX),
			 errhint("The keys of the objects should be names of traits, not values such as ids or dates.")));
}

/* ----------------------------------------------------------------
 *		Numbers
 * ----------------------------------------------------------------
 */

#define FAST_DIGITS 3			/* of base 10000, exact in a double */
#define FAST_POWERS 6			/* 10000^5 is exact, too */

/*
 * A numeric as the nearest double.  Up to twelve digits over or times a small
 * power of ten: both are exact in a double, and one operation rounds once.
 */
static float8
nearest_double(Numeric value)
{
	static const float8 powers[FAST_POWERS] = {1, 1e4, 1e8, 1e12, 1e16, 1e20};
	NumericParts p;

	numeric_parts(value, &p);
	if (p.finite && p.ndigits <= FAST_DIGITS)
	{
		int			exponent = p.ndigits == 0 ? 0 : p.weight - p.ndigits + 1;
		int64		whole = 0;

		for (int i = 0; i < p.ndigits; i++)
		{
			int16		digit;

			memcpy(&digit, p.digits + 2 * i, sizeof(digit));
			whole = whole * 10000 + digit;
		}
		if (p.negative)
			whole = -whole;
		if (exponent >= 0 && exponent + p.ndigits <= FAST_DIGITS)
			return (float8) whole * powers[exponent];
		if (exponent < 0 && -exponent < FAST_POWERS)
			return (float8) whole / powers[-exponent];
	}
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value)));
}

/* ----------------------------------------------------------------
 *		Objects
 * ----------------------------------------------------------------
 */

JsonbIterator *
covariates_begin(Jsonb *object)
{
	JsonbIterator *it;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("covariates must be a JSON object"),
				 errdetail("They are %s.", JB_ROOT_IS_SCALAR(object) ?
						   "a single value" : "an array"),
				 errhint("Make one with jsonb_build_object('name', value, ...), or jsonb_object_agg(name, value) from rows.")));
	it = JsonbIteratorInit(&object->root);
	(void) JsonbIteratorNext(&it, &value, true);
	return it;
}

static void
check_length(const Covariate *c, int len, const char *what)
{
	if (len > COVARIATE_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a covariate is too long", what),
				 errdetail("It has %d bytes, where %d are the most; the covariate is \"%s\".",
						   len, COVARIATE_BYTES, clip_bytes(c->name, c->name_len)),
				 errhint("Leave out what identifies a customer or was typed freely, with covariates - 'name', or shorten it with left().")));
}

static void
refuse_nested(const Covariate *c, const JsonbContainer *container)
{
	bool		array = JsonContainerIsArray(container);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("covariate \"%s\" is %s", clip_bytes(c->name, c->name_len),
					array ? "an array" : "an object"),
			 errdetail("A covariate is a number, a boolean or a text; null leaves a customer out."),
			 errhint(array ?
					 "Make a covariate of each element that matters, for example covariates -> 'name' ? 'element'." :
					 "Put its members beside the others, for example (covariates - 'name') || (covariates -> 'name').")));
}

static void
refuse_number(const Covariate *c)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("covariate \"%s\" is out of range",
					clip_bytes(c->name, c->name_len)),
			 errdetail("Its magnitude is above 1.8e308."),
			 errhint("Count it in a larger unit.")));
}

bool
covariates_next(JsonbIterator **it, Covariate *c)
{
	JsonbValue	value;

	if (JsonbIteratorNext(it, &value, true) != WJB_KEY)
		return false;
	c->name = value.val.string.val;
	c->name_len = value.val.string.len;
	check_length(c, c->name_len, "the name");
	(void) JsonbIteratorNext(it, &value, true);
	switch (value.type)
	{
		case jbvNull:
			c->kind = COVARIATE_NULL;
			break;
		case jbvNumeric:
			c->kind = COVARIATE_NUMBER;
			c->number = nearest_double(value.val.numeric) + 0.0;
			if (!isfinite(c->number))
				refuse_number(c);
			break;
		case jbvBool:
			c->kind = COVARIATE_BOOLEAN;
			c->flag = value.val.boolean;
			break;
		case jbvString:
			c->kind = COVARIATE_TEXT;
			c->text = value.val.string.val;
			c->text_len = value.val.string.len;
			check_length(c, c->text_len, "the text");
			break;
		default:
			refuse_nested(c, value.val.binary.data);
	}
	return true;
}
