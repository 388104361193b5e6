/*
 * svg_scale.c
 *		Pictures as SVG: numbers, scales, axes, series.
 *
 * Numbers are written digit by digit, with a comma between thousands and a
 * point before decimals, whatever the locale.
 */
#include "render/svg.h"

#include <math.h>

#include "base/money.h"
#include "render/lines.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* ----------------------------------------------------------------
 *		Numbers
 * ----------------------------------------------------------------
 */

/* Digits with a comma between thousands. */
static void
put_grouped(StringInfo out, const char *digits, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && (n - i) % 3 == 0)
			appendStringInfoChar(out, ',');
		appendStringInfoChar(out, digits[i]);
	}
}

/* A decimal number as text, the thousands before the point grouped. */
static void
put_decimal(StringInfo out, const char *text)
{
	int			n;

	if (*text == '-')
		appendStringInfoChar(out, *text++);
	n = (int) strspn(text, "0123456789");
	put_grouped(out, text, n);
	appendStringInfoString(out, text + n);
}

void
svg_put_count(StringInfo out, int64 count)
{
	put_decimal(out, psprintf("%lld", (long long) count));
}

/* "1 customer", "2 customers" */
void
svg_put_counted(StringInfo out, int64 count, const char *what)
{
	svg_put_count(out, count);
	appendStringInfo(out, " %s%s", what, count == 1 ? "" : "s");
}

void
svg_put_amount(StringInfo out, int128 scaled)
{
	put_decimal(out, money_to_cstring(scaled));
}

void
svg_put_fixed(StringInfo out, float8 value, int decimals)
{
	float8		power = pow(10, decimals);
	float8		scaled = rint(fabs(value) * power);
	long long	whole;
	long long	rest;

	if (!(scaled < 1e15))
	{
		appendStringInfo(out, "%.3g", value);
		return;
	}
	whole = (long long) floor(scaled / power);
	rest = (long long) (scaled - (float8) whole * power);
	if (value < 0 && scaled > 0)
		appendStringInfoChar(out, '-');
	put_decimal(out, psprintf("%lld", whole));
	if (decimals > 0)
		appendStringInfo(out, ".%0*lld", decimals, rest);
}

void
svg_put_percent(StringInfo out, float8 share)
{
	svg_put_fixed(out, 100 * share, 1);
	appendStringInfoString(out, " %");
}

/* Three digits and a letter. */
void
svg_put_short(StringInfo out, float8 value)
{
	static const char *const letters[] = {"", "k", "M", "B", "T"};
	float8		rest = fabs(value);
	int			letter = 0;
	int			decimals;

	while (rest >= 999.5 && letter < (int) lengthof(letters) - 1)
	{
		rest /= 1000;
		letter++;
	}
	if (rest >= 999.5)
	{
		appendStringInfo(out, "%.1e", value);
		return;
	}
	decimals = rest >= 99.95 || rest == floor(rest) ? 0 : rest >= 9.995 ? 1 : 2;
	if (decimals == 2 && rint(rest * 100) == 10 * rint(rest * 10))
		decimals = 1;
	if (decimals == 1 && rint(rest * 10) == 10 * rint(rest))
		decimals = 0;
	svg_put_fixed(out, value < 0 ? -rest : rest, decimals);
	appendStringInfoString(out, letters[letter]);
}

/* ----------------------------------------------------------------
 *		Scales
 * ----------------------------------------------------------------
 */

/* A round number, 1, 2 or 5 times a power of ten, not below step. */
static float8
round_up(float8 step)
{
	float8		power = pow(10, floor(log10(step)));

	if (!(power > 0) || isinf(10 * power))
		return step;
	step /= 1 + 1e-9;
	if (power >= step)
		return power;
	return 2 * power >= step ? 2 * power : 5 * power >= step ? 5 * power : 10 * power;
}

