/*
 * argument_plan.h
 *		The arguments of an aggregate, as a list of roles.
 *
 * What an argument is for decides which types it may have, what NULL means in
 * it, and whether the rows of a group may differ in it.  An aggregate lists the
 * roles of its arguments in their order (ArgumentForm).  The first call of a
 * call site makes a plan of the list and of the types that the arguments have
 * there; rows are taken by the plan.
 *
 *	role				types						NULL
 *	ROLE_CUSTOMER		any							skips the row
 *	ROLE_DURING			a time, or a range of times	skips the row
 *	ROLE_INSTANT		a time						skips the row
 *	ROLE_COUNTER		a time, or an integer		skips the row
 *	ROLE_STARTED		a time						is none
 *	ROLE_AT				a time						is none
 *	ROLE_LASTING		a time, or a range of times	is none
 *	ROLE_AMOUNT			a number					is nothing: 0
 *	ROLE_WEIGHT			bigint						stands for nobody: 0
 *	ROLE_VALUE			as SQL declares it			skips the row
 *	ROLE_NULLABLE		as SQL declares it			is a value
 *	CONSTANT_...		as SQL declares it			error 22004
 *
 * A constant (base/constant.h) is the same for all rows of a group.
 */
#ifndef RETENTION_ARGUMENT_PLAN_H
#define RETENTION_ARGUMENT_PLAN_H

#include "base/call_site.h"
#include "base/constant.h"
#include "history/argument.h"
#include "history/identity.h"

/* Constants are roles, too. */
typedef enum ArgumentRole
{
	ROLE_CUSTOMER = CONSTANTS,
	ROLE_DURING,
	ROLE_INSTANT,
	ROLE_COUNTER,
	ROLE_STARTED,
	ROLE_AT,
	ROLE_LASTING,
	ROLE_AMOUNT,
	ROLE_WEIGHT,
	ROLE_VALUE,
	ROLE_NULLABLE,
	ROLES
} ArgumentRole;

#define ARGUMENTS_MAX 8

/* What is known of the arguments of a call site. */
typedef struct ArgumentPlan
{
	uint8		arg[ROLES];		/* number of the role's last argument, or 0 */
	uint8		nskip;
	uint8		skip[ARGUMENTS_MAX];	/* those whose NULL skips the row */
	bool		constant;		/* constants are, for the whole call site */
	bool		instants;		/* some time is cut in a zone */
	TimeKind	started;
	TimeKind	at;				/* of any other time; an integer: TIME_NONE */
	AmountKind	amount;
	TypeCacheEntry *range;		/* type of at, when it is a range */
	Identity	customer;
} ArgumentPlan;

typedef struct ArgumentForm
{
	const uint8 *roles;			/* of arguments 1, 2, ...; calls may have fewer */
	int			nroles;
	/* a time where the amount belongs: what to say, the first may be NULL */
	const char *amount_detail;
	const char *amount_hint;
	Size		size;			/* of what begins with the ArgumentPlan */
	/* works out the rest, in the memory of the call site; may be NULL */
	void		(*prepare) (void *plan, FunctionCallInfo fcinfo,
							const CallSite *site);
} ArgumentForm;

#define ARGUMENT_ROLES(list) .roles = (list), .nroles = lengthof(list)

/* Nothing but the ArgumentPlan. */
#define ARGUMENT_FORM(list) {ARGUMENT_ROLES(list), .size = sizeof(ArgumentPlan)}

/* Error 42P13: the script of another version declares the function otherwise. */
pg_noreturn extern void argument_refuse_declaration(FunctionCallInfo fcinfo);

/*
 * The plan of a call site, made when there is none; error 42P13 when the call
 * has more arguments than the form, or constants of other types.
 */
extern void *argument_plan_find(FunctionCallInfo fcinfo,
								const ArgumentForm *form);

/* The plan of a call. */
static inline void *
argument_plan(FunctionCallInfo fcinfo, const ArgumentForm *form)
{
	void	   *plan = fcinfo->flinfo->fn_extra;

	return likely(plan != NULL) ? plan : argument_plan_find(fcinfo, form);
}

/*
 * Does a NULL skip the row?  Where rows come by the million, this takes more
 * instructions than looking at the arguments by their numbers, with an Assert
 * that it is the same.
 */
static inline bool
argument_skips(const ArgumentPlan *plan, FunctionCallInfo fcinfo)
{
	for (int i = 0; i < plan->nskip; i++)
		if (PG_ARGISNULL(plan->skip[i]))
			return true;
	return false;
}

/* Has the call an argument of this role that is not NULL? */
static inline bool
argument_given(const ArgumentPlan *plan, FunctionCallInfo fcinfo,
			   ArgumentRole role)
{
	return plan->arg[role] != 0 && !PG_ARGISNULL(plan->arg[role]);
}

/* The key of the customer, who is not NULL; key has room for two words. */
static inline void
argument_customer(ArgumentPlan *plan, FunctionCallInfo fcinfo, uint64 *key)
{
	identity_take(&plan->customer,
				  PG_GETARG_DATUM(plan->arg[ROLE_CUSTOMER]), key);
}

/* The amount in millionths; 0 for none. */
static inline int64
argument_amount(const ArgumentPlan *plan, FunctionCallInfo fcinfo)
{
	if (plan->amount == AMOUNT_NONE || PG_ARGISNULL(plan->arg[ROLE_AMOUNT]))
		return 0;
	return take_amount(plan->amount, PG_GETARG_DATUM(plan->arg[ROLE_AMOUNT]));
}

/* How many customers the row stands for: 1 unless the call says. */
static inline int64
argument_weight(const ArgumentPlan *plan, FunctionCallInfo fcinfo)
{
	int			arg = plan->arg[ROLE_WEIGHT];

	if (arg == 0)
		return 1;
	return PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT64(arg);
}

/* The same where a weight below 0 is error 22003. */
extern int64 argument_customers(const ArgumentPlan *plan,
								FunctionCallInfo fcinfo);

/* A constant, in this row; NULL: error 22004. */
static inline Datum
argument_constant(const ArgumentPlan *plan, FunctionCallInfo fcinfo,
				  Constant which)
{
	return constant_argument(fcinfo, plan->arg[which], which);
}

#endif							/* RETENTION_ARGUMENT_PLAN_H */
