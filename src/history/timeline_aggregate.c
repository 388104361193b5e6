/*
 * timeline_aggregate.c
 *		Building timelines: timeline(at | during [, amount [, zone]]),
 *		rollup(timeline), timeline || timeline.
 *
 * The state of a group is an array of days in the order they came, put in
 * order and merged when it is full and at the end.  It lives in the
 * aggregate's own context: a hash aggregate of millions of customers has no
 * room for a context each.
 */
#include "history/timeline.h"

#include "base/aggregate.h"
#include "base/grain_parse.h"
#include "common/int.h"
#include "history/argument.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_timeline_transition);
PG_FUNCTION_INFO_V1(retention_timeline_rollup_transition);
PG_FUNCTION_INFO_V1(retention_timeline_combine);
PG_FUNCTION_INFO_V1(retention_timeline_serialize);
PG_FUNCTION_INFO_V1(retention_timeline_deserialize);
PG_FUNCTION_INFO_V1(retention_timeline_final);
PG_FUNCTION_INFO_V1(retention_timeline_merge);

/* Part of what happened on a day; several may be of one day. */
typedef struct BuildDay
{
	int32		day;
	uint32		orders;
	int64		amount;			/* millionths; of levels the change */
} BuildDay;

#define BUILD_MAGIC 0x54494D45
#define FIRST_DAYS 8

typedef struct TimelineBuild
{
	uint32		magic;
	uint8		flags;			/* TIMELINE_* */
	bool		sorted;			/* days ascend, one entry each */
	const char *zone;			/* "" without TIMELINE_ZONE */
	int64		n;
	int64		size;
	BuildDay   *days;
} TimelineBuild;

/* The days of a zone; the first few of a call site have a table. */
typedef struct ZoneLink
{
	struct ZoneLink *next;
	Calendar   *days;
} ZoneLink;

#define CACHED_ZONES 8

/* What a call site of timeline(...) knows about its arguments. */
typedef struct BuildPlan
{
	TimeKind	at;
	AmountKind	amount;
	TypeCacheEntry *range;		/* type of at, when it is a range */
	bool		zone_constant;
	uint8		flags;			/* of the timelines */
	Calendar   *days;			/* that of the zone last used */
	const char *zone;			/* its name, "" for none */
	text	   *zone_words;		/* the argument it was found by, or NULL */
	ZoneLink   *zones;
	int			nzones;
} BuildPlan;

