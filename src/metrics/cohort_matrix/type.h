/*
 * cohort_matrix/type.h
 *		The type cohort_matrix as the metrics room sees it.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which needs no alignment and is the same in storage, in binary I/O
 * and in hashes:
 *
 *	byte	version (2)
 *	byte	flags (MATRIX_*)
 *	uint	length of the grain's canonical words, then these bytes
 *	uint	length of the zone's name, then these bytes; 0 when no instant was
 *			cut in a zone
 *	sint	last: period (of the cohort rows' unit) the data end in
 *	uint	number of cohorts, at least 1; then for each, in period order:
 *		sint	period (first cohort), uint	distance from the one before (> 0)
 *		uint	size (> 0)
 *		uint	number of cells; then for each, in order of age:
 *			uint	age (first cell), else distance from the one before (> 0)
 *			uint	active; with changes (below) sint
 *			uint	last_active
 *			uint	streak_end
 *			uint	orders, unless MATRIX_LEVELS or MATRIX_RECURRING
 *			sint	revenue in millionths (128 bits), only with MATRIX_MONEY
 *			sint	kept, sint base, likewise, only with changes
 *
 * A cell with nothing in it is not stored, nor is a cohort without customers.
 * With MATRIX_LEVELS, unless recurring, cells hold changes: active and revenue
 * are what is added to the age before, and customers whose level has no end
 * have no last age.  There with MATRIX_STARTED who is not active at age 1 ends
 * the streak at age 0.
 * MATRIX_RECURRING goes with plain calendar grains, and of levels with neither
 * MATRIX_MONEY nor MATRIX_STARTED.  No cell and no cohort lies past "last",
 * except with MATRIX_LEVELS, where the data end with the last day on which a
 * level above zero begins or grows.
 */
#ifndef RETENTION_COHORT_MATRIX_TYPE_H
#define RETENTION_COHORT_MATRIX_TYPE_H

#include "base/calendar.h"
#include "base/money.h"
#include "base/record.h"
#include "common/int.h"

#define MATRIX_MONEY 0x01		/* built with an amount argument */
#define MATRIX_STARTED 0x02		/* cohorts by started_at: age 0 may be idle */
#define MATRIX_RECURRING 0x04	/* every active period, or period with a
								 * start, is a cohort */
#define MATRIX_LEVELS 0x08		/* from ranges: no orders */

/*
 * Revenues of a matrix, each taken without its sign, add up to no more than
 * so many millionths (1e31 units; 1e22 with MATRIX_LEVELS, where each counts
 * at all later ages), so that no sum of them overflows.  No table has rows
 * enough to get there.
 */
static inline int128
matrix_revenue_max(uint8 flags)
{
	int128		levels = (int128) INT64CONST(10000000000) *
		INT64CONST(1000000000000000000);

	return flags & MATRIX_LEVELS ? levels : levels * 1000000000;
}

typedef struct MatrixCell
{
	int128		revenue;		/* net amount at this age, in millionths; or
								 * its change */
	int128		kept;			/* change of what is kept of the base */
	int128		base;			/* and of the base: the first level above zero
								 * at the end of an age, of each customer */
	int64		active;			/* customers active at this age; or its change */
	int64		last_active;	/* customers whose last active age this is */
	int64		streak_end;		/* customers active at every age up to here
								 * (from age 1 with MATRIX_STARTED) and not
								 * at the next */
	int64		orders;
	int32		age;
} MatrixCell;

typedef struct MatrixCohort
{
	int32		period;
	int64		size;
	int64		ncells;
	MatrixCell *cells;			/* in order of age */
} MatrixCohort;

typedef struct Matrix
{
	uint8		flags;
	Grain	   *grain;
	const char *zone;			/* "" when no instant was cut in a zone */
	int32		last;
	int64		ncohorts;
	MatrixCohort *cohorts;		/* in order of period */
} Matrix;

/* Sums over cohorts, which must fit their types. */
typedef struct MatrixTotals
{
	int64		size;
	int64		orders;
	int128		revenue;		/* of absolute values */
	int128		gross;			/* of kept and base likewise */
} MatrixTotals;

/* Are orders counted? */
static inline bool
matrix_has_orders(const Matrix *matrix)
{
	return (matrix->flags & (MATRIX_LEVELS | MATRIX_RECURRING)) == 0;
}

/*
 * Do cells hold changes from the age before instead of what is there?  A
 * level may have no end, and must not need a cell at every age.
 */
static inline bool
matrix_has_changes(uint8 flags)
{
	return (flags & (MATRIX_LEVELS | MATRIX_RECURRING)) == MATRIX_LEVELS;
}

/*
 * Where cells hold changes, the customers active at some age: those with a last
 * age, and those active for ever.
 */
static inline int64
matrix_changes_later(const MatrixCohort *cohort)
{
	int64		later = 0;

	for (int64 i = 0; i < cohort->ncells; i++)
		later += cohort->cells[i].last_active + cohort->cells[i].active;
	return later;
}

/* Is it known how much of the first levels is kept? */
static inline bool
matrix_has_gross(uint8 flags)
{
	return (flags & MATRIX_MONEY) != 0 && matrix_has_changes(flags);
}

/*
 * Are revenues added up over ages?  In a recurring matrix a customer is in
 * several cohorts, and the same revenue in a cell of each.
 */
static inline bool
matrix_sums_money(const Matrix *matrix)
{
	return (matrix->flags & (MATRIX_MONEY | MATRIX_RECURRING)) == MATRIX_MONEY;
}

/* Is there money to read? */
static inline bool
matrix_has_money(const Matrix *matrix)
{
	return (matrix->flags & MATRIX_MONEY) != 0;
}

/*
 * Write a matrix cohort by cohort: ncohorts of them, in order of period; past
 * 1 GB error 54000.  The caller has left out empty cells and vouches for
 * everything else, but for periods before the first date PostgreSQL has: error
 * 22008.
 */
extern void matrix_writer_begin(RecordWriter *w, const Matrix *head,
								int32 first_period);

/*
 * Decode and validate a value; any inconsistency is error 22P03 (22P02 for
 * words that are no grain).  Nothing in the result points into the input.
 */
extern Matrix *matrix_from_varlena(const struct varlena *value);

/*
 * The same cohort by cohort.  Each one's cells are palloc'd, what is in the
 * head stays; false after the last.
 */
typedef struct MatrixReader
{
	RecordInput input;
	Matrix		head;			/* without cohorts */
	Calendar   *calendar;
	int64		next;			/* cohort */
	int64		before;			/* period of the one before */
	MatrixTotals totals;
} MatrixReader;

extern void matrix_reader_begin(MatrixReader *r, const struct varlena *value);
extern bool matrix_reader_next(MatrixReader *r, MatrixCohort *cohort);

#define DatumGetMatrix(d) matrix_from_varlena(PG_DETOAST_DATUM_PACKED(d))
#define PG_GETARG_MATRIX(n) DatumGetMatrix(PG_GETARG_DATUM(n))

/* A calendar to read the matrix with: no table, a zone only for hours. */
extern Calendar *matrix_calendar(const Matrix *matrix);

#endif							/* RETENTION_COHORT_MATRIX_TYPE_H */
