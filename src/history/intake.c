/*
 * intake.c
 *		From SQL arguments to ledger entries.
 *
 * Customers are told apart in identity.c.  Times: date, timestamp, timestamptz.
 * Amounts: numeric, float, integer, as millionths (money.h).  Domains are
 * looked through.
 */
#include "history/intake.h"

#include "base/aggregate.h"
#include "base/calendar.h"
#include "base/money.h"
#include "catalog/pg_type.h"
#include "history/identity.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef enum TimeKind
{
	TIME_NONE,					/* a literal NULL */
	TIME_DATE,
	TIME_TIMESTAMP,
	TIME_TIMESTAMPTZ
} TimeKind;

typedef enum AmountKind
{
	AMOUNT_NONE,				/* no argument, or a literal NULL */
	AMOUNT_NUMERIC,
	AMOUNT_FLOAT8,
	AMOUNT_FLOAT4,
	AMOUNT_INT2,
	AMOUNT_INT4,
	AMOUNT_INT8
} AmountKind;

#define CACHED_CALENDARS 8		/* with a table of days, per call site */

typedef struct CalendarLink
{
	struct CalendarLink *next;
	Calendar   *calendar;
	pg_tz	   *zone;			/* to be found by */
} CalendarLink;

typedef struct Intake
{
	Identity	customer;
	TimeKind	start;
	TimeKind	at;
	AmountKind	amount;
	int			start_arg;		/* argument numbers, 0 for none */
	int			at_arg;
	int			amount_arg;
	int			grain_arg;
	bool		grain_constant;
	bool		instants;		/* some time is a timestamptz */
	uint8		flags;			/* of the ledgers */
	LedgerPool *pool;
	CalendarLink *calendars;
	int			ncalendars;
} Intake;

/* The argument's type, domains looked through. */
static Oid
argument_type(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of argument %d", arg)));
	return getBaseType(type);
}

/* How to take a time. */
static TimeKind
plan_time(FunctionCallInfo fcinfo, int arg, const char *name)
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
					 errmsg("%s must be a date, timestamp or timestamptz, not %s",
							name, format_type_be(type)),
					 errhint("Cast it, for example %s::date; seconds since 1970 become a timestamptz through to_timestamp().",
							 name)));
	}
	return TIME_NONE;			/* keep compiler quiet */
}

/* How to take an amount. */
static AmountKind
plan_amount(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = argument_type(fcinfo, arg);

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
					 PG_NARGS() == 5 ?
					 errdetail("The third of four arguments is the amount.") : 0,
					 errhint("To give a start and no amount, call cohort_matrix(customer, started_at, at, NULL, grain).")));
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

/*
 * Is the grain the same for all rows, so that it need not be looked at again?
 * In an aggregate the function's own expression has only placeholders; the
 * Aggref has the arguments.
 */
static bool
grain_is_constant(FunctionCallInfo fcinfo, int arg)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);
	Node	   *expr;

	if (aggref == NULL || list_length(aggref->args) < arg)
		return false;
	expr = (Node *) lfirst_node(TargetEntry, list_nth_cell(aggref->args, arg - 1))->expr;
	return IsA(expr, Const) ||
		(IsA(expr, Param) && ((Param *) expr)->paramkind == PARAM_EXTERN);
}

/* Work out the types of this call site, once. */
static Intake *
intake_create(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	Intake	   *intake = palloc0(sizeof(Intake));
	int			nargs = PG_NARGS();

	intake->grain_arg = nargs - 1;
	intake->start_arg = nargs == 6 ? 2 : 0;
	intake->at_arg = nargs == 6 ? 3 : 2;
	intake->amount_arg = nargs == 6 ? 4 : nargs == 5 ? 3 : 0;
	identity_plan(&intake->customer, argument_type(fcinfo, 1),
				  PG_GET_COLLATION(), fcinfo->flinfo->fn_mcxt);
	if (intake->start_arg)
		intake->start = plan_time(fcinfo, intake->start_arg, "started_at");
	intake->at = plan_time(fcinfo, intake->at_arg, "at");
	if (intake->amount_arg)
		intake->amount = plan_amount(fcinfo, intake->amount_arg);
	intake->grain_constant = grain_is_constant(fcinfo, intake->grain_arg);
	intake->instants = intake->start == TIME_TIMESTAMPTZ ||
		intake->at == TIME_TIMESTAMPTZ;
	intake->flags = (intake->amount != AMOUNT_NONE ? LEDGER_MONEY : 0) |
		(intake->start_arg ? LEDGER_STARTED : 0);
	intake->pool = ledger_pool_create(fcinfo->flinfo->fn_mcxt);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = intake;
	return intake;
}

/* The grain of this row; NULL is error 22004. */
static Grain *
grain_argument(const Intake *intake, FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(intake->grain_arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("grain must not be NULL"),
				 errhint("Pass a grain such as 'month' or 'week starting sunday'.")));
	return PG_GETARG_GRAIN(intake->grain_arg);
}

/*
 * The calendar of a grain, made once per call site.  Past the first few
 * grains they belong to the group and do without a table of days.
 */
