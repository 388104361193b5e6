/*
 * value_image.h
 *		Values of any type in the states that workers hand over.
 */
#ifndef RETENTION_VALUE_IMAGE_H
#define RETENTION_VALUE_IMAGE_H

#include "base/wire.h"

/*
 * Write a value that is not NULL, and read it, as the binary form of its type
 * or, where that has none, its text; bytes from outside are checked by the type
 * itself.  A row of no named type is written column by column; an array of such
 * rows is an error of PostgreSQL's, 0A000, where it is read.  The running
 * function keeps in fn_extra how values are written or read.
 */
extern void value_image_put(FunctionCallInfo fcinfo, WireWriter *w, Oid type,
							Datum value);
extern Datum value_image_get(FunctionCallInfo fcinfo, WireReader *r, Oid type);

#endif							/* RETENTION_VALUE_IMAGE_H */
