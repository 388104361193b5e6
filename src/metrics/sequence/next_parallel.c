/*
 * sequence/next_parallel.c
 *		sequence_next in parallel plans: states put together and handed over.
 */
#include "metrics/sequence/next.h"

#include "base/aggregate.h"
#include "base/value_image.h"
#include "base/wire.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(retention_sequence_next_combine);
PG_FUNCTION_INFO_V1(retention_sequence_next_serialize);
PG_FUNCTION_INFO_V1(retention_sequence_next_deserialize);

#define NEXT_STATE_WHAT "parallel aggregate state"

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_sequence_next_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	NextState  *from;
	NextState  *into;
	MemoryContext old;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = next_state_argument(fcinfo, 1);
	into = PG_ARGISNULL(0) ? next_state_create(&from->rules, &from->type, context) :
		next_state_argument(fcinfo, 0);
	next_check_rules(&into->rules, &from->rules);
	next_check_type(into, from->type.type);
	if (from->nconditions >= 0)
		next_check_conditions(into, from->nconditions);
	for (Size i = 0; i < from->n; i++)
	{
		NextRow		row = from->rows[i];

		CHECK_FOR_INTERRUPTS();
		next_reserve_row(into);
		old = MemoryContextSwitchTo(into->context);
		row.event = next_copy_event(row.event, &into->type);
		row.beyond = bms_copy(row.beyond);
		MemoryContextSwitchTo(old);
		into->rows[into->n++] = row;
	}
	PG_RETURN_POINTER(into);
}

/*
 * (internal) -> bytea: uint type, byte of direction (bit 0) and base, uint
 * conditions + 1, uint rows, and for each: sint at, byte whether it may be the
 * base, uint conditions 1 to 64, uint how many others, these as distances from
 * the one before, and the event as value_image_put() writes it.
 */
Datum
retention_sequence_next_serialize(PG_FUNCTION_ARGS)
{
	NextState  *state;
	WireWriter	w;
	uint8		byte;

	(void) aggregate_context(fcinfo);
	state = next_state_argument(fcinfo, 0);
	wire_writer_init(&w, 64 + state->n * 16, NEXT_STATE_WHAT,
					 "SET max_parallel_workers_per_gather = 0 for this query.");
	wire_put(&w, state->type.type);
	byte = (uint8) (state->rules.backward | state->rules.base << 1);
	wire_put_bytes(&w, &byte, 1);
	wire_put(&w, state->nconditions + 1);
	wire_put(&w, state->n);
	for (Size i = 0; i < state->n; i++)
	{
		const NextRow *row = &state->rows[i];
		int			before = -1;

		CHECK_FOR_INTERRUPTS();
		wire_put_signed(&w, row->at);
		byte = row->may_be_base;
		wire_put_bytes(&w, &byte, 1);
		wire_put(&w, row->met);
		wire_put(&w, bms_num_members(row->beyond));
		for (int b = -1; (b = bms_next_member(row->beyond, b)) >= 0; before = b)
			wire_put(&w, b - before - 1);
		value_image_put(fcinfo, &w, state->type.type, row->event);
	}
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* A row of a packed state. */
static void
get_row(FunctionCallInfo fcinfo, WireReader *r, NextState *state, NextRow *row)
{
	uint8		base;
	uint64		others;
	uint64		other = 0;

	row->at = wire_get_signed(r);
	base = *wire_get_bytes(r, 1);
	if (base > 1)
		wire_corrupt(r, "It has unknown flags.");
	row->may_be_base = base != 0;
	row->met = wire_get(r);
	others = wire_get_max(r, r->end - r->at, "There are too many conditions.");
	row->beyond = NULL;
	for (uint64 i = 0; i < others; i++, other++)
	{
		CHECK_FOR_INTERRUPTS();
		other += wire_get_max(r, PG_INT32_MAX, "There is no such condition.");
		if (64 + other >= (uint64) Max(state->nconditions, 0))
			wire_corrupt(r, "There is no such condition.");
		row->beyond = bms_add_member(row->beyond, (int) other);
	}
	row->event = value_image_get(fcinfo, r, state->type.type);
}

/* (bytea, internal) -> internal */
Datum
retention_sequence_next_deserialize(PG_FUNCTION_ARGS)
{
	NextState  *state;
	NextRules	rules;
	NextType	type;
	bytea	   *bytes;
	WireReader	r;
	uint8		byte;
	Size		n;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), NEXT_STATE_WHAT);
	type.type = (Oid) wire_get_max(&r, PG_UINT32_MAX, "The type is none.");
	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type.type)))
		wire_corrupt(&r, "The type is none.");
	get_typlenbyval(type.type, &type.len, &type.by_value);
	byte = *wire_get_bytes(&r, 1);
	rules.backward = (byte & 1) != 0;
	rules.base = (NextBase) (byte >> 1);
	if (byte >> 1 > BASE_LAST_MATCH ||
		rules.base == (rules.backward ? BASE_HEAD : BASE_TAIL))
		wire_corrupt(&r, "The header is not of this version.");
	state = next_state_create(&rules, &type, CurrentMemoryContext);
	state->nconditions = (int) wire_get_max(&r, PG_INT32_MAX, "There are too many conditions.") - 1;
	/* a row takes five bytes at least */
	n = wire_get_max(&r, (r.end - r.at) / 5, "There are too many events.");
	state->rows = palloc_extended(Max(n, 1) * sizeof(NextRow), MCXT_ALLOC_HUGE);
	state->size = Max(n, 1);
	for (; state->n < n; state->n++)
	{
		CHECK_FOR_INTERRUPTS();
		get_row(fcinfo, &r, state, &state->rows[state->n]);
	}
	wire_get_end(&r);
	PG_RETURN_POINTER(state);
}
