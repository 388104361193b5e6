/*
 * curve_svg.c
 *		Curves of cohort matrices as SVG, a line each: retention with its bounds,
 *		and what customers have brought against what they cost.
 *
 * A line has a mark at no more than MAX_POINTS ages, and goes straight from
 * one to the next.
 */
#include "metrics/cohort_matrix/read.h"

#include <math.h>

#include "base/rate.h"
#include "miscadmin.h"
#include "render/svg.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(retention_retention_curve_svg);
PG_FUNCTION_INFO_V1(retention_retention_curves_svg);
PG_FUNCTION_INFO_V1(retention_ltv_svg);
PG_FUNCTION_INFO_V1(retention_ltvs_svg);

#define MAX_POINTS 60			/* all series together: POINTS_IN_ALL */
#define POINTS_IN_ALL 300
#define LEFT 64.0
#define PLOT_WIDTH 560.0
#define PLOT_HEIGHT 300.0
#define NAMES 170.0				/* right of the plot */
#define BOTTOM (SVG_TOP + PLOT_HEIGHT)

typedef struct CurveMark
{
	int64		age;
	int64		customers;
	int64		active;
	float8		value;
	float8		low;
	float8		high;
	char	   *amount;			/* the value exactly, of money */
} CurveMark;

typedef struct CurveLine
{
	const Matrix *matrix;		/* NULL: none */
	CurveMark  *marks;
	int			nmarks;
	int64		length;			/* ages there are */
	bool		has_cac;
	Numeric		cac;
	float8		cost;
	int64		payback;		/* age, or -1 */
	float8		payback_value;
} CurveLine;

typedef struct CurvePicture
{
	bool		money;
	bool		many;			/* by arrays: names beside the lines */
	int			n;
	int			all;
	SvgSeries  *series;
	CurveLine  *lines;
	const DateADT *as_of;
	Numeric		margin;			/* of money */
	SvgLabel	label;
	int64		first;			/* age drawn */
	int64		last;
	int64		step;			/* an age in so many is drawn */
	float8		highest;
} CurvePicture;

/* ----------------------------------------------------------------
 *		What is drawn
 * ----------------------------------------------------------------
 */

/* Times the margin; the exact text too. */
static float8
earned(const CurvePicture *picture, const CurveRow *row, char **amount)
{
	Datum		value = DirectFunctionCall2(numeric_mul,
											NumericGetDatum(money_quotients_numeric(&row->chained)),
											NumericGetDatum(picture->margin));

	value = DirectFunctionCall2(numeric_round, value, Int32GetDatum(MONEY_SCALE));
	*amount = DatumGetCString(DirectFunctionCall1(numeric_out,
												  DirectFunctionCall1(numeric_trim_scale, value)));
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
}

static void
take_mark(CurvePicture *picture, CurveLine *line, const CurveRow *row)
{
	CurveMark  *mark = &line->marks[line->nmarks++];

	mark->age = row->age;
	mark->customers = row->customers;
	mark->active = row->active;
	if (picture->money)
	{
		mark->value = earned(picture, row, &mark->amount);
		picture->highest = Max(picture->highest, mark->value);
		return;
	}
	mark->value = rate_ratio(row->active, row->customers);
	rate_wilson((float8) row->active, (float8) row->customers, RATE_Z95,
				&mark->low, &mark->high);
	picture->highest = Max(picture->highest, mark->high);
}

static void
take_payback(CurvePicture *picture, CurveLine *line, const MatrixReading *reading)
{
	Curve	   *curve = curve_begin(reading);
	const CurveRow *row;
	char	   *amount;

	line->payback = -1;
	if (!line->has_cac)
		return;
	payback_check(line->cac, picture->margin);
	line->cost = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
													NumericGetDatum(line->cac)));
	picture->highest = Max(picture->highest, line->cost);
	if (!payback_find(curve, line->cac, picture->margin, &line->payback))
	{
		line->payback = -1;
		return;
	}
	curve = curve_begin(reading);
	while ((row = curve_next(curve)) != NULL && row->age < line->payback)
		CHECK_FOR_INTERRUPTS();
	if (row != NULL)
		line->payback_value = earned(picture, row, &amount);
}