#define ST_SORT sort_build_days
#define ST_ELEMENT_TYPE BuildDay
#define ST_COMPARE(a, b) \
	((a)->day < (b)->day ? -1 : (a)->day > (b)->day ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* ----------------------------------------------------------------
 *		State
 * ----------------------------------------------------------------
 */

static TimelineBuild *
build_create(uint8 flags, const char *zone, MemoryContext context)
{
	TimelineBuild *build = MemoryContextAlloc(context, sizeof(TimelineBuild));

	build->magic = BUILD_MAGIC;
	build->flags = flags;
	build->zone = zone;
	build->sorted = true;
	build->n = 0;
	build->size = FIRST_DAYS;
	build->days = MemoryContextAlloc(context, FIRST_DAYS * sizeof(BuildDay));
	return build;
}

/* A pointer that came through "internal" must be to such a state. */
static TimelineBuild *
build_argument(FunctionCallInfo fcinfo, int arg)
{
	TimelineBuild *build = (TimelineBuild *) PG_GETARG_POINTER(arg);

	if (unlikely(build->magic != BUILD_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not a timeline")));
	return build;
}

/* Put the days in order, and those of one day together where sums fit. */
static void
build_settle(TimelineBuild *build)
{
	BuildDay   *days = build->days;
	int64		n = 0;

	if (build->sorted)
		return;
	sort_build_days(days, build->n);
	for (int64 i = 0; i < build->n; i++)
	{
		int64		amount;

		if (n > 0 && days[n - 1].day == days[i].day &&
			days[n - 1].orders <= PG_UINT32_MAX - days[i].orders &&
			!pg_add_s64_overflow(days[n - 1].amount, days[i].amount, &amount))
		{
			days[n - 1].orders += days[i].orders;
			days[n - 1].amount = amount;
		}
		else
			days[n++] = days[i];
	}
	build->n = n;
	build->sorted = true;
}

/* Merge, and if that does not gain much, double the room. */
static void
build_make_room(TimelineBuild *build)
{
	build_settle(build);
	if (build->n <= build->size / 2)
		return;
	build->size *= 2;
	build->days = repalloc_huge(build->days, build->size * sizeof(BuildDay));
}

/* Add to a day. */
static inline void
build_add(TimelineBuild *build, int32 day, uint32 orders, int64 amount)
{
	BuildDay   *last;

	if (unlikely(build->n == build->size))
		build_make_room(build);
	if (build->n > 0 && build->days[build->n - 1].day >= day)
		build->sorted = false;
	last = &build->days[build->n++];
	last->day = day;
	last->orders = orders;
	last->amount = amount;
}

/* Add a day of another timeline, in pieces when it is out of the ordinary. */
static void
build_add_day(TimelineBuild *build, const TimelineDay *day)
{
	int64		orders = day->orders;
	int128		amount = day->amount;

	while (unlikely(orders > PG_UINT32_MAX || amount != (int64) amount))
	{
		uint32		some = (uint32) Min(orders, PG_UINT32_MAX);
		int64		part = amount > PG_INT64_MAX ? PG_INT64_MAX :
			amount < PG_INT64_MIN ? PG_INT64_MIN : (int64) amount;

		CHECK_FOR_INTERRUPTS();
		build_add(build, day->day, some, part);
		orders -= some;
		amount -= part;
	}
	build_add(build, day->day, (uint32) orders, (int64) amount);
}

/* Add all of a timeline, which must be of the same kind. */
static void
build_add_timeline(TimelineBuild *build, TimelineReader *r)
{
	timeline_check_alike(build->flags, build->zone, strlen(build->zone),
						 r->flags, r->zone, r->zone_len);
	while (timeline_next(r) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		build_add_day(build, &r->day);
	}
}

/* The state as a timeline. */
static struct varlena *
build_finish(TimelineBuild *build)
{
	Timeline	timeline;
	struct varlena *result;

	build_settle(build);
	timeline.flags = build->flags;
	timeline.zone = build->zone;
	timeline.ndays = 0;
	timeline.days = palloc_extended(Max(build->n, 1) * sizeof(TimelineDay),
									MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < build->n; i++)
	{
		const BuildDay *from = &build->days[i];
		TimelineDay *day = &timeline.days[timeline.ndays];

		if (i > 0 && day[-1].day == from->day)
		{
			day[-1].orders += from->orders;
			day[-1].amount += from->amount;
			continue;
		}
		day->day = from->day;
		day->orders = from->orders;
		day->amount = from->amount;
		timeline.ndays++;
	}
	result = timeline_encode(&timeline);
	pfree(timeline.days);
	return result;
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* Work out the types of this call site, once. */
static BuildPlan *
plan_create(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	BuildPlan  *plan = palloc0(sizeof(BuildPlan));

	plan->at = plan_time(fcinfo, 1, "at", true);
	if (PG_NARGS() > 2)
		plan->amount = plan_amount(fcinfo, 2, NULL,
								   "The arguments are timeline(at, amount, zone).");
	plan->range = time_range_type(plan->at);
	plan->zone_constant = PG_NARGS() < 4 || argument_is_constant(fcinfo, 3);
	plan->zone = "";
	plan->flags = (plan->amount != AMOUNT_NONE ? TIMELINE_MONEY : 0) |
		(plan->range != NULL ? TIMELINE_LEVELS : 0) |
		(time_is_instant(plan->at) ? TIMELINE_ZONE : 0);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = plan;
	return plan;
}

/* Have plan->days cut in a zone. */
static void
plan_zone(BuildPlan *plan, pg_tz *zone, FunctionCallInfo fcinfo)
{
	ZoneLink   *link;

	for (link = plan->zones; link != NULL; link = link->next)
		if (link->days->zone == zone)
			break;
	if (link == NULL)
	{
		link = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(ZoneLink));
		link->days = days_create(zone, plan->nzones++ < CACHED_ZONES,
								 fcinfo->flinfo->fn_mcxt);
		link->next = plan->zones;
		plan->zones = link;
	}
	plan->days = link->days;
	plan->zone = pg_get_timezone_name(zone);
}

/* The zone an argument names: error 22023 when it is unknown. */
static pg_tz *
named_zone(const char *name)
{
	const char *canonical = grain_zone_canonical(name);

	if (canonical == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not recognized", name),
				 errhint("SELECT name FROM pg_timezone_names lists the zones known here.")));
	return pg_tzset(canonical);
}

/*
 * Find the zone of this row's group: that of the argument, else the
 * session's.  It says so when the argument changes within a group.
 */
static void
find_zone(BuildPlan *plan, FunctionCallInfo fcinfo, const TimelineBuild *build)
{
	text	   *words;

	if (PG_NARGS() < 4)
	{
		if (plan->flags & TIMELINE_ZONE)
			plan_zone(plan, session_timezone, fcinfo);
		return;
	}
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("zone must not be NULL"),
				 errhint("Name a time zone such as 'Europe/Paris', or leave the argument out for that of the session.")));
	words = PG_GETARG_TEXT_PP(3);
	if (plan->zone_words == NULL ||
		VARSIZE_ANY_EXHDR(words) != VARSIZE_ANY_EXHDR(plan->zone_words) ||
		memcmp(VARDATA_ANY(words), VARDATA_ANY(plan->zone_words),
			   VARSIZE_ANY_EXHDR(words)) != 0)
	{
		pg_tz	   *zone = named_zone(text_to_cstring(words));
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (plan->flags & TIMELINE_ZONE)
			plan_zone(plan, zone, fcinfo);
		if (plan->zone_words != NULL)
			pfree(plan->zone_words);
		plan->zone_words = cstring_to_text_with_len(VARDATA_ANY(words),
													VARSIZE_ANY_EXHDR(words));
		MemoryContextSwitchTo(old);
	}
	if (build != NULL && strcmp(build->zone, plan->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("zone must be the same for all rows of a group"),
				 errdetail("Both \"%s\" and \"%s\" were given.", build->zone,
						   plan->zone),
				 errhint("Add the zone to GROUP BY.")));
}

