/*
 * svg.c
 *		Pictures as SVG: building, escaping, the sheet of styles.
 *
 * Ids are the same marker, ID_MARK, until the picture is whole, and then a hash
 * of it: two pictures in one page have ids of their own, and the same picture
 * is the same text.
 */
#include "render/svg.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define ID_MARK '\001'
#define TITLE_LABEL 300.0			/* pixels of a label behind the title */

/* Colours by variable: light, which is paper's, and dark. */
#define LIGHT \
	"--rtn-ink:var(--retention-ink,#1c2128);--rtn-paper:var(--retention-paper,#fff);" \
	"--rtn-dim:#57606a;--rtn-line:#d5dae1;--rtn-inv:#fff;--rtn-up:#2378c2;--rtn-down:#b24a1b;--rtn-less:#dd9878;" \
	"--rtn-h0:#eef4fb;--rtn-h1:#d6e7f8;--rtn-h2:#bbd8f6;--rtn-h3:#9bc5f2;--rtn-h4:#76b0eb;" \
	"--rtn-h5:#2378c2;--rtn-h6:#0260a6;--rtn-h7:#004982;--rtn-h8:#01345e;" \
	"--rtn-s0:#2863ab;--rtn-s1:#b66028;--rtn-s2:#008966;--rtn-s3:#913968;--rtn-s4:#7b6900;" \
	"--rtn-s5:#614092;--rtn-s6:#7f2021;--rtn-s7:#00868f;--rtn-s8:#3c6200;--rtn-s9:#707ed4;"
#define DARK \
	"--rtn-ink:var(--retention-ink,#e8eaed);--rtn-paper:var(--retention-paper,#15181d);" \
	"--rtn-dim:#a3acb8;--rtn-line:#39424e;--rtn-inv:#0d1117;--rtn-up:#5497d9;--rtn-down:#e58a5c;--rtn-less:#8c5136;" \
	"--rtn-h0:#1b2530;--rtn-h1:#1e3246;--rtn-h2:#203f5e;--rtn-h3:#224d76;--rtn-h4:#265b8d;" \
	"--rtn-h5:#5497d9;--rtn-h6:#73b0ee;--rtn-h7:#9ac9fa;--rtn-h8:#c3e2ff;" \
	"--rtn-s0:#6fa7ee;--rtn-s1:#ee9a69;--rtn-s2:#5ad0ac;--rtn-s3:#e38ab5;--rtn-s4:#d6c665;" \
	"--rtn-s5:#aa8dde;--rtn-s6:#d2736c;--rtn-s7:#43d5dc;--rtn-s8:#92ba66;--rtn-s9:#a1b1ff;"

/*
 * What knows no variables takes the colour before each.  A page that is light
 * whatever the reader prefers has the class retention-light around its pictures.
 */
#define HEAT(n, c) ".retention-svg .h" n "{fill:" c ";fill:var(--rtn-h" n ")}"
#define SERIES(n, c, dash) \
	".retention-svg .s" n "{color:" c ";color:var(--rtn-s" n ");stroke-dasharray:" dash "}"

