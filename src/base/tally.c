/*
 * tally.c
 *		Aggregate support shared by everything that keeps a Tally.
 */
#include "base/tally.h"

#include "base/constant.h"
#include "base/rate.h"
#include "common/int.h"

PG_FUNCTION_INFO_V1(retention_tally_combine);

/* Nothing is between the fields, so that equal states have equal bytes. */
StaticAssertDecl(sizeof(Tally) == 16 + TALLY_SUMS * 16 + TALLY_COUNTS * 8,
				 "a tally has no padding");

/* A state of nothing, for the executor to copy to where states live. */
Tally *
tally_create(void)
{
	Tally	   *tally = palloc0(sizeof(Tally));

	SET_VARSIZE(tally, sizeof(Tally));
	tally->magic = TALLY_MAGIC;
	tally->version = TALLY_VERSION;
	return tally;
}

/* Bytes that are no state: error 22P03. */
void
tally_refuse(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of an aggregate"),
			 errdetail("%s", detail),
			 errhint("Such a state is made by the aggregate's own functions, on a server of the same kind.")));
}

/* A copy of a state that is not as it was made: short, compressed, elsewhere. */
Tally *
tally_read(Datum value)
{
	Tally	   *tally = (Tally *) PG_DETOAST_DATUM_COPY(value);

	if (VARSIZE(tally) != sizeof(Tally))
		tally_refuse("Its length is another.");
	if (tally->magic != TALLY_MAGIC || tally->version != TALLY_VERSION)
		tally_refuse("It is of another version, or of a server with another order of bytes.");
	if (tally->which > TALLY_SATISFIED_FROM)
		tally_refuse("The kind of its constant is unknown.");
	return tally;
}

/* A state that a result may be computed of. */
const Tally *
tally_check(const Tally *tally)
{
	if (tally->count[0] < 0)
		tally_refuse("A count is negative.");
	/* the others count some of the first */
	for (int i = 1; i < TALLY_COUNTS; i++)
		if (tally->count[i] < 0 || tally->count[i] > tally->count[0])
			tally_refuse("A count is not within another.");
	if (tally->which == TALLY_CONFIDENCE &&
		(rate_outside(tally->constant) || tally->constant == 0 ||
		 tally->constant == 1))
		tally_refuse("The confidence is not between 0 and 1.");
	return tally;
}

/*
 * Remember an argument that must be the same for all rows of a group; another
 * value than before is error 22023.
 */
void
tally_constant(Tally *tally, TallyConstant which, float8 value)
{
	if (tally->which != TALLY_NO_CONSTANT && tally->constant != value)
		constant_refuse_change(which == TALLY_CONFIDENCE ? CONSTANT_CONFIDENCE :
							   CONSTANT_SATISFIED_FROM,
							   psprintf("%g", tally->constant),
							   psprintf("%g", value));
	tally->which = which;
	tally->constant = value;
}

/* (bytea, bytea) -> bytea: add the second state to the first; strict. */
Datum
retention_tally_combine(PG_FUNCTION_ARGS)
{
	Tally	   *into = tally_state(fcinfo);
	const Tally *from = tally_argument(fcinfo, 1);

	for (int i = 0; i < TALLY_SUMS; i++)
	{
		if (__builtin_add_overflow(into->sum[i], from->sum[i], &into->sum[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum out of range")));
	}
	for (int i = 0; i < TALLY_COUNTS; i++)
	{
		if (pg_add_s64_overflow(into->count[i], from->count[i],
								&into->count[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("count out of range")));
	}
	if (from->which != TALLY_NO_CONSTANT)
		tally_constant(into, (TallyConstant) from->which, from->constant);
	PG_RETURN_POINTER(into);
}
