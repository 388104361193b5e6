/*
 * lines.h
 *		Pictures for psql as rows of text: what they share.
 *
 * Every picture is a list of lines made when the first row is asked for; what
 * does not fit on a screen is left out, and a line says so.
 */
#ifndef RETENTION_LINES_H
#define RETENTION_LINES_H

#include "base/compat.h"
#include "base/grain.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/*
 * "month, cut in Europe/Paris": the words of a grain and the zone that instants
 * were cut in, "" for none.  One that the grain names has no part in local times,
 * and is left out.
 */
extern void put_grain_words(StringInfo line, const Grain *grain,
							const char *zone);

/* How wide a picture may be, and what it is drawn with. */
typedef struct TextStyle
{
	int			width;			/* columns */
	bool		blocks;			/* block elements, else ASCII */
} TextStyle;

#define TEXT_LEAST_WIDTH 80
#define TEXT_MOST_WIDTH 1000

/* Append the line, without blanks at its end, as text; it is empty then. */
extern void add_line(List **lines, StringInfo line);

/* The same of words, which go on in further lines where one is too narrow. */
extern void add_words(List **lines, StringInfo line, const TextStyle *style);

typedef List *(*LinesDraw) (FunctionCallInfo fcinfo, const TextStyle *style);

/*
 * Body of a set-returning function: draw() is called once, unless argument 0
 * is NULL, and returns the lines.  The width is in argument style_arg, and in
 * the next one whether to draw in ASCII, NULL: where the client's encoding has
 * nothing else.
 */
extern Datum return_lines(FunctionCallInfo fcinfo, LinesDraw draw,
						  int style_arg);

/* One character for a share: nothing, up to a quarter, ..., above three. */
extern const char *shade(const TextStyle *style, float8 share);

/*
 * A bar of the share, rounded to whole columns but never to none, behind so
 * many columns; all of them are TEXT_BAR_WIDTH, or what there is room for.
 */
#define TEXT_BAR_WIDTH 50

extern void put_bar(StringInfo line, const TextStyle *style, float8 share,
					int behind, int most);

/*
 * A label of somebody's in so many columns, cut off where it does not fit: what
 * would break the line, turn the words of it or cannot be sent to the client is a
 * question mark, or left out.
 */
extern void put_label(StringInfo line, const char *label, int room);

/* "   0.5 d": days in a unit that suits them, of eight columns. */
extern void put_days(StringInfo line, float8 days);

#endif							/* RETENTION_LINES_H */