static const char style[] =
"<style>"
".retention-svg{" LIGHT
"color:#1c2128;color:var(--rtn-ink);max-width:100%;height:auto;"
"font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}"
"@media screen and (prefers-color-scheme:dark){.retention-svg:not(.retention-light *){" DARK "}}"
".retention-svg text{fill:currentColor;pointer-events:none}"
".retention-svg .p{fill:#fff;fill:var(--rtn-paper)}"
".retention-svg .t{font-size:15px;font-weight:600}"
".retention-svg .d{fill:#57606a;fill:var(--rtn-dim)}"
".retention-svg .b{font-weight:600}"
".retention-svg .e{text-anchor:end}"
".retention-svg .m,.retention-svg .c text{text-anchor:middle}"
".retention-svg .c text{font-size:11px}"
".retention-svg .c .h5+text,.retention-svg .c .h6+text,.retention-svg .c .h7+text,.retention-svg .c .h8+text{fill:#fff;fill:var(--rtn-inv)}"
".retention-svg .g{stroke:#d5dae1;stroke:var(--rtn-line);fill:none}"
".retention-svg .q{fill:#d5dae1;fill:var(--rtn-line)}"
".retention-svg .a{stroke:currentColor;fill:none}"
".retention-svg .l{stroke:currentColor;fill:none;stroke-width:2;stroke-linejoin:round}"
".retention-svg .n{fill:currentColor;fill-opacity:.14}"
".retention-svg .k{fill:currentColor;stroke:#fff;stroke:var(--rtn-paper);stroke-dasharray:none}"
".retention-svg .j{fill:#fff;fill:var(--rtn-paper);stroke:currentColor;stroke-width:2;stroke-dasharray:none}"
".retention-svg .v{fill:#fff;fill-opacity:0}"
".retention-svg .u{fill:#2378c2;fill:var(--rtn-up)}"
".retention-svg .w{fill:#b24a1b;fill:var(--rtn-down)}"
".retention-svg .y{fill:#dd9878;fill:var(--rtn-less)}"
".retention-svg .n.f{fill-opacity:.07}"
"</style>";

/* Only where they are used. */
static const char heat_style[] =
"<style>"
HEAT("0", "#eef4fb") HEAT("1", "#d6e7f8") HEAT("2", "#bbd8f6")
HEAT("3", "#9bc5f2") HEAT("4", "#76b0eb") HEAT("5", "#2378c2")
HEAT("6", "#0260a6") HEAT("7", "#004982") HEAT("8", "#01345e")
"</style>";

static const char series_style[] =
"<style>"
SERIES("0", "#2863ab", "none") SERIES("1", "#b66028", "7 3")
SERIES("2", "#008966", "2 3") SERIES("3", "#913968", "9 3 2 3")
SERIES("4", "#7b6900", "12 4") SERIES("5", "#614092", "4 4")
SERIES("6", "#7f2021", "2 5") SERIES("7", "#00868f", "9 3 2 3 2 3")
SERIES("8", "#3c6200", "14 3 4 3") SERIES("9", "#707ed4", "5 2")
"</style>";

/* ----------------------------------------------------------------
 *		The picture
 * ----------------------------------------------------------------
 */

static void
svg_init(Svg *svg)
{
	initStringInfo(&svg->body);
	initStringInfo(&svg->title);
	initStringInfo(&svg->under);
	initStringInfo(&svg->desc);
	svg->width = 640;
	svg->height = 120;
	svg->least_width = 0;
	svg->hatched = false;
}

static void
svg_reset(Svg *svg)
{
	resetStringInfo(&svg->body);
	resetStringInfo(&svg->title);
	resetStringInfo(&svg->under);
	resetStringInfo(&svg->desc);
	svg->hatched = false;
}

/* Around the body: size, names, styles, the sheet it is on. */
static void
wrap(const Svg *svg, StringInfo out)
{
	Svg			head = {.body = *out};

	svg_draw(&head, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"retention-svg\" role=\"img\""
			 " width=\"%\" height=\"%\" viewBox=\"0 0 % %\"",
			 svg->width, svg->height, svg->width, svg->height);
	svg_put(&head, " aria-labelledby=\"\001t \001d\"><title id=\"\001t\">");
	svg_put(&head, svg->title.data);
	svg_put(&head, "</title><desc id=\"\001d\">");
	svg_put(&head, svg->desc.data);
	svg_put(&head, "</desc>");
	svg_put(&head, style);
	if (strstr(svg->body.data, "class=\"h") != NULL)
		svg_put(&head, heat_style);
	if (strstr(svg->body.data, "class=\"s") != NULL)
		svg_put(&head, series_style);
	if (svg->hatched)
		svg_put(&head, "<defs><pattern id=\"\001h\" patternUnits=\"userSpaceOnUse\" width=\"6\" height=\"6\">"
				"<path class=\"g\" d=\"M-1 1l2-2M0 6l6-6M5 7l2-2\"/></pattern></defs>");
	svg_draw(&head, "<rect class=\"p\" fill=\"#fff\" width=\"%\" height=\"%\"/>",
			 svg->width, svg->height);
	svg_text(&head, "t", SVG_MARGIN, 26, svg->title.data);
	if (svg->under.len > 0)
		svg_text(&head, "d", SVG_MARGIN, 45, svg->under.data);
	appendBinaryStringInfo(&head.body, svg->body.data, svg->body.len);
	svg_put(&head, "</svg>");
	*out = head.body;
}

