/*
 * tally.h
 *		The state of aggregates that count and add up money: a few exact sums.
 *
 * What a count or a sum stands for is the business of the aggregate; those
 * nobody uses stay 0.  All is integer arithmetic, so rows may come in any
 * order, be divided among workers, and be taken out again.
 */
#ifndef RETENTION_TALLY_H
#define RETENTION_TALLY_H

#include "base/aggregate.h"
#include "base/money.h"

#define TALLY_COUNTS 3
#define TALLY_SUMS 5

/* Arguments that must be the same for all rows of a group. */
typedef enum TallyConstant
{
	TALLY_NO_CONSTANT,
	TALLY_CONFIDENCE,
	TALLY_SATISFIED_FROM
} TallyConstant;

#define TALLY_MAGIC 0x7A11E5

typedef struct Tally
{
	uint32		magic;
	TallyConstant which;		/* what the constant is */
	float8		constant;
	int128		sum[TALLY_SUMS];	/* millionths */
	int64		count[TALLY_COUNTS];
} Tally;

extern Tally *tally_create(MemoryContext context);
extern void tally_constant(Tally *tally, TallyConstant which, float8 value);

/* The state in argument n, which is not NULL. */
static inline Tally *
tally_argument(FunctionCallInfo fcinfo, int n)
{
	Tally	   *tally = (Tally *) PG_GETARG_POINTER(n);

	if (unlikely(tally->magic != TALLY_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not a tally")));
	return tally;
}

/* The state in argument 0 of a transition function, or a new one. */
static inline Tally *
tally_state(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? tally_create(context) : tally_argument(fcinfo, 0);
}

/* The state a final function reads; NULL when there were no rows. */
static inline const Tally *
tally_result(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : tally_argument(fcinfo, 0);
}

#endif							/* RETENTION_TALLY_H */
