/*
 * incidence/type.c
 *		The type incidence_curve: the table of its text and bytes, and what
 *		makes a value valid.
 *
 * Text form, see record.h:
 *
 *	{"reasons": [{"reason": "", "time": [2.5], "customers": [2]},
 *				 {"reason": "price", "time": [1,4], "customers": [3,1]}]}
 *
 * where the reason "" is that of customers still there, reasons ascend by
 * their bytes and times within each.  The stored form is described in
 * incidence/type.h.
 */
#include "metrics/incidence/type.h"

#include <math.h>

#include "base/record.h"
#include "common/int.h"
#include "metrics/incidence/state.h"
#include "metrics/survival/duration.h"
#include "metrics/survival/state.h"
#include "miscadmin.h"

uint8
incidence_flags(const IncidenceCurve *curve)
{
	for (int64 i = 0; i < curve->nreasons; i++)
		for (int64 j = 0; j < curve->reasons[i].ntimes; j++)
		{
			float8		at = curve->reasons[i].times[j].at;

			CHECK_FOR_INTERRUPTS();
			if (!(at <= DURATION_WHOLE_MAX && at == floor(at)))
				return 0;
		}
	return INCIDENCE_WHOLE;
}

/* What is wrong with the times of a reason; counts the customers. */
static const char *
reason_problem(const IncidenceReason *reason, int64 *customers)
{
	if (reason->ntimes < 1)
		return "A reason has no time.";
	for (int64 i = 0; i < reason->ntimes; i++)
	{
		const IncidenceTime *time = &reason->times[i];

		CHECK_FOR_INTERRUPTS();
		if (!(time->at >= 0) || isinf(time->at))
			return "A time is negative or not finite.";
		if (i > 0 && !(time->at > time[-1].at))
			return "The times of a reason are not in ascending order.";
		if (time->customers <= 0)
			return "A count is not above 0.";
		if (pg_add_s64_overflow(*customers, time->customers, customers))
			return "The counts add up to more than 64 bits hold.";
	}
	return NULL;
}

/* What is wrong with a curve; sets customers. */
static const char *
incidence_problem(const void *value)
{
	IncidenceCurve *curve = unconstify(void *, value);
	const IncidenceReason *reasons = curve->reasons;
	const char *problem = NULL;

	curve->customers = 0;
	if (curve->nreasons < 1)
		return "There is no reason in it.";
	if (curve->nreasons > INCIDENCE_MAX_REASONS + (reasons[0].name[0] == '\0'))
		return "There are too many reasons.";
	for (int64 i = 0; i < curve->nreasons && problem == NULL; i++)
	{
		if (strlen(reasons[i].name) > INCIDENCE_REASON_BYTES)
			return "A reason is too long.";
		if (i > 0 && strcmp(reasons[i].name, reasons[i - 1].name) <= 0)
			return "The reasons are not in ascending order.";
		problem = reason_problem(&reasons[i], &curve->customers);
	}
	if (problem == NULL && curve->flags != incidence_flags(curve))
		problem = "Whole times are not written as such.";
	return problem;
}

static const RecordField curve_fields[] = {
	{"reasons", RECORD_ITEMS}
};

enum
{
	KEY_REASON, KEY_TIME, KEY_CUSTOMERS, REASON_KEYS
};

static const RecordField reason_fields[REASON_KEYS] = {
	{"reason", RECORD_TEXT, offsetof(IncidenceReason, name)},
	{"time", RECORD_TIME, offsetof(IncidenceTime, at), .flag = INCIDENCE_WHOLE},
	{"customers", RECORD_COUNT, offsetof(IncidenceTime, customers)}
};

/* All keys of a reason there, both arrays of one length? */
static void
reason_read(RecordReader *p)
{
	const JsonLevel *level = &p->object.levels[1];

	for (int key = 0; key < REASON_KEYS; key++)
		if ((level->seen & (UINT32_C(1) << key)) == 0)
			json_object_refuse(&p->object, psprintf("A reason lacks the key \"%s\".",
													reason_fields[key].name));
	if (level->n[KEY_TIME] != level->n[KEY_CUSTOMERS])
		json_object_problem(&p->object,
							psprintf("\"time\" has %lld elements, \"customers\" has %lld.",
									 (long long) level->n[KEY_TIME],
									 (long long) level->n[KEY_CUSTOMERS]),
							"Both arrays of a reason have one element for each time.");
}

/* The text does not say whether all times are whole. */
static void
text_read(RecordReader *p)
{
	IncidenceCurve *curve = (IncidenceCurve *) p->value;

	curve->flags = incidence_flags(curve);
}

static const RecordType incidence_type = {
	.name = "incidence_curve", .what = "curve",
	.version = 1, .flags = INCIDENCE_WHOLE,
	.flags_at = offsetof(IncidenceCurve, flags), .size = sizeof(IncidenceCurve),
	.head = {
		lengthof(curve_fields), curve_fields, 0,
		offsetof(IncidenceCurve, nreasons), offsetof(IncidenceCurve, reasons),
		sizeof(IncidenceReason), 4, "It has more reasons than bytes for them."
	},
	.item = {
		REASON_KEYS, reason_fields, KEY_TIME,
		offsetof(IncidenceReason, ntimes), offsetof(IncidenceReason, times),
		sizeof(IncidenceTime), 2, "It has more times than bytes for them."
	},
	.problem = incidence_problem, .item_read = reason_read,
	.text_read = text_read,
	.whole_hint = "The text of an incidence curve is what its output writes; make one with the aggregate incidence_curve(duration, churned, reason).",
	.large_hint = "Round the durations, for example to whole days."
};

RECORD_FUNCTIONS(incidence_curve, &incidence_type);

struct varlena *
incidence_encode(const IncidenceCurve *curve)
{
	return record_encode(&incidence_type, curve);
}

IncidenceCurve *
incidence_from_varlena(const struct varlena *value)
{
	return record_decode(&incidence_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}

SurvivalCurve *
incidence_survival(const IncidenceCurve *curve)
{
	LivesState *lives = lives_create(CurrentMemoryContext, &incidence_words);

	for (int64 i = 0; i < curve->nreasons; i++)
	{
		const IncidenceReason *reason = &curve->reasons[i];

		for (int64 j = 0; j < reason->ntimes; j++)
		{
			CHECK_FOR_INTERRUPTS();
			lives_add(lives, reason->times[j].at, reason->name[0] != '\0',
					  reason->times[j].customers);
		}
	}
	return lives_curve(lives);
}
