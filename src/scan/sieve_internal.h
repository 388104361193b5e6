/*
 * sieve_internal.h
 *		What the files of sieves show to one another.
 *
 *	sieve.c			conditions
 *	sieve_rows.c	rows
 *
 * Values are compared as integers.  So are floats, by their bits: in the order
 * that PostgreSQL has them in, where NaN is the last and equal to itself, and -0
 * is 0.  Of numbers a test is whether they lie in one of some ranges.  Texts of
 * few bytes are compared by their first bytes, their last ones, and how many
 * there are, which are a number each.
 */
#ifndef RETENTION_SIEVE_INTERNAL_H
#define RETENTION_SIEVE_INTERNAL_H

#include "scan/sieve.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"

#define CHOICES_MAX 32			/* past these, jumps cost less */
#define TESTS_MAX 128

typedef enum TestKind
{
	TEST_NUMBER,
	TEST_TEXT,
	TEST_FLAG,
	TEST_NULL
} TestKind;

/* What a value may be: a number from low to low + span, or a text. */
typedef struct Choice
{
	int64		low;
	uint64		span;
	/* a text (base/short_text.h) */
	uint64		first;
	uint64		last;
	uint64		length;
} Choice;

typedef struct Test
{
	TestKind	kind;
	int			column;			/* from 0 */
	Oid			type;			/* of the column */
	int			condition;
	bool		inverted;		/* none of the choices */
	int			nchoices;
	Choice	   *choices;
} Test;

struct Sieve
{
	int			nconditions;
	int			ntests;
	Test		tests[TESTS_MAX];
	/* of the column at hand */
	int64		keys[MaxHeapTuplesPerPage];
	uint64		first[MaxHeapTuplesPerPage];
	uint64		last[MaxHeapTuplesPerPage];
	uint64		length[MaxHeapTuplesPerPage];
	uint8		met[MaxHeapTuplesPerPage];
};

/* The integer of a float. */
static inline int64
sieve_float_key(float8 value)
{
	int64		bits;

	/* -0 to 0 */
	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	bits ^= (int64) ((uint64) (bits >> 63) >> 1);
	return isnan(value) ? PG_INT64_MAX : bits;
}

/* The integer of a value that is a number. */
static pg_attribute_always_inline int64
sieve_value_key(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
		case DATEOID:
			return DatumGetInt32(value);
		case FLOAT4OID:
			return sieve_float_key(DatumGetFloat4(value));
		case FLOAT8OID:
			return sieve_float_key(DatumGetFloat8(value));
		default:
			return DatumGetInt64(value);
	}
}

#endif							/* RETENTION_SIEVE_INTERNAL_H */
