/*
 * argument_plan.c
 *		The arguments of an aggregate, as a list of roles.
 */
#include "history/argument_plan.h"

/* Does a NULL in an argument skip the row? */
static bool
skips(ArgumentRole role)
{
	return role == ROLE_CUSTOMER || role == ROLE_DURING ||
		role == ROLE_INSTANT || role == ROLE_COUNTER || role == ROLE_VALUE;
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

		Assert(form->nroles <= ARGUMENTS_MAX && PG_NARGS() <= form->nroles + 1);
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
