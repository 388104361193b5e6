/*
 * survival_svg.c
 *		Survival curves as SVG: steps, bounds, ticks where customers were last
 *		seen, and below the numbers at risk.
 *
 * The plot is cut into COLUMNS; of the times that fall into one the last is
 * drawn, with what happened at all of them.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/rate.h"
#include "miscadmin.h"
#include "render/svg.h"

PG_FUNCTION_INFO_V1(retention_survival_svg);
PG_FUNCTION_INFO_V1(retention_survivals_svg);

#define COLUMNS 280
#define COLUMNS_IN_ALL 560
#define MARKS_IN_ALL 320
#define LEFT 64.0
#define PLOT_WIDTH 560.0
#define PLOT_HEIGHT 280.0
#define NAMES 170.0
#define BOTTOM (SVG_TOP + PLOT_HEIGHT)
#define TICKS 10				/* of time, at most 12 */

/* The end of a column. */
typedef struct Step
{
	float8		at;
	int64		at_risk;		/* before the first time of it */
	int64		events;
	int64		censored;
	float8		survival;
	float8		low;
	float8		high;
	bool		bounds;
} Step;

typedef struct SurvivalLine
{
	const SurvivalCurve *curve; /* NULL: none */
	Step	   *steps;
	int			nsteps;
} SurvivalLine;

typedef struct SurvivalPicture
{
	bool		many;
	int			n;
	int			all;
	SvgSeries  *series;
	SurvivalLine *lines;
	SvgLabel	label;
	float8		last;
	int			columns;		/* of each line */
	int			drawn;
} SurvivalPicture;

/* ----------------------------------------------------------------
 *		What is drawn
 * ----------------------------------------------------------------
 */

static void
take_steps(const SurvivalPicture *picture, SurvivalLine *line)
{
	const Bounds bounds = {BOUNDS_LOG_LOG, RATE_Z95};
	CurveWalk	walk;
	const CurvePoint *point;
	int			column = -1;

	line->steps = palloc0((picture->columns + 1) * sizeof(Step));
	curve_walk_begin(&walk, line->curve);
	while ((point = curve_walk_next(&walk)) != NULL)
	{
		int			to = picture->last > 0 ?
			(int) ceil(point->at / picture->last * picture->columns) : 0;
		Estimate	estimate;
		Step	   *step;

		CHECK_FOR_INTERRUPTS();
		if (to != column)
			line->steps[line->nsteps++].at_risk = point->at_risk;
		column = to;
		step = &line->steps[line->nsteps - 1];
		step->at = point->at;
		step->events += point->events;
		step->censored += point->censored;
		step->survival = point->survival;
		estimate = curve_estimate(point);
		step->bounds = bounds_of(&bounds, &estimate, &step->low, &step->high);
	}
}

/* ----------------------------------------------------------------
 *		Drawing
 * ----------------------------------------------------------------
 */

/* The bounds, from where there are some to where there are none. */
static void
draw_band(Svg *svg, const SurvivalLine *line, const SvgScale *x,
		  const SvgScale *y, bool faint)
{
	int			from = 0;
	int			to;

	while (from < line->nsteps && !line->steps[from].bounds)
		from++;
	for (to = from; to < line->nsteps && line->steps[to].bounds;)
		to++;
	if (from >= line->nsteps)
		return;
	svg_put(svg, faint ? "<path class=\"n f\" d=\"" : "<path class=\"n\" d=\"");
	for (int i = from; i < to; i++)
		svg_draw(svg, i == from ? "M% %" : "H%V%", svg_at(x, line->steps[i].at),
				 svg_at(y, line->steps[i].high));
	if (to < line->nsteps)
		svg_draw(svg, "H%", svg_at(x, line->steps[to].at));
	svg_draw(svg, "V%", svg_at(y, line->steps[to - 1].low));
	for (int i = to - 1; i > from; i--)
		svg_draw(svg, "H%V%", svg_at(x, line->steps[i].at),
				 svg_at(y, line->steps[i - 1].low));
	svg_draw(svg, "H%z\"/>", svg_at(x, line->steps[from].at));
}

