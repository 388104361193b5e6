/*
 * purchase_aggregate.c
 *		The aggregates purchase_model(kind, frequency, recency, age [, unit
 *		[, weight]]) and purchase_model(kind, timeline, as_of, unit).
 *
 * Rows are counted as groups.h says; the final function fits the model and
 * leaves the state as it is.
 */
#include "models/purchase.h"

#include "models/purchase_timeline.h"

PG_FUNCTION_INFO_V1(retention_purchase_model_transition);
PG_FUNCTION_INFO_V1(retention_purchase_model_transition_timeline);
PG_FUNCTION_INFO_V1(retention_purchase_model_final);

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

static const uint8 row_roles[] = {
	CONSTANT_KIND, ROLE_VALUE, ROLE_VALUE, ROLE_VALUE, CONSTANT_UNIT,
	ROLE_WEIGHT
};
static const ArgumentForm row_form = ARGUMENT_FORM(row_roles);

/* (internal, kind, frequency, recency, age [, unit [, weight]]) -> internal */
Datum
retention_purchase_model_transition(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &row_form);
	RowGroups  *groups = groups_argument(plan, fcinfo, &purchase_type);

	if (!argument_skips(plan, fcinfo))
		count_customers(groups, PG_GETARG_INT64(2), PG_GETARG_FLOAT8(3),
						PG_GETARG_FLOAT8(4), argument_weight(plan, fcinfo));
	PG_RETURN_POINTER(groups);
}

static const uint8 timeline_roles[] = {
	CONSTANT_KIND, ROLE_VALUE, ROLE_VALUE, CONSTANT_UNIT
};
static const ArgumentForm timeline_form = ARGUMENT_FORM(timeline_roles);

/* (internal, kind, timeline, as_of, unit) -> internal */
Datum
retention_purchase_model_transition_timeline(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &timeline_form);
	RowGroups  *groups = groups_argument(plan, fcinfo, &purchase_type);
	PurchaseSummary summary;

	if (!argument_skips(plan, fcinfo) &&
		purchase_timeline(fcinfo, 2, &summary))
		count_customers(groups, summary.frequency,
						unit_of_days(summary.recency, groups->unit),
						unit_of_days(summary.age, groups->unit), 1);
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
