/*
 * timeline_build.c
 *		A timeline under construction.
 */
#include "history/timeline_build.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define FIRST_BYTES 64			/* of the first chunk */
#define LAST_BYTES 8192			/* chunks grow up to this, but for merged ones */
#define FIRST_MERGE 1024		/* entries that are merged first */

#define ST_SORT sort_build_days
#define ST_ELEMENT_TYPE BuildDay
#define ST_COMPARE(a, b) \
	((a)->day < (b)->day ? -1 : (a)->day > (b)->day ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

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
KindLink *
build_find_kind(KindLink **list, uint8 flags, const char *zone, int zone_len,
		  MemoryContext context)
{
	KindLink  **link = list;
	KindLink   *found;

	for (found = *link; found != NULL; link = &found->next, found = *link)
		if (found->kind.flags == flags &&
			strncmp(found->kind.zone, zone, zone_len) == 0 &&
			found->kind.zone[zone_len] == '\0')
			break;
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

/* An empty state in context; kind must live as long. */
TimelineBuild *
build_begin(const BuildKind *kind, MemoryContext context)
{
	return build_chunk(NULL, kind, false, FIRST_BYTES, context);
}

/* All entries of a state, the chunks' latest first, into days. */
void
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
TimelineBuild *
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

/* Add a day of another timeline, in pieces when it is out of the ordinary. */
static TimelineBuild *
build_add_day(TimelineBuild *build, const TimelineDay *day)
{
	int64		orders = day->orders;
	int128		amount = day->amount;

	if (unlikely(orders > PG_UINT32_MAX || amount != (int64) amount))
		timeline_check_pieces(day, PG_UINT32_MAX);
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
TimelineBuild *
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
struct varlena *
build_finish(const TimelineBuild *build)
{
	uint32		n = build->older + build->n;
	BuildDay	few_days[FEW_DAYS] = {0};
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

