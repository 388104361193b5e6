/*
 * movements_svg.c
 *		Customer movements as SVG: who came and went in each period, stacked up
 *		and down, with the net; and one period from opening to closing.
 */
#include "metrics/movements/type.h"

#include <math.h>

#include "base/clip.h"
#include "base/json_parts.h"
#include "miscadmin.h"
#include "render/svg.h"
#include "utils/builtins.h"
#include "utils/date.h"

PG_FUNCTION_INFO_V1(retention_movements_svg);
PG_FUNCTION_INFO_V1(retention_lifecycle_svg);
PG_FUNCTION_INFO_V1(retention_waterfall_svg);

#define MAX_PERIODS 36
#define LEFT 72.0
#define PLOT_HEIGHT 300.0
#define BOTTOM (SVG_TOP + 22 + PLOT_HEIGHT)
#define KINDS 5

/* new, reactivated, expansion, contraction, churned: as MovementMoney */
static const char *const kinds[KINDS] = {
	"new", "back", "expanded", "contracted", "churned"
};
static const char *const colours[KINDS] = {"h6", "h4", "h2", "y", "w"};

/* In a lifecycle's place of those who expanded: who was there before, too. */
#define KIND_KEPT 2

/* A number of customers, or an amount in millionths. */
typedef struct Bar
{
	DateADT		start;
	bool		complete;
	int128		opening;
	int128		closing;
	int128		moved[KINDS];
} Bar;

typedef struct MovesPicture
{
	const Movements *movements; /* NULL: none */
	bool		money;
	bool		lifecycle;		/* who was there, without the net */
	SvgLabel	label;
	Bar		   *bars;
	int			nbars;
	int64		left_out;
	const DateADT *period;		/* of a waterfall: a day in it */
	const DateADT *as_of;
} MovesPicture;

/* ----------------------------------------------------------------
 *		What is drawn
 * ----------------------------------------------------------------
 */

static void
take_bar(MovesPicture *picture, const Calendar *calendar,
		 const MovementRow *row, Bar *bar)
{
	const int64 *counts = row->cell->counts;

	memset(bar, 0, sizeof(*bar));
	bar->start = calendar_date(calendar_period_start(calendar, row->period));
	bar->complete = row->complete;
	if (picture->money)
	{
		bar->opening = row->opening.revenue;
		bar->closing = row->closing.revenue;
		for (int i = 0; i < KINDS; i++)
			bar->moved[i] = row->cell->money[MONEY_NEW + i];
		return;
	}
	bar->opening = row->opening.customers;
	bar->closing = row->closing.customers;
	bar->moved[0] = counts[COUNT_NEW];
	bar->moved[1] = counts[COUNT_REACTIVATED];
	bar->moved[4] = -counts[COUNT_CHURNED];
	if (picture->lifecycle)
		bar->moved[KIND_KEPT] = row->opening.customers - counts[COUNT_CHURNED];
}

static const char *
kind_name(const MovesPicture *picture, int kind)
{
	return picture->lifecycle && kind == KIND_KEPT ? "kept" : kinds[kind];
}

/* As a number to draw. */
static float8
size_of(const MovesPicture *picture, int128 value)
{
	return picture->money ? (float8) value / MONEY_ONE : (float8) value;
}

static void
put_amount(StringInfo out, const MovesPicture *picture, int128 value)
{
	if (value > 0)
		appendStringInfoChar(out, '+');
	if (picture->money)
		svg_put_amount(out, value);
	else
		svg_put_count(out, (int64) value);
}

/* The same without a sign before what is above zero. */
static void
put_level(StringInfo out, const MovesPicture *picture, int128 value)
{
	if (picture->money)
		svg_put_amount(out, value);
	else
		svg_put_count(out, (int64) value);
}

