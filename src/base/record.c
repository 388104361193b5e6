/*
 * record.c
 *		Stored values that are described by tables: their bytes.
 */
#include "base/record.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

/* Whole numbers up to here are exact in a double. */
#define WHOLE_MAX INT64CONST(9007199254740992)

/*
 * Runs that were found already, for the life of the session: they follow from
 * the table of a type and its flags, of which there are few.
 */
typedef struct KnownRuns
{
	struct KnownRuns *next;
	const RecordObject *object;
	bool		columns;
	uint8		flags;
	RecordRuns	runs;
} KnownRuns;

static KnownRuns *known_runs = NULL;

/* The scalars of an object, or its columns, as far as they are there. */
static void
find_runs(RecordRuns *runs, const RecordObject *o, bool columns, uint8 flags)
{
	int			from = columns ? o->first_column : 0;
	int			to = columns ? o->nfields : o->first_column;

	runs->whole = true;
	runs->n = 0;
	runs->bytes = 0;
	for (int i = from; i < to; i++)
	{
		const RecordField *f = &o->fields[i];
		RecordRun  *run = &runs->runs[runs->n];
		Size		width = f->kind == RECORD_MONEY ? sizeof(int128) :
			f->kind == RECORD_COUNT ? sizeof(int64) : 0;

		if (f->kind == RECORD_FLAG)
			continue;
		if (!record_has(f, flags))
		{
			/* unless it is there under its other name */
			if (!(f->other_name && record_has(f - 1, flags)) &&
				!(i + 1 < to && f[1].other_name && record_has(f + 1, flags)))
				runs->whole = false;
			continue;
		}
		runs->bytes += WIRE_MAX_INTEGER;
		if (runs->n > 0 && width > 0 && run[-1].kind == f->kind &&
			run[-1].at + run[-1].n * width == f->at)
			run[-1].n++;
		else
		{
			*run = (RecordRun) {f->kind, f->at, 1, f->flag};
			runs->n++;
		}
	}
}

