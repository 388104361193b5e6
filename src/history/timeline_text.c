/*
 * timeline_text.c
 *		The text of a timeline, written and read.
 *
 * One canonical JSON object.  Of orders:
 *
 *	{"zone": "Europe/Paris", "levels": false, "money": true,
 *	 "day": ["2024-01-05","2024-02-11"], "orders": [1,2],
 *	 "amount": [12.5,-3]}
 *
 * where "amount" is there with money only, and of levels:
 *
 *	{"zone": "", "levels": true, "money": true,
 *	 "day": ["2024-01-05","2024-02-11"], "level": [100,0]}
 *
 * where "level" is the one in force from that day on.  zone is empty when no
 * instant was cut in one; dates are in ISO style.
 */
#include "history/timeline.h"

#include "base/json_parts.h"
#include "common/int.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"

typedef enum TimelineKey
{
	KEY_ZONE, KEY_LEVELS, KEY_MONEY, KEY_DAY, KEY_ORDERS, KEY_AMOUNT,
	KEY_LEVEL, TIMELINE_KEYS
} TimelineKey;

static const char *const keys[] = {
	"zone", "levels", "money", "day", "orders", "amount", "level"
};

/* Where in the text we are. */
typedef enum TimelinePlace
{
	AT_TOP, IN_TIMELINE, IN_COLUMN
} TimelinePlace;

typedef struct TimelineParse
{
	Timeline	timeline;
	TimelinePlace place;
	int			key;
	uint32		seen;			/* bit for each TimelineKey */
	JsonColumn	columns[TIMELINE_KEYS]; /* from KEY_DAY on */
	JsonProblem problem;
} TimelineParse;

#define HINT_WHOLE \
	"The text of a timeline is what its output writes; make one with the aggregate timeline(at, amount)."

/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

static void
put_days(StringInfo out, const Timeline *timeline)
{
	appendStringInfoString(out, "\"day\": [");
	for (int64 i = 0; i < timeline->ndays; i++)
	{
		char	   *date = date_text(timeline->days[i].day);

		CHECK_FOR_INTERRUPTS();
		appendStringInfo(out, i > 0 ? ",\"%s\"" : "\"%s\"", date);
		pfree(date);
	}
	appendStringInfoChar(out, ']');
}

static void
put_orders(StringInfo out, const Timeline *timeline)
{
	appendStringInfoString(out, ", \"orders\": [");
	for (int64 i = 0; i < timeline->ndays; i++)
		appendStringInfo(out, i > 0 ? "," INT64_FORMAT : INT64_FORMAT,
						 timeline->days[i].orders);
	appendStringInfoChar(out, ']');
}

/* Amounts, each as it is, or the levels that they are the changes of. */
static void
put_amounts(StringInfo out, const Timeline *timeline, TimelineKey key)
{
	int128		level = 0;

	appendStringInfo(out, ", \"%s\": [", keys[key]);
	for (int64 i = 0; i < timeline->ndays; i++)
	{
		char	   *amount;

		CHECK_FOR_INTERRUPTS();
		level = (key == KEY_LEVEL ? level : 0) + timeline->days[i].amount;
		amount = money_to_cstring(level);
		appendStringInfo(out, i > 0 ? ",%s" : "%s", amount);
		pfree(amount);
	}
	appendStringInfoChar(out, ']');
}

