/*
 * survival_text.c
 *		The picture of a survival curve for psql, as rows of text.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/rate.h"
#include "miscadmin.h"
#include "render/lines.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(retention_survival_text);

#define TEXT_MAX_TIMES 20

/* The line of one time: what the curve says from there on. */
static void
put_point(StringInfo line, const TextStyle *style, float8 at, int64 at_risk,
		  const CurvePoint *point)
{
	const Bounds bounds = {BOUNDS_LOG_LOG, RATE_Z95};
	Estimate	estimate = curve_estimate(point);
	float8		low;
	float8		high;

	appendStringInfo(line, "%10.6g %10lld %8.1f%%  ", at, (long long) at_risk,
					 100 * point->survival);
	if (bounds_of(&bounds, &estimate, &low, &high))
		appendStringInfo(line, "%5.1f to %5.1f  ", 100 * low, 100 * high);
	else
		appendStringInfo(line, "%14s  ", "");
	put_bar(line, style, point->survival, 49, TEXT_BAR_WIDTH);
}

/* A round number, 1, 2 or 5 times a power of ten, not below step. */
static float8
round_step(float8 step)
{
	float8		power = pow(10, floor(log10(step)));

	if (!(power > 0) || isinf(10 * power))
		return step;
	return power >= step ? power : 2 * power >= step ? 2 * power :
		5 * power >= step ? 5 * power : 10 * power;
}

/* A header, a line for each time, or at equal distances where these are many. */
static List *
draw_survival(FunctionCallInfo fcinfo, const TextStyle *style)
{
	const SurvivalCurve *curve = PG_GETARG_CURVE(0);
	float8		last = curve->times[curve->ntimes - 1].at;
	int64		ntimes = curve_leaving_times(curve);
	bool		all = ntimes <= TEXT_MAX_TIMES;
	float8		step = all ? 0 : round_step(last / TEXT_MAX_TIMES);
	List	   *lines = NIL;
	StringInfoData line;
	CurveWalk	walk;
	CurvePoint	shown;
	const CurvePoint *point;
	int			drawn = 0;

	initStringInfo(&line);
	appendStringInfo(&line, "survival of %lld customers: percent still there after each time",
					 (long long) curve->customers);
	add_words(&lines, &line, style);
	appendStringInfo(&line, "%10s %10s %9s  %-15s", "time", "at risk",
					 "survival", "95 % bounds");
	add_line(&lines, &line);
	curve_walk_begin(&walk, curve);
	shown = walk.point;
	while ((point = curve_walk_next(&walk)) != NULL)
	{
		/* what was before holds up to, and not at, this time */
		for (; !all && drawn * step < point->at; drawn++)
		{
			put_point(&line, style, drawn * step, curve_at_risk(curve, drawn * step),
					  &shown);
			add_line(&lines, &line);
		}
		shown = *point;
		if (all)
		{
			put_point(&line, style, point->at, point->at_risk, point);
			add_line(&lines, &line);
		}
	}
	if (!all)
	{
		put_point(&line, style, last, shown.at_risk, &shown);
		add_line(&lines, &line);
		appendStringInfo(&line, "%lld times in steps of %g; survival_points(curve) lists all",
						 (long long) ntimes, step);
		add_line(&lines, &line);
	}
	return lines;
}

/* survival_text(curve, width, ascii) */
Datum
retention_survival_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, draw_survival, 1);
}
