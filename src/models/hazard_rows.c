/*
 * hazard_rows.c
 *		The rows that a hazard_model is fitted to: taking and merging them.
 */
#include "models/hazard_rows.h"

#include <math.h>

#include "base/aggregate.h"
#include "base/clip.h"
#include "metrics/survival/duration.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define FIRST_ROWS 16
#define WEIGHT_MAX 9007199254740992.0	/* 2^53: exact in a double */

typedef struct LevelKey
{
	uint64		hash;
	const char *text;
	int			len;
} LevelKey;

typedef struct LevelEntry
{
	LevelKey	key;
	int			place;
	char		status;
} LevelEntry;

#define SH_PREFIX levels
#define SH_ELEMENT_TYPE LevelEntry
#define SH_KEY_TYPE LevelKey
#define SH_KEY key
#define SH_SCOPE static inline
#define SH_HASH_KEY(tb, k) ((uint32) (k).hash)
#define SH_EQUAL(tb, a, b) \
	((a).hash == (b).hash && (a).len == (b).len && memcmp((a).text, (b).text, (a).len) == 0)
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static const char *const role_names[HAZARD_ROLES] = {
	[HAZARD_ENTERED] = "entered", [HAZARD_STRATA] = "strata",
	[HAZARD_WEIGHT] = "weight"
};

/* SSPACE of the aggregates in the SQL script. */
StaticAssertDecl(sizeof(HazardRows) <= 1024, "a HazardRows is larger than SSPACE says");

/* ----------------------------------------------------------------
 *		Options
 * ----------------------------------------------------------------
 */

#define OPTIONS_HINT "Options name keys of the covariates, for example {\"entered\": \"joined_at_age\", \"strata\": \"plan\", \"weight\": \"n\"}."

pg_noreturn static void refuse_option(const char *detail);

static void
refuse_option(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options of a hazard_model are not what they should be"),
			 errdetail_internal("%s", detail),
			 errhint(OPTIONS_HINT)));
}

/* Which role an option gives to a key. */
static HazardRole
option_role(const JsonbValue *name)
{
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
		if (strlen(role_names[role]) == name->val.string.len &&
			memcmp(role_names[role], name->val.string.val,
				   name->val.string.len) == 0)
			return role;
	refuse_option(psprintf("There is no option \"%s\".",
						   clip_bytes(name->val.string.val, name->val.string.len)));
}

/* What options name, palloc'd; NULL options name nothing. */
static void
take_options(const char **names, Jsonb *options)
{
	JsonbIterator *it;
	JsonbValue	value;

	memset(names, 0, HAZARD_ROLES * sizeof(char *));
	if (options == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(options))
		refuse_option("They are no JSON object.");
	it = JsonbIteratorInit(&options->root);
	(void) JsonbIteratorNext(&it, &value, true);
	while (JsonbIteratorNext(&it, &value, true) == WJB_KEY)
	{
		HazardRole	role = option_role(&value);

		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type != jbvString || value.val.string.len == 0 ||
			value.val.string.len > COVARIATE_BYTES)
			refuse_option(psprintf("The value of \"%s\" is not the name of a covariate.",
								   role_names[role]));
		names[role] = pnstrdup(value.val.string.val, value.val.string.len);
	}
	for (int a = HAZARD_ENTERED; a < HAZARD_ROLES; a++)
		for (int b = a + 1; b < HAZARD_ROLES; b++)
			if (names[a] != NULL && names[b] != NULL && strcmp(names[a], names[b]) == 0)
				refuse_option(psprintf("\"%s\" and \"%s\" name the same covariate.",
									   role_names[a], role_names[b]));
}

HazardRows *
hazard_rows_create(MemoryContext context, Jsonb *options)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	HazardRows *state = palloc0(sizeof(HazardRows));

	state->magic = HAZARD_ROWS_MAGIC;
	state->context = context;
	state->salt = salt_draw();
	state->nkeys = -1;
	take_options(state->names, options);
	if (options != NULL)
	{
		state->options = palloc(VARSIZE(options));
		memcpy(state->options, options, VARSIZE(options));
	}
	MemoryContextSwitchTo(old);
	return state;
}

