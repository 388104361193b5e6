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

#include "base/json_object.h"
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

typedef struct TimelineParse
{
	JsonObject	object;
	Timeline	timeline;
	JsonColumn	columns[TIMELINE_KEYS]; /* from KEY_DAY on */
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
 *		Reading
 * ----------------------------------------------------------------
 */

static void
problem(TimelineParse *p, const char *detail, const char *hint)
{
	json_object_problem(&p->object, detail, hint);
}

/* An element of the column of the key at hand. */
static void
take_element(JsonObject *object, const char *token, JsonTokenType type)
{
	int			key = object->key;
	JsonColumn *column = &((TimelineParse *) object)->columns[key];

	(key == KEY_DAY ? json_take_day : key == KEY_ORDERS ? json_take_count :
	 json_take_amount) (&object->problem, keys[key], token, type, column);
}

static void
take_scalar(JsonObject *object, char *token, JsonTokenType type)
{
	Timeline   *timeline = &((TimelineParse *) object)->timeline;
	int			key = object->key;

	if (key != KEY_ZONE)
		json_take_flag(&object->problem, keys[key], type,
					   key == KEY_LEVELS ? TIMELINE_LEVELS : TIMELINE_MONEY,
					   &timeline->flags, HINT_WHOLE);
	else if (type == JSON_TOKEN_STRING)
		timeline->zone = json_take_zone(&object->problem, token);
	else
		json_object_problem(object, "The value of \"zone\" is not a string.",
							HINT_WHOLE);
}

/* Does a key belong to this kind of timeline? */
static bool
key_belongs(const JsonObject *object, int key)
{
	uint8		flags = ((const TimelineParse *) object)->timeline.flags;
	bool		levels = (flags & TIMELINE_LEVELS) != 0;

	return key == KEY_ORDERS ? !levels :
		key == KEY_AMOUNT ? !levels && (flags & TIMELINE_MONEY) != 0 :
		key == KEY_LEVEL ? levels : true;
}

static const JsonObjectShape shape = {
	key_belongs, "timeline",
	"\"level\" belongs to timelines with \"levels\" true, \"orders\" to the others, with \"amount\" when \"money\" is true.",
	"All arrays have one element for each day listed in \"day\"."
};

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
	for (int64 i = 0; i < timeline->ndays && p->object.problem.detail == NULL; i++)
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
	TimelineParse p = {
		{keys, TIMELINE_KEYS, KEY_DAY, HINT_WHOLE, take_scalar, take_element}
	};

	p.timeline.zone = "";
	json_object_read(&p.object, text);
	json_object_check(&p.object, &shape);
	if (p.object.problem.detail == NULL)
		take_days(&p);
	json_report(escape, "timeline", &p.object.problem);
	if (p.object.problem.detail != NULL)
		return NULL;
	if (p.timeline.zone[0] != '\0')
		p.timeline.flags |= TIMELINE_ZONE;
	return timeline_encode(&p.timeline);
}
