/*
 * ladder.c
 *		CASE over a column of numbers or times, for many rows at a time.
 *
 * Values are compared as integers.  So are floats, by their bits: in the order
 * that PostgreSQL has them in, where NaN is the last and equal to itself, and
 * -0 is 0.  A rung is what lies from one integer to another.
 */
#include "scan/ladder.h"

#include <math.h>

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* Past a few, what is looked at in vain costs more than jumps. */
#define RUNGS_MAX 12

typedef struct Rung
{
	int64		low;
	uint64		span;			/* low .. low + span */
	NullableDatum result;
} Rung;

struct Ladder
{
	int			column;			/* from 0 */
	Oid			type;			/* of the column */
	int			nrungs;
	bool		some_null;		/* some result is */
	Rung		rungs[RUNGS_MAX + 1];	/* the last one is ELSE */
};

/* What is known while it is planned. */
typedef struct LadderPlan
{
	Ladder	   *ladder;
	const Node *column;			/* NULL: not known */
	bool		cased;			/* CASE column WHEN ... */
} LadderPlan;

/* The integer of a float. */
static inline int64
float_key(float8 value)
{
	int64		bits;

	/* -0 to 0 */
	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	bits ^= (int64) ((uint64) (bits >> 63) >> 1);
	return isnan(value) ? PG_INT64_MAX : bits;
}

/* The integer of a value of a type that ladders are made of. */
static pg_attribute_always_inline int64
value_key(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
		case DATEOID:
			return DatumGetInt32(value);
		case FLOAT4OID:
			return float_key(DatumGetFloat4(value));
		case FLOAT8OID:
			return float_key(DatumGetFloat8(value));
		default:
			return DatumGetInt64(value);
	}
}

static bool
has_keys(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case DATEOID:
		case FLOAT4OID:
			return true;
		case INT8OID:
		case FLOAT8OID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return sizeof(Datum) == sizeof(int64);
		default:
			return false;
	}
}

/* Is this the ladder's column? */
static bool
is_column(LadderPlan *plan, const Node *node)
{
	if (IsA(node, CaseTestExpr))
		return plan->cased;
	if (!IsA(node, Var))
		return false;
	if (plan->column == NULL)
		plan->column = node;
	return equal(node, plan->column);
}

/* A constant; nothing is NULL. */
static bool
take_constant(const Node *node, NullableDatum *value)
{
	if (node != NULL && !IsA(node, Const))
		return false;
	value->isnull = node == NULL || ((const Const *) node)->constisnull;
	value->value = value->isnull ? (Datum) 0 : ((const Const *) node)->constvalue;
	return true;
}

/*
 * How an operator compares: a strategy of a btree, or 0.  Where its types are
 * two, they compare as the integers do.
 */
static int
comparison(Oid operator)
{
	Oid			left;
	Oid			right;
	const TypeCacheEntry *type;

	op_input_types(operator, &left, &right);
	if (!has_keys(left) || !has_keys(right))
		return 0;
	type = lookup_type_cache(left, TYPECACHE_BTREE_OPFAMILY);
	/* a date and an instant are compared in a zone */
	if (left != right && (left == DATEOID || left == TIMESTAMPOID ||
						  left == TIMESTAMPTZOID))
		return 0;
	return get_op_opfamily_strategy(operator, type->btree_opf);
}

/* Narrow a range down by a comparison with a constant; false: it is empty. */
static bool
narrow(int strategy, int64 constant, int64 *low, int64 *high)
{
	switch (strategy)
	{
		case BTLessStrategyNumber:
			if (constant == PG_INT64_MIN)
				return false;
			*high = Min(*high, constant - 1);
			break;
		case BTLessEqualStrategyNumber:
			*high = Min(*high, constant);
			break;
		case BTEqualStrategyNumber:
			*low = Max(*low, constant);
			*high = Min(*high, constant);
			break;
		case BTGreaterEqualStrategyNumber:
			*low = Max(*low, constant);
			break;
		default:
			if (constant == PG_INT64_MAX)
				return false;
			*low = Max(*low, constant + 1);
			break;
	}
	return *low <= *high;
}

/* What a range is where the column stands on the right. */
static int
turned_around(int strategy)
{
	return BTGreaterStrategyNumber + 1 - strategy;
}

/*
 * Narrow a range down by a condition, several with AND.  False: it is none that
 * a ladder is made of.
 */
