/*
 * rfm_svg.c
 *		Customers by recency, frequency and money as SVG: a cell for each pair of
 *		scores with the name of its segment, and the segments beside it.
 */
#include "metrics/plain/scores.h"

#include "base/money.h"
#include "base/rate.h"
#include "miscadmin.h"
#include "render/svg.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(retention_rfm_svg);

#define LEVELS 9
#define CELL_WIDTH 104.0
#define CELL_HEIGHT 52.0
#define LEFT 116.0
#define RIGHT (LEFT + RFM_SCORES * CELL_WIDTH)
#define BOTTOM (SVG_TOP + RFM_SCORES * CELL_HEIGHT)
#define LIST (RIGHT + 28)
#define BAR_FROM (LIST + 112)
#define BAR_WIDTH 120.0
#define ROW 29.0

typedef struct RfmCell
{
	int64		customers;
	int128		value;
} RfmCell;

/* From the best to the worst, as the list at the right has them. */
static const char *const segments[] = {"champion", "loyal", "promising", "needs attention",
	"cannot lose", "at risk", "hibernating", "lost"};

typedef struct RfmPicture
{
	RfmCell		cells[RFM_SCORES][RFM_SCORES];	/* by recency - 1, and the other - 1 */
	RfmCell		segments[lengthof(segments)];
	int64		customers;
	int64		left_out;
	int64		most;			/* customers in a cell */
	bool		money;			/* values were given */
	SvgLabel	label;
} RfmPicture;

/* Which of the segments a pair of scores is in. */
static int
segment_of(int r, int fm)
{
	const char *name = rfm_segment_name(r, fm);

	for (int i = 0; i < (int) lengthof(segments); i++)
		if (strcmp(segments[i], name) == 0)
			return i;
	elog(ERROR, "unknown segment \"%s\"", name);
}

/* Argument arg, of which there must be as many as of the first. */
static void
take_array(FunctionCallInfo fcinfo, int arg, int n, const char *what, Datum **values, bool **nulls)
{
	int			m;

	svg_array_argument(fcinfo, arg, values, nulls, &m);
	if (m != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as many of each are needed as there are customers"),
				 errdetail("There are %d scores of recency and %d %s.", n, m, what),
				 errhint("Build them in one query: array_agg(r), array_agg(f), array_agg(m), array_agg(revenue).")));
}

static void
take_customers(RfmPicture *picture, FunctionCallInfo fcinfo)
{
	Datum	   *r;
	Datum	   *f;
	Datum	   *m = NULL;
	Datum	   *value = NULL;
	bool	   *no_r;
	bool	   *no_f;
	bool	   *no_m = NULL;
	bool	   *no_value = NULL;
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return;
	svg_array_argument(fcinfo, 0, &r, &no_r, &n);
	take_array(fcinfo, 1, n, "of frequency", &f, &no_f);
	if (!PG_ARGISNULL(2))
		take_array(fcinfo, 2, n, "of money", &m, &no_m);
	if (!PG_ARGISNULL(3))
		take_array(fcinfo, 3, n, "values", &value, &no_value);
	picture->money = value != NULL;
	for (int i = 0; i < n; i++)
	{
		int32		recency;
		int32		fm;
		RfmCell    *cell;
		RfmCell    *segment;

		CHECK_FOR_INTERRUPTS();
		if (no_r[i] || no_f[i] || (m != NULL && no_m[i]))
		{
			picture->left_out++;
			continue;
		}
		recency = rfm_score(DatumGetInt32(r[i]), "recency");
		fm = rfm_score(DatumGetInt32(f[i]), "frequency");
		if (m != NULL)
			fm = rfm_together(fm, rfm_score(DatumGetInt32(m[i]), "monetary"));
		cell = &picture->cells[recency - 1][fm - 1];
		segment = &picture->segments[segment_of(recency, fm)];
		picture->customers++;
		cell->customers++;
		segment->customers++;
		picture->most = Max(picture->most, cell->customers);
		if (value != NULL && !no_value[i])
		{
			int64		amount = money_from_numeric(DatumGetNumeric(value[i]));

			cell->value += amount;
			segment->value += amount;
		}
	}
}

