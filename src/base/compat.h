/*
 * compat.h
 *		What every file includes first: PostgreSQL's own headers and the
 *		differences between its major versions.
 *
 * Every #if on PG_VERSION_NUM lives here and nowhere else.
 */
#ifndef RETENTION_COMPAT_H
#define RETENTION_COMPAT_H

#if defined(__SIZEOF_POINTER__) && __SIZEOF_POINTER__ < 8
#error "retention needs a 64-bit server: this build is for another machine"
#elif !defined(__SIZEOF_INT128__)
#error "retention needs a compiler with 128-bit integers, such as gcc or clang"
#endif

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "retention needs PostgreSQL 15 or later: name its pg_config with PG_CONFIG="
#endif

#include "common/jsonapi.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/nodes.h"

#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#endif

#ifndef HAVE_INT128
#error "retention needs a PostgreSQL server that was built with 128-bit integers"
#endif

/*
 * Soft errors arrived with PostgreSQL 16.  Before that an input function
 * always throws: EscapeContext(fcinfo) is NULL and input_error() is ereport.
 * input_error() returns where the error was soft; what the caller returns
 * then stands after it.
 */
#if PG_VERSION_NUM >= 160000
#define EscapeContext(fcinfo) ((fcinfo)->context)
#define input_error(escape, ...) errsave((escape), __VA_ARGS__)
#else
#define EscapeContext(fcinfo) ((Node *) NULL)
#define input_error(escape, ...) \
	do { (void) (escape); ereport(ERROR, __VA_ARGS__); } while (0)
#endif

/* PostgreSQL 18 turned the attribute round: it stands before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* From PostgreSQL 18 on a module says who it is (pg_get_loaded_modules). */
#if PG_VERSION_NUM >= 180000
#define MODULE_MAGIC(module, release) \
	PG_MODULE_MAGIC_EXT(.name = (module), .version = (release))
#else
#define MODULE_MAGIC(module, release) PG_MODULE_MAGIC
#endif

/* PostgreSQL 18 split the header of EXPLAIN. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/* From PostgreSQL 18 on an entry of a hash table by tuples hides its addition. */
#if PG_VERSION_NUM >= 180000
#define hash_entry_addition(table, entry) TupleHashEntryGetAdditional((table), (entry))
#else
#define hash_entry_addition(table, entry) ((void) (table), (entry)->additional)
#endif

/* From PostgreSQL 16 on the planner leaves out keys of GROUP BY that are no use. */
#if PG_VERSION_NUM >= 160000
#define group_clause(root) ((root)->processed_groupClause)
#else
#define group_clause(root) ((root)->parse->groupClause)
#endif

/*
 * The callbacks of pg_parse_json return void before PostgreSQL 16, a parse
 * result from there on; the lexer is built in place from 17 on.
 */
#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType JsonActionResult;
#define JSON_ACTION_RETURN return JSON_SUCCESS
#else
typedef void JsonActionResult;
#define JSON_ACTION_RETURN return
#endif

#if PG_VERSION_NUM >= 170000
#define json_lexer(text, len) \
	makeJsonLexContextCstringLen(NULL, (text), (len), GetDatabaseEncoding(), true)
#else
#define json_lexer(text, len) \
	makeJsonLexContextCstringLen((text), (len), GetDatabaseEncoding(), true)
#endif

/*
 * From PostgreSQL 17 on the two outermost intervals stand for infinity.  They
 * do here under every major, so that what one of them stores the next can read.
 */
#if PG_VERSION_NUM < 170000
static inline bool
interval_is(const Interval *i, int32 month, int32 day, int64 time)
{
	return i->month == month && i->day == day && i->time == time;
}
#define INTERVAL_NOT_FINITE(i) \
	(interval_is((i), PG_INT32_MAX, PG_INT32_MAX, PG_INT64_MAX) || \
	 interval_is((i), PG_INT32_MIN, PG_INT32_MIN, PG_INT64_MIN))
#endif

#endif							/* RETENTION_COMPAT_H */
