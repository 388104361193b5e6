/*
 * record.h
 *		Stored values that are described by tables: from one description come
 *		their text, their bytes and the checks of both.
 *
 * A value is a struct with a few fields, its head, and then either rows, or
 * items (structs again) that have fields and rows, or both.  All of a value's fields
 * are listed in the order in which both forms have them:
 *
 *	text	{"grain": "month", "last": "2024-02-01", "orders": [1,2]}
 *			{"grain": "month", "cohorts": [{"size": 3, "orders": [1,2]}]}
 *		one canonical JSON object: a scalar for each field, an array for each
 *		column of the rows
 *	bytes	one wire.h stream: the version, the flags; the fields of the head;
 *		the number of rows, then row by row each column; then, or instead, the
 *		number of items, and for each its fields and its rows
 *
 * What a type keeps to itself is what makes a value valid, and what its hooks
 * do.  One whose bytes have another form uses the text alone.
 */
#ifndef RETENTION_RECORD_H
#define RETENTION_RECORD_H

#include "base/calendar.h"
#include "base/json_object.h"
#include "base/value.h"
#include "base/wire.h"

#define RECORD_TEXT_BYTES 1024

/* Before all that a calendar has there is no first day. */
#define RECORD_NO_FIRST_DAY "-infinity"

typedef enum RecordKind
{
	/* fields of a head */
	RECORD_GRAIN,				/* Grain *; its words */
	RECORD_ZONE,				/* const char *, "" for none */
	RECORD_FLAG,				/* bits of the flags; no bytes of its own */
	RECORD_WORDS,				/* a string of the type's own; text alone */
	/* fields and columns */
	RECORD_TEXT,				/* const char *, up to RECORD_TEXT_BYTES */
	RECORD_PERIOD,				/* int32, in the text its first day; ascending */
	RECORD_DAY,					/* int32, days since 2000; text alone */
	RECORD_AGE,					/* int32, not negative, ascending */
	RECORD_COUNT,				/* int64, not negative */
	RECORD_CHANGE,				/* int64 */
	RECORD_MONEY,				/* int128, millionths */
	/* columns */
	RECORD_LEVEL,				/* int128, change of what the text has; text alone */
	RECORD_SECONDS,				/* int64, microseconds; text alone */
	RECORD_TIME,				/* float8, not negative; whole numbers ascend */
	RECORD_NUMBER,				/* float8, finite */
	/* last key of a head */
	RECORD_ITEMS
} RecordKind;

/* A string that is the type's own. */
typedef struct RecordWords
{
	char	   *(*text) (const void *at);	/* needs no escapes */
	bool		(*read) (const char *words, void *at);
	const char *what;			/* "a window in its shortest form" */
	const char *hint;
} RecordWords;

typedef struct RecordField
{
	const char *name;
	RecordKind	kind;
	uint16		at;				/* offset in its struct */
	uint8		flag;			/* of RECORD_FLAG; of RECORD_TIME: all are whole;
								 * of a column of counts: the text has it */
	bool		other_name;		/* of the field before it, with another when */
	bool		maybe;			/* of RECORD_GRAIN: NULL where it is left out */
	bool		(*when) (uint8 flags);	/* it is there; NULL: always */
	const RecordWords *words;	/* of RECORD_WORDS */
} RecordField;

/* A struct, and what it holds a number of: rows, or items. */
typedef struct RecordObject
{
	int			nfields;
	const RecordField *fields;	/* scalars, then columns, RECORD_ITEMS last */
	int			first_column;	/* nfields when there are none */
	uint16		n_at;			/* offset of their number, an int64 */
	uint16		rows_at;		/* offset of the pointer to them */
	uint16		row_size;		/* of one in memory */
	uint16		row_bytes;		/* one takes so many at least */
	const char *excess;			/* "The number of periods exceeds the value." */
} RecordObject;

/* A text being read. */
typedef struct RecordReader
{
	JsonObject	object;
	const struct RecordType *type;
	char	   *value;			/* the head */
	char	   *grain;			/* words */
	char	   *item;			/* at hand */
	int64		items_size;		/* allocated */
	int64		items_with[JSON_OBJECT_KEYS];	/* that spell a key so */
	char	   *rows;			/* of the columns at hand */
	int64		nrows;			/* begun */
	int64		rows_size;		/* allocated */
	char	   *own_rows;		/* of a head that has items, too */
	int64		own_nrows;
	int64		own_size;
} RecordReader;

