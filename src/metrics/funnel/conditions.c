/*
 * funnel/conditions.c
 *		Which steps and exclusions a row meets.
 */
#include "metrics/funnel/conditions.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define FIRST_CODES 16

/* How to take values of a type. */
void
conditions_plan(Conditions *c, Oid type, MemoryContext context)
{
	Oid			element = get_element_type(type);

	c->context = context;
	if (OidIsValid(element))
		element = getBaseType(element);
	c->several = OidIsValid(element);
	if (type == UNKNOWNOID)
		c->kind = CONDITION_LITERAL;
	else if (type == INT2OID)
		c->kind = CONDITION_INT2;
	else if (type == INT4OID)
		c->kind = CONDITION_INT4;
	else if (type == INT8OID)
		c->kind = CONDITION_INT8;
	else if (element == INT2OID)
		c->kind = CONDITION_INT2S;
	else if (element == INT4OID)
		c->kind = CONDITION_INT4S;
	else if (element == INT8OID)
		c->kind = CONDITION_INT8S;
	else if (element == BOOLOID)
		c->kind = CONDITION_BOOLS;
	else
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("step must be an integer, an array of integers or a boolean[], not %s",
						format_type_be(type)),
				 errhint(type == BOOLOID ?
						 "Pass the conditions of all steps: ARRAY[condition, ...]." :
						 "Pass the number of the step that the row is, or ARRAY[condition, ...].")));
}

static void
add_code(Conditions *c, int32 code)
{
	if (c->n == c->max)
	{
		c->max = Max(2 * c->max, FIRST_CODES);
		c->codes = c->codes == NULL ?
			MemoryContextAlloc(c->context, c->max * sizeof(int32)) :
			repalloc_huge(c->codes, c->max * sizeof(int32));
	}
	c->codes[c->n++] = code;
}

/* A condition, from 1, in the place of its step, or as what it forbids. */
static void
add_condition(Conditions *c, const FunnelRules *rules, int32 condition)
{
	int32		step = condition;
	bool		excluded = false;

	for (int i = 0; i < rules->nexcluded; i++)
	{
		const FunnelExclusion *e = &rules->excluded[i];

		if (e->condition == condition)
		{
			add_code(c, FUNNEL_EXCLUDED | e->after);
			excluded = true;
		}
		else if (e->condition < condition &&
				 (i == 0 || e[-1].condition != e->condition))
			step--;
	}
	if (excluded)
		return;
	add_code(c, step);
	c->nsteps = Max(c->nsteps, step);
}

void
conditions_refuse_step(int64 step)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("step out of range: %lld", (long long) step),
			 errdetail("The steps of a funnel are numbered from 1, to %d at most; 0 forbids between any two steps, -K between the steps K and K + 1.",
					   FUNNEL_MAX_STEP),
			 errhint("Make the step of other rows NULL.")));
}

/* A number as the caller gives it. */
static void
add_number(Conditions *c, const FunnelRules *rules, int64 number)
{
	if (number > FUNNEL_MAX_STEP || number <= -FUNNEL_MAX_STEP)
		conditions_refuse_step(number);
	if (number > 0)
	{
		add_condition(c, rules, (int32) number);
		return;
	}
	if (number < 0 && (rules->mode & FUNNEL_ANY_ORDER) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step %lld contradicts the mode \"any order\"", (long long) number),
				 errdetail("It forbids between the steps %lld and %lld, which are in no order.",
						   (long long) -number, (long long) -number + 1),
				 errhint("Use step 0, which forbids between any two steps.")));
	add_code(c, FUNNEL_EXCLUDED | (int32) -number);
}

static int
compare_codes(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/* In order, each once; exclusions only where there is no step. */
static void
tidy(Conditions *c)
{
	int			n = 0;
	bool		steps;

	qsort(c->codes, c->n, sizeof(int32), compare_codes);
	steps = (c->codes[0] & FUNNEL_EXCLUDED) == 0;
	for (int i = 0; i < c->n; i++)
		if ((i == 0 || c->codes[i] != c->codes[i - 1]) &&
			(!steps || (c->codes[i] & FUNNEL_EXCLUDED) == 0))
			c->codes[n++] = c->codes[i];
	c->n = n;
}

/* Of booleans: positions of those that are true. */
void
conditions_take_flags(Conditions *c, const FunnelRules *rules, ArrayType *array)
{
	Flags		flags;

	c->n = c->nsteps = 0;
	flags_begin(&flags, array);
	if (flags.n > FUNNEL_MAX_STEP)
		conditions_refuse_step(flags.n);
	c->nsteps = flags.n;
	if (likely(rules->nexcluded == 0))
	{
		for (int step; (step = flags_next(&flags)) > 0;)
			add_code(c, step);
		return;
	}
	for (int i = 0; i < rules->nexcluded; i++)
		if (rules->excluded[i].condition <= flags.n &&
			(i == 0 || rules->excluded[i - 1].condition != rules->excluded[i].condition))
			c->nsteps--;
	/* no step comes past these */
	for (int condition; (condition = flags_next(&flags)) > 0;)
		add_condition(c, rules, condition);
	if (c->n > 1)
		tidy(c);
}

/* Of an array of integers. */
static void
take_numbers(Conditions *c, const FunnelRules *rules, ArrayType *array)
{
	const char *at = ARR_DATA_PTR(array);
	const uint8 *nulls = ARR_NULLBITMAP(array);
	int			n = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("steps must be an array of one dimension"),
				 errdetail("The array has %d.", ARR_NDIM(array)),
				 errhint("Pass ARRAY[step, ...].")));
	for (int i = 0; i < n; i++)
	{
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (c->kind == CONDITION_INT2S)
		{
			add_number(c, rules, *(const int16 *) at);
			at += sizeof(int16);
		}
		else if (c->kind == CONDITION_INT4S)
		{
			add_number(c, rules, *(const int32 *) at);
			at += sizeof(int32);
		}
		else
		{
			add_number(c, rules, *(const int64 *) at);
			at += sizeof(int64);
		}
	}
	if (c->n > 1)
		tidy(c);
}

/* Those of a row. */
void
conditions_take(Conditions *c, const FunnelRules *rules, Datum value)
{
	c->n = c->nsteps = 0;
	switch (c->kind)
	{
		case CONDITION_LITERAL:
			add_number(c, rules, pg_strtoint64(DatumGetCString(value)));
			break;
		case CONDITION_INT2:
			add_number(c, rules, DatumGetInt16(value));
			break;
		case CONDITION_INT4:
			add_number(c, rules, DatumGetInt32(value));
			break;
		case CONDITION_INT8:
			add_number(c, rules, DatumGetInt64(value));
			break;
		case CONDITION_INT2S:
		case CONDITION_INT4S:
		case CONDITION_INT8S:
			take_numbers(c, rules, DatumGetArrayTypeP(value));
			break;
		case CONDITION_BOOLS:
			conditions_take_flags(c, rules, DatumGetArrayTypeP(value));
			break;
	}
}
