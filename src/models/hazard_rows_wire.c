/*
 * hazard_rows_wire.c
 *		The rows of a hazard_model as the bytes that a worker hands over.
 *
 * One wire.h stream:
 *
 *	byte	version (1)
 *	text	keys that the options name, or "": entered, strata, weight
 *	uint	rows left out
 *	uint	0 when no keys are known, else their number and 1; then for each:
 *		text	its name
 *		uint	its kind
 *		uint	number of texts, and the texts
 *	uint	number of rows; then for each:
 *		double	duration, and of each key its number, or the place of its text
 *		byte	1 for churned
 */
#include "models/hazard_rows.h"

#include <math.h>

#include "base/wire.h"
#include "miscadmin.h"

#define STATE_HINT "SET max_parallel_workers_per_gather = 0: then no worker hands its rows over."

bytea *
hazard_rows_pack(const HazardRows *state)
{
	WireWriter	w;
	const uint8 version = 1;

	wire_writer_init(&w, 256 + state->nrows * (state->width * sizeof(float8) + 1),
					 "the state of a hazard_model", STATE_HINT);
	wire_put_bytes(&w, &version, 1);
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
		wire_put_text(&w, state->names[role] == NULL ? "" : state->names[role]);
	wire_put(&w, state->left_out);
	wire_put(&w, state->nkeys + 1);
	for (int i = 0; i < state->nkeys; i++)
	{
		const HazardKey *key = &state->keys[i];

		wire_put_text(&w, key->name);
		wire_put(&w, key->kind);
		wire_put(&w, key->nlevels);
		for (int l = 0; l < key->nlevels; l++)
			wire_put_text(&w, key->texts[l]);
	}
	wire_put(&w, state->nrows);
	for (int64 r = 0; r < state->nrows; r++)
	{
		const float8 *row = state->rows + r * state->width;
		uint8		event = row[ROW_EVENT] != 0;

		CHECK_FOR_INTERRUPTS();
		wire_put_double(&w, row[ROW_DURATION]);
		for (int i = ROW_KEYS; i < state->width; i++)
			wire_put_double(&w, row[i]);
		wire_put_bytes(&w, &event, 1);
	}
	return wire_finish(&w);
}

static void
get_keys(WireReader *r, HazardRows *state, int n)
{
	const char **names = palloc((n + 1) * sizeof(char *));
	int		   *lens = palloc((n + 1) * sizeof(int));
	uint64	   *kinds = palloc((n + 1) * sizeof(uint64));
	int		   *nlevels = palloc((n + 1) * sizeof(int));
	char	 ***texts = palloc((n + 1) * sizeof(char **));

	for (int i = 0; i < n; i++)
	{
		names[i] = wire_get_text(r, COVARIATE_BYTES);
		lens[i] = (int) strlen(names[i]);
		kinds[i] = wire_get_max(r, COVARIATE_TEXT, "A kind is unknown.");
		nlevels[i] = (int) wire_get_max(r, HAZARD_MAX_STRATA, "There are too many texts.");
		if (nlevels[i] > 0 && kinds[i] != COVARIATE_TEXT)
			wire_corrupt(r, "A covariate that is no text has texts.");
		texts[i] = palloc((nlevels[i] + 1) * sizeof(char *));
		for (int l = 0; l < nlevels[i]; l++)
			texts[i][l] = wire_get_text(r, COVARIATE_BYTES);
	}
	hazard_rows_keys(state, n, names, lens);
	for (int i = 0; i < n; i++)
	{
		HazardKey  *key = &state->keys[i];

		key->kind = (CovariateKind) kinds[i];
		for (int l = 0; l < nlevels[i]; l++)
			if (hazard_rows_level(state, key, texts[i][l],
								  (int) strlen(texts[i][l])) != l)
				wire_corrupt(r, "A text is there twice.");
	}
}

static void
get_row(WireReader *r, HazardRows *state)
{
	float8	   *row = hazard_rows_room(state);
	uint8		event;

	row[ROW_DURATION] = wire_get_double(r);
	for (int i = 0; i < state->nkeys; i++)
	{
		const HazardKey *key = &state->keys[i];
		float8		value = wire_get_double(r);

		row[ROW_KEYS + i] = value;
		if (key->kind == COVARIATE_NULL ||
			(key->kind == COVARIATE_BOOLEAN && value != 0 && value != 1) ||
			(key->kind == COVARIATE_TEXT &&
			 !(value >= 0 && value < key->nlevels && value == floor(value))))
			wire_corrupt(r, "A value is not one of its covariate.");
		if ((key->role == HAZARD_ENTERED || key->role == HAZARD_WEIGHT) &&
			key->kind != COVARIATE_NUMBER)
			wire_corrupt(r, "A value is not one of its covariate.");
	}
	event = *wire_get_bytes(r, 1);
	if (event > 1)
		wire_corrupt(r, "A byte is neither 0 nor 1.");
	row[ROW_EVENT] = event;
	hazard_rows_check(state, row);
	state->nrows++;
}

/* In the memory of the call: merged at once, and then forgotten. */
HazardRows *
hazard_rows_unpack(const bytea *bytes)
{
	WireReader	r;
	HazardRows *state;
	uint64		left_out;
	int			nkeys;
	int64		nrows;

	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					 "parallel aggregate state");
	if (*wire_get_bytes(&r, 1) != 1)
		wire_corrupt(&r, "The version is unknown.");
	state = hazard_rows_create(CurrentMemoryContext, NULL);
	for (int role = HAZARD_ENTERED; role < HAZARD_ROLES; role++)
	{
		const char *name = wire_get_text(&r, COVARIATE_BYTES);

		state->names[role] = *name == '\0' ? NULL : name;
	}
	left_out = wire_get_max(&r, PG_INT64_MAX / 2, "A count is too large.");
	state->left_out = (int64) left_out;
	nkeys = (int) wire_get_max(&r, COVARIATES_MAX + 1, "There are too many covariates.") - 1;
	if (nkeys >= 0)
		get_keys(&r, state, nkeys);
	nrows = (int64) wire_get_max(&r, (r.end - r.at) / 9, "There are more rows than bytes for them.");
	if (nkeys < 0 && nrows > 0)
		wire_corrupt(&r, "There are rows without keys.");
	for (; nrows > 0; nrows--)
	{
		CHECK_FOR_INTERRUPTS();
		get_row(&r, state);
	}
	wire_get_end(&r);
	return state;
}
