/*
 * funnel_text.c
 *		The picture of a funnel for psql, as rows of text.
 */
#include "metrics/funnel/type.h"

#include "base/rate.h"
#include "miscadmin.h"
#include "render/lines.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(retention_funnel_text);

#define TEXT_MAX_STEPS 40

/* part / whole in percent, of eight columns. */
static void
put_percent(StringInfo line, int64 part, int64 whole)
{
	if (whole == 0)
		appendStringInfo(line, "%8s", "-");
	else
		appendStringInfo(line, "%7.1f%%", 100 * rate_ratio(part, whole));
}

/* The line of a step. */
static void
put_step(StringInfo line, const TextStyle *style, const Funnel *funnel,
		 const FunnelItem *steps, int i)
{
	const FunnelItem *step = &steps[i];
	int64		first = steps[0].customers;
	int32		before = funnel_required_before(&funnel->rules, i + 1);

	appendStringInfo(line, "%6d %10lld ", i + 1, (long long) step->customers);
	put_percent(line, step->customers, first);
	appendStringInfoChar(line, ' ');
	put_percent(line, step->customers, before > 0 ? steps[before - 1].customers : 0);
	appendStringInfoString(line, "    ");
	if (step->ntimes > 0)
		put_days(line, funnel_quantile(step, 0.5));
	else
		appendStringInfo(line, "%6s  ", "-");
	appendStringInfoString(line, "  ");
	if (first > 0)
		put_bar(line, style, rate_ratio(step->customers, first), 49,
				TEXT_BAR_WIDTH);
}

/* A header, a line for each step. */
static List *
draw_funnel(FunctionCallInfo fcinfo, const TextStyle *style)
{
	const Funnel *funnel = PG_GETARG_FUNNEL(0);
	const FunnelItem *steps = funnel_sum(funnel)->steps;
	const char *mode = funnel_mode_text(&funnel->rules);
	List	   *lines = NIL;
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfo(&line, "conversion within %s of the first step",
					 funnel_within_words(&funnel->rules.within));
	if (mode[0] != '\0')
		appendStringInfo(&line, ", %s", mode);
	if (funnel->grain != NULL)
		appendStringInfo(&line, ", a customer once in each %s",
						 grain_quoted(funnel->grain));
	add_words(&lines, &line, style);
	appendStringInfo(&line, "%6s %10s %8s %8s %12s", "step", "customers",
					 "of first", "of prev.", "median time");
	add_line(&lines, &line);
	for (int i = 0; i < Min(funnel->nsteps, TEXT_MAX_STEPS); i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_step(&line, style, funnel, steps, i);
		add_line(&lines, &line);
	}
	if (funnel->nsteps > TEXT_MAX_STEPS)
	{
		appendStringInfo(&line, "left out: %d later step%s; funnel_steps(funnel) lists all",
						 funnel->nsteps - TEXT_MAX_STEPS,
						 funnel->nsteps > TEXT_MAX_STEPS + 1 ? "s" : "");
		add_line(&lines, &line);
	}
	return lines;
}

/* funnel_text(funnel, width, ascii) */
Datum
retention_funnel_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, draw_funnel, 1);
}
