/*
 * timeline_plan.h
 *		What a call site of an aggregate that builds timelines knows about its
 *		arguments: (at | during [, amount [, zone]]), zone being text or a grain.
 */
#ifndef RETENTION_TIMELINE_PLAN_H
#define RETENTION_TIMELINE_PLAN_H

#include "history/argument_plan.h"
#include "history/timeline_build.h"

typedef struct BuildPlan
{
	ArgumentPlan args;
	MemoryContext context;		/* of all this, lives as long as the query */
	bool		zone_is_grain;	/* not text */
	uint8		flags;			/* of the timelines */
	struct varlena *zone_words; /* the argument its zone was found by, or NULL */
	KindLink   *kinds;			/* the one of the row first */
	int			nkinds;
} BuildPlan;

/* For the forms of arguments: the zone is text, or it is a grain. */
extern void build_plan_prepare(void *plan, FunctionCallInfo fcinfo,
							   const CallSite *site);
extern void build_plan_prepare_grain(void *plan, FunctionCallInfo fcinfo,
									 const CallSite *site);

/*
 * Find the kind of this row's group, by the zone of the argument, else by that
 * of the session.  before is that of the group's rows so far, or NULL: another
 * one is error 22023.
 */
extern void build_plan_row(BuildPlan *plan, FunctionCallInfo fcinfo,
						   const BuildKind *before);

/*
 * Has a row to be looked at by build_plan_row()?  One query has one zone, also
 * when that of the session changes under way.
 */
static inline bool
build_plan_is_open(const BuildPlan *plan)
{
	return plan->kinds == NULL || !plan->args.constant;
}

/* A kind that the call site of a support function keeps. */
extern const BuildKind *build_kind_of_site(FunctionCallInfo fcinfo,
										   uint8 flags, const char *zone,
										   int zone_len);

#endif							/* RETENTION_TIMELINE_PLAN_H */