/* With the ids; FNV-1a of 64 bits, the same on every machine. */
static text *
with_ids(const StringInfoData *picture)
{
	StringInfoData out;
	uint64		hash = UINT64CONST(0xcbf29ce484222325);
	char		id[20];

	for (int i = 0; i < picture->len; i++)
		hash = (hash ^ (unsigned char) picture->data[i]) *
			UINT64CONST(0x100000001b3);
	snprintf(id, sizeof(id), "r%08x%08x", (unsigned int) (hash >> 32),
			 (unsigned int) hash);
	initStringInfo(&out);
	for (const char *from = picture->data, *mark;; from = mark + 1)
	{
		mark = strchr(from, ID_MARK);
		if (mark == NULL)
		{
			appendStringInfoString(&out, from);
			break;
		}
		appendBinaryStringInfo(&out, from, (int) (mark - from));
		appendStringInfoString(&out, id);
	}
	return cstring_to_text_with_len(out.data, out.len);
}

Datum
svg_picture(SvgDraw draw, const void *arg)
{
	Svg			svg;
	text	   *result;

	svg_init(&svg);
	for (int round = 0;; round++)
	{
		StringInfoData out;

		CHECK_FOR_INTERRUPTS();
		svg.brief = round;
		draw(&svg, arg);
		svg.width = Max(svg.width, svg.least_width);
		initStringInfo(&out);
		wrap(&svg, &out);
		result = with_ids(&out);
		if (VARSIZE_ANY_EXHDR(result) <= SVG_MAX_BYTES)
			PG_RETURN_TEXT_P(result);
		if (round == SVG_BRIEFEST)
			break;
		svg_reset(&svg);
	}
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the picture is too long"),
			 errdetail("It would have %d bytes, more than %d.",
					   (int) VARSIZE_ANY_EXHDR(result), SVG_MAX_BYTES),
			 errhint("Draw less: an earlier as_of, a coarser grain, fewer or shorter labels.")));
}

/* The picture of nothing. */
void
svg_say(Svg *svg, const char *words)
{
	svg->width = 640;
	svg->height = 130;
	svg_put(svg, "<rect class=\"g\" x=\"16\" y=\"62\" width=\"608\" height=\"52\"/>");
	svg_text(svg, "m", 320, 93, words);
	appendStringInfo(&svg->desc, "%s.", words);
}

/* ----------------------------------------------------------------
 *		Markup
 * ----------------------------------------------------------------
 */

void
svg_put(Svg *svg, const char *markup)
{
	appendStringInfoString(&svg->body, markup);
}

/* A coordinate: a tenth of a pixel, no zeros behind. */
static void
put_coordinate(StringInfo out, float8 value)
{
	long long	tenths;

	Assert(fabs(value) < 1e6);
	tenths = (long long) rint(value * 10);
	if (tenths < 0)
		appendStringInfoChar(out, '-');
	tenths = tenths < 0 ? -tenths : tenths;
	appendStringInfo(out, "%lld", tenths / 10);
	if (tenths % 10 != 0)
		appendStringInfo(out, ".%lld", tenths % 10);
}