/* The line itself, and ticks where customers were last seen. */
static void
draw_line(Svg *svg, const SurvivalLine *line, const SvgScale *x,
		  const SvgScale *y)
{
	bool		any = false;

	svg_draw(svg, "<path class=\"l\" d=\"M% %", svg_at(x, 0), svg_at(y, 1));
	for (int i = 0; i < line->nsteps; i++)
		if (i == line->nsteps - 1 || line->steps[i].events > 0)
			svg_draw(svg, "H%V%", svg_at(x, line->steps[i].at),
					 svg_at(y, line->steps[i].survival));
	svg_put(svg, "\"/>");
	for (int i = 0; i < line->nsteps; i++)
	{
		if (line->steps[i].censored == 0)
			continue;
		svg_put(svg, any ? "" : "<path class=\"a\" stroke-dasharray=\"none\" d=\"");
		svg_draw(svg, "M% %v8", svg_at(x, line->steps[i].at),
				 svg_at(y, line->steps[i].survival) - 4);
		any = true;
	}
	svg_put(svg, any ? "\"/>" : "");
}

static void
put_figures(StringInfo out, const SurvivalPicture *picture, int i,
			const Step *step, bool brief)
{
	if (picture->many && !brief)
	{
		svg_put_name(out, picture->series[i].label, 120, 12);
		appendStringInfoString(out, ", ");
	}
	appendStringInfo(out, "at %g: ", step->at);
	svg_put_percent(out, step->survival);
	if (brief)
		return;
	if (step->bounds)
	{
		appendStringInfoString(out, " (");
		svg_put_fixed(out, 100 * step->low, 1);
		appendStringInfoString(out, " to ");
		svg_put_fixed(out, 100 * step->high, 1);
		appendStringInfoChar(out, ')');
	}
	appendStringInfoString(out, ", at risk ");
	svg_put_count(out, step->at_risk);
	appendStringInfoString(out, ", churned ");
	svg_put_count(out, step->events);
	appendStringInfoString(out, ", last seen ");
	svg_put_count(out, step->censored);
}

/* What a pointer finds along the line: columns without colour, with a title. */
static void
draw_marks(Svg *svg, const SurvivalPicture *picture, int i, const SvgScale *x,
		   const SvgScale *y)
{
	const SurvivalLine *line = &picture->lines[i];
	int			every = (line->nsteps - 1) / (MARKS_IN_ALL / picture->drawn) + 1;
	StringInfoData words;

	initStringInfo(&words);
	for (int k = line->nsteps - 1; k >= 0; k -= every)
	{
		const Step *step = &line->steps[k];
		float8		end = k + every < line->nsteps ?
			svg_at(x, line->steps[k + every].at) : svg_at(x, step->at) + 4;

		resetStringInfo(&words);
		put_figures(&words, picture, i, step, svg->brief > 0);
		svg_draw(svg, "<path class=\"v\" d=\"M% %H%v14H%z\"><title>",
				 svg_at(x, step->at), svg_at(y, step->survival) - 7, end,
				 svg_at(x, step->at));
		svg_put(svg, words.data);
		svg_put(svg, "</title></path>");
	}
}

/* Under the axis: how many are at risk at its ticks. */
static void
draw_risk(Svg *svg, const SurvivalPicture *picture, const SvgScale *x)
{
	float8		at_y = BOTTOM + 58;
	StringInfoData words;

	initStringInfo(&words);
	svg_text(svg, "d", SVG_MARGIN, at_y, "at risk");
	for (int i = 0; i < picture->n; i++)
	{
		const SurvivalLine *line = &picture->lines[i];

		if (line->curve == NULL)
			continue;
		at_y += 16;
		svg_put(svg, psprintf("<g class=\"s%d\">", i));
		svg_draw(svg, "<path class=\"l\" d=\"M% %h22\"/></g>", SVG_MARGIN, at_y - 4);
		for (int k = 0; k <= 12 && k * x->step <= picture->last * (1 + 1e-9); k++)
		{
			CHECK_FOR_INTERRUPTS();
			resetStringInfo(&words);
			svg_put_short(&words, (float8) curve_at_risk(line->curve, k * x->step));
			svg_text(svg, "d m", svg_at(x, k * x->step), at_y, words.data);
		}
	}
	svg->height = at_y + 16;
}

