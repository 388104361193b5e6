/*
 * record_text.c
 *		Stored values that are described by tables: reading their text.
 */
#include "base/record.h"

#include <math.h>

#include "base/money.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

/* ----------------------------------------------------------------
 *		Reading: tokens
 * ----------------------------------------------------------------
 */

/* The value of a key, or an element of its array, is not what it should be. */
static void
not_a(RecordReader *p, bool element, const RecordField *f, const char *what,
	  const char *hint)
{
	json_object_problem(&p->object,
						psprintf(element ? "\"%s\" has an element that is not %s." :
								 "The value of \"%s\" is not %s.", f->name, what),
						hint);
}

/* A string. */
static void
take_string(RecordReader *p, const RecordField *f, char *at, char *token)
{
	if (f->kind == RECORD_GRAIN)
		p->grain = token;
	else if (f->kind == RECORD_ZONE)
		*(const char **) at = json_take_zone(&p->object.problem, token);
	else if (!f->words->read(token, at))
		not_a(p, false, f, f->words->what, f->words->hint);
}

/* A count, or where it may be below 0 a change. */
static bool
take_count(const RecordField *f, const char *token, JsonTokenType type,
		   int64 *count)
{
	bool		negative = f->kind == RECORD_CHANGE && *token == '-' &&
		token[1] > '0';

	if (type != JSON_TOKEN_NUMBER || !count_from_cstring(token + negative, count))
		return false;
	if (negative)
		*count = -*count;
	return f->kind != RECORD_AGE || *count <= PG_INT32_MAX;
}

static void
take_amount(RecordReader *p, const RecordField *f, char *at,
			const char *token, JsonTokenType type, bool element)
{
	int128		amount = 0;

	if (type != JSON_TOKEN_NUMBER || !money_from_cstring(token, &amount))
		not_a(p, element, f, "an amount",
			  "Amounts are plain numbers of at most six decimals, without exponent.");
	if (f->kind != RECORD_SECONDS)
		*(int128 *) at = amount;
	else if (amount >= 0 && amount <= PG_INT64_MAX)
		*(int64 *) at = (int64) amount;
	else
		json_object_refuse(&p->object, psprintf("\"%s\" has an element that is out of range.",
												f->name));
}

static void
take_time(RecordReader *p, const RecordField *f, char *at, const char *token,
		  JsonTokenType type, bool element)
{
	float8		time = type == JSON_TOKEN_NUMBER ? strtod(token, NULL) + 0.0 : -1;

	if (!(time >= 0) || isinf(time))
		not_a(p, element, f, "a time", "Times are numbers, 0 or above.");
	*(float8 *) at = time;
}

static void
take_number(RecordReader *p, const RecordField *f, char *at, const char *token,
			JsonTokenType type, bool element)
{
	float8		number = type == JSON_TOKEN_NUMBER ? strtod(token, NULL) + 0.0 : 0;

	if (type != JSON_TOKEN_NUMBER || !isfinite(number))
		not_a(p, element, f, "a number", "Numbers are finite.");
	*(float8 *) at = number;
}

