/*
 * groups.c
 *		A scan below an aggregate with GROUP BY.
 *
 * PostgreSQL's node of the aggregate keeps a state of each group in a hash
 * table.  A row whose group is in there goes to the transition functions at
 * once.  Any other row is given to the node the usual way, and it makes the
 * group of it, or writes the row to a file where it has no memory for more
 * groups; the scan goes on behind that row.  So the node sees the rows in their
 * order, and what it holds in memory and writes is what it would without.
 *
 * In front of its hash table is a smaller one by the bytes of the keys.  Two
 * rows whose keys have the same bytes are of one group; what is of one group and has
 * other bytes, such as 1.0 and 1.00, is found in the node's table.
 */
#include "scan/scan.h"

#include "executor/executor.h"
#include "executor/nodeAgg.h"

/* A key of GROUP BY. */
typedef struct GroupKey
{
	int			column;			/* of the scan slot, from 0 */
	ExprState  *expression;		/* over the scan slot, or NULL: the column */
	int16		length;			/* as pg_type has them */
	bool		by_value;
} GroupKey;

/*
 * The bytes of the keys: a word that says how many words there are and which
 * keys are NULL, then each of the others in whole words, filled up with zero
 * bytes.
 */
#define IMAGE_WORDS 8

typedef struct GroupImage
{
	uint64		words[IMAGE_WORDS];
	int			nwords;
} GroupImage;

#define IMAGE_LENGTH(nwords) ((uint64) (nwords) << 32)

/*
 * A group found before, in a place that its image says; one of as many words
 * as images can have here.  A place whose first word is zero is free.
 */
typedef struct KnownGroup
{
	AggStatePerGroup states;
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} KnownGroup;

#define KNOWN_BITS_MIN 6
#define KNOWN_BITS_MAX 15

/*
 * Rows are counted in rounds.  After one of which most went the usual way so do
 * the next ones, without a search before; all that follow where there is no room
 * for more groups.
 */
#define ROUND_ROWS 1024
#define REST_ROWS (8 * ROUND_ROWS)

typedef struct Groups
{
	const AggState *agg;		/* the node */
	AggStatePerHash hash;		/* its hash table */
	bool		given;			/* it was given a row since the last search */
	GroupKey   *keys;
	NullableDatum *values;		/* of a row */
	int			nkeys;
	MemoryContext context;		/* of the query */
	char	   *known;			/* places of known groups */
	Size		known_size;		/* of a place */
	int			known_bits;		/* there are 2 to this power of them */
	int			replaced;		/* of them, since there are so many */
	int			looked;			/* rows of this round */
	int			missed;			/* of them, those of no known group */
	int64		resting;		/* rows to go the usual way */
} Groups;

/* Can the node be fed?  It has one hash table, and all groups are in there. */
bool
groups_accept(const AggState *agg)
{
	return agg->aggstrategy == AGG_HASHED && agg->num_hashes == 1 &&
		agg->perhash != NULL;
}

static void
renew_known(Groups *groups, int bits)
{
	if (groups->known != NULL)
		pfree(groups->known);
	groups->known = MemoryContextAllocZero(groups->context,
										   groups->known_size << bits);
	groups->known_bits = bits;
	groups->replaced = 0;
}

