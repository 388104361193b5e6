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
} Column;

#endif							/* RETENTION_COLUMN_H */