/* The value of a key, or an element of its array. */
static void
take_value(RecordReader *p, const RecordField *f, char *at, char *token,
		   JsonTokenType type, bool element)
{
	int64		count = 0;
	DateADT		date = 0;

	switch (f->kind)
	{
		case RECORD_GRAIN:
		case RECORD_ZONE:
		case RECORD_WORDS:
			if (type == JSON_TOKEN_STRING)
				take_string(p, f, at, token);
			else
				not_a(p, element, f, "a string", p->object.hint);
			break;
		case RECORD_TEXT:
			if (type != JSON_TOKEN_STRING || strlen(token) > RECORD_TEXT_BYTES)
				not_a(p, element, f, "a short string", p->object.hint);
			else
				*(const char **) at = pstrdup(token);
			break;
		case RECORD_FLAG:
			json_take_flag(&p->object.problem, f->name, type, f->flag,
						   (uint8 *) p->value + p->type->flags_at,
						   p->object.hint);
			break;
		case RECORD_PERIOD:
		case RECORD_DAY:
			if (f->kind == RECORD_PERIOD && strcmp(token, RECORD_NO_FIRST_DAY) == 0)
				date = DATEVAL_NOBEGIN;
			else if (type != JSON_TOKEN_STRING || !date_from_cstring(token, &date))
				not_a(p, element, f, "a date in quotes", JSON_HINT_DATE);
			/* of a period, its first day until the grain is known */
			*(int32 *) at = date;
			break;
		case RECORD_AGE:
		case RECORD_COUNT:
		case RECORD_CHANGE:
			if (!take_count(f, token, type, &count))
				not_a(p, element, f, "a count",
					  element && p->type->count_hint != NULL ?
					  p->type->count_hint : JSON_HINT_COUNT);
			if (f->kind == RECORD_AGE)
				*(int32 *) at = (int32) count;
			else
				*(int64 *) at = count;
			break;
		case RECORD_MONEY:
		case RECORD_LEVEL:
		case RECORD_SECONDS:
			take_amount(p, f, at, token, type, element);
			break;
		case RECORD_TIME:
			take_time(p, f, at, token, type, element);
			break;
		case RECORD_NUMBER:
			take_number(p, f, at, token, type, element);
			break;
		case RECORD_ITEMS:
			break;
	}
}

/* ----------------------------------------------------------------
 *		Reading: structure
 * ----------------------------------------------------------------
 */

/* The object of the text at hand. */
static const RecordObject *
object_at_hand(const RecordReader *p)
{
	return p->object.level == &p->object.levels[0] ? &p->type->head :
		&p->type->item;
}

static void
take_scalar(JsonObject *object, char *token, JsonTokenType type)
{
	RecordReader *p = (RecordReader *) object;
	const RecordField *f = &object_at_hand(p)->fields[object->spelled];
	char	   *owner = object->level == &object->levels[0] ? p->value : p->item;

	take_value(p, f, owner + f->at, token, type, false);
}

/* Room for one more, zeroed, of what there are n of. */
static char *
make_room(char *all, int64 n, int64 *size, Size each)
{
	if (n == *size)
	{
		*size = Max(*size * 2, 64);
		all = all == NULL ? palloc_extended(*size * each, MCXT_ALLOC_HUGE) :
			repalloc_huge(all, *size * each);
	}
	memset(all + n * each, 0, each);
	return all;
}

static void
take_element(JsonObject *object, const char *token, JsonTokenType type)
{
	RecordReader *p = (RecordReader *) object;
	const RecordObject *o = object_at_hand(p);
	const RecordField *f = &o->fields[object->spelled];
	int64		i = object->level->n[object->key];
	char	   *at;

	CHECK_FOR_INTERRUPTS();
	if (p->type->own.fields != NULL && o == &p->type->head)
	{
		o = &p->type->own;
		if (i == p->own_nrows)
			p->own_rows = make_room(p->own_rows, p->own_nrows++, &p->own_size,
									o->row_size);
		at = p->own_rows + i * o->row_size + f->at;
	}
	else
	{
		if (i == p->nrows)
			p->rows = make_room(p->rows, p->nrows++, &p->rows_size, o->row_size);
		at = p->rows + i * o->row_size + f->at;
	}
	/* the usual element needs nothing else */
	if (f->kind != RECORD_COUNT || type != JSON_TOKEN_NUMBER ||
		!count_from_cstring(token, (int64 *) at))
		take_value(p, f, at, unconstify(char *, token), type, true);
}

