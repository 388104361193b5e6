/*
 * sequence/intake.c
 *		The times that sequence functions take.
 */
#include "metrics/sequence/intake.h"

/* How to take at. */
SequenceTime
sequence_time(const ArgumentPlan *args, FunctionCallInfo fcinfo, int arg)
{
	SequenceTime time = {args->at, argument_type(fcinfo, arg)};

	if (time.integer != INT2OID && time.integer != INT4OID && time.integer != INT8OID)
		time.integer = InvalidOid;
	return time;
}

/* The unit of times in a pattern. */
SequenceUnit
sequence_unit(const SequenceTime *time)
{
	return time->integer != InvalidOid ? SEQUENCE_INTEGERS :
		time->kind == TIME_DATE ? SEQUENCE_DAYS : SEQUENCE_SECONDS;
}
