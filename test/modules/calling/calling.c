/*
 * calling.c
 *		Calls aggregates the way that other engines do.
 *
 * called(how, aggregate, arguments ...) is what the aggregate would be of the
 * same arguments, as an image.  Rows are spread over several states at random.
 * Every call has a FmgrInfo of its own, in memory that is overwritten after the
 * call, and knows the types of arguments only where the aggregate cannot do
 * without.  In the end the states are handed on as bytes (a state of type
 * internal by its serialize function, others by their type's text), put
 * together in any order and by way of any sums of sums, and the final function
 * is called twice.
 *
 * how: the seed of what is random; negative: the types of arguments are never
 * told; 0: nothing is overwritten and there is one state, to measure time.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "parser/parse_agg.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(calling_transition);
PG_FUNCTION_INFO_V1(calling_final);
PG_FUNCTION_INFO_V1(calling_image);

#define MAX_STATES 5
#define FIRST_ARGUMENT 3		/* of called's transition function */
#define ROW_BYTES (64 * 1024)	/* overwritten after every call */

typedef struct Value
{
	Datum		value;
	bool		isnull;
} Value;

/* What the aggregate's catalog entry says, and the states of a group. */
typedef struct Calling
{
	FormData_pg_aggregate form;
	int			nargs;
	bool		tell;			/* some argument is of a pseudotype: tell its type */
	bool		overwrite;
	bool		variadic;
	Oid			types[FUNC_MAX_ARGS];
	Oid			element;		/* of what is declared as anyelement */
	Oid			collation;
	Value		initial;
	int16		len;			/* of the type of the state */
	bool		byval;
	pg_prng_state random;
	int			nstates;
	Value		states[MAX_STATES];
	MemoryContext context;		/* of the group */
	MemoryContext row;			/* of a call */
} Calling;

/* ----------------------------------------------------------------
 *		One call
 * ----------------------------------------------------------------
 */

/* All that a call left behind is gone, and looks so. */
static void
forget_row(Calling *c)
{
	MemoryContext old = MemoryContextSwitchTo(c->row);

	MemoryContextReset(c->row);
	for (int i = 0; c->overwrite && i < ROW_BYTES / 8000; i++)
		memset(palloc(7900), 0x7F, 7900);
	MemoryContextReset(c->row);
	MemoryContextSwitchTo(old);
}

/* The types of arguments, for a transition function that must know them. */
static Node *
types_of_arguments(const Calling *c, Oid function)
{
	Expr	   *expr;

	build_aggregate_transfn_expr((Oid *) c->types, c->nargs, 0,
								 c->variadic, c->form.aggtranstype,
								 c->collation, function, InvalidOid,
								 &expr, NULL);
	return (Node *) expr;
}

/*
 * Call a function with a FmgrInfo of this call alone, in the memory of the
 * row.  A strict function is not called with a NULL.
 */
static Value
call(Calling *c, Oid function, bool transition, const Value *args, int nargs,
	 Node *aggregate)
{
	MemoryContext old = MemoryContextSwitchTo(c->row);
	FmgrInfo   *info = palloc(sizeof(FmgrInfo));
	FunctionCallInfo fcinfo = palloc0(SizeForFunctionCallInfo(nargs));
	Value		result = {(Datum) 0, true};

	fmgr_info_cxt(function, info, c->row);
	if (transition && c->tell)
		fmgr_info_set_expr(types_of_arguments(c, function), info);
	InitFunctionCallInfoData(*fcinfo, info, nargs, c->collation, aggregate,
							 NULL);
	for (int i = 0; i < nargs; i++)
	{
		fcinfo->args[i].value = args[i].value;
		fcinfo->args[i].isnull = args[i].isnull;
		if (args[i].isnull && info->fn_strict)
		{
			MemoryContextSwitchTo(old);
			return result;
		}
	}
	result.value = FunctionCallInvoke(fcinfo);
	result.isnull = fcinfo->isnull;
	MemoryContextSwitchTo(old);
	return result;
}

/* A state that a step returned takes the place of the one before. */
static Value
keep_state(Calling *c, Value before, Value after)
{
	MemoryContext old;

	if (c->byval || (!before.isnull && !after.isnull && after.value == before.value))
		return after;
	old = MemoryContextSwitchTo(c->context);
	if (!after.isnull &&
		(!DatumIsReadWriteExpandedObject(after.value, false, c->len) ||
		 MemoryContextGetParent(DatumGetEOHP(after.value)->eoh_context) != c->context))
		after.value = datumCopy(after.value, false, c->len);
	MemoryContextSwitchTo(old);
	if (before.isnull)
		return after;
	if (DatumIsReadWriteExpandedObject(before.value, false, c->len))
		DeleteExpandedObject(before.value);
	else
		pfree(DatumGetPointer(before.value));
	return after;
}

