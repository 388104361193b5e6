/*
 * funnel/merge.c
 *		rollup(funnel): funnels of disjoint customers added up.
 */
#include "metrics/funnel/type.h"

#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_funnel_merge);

static void
refuse_merge(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("funnels of different kinds cannot be added up"),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

static const char *
quoted(const char *words, const char *none)
{
	return words[0] == '\0' ? none : psprintf("\"%s\"", words);
}

static const char *
grain_words(const Funnel *funnel)
{
	return funnel->grain == NULL ? "" : grain_quoted(funnel->grain);
}

static void
check_alike(const Funnel *a, const Funnel *b)
{
	if (!funnel_modes_equal(&a->rules, &b->rules))
		refuse_merge(psprintf("The mode of one is %s, that of the other %s.",
							  quoted(funnel_mode_text(&a->rules), "the default"),
							  quoted(funnel_mode_text(&b->rules), "the default")),
					 "Group by the mode, or build all funnels with the same one.");
	if (!funnel_rules_equal(&a->rules, &b->rules))
		refuse_merge(psprintf("The window of one is %s, that of the other %s.",
							  funnel_within_text(&a->rules.within),
							  funnel_within_text(&b->rules.within)),
					 "Group by the window, or build all funnels with the same one.");
	if (a->grain == NULL ? b->grain != NULL :
		b->grain == NULL || !grain_equal(a->grain, b->grain))
		refuse_merge(psprintf("The grain of one is %s, that of the other %s.",
							  quoted(grain_words(a), "none"),
							  quoted(grain_words(b), "none")),
					 "Group by the grain, or build all funnels with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_merge(psprintf("The days of one were counted in %s, those of the other in %s.",
							  quoted(a->zone, "no time zone"),
							  quoted(b->zone, "no time zone")),
					 "Build all funnels under one setting of TimeZone, or give the window in hours.");
}

/* The times of two items in order; their customers fit together. */
static void
add_times(const FunnelItem *a, const FunnelItem *b, FunnelItem *sum)
{
	int64		i = 0;
	int64		j = 0;

	sum->ntimes = 0;
	sum->times = palloc_extended(Max(a->ntimes + b->ntimes, 1) *
								 sizeof(FunnelTime), MCXT_ALLOC_HUGE);
	while (i < a->ntimes || j < b->ntimes)
	{
		FunnelTime *time = &sum->times[sum->ntimes++];

		CHECK_FOR_INTERRUPTS();
		if (j == b->ntimes ||
			(i < a->ntimes && a->times[i].time < b->times[j].time))
			*time = a->times[i++];
		else if (i == a->ntimes || b->times[j].time < a->times[i].time)
			*time = b->times[j++];
		else
		{
			*time = a->times[i++];
			/* no more than the customers of the step */
			time->customers += b->times[j++].customers;
		}
	}
}

/* Two steps of disjoint customers added up. */
void
funnel_step_add(const FunnelItem *a, const FunnelItem *b, FunnelItem *sum)
{
	sum->customers = funnel_add_customers(a->customers, b->customers);
	add_times(a, b, sum);
}

/* An entry, and of how many steps; none where a period is of the other alone. */
typedef struct Part
{
	const FunnelEntry *entry;
	int32		nsteps;
	int64		pair;			/* the next */
} Part;

static const FunnelItem nobody = {0};

static const FunnelItem *
step_of(const Part *part, int32 step)
{
	return part->entry != NULL && step <= part->nsteps ?
		&part->entry->steps[step - 1] : &nobody;
}

static const FunnelItem *
next_pair(const Part *part)
{
	return part->entry != NULL && part->pair < part->entry->npairs ?
		&part->entry->pairs[part->pair] : NULL;
}

/*
 * Does a part without times of a pair have nobody who should have them?  A
 * value written by hand may lack them.
 */
static bool
lacks_nothing(const Funnel *funnel, const Part *part, const FunnelItem *pair)
{
	return step_of(part, pair->step)->customers == 0 ||
		funnel_optional(&funnel->rules, pair->step) ||
		funnel_optional(&funnel->rules, pair->from);
}

/* The next pair of either part or both. */
static void
merge_pair(Funnel *sum, Part *a, Part *b, int32 period)
{
	const FunnelItem *x = next_pair(a);
	const FunnelItem *y = next_pair(b);
	int			order = x == NULL ? 1 : y == NULL ? -1 :
		x->step != y->step ? (x->step < y->step ? -1 : 1) :
		x->from < y->from ? -1 : x->from > y->from;
	FunnelItem *item = &sum->items[sum->nitems];

	*item = order <= 0 ? *x : *y;
	item->period = period;
	if (order <= 0)
		a->pair++;
	if (order >= 0)
		b->pair++;
	if (order == 0)
		add_times(x, y, item);
	else if (!lacks_nothing(sum, order < 0 ? b : a, item))
		return;
	sum->nitems++;
}

/* The entries of a period added up, at the end of the sum's. */
static void
merge_entries(Funnel *sum, int32 period, int32 nsteps, Part a, Part b)
{
	for (int32 step = 1; step <= nsteps; step++)
	{
		const FunnelItem *x = step_of(&a, step);
		const FunnelItem *y = step_of(&b, step);
		FunnelItem *item = &sum->items[sum->nitems++];

		item->period = period;
		item->step = step;
		item->from = 0;
		funnel_step_add(x, y, item);
	}
	while (next_pair(&a) != NULL || next_pair(&b) != NULL)
		merge_pair(sum, &a, &b, period);
}

/* The sum of two funnels; different windows, modes, grains or zones: error 22023. */
static Funnel *
add_funnels(const Funnel *a, const Funnel *b)
{
	int32		nsteps = Max(a->nsteps, b->nsteps);
	Funnel	   *sum = palloc(sizeof(Funnel));
	int64		i = 0;
	int64		j = 0;

	check_alike(a, b);
	*sum = *a;
	sum->nitems = 0;
	sum->items = palloc_extended((a->nitems + b->nitems + (a->nentries + b->nentries) * nsteps) *
								 sizeof(FunnelItem), MCXT_ALLOC_HUGE);
	while (i < a->nentries || j < b->nentries)
	{
		Part		x = {NULL, a->nsteps, 0};
		Part		y = {NULL, b->nsteps, 0};
		/* past the last of either, periods of the other alone are left */
		int64		p = i < a->nentries ? a->entries[i].period : PG_INT64_MAX;
		int64		q = j < b->nentries ? b->entries[j].period : PG_INT64_MAX;

		CHECK_FOR_INTERRUPTS();
		if (p <= q)
			x.entry = &a->entries[i++];
		if (q <= p)
			y.entry = &b->entries[j++];
		merge_entries(sum, (int32) Min(p, q), nsteps, x, y);
	}
	(void) funnel_index(sum);
	return sum;
}

/*
 * Transition and combine function of rollup(funnel): the sum of two funnels.
 * Different windows, modes, grains or zones: error 22023.  Cost: one pass over
 * both.
 */
Datum
retention_funnel_merge(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(funnel_encode(add_funnels(PG_GETARG_FUNNEL(0),
												PG_GETARG_FUNNEL(1))));
}

struct varlena *
funnel_add_values(struct varlena *const *values, int n)
{
	Funnel	   *sum = funnel_from_varlena(values[0]);

	for (int i = 1; i < n; i++)
		sum = add_funnels(sum, funnel_from_varlena(values[i]));
	return funnel_encode(sum);
}
