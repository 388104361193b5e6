/*
 * argument_plan.c
 *		The arguments of an aggregate, as a list of roles.
 */
#include "history/argument_plan.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

/* Does a NULL in an argument skip the row? */
static bool
skips(ArgumentRole role)
{
	return role == ROLE_CUSTOMER || role == ROLE_DURING ||
		role == ROLE_INSTANT || role == ROLE_COUNTER || role == ROLE_VALUE;
}

/* The script declares a function that the library knows otherwise. */
void
argument_refuse_declaration(FunctionCallInfo fcinfo)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
			 errmsg("function %s is not declared as the library has it",
					format_procedure(fcinfo->flinfo->fn_oid)),
			 errdetail("The library and the objects in the database are of different versions of the extension."),
			 errhint("Install the files of one version, then run ALTER EXTENSION retention UPDATE.")));
}

/* The name of a type, without its schema. */
static const char *
name_of_type(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	const char *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Is a constant of the type that it is taken for?  One of another version's
 * script may not be.  Engines that do not tell types are trusted.
 */
static bool
has_type(FunctionCallInfo fcinfo, int role, int arg)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!OidIsValid(type))
		return true;
	switch ((Constant) role)
	{
		case CONSTANT_GRAIN:
			return strcmp(name_of_type(type), "grain") == 0;
		case CONSTANT_MODE:
			return type == TEXTOID;
		case CONSTANT_AS_OF:
			return type == DATEOID;
		case CONSTANT_LAG:
		case CONSTANT_AT_LEAST:
			return type == INT8OID;
		default:
			return true;
	}
}

/* Plan argument arg of some role. */
static void
plan_argument(ArgumentPlan *plan, FunctionCallInfo fcinfo,
			  const ArgumentForm *form, int arg, MemoryContext context)
{
	int			role = form->roles[arg - 1];

	plan->arg[role] = arg;
	if (role < CONSTANTS)
	{
		if (!has_type(fcinfo, role, arg))
			argument_refuse_declaration(fcinfo);
		plan->constant = plan->constant && argument_is_constant(fcinfo, arg);
		return;
	}
	if (skips(role))
		plan->skip[plan->nskip++] = arg;
	switch ((ArgumentRole) role)
	{
		case ROLE_CUSTOMER:
			identity_plan(&plan->customer, argument_type(fcinfo, arg),
						  PG_GET_COLLATION(), context);
			break;
		case ROLE_DURING:
		case ROLE_LASTING:
			plan->at = plan_time(fcinfo, arg, "at", true);
			plan->range = time_range_type(plan->at);
			break;
		case ROLE_INSTANT:
		case ROLE_COUNTER:
			plan->at = plan_instant(fcinfo, arg, role == ROLE_COUNTER);
			break;
		case ROLE_STARTED:
			plan->started = plan_time(fcinfo, arg, "started_at", false);
			break;
		case ROLE_AT:
			plan->at = plan_time(fcinfo, arg, "at", false);
			break;
		case ROLE_AMOUNT:
			plan->amount = plan_amount(fcinfo, arg, form->amount_detail,
									   form->amount_hint);
			break;
		case ROLE_WEIGHT:
		case ROLE_VALUE:
		case ROLE_NULLABLE:
		case ROLES:
			break;
	}
}

/* The plan of a call site, made when there is none. */
void *
argument_plan_find(FunctionCallInfo fcinfo, const ArgumentForm *form)
{
	CallSite   *site = call_site(fcinfo);

	if (site->plan == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(site->context);
		ArgumentPlan *plan = palloc0(form->size);

		Assert(form->nroles <= ARGUMENTS_MAX);
		if (PG_NARGS() > form->nroles + 1)
			argument_refuse_declaration(fcinfo);
		plan->constant = true;
		for (int arg = 1; arg < PG_NARGS(); arg++)
			plan_argument(plan, fcinfo, form, arg, site->context);
		plan->instants = time_is_instant(plan->started) ||
			time_is_instant(plan->at);
		if (form->prepare != NULL)
			form->prepare(plan, fcinfo, site);
		MemoryContextSwitchTo(old);
		site->plan = plan;
	}
	fcinfo->flinfo->fn_extra = site->plan;
	return site->plan;
}

int64
argument_customers(const ArgumentPlan *plan, FunctionCallInfo fcinfo)
{
	int64		weight = argument_weight(plan, fcinfo);

	if (unlikely(weight < 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must not be negative"),
				 errdetail("It is %lld.", (long long) weight),
				 errhint("The weight is the number of customers a row stands for.")));
	return weight;
}
