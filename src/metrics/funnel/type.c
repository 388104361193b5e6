/*
 * funnel/type.c
 *		The type funnel: the table of its text, and what makes a value valid.
 *
 * Text form (here broken into lines), see record.h:
 *
 *	{"within": "P30D", "mode": "strict order", "zone": "Europe/Paris",
 *	 "steps": [{"customers": 6},
 *			   {"customers": 5, "seconds": [60,3600.5], "count": [4,1]},
 *			   {"customers": 1, "seconds": [60], "count": [1]},
 *			   {"step": 3, "from": 1, "seconds": [120], "count": [1]}]}
 *
 * seconds are the times from the step before, or from an earlier step,
 * ascending, and count tells how many customers took each.  A trend has the
 * "grain" after the mode, and the list of steps for one period after another,
 * the first of each having its "period".  The stored form is described in
 * type.h.
 */
#include "metrics/funnel/type.h"

#include "base/record.h"
#include "miscadmin.h"

/* ----------------------------------------------------------------
 *		What makes a funnel valid
 * ----------------------------------------------------------------
 */

/* Steps, then pairs of steps, of the same period; where they end. */
static int64
index_entry(Funnel *funnel, int64 first, FunnelEntry *entry)
{
	int64		at = first;
	int32		nsteps = 0;

	entry->period = funnel->items[first].period;
	entry->steps = &funnel->items[first];
	for (; at < funnel->nitems && funnel->items[at].from == 0 &&
		 funnel->items[at].step == nsteps + 1; at++)
		nsteps++;
	entry->pairs = &funnel->items[first] + nsteps;
	for (; at < funnel->nitems && funnel->items[at].from != 0; at++)
		entry->npairs++;
	return at;
}

/* Work out the entries. */
const char *
funnel_index(Funnel *funnel)
{
	int64		size = 0;

	funnel->nentries = 0;
	funnel->nsteps = 0;
	if (funnel->nitems == 0)
		return "It has no step.";
	for (int64 i = 0; i < funnel->nitems; i++)
		size += funnel->items[i].step == 1 && funnel->items[i].from == 0;
	if (size == 0)
		return "It has no step.";
	funnel->entries = palloc_extended(size * sizeof(FunnelEntry),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 at = 0; at < funnel->nitems;)
	{
		FunnelEntry *entry = &funnel->entries[funnel->nentries];
		int64		end;
		int64		steps;

		CHECK_FOR_INTERRUPTS();
		if (funnel->items[at].step != 1 || funnel->items[at].from != 0)
			return "A period does not begin with step 1.";
		end = index_entry(funnel, at, entry);
		steps = entry->pairs - entry->steps;
		if (funnel->nentries++ == 0)
			funnel->nsteps = (int32) Min(steps, FUNNEL_MAX_STEP + 1);
		if (steps != funnel->nsteps)
			return steps > FUNNEL_MAX_STEP ? "It has too many steps." :
				"Its periods have different numbers of steps.";
		at = end;
	}
	if (funnel->nentries > 1 && funnel->grain == NULL)
		return "It has several periods and no grain.";
	return NULL;
}

/* How many have times; -1: something is wrong with these, *problem. */
static int64
times_problem(const FunnelItem *item, int64 customers, const char **problem)
{
	int64		sum = 0;

	for (int64 i = 0; i < item->ntimes; i++)
	{
		const FunnelTime *time = &item->times[i];

		CHECK_FOR_INTERRUPTS();
		*problem = time->time < 0 ? "a time is negative" :
			i > 0 && time->time <= time[-1].time ? "times are not in ascending order" :
			time->customers < 1 ? "a time is nobody's" :
			time->customers > customers - sum ? "there are more times than customers" : NULL;
		if (*problem != NULL)
			return -1;
		sum += time->customers;
	}
	return sum;
}

/* What is wrong with the times of a step. */
const char *
funnel_times_problem(const FunnelItem *item)
{
	const char *problem = NULL;
	int64		timed = times_problem(item, item->customers, &problem);

	return timed >= 0 && timed < item->customers ?
		"there are fewer times than customers" : problem;
}

/* What is wrong with a step, as part of a sentence. */
static const char *
step_problem(const Funnel *funnel, const FunnelEntry *entry, int32 step)
{
	const FunnelItem *item = &entry->steps[step - 1];
	int32		before;

	if (item->customers < 0)
		return "the number of customers is negative";
	if (step == 1)
		return item->ntimes > 0 ? "there are more times than customers" : NULL;
	before = funnel_required_before(&funnel->rules, step);
	if (item->customers > entry->steps[before - 1].customers)
		return "more customers reached it than the step before";
	return funnel_times_problem(item);
}

