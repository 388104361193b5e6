/*
 * funnel/readers.h
 *		What funnel_steps() and funnel_trend() say of a step.
 */
#ifndef RETENTION_FUNNEL_READERS_H
#define RETENTION_FUNNEL_READERS_H

#include "base/reader.h"
#include "metrics/funnel/type.h"

enum
{
	STEP_NUMBER, STEP_CUSTOMERS, STEP_OF_FIRST, STEP_OF_PREVIOUS, STEP_MEDIAN,
	STEP_LOW, STEP_HIGH, STEP_PREVIOUS_LOW, STEP_PREVIOUS_HIGH, STEP_MEAN,
	STEP_COLUMNS
};

#define STEP_READER_COLUMNS(at) \
	[(at) + STEP_NUMBER] = {"step", INT4OID}, \
	[(at) + STEP_CUSTOMERS] = {"customers", INT8OID}, \
	[(at) + STEP_OF_FIRST] = {"rate_of_first", FLOAT8OID}, \
	[(at) + STEP_OF_PREVIOUS] = {"rate_of_previous", FLOAT8OID}, \
	[(at) + STEP_MEDIAN] = {"median_time", FLOAT8OID}, \
	[(at) + STEP_LOW] = {"low", FLOAT8OID}, \
	[(at) + STEP_HIGH] = {"high", FLOAT8OID}, \
	[(at) + STEP_PREVIOUS_LOW] = {"previous_low", FLOAT8OID}, \
	[(at) + STEP_PREVIOUS_HIGH] = {"previous_high", FLOAT8OID}, \
	[(at) + STEP_MEAN] = {"mean_time", FLOAT8OID}

/*
 * Put the columns of a step, from column at on; one past the last has nobody,
 * and so has an entry that is NULL.
 */
extern void funnel_put_step(ReaderRow *row, int at, const Funnel *funnel,
							const FunnelEntry *entry, int32 step);

/*
 * The number of steps to show: as many as an argument says, or the funnel has
 * if that are more.  One that cannot be: error 22023.
 */
extern int32 funnel_steps_argument(FunctionCallInfo fcinfo, int arg,
								   const Funnel *funnel);

#endif							/* RETENTION_FUNNEL_READERS_H */
