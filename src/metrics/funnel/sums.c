/*
 * funnel/sums.c
 *		Times of a funnel: looked up, summed over the periods of a trend, and
 *		what is said of them.
 */
#include "metrics/funnel/type.h"

#include "miscadmin.h"

#include <math.h>

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE FunnelTime
#define ST_COMPARE(a, b) \
	((a)->time < (b)->time ? -1 : (a)->time > (b)->time ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* ----------------------------------------------------------------
 *		All periods as one
 * ----------------------------------------------------------------
 */

/* Add a count; 22003 when it is too large. */
int64
funnel_add_customers(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("funnel out of range"),
				 errdetail("A sum of the two funnels does not fit in its type."),
				 errhint("Funnels are added up once for each customer; check that none is there twice.")));
	return sum;
}

/* Take the times of an item into those of a sum, in no order yet. */
static void
take_times(FunnelItem *sum, const FunnelItem *item, int64 *size)
{
	if (sum->ntimes + item->ntimes > *size)
	{
		*size = Max(2 * *size, sum->ntimes + item->ntimes);
		sum->times = sum->times == NULL ?
			palloc_extended(*size * sizeof(FunnelTime), MCXT_ALLOC_HUGE) :
			repalloc_huge(sum->times, *size * sizeof(FunnelTime));
	}
	if (item->ntimes > 0)
		memcpy(sum->times + sum->ntimes, item->times,
			   item->ntimes * sizeof(FunnelTime));
	sum->ntimes += item->ntimes;
}

/* Bring them into order, equal ones together. */
static void
settle_times(FunnelItem *sum)
{
	int64		kept = 0;

	sort_times(sum->times, sum->ntimes);
	for (int64 i = 0; i < sum->ntimes; i++)
	{
		if (kept > 0 && sum->times[kept - 1].time == sum->times[i].time)
			sum->times[kept - 1].customers += sum->times[i].customers;
		else
			sum->times[kept++] = sum->times[i];
	}
	sum->ntimes = kept;
}

static void
sum_step(const Funnel *funnel, int32 step, FunnelItem *sum)
{
	int64		size = 0;

	sum->step = step;
	for (int64 i = 0; i < funnel->nentries; i++)
	{
		const FunnelItem *item = &funnel->entries[i].steps[step - 1];

		CHECK_FOR_INTERRUPTS();
		sum->customers = funnel_add_customers(sum->customers, item->customers);
		take_times(sum, item, &size);
	}
	settle_times(sum);
}

/* The same of a pair; false when some period does not have its times. */
static bool
sum_pair(const Funnel *funnel, int32 step, int32 from, FunnelItem *sum)
{
	bool		optional = funnel_optional(&funnel->rules, step) ||
		funnel_optional(&funnel->rules, from);
	int64		size = 0;

	memset(sum, 0, sizeof(FunnelItem));
	sum->step = step;
	sum->from = from;
	for (int64 i = 0; i < funnel->nentries; i++)
	{
		const FunnelEntry *entry = &funnel->entries[i];
		const FunnelItem *item = funnel_times(funnel, entry, step, from);

		CHECK_FOR_INTERRUPTS();
		if (item != NULL)
			take_times(sum, item, &size);
		else if (!optional && entry->steps[step - 1].customers > 0)
			return false;
	}
	settle_times(sum);
	return sum->ntimes > 0;
}

/* All entries of a funnel as one. */
FunnelEntry *
funnel_sum(const Funnel *funnel)
{
	int32		pairs = Min(funnel->nsteps, FUNNEL_PAIR_STEPS);
	FunnelEntry *sum;

	if (funnel->nentries == 1)
		return &funnel->entries[0];
	sum = palloc0(sizeof(FunnelEntry));
	sum->steps = palloc0(funnel->nsteps * sizeof(FunnelItem));
	for (int32 step = 1; step <= funnel->nsteps; step++)
		sum_step(funnel, step, &sum->steps[step - 1]);
	sum->pairs = palloc0(Max(pairs * pairs, 1) * sizeof(FunnelItem));
	for (int32 step = 2; step <= pairs; step++)
		for (int32 from = 1; from < step; from++)
			if (funnel_is_pair(&funnel->rules, from, step) &&
				sum_pair(funnel, step, from, &sum->pairs[sum->npairs]))
				sum->npairs++;
	return sum;
}

/* ----------------------------------------------------------------
 *		Times
 * ----------------------------------------------------------------
 */

/* The times between two steps. */
const FunnelItem *
funnel_times(const Funnel *funnel, const FunnelEntry *entry, int32 step,
			 int32 from)
{
	if (step < 2 || step > funnel->nsteps || from < 1 || from >= step)
		return NULL;
	if (from == step - 1 && !funnel_optional(&funnel->rules, from))
		return entry->steps[step - 1].ntimes > 0 ? &entry->steps[step - 1] : NULL;
	for (int64 i = 0; i < entry->npairs; i++)
		if (entry->pairs[i].step == step && entry->pairs[i].from == from)
			return &entry->pairs[i];
	return NULL;
}

int64
funnel_timed(const FunnelItem *item)
{
	int64		sum = 0;

	for (int64 i = 0; i < item->ntimes; i++)
		sum += item->times[i].customers;
	return sum;
}

/* The time of the customer at a place, from 0, in order of time. */
static int64
time_at(const FunnelItem *item, int64 place)
{
	int64		i = 0;

	while (place >= item->times[i].customers)
		place -= item->times[i++].customers;
	return item->times[i].time;
}

/*
 * The quantile as percentile_cont has it: place p (n - 1), between two times in
 * proportion.
 */
float8
funnel_quantile(const FunnelItem *item, float8 p)
{
	int64		last = funnel_timed(item) - 1;
	float8		place = p * (float8) last;
	int64		first;
	int64		low;
	int64		high;

	/* so many customers may round up past the last, and past an int64 */
	if (place >= (float8) last)
		return (float8) item->times[item->ntimes - 1].time / (float8) USECS_PER_DAY;
	first = (int64) floor(place);
	low = time_at(item, first);
	high = time_at(item, Min(first + 1, last));
	return ((float8) low + (place - floor(place)) * (float8) (high - low)) /
		(float8) USECS_PER_DAY;
}

/* The mean, exact up to the last division. */
float8
funnel_mean(const FunnelItem *item)
{
	int128		sum = 0;
	int64		n = 0;

	for (int64 i = 0; i < item->ntimes; i++)
	{
		sum += (int128) item->times[i].time * item->times[i].customers;
		n += item->times[i].customers;
	}
	return (float8) sum / (float8) n / (float8) USECS_PER_DAY;
}
