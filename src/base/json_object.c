/*
 * json_object.c
 *		Reading the text of a value that is one JSON object.
 */
#include "base/json_object.h"

#include "base/clip.h"

/* Where in the text we are. */
enum
{
	AT_TOP, IN_OBJECT, IN_ARRAY, IN_LIST, IN_MEMBERS
};

static JsonForm
form_at_hand(const JsonObject *o)
{
	return o->level->keys[o->spelled].form;
}

static const char *
name_at_hand(const JsonObject *o)
{
	return o->level->keys[o->spelled].name;
}

/* A scalar where the key at hand has its value. */
static void
take_value(JsonObject *o, char *token, JsonTokenType type)
{
	switch (form_at_hand(o))
	{
		case JSON_SCALAR:
			o->take_scalar(o, token, type);
			break;
		case JSON_ARRAY:
		case JSON_OBJECTS:
			json_object_refuse(o, psprintf("The value of \"%s\" is not an array.",
										   name_at_hand(o)));
			break;
		case JSON_ROWS:
		case JSON_MEMBERS:
			json_object_refuse(o, psprintf("The value of \"%s\" is a scalar.",
										   name_at_hand(o)));
			break;
	}
}

static JsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	JsonObject *o = state;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	switch (o->place)
	{
		case AT_TOP:
			json_object_refuse(o, "The text is not a JSON object.");
			break;
		case IN_OBJECT:
			take_value(o, token, type);
			break;
		case IN_ARRAY:
			o->take_element(o, token, type);
			o->level->n[o->key]++;
			pfree(token);
			break;
		case IN_LIST:
			json_object_refuse(o, psprintf("An element of \"%s\" is not an %s.",
										   name_at_hand(o),
										   form_at_hand(o) == JSON_ROWS ?
										   "array" : "object"));
			break;
		case IN_MEMBERS:
			o->take_element(o, token, type);
			break;
	}
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_start(void *state)
{
	JsonObject *o = state;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (o->place == AT_TOP)
		o->place = IN_OBJECT;
	else if (o->place == IN_LIST && form_at_hand(o) == JSON_OBJECTS)
	{
		o->place = IN_OBJECT;
		o->list = o->spelled;
		o->level = &o->levels[1];
		o->level->seen = 0;
		o->level->spelled = 0;
		memset(o->level->n, 0, sizeof(o->level->n));
		o->begin_item(o);
	}
	else if (o->place == IN_OBJECT && form_at_hand(o) == JSON_MEMBERS)
		o->place = IN_MEMBERS;
	else
		json_object_refuse(o, "There is an object where none belongs.");
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_object_end(void *state)
{
	JsonObject *o = state;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (o->place == IN_MEMBERS)
		o->place = IN_OBJECT;
	else if (o->level == &o->levels[1])
	{
		o->end_item(o);
		o->place = IN_LIST;
		o->level = &o->levels[0];
		o->key = o->spelled = o->list;
	}
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_start(void *state)
{
	JsonObject *o = state;
	JsonForm	form;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	form = o->place == AT_TOP ? JSON_SCALAR : form_at_hand(o);
	if (o->place == IN_OBJECT && form == JSON_ARRAY)
		o->place = IN_ARRAY;
	else if (o->place == IN_OBJECT && (form == JSON_OBJECTS || form == JSON_ROWS))
		o->place = IN_LIST;
	else if (o->place == IN_LIST && form == JSON_ROWS)
	{
		o->place = IN_ARRAY;
		o->begin_item(o);
	}
	else
		json_object_refuse(o, "There is an array where none belongs.");
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_array_end(void *state)
{
	JsonObject *o = state;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (o->place == IN_ARRAY && form_at_hand(o) == JSON_ROWS)
	{
		o->place = IN_LIST;
		o->end_item(o);
	}
	else
		o->place = IN_OBJECT;
	JSON_ACTION_RETURN;
}

static JsonActionResult
on_field(void *state, char *name, bool isnull)
{
	JsonObject *o = state;
	JsonLevel  *level = o->level;
	int			key = 0;

	if (o->problem.detail != NULL)
		JSON_ACTION_RETURN;
	if (o->place == IN_MEMBERS)
	{
		o->member = pstrdup(name);
		JSON_ACTION_RETURN;
	}
	while (key < level->nkeys && strcmp(name, level->keys[key].name) != 0)
		key++;
	if (key == level->nkeys)
	{
		json_object_refuse(o, psprintf("The key \"%s\" is unknown.", clip(name)));
		JSON_ACTION_RETURN;
	}
	o->spelled = key;
	o->key = key > 0 && level->keys[key].other_name ? key - 1 : key;
	if (level->seen & (UINT32_C(1) << o->key))
		json_object_refuse(o, psprintf("The key \"%s\" is there twice.",
									   level->keys[o->key].name));
	level->seen |= UINT32_C(1) << o->key;
	level->spelled |= UINT32_C(1) << key;
	JSON_ACTION_RETURN;
}

void
json_object_read(JsonObject *object, const char *text)
{
	JsonSemAction actions = {0};

	object->level = &object->levels[0];
	actions.semstate = object;
	actions.object_start = on_object_start;
	actions.object_end = on_object_end;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field;
	actions.scalar = on_scalar;
	json_read(text, &actions, &object->problem, object->hint);
}