SvgScale
svg_scale(float8 low, float8 high, float8 least_step, int ticks, float8 from,
		  float8 to, bool round)
{
	SvgScale	scale = {low, high, 0, from, to};

	if (!(high > low))
		scale.high = high = low + (least_step > 0 ? least_step : 1);
	scale.step = Max(round_up((high - low) / ticks), least_step);
	if (round)
	{
		scale.low = floor(low / scale.step + 1e-9) * scale.step;
		scale.high = ceil(high / scale.step - 1e-9) * scale.step;
	}
	return scale;
}

float8
svg_at(const SvgScale *scale, float8 value)
{
	return scale->from + (value - scale->low) / (scale->high - scale->low) *
		(scale->to - scale->from);
}

void
svg_tick_percent(StringInfo out, float8 value, float8 step)
{
	svg_put_fixed(out, 100 * value, step >= 0.01 ? 0 : step >= 0.001 ? 1 : 2);
	appendStringInfoString(out, " %");
}

void
svg_tick_number(StringInfo out, float8 value, float8 step)
{
	int			decimals = 0;

	if (fabs(value) < step / 2)
		value = 0;
	if (step < 1e-5)
		appendStringInfo(out, "%.3g", value);
	else if (step < 1 && fabs(value) < 1000)
	{
		while (decimals < 6 && pow(10, -decimals) > step * (1 + 1e-9))
			decimals++;
		svg_put_fixed(out, value, decimals);
	}
	else
		svg_put_short(out, value);
}

/* The first tick, as a number of steps; and whether there is an nth. */
static bool
tick_at(const SvgScale *scale, int n, float8 *value)
{
	float8		first = ceil(scale->low / scale->step - 1e-9);

	*value = (first + n) * scale->step;
	return n < 50 && *value <= scale->high + scale->step * 1e-6;
}

void
svg_axis_y(Svg *svg, const SvgScale *scale, float8 left, float8 right,
		   SvgPutTick put)
{
	StringInfoData words;
	float8		value;

	initStringInfo(&words);
	for (int n = 0; tick_at(scale, n, &value); n++)
	{
		float8		y = svg_at(scale, value);

		svg_draw(svg, "<path class=\"g\" d=\"M% %H%\"/>", left, y, right);
		resetStringInfo(&words);
		put(&words, value, scale->step);
		svg_text(svg, "d e", left - 6, y + 4, words.data);
	}
}

void
svg_axis_x(Svg *svg, const SvgScale *scale, float8 y, SvgPutTick put,
		   const char *what)
{
	StringInfoData words;
	float8		value;

	initStringInfo(&words);
	svg_draw(svg, "<path class=\"a\" d=\"M% %H%\"/>", Min(scale->from, scale->to),
			 y, Max(scale->from, scale->to));
	for (int n = 0; tick_at(scale, n, &value); n++)
	{
		float8		x = svg_at(scale, value);

		svg_draw(svg, "<path class=\"a\" d=\"M% %v4\"/>", x, y);
		resetStringInfo(&words);
		put(&words, value, scale->step);
		svg_text(svg, "d m", x, y + 18, words.data);
	}
	svg_text(svg, "d m", (scale->from + scale->to) / 2, y + 36, what);
}

/* ----------------------------------------------------------------
 *		Series
 * ----------------------------------------------------------------
 */

void
svg_array_argument(FunctionCallInfo fcinfo, int arg, Datum **values,
				   bool **nulls, int *n)
{
	ArrayType  *array;
	int16		length;
	bool		by_value;
	char		align;

	*n = 0;
	if (PG_ARGISNULL(arg))
		return;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align,
					  values, nulls, n);
}

static void
refuse_labels(int values, int labels)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("as many labels are needed as there are values"),
			 errdetail("There are %d values and %d labels.", values, labels),
			 errhint("Build both in one query: array_agg(value ORDER BY label), array_agg(label ORDER BY label).")));
}

