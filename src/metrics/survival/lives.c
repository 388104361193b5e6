/*
 * survival/lives.c
 *		Customers by time: tables that the aggregates of survival and of
 *		incidence curves count in.
 *
 * The rows since the last sort are sorted by themselves and then merged with
 * what was sorted before, so every row is sorted once.  Distinct rows at
 * least double before the array grows, which makes the merges linear.
 */
#include "metrics/survival/lives.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#define FIRST_SIZE 16

#define ST_SORT sort_lives
#define ST_ELEMENT_TYPE Lives
#define ST_COMPARE(a, b) (((a)->key > (b)->key) - ((a)->key < (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static Lives *
allocate(MemoryContext context, int64 size)
{
	return MemoryContextAllocExtended(context, size * sizeof(Lives),
									  MCXT_ALLOC_HUGE);
}

void
lives_begin(LivesTable *table, MemoryContext context, const LivesWords *words)
{
	memset(table, 0, sizeof(LivesTable));
	table->context = context;
	table->words = words;
}

void
lives_overflow(const LivesWords *words)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("too many customers in %s", words->what),
			 errdetail("They add up to more than %lld.",
					   (long long) PG_INT64_MAX),
			 errhint("The weight is the number of customers a row stands for.")));
}

/* Count equal neighbours together; returns how many are left. */
static int64
squeeze(Lives *lives, int64 n)
{
	int64		kept = 0;

	for (int64 i = 1; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (lives[i].key == lives[kept].key)
			lives[kept].count += lives[i].count;
		else
			lives[++kept] = lives[i];
	}
	return n > 0 ? kept + 1 : 0;
}

/* Merge two ascending runs without equal elements; returns the length. */
static int64
merge(const Lives *a, int64 na, const Lives *b, int64 nb, Lives *into)
{
	const Lives *aend = a + na;
	const Lives *bend = b + nb;
	Lives	   *to = into;

	while (a < aend && b < bend)
	{
		CHECK_FOR_INTERRUPTS();
		*to = a->key <= b->key ? *a : *b;
		if (a->key == b->key)
			to->count += b->count;
		a += to->key == a->key;
		b += to->key == b->key;
		to++;
	}
	memcpy(to, a, (aend - a) * sizeof(Lives));
	to += aend - a;
	memcpy(to, b, (bend - b) * sizeof(Lives));
	to += bend - b;
	return to - into;
}

void
lives_sort(LivesTable *table)
{
	int64		ntail = table->n - table->sorted;
	Lives	   *tail;
	Lives	   *merged;

	if (ntail == 0)
		return;
	tail = table->lives + table->sorted;
	sort_lives(tail, ntail);
	ntail = squeeze(tail, ntail);
	if (table->sorted == 0 || table->lives[table->sorted - 1].key < tail->key)
		table->n = table->sorted + ntail;
	else
	{
		/* only what comes after the first new one moves */
		int64		low = 0;
		int64		high = table->sorted;

		while (low < high)
		{
			int64		middle = low + (high - low) / 2;

			if (table->lives[middle].key < tail->key)
				low = middle + 1;
			else
				high = middle;
		}
		merged = allocate(table->context, table->sorted - low + ntail);
		table->n = merge(table->lives + low, table->sorted - low, tail, ntail,
						 merged);
		memcpy(table->lives + low, merged, table->n * sizeof(Lives));
		table->n += low;
		pfree(merged);
	}
	table->sorted = table->n;
}

/* Sort when there is no room; what is distinct fills half of it at most. */
void
lives_make_room(LivesTable *table)
{
	if (table->lives == NULL)
	{
		table->size = FIRST_SIZE;
		table->lives = allocate(table->context, FIRST_SIZE);
		return;
	}
	lives_sort(table);
	if (table->n > CURVE_MAX_TIMES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different %s in %s", table->words->by,
						table->words->what),
				 errdetail("There are more than %lld.",
						   (long long) CURVE_MAX_TIMES),
				 errhint("%s", table->words->hint)));
	if (table->n > table->size / 2)
	{
		table->size *= 2;
		table->lives = repalloc_huge(table->lives, table->size * sizeof(Lives));
	}
}
