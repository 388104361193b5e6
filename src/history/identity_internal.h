/*
 * identity_internal.h
 *		What the files of identities show to one another.
 *
 *	identity.c			plans, and values that are one thing
 *	identity_parts.c	values made of others
 */
#ifndef RETENTION_IDENTITY_INTERNAL_H
#define RETENTION_IDENTITY_INTERNAL_H

#include "history/identity.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

/* identity.c */
extern void identity_take_bytes(const char *bytes, int len, uint64 *key);
extern void identity_take_numeric(Numeric value, uint64 *key);

/* identity_parts.c */
extern void identity_plan_parts(Identity *identity, TypeCacheEntry *entry,
								MemoryContext context);
extern void identity_take_composite(Identity *identity, Datum value,
									uint64 *key);
extern void identity_take_array(Identity *identity, Datum value, uint64 *key);
extern void identity_take_range(Identity *identity, Datum value, uint64 *key);
extern void identity_take_multirange(Identity *identity, Datum value,
									 uint64 *key);
extern void identity_take_jsonb(Datum value, uint64 *key);

#endif							/* RETENTION_IDENTITY_INTERNAL_H */
