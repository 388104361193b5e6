/*
 * text.c
 *		Pictures of cohort matrices for psql, as rows of text.
 */
#include "metrics/cohort_matrix/read.h"

#include "base/json_parts.h"
#include "base/rate.h"
#include "miscadmin.h"
#include "render/lines.h"

PG_FUNCTION_INFO_V1(retention_cohort_text);
PG_FUNCTION_INFO_V1(retention_retention_curve_text);

#define TEXT_MAX_AGES 15		/* of a triangle */
#define TEXT_COHORT 25			/* columns before its cells */
#define TEXT_CELL 6
#define TEXT_MAX_COHORTS 40
#define TEXT_MAX_BARS 40		/* lines of a curve */

/* ----------------------------------------------------------------
 *		Matrices
 * ----------------------------------------------------------------
 */

/* Lines of a picture of a matrix, drawn as of argument 1, which may be NULL. */
static List *
draw_matrix(FunctionCallInfo fcinfo, const TextStyle *style,
			List *(*draw) (const Matrix *, const DateADT *, const TextStyle *))
{
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);

	return draw(PG_GETARG_MATRIX(0), PG_ARGISNULL(1) ? NULL : &as_of,
				style);
}

/* "by month, cut in Europe/Paris", for a first line */
static void
put_grain(StringInfo line, const Matrix *matrix)
{
	appendStringInfoString(line, " by ");
	put_grain_words(line, matrix->grain, matrix->zone);
}

/* ----------------------------------------------------------------
 *		cohort_text
 * ----------------------------------------------------------------
 */

/* What shades are shares of: the largest share past age 0. */
typedef struct Shades
{
	const TextStyle *style;
	float8		largest;
	bool		from_age_0;		/* not all are active there */
	int64		ages;			/* there is room for */
} Shades;

typedef struct CellShare
{
	int64		age;
	int64		active;
	int64		size;
	bool		complete;
} CellShare;

/* A cell of six columns: percent, shade and the mark of an open period. */
static void
put_cell(StringInfo line, const Shades *shades, const CellShare *cell)
{
	const char *mark = cell->complete ? " " : "*";
	float8		share;

	if (cell->size == 0)
	{
		appendStringInfo(line, "   - %s", mark);
		return;
	}
	share = rate_ratio(cell->active, cell->size);
	appendStringInfo(line, " %3.0f%s%s", 100 * share,
					 cell->age == 0 && !shades->from_age_0 ? " " :
					 shade(shades->style, share / shades->largest), mark);
}

/* The line of one cohort. */
static void
put_cohort_line(StringInfo line, const Shades *shades,
				const MatrixReading *reading, int64 period,
				const MatrixCohort *cohort)
{
	int64		shown = matrix_ages_shown(reading, period, shades->ages);
	int64		complete = matrix_ages_complete(reading, period, shown);
	CohortWalk	walk;

	cohort_walk_begin(&walk, reading->matrix, cohort);
	appendStringInfo(line, "%-13s %10lld ",
					 date_text(calendar_period_start(reading->calendar, period)),
					 (long long) (cohort != NULL ? cohort->size : 0));
	for (int64 age = 0; age < shown; age++)
	{
		const CellRow *row = cohort_walk_next(&walk);

		put_cell(line, shades,
				 &(CellShare) {age, row->active, row->size, age < complete});
	}
}

/* The line that pools the complete cells of all cohorts. */
static void
put_pooled_line(StringInfo line, const Shades *shades,
				const MatrixReading *reading)
{
	Curve	   *curve = curve_begin(reading);
	int64		ages = Min(curve_length(curve), shades->ages);

	for (int64 age = 0; age < ages; age++)
	{
		const CurveRow *row = curve_next(curve);

		if (age == 0)
			appendStringInfo(line, "%-13s %10lld ", "all complete",
							 (long long) row->customers);
		put_cell(line, shades,
				 &(CellShare) {age, row->active, row->customers, true});
	}
}

