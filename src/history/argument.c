/*
 * argument.c
 *		Which types times and amounts may have, and how to take their values.
 */
#include "history/argument.h"

#include "base/call_site.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"

/*
 * The type of an argument that the caller does not tell, when it can be known
 * otherwise.
 */
static Oid
untold_type(FunctionCallInfo fcinfo, int arg)
{
	Aggref	   *aggref = call_aggref(fcinfo);

	if (aggref == NULL || list_length(aggref->aggargtypes) < arg)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("could not determine the type of argument %d", arg),
				 errdetail("The aggregate takes arguments of several types, and is called by something that does not say which they are."),
				 errhint("Have PostgreSQL aggregate the rows where they are, and add up the results: rollup().")));
	return list_nth_oid(aggref->aggargtypes, arg - 1);
}

/* The argument's type, domains looked through. */
Oid
argument_type(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (fcinfo->flinfo->fn_expr == NULL)
		type = untold_type(fcinfo, arg);
	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of argument %d", arg)));
	return getBaseType(type);
}

/*
 * Is the argument the same for all rows, so that it need not be looked at
 * again?  In an aggregate the function's own expression has only
 * placeholders; the Aggref has the arguments.
 */
bool
argument_is_constant(FunctionCallInfo fcinfo, int arg)
{
	Aggref	   *aggref = call_aggref(fcinfo);
	Node	   *expr;

	if (aggref == NULL || list_length(aggref->args) < arg)
		return false;
	expr = (Node *) lfirst_node(TargetEntry, list_nth_cell(aggref->args, arg - 1))->expr;
	return IsA(expr, Const) ||
		(IsA(expr, Param) && ((Param *) expr)->paramkind == PARAM_EXTERN);
}

/* ----------------------------------------------------------------
 *		Times
 * ----------------------------------------------------------------
 */

/* A range where none belongs, or a multirange. */
static void
refuse_range(const char *name, Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s must be a date, timestamp or timestamptz, not %s",
					name, format_type_be(type)),
			 type_is_multirange(type) ?
			 errhint("Give one row for each of its ranges: CROSS JOIN LATERAL unnest(%s).",
					 name) :
			 errhint("Pass when it begins, lower(%s).", name)));
}

/* How to take a time. */
TimeKind
plan_time(FunctionCallInfo fcinfo, int arg, const char *name, bool ranges)
{
	Oid			type = argument_type(fcinfo, arg);

	switch (type)
	{
		case DATEOID:
			return TIME_DATE;
		case TIMESTAMPOID:
			return TIME_TIMESTAMP;
		case TIMESTAMPTZOID:
			return TIME_TIMESTAMPTZ;
		case DATERANGEOID:
		case TSRANGEOID:
		case TSTZRANGEOID:
			if (!ranges)
				refuse_range(name, type);
			return type == DATERANGEOID ? TIME_DATE_RANGE :
				type == TSRANGEOID ? TIME_TIMESTAMP_RANGE :
				TIME_TIMESTAMPTZ_RANGE;
		case DATEMULTIRANGEOID:
		case TSMULTIRANGEOID:
		case TSTZMULTIRANGEOID:
			refuse_range(name, type);
			break;
		case UNKNOWNOID:
			if (PG_ARGISNULL(arg))
				return TIME_NONE;
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("%s is a literal of unknown type", name),
					 errhint("Say which type it is, for example date '2024-05-17'.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("%s must be a date, timestamp or timestamptz%s, not %s",
							name, ranges ? ", or a range of these" : "",
							format_type_be(type)),
					 errhint("Cast it, for example %s::date; seconds since 1970 become a timestamptz through to_timestamp().",
							 name)));
	}
	return TIME_NONE;			/* keep compiler quiet */
}

/* A calendar of plain days. */
Calendar *
days_create(pg_tz *zone, bool cached, MemoryContext context)
{
	return calendar_create(grain_parse("day", NULL), zone, cached, context);
}

/* The range type of a kind. */
TypeCacheEntry *
time_range_type(TimeKind kind)
{
	if (!time_is_range(kind))
		return NULL;
	return lookup_type_cache(kind == TIME_DATE_RANGE ? DATERANGEOID :
							 kind == TIME_TIMESTAMP_RANGE ? TSRANGEOID :
							 TSTZRANGEOID, TYPECACHE_RANGE_INFO);
}

/* Does a bound stand for no bound? */
static bool
bound_is_infinite(TimeKind kind, const RangeBound *bound)
{
	if (bound->infinite)
		return true;
	return kind == TIME_DATE_RANGE ?
		DATE_NOT_FINITE(DatumGetDateADT(bound->val)) :
		TIMESTAMP_NOT_FINITE(DatumGetTimestamp(bound->val));
}

/* Local day of a finite bound. */
static int32
bound_day(Calendar *days, TimeKind kind, const RangeBound *bound)
{
	Datum		value = bound->val;

	if (kind == TIME_DATE_RANGE)
		return DatumGetDateADT(value) + (!bound->lower && bound->inclusive);
	if (!bound->lower && bound->inclusive)
		value = TimestampGetDatum(DatumGetTimestamp(value) + USECS_PER_SEC);
	return take_day(days, kind - TIME_DATE_RANGE + TIME_DATE, value);
}

