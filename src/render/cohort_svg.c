/*
 * cohort_svg.c
 *		The triangle of a cohort matrix as SVG.
 *
 * Ages across, cohorts down.  A cell has a colour by its share of the largest
 * value past age 0, where all are by definition, its value in it, and its
 * figures in a <title>.  What is not over yet has no colour but is hatched.
 */
#include "metrics/cohort_matrix/read.h"

#include <math.h>

#include "base/clip.h"
#include "base/json_parts.h"
#include "base/rate.h"
#include "miscadmin.h"
#include "render/svg.h"
#include "utils/builtins.h"
#include "utils/date.h"

PG_FUNCTION_INFO_V1(retention_cohort_svg);

#define MAX_AGES 40
#define MAX_COHORTS 40
#define LEVELS 9				/* colours */
#define LEFT 172.0				/* cohort and its size */
#define SIZE_COLUMN 68.0			/* longer ones are rounded */
#define BRIEF_CELLS 420			/* more: short titles */
#define MAX_CELLS 861			/* a triangle of 40, and its last row */

typedef enum Measure
{
	MEASURE_RETENTION,
	MEASURE_MONEY,
	MEASURE_REVENUE_RETENTION
} Measure;

static const char *const measure_names[] = {
	[MEASURE_RETENTION] = "retention",
	[MEASURE_MONEY] = "money",
	[MEASURE_REVENUE_RETENTION] = "revenue retention",
};

typedef struct CohortPicture
{
	const Matrix *matrix;		/* NULL: none */
	const DateADT *as_of;
	Measure		measure;
	SvgLabel	label;
} CohortPicture;

/* What is drawn of a cell, of a cohort or of all. */
typedef struct Cell
{
	int64		size;
	int64		active;
	int128		revenue;
	int128		first;			/* at age 0 */
	bool		complete;
} Cell;

/* The rows from the oldest, the last one of all cohorts. */
typedef struct Triangle
{
	MatrixReading reading;
	int64		from;			/* period of the first row */
	int			nrows;
	int			nages;
	int			most_ages;		/* there is room for */
	int			shown[MAX_COHORTS + 1]; /* ages of each row */
	int64		size[MAX_COHORTS + 1];
	Cell		cells[MAX_COHORTS + 1][MAX_AGES];
	int			ncells;
	float8		largest;		/* value past age 0 */
	float8		cell_width;
	float8		cell_height;
} Triangle;

/* The value of a cell; false when it has none. */
static bool
cell_value(const Cell *cell, Measure measure, float8 *value)
{
	if (measure == MEASURE_REVENUE_RETENTION)
	{
		if (cell->first == 0)
			return false;
		*value = money_share(cell->revenue, cell->first);
		return true;
	}
	if (cell->size == 0)
		return false;
	*value = measure == MEASURE_RETENTION ? rate_ratio(cell->active, cell->size) :
		(float8) cell->revenue / MONEY_ONE / (float8) cell->size;
	return true;
}

static void
take_largest(Triangle *triangle, const Cell *cell, Measure measure)
{
	float8		value;

	if (cell->complete && cell_value(cell, measure, &value))
		triangle->largest = Max(triangle->largest, value);
}

static void
take_cohort(Triangle *triangle, int n, const MatrixCohort *cohort,
			Measure measure)
{
	const MatrixReading *reading = &triangle->reading;
	int64		period = triangle->from + n;
	int64		complete = matrix_ages_complete(reading, period, MAX_AGES);
	CohortWalk	walk;

	triangle->shown[n] = (int) matrix_ages_shown(reading, period, triangle->most_ages);
	triangle->size[n] = cohort != NULL ? cohort->size : 0;
	cohort_walk_begin(&walk, reading->matrix, cohort);
	for (int age = 0; age < triangle->shown[n]; age++)
	{
		const CellRow *row = cohort_walk_next(&walk);
		Cell	   *cell = &triangle->cells[n][age];

		*cell = (Cell) {row->size, row->active, row->revenue,
			row->first_revenue, age < complete};
		if (age > 0)
			take_largest(triangle, cell, measure);
	}
	triangle->ncells += triangle->shown[n];
	triangle->nages = Max(triangle->nages, triangle->shown[n]);
}

