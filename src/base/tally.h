/*
 * tally.h
 *		The state of aggregates that count and add up money: a few exact sums.
 *
 * What a count or a sum stands for is the business of the aggregate; those
 * nobody uses stay 0.  All is integer arithmetic, so rows may come in any
 * order, be divided among workers, and be taken out again.
 *
 * The state is a bytea, which steps change in place: a plain type goes from
 * one server to another in whatever way an engine passes states on.  So its
 * bytes may be anybody's, and are looked at before they are used.
 */
#ifndef RETENTION_TALLY_H
#define RETENTION_TALLY_H

#include "base/aggregate.h"
#include "base/money.h"

#define TALLY_COUNTS 4
#define TALLY_SUMS 5

/* Arguments that must be the same for all rows of a group. */
typedef enum TallyConstant
{
	TALLY_NO_CONSTANT,
	TALLY_CONFIDENCE,
	TALLY_SATISFIED_FROM
} TallyConstant;

#define TALLY_MAGIC 0x7A11		/* not the same in another order of bytes */
#define TALLY_VERSION 2

typedef struct Tally
{
	int32		vl_len_;		/* varlena header */
	uint16		magic;
	uint8		version;
	uint8		which;			/* TallyConstant: what the constant is */
	float8		constant;
	int128		sum[TALLY_SUMS];	/* millionths */
	int64		count[TALLY_COUNTS];
} Tally;

extern Tally *tally_create(void);
extern Tally *tally_read(Datum value);
extern const Tally *tally_check(const Tally *tally);
/* A state from outside says what cannot be: error 22P03. */
pg_noreturn extern void tally_refuse(const char *detail);

extern void tally_constant(Tally *tally, TallyConstant which, float8 value);

/* The state in argument n, which is not NULL, or what it says, in a copy. */
static inline Tally *
tally_argument(FunctionCallInfo fcinfo, int n)
{
	Tally	   *tally = (Tally *) PG_GETARG_POINTER(n);

	if (likely(((uintptr_t) tally & (sizeof(int64) - 1)) == 0 &&
			   VARATT_IS_4B_U(tally) &&
			   VARSIZE(tally) == sizeof(Tally) &&
			   tally->magic == TALLY_MAGIC &&
			   tally->version == TALLY_VERSION &&
			   tally->which <= TALLY_SATISFIED_FROM))
		return tally;
	return tally_read(PG_GETARG_DATUM(n));
}

/*
 * The state in argument 0 of a step, or a new one.  Only aggregates have one
 * that may be changed in place: anyone else gets error 0A000.
 */
static inline Tally *
tally_state(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? tally_create() : tally_argument(fcinfo, 0);
}

/* The state a final function reads; NULL when there were no rows. */
static inline const Tally *
tally_result(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : tally_check(tally_argument(fcinfo, 0));
}

#endif							/* RETENTION_TALLY_H */
