/*
 * states.c
 *		Support functions of an aggregate, called as an aggregate calls them.
 *
 * From PostgreSQL 15.19 on SQL cannot pass anything, not even NULL, to a
 * function that takes "internal"; and it never could pass bytes of its own to
 * the functions behind an aggregate.  Here they are called in the context of
 * an aggregate node that does nothing else.
 */
#include "fuzz.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(state_result);
PG_FUNCTION_INFO_V1(state_result_outside);

#define MAX_ARGUMENTS 8			/* final functions may take those of the rows */

static void
look_up(FmgrInfo *function, Oid oid)
{
	memset(function, 0, sizeof(*function));
	if (OidIsValid(oid))
		fmgr_info(oid, function);
}

void
state_calls_init(StateCalls *calls, Oid deserialize, Oid combine, Oid final,
				 Oid serialize)
{
	look_up(&calls->deserialize, deserialize);
	look_up(&calls->combine, combine);
	look_up(&calls->final, final);
	look_up(&calls->serialize, serialize);
	calls->aggregate = makeNode(AggState);
	calls->aggregate->ss.ps.state = CreateExecutorState();
	calls->aggregate->curaggcontext = CreateExprContext(calls->aggregate->ss.ps.state);
}

/* As an aggregate ends: its callbacks are called, its memory is given back. */
void
state_calls_end(StateCalls *calls)
{
	FreeExecutorState(calls->aggregate->ss.ps.state);
	pfree(calls->aggregate);
}

/* One call with two arguments, and NULL for those that follow. */
static Datum
call(FmgrInfo *function, fmNodePtr context, Datum a, bool anull, Datum b,
	 bool bnull, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, MAX_ARGUMENTS);
	Datum		result;

	if (function->fn_nargs > MAX_ARGUMENTS)
		elog(ERROR, "function %u has too many arguments", function->fn_oid);
	*isnull = true;
	if (function->fn_strict && anull)
		return (Datum) 0;
	InitFunctionCallInfoData(*fcinfo, function, function->fn_nargs,
							 DEFAULT_COLLATION_OID, context, NULL);
	for (int i = 0; i < MAX_ARGUMENTS; i++)
	{
		fcinfo->args[i].value = (Datum) 0;
		fcinfo->args[i].isnull = true;
	}
	fcinfo->args[0].value = a;
	fcinfo->args[0].isnull = anull;
	fcinfo->args[1].value = b;
	fcinfo->args[1].isnull = bnull;
	result = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

/*
 * The second argument is NULL, which strict functions are called with all the
 * same.  A state that is its own image is not read by any function.
 */
Datum
state_deserialize(StateCalls *calls, bytea *bytes, bool *isnull)
{
	if (!OidIsValid(calls->deserialize.fn_oid))
	{
		*isnull = bytes == NULL;
		return PointerGetDatum(bytes);
	}
	return call(&calls->deserialize, (fmNodePtr) calls->aggregate,
				PointerGetDatum(bytes), bytes == NULL, (Datum) 0, false, isnull);
}

/* A strict one is called only where there are two states. */
Datum
state_combine(StateCalls *calls, Datum a, bool anull, Datum b, bool bnull,
			  bool *isnull)
{
	if (calls->combine.fn_strict && (anull || bnull))
	{
		*isnull = anull && bnull;
		return anull ? b : a;
	}
	return call(&calls->combine, (fmNodePtr) calls->aggregate, a, anull, b,
				bnull, isnull);
}

/* Call a final function, or that which serializes. */
Datum
state_call(StateCalls *calls, FmgrInfo *function, Datum state, bool statenull,
		   bool *isnull)
{
	if (!OidIsValid(function->fn_oid))
	{
		*isnull = statenull;
		return state;
	}
	return call(function, (fmNodePtr) calls->aggregate, state, statenull,
				(Datum) 0, true, isnull);
}

/* The value that a function returned, as text; of no certain type: how long it is. */
static text *
result_text(Oid function, Datum value)
{
	Oid			type = OidIsValid(function) ? get_func_rettype(function) : BYTEAOID;
	Oid			output;
	bool		varlena;

	if (get_typtype(type) == TYPTYPE_PSEUDO)
		return cstring_to_text("a value");
	getTypeOutputInfo(type, &output, &varlena);
	return cstring_to_text(OidOutputFunctionCall(output, value));
}

/*
 * state_result(deserialize oid, combine oid, last oid, VARIADIC bytea[]) ->
 * text: read states, combine all with the first, which is none, and show what
 * the last function makes of them: a final one, or one that serializes.
 */
Datum
state_result(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(3);
	StateCalls	calls;
	Datum	   *states;
	bool	   *nulls;
	int			n;
	Datum		all = (Datum) 0;
	bool		allnull = true;
	bool		isnull;
	text	   *result = NULL;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &states, &nulls, &n);
	state_calls_init(&calls, PG_GETARG_OID(0), PG_GETARG_OID(1),
					 PG_GETARG_OID(2), InvalidOid);
	for (int i = 0; i < n; i++)
	{
		bool		statenull;
		Datum		state = state_deserialize(&calls, nulls[i] ? NULL :
											  DatumGetByteaP(states[i]),
											  &statenull);

		all = state_combine(&calls, all, allnull, state, statenull, &allnull);
	}
	all = state_call(&calls, &calls.final, all, allnull, &isnull);
	if (!isnull)
		result = result_text(PG_GETARG_OID(2), all);
	state_calls_end(&calls);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

/* state_result_outside(oid): a support function called by no aggregate. */
Datum
state_result_outside(PG_FUNCTION_ARGS)
{
	FmgrInfo	function;
	bool		isnull;

	fmgr_info(PG_GETARG_OID(0), &function);
	(void) call(&function, NULL, (Datum) 0, true, (Datum) 0, true, &isnull);
	PG_RETURN_BOOL(isnull);
}
