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

#define TEXT_MAX_AGES 15		/* of a triangle: 6 columns each */
#define TEXT_MAX_COHORTS 40
#define TEXT_MAX_BARS 40		/* lines of a curve */

/* ----------------------------------------------------------------
 *		Matrices
 * ----------------------------------------------------------------
 */

/* Lines of a picture of a matrix, drawn as of argument 1, which may be NULL. */
static List *
draw_matrix(FunctionCallInfo fcinfo,
			List *(*draw) (const Matrix *, const DateADT *))
{
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);

	return draw(PG_GETARG_MATRIX(0), PG_ARGISNULL(1) ? NULL : &as_of);
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

/* A cell of six columns: percent, shade and the mark of an open period. */
static void
put_cell(StringInfo line, int64 active, int64 size, bool complete)
{
	const char *mark = complete ? " " : "*";

	if (size == 0)
	{
		appendStringInfo(line, "   - %s", mark);
		return;
	}
	appendStringInfo(line, " %3.0f%s%s", 100 * rate_ratio(active, size),
					 shade(rate_ratio(active, size)), mark);
}

/* The line of one cohort. */
static void
put_cohort_line(StringInfo line, const MatrixReading *reading, int64 period,
				const MatrixCohort *cohort)
{
	int64		shown = matrix_ages_shown(reading, period, TEXT_MAX_AGES);
	int64		complete = matrix_ages_complete(reading, period, shown);
	CohortWalk	walk;

	cohort_walk_begin(&walk, reading->matrix, cohort);
	appendStringInfo(line, "%-13s %10lld ",
					 date_text(calendar_period_start(reading->calendar, period)),
					 (long long) (cohort != NULL ? cohort->size : 0));
	for (int64 age = 0; age < shown; age++)
	{
		const CellRow *row = cohort_walk_next(&walk);

		put_cell(line, row->active, row->size, age < complete);
	}
}

/* The line that pools the complete cells of all cohorts. */
static void
put_pooled_line(StringInfo line, const MatrixReading *reading)
{
	Curve	   *curve = curve_begin(reading);
	int64		ages = Min(curve_length(curve), TEXT_MAX_AGES);

	for (int64 age = 0; age < ages; age++)
	{
		const CurveRow *row = curve_next(curve);

		if (age == 0)
			appendStringInfo(line, "%-13s %10lld ", "all complete",
							 (long long) row->customers);
		put_cell(line, row->active, row->customers, true);
	}
}

/* What the picture leaves out. */
static void
add_left_out(List **lines, StringInfo line, int64 cohorts, int64 ages)
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
	add_line(lines, line);
}

/* The triangle: a header, a line for each cohort, the pooled line, a legend. */
static List *
draw_triangle(const Matrix *matrix, const DateADT *as_of)
{
	List	   *lines = NIL;
	MatrixReading reading;
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
	add_line(&lines, &line);
	if (reading.last < first)
	{
		appendStringInfoString(&line, "no cohort starts before as_of");
		add_line(&lines, &line);
		return lines;
	}

	from = Max(first, reading.last - TEXT_MAX_COHORTS + 1);
	ages = matrix_ages_shown(&reading, from, CALENDAR_FAR);
	appendStringInfo(&line, "%-13s %10s ", "cohort", "customers");
	for (int64 age = 0; age < Min(ages, TEXT_MAX_AGES); age++)
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
		put_cohort_line(&line, &reading, period, cohort);
		add_line(&lines, &line);
	}
	put_pooled_line(&line, &reading);
	if (line.len > 0)
		add_line(&lines, &line);
	appendStringInfo(&line, "%s to 25  %s to 50  %s to 75  %s above   - nobody in the cohort   * period not over",
					 shade(0.25), shade(0.5), shade(0.75), shade(1));
	add_line(&lines, &line);
	ages = matrix_ages_shown(&reading, first, CALENDAR_FAR);
	add_left_out(&lines, &line, from - first, Max(ages - TEXT_MAX_AGES, 0));
	return lines;
}

static List *
cohort_lines(FunctionCallInfo fcinfo)
{
	return draw_matrix(fcinfo, draw_triangle);
}

/* cohort_text(matrix, as_of) */
Datum
retention_cohort_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, cohort_lines);
}

/* ----------------------------------------------------------------
 *		retention_curve_text
 * ----------------------------------------------------------------
 */

/* The curve: a header, a line for each age. */
static List *
draw_curve(const Matrix *matrix, const DateADT *as_of)
{
	List	   *lines = NIL;
	MatrixReading reading;
	StringInfoData line;
	Curve	   *curve;
	const CurveRow *row;
	int64		length;

	matrix_reading_init(&reading, matrix, as_of);
	curve = curve_begin(&reading);
	length = curve_length(curve);
	initStringInfo(&line);
	appendStringInfoString(&line, (matrix->flags & MATRIX_RECURRING) ?
						   "recurring retention" : "customer retention");
	put_grain(&line, matrix);
	appendStringInfoString(&line, ": percent active over the cohorts complete at each age");
	add_line(&lines, &line);
	if (length == 0)
	{
		appendStringInfoString(&line, "no cohort is complete at any age");
		add_line(&lines, &line);
		return lines;
	}
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
		put_bar(&line, share);
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
curve_lines(FunctionCallInfo fcinfo)
{
	return draw_matrix(fcinfo, draw_curve);
}

/* retention_curve_text(matrix, as_of) */
Datum
retention_retention_curve_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, curve_lines);
}
