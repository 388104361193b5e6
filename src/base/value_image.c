/*
 * value_image.c
 *		Values of any type in the states that workers hand over.
 *
 * An image is a uint, its length, and its bytes.  Those of a row of no named
 * type are
 *
 *	uint	number of columns; then for each
 *		uint	its type, 0 for one that was dropped
 *		byte	1 when it is NULL, else 0 and an image
 */
#include "base/value_image.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* How values of a type are written or read; a call site's list. */
typedef struct ImageWay
{
	struct ImageWay *next;
	Oid			type;
	bool		binary;
	Oid			typioparam;
	FmgrInfo	function;
} ImageWay;

static bool type_is_binary(Oid type);

/* Have all columns of a named row type a binary form? */
static bool
columns_are_binary(Oid type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	bool		binary = true;

	for (int i = 0; i < desc->natts && binary; i++)
		binary = TupleDescAttr(desc, i)->attisdropped ||
			type_is_binary(TupleDescAttr(desc, i)->atttypid);
	ReleaseTupleDesc(desc);
	return binary;
}

/* Have a type, and what its values are made of, a binary form? */
static bool
type_is_binary(Oid type)
{
	HeapTuple	tuple;
	bool		binary;
	Oid			part;

	check_stack_depth();
	type = getBaseType(type);
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return false;
	binary = OidIsValid(((Form_pg_type) GETSTRUCT(tuple))->typsend) &&
		OidIsValid(((Form_pg_type) GETSTRUCT(tuple))->typreceive);
	ReleaseSysCache(tuple);
	if (!binary)
		return false;
	if (type_is_rowtype(type))
		return type == RECORDOID || columns_are_binary(type);
	part = get_element_type(type);
	if (!OidIsValid(part))
		part = type_is_range(type) ? get_range_subtype(type) :
			type_is_multirange(type) ? get_multirange_range(type) : InvalidOid;
	return !OidIsValid(part) || type_is_binary(part);
}

/* The way of a type at a call site. */
static ImageWay *
find_way(FunctionCallInfo fcinfo, Oid type, bool put)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	ImageWay   *way;
	Oid			function;
	bool		varlena;

	for (way = fcinfo->flinfo->fn_extra; way != NULL; way = way->next)
		if (way->type == type)
			return way;
	way = MemoryContextAllocZero(context, sizeof(ImageWay));
	way->type = type;
	way->binary = type_is_binary(type);
	if (put && way->binary)
		getTypeBinaryOutputInfo(type, &function, &varlena);
	else if (put)
		getTypeOutputInfo(type, &function, &varlena);
	else if (way->binary)
		getTypeBinaryInputInfo(type, &function, &way->typioparam);
	else
		getTypeInputInfo(type, &function, &way->typioparam);
	fmgr_info_cxt(function, &way->function, context);
	way->next = fcinfo->flinfo->fn_extra;
	fcinfo->flinfo->fn_extra = way;
	return way;
}

/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

/* A row of no named type. */
static void
put_row(FunctionCallInfo fcinfo, WireWriter *w, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header),
	.t_data = header};

	wire_put(w, desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		bool		isnull = true;
		Datum		field = (Datum) 0;
		uint8		byte;

		if (!column->attisdropped)
			field = heap_getattr(&tuple, i + 1, desc, &isnull);
		byte = isnull;
		wire_put(w, column->attisdropped ? InvalidOid : column->atttypid);
		wire_put_bytes(w, &byte, 1);
		if (!isnull)
			value_image_put(fcinfo, w, column->atttypid, field);
	}
	ReleaseTupleDesc(desc);
}

void
value_image_put(FunctionCallInfo fcinfo, WireWriter *w, Oid type, Datum value)
{
	ImageWay   *way;

	check_stack_depth();
	if (type == RECORDOID)
	{
		put_row(fcinfo, w, value);
		return;
	}
	way = find_way(fcinfo, type, true);
	if (way->binary)
	{
		bytea	   *image = SendFunctionCall(&way->function, value);

		wire_put(w, VARSIZE(image) - VARHDRSZ);
		wire_put_bytes(w, VARDATA(image), VARSIZE(image) - VARHDRSZ);
	}
	else
	{
		char	   *text = OutputFunctionCall(&way->function, value);

		wire_put(w, strlen(text));
		wire_put_bytes(w, text, strlen(text));
	}
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* A type that a row may have a column of. */
static Oid
get_column_type(WireReader *r)
{
	Oid			type = (Oid) wire_get_max(r, PG_UINT32_MAX, "A column has no type.");

	if (type != InvalidOid && type != RECORDOID &&
		(!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)) ||
		 get_typtype(type) == TYPTYPE_PSEUDO))
		wire_corrupt(r, "A column has no type.");
	return type;
}

static Datum
get_row(FunctionCallInfo fcinfo, WireReader *r)
{
	int			n = (int) wire_get_max(r, MaxTupleAttributeNumber,
									   "A row has too many columns.");
	TupleDesc	desc = CreateTemplateTupleDesc(n);
	Datum	   *values = palloc0(Max(n, 1) * sizeof(Datum));
	bool	   *nulls = palloc(Max(n, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		Oid			type = get_column_type(r);

		uint8		byte = *wire_get_bytes(r, 1);

		if (byte > 1 || (!OidIsValid(type) && byte == 0))
			wire_corrupt(r, "A column is neither NULL nor a value.");
		nulls[i] = byte;
		TupleDescInitEntry(desc, i + 1, NULL, OidIsValid(type) ? type : INT4OID,
						   -1, 0);
		if (!nulls[i])
			values[i] = value_image_get(fcinfo, r, type);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
value_image_get(FunctionCallInfo fcinfo, WireReader *r, Oid type)
{
	ImageWay   *way;
	StringInfoData buffer;
	Datum		value;
	Size		len;

	check_stack_depth();
	if (type == RECORDOID)
		return get_row(fcinfo, r);
	way = find_way(fcinfo, type, false);
	len = wire_get_max(r, r->end - r->at, "A value is too long.");
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, (const char *) wire_get_bytes(r, len), len);
	if (way->binary)
	{
		value = ReceiveFunctionCall(&way->function, &buffer, way->typioparam, -1);
		if (buffer.cursor != buffer.len)
			wire_corrupt(r, "A value ends too early.");
		return value;
	}
	if (strlen(buffer.data) != len ||
		!pg_verifymbstr(buffer.data, (int) len, true))
		wire_corrupt(r, "The text of a value is none.");
	return InputFunctionCall(&way->function, buffer.data, way->typioparam, -1);
}