void
svg_draw_at(Svg *svg, const char *pattern, const float8 *values, int nvalues)
{
	int			n = 0;

	for (const char *c = pattern; *c != '\0'; c++)
	{
		if (*c != '%')
		{
			appendStringInfoChar(&svg->body, *c);
			continue;
		}
		Assert(n < nvalues);
		put_coordinate(&svg->body, values[n++]);
	}
	Assert(n == nvalues);
}

void
svg_text(Svg *svg, const char *class, float8 x, float8 y, const char *words)
{
	svg_put(svg, "<text class=\"");
	svg_put(svg, class);
	svg_draw(svg, "\" x=\"%\" y=\"%\">", x, y);
	svg_put(svg, words);
	svg_put(svg, "</text>");
}

const char *
svg_hatch(Svg *svg)
{
	svg->hatched = true;
	return "fill=\"url(#\001h)\"";
}

/* ----------------------------------------------------------------
 *		Labels
 * ----------------------------------------------------------------
 */

SvgLabel
svg_label_words(const char *words)
{
	SvgLabel	label = {words, (int) strlen(words)};

	return label;
}

SvgLabel
svg_label_datum(Datum value, bool isnull)
{
	SvgLabel	label = {NULL, 0};

	if (!isnull)
	{
		text	   *t = DatumGetTextPP(value);

		label.data = VARDATA_ANY(t);
		label.len = VARSIZE_ANY_EXHDR(t);
	}
	return label;
}

SvgLabel
svg_label_argument(FunctionCallInfo fcinfo, int n)
{
	return svg_label_datum(PG_ARGISNULL(n) ? (Datum) 0 : PG_GETARG_DATUM(n),
						   PG_ARGISNULL(n));
}

/* Thousandths of the size that a letter of ASCII takes, or a little less. */
static int
letter_width(unsigned char c)
{
	if (strchr("ijl.,:;|!'` ", c) != NULL)
		return 330;
	if (strchr("mwMW@%&", c) != NULL)
		return 960;
	if ((c >= 'A' && c <= 'Z') || strchr("#+<=>~_", c) != NULL)
		return 760;
	return 620;
}

float8
svg_text_width(const char *text, float8 size)
{
	int64		width = 0;

	for (; *text != '\0'; text++)
		width += letter_width((unsigned char) *text);
	return (float8) width * size / 1000;
}

/* A character of a label, or what stands for it. */
typedef struct Letter
{
	int			bytes;
	int			width;			/* thousandths of the size */
	const char *instead;		/* NULL: itself */
	bool		joins;			/* belongs to the one before */
} Letter;

static const char *
escape_of(unsigned char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		case '\'':
			return "&#39;";
		case '\t':
		case '\n':
		case '\r':
			return " ";
		default:
			return c < ' ' || c == 0x7f ? "&#65533;" : NULL;
	}
}

/*
 * The characters that no XML may hold, U+FFFE and U+FFFF; and those that would
 * turn the words around them, U+202A to U+202E and U+2066 to U+2069.
 */
static const char *
utf8_instead(const unsigned char *c, int bytes)
{
	if (bytes != 3)
		return NULL;
	if (c[0] == 0xEF && c[1] == 0xBF && c[2] >= 0xBE)
		return "&#65533;";
	if (c[0] == 0xE2 && ((c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) ||
						 (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9)))
		return "";
	return NULL;
}

