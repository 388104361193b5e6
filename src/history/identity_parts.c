/*
 * identity_parts.c
 *		Customers made of other values: rows, arrays, ranges, documents.
 *
 * The keys of the parts, and whatever else equality sees (NULL, the shape of
 * an array, which bounds belong to a range, how a document nests), are
 * written one after the other, so that different values give different bytes,
 * and these are the value's key or are hashed.
 */
#include "history/identity_internal.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"

/* ----------------------------------------------------------------
 *		Plans
 * ----------------------------------------------------------------
 */

/* A new plan for a part of a value. */
static Identity *
plan_part(Oid type, Oid collation, MemoryContext context)
{
	Identity   *part = MemoryContextAllocZero(context, sizeof(Identity));

	identity_plan(part, getBaseType(type), collation, context);
	return part;
}

/* A plan for each column, which may be dropped. */
static void
plan_columns(Identity *identity, TupleDesc desc)
{
	identity->nparts = desc->natts;
	identity->parts = palloc0(desc->natts * sizeof(Identity *));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped)
			identity->parts[i] = plan_part(att->atttypid, att->attcollation,
										   identity->context);
	}
	/* only now: a type that cannot be told apart is an error above */
	identity->desc = desc;
}

/* A plan for the one kind of part of an array or a range. */
static void
plan_elements(Identity *identity, IdentityKind kind, Oid type, Oid collation)
{
	identity->kind = kind;
	identity->type = type;
	identity->nparts = 1;
	identity->parts = palloc(sizeof(Identity *));
	identity->parts[0] = plan_part(type, collation, identity->context);
}

/*
 * A plan for the bounds of a range type, unless it compares them in a way of
 * its own.
 */
static void
plan_bounds(Identity *identity, IdentityKind kind, TypeCacheEntry *range)
{
	TypeCacheEntry *bound = lookup_type_cache(range->rngelemtype->type_id,
											  TYPECACHE_CMP_PROC);

	if (range->rng_cmp_proc_finfo.fn_oid != bound->cmp_proc)
		return;
	plan_elements(identity, kind, bound->type_id, range->rng_collation);
	identity->range = range;
}

/*
 * Types made of others: a plan for each of the parts.  Of anonymous rows the
 * first one tells what they are made of.
 */
void
identity_plan_parts(Identity *identity, TypeCacheEntry *entry,
					MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Oid			element = get_element_type(entry->type_id);

	check_stack_depth();
	identity->context = context;
	if (entry->type_id == RECORDOID)
		identity->kind = IDENTITY_RECORD;
	else if (OidIsValid(element))
		plan_elements(identity, IDENTITY_ARRAY, element, identity->collation);
	else if (entry->typtype == TYPTYPE_COMPOSITE)
	{
		identity->kind = IDENTITY_COMPOSITE;
		identity->type = entry->type_id;
		identity->typmod = -1;
		plan_columns(identity, lookup_rowtype_tupdesc_copy(entry->type_id, -1));
	}
	else if (entry->typtype == TYPTYPE_RANGE)
		plan_bounds(identity, IDENTITY_RANGE,
					lookup_type_cache(entry->type_id, TYPECACHE_RANGE_INFO));
	else if (entry->typtype == TYPTYPE_MULTIRANGE)
		plan_bounds(identity, IDENTITY_MULTIRANGE,
					lookup_type_cache(entry->type_id,
									  TYPECACHE_MULTIRANGE_INFO)->rngtype);
	MemoryContextSwitchTo(old);
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* Append the key of a part, or that it is NULL. */
static void
append_part(StringInfo bytes, Identity *part, Datum value, bool isnull)
{
	uint64		key[2] = {0, 0};

	appendStringInfoChar(bytes, isnull ? 1 : 0);
	if (!isnull)
		identity_take(part, value, key);
	appendBinaryStringInfo(bytes, (char *) key, sizeof(key));
}

/* Error 42804 unless two rows have columns of the same types. */
static void
check_columns(TupleDesc a, TupleDesc b)
{
	if (a->natts != b->natts)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("customers are rows of different types"),
				 errdetail("One has %d columns, another %d.", a->natts, b->natts),
				 errhint("Give every row the same columns.")));
	for (int i = 0; i < a->natts; i++)
	{
		Form_pg_attribute x = TupleDescAttr(a, i);
		Form_pg_attribute y = TupleDescAttr(b, i);

		if (x->attisdropped != y->attisdropped || x->atttypid != y->atttypid)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("customers are rows of different types"),
					 errdetail("Column %d is of type %s in one and of type %s in another.",
							   i + 1, format_type_be(x->atttypid),
							   format_type_be(y->atttypid)),
					 errhint("Cast the column to the same type in every row.")));
	}
}

/*
 * The columns of an anonymous row, which the row itself names; NULL when they
 * are those of the plan.  Released by the caller.
 */
