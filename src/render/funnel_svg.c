/*
 * funnel_svg.c
 *		A funnel as SVG: a bar for each step, what was lost between two, and how
 *		long it took.
 */
#include "metrics/funnel/type.h"

#include "base/rate.h"
#include "miscadmin.h"
#include "render/lines.h"
#include "render/svg.h"

PG_FUNCTION_INFO_V1(retention_funnel_svg);

#define MAX_STEPS 40
#define LEFT 176.0
#define BAR_WIDTH 380.0
#define RIGHT (LEFT + BAR_WIDTH)
#define ROW 40.0

typedef struct FunnelPicture
{
	const Funnel *funnel;		/* NULL: none */
	const FunnelItem *steps;
	Datum	   *names;
	bool	   *no_name;
	int			nnames;
	SvgLabel	label;
} FunnelPicture;

/* "Cart", or "step 2" without a name. */
static void
put_step_name(StringInfo out, const FunnelPicture *picture, int i, float8 room)
{
	if (i < picture->nnames && !picture->no_name[i])
		svg_put_name(out, svg_label_datum(picture->names[i], false), room, 12);
	else
		appendStringInfo(out, "step %d", i + 1);
}

/* Customers of the last step before that had to be taken. */
static int64
customers_before(const FunnelPicture *picture, int i)
{
	int32		before = funnel_required_before(&picture->funnel->rules, i + 1);

	return before > 0 ? picture->steps[before - 1].customers : 0;
}

/* "step 2: 40 of 100 customers, 40 %; of the step before 80 %; median 0.5 d" */
static void
put_figures(StringInfo out, const FunnelPicture *picture, int i)
{
	const FunnelItem *step = &picture->steps[i];
	int64		first = picture->steps[0].customers;

	put_step_name(out, picture, i, 300);
	appendStringInfoString(out, ": ");
	svg_put_count(out, step->customers);
	appendStringInfoString(out, " of ");
	svg_put_counted(out, first, "customer");
	if (first > 0)
	{
		appendStringInfoString(out, ", ");
		svg_put_percent(out, rate_ratio(step->customers, first));
	}
	if (customers_before(picture, i) > 0)
	{
		appendStringInfoString(out, "; of the step before ");
		svg_put_percent(out, rate_ratio(step->customers, customers_before(picture, i)));
	}
}

/* Between two steps: what share went on, and how soon. */
static void
draw_between(Svg *svg, const FunnelPicture *picture, int i, float8 y)
{
	const FunnelItem *step = &picture->steps[i];
	int64		before = customers_before(picture, i);
	StringInfoData words;
	StringInfoData days;

	if (before == 0)
		return;
	initStringInfo(&words);
	svg_put_percent(&words, rate_ratio(step->customers, before));
	appendStringInfoString(&words, " go on");
	if (step->ntimes > 0)
	{
		initStringInfo(&days);
		put_days(&days, funnel_quantile(step, 0.5));
		appendStringInfo(&words, ", median %s", days.data + strspn(days.data, " "));
	}
	svg_draw(svg, "<path class=\"a\" d=\"M% %v7m-3-3l3 3l3-3\"/>", LEFT + 6, y - 13);
	svg_text(svg, "d", LEFT + 16, y - 4, words.data);
}

static void
draw_step(Svg *svg, const FunnelPicture *picture, int i, float8 y)
{
	const FunnelItem *step = &picture->steps[i];
	int64		first = picture->steps[0].customers;
	float8		width = first > 0 ? BAR_WIDTH * rate_ratio(step->customers, first) : 0;
	StringInfoData words;

	CHECK_FOR_INTERRUPTS();
	initStringInfo(&words);
	put_step_name(&words, picture, i, LEFT - SVG_MARGIN - 12);
	svg_text(svg, "e", LEFT - 10, y + 16, words.data);
	svg_draw(svg, "<path class=\"h0\" d=\"M% %h%v24h-%z\"/>", LEFT, y, BAR_WIDTH, BAR_WIDTH);
	resetStringInfo(&words);
	put_figures(&words, picture, i);
	svg_draw(svg, "<path class=\"u\" d=\"M% %h%v24h-%z\"><title>", LEFT, y, width, width);
	svg_put(svg, words.data);
	svg_put(svg, "</title></path>");
	resetStringInfo(&words);
	svg_put_count(&words, step->customers);
	if (first > 0)
	{
		appendStringInfoString(&words, "  (");
		svg_put_percent(&words, rate_ratio(step->customers, first));
		appendStringInfoChar(&words, ')');
	}
	svg_text(svg, "b", RIGHT + 10, y + 16, words.data);
}

/* The line under the title: within what time, in what mode. */
static void
put_rules(Svg *svg, const Funnel *funnel)
{
	const char *mode = funnel_mode_text(&funnel->rules);
	StringInfoData words;

	initStringInfo(&words);
	appendStringInfo(&words, "customers who reach each step within %s of the first",
					 funnel_within_words(&funnel->rules.within));
	if (mode[0] != '\0')
		appendStringInfo(&words, ", %s", mode);
	if (funnel->grain != NULL)
		appendStringInfo(&words, ", once in each %s", grain_quoted(funnel->grain));
	svg_put_label(&svg->under, svg_label_words(words.data), RIGHT + 130, 12);
}

static void
draw_funnel(Svg *svg, const void *arg)
{
	const FunnelPicture *picture = arg;
	const Funnel *funnel = picture->funnel;
	int			n;

	appendStringInfoString(&svg->title, "Funnel");
	svg_title_label(svg, picture->label);
	if (funnel == NULL)
	{
		svg_say(svg, "No data: there is no funnel");
		return;
	}
	n = Min(funnel->nsteps, MAX_STEPS);
	put_rules(svg, funnel);
	svg_put_counted(&svg->desc, n, "step");
	appendStringInfo(&svg->desc, ": %s.", svg->under.data);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			draw_between(svg, picture, i, SVG_TOP + i * ROW);
		draw_step(svg, picture, i, SVG_TOP + i * ROW);
	}
	svg->width = RIGHT + 176;
	svg->height = SVG_TOP + n * ROW + 4;
	if (funnel->nsteps > n)
	{
		svg_text(svg, "d", SVG_MARGIN, svg->height + 4,
				 psprintf("left out: %d later steps", funnel->nsteps - n));
		svg->height += 18;
	}
}

/* funnel_svg(funnel, steps, label) */
Datum
retention_funnel_svg(PG_FUNCTION_ARGS)
{
	FunnelPicture picture = {NULL};

	svg_array_argument(fcinfo, 1, &picture.names, &picture.no_name, &picture.nnames);
	picture.label = svg_label_argument(fcinfo, 2);
	if (!PG_ARGISNULL(0))
	{
		picture.funnel = PG_GETARG_FUNNEL(0);
		picture.steps = funnel_sum(picture.funnel)->steps;
	}
	return svg_picture(draw_funnel, &picture);
}