/* Has it a line at all? */
static bool
is_drawn(const CurvePicture *picture, const CurveLine *line)
{
	return line->matrix != NULL && line->length > 0 &&
		(!picture->money || matrix_has_money(line->matrix));
}

static void
take_line(CurvePicture *picture, CurveLine *line)
{
	MatrixReading reading;
	Curve	   *curve;
	const CurveRow *row;

	if (!is_drawn(picture, line))
		return;
	matrix_reading_init(&reading, line->matrix, picture->as_of);
	curve = curve_begin(&reading);
	line->marks = palloc0(MAX_POINTS * sizeof(CurveMark));
	while ((row = curve_next(curve)) != NULL && row->age <= picture->last)
	{
		CHECK_FOR_INTERRUPTS();
		if (row->age >= picture->first &&
			(row->age - picture->first) % picture->step == 0)
			take_mark(picture, line, row);
	}
	if (picture->money)
		take_payback(picture, line, &reading);
}

/*
 * Which ages: all there are but, of customers who come in at age 0, that age,
 * at which all are active.
 */
static void
choose_ages(CurvePicture *picture)
{
	int			most = Min(MAX_POINTS, POINTS_IN_ALL / Max(picture->n, 1));

	picture->first = picture->money ? 0 : 1;
	for (int i = 0; i < picture->n; i++)
	{
		CurveLine  *line = &picture->lines[i];
		MatrixReading reading;

		if (line->matrix == NULL)
			continue;
		if (picture->money)
			matrix_refuse_recurring(line->matrix, "ltv_svg");
		matrix_reading_init(&reading, line->matrix, picture->as_of);
		line->length = curve_length(curve_begin(&reading));
		picture->last = Max(picture->last, line->length - 1);
		if (line->matrix->flags & MATRIX_STARTED)
			picture->first = 0;
	}
	picture->first = Min(picture->first, picture->last);
	picture->step = (picture->last - picture->first) / most + 1;
}

/* ----------------------------------------------------------------
 *		Drawing
 * ----------------------------------------------------------------
 */

static void
draw_band(Svg *svg, const CurveLine *line, const SvgScale *x, const SvgScale *y,
		  bool faint)
{
	svg_put(svg, faint ? "<path class=\"n f\" d=\"" : "<path class=\"n\" d=\"");
	for (int i = 0; i < line->nmarks; i++)
		svg_draw(svg, i == 0 ? "M% %" : "L% %",
				 svg_at(x, (float8) line->marks[i].age), svg_at(y, line->marks[i].high));
	for (int i = line->nmarks - 1; i >= 0; i--)
		svg_draw(svg, "L% %", svg_at(x, (float8) line->marks[i].age),
				 svg_at(y, line->marks[i].low));
	svg_put(svg, "z\"/>");
}

/* "age 3: 12 of 40 customers, 30 % (18.1 to 45.4)" */
static void
put_figures(StringInfo out, const CurvePicture *picture, const CurveMark *mark,
			bool brief)
{
	appendStringInfo(out, brief ? "%lld: " : "age %lld: ", (long long) mark->age);
	if (picture->money)
	{
		svg_put_count(out, mark->customers);
		appendStringInfo(out, " customers, %s each", mark->amount);
		return;
	}
	svg_put_count(out, mark->active);
	appendStringInfoString(out, " of ");
	svg_put_count(out, mark->customers);
	if (brief)
		return;
	appendStringInfoString(out, " customers, ");
	svg_put_percent(out, mark->value);
	appendStringInfoString(out, " (");
	svg_put_fixed(out, 100 * mark->low, 1);
	appendStringInfoString(out, " to ");
	svg_put_fixed(out, 100 * mark->high, 1);
	appendStringInfoChar(out, ')');
}