static TupleDesc
record_columns(Identity *identity, HeapTupleHeader header)
{
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	TupleDesc	desc;

	if (identity->desc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(identity->context);

		plan_columns(identity, lookup_rowtype_tupdesc_copy(type, typmod));
		identity->type = type;
		identity->typmod = typmod;
		MemoryContextSwitchTo(old);
	}
	if (identity->type == type && identity->typmod == typmod)
		return NULL;
	desc = lookup_rowtype_tupdesc(type, typmod);
	check_columns(identity->desc, desc);
	return desc;
}

/* A composite value by its columns. */
void
identity_take_composite(Identity *identity, Datum value, uint64 *key)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	HeapTupleData tuple = {0};
	TupleDesc	desc = NULL;
	StringInfoData bytes;
	Datum	   *values;
	bool	   *nulls;

	if (identity->kind == IDENTITY_RECORD)
		desc = record_columns(identity, header);
	else if (HeapTupleHeaderGetTypeId(header) != identity->type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("customer is not of type %s",
						format_type_be(identity->type))));
	values = palloc(identity->nparts * sizeof(Datum));
	nulls = palloc(identity->nparts * sizeof(bool));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc != NULL ? desc : identity->desc, values, nulls);
	initStringInfo(&bytes);
	for (int i = 0; i < identity->nparts; i++)
		if (identity->parts[i] != NULL)
			append_part(&bytes, identity->parts[i], values[i], nulls[i]);
	identity_take_bytes(bytes.data, bytes.len, key);
	if (desc != NULL)
		ReleaseTupleDesc(desc);
	pfree(bytes.data);
	pfree(values);
	pfree(nulls);
}

/* ----------------------------------------------------------------
 *		Arrays and ranges
 * ----------------------------------------------------------------
 */

/* An array by its bounds and elements. */
void
identity_take_array(Identity *identity, Datum value, uint64 *key)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	StringInfoData bytes;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int16		len;
	bool		byval;
	char		align;

	get_typlenbyvalalign(identity->type, &len, &byval, &align);
	deconstruct_array(array, identity->type, len, byval, align,
					  &values, &nulls, &n);
	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, (char *) ARR_DIMS(array),
						   2 * ARR_NDIM(array) * sizeof(int));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		append_part(&bytes, identity->parts[0], values[i], nulls[i]);
	}
	identity_take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
	pfree(values);
	pfree(nulls);
}

/* Append a bound of a range that is not empty. */
static void
append_bound(StringInfo bytes, Identity *part, const RangeBound *bound)
{
	appendStringInfoChar(bytes, (bound->inclusive ? 1 : 0) |
						 (bound->infinite ? 2 : 0));
	append_part(bytes, part, bound->val, bound->infinite);
}

/* A range by its bounds; types of steps are stored in one form. */
void
identity_take_range(Identity *identity, Datum value, uint64 *key)
{
	StringInfoData bytes;
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(identity->range, DatumGetRangeTypeP(value), &lower,
					  &upper, &empty);
	initStringInfo(&bytes);
	if (!empty)
	{
		append_bound(&bytes, identity->parts[0], &lower);
		append_bound(&bytes, identity->parts[0], &upper);
	}
	identity_take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
}

/* A multirange by its ranges, which are apart and in order. */
void
identity_take_multirange(Identity *identity, Datum value, uint64 *key)
{
	MultirangeType *multirange = DatumGetMultirangeTypeP(value);
	StringInfoData bytes;

	initStringInfo(&bytes);
	for (uint32 i = 0; i < multirange->rangeCount; i++)
	{
		RangeBound	lower;
		RangeBound	upper;

		CHECK_FOR_INTERRUPTS();
		multirange_get_bounds(identity->range, multirange, i, &lower, &upper);
		append_bound(&bytes, identity->parts[0], &lower);
		append_bound(&bytes, identity->parts[0], &upper);
	}
	identity_take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
}

/* ----------------------------------------------------------------
 *		Documents
 * ----------------------------------------------------------------
 */

/* Append a key or value that holds no others. */
static void
append_scalar(StringInfo bytes, const JsonbValue *value)
{
	uint64		key[2];

	appendStringInfoChar(bytes, (char) value->type);
	switch (value->type)
	{
		case jbvString:
			appendBinaryStringInfo(bytes, (const char *) &value->val.string.len,
								   sizeof(int));
			appendBinaryStringInfo(bytes, value->val.string.val,
								   value->val.string.len);
			break;
		case jbvNumeric:
			identity_take_numeric(value->val.numeric, key);
			appendBinaryStringInfo(bytes, (char *) key, sizeof(key));
			break;
		case jbvBool:
			appendStringInfoChar(bytes, value->val.boolean ? 1 : 0);
			break;
		default:
			break;
	}
}

/* A document by its contents: keys are stored in order, each once. */
void
identity_take_jsonb(Datum value, uint64 *key)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	JsonbIterator *it = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	StringInfoData bytes;

	initStringInfo(&bytes);
	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(&bytes, (char) token);
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
			append_scalar(&bytes, &v);
		else if (token == WJB_BEGIN_ARRAY)
			appendStringInfoChar(&bytes, v.val.array.rawScalar ? 1 : 0);
	}
	identity_take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
}