/* The largest share of a cohort's complete ages; not of the first, at which all are. */
static float8
largest_share(const Shades *shades, const MatrixReading *reading,
			  const MatrixCohort *cohort)
{
	int64		complete = matrix_ages_complete(reading, cohort->period, shades->ages);
	CohortWalk	walk;
	float8		largest = 0;

	cohort_walk_begin(&walk, reading->matrix, cohort);
	for (int64 age = 0; age < complete; age++)
	{
		const CellRow *row = cohort_walk_next(&walk);

		if (age > 0 || shades->from_age_0)
			largest = Max(largest, rate_ratio(row->active, row->size));
	}
	return largest;
}

/* How shades are drawn, of the cohorts from a period on. */
static Shades
find_shades(const TextStyle *style, const MatrixReading *reading, int64 from)
{
	const Matrix *matrix = reading->matrix;
	Shades		shades = {style, 0, (matrix->flags & MATRIX_STARTED) != 0,
	Min(TEXT_MAX_AGES, (style->width - TEXT_COHORT) / TEXT_CELL)};

	for (int64 i = 0; i < matrix->ncohorts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (matrix->cohorts[i].period >= from)
			shades.largest = Max(shades.largest,
								 largest_share(&shades, reading, &matrix->cohorts[i]));
	}
	if (shades.largest == 0)
		shades.largest = 1;
	return shades;
}

/* "... to 17  ... to 34  ... to 50  ... above" */
static void
put_legend(StringInfo line, const Shades *shades)
{
	for (int i = 1; i <= 3; i++)
		appendStringInfo(line, "%s to %.0f  ", shade(shades->style, i * 0.25),
						 100 * shades->largest * i * 0.25);
	appendStringInfo(line, "%s above   - nobody in the cohort   * period not over",
					 shade(shades->style, 1));
}

/* What the picture leaves out. */
static void
add_left_out(List **lines, StringInfo line, const TextStyle *style,
			 int64 cohorts, int64 ages)
{
	if (cohorts == 0 && ages == 0)
		return;
	appendStringInfoString(line, "left out: ");
	if (cohorts > 0)
		appendStringInfo(line, "%lld earlier cohort%s%s", (long long) cohorts,
						 cohorts > 1 ? "s" : "", ages > 0 ? " and " : "");
	if (ages > 0)
		appendStringInfo(line, "%lld later age%s", (long long) ages,
						 ages > 1 ? "s" : "");
	appendStringInfoString(line, "; cohort_cells(matrix) lists all");
	add_words(lines, line, style);
}

/* The triangle: a header, a line for each cohort, the pooled line, a legend. */
static List *
draw_triangle(const Matrix *matrix, const DateADT *as_of,
			  const TextStyle *style)
{
	List	   *lines = NIL;
	MatrixReading reading;
	Shades		shades;
	StringInfoData line;
	int64		first = matrix->cohorts[0].period;
	int64		ages;
	int64		from;
	int			next = 0;

	matrix_reading_init(&reading, matrix, as_of);
	initStringInfo(&line);
	appendStringInfoString(&line, (matrix->flags & MATRIX_RECURRING) ?
						   "recurring retention" : "customer retention");
	put_grain(&line, matrix);
	appendStringInfoString(&line, ": percent of each cohort active at each age");
	add_words(&lines, &line, style);
	if (reading.last < first)
	{
		appendStringInfoString(&line, "no cohort starts before as_of");
		add_line(&lines, &line);
		return lines;
	}

	from = Max(first, reading.last - TEXT_MAX_COHORTS + 1);
	shades = find_shades(style, &reading, from);
	ages = matrix_ages_shown(&reading, from, CALENDAR_FAR);
	appendStringInfo(&line, "%-13s %10s ", "cohort", "customers");
	for (int64 age = 0; age < Min(ages, shades.ages); age++)
		appendStringInfo(&line, "%4lld  ", (long long) age);
	add_line(&lines, &line);
	for (int64 period = from; period <= reading.last; period++)
	{
		const MatrixCohort *cohort = NULL;

		CHECK_FOR_INTERRUPTS();
		while (next < matrix->ncohorts && matrix->cohorts[next].period < period)
			next++;
		if (next < matrix->ncohorts && matrix->cohorts[next].period == period)
			cohort = &matrix->cohorts[next];
		put_cohort_line(&line, &shades, &reading, period, cohort);
		add_line(&lines, &line);
	}
	put_pooled_line(&line, &shades, &reading);
	if (line.len > 0)
		add_line(&lines, &line);
	put_legend(&line, &shades);
	add_words(&lines, &line, style);
	ages = matrix_ages_shown(&reading, first, CALENDAR_FAR);
	add_left_out(&lines, &line, style, from - first, Max(ages - shades.ages, 0));
	return lines;
}