/* The same, found once. */
static const RecordRuns *
runs_of(const RecordObject *o, bool columns, uint8 flags)
{
	KnownRuns  *known = known_runs;

	while (known != NULL && !(known->object == o && known->columns == columns &&
							  known->flags == flags))
		known = known->next;
	if (known == NULL)
	{
		known = MemoryContextAlloc(TopMemoryContext, sizeof(KnownRuns));
		known->object = o;
		known->columns = columns;
		known->flags = flags;
		find_runs(&known->runs, o, columns, flags);
		known->next = known_runs;
		known_runs = known;
	}
	return &known->runs;
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

/* A stream with room for some structs, its end kept in a register. */
#define PUT_BEGIN(w, room) (wire_reserve(w, room), (w)->data + (w)->len)
#define PUT_END(w, to) ((w)->len = (to) - (w)->data)

static inline char *
put_integer(char *to, uint64 value)
{
	while (value >= 0x80)
	{
		*to++ = (char) (value | 0x80);
		value >>= 7;
	}
	*to++ = (char) value;
	return to;
}

/* What takes no certain number of bytes. */
static char *
put_other(WireWriter *w, Size room, char *to, const RecordRun *run,
		  const char *field)
{
	PUT_END(w, to);
	switch (run->kind)
	{
		case RECORD_MONEY:
			wire_put_int128(w, *(const int128 *) field);
			break;
		case RECORD_TIME:
		case RECORD_NUMBER:
			wire_put_double(w, *(const float8 *) field);
			break;
		case RECORD_GRAIN:
			record_put_grain(w, *(Grain *const *) field);
			break;
		case RECORD_ZONE:
		case RECORD_TEXT:
			wire_put_text(w, *(const char *const *) field);
			break;
		default:
			elog(ERROR, "a field has no bytes");
	}
	return PUT_BEGIN(w, room);
}

/*
 * The fields of a struct, at a place with room for so many bytes; before is the
 * same of the one before, or NULL.  Returns what follows them.
 */
static pg_attribute_always_inline char *
put_fields_at(WireWriter *w, Size room, char *to, const RecordRuns *runs,
			  const char *at, const char *before, uint8 flags)
{
	const RecordRun *end = runs->runs + runs->n;

	for (const RecordRun *run = runs->runs; run < end; run++)
	{
		int			n = run->n;
		const char *field = at + run->at;
		const char *last = before != NULL ? before + run->at : NULL;

		switch (run->kind)
		{
			case RECORD_COUNT:
				for (int i = 0; i < n; i++)
					to = put_integer(to, ((const int64 *) field)[i]);
				break;
			case RECORD_MONEY:
				for (int i = 0; i < n; i++, field += sizeof(int128))
				{
					int128		money = *(const int128 *) field;

					if (likely((int64) money == money))
						to = put_integer(to, wire_zigzag((int64) money));
					else
						to = put_other(w, room, to, run, field);
				}
				break;
			case RECORD_CHANGE:
				to = put_integer(to, wire_zigzag(*(const int64 *) field));
				break;
			case RECORD_AGE:
				to = put_integer(to, *(const int32 *) field -
								 (last != NULL ? *(const int32 *) last : 0));
				break;
			case RECORD_PERIOD:
				to = put_integer(to, last == NULL ? wire_zigzag(*(const int32 *) field) :
								 (uint64) ((int64) *(const int32 *) field - *(const int32 *) last));
				break;
			case RECORD_TIME:
				if (flags & run->flag)
					to = put_integer(to, (int64) *(const float8 *) field -
									 (last != NULL ? (int64) *(const float8 *) last : 0));
				else
					to = put_other(w, room, to, run, field);
				break;
			default:
				to = put_other(w, room, to, run, field);
		}
	}
	return to;
}

static pg_attribute_always_inline void
put_fields(WireWriter *w, const RecordRuns *runs, const char *at,
		   const char *before, uint8 flags)
{
	char	   *to = PUT_BEGIN(w, runs->bytes);

	to = put_fields_at(w, runs->bytes, to, runs, at, before, flags);
	PUT_END(w, to);
}

#define ROWS_AT_ONCE 16			/* so many have their room at a time */

static void
put_rows(WireWriter *w, const RecordType *type, const RecordObject *o,
		 const RecordRuns *columns, const char *owner, uint8 flags)
{
	int64		n = record_count(o, owner);
	const char *row = record_rows(o, owner);
	const char *before = NULL;
	char	   *packed = type->pack != NULL ? palloc(o->row_size) : NULL;

	wire_put(w, n);
	while (n > 0)
	{
		int			some = (int) Min(n, ROWS_AT_ONCE);
		Size		room = some * columns->bytes;
		char	   *to = PUT_BEGIN(w, room);

		CHECK_FOR_INTERRUPTS();
		n -= some;
		for (; some > 0; some--)
		{
			const char *at = row;

			if (packed != NULL)
			{
				at = memcpy(packed, row, o->row_size);
				type->pack(packed);
			}
			to = put_fields_at(w, room, to, columns, at, before, flags);
			before = row;
			row += o->row_size;
		}
		PUT_END(w, to);
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
	put_fields(w, runs_of(&type->head, false, flags), head, NULL, flags);
}

void
record_writer_begin(RecordWriter *w, const RecordType *type, const void *head,
					int64 nitems)
{
	w->type = type;
	w->flags = record_flags(type, head);
	w->before = NULL;
	w->fields = runs_of(&type->item, false, w->flags);
	w->columns = runs_of(&type->item, true, w->flags);
	put_head(&w->stream, type, head, 256 + nitems * type->head.row_bytes * 2);
	if (type->own.fields != NULL)
		put_rows(&w->stream, type, &type->own, runs_of(&type->own, true, w->flags),
				 head, w->flags);
	wire_put(&w->stream, nitems);
}

void
record_writer_item(RecordWriter *w, const void *item)
{
	const RecordType *type = w->type;

	put_fields(&w->stream, w->fields, item, w->before, w->flags);
	put_rows(&w->stream, type, &type->item, w->columns, item, w->flags);
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
	int64		n = record_count(&type->head, value);
	const char *item = record_rows(&type->head, value);
	RecordWriter items;
	WireWriter	w;

	if (type->encodable != NULL)
		type->encodable(value);
	Assert(type->problem(value) == NULL);
	if (type->item.fields == NULL)
	{
		uint8		flags = record_flags(type, value);

		put_head(&w, type, value, 64 + n * type->head.row_bytes * 2);
		put_rows(&w, type, &type->head, runs_of(&type->head, true, flags), value, flags);
		return (struct varlena *) wire_finish(&w);
	}
	record_writer_begin(&items, type, value, n);
	for (; n > 0; n--, item += type->head.row_size)
		record_writer_item(&items, item);
	return record_writer_end(&items);
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

static inline int32
get_period(WireReader *r, const char *before)
{
	int64		period = before == NULL ? wire_get_signed(r) :
		*(const int32 *) before +
		(int64) wire_get_max(r, PG_UINT32_MAX, "A period is out of range.");

	if (period < PG_INT32_MIN || period > PG_INT32_MAX)
		wire_corrupt(r, "A period is out of range.");
	return (int32) period;
}

static inline int32
get_age(WireReader *r, const char *before)
{
	int64		age = (before != NULL ? *(const int32 *) before : 0) +
		(int64) wire_get_max(r, PG_INT32_MAX, "An age is too large.");

	if (age > PG_INT32_MAX)
		wire_corrupt(r, "An age is too large.");
	return (int32) age;
}

static inline float8
get_whole(WireReader *r, const char *before)
{
	int64		whole = before != NULL ? (int64) *(const float8 *) before : 0;

	return (float8) (whole + (int64) wire_get_max(r, WHOLE_MAX - whole,
												  "A time is too large."));
}

/* The fields of a struct; before is the same of the one before, or NULL. */
static pg_attribute_always_inline void
get_fields(WireReader *r, const RecordRuns *runs, char *at, const char *before,
		   uint8 flags)
{
	const RecordRun *end = runs->runs + runs->n;

	for (const RecordRun *run = runs->runs; run < end; run++)
	{
		int			n = run->n;
		char	   *field = at + run->at;
		const char *last = before != NULL ? before + run->at : NULL;

		switch (run->kind)
		{
			case RECORD_COUNT:
				for (int i = 0; i < n; i++)
					((int64 *) field)[i] = (int64) wire_get_max(r, PG_INT64_MAX,
																"A count is too large.");
				break;
			case RECORD_MONEY:
				for (int i = 0; i < n; i++)
					((int128 *) field)[i] = wire_get_int128(r);
				break;
			case RECORD_CHANGE:
				*(int64 *) field = wire_get_signed(r);
				break;
			case RECORD_AGE:
				*(int32 *) field = get_age(r, last);
				break;
			case RECORD_PERIOD:
				*(int32 *) field = get_period(r, last);
				break;
			case RECORD_TIME:
				*(float8 *) field = flags & run->flag ? get_whole(r, last) :
					wire_get_double(r);
				break;
			case RECORD_NUMBER:
				*(float8 *) field = wire_get_double(r);
				break;
			case RECORD_GRAIN:
				*(Grain **) field = record_get_grain(r);
				break;
			case RECORD_ZONE:
				*(const char **) field = record_get_name(r);
				break;
			case RECORD_TEXT:
				*(const char **) field = wire_get_text(r, RECORD_TEXT_BYTES);
				break;
			default:
				elog(ERROR, "a field has no bytes");
		}
	}
}

static void
get_rows(WireReader *r, const RecordType *type, const RecordObject *o,
		 const RecordRuns *columns, char *owner, uint8 flags)
{
	int64		n = (int64) wire_get_max(r, (r->end - r->at) / o->row_bytes,
										 o->excess);
	char	   *row = palloc_extended(Max(n, 1) * o->row_size, MCXT_ALLOC_HUGE |
									  (columns->whole ? 0 : MCXT_ALLOC_ZERO));
	const char *before = NULL;

	*(int64 *) (owner + o->n_at) = n;
	*(char **) (owner + o->rows_at) = row;
	for (; n > 0; n--)
	{
		CHECK_FOR_INTERRUPTS();
		get_fields(r, columns, row, before, flags);
		if (type->unpack != NULL)
			type->unpack(row, r);
		before = row;
		row += o->row_size;
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
	get_fields(r, runs_of(&type->head, false, flags), head, NULL, flags);
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
	if (type->own.fields != NULL)
		get_rows(r, type, &type->own, runs_of(&type->own, true, in->flags), head,
				 in->flags);
	in->left = (int64) wire_get_max(r, (r->end - r->at) / type->head.row_bytes,
									type->head.excess);
	in->fields = runs_of(&type->item, false, in->flags);
	in->columns = runs_of(&type->item, true, in->flags);
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
	get_fields(&in->stream, in->fields, item, in->before, in->flags);
	get_rows(&in->stream, type, &type->item, in->columns, item, in->flags);
	if (in->before == NULL)
		in->before = palloc(type->head.row_size);
	memcpy(in->before, item, type->head.row_size);
	return true;
}

/* Nothing in the result, palloc'd, points into the payload. */
void *
record_decode(const RecordType *type, const void *payload, Size len)
{
	char	   *value = palloc0(type->size);
	RecordInput in;
	const char *problem;

	if (type->item.fields != NULL)
	{
		int64		n;
		char	   *item;

		record_input_begin(&in, type, payload, len, value);
		n = in.left;
		item = palloc_extended(Max(n, 1) * type->head.row_size, MCXT_ALLOC_HUGE);
		*(int64 *) (value + type->head.n_at) = n;
		*(char **) (value + type->head.rows_at) = item;
		while (record_input_item(&in, item))
			item += type->head.row_size;
	}
	else
	{
		wire_reader_init(&in.stream, payload, len, type->name);
		in.flags = get_head(&in.stream, type, value);
		get_rows(&in.stream, type, &type->head, runs_of(&type->head, true, in.flags),
				 value, in.flags);
		wire_get_end(&in.stream);
	}
	problem = type->problem(value);
	if (problem != NULL)
		wire_corrupt(&in.stream, problem);
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
