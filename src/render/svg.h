/*
 * svg.h
 *		Pictures as SVG: the builder that they share.
 *
 * A picture is one self-contained text: no script, nothing fetched, all ASCII
 * but for labels.  Colours are CSS variables, one set for light, dark and
 * paper, so that it can be opened alone, by <img>, or put into a page.  What
 * it says it also says in words: a title, a description, and a <title> for
 * each mark.
 */
#ifndef RETENTION_SVG_H
#define RETENTION_SVG_H

#include "base/compat.h"
#include "base/grain.h"
#include "lib/stringinfo.h"

#define SVG_MAX_BYTES 100000
#define SVG_BRIEFEST 2
#define SVG_MAX_SERIES 10		/* colours there are */
#define SVG_MARGIN 16.0
#define SVG_TOP 62.0			/* below the title and the line under it */

/* A text of the caller's; data is NULL for NULL. */
typedef struct SvgLabel
{
	const char *data;
	int			len;
} SvgLabel;

typedef struct Svg
{
	StringInfoData body;
	StringInfoData title;		/* escaped, as are the next two */
	StringInfoData under;		/* the line below it */
	StringInfoData desc;		/* what it shows, in a sentence or two */
	float8		width;
	float8		height;
	float8		least_width;	/* for the title */
	int			brief;			/* 1: short titles of marks, as it was too long;
								 * SVG_BRIEFEST: as short as can be */
	bool		hatched;		/* svg_hatch() is used */
} Svg;

typedef void (*SvgDraw) (Svg *svg, const void *arg);

/*
 * The picture that draw() makes, as text; draw() is called again, to be brief,
 * when it comes out longer than SVG_MAX_BYTES; error 54000 when it still is.
 */
extern Datum svg_picture(SvgDraw draw, const void *arg);

/* The picture of nothing: the words, which are ASCII, in a frame. */
extern void svg_say(Svg *svg, const char *words);

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

/* Argument n, a text. */
extern SvgLabel svg_label_argument(FunctionCallInfo fcinfo, int n);
extern SvgLabel svg_label_datum(Datum value, bool isnull);
extern SvgLabel svg_label_words(const char *words);

/* Escaped, and no more of it than fits so many pixels at a size of letters. */
extern void svg_put_label(StringInfo out, SvgLabel label, float8 room,
						  float8 size);

/* The same for the middle of other words: apart from their direction. */
extern void svg_put_name(StringInfo out, SvgLabel label, float8 room,
						 float8 size);

/* The width of ASCII text in pixels, rather too much than too little. */
extern float8 svg_text_width(const char *text, float8 size);

/*
 * The last of a picture's title: ": label", or nothing for NULL.  The picture
 * becomes wide enough for it.
 */
extern void svg_title_label(Svg *svg, SvgLabel label);

/* ----------------------------------------------------------------
 *		Numbers, the same everywhere
 * ----------------------------------------------------------------
 */

extern void svg_put_count(StringInfo out, int64 count); /* 1,234,567 */
extern void svg_put_percent(StringInfo out, float8 share);	/* 12.3 % */
extern void svg_put_amount(StringInfo out, int128 scaled);	/* 1,234.5 */
extern void svg_put_fixed(StringInfo out, float8 value, int decimals);
extern void svg_put_short(StringInfo out, float8 value);	/* 12.3k */
extern void svg_put_counted(StringInfo out, int64 count, const char *what);

/* ----------------------------------------------------------------
 *		Shapes
 * ----------------------------------------------------------------
 */

/* Markup, where every % is the next coordinate. */
#define svg_draw(svg, pattern, ...) \
	svg_draw_at((svg), (pattern), \
				(const float8[]) {__VA_ARGS__}, \
				(int) lengthof(((const float8[]) {__VA_ARGS__})))
extern void svg_draw_at(Svg *svg, const char *pattern, const float8 *values,
						int nvalues);
extern void svg_put(Svg *svg, const char *markup);

/* <text>: of class, words that are escaped already, at a place. */
extern void svg_text(Svg *svg, const char *class, float8 x, float8 y,
					 const char *words);

/* "fill", an attribute of what is not over yet. */
extern const char *svg_hatch(Svg *svg);

/* ----------------------------------------------------------------
 *		Scales and axes
 * ----------------------------------------------------------------
 */

typedef struct SvgScale
{
	float8		low;			/* round numbers */
	float8		high;
	float8		step;
	float8		from;			/* pixels */
	float8		to;
} SvgScale;

typedef void (*SvgPutTick) (StringInfo out, float8 value, float8 step);

/*
 * From values to pixels, with about so many ticks at round numbers that are
 * least_step apart or more; low and high are among them when round is set.
 */
extern SvgScale svg_scale(float8 low, float8 high, float8 least_step,
						  int ticks, float8 from, float8 to, bool round);
extern float8 svg_at(const SvgScale *scale, float8 value);

extern void svg_tick_percent(StringInfo out, float8 value, float8 step);
extern void svg_tick_number(StringInfo out, float8 value, float8 step);

/* Lines across from left to right, with their values left of them. */
extern void svg_axis_y(Svg *svg, const SvgScale *scale, float8 left,
					   float8 right, SvgPutTick put);

/* Ticks below y, and what is counted. */
extern void svg_axis_x(Svg *svg, const SvgScale *scale, float8 y,
					   SvgPutTick put, const char *what);

/* ----------------------------------------------------------------
 *		Series
 * ----------------------------------------------------------------
 */

typedef struct SvgSeries
{
	Datum		value;
	bool		isnull;
	SvgLabel	label;
	float8		end_y;			/* where its name goes; NaN: nowhere */
} SvgSeries;

/*
 * Argument 0 alone with its label in label_arg; or, with arrays, its elements
 * with the labels in argument 1, no more than SVG_MAX_SERIES; how many there are
 * in *all.
 */
extern SvgSeries *svg_series(FunctionCallInfo fcinfo, bool arrays,
							 int label_arg, int *n, int *all);

/* Elements of an array argument; NULL: none. */
extern void svg_array_argument(FunctionCallInfo fcinfo, int arg, Datum **values,
							   bool **nulls, int *n);

/* Their names, right of x, near where they end, none over another. */
extern void svg_series_names(Svg *svg, const SvgSeries *series, int n,
							 float8 x, float8 room, float8 top,
							 float8 bottom);

/* "left out: ..." for what is behind the first n. */
extern void svg_series_left_out(Svg *svg, int n, int all, float8 y);

/* A line below the picture, so far from it: how many are left out and why; none: no line. */
extern void svg_left_out(Svg *svg, int64 count, const char *what,
						 const char *why, float8 gap);

/* Behind a title: " by month, cut in Europe/Paris". */
extern void svg_title_grain(Svg *svg, const Grain *grain, const char *zone);

/* "age in months": what an axis counts. */
extern const char *svg_age_words(const Grain *grain);

#endif							/* RETENTION_SVG_H */
