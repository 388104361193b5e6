/*
 * cohort_matrix/build_gross.c
 *		Gross revenue retention of a matrix of levels under construction.
 *
 * What is kept of a customer at an age is the level there, but no more than the
 * first level above zero at the end of an age, the base.  Only levels with
 * amounts have such sums, so that they lie apart from the cells.
 */
#include "metrics/cohort_matrix/build.h"

#include "miscadmin.h"

#define SH_PREFIX gross
#define SH_ELEMENT_TYPE GrossCell
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	((uint32) salt_hash((const Salt *) (table)->private_data, (key)))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define ST_SORT sort_gross
#define ST_ELEMENT_TYPE GrossCell
#define ST_COMPARE(a, b) \
	((a)->key < (b)->key ? -1 : (a)->key > (b)->key ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

struct BuildGross
{
	gross_hash *cells;
	Salt		salt;
};

/* No sums yet, in the current context. */
BuildGross *
build_gross_create(void)
{
	BuildGross *gross = palloc(sizeof(BuildGross));

	gross->salt = salt_draw();
	gross->cells = gross_create(CurrentMemoryContext, 16, &gross->salt);
	return gross;
}

/* Add to what is kept, and to the bases, from an age of a cohort on. */
void
build_gross_add(BuildGross *gross, int32 cohort, int64 age, int128 kept,
				int128 base)
{
	bool		found;
	GrossCell  *cell;

	if (unlikely(age > PG_INT32_MAX))
		builder_refuse_age();
	cell = gross_insert(gross->cells, gross_key(cohort, (int32) age), &found);
	if (!found)
		cell->kept = cell->base = 0;
	cell->kept += kept;
	cell->base += base;
}

/* All of them in order of cohort and age (palloc'd); NULL for none. */
GrossCell *
build_gross_sorted(const BuildGross *gross, int64 *n)
{
	GrossCell  *sorted;
	const GrossCell *cell;
	gross_iterator it;

	*n = 0;
	if (gross == NULL || gross->cells->members == 0)
		return NULL;
	sorted = palloc_extended(gross->cells->members * sizeof(GrossCell),
							 MCXT_ALLOC_HUGE);
	gross_start_iterate(gross->cells, &it);
	while ((cell = gross_iterate(gross->cells, &it)) != NULL)
		if (cell->kept != 0 || cell->base != 0)
			sorted[(*n)++] = *cell;
	sort_gross(sorted, *n);
	return sorted;
}
