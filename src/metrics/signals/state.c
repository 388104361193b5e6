/*
 * signals/state.c
 *		Customers and outcomes by trait and value.
 *
 * A table of traits by name, and for each a table of its values; all counts are
 * sums, and what a table holds follows from the values alone (see type.h for the
 * grid of numbers), so neither order nor parts matter.
 */
#include "metrics/signals/state.h"

#include "base/aggregate.h"
#include "base/clip.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"

/* A name or a text with its hash; or a number, the cell itself, with none. */
typedef struct Word
{
	uint64		word;
	const char *text;			/* NULL: a number */
	int			len;
} Word;

static inline bool
same_word(const Word *a, const Word *b)
{
	if (a->word != b->word || a->len != b->len)
		return false;
	if (a->text == NULL || b->text == NULL)
		return a->text == b->text;
	return memcmp(a->text, b->text, a->len) == 0;
}

typedef struct ValueEntry
{
	Word		key;
	int64		customers;
	int64		outcomes;
	uint32		hash;
	char		status;
} ValueEntry;

#define SH_PREFIX values
#define SH_ELEMENT_TYPE ValueEntry
#define SH_KEY_TYPE Word
#define SH_KEY key
#define SH_SCOPE static inline
#define SH_HASH_KEY(tb, k) ((uint32) salt_hash((const Salt *) (tb)->private_data, (k).word))
#define SH_EQUAL(tb, a, b) same_word(&(a), &(b))
#define SH_STORE_HASH
#define SH_GET_HASH(tb, e) (e)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct TraitEntry
{
	Word		key;
	CovariateKind kind;			/* COVARIATE_NULL as long as none was known */
	int			grid;
	int64		unknown;
	int64		unknown_outcomes;
	values_hash *values;		/* NULL at first */
	uint32		hash;
	char		status;
} TraitEntry;

#define SH_PREFIX traits
#define SH_ELEMENT_TYPE TraitEntry
#define SH_KEY_TYPE Word
#define SH_KEY key
#define SH_SCOPE static inline
#define SH_HASH_KEY(tb, k) ((uint32) salt_hash((const Salt *) (tb)->private_data, (k).word))
#define SH_EQUAL(tb, a, b) same_word(&(a), &(b))
#define SH_STORE_HASH
#define SH_GET_HASH(tb, e) (e)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* SSPACE of the aggregates in the SQL script. */
StaticAssertDecl(sizeof(SignalsState) <= 1024, "a SignalsState is larger than SSPACE says");

SignalsState *
signals_create(MemoryContext context)
{
	SignalsState *state = MemoryContextAllocZero(context, sizeof(SignalsState));

	state->magic = SIGNALS_MAGIC;
	state->context = context;
	state->salt = salt_draw();
	state->traits = traits_create(context, 8, &state->salt);
	return state;
}

