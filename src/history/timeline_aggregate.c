/*
 * timeline_aggregate.c
 *		Building timelines: timeline(at | during [, amount [, zone]]), zone
 *		being words or a grain,
 *		rollup(timeline), timeline || timeline.
 */
#include "history/timeline_plan.h"

#include "base/clip.h"
#include "base/grain_parse.h"
#include "base/zone.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_timeline_transition);
PG_FUNCTION_INFO_V1(retention_timeline_transition_grain);
PG_FUNCTION_INFO_V1(retention_timeline_rollup_transition);
PG_FUNCTION_INFO_V1(retention_timeline_combine);
PG_FUNCTION_INFO_V1(retention_timeline_serialize);
PG_FUNCTION_INFO_V1(retention_timeline_deserialize);
PG_FUNCTION_INFO_V1(retention_timeline_final);
PG_FUNCTION_INFO_V1(retention_timeline_merge);

#define CACHED_ZONES 8

/* A pointer that came through "internal" must be to such a state. */
static TimelineBuild *
build_argument(FunctionCallInfo fcinfo, int arg)
{
	TimelineBuild *build = (TimelineBuild *) PG_GETARG_POINTER(arg);

	if (unlikely(build->kind->magic != BUILD_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not a timeline")));
	return build;
}

/* A kind that the call site of a support function keeps. */
const BuildKind *
build_kind_of_site(FunctionCallInfo fcinfo, uint8 flags, const char *zone,
				   int zone_len)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
		site = fcinfo->flinfo->fn_extra = call_site(fcinfo);
	return &build_find_kind((KindLink **) &site->plan, flags, zone, zone_len,
							site->context)->kind;
}

/* A state in context, of such a kind. */
static TimelineBuild *
build_like(FunctionCallInfo fcinfo, MemoryContext context, uint8 flags,
		   const char *zone, int zone_len)
{
	return build_begin(build_kind_of_site(fcinfo, flags, zone, zone_len),
					   context);
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* What the timelines of a call site are like. */
void
build_plan_prepare(void *args, FunctionCallInfo fcinfo, const CallSite *site)
{
	BuildPlan  *plan = args;

	plan->flags = (plan->args.amount != AMOUNT_NONE ? TIMELINE_MONEY : 0) |
		(plan->args.range != NULL ? TIMELINE_LEVELS : 0) |
		(plan->args.instants ? TIMELINE_ZONE : 0);
	plan->context = site->context;
}

/* The same, the zone being a grain. */
void
build_plan_prepare_grain(void *args, FunctionCallInfo fcinfo, const CallSite *site)
{
	BuildPlan  *plan = args;

	build_plan_prepare(args, fcinfo, site);
	plan->zone_is_grain = true;
}

static const uint8 row_roles[] = {ROLE_DURING, ROLE_AMOUNT, CONSTANT_ZONE};

#define ROW_FORM(prepare) \
	{ARGUMENT_ROLES(row_roles), NULL, \
	"The arguments are timeline(at, amount, zone).", sizeof(BuildPlan), prepare}

/* The zone is text, or a grain. */
static const ArgumentForm row_form = ROW_FORM(build_plan_prepare);
static const ArgumentForm row_form_grain = ROW_FORM(build_plan_prepare_grain);

/* The zone of the session, where none is named. */
static pg_tz *
session_zone(void)
{
	return zone_of_session("A timeline of times with time zone is cut to days",
						   "Name the zone: timeline(at, amount, 'Europe/Paris'), or as a grain, which needs no collation: timeline(at, amount, 'day at Europe/Paris'::grain).");
}

/* Rows are of the kind of this zone, or of none. */
static void
plan_zone(BuildPlan *plan, pg_tz *zone)
{
	const char *name = zone == NULL ? "" : pg_get_timezone_name(zone);
	KindLink   *kind = build_find_kind(&plan->kinds, plan->flags, name,
									   strlen(name), plan->context);

	if (kind->days == NULL)
		kind->days = days_create(zone, plan->nkinds++ < CACHED_ZONES,
								 plan->context);
}

/* The zone an argument names: error 22023 when it is unknown. */
static pg_tz *
named_zone(const char *name)
{
	const char *canonical = grain_zone_canonical(name);

	if (canonical == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not recognized", clip(name)),
				 pg_strncasecmp(name, "day at ", 7) == 0 ?
				 errhint("Name the zone alone, or say that this is a grain: '%s'::grain.",
						 clip(name)) :
				 errhint("SELECT name FROM pg_timezone_names lists the zones known here.")));
	return pg_tzset(canonical);
}

/* The zone of a grain of days, NULL when it names none; other grains: 22023. */
static pg_tz *
day_zone(const Grain *grain)
{
	if (!grain_is_calendar(grain) || grain->unit != GRAIN_DAY || grain->count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a timeline is cut by the day"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Pass 'day at Europe/Paris'::grain, or the zone alone as text; the grain of the summary comes later: cohort_matrix(timeline, grain).")));
	return grain_zone_lookup(grain);
}