/* What is wrong with a pair of steps. */
static const char *
pair_problem(const Funnel *funnel, const FunnelEntry *entry, const FunnelItem *pair)
{
	const FunnelRules *rules = &funnel->rules;
	const char *problem = NULL;
	int64		customers;
	int64		timed;

	if (pair->step > funnel->nsteps || pair->from < 1 ||
		!funnel_is_pair(rules, pair->from, pair->step))
		return "it has no times from that step";
	if (pair > entry->pairs &&
		(pair->step < pair[-1].step ||
		 (pair->step == pair[-1].step && pair->from <= pair[-1].from)))
		return "times from earlier steps are not in ascending order";
	customers = Min(entry->steps[pair->step - 1].customers,
					entry->steps[pair->from - 1].customers);
	timed = times_problem(pair, customers, &problem);
	if (timed == 0)
		return "times from an earlier step are nobody's";
	if (timed > 0 && timed < customers && !funnel_optional(rules, pair->step) &&
		!funnel_optional(rules, pair->from))
		return "there are fewer times than customers";
	return problem;
}

/* What is wrong with an entry, as a sentence. */
static const char *
entry_problem(const Funnel *funnel, const FunnelEntry *entry)
{
	for (int32 step = 1; step <= funnel->nsteps; step++)
	{
		const char *problem = step_problem(funnel, entry, step);

		CHECK_FOR_INTERRUPTS();
		if (problem != NULL)
			return psprintf("Step %d: %s.", step, problem);
	}
	for (int64 i = 0; i < entry->npairs; i++)
	{
		const char *problem = pair_problem(funnel, entry, &entry->pairs[i]);

		if (problem != NULL)
			return psprintf("Step %d from step %d: %s.", entry->pairs[i].step,
							entry->pairs[i].from, problem);
	}
	return NULL;
}

/* What is wrong with the periods of a trend. */
static const char *
periods_problem(const Funnel *funnel)
{
	Calendar   *cal = calendar_create(funnel->grain, NULL, false,
									  CurrentMemoryContext);
	const char *problem = NULL;

	for (int64 i = 0; i < funnel->nentries && problem == NULL; i++)
	{
		const FunnelEntry *entry = &funnel->entries[i];

		if (i > 0 && entry->period <= entry[-1].period)
			problem = "The periods are not in ascending order.";
		else if (!calendar_has_period(cal, entry->period))
			problem = "A period is out of range.";
		else if (entry->steps[0].customers == 0)
			problem = "A period is nobody's.";
	}
	calendar_free(cal);
	return problem;
}

/* What is wrong with a funnel; its entries are worked out. */
const char *
funnel_problem(const void *value)
{
	Funnel	   *funnel = unconstify(void *, value);
	const char *problem = funnel_rules_problem(&funnel->rules, funnel->grain,
											   funnel->zone);

	if (problem == NULL)
		problem = funnel_index(funnel);
	if (problem == NULL && funnel->grain != NULL)
		problem = periods_problem(funnel);
	for (int64 i = 0; i < funnel->nentries && problem == NULL; i++)
		problem = entry_problem(funnel, &funnel->entries[i]);
	return problem;
}

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

static char *
within_text(const void *at)
{
	return funnel_within_text(&((const FunnelRules *) at)->within);
}

static bool
within_read(const char *words, void *at)
{
	return funnel_within_parse(words, &((FunnelRules *) at)->within);
}

static const RecordWords within_words = {
	within_text, within_read, "a window in its shortest form",
	"Windows are in ISO 8601, such as \"P30D\" or \"PT36H\"."
};

static char *
mode_text(const void *at)
{
	return funnel_mode_text(at);
}

static bool
mode_read(const char *words, void *at)
{
	return funnel_mode_parse(words, at);
}

static const RecordWords mode_words = {
	mode_text, mode_read, "a mode as it is written",
	"The words are \"strict order\", \"strictly increasing\", \"deduplicated\", \"one row one step\", \"any order\", \"allow reentry\", \"optional N\", \"exclude N\", \"exclude N after K\", in this order."
};

static const RecordField funnel_fields[] = {
	{"within", RECORD_WORDS, offsetof(Funnel, rules), .words = &within_words},
	{"mode", RECORD_WORDS, offsetof(Funnel, rules), .words = &mode_words},
	{"grain", RECORD_GRAIN, offsetof(Funnel, grain), .maybe = true},
	{"zone", RECORD_ZONE, offsetof(Funnel, zone)},
	{"steps", RECORD_ITEMS}
};

enum
{
	KEY_PERIOD, KEY_STEP, KEY_FROM, KEY_CUSTOMERS, KEY_SECONDS, KEY_COUNT, STEP_KEYS
};

#define BIT(key) (UINT32_C(1) << (key))
#define TIMES (BIT(KEY_SECONDS) | BIT(KEY_COUNT))

static const RecordField step_fields[STEP_KEYS] = {
	{"period", RECORD_PERIOD, offsetof(FunnelItem, period)},
	{"step", RECORD_AGE, offsetof(FunnelItem, step)},
	{"from", RECORD_AGE, offsetof(FunnelItem, from)},
	{"customers", RECORD_COUNT, offsetof(FunnelItem, customers)},
	{"seconds", RECORD_SECONDS, offsetof(FunnelTime, time)},
	{"count", RECORD_COUNT, offsetof(FunnelTime, customers)}
};

