/*
 * value_svg.c
 *		Customers by whether they are still there and what they are worth, as
 *		SVG, and whom of them to call first.
 */
#include "render/svg.h"

#include <math.h>

#include "base/money.h"
#include "miscadmin.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(retention_value_svg);

/* Of whom it is open whether they are still there. */
#define OPEN_FROM 0.1
#define OPEN_TO 0.6

#define CALLS 10				/* named at the right */
#define MAX_POINTS 300			/* more customers than that are counted in cells */
#define COLUMNS 20
#define ROWS 12
#define LEVELS 9
#define MAX_DECADES 5
#define LEFT 64.0
#define RIGHT 584.0
#define BOTTOM (SVG_TOP + 300.0)
#define LIST (RIGHT + 28)
#define NAME_ROOM 150.0

typedef struct ValuePicture
{
	int			n;				/* customers with both numbers */
	int			left_out;
	float8	   *p_alive;
	int64	   *value;			/* in millionths */
	int		   *place;			/* in the arrays that were given, from 0 */
	Datum	   *names;
	bool	   *no_name;
	int			nnames;
	SvgLabel	label;
	int			calls[CALLS];
	int			ncalls;
	int64		open;
	int128		open_value;
	SvgScale	across;
	SvgScale	up;				/* of decimal logarithms */
	bool		below;			/* some are worth less than the axis shows */
} ValuePicture;

typedef struct ValueCell
{
	int64		customers;
	int128		value;
} ValueCell;

/* ----------------------------------------------------------------
 *		Taking them in
 * ----------------------------------------------------------------
 */

static float8
probability(Datum value)
{
	float8		p = DatumGetFloat8(value);

	if (!(p >= 0 && p <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("p_alive must be between 0 and 1"),
				 errdetail("It is %g.", p),
				 errhint("It is a probability, as p_alive(model, timeline, as_of) gives it, not percent.")));
	return p;
}

static bool
is_open(const ValuePicture *picture, int i)
{
	return picture->p_alive[i] >= OPEN_FROM && picture->p_alive[i] <= OPEN_TO;
}

/* Among the first to call, by value, of equals the first given. */
static void
offer_call(ValuePicture *picture, int i)
{
	int			at = picture->ncalls;

	picture->open++;
	picture->open_value += picture->value[i];
	while (at > 0 && picture->value[picture->calls[at - 1]] < picture->value[i])
		at--;
	if (at == CALLS)
		return;
	if (picture->ncalls < CALLS)
		picture->ncalls++;
	memmove(&picture->calls[at + 1], &picture->calls[at],
			(picture->ncalls - at - 1) * sizeof(int));
	picture->calls[at] = i;
}

static void
refuse_lengths(int customers, int others, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("as many of each are needed as there are customers"),
			 errdetail("There are %d probabilities and %d %s.", customers, others, what),
			 errhint("Build them in one query: array_agg(p_alive), array_agg(value), array_agg(name).")));
}

static void
take_customers(ValuePicture *picture, FunctionCallInfo fcinfo)
{
	Datum	   *p_alive;
	Datum	   *values;
	bool	   *no_p;
	bool	   *no_value;
	int			n;
	int			nvalues;

	svg_array_argument(fcinfo, 0, &p_alive, &no_p, &n);
	svg_array_argument(fcinfo, 1, &values, &no_value, &nvalues);
	svg_array_argument(fcinfo, 2, &picture->names, &picture->no_name, &picture->nnames);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return;
	if (nvalues != n)
		refuse_lengths(n, nvalues, "values");
	if (!PG_ARGISNULL(2) && picture->nnames != n)
		refuse_lengths(n, picture->nnames, "names");
	picture->p_alive = palloc_extended((Size) n * sizeof(float8), MCXT_ALLOC_HUGE);
	picture->value = palloc_extended((Size) n * sizeof(int64), MCXT_ALLOC_HUGE);
	picture->place = palloc_extended((Size) n * sizeof(int), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		int			at = picture->n;

		CHECK_FOR_INTERRUPTS();
		if (no_p[i] || no_value[i])
		{
			picture->left_out++;
			continue;
		}
		picture->p_alive[at] = probability(p_alive[i]);
		picture->value[at] = money_from_numeric(DatumGetNumeric(values[i]));
		picture->place[at] = i;
		picture->n++;
		if (is_open(picture, at))
			offer_call(picture, at);
	}
}

