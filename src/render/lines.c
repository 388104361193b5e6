/*
 * lines.c
 *		Pictures for psql as rows of text: lines, shades, bars.
 */
#include "render/lines.h"

#include "base/json_parts.h"
#include "base/reader.h"

#define TEXT_BAR_WIDTH 50

/* Append the line. */
void
add_line(List **lines, StringInfo line)
{
	/* no trailing blanks */
	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	*lines = lappend(*lines, cstring_to_text_with_len(line->data, line->len));
	resetStringInfo(line);
}

/* What lines_begin() is given. */
typedef List *(*Draw) (FunctionCallInfo fcinfo);

static void *
lines_begin(FunctionCallInfo fcinfo, const void *draw)
{
	return (*(const Draw *) draw) (fcinfo);
}

static bool
lines_next(void *lines, ReaderRow *row)
{
	if (row->number >= list_length(lines))
		return false;
	row_put(row, 0, TEXTOID,
			PointerGetDatum(list_nth(lines, (int) row->number)));
	return true;
}

/* Rows of a set-returning function, from the lines of a picture. */
Datum
return_lines(FunctionCallInfo fcinfo, Draw draw)
{
	static const ReaderColumn columns[] = {{NULL, TEXTOID}};
	static const Reader reader = READER_SET(columns, 1, lines_begin, lines_next);

	return reader_rows(&reader, fcinfo, &draw);
}

/* Can the database say block elements? */
static inline bool
has_blocks(void)
{
	return GetDatabaseEncoding() == PG_UTF8;
}

/* One character for a share: nothing, up to a quarter, ..., above three. */
const char *
shade(float8 share)
{
	static const char *const blocks[] = {
		" ", "\xE2\x96\x91", "\xE2\x96\x92", "\xE2\x96\x93", "\xE2\x96\x88"
	};
	static const char *const ascii[] = {" ", ".", ":", "+", "#"};
	int			level = share <= 0 ? 0 : share <= 0.25 ? 1 :
		share <= 0.5 ? 2 : share <= 0.75 ? 3 : 4;

	return has_blocks() ? blocks[level] : ascii[level];
}

/* A bar of the share, rounded to whole columns but never to none. */
void
put_bar(StringInfo line, float8 share)
{
	int			width = (int) (share * TEXT_BAR_WIDTH + 0.5);

	if (share > 0 && width == 0)
		width = 1;
	for (int i = 0; i < width; i++)
		appendStringInfoString(line, shade(1));
}

/* "0.5 days" in a unit that suits it, of eight columns. */
void
put_days(StringInfo line, float8 days)
{
	if (days >= 2)
		appendStringInfo(line, "%6.1f d", days);
	else if (days * HOURS_PER_DAY >= 2)
		appendStringInfo(line, "%6.1f h", days * HOURS_PER_DAY);
	else if (days * SECS_PER_DAY >= 2 * SECS_PER_MINUTE)
		appendStringInfo(line, "%6.1f m", days * HOURS_PER_DAY * MINS_PER_HOUR);
	else
		appendStringInfo(line, "%6.1f s", days * SECS_PER_DAY);
}

/* A calendar of dates in few words. */
static char *
calendar_words(const Grain *grain)
{
	const int32 *dates = grain->cuts;
	int			n = grain->ncuts;
	StringInfoData words;

	initStringInfo(&words);
	appendStringInfo(&words, "%d periods from %s to %s", n - 1,
					 date_text(dates[0]), date_text(dates[n - 1] - 1));
	if (grain_zone_len(grain) > 0)
		appendStringInfo(&words, " at %.*s", (int) grain_zone_len(grain),
						 grain_zone(grain));
	return words.data;
}

/* The words of a grain, and the zone that instants were cut in. */
void
put_grain_words(StringInfo line, const Grain *grain, const char *zone)
{
	char	   *words = grain_is_dates(grain) ? calendar_words(grain) :
		grain_to_cstring(grain);
	char	   *named = grain_zone_len(grain) > 0 ? strstr(words, " at ") : NULL;

	/* the zone stands last, and no other word is "at" */
	if (named != NULL && zone[0] == '\0')
		*named = '\0';
	appendStringInfoString(line, words);
	if (named == NULL && zone[0] != '\0')
		appendStringInfo(line, ", cut in %s", zone);
	pfree(words);
}