/* The last row: the cells of all complete cohorts, from the curve. */
static void
take_pooled(Triangle *triangle, Measure measure)
{
	Curve	   *curve = curve_begin(&triangle->reading);
	int			n = triangle->nrows;

	triangle->shown[n] = (int) Min(curve_length(curve), triangle->nages);
	for (int age = 0; age < triangle->shown[n]; age++)
	{
		const CurveRow *row = curve_next(curve);
		Cell	   *cell = &triangle->cells[n][age];

		*cell = (Cell) {row->customers, row->active, row->revenue,
			row->first_revenue, true};
		if (age == 0)
			triangle->size[n] = row->customers;
		else
			take_largest(triangle, cell, measure);
	}
	triangle->ncells += triangle->shown[n];
}

/*
 * How many ages there is room for: windows from each customer's start may be
 * shown of all cohorts, as many as there are.
 */
static int
find_most_ages(const Triangle *triangle)
{
	int			most = MAX_AGES;
	int64		cells;

	do
	{
		cells = most;
		for (int n = 0; n < triangle->nrows; n++)
			cells += matrix_ages_shown(&triangle->reading, triangle->from + n, most);
	} while (cells > MAX_CELLS && most-- > 1);
	return most;
}

/* False when no cohort starts before as_of. */
static bool
take_triangle(Triangle *triangle, const CohortPicture *picture)
{
	const Matrix *matrix = picture->matrix;
	int64		first = matrix->cohorts[0].period;
	int64		next = 0;

	matrix_reading_init(&triangle->reading, matrix, picture->as_of);
	if (triangle->reading.last < first)
		return false;
	triangle->from = Max(first, triangle->reading.last - MAX_COHORTS + 1);
	triangle->nrows = (int) (triangle->reading.last - triangle->from + 1);
	triangle->most_ages = find_most_ages(triangle);
	for (int n = 0; n < triangle->nrows; n++)
	{
		int64		period = triangle->from + n;

		while (next < matrix->ncohorts && matrix->cohorts[next].period < period)
			next++;
		take_cohort(triangle, n, next < matrix->ncohorts &&
					matrix->cohorts[next].period == period ?
					&matrix->cohorts[next] : NULL, picture->measure);
	}
	take_pooled(triangle, picture->measure);
	triangle->cell_width = triangle->nages <= 13 ? 52 : triangle->nages <= 20 ? 40 : 34;
	triangle->cell_height = triangle->nrows <= 26 ? 24 : 20;
	return true;
}

/* Where the words of a row stand, below its top. */
static float8
baseline(const Triangle *triangle)
{
	return triangle->cell_height / 2 + 4;
}

/* "64", "9.5", "1.2k": what stands in a cell. */
static void
put_value(StringInfo out, float8 value, Measure measure)
{
	if (measure == MEASURE_MONEY)
		svg_put_short(out, value);
	else
		svg_put_fixed(out, 100 * value, value > 0 && value < 0.0995 ? 1 : 0);
}

/* A number of customers, or an amount: exactly, or in few letters. */
static void
put_number(StringInfo out, bool money, int128 value, bool rounded)
{
	if (rounded)
		svg_put_short(out, money ? (float8) value / MONEY_ONE : (float8) value);
	else if (money)
		svg_put_amount(out, value);
	else
		svg_put_count(out, (int64) value);
}

/*
 * "2024-01-01, age 3: 12 of 40 customers"; in brief "3: 12 of 40"; and only
 * "12 of 40", or "12", where that is too long for all cells.
 */
static void
put_figures(StringInfo out, const Triangle *triangle, int n, int age,
			const CohortPicture *picture, bool brief, int briefly)
{
	const Cell *cell = &triangle->cells[n][age];
	bool		money = picture->measure != MEASURE_RETENTION;
	bool		share = picture->measure == MEASURE_REVENUE_RETENTION;
	bool		rounded = briefly > 0;

	if (!brief)
		appendStringInfo(out, "%s, age ", n == triangle->nrows ? "all complete" :
						 date_text(calendar_period_start(triangle->reading.calendar,
														 triangle->from + n)));
	if (!rounded)
		appendStringInfo(out, "%d: ", age);
	put_number(out, money, money ? cell->revenue : cell->active, rounded);
	if (briefly == SVG_BRIEFEST)
		return;
	appendStringInfoString(out, " of ");
	if (brief || share)
		put_number(out, share, share ? cell->first : cell->size, rounded);
	else
		svg_put_counted(out, cell->size, "customer");
	if (!cell->complete && !brief)
		appendStringInfoString(out, " so far");
}

