/*
 * identity.c
 *		Customers of any type as one or two words that tell them apart.
 *
 * Types whose equality is that of their bytes (the same property that lets
 * btree deduplicate them) go by their bytes: exactly where sixteen bytes
 * suffice, else by two 64-bit hashes of them.  So do numerics and floats,
 * once what does not matter to equality (scale, the sign of zero) is gone.
 * Composite values and arrays go by what they are made of.
 *
 * Everything else goes by its own extended hash function, called with two
 * seeds.  Such functions are made to fill hash tables, which compare values
 * as well, and some of them leave part of the value out whatever the seed
 * (numeric: the sign; 64-bit integers: they fold to 32 bits), which is why
 * they are the last resort.
 */
#include "history/identity.h"

#include <math.h>

#include "access/nbtree.h"
#include "base/numeric_parts.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#define SEED_LOW UINT64CONST(0x9E3779B97F4A7C15)
#define SEED_HIGH UINT64CONST(0xC2B2AE3D27D4EB4F)

#define KEY_BYTES (2 * sizeof(uint64))

/* Does the type's btree operator class promise that equal means equal bytes? */
static bool
equality_is_of_bytes(Oid type, Oid collation)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
	Oid			function;

	if (!OidIsValid(entry->btree_opf))
		return false;
	function = get_opfamily_proc(entry->btree_opf, entry->btree_opintype,
								 entry->btree_opintype, BTEQUALIMAGE_PROC);
	return OidIsValid(function) &&
		(!OidIsValid(entry->typcollation) || OidIsValid(collation)) &&
		DatumGetBool(OidFunctionCall1Coll(function, collation,
										  ObjectIdGetDatum(entry->btree_opintype)));
}

/* The kind of a type that needs no look into the catalogs, or HASHED. */
static IdentityKind
well_known_kind(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return IDENTITY_INT2;
		case INT4OID:
			return IDENTITY_INT4;
		case INT8OID:
			return IDENTITY_INT8;
		case UUIDOID:
			return IDENTITY_UUID;
		case NUMERICOID:
			return IDENTITY_NUMERIC;
		case FLOAT4OID:
			return IDENTITY_FLOAT4;
		case FLOAT8OID:
			return IDENTITY_FLOAT8;
		case UNKNOWNOID:
			return IDENTITY_LITERAL;
		default:
			return IDENTITY_HASHED;
	}
}

/* A new plan for a part of a value. */
static Identity *
plan_part(Oid type, Oid collation, MemoryContext context)
{
	Identity   *part = MemoryContextAllocZero(context, sizeof(Identity));

	identity_plan(part, getBaseType(type), collation, context);
	return part;
}

/* Composite types and arrays: a plan for each of their parts. */
static void
plan_parts(Identity *identity, TypeCacheEntry *entry, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Oid			element = get_element_type(entry->type_id);

	check_stack_depth();
	if (OidIsValid(element))
	{
		identity->kind = IDENTITY_ARRAY;
		identity->type = element;
		identity->nparts = 1;
		identity->parts = palloc(sizeof(Identity *));
		identity->parts[0] = plan_part(element, identity->collation, context);
	}
	else if (entry->typtype == TYPTYPE_COMPOSITE)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc_copy(entry->type_id, -1);

		identity->kind = IDENTITY_COMPOSITE;
		identity->type = entry->type_id;
		identity->desc = desc;
		identity->nparts = desc->natts;
		identity->parts = palloc0(desc->natts * sizeof(Identity *));
		for (int i = 0; i < desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(desc, i);

			if (!att->attisdropped)
				identity->parts[i] = plan_part(att->atttypid,
											   att->attcollation, context);
		}
	}
	MemoryContextSwitchTo(old);
}

/*
 * How to tell customers of a type (no domain) apart.  A type that cannot be
 * hashed is error 42883.
 */
void
identity_plan(Identity *identity, Oid type, Oid collation, MemoryContext context)
{
	TypeCacheEntry *entry;

	identity->collation = collation;
	identity->kind = well_known_kind(type);
	identity->words = identity->kind <= IDENTITY_INT8 ? 1 : 2;
	if (identity->kind != IDENTITY_HASHED)
		return;
	entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	if (equality_is_of_bytes(type, collation))
	{
		identity->len = entry->typlen;
		if (type == BPCHAROID)
			identity->kind = IDENTITY_PADDED;
		else if (entry->typbyval)
		{
			identity->kind = IDENTITY_VALUE;
			identity->words = 1;
		}
		else if (entry->typlen == -1)
			identity->kind = IDENTITY_BYTES;
		else if (entry->typlen > 0)
			identity->kind = IDENTITY_FIXED;
	}
	if (identity->kind != IDENTITY_HASHED)
		return;
	if (!OidIsValid(entry->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("customers of type %s cannot be told apart",
						format_type_be(type)),
				 errdetail("The type has no extended hash function."),
				 errhint("Cast the customer, for example customer::text.")));
	plan_parts(identity, entry, context);
	if (identity->kind != IDENTITY_HASHED)
		return;
	fmgr_info_copy(&identity->hash, &entry->hash_extended_proc_finfo, context);
}

