/*
 * plain/flags.c
 *		Conditions of a row: conditions(VARIADIC "any"), and
 *		retention(VARIADIC boolean[]): did a customer who met the first
 *		condition meet the others, too, at any time?
 *
 * The state of retention is an array without NULLs that tells which conditions were met so
 * far.  Shorter arrays count as filled up with false.
 */
#include "metrics/plain/flags.h"

#include "catalog/pg_type.h"
#include "history/argument.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(retention_conditions);
PG_FUNCTION_INFO_V1(retention_flags_or);
PG_FUNCTION_INFO_V1(retention_flags_final);

/* An array of n booleans that are not set yet, palloc'd. */
static inline ArrayType *
alloc_flags(int n)
{
	Size		size = ARR_OVERHEAD_NONULLS(n > 0 ? 1 : 0) + n;
	ArrayType  *array = palloc(size);

	SET_VARSIZE(array, size);
	array->ndim = n > 0 ? 1 : 0;
	array->dataoffset = 0;
	array->elemtype = BOOLOID;
	if (n > 0)
	{
		ARR_DIMS(array)[0] = n;
		ARR_LBOUND(array)[0] = 1;
	}
	return array;
}

/* The same, all false. */
static ArrayType *
new_flags(int n)
{
	ArrayType  *array = alloc_flags(n);

	memset(ARR_DATA_PTR(array), 0, n);
	return array;
}

/* Set what is true in an array; to is at least as long. */
static void
set_flags(ArrayType *to, ArrayType *from)
{
	Flags		flags;

	flags_begin(&flags, from);
	for (int i; (i = flags_next(&flags)) > 0;)
		ARR_DATA_PTR(to)[i - 1] = true;
}

/* What a call site of conditions passes. */
static const char separately;
static const char as_array;

/* Which it is; conditions are booleans, an untyped NULL is one. */
static const char *
check_conditions(FunctionCallInfo fcinfo)
{
	bool		array = get_fn_expr_variadic(fcinfo->flinfo);

	for (int i = 0; i < PG_NARGS(); i++)
	{
		Oid			type = argument_type(fcinfo, i);

		if (array)
			type = getBaseType(get_element_type(type));
		if (type == BOOLOID || (type == UNKNOWNOID && PG_ARGISNULL(i)))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("condition %d must be a boolean, not %s", i + 1,
						format_type_be(type)),
				 errhint("Pass comparisons, such as event = 'signup'.")));
	}
	return array ? &as_array : &separately;
}

/*
 * (VARIADIC "any") -> boolean[]: conditions as an array.  To have PostgreSQL
 * put one together takes several times as long.
 */
Datum
retention_conditions(PG_FUNCTION_ARGS)
{
	int			n = PG_NARGS();
	ArrayType  *array;
	bool	   *flags;

	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
		fcinfo->flinfo->fn_extra = unconstify(char *, check_conditions(fcinfo));
	if (unlikely(fcinfo->flinfo->fn_extra != &separately))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	/* there is one argument at least */
	array = alloc_flags(n);
	flags = (bool *) ((char *) array + ARR_OVERHEAD_NONULLS(1));
	for (int i = 0; i < n; i++)
		flags[i] = !PG_ARGISNULL(i) && PG_GETARG_BOOL(i);
	PG_RETURN_ARRAYTYPE_P(array);
}

/*
 * Transition and combine function: element by element, whether either is
 * true.  NULL only when both arrays are.
 */
Datum
retention_flags_or(PG_FUNCTION_ARGS)
{
	ArrayType  *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *row = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);
	ArrayType  *result = state;
	Flags		had = {0};
	Flags		has = {0};

	if (row == NULL && state == NULL)
		PG_RETURN_NULL();
	if (state != NULL)
		flags_begin(&had, state);
	if (row != NULL)
		flags_begin(&has, row);

	/* an aggregate's own state, once made here, may be written to */
	if (state == NULL || had.nulls != NULL || has.n > had.n ||
		!AggCheckCallContext(fcinfo, NULL))
	{
		result = new_flags(Max(had.n, has.n));
		if (state != NULL)
			set_flags(result, state);
	}
	if (row != NULL)
		set_flags(result, row);
	PG_RETURN_ARRAYTYPE_P(result);
}

/* The conditions met, all false where the first is: (boolean[]) -> boolean[]. */
Datum
retention_flags_final(PG_FUNCTION_ARGS)
{
	ArrayType  *state = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *result;
	Flags		flags;

	flags_begin(&flags, state);
	result = new_flags(flags.n);
	if (flags_next(&flags) == 1)
		set_flags(result, state);
	PG_RETURN_ARRAYTYPE_P(result);
}
