/*
 * purchase_aggregate.c
 *		The aggregates purchase_model(kind, frequency, recency, age [, unit
 *		[, weight]]) and purchase_model(kind, timeline, as_of, unit).
 *
 * Rows are counted as groups.h says; the final function fits the model and
 * leaves the state as it is.
 */
#include "models/purchase.h"

#include "base/aggregate.h"
#include "base/clip.h"
#include "base/constant.h"
#include "models/purchase_timeline.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_purchase_model_transition);
PG_FUNCTION_INFO_V1(retention_purchase_model_transition_timeline);
PG_FUNCTION_INFO_V1(retention_purchase_model_final);

static uint8
kind_argument(FunctionCallInfo fcinfo, int n)
{
	text	   *word;
	int			kind;

	if (PG_ARGISNULL(n))
		constant_refuse_null(CONSTANT_KIND,
							 psprintf("It is %s.", fitted_kind_list(&purchase_type)));
	word = PG_GETARG_TEXT_PP(n);
	kind = fitted_kind(&purchase_type, VARDATA_ANY(word),
					   VARSIZE_ANY_EXHDR(word));
	if (kind < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind of purchase model \"%s\"",
						clip_bytes(VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word))),
				 errhint("It is %s.", fitted_kind_list(&purchase_type))));
	return kind;
}

static uint8
unit_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		constant_refuse_null(CONSTANT_UNIT, NULL);
	return unit_from_text(PG_GETARG_TEXT_PP(n));
}

/* The state, argument 0, made when there is none, for this kind and unit. */
static RowGroups *
state_argument(FunctionCallInfo fcinfo, uint8 kind, uint8 unit)
{
	MemoryContext context = aggregate_context(fcinfo);
	RowGroups  *groups;

	if (PG_ARGISNULL(0))
		return groups_create(context, kind, unit);
	groups = (RowGroups *) PG_GETARG_POINTER(0);
	groups_require(groups, &purchase_type, kind, unit);
	return groups;
}

/* Count so many customers who are alike. */
static void
count_customers(RowGroups *groups, int64 frequency, float8 recency, float8 age,
				int64 weight)
{
	PurchaseProblem problem = purchase_history_problem(frequency, recency, age);

	if (weight == 0)
		return;
	if (unlikely(weight < 0))
		groups_add_bad(groups, PURCHASE_WEIGHT, frequency, recency, age, 1);
	else if (likely(problem == PURCHASE_NO_PROBLEM))
		groups_add(groups, frequency, recency, age, weight);
	else
		groups_add_bad(groups, problem, frequency, recency, age, weight);
}

/* (internal, kind, frequency, recency, age [, unit [, weight]]) -> internal */
Datum
retention_purchase_model_transition(PG_FUNCTION_ARGS)
{
	uint8		kind = kind_argument(fcinfo, 1);
	uint8		unit = PG_NARGS() > 5 ? unit_argument(fcinfo, 5) : UNIT_NONE;
	RowGroups  *groups = state_argument(fcinfo, kind, unit);

	if (!PG_ARGISNULL(2) && !PG_ARGISNULL(3) && !PG_ARGISNULL(4))
		count_customers(groups, PG_GETARG_INT64(2), PG_GETARG_FLOAT8(3),
						PG_GETARG_FLOAT8(4), groups_weight(fcinfo, 6));
	PG_RETURN_POINTER(groups);
}

/* (internal, kind, timeline, as_of, unit) -> internal */
Datum
retention_purchase_model_transition_timeline(PG_FUNCTION_ARGS)
{
	uint8		kind = kind_argument(fcinfo, 1);
	uint8		unit = unit_argument(fcinfo, 4);
	RowGroups  *groups = state_argument(fcinfo, kind, unit);
	PurchaseSummary summary;

	if (!PG_ARGISNULL(2) && !PG_ARGISNULL(3) &&
		purchase_timeline(fcinfo, 2, &summary))
		count_customers(groups, summary.frequency,
						unit_of_days(summary.recency, unit),
						unit_of_days(summary.age, unit), 1);
	PG_RETURN_POINTER(groups);
}

/* Would the transition function have counted a row as usable? */
static bool
row_is_usable(const RowGroup *row)
{
	return purchase_history_problem(row->x, row->u, row->v) == PURCHASE_NO_PROBLEM;
}

/* (internal) -> purchase_model: the fit; NULL without rows. */
Datum
retention_purchase_model_final(PG_FUNCTION_ARGS)
{
	const RowGroups *groups;
	RowGroup	   *sorted;
	Fitted		fitted = {0};

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	groups = (const RowGroups *) PG_GETARG_POINTER(0);
	groups_check(groups, &purchase_type, PURCHASE_PROBLEMS, row_is_usable);
	groups_check_bad(groups, "purchase_model", purchase_problems,
					 PURCHASE_PROBLEMS, purchase_describe);
	if (groups->rows == 0)
		PG_RETURN_NULL();
	sorted = groups_sorted(groups);
	if (sorted[groups->ngroups - 1].x == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no customer has a repeat purchase"),
				 errdetail("The frequency is 0 in all %lld rows, so that no parameters explain them best.",
						   (long long) groups->rows),
				 errhint("Count days with a purchase without the first as frequency, or observe the customers for a longer time.")));
	purchase_fit((PurchaseKind) groups->kind, sorted, groups->ngroups, &fitted);
	pfree(sorted);
	fitted.unit = groups->unit;
	fitted.customers = groups->rows;
	fitted.distinct_rows = groups->ngroups;
	PG_RETURN_POINTER(fitted_encode(&purchase_type, &fitted));
}