/* A step: a strict function takes its first value as the state. */
static Value
step(Calling *c, Oid function, bool transition, Value state,
	 const Value *args, int nargs, Node *aggregate)
{
	Value		all[FUNC_MAX_ARGS + 1];

	all[0] = state;
	memcpy(all + 1, args, nargs * sizeof(Value));
	if (func_strict(function))
	{
		for (int i = 0; i < nargs; i++)
			if (args[i].isnull)
				return state;
		if (state.isnull)
			return keep_state(c, state, args[0]);
	}
	return keep_state(c, state, call(c, function, transition, all, nargs + 1,
									 aggregate));
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* The value that states begin with. */
static Value
initial_value(const Calling *c, HeapTuple tuple)
{
	Value		initial;
	Datum		words;
	Oid			input;
	Oid			ioparam;

	words = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval,
						   &initial.isnull);
	initial.value = (Datum) 0;
	if (!initial.isnull)
	{
		getTypeInputInfo(c->form.aggtranstype, &input, &ioparam);
		initial.value = OidInputFunctionCall(input, TextDatumGetCString(words),
											 ioparam, -1);
	}
	return initial;
}

/* The types of the call's arguments must be those of the aggregate's. */
static void
take_types(Calling *c, FunctionCallInfo fcinfo, Oid aggregate)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(aggregate));
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);

	c->nargs = PG_NARGS() - FIRST_ARGUMENT;
	if (proc->pronargs != c->nargs)
		elog(ERROR, "%s takes %d arguments", NameStr(proc->proname),
			 proc->pronargs);
	c->variadic = OidIsValid(proc->provariadic);
	for (int i = 0; i < c->nargs; i++)
	{
		Oid			declared = proc->proargtypes.values[i];

		c->types[i] = get_fn_expr_argtype(fcinfo->flinfo, FIRST_ARGUMENT + i);
		if (declared == ANYELEMENTOID)
			c->element = c->types[i];
		if (get_typtype(declared) == TYPTYPE_PSEUDO)
			c->tell = PG_GETARG_INT32(1) >= 0;
		else if (declared != c->types[i])
			elog(ERROR, "argument %d of %s is of type %s", i + 1,
				 NameStr(proc->proname), format_type_be(declared));
	}
	ReleaseSysCache(tuple);
}

static Calling *
begin(FunctionCallInfo fcinfo, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Calling    *c = palloc0(sizeof(Calling));
	Oid			aggregate = PG_GETARG_OID(2);
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "%u is no aggregate", aggregate);
	c->form = *(Form_pg_aggregate) GETSTRUCT(tuple);
	take_types(c, fcinfo, aggregate);
	c->collation = PG_GET_COLLATION();
	get_typlenbyval(c->form.aggtranstype, &c->len, &c->byval);
	c->initial = initial_value(c, tuple);
	ReleaseSysCache(tuple);
	pg_prng_seed(&c->random, PG_GETARG_INT32(1));
	c->overwrite = PG_GETARG_INT32(1) != 0;
	c->nstates = c->overwrite && OidIsValid(c->form.aggcombinefn) ?
		1 + pg_prng_uint64_range(&c->random, 0, MAX_STATES - 1) : 1;
	c->context = context;
	c->row = AllocSetContextCreate(context, "a call", 2 * ROW_BYTES,
								   2 * ROW_BYTES, 2 * ROW_BYTES);
	for (int i = 0; i < c->nstates; i++)
		c->states[i] = keep_state(c, (Value) {(Datum) 0, true}, c->initial);
	MemoryContextSwitchTo(old);
	return c;
}

/* (internal, how, aggregate, arguments ...) -> internal */
Datum
calling_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Calling    *c;
	Value		args[FUNC_MAX_ARGS];
	Value	   *state;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "calling_transition called outside an aggregate");
	c = PG_ARGISNULL(0) ? begin(fcinfo, context) :
		(Calling *) PG_GETARG_POINTER(0);
	for (int i = 0; i < c->nargs; i++)
	{
		args[i].value = PG_GETARG_DATUM(FIRST_ARGUMENT + i);
		args[i].isnull = PG_ARGISNULL(FIRST_ARGUMENT + i);
	}
	state = &c->states[pg_prng_uint64_range(&c->random, 0, c->nstates - 1)];
	*state = step(c, c->form.aggtransfn, true, *state, args, c->nargs,
				  fcinfo->context);
	forget_row(c);
	PG_RETURN_POINTER(c);
}

/* ----------------------------------------------------------------
 *		States put together
 * ----------------------------------------------------------------
 */

/* A state as bytes, in the group's memory. */
static Value
hand_over(Calling *c, Value state, Node *aggregate)
{
	Value		bytes;
	MemoryContext old;
	Oid			function = c->form.aggserialfn;
	bool		varlena;

	if (state.isnull)
		return state;
	if (c->form.aggtranstype != INTERNALOID)
		getTypeOutputInfo(c->form.aggtranstype, &function, &varlena);
	else if (!OidIsValid(function))
		elog(ERROR, "the state has no serialize function");
	bytes = call(c, function, false, &state, 1, aggregate);
	old = MemoryContextSwitchTo(c->context);
	if (!bytes.isnull)
		bytes.value = datumCopy(bytes.value, false,
								c->form.aggtranstype == INTERNALOID ? -1 : -2);
	MemoryContextSwitchTo(old);
	forget_row(c);
	return bytes;
}