/* ": 120 of 1,827 customers, 500,000" */
static void
put_figures(StringInfo out, const RfmPicture *picture, const RfmCell *cell)
{
	appendStringInfoString(out, ": ");
	svg_put_count(out, cell->customers);
	appendStringInfoString(out, " of ");
	svg_put_counted(out, picture->customers, "customer");
	if (picture->money)
	{
		appendStringInfoString(out, ", ");
		svg_put_amount(out, cell->value);
	}
}

/* Half a cell with its word; they are two, as a word takes its colour from what is before it. */
static void
draw_half(Svg *svg, int level, float8 x, float8 y, float8 height, float8 baseline, const char *words)
{
	svg_put(svg, level >= 0 ? psprintf("<path class=\"h%d\"", level) : "<path class=\"v\"");
	svg_draw(svg, " d=\"M% %h%v%h-%\"/>", x, y, CELL_WIDTH - 2, height, CELL_WIDTH - 2);
	svg_draw(svg, "<text x=\"%\" y=\"%\">", x + CELL_WIDTH / 2 - 1, y + baseline);
	svg_put(svg, words);
	svg_put(svg, "</text>");
}

static void
draw_cell(Svg *svg, const RfmPicture *picture, int r, int fm)
{
	const RfmCell *cell = &picture->cells[r - 1][fm - 1];
	float8		x = LEFT + (r - 1) * CELL_WIDTH + 1;
	float8		y = SVG_TOP + (RFM_SCORES - fm) * CELL_HEIGHT + 1;
	int			level = -1;
	StringInfoData words;

	if (cell->customers > 0)
		level = (int) ((float8) (cell->customers - 1) / (float8) picture->most * LEVELS);
	initStringInfo(&words);
	appendStringInfo(&words, "<g class=\"c\"><title>%s, recency %d, frequency and money %d",
					 rfm_segment_name(r, fm), r, fm);
	put_figures(&words, picture, cell);
	svg_put(svg, words.data);
	svg_put(svg, "</title>");
	draw_half(svg, level, x, y, 24, 17, rfm_segment_name(r, fm));
	resetStringInfo(&words);
	if (cell->customers > 0)
		svg_put_count(&words, cell->customers);
	else
		appendStringInfoChar(&words, '-');
	draw_half(svg, level, x, y + 24, CELL_HEIGHT - 26, 14, words.data);
	svg_put(svg, "</g>");
}

/* The line that a segment ends at: between cells of two of them. */
static void
draw_border(Svg *svg, int r, int fm)
{
	float8		x = LEFT + (r - 1) * CELL_WIDTH;
	float8		y = SVG_TOP + (RFM_SCORES - fm) * CELL_HEIGHT;

	if (r < RFM_SCORES && segment_of(r, fm) != segment_of(r + 1, fm))
		svg_draw(svg, "<path class=\"l\" d=\"M% %v%\"/>", x + CELL_WIDTH, y, CELL_HEIGHT);
	if (fm > 1 && segment_of(r, fm) != segment_of(r, fm - 1))
		svg_draw(svg, "<path class=\"l\" d=\"M% %h%\"/>", x, y + CELL_HEIGHT, CELL_WIDTH);
}

