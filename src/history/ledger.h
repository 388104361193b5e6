/*
 * ledger.h
 *		The ledger: what every customer of a group did, period by period.
 *
 * Rows are appended, and once all are in, customers are visited one at a
 * time, each with its whole history.  Nothing about a metric is known here;
 * metrics are folds over the visits.
 *
 * Rows that come in order of customers, as from a clustered table, are visited
 * as they came: nothing is spread nor hashed (ledger_order.c).
 *
 * An entry is two to four 64-bit words:
 *
 *	key		1 word (integers) or 2 (uuid, short text, or a hash)
 *	when	1 word: time (44 bits, biased) | start flag | count (19 bits)
 *	amount	1 word, millionths; only when the ledger keeps money
 *
 * time is a period number or, under "since start", a moment (calendar.h); of
 * ranges it is a day since 2000-01-01, and the amount the change of the level
 * on it.  A count of 0 without the start flag is a refund.  Entries of one
 * customer and time are additive: they may be merged, and need not be.
 *
 * That is the code of periods.  A ledger has one code, a table of functions
 * (ledger_code.h), and under another these words may mean something else.
 *
 * As long as times are periods within 2^19 of 2000 and counts small, "when"
 * takes half a word and entries are kept compact.  Integer customers below
 * 2^32 take the other half,
 *
 *	customer (32 bits) | time (20 bits, biased) | start flag | count (11 bits)
 *
 * and beside customers of two words it is the amount, while amounts are whole
 * hundredths below 2^31.  The first entry that does not fit makes its ledger
 * wide.
 */
#ifndef RETENTION_LEDGER_H
#define RETENTION_LEDGER_H

#include "base/compat.h"
#include "base/grain.h"
#include "base/salt.h"
#include "lib/ilist.h"
#include "port/pg_bswap.h"
#include "storage/buffile.h"
#include "utils/palloc.h"

#define LEDGER_MONEY 0x01		/* rows carry an amount */
#define LEDGER_STARTED 0x02		/* rows carry started_at */
#define LEDGER_LEVELS 0x04		/* rows are ranges: an entry is a day and the
								 * change of the level on it, in millionths;
								 * goes with LEDGER_MONEY */
#define LEDGER_UNITS 0x08		/* without an amount: each range weighs 1, and
								 * levels are no money */
#define LEDGER_MARK 0x10		/* of a packed ledger of steps, not of periods */
#define LEDGER_MARK_PLACES 0x80 /* of one of places */
#define LEDGER_MARKS 0x90
#define LEDGER_EVERY_START 0x20 /* a customer may have several starts, not the
								 * earliest alone; goes with LEDGER_STARTED */

#define LEDGER_COUNT_BITS 19
#define LEDGER_COUNT_MAX ((UINT64CONST(1) << LEDGER_COUNT_BITS) - 1)
#define LEDGER_START (UINT64CONST(1) << LEDGER_COUNT_BITS)
#define LEDGER_TIME_SHIFT (LEDGER_COUNT_BITS + 1)
#define LEDGER_TIME_BIAS (INT64CONST(1) << 42)

/* The word "when" of an order (count 1), a refund (0) or a start. */
static inline uint64
ledger_when(int64 time, uint64 count)
{
	return (uint64) (time + LEDGER_TIME_BIAS) << LEDGER_TIME_SHIFT | count;
}

static inline int64
ledger_time(uint64 when)
{
	return (int64) (when >> LEDGER_TIME_SHIFT) - LEDGER_TIME_BIAS;
}

static inline int64
ledger_count(uint64 when)
{
	return (int64) (when & LEDGER_COUNT_MAX);
}

#define COMPACT_COUNT_BITS 11
#define COMPACT_COUNT_MAX ((UINT64CONST(1) << COMPACT_COUNT_BITS) - 1)
#define COMPACT_TIME_BITS 20
#define COMPACT_TIME_LOW \
	((uint64) (LEDGER_TIME_BIAS - (INT64CONST(1) << (COMPACT_TIME_BITS - 1))))

/* How entries lie in memory. */
typedef struct LedgerLayout
{
	uint8		words;			/* in an entry */
	uint8		key_words;
	bool		money;
	bool		compact;
} LedgerLayout;

/* The layout of entries like these; of constants one that the compiler knows. */
static inline LedgerLayout
ledger_layout_of(bool compact, int key_words, bool money)
{
	LedgerLayout layout = {
		.words = compact ? (key_words == 1 ? 1 + money : 3) :
			key_words + 1 + money,
		.key_words = key_words,
		.money = money,
		.compact = compact
	};

	return layout;
}

