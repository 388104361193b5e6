/*
 * timeline_aggregate.c
 *		Building timelines: timeline(at | during [, amount [, zone]]),
 *		rollup(timeline), timeline || timeline.
 *
 * The state of a group holds events in the order they came; they are put in
 * order and merged by day at the end, and before when they are many.  It lives
 * in the aggregate's own context: a hash aggregate of millions of customers has
 * no room for a context each.
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

/* What the timeline of a group will be. */
typedef struct BuildKind
{
	uint32		magic;
	uint8		flags;			/* TIMELINE_* */
	const char *zone;			/* "" without TIMELINE_ZONE */
} BuildKind;

#define BUILD_MAGIC 0x54494D45

/*
 * The state of a group: the chunk being filled, which leads to those before.
 * A row of a hash aggregate touches one cache line of it, as a rule.  The
 * usual event is a word,
 *
 *	day (20 bits, biased) | amount in hundredths (44 bits, biased)
 *
 * with an order where the amount is no refund; all else are BuildDays, in
 * chunks of their own.
 */
typedef struct TimelineBuild
{
	struct TimelineBuild *before;
	const BuildKind *kind;
	uint32		n;				/* entries in this chunk */
	uint32		size;			/* it has room for */
	uint32		older;			/* entries in the chunks before */
	uint32		merged;			/* of which were merged by day */
	bool		wide;			/* BuildDays, not words */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} TimelineBuild;

#define FIRST_BYTES 64			/* of the first chunk */
#define LAST_BYTES 8192			/* chunks grow up to this, but for merged ones */
#define FIRST_MERGE 1024		/* entries that are merged first */

#define WORD_UNIT 10000			/* millionths in a hundredth */
#define WORD_AMOUNT_BITS 44
#define WORD_AMOUNT_BIAS (INT64CONST(1) << (WORD_AMOUNT_BITS - 1))
#define WORD_DAY_BIAS (1 << 19)

/* A kind in a call site's list. */
typedef struct KindLink
{
	struct KindLink *next;
	BuildKind	kind;
	Calendar   *days;			/* of its zone, where rows are cut in one */
} KindLink;

#define CACHED_ZONES 8

