/*
 * identity.c
 *		Customers of any type as one or two words that tell them apart.
 *
 * Types whose equality is that of their bytes (the same property that lets
 * btree deduplicate them) go by their bytes: exactly where sixteen bytes
 * suffice, else by two 64-bit hashes of them.  So do numerics and floats,
 * once what does not matter to equality (scale, the sign of zero) is gone,
 * and intervals, by the time they span.  Rows, arrays, ranges and documents go
 * by what they are made of (identity_parts.c).
 *
 * Everything else goes by its own extended hash function, called with two
 * seeds.  Such functions are made to fill hash tables, which compare values
 * as well, and some of them leave part of the value out whatever the seed
 * (numeric: the sign; 64-bit integers: they fold to 32 bits; ranges and jsonb
 * are made of these), which is why they are the last resort.  Of core types
 * only text under a collation that is not deterministic gets there, and ranges
 * of it or with an order of their own.
 *
 * The seeds are no secret, on purpose: keys of one customer must agree between
 * servers whose states are put together.  Whoever works at it may find two
 * long texts with one key; then two customers of his own making are counted
 * as one.  That makes nothing slow (salt.h), and finding a second text for a
 * customer who is there already is another matter: 128 bits.
 */
#include "history/identity_internal.h"

#include <math.h>

#include "access/nbtree.h"
#include "base/aggregate.h"
#include "base/numeric_parts.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

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

/*
 * The kind of a type by the function that hashes it: other types may share
 * those of core types, and what they see of a value is all there is to see.
 */
static IdentityKind
kind_of_hash(const TypeCacheEntry *entry)
{
	switch (entry->hash_extended_proc)
	{
		case F_HASHINT8EXTENDED:
		case F_HASHINT4EXTENDED:
		case F_HASHINT2EXTENDED:
		case F_HASHOIDEXTENDED:
		case F_HASHENUMEXTENDED:
		case F_TIMESTAMP_HASH_EXTENDED:
		case F_TIME_HASH_EXTENDED:
		case F_PG_LSN_HASH_EXTENDED:
			return entry->typbyval ? IDENTITY_VALUE : IDENTITY_HASHED;
		case F_TIMETZ_HASH_EXTENDED:
		case F_HASH_ACLITEM_EXTENDED:
			return entry->typlen > 0 && !entry->typbyval ? IDENTITY_FIXED :
				IDENTITY_HASHED;
		case F_HASH_NUMERIC_EXTENDED:
			return IDENTITY_NUMERIC;
		case F_INTERVAL_HASH_EXTENDED:
			return IDENTITY_INTERVAL;
		case F_JSONB_HASH_EXTENDED:
			return IDENTITY_JSONB;
		default:
			return IDENTITY_HASHED;
	}
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
	/* of anonymous rows nobody knows before the first whether they have one */
	if (!OidIsValid(entry->hash_extended_proc) && type != RECORDOID &&
		type != RECORDARRAYOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("customers of type %s cannot be told apart",
						format_type_be(type)),
				 errdetail("The type has no extended hash function."),
				 errhint("Cast the customer, for example customer::text.")));
	identity->kind = kind_of_hash(entry);
	identity->len = entry->typlen;
	if (identity->kind == IDENTITY_VALUE)
		identity->words = 1;
	if (identity->kind != IDENTITY_HASHED)
		return;
	identity_plan_parts(identity, entry, context);
	if (identity->kind != IDENTITY_HASHED)
		return;
	fmgr_info_copy(&identity->hash, &entry->hash_extended_proc_finfo, context);
}

/* Eight bytes, or the first n of them and zeros, as a word. */
static inline uint64
load_word(const char *bytes)
{
	uint64		word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline uint64
load_part(const char *bytes, int n)
{
	uint64		word = 0;

	for (int i = 0; i < n; i++)
		((char *) &word)[i] = bytes[i];
	return word;
}

/* A key of few bytes: these, and their number in the last byte. */
static inline void
take_few_bytes(const char *bytes, int len, uint64 *key)
{
	if (len >= sizeof(uint64))
	{
		key[0] = load_word(bytes);
#ifdef WORDS_BIGENDIAN
		key[1] = load_part(bytes + 8, len - 8);
#else
		/* the last eight of them, without those that the first word has */
		key[1] = len == 8 ? 0 : load_word(bytes + len - 8) >> (8 * (16 - len));
#endif
	}
	else
	{
		key[0] = load_part(bytes, len);
		key[1] = 0;
	}
	((uint8 *) key)[KEY_BYTES - 1] = (uint8) len;
}

/*
 * A key of bytes: up to fifteen are the key themselves, with their number,
 * more are hashed.
 */
void
identity_take_bytes(const char *bytes, int len, uint64 *key)
{
	if (len < KEY_BYTES)
	{
		take_few_bytes(bytes, len, key);
		return;
	}
	key[0] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_LOW);
	key[1] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_HIGH);
}