static void
draw_marks(Svg *svg, const CurvePicture *picture, int i, const SvgScale *x,
		   const SvgScale *y)
{
	const CurveLine *line = &picture->lines[i];
	StringInfoData words;

	initStringInfo(&words);
	svg_put(svg, "<path class=\"l\" d=\"");
	for (int k = 0; k < line->nmarks; k++)
		svg_draw(svg, k == 0 ? "M% %" : "L% %",
				 svg_at(x, (float8) line->marks[k].age), svg_at(y, line->marks[k].value));
	svg_put(svg, "\"/>");
	for (int k = 0; k < line->nmarks; k++)
	{
		const CurveMark *mark = &line->marks[k];

		resetStringInfo(&words);
		if (picture->many && svg->brief == 0)
		{
			svg_put_name(&words, picture->series[i].label, 120, 12);
			appendStringInfoString(&words, ", ");
		}
		put_figures(&words, picture, mark, svg->brief > 0);
		svg_draw(svg, "<circle class=\"k\" cx=\"%\" cy=\"%\" r=\"%\"><title>",
				 svg_at(x, (float8) mark->age), svg_at(y, mark->value),
				 picture->n * line->nmarks > 120 ? 2.5 : 3.5);
		svg_put(svg, words.data);
		svg_put(svg, "</title></circle>");
	}
	picture->series[i].end_y = svg_at(y, line->marks[line->nmarks - 1].value);
}

/* "salon, a customer costs 30" */
static void
put_cost(StringInfo out, const CurvePicture *picture, int i)
{
	char	   *cost = DatumGetCString(DirectFunctionCall1(numeric_out,
														   NumericGetDatum(picture->lines[i].cac)));

	if (picture->many)
	{
		svg_put_name(out, picture->series[i].label, 120, 12);
		appendStringInfoString(out, ", ");
	}
	appendStringInfo(out, "a customer costs %s", strlen(cost) < 60 ? cost : "much");
}

/* What a customer costs, across. */
static void
draw_cost(Svg *svg, const CurvePicture *picture, int i, const SvgScale *y)
{
	StringInfoData words;

	if (!picture->lines[i].has_cac)
		return;
	initStringInfo(&words);
	put_cost(&words, picture, i);
	svg_draw(svg, "<path class=\"a\" d=\"M% %H%\"><title>", LEFT,
			 svg_at(y, picture->lines[i].cost), LEFT + PLOT_WIDTH);
	svg_put(svg, words.data);
	svg_put(svg, "</title></path>");
}

/* Where that is earned. */
static void
draw_payback(Svg *svg, const CurvePicture *picture, int i, const SvgScale *x,
			 const SvgScale *y)
{
	const CurveLine *line = &picture->lines[i];
	StringInfoData words;

	if (!picture->money || line->nmarks == 0 || !line->has_cac ||
		line->payback < 0 || line->payback > picture->last)
		return;
	initStringInfo(&words);
	put_cost(&words, picture, i);
	appendStringInfo(&words, ", paid back at age %lld", (long long) line->payback);
	svg_put(svg, psprintf("<g class=\"s%d\">", i));
	svg_draw(svg, "<path class=\"j\" d=\"M% %l7 7l-7 7l-7-7z\"><title>",
			 svg_at(x, (float8) line->payback), svg_at(y, line->payback_value) - 7);
	svg_put(svg, words.data);
	svg_put(svg, "</title></path></g>");
}

