/*
 * plain/touch_credit.c
 *		touch_credit(touched_at, converted_at, rule) OVER (PARTITION BY
 *		customer): which share of a conversion a touch has earned.
 *
 * Rows are touches, each beside a conversion of the customer.  Those of one
 * conversion that came before it, and in time, share it; here 40 % goes to the
 * first, 40 % to the last:
 *
 *	touched		converted	'position'	'last, within 14 days'
 *	June 2		June 30		.4			0
 *	June 12		June 30		.1			0
 *	June 20		June 30		.1			0
 *	June 29		June 30		.4			1
 *	July 1		June 30		0			0
 *	July 1		July 9		1			1
 *
 * Credits are cut off after six decimals, and the last touch of a conversion
 * takes what is left of 1, so that none is negative.  The partition is looked at
 * once, at its first row.  Cost: O(n log n) in its rows.
 */
#include "base/compat.h"

#include "base/clip.h"
#include "base/money.h"
#include "base/zone.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include <math.h>

PG_FUNCTION_INFO_V1(retention_touch_credit);

/* A partition is a customer, or a mistake. */
#define TOUCH_MAX_ROWS 1000000

typedef enum TouchRuleKind
{
	RULE_FIRST, RULE_LAST, RULE_LINEAR, RULE_POSITION, RULE_DECAY, RULES
} TouchRuleKind;

static const char *const rule_names[RULES] = {
	"first", "last", "linear", "position", "time decay"
};

typedef struct TouchRule
{
	TouchRuleKind kind;
	int64		half_life;		/* of decay, microseconds */
	bool		has_within;
	Interval	within;
} TouchRule;

/* Of a partition. */
typedef struct TouchState
{
	bool		made;
	int64		rows;
	int32	   *credits;		/* millionths, by row */
	char	   *rule;			/* its words */
} TouchState;

/* A touch that may have earned something. */
typedef struct Touch
{
	int64		converted;		/* microseconds */
	int64		touched;
	int64		row;
} Touch;

/* ----------------------------------------------------------------
 *		Rules
 * ----------------------------------------------------------------
 */

#define HINT_RULE \
	"Pass 'first', 'last', 'linear', 'position' or 'time decay 7 days', each also with a window: 'linear, within 30 days'."

pg_noreturn static void
refuse_rule(const char *words, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid rule of touch_credit: \"%s\"",
					clip_bytes(words, strlen(words))),
			 errdetail_internal("%s", detail),
			 errhint(HINT_RULE)));
}

/* The next word from *at on, which is moved past it; its length, 0 at the end. */
static int
next_word(const char **at)
{
	const char *start;

	while (**at == ' ' || **at == '\t' || **at == '\n')
		(*at)++;
	start = *at;
	if (**at == ',')
	{
		(*at)++;
		return 1;
	}
	while (**at != '\0' && **at != ' ' && **at != '\t' && **at != '\n' && **at != ',')
		(*at)++;
	return (int) (*at - start);
}

/* Is the next word this one?  It is taken when it is. */
static bool
take_word(const char **at, const char *word)
{
	const char *after = *at;
	int			len = next_word(&after);

	if (len == 0 || len != strlen(word) ||
		pg_strncasecmp(after - len, word, len) != 0)
		return false;
	*at = after;
	return true;
}

/* "7 days": a number and a unit, to the next comma. */
static Interval
take_interval(const char *words, const char **at)
{
	static const struct
	{
		const char *name;
		int32		months;
		int32		days;
		int64		time;
	}			units[] = {
		{"second", 0, 0, USECS_PER_SEC}, {"minute", 0, 0, USECS_PER_MINUTE},
		{"hour", 0, 0, USECS_PER_HOUR}, {"day", 0, 1, 0}, {"week", 0, 7, 0},
		{"month", 1, 0, 0}, {"quarter", 3, 0, 0}, {"year", 12, 0, 0}
	};
	Interval	result = {0};
	int64		n = 0;
	int			len = next_word(at);
	const char *word = *at - len;

	for (int i = 0; i < len; i++)
	{
		if (word[i] < '0' || word[i] > '9' || n > 1000000)
			refuse_rule(words, "A length of time is a whole number up to 1000000 and a unit.");
		n = n * 10 + (word[i] - '0');
	}
	if (len == 0 || n > 1000000)
		refuse_rule(words, "A length of time is a whole number up to 1000000 and a unit.");
	len = next_word(at);
	word = *at - len;
	if (len > 1 && pg_tolower((unsigned char) word[len - 1]) == 's')
		len--;
	for (int i = 0; i < lengthof(units); i++)
	{
		if (strlen(units[i].name) != len || pg_strncasecmp(units[i].name, word, len) != 0)
			continue;
		result.month = units[i].months * (int32) n;
		result.day = units[i].days * (int32) n;
		result.time = units[i].time * n;
		return result;
	}
	refuse_rule(words, "Units are seconds, minutes, hours, days, weeks, months, quarters and years.");
}

