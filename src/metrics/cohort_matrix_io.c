/*
 * cohort_matrix_io.c
 *		The type cohort_matrix: text and binary I/O, casts.
 *
 * Text form, one canonical JSON object (here broken into lines):
 *
 *	{"grain": "month", "zone": "Europe/Paris", "last": "2024-06-01",
 *	 "money": true, "started": false, "recurring": false, "levels": false,
 *	 "cohorts": [{"cohort": "2024-01-01", "size": 12, "age": [0,1,2],
 *				  "active": [12,5,4], "last_active": [7,1,4],
 *				  "streak_end": [7,1,4], "orders": [15,6,4],
 *				  "revenue": [1234.5,50,40]}]}
 *
 * "orders" is there unless levels or recurring, "revenue" with money only;
 * last and cohort are the first days of their periods, in ISO style.  Binary
 * form: the stored bytes, see cohort_matrix.h.
 */
#include "metrics/cohort_matrix_text.h"

#include "base/json_parts.h"
#include "base/value.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_cohort_matrix_in);
PG_FUNCTION_INFO_V1(retention_cohort_matrix_out);
PG_FUNCTION_INFO_V1(retention_cohort_matrix_recv);
PG_FUNCTION_INFO_V1(retention_cohort_matrix_to_json);
PG_FUNCTION_INFO_V1(retention_cohort_matrix_to_jsonb);

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

/* Columns of the text form; revenue is not among them, being no int64. */
typedef enum CellColumn
{
	COLUMN_AGE, COLUMN_ACTIVE, COLUMN_LAST_ACTIVE, COLUMN_STREAK_END,
	COLUMN_ORDERS
} CellColumn;

static int64
cell_value(const MatrixCell *cell, CellColumn column)
{
	switch (column)
	{
		case COLUMN_AGE:
			return cell->age;
		case COLUMN_ACTIVE:
			return cell->active;
		case COLUMN_LAST_ACTIVE:
			return cell->last_active;
		case COLUMN_STREAK_END:
			return cell->streak_end;
		case COLUMN_ORDERS:
			return cell->orders;
	}
	return 0;
}

static void
put_column(StringInfo out, const MatrixCohort *cohort, const char *name,
		   CellColumn column)
{
	appendStringInfo(out, ", \"%s\": [", name);
	for (int i = 0; i < cohort->ncells; i++)
		appendStringInfo(out, i > 0 ? "," INT64_FORMAT : INT64_FORMAT,
						 cell_value(&cohort->cells[i], column));
	appendStringInfoChar(out, ']');
}

static void
put_revenue(StringInfo out, const MatrixCohort *cohort)
{
	appendStringInfoString(out, ", \"revenue\": [");
	for (int i = 0; i < cohort->ncells; i++)
	{
		char	   *amount = money_to_cstring(cohort->cells[i].revenue);

		appendStringInfo(out, i > 0 ? ",%s" : "%s", amount);
		pfree(amount);
	}
	appendStringInfoChar(out, ']');
}

/* Canonical text of a matrix, palloc'd. */
char *
matrix_to_cstring(const Matrix *matrix)
{
	Calendar   *cal = matrix_calendar(matrix);
	StringInfoData out;

#define FLAG(flag) ((matrix->flags & (flag)) ? "true" : "false")
	initStringInfo(&out);
	appendStringInfoString(&out, "{\"grain\": ");
	escape_json(&out, grain_to_cstring(matrix->grain));
	appendStringInfoString(&out, ", \"zone\": ");
	escape_json(&out, matrix->zone);
	appendStringInfo(&out, ", \"last\": \"%s\", \"money\": %s, \"started\": %s, \"recurring\": %s, \"levels\": %s, \"cohorts\": [",
					 date_text(calendar_period_start(cal, matrix->last)),
					 FLAG(MATRIX_MONEY), FLAG(MATRIX_STARTED),
					 FLAG(MATRIX_RECURRING), FLAG(MATRIX_LEVELS));
#undef FLAG
	for (int i = 0; i < matrix->ncohorts; i++)
	{
		const MatrixCohort *cohort = &matrix->cohorts[i];
		char	   *date = date_text(calendar_period_start(cal, cohort->period));

		CHECK_FOR_INTERRUPTS();
		appendStringInfo(&out, "%s{\"cohort\": \"%s\", \"size\": " INT64_FORMAT,
						 i > 0 ? ", " : "", date, cohort->size);
		pfree(date);
		put_column(&out, cohort, "age", COLUMN_AGE);
		put_column(&out, cohort, "active", COLUMN_ACTIVE);
		put_column(&out, cohort, "last_active", COLUMN_LAST_ACTIVE);
		put_column(&out, cohort, "streak_end", COLUMN_STREAK_END);
		if (matrix_has_orders(matrix))
			put_column(&out, cohort, "orders", COLUMN_ORDERS);
		if (matrix_has_money(matrix))
			put_revenue(&out, cohort);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

Datum
retention_cohort_matrix_in(PG_FUNCTION_ARGS)
{
	Matrix	   *matrix = matrix_parse(PG_GETARG_CSTRING(0),
									  EscapeContext(fcinfo));

	if (matrix == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	PG_RETURN_POINTER(matrix_encode(matrix));
}

Datum
retention_cohort_matrix_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(matrix_to_cstring(PG_GETARG_MATRIX(0)));
}

Datum
retention_cohort_matrix_to_json(PG_FUNCTION_ARGS)
{
	char	   *text = matrix_to_cstring(PG_GETARG_MATRIX(0));

	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
retention_cohort_matrix_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = matrix_to_cstring(PG_GETARG_MATRIX(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* ----------------------------------------------------------------
 *		Binary
 * ----------------------------------------------------------------
 */

Datum
retention_cohort_matrix_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *payload = pq_getmsgbytes(buf, len);

	(void) matrix_decode(payload, len);
	PG_RETURN_POINTER(value_from_payload(payload, len));
}