static void
put_heading(Svg *svg, const MovesPicture *picture, const char *title,
			const char *under)
{
	const Movements *m = picture->movements;

	appendStringInfoString(&svg->title, title);
	if (m != NULL)
	{
		svg_title_grain(svg, m->head.grain, m->head.zone);
		appendStringInfo(&svg->under, "%s, %s", picture->money ? "revenue" : "customers",
						 under);
		if (m->head.lag > 1)
			appendStringInfo(&svg->under, ", against %lld periods before",
							 (long long) m->head.lag);
	}
	svg_title_label(svg, picture->label);
}

/* ----------------------------------------------------------------
 *		movements_svg
 * ----------------------------------------------------------------
 */

/* Begin a box of a kind, or hatch it, up to its title. */
static void
draw_box(Svg *svg, const char *colour, float8 x, float8 y, float8 width,
		 float8 height)
{
	svg_put(svg, "<path class=\"");
	svg_put(svg, colour);
	svg_draw(svg, "\" d=\"M% %h%v%h-%z\">", x, y, width, height, width);
}

static void
draw_bar(Svg *svg, const MovesPicture *picture, const Bar *bar,
		 const SvgScale *y, float8 x, float8 width)
{
	float8		up = 0;
	float8		down = 0;
	StringInfoData words;

	initStringInfo(&words);
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < KINDS; i++)
	{
		float8		size = size_of(picture, bar->moved[i]);
		float8		top;
		float8		end;

		if (bar->moved[i] == 0)
			continue;
		/* a loss may be a gain: of customers who owed us */
		top = svg_at(y, size > 0 ? up + size : down);
		end = svg_at(y, size > 0 ? up : down + size);
		*(size > 0 ? &up : &down) += size;
		resetStringInfo(&words);
		appendStringInfo(&words, "%s, %s: ", date_text(bar->start), kind_name(picture, i));
		put_amount(&words, picture, bar->moved[i]);
		if (!bar->complete)
			appendStringInfoString(&words, " so far");
		draw_box(svg, colours[i], x, top, width, end - top);
		svg_put(svg, "<title>");
		svg_put(svg, words.data);
		svg_put(svg, "</title></path>");
	}
	if (bar->complete)
		return;
	svg_put(svg, psprintf("<path pointer-events=\"none\" %s", svg_hatch(svg)));
	svg_draw(svg, " d=\"M% %h%V%h-%z\"/>", x, svg_at(y, up), width, svg_at(y, down),
			 width);
}

/* The net of each period: a line and its marks. */
static void
draw_net(Svg *svg, const MovesPicture *picture, const SvgScale *y, float8 width)
{
	StringInfoData words;

	initStringInfo(&words);
	svg_put(svg, "<path class=\"l\" d=\"");
	for (int i = 0; i < picture->nbars; i++)
		svg_draw(svg, i == 0 ? "M% %" : "L% %", LEFT + (i + 0.5) * width,
				 svg_at(y, size_of(picture, picture->bars[i].closing - picture->bars[i].opening)));
	svg_put(svg, "\"/>");
	for (int i = 0; i < picture->nbars; i++)
	{
		const Bar  *bar = &picture->bars[i];

		resetStringInfo(&words);
		appendStringInfo(&words, "%s, net: ", date_text(bar->start));
		put_amount(&words, picture, bar->closing - bar->opening);
		appendStringInfoString(&words, ", from ");
		put_level(&words, picture, bar->opening);
		appendStringInfoString(&words, " to ");
		put_level(&words, picture, bar->closing);
		svg_draw(svg, "<circle class=\"k\" cx=\"%\" cy=\"%\" r=\"3.5\"><title>",
				 LEFT + (i + 0.5) * width,
				 svg_at(y, size_of(picture, bar->closing - bar->opening)));
		svg_put(svg, words.data);
		svg_put(svg, "</title></circle>");
	}
}