/* ----------------------------------------------------------------
 *		Axes
 * ----------------------------------------------------------------
 */

/* Logarithmic, as few customers are worth most: at most so many decades. */
static void
find_scales(ValuePicture *picture)
{
	int64		least = PG_INT64_MAX;
	int64		most = 0;
	float8		low;
	float8		high;

	for (int i = 0; i < picture->n; i++)
	{
		if (picture->value[i] <= 0)
			continue;
		least = Min(least, picture->value[i]);
		most = Max(most, picture->value[i]);
	}
	if (most == 0)
		least = most = MONEY_ONE;
	high = ceil(log10((float8) most / MONEY_ONE) - 1e-9);
	low = Max(floor(log10((float8) least / MONEY_ONE) + 1e-9), -2);
	high = Max(high, -1);
	low = Max(Min(low, high - 1), high - MAX_DECADES);
	picture->across = svg_scale(0, 1, 0.01, 5, LEFT, RIGHT, false);
	picture->up = svg_scale(low, high, 1, MAX_DECADES, BOTTOM, SVG_TOP + 12, true);
	for (int i = 0; i < picture->n && !picture->below; i++)
		picture->below = (float8) picture->value[i] / MONEY_ONE < pow(10, low) * (1 - 1e-9);
}

static void
tick_power(StringInfo out, float8 value, float8 step)
{
	svg_put_short(out, pow(10, value));
}

/* What is worth less than the axis shows lies on its foot. */
static float8
height_of(const ValuePicture *picture, int64 value)
{
	float8		amount = (float8) value / MONEY_ONE;

	if (!(amount > 0))
		return picture->up.low;
	return Min(Max(log10(amount), picture->up.low), picture->up.high);
}

/* ----------------------------------------------------------------
 *		Customers
 * ----------------------------------------------------------------
 */

static void
put_name(StringInfo out, const ValuePicture *picture, int i, float8 room)
{
	int			place = picture->place[i];

	if (place < picture->nnames)
		svg_put_name(out, svg_label_datum(picture->names[place], picture->no_name[place]), room, 12);
	else
		appendStringInfo(out, "customer %d", place + 1);
}

/* To the cent: models say more digits than anybody believes. */
static void
put_amount(StringInfo out, int128 value)
{
	svg_put_fixed(out, (float8) value / MONEY_ONE, 2);
}

/* "Anna: 54.7 % still there, 13,873.12" */
static void
put_customer(StringInfo out, const ValuePicture *picture, int i)
{
	put_name(out, picture, i, 240);
	appendStringInfoString(out, ": ");
	svg_put_percent(out, picture->p_alive[i]);
	appendStringInfoString(out, " still there, ");
	put_amount(out, picture->value[i]);
}

static void
draw_point(Svg *svg, const ValuePicture *picture, int i, bool called)
{
	StringInfoData words;

	CHECK_FOR_INTERRUPTS();
	initStringInfo(&words);
	put_customer(&words, picture, i);
	svg_draw(svg, called ? "<circle class=\"w\" cx=\"%\" cy=\"%\" r=\"5\"><title>" :
			 "<circle class=\"u\" fill-opacity=\".55\" cx=\"%\" cy=\"%\" r=\"3.5\"><title>",
			 svg_at(&picture->across, picture->p_alive[i]),
			 svg_at(&picture->up, height_of(picture, picture->value[i])));
	svg_put(svg, words.data);
	svg_put(svg, "</title></circle>");
	pfree(words.data);
}

