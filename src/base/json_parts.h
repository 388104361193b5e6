/*
 * json_parts.h
 *		What the JSON texts of values are made of: dates, counts, amounts,
 *		zones; and how they are read.
 *
 * A text is read by PostgreSQL's own parser, event by event, because a value
 * may well exceed what a jsonb can hold.  The first thing wrong is noted and
 * all that follows is ignored, so that the error can be soft.
 */
#ifndef RETENTION_JSON_PARTS_H
#define RETENTION_JSON_PARTS_H

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "utils/date.h"

/* The first thing wrong with a text; detail is NULL while there is none. */
typedef struct JsonProblem
{
	const char *detail;
	const char *hint;
} JsonProblem;

#define JSON_HINT_COUNT "Counts are whole numbers from 0 to 9223372036854775807."
#define JSON_HINT_DATE "Dates read like \"2024-01-31\", whatever the DateStyle."

/* Note what is wrong, unless something was before. */
extern void json_problem(JsonProblem *problem, const char *detail,
						 const char *hint);

/* Run the parser over the text; hint is that of a text that is not JSON. */
extern void json_read(const char *text, const JsonSemAction *actions,
					  JsonProblem *problem, const char *hint);

/*
 * The error of an input function, 22P02, as input_error() on escape; nothing
 * when there is no problem.
 */
extern void json_report(Node *escape, const char *type,
						const JsonProblem *problem);

/* A flag under the key name; anything else is a problem. */
extern void json_take_flag(JsonProblem *problem, const char *name,
						   JsonTokenType type, uint8 flag, uint8 *flags,
						   const char *hint);

/* A zone as SET timezone takes it, canonical; "" for none. */
extern const char *json_take_zone(JsonProblem *problem, const char *token);

/* A count: digits only, 64 bits.  False when the text is none. */
extern bool count_from_cstring(const char *text, int64 *count);

/*
 * A finite double in as many digits as it needs, whatever extra_float_digits
 * says.
 */
extern void json_put_double(StringInfo out, float8 value);

/* A day in ISO style whatever the DateStyle; palloc'd. */
extern char *date_text(int64 day);

/* Read what date_text() writes.  False when the text is anything else. */
extern bool date_from_cstring(const char *text, DateADT *date);

#endif							/* RETENTION_JSON_PARTS_H */