/* The groups of a node, in the memory of the query. */
Groups *
groups_plan(RetentionScan *scan, const AggState *agg)
{
	const Plan *plan = scan->css.ss.ps.plan;
	Groups	   *groups = palloc0(sizeof(Groups));
	TupleDesc	desc = agg->perhash[0].hashslot->tts_tupleDescriptor;
	bool		by_value = true;
	int			nwords;

	groups->agg = agg;
	groups->hash = &agg->perhash[0];
	groups->nkeys = groups->hash->numCols;
	groups->keys = palloc0(groups->nkeys * sizeof(GroupKey));
	groups->values = palloc0(groups->nkeys * sizeof(NullableDatum));
	for (int i = 0; i < groups->nkeys; i++)
	{
		GroupKey   *key = &groups->keys[i];
		const TargetEntry *entry = list_nth(plan->targetlist,
											groups->hash->hashGrpColIdxInput[i] - 1);

		key->length = TupleDescAttr(desc, i)->attlen;
		key->by_value = TupleDescAttr(desc, i)->attbyval;
		if (IsA(entry->expr, Var))
			key->column = ((const Var *) entry->expr)->varattno - 1;
		else
			key->expression = ExecInitExpr(entry->expr, &scan->css.ss.ps);
		by_value = by_value && key->by_value;
	}
	nwords = by_value ? Min(1 + groups->nkeys, IMAGE_WORDS) : IMAGE_WORDS;
	groups->context = CurrentMemoryContext;
	groups->known_size = offsetof(KnownGroup, words) + nwords * sizeof(uint64);
	return groups;
}

/* The node begins again: there are no groups. */
void
groups_begin(Groups *groups)
{
	renew_known(groups, KNOWN_BITS_MIN);
	groups->looked = groups->missed = groups->resting = 0;
	groups->given = true;
}

static inline void
take_keys(Groups *groups, ExprContext *econtext, const TupleTableSlot *slot)
{
	for (int i = 0; i < groups->nkeys; i++)
	{
		const GroupKey *key = &groups->keys[i];
		NullableDatum *value = &groups->values[i];

		if (key->expression != NULL)
			value->value = ExecEvalExprSwitchContext(key->expression, econtext,
													 &value->isnull);
		else
		{
			value->value = slot->tts_values[key->column];
			value->isnull = slot->tts_isnull[key->column];
		}
	}
}

/*
 * Append a value by its bytes; false where it lies elsewhere, or is too long.
 */
static bool
append_bytes(GroupImage *image, const GroupKey *key, Datum value)
{
	const char *bytes = DatumGetPointer(value);
	Size		length;
	Size		nwords;

	if (key->length > 0)
		length = key->length;
	else if (key->length == -1 && !VARATT_IS_EXTERNAL(bytes))
		length = VARSIZE_ANY(bytes);
	else
		return false;
	nwords = (length + sizeof(uint64) - 1) / sizeof(uint64);
	if (nwords > (Size) (IMAGE_WORDS - image->nwords))
		return false;
	image->words[image->nwords + nwords - 1] = 0;
	memcpy(&image->words[image->nwords], bytes, length);
	image->nwords += nwords;
	return true;
}

/* The bytes of the keys of a row; false where they are too many. */
static inline bool
take_image(const Groups *groups, GroupImage *image)
{
	uint64		nulls = 0;

	image->nwords = 1;
	if (groups->nkeys >= IMAGE_WORDS)
		return false;
	for (int i = 0; i < groups->nkeys; i++)
	{
		const GroupKey *key = &groups->keys[i];
		const NullableDatum *value = &groups->values[i];

		if (value->isnull)
			nulls |= UINT64CONST(1) << i;
		else if (!key->by_value)
		{
			if (!append_bytes(image, key, value->value))
				return false;
		}
		else if (image->nwords < IMAGE_WORDS)
			image->words[image->nwords++] = (uint64) value->value;
		else
			return false;
	}
	image->words[0] = IMAGE_LENGTH(image->nwords) | nulls;
	return true;
}

/* Where a group of these bytes is, if it is known. */
static inline KnownGroup *
known_place(const Groups *groups, const GroupImage *image)
{
	uint64		hash = 0;

	for (int i = 0; i < image->nwords; i++)
	{
		hash = (hash ^ image->words[i]) * UINT64CONST(0x9E3779B97F4A7C15);
		hash ^= hash >> 32;
	}
	hash *= UINT64CONST(0x9E3779B97F4A7C15);
	return (KnownGroup *) (groups->known + groups->known_size *
						   (hash >> (64 - groups->known_bits)));
}

static inline bool
is_known(const KnownGroup *place, const GroupImage *image)
{
	for (int i = 0; i < image->nwords; i++)
		if (place->words[i] != image->words[i])
			return false;
	return true;
}