static bool
is_called(const ValuePicture *picture, int i)
{
	for (int k = 0; k < picture->ncalls; k++)
		if (picture->calls[k] == i)
			return true;
	return false;
}

/* The power of ten that a row of cells begins at. */
static float8
row_from(const ValuePicture *picture, int row)
{
	return picture->up.low + row * (picture->up.high - picture->up.low) / ROWS;
}

/* "10 to 15 %, 1k to 1.8k: 35 customers, 48,000.50 in all" */
static void
put_cell(StringInfo out, const ValuePicture *picture, int column, int row,
		 const ValueCell *cell)
{
	appendStringInfo(out, "%d to %d %%, ", column * 100 / COLUMNS, (column + 1) * 100 / COLUMNS);
	if (row == 0 && picture->below)
		appendStringInfoString(out, "up");
	else
		svg_put_short(out, pow(10, row_from(picture, row)));
	appendStringInfoString(out, " to ");
	svg_put_short(out, pow(10, row_from(picture, row + 1)));
	appendStringInfoString(out, ": ");
	svg_put_counted(out, cell->customers, "customer");
	appendStringInfoString(out, ", ");
	put_amount(out, cell->value);
	appendStringInfoString(out, " in all");
}

/* The darker the more customers, by the square root. */
static void
draw_cells(Svg *svg, const ValuePicture *picture)
{
	ValueCell  *cells = palloc0(COLUMNS * ROWS * sizeof(ValueCell));
	int64		most = 1;
	StringInfoData words;

	for (int i = 0; i < picture->n; i++)
	{
		float8		share = (height_of(picture, picture->value[i]) - picture->up.low) /
			(picture->up.high - picture->up.low);
		int			column = Min((int) (picture->p_alive[i] * COLUMNS), COLUMNS - 1);
		int			row = Min((int) (share * ROWS), ROWS - 1);
		ValueCell  *cell = &cells[row * COLUMNS + column];

		cell->customers++;
		cell->value += picture->value[i];
		most = Max(most, cell->customers);
	}
	initStringInfo(&words);
	for (int n = 0; n < COLUMNS * ROWS; n++)
	{
		int			column = n % COLUMNS;
		int			row = n / COLUMNS;
		float8		left = svg_at(&picture->across, (float8) column / COLUMNS);
		float8		top = svg_at(&picture->up, row_from(picture, row + 1));
		int			level = (int) (sqrt((float8) cells[n].customers / (float8) most) * (LEVELS - 1));

		CHECK_FOR_INTERRUPTS();
		if (cells[n].customers == 0)
			continue;
		resetStringInfo(&words);
		put_cell(&words, picture, column, row, &cells[n]);
		svg_put(svg, psprintf("<path class=\"h%d\"", Max(level, 1)));
		svg_draw(svg, " d=\"M% %h%v%h-%\"><title>", left + 0.5, top + 0.5, (RIGHT - LEFT) / COLUMNS - 1,
				 svg_at(&picture->up, row_from(picture, row)) - top - 1, (RIGHT - LEFT) / COLUMNS - 1);
		svg_put(svg, words.data);
		svg_put(svg, "</title></path>");
	}
}

/* ----------------------------------------------------------------
 *		The picture
 * ----------------------------------------------------------------
 */