HazardRows *
hazard_rows_like(MemoryContext context, const HazardRows *other)
{
	HazardRows *state = hazard_rows_create(context, NULL);

	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
		if (other->names[role] != NULL)
			state->names[role] = MemoryContextStrdup(context, other->names[role]);
	return state;
}

/* Names as the options that they are, for a message. */
static const char *
options_text(const char *const *names)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
		if (names[role] != NULL)
			appendStringInfo(&out, "%s\"%s\": \"%s\"", out.len > 0 ? ", " : "",
							 role_names[role], clip(names[role]));
	return out.len == 0 ? "none" : psprintf("{%s}", out.data);
}

static void
same_names(const HazardRows *state, const char *const *names)
{
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
		if ((state->names[role] == NULL) != (names[role] == NULL) ||
			(names[role] != NULL && strcmp(state->names[role], names[role]) != 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("options must be the same for all rows of a group"),
					 errdetail("Both %s and %s were given.",
							   options_text(state->names), options_text(names)),
					 errhint("Pass a constant, or GROUP BY the column they come from.")));
}

void
hazard_rows_options(const HazardRows *state, Jsonb *options)
{
	const char *names[HAZARD_ROLES];

	/* equal objects have equal bytes */
	if (options != NULL && state->options != NULL &&
		VARSIZE(options) == VARSIZE(state->options) &&
		memcmp(options, state->options, VARSIZE(options)) == 0)
		return;
	take_options(names, options);
	same_names(state, names);
}

HazardRows *
hazard_rows_argument(FunctionCallInfo fcinfo, int n)
{
	HazardRows *state = (HazardRows *) PG_GETARG_POINTER(n);

	if (unlikely(state->magic != HAZARD_ROWS_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of a hazard_model")));
	return state;
}

/* ----------------------------------------------------------------
 *		Keys
 * ----------------------------------------------------------------
 */

void
hazard_rows_keys(HazardRows *state, int n, const char *const *names,
				 const int *lens)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);
	int			covariates = 0;

	state->keys = palloc0(Max(n, 1) * sizeof(HazardKey));
	for (int i = 0; i < n; i++)
	{
		HazardKey  *key = &state->keys[i];

		key->name = pnstrdup(names[i], lens[i]);
		key->name_len = lens[i];
		for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
			if (state->names[role] != NULL && strcmp(key->name, state->names[role]) == 0)
				key->role = role;
		covariates += key->role == HAZARD_COVARIATE;
	}
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
	{
		int			i = 0;

		while (state->names[role] != NULL && i < n && state->keys[i].role != role)
			i++;
		if (state->names[role] != NULL && i == n)
			refuse_option(psprintf("\"%s\" names the covariate \"%s\", which there is not.",
								   role_names[role], clip(state->names[role])));
	}
	if (covariates == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a hazard_model needs covariates"),
				 errdetail("The objects have no keys but those that the options name."),
				 errhint("Without covariates survival_curve(duration, churned) says how long customers stay.")));
	state->nkeys = n;
	state->width = ROW_KEYS + n;
	MemoryContextSwitchTo(old);
}

static void
refuse_levels(const HazardKey *key)
{
	if (key->role == HAZARD_STRATA)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many strata in a hazard_model"),
				 errdetail("There are more than %d.", HAZARD_MAX_STRATA),
				 errhint("A stratum needs customers to compare: group them.")));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("covariate \"%s\" has too many different texts", clip(key->name)),
			 errdetail("There are more than %d.", HAZARD_LEVELS),
			 errhint("Keep the most frequent ones and call the rest other, leave it out, or make it the strata by the options.")));
}