static Letter
letter_at(const char *data, int left)
{
	const unsigned char *c = (const unsigned char *) data;
	int			encoding = GetDatabaseEncoding();
	Letter		letter = {1, 620, NULL, false};
	int			columns;

	if (c[0] < 0x80)
	{
		letter.instead = escape_of(c[0]);
		letter.width = letter_width(c[0]);
		return letter;
	}
	/* without an encoding, what is UTF-8 is taken for it */
	if (encoding == PG_SQL_ASCII)
		encoding = PG_UTF8;
	letter.bytes = pg_encoding_verifymbchar(encoding, data, left);
	if (letter.bytes <= 0)
		return (Letter) {1, 1000, "&#65533;", false};
	columns = pg_encoding_dsplen(encoding, data);
	/* marks take no room, but a thousand of them on a letter are too many */
	letter.width = columns <= 0 ? 150 : columns == 1 ? 900 : 1400;
	letter.joins = columns <= 0;
	if (encoding == PG_UTF8)
	{
		letter.instead = utf8_instead(c, letter.bytes);
		/* a joiner, and what follows it, see below; marks of variation */
		if (c[0] == 0xE2 && c[1] == 0x80 && c[2] == 0x8D)
			letter.joins = true;
		if (c[0] == 0xEF && c[1] == 0xB8 && c[2] <= 0x8F)
			letter.joins = true;
	}
	return letter;
}

static bool
is_joiner(const char *data, int bytes)
{
	return bytes == 3 && memcmp(data, "\xE2\x80\x8D", 3) == 0;
}

/*
 * How many bytes of a label fit.  It is never cut between letters that are one
 * sign: before a mark, or at a joiner.
 */
static int
fitting(SvgLabel label, float8 room)
{
	float8		used = 0;
	int			cut = 0;
	bool		joined = false;

	for (int at = 0; at < label.len;)
	{
		Letter		letter = letter_at(label.data + at, label.len - at);

		if (!letter.joins && !joined)
			cut = at;
		/* what is joined is one sign, as wide as the first of it */
		used += joined ? 0 : letter.width;
		if (used > room)
			return cut;
		joined = is_joiner(label.data + at, letter.bytes);
		at += letter.bytes;
	}
	return label.len;
}

void
svg_put_label(StringInfo out, SvgLabel label, float8 room, float8 size)
{
	float8		thousandths = room * 1000 / size;
	int			end;

	if (label.data == NULL || label.len == 0)
		label = svg_label_words(label.data == NULL ? "(none)" : "(empty)");
	end = fitting(label, thousandths);
	if (end < label.len)
		end = fitting(label, thousandths - 1000);
	for (int at = 0; at < end;)
	{
		Letter		letter = letter_at(label.data + at, end - at);

		if (letter.instead != NULL)
			appendStringInfoString(out, letter.instead);
		else if (GetDatabaseEncoding() == PG_SQL_ASCII && letter.bytes == 1 &&
				 (unsigned char) label.data[at] >= 0x80)
			appendStringInfoString(out, "&#65533;");
		else
			appendBinaryStringInfo(out, label.data + at, letter.bytes);
		at += letter.bytes;
	}
	if (end < label.len)
		appendStringInfoString(out, "&#8230;");
}

void
svg_put_name(StringInfo out, SvgLabel label, float8 room, float8 size)
{
	bool		plain = true;

	for (int i = 0; i < label.len && plain; i++)
		plain = (unsigned char) label.data[i] < 0x80;
	if (!plain)
		appendStringInfoString(out, "&#8296;");
	svg_put_label(out, label, room, size);
	if (!plain)
		appendStringInfoString(out, "&#8297;");
}

/* Its width in pixels. */
static float8
label_width(SvgLabel label, float8 size)
{
	int64		width = 0;

	for (int at = 0; at < label.len && width < 1000 * TITLE_LABEL;)
	{
		Letter		letter = letter_at(label.data + at, label.len - at);

		width += letter.width;
		at += letter.bytes;
	}
	return (float8) width * size / 1000;
}

void
svg_title_label(Svg *svg, SvgLabel label)
{
	float8		room = 0;
	float8		before;

	if (label.data != NULL)
	{
		appendStringInfoString(&svg->title, ": ");
		room = label.len == 0 ? 80 : Min(label_width(label, 15), TITLE_LABEL);
	}
	/* the letters are bold */
	before = svg_text_width(svg->title.data, 15);
	svg->least_width = 2 * SVG_MARGIN + 1.15 * (before + room);
	if (label.data != NULL)
		svg_put_name(&svg->title, label, TITLE_LABEL, 15);
}
