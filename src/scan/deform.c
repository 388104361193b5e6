/*
 * deform.c
 *		The columns that a scan needs, taken out of a row on a page.
 *
 * PostgreSQL's own executor fills a slot with every column up to the last one
 * needed.  Here columns in front of the first of variable length are taken by
 * their offset, and what is in between is passed over.
 */
#include "scan/deform.h"

#include "access/tupmacs.h"

/* The offset of column i while nothing before it is NULL; -1: unknown. */
static int32
column_offset(const Deform *deform, int i)
{
	const DeformColumn *column = &deform->columns[i];
	const DeformColumn *before = column - 1;
	int32		offset;

	if (i == 0)
		return 0;
	if (before->offset < 0 || before->length < 0)
		return -1;
	offset = before->offset + before->length;
	/* a short varlena is not aligned: known only where there is no difference */
	if (column->length == -1 &&
		offset != (int32) att_align_nominal(offset, column->align))
		return -1;
	return (int32) att_align_nominal(offset, column->align);
}

/* Alignment in bytes. */
static int32
align_bytes(char align)
{
	return (int32) att_align_nominal(1, align);
}

/*
 * Put column i into the run of the one before it, or have it open a new one,
 * which is aligned as its first column is.  Returns that alignment; aligned is
 * that of the run before.  A varlena that may be short belongs to a run only
 * where its alignment makes no difference.
 */
static int32
place_in_run(const Deform *deform, int i, int32 aligned)
{
	DeformColumn *column = &deform->columns[i];
	const DeformColumn *before = column - 1;
	int32		need = align_bytes(column->align);
	int32		end;

	if (i == 0)
		return MAXIMUM_ALIGNOF;
	end = before->run_offset + before->length;
	column->opens = before->length < 0 || need > aligned ||
		(column->length == -1 &&
		 end != (int32) att_align_nominal(end, column->align));
	if (!column->opens)
		column->run_offset = (int32) att_align_nominal(end, column->align);
	else
		/* a short varlena is where it is */
		aligned = column->length == -1 ? 1 : need;
	return aligned;
}

/* A plan for the columns needed, numbered from 1. */
Deform *
deform_plan(TupleDesc desc, const Bitmapset *needed)
{
	Deform	   *deform = palloc0(sizeof(Deform));
	int			last = 0;
	int32		aligned = MAXIMUM_ALIGNOF;

	for (int attno = 1; attno <= desc->natts; attno++)
		if (bms_is_member(attno, needed))
			last = attno;
	deform->desc = desc;
	deform->ncolumns = last;
	deform->columns = palloc0(Max(last, 1) * sizeof(DeformColumn));
	deform->needed = palloc0(Max(last, 1) * sizeof(int16));
	deform->row_values = palloc0(Max(last, 1) * sizeof(Datum));
	deform->row_nulls = palloc0(Max(last, 1) * sizeof(bool));
	deform->fixed = true;
	for (int i = 0; i < last; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DeformColumn *column = &deform->columns[i];

		column->length = attribute->attlen;
		column->by_value = attribute->attbyval;
		column->align = attribute->attalign;
		column->needed = bms_is_member(i + 1, needed);
		column->offset = column_offset(deform, i);
		aligned = place_in_run(deform, i, aligned);
		if (column->offset >= 0)
			deform->last_known = i;
		if (!column->needed)
			continue;
		if (column->offset >= 0)
			deform->needed[deform->nknown++] = i;
		else
			deform->fixed = false;
	}
	deform->nneeded = deform->nknown;
	for (int i = deform->last_known + 1; i < last; i++)
		if (deform->columns[i].needed)
			deform->needed[deform->nneeded++] = i;
	return deform;
}

/* The columns behind the last one with an offset, where nothing is NULL. */
void
deform_rest(const Deform *deform, const char *data, Datum *values,
			bool *nulls)
{
	const DeformColumn *column = &deform->columns[deform->last_known];
	const DeformColumn *end = &deform->columns[deform->ncolumns];
	uint32		offset = column->offset;

	for (;;)
	{
		offset = att_addlength_pointer(offset, column->length, data + offset);
		if (++column == end)
			break;
		offset = att_align_pointer(offset, column->align, column->length,
								   data + offset);
		if (column->needed)
		{
			int			at = column - deform->columns;

			values[at] = fetch_att(data + offset, column->by_value,
								   column->length);
			nulls[at] = false;
		}
	}
}

/* Columns that the row was written without: their defaults of then. */
static void
take_missing(const Deform *deform, int from, Datum *values, bool *nulls)
{
	for (int i = from; i < deform->ncolumns; i++)
		if (deform->columns[i].needed)
			values[i] = getmissingattr(deform->desc, i + 1, &nulls[i]);
}

/* Column by column. */
void
deform_walk(const Deform *deform, HeapTupleHeader row, Datum *values,
			bool *nulls)
{
	const char *data = (const char *) row + row->t_hoff;
	bool		some_null = (row->t_infomask & HEAP_HASNULL) != 0;
	int			n = Min(HeapTupleHeaderGetNatts(row), deform->ncolumns);
	bool		known = true;	/* are offsets as planned so far? */
	uint32		offset = 0;

	for (int i = 0; i < n; i++)
	{
		const DeformColumn *column = &deform->columns[i];

		if (some_null && att_isnull(i, row->t_bits))
		{
			known = false;
			if (column->needed)
			{
				values[i] = (Datum) 0;
				nulls[i] = true;
			}
			continue;
		}
		if (known && column->offset >= 0)
			offset = column->offset;
		else
		{
			known = false;
			offset = att_align_pointer(offset, column->align, column->length,
									   data + offset);
		}
		if (column->needed)
		{
			values[i] = fetch_att(data + offset, column->by_value,
								  column->length);
			nulls[i] = false;
		}
		if (i + 1 < n)
			offset = att_addlength_pointer(offset, column->length,
										   data + offset);
	}
	if (n < deform->ncolumns)
		take_missing(deform, n, values, nulls);
}
