/*
 * intake.c
 *		From SQL arguments to ledger entries.
 *
 * Customers: integers and uuid are kept exactly, every other hashable type as
 * 128 bits of its own extended hash.  Times: date, timestamp, timestamptz.
 * Amounts: numeric, float, integer, as millionths (money.h).  Domains are
 * looked through.
 */
#include "history/intake.h"

#include "base/aggregate.h"
#include "base/money.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

typedef enum KeyKind
{
	KEY_INT2,
	KEY_INT4,
	KEY_INT8,
	KEY_UUID,
	KEY_BYTES,					/* text whose equality is that of its bytes */
	KEY_LITERAL,				/* unknown literal, read as text */
	KEY_HASHED
} KeyKind;

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

/* Two seeds make the two words of a hashed customer. */
#define SEED_LOW UINT64CONST(0x9E3779B97F4A7C15)
#define SEED_HIGH UINT64CONST(0xC2B2AE3D27D4EB4F)

#define CACHED_CALENDARS 8		/* with a table of days, per call site */

typedef struct CalendarLink
{
	struct CalendarLink *next;
	Calendar   *calendar;
	pg_tz	   *zone;			/* to be found by */
} CalendarLink;

struct Intake
{
	KeyKind		key;
	FmgrInfo	hash;			/* of KEY_HASHED */
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
	uint8		key_words;
	LedgerPool *pool;
	CalendarLink *calendars;
	int			ncalendars;
};

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

/* How to take the customer. */
static void
plan_customer(Intake *intake, FunctionCallInfo fcinfo)
{
	Oid			type = argument_type(fcinfo, 1);
	TypeCacheEntry *entry;

	intake->key_words = 1;
	switch (type)
	{
		case INT2OID:
			intake->key = KEY_INT2;
			return;
		case INT4OID:
			intake->key = KEY_INT4;
			return;
		case INT8OID:
			intake->key = KEY_INT8;
			return;
		default:
			break;
	}
	intake->key_words = 2;
	switch (type)
	{
		case UUIDOID:
			intake->key = KEY_UUID;
			return;
		case UNKNOWNOID:
			intake->key = KEY_LITERAL;
			return;
		case TEXTOID:
		case VARCHAROID:
			if (OidIsValid(PG_GET_COLLATION()) &&
				get_collation_isdeterministic(PG_GET_COLLATION()))
			{
				intake->key = KEY_BYTES;
				return;
			}
			break;
		default:
			break;
	}
	intake->key = KEY_HASHED;
	entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	if (!OidIsValid(entry->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("customers of type %s cannot be told apart",
						format_type_be(type)),
				 errdetail("The type has no extended hash function."),
				 errhint("Cast the customer, for example customer::text.")));
	fmgr_info_copy(&intake->hash, &entry->hash_extended_proc_finfo,
				   fcinfo->flinfo->fn_mcxt);
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
	plan_customer(intake, fcinfo);
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
	settings.key_words = intake->key_words;
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

/* The two words of a customer known by its bytes. */
static inline void
hash_customer_bytes(const char *bytes, int len, uint64 *key)
{
	key[0] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_LOW);
	key[1] = hash_bytes_extended((const unsigned char *) bytes, len, SEED_HIGH);
}

/* The customer's key. */
static inline void
take_customer(Intake *intake, FunctionCallInfo fcinfo, uint64 *key)
{
	switch (intake->key)
	{
		case KEY_INT2:
			key[0] = (uint64) (int64) PG_GETARG_INT16(1);
			break;
		case KEY_INT4:
			key[0] = (uint64) (int64) PG_GETARG_INT32(1);
			break;
		case KEY_INT8:
			key[0] = (uint64) PG_GETARG_INT64(1);
			break;
		case KEY_UUID:
			memcpy(key, PG_GETARG_UUID_P(1)->data, UUID_LEN);
			break;
		case KEY_BYTES:
			{
				text	   *t = PG_GETARG_TEXT_PP(1);

				hash_customer_bytes(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), key);
				break;
			}
		case KEY_LITERAL:
			hash_customer_bytes(PG_GETARG_CSTRING(1),
								strlen(PG_GETARG_CSTRING(1)), key);
			break;
		case KEY_HASHED:
			key[0] = DatumGetUInt64(FunctionCall2Coll(&intake->hash,
													  PG_GET_COLLATION(),
													  PG_GETARG_DATUM(1),
													  UInt64GetDatum(SEED_LOW)));
			key[1] = DatumGetUInt64(FunctionCall2Coll(&intake->hash,
													  PG_GET_COLLATION(),
													  PG_GETARG_DATUM(1),
													  UInt64GetDatum(SEED_HIGH)));
			break;
	}
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
	MemoryContext context = aggregate_context(fcinfo);
	Intake	   *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger;
	uint64		key[2];
	int64		amount = 0;
	bool		at_null;

	if (unlikely(intake == NULL))
		intake = intake_create(fcinfo);
	intake->pool->fcinfo = fcinfo;
	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo, context);
	else
	{
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
	take_customer(intake, fcinfo, key);
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
