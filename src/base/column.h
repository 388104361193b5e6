/*
 * column.h
 *		Values of one column, of many rows.
 */
#ifndef RETENTION_COLUMN_H
#define RETENTION_COLUMN_H

#include "base/compat.h"

typedef struct Column
{
	Datum	   *values;			/* of a NULL: anything */
	bool	   *nulls;
	bool		some_null;		/* false: none of nulls is set */
	/*
	 * In place of values of type boolean[], where an aggregate takes these: sets
	 * of so many elements, bit 0 being whether the first one is true.  Else 0.
	 */
	int			elements;
} Column;

/* That of one row. */
static inline NullableDatum
column_row(const Column *column, int i)
{
	return (NullableDatum) {
		.value = column->values[i],
		.isnull = column->some_null && column->nulls[i]
	};
}

#endif							/* RETENTION_COLUMN_H */
