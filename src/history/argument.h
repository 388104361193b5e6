/*
 * argument.h
 *		Which types times and amounts may have, and how to take their values.
 *
 * Planned once per call site from the types of its arguments.  Domains are
 * looked through; a literal NULL of unknown type stands for no argument.
 */
#ifndef RETENTION_ARGUMENT_H
#define RETENTION_ARGUMENT_H

#include "base/calendar.h"
#include "base/money.h"
#include "utils/typcache.h"

typedef enum TimeKind
{
	TIME_NONE,					/* a literal NULL */
	TIME_DATE,
	TIME_TIMESTAMP,
	TIME_TIMESTAMPTZ,
	/* ranges, in the same order */
	TIME_DATE_RANGE,
	TIME_TIMESTAMP_RANGE,
	TIME_TIMESTAMPTZ_RANGE
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

static inline bool
time_is_range(TimeKind kind)
{
	return kind >= TIME_DATE_RANGE;
}

/* Are values cut in a zone? */
static inline bool
time_is_instant(TimeKind kind)
{
	return kind == TIME_TIMESTAMPTZ || kind == TIME_TIMESTAMPTZ_RANGE;
}

/* The argument's type, domains looked through; undetermined: error 42P18. */
extern Oid	argument_type(FunctionCallInfo fcinfo, int arg);

/*
 * How to take a time called name; ranges tells whether these may be given.
 * Other types: error 42804.
 */
extern TimeKind plan_time(FunctionCallInfo fcinfo, int arg, const char *name,
						  bool ranges);

/*
 * How to take at as an instant; integers tells whether these may be given:
 * TIME_NONE then, as for a literal NULL.  Other types: error 42804.
 */
extern TimeKind plan_instant(FunctionCallInfo fcinfo, int arg, bool integers);

/*
 * An instant in microseconds, dates at midnight.  Infinite, or a date past the
 * last timestamp: error 22008.
 */
extern int64 take_instant(TimeKind kind, Datum value);

/* The same; false: it would be refused. */
static inline bool
try_instant(TimeKind kind, Datum value, int64 *at)
{
	if (kind == TIME_DATE)
	{
		DateADT		date = DatumGetDateADT(value);

		if (DATE_NOT_FINITE(date) ||
			date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
			return false;
		*at = (int64) date * USECS_PER_DAY;
		return true;
	}
	*at = DatumGetTimestamp(value);
	return !TIMESTAMP_NOT_FINITE(*at);
}

/*
 * How to take an amount; other types: error 42804, hint (or NULL) being that
 * for a time in its place.
 */
extern AmountKind plan_amount(FunctionCallInfo fcinfo, int arg,
							  const char *time_detail, const char *time_hint);

/* Is the argument the same for all rows of the call site? */
extern bool argument_is_constant(FunctionCallInfo fcinfo, int arg);

/* A calendar of plain days, with a table of them when cached. */
extern Calendar *days_create(pg_tz *zone, bool cached, MemoryContext context);

/* Local day (since 2000-01-01) of a time that is no range.  Infinite: 22008. */
static inline int32
take_day(Calendar *days, TimeKind kind, Datum value)
{
	int32		period;

	switch (kind)
	{
		case TIME_DATE:
			if (unlikely(DATE_NOT_FINITE(DatumGetDateADT(value))))
				calendar_refuse_infinite();
			return DatumGetDateADT(value);
		case TIME_TIMESTAMP:
			if (unlikely(TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value))))
				calendar_refuse_infinite();
			return (int32) calendar_floor_div(DatumGetTimestamp(value),
											  USECS_PER_DAY);
		default:
			period = calendar_period_of_timestamptz(days,
													DatumGetTimestampTz(value));
			return period + (int32) days->origin;
	}
}

/* The days a range covers. */
typedef struct DayRange
{
	int32		from;
	int32		to;				/* exclusive */
	bool		empty;			/* from and to mean nothing */
	bool		open;			/* to means nothing: there is no end */
} DayRange;

/*
 * The local days [from, to) of a range: both bounds are cut to days, an
 * inclusive upper one counting a second (dates: a day) later.  A range
 * without start: error 22008.
 */
extern DayRange take_range(Calendar *days, TimeKind kind,
						   TypeCacheEntry *type, Datum value);

/* The range type of a kind, for take_range(); NULL when it is none. */
extern TypeCacheEntry *time_range_type(TimeKind kind);

/* An amount in millionths. */
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
 * The same for those who only look at it: what is wrong, and whether there is
 * something past the sixth decimal.
 */
static inline MoneyFault
try_amount(AmountKind kind, Datum value, int64 *amount, bool *more)
{
	int64		whole;

	*more = false;
	switch (kind)
	{
		case AMOUNT_NUMERIC:
			return money_try_numeric((Numeric) PG_DETOAST_DATUM_PACKED(value),
									 amount, more);
		case AMOUNT_FLOAT8:
			return money_try_float8(DatumGetFloat8(value), amount, more);
		case AMOUNT_FLOAT4:
			/* seven digits: what is past them says nothing of decimals */
			return money_try_float8(DatumGetFloat4(value), amount, &(bool) {false});
		case AMOUNT_INT2:
			whole = DatumGetInt16(value);
			break;
		case AMOUNT_INT4:
			whole = DatumGetInt32(value);
			break;
		case AMOUNT_INT8:
			whole = DatumGetInt64(value);
			break;
		default:
			whole = 0;
			break;
	}
	if (whole >= MONEY_LIMIT || whole <= -MONEY_LIMIT)
		return MONEY_LARGE;
	*amount = whole * MONEY_ONE;
	return MONEY_FITS;
}

/*
 * A number of any type, in millionths: argument arg, called name, which is not
 * NULL.  Other types: error 42804.  Keeps what it finds out on fn_extra.
 */
extern int64 take_number(FunctionCallInfo fcinfo, int arg, const char *name);

#endif							/* RETENTION_ARGUMENT_H */