static void
draw_cell(Svg *svg, const Triangle *triangle, int n, int age,
		  const CohortPicture *picture)
{
	const Cell *cell = &triangle->cells[n][age];
	bool		brief = svg->brief > 0 || triangle->ncells > BRIEF_CELLS;
	float8		x = LEFT + age * triangle->cell_width;
	float8		value;
	bool		known = cell_value(cell, picture->measure, &value);
	int			level = -1;
	StringInfoData words;

	if (known && cell->complete && age > 0)
		level = value <= 0 || triangle->largest <= 0 ? 0 :
			Min((int) (value / triangle->largest * LEVELS), LEVELS - 1);
	if (level >= 0)
		svg_put(svg, psprintf("<path class=\"h%d\"", level));
	else if (!cell->complete)
		svg_put(svg, psprintf("<path %s", svg_hatch(svg)));
	else
		svg_put(svg, known ? "<path class=\"q\"" : "<path class=\"v\"");
	svg_draw(svg, " d=\"M% %h%v%h-%\">", x + 1, 1 - baseline(triangle),
			 triangle->cell_width - 2, triangle->cell_height - 2,
			 triangle->cell_width - 2);
	initStringInfo(&words);
	put_figures(&words, triangle, n, age, picture, brief, svg->brief);
	svg_put(svg, "<title>");
	svg_put(svg, words.data);
	svg_put(svg, "</title></path>");
	resetStringInfo(&words);
	if (known)
		put_value(&words, value, picture->measure);
	else
		appendStringInfoChar(&words, '-');
	svg_draw(svg, "<text x=\"%\">", x + triangle->cell_width / 2);
	svg_put(svg, words.data);
	svg_put(svg, "</text>");
}

/* A cohort, or all of them: name, size, cells. */
static void
draw_row(Svg *svg, const Triangle *triangle, int n,
		 const CohortPicture *picture, float8 y)
{
	bool		pooled = n == triangle->nrows;
	StringInfoData words;

	CHECK_FOR_INTERRUPTS();
	initStringInfo(&words);
	svg_draw(svg, "<g transform=\"translate(0 %)\">", y + baseline(triangle));
	svg_text(svg, pooled ? "b" : "x", SVG_MARGIN, 0, pooled ? "all complete" :
			 date_text(calendar_period_start(triangle->reading.calendar,
											 triangle->from + n)));
	svg_put_count(&words, triangle->size[n]);
	if (svg_text_width(words.data, 12) > SIZE_COLUMN)
	{
		resetStringInfo(&words);
		svg_put_short(&words, (float8) triangle->size[n]);
	}
	svg_text(svg, pooled ? "b e" : "e", LEFT - 10, 0, words.data);
	svg_put(svg, "<g class=\"c\">");
	for (int age = 0; age < triangle->shown[n]; age++)
		draw_cell(svg, triangle, n, age, picture);
	svg_put(svg, "</g></g>");
}

/* What the colours mean. */
static void
draw_legend(Svg *svg, const Triangle *triangle, Measure measure, float8 y)
{
	StringInfoData words;
	float8		x = LEFT;

	initStringInfo(&words);
	if (triangle->largest > 0)
	{
		svg_text(svg, "d e", x - 10, y + 10, "0");
		for (int i = 0; i < LEVELS; i++)
		{
			svg_put(svg, psprintf("<path class=\"h%d\"", i));
			svg_draw(svg, " d=\"M% %h16v12h-16z\"/>", x + 16 * i, y);
		}
		put_value(&words, triangle->largest, measure);
		if (measure != MEASURE_MONEY)
			appendStringInfoString(&words, " %");
		svg_text(svg, "d", x + 16 * LEVELS + 6, y + 10, words.data);
		x += 16 * LEVELS + 70;
	}
	svg_put(svg, psprintf("<path %s", svg_hatch(svg)));
	svg_draw(svg, " d=\"M% %h24v12h-24z\"/>", x, y);
	svg_text(svg, "d", x + 30, y + 10, "not over yet");
	svg->width = Max(svg->width, x + 130);
}

static void
draw_left_out(Svg *svg, const Triangle *triangle, float8 y)
{
	int64		first = triangle->reading.matrix->cohorts[0].period;
	int64		cohorts = triangle->from - first;
	int64		ages = matrix_ages_shown(&triangle->reading, first, CALENDAR_FAR) - triangle->most_ages;
	StringInfoData words;

	if (cohorts <= 0 && ages <= 0)
		return;
	initStringInfo(&words);
	appendStringInfoString(&words, "left out: ");
	if (cohorts > 0)
		svg_put_counted(&words, cohorts, "earlier cohort");
	if (cohorts > 0 && ages > 0)
		appendStringInfoString(&words, " and ");
	if (ages > 0)
		svg_put_counted(&words, ages, "later age");
	svg_text(svg, "d", SVG_MARGIN, y, words.data);
	svg->height += 20;
}

