/*
 * funnel/type.c
 *		The type funnel: its bytes, the table of its text, and what makes a
 *		value valid.
 *
 * Text form (here broken into lines), see record.h:
 *
 *	{"within": "P30D", "mode": "strict order", "zone": "Europe/Paris",
 *	 "steps": [{"customers": 6},
 *			   {"customers": 5, "seconds": [60,3600.5], "count": [4,1]}]}
 *
 * seconds are the times from the step before, ascending, and count tells how
 * many customers took each.  The stored form is described in funnel.h.
 */
#include "metrics/funnel/type.h"

#include "base/record.h"
#include "miscadmin.h"

#define FUNNEL_VERSION 1

/* ----------------------------------------------------------------
 *		What makes a funnel valid
 * ----------------------------------------------------------------
 */

/* What is wrong with the times of a step. */
const char *
funnel_times_problem(const FunnelStep *step)
{
	int64		customers = 0;

	for (int64 i = 0; i < step->ntimes; i++)
	{
		const FunnelTime *time = &step->times[i];

		CHECK_FOR_INTERRUPTS();
		if (time->time < 0)
			return "a time is negative";
		if (i > 0 && time->time <= time[-1].time)
			return "times are not in ascending order";
		if (time->customers < 1)
			return "a time is nobody's";
		if (time->customers > step->customers - customers)
			return "there are more times than customers";
		customers += time->customers;
	}
	return customers < step->customers ?
		"there are fewer times than customers" : NULL;
}

/* What is wrong with a funnel. */
static const char *
funnel_problem(const void *value)
{
	const Funnel *funnel = value;
	const char *problem = funnel_rules_problem(&funnel->rules, funnel->zone);

	if (problem != NULL)
		return problem;
	if (funnel->nsteps < 1)
		return "It has no step.";
	if (funnel->nsteps > FUNNEL_MAX_STEP)
		return "It has too many steps.";
	for (int i = 0; i < funnel->nsteps; i++)
	{
		const FunnelStep *step = &funnel->steps[i];

		if (step->customers < 0)
			problem = "the number of customers is negative";
		else if (i == 0)
			continue;
		else if (step->customers > step[-1].customers)
			problem = "more customers reached it than the step before";
		else
			problem = funnel_times_problem(step);
		if (problem != NULL)
			return psprintf("Step %d: %s.", i + 1, problem);
	}
	return NULL;
}

/* ----------------------------------------------------------------
 *		Encoding
 * ----------------------------------------------------------------
 */