static void
draw_lines(Svg *svg, const CurvePicture *picture)
{
	SvgScale	x = svg_scale((float8) picture->first, (float8) picture->last, 1, 12,
							  LEFT, LEFT + PLOT_WIDTH, false);
	SvgScale	y = svg_scale(0, picture->highest, picture->money ? 1e-6 : 0.001, 6,
							  BOTTOM, SVG_TOP, true);
	const CurveLine *any = NULL;

	if (!picture->money && y.high > 1)
		y.high = 1;
	svg_axis_y(svg, &y, LEFT, LEFT + PLOT_WIDTH,
			   picture->money ? svg_tick_number : svg_tick_percent);
	for (int i = 0; i < picture->n; i++)
	{
		const CurveLine *line = &picture->lines[i];

		CHECK_FOR_INTERRUPTS();
		picture->series[i].end_y = NAN;
		if (line->nmarks == 0)
			continue;
		any = line;
		svg_put(svg, psprintf("<g class=\"s%d\">", i));
		if (!picture->money)
			draw_band(svg, line, &x, &y, picture->n > 3);
		else
			draw_cost(svg, picture, i, &y);
		draw_marks(svg, picture, i, &x, &y);
		svg_put(svg, "</g>");
	}
	for (int i = 0; i < picture->n; i++)
		draw_payback(svg, picture, i, &x, &y);
	svg_axis_x(svg, &x, BOTTOM, svg_tick_number, svg_age_words(any->matrix->grain));
	svg->width = LEFT + PLOT_WIDTH + SVG_MARGIN;
	svg->height = BOTTOM + 52;
	if (picture->many)
	{
		svg_series_names(svg, picture->series, picture->n, LEFT + PLOT_WIDTH + 4,
						 NAMES, SVG_TOP + 4, BOTTOM - 4);
		svg->width += NAMES;
	}
}

/* What there is to say below: nothing to draw of some, not all ages. */
static void
draw_notes(Svg *svg, const CurvePicture *picture)
{
	StringInfoData words;
	int			empty = 0;

	initStringInfo(&words);
	for (int i = 0; i < picture->n; i++)
		empty += picture->lines[i].nmarks == 0;
	if (empty > 0)
		appendStringInfo(&words, "without data: %d of %d. ", empty, picture->n);
	if (picture->all > picture->n)
		appendStringInfo(&words, "left out: the last %d of %d lines. ",
						 picture->all - picture->n, picture->all);
	if (picture->step > 1)
		appendStringInfo(&words, "drawn: one age in %lld. ", (long long) picture->step);
	if (words.len == 0)
		return;
	svg_text(svg, "d", SVG_MARGIN, svg->height + 4, words.data);
	svg->height += 18;
}

/* The title, from the first matrix that is there. */
static void
put_heading(Svg *svg, const CurvePicture *picture)
{
	const Matrix *matrix = NULL;

	for (int i = picture->n - 1; i >= 0; i--)
		if (picture->lines[i].matrix != NULL)
			matrix = picture->lines[i].matrix;
	appendStringInfoString(&svg->title, picture->money ?
						   "What customers have brought" : "Customer retention");
	if (matrix != NULL)
	{
		svg_title_grain(svg, matrix->grain, matrix->zone);
		if (matrix->flags & MATRIX_RECURRING)
			appendStringInfoString(&svg->title, ", recurring");
		appendStringInfoString(&svg->under, picture->money ?
							   "added up from age to age, per customer; across: the cost of one, paid back at the diamond" :
							   "percent active, over the cohorts complete at each age; shaded: 95 % bounds");
	}
	svg_title_label(svg, picture->label);
}

static void
draw_curves(Svg *svg, const void *arg)
{
	const CurvePicture *picture = arg;
	int			drawn = 0;
	bool		amounts = false;
	bool		any = false;

	put_heading(svg, picture);
	for (int i = 0; i < picture->n; i++)
	{
		drawn += picture->lines[i].nmarks > 0;
		any |= picture->lines[i].matrix != NULL;
		amounts |= picture->lines[i].matrix != NULL &&
			matrix_has_money(picture->lines[i].matrix);
	}
	if (!any)
		svg_say(svg, "No data: there is no cohort matrix");
	else if (picture->money && !amounts)
		svg_say(svg, "No data: the cohort matrix was built without amounts");
	else if (drawn == 0)
		svg_say(svg, "No data: no cohort is complete at any age");
	else
	{
		svg_put_counted(&svg->desc, drawn, "line");
		appendStringInfo(&svg->desc, " to age %lld: %s.", (long long) picture->last,
						 svg->under.data);
		draw_lines(svg, picture);
		draw_notes(svg, picture);
	}
}

