/*
 * probe.c
 *		The faults that a lane is there to find, to see that it finds them.
 *
 * lanes_probe(1) breaks an assertion, lanes_probe(2) reads the byte behind a
 * palloc'ed chunk, lanes_probe(3) decides on memory that nobody has written.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(lanes_probe);

Datum
lanes_probe(PG_FUNCTION_ARGS)
{
	int32		which = PG_GETARG_INT32(0);
	volatile char *chunk = palloc(21);

	Assert(which != 1);
	if (which == 2)
		PG_RETURN_INT32(chunk[21]);
	if (which == 3 && chunk[7] > 'm')
		PG_RETURN_INT32(1);
	PG_RETURN_INT32(0);
}
