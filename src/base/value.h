/*
 * value.h
 *		Types whose equal values have equal bytes: what they share.
 *
 * Their stored form is a varlena with either header, whose payload is the
 * same in binary I/O.  The SQL functions in value.c send, compare and hash
 * values of any such type.
 */
#ifndef RETENTION_VALUE_H
#define RETENTION_VALUE_H

#include "base/compat.h"

#include "access/tupdesc.h"

/* A value (palloc'd) with a copy of the payload. */
extern struct varlena *value_from_payload(const void *payload, Size len);

/* The row description of a reader that returns columns. */
extern TupleDesc result_row(FunctionCallInfo fcinfo);

#endif							/* RETENTION_VALUE_H */