static TouchRuleKind
take_kind(const char *words, const char **at)
{
	if (take_word(at, "time"))
	{
		if (take_word(at, "decay"))
			return RULE_DECAY;
		refuse_rule(words, "After \"time\" comes \"decay\", and a half-life.");
	}
	for (int i = 0; i < RULE_DECAY; i++)
		if (take_word(at, rule_names[i]))
			return (TouchRuleKind) i;
	refuse_rule(words, "It begins with none of the rules.");
}

static TouchRule
rule_parse(const char *words)
{
	TouchRule	rule = {0};
	const char *at = words;

	rule.kind = take_kind(words, &at);
	if (rule.kind == RULE_DECAY)
	{
		Interval	half_life = take_interval(words, &at);

		if (half_life.month != 0)
			refuse_rule(words, "A half-life is of one length, and months are not: give it in days.");
		rule.half_life = half_life.day * USECS_PER_DAY + half_life.time;
		if (rule.half_life == 0)
			refuse_rule(words, "A half-life is above zero.");
	}
	(void) take_word(&at, ",");
	if (take_word(&at, "within"))
	{
		rule.has_within = true;
		rule.within = take_interval(words, &at);
	}
	if (next_word(&at) != 0)
		refuse_rule(words, rule.has_within ? "Something follows the window." :
					"After the rule comes nothing, or \"within\" and a window.");
	return rule;
}

/* ----------------------------------------------------------------
 *		Credits
 * ----------------------------------------------------------------
 */

#define ST_SORT sort_touches
#define ST_ELEMENT_TYPE Touch
#define ST_COMPARE(a, b) \
	((a)->converted != (b)->converted ? \
	 ((a)->converted < (b)->converted ? -1 : 1) : \
	 (a)->touched != (b)->touched ? ((a)->touched < (b)->touched ? -1 : 1) : \
	 (a)->row < (b)->row ? -1 : (a)->row > (b)->row)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* How much touch i of n weighs, beside the others. */
static float8
touch_weight(const TouchRule *rule, const Touch *touches, int64 n, int64 i)
{
	switch (rule->kind)
	{
		case RULE_FIRST:
			return i == 0;
		case RULE_LAST:
			return i == n - 1;
		case RULE_POSITION:
			if (n > 2 && i > 0 && i < n - 1)
				return 0.2 / (float8) (n - 2);
			return 0.4;
		case RULE_DECAY:
			/* from the last one on, so that some weight is 1 */
			return exp2(-(float8) ((int128) touches[n - 1].touched -
								   touches[i].touched) /
						(float8) rule->half_life);
		default:
			return 1;
	}
}

/* Share a conversion among its n touches, which are in order. */
static void
share_conversion(const TouchRule *rule, const Touch *touches, int64 n,
				 int32 *credits)
{
	float8		whole = 0;
	int32		left = MONEY_ONE;

	for (int64 i = 0; i < n; i++)
		whole += touch_weight(rule, touches, n, i);
	for (int64 i = 0; i < n - 1; i++)
	{
		float8		credit = touch_weight(rule, touches, n, i) / whole * MONEY_ONE;
		/* so much less is arithmetic's */
		int32		cut = (int32) floor(credit + 1e-7);

		CHECK_FOR_INTERRUPTS();
		credits[touches[i].row] = Min(cut, left);
		left -= credits[touches[i].row];
	}
	credits[touches[n - 1].row] = left;
}

