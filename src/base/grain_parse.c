/*
 * grain_parse.c
 *		Reading the words of a grain.
 *
 *	grain := [count] unit [starting NAME] [since start [by unit]] [at ZONE]
 *		   | units CUT, CUT, ... [starting NAME] [since start [by unit]] [at ZONE]
 *		   | dates DATE, DATE, ... [at ZONE]
 *
 * Words are read in any case, units in singular and plural.  Every failure
 * has the same primary message, its own detail, and a hint.
 */
#include "base/grain_parse.h"

#include <math.h>

#include "base/clip.h"
#include "base/json_parts.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/formatting.h"
#include "utils/varlena.h"

#define GRAMMAR_HINT \
	"Write [count] unit [starting NAME] [since start [by unit]] [at ZONE], " \
	"such as \"month\", \"week starting sunday\" or \"30 days since start\"."
#define CUTS_HINT \
	"Write cut points as in \"days 0,1,3,7 since start\" or \"months 0,1,4,7\"."
#define DATES_HINT \
	"Write the first day of each period and the day after the last one, as in " \
	"\"dates 2024-01-28, 2024-02-25, 2024-03-31\"."
#define UNITS_HINT \
	"Units are day, week, month, quarter and year, and hour with \"since start\"."

static const char *const unit_names[] = {
	"hour", "day", "week", "month", "quarter", "year"
};

static const char *const weekday_names[] = {
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
};

static const char *const month_names[] = {
	"january", "february", "march", "april", "may", "june", "july", "august",
	"september", "october", "november", "december"
};

typedef struct GrainParser
{
	const char *text;			/* all of it, for the message */
	const char *at;				/* what is left to read */
	Node	   *escape;			/* where soft errors go, or NULL */
	bool		quiet;			/* no error at all */

	/* what has been read */
	int32		count;			/* 0: none given */
	GrainUnit	unit;
	GrainUnit	by;
	bool		since_start;
	bool		by_weekday;		/* starting is a weekday, else a month */
	int			starting;		/* from 1, 0: none given */
	bool		dates;			/* the cuts are */
	int			ncuts;
	int32		cuts[GRAIN_MAX_DATES];
	const char *zone;			/* canonical, or NULL */
} GrainParser;

/* ----------------------------------------------------------------
 *		Names
 * ----------------------------------------------------------------
 */

const char *
grain_unit_name(GrainUnit unit)
{
	return unit_names[unit];
}

const char *
grain_start_name(GrainUnit unit, int starting)
{
	return unit == GRAIN_WEEK ? weekday_names[starting - 1] :
		month_names[starting - 1];
}

GrainUnit
grain_default_by(GrainUnit unit)
{
	return unit == GRAIN_HOUR ? GRAIN_DAY : unit;
}

/*
 * A bare number is hours east of UTC, as in SET timezone; pg_tzset alone
 * would read it with the sign of POSIX.
 */
const char *
grain_zone_canonical(const char *name)
{
	char	   *end;
	double		hours = strtod(name, &end);
	pg_tz	   *zone;

	if (end != name && *end == '\0')
		zone = fabs(hours) < 24 ? pg_tzset_offset(-hours * SECS_PER_HOUR) : NULL;
	else
		zone = pg_tzset(name);
	if (zone == NULL || !pg_tz_acceptable(zone))
		return NULL;
	return pg_get_timezone_name(zone);
}

/* ----------------------------------------------------------------
 *		Words
 * ----------------------------------------------------------------
 */

/* Report an error; false for the caller to return. */
static bool
fail(GrainParser *p, const char *detail, const char *hint)
{
	if (p->quiet)
		return false;
	input_error(p->escape,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"grain", clip(p->text)),
				 errdetail_internal("%s", detail),
				 errhint("%s", hint)));
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the word that comes next, 0 when none does. */
static int
word_length(GrainParser *p)
{
	int			len = 0;

	while (is_space(*p->at))
		p->at++;
	while (is_letter(p->at[len]))
		len++;
	return len;
}

