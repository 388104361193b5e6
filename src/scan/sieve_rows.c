/*
 * sieve_rows.c
 *		Conditions on columns, looked at for many rows at a time.
 */
#include "scan/sieve_internal.h"

#include "access/detoast.h"
#include "base/short_text.h"

static pg_attribute_always_inline void
number_keys(Sieve *sieve, Oid type, const Datum *values, int n)
{
	for (int i = 0; i < n; i++)
		sieve->keys[i] = sieve_value_key(type, values[i]);
}

/* Of a value that is not NULL; long ones need not be read. */
static void
take_text(Sieve *sieve, int i, Datum value)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(value);

	if (VARATT_IS_EXTERNAL(text) || VARATT_IS_COMPRESSED(text))
	{
		sieve->length[i] = toast_raw_datum_size(value) - VARHDRSZ;
		if (sieve->length[i] > SHORT_TEXT_BYTES)
			return;
		text = PG_DETOAST_DATUM_PACKED(value);
	}
	sieve->length[i] = VARSIZE_ANY_EXHDR(text);
	if (sieve->length[i] <= SHORT_TEXT_BYTES)
		short_text_words(VARDATA_ANY(text), sieve->length[i], &sieve->first[i],
						 &sieve->last[i]);
	if (DatumGetPointer(value) != (Pointer) text)
		pfree(text);
}

/* The integers of a column. */
static void
take_keys(Sieve *sieve, const Test *test, const Column *column, int n)
{
	const Datum *values = column->values;

	if (test->kind == TEST_TEXT)
	{
		for (int i = 0; i < n; i++)
			if (!column->some_null || !column->nulls[i])
				take_text(sieve, i, values[i]);
		return;
	}
	switch (test->type)
	{
		case INT2OID:
			number_keys(sieve, INT2OID, values, n);
			break;
		case INT4OID:
		case DATEOID:
			number_keys(sieve, INT4OID, values, n);
			break;
		case FLOAT4OID:
			number_keys(sieve, FLOAT4OID, values, n);
			break;
		case FLOAT8OID:
			number_keys(sieve, FLOAT8OID, values, n);
			break;
		default:
			number_keys(sieve, INT8OID, values, n);
			break;
	}
}

/* Which rows a test is true for, of those that are not NULL. */
static void
look(Sieve *sieve, const Test *test, const Column *column, int n, uint8 *is)
{
	if (test->kind == TEST_FLAG)
	{
		for (int i = 0; i < n; i++)
			is[i] = DatumGetBool(column->values[i]) != test->inverted;
		return;
	}
	if (test->nchoices == 1 && test->kind == TEST_NUMBER)
	{
		uint64		low = (uint64) test->choices[0].low;
		uint64		span = test->choices[0].span;
		uint8		inverted = test->inverted;

		for (int i = 0; i < n; i++)
			is[i] = ((uint64) sieve->keys[i] - low <= span) ^ inverted;
		return;
	}
	memset(is, 0, n);
	for (int c = 0; c < test->nchoices; c++)
	{
		const Choice choice = test->choices[c];

		if (test->kind == TEST_NUMBER)
			for (int i = 0; i < n; i++)
				is[i] |= (uint64) sieve->keys[i] - (uint64) choice.low <= choice.span;
		else
			for (int i = 0; i < n; i++)
				is[i] |= (sieve->length[i] == choice.length) &
					(sieve->first[i] == choice.first) &
					(sieve->last[i] == choice.last);
	}
	for (int i = 0; i < n; i++)
		is[i] ^= test->inverted;
}

/* The same of all rows: a test of NULL is not true. */
static void
look_at_all(Sieve *sieve, const Test *test, const Column *column, int n)
{
	bool		some_null = column->some_null;

	if (test->kind != TEST_NULL)
	{
		look(sieve, test, column, n, sieve->met);
		if (some_null)
			for (int i = 0; i < n; i++)
				sieve->met[i] &= !column->nulls[i];
		return;
	}
	for (int i = 0; i < n; i++)
		sieve->met[i] = (some_null && column->nulls[i]) != test->inverted;
}

void
sieve_take(Sieve *sieve, const Column *columns, int n, uint64 *sets)
{
	const Test *before = NULL;

	/* which also tells compilers that n is a size */
	if (n <= 0)
		return;
	memset(sets, 0, n * sizeof(uint64));
	for (int t = 0; t < sieve->ntests; t++)
	{
		const Test *test = &sieve->tests[t];
		const Column *column = &columns[test->column];
		int			bit = test->condition;

		if ((test->kind == TEST_NUMBER || test->kind == TEST_TEXT) &&
			(before == NULL || before->column != test->column))
		{
			take_keys(sieve, test, column, n);
			before = test;
		}
		look_at_all(sieve, test, column, n);
		if (t > 0 && test[-1].condition == bit)
			for (int i = 0; i < n; i++)
				sets[i] &= ~((uint64) !sieve->met[i] << bit);
		else
			for (int i = 0; i < n; i++)
				sets[i] |= (uint64) sieve->met[i] << bit;
	}
}