/* Which colour is what, above the plot. */
static void
draw_key(Svg *svg, const MovesPicture *picture, float8 y)
{
	float8		x = LEFT;

	for (int i = 0; i < KINDS; i++)
	{
		bool		any = false;

		for (int k = 0; k < picture->nbars && !any; k++)
			any = picture->bars[k].moved[i] != 0;
		if (!any)
			continue;
		draw_box(svg, colours[i], x, y - 10, 12, 12);
		svg_put(svg, "</path>");
		svg_text(svg, "d", x + 17, y, kind_name(picture, i));
		x += svg_text_width(kind_name(picture, i), 12) + 36;
	}
	if (picture->lifecycle)
		return;
	svg_draw(svg, "<path class=\"l\" d=\"M% %h18\"/>", x, y - 4);
	svg_text(svg, "d", x + 23, y, "net");
}

/* How far up and down the bars go. */
static void
find_reach(const MovesPicture *picture, float8 *low, float8 *high)
{
	*low = *high = 0;
	for (int i = 0; i < picture->nbars; i++)
	{
		float8		up = 0;
		float8		down = 0;

		for (int k = 0; k < KINDS; k++)
		{
			float8		size = size_of(picture, picture->bars[i].moved[k]);

			*(size > 0 ? &up : &down) += size;
		}
		*low = Min(*low, down);
		*high = Max(*high, up);
	}
}

/* Below the plot: the first days of periods, as many as there is room for. */
static void
draw_days(Svg *svg, const MovesPicture *picture, float8 width)
{
	int			every = (int) ceil(78 / width);

	for (int i = 0; i < picture->nbars; i += every)
		svg_text(svg, "d m", LEFT + (i + 0.5) * width, BOTTOM + 18,
				 date_text(picture->bars[i].start));
}

static void
draw_bars(Svg *svg, const MovesPicture *picture)
{
	float8		width = Min(76, Max(22, 640.0 / picture->nbars));
	float8		right = LEFT + Max(picture->nbars * width, 300);
	float8		low;
	float8		high;
	SvgScale	y;

	find_reach(picture, &low, &high);
	y = svg_scale(low, high, picture->money ? 1e-6 : 1, 6, BOTTOM, SVG_TOP + 22, true);
	svg_axis_y(svg, &y, LEFT, right, svg_tick_number);
	for (int i = 0; i < picture->nbars; i++)
		draw_bar(svg, picture, &picture->bars[i], &y, LEFT + (i + 0.16) * width,
				 0.68 * width);
	svg_draw(svg, "<path class=\"a\" d=\"M% %H%\"/>", LEFT, svg_at(&y, 0), right);
	if (!picture->lifecycle)
		draw_net(svg, picture, &y, width);
	draw_key(svg, picture, SVG_TOP + 6);
	draw_days(svg, picture, width);
	svg->width = Max(right + 40, 560);
	svg->height = BOTTOM + 34;
	svg_left_out(svg, picture->left_out, "earlier period", "", 4);
}

/* Why there is nothing to draw; NULL: there is. */
static const char *
nothing_to_draw(const MovesPicture *picture)
{
	if (picture->movements == NULL)
		return "No data: there are no customer movements";
	if (picture->money && !movements_has_money(picture->movements))
		return "No data: the movements were built without amounts";
	if (picture->nbars == 0)
		return "No data: no period begins before as_of";
	return NULL;
}

static void
draw_movements(Svg *svg, const void *arg)
{
	const MovesPicture *picture = arg;
	const char *why = nothing_to_draw(picture);

	if (picture->lifecycle)
		put_heading(svg, picture, "Customer lifecycle", "who was there up: new, back or kept; who churned down");
	else
		put_heading(svg, picture, "Customer movements", "who came up, who went down");
	if (why != NULL)
	{
		svg_say(svg, why);
		return;
	}
	svg_put_counted(&svg->desc, picture->nbars, "period");
	appendStringInfo(&svg->desc, " from %s: %s.", date_text(picture->bars[0].start),
					 svg->under.data);
	draw_bars(svg, picture);
}

/* ----------------------------------------------------------------
 *		waterfall_svg
 * ----------------------------------------------------------------
 */

