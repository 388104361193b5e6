/*
 * sieve.h
 *		Conditions on columns, for many rows at a time.
 *
 * Steps, places and WHERE are mostly said by comparing columns with constants.
 * Which way such a comparison goes is hard to foresee, so that a processor that
 * jumps by it is wrong for most rows.  Here all conditions are looked at for all
 * rows, column by column, and nothing jumps.  Such comparisons cannot fail, so
 * that none too many makes a difference.
 *
 * A condition is one of these or several of them with AND:
 *
 *	column <op> constant		integers, floats, dates, timestamps
 *	column = ANY (constants)	the same, and texts by their bytes; also <>
 *	column IS [NOT] NULL
 *	[NOT] column				booleans
 */
#ifndef RETENTION_SIEVE_H
#define RETENTION_SIEVE_H

#include "base/column.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

#define SIEVE_MAX 62			/* conditions */

typedef struct Sieve Sieve;

/* Without conditions, palloc'd. */
extern Sieve *sieve_create(void);

/*
 * One more condition; tested is what CaseTestExpr stands for, or NULL.  False:
 * no sieve can be made of it.  Whether the caller may compare is not looked at.
 */
extern bool sieve_add(Sieve *sieve, const Node *condition, const Node *tested);

/* Another one, of all in a list. */
extern bool sieve_add_all(Sieve *sieve, const List *conditions);

/*
 * ARRAY[condition, ...] or conditions(condition, ...) as a sieve of these; NULL:
 * it is neither.
 */
extern Sieve *sieve_of_array(const Expr *expr);

extern int	sieve_conditions(const Sieve *sieve);

/*
 * Of n rows the conditions met: bit 0 is the first one.  columns are the
 * table's, n is one of a page.
 */
extern void sieve_take(Sieve *sieve, const Column *columns, int n, uint64 *sets);

#endif							/* RETENTION_SIEVE_H */
