/*
 * funnel_io.c
 *		The type funnel in SQL: text and binary I/O, casts.
 *
 * Text form, one canonical JSON object (here broken into lines):
 *
 *	{"within": "P30D", "mode": "strict order", "zone": "Europe/Paris",
 *	 "steps": [{"customers": 6},
 *			   {"customers": 5, "seconds": [60,3600.5], "count": [4,1]}]}
 *
 * seconds are the times from the step before, ascending, and count tells how
 * many customers took each.  Binary form: the stored bytes, see funnel.h.
 */
#include "metrics/funnel.h"

#include "base/money.h"
#include "base/value.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_funnel_in);
PG_FUNCTION_INFO_V1(retention_funnel_out);
PG_FUNCTION_INFO_V1(retention_funnel_recv);
PG_FUNCTION_INFO_V1(retention_funnel_to_json);
PG_FUNCTION_INFO_V1(retention_funnel_to_jsonb);

static void
put_step(StringInfo out, const FunnelStep *step, bool times)
{
	appendStringInfo(out, "{\"customers\": " INT64_FORMAT, step->customers);
	if (times)
	{
		appendStringInfoString(out, ", \"seconds\": [");
		for (int64 i = 0; i < step->ntimes; i++)
		{
			/* millionths, as amounts are */
			char	   *seconds = money_to_cstring(step->times[i].time);

			CHECK_FOR_INTERRUPTS();
			appendStringInfo(out, i > 0 ? ",%s" : "%s", seconds);
			pfree(seconds);
		}
		appendStringInfoString(out, "], \"count\": [");
		for (int64 i = 0; i < step->ntimes; i++)
			appendStringInfo(out, i > 0 ? "," INT64_FORMAT : INT64_FORMAT,
							 step->times[i].customers);
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, '}');
}

/* Canonical text of a funnel, palloc'd. */
char *
funnel_to_cstring(const Funnel *funnel)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"within\": \"%s\", \"mode\": \"%s\", \"zone\": ",
					 funnel_within_text(&funnel->rules.within),
					 funnel_mode_text(funnel->rules.mode));
	escape_json(&out, funnel->zone);
	appendStringInfoString(&out, ", \"steps\": [");
	for (int i = 0; i < funnel->nsteps; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		put_step(&out, &funnel->steps[i], i > 0);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

Datum
retention_funnel_in(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = funnel_parse(PG_GETARG_CSTRING(0),
									  EscapeContext(fcinfo));

	if (funnel == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(funnel_encode(funnel));
}

Datum
retention_funnel_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(funnel_to_cstring(PG_GETARG_FUNNEL(0)));
}

Datum
retention_funnel_to_json(PG_FUNCTION_ARGS)
{
	char	   *text = funnel_to_cstring(PG_GETARG_FUNNEL(0));

	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
retention_funnel_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = funnel_to_cstring(PG_GETARG_FUNNEL(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

Datum
retention_funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);

	(void) funnel_decode(payload, len);
	PG_RETURN_POINTER(value_from_payload(payload, len));
}
