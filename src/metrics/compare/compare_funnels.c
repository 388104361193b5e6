/*
 * compare/compare_funnels.c
 *		compare_funnels: do two groups of customers get as far?
 */
#include "metrics/compare/difference.h"

#include "metrics/funnel/type.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_compare_funnels);

static const char *
mode_words(const FunnelRules *rules)
{
	const char *words = funnel_mode_text(rules);

	return words[0] == '\0' ? "the default" : psprintf("\"%s\"", words);
}

/* Steps are reached by the same rules, by each customer once: 22023. */
static void
check_alike(const Funnel *a, const Funnel *b)
{
	if (a->grain != NULL || b->grain != NULL)
		comparison_refuse("funnels",
						  "A trend counts a customer once in each period, so its entries are not of different customers.",
						  "Build both funnels without a grain.");
	if (!funnel_modes_equal(&a->rules, &b->rules))
		comparison_refuse("funnels",
						  psprintf("The mode of one is %s, that of the other %s.",
								   mode_words(&a->rules),
								   mode_words(&b->rules)),
						  "Build both funnels with the same mode.");
	if (!funnel_rules_equal(&a->rules, &b->rules))
		comparison_refuse("funnels",
						  psprintf("The window of one is %s, that of the other %s.",
								   funnel_within_words(&a->rules.within),
								   funnel_within_words(&b->rules.within)),
						  "Build both funnels with the same window.");
}

static ShareCount
share_at(const Funnel *funnel, const FunnelEntry *sum, int64 step)
{
	ShareCount	share = {0, sum->steps[0].customers};

	if (step < funnel->nsteps)
		share.part = sum->steps[step].customers;
	return share;
}

static void *
compare_begin(FunctionCallInfo fcinfo, const void *arg)
{
	Funnel	   *a = PG_GETARG_FUNNEL(0);
	Funnel	   *b = PG_GETARG_FUNNEL(1);
	const FunnelEntry *sum_a;
	const FunnelEntry *sum_b;
	Comparison *comparison;

	check_alike(a, b);
	sum_a = funnel_sum(a);
	sum_b = funnel_sum(b);
	comparison = comparison_create(Max(a->nsteps, b->nsteps), 1);
	for (int64 i = 0; i < comparison->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		comparison->rows[i].a = share_at(a, sum_a, i);
		comparison->rows[i].b = share_at(b, sum_b, i);
	}
	comparison_adjust(comparison);
	return comparison;
}

static const ReaderColumn compare_columns[] =
COMPARE_COLUMNS("step", "entered", "customers", "rate");

/*
 * compare_funnels(a, b): a row for each step of either, of those who reached
 * the first.
 */
Datum
retention_compare_funnels(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(compare_columns, 2, compare_begin,
											comparison_next);

	return reader_rows(&reader, fcinfo, NULL);
}