/*
 * The states of the group in the node's hash table; NULL: there is none.
 *
 * A table that is full grows when the next row is looked up by the node, and not
 * by a search: so after a new group the node's way is gone once, for a group
 * that is there.  Else groups could come out in another order in the end.
 */
static AggStatePerGroup
search_table(Groups *groups)
{
	TupleHashTable table = groups->hash->hashtable;
	TupleTableSlot *slot = groups->hash->hashslot;
	TupleHashEntry entry;
	bool		isnew;

	/* the keys are the first columns, and of the others nothing is asked */
	ExecClearTuple(slot);
	for (int i = 0; i < groups->nkeys; i++)
	{
		slot->tts_values[i] = groups->values[i].value;
		slot->tts_isnull[i] = groups->values[i].isnull;
	}
	ExecStoreVirtualTuple(slot);
	entry = LookupTupleHashEntry(table, slot, NULL, NULL);
	if (entry == NULL)
		return NULL;
	if (groups->given && !groups->agg->hash_spill_mode)
		entry = LookupTupleHashEntry(table, slot, &isnew, NULL);
	groups->given = false;
	return hash_entry_addition(table, entry);
}

/* A group more is known; where many are put in place of others, have more room. */
static void
remember(Groups *groups, const GroupImage *image, AggStatePerGroup states)
{
	KnownGroup *place = known_place(groups, image);

	if (place->words[0] != 0 &&
		++groups->replaced > 1 << groups->known_bits &&
		groups->known_bits < KNOWN_BITS_MAX)
	{
		renew_known(groups, groups->known_bits + 1);
		place = known_place(groups, image);
	}
	place->states = states;
	memcpy(place->words, image->words, image->nwords * sizeof(uint64));
}

/* The states of the group of a row in the scan slot; NULL: there is none yet. */
static inline AggStatePerGroup
find_states(RetentionScan *scan, Groups *groups, const TupleTableSlot *slot)
{
	GroupImage	image;
	AggStatePerGroup states;
	const KnownGroup *place;
	bool		has_image;

	take_keys(groups, scan->css.ss.ps.ps_ExprContext, slot);
	has_image = take_image(groups, &image);
	if (has_image && !groups->given)
	{
		place = known_place(groups, &image);
		if (is_known(place, &image))
			return place->states;
	}
	states = search_table(groups);
	if (states != NULL && has_image)
		remember(groups, &image, states);
	return states;
}

/*
 * Feed a row in the scan slot to the states of its group; false: it has to go
 * the usual way.
 */
bool
groups_feed(RetentionScan *scan, const TupleTableSlot *slot)
{
	Groups	   *groups = scan->feed->groups;
	AggStatePerGroup states = NULL;

	if (groups->resting > 0)
		groups->resting--;
	else
	{
		states = find_states(scan, groups, slot);
		groups->missed += states == NULL;
		if (unlikely(++groups->looked == ROUND_ROWS))
		{
			if (groups->missed > ROUND_ROWS / 2)
				groups->resting = groups->agg->hash_spill_mode ?
					PG_INT64_MAX : REST_ROWS;
			groups->looked = groups->missed = 0;
		}
	}
	if (states == NULL)
	{
		groups->given = true;
		return false;
	}
	feed_set_group(scan->feed, states);
	feed_calls(scan->feed, slot);
	return true;
}

/* What the ledgers of all groups hold in memory, for EXPLAIN. */
void
groups_usage(RetentionScan *scan)
{
	TupleHashTable table = scan->feed->groups->hash->hashtable;
	TupleHashIterator iterator;
	TupleHashEntry entry;

	usage_reset(&scan->totals);
	InitTupleHashIterator(table, &iterator);
	while ((entry = ScanTupleHashTable(table, &iterator)) != NULL)
	{
		feed_set_group(scan->feed, hash_entry_addition(table, entry));
		feed_usage(scan->feed, &scan->totals);
	}
}
