/*
 * survival_curve_io.c
 *		The type survival_curve in SQL: text and binary I/O, casts.
 *
 * Text form, one canonical JSON object:
 *
 *	{"time": [1,2.5,4], "events": [3,0,1], "censored": [0,2,1]}
 *
 * where times ascend, and are written with as many digits as they need.
 * Binary form: the stored bytes, see survival_curve.h.
 */
#include "metrics/survival_curve.h"

#include <math.h>

#include "base/json_object.h"
#include "base/value.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_survival_curve_in);
PG_FUNCTION_INFO_V1(retention_survival_curve_out);
PG_FUNCTION_INFO_V1(retention_survival_curve_recv);
PG_FUNCTION_INFO_V1(retention_survival_curve_to_json);
PG_FUNCTION_INFO_V1(retention_survival_curve_to_jsonb);

typedef enum CurveKey
{
	KEY_TIME, KEY_EVENTS, KEY_CENSORED, CURVE_KEYS
} CurveKey;

static const char *const keys[] = {"time", "events", "censored"};

typedef struct CurveParse
{
	JsonObject	object;
	int64		size;			/* times allocated */
	CurveTime  *times;
} CurveParse;

#define HINT_WHOLE \
	"The text of a survival curve is what its output writes; make one with the aggregate survival_curve(duration, churned)."

/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

static void
put_column(StringInfo out, const SurvivalCurve *curve, CurveKey key)
{
	appendStringInfo(out, "%s\"%s\": [", key > 0 ? ", " : "{", keys[key]);
	for (int64 i = 0; i < curve->ntimes; i++)
	{
		const CurveTime *time = &curve->times[i];

		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (key == KEY_TIME)
			json_put_double(out, time->at);
		else
			appendStringInfo(out, INT64_FORMAT, key == KEY_EVENTS ?
							 time->events : time->censored);
	}
	appendStringInfoChar(out, ']');
}

/* Canonical text of a curve, palloc'd. */
char *
curve_to_cstring(const SurvivalCurve *curve)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int key = 0; key < CURVE_KEYS; key++)
		put_column(&out, curve, key);
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* The next element of the array at hand. */
static CurveTime *
next_time(CurveParse *p)
{
	int64		i = p->object.n[p->object.key];

	CHECK_FOR_INTERRUPTS();
	if (i >= p->size)
	{
		int64		size = Max(p->size * 2, 16);

		p->times = p->times == NULL ? palloc(size * sizeof(CurveTime)) :
			repalloc_huge(p->times, size * sizeof(CurveTime));
		memset(p->times + p->size, 0, (size - p->size) * sizeof(CurveTime));
		p->size = size;
	}
	return &p->times[i];
}

static void
take_element(JsonObject *object, const char *token, JsonTokenType type)
{
	CurveTime  *time = next_time((CurveParse *) object);
	int64	   *count = object->key == KEY_EVENTS ? &time->events : &time->censored;

	if (object->key == KEY_TIME)
	{
		time->at = type == JSON_TOKEN_NUMBER ? strtod(token, NULL) + 0.0 : -1;
		if (!(time->at >= 0) || isinf(time->at))
			json_object_problem(object, "\"time\" has an element that is not a time.",
								"Times are numbers, 0 or above.");
	}
	else if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token, count))
		json_object_problem(object, psprintf("\"%s\" has an element that is not a count.",
											 keys[object->key]),
							JSON_HINT_COUNT);
}

static const JsonObjectShape shape = {
	NULL, NULL, NULL, "All arrays have one element for each time."
};

/* Keys may come in any order; errors (22P02) as input_error() on escape. */
SurvivalCurve *
curve_parse(const char *text, Node *escape)
{
	SurvivalCurve *curve = palloc0(sizeof(SurvivalCurve));
	CurveParse	p = {{keys, CURVE_KEYS, 0, HINT_WHOLE, NULL, take_element}};
	const char *detail;

	json_object_read(&p.object, text);
	json_object_check(&p.object, &shape);
	if (p.object.problem.detail == NULL)
	{
		curve->ntimes = p.object.n[KEY_TIME];
		curve->times = p.times;
		detail = curve_problem(curve);
		if (detail != NULL)
			json_object_problem(&p.object, detail, HINT_WHOLE);
	}
	json_report(escape, "survival_curve", &p.object.problem);
	return p.object.problem.detail == NULL ? curve : NULL;
}

/* ----------------------------------------------------------------
 *		SQL
 * ----------------------------------------------------------------
 */

Datum
retention_survival_curve_in(PG_FUNCTION_ARGS)
{
	SurvivalCurve *curve = curve_parse(PG_GETARG_CSTRING(0),
									   EscapeContext(fcinfo));

	if (curve == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(curve_encode(curve));
}

Datum
retention_survival_curve_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(curve_to_cstring(PG_GETARG_CURVE(0)));
}

Datum
retention_survival_curve_to_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(curve_to_cstring(PG_GETARG_CURVE(0))));
}

Datum
retention_survival_curve_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = curve_to_cstring(PG_GETARG_CURVE(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

Datum
retention_survival_curve_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);

	(void) curve_decode(payload, len);
	PG_RETURN_POINTER(value_from_payload(payload, len));
}