#define COMPACT_UNIT 10000		/* millionths in a hundredth */

/* Does an entry fit the compact layout of its kind of customers? */
static inline bool
ledger_fits_compact(const LedgerLayout *layout, const uint64 *key, uint64 when,
					int64 amount)
{
	if ((when >> LEDGER_TIME_SHIFT) - COMPACT_TIME_LOW >=
		(UINT64CONST(1) << COMPACT_TIME_BITS) ||
		(when & LEDGER_COUNT_MAX) > COMPACT_COUNT_MAX)
		return false;
	if (layout->key_words == 1)
		return key[0] >> 32 == 0;
	return amount % COMPACT_UNIT == 0 &&
		amount / COMPACT_UNIT == (int32) (amount / COMPACT_UNIT);
}

/* The largest count and amount an entry may be merged to. */
static inline uint64
ledger_count_max(const LedgerLayout *layout)
{
	return layout->compact ? COMPACT_COUNT_MAX : LEDGER_COUNT_MAX;
}

static inline int64
ledger_amount_max(const LedgerLayout *layout)
{
	return layout->compact && layout->key_words == 2 ?
		(int64) PG_INT32_MAX * COMPACT_UNIT : PG_INT64_MAX;
}

/* Write an entry that fits; returns what follows it. */
static inline uint64 *
ledger_put_entry(const LedgerLayout *layout, uint64 *write, const uint64 *key,
				 uint64 when, int64 amount)
{
	if (layout->compact)
	{
		uint64		half = ((when >> LEDGER_TIME_SHIFT) - COMPACT_TIME_LOW) <<
			(COMPACT_COUNT_BITS + 1) |
			(when & LEDGER_START) >> (LEDGER_COUNT_BITS - COMPACT_COUNT_BITS) |
			(when & LEDGER_COUNT_MAX);

		if (layout->key_words == 2)
		{
			*write++ = key[0];
			*write++ = key[1];
			*write++ = half << 32 | (uint32) (amount / COMPACT_UNIT);
			return write;
		}
		*write++ = key[0] << 32 | half;
	}
	else
	{
		*write++ = key[0];
		if (layout->key_words == 2)
			*write++ = key[1];
		*write++ = when;
	}
	if (layout->money)
		*write++ = (uint64) amount;
	return write;
}

/* Read an entry's key; returns its words, in place or in *buffer. */
static inline const uint64 *
ledger_get_key(const LedgerLayout *layout, const uint64 *entry, uint64 *buffer)
{
	if (!layout->compact || layout->key_words == 2)
		return entry;
	*buffer = entry[0] >> 32;
	return buffer;
}

/* Read the word "when" of an entry. */
static inline uint64
ledger_get_when(const LedgerLayout *layout, const uint64 *entry)
{
	uint64		half;

	if (!layout->compact)
		return entry[layout->key_words];
	half = layout->key_words == 2 ? entry[2] >> 32 : entry[0] & 0xFFFFFFFF;
	return ((half >> (COMPACT_COUNT_BITS + 1)) + COMPACT_TIME_LOW) << LEDGER_TIME_SHIFT |
		(half & (UINT64CONST(1) << COMPACT_COUNT_BITS)) << (LEDGER_COUNT_BITS - COMPACT_COUNT_BITS) |
		(half & COMPACT_COUNT_MAX);
}

/* Read an entry's amount. */
static inline int64
ledger_get_amount(const LedgerLayout *layout, const uint64 *entry)
{
	if (layout->compact && layout->key_words == 2)
		return (int64) (int32) entry[2] * COMPACT_UNIT;
	return layout->money ? (int64) entry[layout->words - 1] : 0;
}

/* One entry as a visitor sees it; amount is 0 in a ledger without money. */
typedef struct LedgerItem
{
	uint64		when;
	int64		amount;
} LedgerItem;

/*
 * Called for each customer.  Items come in no order and several to a time;
 * where that matters those of periods are sorted and merged in place by
 * ledger_settle_items(), as far as their counts and amounts allow it.
 */
typedef void (*LedgerVisitor) (LedgerItem *items, int nitems, void *arg);

extern uint32 ledger_settle_items(LedgerItem *items, uint32 n,
								  uint64 count_max, int64 amount_max);

/* The same, but that all starts are kept, one of each time. */
extern uint32 ledger_settle_starts(LedgerItem *items, uint32 n,
								   uint64 count_max, int64 amount_max);