int
hazard_rows_level(HazardRows *state, HazardKey *key, const char *text, int len)
{
	LevelKey	wanted = {salt_hash_text(&state->salt, text, len), text, len};
	LevelEntry *entry = key->levels == NULL ? NULL :
		levels_lookup(key->levels, wanted);
	MemoryContext old;
	bool		found;

	if (entry != NULL)
		return entry->place;
	if (key->nlevels == (key->role == HAZARD_STRATA ? HAZARD_MAX_STRATA : HAZARD_LEVELS))
		refuse_levels(key);
	old = MemoryContextSwitchTo(state->context);
	if (key->levels == NULL)
		key->levels = levels_create(state->context, 8, NULL);
	if (key->nlevels == key->ntexts)
	{
		key->ntexts = Max(key->ntexts * 2, 8);
		key->texts = key->texts == NULL ? palloc(key->ntexts * sizeof(char *)) :
			repalloc(key->texts, key->ntexts * sizeof(char *));
	}
	wanted.text = pnstrdup(text, len);
	entry = levels_insert(key->levels, wanted, &found);
	entry->place = key->nlevels;
	key->texts[key->nlevels] = wanted.text;
	MemoryContextSwitchTo(old);
	return key->nlevels++;
}

static void
take_kind(HazardKey *key, CovariateKind kind)
{
	if (kind == COVARIATE_NULL || key->kind == kind)
		return;
	if (key->kind != COVARIATE_NULL)
		covariate_refuse_kinds(key->name, key->name_len, key->kind, kind);
	if ((key->role == HAZARD_ENTERED || key->role == HAZARD_WEIGHT) &&
		kind != COVARIATE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("covariate \"%s\", which the options call \"%s\", must be a number",
						clip(key->name), role_names[key->role]),
				 errdetail("It is %s.", covariate_noun(kind)),
				 errhint(OPTIONS_HINT)));
	key->kind = kind;
}

static void
refuse_keys(const char *name, int len)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("covariates of a hazard_model have different keys"),
			 errdetail("Some rows have \"%s\", others have not.",
					   clip_bytes(name, len)),
			 errhint("Give every row the same keys: null where a value is not known, which leaves the row out, or 0 or false where it is nothing.")));
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

float8 *
hazard_rows_room(HazardRows *state)
{
	if (unlikely(state->nrows == state->size))
	{
		if (state->size >= PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many rows in a hazard_model"),
					 errdetail("There are more than %d.", PG_INT32_MAX / 2),
					 errhint("Fit the model to a part of the customers drawn by lot.")));
		state->size = Max(state->size * 2, FIRST_ROWS);
		state->rows = state->rows == NULL ?
			MemoryContextAllocExtended(state->context, state->size * state->width * sizeof(float8),
									   MCXT_ALLOC_HUGE) :
			repalloc_huge(state->rows, state->size * state->width * sizeof(float8));
	}
	return state->rows + state->nrows * state->width;
}

void
hazard_rows_check(const HazardRows *state, const float8 *row)
{
	(void) duration_float8(Float8GetDatum(row[ROW_DURATION]), DURATION_LASTED);
	for (int i = 0; i < state->nkeys; i++)
	{
		float8		value = row[ROW_KEYS + i];

		if (state->keys[i].role == HAZARD_ENTERED)
			duration_check_late(value, row[ROW_DURATION]);
		if (state->keys[i].role == HAZARD_WEIGHT &&
			!(value >= 0 && value <= WEIGHT_MAX && value == floor(value)))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("weight must be a whole number, 0 or above"),
					 errdetail("It is %g.", value),
					 errhint("The weight is the number of customers a row stands for.")));
	}
}

/* A value of a key into the row; false when it is not known. */
static bool
take_value(HazardRows *state, HazardKey *key, const Covariate *c, float8 *value)
{
	take_kind(key, c->kind);
	switch (c->kind)
	{
		case COVARIATE_NULL:
			return false;
		case COVARIATE_NUMBER:
			*value = c->number;
			break;
		case COVARIATE_BOOLEAN:
			*value = c->flag;
			break;
		case COVARIATE_TEXT:
			*value = hazard_rows_level(state, key, c->text, c->text_len);
			break;
	}
	return true;
}