static void
begin_item(JsonObject *object)
{
	RecordReader *p = (RecordReader *) object;
	const RecordObject *o = &p->type->head;
	int64	   *n = (int64 *) (p->value + o->n_at);
	char	  **items = (char **) (p->value + o->rows_at);

	CHECK_FOR_INTERRUPTS();
	*items = make_room(*items, *n, &p->items_size, o->row_size);
	p->item = *items + (*n)++ * o->row_size;
	p->nrows = 0;
}

static void
end_item(JsonObject *object)
{
	RecordReader *p = (RecordReader *) object;
	const RecordObject *o = &p->type->item;
	Size		bytes = p->nrows * o->row_size;
	char	   *rows;

	p->type->item_read(p);
	if (object->problem.detail != NULL)
		return;
	for (int key = 0; key < o->nfields; key++)
		p->items_with[key] += (object->level->spelled >> key) & 1;
	rows = palloc_extended(Max(bytes, 1), MCXT_ALLOC_HUGE);
	if (bytes > 0)
		memcpy(rows, p->rows, bytes);
	*(int64 *) (p->item + o->n_at) = p->nrows;
	*(char **) (p->item + o->rows_at) = rows;
}

/* ----------------------------------------------------------------
 *		Reading: the whole
 * ----------------------------------------------------------------
 */

/* Are all keys of the head there, no others, and all arrays of one length? */
static void
check_keys(RecordReader *p)
{
	const RecordObject *o = &p->type->head;
	const JsonLevel *level = &p->object.levels[0];
	uint8		flags = record_flags(p->type, p->value);

	/* a column that may be left out is its own flag */
	for (int key = o->first_column; key < o->nfields; key++)
		if (o->fields[key].kind == RECORD_COUNT &&
			(level->spelled & (UINT32_C(1) << key)) != 0)
			flags |= o->fields[key].flag;
	for (int key = 0; key < o->nfields && p->object.problem.detail == NULL; key++)
	{
		const char *name = o->fields[key].name;
		bool		spelled = (level->spelled & (UINT32_C(1) << key)) != 0;
		bool		belongs = record_has(&o->fields[key], flags);

		if (spelled && !belongs)
			json_object_problem(&p->object,
								psprintf("The key \"%s\" does not belong to this kind of %s.",
										 name, p->type->what),
								p->type->belongs_hint);
		else if (belongs && !spelled && !o->fields[key].maybe)
			json_object_refuse(&p->object,
							   psprintf("The key \"%s\" is missing.", name));
		else if (belongs && key >= o->first_column &&
				 o->fields[key].kind != RECORD_ITEMS &&
				 level->n[key] != level->n[o->first_column])
			json_object_problem(&p->object,
								psprintf("\"%s\" has %lld elements, \"%s\" has %lld.",
										 name, (long long) level->n[key],
										 o->fields[o->first_column].name,
										 (long long) level->n[o->first_column]),
								p->type->length_hint);
	}
}

/* The period that a day begins, in its place. */
static void
take_period(RecordReader *p, const Calendar *cal, char *at)
{
	DateADT		day = *(const int32 *) at;
	int64		period = calendar_period_of_day(cal, day);
	int64		start = calendar_period_start(cal, period);

	if (day == DATEVAL_NOBEGIN && cal->dates == NULL)
		json_object_problem(&p->object,
							"\"" RECORD_NO_FIRST_DAY "\" is before a calendar of dates, which the grain is not.",
							JSON_HINT_DATE);
	else if (start != day)
		json_object_problem(&p->object,
							psprintf("%s is not the first day of a period of the grain \"%s\".",
									 date_text(day), grain_quoted(cal->grain)),
							start == DATEVAL_NOBEGIN ? "It is before the first date." :
							psprintf("The period it lies in begins with %s.",
									 date_text(start)));
	*(int32 *) at = (int32) period;
}

