/*
 * json_object.h
 *		Reading the text of a value that is one JSON object: scalars, arrays of
 *		scalars, and at most one list of objects that hold the same.
 *
 * All stored types but grain are read through this.  What the keys are is
 * said by tables; what is made of a token is up to the callbacks.
 */
#ifndef RETENTION_JSON_OBJECT_H
#define RETENTION_JSON_OBJECT_H

#include "base/json_parts.h"

#define JSON_OBJECT_KEYS 32

/* What the value of a key looks like. */
typedef enum JsonForm
{
	JSON_SCALAR,
	JSON_ARRAY,					/* of scalars */
	JSON_OBJECTS,				/* a list of objects, the items */
	JSON_ROWS,					/* a list of arrays of scalars, the items */
	JSON_MEMBERS				/* an object of scalars under any names */
} JsonForm;

typedef struct JsonKey
{
	const char *name;
	JsonForm	form;
	bool		other_name;		/* of the key before it in the table */
} JsonKey;

/* An object of the text: the value itself, or the item at hand. */
typedef struct JsonLevel
{
	const JsonKey *keys;
	int			nkeys;			/* JSON_OBJECT_KEYS at most */
	uint32		seen;			/* bit for each key, under its first name */
	uint32		spelled;		/* bit for each key, as it was written */
	int64		n[JSON_OBJECT_KEYS];	/* elements taken, by the first name */
} JsonLevel;

/*
 * An object being read: the first member of the state of a reader, which sets
 * what is above the line.
 */
typedef struct JsonObject
{
	JsonLevel	levels[2];		/* the value; its items, if they are objects */
	const char *hint;			/* for texts of any other form */
	/* the value of a key; may keep token */
	void		(*take_scalar) (struct JsonObject *object, char *token,
								JsonTokenType type);
	/* an element of an array, or a member */
	void		(*take_element) (struct JsonObject *object, const char *token,
								 JsonTokenType type);
	/* an item begins, and ends */
	void		(*begin_item) (struct JsonObject *object);
	void		(*end_item) (struct JsonObject *object);
	/* -------- */
	int			place;
	JsonLevel  *level;			/* at hand */
	int			key;			/* at hand, under its first name */
	int			spelled;		/* the same as it was written */
	int			list;			/* the key whose items are read */
	char	   *member;			/* name of the member at hand */
	JsonProblem problem;
} JsonObject;

/* Note what is wrong, unless something was before. */
static inline void
json_object_problem(JsonObject *object, const char *detail, const char *hint)
{
	json_problem(&object->problem, detail, hint);
}

/* The same with the hint for texts of any other form. */
static inline void
json_object_refuse(JsonObject *object, const char *detail)
{
	json_problem(&object->problem, detail, object->hint);
}

/* Read the text. */
extern void json_object_read(JsonObject *object, const char *text);

#endif							/* RETENTION_JSON_OBJECT_H */