/* The keys of the first object. */
static void
first_keys(HazardRows *state, Jsonb *covariates)
{
	const char *names[COVARIATES_MAX];
	int			lens[COVARIATES_MAX];
	JsonbIterator *it = covariates_begin(covariates);
	Covariate	c;
	int			n = 0;

	while (covariates_next(&it, &c))
	{
		if (n == COVARIATES_MAX)
			covariates_refuse_many();
		names[n] = c.name;
		lens[n++] = c.name_len;
	}
	hazard_rows_keys(state, n, names, lens);
}

void
hazard_rows_add(HazardRows *state, float8 duration, bool churned,
				Jsonb *covariates)
{
	JsonbIterator *it;
	Covariate	c;
	float8	   *row;
	bool		known = true;
	int			i = 0;

	if (state->nkeys < 0)
		first_keys(state, covariates);
	it = covariates_begin(covariates);
	row = hazard_rows_room(state);
	row[ROW_DURATION] = duration + 0.0;
	row[ROW_EVENT] = churned;
	for (; covariates_next(&it, &c); i++)
	{
		HazardKey  *key = &state->keys[i];

		if (i == state->nkeys || key->name_len != c.name_len ||
			memcmp(key->name, c.name, c.name_len) != 0)
			refuse_keys(c.name, c.name_len);
		if (!take_value(state, key, &c, &row[ROW_KEYS + i]))
		{
			known = false;
			row[ROW_KEYS + i] = key->role == HAZARD_ENTERED ? -1 : 0;
		}
	}
	if (i < state->nkeys)
		refuse_keys(state->keys[i].name, state->keys[i].name_len);
	hazard_rows_check(state, row);
	if (known)
		state->nrows++;
	else
		state->left_out++;
}

void
hazard_rows_merge(HazardRows *into, const HazardRows *from)
{
	int		  **places;

	same_names(into, from->names);
	into->left_out += from->left_out;
	if (from->nkeys < 0)
		return;
	if (into->nkeys < 0)
	{
		const char **names = palloc((from->nkeys + 1) * sizeof(char *));
		int		   *lens = palloc((from->nkeys + 1) * sizeof(int));

		for (int i = 0; i < from->nkeys; i++)
		{
			names[i] = from->keys[i].name;
			lens[i] = from->keys[i].name_len;
		}
		hazard_rows_keys(into, from->nkeys, names, lens);
	}
	places = palloc((from->nkeys + 1) * sizeof(int *));
	for (int i = 0; i < Max(from->nkeys, into->nkeys); i++)
	{
		HazardKey  *key = &into->keys[i];
		const HazardKey *other = &from->keys[i];

		if (i == into->nkeys)
			refuse_keys(other->name, other->name_len);
		if (i == from->nkeys || strcmp(key->name, other->name) != 0)
			refuse_keys(key->name, key->name_len);
		take_kind(key, other->kind);
		places[i] = palloc((other->nlevels + 1) * sizeof(int));
		for (int l = 0; l < other->nlevels; l++)
			places[i][l] = hazard_rows_level(into, key, other->texts[l],
											 (int) strlen(other->texts[l]));
	}
	for (int64 r = 0; r < from->nrows; r++)
	{
		const float8 *row = from->rows + r * from->width;
		float8	   *to = hazard_rows_room(into);

		CHECK_FOR_INTERRUPTS();
		memcpy(to, row, from->width * sizeof(float8));
		for (int i = 0; i < from->nkeys; i++)
			if (from->keys[i].kind == COVARIATE_TEXT)
				to[ROW_KEYS + i] = places[i][(int) row[ROW_KEYS + i]];
		into->nrows++;
	}
}
