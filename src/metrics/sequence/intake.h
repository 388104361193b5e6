/*
 * sequence/intake.h
 *		The times that sequence functions take.
 */
#ifndef RETENTION_SEQUENCE_INTAKE_H
#define RETENTION_SEQUENCE_INTAKE_H

#include "catalog/pg_type_d.h"
#include "history/argument_plan.h"
#include "metrics/sequence/pattern.h"

#define HINT_SEQUENCE_EVENTS \
	"Leave out placeholder customers such as guests, and rows that meet no condition."

/* How to take at, of the role ROLE_COUNTER. */
typedef struct SequenceTime
{
	TimeKind	kind;			/* TIME_NONE: an integer */
	Oid			integer;
} SequenceTime;

/* In a plan's prepare function; arg is the number of at. */
extern SequenceTime sequence_time(const ArgumentPlan *args,
								  FunctionCallInfo fcinfo, int arg);

/* The unit of times in a pattern. */
extern SequenceUnit sequence_unit(const SequenceTime *time);

/* A time that is not NULL. */
static inline int64
sequence_take_time(const SequenceTime *time, Datum at)
{
	switch (time->integer)
	{
		case INT2OID:
			return DatumGetInt16(at);
		case INT4OID:
			return DatumGetInt32(at);
		case INT8OID:
			return DatumGetInt64(at);
		default:
			return take_instant(time->kind, at);
	}
}

#endif							/* RETENTION_SEQUENCE_INTAKE_H */