/* What a call site of timeline(...) knows about its arguments. */
typedef struct BuildPlan
{
	TimeKind	at;
	AmountKind	amount;
	TypeCacheEntry *range;		/* type of at, when it is a range */
	bool		zone_constant;
	uint8		flags;			/* of the timelines */
	text	   *zone_words;		/* the argument its zone was found by, or NULL */
	KindLink   *kinds;			/* the one of the row first */
	int			nkinds;
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

/* A chunk of so many bytes, or for so many BuildDays, after another. */
static TimelineBuild *
build_chunk(TimelineBuild *before, const BuildKind *kind, bool wide,
			Size bytes, MemoryContext context)
{
	TimelineBuild *build = MemoryContextAllocHuge(context, bytes);

	build->before = before;
	build->kind = kind;
	build->n = 0;
	build->size = (bytes - offsetof(TimelineBuild, words)) /
		(wide ? sizeof(BuildDay) : sizeof(uint64));
	build->older = before == NULL ? 0 : before->older + before->n;
	build->merged = before == NULL ? 0 : before->merged;
	build->wide = wide;
	return build;
}

/*
 * The kind in a list, which lives in context, made when it is not there and
 * brought to the front.
 */
static KindLink *
find_kind(KindLink **list, uint8 flags, const char *zone, int zone_len,
		  MemoryContext context)
{
	KindLink  **link = list;
	KindLink   *found;

	while ((found = *link) != NULL &&
		   (found->kind.flags != flags ||
			strncmp(found->kind.zone, zone, zone_len) != 0 ||
			found->kind.zone[zone_len] != '\0'))
		link = &found->next;
	if (found != NULL)
		*link = found->next;
	else
	{
		char	   *name = MemoryContextAlloc(context, zone_len + 1);

		memcpy(name, zone, zone_len);
		name[zone_len] = '\0';
		found = MemoryContextAllocZero(context, sizeof(KindLink));
		found->kind.magic = BUILD_MAGIC;
		found->kind.flags = flags;
		found->kind.zone = name;
	}
	found->next = *list;
	*list = found;
	return found;
}

/* A state in context, of a kind that the call site of a function keeps. */
static TimelineBuild *
build_like(FunctionCallInfo fcinfo, MemoryContext context, uint8 flags,
		   const char *zone, int zone_len)
{
	KindLink   *kind = find_kind((KindLink **) &fcinfo->flinfo->fn_extra, flags,
								 zone, zone_len, fcinfo->flinfo->fn_mcxt);

	return build_chunk(NULL, &kind->kind, false, FIRST_BYTES, context);
}

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

static inline BuildDay *
build_wide(const TimelineBuild *build)
{
	return (BuildDay *) build->words;
}

/* How many orders an event of this amount is. */
static inline uint32
implied_orders(const BuildKind *kind, int64 amount)
{
	return (kind->flags & TIMELINE_LEVELS) == 0 && amount >= 0;
}

/* Is an entry the usual event?  Then it is this word. */
static inline bool
as_word(const BuildKind *kind, int32 day, uint32 orders, int64 amount,
		uint64 *word)
{
	int64		hundredths = amount / WORD_UNIT;
	uint64		high = (uint64) ((int64) day + WORD_DAY_BIAS);
	uint64		low = (uint64) (hundredths + WORD_AMOUNT_BIAS);

	*word = high << WORD_AMOUNT_BITS | low;
	return hundredths * WORD_UNIT == amount &&
		(high >> (64 - WORD_AMOUNT_BITS)) == 0 &&
		(low >> WORD_AMOUNT_BITS) == 0 &&
		orders == implied_orders(kind, amount);
}

/* All entries of a state, the chunks' latest first, into days. */
static void
build_collect(const TimelineBuild *build, BuildDay *days)
{
	for (; build != NULL; build = build->before)
		if (build->wide)
		{
			memcpy(days, build->words, build->n * sizeof(BuildDay));
			days += build->n;
		}
		else
			for (uint32 i = 0; i < build->n; i++, days++)
			{
				uint64		word = build->words[i];
				int64		amount = (int64) (word & ((UINT64CONST(1) << WORD_AMOUNT_BITS) - 1)) -
					WORD_AMOUNT_BIAS;

				days->day = (int32) (word >> WORD_AMOUNT_BITS) - WORD_DAY_BIAS;
				days->amount = amount * WORD_UNIT;
				days->orders = implied_orders(build->kind, amount);
			}
}

/* Put days in order, and those of one day together where sums fit. */
static uint32
settle_days(BuildDay *days, uint32 n)
{
	uint32		kept = 0;

	for (uint32 i = 1; i < n; i++)
		if (days[i - 1].day > days[i].day)
		{
			sort_build_days(days, n);
			break;
		}
	for (uint32 i = 0; i < n; i++)
	{
		int64		amount;

		if (kept > 0 && days[kept - 1].day == days[i].day &&
			days[kept - 1].orders <= PG_UINT32_MAX - days[i].orders &&
			!pg_add_s64_overflow(days[kept - 1].amount, days[i].amount, &amount))
		{
			days[kept - 1].orders += days[i].orders;
			days[kept - 1].amount = amount;
		}
		else
			days[kept++] = days[i];
	}
	return kept;
}

/*
 * A new chunk for a state, in the context of the last one.  When entries have doubled
 * since the last time, all are merged by day first, so that memory follows the
 * days and not the rows.
 */
static TimelineBuild *
build_grow(TimelineBuild *build, bool wide)
{
	MemoryContext context = GetMemoryChunkContext(build);
	uint32		total = build->older + build->n;
	TimelineBuild *merged;

	if (total > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("timeline has too many days"),
				 errhint("A timeline is the history of one customer: GROUP BY the customer.")));
	if (total < FIRST_MERGE || total / 2 < build->merged)
		return build_chunk(build, build->kind, wide,
						   Min(FIRST_BYTES * 2 + build->older * sizeof(uint64),
							   LAST_BYTES), context);
	merged = build_chunk(NULL, build->kind, true,
						 offsetof(TimelineBuild, words) +
						 total * sizeof(BuildDay), context);
	build_collect(build, build_wide(merged));
	merged->n = settle_days(build_wide(merged), total);
	while (build != NULL)
	{
		TimelineBuild *before = build->before;

		pfree(build);
		build = before;
	}
	merged = repalloc_huge(merged, offsetof(TimelineBuild, words) +
						   merged->n * sizeof(BuildDay));
	merged->size = merged->merged = merged->n;
	return build_chunk(merged, merged->kind, wide, LAST_BYTES, context);
}

