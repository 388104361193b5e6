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

/* How values of a type are read and written; type is given back to each. */
typedef struct ValueType
{
	const void *type;
	/* a text to a value, palloc'd; errors on escape, and then NULL */
	struct varlena *(*parse) (const void *type, const char *text, Node *escape);
	/* its canonical JSON text, palloc'd */
	char	   *(*text) (const void *type, const void *payload, Size len);
	/* error 22P03 for bytes from outside that are none */
	void		(*check) (const void *type, const void *payload, Size len);
} ValueType;

extern Datum value_in(const ValueType *type, FunctionCallInfo fcinfo);
extern Datum value_out(const ValueType *type, FunctionCallInfo fcinfo);
extern Datum value_recv(const ValueType *type, FunctionCallInfo fcinfo);
extern Datum value_to_json(const ValueType *type, FunctionCallInfo fcinfo);
extern Datum value_to_jsonb(const ValueType *type, FunctionCallInfo fcinfo);

/* The SQL functions of the type NAME: input, output, receive, two casts. */
#define VALUE_FUNCTION(name, what, value_type) \
	PG_FUNCTION_INFO_V1(retention_##name##_##what); \
	Datum retention_##name##_##what(PG_FUNCTION_ARGS) \
	{ \
		return value_##what(value_type, fcinfo); \
	} \
	extern int	no_such_variable

#define VALUE_FUNCTIONS(name, value_type) \
	VALUE_FUNCTION(name, in, value_type); \
	VALUE_FUNCTION(name, out, value_type); \
	VALUE_FUNCTION(name, recv, value_type); \
	VALUE_FUNCTION(name, to_json, value_type); \
	VALUE_FUNCTION(name, to_jsonb, value_type)

#endif							/* RETENTION_VALUE_H */
