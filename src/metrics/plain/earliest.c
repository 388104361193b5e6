/*
 * plain/earliest.c
 *		The aggregates earliest(value, at) and latest(value, at).
 *
 * A group keeps one value, that of the earliest (latest) row so far.  Of
 * several at the same time it is the smallest, by the default btree operator
 * class of the type; what that class calls equal, such as 1.0 and 1.00, is
 * told apart by its bytes, so that the answer never depends on the order of
 * the rows.  NULL is a value, the largest.
 */
#include "base/value_image.h"
#include "history/argument_plan.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(retention_earliest_transition);
PG_FUNCTION_INFO_V1(retention_latest_transition);
PG_FUNCTION_INFO_V1(retention_earliest_combine);
PG_FUNCTION_INFO_V1(retention_earliest_serialize);
PG_FUNCTION_INFO_V1(retention_earliest_deserialize);
PG_FUNCTION_INFO_V1(retention_earliest_final);

#define EXTREME_MAGIC 0x4541524C

#define EXTREME_LATEST 0x01
#define EXTREME_NULL 0x02
#define EXTREME_FLAGS 0x03

/* State of a group that has a row. */
typedef struct Extreme
{
	uint32		magic;
	bool		latest;
	bool		isnull;
	int64		at;				/* days or microseconds, by the type of at */
	Datum		value;			/* varlena are flat and not compressed */
	TypeCacheEntry *type;
	Oid			collation;		/* of the order: a caller of the combine function
								 * need not know it */
} Extreme;

/* What a call site knows about its arguments. */
typedef struct ExtremePlan
{
	ArgumentPlan args;
	TypeCacheEntry *type;		/* of the value */
} ExtremePlan;

/* ----------------------------------------------------------------
 *		Values
 * ----------------------------------------------------------------
 */

/* A type whose values have an order; error 42883 for others. */
static TypeCacheEntry *
ordered_type(Oid oid)
{
	TypeCacheEntry *type = lookup_type_cache(oid, TYPECACHE_CMP_PROC_FINFO);

	if (!OidIsValid(type->cmp_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("values of type %s have no order", format_type_be(oid)),
				 errdetail("Of several values at the same time the smallest is taken, and the type has no default btree operator class."),
				 errhint("Cast the value, for example value::text.")));
	return type;
}

