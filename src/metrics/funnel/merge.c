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

static void
check_alike(const Funnel *a, const Funnel *b)
{
	if (a->rules.mode != b->rules.mode)
		refuse_merge(psprintf("The mode of one is %s, that of the other %s.",
							  quoted(funnel_mode_text(a->rules.mode), "the default"),
							  quoted(funnel_mode_text(b->rules.mode), "the default")),
					 "Group by the mode, or build all funnels with the same one.");
	if (!funnel_rules_equal(&a->rules, &b->rules))
		refuse_merge(psprintf("The window of one is %s, that of the other %s.",
							  funnel_within_text(&a->rules.within),
							  funnel_within_text(&b->rules.within)),
					 "Group by the window, or build all funnels with the same one.");
	if (strcmp(a->zone, b->zone) != 0)
		refuse_merge(psprintf("The days of one were counted in %s, those of the other in %s.",
							  quoted(a->zone, "no time zone"),
							  quoted(b->zone, "no time zone")),
					 "Build all funnels under one setting of TimeZone, or give the window in hours.");
}

/* Sum of two counts, 22003 when it is too large. */
static int64
add_customers(int64 a, int64 b)
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

/* Two steps of disjoint customers added up. */
void
funnel_step_add(const FunnelStep *a, const FunnelStep *b, FunnelStep *sum)
{
	int64		i = 0;
	int64		j = 0;

	sum->customers = add_customers(a->customers, b->customers);
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

/*
 * Transition and combine function of rollup(funnel): the sum of two funnels.
 * Different windows, modes or zones: error 22023.  Cost: one pass over both.
 */
Datum
retention_funnel_merge(PG_FUNCTION_ARGS)
{
	Funnel	   *a = PG_GETARG_FUNNEL(0);
	Funnel	   *b = PG_GETARG_FUNNEL(1);
	FunnelStep	none = {0};
	Funnel		sum;

	check_alike(a, b);
	sum = *a;
	sum.nsteps = Max(a->nsteps, b->nsteps);
	sum.steps = palloc(sum.nsteps * sizeof(FunnelStep));
	for (int i = 0; i < sum.nsteps; i++)
		funnel_step_add(i < a->nsteps ? &a->steps[i] : &none,
						i < b->nsteps ? &b->steps[i] : &none, &sum.steps[i]);
	PG_RETURN_POINTER(funnel_encode(&sum));
}
