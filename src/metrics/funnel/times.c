/*
 * funnel/times.c
 *		Times from one event to another, gathered and counted.
 */
#include "metrics/funnel/times.h"

#include "miscadmin.h"

#define ST_SORT sort_few
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define DIGIT_BITS 11
#define FEW_TIMES 1024			/* so many are sorted by comparing */

void
times_grow(TimeList *list)
{
	list->size = Max(list->size * 2, 4);
	list->times = list->times == NULL ?
		palloc(list->size * sizeof(int64)) :
		repalloc_huge(list->times, list->size * sizeof(int64));
}

/*
 * Sort times, none of them negative: digit by digit from the lowest, those that
 * all share left out.
 */
static void
sort_times(TimeSorter *sorter, TimeList *list)
{
	int64	   *from = list->times;
	int64	   *to;
	uint64		differ = 0;

	if (list->n < FEW_TIMES)
	{
		sort_few(from, list->n);
		return;
	}
	if (sorter->max_spare < list->n)
	{
		if (sorter->spare != NULL)
			pfree(sorter->spare);
		sorter->spare = palloc_extended(list->n * sizeof(int64), MCXT_ALLOC_HUGE);
		sorter->max_spare = list->n;
	}
	to = sorter->spare;
	for (int64 i = 1; i < list->n; i++)
		differ |= (uint64) (from[i] ^ from[0]);
	for (int shift = 0; shift < 64; shift += DIGIT_BITS)
	{
		int64		place[1 << DIGIT_BITS] = {0};
		int64		sum = 0;
		int64	   *swap;

		if (((differ >> shift) & ((1 << DIGIT_BITS) - 1)) == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < list->n; i++)
			place[(from[i] >> shift) & ((1 << DIGIT_BITS) - 1)]++;
		for (int digit = 0; digit < 1 << DIGIT_BITS; digit++)
		{
			int64		count = place[digit];

			place[digit] = sum;
			sum += count;
		}
		for (int64 i = 0; i < list->n; i++)
			to[place[(from[i] >> shift) & ((1 << DIGIT_BITS) - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != list->times)
		memcpy(list->times, from, list->n * sizeof(int64));
}

FunnelTime *
times_count(TimeSorter *sorter, TimeList *list, int64 *n)
{
	FunnelTime *counted;
	int64		different = 0;

	*n = 0;
	if (list->n == 0)
		return NULL;
	sort_times(sorter, list);
	for (int64 i = 0; i < list->n; i++)
		different += i == 0 || list->times[i] != list->times[i - 1];
	counted = palloc_extended(different * sizeof(FunnelTime), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < list->n; i++)
	{
		if (i > 0 && list->times[i] == list->times[i - 1])
		{
			counted[*n - 1].customers++;
			continue;
		}
		counted[*n].time = list->times[i];
		counted[(*n)++].customers = 1;
	}
	pfree(list->times);
	memset(list, 0, sizeof(TimeList));
	return counted;
}
