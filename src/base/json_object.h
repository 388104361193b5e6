/*
 * json_object.h
 *		Reading the text of a value that is one JSON object: scalars, and
 *		arrays of scalars that all have the same length.
 */
#ifndef RETENTION_JSON_OBJECT_H
#define RETENTION_JSON_OBJECT_H

#include "base/json_parts.h"

#define JSON_OBJECT_KEYS 32

/*
 * An object being read: the first member of the state of a type, which sets
 * what is above the line.
 */
typedef struct JsonObject
{
	const char *const *keys;
	int			nkeys;			/* JSON_OBJECT_KEYS at most */
	int			first_array;	/* keys from here on are arrays, as long as this one */
	const char *hint;			/* for texts of any other form */
	/* the value of key, not called where first_array is 0; may keep token */
	void		(*take_scalar) (struct JsonObject *object, char *token,
								JsonTokenType type);
	/* element n[key] of key */
	void		(*take_element) (struct JsonObject *object, const char *token,
								 JsonTokenType type);
	/* -------- */
	int			place;
	int			key;			/* at hand */
	uint32		seen;			/* bit for each key */
	int64		n[JSON_OBJECT_KEYS];	/* elements taken */
	JsonProblem problem;
} JsonObject;

/* Note what is wrong, unless something was before. */
static inline void
json_object_problem(JsonObject *object, const char *detail, const char *hint)
{
	json_problem(&object->problem, detail, hint);
}

/* Read the text. */
extern void json_object_read(JsonObject *object, const char *text);

/*
 * What its keys must look like: belongs says which do belong to this kind of
 * the type, NULL for all.
 */
typedef struct JsonObjectShape
{
	bool		(*belongs) (const JsonObject *object, int key);
	const char *what;			/* "timeline": for keys that do not belong */
	const char *belongs_hint;
	const char *length_hint;
} JsonObjectShape;

/* Are all keys there that belong, no others, and all arrays of one length? */
extern void json_object_check(JsonObject *object, const JsonObjectShape *shape);

#endif							/* RETENTION_JSON_OBJECT_H */
