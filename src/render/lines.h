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

/* Append the line, without blanks at its end, as text; it is empty then. */
extern void add_line(List **lines, StringInfo line);

/*
 * Body of a set-returning function: draw() is called once, unless argument 0
 * is NULL, and returns the lines.
 */
extern Datum return_lines(FunctionCallInfo fcinfo,
						  List *(*draw) (FunctionCallInfo fcinfo));

/* One character for a share: nothing, up to a quarter, ..., above three. */
extern const char *shade(float8 share);

/* A bar of the share, rounded to whole columns but never to none. */
extern void put_bar(StringInfo line, float8 share);

/* "   0.5 d": days in a unit that suits them, of eight columns. */
extern void put_days(StringInfo line, float8 days);

#endif							/* RETENTION_LINES_H */
