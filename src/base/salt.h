/*
 * salt.h
 *		Hashes of words that whoever chose the words cannot foresee.
 *
 * What customers, times and amounts are is for others to choose, so a table
 * whose hash is known can be made to have one long chain.  Every table here
 * draws a salt of its own; only parts of a ledger, which workers must agree
 * on, go by one salt for the whole server.  No result depends on a salt.
 *
 * A word is brought to another by a secret bijection, multiply-add, two words
 * by the product of the UMAC's NH hash (Black, Halevi, Krawczyk, Krovetz,
 * Rogaway 1999), where two different pairs have one product for at most one
 * of 2^64 salts.  Both are then mixed by a known finisher, so that all bits
 * are good.
 */
#ifndef RETENTION_SALT_H
#define RETENTION_SALT_H

#include "base/compat.h"

typedef struct Salt
{
	uint64		add;
	uint64		times;			/* odd */
} Salt;

/* A salt for one table. */
extern Salt salt_draw(void);

/*
 * The salt of this server, the same in all its processes: made of the secret
 * that initdb drew for it.
 */
extern Salt salt_of_server(void);

/* Tells salts apart without showing them. */
extern uint64 salt_tag(const Salt *salt);

/* A bijection whose bits all depend on all (David Stafford's "Mix13"). */
static inline uint64
salt_mix(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Hash of a word; different words have different ones. */
static inline uint64
salt_hash(const Salt *salt, uint64 x)
{
	return salt_mix((x + salt->add) * salt->times);
}

/* Hash of two words. */
static inline uint64
salt_hash2(const Salt *salt, uint64 x, uint64 y)
{
	uint128		product = (uint128) (x + salt->add) * (y + salt->times);

	return salt_mix((uint64) product ^ (uint64) (product >> 64));
}

/* Hash of a text; eight bytes at a time go through that of a word. */
static inline uint64
salt_hash_text(const Salt *salt, const char *text, int len)
{
	uint64		hash = (uint64) len;

	for (int i = 0; i < len; i += 8)
	{
		uint64		bytes = 0;

		memcpy(&bytes, text + i, Min(len - i, 8));
		hash = salt_hash(salt, hash ^ bytes);
	}
	return hash;
}

#endif							/* RETENTION_SALT_H */
