/*
 * funnel/build.c
 *		A funnel being built, chain by chain: who reached each step, and how
 *		long it took from the step before and from earlier ones.
 */
#include "metrics/funnel/build.h"

#include "metrics/funnel/times.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

/* What is known of a step so far. */
typedef struct BuildStep
{
	int64		customers;
	TimeList	times;			/* from the step before */
	TimeList   *from;			/* from each step, where that is another; NULL */
} BuildStep;

typedef struct BuildEntry
{
	int32		period;			/* the key */
	BuildStep  *steps;			/* from 1 */
} BuildEntry;

struct FunnelBuilder
{
	const FunnelRules *rules;
	int32		nsteps;
	HTAB	   *entries;		/* of a trend */
	BuildEntry	only;			/* of others */
	BuildEntry *last;			/* looked up last */
	TimeSorter	sorter;
};

FunnelBuilder *
funnel_builder_create(const Funnel *funnel, int32 nsteps)
{
	FunnelBuilder *b = palloc0(sizeof(FunnelBuilder));

	b->rules = &funnel->rules;
	b->nsteps = nsteps;
	if (funnel->grain != NULL)
	{
		HASHCTL		control = {
			.keysize = sizeof(int32), .entrysize = sizeof(BuildEntry),
			.hcxt = CurrentMemoryContext
		};

		b->entries = hash_create("periods of a funnel", 64, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		return b;
	}
	b->only.steps = palloc0((nsteps + 1) * sizeof(BuildStep));
	b->last = &b->only;
	return b;
}

static BuildEntry *
find_entry(FunnelBuilder *b, int32 period)
{
	bool		found;

	if (b->last != NULL && b->last->period == period)
		return b->last;
	b->last = hash_search(b->entries, &period, HASH_ENTER, &found);
	if (!found)
		b->last->steps = palloc0((b->nsteps + 1) * sizeof(BuildStep));
	return b->last;
}

/* Note a time from one event to another. */
static void
add_time(TimeList *list, int64 from, int64 to)
{
	int64		time;

	if (unlikely(pg_sub_s64_overflow(to, from, &time)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time between two steps out of range"),
				 errdetail("The steps of a customer lie more than 292,000 years apart."),
				 errhint("Use a shorter window, or leave such times out.")));
	times_add(list, time);
}

/* Count a chain. */
void
funnel_builder_add(FunnelBuilder *b, const ChainPath *path, int32 period)
{
	BuildEntry *entry = find_entry(b, period);

	for (int32 i = 0; i < path->n; i++)
	{
		int32		number = path->steps[i];
		BuildStep  *step = &entry->steps[number];

		if ((i & 1023) == 1023)
			CHECK_FOR_INTERRUPTS();
		step->customers++;
		if (i == 0)
			continue;
		add_time(&step->times, path->at[i - 1], path->at[i]);
		if (number > FUNNEL_PAIR_STEPS || number < 3)
			continue;
		if (step->from == NULL)
			step->from = palloc0(number * sizeof(TimeList));
		for (int32 j = 0; j < i; j++)
			if (funnel_is_pair(b->rules, path->steps[j], number))
				add_time(&step->from[path->steps[j]], path->at[j], path->at[i]);
	}
}

/* ----------------------------------------------------------------
 *		The end
 * ----------------------------------------------------------------
 */

/* The items of an entry. */
static void
finish_entry(FunnelBuilder *b, BuildEntry *entry, Funnel *funnel)
{
	for (int32 step = 1; step <= b->nsteps; step++)
	{
		FunnelItem *item = &funnel->items[funnel->nitems++];

		CHECK_FOR_INTERRUPTS();
		item->period = entry->period;
		item->step = step;
		item->customers = entry->steps[step].customers;
		item->times = times_count(&b->sorter, &entry->steps[step].times,
								  &item->ntimes);
	}
	for (int32 step = 3; step <= Min(b->nsteps, FUNNEL_PAIR_STEPS); step++)
		for (int32 from = 1; from < step && entry->steps[step].from != NULL; from++)
		{
			FunnelItem *item = &funnel->items[funnel->nitems];

			if (entry->steps[step].from[from].n == 0)
				continue;
			item->period = entry->period;
			item->step = step;
			item->from = from;
			item->times = times_count(&b->sorter, &entry->steps[step].from[from],
									  &item->ntimes);
			funnel->nitems++;
		}
}

static int
compare_entries(const void *a, const void *b)
{
	int32		x = (*(BuildEntry *const *) a)->period;
	int32		y = (*(BuildEntry *const *) b)->period;

	return (x > y) - (x < y);
}

/* The items of all entries, in order of their periods. */
bool
funnel_builder_finish(FunnelBuilder *b, Funnel *funnel)
{
	int64		n = b->entries == NULL ? 1 : hash_get_num_entries(b->entries);
	int64		pairs = Min(b->nsteps, FUNNEL_PAIR_STEPS);
	BuildEntry **entries = palloc_extended(Max(n, 1) * sizeof(BuildEntry *),
										   MCXT_ALLOC_HUGE);
	int64		filled = 0;

	if (b->entries == NULL)
		entries[filled++] = &b->only;
	else
	{
		HASH_SEQ_STATUS status;
		BuildEntry *entry;

		hash_seq_init(&status, b->entries);
		while ((entry = hash_seq_search(&status)) != NULL)
			entries[filled++] = entry;
		qsort(entries, n, sizeof(BuildEntry *), compare_entries);
	}
	funnel->nitems = 0;
	funnel->items = palloc_extended(Max(n, 1) * (b->nsteps + pairs * (pairs - 1) / 2) *
									sizeof(FunnelItem),
									MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < n; i++)
		finish_entry(b, entries[i], funnel);
	return n > 0;
}