/* The local days of a range. */
DayRange
take_range(Calendar *days, TimeKind kind, TypeCacheEntry *type, Datum value)
{
	DayRange	result = {0};
	RangeBound	lower;
	RangeBound	upper;

	range_deserialize(type, DatumGetRangeTypeP(value), &lower, &upper,
					  &result.empty);
	if (result.empty)
		return result;
	if (bound_is_infinite(kind, &lower))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("range has no start"),
				 errdetail("The end of a range may be open, its start may not."),
				 errhint("Filter such rows, or give the first day you know of as the start. Where a LEFT JOIN finds nothing, daterange(NULL, NULL) is without bounds: make it NULL, CASE WHEN starts_on IS NOT NULL THEN daterange(starts_on, ends_on) END.")));
	result.from = bound_day(days, kind, &lower);
	result.open = bound_is_infinite(kind, &upper);
	if (!result.open)
	{
		result.to = bound_day(days, kind, &upper);
		result.empty = result.to <= result.from;
	}
	return result;
}

/* ----------------------------------------------------------------
 *		Amounts
 * ----------------------------------------------------------------
 */

/* How to take a number of a type; AMOUNT_NONE when it is none. */
static AmountKind
kind_of_number(Oid type)
{
	switch (type)
	{
		case NUMERICOID:
			return AMOUNT_NUMERIC;
		case FLOAT8OID:
			return AMOUNT_FLOAT8;
		case FLOAT4OID:
			return AMOUNT_FLOAT4;
		case INT2OID:
			return AMOUNT_INT2;
		case INT4OID:
			return AMOUNT_INT4;
		case INT8OID:
			return AMOUNT_INT8;
		default:
			return AMOUNT_NONE;
	}
}

/* How to take an amount. */
AmountKind
plan_amount(FunctionCallInfo fcinfo, int arg, const char *time_detail,
			const char *time_hint)
{
	Oid			type = argument_type(fcinfo, arg);
	AmountKind	kind = kind_of_number(type);

	if (kind != AMOUNT_NONE)
		return kind;
	switch (type)
	{
		case UNKNOWNOID:
			if (PG_ARGISNULL(arg))
				return AMOUNT_NONE;
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("amount is a literal of unknown type"),
					 errhint("Say which type it is, for example numeric '19.90'.")));
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("amount must be a number, not %s",
							format_type_be(type)),
					 time_detail ? errdetail("%s", time_detail) : 0,
					 errhint("%s", time_hint)));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("amount must be a number, not %s",
							format_type_be(type)),
					 errhint("Cast it, for example amount::numeric.")));
	}
	return AMOUNT_NONE;			/* keep compiler quiet */
}

/* How to take at as an instant. */
TimeKind
plan_instant(FunctionCallInfo fcinfo, int arg, bool integers)
{
	Oid			type = argument_type(fcinfo, arg);

	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			if (integers)
				return TIME_NONE;
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UNKNOWNOID:
			return plan_time(fcinfo, arg, "at", false);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("at must be %sa date, timestamp or timestamptz, not %s",
					integers ? "an integer, " : "", format_type_be(type)),
			 type_is_range(type) || type_is_multirange(type) ?
			 errhint("Pass when it begins, lower(at).") :
			 errhint("Cast it, for example at::%s; seconds since 1970 become a timestamptz through to_timestamp().",
					 integers ? "bigint" : "date")));
}

pg_noreturn static void
refuse_instant(const char *message, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("%s", message),
			 errdetail("%s", detail),
			 errhint("Leave such rows out, or turn the time to NULL.")));
}

/* An instant in microseconds. */
int64
take_instant(TimeKind kind, Datum value)
{
	if (kind == TIME_DATE)
	{
		DateADT		date = DatumGetDateADT(value);

		if (unlikely(DATE_NOT_FINITE(date)))
			refuse_instant("infinite time out of range",
						   "Nothing is a finite time away from it.");
		if (unlikely(date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE))
			refuse_instant("date out of range for timestamp",
						   "It is taken as a timestamp, the last of which is in the year 294276.");
		return date * USECS_PER_DAY;
	}
	if (unlikely(TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value))))
		refuse_instant("infinite time out of range",
					   "Nothing is a finite time away from it.");
	return DatumGetTimestamp(value);
}

#define NUMBERS_MAX 4

/* How to take arguments of any number type; 0, which is none, is not known. */
typedef struct NumberKinds
{
	AmountKind	kinds[NUMBERS_MAX];
} NumberKinds;

StaticAssertDecl(AMOUNT_NONE == 0, "zeros are kinds not known");

static AmountKind
number_kind(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Oid			type = argument_type(fcinfo, arg);
	AmountKind	kind = kind_of_number(type);

	if (kind != AMOUNT_NONE)
		return kind;
	switch (type)
	{
		case UNKNOWNOID:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("%s is a literal of unknown type", name),
					 errhint("Say which type it is, for example numeric '4.5'.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("%s must be a number, not %s", name,
							format_type_be(type)),
					 errhint("Cast it, for example %s::numeric.", name)));
	}
	return AMOUNT_NONE;			/* keep compiler quiet */
}

/* A number of any type, in millionths. */
int64
take_number(FunctionCallInfo fcinfo, int arg, const char *name)
{
	NumberKinds *known = fcinfo->flinfo->fn_extra;

	Assert(arg < NUMBERS_MAX && !PG_ARGISNULL(arg));
	if (unlikely(known == NULL))
		known = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(NumberKinds));
	if (unlikely(known->kinds[arg] == AMOUNT_NONE))
		known->kinds[arg] = number_kind(fcinfo, arg, name);
	return take_amount(known->kinds[arg], PG_GETARG_DATUM(arg));
}
