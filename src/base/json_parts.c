/*
 * json_parts.c
 *		What the JSON texts of values are made of, and how they are read.
 */
#include "base/json_parts.h"

#include "base/clip.h"
#include "base/grain_parse.h"
#include "common/int.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "utils/datetime.h"

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* Note what is wrong, unless something was before. */
void
json_problem(JsonProblem *problem, const char *detail, const char *hint)
{
	if (problem->detail == NULL)
	{
		problem->detail = detail;
		problem->hint = hint;
	}
}

/* Run the parser over the text; what is no JSON at all is the first problem. */
void
json_read(const char *text, const JsonSemAction *actions, JsonProblem *problem,
		  const char *hint)
{
	JsonLexContext *lex = json_lexer(unconstify(char *, text), strlen(text));
	JsonSemAction copy = *actions;
	JsonParseErrorType result = pg_parse_json(lex, &copy);

	if (result != JSON_SUCCESS)
	{
		problem->detail = clip(json_errdetail(result, lex));
		problem->hint = hint;
	}
}

/* The error of an input function. */
void
json_report(Node *escape, const char *type, const JsonProblem *problem)
{
	if (problem->detail == NULL)
		return;
	input_error(escape,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", type),
				 errdetail_internal("%s", problem->detail),
				 errhint("%s", problem->hint)));
}

/* ----------------------------------------------------------------
 *		Scalars
 * ----------------------------------------------------------------
 */

/* A flag under a key. */
void
json_take_flag(JsonProblem *problem, const char *name, JsonTokenType type,
			   uint8 flag, uint8 *flags, const char *hint)
{
	if (type == JSON_TOKEN_TRUE)
		*flags |= flag;
	else if (type != JSON_TOKEN_FALSE)
		json_problem(problem,
					 psprintf("The value of \"%s\" is neither true nor false.", name),
					 hint);
}

/* A zone, or the empty string for none. */
const char *
json_take_zone(JsonProblem *problem, const char *token)
{
	const char *zone = *token == '\0' ? token : grain_zone_canonical(token);

	if (zone != NULL)
		return pstrdup(zone);
	json_problem(problem, psprintf("Time zone \"%s\" is not recognized.", clip(token)),
				 "SELECT name FROM pg_timezone_names lists the zones known here; the zone is empty when no instant was cut in one.");
	return "";
}

/* ----------------------------------------------------------------
 *		Tokens
 * ----------------------------------------------------------------
 */

/* A count: digits only, 64 bits. */
bool
count_from_cstring(const char *text, int64 *count)
{
	const char *at = text;
	int64		value = 0;

	/* eighteen digits cannot overflow */
	for (; *at >= '0' && *at <= '9' && at < text + 18; at++)
		value = value * 10 + (*at - '0');
	for (; *at >= '0' && *at <= '9'; at++)
		if (pg_mul_s64_overflow(value, 10, &value) ||
			pg_add_s64_overflow(value, *at - '0', &value))
			return false;
	*count = value;
	return *at == '\0' && at > text;
}

/* A double in as many digits as it needs. */
void
json_put_double(StringInfo out, float8 value)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value + 0.0, text);
	appendStringInfoString(out, text);
}

/* A day in ISO style. */
char *
date_text(int64 day)
{
	struct pg_tm tm = {0};
	char		text[MAXDATELEN + 1];

	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, text);
	return pstrdup(text);
}

/* So many digits at least and at most, which *text is moved past; or -1. */
static int
take_digits(const char **text, int least, int most)
{
	int			value = 0;
	int			n = 0;

	for (; n < most && **text >= '0' && **text <= '9'; n++)
		value = value * 10 + (*(*text)++ - '0');
	return n < least ? -1 : value;
}

/*
 * A day in ISO style: the year has four digits, or as many as it needs, and
 * before the year 1 " BC" is at the end.
 */
bool
date_from_cstring(const char *text, DateADT *date)
{
	const char *at = text;
	int			year;
	int			month;
	int			day;

	year = take_digits(&at, 4, 7);
	if (year < 1 || (at - text > 4 && *text == '0') || *at++ != '-')
		return false;
	month = take_digits(&at, 2, 2);
	if (month < 1 || month > 12 || *at++ != '-')
		return false;
	day = take_digits(&at, 2, 2);
	if (strcmp(at, " BC") == 0)
		year = 1 - year;
	else if (*at != '\0')
		return false;
	if (day < 1 || day > day_tab[isleap(year)][month - 1] ||
		!IS_VALID_JULIAN(year, month, day))
		return false;
	*date = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return IS_VALID_DATE(*date);
}