/* The zone in the argument; NULL for none. */
static pg_tz *
zone_argument(const BuildPlan *plan, const struct varlena *words)
{
	return plan->zone_is_grain ? day_zone((const Grain *) words) :
		named_zone(text_to_cstring((const text *) words));
}

/*
 * Find the kind of this row's group, by the zone of the argument, else by that
 * of the session.  An argument that changes within a group is error 22023.
 */
void
build_plan_row(BuildPlan *plan, FunctionCallInfo fcinfo,
			   const BuildKind *before)
{
	bool		zoned = (plan->flags & TIMELINE_ZONE) != 0;
	Datum		argument;
	struct varlena *words;

	if (plan->args.arg[CONSTANT_ZONE] == 0)
	{
		plan_zone(plan, zoned ? session_zone() : NULL);
		return;
	}
	argument = argument_constant(&plan->args, fcinfo, CONSTANT_ZONE);
	words = plan->zone_is_grain ? PG_DETOAST_DATUM(argument) :
		PG_DETOAST_DATUM_PACKED(argument);
	if (plan->zone_words == NULL ||
		VARSIZE_ANY_EXHDR(words) != VARSIZE_ANY_EXHDR(plan->zone_words) ||
		memcmp(VARDATA_ANY(words), VARDATA_ANY(plan->zone_words),
			   VARSIZE_ANY_EXHDR(words)) != 0)
	{
		pg_tz	   *zone = zone_argument(plan, words);
		MemoryContext old;

		if (zone == NULL && zoned)
			zone = session_zone();
		old = MemoryContextSwitchTo(plan->context);
		plan_zone(plan, zoned ? zone : NULL);
		if (plan->zone_words != NULL)
			pfree(plan->zone_words);
		plan->zone_words = (struct varlena *)
			cstring_to_text_with_len(VARDATA_ANY(words),
									 VARSIZE_ANY_EXHDR(words));
		MemoryContextSwitchTo(old);
	}
	if (before != NULL && before != &plan->kinds->kind)
		constant_check_words(CONSTANT_ZONE, before->zone,
							 plan->kinds->kind.zone);
}

/* A range as what it does to the level. */
static void
add_range(TimelineBuild *build, const BuildPlan *plan, Datum value,
		  int64 amount)
{
	DayRange	range = take_range(plan->kinds->days, plan->args.at,
								   plan->args.range, value);

	if (range.empty || amount == 0)
		return;
	build_add(build, range.from, 0, amount);
	if (!range.open)
		build_add(build, range.to, 0, -amount);
}

/*
 * A row of either transition function: (internal, at | during [, amount
 * [, zone]]) -> internal.  A NULL time skips the row, a NULL amount is an event worth
 * nothing or a level of nothing; without an amount a range weighs 1.
 */
