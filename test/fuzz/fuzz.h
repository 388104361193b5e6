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

/* ----------------------------------------------------------------
 *		trial.c
 * ----------------------------------------------------------------
 */

#define MAX_STATES 64			/* different SQLSTATEs */

typedef struct Fuzz Fuzz;
typedef void (*FuzzTry) (Fuzz *fuzz);

struct Fuzz
{
	const char *label;
	pg_prng_state random;
	Seed	   *seeds;
	int			nseeds;
	bool		text;
	StringInfoData mutant;
	Datum		allowed;		/* text[] of SQLSTATEs */
	Datum		readers_allowed;
	bool		reading;		/* in a reader */
	struct _SPI_plan **readers;
	int			nreaders;
	/* a type */
	Oid			type;
	FmgrInfo	input;
	FmgrInfo	output;
	FmgrInfo	receive;
	FmgrInfo	send;
	Oid			typioparam;
	/* an aggregate */
	Oid			functions[4];
	StateCalls	calls;
	/* what came of it */
	int64		tried;
	int64		accepted;
	int64		read;
	int64		cancelled;
	int			nstates;
	int			states[MAX_STATES];
	int64		counts[MAX_STATES];
};

/* Something is wrong: say what, and with which mutant. */
extern void fuzz_fail(const Fuzz *fuzz, const char *what)
			__attribute__((noreturn));	/* as all majors write it */

/*
 * Try so many mutants, or until so many seconds are over; returns a line of
 * what came of it.  prepare is called in a new memory context for each batch.
 */
extern text *fuzz_run(Fuzz *fuzz, FuzzTry prepare, FuzzTry one, FuzzTry finish,
					  int64 n, double seconds);

/* Pass a value to one of its readers. */
extern void fuzz_read(Fuzz *fuzz, Datum value);

#endif							/* RETENTION_FUZZ_H */