/* A range as what it does to the level. */
static void
add_range(TimelineBuild *build, const BuildPlan *plan, Datum value,
		  int64 amount)
{
	DayRange	range = take_range(plan->days, plan->at, plan->range, value);

	if (range.empty || amount == 0)
		return;
	build_add(build, range.from, 0, amount);
	if (!range.open)
		build_add(build, range.to, 0, -amount);
}

/*
 * Transition function: (internal, at | during [, amount [, zone]]) ->
 * internal.  A NULL time skips the row, a NULL amount is an event worth
 * nothing or a level of nothing; without an amount a range weighs 1.
 */
Datum
retention_timeline_transition(PG_FUNCTION_ARGS)
{
	BuildPlan  *plan = fcinfo->flinfo->fn_extra;
	TimelineBuild *build = NULL;
	int64		amount = 0;

	if (unlikely(plan == NULL))
	{
		(void) aggregate_context(fcinfo);
		plan = plan_create(fcinfo);
	}
	if (!PG_ARGISNULL(0))
		build = build_argument(fcinfo, 0);
	if (build == NULL || !plan->zone_constant)
		find_zone(plan, fcinfo, build);
	if (PG_ARGISNULL(1))
	{
		if (build == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(build);
	}
	if (build == NULL)
		build = build_create(plan->flags, plan->zone,
							 aggregate_context(fcinfo));
	if (plan->amount != AMOUNT_NONE && !PG_ARGISNULL(2))
		amount = take_amount(plan->amount, PG_GETARG_DATUM(2));
	if (plan->range != NULL)
		add_range(build, plan, PG_GETARG_DATUM(1),
				  plan->amount == AMOUNT_NONE ? MONEY_ONE : amount);
	else
		build_add(build, take_day(plan->days, plan->at, PG_GETARG_DATUM(1)),
				  amount < 0 ? 0 : 1, amount);
	PG_RETURN_POINTER(build);
}

/* ----------------------------------------------------------------
 *		Timelines put together
 * ----------------------------------------------------------------
 */

/* A state of the kind of a timeline, living in context. */
static TimelineBuild *
build_like(const TimelineReader *r, MemoryContext context)
{
	return build_create(r->flags, r->zone_len == 0 ? "" :
						MemoryContextStrdup(context, pnstrdup(r->zone, r->zone_len)),
						context);
}

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
			build = build_like(&r, context);
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
		into = build_create(from->flags, MemoryContextStrdup(context, from->zone),
							context);
	timeline_check_alike(into->flags, into->zone, strlen(into->zone),
						 from->flags, from->zone, strlen(from->zone));
	for (int64 i = 0; i < from->n; i++)
		build_add(into, from->days[i].day, from->days[i].orders,
				  from->days[i].amount);
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
	build = build_like(&r, CurrentMemoryContext);
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
	TimelineBuild *build;
	TimelineReader a;
	TimelineReader b;

	timeline_read_value(&a, PG_GETARG_TIMELINE(0));
	timeline_read_value(&b, PG_GETARG_TIMELINE(1));
	build = build_like(&a, CurrentMemoryContext);
	build_add_timeline(build, &a);
	build_add_timeline(build, &b);
	PG_RETURN_POINTER(build_finish(build));
}
