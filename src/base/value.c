/*
 * value.c
 *		Types whose equal values have equal bytes: text and binary I/O, casts,
 *		comparing, hashing.
 */
#include "base/value.h"

#include "access/detoast.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_value_send);
PG_FUNCTION_INFO_V1(retention_value_eq);
PG_FUNCTION_INFO_V1(retention_value_ne);
PG_FUNCTION_INFO_V1(retention_value_lt);
PG_FUNCTION_INFO_V1(retention_value_le);
PG_FUNCTION_INFO_V1(retention_value_gt);
PG_FUNCTION_INFO_V1(retention_value_ge);
PG_FUNCTION_INFO_V1(retention_value_cmp);
PG_FUNCTION_INFO_V1(retention_value_hash);
PG_FUNCTION_INFO_V1(retention_value_hash_extended);

/* ----------------------------------------------------------------
 *		Text and binary I/O, casts
 * ----------------------------------------------------------------
 */

Datum
value_in(const ValueType *type, FunctionCallInfo fcinfo)
{
	struct varlena *value = type->parse(type->type, PG_GETARG_CSTRING(0),
										EscapeContext(fcinfo));

	if (value == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(value);
}

/* Canonical text of argument 0. */
static char *
argument_text(const ValueType *type, FunctionCallInfo fcinfo)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	return type->text(type->type, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

Datum
value_out(const ValueType *type, FunctionCallInfo fcinfo)
{
	PG_RETURN_CSTRING(argument_text(type, fcinfo));
}

Datum
value_to_json(const ValueType *type, FunctionCallInfo fcinfo)
{
	PG_RETURN_TEXT_P(cstring_to_text(argument_text(type, fcinfo)));
}

Datum
value_to_jsonb(const ValueType *type, FunctionCallInfo fcinfo)
{
	return DirectFunctionCall1(jsonb_in,
							   CStringGetDatum(argument_text(type, fcinfo)));
}

/* The payload as it is, once it is known to be in order. */
Datum
value_recv(const ValueType *type, FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);
	struct varlena *value;

	type->check(type->type, payload, len);
	value = palloc(len + VARHDRSZ);
	SET_VARSIZE(value, len + VARHDRSZ);
	memcpy(VARDATA(value), payload, len);
	PG_RETURN_POINTER(value);
}

/* Binary output: the payload as it is. */
Datum
retention_value_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/* ----------------------------------------------------------------
 *		Comparing: by the bytes, an order without further meaning
 * ----------------------------------------------------------------
 */

/* Below, at or above 0 as argument 0 sorts before, with or after 1. */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	Size		alen = VARSIZE_ANY_EXHDR(a);
	Size		blen = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(alen, blen));

	if (result == 0)
		result = (alen > blen) - (alen < blen);

	/* an index must not fill up with detoasted copies */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

/* The same, when it is only asked whether it is 0: lengths tell most apart. */
static bool
arguments_equal(FunctionCallInfo fcinfo)
{
	return toast_raw_datum_size(PG_GETARG_DATUM(0)) ==
		toast_raw_datum_size(PG_GETARG_DATUM(1)) &&
		compare_arguments(fcinfo) == 0;
}

Datum
retention_value_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(arguments_equal(fcinfo));
}

Datum
retention_value_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!arguments_equal(fcinfo));
}

Datum
retention_value_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum
retention_value_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum
retention_value_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum
retention_value_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum
retention_value_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

Datum
retention_value_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(value),
								VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}

Datum
retention_value_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(value),
										 VARSIZE_ANY_EXHDR(value),
										 PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}
