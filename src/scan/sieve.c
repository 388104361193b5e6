/*
 * sieve.c
 *		Conditions on columns: which ones a sieve can be made of.
 */
#include "scan/sieve_internal.h"

#include "access/stratnum.h"
#include "base/short_text.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

extern Datum retention_conditions(PG_FUNCTION_ARGS);

Sieve *
sieve_create(void)
{
	return palloc0(sizeof(Sieve));
}

/* Has the type values that integers stand for? */
static bool
is_number(Oid type)
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

static const Node *
plain_node(const Node *node)
{
	while (IsA(node, RelabelType))
		node = (const Node *) ((const RelabelType *) node)->arg;
	return node;
}

/* Begin a test of a column; NULL: it is none. */
static Test *
begin_test(Sieve *sieve, TestKind kind, const Node *node, const Node *tested)
{
	Test	   *test = &sieve->tests[sieve->ntests];

	node = plain_node(node);
	if (IsA(node, CaseTestExpr) && tested != NULL)
		node = plain_node(tested);
	if (!IsA(node, Var) || sieve->ntests == TESTS_MAX)
		return NULL;
	memset(test, 0, sizeof(Test));
	test->kind = kind;
	test->column = ((const Var *) node)->varattno - 1;
	test->type = getBaseType(((const Var *) node)->vartype);
	test->condition = sieve->nconditions;
	sieve->ntests++;
	return test;
}

/*
 * How an operator compares numbers: a strategy of a btree, or 0.  Where its
 * types are two, they compare as the integers do.
 */
static int
number_comparison(Oid operator)
{
	Oid			left;
	Oid			right;
	const TypeCacheEntry *type;

	op_input_types(operator, &left, &right);
	/* a date and an instant are compared in a zone */
	if (!is_number(left) || !is_number(right) ||
		(left != right && (left == DATEOID || left == TIMESTAMPOID ||
						   left == TIMESTAMPTZOID)))
		return 0;
	type = lookup_type_cache(left, TYPECACHE_BTREE_OPFAMILY);
	return get_op_opfamily_strategy(operator, type->btree_opf);
}

/* The range that compares so with a constant, of any number or of none. */
static void
add_range(Test *test, int strategy, int64 constant)
{
	Choice	   *choice = &test->choices[test->nchoices];
	int64		low = PG_INT64_MIN;
	int64		high = PG_INT64_MAX;

	if ((strategy == BTLessStrategyNumber && constant == PG_INT64_MIN) ||
		(strategy == BTGreaterStrategyNumber && constant == PG_INT64_MAX))
		return;
	if (strategy <= BTEqualStrategyNumber)
		high = constant - (strategy == BTLessStrategyNumber);
	if (strategy >= BTEqualStrategyNumber)
		low = constant + (strategy == BTGreaterStrategyNumber);
	choice->low = low;
	choice->span = (uint64) high - (uint64) low;
	test->nchoices++;
}

/* Is an operator one of the types of a column and a constant, in this order or turned? */
static bool
has_types(Oid operator, bool turned, Oid column, Oid constant)
{
	Oid			left;
	Oid			right;

	op_input_types(operator, &left, &right);
	return column == (turned ? right : left) &&
		constant == (turned ? left : right);
}

/* A text as a choice; false where it is too long. */
static bool
add_text(Test *test, Datum value)
{
	Choice	   *choice = &test->choices[test->nchoices++];
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	Size		length = VARSIZE_ANY_EXHDR(text);

	if (length > SHORT_TEXT_BYTES)
		return false;
	short_text_words(VARDATA_ANY(text), length, &choice->first, &choice->last);
	choice->length = length;
	return true;
}

/* Does an operator say whether texts have the same bytes, or not? */
static bool
is_text_equality(Oid operator, Oid collation, bool *inverted)
{
	Oid			function = get_opcode(operator);

	*inverted = function == F_TEXTNE;
	return (function == F_TEXTEQ || function == F_TEXTNE) &&
		OidIsValid(collation) && get_collation_isdeterministic(collation);
}

/*
 * A column against constants: any of them, of an operator that says equal, none
 * of one that says that they differ; of other operators there is one.
 */
static bool
add_comparison(Sieve *sieve, const Node *column, const Node *tested,
			   Oid operator, Oid collation, bool turned, Oid type,
			   const Datum *constants, int n, bool all)
{
	int			strategy = number_comparison(operator);
	bool		inverted = false;
	bool		texts = false;
	Test	   *test;

	if (strategy == 0)
	{
		texts = is_text_equality(operator, collation, &inverted);
		if (!texts)
		{
			/* not equal, of numbers */
			Oid			negator = get_negator(operator);

			if (!OidIsValid(negator) ||
				number_comparison(negator) != BTEqualStrategyNumber)
				return false;
			strategy = BTEqualStrategyNumber;
			inverted = true;
		}
	}
	else if (turned)
		strategy = BTGreaterStrategyNumber + 1 - strategy;
	if (n > CHOICES_MAX || (n > 1 && (all != inverted ||
									  (!texts && strategy != BTEqualStrategyNumber))))
		return false;
	test = begin_test(sieve, texts ? TEST_TEXT : TEST_NUMBER, column, tested);
	if (test == NULL ||
		(texts ? test->type != TEXTOID && test->type != VARCHAROID :
		 !has_types(operator, turned, test->type, type)))
		return false;
	test->inverted = inverted;
	test->choices = palloc(Max(n, 1) * sizeof(Choice));
	for (int i = 0; i < n; i++)
		if (!texts)
			add_range(test, strategy, sieve_value_key(type, constants[i]));
		else if (!add_text(test, constants[i]))
			return false;
	return true;
}