/* The fields of a step and of a pair; periods are put by the grain. */
static uint32
item_fields(const void *item)
{
	const FunnelItem *i = item;

	if (i->from != 0)
		return BIT(KEY_STEP) | BIT(KEY_FROM) | TIMES;
	return i->step == 1 ? BIT(KEY_PERIOD) | BIT(KEY_CUSTOMERS) :
		BIT(KEY_CUSTOMERS) | TIMES;
}

/* Which step an item of a text is, and what it must have. */
static uint32
number_item(Funnel *funnel, uint32 seen)
{
	FunnelItem *item = &funnel->items[funnel->nitems - 1];
	bool		first = funnel->nitems == 1;

	if (!first && (seen & BIT(KEY_PERIOD)) == 0)
		item->period = item[-1].period;
	if ((seen & (BIT(KEY_STEP) | BIT(KEY_FROM))) != 0)
		return BIT(KEY_STEP) | BIT(KEY_FROM) | TIMES;
	item->from = 0;
	if (first || (seen & BIT(KEY_PERIOD)) != 0)
	{
		item->step = 1;
		return BIT(KEY_CUSTOMERS) | (seen & BIT(KEY_PERIOD));
	}
	item->step = item[-1].from == 0 ? item[-1].step + 1 : 0;
	return BIT(KEY_CUSTOMERS) | TIMES;
}

/* The first step has no times, the others do. */
static void
step_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];
	Funnel	   *funnel = (Funnel *) p->value;
	const FunnelItem *item = &funnel->items[funnel->nitems - 1];
	uint32		wanted = number_item(funnel, level->seen);

	const char *which = item->step == 0 ? "A step" : psprintf("Step %d", item->step);

	if ((wanted & BIT(KEY_FROM)) == 0 && item->step == 0)
		json_object_problem(&p->object,
							"A step comes after times from earlier steps.",
							"First come all steps, then times from earlier ones; the first step of a period has the \"period\".");
	for (int key = 0; key < STEP_KEYS; key++)
		if ((level->seen & BIT(key)) != (wanted & BIT(key)))
			json_object_problem(&p->object,
								psprintf("%s %s the key \"%s\".", which,
										 wanted & BIT(key) ? "lacks" : "has",
										 step_fields[key].name),
								(wanted & BIT(KEY_FROM)) != 0 ?
								"Times from an earlier step have \"step\", \"from\", \"seconds\" and \"count\"." :
								"The first step has \"customers\", the others \"seconds\" and \"count\", too.");
	if (level->n[KEY_SECONDS] != level->n[KEY_COUNT])
		json_object_problem(&p->object,
							psprintf("%s: \"seconds\" has %lld elements, \"count\" has %lld.",
									 which, (long long) level->n[KEY_SECONDS],
									 (long long) level->n[KEY_COUNT]),
							"\"count\" has one element for each time listed in \"seconds\".");
	if ((wanted & BIT(KEY_FROM)) != 0 && item->from == 0)
		json_object_problem(&p->object, "\"from\" is no step.",
							"Steps are numbered from 1.");
	if (item->step > FUNNEL_MAX_STEP)
		json_object_refuse(&p->object, "It has too many steps.");
}

static const char *
head_problem(const void *value)
{
	const Funnel *funnel = value;

	if (funnel->grain != NULL && !grain_is_calendar(funnel->grain))
		return "The grain is not one of calendar periods.";
	return NULL;
}

/* Periods belong to a grain, and a grain to periods. */
static void
text_read(RecordReader *p)
{
	const Funnel *funnel = (const Funnel *) p->value;
	int64		periods = p->items_with[KEY_PERIOD];
	int64		entries = 0;

	for (int64 i = 0; i < funnel->nitems; i++)
		entries += funnel->items[i].step == 1 && funnel->items[i].from == 0;
	if (funnel->grain == NULL ? periods > 0 : periods < entries)
		json_object_problem(&p->object,
							funnel->grain == NULL ? "It has a period and no grain." :
							"It has a grain and no period.",
							"A trend has a \"grain\" after the mode, and the first step of each of its periods has the \"period\".");
}

static const RecordType funnel_type = {
	.name = "funnel", .what = "funnel",
	.flags_at = offsetof(Funnel, rules.mode), .size = sizeof(Funnel),
	.head = {
		lengthof(funnel_fields), funnel_fields, lengthof(funnel_fields) - 1,
		offsetof(Funnel, nitems), offsetof(Funnel, items), sizeof(FunnelItem)
	},
	.item = {
		STEP_KEYS, step_fields, KEY_SECONDS,
		offsetof(FunnelItem, ntimes), offsetof(FunnelItem, times),
		sizeof(FunnelTime)
	},
	.problem = funnel_problem, .head_problem = head_problem,
	.item_fields = item_fields, .item_read = step_read, .text_read = text_read,
	.encode = funnel_encode_value, .decode = funnel_decode_value,
	.whole_hint = "The text of a funnel is what its output writes; make one with the aggregate funnel(customer, at, step, within)."
};

RECORD_FUNCTIONS(funnel, &funnel_type);
