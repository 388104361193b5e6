/*
 * record.c
 *		Stored values that are described by tables: their bytes.
 */
#include "base/record.h"

#include <math.h>

#include "miscadmin.h"

#define NAME_MAX_BYTES 32768	/* of a grain's words or a zone */

/* Whole numbers up to here are exact in a double. */
#define WHOLE_MAX INT64CONST(9007199254740992)

void
record_columns(RecordColumns *columns, const RecordObject *o, uint8 flags)
{
	columns->n = 0;
	for (int i = o->first_column; i < o->nfields; i++)
		if (record_has(&o->fields[i], flags))
			columns->fields[columns->n++] = &o->fields[i];
}

/* No table, and a zone only for hours, which alone depend on it. */
Calendar *
record_calendar(const RecordType *type, const void *value)
{
	const Grain *grain = NULL;
	pg_tz	   *zone = NULL;

	for (int i = 0; i < type->head.first_column; i++)
	{
		const RecordField *f = &type->head.fields[i];
		const char *at = (const char *) value + f->at;

		if (f->kind == RECORD_GRAIN)
			grain = *(Grain *const *) at;
		else if (f->kind == RECORD_ZONE && grain != NULL &&
				 grain->unit == GRAIN_HOUR && **(char *const *) at != '\0')
			zone = pg_tzset(*(char *const *) at);
	}
	return grain == NULL ? NULL :
		calendar_create(grain, zone, false, CurrentMemoryContext);
}

/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

static void
put_name(WireWriter *w, const char *name)
{
	wire_put(w, strlen(name));
	wire_put_bytes(w, name, strlen(name));
}

/* A field, or an element of a column; before is the same of the row before. */
static inline void
put_field(WireWriter *w, const RecordField *f, const char *at,
		  const char *before, uint8 flags)
{
	switch (f->kind)
	{
		case RECORD_COUNT:
			wire_put(w, *(const int64 *) at);
			break;
		case RECORD_CHANGE:
			wire_put_signed(w, *(const int64 *) at);
			break;
		case RECORD_MONEY:
			wire_put_int128(w, *(const int128 *) at);
			break;
		case RECORD_AGE:
			wire_put(w, *(const int32 *) at -
					 (before != NULL ? *(const int32 *) before : 0));
			break;
		case RECORD_PERIOD:
			if (before == NULL)
				wire_put_signed(w, *(const int32 *) at);
			else
				wire_put(w, (int64) *(const int32 *) at - *(const int32 *) before);
			break;
		case RECORD_TIME:
			if (flags & f->flag)
				wire_put(w, (int64) *(const float8 *) at -
						 (before != NULL ? (int64) *(const float8 *) before : 0));
			else
				wire_put_double(w, *(const float8 *) at);
			break;
		case RECORD_GRAIN:
			put_name(w, grain_to_cstring(*(Grain *const *) at));
			break;
		case RECORD_ZONE:
			put_name(w, *(const char *const *) at);
			break;
		default:
			Assert(f->kind == RECORD_FLAG);
			break;
	}
}

static void
put_rows(WireWriter *w, const RecordType *type, const RecordObject *o,
		 const RecordColumns *columns, const char *owner, uint8 flags)
{
	int64		n = record_count(o, owner);
	const char *row = record_rows(o, owner);
	const char *written = row;
	char	   *packed = type->pack != NULL ? palloc(o->row_size) : NULL;

	wire_put(w, n);
	for (int64 i = 0; i < n; i++, row += o->row_size)
	{
		CHECK_FOR_INTERRUPTS();
		written = row;
		if (packed != NULL)
		{
			written = memcpy(packed, row, o->row_size);
			type->pack(packed);
		}
		for (int j = 0; j < columns->n; j++)
		{
			const RecordField *f = columns->fields[j];

			put_field(w, f, written + f->at,
					  i > 0 ? row - o->row_size + f->at : NULL, flags);
		}
	}
}

/* The scalars of a struct; before is the item before. */
static void
put_scalars(WireWriter *w, const RecordObject *o, const char *at,
			const char *before, uint8 flags)
{
	for (int i = 0; i < o->first_column; i++)
	{
		const RecordField *f = &o->fields[i];

		put_field(w, f, at + f->at, before != NULL ? before + f->at : NULL, flags);
	}
}

/* Begin with the version, the flags and the head. */
static void
put_head(WireWriter *w, const RecordType *type, const void *head, Size size)
{
	uint8		flags = record_flags(type, head);
	const uint8 bytes[2] = {type->version, flags};

	wire_writer_init(w, size, type->name, type->large_hint);
	wire_put_bytes(w, bytes, sizeof(bytes));
	put_scalars(w, &type->head, head, NULL, flags);
}