/* The time in argument arg of a row of the partition; false when it is NULL. */
static bool
time_at(WindowObject window, int arg, Oid type, int64 row, int64 *time)
{
	bool		isnull;
	bool		isout;
	Datum		value = WinGetFuncArgInPartition(window, arg, (int) row,
												 WINDOW_SEEK_HEAD, false,
												 &isnull, &isout);

	if (isnull)
		return false;
	if (type == DATEOID)
		value = DirectFunctionCall1(date_timestamp, value);
	*time = DatumGetTimestamp(value);
	if (TIMESTAMP_NOT_FINITE(*time))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is infinite", arg == 0 ? "touched_at" : "converted_at"),
				 errhint("Leave such rows out, or make the time NULL.")));
	return true;
}

/* Is a touch no later than its conversion, and no earlier than the window? */
static bool
touch_counts(const TouchRule *rule, Oid type, const Touch *touch)
{
	Datum		end;

	if (touch->touched > touch->converted)
		return false;
	if (!rule->has_within)
		return true;
	/* what is added to a date is added to its midnight, in no zone */
	end = DirectFunctionCall2(type == TIMESTAMPTZOID ? timestamptz_pl_interval :
							  timestamp_pl_interval,
							  TimestampGetDatum(touch->touched),
							  IntervalPGetDatum(&rule->within));
	return DatumGetTimestamp(end) >= touch->converted;
}

/* Look at the whole partition. */
static void
find_credits(WindowObject window, TouchState *state, Oid type,
			 const TouchRule *rule)
{
	Touch	   *touches = palloc(state->rows * sizeof(Touch));
	int64		n = 0;
	int64		end;

	for (int64 row = 0; row < state->rows; row++)
	{
		Touch	   *touch = &touches[n];

		CHECK_FOR_INTERRUPTS();
		touch->row = row;
		if (time_at(window, 0, type, row, &touch->touched) &&
			time_at(window, 1, type, row, &touch->converted) &&
			touch_counts(rule, type, touch))
			n++;
	}
	sort_touches(touches, n);
	for (int64 i = 0; i < n; i = end)
	{
		for (end = i + 1; end < n && touches[end].converted == touches[i].converted;)
			end++;
		share_conversion(rule, touches + i, end - i, state->credits);
	}
	pfree(touches);
}

/* ----------------------------------------------------------------
 *		The window function
 * ----------------------------------------------------------------
 */

/* The rule, which is the same in all rows of a partition. */
static const char *
rule_argument(WindowObject window)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(window, 2, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("rule of touch_credit must not be NULL"),
				 errhint(HINT_RULE)));
	return TextDatumGetCString(value);
}

/* A first row: all credits of the partition are worked out. */
static void
begin_partition(FunctionCallInfo fcinfo, WindowObject window,
				TouchState *state, const char *words)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	TouchRule	rule = rule_parse(words);
	MemoryContext context = GetMemoryChunkContext(state);

	state->rows = WinGetPartitionRowCount(window);
	if (state->rows > TOUCH_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many touches of one customer"),
				 errdetail("The partition has %lld rows, more than %d.",
						   (long long) state->rows, TOUCH_MAX_ROWS),
				 errhint("Call it OVER (PARTITION BY customer).")));
	if (type == TIMESTAMPTZOID && (rule.within.month != 0 || rule.within.day != 0))
		(void) zone_of_session("A window of days, months or years ends by the local clock",
							   "Give it in hours, such as 'within 168 hours', or cut the times yourself: at AT TIME ZONE 'Europe/Paris'.");
	state->credits = MemoryContextAllocZero(context, state->rows * sizeof(int32));
	state->rule = MemoryContextStrdup(context, words);
	find_credits(window, state, type, &rule);
	state->made = true;
}

Datum
retention_touch_credit(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	TouchState *state;
	const char *words;
	int64		at;

	if (!WindowObjectIsValid(window))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("touch_credit called in context that cannot accept a window function")));
	state = WinGetPartitionLocalMemory(window, sizeof(TouchState));
	words = rule_argument(window);
	at = WinGetCurrentPosition(window);
	if (!state->made)
		begin_partition(fcinfo, window, state, words);
	else if (strcmp(words, state->rule) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rule of touch_credit must be the same for all rows of a partition"),
				 errdetail("Both \"%s\" and \"%s\" were given.",
						   clip_bytes(state->rule, strlen(state->rule)),
						   clip_bytes(words, strlen(words))),
				 errhint("Pass a constant, or add it to PARTITION BY.")));
	/* no earlier row is looked at again */
	WinSetMarkPosition(window, at);
	PG_RETURN_NUMERIC(money_to_numeric(state->credits[at]));
}
