/*
 * deform_page.c
 *		The columns that a scan needs, taken out of the rows of a page.
 *
 * Column by column, so that what a column is like is decided once for a page,
 * not once for each row.  As long as nothing in front is NULL the columns of a
 * row fall into runs: a new one begins behind each value of variable length,
 * and in it every column has the same distance from the run's beginning in all
 * rows.  For each row the beginning of the run is kept and moved along.
 *
 * Rows with a NULL up to the last column needed, and those written before such
 * a column was added, are taken one by one.
 */
#include "scan/deform.h"

#include "access/tupmacs.h"

/* Room for the rows of a page. */
void
deform_reserve(Column *column)
{
	column->values = palloc0(MaxHeapTuplesPerPage * sizeof(Datum));
	column->nulls = palloc0(MaxHeapTuplesPerPage * sizeof(bool));
}

/* Fresh columns for deform_page(). */
Column *
deform_columns(const Deform *deform)
{
	Column	   *columns = palloc0(Max(deform->ncolumns, 1) * sizeof(Column));

	for (int i = 0; i < deform->ncolumns; i++)
		if (deform->columns[i].needed)
			deform_reserve(&columns[i]);
	return columns;
}

/* Is none of the first n columns of a row with NULLs NULL? */
static bool
is_filled(HeapTupleHeader row, int n)
{
	int			whole = n / 8;
	bits8		rest = (bits8) ((1 << n % 8) - 1);

	for (int i = 0; i < whole; i++)
		if (row->t_bits[i] != 0xFF)
			return false;
	return rest == 0 || (row->t_bits[whole] & rest) == rest;
}

/* Are all columns up to the last one needed there? */
static inline bool
is_regular(const Deform *deform, HeapTupleHeader row)
{
	return HeapTupleHeaderGetNatts(row) >= deform->ncolumns &&
		(likely((row->t_infomask & HEAP_HASNULL) == 0) ||
		 is_filled(row, deform->ncolumns));
}

/* The values of a column at a distance from where the runs begin. */
static void
take_column(const DeformColumn *column, const char *const *at, int n,
			Datum *values)
{
	int32		offset = column->run_offset;

	if (!column->by_value)
		for (int i = 0; i < n; i++)
			values[i] = PointerGetDatum(at[i] + offset);
	else if (column->length == sizeof(Datum))
		for (int i = 0; i < n; i++)
			values[i] = *(const Datum *) (at[i] + offset);
	else if (column->length == sizeof(int32))
		for (int i = 0; i < n; i++)
			values[i] = Int32GetDatum(*(const int32 *) (at[i] + offset));
	else
		for (int i = 0; i < n; i++)
			values[i] = fetch_att(at[i] + offset, true, column->length);
}

/* Move along to the run that a column opens. */
static void
open_run(const DeformColumn *column, const char **at, int n)
{
	const DeformColumn *before = column - 1;
	int32		offset = before->run_offset;
	uintptr_t	mask = att_align_nominal(1, column->align) - 1;

	if (before->length == -1 && column->length > 0)
		for (int i = 0; i < n; i++)
		{
			const char *end = at[i] + offset;

			end += VARSIZE_ANY(end);
			at[i] = (const char *) (((uintptr_t) end + mask) & ~mask);
		}
	else
		for (int i = 0; i < n; i++)
		{
			const char *end = at[i] + offset;

			end = (const char *) att_addlength_pointer((uintptr_t) end,
													   before->length, end);
			at[i] = (const char *) att_align_pointer((uintptr_t) end,
													 column->align,
													 column->length, end);
		}
}

/* A row whose columns are not where they are in others. */
static void
take_row(const Deform *deform, HeapTupleHeader row, int i, Column *columns)
{
	deform_walk(deform, row, deform->row_values, deform->row_nulls);
	for (int c = 0; c < deform->ncolumns; c++)
	{
		Column	   *column = &columns[c];

		if (!deform->columns[c].needed)
			continue;
		column->values[i] = deform->row_values[c];
		if (!deform->row_nulls[c])
			continue;
		if (!column->some_null)
			memset(column->nulls, false, MaxHeapTuplesPerPage * sizeof(bool));
		column->some_null = column->nulls[i] = true;
	}
}

void
deform_page(const Deform *deform, Page page, const OffsetNumber *numbers,
			int n, Column *columns, const char *ahead)
{
	const char *at[MaxHeapTuplesPerPage];	/* where the run of a row begins */
	uint16		irregular[MaxHeapTuplesPerPage];
	int			nirregular = 0;
	const char *some = NULL;	/* a row that is not */
	const char *end = ahead == NULL ? NULL : ahead + BLCKSZ;

	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader row = (HeapTupleHeader) PageGetItem(page,
															PageGetItemId(page, numbers[i]));

		at[i] = (const char *) row + row->t_hoff;
		ahead = ask_ahead(ahead, end);
		if (likely(is_regular(deform, row)))
			some = at[i];
		else
			irregular[nirregular++] = (uint16) i;
	}
	/* what stands for the others in between must be a row like these */
	for (int i = 0; i < nirregular; i++)
		at[irregular[i]] = some;

	for (int c = 0; c < deform->ncolumns; c++)
	{
		const DeformColumn *column = &deform->columns[c];

		columns[c].some_null = false;
		if (some == NULL)
			continue;
		if (column->opens)
			open_run(column, at, n);
		if (column->needed)
			take_column(column, at, n, columns[c].values);
	}
	for (int i = 0; i < nirregular; i++)
		take_row(deform, (HeapTupleHeader)
				 PageGetItem(page, PageGetItemId(page, numbers[irregular[i]])),
				 irregular[i], columns);
}
