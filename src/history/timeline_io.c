/*
 * timeline_io.c
 *		The type timeline in SQL: text and binary I/O, casts.
 *
 * Text form: see timeline_text.c.  Binary form: the stored bytes, see
 * timeline.h; they are sent and compared in base/value.c.
 */
#include "history/timeline.h"

#include "base/value.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_timeline_in);
PG_FUNCTION_INFO_V1(retention_timeline_out);
PG_FUNCTION_INFO_V1(retention_timeline_recv);
PG_FUNCTION_INFO_V1(retention_timeline_to_json);
PG_FUNCTION_INFO_V1(retention_timeline_to_jsonb);

/* Canonical text of a value. */
static char *
value_text(const struct varlena *value)
{
	return timeline_to_cstring(timeline_decode(VARDATA_ANY(value),
											   VARSIZE_ANY_EXHDR(value)));
}

Datum
retention_timeline_in(PG_FUNCTION_ARGS)
{
	struct varlena *value = timeline_parse(PG_GETARG_CSTRING(0),
										   EscapeContext(fcinfo));

	if (value == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(value);
}

Datum
retention_timeline_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(value_text(PG_GETARG_TIMELINE(0)));
}

Datum
retention_timeline_to_json(PG_FUNCTION_ARGS)
{
	char	   *text = value_text(PG_GETARG_TIMELINE(0));

	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
retention_timeline_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = value_text(PG_GETARG_TIMELINE(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

Datum
retention_timeline_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);

	timeline_check(payload, len);
	PG_RETURN_POINTER(value_from_payload(payload, len));
}