/* A column of a waterfall, from a level to the next. */
static void
draw_step(Svg *svg, const MovesPicture *picture, const char *name,
		  const char *colour, const SvgScale *y, float8 x, int128 from,
		  int128 to, bool total)
{
	float8		a = svg_at(y, size_of(picture, from));
	float8		b = svg_at(y, size_of(picture, to));
	StringInfoData words;

	initStringInfo(&words);
	if (total)
		put_level(&words, picture, to);
	else
		put_amount(&words, picture, to - from);
	draw_box(svg, colour, x, Min(a, b), 64, fabs(b - a));
	svg_put(svg, psprintf("<title>%s: %s</title></path>", name, words.data));
	resetStringInfo(&words);
	if (!total && to > from)
		appendStringInfoChar(&words, '+');
	svg_put_short(&words, size_of(picture, total ? to : to - from));
	svg_text(svg, "m", x + 32, Min(a, b) - 6, words.data);
	svg_text(svg, "d m", x + 32, BOTTOM + 18, name);
	if (!total)
		svg_draw(svg, "<path class=\"g\" d=\"M% %h32\"/>", x - 24, a);
}

static void
draw_steps(Svg *svg, const MovesPicture *picture)
{
	const Bar  *bar = &picture->bars[0];
	int128		at = bar->opening;
	float8		low = Min(0, Min(size_of(picture, at), size_of(picture, bar->closing)));
	float8		high = Max(0, Max(size_of(picture, at), size_of(picture, bar->closing)));
	float8		x = LEFT + 16;
	float8		right = LEFT + (picture->money ? 7 : 5) * 88 + 16;
	SvgScale	y;

	for (int i = 0; i < KINDS; i++)
	{
		at += bar->moved[i];
		low = Min(low, size_of(picture, at));
		high = Max(high, size_of(picture, at));
	}
	y = svg_scale(low, high, picture->money ? 1e-6 : 1, 6, BOTTOM, SVG_TOP + 22, true);
	svg_axis_y(svg, &y, LEFT, right, svg_tick_number);
	draw_step(svg, picture, "opening", "q", &y, x, 0, bar->opening, true);
	at = bar->opening;
	for (int i = 0; i < KINDS; i++)
	{
		if (!picture->money && (i == 2 || i == 3))
			continue;
		x += 88;
		draw_step(svg, picture, kinds[i], bar->moved[i] < 0 ? "w" : "u", &y, x, at,
				  at + bar->moved[i], false);
		at += bar->moved[i];
	}
	draw_step(svg, picture, "closing", "q", &y, x + 88, 0, bar->closing, true);
	svg_draw(svg, "<path class=\"a\" d=\"M% %H%\"/>", LEFT, svg_at(&y, 0),
			 right);
	svg->width = right + SVG_MARGIN;
	svg->height = BOTTOM + 34;
}

static void
draw_waterfall(Svg *svg, const void *arg)
{
	const MovesPicture *picture = arg;
	const char *why = nothing_to_draw(picture);
	const char *under = "from opening to closing";

	if (why != NULL)
	{
		put_heading(svg, picture, "Movements of a period", under);
		svg_say(svg, picture->movements != NULL && picture->nbars == 0 ?
				"No data: there is no such period" : why);
		return;
	}
	under = psprintf("from opening to closing of the period from %s%s",
					 date_text(picture->bars[0].start),
					 picture->bars[0].complete ? "" : ", which is not over yet");
	put_heading(svg, picture, "Movements of a period", under);
	appendStringInfo(&svg->desc, "%s.", svg->under.data);
	draw_steps(svg, picture);
}

/* ----------------------------------------------------------------
 *		Arguments
 * ----------------------------------------------------------------
 */

