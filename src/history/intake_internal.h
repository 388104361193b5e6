/*
 * intake_internal.h
 *		What the files of the intake show to one another.
 *
 *	intake.c			call sites, ledgers of groups, row by row
 *	intake_columns.c	many rows at a time
 */
#ifndef RETENTION_INTAKE_INTERNAL_H
#define RETENTION_INTAKE_INTERNAL_H

#include "base/calendar.h"
#include "history/argument_plan.h"
#include "history/intake.h"

typedef struct CalendarLink
{
	struct CalendarLink *next;
	Calendar   *calendar;
	pg_tz	   *zone;			/* to be found by */
} CalendarLink;

typedef struct Intake
{
	ArgumentPlan args;
	int			at_arg;			/* numbers of arguments, 0 for none */
	int			start_arg;
	const Grain *day;			/* the grain ranges are cut with */
	uint8		flags;			/* of the ledgers */
	MemoryContext context;		/* of all this, lives as long as the query */
	LedgerPool *pool;
	CalendarLink *calendars;
	int			ncalendars;
} Intake;

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

/* intake.c */
extern void intake_one_by_one(FunctionCallInfo fcinfo,
							  const Column *const *columns, int from, int to,
							  MemoryContext row_context);

#endif							/* RETENTION_INTAKE_INTERNAL_H */