static Calendar *
find_calendar(Intake *intake, const Grain *grain, pg_tz *zone,
			  FunctionCallInfo fcinfo, MemoryContext context)
{
	CalendarLink *link;

	for (link = intake->calendars; link != NULL; link = link->next)
		if (link->zone == zone && grain_equal(link->calendar->grain, grain))
			return link->calendar;
	if (intake->ncalendars >= CACHED_CALENDARS)
		return calendar_create(grain, zone, false, context);
	link = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(CalendarLink));
	link->calendar = calendar_create(grain, zone, true,
									 fcinfo->flinfo->fn_mcxt);
	link->zone = zone;
	link->next = intake->calendars;
	intake->calendars = link;
	intake->ncalendars++;
	return link->calendar;
}

/* Begin the ledger of a group. */
static Ledger *
open_ledger(Intake *intake, FunctionCallInfo fcinfo, MemoryContext context)
{
	Grain	   *grain = grain_argument(intake, fcinfo);
	pg_tz	   *zone = NULL;
	LedgerSettings settings;
	Ledger	   *ledger;
	Calendar   *calendar;

	/* dates and timestamps are local already: no zone has a part in them */
	if (intake->instants)
	{
		zone = grain_zone_lookup(grain);
		if (zone == NULL)
			zone = session_timezone;
	}
	calendar = find_calendar(intake, grain, zone, fcinfo, context);
	settings.grain = calendar->grain;
	settings.zone = zone ? pg_get_timezone_name(zone) : "";
	settings.flags = intake->flags;
	settings.key_words = intake->customer.words;
	ledger = ledger_create(&settings, intake->pool, context, 0);
	ledger->calendar = calendar;
	return ledger;
}

/* The grain may differ from group to group, never within one: 22023. */
static void
check_grain(const Intake *intake, const Ledger *ledger, FunctionCallInfo fcinfo)
{
	Grain	   *grain = grain_argument(intake, fcinfo);

	if (!grain_equal(grain, ledger->settings.grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grain must be the same for all rows of a group"),
				 errdetail("Both \"%s\" and \"%s\" were given.",
						   grain_to_cstring(ledger->settings.grain),
						   grain_to_cstring(grain)),
				 errhint("Add the grain to GROUP BY.")));
}

/* A time as the ledger counts it: period or, under since start, moment. */
static inline int64
take_time(Calendar *calendar, TimeKind kind, Datum value)
{
	if (unlikely(grain_is_since_start(calendar->grain)))
		switch (kind)
		{
			case TIME_DATE:
				return calendar_moment_of_date(calendar, DatumGetDateADT(value));
			case TIME_TIMESTAMP:
				return calendar_moment_of_timestamp(calendar, DatumGetTimestamp(value));
			default:
				return calendar_moment_of_timestamptz(calendar, DatumGetTimestampTz(value));
		}
	switch (kind)
	{
		case TIME_DATE:
			return calendar_period_of_date(calendar, DatumGetDateADT(value));
		case TIME_TIMESTAMP:
			return calendar_period_of_timestamp(calendar, DatumGetTimestamp(value));
		default:
			return calendar_period_of_timestamptz(calendar, DatumGetTimestampTz(value));
	}
}

/* The amount in millionths. */
static inline int64
take_amount(AmountKind kind, Datum value)
{
	switch (kind)
	{
		case AMOUNT_NUMERIC:
			return money_from_numeric((Numeric) PG_DETOAST_DATUM_PACKED(value));
		case AMOUNT_FLOAT8:
			return money_from_float8(DatumGetFloat8(value));
		case AMOUNT_FLOAT4:
			return money_from_float4(DatumGetFloat4(value));
		case AMOUNT_INT2:
			return money_from_int64(DatumGetInt16(value));
		case AMOUNT_INT4:
			return money_from_int64(DatumGetInt32(value));
		case AMOUNT_INT8:
			return money_from_int64(DatumGetInt64(value));
		case AMOUNT_NONE:
			break;
	}
	return 0;
}

/*
 * One call of a transition function: take the row into the group's ledger,
 * made on the first.  A NULL customer or time skips the row, a NULL amount is
 * an event worth nothing, a negative amount corrects revenue and is no order.
 */
Ledger *
intake_row(FunctionCallInfo fcinfo)
{
	Intake	   *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger;
	uint64		key[2] = {0, 0};
	int64		amount = 0;
	bool		at_null;

	if (unlikely(intake == NULL))
	{
		(void) aggregate_context(fcinfo);
		intake = intake_create(fcinfo);
	}
	intake->pool->fcinfo = fcinfo;
	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo, aggregate_context(fcinfo));
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = (Ledger *) PG_GETARG_POINTER(0);
		ledger_check(ledger);
		if (!intake->grain_constant)
			check_grain(intake, ledger, fcinfo);
	}

	at_null = PG_ARGISNULL(intake->at_arg);
	if (PG_ARGISNULL(1) || (at_null && intake->start_arg == 0))
		return ledger;
	/* checked even where the row says nothing more */
	if (intake->amount != AMOUNT_NONE && !PG_ARGISNULL(intake->amount_arg))
		amount = take_amount(intake->amount,
							 PG_GETARG_DATUM(intake->amount_arg));
	identity_take(&intake->customer, PG_GETARG_DATUM(1), key);
	if (intake->start_arg && !PG_ARGISNULL(intake->start_arg))
		ledger_add(ledger, key,
				   ledger_when(take_time(ledger->calendar, intake->start,
										 PG_GETARG_DATUM(intake->start_arg)),
							   LEDGER_START), 0);
	if (!at_null)
		ledger_add(ledger, key,
				   ledger_when(take_time(ledger->calendar, intake->at,
										 PG_GETARG_DATUM(intake->at_arg)),
							   amount < 0 ? 0 : 1), amount);
	return ledger;
}