/* Money where there is some, unless the caller says otherwise. */
static bool
money_argument(FunctionCallInfo fcinfo, int n, const Movements *m)
{
	char	   *name;

	if (PG_ARGISNULL(n))
		return m != NULL && movements_has_money(m);
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (strcmp(name, "money") == 0)
		return true;
	if (strcmp(name, "customers") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown measure: \"%s\"", clip(name)),
				 errhint("The measures of customer movements are 'customers' and 'money'.")));
	return false;
}

/* The latest periods, up to MAX_PERIODS. */
static void
take_bars(MovesPicture *picture)
{
	MovementReading *reading = movement_reading_begin(picture->movements, picture->as_of);
	Calendar   *calendar = movements_calendar(picture->movements);
	const MovementRow *row;

	picture->left_out = movement_reading_length(reading) - MAX_PERIODS;
	movement_reading_skip(reading, picture->left_out);
	picture->bars = palloc(MAX_PERIODS * sizeof(Bar));
	while ((row = movement_reading_next(reading)) != NULL)
		take_bar(picture, calendar, row, &picture->bars[picture->nbars++]);
}

/* The period with the day in it; without one the last that is over. */
static void
take_one_bar(MovesPicture *picture)
{
	MovementReading *reading = movement_reading_begin(picture->movements, picture->as_of);
	Calendar   *calendar = movements_calendar(picture->movements);
	const MovementRow *row;
	Bar			bar;

	picture->bars = palloc0(sizeof(Bar));
	while ((row = movement_reading_next(reading)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		take_bar(picture, calendar, row, &bar);
		if (picture->period != NULL ? bar.start > *picture->period :
			!bar.complete && picture->nbars > 0)
			break;
		picture->bars[0] = bar;
		picture->nbars = 1;
	}
	/* a day behind the last period is in none */
	if (picture->period != NULL && picture->nbars > 0 && row == NULL)
	{
		int64		end = calendar_period_start(calendar, movement_reading_last(reading) + 1);

		if (*picture->period >= calendar_date(end))
			picture->nbars = 0;
	}
}

/* movements_svg(movements, as_of, measure, label) */
Datum
retention_movements_svg(PG_FUNCTION_ARGS)
{
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	MovesPicture picture = {NULL};

	if (!PG_ARGISNULL(0))
		picture.movements = PG_GETARG_MOVEMENTS(0);
	picture.as_of = PG_ARGISNULL(1) ? NULL : &as_of;
	picture.money = money_argument(fcinfo, 2, picture.movements);
	picture.label = svg_label_argument(fcinfo, 3);
	if (picture.movements != NULL)
		take_bars(&picture);
	return svg_picture(draw_movements, &picture);
}

/* lifecycle_svg(movements, as_of, label) */
Datum
retention_lifecycle_svg(PG_FUNCTION_ARGS)
{
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	MovesPicture picture = {NULL};

	if (!PG_ARGISNULL(0))
		picture.movements = PG_GETARG_MOVEMENTS(0);
	picture.as_of = PG_ARGISNULL(1) ? NULL : &as_of;
	picture.lifecycle = true;
	picture.label = svg_label_argument(fcinfo, 2);
	if (picture.movements != NULL)
		take_bars(&picture);
	return svg_picture(draw_movements, &picture);
}

/* waterfall_svg(movements, period, as_of, measure, label) */
Datum
retention_waterfall_svg(PG_FUNCTION_ARGS)
{
	DateADT		period = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	DateADT		as_of = PG_ARGISNULL(2) ? 0 : PG_GETARG_DATEADT(2);
	MovesPicture picture = {NULL};

	if (!PG_ARGISNULL(0))
		picture.movements = PG_GETARG_MOVEMENTS(0);
	picture.period = PG_ARGISNULL(1) ? NULL : &period;
	picture.as_of = PG_ARGISNULL(2) ? NULL : &as_of;
	picture.money = money_argument(fcinfo, 3, picture.movements);
	picture.label = svg_label_argument(fcinfo, 4);
	if (picture.movements != NULL)
		take_one_bar(&picture);
	return svg_picture(draw_waterfall, &picture);
}
