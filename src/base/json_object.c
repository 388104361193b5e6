/*
 * json_object.c
 *		Reading the text of a value that is one JSON object.
 */
#include "base/json_object.h"

/* Where in the text we are. */
enum
{
	AT_TOP, IN_OBJECT, IN_ARRAY
};

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	JsonObject *o = state;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (o->place == AT_TOP)
		json_object_problem(o, "The text is not a JSON object.", o->hint);
	else if (o->place == IN_ARRAY)
	{
		o->take_element(o, token, type);
		o->n[o->key]++;
		pfree(token);
	}
	else if (o->key >= o->first_array)
		json_object_problem(o, psprintf("The value of \"%s\" is not an array.",
										o->keys[o->key]), o->hint);
	else
		o->take_scalar(o, token, type);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_start(void *state)
{
	JsonObject *o = state;

	if (o->place == AT_TOP)
		o->place = IN_OBJECT;
	else
		json_object_problem(o, "There is an object where none belongs.", o->hint);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	JsonObject *o = state;

	if (o->place == IN_OBJECT && o->key >= o->first_array)
		o->place = IN_ARRAY;
	else
		json_object_problem(o, "There is an array where none belongs.", o->hint);
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	((JsonObject *) state)->place = IN_OBJECT;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	JsonObject *o = state;

	if (o->problem.detail == NULL)
		o->key = json_key(&o->problem, name, o->keys, o->nkeys, &o->seen,
						  o->hint);
	JSON_ACTION_RETURN;
}

void
json_object_read(JsonObject *object, const char *text)
{
	JsonSemAction actions = {0};

	actions.semstate = object;
	actions.object_start = on_object_start;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &object->problem, object->hint);
}

void
json_object_check(JsonObject *o, const JsonObjectShape *shape)
{
	for (int key = 0; key < o->nkeys && o->problem.detail == NULL; key++)
	{
		bool		seen = (o->seen & (UINT32_C(1) << key)) != 0;
		bool		belongs = shape->belongs == NULL || shape->belongs(o, key);

		if (seen && !belongs)
			json_object_problem(o, psprintf("The key \"%s\" does not belong to this kind of %s.",
											o->keys[key], shape->what),
								shape->belongs_hint);
		else if (belongs && !seen)
			json_object_problem(o, psprintf("The key \"%s\" is missing.", o->keys[key]),
								o->hint);
		else if (belongs && key >= o->first_array &&
				 o->n[key] != o->n[o->first_array])
			json_object_problem(o, psprintf("\"%s\" has %lld elements, \"%s\" has %lld.",
											o->keys[key], (long long) o->n[key],
											o->keys[o->first_array],
											(long long) o->n[o->first_array]),
								shape->length_hint);
	}
}
