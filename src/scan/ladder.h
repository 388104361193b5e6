/*
 * ladder.h
 *		CASE between constants, for many rows at a time.
 *
 *	CASE WHEN condition THEN constant WHEN ... ELSE constant END
 *	CASE column WHEN constant THEN constant ... ELSE constant END
 *
 * with conditions that a sieve can be made of (sieve.h).
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

/*
 * What a ladder comes to for n rows of a page.  Values are constants of the
 * expression, whatever happens to the rows.
 */
extern void ladder_take(Ladder *ladder, const Column *columns, int n,
						Column *to);

#endif							/* RETENTION_LADDER_H */