/* The state that bytes are, in the memory of the row. */
static Value
take_over(Calling *c, Value bytes, Node *aggregate)
{
	Value		args[3] = {{(Datum) 0, true}, {(Datum) 0, true}, {(Datum) 0, true}};
	Oid			input;
	Oid			ioparam;

	if (bytes.isnull)
		return bytes;
	args[0] = bytes;
	if (c->form.aggtranstype == INTERNALOID)
	{
		args[1].isnull = false;
		return call(c, c->form.aggdeserialfn, false, args, 2, aggregate);
	}
	getTypeInputInfo(c->form.aggtranstype, &input, &ioparam);
	args[1] = (Value) {ObjectIdGetDatum(ioparam), false};
	args[2] = (Value) {Int32GetDatum(-1), false};
	return call(c, input, false, args, 3, aggregate);
}

/* Add up some of the states, the last ones, from nothing. */
static Value
add_up(Calling *c, Value *bytes, int n, Node *aggregate)
{
	Value		sum = keep_state(c, (Value) {(Datum) 0, true}, c->initial);

	for (int i = 0; i < n; i++)
	{
		Value		state = take_over(c, bytes[i], aggregate);

		sum = step(c, c->form.aggcombinefn, false, sum, &state, 1, aggregate);
		forget_row(c);
	}
	return sum;
}

/* The one state that all of them make. */
static Value
put_together(Calling *c, Node *aggregate)
{
	Value		bytes[MAX_STATES];
	int			n = c->nstates;

	if (!OidIsValid(c->form.aggcombinefn))
		return c->states[0];
	for (int i = 0; i < n; i++)
		bytes[i] = hand_over(c, c->states[i], aggregate);
	for (;;)
	{
		int			some = n == 1 ? 1 : pg_prng_uint64_range(&c->random, 2, n);
		Value		sum;

		for (int i = 0; i < some; i++)
		{
			int			other = pg_prng_uint64_range(&c->random, i, n - 1);
			Value		swap = bytes[i];

			bytes[i] = bytes[other];
			bytes[other] = swap;
		}
		sum = add_up(c, bytes, some, aggregate);
		if (some == n)
			return sum;
		bytes[some - 1] = hand_over(c, sum, aggregate);
		n -= some - 1;
		/* not memmove(), which Valgrind takes for memcpy() here */
		for (int i = 0; i < n; i++)
			bytes[i] = bytes[i + some - 1];
	}
}

/* ----------------------------------------------------------------
 *		Results
 * ----------------------------------------------------------------
 */

/* A value as what it is in memory: its bytes, without headers. */
static bytea *
image(Value v, Oid type)
{
	int16		len;
	bool		byval;
	bytea	   *result;
	const void *data = &v.value;
	Size		size = sizeof(Datum);

	get_typlenbyval(type, &len, &byval);
	if (!byval && len == -1)
	{
		struct varlena *flat = PG_DETOAST_DATUM(v.value);

		data = VARDATA(flat);
		size = VARSIZE(flat) - VARHDRSZ;
	}
	else if (!byval)
	{
		data = DatumGetPointer(v.value);
		size = datumGetSize(v.value, false, len);
	}
	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), data, size);
	return result;
}

/* What the aggregate returns: image, NULL for NULL. */
static bytea *
finish(Calling *c, Value state, Oid aggregate, Node *node)
{
	Value		args[FUNC_MAX_ARGS + 1];
	Oid			type = get_func_rettype(aggregate);
	Value		result = state;
	bytea	   *copy;

	if (OidIsValid(c->form.aggfinalfn))
	{
		args[0] = state;
		for (int i = 1; i <= c->nargs; i++)
			args[i] = (Value) {(Datum) 0, true};
		result = call(c, c->form.aggfinalfn, false, args,
					  c->form.aggfinalextra ? c->nargs + 1 : 1, node);
	}
	if (get_typtype(type) == TYPTYPE_PSEUDO)
		type = c->element;
	copy = result.isnull ? NULL : image(result, type);
	forget_row(c);
	return copy;
}

/* (internal, how, aggregate, arguments ...) -> bytea */
Datum
calling_final(PG_FUNCTION_ARGS)
{
	Calling    *c;
	Value		state;
	bytea	   *once;
	bytea	   *again;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	c = (Calling *) PG_GETARG_POINTER(0);
	state = put_together(c, fcinfo->context);
	once = finish(c, state, c->form.aggfnoid, fcinfo->context);
	again = finish(c, state, c->form.aggfnoid, fcinfo->context);
	if ((once == NULL) != (again == NULL) ||
		(once != NULL && (VARSIZE(once) != VARSIZE(again) ||
						  memcmp(once, again, VARSIZE(once)) != 0)))
		elog(ERROR, "the final function changes the state");
	if (once == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(once);
}

/* ("any") -> bytea: what a value is in memory. */
Datum
calling_image(PG_FUNCTION_ARGS)
{
	Value		v = {PG_GETARG_DATUM(0), false};

	PG_RETURN_BYTEA_P(image(v, get_fn_expr_argtype(fcinfo->flinfo, 0)));
}
