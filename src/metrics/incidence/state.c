/*
 * incidence/state.c
 *		Customers by reason and time: the state of the aggregates that make
 *		incidence curves.
 */
#include "metrics/incidence/state.h"

#include "base/clip.h"
#include "common/hashfn.h"
#include "miscadmin.h"

#define FIRST_REASONS 8

static inline uint32
name_hash(const Salt *salt, const char *name)
{
	return (uint32) salt_hash(salt, hash_bytes_extended((const unsigned char *) name,
														(int) strlen(name),
														salt->add));
}

#define SH_PREFIX reasons
#define SH_ELEMENT_TYPE ReasonEntry
#define SH_KEY_TYPE const char *
#define SH_KEY name
#define SH_SCOPE static inline
#define SH_HASH_KEY(tb, k) name_hash((const Salt *) (tb)->private_data, k)
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, e) (e)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(IncidenceState) + FIRST_REASONS * sizeof(LivesTable) <= 1024,
				 "an IncidenceState is larger than SSPACE says");

const LivesWords incidence_words = LIVES_OF_CURVE("an incidence curve");

IncidenceState *
incidence_create(MemoryContext context)
{
	IncidenceState *state = MemoryContextAllocZero(context, sizeof(IncidenceState));

	state->head.magic = INCIDENCE_MAGIC;
	state->head.context = context;
	lives_begin(&state->kept, context, &incidence_words);
	state->size = FIRST_REASONS;
	state->left = MemoryContextAlloc(context, state->size * sizeof(LivesTable));
	state->salt = salt_draw();
	state->table = reasons_create(context, FIRST_REASONS, &state->salt);
	return state;
}

/* ----------------------------------------------------------------
 *		Reasons
 * ----------------------------------------------------------------
 */

static void
refuse_long(const char *reason, Size len)
{
	ereport(ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 errmsg("reason is too long"),
			 errdetail("\"%s\" has %zu bytes, and %d are the most.",
					   clip_bytes(reason, len), len, INCIDENCE_REASON_BYTES),
			 errhint("Pass a code or a short name, which many customers share, not what they wrote.")));
}

static void
refuse_many(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many different reasons in an incidence curve"),
			 errdetail("There are more than %d.", INCIDENCE_MAX_REASONS),
			 errhint("Pass a code or a short name, which many customers share, and put rare ones together.")));
}

/* The place of a new table for a reason. */
static int
add_reason(IncidenceState *state)
{
	if (state->nreasons == INCIDENCE_MAX_REASONS)
		refuse_many();
	if (state->nreasons == state->size)
	{
		state->size *= 2;
		state->left = repalloc(state->left, state->size * sizeof(LivesTable));
	}
	lives_begin(&state->left[state->nreasons], state->head.context, &incidence_words);
	return state->nreasons++;
}

LivesTable *
incidence_reason(IncidenceState *state, const char *reason, Size len)
{
	char		name[INCIDENCE_REASON_BYTES + 1];
	ReasonEntry *entry;
	bool		found;

	if (unlikely(len > INCIDENCE_REASON_BYTES))
		refuse_long(reason, len);
	/* often that of the row before */
	if (state->name == NULL || strncmp(state->name, reason, len) != 0 ||
		state->name[len] != '\0')
	{
		memcpy(name, reason, len);
		name[len] = '\0';
		entry = reasons_insert(state->table, name, &found);
		if (!found)
		{
			entry->name = MemoryContextStrdup(state->head.context, name);
			entry->place = add_reason(state);
		}
		state->name = entry->name;
		state->place = entry->place;
	}
	return &state->left[state->place];
}

/* ----------------------------------------------------------------
 *		Curves
 * ----------------------------------------------------------------
 */

/* Add all of a curve. */
void
incidence_add_curve(IncidenceState *state, const IncidenceCurve *curve)
{
	for (int64 i = 0; i < curve->nreasons; i++)
	{
		const IncidenceReason *reason = &curve->reasons[i];
		LivesTable *table = reason->name[0] == '\0' ? &state->kept :
			incidence_reason(state, reason->name, strlen(reason->name));

		for (int64 j = 0; j < reason->ntimes; j++)
		{
			CHECK_FOR_INTERRUPTS();
			incidence_add(state, table, reason->times[j].at,
						  reason->times[j].customers);
		}
	}
}

static inline int
compare_reasons(const IncidenceReason *a, const IncidenceReason *b)
{
	return strcmp(a->name, b->name);
}

#define ST_SORT sort_reasons
#define ST_ELEMENT_TYPE IncidenceReason
#define ST_COMPARE(a, b) compare_reasons(a, b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The customers of a table, if there are any, as those of a reason. */
static void
put_reason(IncidenceCurve *curve, const char *name, LivesTable *table)
{
	IncidenceReason *reason = &curve->reasons[curve->nreasons];

	lives_sort(table);
	if (table->n == 0)
		return;
	curve->nreasons++;
	reason->name = name;
	reason->ntimes = table->n;
	reason->times = palloc_extended(table->n * sizeof(IncidenceTime),
									MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < table->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reason->times[i].at = lives_time(table->lives[i].key);
		reason->times[i].customers = table->lives[i].count;
	}
}

/* The curve of a state that has customers. */
IncidenceCurve *
incidence_curve(IncidenceState *state)
{
	IncidenceCurve *curve = palloc0(sizeof(IncidenceCurve));
	reasons_iterator i;
	const ReasonEntry *entry;

	curve->customers = state->head.customers;
	curve->reasons = palloc((state->nreasons + 1) * sizeof(IncidenceReason));
	put_reason(curve, "", &state->kept);
	reasons_start_iterate(state->table, &i);
	while ((entry = reasons_iterate(state->table, &i)) != NULL)
		put_reason(curve, entry->name, &state->left[entry->place]);
	sort_reasons(curve->reasons, curve->nreasons);
	curve->flags = incidence_flags(curve);
	return curve;
}
