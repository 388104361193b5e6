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

#endif							/* RETENTION_PLAIN_FLAGS_H */
