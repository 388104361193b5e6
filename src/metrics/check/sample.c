/*
 * check/sample.c
 *		Some of the rows, all of those that belong together.
 */
#include "metrics/check/sample.h"

#include "miscadmin.h"

static inline uint32
row_hash(const Salt *salt, const SampleRow *row)
{
	uint64		hash = salt_hash2(salt, row->key[0], row->key[1]);

	hash = salt_hash2(salt, hash ^ (uint64) row->from, (uint64) row->to);
	return (uint32) salt_hash2(salt, hash ^ row->flags, (uint64) row->amount);
}

#define SH_PREFIX samples
#define SH_ELEMENT_TYPE SampleEntry
#define SH_KEY_TYPE SampleRow
#define SH_KEY row
#define SH_SCOPE static inline
#define SH_HASH_KEY(tb, k) row_hash((const Salt *) (tb)->private_data, &(k))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(SampleRow)) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, e) (e)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

StaticAssertDecl(sizeof(SampleRow) == 6 * sizeof(int64), "a SampleRow has holes");

void
sample_begin(Sample *sample, MemoryContext context)
{
	sample->context = context;
	sample->salt = salt_draw();
	sample->table = samples_create(context, 16, &sample->salt);
	sample->capacity = work_mem >= SAMPLE_WORK_MEM ? SAMPLE_CAPACITY :
		SAMPLE_CAPACITY / 4;
	sample->level = 0;
	sample->closed = false;
	sample->last = PG_UINT64_MAX;
}

SampleEntry *
sample_find(Sample *sample, uint64 place, const SampleRow *row, bool *made)
{
	bool		found;
	SampleEntry *entry = samples_insert(sample->table, *row, &found);

	*made = !found;
	if (!found)
	{
		entry->place = place;
		entry->rows = 0;
		entry->name = NULL;
	}
	return entry;
}

void
sample_raise(Sample *sample, int level)
{
	samples_iterator i;
	SampleEntry *entry;

	if (level <= sample->level)
		return;
	sample->level = (uint8) level;
	sample->closed = level >= SAMPLE_LEVELS;
	sample->last = level >= 64 ? 0 : PG_UINT64_MAX >> level;
	samples_start_iterate(sample->table, &i);
	while ((entry = samples_iterate(sample->table, &i)) != NULL)
		if (!sample_has(sample, entry->place))
		{
			if (entry->name != NULL)
				pfree(entry->name);
			samples_delete_item(sample->table, entry);
		}
}

void
sample_settle(Sample *sample)
{
	while (sample->table->members > sample->capacity)
	{
		CHECK_FOR_INTERRUPTS();
		sample_raise(sample, sample->level + 1);
	}
}

static inline int
compare_words(uint64 a, uint64 b)
{
	return (a > b) - (a < b);
}

static inline int
compare_times(int64 a, int64 b)
{
	return (a > b) - (a < b);
}

int
sample_compare(const SampleEntry *a, const SampleEntry *b)
{
	int			order = compare_words(a->place, b->place);

	if (order == 0)
		order = compare_words(a->row.key[0], b->row.key[0]);
	if (order == 0)
		order = compare_words(a->row.key[1], b->row.key[1]);
	if (order == 0)
		order = compare_times(a->row.from, b->row.from);
	if (order == 0)
		order = compare_times(a->row.to, b->row.to);
	if (order == 0)
		order = compare_times(a->row.amount, b->row.amount);
	return order != 0 ? order : compare_words(a->row.flags, b->row.flags);
}

static int
compare_pointers(const void *a, const void *b)
{
	return sample_compare(*(SampleEntry *const *) a, *(SampleEntry *const *) b);
}

SampleEntry **
sample_sorted(const Sample *sample, int *n)
{
	SampleEntry **entries = palloc(Max(sample->table->members, 1) * sizeof(SampleEntry *));
	samples_iterator i;
	SampleEntry *entry;

	*n = 0;
	samples_start_iterate(sample->table, &i);
	while ((entry = samples_iterate(sample->table, &i)) != NULL)
		entries[(*n)++] = entry;
	qsort(entries, *n, sizeof(SampleEntry *), compare_pointers);
	return entries;
}