/* A numeric by sign, weight and digits; its scale does not matter. */
void
identity_take_numeric(Numeric value, uint64 *key)
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
		identity_take_bytes(bytes, 3 + len, key);
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

/* An interval by the time it spans when a month has 30 days, a day 24 hours. */
static void
take_interval(const Interval *value, uint64 *key)
{
	int128		span = value->time;

	span += ((int128) value->month * DAYS_PER_MONTH + value->day) *
		USECS_PER_DAY;
	key[0] = (uint64) span;
	key[1] = (uint64) (span >> 64);
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
			identity_take_bytes(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), key);
			break;
		case IDENTITY_PADDED:
			v = PG_DETOAST_DATUM_PACKED(value);
			identity_take_bytes(VARDATA_ANY(v),
					   bpchartruelen(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)),
					   key);
			break;
		case IDENTITY_FIXED:
			identity_take_bytes(DatumGetPointer(value), identity->len, key);
			break;
		case IDENTITY_NUMERIC:
			identity_take_numeric((Numeric) PG_DETOAST_DATUM_PACKED(value), key);
			break;
		case IDENTITY_FLOAT4:
			take_float(DatumGetFloat4(value), key);
			break;
		case IDENTITY_FLOAT8:
			take_float(DatumGetFloat8(value), key);
			break;
		case IDENTITY_INTERVAL:
			take_interval(DatumGetIntervalP(value), key);
			break;
		case IDENTITY_JSONB:
			identity_take_jsonb(value, key);
			break;
		case IDENTITY_RANGE:
			identity_take_range(identity, value, key);
			break;
		case IDENTITY_MULTIRANGE:
			identity_take_multirange(identity, value, key);
			break;
		case IDENTITY_COMPOSITE:
		case IDENTITY_RECORD:
			identity_take_composite(identity, value, key);
			break;
		case IDENTITY_ARRAY:
			identity_take_array(identity, value, key);
			break;
		case IDENTITY_LITERAL:
			identity_take_bytes(DatumGetCString(value), strlen(DatumGetCString(value)),
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

/* ----------------------------------------------------------------
 *		Many at a time
 * ----------------------------------------------------------------
 */

bool
identity_is_plain(const Identity *identity)
{
	switch (identity->kind)
	{
		case IDENTITY_INT2:
		case IDENTITY_INT4:
		case IDENTITY_INT8:
		case IDENTITY_VALUE:
		case IDENTITY_UUID:
		case IDENTITY_FIXED:
		case IDENTITY_BYTES:
		case IDENTITY_PADDED:
		case IDENTITY_NUMERIC:
		case IDENTITY_FLOAT4:
		case IDENTITY_FLOAT8:
			return true;
		default:
			return false;
	}
}

/* Those of one kind. */
static pg_attribute_always_inline void
take_keys(Identity *identity, IdentityKind kind, int words,
		  const Datum *customers, int n, uint64 *keys)
{
	for (int i = 0; i < n; i++)
	{
		uint64		key[2] = {0, 0};

		identity_take_kind(identity, kind, customers[i], key);
		keys[i * words] = key[0];
		if (words == 2)
			keys[i * words + 1] = key[1];
	}
}

/* Those of texts and the like: mostly short, and where they lie. */
static void
take_bytes_keys(Identity *identity, const Datum *customers, int n,
				uint64 *keys, MemoryContext row_context)
{
	for (int i = 0; i < n; i++)
	{
		const char *value = DatumGetPointer(customers[i]);

		if (likely(VARATT_IS_1B(value) && !VARATT_IS_1B_E(value) &&
				   VARSIZE_1B(value) - VARHDRSZ_SHORT < KEY_BYTES))
		{
			take_few_bytes(VARDATA_1B(value),
						   VARSIZE_1B(value) - VARHDRSZ_SHORT, &keys[2 * i]);
			continue;
		}
		row_context_reset(row_context);
		identity_take_other(identity, customers[i], &keys[2 * i]);
	}
}

void
identity_take_many(Identity *identity, const Datum *customers, int n,
				   uint64 *keys, MemoryContext row_context)
{
	switch (identity->kind)
	{
		case IDENTITY_INT4:
			take_keys(identity, IDENTITY_INT4, 1, customers, n, keys);
			break;
		case IDENTITY_INT8:
			take_keys(identity, IDENTITY_INT8, 1, customers, n, keys);
			break;
		case IDENTITY_UUID:
			take_keys(identity, IDENTITY_UUID, 2, customers, n, keys);
			break;
		case IDENTITY_BYTES:
			take_bytes_keys(identity, customers, n, keys, row_context);
			break;
		default:
			for (int i = 0; i < n; i++)
			{
				row_context_reset(row_context);
				take_keys(identity, identity->kind, identity->words,
						  &customers[i], 1, &keys[i * identity->words]);
			}
			break;
	}
}
