/*
 * reader.c
 *		Readers by table: the row type declared and the one there is, and the
 *		protocol of set-returning functions.
 */
#include "base/reader.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* ----------------------------------------------------------------
 *		The row type
 * ----------------------------------------------------------------
 */

pg_noreturn static void
refuse_result(FunctionCallInfo fcinfo, const char *detail)
{
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("function %s is declared with another result than the library has",
					name != NULL ? name : "?"),
			 errdetail("%s", detail),
			 errhint("The library and the SQL script are of different versions: run ALTER EXTENSION retention UPDATE.")));
}

static void
check_set(const Reader *reader, FunctionCallInfo fcinfo)
{
	bool		set = reader->next != NULL;

	if (fcinfo->flinfo->fn_retset != set)
		refuse_result(fcinfo, set ?
					  "It is declared to return one value, where the library returns a set." :
					  "It is declared to return a set, where the library returns one row.");
}

/* Compare the declared columns with the reader's; name the first difference. */
static void
check_columns(const Reader *reader, FunctionCallInfo fcinfo, TupleDesc desc)
{
	for (int i = 0; i < Min(reader->ncolumns, desc->natts); i++)
	{
		const ReaderColumn *column = &reader->columns[i];
		Form_pg_attribute declared = TupleDescAttr(desc, i);

		if (declared->atttypid != column->type ||
			strcmp(NameStr(declared->attname), column->name) != 0)
			refuse_result(fcinfo,
						  psprintf("Column %d is declared as \"%s\" %s, where the library has \"%s\" %s.",
								   i + 1, NameStr(declared->attname),
								   declared->attisdropped ? "dropped" :
								   format_type_be(declared->atttypid),
								   column->name, format_type_be(column->type)));
	}
	if (reader->ncolumns != desc->natts)
		refuse_result(fcinfo,
					  psprintf("It is declared with %d columns, where the library has %d.",
							   desc->natts, reader->ncolumns));
}

/*
 * The row description of the caller, that of the reader; NULL where it returns
 * plain values.
 */
static TupleDesc
result_desc(const Reader *reader, FunctionCallInfo fcinfo)
{
	bool		plain = reader->columns[0].name == NULL;
	Oid			type;
	TupleDesc	desc;
	TypeFuncClass class = get_call_result_type(fcinfo, &type, &desc);

	check_set(reader, fcinfo);
	if (class == TYPEFUNC_RECORD && !plain)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	if (plain ? type != reader->columns[0].type : class != TYPEFUNC_COMPOSITE)
		refuse_result(fcinfo,
					  psprintf("It is declared to return %s, where the library returns %s.",
							   format_type_be(type), plain ?
							   format_type_be(reader->columns[0].type) :
							   "a row of columns"));
	if (plain)
		return NULL;
	check_columns(reader, fcinfo, desc);
	return BlessTupleDesc(desc);
}

/* ----------------------------------------------------------------
 *		One row
 * ----------------------------------------------------------------
 */

void
reader_row_begin(ReaderRow *row, const Reader *reader)
{
	Assert(reader->ncolumns <= READER_MAX_COLUMNS);
	row->reader = reader;
	row->number = 0;
	memset(row->nulls, true, reader->ncolumns * sizeof(bool));
}

static Datum
row_datum(ReaderRow *row, TupleDesc desc)
{
	if (desc == NULL)
		return row->values[0];
	return HeapTupleGetDatum(heap_form_tuple(desc, row->values, row->nulls));
}

Datum
reader_row_datum(ReaderRow *row, FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	/* looked up once for a call site, for it takes longer than the row */
	if (flinfo->fn_extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(flinfo->fn_mcxt);

		flinfo->fn_extra = result_desc(row->reader, fcinfo);
		MemoryContextSwitchTo(old);
	}
	return row_datum(row, flinfo->fn_extra);
}

/* ----------------------------------------------------------------
 *		Sets
 * ----------------------------------------------------------------
 */

static void
begin_rows(const Reader *reader, FunctionCallInfo fcinfo, const void *arg)
{
	FuncCallContext *call;
	MemoryContext old;
	bool		any = true;

	check_set(reader, fcinfo);
	call = SRF_FIRSTCALL_INIT();
	old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	call->tuple_desc = result_desc(reader, fcinfo);
	for (int i = 0; i < reader->needed; i++)
		any = any && !PG_ARGISNULL(i);
	if (any)
		call->user_fctx = reader->begin(fcinfo, arg);
	MemoryContextSwitchTo(old);
}

Datum
reader_rows(const Reader *reader, FunctionCallInfo fcinfo, const void *arg)
{
	FuncCallContext *call;
	ReaderRow	row;

	if (SRF_IS_FIRSTCALL())
		begin_rows(reader, fcinfo, arg);
	call = SRF_PERCALL_SETUP();
	CHECK_FOR_INTERRUPTS();
	reader_row_begin(&row, reader);
	row.number = (int64) call->call_cntr;
	if (call->user_fctx == NULL || !reader->next(call->user_fctx, &row))
		SRF_RETURN_DONE(call);
	SRF_RETURN_NEXT(call, row_datum(&row, call->tuple_desc));
}

/* ----------------------------------------------------------------
 *		Arrays
 * ----------------------------------------------------------------
 */

/* The type of the elements of what a function returns, and their columns. */
static TupleDesc
element_desc(const Reader *reader, FunctionCallInfo fcinfo, Oid *element)
{
	Oid			type = get_func_rettype(fcinfo->flinfo->fn_oid);
	TupleDesc	desc = NULL;

	*element = get_element_type(type);
	if (OidIsValid(*element) && get_typtype(*element) == TYPTYPE_COMPOSITE)
		desc = lookup_rowtype_tupdesc_copy(*element, -1);
	if (desc == NULL || fcinfo->flinfo->fn_retset)
		refuse_result(fcinfo,
					  psprintf("It is declared to return %s, where the library returns an array of rows.",
							   format_type_be(type)));
	check_columns(reader, fcinfo, desc);
	return desc;
}

Datum
reader_array(const Reader *reader, FunctionCallInfo fcinfo, void *arg)
{
	Oid			element;
	TupleDesc	desc = element_desc(reader, fcinfo, &element);
	ArrayBuildState *rows = initArrayResult(element, CurrentMemoryContext, false);
	ReaderRow	row;

	reader_row_begin(&row, reader);
	while (reader->next(arg, &row))
	{
		CHECK_FOR_INTERRUPTS();
		rows = accumArrayResult(rows, row_datum(&row, desc), false, element,
								CurrentMemoryContext);
		row.number++;
		memset(row.nulls, true, reader->ncolumns * sizeof(bool));
	}
	return makeArrayResult(rows, CurrentMemoryContext);
}
