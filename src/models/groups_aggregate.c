/*
 * groups_aggregate.c
 *		The support functions shared by the aggregates that fit models.
 */
#include "models/groups.h"

#include "lib/stringinfo.h"

PG_FUNCTION_INFO_V1(retention_groups_combine);
PG_FUNCTION_INFO_V1(retention_groups_serialize);
PG_FUNCTION_INFO_V1(retention_groups_deserialize);

/* The name of a kind or a unit for a message. */
static const char *
quoted(const char *name)
{
	return name == NULL ? "none" : psprintf("\"%s\"", name);
}

/* Error 22023 unless a row is for the model the group is. */
static void
check_model(const RowGroups *groups, uint8 kind, uint8 unit)
{
	if (unlikely(groups->kind != kind))
		constant_refuse_change(CONSTANT_KIND,
							   quoted(groups->type->kinds[groups->kind].name),
							   quoted(groups->type->kinds[kind].name));
	if (unlikely(groups->unit != unit))
		constant_refuse_change(CONSTANT_UNIT, quoted(unit_names[groups->unit]),
							   quoted(unit_names[unit]));
}

RowGroups *
groups_argument(const ArgumentPlan *plan, FunctionCallInfo fcinfo,
				const FittedType *type)
{
	MemoryContext context = aggregate_context(fcinfo);
	RowGroups  *groups = PG_ARGISNULL(0) ? NULL : (RowGroups *) PG_GETARG_POINTER(0);
	uint8		kind = 0;
	uint8		unit = UNIT_NONE;

	if (groups != NULL && plan->constant)
		return groups;
	if (plan->arg[CONSTANT_KIND] != 0)
		kind = fitted_kind_argument(type, fcinfo, plan->arg[CONSTANT_KIND]);
	if (plan->arg[CONSTANT_UNIT] != 0)
		unit = unit_from_text(DatumGetTextPP(argument_constant(plan, fcinfo,
															   CONSTANT_UNIT)));
	if (groups == NULL)
		return groups_create(context, type, kind, unit);
	check_model(groups, kind, unit);
	return groups;
}

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_groups_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	const RowGroups *from;
	RowGroups	   *into;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (const RowGroups *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		into = groups_create(context, from->type, from->kind, from->unit);
	else
		into = (RowGroups *) PG_GETARG_POINTER(0);
	groups_check_type(into, from->type);
	check_model(into, from->kind, from->unit);
	groups_combine(into, from);
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: pack a worker's state. */
Datum
retention_groups_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(groups_serialize((const RowGroups *) PG_GETARG_POINTER(0)));
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_groups_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	PG_RETURN_POINTER(groups_deserialize(CurrentMemoryContext,
										 VARDATA_ANY(bytes),
										 VARSIZE_ANY_EXHDR(bytes)));
}

/* A sum for a message, not past the largest number. */
static int64
add_up_to_max(int64 a, int64 b)
{
	return b > PG_INT64_MAX - a ? PG_INT64_MAX : a + b;
}

void
groups_check_bad(const RowGroups *groups, const char *aggregate,
				 const ProblemText *problems, int nproblems,
				 char *(*describe) (const RowGroup *))
{
	StringInfoData detail;
	const char *hint = NULL;
	int64		count = 0;
	int64		all;

	if (groups->bad == NULL)
		return;
	initStringInfo(&detail);
	for (int i = 0; i < nproblems; i++)
	{
		const BadRows *bad = &groups->bad[i];

		if (bad->count == 0)
			continue;
		if (hint == NULL)
			hint = problems[i].hint;
		else
			appendStringInfoChar(&detail, ' ');
		appendStringInfo(&detail, "In %lld %s %s, for example %s.",
						 (long long) bad->count,
						 bad->count == 1 ? "row" : "rows", problems[i].phrase,
						 describe(&bad->example));
		count = add_up_to_max(count, bad->count);
	}
	all = add_up_to_max(add_up_to_max(count, groups->rows), groups->unused);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s cannot use %lld of %lld rows", aggregate,
					(long long) count, (long long) all),
			 errdetail_internal("%s", detail.data),
			 errhint("%s", hint)));
}
