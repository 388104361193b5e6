/*
 * timeline_text.c
 *		The type timeline in SQL: the table of its text, I/O and casts.
 *
 * Text form, see record.h.  Of orders:
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
 * instant was cut in one; dates are in ISO style.  Binary form: the stored
 * bytes, see timeline.h.
 */
#include "history/timeline.h"

#include "base/record.h"
#include "common/int.h"
#include "miscadmin.h"

static bool
has_orders(uint8 flags)
{
	return (flags & TIMELINE_LEVELS) == 0;
}

static bool
has_amount(uint8 flags)
{
	return (flags & (TIMELINE_LEVELS | TIMELINE_MONEY)) == TIMELINE_MONEY;
}

static bool
has_level(uint8 flags)
{
	return (flags & TIMELINE_LEVELS) != 0;
}

static const RecordField fields[] = {
	{"zone", RECORD_ZONE, offsetof(Timeline, zone)},
	{"levels", RECORD_FLAG, .flag = TIMELINE_LEVELS},
	{"money", RECORD_FLAG, .flag = TIMELINE_MONEY},
	{"day", RECORD_DAY, offsetof(TimelineDay, day)},
	{"orders", RECORD_COUNT, offsetof(TimelineDay, orders), .when = has_orders},
	{"amount", RECORD_MONEY, offsetof(TimelineDay, amount), .when = has_amount},
	{"level", RECORD_LEVEL, offsetof(TimelineDay, amount), .when = has_level}
};

/*
 * What the encoder would refuse is a problem here; levels become changes.  A
 * level that does not change is left to the encoder to leave out.
 */
static void
text_read(RecordReader *p)
{
	Timeline   *timeline = (Timeline *) p->value;
	bool		levels = has_level(timeline->flags);
	int64		total_orders = 0;
	int128		total_amount = 0;
	int128		level = 0;
	int32		before = PG_INT32_MIN;

	if (timeline->zone[0] != '\0')
		timeline->flags |= TIMELINE_ZONE;
	for (int64 i = 0; i < timeline->ndays && p->object.problem.detail == NULL; i++)
	{
		TimelineDay *day = &timeline->days[i];
		int128		amount = day->amount;

		CHECK_FOR_INTERRUPTS();
		if (day->day <= before)
			json_object_problem(&p->object, "The days are not in ascending order.",
								"List every day once, the earliest first.");
		before = day->day;
		if (amount > TIMELINE_AMOUNT_MAX || amount < -TIMELINE_AMOUNT_MAX)
			amount = TIMELINE_AMOUNT_MAX + 1;
		day->amount = amount - level;
		if (levels)
			level = amount;
		total_amount += day->amount < 0 ? -day->amount : day->amount;
		if (total_amount > TIMELINE_AMOUNT_MAX)
			json_object_problem(&p->object, "The amounts add up to more than a timeline can hold.",
								"Their absolute values, or those of the changes of the level, add up to 1e22 at most.");
		if (pg_add_s64_overflow(total_orders, day->orders, &total_orders))
			json_object_problem(&p->object, "The orders add up to more than 64 bits hold.",
								"A timeline is the history of one customer.");
		if (!levels && day->orders == 0 && day->amount >= 0)
			json_object_problem(&p->object, psprintf("There is neither an order nor a refund on %s.",
													 date_text(day->day)),
								"Leave out the days on which nothing happened.");
	}
}

static struct varlena *
encode(const void *value)
{
	return timeline_encode(value);
}

static void *
decode(const void *payload, Size len)
{
	return timeline_decode(payload, len);
}

static const RecordType timeline_type = {
	.name = "timeline", .what = "timeline",
	.flags_at = offsetof(Timeline, flags), .size = sizeof(Timeline),
	.head = {
		lengthof(fields), fields, 3,
		offsetof(Timeline, ndays), offsetof(Timeline, days),
		sizeof(TimelineDay)
	},
	.text_read = text_read,
	.encode = encode, .decode = decode, .check = timeline_check,
	.whole_hint = "The text of a timeline is what its output writes; make one with the aggregate timeline(at, amount).",
	.belongs_hint = "\"level\" belongs to timelines with \"levels\" true, \"orders\" to the others, with \"amount\" when \"money\" is true.",
	.length_hint = "All arrays have one element for each day listed in \"day\"."
};

RECORD_FUNCTIONS(timeline, &timeline_type);