/* The amounts of one time, from i on, added up; returns the next time's item. */
static inline int
ledger_add_time(const LedgerItem *items, int n, int i, int128 *change)
{
	int64		time = ledger_time(items[i].when);

	*change = 0;
	for (; i < n && ledger_time(items[i].when) == time; i++)
		*change += items[i].amount;
	return i;
}

/* What two ledgers must have in common to be merged. */
typedef struct LedgerSettings
{
	const struct LedgerCode *code;
	const void *rules;			/* of the code, NULL for none */
	const Grain *grain;			/* of periods, else NULL */
	const char *zone;			/* zone instants were cut in (moments are on
								 * the UTC line), "" when there were none */
	int64		parameter;		/* a number of the metric's own, 0 for none */
	uint8		flags;			/* LEDGER_MONEY, LEDGER_STARTED, ... */
	uint8		key_words;		/* 1 or 2 */
} LedgerSettings;

/* The ledgers of one aggregate in one plan node, sharing a memory limit. */
typedef struct LedgerPool
{
	Size		limit;
	Salt		salt;			/* of the server */
	Size		memory;			/* of the ledgers listed */
	dlist_head	ledgers;		/* those large enough to matter */
	struct LedgerSpill *abandoned;	/* files of ledgers gone */
	Node	   *node;			/* plan node, for shutdown callbacks; NULL in a
								 * ledger made within a visit */
} LedgerPool;

typedef struct LedgerChunk
{
	struct LedgerChunk *next;	/* the one filled before */
	uint32		bytes;			/* this header included */
	uint32		unused;			/* words at its end that are left empty */
	bool		shared;			/* in the memory of an exchange */
	bool		closed;			/* a sequence ends with it */
	uint16		slab;			/* from 1: the ledger's that it is of; 0: none */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} LedgerChunk;

typedef struct LedgerPart
{
	uint64	   *write;			/* next entry goes here */
	uint64	   *end;			/* no room from here */
	LedgerChunk *chunk;			/* the one being filled */
	int64		full;			/* entries in the chunks before it */
	int64		check_at;		/* look for duplicates at so many entries */
} LedgerPart;

#define LEDGER_PART_BITS 8
#define LEDGER_PARTS 256		/* parts of a large ledger; others have 1 */
#define LEDGER_TAPES 64			/* runs are kept apart by six bits of the hash */
#define LEDGER_TAPE_BITS 6
#define LEDGER_MAX_LEVEL 6		/* ledgers nest this deep while reading tapes */

/* Entries in order of customers, from one to another. */
typedef struct LedgerSequence
{
	uint64		first[2];
	uint64		last[2];
} LedgerSequence;

typedef struct LedgerPacked LedgerPacked;	/* ledger_pack.h */
typedef struct LedgerSpill LedgerSpill; /* ledger_spill.c */

typedef struct Ledger
{
	uint32		magic;
	LedgerLayout layout;		/* of the entries in memory */
	uint8		level;			/* how many times six bits of hash are spent */
	bool		listed;			/* in pool->ledgers */
	bool		in_order;		/* entries are in order of customers so far */
	/* while they are: ledger_order.c */
	int			nended;			/* sequences before the one that is being filled */
	LedgerSequence *ended;		/* NULL: there are none */
	LedgerSequence sequence;
	uint64		ceiling[2];		/* the last customer who may come to it */
	int			part_shift;		/* part = hash >> shift & mask */
	int			part_mask;
	Salt		salt;			/* of parts and tapes: the server's */
	LedgerPart *parts;
	LedgerPart	only;			/* the part of a small ledger */
	LedgerSettings settings;
	struct Calendar *calendar;	/* rows were cut with, NULL when merged */
	MemoryContext context;
	LedgerPool *pool;
	Size		memory;			/* bytes of chunks and packed states */
	double		distinct;		/* share of entries the last look left */
	int64		probe_at;		/* entries of a part at the next look */
	LedgerPacked *packed;		/* states received from workers */
	LedgerSpill *spill;			/* NULL until spilled */
	struct LedgerShare *share;	/* of an exchange, or NULL (exchange.h) */
	struct LedgerSlabs *slabs;	/* memory of chunks, or NULL (ledger_slab.c) */
	struct LedgerFinished *finished;	/* results in place of entries, or NULL */
	dlist_node	node;
	MemoryContextCallback unlist;
} Ledger;

#define LEDGER_MAGIC 0x4C454447