/* Canonical text of a timeline, palloc'd. */
char *
timeline_to_cstring(const Timeline *timeline)
{
	bool		levels = (timeline->flags & TIMELINE_LEVELS) != 0;
	bool		money = (timeline->flags & TIMELINE_MONEY) != 0;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"zone\": ");
	escape_json(&out, timeline->zone);
	appendStringInfo(&out, ", \"levels\": %s, \"money\": %s, ",
					 levels ? "true" : "false", money ? "true" : "false");
	put_days(&out, timeline);
	if (levels)
		put_amounts(&out, timeline, KEY_LEVEL);
	else
	{
		put_orders(&out, timeline);
		if (money)
			put_amounts(&out, timeline, KEY_AMOUNT);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* ----------------------------------------------------------------
 *		Scalars
 * ----------------------------------------------------------------
 */

static void
problem(TimelineParse *p, const char *detail, const char *hint)
{
	json_problem(&p->problem, detail, hint);
}

/* An element of the column of the key at hand. */
static void
take_element(TimelineParse *p, const char *token, JsonTokenType type)
{
	JsonColumn *column = &p->columns[p->key];
	const char *name = keys[p->key];
	int64		count = 0;
	DateADT		date = 0;

	switch (p->key)
	{
		case KEY_DAY:
			if (type != JSON_TOKEN_STRING || !date_from_cstring(token, &date))
				problem(p, "\"day\" has an element that is not a date in quotes.",
						JSON_HINT_DATE);
			json_column_add(column, date);
			break;
		case KEY_ORDERS:
			if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token, &count))
				problem(p, "\"orders\" has an element that is not a count.",
						"Counts are whole numbers from 0 to 9223372036854775807.");
			json_column_add(column, count);
			break;
		default:
			json_take_amount(&p->problem, name, token, type, column);
			break;
	}
}

static void
take_scalar(TimelineParse *p, const char *token, JsonTokenType type)
{
	const char *name = keys[p->key];
	Timeline   *timeline = &p->timeline;

	switch (p->key)
	{
		case KEY_ZONE:
			if (type != JSON_TOKEN_STRING)
				problem(p, "The value of \"zone\" is not a string.", HINT_WHOLE);
			else
				timeline->zone = json_take_zone(&p->problem, token);
			break;
		case KEY_LEVELS:
			json_take_flag(&p->problem, name, type, TIMELINE_LEVELS,
						   &timeline->flags, HINT_WHOLE);
			break;
		case KEY_MONEY:
			json_take_flag(&p->problem, name, type, TIMELINE_MONEY,
						   &timeline->flags, HINT_WHOLE);
			break;
		default:
			problem(p, psprintf("The value of \"%s\" is not an array.", name),
					HINT_WHOLE);
			break;
	}
}