static void
draw_scores(Svg *svg)
{
	for (int score = 1; score <= RFM_SCORES; score++)
	{
		const char *words = psprintf("%d", score);

		svg_text(svg, "d m", LEFT + (score - 0.5) * CELL_WIDTH, BOTTOM + 18, words);
		svg_text(svg, "d e", LEFT - 10, BOTTOM - (score - 0.5) * CELL_HEIGHT + 4, words);
	}
	svg_text(svg, "d m", (LEFT + RIGHT) / 2, BOTTOM + 36, "recency: 5 bought last");
	svg_text(svg, "d e", LEFT - 24, SVG_TOP + 18, "frequency");
	svg_text(svg, "d e", LEFT - 24, SVG_TOP + 34, "and money:");
	svg_text(svg, "d e", LEFT - 24, SVG_TOP + 50, "5 the most");
}

static void
draw_segments(Svg *svg, const RfmPicture *picture)
{
	int64		most = 1;
	StringInfoData words;

	for (int i = 0; i < (int) lengthof(segments); i++)
		most = Max(most, picture->segments[i].customers);
	initStringInfo(&words);
	for (int i = 0; i < (int) lengthof(segments); i++)
	{
		const RfmCell *segment = &picture->segments[i];
		float8		y = SVG_TOP + 6 + ROW * i;
		float8		width = BAR_WIDTH * (float8) segment->customers / (float8) most;

		svg_text(svg, "e", BAR_FROM - 10, y + 13, segments[i]);
		if (segment->customers > 0)
		{
			resetStringInfo(&words);
			appendStringInfoString(&words, segments[i]);
			put_figures(&words, picture, segment);
			svg_draw(svg, "<path class=\"u\" d=\"M% %h%v18h-%z\"><title>", BAR_FROM, y, width, width);
			svg_put(svg, words.data);
			svg_put(svg, "</title></path>");
		}
		resetStringInfo(&words);
		svg_put_count(&words, segment->customers);
		appendStringInfoString(&words, "  (");
		svg_put_percent(&words, rate_ratio(segment->customers, picture->customers));
		appendStringInfoChar(&words, ')');
		svg_text(svg, "x", BAR_FROM + width + 8, y + 13, words.data);
	}
}

static void
draw_rfm(Svg *svg, const void *arg)
{
	const RfmPicture *picture = arg;

	appendStringInfoString(&svg->title, "Recency, frequency and money");
	svg_title_label(svg, picture->label);
	if (picture->customers == 0)
	{
		svg_say(svg, picture->left_out > 0 ? "No data: no customer has all scores" :
				"No data: there are no customers");
		return;
	}
	svg_put_counted(&svg->under, picture->customers, "customer");
	appendStringInfoString(&svg->under, " by their scores from 1 to 5; the darker the more");
	appendStringInfo(&svg->desc, "%s.", svg->under.data);
	for (int i = 0; i < (int) lengthof(segments); i++)
	{
		appendStringInfo(&svg->desc, " %s", segments[i]);
		put_figures(&svg->desc, picture, &picture->segments[i]);
		appendStringInfoChar(&svg->desc, '.');
	}
	for (int fm = RFM_SCORES; fm >= 1; fm--)
		for (int r = 1; r <= RFM_SCORES; r++)
			draw_cell(svg, picture, r, fm);
	for (int fm = RFM_SCORES; fm >= 1; fm--)
		for (int r = 1; r <= RFM_SCORES; r++)
			draw_border(svg, r, fm);
	svg_draw(svg, "<rect class=\"g\" x=\"%\" y=\"%\" width=\"%\" height=\"%\"/>", LEFT, SVG_TOP,
			 RIGHT - LEFT, BOTTOM - SVG_TOP);
	draw_scores(svg);
	draw_segments(svg, picture);
	svg->width = BAR_FROM + BAR_WIDTH + 132;
	svg->height = BOTTOM + 52;
	svg_left_out(svg, picture->left_out, "customer", " without a score", 2);
}

/* rfm_svg(r, f, m, value, label) */
Datum
retention_rfm_svg(PG_FUNCTION_ARGS)
{
	RfmPicture	picture = {0};

	take_customers(&picture, fcinfo);
	picture.label = svg_label_argument(fcinfo, 4);
	return svg_picture(draw_rfm, &picture);
}