typedef struct RecordType
{
	const char *name;			/* "customer_movements" */
	const char *what;			/* "movements": for keys that do not belong */
	uint8		version;
	uint8		flags;			/* all that there are */
	uint16		flags_at;		/* offset in the head */
	uint16		size;			/* of the head */
	RecordObject head;
	RecordObject item;			/* zeros when there are none */
	/* the head's own rows where it has items, too: its fields but the last */
	RecordObject own;

	/* Hooks, NULL where there is nothing to do. */

	/* what is wrong with a value, as a sentence; NULL when nothing is */
	const char *(*problem) (const void *value);
	/* what is wrong with a head, before a calendar is made for it */
	const char *(*head_problem) (const void *value);
	/* error unless a value that is right can be stored */
	void		(*encodable) (const void *value);
	/* a row in memory to what is written of it, and back */
	void		(*pack) (void *row);
	void		(*unpack) (void *row, WireReader *r);
	/* bits of the fields that an item's text has; NULL: all */
	uint32		(*item_fields) (const void *item);
	/* all of an item was read; all of a text was read */
	void		(*item_read) (RecordReader *p);
	void		(*text_read) (RecordReader *p);
	/* bytes of the type's own: to them and back, and what decode leaves out */
	struct varlena *(*encode) (const void *value);
	void	   *(*decode) (const void *payload, Size len);
	void		(*check) (const void *payload, Size len);

	/* Hints of errors. */
	const char *whole_hint;		/* a text of any other form */
	const char *belongs_hint;	/* which columns are there */
	const char *length_hint;	/* lengths of columns */
	const char *count_hint;		/* counts of columns, NULL for the usual one */
	const char *large_hint;		/* past 1 GB */
} RecordType;

/* record_write.c: canonical text; record_text.c: back, NULL after a soft error. */
extern char *record_to_cstring(const RecordType *type, const void *value);
extern void *record_parse(const RecordType *type, const char *text,
						  Node *escape);

/* record.c: bytes, of a valid value; and back, anything wrong is 22P03. */
extern struct varlena *record_encode(const RecordType *type, const void *value);
extern void *record_decode(const RecordType *type, const void *payload,
						   Size len);

/*
 * The fields of a struct that are written, neighbours of one kind taken
 * together: so many loops cost less than the fields would one by one.
 */
typedef struct RecordRun
{
	RecordKind	kind;
	uint16		at;				/* of the first */
	uint16		n;
	uint8		flag;
} RecordRun;

typedef struct RecordRuns
{
	bool		whole;			/* no field is left out */
	int			n;
	Size		bytes;			/* that integers take at most */
	RecordRun	runs[JSON_OBJECT_KEYS];
} RecordRuns;

/*
 * Bytes of a value item by item, where all of them together would take too
 * much memory.  The caller vouches for what the type's hooks check.
 */
typedef struct RecordWriter
{
	const RecordType *type;
	uint8		flags;
	WireWriter	stream;
	const RecordRuns *fields;	/* of an item */
	const RecordRuns *columns;	/* of its rows */
	char	   *before;			/* the item written last, or NULL */
} RecordWriter;

extern void record_writer_begin(RecordWriter *w, const RecordType *type,
								const void *head, int64 nitems);
extern void record_writer_item(RecordWriter *w, const void *item);
extern struct varlena *record_writer_end(RecordWriter *w);

/*
 * And back: a head without items, then each item, its rows palloc'd, until
 * there are no more.  What makes a value valid is the caller's to check.
 */
typedef struct RecordInput
{
	const RecordType *type;
	uint8		flags;
	WireReader	stream;
	const RecordRuns *fields;	/* of an item */
	const RecordRuns *columns;	/* of its rows */
	int64		left;
	char	   *before;			/* the item read last, or NULL */
} RecordInput;

extern void record_input_begin(RecordInput *in, const RecordType *type,
							   const void *payload, Size len, void *head);
extern bool record_input_item(RecordInput *in, void *item);

/*
 * record_grain.c: the bytes of a grain, and a name of printable ASCII.  What is
 * read is palloc'd; anything wrong is 22P03.
 */
extern void record_put_grain(WireWriter *w, const Grain *grain);
extern Grain *record_get_grain(WireReader *r);
extern char *record_get_name(WireReader *r);

/* Is a field there? */
static inline bool
record_has(const RecordField *f, uint8 flags)
{
	return f->when == NULL || f->when(flags);
}

static inline uint8
record_flags(const RecordType *type, const void *value)
{
	return *((const uint8 *) value + type->flags_at);
}

static inline int64
record_count(const RecordObject *o, const void *owner)
{
	return *(const int64 *) ((const char *) owner + o->n_at);
}

static inline char *
record_rows(const RecordObject *o, const void *owner)
{
	return *(char *const *) ((const char *) owner + o->rows_at);
}

/* A calendar for the grain of a value, NULL when it has none. */
extern Calendar *record_calendar(const RecordType *type, const void *value);

/* What the SQL functions of such types are made of. */
extern struct varlena *record_value_parse(const void *type, const char *text,
										  Node *escape);
extern char *record_value_text(const void *type, const void *payload, Size len);
extern void record_value_check(const void *type, const void *payload, Size len);

#define RECORD_FUNCTIONS(name, record_type) \
	static const ValueType name##_value = { \
		record_type, record_value_parse, record_value_text, record_value_check \
	}; \
	VALUE_FUNCTIONS(name, &name##_value)

#endif							/* RETENTION_RECORD_H */