static void
draw_all(Svg *svg, const SurvivalPicture *picture)
{
	SvgScale	x = svg_scale(0, picture->last, 0, TICKS, LEFT, LEFT + PLOT_WIDTH, false);
	SvgScale	y = svg_scale(0, 1, 0.001, 5, BOTTOM, SVG_TOP, true);
	int			empty = 0;

	svg_axis_y(svg, &y, LEFT, LEFT + PLOT_WIDTH, svg_tick_percent);
	for (int i = 0; i < picture->n; i++)
	{
		const SurvivalLine *line = &picture->lines[i];

		picture->series[i].end_y = NAN;
		empty += line->curve == NULL;
		if (line->curve == NULL)
			continue;
		svg_put(svg, psprintf("<g class=\"s%d\">", i));
		draw_band(svg, line, &x, &y, picture->drawn > 3);
		draw_line(svg, line, &x, &y);
		draw_marks(svg, picture, i, &x, &y);
		svg_put(svg, "</g>");
		picture->series[i].end_y = svg_at(&y, line->steps[line->nsteps - 1].survival);
	}
	svg_axis_x(svg, &x, BOTTOM, svg_tick_number, "time, in the unit of the durations");
	svg->width = LEFT + PLOT_WIDTH + SVG_MARGIN + 8;
	if (picture->many)
	{
		svg_series_names(svg, picture->series, picture->n, LEFT + PLOT_WIDTH + 4,
						 NAMES, SVG_TOP + 4, BOTTOM - 4);
		svg->width += NAMES;
	}
	draw_risk(svg, picture, &x);
	if (empty > 0)
	{
		svg_text(svg, "d", SVG_MARGIN, svg->height + 4,
				 psprintf("without data: %d of %d", empty, picture->n));
		svg->height += 18;
	}
	if (picture->all > picture->n)
	{
		svg_text(svg, "d", SVG_MARGIN, svg->height + 4,
				 psprintf("left out: the last %d of %d curves",
						  picture->all - picture->n, picture->all));
		svg->height += 18;
	}
}

static void
draw_survival(Svg *svg, const void *arg)
{
	const SurvivalPicture *picture = arg;

	appendStringInfoString(&svg->title, "Survival");
	svg_title_label(svg, picture->label);
	if (picture->drawn == 0)
	{
		svg_say(svg, "No data: there is no survival curve");
		return;
	}
	appendStringInfoString(&svg->under, "percent still there after each time; shaded: 95 % bounds; ticks: customers last seen");
	svg_put_counted(&svg->desc, picture->drawn, "curve");
	appendStringInfo(&svg->desc, ": %s.", svg->under.data);
	draw_all(svg, picture);
}

/* The body of both. */
static Datum
survival_picture(FunctionCallInfo fcinfo, bool many)
{
	SurvivalPicture picture = {many};

	picture.series = svg_series(fcinfo, many, 1, &picture.n, &picture.all);
	picture.lines = palloc0(Max(picture.n, 1) * sizeof(SurvivalLine));
	if (!many)
		picture.label = picture.series[0].label;
	for (int i = 0; i < picture.n; i++)
	{
		const SurvivalCurve *curve;

		if (picture.series[i].isnull)
			continue;
		curve = DatumGetCurve(picture.series[i].value);
		picture.lines[i].curve = curve;
		picture.last = Max(picture.last, curve->times[curve->ntimes - 1].at);
		picture.drawn++;
	}
	picture.columns = Min(COLUMNS, COLUMNS_IN_ALL / Max(picture.drawn, 1));
	for (int i = 0; i < picture.n; i++)
		if (picture.lines[i].curve != NULL)
			take_steps(&picture, &picture.lines[i]);
	return svg_picture(draw_survival, &picture);
}

/* survival_svg(curve, label) */
Datum
retention_survival_svg(PG_FUNCTION_ARGS)
{
	return survival_picture(fcinfo, false);
}

/* survival_svg(curves, labels) */
Datum
retention_survivals_svg(PG_FUNCTION_ARGS)
{
	return survival_picture(fcinfo, true);
}
