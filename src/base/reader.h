/*
 * reader.h
 *		Readers by table: SQL functions that return columns or lines.
 *
 * A reader is a table of its columns and, where it returns a set, two
 * functions: begin() takes the arguments once, next() makes one row a call,
 * so that nobody pays for rows that a LIMIT leaves.  The row type that the
 * caller declares is compared with the table: an SQL script of another version
 * than the library gives error 42804, never rows of the wrong shape.
 */
#ifndef RETENTION_READER_H
#define RETENTION_READER_H

#include "base/compat.h"

#include "base/money.h"
#include "base/rate.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/date.h"

/* The name as the SQL script declares it, and the type. */
typedef struct ReaderColumn
{
	const char *name;
	Oid			type;
} ReaderColumn;

#define READER_MAX_COLUMNS 32

/* A row being made; all columns are NULL until they are put. */
typedef struct ReaderRow
{
	const struct Reader *reader;
	int64		number;			/* of rows before it */
	Datum		values[READER_MAX_COLUMNS];
	bool		nulls[READER_MAX_COLUMNS];
} ReaderRow;

typedef struct Reader
{
	const ReaderColumn *columns;	/* one without a name: a plain value */
	int			ncolumns;

	/* Of a set: there are no rows when one of so many arguments is NULL. */
	int			needed;

	/*
	 * The state from the arguments, in memory that lasts for all rows; NULL
	 * for no rows.  arg is what reader_rows() was given.
	 */
	void	   *(*begin) (FunctionCallInfo fcinfo, const void *arg);

	/* Put the next row; false after the last. */
	bool		(*next) (void *state, ReaderRow *row);
} Reader;

#define READER_ROW(columns) \
	{(columns), lengthof(columns), 0, NULL, NULL}
#define READER_SET(columns, needed, begin, next) \
	{(columns), lengthof(columns), (needed), (begin), (next)}

/* Body of a function that returns a set. */
extern Datum reader_rows(const Reader *reader, FunctionCallInfo fcinfo,
						 const void *arg);

/*
 * Of one that returns an array of rows: those of the reader, whose state is
 * arg.  NULL where there are none.
 */
extern Datum reader_array(const Reader *reader, FunctionCallInfo fcinfo,
						  void *arg);

/* Of one that returns a row: an empty one, and what to return at the end. */
extern void reader_row_begin(ReaderRow *row, const Reader *reader);
extern Datum reader_row_datum(ReaderRow *row, FunctionCallInfo fcinfo);

/* ----------------------------------------------------------------
 *		Putting values
 * ----------------------------------------------------------------
 */

static inline void
row_put(ReaderRow *row, int column, Oid type, Datum value)
{
	Assert(column < row->reader->ncolumns);
	Assert(row->reader->columns[column].type == type);
	row->values[column] = value;
	row->nulls[column] = false;
}

static inline void
row_bool(ReaderRow *row, int column, bool value)
{
	row_put(row, column, BOOLOID, BoolGetDatum(value));
}

static inline void
row_int32(ReaderRow *row, int column, int64 value)
{
	row_put(row, column, INT4OID, Int32GetDatum((int32) value));
}

static inline void
row_int64(ReaderRow *row, int column, int64 value)
{
	row_put(row, column, INT8OID, Int64GetDatum(value));
}

static inline void
row_float8(ReaderRow *row, int column, float8 value)
{
	row_put(row, column, FLOAT8OID, Float8GetDatum(value));
}

static inline void
row_date(ReaderRow *row, int column, DateADT value)
{
	row_put(row, column, DATEOID, DateADTGetDatum(value));
}

static inline void
row_numeric(ReaderRow *row, int column, Numeric value)
{
	row_put(row, column, NUMERICOID, NumericGetDatum(value));
}

static inline void
row_text(ReaderRow *row, int column, const char *value)
{
	row_put(row, column, TEXTOID, CStringGetTextDatum(value));
}

static inline void
row_money(ReaderRow *row, int column, int128 scaled)
{
	row_numeric(row, column, money_to_numeric(scaled));
}

/* part / whole; NULL when the whole is 0. */
static inline void
row_rate(ReaderRow *row, int column, int64 part, int64 whole)
{
	if (whole != 0)
		row_float8(row, column, rate_ratio(part, whole));
}

/* The same of amounts, as a share and as an amount for each. */
static inline void
row_money_share(ReaderRow *row, int column, int128 part, int128 whole)
{
	if (whole != 0)
		row_float8(row, column, money_share(part, whole));
}

static inline void
row_money_ratio(ReaderRow *row, int column, int128 scaled, int64 divisor)
{
	if (divisor != 0)
		row_numeric(row, column, money_ratio(scaled, divisor));
}

#endif							/* RETENTION_READER_H */