/*
 * A key of bytes: up to fifteen are the key themselves, with their number,
 * more are hashed.
 */
static inline void
take_bytes(const char *bytes, int len, uint64 *key)
{
	if (len < KEY_BYTES)
	{
		uint8	   *last = (uint8 *) key + KEY_BYTES - 1;

		key[0] = key[1] = 0;
		memcpy(key, bytes, len);
		*last = (uint8) len;
		return;
	}
	key[0] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_LOW);
	key[1] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_HIGH);
}

/* A numeric by sign, weight and digits; its scale does not matter. */
static void
take_numeric(Numeric value, uint64 *key)
{
	NumericParts p;
	char		bytes[KEY_BYTES];
	int16		weight;
	int			len;
	uint64		seed;

	numeric_parts(value, &p);
	weight = (int16) p.weight;
	len = p.ndigits * (int) sizeof(int16);
	bytes[0] = (p.negative ? 1 : 0) | (p.finite ? 0 : 2) | (p.nan ? 4 : 0);
	if (3 + len < KEY_BYTES)
	{
		memcpy(bytes + 1, &weight, sizeof(weight));
		memcpy(bytes + 3, p.digits, len);
		take_bytes(bytes, 3 + len, key);
		return;
	}
	seed = (uint64) (uint16) weight << 8 | bytes[0];
	key[0] = hash_bytes_extended((const unsigned char *) p.digits, len,
								 SEED_LOW ^ seed);
	key[1] = hash_bytes_extended((const unsigned char *) p.digits, len,
								 SEED_HIGH ^ seed);
}

/* A float by its bits: one zero, one NaN. */
static void
take_float(float8 value, uint64 *key)
{
	key[1] = 0;
	if (isnan(value))
	{
		key[0] = PG_UINT64_MAX;
		return;
	}
	if (value == 0)
		value = 0.0;
	memcpy(key, &value, sizeof(value));
}

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

/* A composite value by its columns. */
static void
take_composite(Identity *identity, Datum value, uint64 *key)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	Datum	   *values = palloc(identity->nparts * sizeof(Datum));
	bool	   *nulls = palloc(identity->nparts * sizeof(bool));
	HeapTupleData tuple = {0};
	StringInfoData bytes;

	if (HeapTupleHeaderGetTypeId(header) != identity->type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("customer is not of type %s",
						format_type_be(identity->type))));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	heap_deform_tuple(&tuple, identity->desc, values, nulls);
	initStringInfo(&bytes);
	for (int i = 0; i < identity->nparts; i++)
		if (identity->parts[i] != NULL)
			append_part(&bytes, identity->parts[i], values[i], nulls[i]);
	take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
	pfree(values);
	pfree(nulls);
}

/* An array by its bounds and elements. */
static void
take_array(Identity *identity, Datum value, uint64 *key)
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
		append_part(&bytes, identity->parts[0], values[i], nulls[i]);
	take_bytes(bytes.data, bytes.len, key);
	pfree(bytes.data);
	pfree(values);
	pfree(nulls);
}

/* The key of a customer of one of the less common kinds. */
void
identity_take_other(Identity *identity, Datum value, uint64 *key)
{
	struct varlena *v;

	switch (identity->kind)
	{
		case IDENTITY_BYTES:
			v = PG_DETOAST_DATUM_PACKED(value);
			take_bytes(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), key);
			break;
		case IDENTITY_PADDED:
			v = PG_DETOAST_DATUM_PACKED(value);
			take_bytes(VARDATA_ANY(v),
					   bpchartruelen(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)),
					   key);
			break;
		case IDENTITY_FIXED:
			take_bytes(DatumGetPointer(value), identity->len, key);
			break;
		case IDENTITY_NUMERIC:
			take_numeric((Numeric) PG_DETOAST_DATUM_PACKED(value), key);
			break;
		case IDENTITY_FLOAT4:
			take_float(DatumGetFloat4(value), key);
			break;
		case IDENTITY_FLOAT8:
			take_float(DatumGetFloat8(value), key);
			break;
		case IDENTITY_COMPOSITE:
			take_composite(identity, value, key);
			break;
		case IDENTITY_ARRAY:
			take_array(identity, value, key);
			break;
		case IDENTITY_LITERAL:
			take_bytes(DatumGetCString(value), strlen(DatumGetCString(value)),
					   key);
			break;
		default:
			key[0] = DatumGetUInt64(FunctionCall2Coll(&identity->hash,
													  identity->collation, value,
													  UInt64GetDatum(SEED_LOW)));
			key[1] = DatumGetUInt64(FunctionCall2Coll(&identity->hash,
													  identity->collation, value,
													  UInt64GetDatum(SEED_HIGH)));
			break;
	}
}
