/*
 * salt.c
 *		Hashes of words that whoever chose the words cannot foresee.
 */
#include "base/salt.h"

#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"

Salt
salt_draw(void)
{
	Salt		salt;

	salt.add = pg_prng_uint64(&pg_global_prng_state);
	salt.times = pg_prng_uint64(&pg_global_prng_state) | 1;
	return salt;
}

Salt
salt_of_server(void)
{
	const unsigned char *secret = (const unsigned char *) GetMockAuthenticationNonce();
	Salt		salt;

	salt.add = hash_bytes_extended(secret, MOCK_AUTH_NONCE_LEN, 1);
	salt.times = hash_bytes_extended(secret, MOCK_AUTH_NONCE_LEN, 2) | 1;
	return salt;
}

uint64
salt_tag(const Salt *salt)
{
	return salt_hash2(salt, salt->times, salt->add);
}