SignalsState *
signals_argument(FunctionCallInfo fcinfo, int n)
{
	SignalsState *state = (SignalsState *) PG_GETARG_POINTER(n);

	if (unlikely(state->magic != SIGNALS_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not one of signals")));
	return state;
}

/* ----------------------------------------------------------------
 *		Traits
 * ----------------------------------------------------------------
 */

static Word
word_of_text(const Salt *salt, const char *text, int len)
{
	return (Word) {salt_hash_text(salt, text, len), text, len};
}

static char *
keep_text(MemoryContext context, const char *text, int len)
{
	char	   *copy = MemoryContextAlloc(context, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

static TraitEntry *
find_trait(SignalsState *state, const char *name, int len)
{
	Word		key = word_of_text(&state->salt, name, len);
	TraitEntry *trait = traits_lookup(state->traits, key);
	bool		found;

	if (trait != NULL)
		return trait;
	if (state->traits->members >= COVARIATES_MAX)
		covariates_refuse_many();
	key.text = keep_text(state->context, name, len);
	trait = traits_insert(state->traits, key, &found);
	trait->kind = COVARIATE_NULL;
	trait->grid = 0;
	trait->unknown = trait->unknown_outcomes = 0;
	trait->values = NULL;
	return trait;
}

static void
take_kind(TraitEntry *trait, CovariateKind kind)
{
	if (trait->kind == COVARIATE_NULL)
		trait->kind = kind;
	else if (unlikely(trait->kind != kind))
		covariate_refuse_kinds(trait->key.text, trait->key.len, trait->kind, kind);
}

/* ----------------------------------------------------------------
 *		Values
 * ----------------------------------------------------------------
 */

static void
refuse_texts(const TraitEntry *trait)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("covariate \"%s\" has too many different texts",
					clip(trait->key.text)),
			 errdetail("There are more than %d.", SIGNALS_TEXTS),
			 errhint("What differs from customer to customer tells nothing about others: leave it out with covariates - 'name', or group it.")));
}

/* Add to a value that the table may not have yet. */
static void
count_value(SignalsState *state, values_hash *values, Word key, int64 customers,
			int64 outcomes)
{
	ValueEntry *entry = values_lookup(values, key);
	bool		found;

	if (entry == NULL)
	{
		if (key.text != NULL)
			key.text = keep_text(state->context, key.text, key.len);
		entry = values_insert(values, key, &found);
		entry->customers = entry->outcomes = 0;
	}
	entry->customers += customers;
	entry->outcomes += outcomes;
}

/* Go to a coarser grid. */
static void
coarsen(SignalsState *state, TraitEntry *trait, int grid)
{
	values_hash *fine = trait->values;
	values_hash *coarse = values_create(state->context, 16, &state->salt);
	values_iterator i;
	ValueEntry *entry;

	values_start_iterate(fine, &i);
	while ((entry = values_iterate(fine, &i)) != NULL)
	{
		Word		key = {.word = entry->key.word >> grid << grid};

		count_value(state, coarse, key, entry->customers, entry->outcomes);
	}
	trait->values = coarse;
	trait->grid = grid;
	values_destroy(fine);
}

static void
add_word(SignalsState *state, TraitEntry *trait, Word key, int64 customers,
		 int64 outcomes)
{
	if (trait->values == NULL)
		trait->values = values_create(state->context, 2, &state->salt);
	count_value(state, trait->values, key, customers, outcomes);
	if (trait->kind == COVARIATE_NUMBER)
		while (unlikely(trait->values->members > SIGNALS_NUMBERS))
			coarsen(state, trait, trait->grid + 1);
	else if (unlikely(trait->values->members > SIGNALS_TEXTS))
		refuse_texts(trait);
}

static void
add_number(SignalsState *state, TraitEntry *trait, float8 number,
		   int64 customers, int64 outcomes)
{
	Word		key = {.word = signals_cell(number, trait->grid)};

	add_word(state, trait, key, customers, outcomes);
}

static void
add_text(SignalsState *state, TraitEntry *trait, const char *text, int len,
		 int64 customers, int64 outcomes)
{
	add_word(state, trait, word_of_text(&state->salt, text, len), customers,
			 outcomes);
}

/* ----------------------------------------------------------------
 *		Customers
 * ----------------------------------------------------------------
 */

void
signals_add(SignalsState *state, bool outcome, Jsonb *covariates)
{
	JsonbIterator *it = covariates_begin(covariates);
	Covariate	c;

	state->customers++;
	state->outcomes += outcome;
	while (covariates_next(&it, &c))
	{
		TraitEntry *trait = find_trait(state, c.name, c.name_len);

		if (c.kind == COVARIATE_NULL)
		{
			trait->unknown++;
			trait->unknown_outcomes += outcome;
			continue;
		}
		take_kind(trait, c.kind);
		if (c.kind == COVARIATE_NUMBER)
			add_number(state, trait, c.number, 1, outcome);
		else if (c.kind == COVARIATE_TEXT)
			add_text(state, trait, c.text, c.text_len, 1, outcome);
		else if (c.flag)
			add_text(state, trait, "true", 4, 1, outcome);
		else
			add_text(state, trait, "false", 5, 1, outcome);
	}
}

static void
add_trait(SignalsState *state, const SignalTrait *from)
{
	TraitEntry *trait = find_trait(state, from->name, (int) strlen(from->name));
	int			kind = covariate_kind(from->kind);

	trait->unknown += from->unknown;
	trait->unknown_outcomes += from->unknown_outcomes;
	if (from->nvalues == 0)
		return;
	take_kind(trait, kind);
	if (from->grid > trait->grid)
	{
		if (trait->values != NULL)
			coarsen(state, trait, (int) from->grid);
		trait->grid = (int) from->grid;
	}
	for (int64 i = 0; i < from->nvalues; i++)
	{
		const SignalValue *v = &from->values[i];

		CHECK_FOR_INTERRUPTS();
		if (kind == COVARIATE_NUMBER)
			add_number(state, trait, strtod(v->value, NULL), v->customers,
					   v->outcomes);
		else
			add_text(state, trait, v->value, (int) strlen(v->value),
					 v->customers, v->outcomes);
	}
}

void
signals_add_value(SignalsState *state, const Signals *signals)
{
	if (signals->customers > PG_INT64_MAX - state->customers)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers in signals"),
				 errdetail("They add up to more than %lld.",
						   (long long) PG_INT64_MAX),
				 errhint("Add up the signals of disjoint customers, each once.")));
	state->customers += signals->customers;
	state->outcomes += signals->outcomes;
	for (int64 i = 0; i < signals->ntraits; i++)
		add_trait(state, &signals->traits[i]);
}