/* Add to a day; returns the chunk that is now being filled. */
static inline TimelineBuild *
build_add(TimelineBuild *build, int32 day, uint32 orders, int64 amount)
{
	BuildDay   *wide;
	uint64		word;

	if (likely(as_word(build->kind, day, orders, amount, &word)))
	{
		if (unlikely(build->n == build->size))
			build = build_grow(build, false);
		if (likely(!build->wide))
		{
			build->words[build->n++] = word;
			return build;
		}
	}
	else if (build->n == build->size || !build->wide)
		build = build_grow(build, true);
	wide = &build_wide(build)[build->n++];
	wide->day = day;
	wide->orders = orders;
	wide->amount = amount;
	return build;
}

/* Add a day of another timeline, in pieces when it is out of the ordinary. */
static TimelineBuild *
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
		build = build_add(build, day->day, some, part);
		orders -= some;
		amount -= part;
	}
	return build_add(build, day->day, (uint32) orders, (int64) amount);
}

/* Add all of a timeline, which must be of the same kind. */
static TimelineBuild *
build_add_timeline(TimelineBuild *build, TimelineReader *r)
{
	timeline_check_alike(build->kind->flags, build->kind->zone,
						 strlen(build->kind->zone),
						 r->flags, r->zone, r->zone_len);
	while (timeline_next(r) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		build = build_add_day(build, &r->day);
	}
	return build;
}

#define FEW_DAYS 64

