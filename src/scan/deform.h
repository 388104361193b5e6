/*
 * deform.h
 *		The columns that a scan needs, taken out of a row on a page.
 */
#ifndef RETENTION_DEFORM_H
#define RETENTION_DEFORM_H

#include "base/column.h"
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "storage/bufpage.h"

/* A column up to the last one needed. */
typedef struct DeformColumn
{
	int32		offset;			/* from the row's data while nothing before it is
								 * NULL; -1 where it depends on the row */
	int16		length;			/* as pg_attribute has them */
	bool		by_value;
	char		align;
	bool		needed;
	/* a run is columns whose distances are the same in all rows without NULLs */
	bool		opens;			/* a new run, whose place depends on the row */
	int32		run_offset;		/* from the beginning of the run */
} DeformColumn;

typedef struct Deform
{
	TupleDesc	desc;
	int			ncolumns;		/* up to the last one needed */
	int			nknown;			/* of the needed, those with an offset */
	int			last_known;		/* of all, the last one with an offset */
	bool		fixed;			/* every one needed has an offset */
	DeformColumn *columns;
	int			nneeded;
	int16	   *needed;			/* their places among the columns, those with an
								 * offset first */
	Datum	   *row_values;		/* of one row, on the way to a page's columns */
	bool	   *row_nulls;
} Deform;

/* A plan for the columns needed, numbered from 1. */
extern Deform *deform_plan(TupleDesc desc, const Bitmapset *needed);

/* The same where a column is NULL, or was added after the row. */
extern void deform_walk(const Deform *deform, HeapTupleHeader row,
						Datum *values, bool *nulls);

/*
 * The columns needed of n rows of a page, by their numbers, into columns, one
 * for each of the table's up to the last one needed: those have room for
 * MaxHeapTuplesPerPage values, the others are left alone.  What is passed by
 * reference lies on the page.  ahead, or NULL, is the page that comes next, which
 * is asked for by the way.
 */
extern void deform_page(const Deform *deform, Page page,
						const OffsetNumber *numbers, int n, Column *columns,
						const char *ahead);

#define CACHE_LINE 64			/* as most processors have it */

/*
 * Ask for two lines more of the page that comes next, if it is known: for each
 * row of this one, so that it is there in time and not all at once.
 */
static inline const char *
ask_ahead(const char *ahead, const char *end)
{
	if (ahead >= end)
		return ahead;
	__builtin_prefetch(ahead);
	__builtin_prefetch(ahead + CACHE_LINE);
	return ahead + 2 * CACHE_LINE;
}

/* Room in a column for the values of as many rows. */
extern void deform_reserve(Column *column);

/* Fresh columns for it. */
extern Column *deform_columns(const Deform *deform);

/* The columns behind the last one with an offset, where nothing is NULL. */
extern void deform_rest(const Deform *deform, const char *data,
						Datum *values, bool *nulls);

/*
 * The columns needed into their places in values and nulls, the others left as
 * they are.  What is passed by reference lies on the page.
 */
static inline void
deform_row(const Deform *deform, HeapTupleHeader row, Datum *values,
		   bool *nulls)
{
	const char *data = (const char *) row + row->t_hoff;

	if (unlikely((row->t_infomask & HEAP_HASNULL) != 0 ||
				 HeapTupleHeaderGetNatts(row) < deform->ncolumns))
	{
		deform_walk(deform, row, values, nulls);
		return;
	}
	for (int i = 0; i < deform->nknown; i++)
	{
		int			at = deform->needed[i];
		const DeformColumn *column = &deform->columns[at];

		values[at] = fetch_att(data + column->offset, column->by_value,
							   column->length);
		nulls[at] = false;
	}
	if (!deform->fixed)
		deform_rest(deform, data, values, nulls);
}

#endif							/* RETENTION_DEFORM_H */
