/*
 * customer_movements_io.c
 *		The type customer_movements in SQL: text and binary I/O, casts.
 *
 * Text form: see customer_movements_text.c.  Binary form: the stored bytes, see
 * customer_movements.h; they are sent and compared in base/value.c.
 */
#include "metrics/customer_movements.h"

#include "base/value.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_customer_movements_in);
PG_FUNCTION_INFO_V1(retention_customer_movements_out);
PG_FUNCTION_INFO_V1(retention_customer_movements_recv);
PG_FUNCTION_INFO_V1(retention_customer_movements_to_json);
PG_FUNCTION_INFO_V1(retention_customer_movements_to_jsonb);

Datum
retention_customer_movements_in(PG_FUNCTION_ARGS)
{
	Movements  *m = movements_parse(PG_GETARG_CSTRING(0), EscapeContext(fcinfo));

	if (m == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(movements_encode(m));
}

Datum
retention_customer_movements_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(movements_to_cstring(PG_GETARG_MOVEMENTS(0)));
}

Datum
retention_customer_movements_to_json(PG_FUNCTION_ARGS)
{
	char	   *text = movements_to_cstring(PG_GETARG_MOVEMENTS(0));

	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
retention_customer_movements_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = movements_to_cstring(PG_GETARG_MOVEMENTS(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

Datum
retention_customer_movements_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);

	(void) movements_decode(payload, len);
	PG_RETURN_POINTER(value_from_payload(payload, len));
}
