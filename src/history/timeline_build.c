/*
 * timeline_build.c
 *		A timeline under construction.
 */
#include "history/timeline_build.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define FIRST_BYTES 128			/* of the first chunk */
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

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(TimelineBuild) <= 256, "a TimelineBuild is larger than SSPACE says");

/* An empty state in context; kind must live as long. */
TimelineBuild *
build_begin(const BuildKind *kind, MemoryContext context)
{
	TimelineBuild *build = MemoryContextAlloc(context, sizeof(TimelineBuild));

	build->kind = kind;
	build->chunk = NULL;
	build->nchunks = 0;
	build->nfew = 0;
	return build;
}

/* Words as days; returns what is behind them. */
static BuildDay *
collect_words(const BuildKind *kind, const uint64 *words, uint32 n,
			  BuildDay *days)
{
	for (uint32 i = 0; i < n; i++, days++)
	{
		int64		amount = (int64) (words[i] & ((UINT64CONST(1) << WORD_AMOUNT_BITS) - 1)) -
			WORD_AMOUNT_BIAS;

		days->day = (int32) (words[i] >> WORD_AMOUNT_BITS) - WORD_DAY_BIAS;
		days->amount = amount * WORD_UNIT;
		days->orders = implied_orders(kind, amount);
	}
	return days;
}

/* All entries of a state, the latest chunk first, into days. */
void
build_collect(const TimelineBuild *build, BuildDay *days)
{
	days = collect_words(build->kind, build->few, build->nfew, days);
	for (BuildChunk *chunk = build->chunk; chunk != NULL; chunk = chunk->before)
		if (chunk->wide)
		{
			memcpy(days, chunk->words, chunk->n * sizeof(BuildDay));
			days += chunk->n;
		}
		else
			days = collect_words(build->kind, chunk->words, chunk->n, days);
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

/* A chunk of so many bytes before all others. */
static void
push_chunk(TimelineBuild *build, bool wide, Size bytes)
{
	BuildChunk *chunk = MemoryContextAllocHuge(GetMemoryChunkContext(build),
											   bytes);

	chunk->before = build->chunk;
	chunk->n = 0;
	chunk->size = (bytes - offsetof(BuildChunk, words)) /
		(wide ? sizeof(BuildDay) : sizeof(uint64));
	chunk->merged = build->chunk == NULL ? 0 : build->chunk->merged;
	chunk->wide = wide;
	build->chunk = chunk;
}

/* All entries merged by day, in one chunk. */
static void
merge_chunks(TimelineBuild *build)
{
	uint32		total = build_count(build);
	BuildChunk *chunk = build->chunk;
	BuildDay   *days = palloc_extended(total * sizeof(BuildDay),
									   MCXT_ALLOC_HUGE);

	build_collect(build, days);
	total = settle_days(days, total);
	while (chunk != NULL)
	{
		BuildChunk *before = chunk->before;

		pfree(chunk);
		chunk = before;
	}
	build->chunk = NULL;
	push_chunk(build, true,
			   offsetof(BuildChunk, words) + total * sizeof(BuildDay));
	memcpy(build->chunk->words, days, total * sizeof(BuildDay));
	pfree(days);
	build->chunk->n = build->chunk->merged = total;
	build->nchunks = total;
	build->nfew = 0;
}

pg_noreturn static void
refuse_entries(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("timeline has too many days"),
			 errdetail("Days, and parts of days whose sums exceed 64 bits, are too many to be held."),
			 errhint("A timeline is the history of one customer: GROUP BY the customer.")));
}

/*
 * Have room in a chunk.  When entries have doubled since the last time, all are
 * merged by day first, so that memory follows the days and not the rows.
 */
static void
grow(TimelineBuild *build, bool wide)
{
	uint32		total = build_count(build);
	Size		bytes = FIRST_BYTES;

	if (total > PG_INT32_MAX)
		refuse_entries();
	if (build->chunk != NULL && build->chunk->wide == wide &&
		build->chunk->n < build->chunk->size)
		return;
	if (total >= FIRST_MERGE &&
		(build->chunk == NULL || total / 2 >= build->chunk->merged))
		merge_chunks(build);
	while (bytes < LAST_BYTES && bytes < build->nchunks * sizeof(uint64))
		bytes *= 2;
	push_chunk(build, wide, bytes);
}

/*
 * Make room in few.  A chunk of days that has room takes words, too, or else a
 * mixture of both would begin a chunk at every turn.
 */
void
build_put_few(TimelineBuild *build)
{
	BuildChunk *chunk = build->chunk;
	uint32		n;

	if (chunk == NULL || chunk->n == chunk->size)
	{
		grow(build, false);
		chunk = build->chunk;
	}
	n = Min(build->nfew, chunk->size - chunk->n);
	build->nfew -= n;
	if (unlikely(chunk->wide))
		collect_words(build->kind, build->few + build->nfew, n,
					  (BuildDay *) chunk->words + chunk->n);
	else
		memcpy(chunk->words + chunk->n, build->few + build->nfew,
			   n * sizeof(uint64));
	chunk->n += n;
	build->nchunks += n;
}

/* Add what is no word. */
void
build_put_day(TimelineBuild *build, int32 day, uint32 orders, int64 amount)
{
	BuildDay   *wide;

	grow(build, true);
	wide = (BuildDay *) build->chunk->words + build->chunk->n++;
	wide->day = day;
	wide->orders = orders;
	wide->amount = amount;
	build->nchunks++;
}

/*
 * Add a day of another timeline, in pieces when it is out of the ordinary.
 * Pieces of many timelines may be too many to be held, too.
 */
static void
build_add_day(TimelineBuild *build, TimelineReader *r)
{
	const TimelineDay *day = &r->day;
	int64		orders = day->orders;
	int128		amount = day->amount;

	if (unlikely(orders > PG_UINT32_MAX || amount != (int64) amount))
	{
		timeline_count_pieces(r, PG_UINT32_MAX);
		if (build_count(build) > 16 * TIMELINE_PIECES_MAX)
			refuse_entries();
	}
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
void
build_add_timeline(TimelineBuild *build, TimelineReader *r)
{
	timeline_check_alike(build->kind->flags, build->kind->zone,
						 strlen(build->kind->zone),
						 r->flags, r->zone, r->zone_len);
	while (timeline_next(r) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		build_add_day(build, r);
	}
}

#define FEW_DAYS 64

/* The state as a timeline; it stays as it is. */
struct varlena *
build_finish(const TimelineBuild *build)
{
	uint32		n = build_count(build);
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