static List *
cohort_lines(FunctionCallInfo fcinfo, const TextStyle *style)
{
	return draw_matrix(fcinfo, style, draw_triangle);
}

/* cohort_text(matrix, as_of, width, ascii) */
Datum
retention_cohort_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, cohort_lines, 2);
}

/* ----------------------------------------------------------------
 *		retention_curve_text
 * ----------------------------------------------------------------
 */

/* The largest share of the ages drawn, past age 0 unless that is told from. */
static float8
curve_largest(const MatrixReading *reading, int64 length, bool from_age_0)
{
	Curve	   *curve = curve_begin(reading);
	float8		largest = 0;

	for (int64 i = 0; i < length; i++)
	{
		const CurveRow *row = curve_next(curve);

		CHECK_FOR_INTERRUPTS();
		if (row->age > 0 || from_age_0)
			largest = Max(largest, rate_ratio(row->active, row->customers));
	}
	return largest > 0 ? largest : 1;
}

/* The curve: a header, a line for each age. */
static List *
draw_curve(const Matrix *matrix, const DateADT *as_of, const TextStyle *style)
{
	List	   *lines = NIL;
	MatrixReading reading;
	StringInfoData line;
	Curve	   *curve;
	const CurveRow *row;
	int64		length;
	bool		from_age_0 = (matrix->flags & MATRIX_STARTED) != 0;
	float8		largest;

	matrix_reading_init(&reading, matrix, as_of);
	curve = curve_begin(&reading);
	length = curve_length(curve);
	initStringInfo(&line);
	appendStringInfoString(&line, (matrix->flags & MATRIX_RECURRING) ?
						   "recurring retention" : "customer retention");
	put_grain(&line, matrix);
	appendStringInfoString(&line, ": percent active over the cohorts complete at each age");
	add_words(&lines, &line, style);
	if (length == 0)
	{
		appendStringInfoString(&line, "no cohort is complete at any age");
		add_line(&lines, &line);
		return lines;
	}
	largest = curve_largest(&reading, Min(length, TEXT_MAX_BARS), from_age_0);
	appendStringInfo(&line, "%7s %10s %9s  %-15s", "age", "customers",
					 "retention", "95 % bounds");
	add_line(&lines, &line);
	for (int64 i = 0; i < Min(length, TEXT_MAX_BARS); i++)
	{
		float8		share;
		float8		low;
		float8		high;

		CHECK_FOR_INTERRUPTS();
		row = curve_next(curve);
		share = rate_ratio(row->active, row->customers);
		rate_wilson((float8) row->active, (float8) row->customers, RATE_Z95,
					&low, &high);
		appendStringInfo(&line, "%7lld %10lld %8.1f%%  %5.1f to %5.1f  ",
						 (long long) row->age, (long long) row->customers,
						 100 * share, 100 * low, 100 * high);
		if (row->age > 0 || from_age_0)
			put_bar(&line, style, share / largest, 48, TEXT_BAR_WIDTH);
		add_line(&lines, &line);
	}
	if (length > TEXT_MAX_BARS)
	{
		appendStringInfo(&line, "left out: %lld later age%s; retention_curve(matrix) lists all",
						 (long long) (length - TEXT_MAX_BARS),
						 length > TEXT_MAX_BARS + 1 ? "s" : "");
		add_line(&lines, &line);
	}
	return lines;
}

static List *
curve_lines(FunctionCallInfo fcinfo, const TextStyle *style)
{
	return draw_matrix(fcinfo, style, draw_curve);
}

/* retention_curve_text(matrix, as_of, width, ascii) */
Datum
retention_retention_curve_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, curve_lines, 2);
}