/* Skip the given word if it comes next. */
static bool
accept_word(GrainParser *p, const char *word)
{
	int			len = word_length(p);

	if (len != (int) strlen(word) || pg_strncasecmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

/*
 * Skip the next word if it is one of the names; its index, else -1.  letters
 * is how short it may be cut (0: not at all), plural whether -s may follow.
 */
static int
accept_name(GrainParser *p, const char *const *names, int n, int letters,
			bool plural)
{
	int			len = word_length(p);

	for (int i = 0; i < n; i++)
	{
		int			full = strlen(names[i]);
		int			compared = Min(len, full);

		if (len != full && !(letters > 0 && len == letters) &&
			!(plural && len == full + 1 && pg_tolower(p->at[full]) == 's'))
			continue;
		if (pg_strncasecmp(p->at, names[i], compared) != 0)
			continue;
		p->at += len;
		return i;
	}
	return -1;
}

/*
 * Skip a whole number if one comes next; too large a one reads as
 * GRAIN_MAX_COUNT + 1.
 */
static bool
accept_number(GrainParser *p, int32 *value)
{
	while (is_space(*p->at))
		p->at++;
	if (!is_digit(*p->at))
		return false;
	for (*value = 0; is_digit(*p->at); p->at++)
		*value = Min(*value * 10 + (*p->at - '0'), GRAIN_MAX_COUNT + 1);
	return true;
}

/* What comes next, quoted for a message. */
static const char *
next_quoted(GrainParser *p)
{
	int			len = 0;

	while (is_space(*p->at))
		p->at++;
	if (*p->at == '\0')
		return "end of input";
	while (p->at[len] != '\0' && !is_space(p->at[len]))
		len++;
	return psprintf("\"%s\"", clip_bytes(p->at, len));
}

/* ----------------------------------------------------------------
 *		Clauses
 * ----------------------------------------------------------------
 */

/* The next word is not a unit: say so, and which unit it resembles. */
static bool
fail_unit(GrainParser *p)
{
	int			len = word_length(p);

	if (len == 0)
		return fail(p, psprintf("Expected a unit, found %s.", next_quoted(p)),
					GRAMMAR_HINT);
	for (int i = 0; len < 20 && i < (int) lengthof(unit_names); i++)
	{
		char	   *word = asc_tolower(p->at, len);
		int			distance = varstr_levenshtein(word, len, unit_names[i],
												  strlen(unit_names[i]),
												  1, 1, 1, true);

		if (distance <= 2 && distance < len - 1)
			return fail(p, psprintf("\"%s\" is not a unit.", clip_bytes(p->at, len)),
						psprintf("Perhaps you meant \"%s\". " UNITS_HINT,
								 unit_names[i]));
	}
	return fail(p, psprintf("\"%s\" is not a unit.", clip_bytes(p->at, len)),
				UNITS_HINT);
}

static bool
parse_unit(GrainParser *p, GrainUnit *unit)
{
	int			i = accept_name(p, unit_names, lengthof(unit_names), 0, true);

	if (i < 0)
		return fail_unit(p);
	*unit = i;
	return true;
}

/* The rest of a list of cut points whose first is read. */
static bool
parse_cuts(GrainParser *p, int32 cut)
{
	if (p->count > 0)
		return fail(p, "A count and cut points exclude each other.", CUTS_HINT);
	if (cut != 0)
		return fail(p, psprintf("The first cut point must be 0, not %d.", cut),
					CUTS_HINT);
	for (;;)
	{
		if (p->ncuts == GRAIN_MAX_CUTS)
			return fail(p, psprintf("There are more than %d cut points.",
									GRAIN_MAX_CUTS),
						"Use a plain grain, such as \"30 days since start\".");
		if (cut > GRAIN_MAX_COUNT)
			return fail(p, psprintf("A cut point is greater than %d.",
									GRAIN_MAX_COUNT),
						"Use a longer unit.");
		if (p->ncuts > 0 && cut <= p->cuts[p->ncuts - 1])
			return fail(p, psprintf("Cut points must increase, but %d comes after %d.",
									cut, p->cuts[p->ncuts - 1]),
						CUTS_HINT);
		p->cuts[p->ncuts++] = cut;

		while (is_space(*p->at))
			p->at++;
		if (*p->at != ',')
			break;
		p->at++;
		if (!accept_number(p, &cut))
			return fail(p, psprintf("Expected a cut point, found %s.",
									next_quoted(p)), CUTS_HINT);
	}
	if (p->ncuts < 2)
		return fail(p, "There must be at least two cut points.", CUTS_HINT);
	return true;
}

/* Skip a date like 2024-01-28 or 0044-03-15 BC if one comes next. */
static bool
accept_date(GrainParser *p, DateADT *date)
{
	char		text[16];
	int			len = 0;
	const char *at;

	while (is_space(*p->at))
		p->at++;
	at = p->at;
	while (len < 13 && (is_digit(*at) || *at == '-'))
		text[len++] = *at++;
	text[len] = '\0';
	if (is_digit(*at) || *at == '-' || is_letter(*at))
		return false;
	p->at += len;
	if (accept_word(p, "BC"))
		memcpy(text + len, " BC", sizeof(" BC"));
	if (date_from_cstring(text, date))
		return true;
	p->at = at - len;
	return false;
}

/* The dates of a calendar, after "dates". */
static bool
parse_dates(GrainParser *p)
{
	DateADT		date;

	p->dates = true;
	p->unit = p->by = GRAIN_DAY;
	for (;;)
	{
		if (!accept_date(p, &date))
			return fail(p, psprintf("Expected a date, found %s.", next_quoted(p)),
						DATES_HINT);
		if (p->ncuts == GRAIN_MAX_DATES)
			return fail(p, psprintf("There are more than %d dates.",
									GRAIN_MAX_DATES),
						"Use the dates of longer periods, or a part of the calendar.");
		if (p->ncuts > 0 && date <= p->cuts[p->ncuts - 1])
			return fail(p, psprintf("Dates must increase, but %s comes after %s.",
									date_text(date),
									date_text(p->cuts[p->ncuts - 1])),
						DATES_HINT);
		p->cuts[p->ncuts++] = date;
		while (is_space(*p->at))
			p->at++;
		if (*p->at != ',')
			break;
		p->at++;
	}
	if (p->ncuts < 2)
		return fail(p, "There must be at least two dates, between which the period is.",
					DATES_HINT);
	return true;
}

/* [count] unit, or units and cut points, or dates */
static bool
parse_length(GrainParser *p)
{
	int32		number;

	if (accept_word(p, "dates"))
		return parse_dates(p);
	if (word_length(p) == 0 && *p->at == '\0')
		return fail(p, "A grain has at least a unit.", GRAMMAR_HINT);
	if (accept_number(p, &number))
	{
		if (number < 1 || number > GRAIN_MAX_COUNT)
			return fail(p, psprintf("The count must be between 1 and %d.",
									GRAIN_MAX_COUNT), GRAMMAR_HINT);
		p->count = number;
	}
	if (!parse_unit(p, &p->unit))
		return false;
	p->by = grain_default_by(p->unit);
	if (accept_number(p, &number))
		return parse_cuts(p, number);
	return true;
}

/* NAME of starting NAME */
static bool
parse_starting(GrainParser *p)
{
	int			i = accept_name(p, weekday_names, lengthof(weekday_names), 3,
								false);

	p->by_weekday = (i >= 0);
	if (i < 0)
		i = accept_name(p, month_names, lengthof(month_names), 3, false);
	if (i < 0)
		return fail(p, psprintf("Expected a weekday or a month after \"starting\", found %s.",
								next_quoted(p)),
					"Write \"week starting sunday\" or \"year starting april\".");
	p->starting = i + 1;
	return true;
}

/* start [by unit], after since */
static bool
parse_since(GrainParser *p)
{
	if (!accept_word(p, "start"))
		return fail(p, psprintf("Expected \"start\" after \"since\", found %s.",
								next_quoted(p)),
					"Write \"30 days since start\".");
	p->since_start = true;
	if (!accept_word(p, "by"))
		return true;
	if (!parse_unit(p, &p->by))
		return false;
	if (p->by == GRAIN_HOUR)
		return fail(p, "Cohort rows cannot go by the hour.",
					"Write \"by day\" or a longer unit.");
	return true;
}

/* ZONE, to the end of the text */
static bool
parse_zone(GrainParser *p)
{
	int			len;
	char	   *name;

	while (is_space(*p->at))
		p->at++;
	len = strlen(p->at);
	while (len > 0 && is_space(p->at[len - 1]))
		len--;
	if (len == 0)
		return fail(p, "A time zone is missing after \"at\".",
					"Write a name from SELECT name FROM pg_timezone_names, such as \"month at Europe/Paris\".");
	name = pnstrdup(p->at, len);
	p->zone = grain_zone_canonical(name);
	if (p->zone == NULL)
		return fail(p, psprintf("The time zone \"%s\" is unknown.", clip(name)),
					"SELECT name FROM pg_timezone_names lists the zones known here.");
	p->at += strlen(p->at);
	return true;
}

/* Something follows that does not belong there. */
static bool
fail_rest(GrainParser *p)
{
	const char *rest = next_quoted(p);

	if (p->dates && (accept_word(p, "starting") || accept_word(p, "since")))
		return fail(p, psprintf("A calendar of dates takes no %s.", rest),
					"Its periods begin with the dates: write nothing after them but \"at\" and a time zone.");
	if (accept_word(p, "starting"))
		return fail(p, "\"starting\" is out of place.",
					"Write it before \"since start\", as in \"30 days starting sunday since start by week\".");
	if (accept_word(p, "by"))
		return fail(p, "\"by\" belongs to \"since start\".",
					"Write \"30 days since start by month\".");
	return fail(p, psprintf("Unexpected %s.", rest), GRAMMAR_HINT);
}

/* Do the clauses fit each other? */
static bool
check_clauses(GrainParser *p)
{
	if (p->unit == GRAIN_HOUR && !p->since_start)
		return fail(p, "Hours are counted only from a customer's own start.",
					"Write \"24 hours since start\", or \"day\" for calendar days.");
	if (p->starting == 0 ||
		(p->by_weekday ? p->by == GRAIN_WEEK : p->by >= GRAIN_MONTH))
		return true;
	return fail(p, psprintf("A %s does not start on \"%s\".",
							grain_unit_name(p->by),
							p->by_weekday ? weekday_names[p->starting - 1] :
							month_names[p->starting - 1]),
				p->since_start ?
				"\"starting\" tells where the periods of the cohort rows start, as in \"30 days starting sunday since start by week\"." :
				"A week starts on a weekday, months, quarters and years start with a month: \"week starting sunday\", \"year starting april\".");
}

static bool
parse_clauses(GrainParser *p)
{
	if (!parse_length(p))
		return false;
	if (!p->dates && accept_word(p, "starting") && !parse_starting(p))
		return false;
	if (!p->dates && accept_word(p, "since") && !parse_since(p))
		return false;
	if (accept_word(p, "at"))
	{
		if (!parse_zone(p))
			return false;
	}
	else if (word_length(p) > 0 || *p->at != '\0')
		return fail_rest(p);
	return check_clauses(p);
}

static Grain *
parse(const char *text, Node *escape, bool quiet)
{
	GrainParser p;
	Grain	   *grain;
	int			zone_len;

	memset(&p, 0, offsetof(GrainParser, cuts));
	p.text = p.at = text;
	p.escape = escape;
	p.quiet = quiet;
	p.zone = NULL;
	if (!parse_clauses(&p))
		return NULL;

	zone_len = p.zone != NULL ? strlen(p.zone) : 0;
	grain = grain_alloc(p.ncuts, zone_len);
	grain->unit = p.unit;
	grain->by = p.by;
	grain->flags = (p.since_start ? GRAIN_SINCE_START : 0) |
		(p.dates ? GRAIN_DATES : 0);
	grain->starting = p.starting > 1 ? p.starting : 0;
	grain->count = p.count > 0 ? p.count : 1;
	memcpy(grain->cuts, p.cuts, p.ncuts * sizeof(int32));
	if (zone_len > 0)
		memcpy((char *) grain_zone(grain), p.zone, zone_len);
	return grain;
}

/*
 * Reads the words of a grain; errors as input_error() on escape, then NULL.
 * The result is palloc'd.
 */
Grain *
grain_parse(const char *text, Node *escape)
{
	return parse(text, escape, false);
}

/* The same; words that are no grain are NULL and no error. */
Grain *
grain_parse_quietly(const char *text)
{
	return parse(text, NULL, true);
}
