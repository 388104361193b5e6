/*
 * tally.c
 *		Aggregate support shared by everything that keeps a Tally.
 */
#include "base/tally.h"

#include "base/wire.h"
#include "common/int.h"

PG_FUNCTION_INFO_V1(retention_tally_combine);
PG_FUNCTION_INFO_V1(retention_tally_serialize);
PG_FUNCTION_INFO_V1(retention_tally_deserialize);

/* A state of nothing. */
Tally *
tally_create(MemoryContext context)
{
	Tally	   *tally = MemoryContextAllocZero(context, sizeof(Tally));

	tally->magic = TALLY_MAGIC;
	return tally;
}

/*
 * Remember an argument that must be the same for all rows of a group; another
 * value than before is error 22023.
 */
void
tally_constant(Tally *tally, TallyConstant which, float8 value)
{
	static const char *const names[] = {"", "confidence", "satisfied_from"};

	if (tally->which != TALLY_NO_CONSTANT && tally->constant != value)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be the same for all rows of a group",
						names[which]),
				 errdetail("Both %g and %g were given.", tally->constant,
						   value),
				 errhint("Pass a constant, or add it to GROUP BY.")));
	tally->which = which;
	tally->constant = value;
}

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_tally_combine(PG_FUNCTION_ARGS)
{
	Tally	   *into;
	const Tally *from;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = tally_argument(fcinfo, 1);
	into = tally_state(fcinfo);
	for (int i = 0; i < TALLY_SUMS; i++)
		into->sum[i] += from->sum[i];
	for (int i = 0; i < TALLY_COUNTS; i++)
	{
		if (pg_add_s64_overflow(into->count[i], from->count[i],
								&into->count[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("count out of range")));
	}
	if (from->which != TALLY_NO_CONSTANT)
		tally_constant(into, from->which, from->constant);
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: pack a worker's state. */
Datum
retention_tally_serialize(PG_FUNCTION_ARGS)
{
	const Tally *tally = tally_result(fcinfo);
	WireWriter	w;

	if (tally == NULL)
		PG_RETURN_NULL();
	wire_writer_init(&w, sizeof(Tally), "aggregate state", NULL);
	for (int i = 0; i < TALLY_SUMS; i++)
		wire_put_int128(&w, tally->sum[i]);
	for (int i = 0; i < TALLY_COUNTS; i++)
		wire_put_signed(&w, tally->count[i]);
	wire_put(&w, tally->which);
	wire_put_bytes(&w, &tally->constant, sizeof(tally->constant));
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_tally_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Tally	   *tally;
	WireReader	r;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	tally = tally_create(CurrentMemoryContext);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					 "aggregate state");
	for (int i = 0; i < TALLY_SUMS; i++)
		tally->sum[i] = wire_get_int128(&r);
	for (int i = 0; i < TALLY_COUNTS; i++)
		tally->count[i] = wire_get_signed(&r);
	tally->which = (TallyConstant) wire_get_max(&r, TALLY_SATISFIED_FROM,
												"The kind of its constant is unknown.");
	memcpy(&tally->constant, wire_get_bytes(&r, sizeof(tally->constant)),
		   sizeof(tally->constant));
	wire_get_end(&r);
	PG_RETURN_POINTER(tally);
}