static void
put_heading(Svg *svg, const CohortPicture *picture)
{
	static const char *const under[] = {
		[MEASURE_RETENTION] = "percent of each cohort active at each age",
		[MEASURE_MONEY] = "revenue at each age per customer of the cohort",
		[MEASURE_REVENUE_RETENTION] = "revenue at each age in percent of that at age 0",
	};
	static const char *const titles[] = {
		[MEASURE_RETENTION] = "retention",
		[MEASURE_MONEY] = "revenue",
		[MEASURE_REVENUE_RETENTION] = "revenue retention",
	};
	const Matrix *matrix = picture->matrix;

	appendStringInfo(&svg->title, "Customer %s", titles[picture->measure]);
	if (matrix != NULL)
	{
		svg_title_grain(svg, matrix->grain, matrix->zone);
		if (matrix->flags & MATRIX_RECURRING)
			appendStringInfoString(&svg->title, ", recurring");
		appendStringInfoString(&svg->under, under[picture->measure]);
	}
	svg_title_label(svg, picture->label);
}

/* The columns' heads, and the cells under them. */
static void
draw_cells(Svg *svg, const Triangle *triangle, const CohortPicture *picture)
{
	float8		y = SVG_TOP + 22;

	svg_text(svg, "d", SVG_MARGIN, y - 6, "cohort");
	svg_text(svg, "d e", LEFT - 10, y - 6, "customers");
	for (int age = 0; age < triangle->nages; age++)
		svg_text(svg, "d m", LEFT + (age + 0.5) * triangle->cell_width, y - 6,
				 psprintf("%d", age));
	for (int n = 0; n < triangle->nrows; n++)
		draw_row(svg, triangle, n, picture, y + n * triangle->cell_height);
	y += triangle->nrows * triangle->cell_height;
	if (triangle->shown[triangle->nrows] > 0)
	{
		draw_row(svg, triangle, triangle->nrows, picture, y + 6);
		y += triangle->cell_height + 6;
	}
	svg->width = Max(560, LEFT + triangle->nages * triangle->cell_width + SVG_MARGIN);
	svg->height = y + 40;
	draw_legend(svg, triangle, picture->measure, y + 14);
	draw_left_out(svg, triangle, y + 46);
}

static void
draw_cohorts(Svg *svg, const void *arg)
{
	const CohortPicture *picture = arg;
	Triangle   *triangle = palloc0(sizeof(Triangle));

	put_heading(svg, picture);
	if (picture->matrix == NULL)
		svg_say(svg, "No data: there is no cohort matrix");
	else if (picture->measure != MEASURE_RETENTION && !matrix_has_money(picture->matrix))
		svg_say(svg, "No data: the cohort matrix was built without amounts");
	else if (!take_triangle(triangle, picture))
		svg_say(svg, "No data: no cohort starts before as_of");
	else
	{
		svg_put_counted(&svg->desc, triangle->nrows, "cohort");
		appendStringInfoString(&svg->desc, " from ");
		appendStringInfo(&svg->desc, "%s: %s.",
						 date_text(calendar_period_start(triangle->reading.calendar,
														 triangle->from)),
						 svg->under.data);
		draw_cells(svg, triangle, picture);
	}
}

static Measure
measure_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name;

	if (PG_ARGISNULL(n))
		return MEASURE_RETENTION;
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int i = 0; i < (int) lengthof(measure_names); i++)
		if (strcmp(name, measure_names[i]) == 0)
			return (Measure) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown measure: \"%s\"", clip(name)),
			 errhint("The measures of a cohort matrix are 'retention', 'money' and 'revenue retention'.")));
}

/* cohort_svg(matrix, as_of, measure, label) */
Datum
retention_cohort_svg(PG_FUNCTION_ARGS)
{
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	CohortPicture picture = {NULL, PG_ARGISNULL(1) ? NULL : &as_of};

	picture.measure = measure_argument(fcinfo, 2);
	picture.label = svg_label_argument(fcinfo, 3);
	if (!PG_ARGISNULL(0))
		picture.matrix = PG_GETARG_MATRIX(0);
	return svg_picture(draw_cohorts, &picture);
}
