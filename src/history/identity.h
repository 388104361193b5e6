/*
 * identity.h
 *		Customers of any type as one or two words that tell them apart.
 */
#ifndef RETENTION_IDENTITY_H
#define RETENTION_IDENTITY_H

#include "base/compat.h"
#include "access/tupdesc.h"

typedef enum IdentityKind
{
	IDENTITY_INT2,
	IDENTITY_INT4,
	IDENTITY_INT8,
	IDENTITY_VALUE,				/* other types passed by value, by their image */
	IDENTITY_UUID,
	IDENTITY_FIXED,				/* by the image of a fixed length */
	IDENTITY_BYTES,				/* by the image of a varlena */
	IDENTITY_PADDED,			/* bpchar: without the spaces at its end */
	IDENTITY_NUMERIC,
	IDENTITY_FLOAT4,
	IDENTITY_FLOAT8,
	IDENTITY_INTERVAL,			/* by the time it spans */
	IDENTITY_JSONB,				/* by its contents */
	IDENTITY_RANGE,				/* by its bounds */
	IDENTITY_MULTIRANGE,
	IDENTITY_COMPOSITE,			/* by the keys of its columns */
	IDENTITY_RECORD,			/* the same, each row says which they are */
	IDENTITY_ARRAY,				/* by its shape and the keys of its elements */
	IDENTITY_LITERAL,			/* unknown literal, read as text */
	IDENTITY_HASHED
} IdentityKind;

typedef struct Identity
{
	IdentityKind kind;
	int			words;			/* 1 or 2 */
	int			len;			/* bytes of IDENTITY_VALUE and _FIXED */
	Oid			collation;
	FmgrInfo	hash;			/* of IDENTITY_HASHED */
	MemoryContext context;		/* of parts */
	int			nparts;			/* of what is made of others */
	struct Identity **parts;	/* of the columns, NULL for a dropped one; of
								 * the elements or bounds: one */
	Oid			type;			/* of rows (_RECORD: the first one), else of
								 * elements */
	int32		typmod;
	TupleDesc	desc;			/* of rows; _RECORD: NULL before the first */
	struct TypeCacheEntry *range;	/* of ranges */
} Identity;

extern void identity_plan(Identity *identity, Oid type, Oid collation,
						  MemoryContext context);
extern void identity_take_other(Identity *identity, Datum value, uint64 *key);

/* The key of a customer who is not NULL, of this kind; key has room for two words. */
static pg_attribute_always_inline void
identity_take_kind(Identity *identity, IdentityKind kind, Datum value,
				   uint64 *key)
{
	switch (kind)
	{
		case IDENTITY_INT2:
			key[0] = (uint64) (int64) DatumGetInt16(value);
			break;
		case IDENTITY_INT4:
			key[0] = (uint64) (int64) DatumGetInt32(value);
			break;
		case IDENTITY_INT8:
			key[0] = (uint64) DatumGetInt64(value);
			break;
		case IDENTITY_VALUE:
			/* bits above the type's own may be either */
			key[0] = (uint64) value << (64 - 8 * identity->len);
			break;
		case IDENTITY_UUID:
			memcpy(key, DatumGetPointer(value), 2 * sizeof(uint64));
			break;
		default:
			identity_take_other(identity, value, key);
			break;
	}
}

/* The key of a customer who is not NULL; key has room for two words. */
static inline void
identity_take(Identity *identity, Datum value, uint64 *key)
{
	identity_take_kind(identity, identity->kind, value, key);
}

/* Are keys had without errors of their own? */
extern bool identity_is_plain(const Identity *identity);

/*
 * The keys of n customers, none of them NULL, each of as many words as the
 * identity says.  row_context is reset for each, where it is needed.
 */
extern void identity_take_many(Identity *identity, const Datum *customers,
							   int n, uint64 *keys, MemoryContext row_context);

#endif							/* RETENTION_IDENTITY_H */
