/*
 * ladder.h
 *		CASE over a column of numbers or times, for many rows at a time.
 *
 *	CASE WHEN column < constant THEN constant WHEN ... ELSE constant END
 *	CASE column WHEN constant THEN constant ... ELSE constant END
 *
 * Steps and places are often said so.  Which of the rungs a row stands on is
 * hard to foresee, so that a processor that jumps from one to the next is wrong
 * for most rows.  Here a rung is a range of the column, all rungs are looked at,
 * and nothing jumps.  Comparisons cannot fail: it makes no difference.
 */
#ifndef RETENTION_LADDER_H
#define RETENTION_LADDER_H

#include "base/column.h"
#include "nodes/primnodes.h"

typedef struct Ladder Ladder;

/*
 * An expression over columns of a table as a ladder, palloc'd; NULL: it is none.
 * Whether the caller may compare is not looked at.
 */
extern Ladder *ladder_plan(const Expr *expr);

/* Its column, from 0. */
extern int	ladder_column(const Ladder *ladder);

/*
 * What a ladder comes to for n rows of its column.  Values are constants of the
 * expression, whatever happens to the rows.
 */
extern void ladder_take(const Ladder *ladder, const Column *from, int n,
						Column *to);

#endif							/* RETENTION_LADDER_H */