static void
draw_calls(Svg *svg, const ValuePicture *picture)
{
	StringInfoData words;

	svg_text(svg, "b", LIST, SVG_TOP + 12, picture->ncalls > 0 ? "Call first" : "Nobody to call");
	svg_text(svg, "d e", LIST + 214, SVG_TOP + 12, "still there");
	svg_text(svg, "d e", LIST + 290, SVG_TOP + 12, "worth");
	initStringInfo(&words);
	for (int k = 0; k < picture->ncalls; k++)
	{
		int			i = picture->calls[k];
		float8		y = SVG_TOP + 36 + 24 * k;

		svg_draw(svg, "<circle class=\"w\" cx=\"%\" cy=\"%\" r=\"4\"/>", LIST + 4, y - 4);
		resetStringInfo(&words);
		put_name(&words, picture, i, NAME_ROOM - 16);
		svg_text(svg, "x", LIST + 14, y, words.data);
		resetStringInfo(&words);
		svg_put_percent(&words, picture->p_alive[i]);
		svg_text(svg, "e", LIST + 214, y, words.data);
		resetStringInfo(&words);
		svg_put_short(&words, (float8) picture->value[i] / MONEY_ONE);
		svg_text(svg, "e", LIST + 290, y, words.data);
	}
}

/* The line under the title, and what is said aloud. */
static void
put_summary(Svg *svg, const ValuePicture *picture)
{
	svg_put_counted(&svg->under, picture->n, "customer");
	appendStringInfoString(&svg->under, "; of ");
	svg_put_count(&svg->under, picture->open);
	appendStringInfoString(&svg->under, " worth ");
	svg_put_fixed(&svg->under, (float8) picture->open_value / MONEY_ONE, 0);
	appendStringInfo(&svg->under, " it is open whether they are still there: %d to %d %%",
					 (int) (100 * OPEN_FROM), (int) (100 * OPEN_TO));
	appendStringInfo(&svg->desc, "%s.", svg->under.data);
	for (int k = 0; k < picture->ncalls; k++)
	{
		appendStringInfoString(&svg->desc, k == 0 ? " Call first: " : "; ");
		put_customer(&svg->desc, picture, picture->calls[k]);
	}
}

static void
draw_value(Svg *svg, const void *arg)
{
	const ValuePicture *picture = arg;
	float8		from;
	float8		to;

	appendStringInfoString(&svg->title, "Still there, and worth what");
	svg_title_label(svg, picture->label);
	if (picture->n == 0)
	{
		svg_say(svg, picture->left_out > 0 ? "No data: no customer has both a probability and a value" :
				"No data: there are no customers");
		return;
	}
	put_summary(svg, picture);
	from = svg_at(&picture->across, OPEN_FROM);
	to = svg_at(&picture->across, OPEN_TO);
	svg_put(svg, "<g>");
	svg_draw(svg, "<rect class=\"n f\" x=\"%\" y=\"%\" width=\"%\" height=\"%\"/>", from, SVG_TOP,
			 to - from, BOTTOM - SVG_TOP);
	svg_put(svg, "</g>");
	svg_axis_y(svg, &picture->up, LEFT, RIGHT, tick_power);
	if (picture->n > MAX_POINTS)
		draw_cells(svg, picture);
	else
		for (int i = 0; i < picture->n; i++)
			if (!is_called(picture, i))
				draw_point(svg, picture, i, false);
	for (int k = picture->ncalls - 1; k >= 0; k--)
		draw_point(svg, picture, picture->calls[k], true);
	svg_axis_x(svg, &picture->across, BOTTOM, svg_tick_percent,
			   "probability that a customer is still there; up: what the customer is worth, logarithmic");
	draw_calls(svg, picture);
	if (picture->n > MAX_POINTS)
		svg_text(svg, "d", LIST, BOTTOM, "a square: customers, the darker the more");
	svg->width = LIST + 306;
	svg->height = BOTTOM + 52;
	svg_left_out(svg, picture->left_out, "customer", " without a probability or a value", 2);
}

/* value_svg(p_alive, value, names, label) */
Datum
retention_value_svg(PG_FUNCTION_ARGS)
{
	ValuePicture picture = {0};

	take_customers(&picture, fcinfo);
	picture.label = svg_label_argument(fcinfo, 3);
	if (picture.n > 0)
		find_scales(&picture);
	return svg_picture(draw_value, &picture);
}