static uint64
common_divisor(uint64 a, uint64 b)
{
	while (b != 0)
	{
		uint64		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Greatest common divisor of the times of a step, 0 when all are 0. */
static uint64
times_unit(const FunnelStep *step)
{
	uint64		unit = 0;

	for (int64 i = 0; i < step->ntimes && unit != 1; i++)
		unit = common_divisor((uint64) step->times[i].time, unit);
	return unit;
}

/* Write the times of a step. */
void
funnel_times_put(WireWriter *w, const FunnelStep *step)
{
	uint64		unit = times_unit(step);
	int64		before = 0;

	wire_put(w, unit);
	wire_put(w, step->ntimes);
	for (int64 i = 0; i < step->ntimes; i++)
	{
		const FunnelTime *time = &step->times[i];
		uint64		distance = unit == 0 ? 0 : (time->time - before) / unit;

		CHECK_FOR_INTERRUPTS();
		wire_put(w, distance << 1 | (time->customers > 1));
		if (time->customers > 1)
			wire_put(w, time->customers - 2);
		before = time->time;
	}
}

/* Encode a funnel as a datum. */
struct varlena *
funnel_encode(const Funnel *funnel)
{
	const uint8 head[2] = {FUNNEL_VERSION, funnel->rules.mode};
	const Interval *within = &funnel->rules.within;
	WireWriter	w;

	Assert(funnel_problem(funnel) == NULL);
	wire_writer_init(&w, 256, "funnel",
					 "Cut the times to the minute or the day, or make one funnel for each part of the customers.");
	wire_put_bytes(&w, head, sizeof(head));
	wire_put(&w, within->month);
	wire_put(&w, within->day);
	wire_put(&w, within->time);
	wire_put(&w, strlen(funnel->zone));
	wire_put_bytes(&w, funnel->zone, strlen(funnel->zone));
	wire_put(&w, funnel->nsteps);
	for (int i = 0; i < funnel->nsteps; i++)
	{
		wire_put(&w, funnel->steps[i].customers);
		if (i > 0 && funnel->steps[i].customers > 0)
			funnel_times_put(&w, &funnel->steps[i]);
	}
	return (struct varlena *) wire_finish(&w);
}

/* ----------------------------------------------------------------
 *		Decoding
 * ----------------------------------------------------------------
 */

/* Read the times of a step. */
void
funnel_times_get(WireReader *r, FunnelStep *step)
{
	uint64		unit = wire_get_max(r, PG_INT64_MAX, "A time is too large.");
	int64		time = 0;

	/* each takes a byte at least */
	step->ntimes = wire_get_max(r, r->end - r->at,
								"The number of times exceeds the value.");
	step->times = palloc_extended(Max(step->ntimes, 1) * sizeof(FunnelTime),
								  MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < step->ntimes; i++)
	{
		uint64		distance = wire_get(r);
		int64		more;

		CHECK_FOR_INTERRUPTS();
		if (pg_mul_s64_overflow(distance >> 1, unit, &more) ||
			pg_add_s64_overflow(time, more, &time))
			wire_corrupt(r, "A time is too large.");
		if (unit == 0 && distance >> 1 != 0)
			wire_corrupt(r, "A time is not in its shortest form.");
		step->times[i].time = time;
		step->times[i].customers = distance & 1 ?
			2 + (int64) wire_get_max(r, PG_INT64_MAX - 2, "A count is too large.") : 1;
	}
	if (times_unit(step) != unit)
		wire_corrupt(r, "A time is not in its shortest form.");
}

/* The window, mode and zone. */
static void
get_head(WireReader *r, Funnel *funnel)
{
	const uint8 *head = wire_get_bytes(r, 2);
	Interval   *within = &funnel->rules.within;
	Size		len;

	if (head[0] != FUNNEL_VERSION)
		wire_corrupt(r, "The version is unknown.");
	funnel->rules.mode = head[1];
	within->month = wire_get_max(r, PG_INT32_MAX, "The window is too long.");
	within->day = wire_get_max(r, PG_INT32_MAX, "The window is too long.");
	within->time = wire_get_max(r, PG_INT64_MAX, "The window is too long.");
	len = wire_get_max(r, TZ_STRLEN_MAX, "The name of the zone is too long.");
	funnel->zone = pnstrdup((const char *) wire_get_bytes(r, len), len);
	if (strlen(funnel->zone) != len)
		wire_corrupt(r, "A name has characters it cannot have.");
}

/* Decode and validate a payload. */
static Funnel *
funnel_decode(const void *payload, Size len)
{
	Funnel	   *funnel = palloc0(sizeof(Funnel));
	const char *problem;
	WireReader	r;

	wire_reader_init(&r, payload, len, "funnel");
	get_head(&r, funnel);
	funnel->nsteps = (int32) wire_get_max(&r, FUNNEL_MAX_STEP,
										  "It has too many steps.");
	/* a step takes a byte at least */
	if (funnel->nsteps > r.end - r.at)
		wire_corrupt(&r, "The number of steps exceeds the value.");
	funnel->steps = palloc0(Max(funnel->nsteps, 1) * sizeof(FunnelStep));
	for (int i = 0; i < funnel->nsteps; i++)
	{
		funnel->steps[i].customers = wire_get_max(&r, PG_INT64_MAX,
												  "A count is too large.");
		if (i > 0 && funnel->steps[i].customers > 0)
			funnel_times_get(&r, &funnel->steps[i]);
	}
	wire_get_end(&r);
	problem = funnel_problem(funnel);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	return funnel;
}

/* Decode a detoasted value, with either kind of header. */
Funnel *
funnel_from_varlena(const struct varlena *value)
{
	return funnel_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

static char *
within_text(const void *at)
{
	return funnel_within_text(at);
}

static bool
within_read(const char *words, void *at)
{
	return funnel_within_parse(words, at);
}

static const RecordWords within_words = {
	within_text, within_read, "a window in its shortest form",
	"Windows are in ISO 8601, such as \"P30D\" or \"PT36H\"."
};

static char *
mode_text(const void *at)
{
	return unconstify(char *, funnel_mode_text(*(const uint8 *) at));
}

static bool
mode_read(const char *words, void *at)
{
	return funnel_mode_parse(words, at);
}

static const RecordWords mode_words = {
	mode_text, mode_read, "a mode as it is written",
	"The words are \"strict order\", \"strictly increasing\", \"deduplicated\", \"one row one step\", in this order."
};

static const RecordField funnel_fields[] = {
	{"within", RECORD_WORDS, offsetof(Funnel, rules.within), .words = &within_words},
	{"mode", RECORD_WORDS, offsetof(Funnel, rules.mode), .words = &mode_words},
	{"zone", RECORD_ZONE, offsetof(Funnel, zone)},
	{"steps", RECORD_ITEMS}
};

enum
{
	KEY_CUSTOMERS, KEY_SECONDS, KEY_COUNT, STEP_KEYS
};

static const RecordField step_fields[STEP_KEYS] = {
	{"customers", RECORD_COUNT, offsetof(FunnelStep, customers)},
	{"seconds", RECORD_SECONDS, offsetof(FunnelTime, time)},
	{"count", RECORD_COUNT, offsetof(FunnelTime, customers)}
};

/* The first step has no times, the others do. */
static void
step_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];
	int			number = (int) ((const Funnel *) p->value)->nsteps;
	int			last = number == 1 ? KEY_CUSTOMERS : KEY_COUNT;

	for (int key = 0; key < STEP_KEYS; key++)
		if (((level->seen & (1 << key)) != 0) != (key <= last))
			json_object_problem(&p->object,
								psprintf("Step %d %s the key \"%s\".", number,
										 key <= last ? "lacks" : "has",
										 step_fields[key].name),
								"The first step has \"customers\", the others \"seconds\" and \"count\", too.");
	if (level->n[KEY_SECONDS] != level->n[KEY_COUNT])
		json_object_problem(&p->object,
							psprintf("Step %d: \"seconds\" has %lld elements, \"count\" has %lld.",
									 number, (long long) level->n[KEY_SECONDS],
									 (long long) level->n[KEY_COUNT]),
							"\"count\" has one element for each time listed in \"seconds\".");
	if (number > FUNNEL_MAX_STEP)
		json_object_refuse(&p->object, "It has too many steps.");
}

static struct varlena *
encode(const void *value)
{
	return funnel_encode(value);
}

static void *
decode(const void *payload, Size len)
{
	return funnel_decode(payload, len);
}

static const RecordType funnel_type = {
	.name = "funnel", .what = "funnel",
	.flags_at = offsetof(Funnel, rules.mode), .size = sizeof(Funnel),
	.head = {
		lengthof(funnel_fields), funnel_fields, lengthof(funnel_fields) - 1,
		offsetof(Funnel, nsteps), offsetof(Funnel, steps), sizeof(FunnelStep)
	},
	.item = {
		STEP_KEYS, step_fields, KEY_SECONDS,
		offsetof(FunnelStep, ntimes), offsetof(FunnelStep, times),
		sizeof(FunnelTime)
	},
	.first_item_bare = true,
	.problem = funnel_problem, .item_read = step_read,
	.encode = encode, .decode = decode,
	.whole_hint = "The text of a funnel is what its output writes; make one with the aggregate funnel(customer, at, step, within)."
};

RECORD_FUNCTIONS(funnel, &funnel_type);