/* A flat copy in the current context. */
static Datum
copy_value(Datum value, const TypeCacheEntry *type)
{
	if (type->typlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return datumCopy(value, type->typbyval, type->typlen);
}

/* Bytes of a flat value that is passed by reference. */
static inline Size
value_bytes(Datum value, const TypeCacheEntry *type)
{
	return datumGetSize(value, false, type->typlen);
}

/* The order of values that compare as equal: any that is one. */
static int
compare_images(Datum a, Datum b, const TypeCacheEntry *type)
{
	Size		alen;
	Size		blen;
	int			result;

	if (type->typbyval)
		return a < b ? -1 : a > b;
	if (type->typlen == -1)
		b = PointerGetDatum(PG_DETOAST_DATUM(b));
	alen = value_bytes(a, type);
	blen = value_bytes(b, type);
	result = memcmp(DatumGetPointer(a), DatumGetPointer(b), Min(alen, blen));
	return result != 0 ? result : (alen > blen) - (alen < blen);
}

/* Does a value sort before that of the state?  NULL sorts last. */
static bool
value_is_smaller(const Extreme *state, Datum value, bool isnull)
{
	int32		order;

	if (isnull || state->isnull)
		return !isnull && state->isnull;
	order = DatumGetInt32(FunctionCall2Coll(&state->type->cmp_proc_finfo,
											state->collation, state->value,
											value));
	if (order == 0)
		order = compare_images(state->value, value, state->type);
	return order > 0;
}

/* ----------------------------------------------------------------
 *		State
 * ----------------------------------------------------------------
 */

/* A pointer that came through "internal" must be to such a state. */
static Extreme *
extreme_argument(FunctionCallInfo fcinfo, int arg)
{
	Extreme    *state = (Extreme *) PG_GETARG_POINTER(arg);

	if (unlikely(state->magic != EXTREME_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of earliest or latest")));
	return state;
}

/* Put a row into a state, whose memory is in context. */
static void
extreme_set(Extreme *state, int64 at, Datum value, bool isnull,
			MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Datum		copy = isnull ? (Datum) 0 : copy_value(value, state->type);

	MemoryContextSwitchTo(old);
	if (!state->isnull && !state->type->typbyval)
		pfree(DatumGetPointer(state->value));
	state->at = at;
	state->value = copy;
	state->isnull = isnull;
}

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(Extreme) <= 128, "an Extreme is larger than SSPACE says");

/* The state of a group with its first row. */
static Extreme *
extreme_create(bool latest, TypeCacheEntry *type, Oid collation, int64 at,
			   Datum value, bool isnull, MemoryContext context)
{
	Extreme    *state = MemoryContextAlloc(context, sizeof(Extreme));

	state->magic = EXTREME_MAGIC;
	state->latest = latest;
	state->isnull = true;
	state->type = type;
	state->collation = collation;
	extreme_set(state, at, value, isnull, context);
	return state;
}

/* Take a row into a state. */
static void
extreme_take(Extreme *state, int64 at, Datum value, bool isnull,
			 MemoryContext context)
{
	if (at == state->at ? value_is_smaller(state, value, isnull) :
		(at > state->at) == state->latest)
		extreme_set(state, at, value, isnull, context);
}

/* ----------------------------------------------------------------
 *		Aggregate support
 * ----------------------------------------------------------------
 */

/* A time as a number; infinite: error 22008. */
static int64
extreme_time(TimeKind kind, Datum at)
{
	if (kind == TIME_DATE ? DATE_NOT_FINITE(DatumGetDateADT(at)) :
		TIMESTAMP_NOT_FINITE(DatumGetTimestamp(at)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("infinite time out of range"),
				 errdetail("Nothing happened at an infinite time."),
				 errhint("Leave such rows out with FILTER (WHERE isfinite(...)).")));
	return kind == TIME_DATE ? DatumGetDateADT(at) : DatumGetTimestamp(at);
}

static void
extreme_prepare(void *args, FunctionCallInfo fcinfo, const CallSite *site)
{
	ExtremePlan *plan = args;

	plan->type = ordered_type(argument_type(fcinfo, 1));
}

static const uint8 extreme_roles[] = {ROLE_NULLABLE, ROLE_INSTANT};
static const ArgumentForm extreme_form = {
	ARGUMENT_ROLES(extreme_roles), NULL, NULL, sizeof(ExtremePlan),
	extreme_prepare
};

/* One call of a transition function; a NULL time skips the row. */
static Datum
extreme_transition(FunctionCallInfo fcinfo, bool latest)
{
	MemoryContext context = aggregate_context(fcinfo);
	ExtremePlan *plan = argument_plan(fcinfo, &extreme_form);
	Extreme    *state = PG_ARGISNULL(0) ? NULL : extreme_argument(fcinfo, 0);
	int64		at;

	Assert(PG_ARGISNULL(2) == argument_skips(&plan->args, fcinfo));
	if (!PG_ARGISNULL(2))
	{
		at = extreme_time(plan->args.at, PG_GETARG_DATUM(2));
		if (state == NULL)
			state = extreme_create(latest, plan->type, PG_GET_COLLATION(), at,
								   PG_GETARG_DATUM(1), PG_ARGISNULL(1),
								   context);
		else
			extreme_take(state, at, PG_GETARG_DATUM(1), PG_ARGISNULL(1),
						 context);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* (internal, value, at) -> internal */
Datum
retention_earliest_transition(PG_FUNCTION_ARGS)
{
	return extreme_transition(fcinfo, false);
}

/* (internal, value, at) -> internal */
Datum
retention_latest_transition(PG_FUNCTION_ARGS)
{
	return extreme_transition(fcinfo, true);
}

/* Error 22023 unless two states are of the same aggregate and type. */
static void
check_alike(const Extreme *a, Oid type, bool latest)
{
	if (unlikely(a->type->type_id != type || a->latest != latest))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge states of earliest and latest, or of values of different types"),
				 errdetail("The states come from calls of different aggregates, or with different argument types.")));
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_earliest_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Extreme    *into = PG_ARGISNULL(0) ? NULL : extreme_argument(fcinfo, 0);
	Extreme    *from = PG_ARGISNULL(1) ? NULL : extreme_argument(fcinfo, 1);

	if (from != NULL)
	{
		if (into == NULL)
			into = extreme_create(from->latest, from->type, from->collation,
								  from->at, from->value, from->isnull,
								  context);
		else
		{
			check_alike(into, from->type->type_id, from->latest);
			extreme_take(into, from->at, from->value, from->isnull, context);
		}
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/*
 * (internal) -> bytea: uint type, uint collation, byte flags, sint at, then
 * unless it is NULL the value as value_image_put() writes it.
 */
Datum
retention_earliest_serialize(PG_FUNCTION_ARGS)
{
	Extreme    *state;
	uint8		flags;
	WireWriter	w;

	(void) aggregate_context(fcinfo);
	state = extreme_argument(fcinfo, 0);
	flags = (state->latest ? EXTREME_LATEST : 0) |
		(state->isnull ? EXTREME_NULL : 0);
	wire_writer_init(&w, 64, "value of earliest or latest",
					 "SET max_parallel_workers_per_gather = 0 for this query: a serial plan hands nothing over.");
	wire_put(&w, state->type->type_id);
	wire_put(&w, state->collation);
	wire_put_bytes(&w, &flags, 1);
	wire_put_signed(&w, state->at);
	if (!state->isnull)
		value_image_put(fcinfo, &w, state->type->type_id, state->value);
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* The type of a state from outside: error 22P03 when it is none, or has no order. */
static TypeCacheEntry *
get_type(WireReader *r)
{
	Oid			oid = (Oid) wire_get_max(r, PG_UINT32_MAX, "The type is none.");
	TypeCacheEntry *type;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(oid)))
		wire_corrupt(r, "The type is none.");
	type = lookup_type_cache(oid, TYPECACHE_CMP_PROC_FINFO);
	if (!OidIsValid(type->cmp_proc))
		wire_corrupt(r, "Values of the type have no order.");
	return type;
}

/* A collation of a state from outside: error 22P03 when it is none. */
static Oid
get_collation(WireReader *r)
{
	Oid			oid = (Oid) wire_get_max(r, PG_UINT32_MAX, "The collation is none.");

	if (OidIsValid(oid) && !SearchSysCacheExists1(COLLOID, ObjectIdGetDatum(oid)))
		wire_corrupt(r, "The collation is none.");
	return oid;
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_earliest_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Extreme    *state;
	uint8		flags;
	WireReader	r;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					 "earliest or latest");
	state = palloc0(sizeof(Extreme));
	state->magic = EXTREME_MAGIC;
	state->type = get_type(&r);
	state->collation = get_collation(&r);
	flags = *wire_get_bytes(&r, 1);
	if ((flags & ~EXTREME_FLAGS) != 0)
		wire_corrupt(&r, "It has unknown flags.");
	state->latest = (flags & EXTREME_LATEST) != 0;
	state->isnull = (flags & EXTREME_NULL) != 0;
	state->at = wire_get_signed(&r);
	if (!state->isnull)
		state->value = value_image_get(fcinfo, &r, state->type->type_id);
	wire_get_end(&r);
	PG_RETURN_POINTER(state);
}

/*
 * (internal, value, at) -> value: a copy, because a window function's state
 * moves on; NULL without rows.
 */
Datum
retention_earliest_final(PG_FUNCTION_ARGS)
{
	Extreme    *state;
	Oid			type;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = extreme_argument(fcinfo, 0);
	type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	if (OidIsValid(type))
		check_alike(state, getBaseType(type), state->latest);
	if (state->isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(datumCopy(state->value, state->type->typbyval,
							  state->type->typlen));
}