/* ----------------------------------------------------------------
 *		Values of states
 * ----------------------------------------------------------------
 */

static int
compare_entries(const void *a, const void *b)
{
	const ValueEntry *x = *(ValueEntry *const *) a;
	const ValueEntry *y = *(ValueEntry *const *) b;

	if (x->key.text != NULL)
		return strcmp(x->key.text, y->key.text);
	return (x->key.word > y->key.word) - (x->key.word < y->key.word);
}

static int
compare_traits(const void *a, const void *b)
{
	return strcmp((*(TraitEntry *const *) a)->key.text,
				  (*(TraitEntry *const *) b)->key.text);
}

static void
take_values(const TraitEntry *trait, SignalTrait *into)
{
	values_iterator i;
	ValueEntry *entry;
	ValueEntry **entries;
	int64		n = 0;

	into->nvalues = trait->values == NULL ? 0 : trait->values->members;
	into->values = palloc(Max(into->nvalues, 1) * sizeof(SignalValue));
	if (into->nvalues == 0)
		return;
	entries = palloc(into->nvalues * sizeof(ValueEntry *));
	values_start_iterate(trait->values, &i);
	while ((entry = values_iterate(trait->values, &i)) != NULL)
		entries[n++] = entry;
	qsort(entries, n, sizeof(ValueEntry *), compare_entries);
	for (int64 v = 0; v < n; v++)
	{
		char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

		CHECK_FOR_INTERRUPTS();
		entry = entries[v];
		if (entry->key.text == NULL)
			double_to_shortest_decimal_buf(signals_number(entry->key.word), text);
		into->values[v] = (SignalValue) {
			entry->key.text != NULL ? entry->key.text : pstrdup(text),
			entry->customers, entry->outcomes
		};
	}
	pfree(entries);
}

Signals *
signals_value(const SignalsState *state)
{
	Signals    *signals = palloc0(sizeof(Signals));
	traits_iterator i;
	TraitEntry *entry;
	TraitEntry **entries;
	int64		n = 0;

	signals->customers = state->customers;
	signals->outcomes = state->outcomes;
	signals->ntraits = state->traits->members;
	signals->traits = palloc(Max(signals->ntraits, 1) * sizeof(SignalTrait));
	entries = palloc(Max(signals->ntraits, 1) * sizeof(TraitEntry *));
	traits_start_iterate(state->traits, &i);
	while ((entry = traits_iterate(state->traits, &i)) != NULL)
		entries[n++] = entry;
	qsort(entries, n, sizeof(TraitEntry *), compare_traits);
	for (int64 t = 0; t < n; t++)
	{
		entry = entries[t];
		signals->traits[t] = (SignalTrait) {
			.name = entry->key.text, .kind = covariate_word(entry->kind),
			.grid = entry->grid, .unknown = entry->unknown,
			.unknown_outcomes = entry->unknown_outcomes
		};
		take_values(entry, &signals->traits[t]);
	}
	pfree(entries);
	return signals;
}