static bool
add_condition(LadderPlan *plan, Node *node, int64 *low, int64 *high, bool *empty)
{
	OpExpr	   *op = (OpExpr *) node;
	NullableDatum constant;
	int			strategy;
	int			at;
	ListCell   *lc;

	if (IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop == AND_EXPR)
	{
		foreach(lc, ((BoolExpr *) node)->args)
			if (!add_condition(plan, lfirst(lc), low, high, empty))
				return false;
		return true;
	}
	if (!IsA(node, OpExpr) || list_length(op->args) != 2)
		return false;
	strategy = comparison(op->opno);
	if (strategy == 0)
		return false;
	at = is_column(plan, linitial(op->args)) ? 0 : 1;
	if (!is_column(plan, list_nth(op->args, at)) ||
		!take_constant(list_nth(op->args, 1 - at), &constant) ||
		constant.isnull)
		return false;
	if (!narrow(at == 0 ? strategy : turned_around(strategy),
				value_key(exprType(list_nth(op->args, 1 - at)), constant.value),
				low, high))
		*empty = true;
	return true;
}

static bool
add_rung(LadderPlan *plan, const CaseWhen *when)
{
	Ladder	   *ladder = plan->ladder;
	Rung	   *rung = &ladder->rungs[ladder->nrungs];
	int64		low = PG_INT64_MIN;
	int64		high = PG_INT64_MAX;
	bool		empty = false;

	if (ladder->nrungs == RUNGS_MAX ||
		!add_condition(plan, (Node *) when->expr, &low, &high, &empty) ||
		!take_constant((const Node *) when->result, &rung->result))
		return false;
	if (empty)
		return true;
	rung->low = low;
	rung->span = (uint64) high - (uint64) low;
	ladder->some_null = ladder->some_null || rung->result.isnull;
	ladder->nrungs++;
	return true;
}

Ladder *
ladder_plan(const Expr *expr)
{
	const CaseExpr *cases = (const CaseExpr *) expr;
	LadderPlan	plan = {0};
	Rung	   *otherwise;
	ListCell   *lc;

	if (!IsA(expr, CaseExpr))
		return NULL;
	if (cases->arg != NULL && !is_column(&plan, (const Node *) cases->arg))
		return NULL;
	plan.cased = cases->arg != NULL;
	plan.ladder = palloc0(sizeof(Ladder));
	foreach(lc, cases->args)
		if (!add_rung(&plan, lfirst_node(CaseWhen, lc)))
			return NULL;
	otherwise = &plan.ladder->rungs[plan.ladder->nrungs];
	if (!take_constant((const Node *) cases->defresult, &otherwise->result))
		return NULL;
	plan.ladder->some_null = plan.ladder->some_null || otherwise->result.isnull;
	plan.ladder->column = ((const Var *) plan.column)->varattno - 1;
	plan.ladder->type = exprType(plan.column);
	return has_keys(plan.ladder->type) ? plan.ladder : NULL;
}

int
ladder_column(const Ladder *ladder)
{
	return ladder->column;
}

/* Of a column of one type. */
static pg_attribute_always_inline void
take_type(const Ladder *ladder, Oid type, const Column *from, int n, Column *to)
{
	const Rung *rungs = ladder->rungs;
	int			nrungs = ladder->nrungs;
	bool		some_null = from->some_null;

	for (int i = 0; i < n; i++)
	{
		int64		key = value_key(type, from->values[i]);
		int			stands = nrungs;

		for (int r = nrungs - 1; r >= 0; r--)
		{
			int			here = (uint64) key - (uint64) rungs[r].low <= rungs[r].span;

			stands += (r - stands) & -here;
		}
		if (some_null && from->nulls[i])
			stands = nrungs;
		to->values[i] = rungs[stands].result.value;
		to->nulls[i] = rungs[stands].result.isnull;
	}
}

void
ladder_take(const Ladder *ladder, const Column *from, int n, Column *to)
{
	to->some_null = ladder->some_null;
	switch (ladder->type)
	{
		case INT2OID:
			take_type(ladder, INT2OID, from, n, to);
			break;
		case INT4OID:
		case DATEOID:
			take_type(ladder, INT4OID, from, n, to);
			break;
		case FLOAT4OID:
			take_type(ladder, FLOAT4OID, from, n, to);
			break;
		case FLOAT8OID:
			take_type(ladder, FLOAT8OID, from, n, to);
			break;
		default:
			take_type(ladder, INT8OID, from, n, to);
			break;
	}
}