/* ----------------------------------------------------------------
 *		Arguments
 * ----------------------------------------------------------------
 */

/* Take the cost of each line: argument 1, or as many in 2. */
static void
take_costs(FunctionCallInfo fcinfo, CurvePicture *picture)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	if (!picture->many)
	{
		picture->lines[0].has_cac = !PG_ARGISNULL(1);
		if (picture->lines[0].has_cac)
			picture->lines[0].cac = PG_GETARG_NUMERIC(1);
		return;
	}
	if (PG_ARGISNULL(2))
		return;
	svg_array_argument(fcinfo, 2, &values, &nulls, &n);
	if (n != picture->all)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as many costs are needed as there are matrices"),
				 errdetail("There are %d matrices and %d costs.", picture->all, n),
				 errhint("Pass NULL in the place of a cost that is not known.")));
	for (int i = 0; i < picture->n; i++)
	{
		picture->lines[i].has_cac = !nulls[i];
		if (!nulls[i])
			picture->lines[i].cac = DatumGetNumeric(values[i]);
	}
}

/* The body of all four. */
static Datum
curve_picture(FunctionCallInfo fcinfo, CurvePicture *picture, int as_of_arg,
			  int label_arg)
{
	DateADT		as_of = PG_ARGISNULL(as_of_arg) ? 0 : PG_GETARG_DATEADT(as_of_arg);

	picture->as_of = PG_ARGISNULL(as_of_arg) ? NULL : &as_of;
	picture->series = svg_series(fcinfo, picture->many, label_arg, &picture->n,
								 &picture->all);
	picture->lines = palloc0(Max(picture->n, 1) * sizeof(CurveLine));
	if (!picture->many)
		picture->label = picture->series[0].label;
	for (int i = 0; i < picture->n; i++)
		if (!picture->series[i].isnull)
			picture->lines[i].matrix = DatumGetMatrix(picture->series[i].value);
	if (picture->money)
		take_costs(fcinfo, picture);
	choose_ages(picture);
	for (int i = 0; i < picture->n; i++)
		take_line(picture, &picture->lines[i]);
	return svg_picture(draw_curves, picture);
}

/* retention_curve_svg(matrix, as_of, label) */
Datum
retention_retention_curve_svg(PG_FUNCTION_ARGS)
{
	CurvePicture picture = {false, false};

	return curve_picture(fcinfo, &picture, 1, 2);
}

/* retention_curve_svg(matrices, labels, as_of) */
Datum
retention_retention_curves_svg(PG_FUNCTION_ARGS)
{
	CurvePicture picture = {false, true};

	return curve_picture(fcinfo, &picture, 2, 1);
}

/* A margin of NULL is all of the revenue. */
static Numeric
margin_argument(FunctionCallInfo fcinfo, int n)
{
	Numeric		margin = PG_ARGISNULL(n) ? int64_to_numeric(1) : PG_GETARG_NUMERIC(n);

	payback_check(int64_to_numeric(0), margin);
	return margin;
}

/* ltv_svg(matrix, cac, margin, as_of, label) */
Datum
retention_ltv_svg(PG_FUNCTION_ARGS)
{
	CurvePicture picture = {true, false};

	picture.margin = margin_argument(fcinfo, 2);
	return curve_picture(fcinfo, &picture, 3, 4);
}

/* ltv_svg(matrices, labels, cacs, margin, as_of) */
Datum
retention_ltvs_svg(PG_FUNCTION_ARGS)
{
	CurvePicture picture = {true, true};

	picture.margin = margin_argument(fcinfo, 3);
	return curve_picture(fcinfo, &picture, 4, 1);
}