/* All days that begin periods, of a head or an item and its rows. */
static void
take_periods(RecordReader *p, const RecordObject *o, const Calendar *cal,
			 char *owner)
{
	for (int i = 0; i < o->nfields; i++)
	{
		const RecordField *f = &o->fields[i];
		char	   *row = record_rows(o, owner);
		int64		n = record_count(o, owner);

		if (f->kind != RECORD_PERIOD)
			continue;
		if (i < o->first_column)
			take_period(p, cal, owner + f->at);
		else
			for (; n > 0 && p->object.problem.detail == NULL; n--)
			{
				CHECK_FOR_INTERRUPTS();
				take_period(p, cal, row + f->at);
				row += o->row_size;
			}
	}
}

/* What can be said only when all has been read. */
static void
finish(RecordReader *p)
{
	const RecordType *type = p->type;
	JsonObject *object = &p->object;
	const char *detail;
	Calendar   *cal;

	if (type->head_problem != NULL &&
		(detail = type->head_problem(p->value)) != NULL)
		json_object_refuse(object, detail);
	if (object->problem.detail == NULL &&
		(cal = record_calendar(type, p->value)) != NULL)
	{
		int64		n = type->item.fields != NULL ?
			record_count(&type->head, p->value) : 0;
		char	   *item = record_rows(&type->head, p->value);

		take_periods(p, &type->head, cal, p->value);
		for (; n > 0 && object->problem.detail == NULL; n--)
		{
			take_periods(p, &type->item, cal, item);
			item += type->head.row_size;
		}
		calendar_free(cal);
	}
	if (object->problem.detail == NULL && type->text_read != NULL)
		type->text_read(p);
	if (object->problem.detail == NULL && type->problem != NULL &&
		(detail = type->problem(p->value)) != NULL)
		json_object_refuse(object, detail);
}

/* What a reader needs to know of the keys of an object. */
static const JsonKey *
json_keys(const RecordObject *o, JsonKey *keys)
{
	for (int i = 0; i < o->nfields; i++)
	{
		keys[i].name = o->fields[i].name;
		keys[i].form = i < o->first_column ? JSON_SCALAR :
			o->fields[i].kind == RECORD_ITEMS ? JSON_OBJECTS : JSON_ARRAY;
		keys[i].other_name = o->fields[i].other_name;
	}
	return keys;
}

/*
 * Keys may come in any order, everything else is as the output writes it.
 * Errors (22P02) as input_error() on escape, and then NULL.
 */
void *
record_parse(const RecordType *type, const char *text, Node *escape)
{
	JsonKey		keys[2][JSON_OBJECT_KEYS];
	RecordReader p = {
		.object = {
			.levels = {
				{.keys = json_keys(&type->head, keys[0]), .nkeys = type->head.nfields},
				{.keys = json_keys(&type->item, keys[1]), .nkeys = type->item.nfields}
			},
			.hint = type->whole_hint,
			.take_scalar = take_scalar, .take_element = take_element,
			.begin_item = begin_item, .end_item = end_item
		},
		.type = type, .value = palloc0(type->size)
	};

	json_object_read(&p.object, text);
	check_keys(&p);
	if (p.object.problem.detail == NULL)
	{
		if (type->item.fields == NULL)
		{
			*(int64 *) (p.value + type->head.n_at) = p.nrows;
			*(char **) (p.value + type->head.rows_at) = p.rows;
		}
		else if (type->own.fields != NULL)
		{
			*(int64 *) (p.value + type->own.n_at) = p.own_nrows;
			*(char **) (p.value + type->own.rows_at) = p.own_rows;
		}
		for (int i = 0; i < type->head.first_column; i++)
			if (type->head.fields[i].kind == RECORD_GRAIN && p.grain != NULL)
			{
				Grain	   *grain = grain_parse(p.grain, escape);

				if (grain == NULL)
					return NULL;	/* a soft error was recorded */
				*(Grain **) (p.value + type->head.fields[i].at) = grain;
			}
		finish(&p);
	}
	json_report(escape, type->name, &p.object.problem);
	return p.object.problem.detail == NULL ? p.value : NULL;
}
