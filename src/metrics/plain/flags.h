/*
 * plain/flags.h
 *		Conditions of a row: an array of booleans, NULL counting as false.
 */
#ifndef RETENTION_PLAIN_FLAGS_H
#define RETENTION_PLAIN_FLAGS_H

#include "base/compat.h"
#include "utils/array.h"

/* Reading an array from its first element to its last. */
typedef struct Flags
{
	const char *next;			/* value of the next element that is not NULL */
	const uint8 *nulls;			/* NULL when there are none */
	int			n;				/* elements */
	int			read;			/* of them */
} Flags;

static inline void
flags_begin(Flags *flags, ArrayType *array)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("conditions must be an array of one dimension"),
				 errdetail("The array has %d.", ARR_NDIM(array)),
				 errhint("Pass VARIADIC ARRAY[condition, ...].")));
	flags->next = ARR_DATA_PTR(array);
	flags->nulls = ARR_NULLBITMAP(array);
	flags->n = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
	flags->read = 0;
}

/* Number, from 1, of the next element that is true; 0 when there is none. */
static inline int
flags_next(Flags *flags)
{
	while (flags->read < flags->n)
	{
		int			i = flags->read++;

		if (flags->nulls != NULL && (flags->nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (*flags->next++)
			return i + 1;
	}
	return 0;
}

#define FLAGS_WORD 62			/* so many go into a word */

/*
 * A boolean[] as a word, bit 0 being its first element: how many elements it
 * has.  -1 where it takes more than a look: NULLs, more elements than
 * FLAGS_WORD or other than one dimension, or what is compressed or elsewhere.
 */
static inline int
flags_word(Datum value, uint64 *word)
{
	const char *array = (const char *) DatumGetPointer(value);
	int32		shape[2];		/* number of dimensions, where data begin */
	int32		n;
	uint64		flags = 0;

	if (VARATT_IS_EXTERNAL(array) || VARATT_IS_COMPRESSED(array))
		return -1;
	/* one that is stored has a short header, and nothing is aligned */
	array = VARDATA_ANY(array);
	memcpy(shape, array, sizeof(shape));
	if (shape[0] != 1 || shape[1] != 0)
		return -1;
	memcpy(&n, array + sizeof(ArrayType) - VARHDRSZ, sizeof(n));
	if (n > FLAGS_WORD)
		return -1;
	array += ARR_OVERHEAD_NONULLS(1) - VARHDRSZ;
	for (int i = 0; i < n; i++)
		flags |= (uint64) (array[i] != 0) << i;
	*word = flags;
	return n;
}

#endif							/* RETENTION_PLAIN_FLAGS_H */