/* ----------------------------------------------------------------
 *		Structure
 * ----------------------------------------------------------------
 */

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	TimelineParse *p = state;

	if (p->problem.detail != NULL)
		JSON_ACTION_RETURN;
	switch (p->place)
	{
		case AT_TOP:
			problem(p, "The text is not a JSON object.", HINT_WHOLE);
			break;
		case IN_TIMELINE:
			take_scalar(p, token, type);
			break;
		case IN_COLUMN:
			take_element(p, token, type);
			pfree(token);
			break;
	}
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_start(void *state)
{
	TimelineParse *p = state;

	if (p->place == AT_TOP)
		p->place = IN_TIMELINE;
	else
		problem(p, "There is an object where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	TimelineParse *p = state;

	if (p->place == IN_TIMELINE && p->key >= KEY_DAY)
		p->place = IN_COLUMN;
	else
		problem(p, "There is an array where none belongs.", HINT_WHOLE);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	TimelineParse *p = state;

	p->place = IN_TIMELINE;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	TimelineParse *p = state;

	if (p->problem.detail == NULL)
		p->key = json_key(&p->problem, name, keys, TIMELINE_KEYS, &p->seen,
						  HINT_WHOLE);
	JSON_ACTION_RETURN;
}

/* ----------------------------------------------------------------
 *		The whole
 * ----------------------------------------------------------------
 */

/* Exactly the keys of its kind, all arrays of one length? */
static void
check_keys(TimelineParse *p)
{
	bool		levels = (p->timeline.flags & TIMELINE_LEVELS) != 0;
	bool		money = (p->timeline.flags & TIMELINE_MONEY) != 0;
	bool		wanted[TIMELINE_KEYS] = {
		[KEY_ZONE] = true, [KEY_LEVELS] = true, [KEY_MONEY] = true,
		[KEY_DAY] = true, [KEY_ORDERS] = !levels,
		[KEY_AMOUNT] = !levels && money, [KEY_LEVEL] = levels
	};

	for (int key = 0; key < TIMELINE_KEYS; key++)
	{
		bool		seen = (p->seen & (1 << key)) != 0;

		if (wanted[key] && !seen)
			problem(p, psprintf("The key \"%s\" is missing.", keys[key]),
					HINT_WHOLE);
		else if (seen && !wanted[key])
			problem(p, psprintf("The key \"%s\" does not belong to this kind of timeline.",
								keys[key]),
					"\"level\" belongs to timelines with \"levels\" true, \"orders\" to the others, with \"amount\" when \"money\" is true.");
		else if (wanted[key] && key >= KEY_DAY &&
				 p->columns[key].n != p->columns[KEY_DAY].n)
			problem(p, psprintf("\"%s\" has %lld elements, \"day\" has %lld.",
								keys[key], (long long) p->columns[key].n,
								(long long) p->columns[KEY_DAY].n),
					"All arrays have one element for each day listed in \"day\".");
	}
}

/*
 * The columns become days; what the encoder would refuse is a problem here.
 * A level that does not change is left to the encoder to leave out.
 */
static void
take_days(TimelineParse *p)
{
	Timeline   *timeline = &p->timeline;
	bool		levels = (timeline->flags & TIMELINE_LEVELS) != 0;
	const int128 *amounts = p->columns[levels ? KEY_LEVEL : KEY_AMOUNT].values;
	int64		total_orders = 0;
	int128		total_amount = 0;
	int128		level = 0;
	int32		before = PG_INT32_MIN;

	timeline->ndays = p->columns[KEY_DAY].n;
	timeline->days = palloc_extended(Max(timeline->ndays, 1) * sizeof(TimelineDay),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < timeline->ndays && p->problem.detail == NULL; i++)
	{
		TimelineDay *day = &timeline->days[i];
		int128		amount = amounts != NULL ? amounts[i] : 0;

		CHECK_FOR_INTERRUPTS();
		day->day = (int32) p->columns[KEY_DAY].values[i];
		if (day->day <= before)
			problem(p, "The days are not in ascending order.",
					"List every day once, the earliest first.");
		before = day->day;
		if (amount > TIMELINE_AMOUNT_MAX || amount < -TIMELINE_AMOUNT_MAX)
			amount = TIMELINE_AMOUNT_MAX + 1;
		day->amount = amount - level;
		if (levels)
			level = amount;
		else
			day->orders = (int64) p->columns[KEY_ORDERS].values[i];
		total_amount += day->amount < 0 ? -day->amount : day->amount;
		if (total_amount > TIMELINE_AMOUNT_MAX)
			problem(p, "The amounts add up to more than a timeline can hold.",
					"Their absolute values, or those of the changes of the level, add up to 1e22 at most.");
		if (pg_add_s64_overflow(total_orders, day->orders, &total_orders))
			problem(p, "The orders add up to more than 64 bits hold.",
					"A timeline is the history of one customer.");
		if (!levels && day->orders == 0 && day->amount >= 0)
			problem(p, psprintf("There is neither an order nor a refund on %s.",
								date_text(day->day)),
					"Leave out the days on which nothing happened.");
	}
}

/*
 * Reads the text of a timeline.  Keys may come in any order, everything else
 * is as the output writes it.  Errors (22P02) as input_error() on escape, and
 * then NULL.
 */
struct varlena *
timeline_parse(const char *text, Node *escape)
{
	TimelineParse p = {0};
	JsonSemAction actions = {0};

	p.timeline.zone = "";
	actions.semstate = &p;
	actions.object_start = on_object_start;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &p.problem, HINT_WHOLE);
	if (p.problem.detail == NULL)
		check_keys(&p);
	if (p.problem.detail == NULL)
		take_days(&p);
	json_report(escape, "timeline", &p.problem);
	if (p.problem.detail != NULL)
		return NULL;
	if (p.timeline.zone[0] != '\0')
		p.timeline.flags |= TIMELINE_ZONE;
	return timeline_encode(&p.timeline);
}
