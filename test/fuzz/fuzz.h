/*
 * fuzz.h
 *		What the files of the test module share.
 */
#ifndef RETENTION_FUZZ_H
#define RETENTION_FUZZ_H

#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

/* ----------------------------------------------------------------
 *		states.c: support functions of an aggregate, called as one calls them
 * ----------------------------------------------------------------
 */

typedef struct StateCalls
{
	FmgrInfo	deserialize;
	FmgrInfo	combine;
	FmgrInfo	final;
	FmgrInfo	serialize;
	struct AggState *aggregate; /* the context of all calls */
} StateCalls;

/*
 * Look the functions up, in the current memory context.  One that is
 * InvalidOid is not called.
 */
extern void state_calls_init(StateCalls *calls, Oid deserialize, Oid combine,
							 Oid final, Oid serialize);
extern void state_calls_end(StateCalls *calls);

/* Each returns (Datum) 0 and *isnull where the function is strict or says so. */
extern Datum state_deserialize(StateCalls *calls, bytea *bytes, bool *isnull);
extern Datum state_combine(StateCalls *calls, Datum a, bool anull, Datum b,
						   bool bnull, bool *isnull);
extern Datum state_call(StateCalls *calls, FmgrInfo *function, Datum state,
						bool statenull, bool *isnull);

/* ----------------------------------------------------------------
 *		mutate.c
 * ----------------------------------------------------------------
 */

typedef struct Seed
{
	const char *bytes;
	int			len;
} Seed;

#define MUTANT_MAX 131072		/* bytes a mutant has at most */

/* A seed with a few changes, in out; with text it is a text of the database. */
extern void mutate(pg_prng_state *random, const Seed *seeds, int nseeds,
				   bool text, StringInfo out);

#endif							/* RETENTION_FUZZ_H */
