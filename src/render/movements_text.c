/*
 * movements_text.c
 *		The picture of customer movements for psql, as rows of text.
 */
#include "metrics/movements/track.h"

#include <math.h>

#include "base/json_parts.h"
#include "base/rate.h"
#include "render/lines.h"
#include "render/svg.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(retention_movements_text);

#define TEXT_MAX_PERIODS 36

#define WIDE 118				/* from here on with what was gained and lost */

/*
 * What follows fills its columns when it fits, and is never glued to what
 * stands before it when it does not.  On a narrow screen there are fewer
 * columns, and what is longer is rounded: 12.3M.
 */
static void
put_column(StringInfo line, const TextStyle *style, const char *exact,
		   float8 value, int columns, int narrow)
{
	StringInfoData words;

	initStringInfo(&words);
	if (style->width >= WIDE || (int) strlen(exact) <= narrow)
		appendStringInfoString(&words, exact);
	else
		svg_put_short(&words, value);
	appendStringInfo(line, " %*s", style->width >= WIDE ? columns : narrow, words.data);
	pfree(words.data);
}

static void
put_customers(StringInfo line, const TextStyle *style, int64 count)
{
	put_column(line, style, psprintf("%lld", (long long) count), (float8) count, 9, 7);
}

/* A count with its sign, or a dash for none. */
static void
put_moved(StringInfo line, const TextStyle *style, int64 count, char sign)
{
	put_column(line, style, count == 0 ? "-" : psprintf("%c%lld", sign, (long long) count),
			   sign == '-' ? -(float8) count : (float8) count, 8, 7);
}

/* An amount in whole units. */
static void
put_amount(StringInfo line, const TextStyle *style, int128 amount)
{
	float8		value = (float8) amount / MONEY_ONE;

	/* + 0: what rounds to nothing has no sign */
	put_column(line, style, psprintf("%.0f", rint(value) + 0.0), value, 13, 11);
}

/* part / whole in percent, of eight columns. */
static void
put_percent(StringInfo line, int128 part, int128 whole, bool known)
{
	if (!known || whole == 0)
		appendStringInfo(line, "%8s", "-");
	else
		appendStringInfo(line, " %6.1f%%", 100 * money_share(part, whole));
}

/* The line of a period. */
static void
put_period(StringInfo line, const TextStyle *style, const Movements *m,
		   const Calendar *calendar, const MovementRow *row, int64 largest)
{
	const int64 *counts = row->cell->counts;
	const int128 *money = row->cell->money;
	bool		wide = style->width >= WIDE;

	appendStringInfo(line, "%-*s%c", wide ? 12 : 10,
					 date_text(calendar_period_start(calendar, row->period)),
					 row->complete ? ' ' : '*');
	put_customers(line, style, row->opening.customers);
	put_moved(line, style, counts[COUNT_NEW], '+');
	put_moved(line, style, counts[COUNT_REACTIVATED], '+');
	put_moved(line, style, counts[COUNT_CHURNED], '-');
	put_customers(line, style, row->closing.customers);
	put_percent(line, row->opening.customers - counts[COUNT_CHURNED],
				row->opening.customers, row->rates);
	if (!movements_has_money(m))
	{
		appendStringInfoString(line, "  ");
		if (row->closing.customers > 0)
			put_bar(line, style, rate_ratio(row->closing.customers, largest),
					wide ? 70 : 61, TEXT_BAR_WIDTH);
		return;
	}
	if (wide)
	{
		put_amount(line, style, money[MONEY_NEW] + money[MONEY_REACTIVATED] +
				   money[MONEY_EXPANSION]);
		put_amount(line, style, money[MONEY_CONTRACTION] + money[MONEY_CHURNED]);
	}
	put_amount(line, style, row->closing.revenue);
	put_percent(line, row->opening.positive + money[MONEY_KEPT],
				row->opening.positive, row->rates);
}

/* The largest closing, for the length of bars. */
static int64
largest_closing(const Movements *m)
{
	MovementTrack track;
	int64		largest = 1;

	movement_track_begin(&track, m);
	for (int i = 0; i < m->ncells; i++)
	{
		MovementState closing = movement_track_add(&track, &m->cells[i]);

		largest = Max(largest, closing.customers);
	}
	return largest;
}

/* The names of the columns. */
static void
put_header(StringInfo line, const TextStyle *style, bool money)
{
	if (style->width >= WIDE)
		appendStringInfo(line, "%-12s %10s%9s%9s%9s%10s%8s", "period", "opening",
						 "new", "back", "churned", "closing", "kept");
	else
		appendStringInfo(line, "%-11s%8s%8s%8s%8s%8s%8s", "period", "opening",
						 "new", "back", "churned", "closing", "kept");
	if (money && style->width >= WIDE)
		appendStringInfo(line, "%14s%14s", "gained", "lost");
	if (money)
		appendStringInfo(line, "%*s%8s", style->width >= WIDE ? 14 : 12, "revenue",
						 "nrr");
}

static List *
draw_movements(FunctionCallInfo fcinfo, const TextStyle *style)
{
	const Movements *m = PG_GETARG_MOVEMENTS(0);
	DateADT		as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	MovementReading *reading = movement_reading_begin(m, PG_ARGISNULL(1) ? NULL : &as_of);
	Calendar   *calendar = movements_calendar(m);
	int64		length = movement_reading_length(reading);
	int64		largest = largest_closing(m);
	bool		open = false;
	const MovementRow *row;
	List	   *lines = NIL;
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfoString(&line, "Movements by ");
	put_grain_words(&line, m->head.grain, m->head.zone);
	if (m->head.lag > 1)
		appendStringInfo(&line, ", against %lld periods before",
						 (long long) m->head.lag);
	add_words(&lines, &line, style);
	put_header(&line, style, movements_has_money(m));
	add_line(&lines, &line);
	movement_reading_skip(reading, length - TEXT_MAX_PERIODS);
	while ((row = movement_reading_next(reading)) != NULL)
	{
		put_period(&line, style, m, calendar, row, largest);
		add_line(&lines, &line);
		open |= !row->complete;
	}
	if (open)
	{
		appendStringInfoString(&line, "* not over yet");
		add_line(&lines, &line);
	}
	if (length > TEXT_MAX_PERIODS)
	{
		appendStringInfo(&line, "%lld earlier periods are left out",
						 (long long) (length - TEXT_MAX_PERIODS));
		add_line(&lines, &line);
	}
	return lines;
}

/* movements_text(movements, as_of, width, ascii) */
Datum
retention_movements_text(PG_FUNCTION_ARGS)
{
	return return_lines(fcinfo, draw_movements, 2);
}
