/*
 * record_write.c
 *		Stored values that are described by tables: writing their text.
 */
#include "base/record.h"

#include "base/money.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

static void
put_integer(StringInfo out, int64 value)
{
	enlargeStringInfo(out, MAXINT8LEN + 1);
	out->len += pg_lltoa(value, out->data + out->len);
}

static void
put_amount(StringInfo out, int128 amount)
{
	char		buffer[MONEY_TEXT_SIZE];
	char	   *end = buffer + sizeof(buffer);
	char	   *at = money_put_before(end, amount);

	appendBinaryStringInfo(out, at, end - at);
}

/* A day, or the first one of a period. */
static char *
day_text(int64 day)
{
	return day == DATEVAL_NOBEGIN ? pstrdup(RECORD_NO_FIRST_DAY) : date_text(day);
}

static void
put_day(StringInfo out, int64 day)
{
	char	   *text = day_text(day);

	appendStringInfoChar(out, '"');
	appendStringInfoString(out, text);
	appendStringInfoChar(out, '"');
	pfree(text);
}

/* A field, or an element of a column. */
static void
put_value(StringInfo out, const RecordField *f, const char *at,
		  const Calendar *cal, uint8 flags)
{
	switch (f->kind)
	{
		case RECORD_GRAIN:
			escape_json(out, grain_to_cstring(*(Grain *const *) at));
			break;
		case RECORD_ZONE:
		case RECORD_TEXT:
			escape_json(out, *(const char *const *) at);
			break;
		case RECORD_FLAG:
			appendStringInfoString(out, flags & f->flag ? "true" : "false");
			break;
		case RECORD_WORDS:
			appendStringInfo(out, "\"%s\"", f->words->text(at));
			break;
		case RECORD_PERIOD:
			put_day(out, calendar_period_start(cal, *(const int32 *) at));
			break;
		case RECORD_DAY:
			put_day(out, *(const int32 *) at);
			break;
		case RECORD_AGE:
			put_integer(out, *(const int32 *) at);
			break;
		case RECORD_COUNT:
		case RECORD_CHANGE:
			put_integer(out, *(const int64 *) at);
			break;
		case RECORD_SECONDS:
			/* millionths, as amounts are */
			put_amount(out, *(const int64 *) at);
			break;
		case RECORD_MONEY:
		case RECORD_LEVEL:
			put_amount(out, *(const int128 *) at);
			break;
		case RECORD_TIME:
		case RECORD_NUMBER:
			json_put_double(out, *(const float8 *) at);
			break;
		case RECORD_ITEMS:
			break;
	}
}

static void
put_column(StringInfo out, const RecordObject *o, const RecordField *f,
		   const char *owner, const Calendar *cal, uint8 flags)
{
	int64		n = record_count(o, owner);
	const char *at = record_rows(o, owner) + f->at;
	int128		level = 0;

	appendStringInfoChar(out, '[');
	for (int64 i = 0; i < n; i++, at += o->row_size)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (f->kind == RECORD_LEVEL)
			put_amount(out, level += *(const int128 *) at);
		else
			put_value(out, f, at, cal, flags);
	}
	appendStringInfoChar(out, ']');
}

/* Is a field left out, since the value has no grain? */
static bool
left_out(const RecordField *f, const char *owner, const Calendar *cal)
{
	return (f->maybe && *(Grain *const *) (owner + f->at) == NULL) ||
		(f->kind == RECORD_PERIOD && cal == NULL);
}

/*
 * An object up to its list of items; fields: a bit for each that it has; own
 * says where the rows are when that is not the object itself.
 */
static void
put_object(StringInfo out, const RecordObject *o, const RecordObject *own,
		   const char *owner, uint32 fields, const Calendar *cal, uint8 flags)
{
	const char *before = "{\"";

	for (int i = 0; i < o->nfields; i++)
	{
		const RecordField *f = &o->fields[i];

		if (!record_has(f, flags) || (fields >> i & 1) == 0 ||
			left_out(f, owner, cal))
			continue;
		appendStringInfoString(out, before);
		appendStringInfoString(out, f->name);
		appendStringInfoString(out, "\": ");
		before = ", \"";
		if (i < o->first_column)
			put_value(out, f, owner + f->at, cal, flags);
		else if (f->kind != RECORD_ITEMS)
			put_column(out, own != NULL ? own : o, f, owner, cal, flags);
	}
}

char *
record_to_cstring(const RecordType *type, const void *value)
{
	Calendar   *cal = record_calendar(type, value);
	uint8		flags = record_flags(type, value);
	int64		n = record_count(&type->head, value);
	const char *item = record_rows(&type->head, value);
	StringInfoData out;

	initStringInfo(&out);
	put_object(&out, &type->head, type->own.fields != NULL ? &type->own : NULL,
			   value, ~0, cal, flags);
	if (type->item.fields != NULL)
	{
		appendStringInfoChar(&out, '[');
		for (int64 i = 0; i < n; i++, item += type->head.row_size)
		{
			if (i > 0)
				appendStringInfoString(&out, ", ");
			put_object(&out, &type->item, NULL, item,
					   type->item_fields != NULL ? type->item_fields(item) : ~0,
					   cal, flags);
			appendStringInfoChar(&out, '}');
		}
		appendStringInfoChar(&out, ']');
	}
	appendStringInfoChar(&out, '}');
	if (cal != NULL)
		calendar_free(cal);
	return out.data;
}