SvgSeries *
svg_series(FunctionCallInfo fcinfo, bool arrays, int label_arg, int *n,
		   int *all)
{
	SvgSeries  *series;
	Datum	   *values;
	Datum	   *labels;
	bool	   *nulls;
	bool	   *no_label;
	int			nlabels;

	if (!arrays)
	{
		series = palloc0(sizeof(SvgSeries));
		series->isnull = PG_ARGISNULL(0);
		series->value = series->isnull ? (Datum) 0 : PG_GETARG_DATUM(0);
		series->label = svg_label_argument(fcinfo, label_arg);
		*n = *all = 1;
		return series;
	}
	svg_array_argument(fcinfo, 0, &values, &nulls, all);
	svg_array_argument(fcinfo, 1, &labels, &no_label, &nlabels);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(0) && nlabels != *all)
		refuse_labels(*all, nlabels);
	*n = Min(*all, SVG_MAX_SERIES);
	series = palloc0(Max(*n, 1) * sizeof(SvgSeries));
	for (int i = 0; i < *n; i++)
	{
		series[i].value = values[i];
		series[i].isnull = nulls[i];
		series[i].label = PG_ARGISNULL(1) ?
			svg_label_words(psprintf("%d", i + 1)) :
			svg_label_datum(labels[i], no_label[i]);
	}
	return series;
}

/* Room between two names. */
#define NAME_GAP 16.0

void
svg_series_names(Svg *svg, const SvgSeries *series, int n, float8 x,
				 float8 room, float8 top, float8 bottom)
{
	int			order[SVG_MAX_SERIES];
	float8		at[SVG_MAX_SERIES];
	int			m = 0;
	StringInfoData words;

	/* in order of where they end, by insertion */
	for (int i = 0; i < n; i++)
	{
		int			place = m;

		if (isnan(series[i].end_y))
			continue;
		for (; place > 0 && series[order[place - 1]].end_y > series[i].end_y; place--)
			order[place] = order[place - 1];
		order[place] = i;
		m++;
	}
	for (int i = 0; i < m; i++)
		at[i] = Max(series[order[i]].end_y, i > 0 ? at[i - 1] + NAME_GAP : top);
	for (int i = m - 1; i >= 0; i--)
		at[i] = Min(at[i], i < m - 1 ? at[i + 1] - NAME_GAP : bottom);
	initStringInfo(&words);
	for (int i = 0; i < m; i++)
	{
		svg_put(svg, psprintf("<g class=\"s%d\">", order[i]));
		svg_draw(svg, "<path class=\"l\" d=\"M% %L% %H%\"/></g>", x,
				 series[order[i]].end_y, x + 10, at[i], x + 28);
		resetStringInfo(&words);
		svg_put_label(&words, series[order[i]].label, room - 34, 12);
		svg_text(svg, "z", x + 34, at[i] + 4, words.data);
	}
}

void
svg_series_left_out(Svg *svg, int n, int all, float8 y)
{
	if (all > n)
		svg_text(svg, "d", SVG_MARGIN, y,
				 psprintf("left out: the last %d of %d; the first %d are drawn",
						  all - n, all, n));
}

void
svg_left_out(Svg *svg, int64 count, const char *what, const char *why, float8 gap)
{
	StringInfoData words;

	if (count <= 0)
		return;
	initStringInfo(&words);
	appendStringInfoString(&words, "left out: ");
	svg_put_counted(&words, count, what);
	appendStringInfoString(&words, why);
	svg_text(svg, "d", SVG_MARGIN, svg->height + gap, words.data);
	svg->height += 18;
}

void
svg_title_grain(Svg *svg, const Grain *grain, const char *zone)
{
	StringInfoData words;

	/* a zone may be called <+03>-3 */
	initStringInfo(&words);
	put_grain_words(&words, grain, zone);
	appendStringInfoString(&svg->title, " by ");
	svg_put_label(&svg->title, svg_label_words(words.data), 260, 15);
}

/* "age in months": what ages and periods are counted in. */
const char *
svg_age_words(const Grain *grain)
{
	if (grain->count == 1 && !grain_is_cut(grain))
		return psprintf("age in %ss", grain_unit_name((GrainUnit) grain->unit));
	return "age in periods";
}
