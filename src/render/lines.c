/*
 * lines.c
 *		Pictures for psql as rows of text: lines, shades, bars.
 */
#include "render/lines.h"

#include "base/json_parts.h"
#include "base/reader.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"

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

/* Break it at blanks; a word that is longer than a line stays whole. */
void
add_words(List **lines, StringInfo line, const TextStyle *style)
{
	char	   *rest = pstrdup(line->data);

	resetStringInfo(line);
	while (pg_mbstrlen(rest) > style->width)
	{
		char	   *end = rest + pg_mbcharcliplen(rest, (int) strlen(rest), style->width);

		while (end > rest && *end != ' ')
			end--;
		if (end == rest)
			break;
		appendBinaryStringInfo(line, rest, (int) (end - rest));
		add_line(lines, line);
		rest = end + strspn(end, " ");
	}
	appendStringInfoString(line, rest);
	add_line(lines, line);
}

/* What lines_begin() is given. */
typedef struct LinesCall
{
	LinesDraw	draw;
	int			style_arg;
} LinesCall;

/*
 * The encoding of the client, also in a parallel worker, whose own is that of
 * the database.
 */
static int
client_encoding(void)
{
	const char *name = GetConfigOption("client_encoding", true, false);
	int			encoding = name == NULL ? -1 : pg_char_to_encoding(name);

	return encoding < 0 ? pg_get_client_encoding() : encoding;
}

/*
 * Can the client see block elements?  Others than UTF-8 may have some, but not
 * all that are drawn with.
 */
static bool
has_blocks(void)
{
	return GetDatabaseEncoding() == PG_UTF8 && client_encoding() == PG_UTF8;
}

static void *
lines_begin(FunctionCallInfo fcinfo, const void *arg)
{
	const LinesCall *call = arg;
	int			n = call->style_arg;
	TextStyle  *style = palloc(sizeof(TextStyle));

	style->width = 120;
	style->blocks = has_blocks();
	if (!PG_ARGISNULL(n))
		style->width = PG_GETARG_INT32(n);
	if (style->width < TEXT_LEAST_WIDTH || style->width > TEXT_MOST_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width must be between %d and %d columns", TEXT_LEAST_WIDTH,
						TEXT_MOST_WIDTH),
				 errdetail("It is %d.", style->width),
				 errhint("Pass the width of your terminal, for example 80.")));
	if (!PG_ARGISNULL(n + 1) && PG_GETARG_BOOL(n + 1))
		style->blocks = false;
	return call->draw(fcinfo, style);
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
return_lines(FunctionCallInfo fcinfo, LinesDraw draw, int style_arg)
{
	static const ReaderColumn columns[] = {{NULL, TEXTOID}};
	static const Reader reader = READER_SET(columns, 1, lines_begin, lines_next);
	LinesCall	call = {draw, style_arg};

	return reader_rows(&reader, fcinfo, &call);
}

/* One character for a share: nothing, up to a quarter, ..., above three. */
const char *
shade(const TextStyle *style, float8 share)
{
	static const char *const blocks[] = {
		" ", "\xE2\x96\x91", "\xE2\x96\x92", "\xE2\x96\x93", "\xE2\x96\x88"
	};
	static const char *const ascii[] = {" ", ".", ":", "+", "#"};
	int			level = share <= 0 ? 0 : share <= 0.25 ? 1 :
		share <= 0.5 ? 2 : share <= 0.75 ? 3 : 4;

	return style->blocks ? blocks[level] : ascii[level];
}

/* A bar of the share, rounded to whole columns but never to none. */
void
put_bar(StringInfo line, const TextStyle *style, float8 share, int behind,
		int most)
{
	int			longest = Min(most, Max(style->width - behind, 0));
	int			width = (int) (Min(share, 1) * longest + 0.5);

	if (share > 0 && width == 0)
		width = 1;
	for (int i = 0; i < Min(width, longest); i++)
		appendStringInfoString(line, shade(style, 1));
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

/* ----------------------------------------------------------------
 *		Labels
 * ----------------------------------------------------------------
 */

/*
 * The conversion to the client's encoding, where there is one that a character
 * may fail.  Where it is missing nothing can be sent anyway.
 */
static Oid
client_conversion(void)
{
	int			from = GetDatabaseEncoding();
	int			to = client_encoding();

	if (from == to || from == PG_SQL_ASCII || to == PG_SQL_ASCII)
		return InvalidOid;
	return FindDefaultConversionProc(from, to);
}

/* Has the client's encoding this character? */
static bool
client_has(Oid conversion, const char *data, int bytes)
{
	unsigned char sent[MAX_CONVERSION_GROWTH * MAX_MULTIBYTE_CHAR_LEN + 1];
	unsigned char one[MAX_MULTIBYTE_CHAR_LEN + 1];

	if (!OidIsValid(conversion) || !IS_HIGHBIT_SET(data[0]))
		return true;
	memcpy(one, data, bytes);
	one[bytes] = '\0';
	return pg_do_encoding_conversion_buf(conversion, GetDatabaseEncoding(),
										 client_encoding(), one, bytes, sent,
										 (int) sizeof(sent), true) == bytes;
}

/*
 * What stands for a character that would end the line or do something to the
 * terminal, or turn the words around it (U+202A to U+202E, U+2066 to U+2069);
 * NULL: itself.
 */
static const char *
instead_of(const char *data, int bytes)
{
	const unsigned char *c = (const unsigned char *) data;

	if (bytes == 1)
		return c[0] < ' ' || c[0] == 0x7f ? "?" : NULL;
	if (GetDatabaseEncoding() != PG_UTF8)
		return NULL;
	if (bytes == 2 && c[0] == 0xC2 && c[1] < 0xA0)
		return "?";
	if (bytes == 3 && c[0] == 0xE2 && c[1] == 0x80 && (c[2] == 0xA8 || c[2] == 0xA9))
		return "?";
	if (bytes == 3 && c[0] == 0xE2 && ((c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) ||
									   (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9)))
		return "";
	return NULL;
}

/* A label in so many columns; what does not fit is cut off. */
void
put_label(StringInfo line, const char *label, int room)
{
	Oid			conversion = client_conversion();
	int			len;
	int			columns = 0;

	if (label[0] == '\0')
		label = "(empty)";
	len = (int) strlen(label);
	for (int at = 0, bytes; at < len; at += bytes)
	{
		const char *instead;
		int			width;

		bytes = Min(pg_mblen(label + at), len - at);
		instead = instead_of(label + at, bytes);
		if (instead == NULL && !client_has(conversion, label + at, bytes))
			instead = "?";
		width = instead != NULL ? (int) strlen(instead) : Max(pg_dsplen(label + at), 0);
		if (columns + width > room)
			break;
		if (instead != NULL)
			appendStringInfoString(line, instead);
		else
			appendBinaryStringInfo(line, label + at, bytes);
		columns += width;
	}
	appendStringInfoSpaces(line, room - columns);
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