static inline Datum
timeline_row(FunctionCallInfo fcinfo, const ArgumentForm *form)
{
	BuildPlan  *plan = argument_plan(fcinfo, form);
	TimelineBuild *build = NULL;
	int64		amount;

	if (!PG_ARGISNULL(0))
		build = build_argument(fcinfo, 0);
	Assert(PG_ARGISNULL(1) == argument_skips(&plan->args, fcinfo));
	if (PG_ARGISNULL(1))
	{
		if (build == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(build);
	}
	if (build_plan_is_open(plan))
		build_plan_row(plan, fcinfo, build == NULL ? NULL : build->kind);
	if (build == NULL)
		build = build_begin(&plan->kinds->kind, aggregate_context(fcinfo));
	amount = argument_amount(&plan->args, fcinfo);
	if (plan->args.range != NULL)
		add_range(build, plan, PG_GETARG_DATUM(1),
				  plan->args.amount == AMOUNT_NONE ? MONEY_ONE : amount);
	else
		build_add(build, take_day(plan->kinds->days, plan->args.at,
								  PG_GETARG_DATUM(1)),
				  amount < 0 ? 0 : 1, amount);
	PG_RETURN_POINTER(build);
}

/* The zone, if any, is text. */
Datum
retention_timeline_transition(PG_FUNCTION_ARGS)
{
	return timeline_row(fcinfo, &row_form);
}

/* The zone is a grain. */
Datum
retention_timeline_transition_grain(PG_FUNCTION_ARGS)
{
	return timeline_row(fcinfo, &row_form_grain);
}

/* ----------------------------------------------------------------
 *		Timelines put together
 * ----------------------------------------------------------------
 */

/* Transition function of rollup(timeline): (internal, timeline) -> internal. */
Datum
retention_timeline_rollup_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	TimelineBuild *build = NULL;
	TimelineReader r;

	if (!PG_ARGISNULL(0))
		build = build_argument(fcinfo, 0);
	if (!PG_ARGISNULL(1))
	{
		timeline_read_value(&r, PG_GETARG_TIMELINE(1));
		if (build == NULL)
			build = build_like(fcinfo, context, r.flags, r.zone, r.zone_len);
		build_add_timeline(build, &r);
	}
	if (build == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(build);
}

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_timeline_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	TimelineBuild *into = NULL;
	TimelineBuild *from;
	BuildDay   *days;
	uint32		n;

	if (!PG_ARGISNULL(0))
		into = build_argument(fcinfo, 0);
	if (PG_ARGISNULL(1))
	{
		if (into == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	from = build_argument(fcinfo, 1);
	if (into == NULL)
		into = build_like(fcinfo, context, from->kind->flags,
						  from->kind->zone, strlen(from->kind->zone));
	timeline_check_alike(into->kind->flags, into->kind->zone,
						 strlen(into->kind->zone), from->kind->flags,
						 from->kind->zone, strlen(from->kind->zone));
	n = build_count(from);
	days = palloc_extended(Max(n, 1) * sizeof(BuildDay), MCXT_ALLOC_HUGE);
	build_collect(from, days);
	for (uint32 i = 0; i < n; i++)
		build_add(into, days[i].day, days[i].orders, days[i].amount);
	pfree(days);
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea: a state packed as a timeline. */
Datum
retention_timeline_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(build_finish(build_argument(fcinfo, 0)));
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_timeline_deserialize(PG_FUNCTION_ARGS)
{
	TimelineBuild *build;
	TimelineReader r;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_check_zone(&r);
	build = build_like(fcinfo, CurrentMemoryContext, r.flags, r.zone,
					   r.zone_len);
	build_add_timeline(build, &r);
	PG_RETURN_POINTER(build);
}

/* Final function: (internal) -> timeline; NULL when no row counted. */
Datum
retention_timeline_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(build_finish(build_argument(fcinfo, 0)));
}

/* timeline || timeline: days and changes of level added up. */
Datum
retention_timeline_merge(PG_FUNCTION_ARGS)
{
	KindLink   *kinds = NULL;
	TimelineBuild *build;
	TimelineReader a;
	TimelineReader b;

	timeline_read_value(&a, PG_GETARG_TIMELINE(0));
	timeline_read_value(&b, PG_GETARG_TIMELINE(1));
	build_find_kind(&kinds, a.flags, a.zone, a.zone_len, CurrentMemoryContext);
	build = build_begin(&kinds->kind, CurrentMemoryContext);
	build_add_timeline(build, &a);
	build_add_timeline(build, &b);
	PG_RETURN_POINTER(build_finish(build));
}
