/*
 * journey_text.c
 *		The picture of a journey for psql, as rows of text.
 */
#include "metrics/journey/type.h"

#include "base/rate.h"
#include "miscadmin.h"
#include "render/lines.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(retention_journey_text);

#define TEXT_MAX_ROWS 40
#define PLACE_COLUMNS 20
#define NARROW 100				/* below: names of less */
#define NARROW_COLUMNS 14

/* Columns of a name. */
static int
place_columns(const TextStyle *style)
{
	return style->width < NARROW ? NARROW_COLUMNS : PLACE_COLUMNS;
}

/* The line of a row. */
static void
put_row(StringInfo line, const TextStyle *style, const JourneyRow *row,
		bool first)
{
	int			room = place_columns(style);
	float8		share = rate_ratio(row->moved.customers, row->customers);

	if (first)
		appendStringInfo(line, "%6d ", (int) row->step);
	else
		appendStringInfoSpaces(line, 7);
	put_label(line, row->from, room);
	appendStringInfoString(line, "  ");
	put_label(line, row->to == NULL ? "(end)" : row->to, room);
	appendStringInfo(line, " %10lld %7.1f%% ", (long long) row->moved.customers,
					 100 * share);
	if (row->moved.ntimes > 0)
		put_days(line, funnel_quantile(&row->moved, 0.5));
	else
		appendStringInfo(line, "%6s  ", "-");
	appendStringInfoString(line, "  ");
	put_bar(line, style, share, 2 * room + 40,
			TEXT_BAR_WIDTH / 2);
}

/* A header, a line for each row. */
static List *
draw_journey(FunctionCallInfo fcinfo, const TextStyle *style)
{
	const Journey *journey = PG_GETARG_JOURNEY(0);
	int64		n;
	JourneyRow *rows = journey_rows(journey, journey_top_argument(fcinfo, 1), &n);
	List	   *lines = NIL;
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfo(&line, "ways of %lld customer%s, ended by a silence of more than %s",
					 (long long) rows[0].customers, rows[0].customers == 1 ? "" : "s",
					 funnel_within_words(&journey->within));
	add_words(&lines, &line, style);
	appendStringInfo(&line, "%6s %-*s  %-*s %10s %8s %10s", "step", place_columns(style),
					 "from", place_columns(style), "to", "customers", "of step", "median");
	add_line(&lines, &line);
	for (int64 i = 0; i < Min(n, TEXT_MAX_ROWS); i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_row(&line, style, &rows[i], i == 0 || rows[i - 1].step != rows[i].step);
		add_line(&lines, &line);
	}
	if (n > TEXT_MAX_ROWS)
	{
		appendStringInfo(&line, "left out: %lld later row%s; journey_edges(journey) lists all",
						 (long long) n - TEXT_MAX_ROWS, n > TEXT_MAX_ROWS + 1 ? "s" : "");
		add_line(&lines, &line);
	}
	return lines;
}

/* journey_text(journey, top, width, ascii) */
Datum
retention_journey_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, draw_journey, 2);
}
