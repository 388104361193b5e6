/*
 * ladder.c
 *		CASE between constants, for many rows at a time.
 *
 * Of the conditions that a row meets the first one is its rung.
 */
#include "scan/ladder.h"

#include "access/htup_details.h"
#include "port/pg_bitutils.h"
#include "scan/sieve.h"

struct Ladder
{
	Sieve	   *sieve;
	int			nrungs;
	bool		some_null;		/* some result is */
	NullableDatum results[SIEVE_MAX + 1];	/* the last one is ELSE */
	uint64		sets[MaxHeapTuplesPerPage];
};

/* A constant as the next result; nothing is NULL.  False: it is none. */
static bool
add_result(Ladder *ladder, const Expr *expr)
{
	const Const *constant = (const Const *) expr;
	NullableDatum *result = &ladder->results[ladder->nrungs];

	if (expr != NULL && !IsA(expr, Const))
		return false;
	result->isnull = expr == NULL || constant->constisnull;
	result->value = result->isnull ? (Datum) 0 : constant->constvalue;
	ladder->some_null = ladder->some_null || result->isnull;
	return true;
}

Ladder *
ladder_plan(const Expr *expr)
{
	const CaseExpr *cases = (const CaseExpr *) expr;
	Ladder	   *ladder;
	ListCell   *lc;

	if (!IsA(expr, CaseExpr) || list_length(cases->args) > SIEVE_MAX)
		return NULL;
	ladder = palloc0(sizeof(Ladder));
	ladder->sieve = sieve_create();
	foreach(lc, cases->args)
	{
		const CaseWhen *when = lfirst_node(CaseWhen, lc);

		if (!sieve_add(ladder->sieve, (const Node *) when->expr,
					   (const Node *) cases->arg) ||
			!add_result(ladder, when->result))
			return NULL;
		ladder->nrungs++;
	}
	return add_result(ladder, cases->defresult) ? ladder : NULL;
}

void
ladder_take(Ladder *ladder, const Column *columns, int n, Column *to)
{
	const uint64 otherwise = UINT64CONST(1) << ladder->nrungs;

	sieve_take(ladder->sieve, columns, n, ladder->sets);
	to->some_null = ladder->some_null;
	for (int i = 0; i < n; i++)
	{
		const NullableDatum *result =
			&ladder->results[pg_rightmost_one_pos64(ladder->sets[i] | otherwise)];

		to->values[i] = result->value;
		to->nulls[i] = result->isnull;
	}
}