void
record_writer_begin(RecordWriter *w, const RecordType *type, const void *head,
					int64 nitems)
{
	w->type = type;
	w->flags = record_flags(type, head);
	w->before = NULL;
	record_columns(&w->columns, &type->item, w->flags);
	put_head(&w->stream, type, head, 64 + nitems * type->head.row_bytes * 2);
	wire_put(&w->stream, nitems);
}

void
record_writer_item(RecordWriter *w, const void *item)
{
	const RecordType *type = w->type;

	put_scalars(&w->stream, &type->item, item, w->before, w->flags);
	put_rows(&w->stream, type, &type->item, &w->columns, item, w->flags);
	if (w->before == NULL)
		w->before = palloc(type->head.row_size);
	memcpy(w->before, item, type->head.row_size);
}

struct varlena *
record_writer_end(RecordWriter *w)
{
	return (struct varlena *) wire_finish(&w->stream);
}

struct varlena *
record_encode(const RecordType *type, const void *value)
{
	uint8		flags = record_flags(type, value);
	int64		n = record_count(&type->head, value);
	const char *item = record_rows(&type->head, value);
	RecordColumns columns;
	RecordWriter items;
	WireWriter	w;

	if (type->encodable != NULL)
		type->encodable(value);
	Assert(type->problem(value) == NULL);
	if (type->item.fields == NULL)
	{
		put_head(&w, type, value, 64 + n * type->head.row_bytes * 2);
		record_columns(&columns, &type->head, flags);
		put_rows(&w, type, &type->head, &columns, value, flags);
		return (struct varlena *) wire_finish(&w);
	}
	record_writer_begin(&items, type, value, n);
	for (int64 i = 0; i < n; i++, item += type->head.row_size)
		record_writer_item(&items, item);
	return record_writer_end(&items);
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* A name of printable ASCII. */
static char *
get_name(WireReader *r)
{
	Size		len = wire_get_max(r, NAME_MAX_BYTES, "A name is too long.");
	const uint8 *bytes = wire_get_bytes(r, len);

	for (Size i = 0; i < len; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			wire_corrupt(r, "A name has characters it cannot have.");
	return pnstrdup((const char *) bytes, len);
}

static Grain *
get_grain(WireReader *r)
{
	char	   *words = get_name(r);
	Grain	   *grain = grain_parse_quietly(words);

	if (grain == NULL)
		wire_corrupt(r, "The grain is none.");
	if (strcmp(grain_to_cstring(grain), words) != 0)
		wire_corrupt(r, "The grain is not in its canonical form.");
	return grain;
}

static int32
get_period(WireReader *r, const char *before)
{
	int64		period = before == NULL ? wire_get_signed(r) :
		*(const int32 *) before +
		(int64) wire_get_max(r, PG_UINT32_MAX, "A period is out of range.");

	if (period < PG_INT32_MIN || period > PG_INT32_MAX)
		wire_corrupt(r, "A period is out of range.");
	return (int32) period;
}

static float8
get_whole(WireReader *r, const char *before)
{
	int64		whole = before != NULL ? (int64) *(const float8 *) before : 0;

	return (float8) (whole + (int64) wire_get_max(r, WHOLE_MAX - whole,
												  "A time is too large."));
}

/* A field, or an element of a column. */
static inline void
get_field(WireReader *r, const RecordField *f, char *at, const char *before,
		  uint8 flags)
{
	int64		age;

	switch (f->kind)
	{
		case RECORD_COUNT:
			*(int64 *) at = (int64) wire_get_max(r, PG_INT64_MAX,
												 "A count is too large.");
			break;
		case RECORD_CHANGE:
			*(int64 *) at = wire_get_signed(r);
			break;
		case RECORD_MONEY:
			*(int128 *) at = wire_get_int128(r);
			break;
		case RECORD_AGE:
			age = (before != NULL ? *(const int32 *) before : 0) +
				(int64) wire_get_max(r, PG_INT32_MAX, "An age is too large.");
			if (age > PG_INT32_MAX)
				wire_corrupt(r, "An age is too large.");
			*(int32 *) at = (int32) age;
			break;
		case RECORD_PERIOD:
			*(int32 *) at = get_period(r, before);
			break;
		case RECORD_TIME:
			*(float8 *) at = flags & f->flag ? get_whole(r, before) :
				wire_get_double(r);
			break;
		case RECORD_GRAIN:
			*(Grain **) at = get_grain(r);
			break;
		case RECORD_ZONE:
			*(const char **) at = get_name(r);
			break;
		default:
			Assert(f->kind == RECORD_FLAG);
			break;
	}
}

/* Room for as many rows or items as are written next, all zeros. */
static int64
get_count(WireReader *r, const RecordObject *o, char *owner)
{
	int64		n = (int64) wire_get_max(r, (r->end - r->at) / o->row_bytes,
										 o->excess);

	*(int64 *) (owner + o->n_at) = n;
	*(char **) (owner + o->rows_at) =
		palloc_extended(Max(n, 1) * o->row_size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	return n;
}

static void
get_rows(WireReader *r, const RecordType *type, const RecordObject *o,
		 const RecordColumns *columns, char *owner, uint8 flags)
{
	int64		n = get_count(r, o, owner);
	char	   *row = record_rows(o, owner);

	for (int64 i = 0; i < n; i++, row += o->row_size)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < columns->n; j++)
		{
			const RecordField *f = columns->fields[j];

			get_field(r, f, row + f->at,
					  i > 0 ? row - o->row_size + f->at : NULL, flags);
		}
		if (type->unpack != NULL)
			type->unpack(row, r);
	}
}

static void
get_scalars(WireReader *r, const RecordObject *o, char *at, const char *before,
			uint8 flags)
{
	for (int i = 0; i < o->first_column; i++)
	{
		const RecordField *f = &o->fields[i];

		get_field(r, f, at + f->at, before != NULL ? before + f->at : NULL, flags);
	}
}

/* The version, the flags and the head. */
static uint8
get_head(WireReader *r, const RecordType *type, char *head)
{
	uint8		flags;

	if (*wire_get_bytes(r, 1) != type->version)
		wire_corrupt(r, "The version is unknown.");
	flags = *wire_get_bytes(r, 1);
	if ((flags & ~type->flags) != 0)
		wire_corrupt(r, "It has unknown flags.");
	*(uint8 *) (head + type->flags_at) = flags;
	get_scalars(r, &type->head, head, NULL, flags);
	return flags;
}

void
record_input_begin(RecordInput *in, const RecordType *type,
				   const void *payload, Size len, void *head)
{
	WireReader *r = &in->stream;

	in->type = type;
	in->before = NULL;
	wire_reader_init(r, payload, len, type->name);
	memset(head, 0, type->size);
	in->flags = get_head(r, type, head);
	in->left = (int64) wire_get_max(r, (r->end - r->at) / type->head.row_bytes,
									type->head.excess);
	record_columns(&in->columns, &type->item, in->flags);
}

bool
record_input_item(RecordInput *in, void *item)
{
	const RecordType *type = in->type;

	if (in->left == 0)
	{
		wire_get_end(&in->stream);
		return false;
	}
	in->left--;
	memset(item, 0, type->head.row_size);
	get_scalars(&in->stream, &type->item, item, in->before, in->flags);
	get_rows(&in->stream, type, &type->item, &in->columns, item, in->flags);
	if (in->before == NULL)
		in->before = palloc(type->head.row_size);
	memcpy(in->before, item, type->head.row_size);
	return true;
}

static void
get_items(WireReader *r, const RecordType *type, char *value, uint8 flags)
{
	int64		n = get_count(r, &type->head, value);
	char	   *item = record_rows(&type->head, value);
	const char *before = NULL;
	RecordColumns columns;

	record_columns(&columns, &type->item, flags);
	for (int64 i = 0; i < n; i++, item += type->head.row_size)
	{
		get_scalars(r, &type->item, item, before, flags);
		get_rows(r, type, &type->item, &columns, item, flags);
		before = item;
	}
}

/* Nothing in the result, palloc'd, points into the payload. */
void *
record_decode(const RecordType *type, const void *payload, Size len)
{
	char	   *value = palloc0(type->size);
	RecordColumns columns;
	const char *problem;
	uint8		flags;
	WireReader	r;

	wire_reader_init(&r, payload, len, type->name);
	flags = get_head(&r, type, value);
	if (type->item.fields != NULL)
		get_items(&r, type, value, flags);
	else
	{
		record_columns(&columns, &type->head, flags);
		get_rows(&r, type, &type->head, &columns, value, flags);
	}
	wire_get_end(&r);
	problem = type->problem(value);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	return value;
}

/* ----------------------------------------------------------------
 *		What the SQL functions are made of
 * ----------------------------------------------------------------
 */

struct varlena *
record_value_parse(const void *type, const char *text, Node *escape)
{
	const RecordType *record = type;
	void	   *value = record_parse(record, text, escape);

	if (value == NULL)
		return NULL;
	return record->encode != NULL ? record->encode(value) :
		record_encode(record, value);
}

static void *
decode_value(const RecordType *record, const void *payload, Size len)
{
	return record->decode != NULL ? record->decode(payload, len) :
		record_decode(record, payload, len);
}

char *
record_value_text(const void *type, const void *payload, Size len)
{
	return record_to_cstring(type, decode_value(type, payload, len));
}

void
record_value_check(const void *type, const void *payload, Size len)
{
	const RecordType *record = type;

	if (record->check != NULL)
		record->check(payload, len);
	else
		(void) decode_value(record, payload, len);
}