extern LedgerPool *ledger_pool_create(Node *node, MemoryContext context);
extern Ledger *ledger_create(const LedgerSettings *settings, LedgerPool *pool,
							 MemoryContext context, int level);
extern bool ledger_is_large(const Ledger *ledger);
extern LedgerPart *ledger_make_room(Ledger *ledger, const uint64 *key,
									uint64 when, int64 amount);
extern LedgerLayout ledger_layout(const LedgerSettings *settings, bool compact);
extern void ledger_add_entries(Ledger *ledger, const LedgerLayout *layout,
							   const uint64 *entries, int64 n);
extern void ledger_combine(Ledger *into, Ledger *from);
extern void ledger_visit(Ledger *ledger, LedgerVisitor visit, void *arg);

extern bytea *ledger_serialize(Ledger *ledger);
extern Ledger *ledger_deserialize(const struct LedgerCode *code,
								  const void *bytes, Size len,
								  MemoryContext context);

/* The code of periods. */
extern const struct LedgerCode ledger_periods;

/* Error 22023: the state is one of another aggregate. */
pg_noreturn extern void ledger_refuse_kind(void);

/* A pointer that came through "internal" must be to a ledger. */
static inline void
ledger_check(const Ledger *ledger)
{
	if (unlikely(ledger->magic != LEDGER_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not a customer ledger")));
}

/* It must be one of these entries. */
static inline void
ledger_check_kind(const Ledger *ledger, const struct LedgerCode *code)
{
	if (unlikely(ledger->settings.code != code))
		ledger_refuse_kind();
}

/*
 * Where a customer goes: every part, tape and worker sees the same hash, and
 * nobody who chooses customers can foresee it.
 */
static inline uint64
ledger_hash(const Salt *salt, const uint64 *key, int key_words)
{
	return key_words == 1 ? salt_hash(salt, key[0]) :
		salt_hash2(salt, key[0], key[1]);
}

static inline LedgerPart *
ledger_part_of(const Ledger *ledger, const uint64 *key)
{
	uint64		hash = ledger_hash(&ledger->salt, key, ledger->settings.key_words);

	return &ledger->parts[(hash >> ledger->part_shift) & ledger->part_mask];
}

/*
 * The order of customers: of integers that of unsigned ones, of two words that of
 * their bytes.  Is the first before the second?
 */
static pg_attribute_always_inline bool
ledger_key_before(const uint64 *a, const uint64 *b, int key_words)
{
	if (key_words == 1)
		return a[0] < b[0];
	if (a[0] != b[0])
		return pg_ntoh64(a[0]) < pg_ntoh64(b[0]);
	return pg_ntoh64(a[1]) < pg_ntoh64(b[1]);
}

/* Customers do not come one after the other any more: is there order all the same? */
extern bool ledger_begin_sequence(Ledger *ledger, const uint64 *key);

/* Does a ledger in order stay so with this customer, who is noted then? */
static inline bool
ledger_keeps_order(Ledger *ledger, const uint64 *key)
{
	int			key_words = ledger->settings.key_words;

	if (unlikely(ledger_key_before(key, ledger->sequence.last, key_words) ||
				 ledger_key_before(ledger->ceiling, key, key_words)))
		return ledger_begin_sequence(ledger, key);
	memcpy(ledger->sequence.last, key, key_words * sizeof(uint64));
	return true;
}

/*
 * Append one entry.  Memory, duplicates and spilling are looked after when a
 * chunk is full, so the usual row costs a hash and two or three stores; in a
 * ledger in order, which has one part, not even a hash.
 */
static inline void
ledger_add(Ledger *ledger, const uint64 *key, uint64 when, int64 amount)
{
	LedgerPart *part = ledger->in_order && ledger_keeps_order(ledger, key) ?
		&ledger->only : ledger_part_of(ledger, key);

	if (unlikely(part->write == part->end) ||
		(ledger->layout.compact &&
		 unlikely(!ledger_fits_compact(&ledger->layout, key, when, amount))))
		part = ledger_make_room(ledger, key, when, amount);
	/* the part's next cache line is wanted soon: ask for it now */
	__builtin_prefetch(part->write + 8, 1);
	part->write = ledger_put_entry(&ledger->layout, part->write, key, when,
								   amount);
}

/* The same of n entries, whose keys have as many words as the ledger's. */
extern void ledger_add_many(Ledger *ledger, const uint64 *keys,
							const uint64 *whens, const int64 *amounts, int n);

#endif							/* RETENTION_LEDGER_H */