/* The state as a timeline; it stays as it is. */
static struct varlena *
build_finish(const TimelineBuild *build)
{
	uint32		n = build->older + build->n;
	BuildDay	few_days[FEW_DAYS];
	TimelineDay few[FEW_DAYS];
	BuildDay   *days = few_days;
	Timeline	timeline;
	struct varlena *result;

	timeline.flags = build->kind->flags;
	timeline.zone = build->kind->zone;
	timeline.days = few;
	timeline.ndays = 0;
	if (n > FEW_DAYS)
		days = palloc_extended(n * sizeof(BuildDay), MCXT_ALLOC_HUGE);
	build_collect(build, days);
	n = settle_days(days, n);
	if (n > FEW_DAYS)
		timeline.days = palloc_extended(n * sizeof(TimelineDay),
										MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
	{
		TimelineDay *day = &timeline.days[timeline.ndays];

		if (timeline.ndays > 0 && day[-1].day == days[i].day)
		{
			day[-1].orders += days[i].orders;
			day[-1].amount += days[i].amount;
			continue;
		}
		day->day = days[i].day;
		day->orders = days[i].orders;
		day->amount = days[i].amount;
		timeline.ndays++;
	}
	result = timeline_encode(&timeline);
	if (days != few_days)
		pfree(days);
	if (timeline.days != few)
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
	plan->flags = (plan->amount != AMOUNT_NONE ? TIMELINE_MONEY : 0) |
		(plan->range != NULL ? TIMELINE_LEVELS : 0) |
		(time_is_instant(plan->at) ? TIMELINE_ZONE : 0);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = plan;
	return plan;
}

/* Rows are of the kind of this zone, or of none. */
static void
plan_zone(BuildPlan *plan, pg_tz *zone, FunctionCallInfo fcinfo)
{
	const char *name = zone == NULL ? "" : pg_get_timezone_name(zone);
	KindLink   *kind = find_kind(&plan->kinds, plan->flags, name, strlen(name),
								 fcinfo->flinfo->fn_mcxt);

	if (kind->days == NULL)
		kind->days = days_create(zone, plan->nkinds++ < CACHED_ZONES,
								 fcinfo->flinfo->fn_mcxt);
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
 * Find the kind of this row's group, by the zone of the argument, else by that
 * of the session.  An argument that changes within a group is error 22023.
 */
static void
plan_row(BuildPlan *plan, FunctionCallInfo fcinfo, const TimelineBuild *build)
{
	bool		zoned = (plan->flags & TIMELINE_ZONE) != 0;
	text	   *words;

	if (PG_NARGS() < 4)
	{
		plan_zone(plan, zoned ? session_timezone : NULL, fcinfo);
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

		plan_zone(plan, zoned ? zone : NULL, fcinfo);
		if (plan->zone_words != NULL)
			pfree(plan->zone_words);
		plan->zone_words = cstring_to_text_with_len(VARDATA_ANY(words),
													VARSIZE_ANY_EXHDR(words));
		MemoryContextSwitchTo(old);
	}
	if (build != NULL && build->kind != &plan->kinds->kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("zone must be the same for all rows of a group"),
				 errdetail("Both \"%s\" and \"%s\" were given.",
						   build->kind->zone, plan->kinds->kind.zone),
				 errhint("Add the zone to GROUP BY.")));
}

/* A range as what it does to the level. */
static TimelineBuild *
add_range(TimelineBuild *build, const BuildPlan *plan, Datum value,
		  int64 amount)
{
	DayRange	range = take_range(plan->kinds->days, plan->at, plan->range,
								   value);

	if (range.empty || amount == 0)
		return build;
	build = build_add(build, range.from, 0, amount);
	if (!range.open)
		build = build_add(build, range.to, 0, -amount);
	return build;
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
		plan_row(plan, fcinfo, build);
	if (PG_ARGISNULL(1))
	{
		if (build == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(build);
	}
	if (build == NULL)
		build = build_chunk(NULL, &plan->kinds->kind, false, FIRST_BYTES,
							aggregate_context(fcinfo));
	if (plan->amount != AMOUNT_NONE && !PG_ARGISNULL(2))
		amount = take_amount(plan->amount, PG_GETARG_DATUM(2));
	if (plan->range != NULL)
		build = add_range(build, plan, PG_GETARG_DATUM(1),
						  plan->amount == AMOUNT_NONE ? MONEY_ONE : amount);
	else
		build = build_add(build, take_day(plan->kinds->days, plan->at,
										  PG_GETARG_DATUM(1)),
						  amount < 0 ? 0 : 1, amount);
	PG_RETURN_POINTER(build);
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
		build = build_add_timeline(build, &r);
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
	n = from->older + from->n;
	days = palloc_extended(Max(n, 1) * sizeof(BuildDay), MCXT_ALLOC_HUGE);
	build_collect(from, days);
	for (uint32 i = 0; i < n; i++)
		into = build_add(into, days[i].day, days[i].orders, days[i].amount);
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
	build = build_like(fcinfo, CurrentMemoryContext, r.flags, r.zone,
					   r.zone_len);
	build = build_add_timeline(build, &r);
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
	build = build_like(fcinfo, CurrentMemoryContext, a.flags, a.zone,
					   a.zone_len);
	build = build_add_timeline(build, &a);
	build = build_add_timeline(build, &b);
	PG_RETURN_POINTER(build_finish(build));
}