/* A column and a constant, in either order. */
static bool
add_operator(Sieve *sieve, const OpExpr *op, const Node *tested)
{
	const Node *left;
	const Node *right;
	bool		turned;
	const Const *constant;

	if (list_length(op->args) != 2)
		return false;
	left = plain_node(linitial(op->args));
	right = plain_node(lsecond(op->args));
	turned = IsA(left, Const);
	constant = (const Const *) (turned ? left : right);
	return IsA(constant, Const) && !constant->constisnull &&
		add_comparison(sieve, turned ? right : left, tested, op->opno,
					   op->inputcollid, turned, constant->consttype,
					   &constant->constvalue, 1, false);
}

/* column = ANY (array), column <> ALL (array). */
static bool
add_array(Sieve *sieve, const ScalarArrayOpExpr *op, const Node *tested)
{
	const Const *constant = (const Const *) plain_node(lsecond(op->args));
	ArrayType  *array;
	Oid			type;
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			n;

	if (!IsA(constant, Const) || constant->constisnull)
		return false;
	array = DatumGetArrayTypeP(constant->constvalue);
	type = ARR_ELEMTYPE(array);
	if (ARR_HASNULL(array) || ARR_NDIM(array) != 1)
		return false;
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &values, &nulls, &n);
	return add_comparison(sieve, linitial(op->args), tested, op->opno,
						  op->inputcollid, false, type, values, n, !op->useOr);
}

/* Whether a column is NULL, or a boolean. */
static bool
add_plain(Sieve *sieve, TestKind kind, const Node *column, bool inverted,
		  const Node *tested)
{
	Test	   *test = begin_test(sieve, kind, column, tested);

	if (test == NULL || (kind == TEST_FLAG && test->type != BOOLOID))
		return false;
	test->inverted = inverted;
	return true;
}

/* The tests of a condition. */
static bool
add_tests(Sieve *sieve, const Node *node, const Node *tested)
{
	ListCell   *lc;

	switch (nodeTag(node))
	{
		case T_OpExpr:
			return add_operator(sieve, (const OpExpr *) node, tested);
		case T_ScalarArrayOpExpr:
			return add_array(sieve, (const ScalarArrayOpExpr *) node, tested);
		case T_Var:
			return add_plain(sieve, TEST_FLAG, node, false, tested);
		case T_NullTest:
			return !((const NullTest *) node)->argisrow &&
				add_plain(sieve, TEST_NULL,
						  (const Node *) ((const NullTest *) node)->arg,
						  ((const NullTest *) node)->nulltesttype == IS_NOT_NULL,
						  tested);
		case T_BoolExpr:
			if (((const BoolExpr *) node)->boolop == NOT_EXPR)
				return add_plain(sieve, TEST_FLAG,
								 linitial(((const BoolExpr *) node)->args), true,
								 tested);
			if (((const BoolExpr *) node)->boolop != AND_EXPR)
				return false;
			foreach(lc, ((const BoolExpr *) node)->args)
				if (!add_tests(sieve, lfirst(lc), tested))
					return false;
			return true;
		default:
			return false;
	}
}

bool
sieve_add(Sieve *sieve, const Node *condition, const Node *tested)
{
	if (sieve->nconditions == SIEVE_MAX ||
		!add_tests(sieve, condition, tested))
		return false;
	sieve->nconditions++;
	return true;
}

bool
sieve_add_all(Sieve *sieve, const List *conditions)
{
	ListCell   *lc;

	foreach(lc, conditions)
		if (!add_tests(sieve, lfirst(lc), NULL))
			return false;
	sieve->nconditions++;
	return true;
}

/* The elements of an array of booleans; NIL: not known. */
static List *
array_elements(const Expr *expr)
{
	FmgrInfo	function;

	if (IsA(expr, ArrayExpr))
	{
		const ArrayExpr *array = (const ArrayExpr *) expr;

		return array->multidims || array->element_typeid != BOOLOID ? NIL :
			array->elements;
	}
	if (!IsA(expr, FuncExpr) || ((const FuncExpr *) expr)->funcvariadic)
		return NIL;
	fmgr_info(((const FuncExpr *) expr)->funcid, &function);
	return function.fn_addr != retention_conditions ? NIL :
		((const FuncExpr *) expr)->args;
}

Sieve *
sieve_of_array(const Expr *expr)
{
	List	   *elements = sizeof(Datum) < sizeof(uint64) ? NIL : array_elements(expr);
	Sieve	   *sieve = sieve_create();
	ListCell   *lc;

	foreach(lc, elements)
		if (!sieve_add(sieve, lfirst(lc), NULL))
			return NULL;
	return elements == NIL ? NULL : sieve;
}

int
sieve_conditions(const Sieve *sieve)
{
	return sieve->nconditions;
}
