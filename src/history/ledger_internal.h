/*
 * ledger_internal.h
 *		What the files of the ledger show to one another.
 *
 *	ledger.c		append, grow
 *	ledger_append.c	append many entries
 *	ledger_compact.c	merge duplicates
 *	ledger_slab.c	memory of chunks
 *	ledger_visit.c	read, merge
 *	ledger_pieces.c	a large part, cut to be grouped in the cache
 *	ledger_order.c	entries in order of customers, grouped as they are
 *	ledger_group.c	entries of a part put together by customer and time
 *	ledger_head.c	what packed states begin with
 *	ledger_pack.c	packed states: sorted, delta-coded, for workers
 *	ledger_spill.c	memory limit, temporary files
 *	ledger_finished.c	results in place of entries
 */
#ifndef RETENTION_LEDGER_INTERNAL_H
#define RETENTION_LEDGER_INTERNAL_H

#include "history/ledger_code.h"
#include "storage/buffile.h"

#define LAST_CHUNK 65536		/* chunks grow up to this */
#define LEDGER_FIRST_LOOK 4096	/* entries of a part at the first look for
								 * duplicates */

/* A run of entries in memory. */
typedef struct LedgerSpan
{
	const LedgerLayout *layout;
	const uint64 *words;
	int64		entries;
	bool		closed;			/* a sequence ends with it */
} LedgerSpan;

typedef struct LedgerCustomer
{
	uint64		key[2];
	uint32		first;			/* items[first .. first + count) */
	uint32		count;
} LedgerCustomer;

/* Buffers of grouping, used again for one part after another. */
typedef struct LedgerGroups
{
	MemoryContext context;
	Salt		salt;			/* of the slots, its own */
	int			ncustomers;
	LedgerCustomer *customers;
	LedgerItem *items;			/* of one customer after the other */
	/* buffers */
	int			max_customers;
	LedgerCustomer *sorted;
	int			max_sorted;
	uint64	   *slots;			/* tags and numbers of customers */
	int64		nslots;
	int64		max_slots;
	bool		short_keys;		/* of 32 bits: a tag is a key */
	uint32	   *places;			/* of customers' items, as they are put there */
	int			max_places;
	uint32	   *owner;
	int64		max_entries;
} LedgerGroups;

/* ledger_group.c */
extern LedgerGroups *ledger_groups_create(MemoryContext context);
extern void ledger_group(LedgerGroups *groups, const LedgerSpan *spans,
						 int nspans, int key_words);
extern void ledger_groups_reserve(LedgerGroups *groups, int64 total);
extern void ledger_groups_reserve_customers(LedgerGroups *groups, int64 more);
extern LedgerCustomer *ledger_groups_append(LedgerGroups *groups,
											const uint64 *key, int key_words);
extern void ledger_groups_sort(LedgerGroups *groups, int key_words);
extern void ledger_groups_write(const LedgerGroups *groups,
								const LedgerLayout *layout, uint64 *words);
extern int64 ledger_groups_settle(LedgerGroups *groups,
								  const LedgerSettings *settings,
								  const LedgerLayout *layout);
extern void ledger_groups_visit(const LedgerGroups *groups,
								LedgerVisitor visit, void *arg);

/*
 * Which of n sizes, each twice the one before, so many bytes are; -1: of none.
 */
static inline int
ledger_size_class(Size bytes, Size smallest, int n)
{
	for (int class = 0; class < n; class++)
		if (bytes == smallest << class)
			return class;
	return -1;
}

/* Parts of a ledger: 1 or LEDGER_PARTS. */
static inline int
ledger_nparts(const Ledger *ledger)
{
	return ledger->part_mask + 1;
}

/* ledger_slab.c */
typedef struct LedgerSlabs LedgerSlabs;

extern LedgerChunk *ledger_slab_alloc(Ledger *ledger, Size bytes);
extern void ledger_slab_free(Ledger *ledger, LedgerChunk *chunk);

/* ledger_pieces.c */
#define PIECES_FROM 32768		/* fewer entries are grouped as they are */

typedef struct LedgerPieces
{
	LedgerLayout layout;
	const Salt *salt;
	int			bits;			/* piece = hash >> shift, so many bits of it */
	int			shift;
	uint64	   *words;			/* palloc'd */
	LedgerSpan	spans[LEDGER_PARTS];	/* of the pieces; their layout is above */
} LedgerPieces;

extern int	ledger_piece_bits(int64 entries);
extern void ledger_pieces_cut(LedgerPieces *pieces, const Ledger *ledger,
							  const LedgerPart *part, int bits);
extern double ledger_pieces_probe(const Ledger *ledger, const LedgerPart *part,
								  LedgerGroups *groups);

/* ledger_compact.c */
extern void ledger_look_at_part(Ledger *ledger, LedgerPart *part);

/* ledger_order.c */
typedef struct OrderReader
{
	const LedgerSpan *spans;	/* of one layout, in order of customers */
	int			nspans;
	int64		slice;			/* entries at a time, and the rest of the last
								 * customer among them */
	int			span;			/* the next entry is in this one, */
	int64		at;				/* with this number */
} OrderReader;

/*
 * A customer's place in the order of ledger_key_before(): compared word by word,
 * whatever the number of words in a key.
 */
typedef struct OrderKey
{
	uint64		words[2];
} OrderKey;

static inline OrderKey
order_key(const uint64 *key, int key_words)
{
	OrderKey	place = {{key[0], 0}};

	if (key_words == 2)
	{
		place.words[0] = pg_ntoh64(key[0]);
		place.words[1] = pg_ntoh64(key[1]);
	}
	return place;
}

/* Of two places, as qsort() has it. */
static inline int
compare_order_keys(const void *a, const void *b)
{
	const OrderKey *x = a;
	const OrderKey *y = b;

	for (int w = 0; w < lengthof(x->words); w++)
		if (x->words[w] != y->words[w])
			return x->words[w] < y->words[w] ? -1 : 1;
	return 0;
}

/* Has it entries, all in order? */
static inline bool
ledger_is_in_order(const Ledger *ledger)
{
	return ledger->in_order && ledger->only.chunk != NULL;
}

static inline bool
ledger_order_at_end(const OrderReader *reader)
{
	return reader->span == reader->nspans;
}

#define ORDER_SLICE 2048			/* in the cache of a core */

extern void ledger_order_create(Ledger *ledger);
extern OrderKey ledger_order_key(const OrderReader *reader);
extern void ledger_order_seek(OrderReader *reader, const OrderKey *place);
extern void ledger_order_skip_customer(OrderReader *reader);
extern int	ledger_order_spans(const Ledger *ledger, const LedgerPart *part,
							   LedgerSpan **spans);
extern void ledger_order_begin(OrderReader *reader, const LedgerSpan *spans,
							   int nspans, int64 slice);
extern bool ledger_order_next(OrderReader *reader, LedgerGroups *groups);
extern double ledger_order_probe(const Ledger *ledger, const LedgerSpan *span,
								 LedgerGroups *groups);

/* ledger.c and ledger_visit.c */
typedef void (*LedgerPartVisitor) (LedgerGroups *groups, int part, void *arg);
extern void ledger_visit_parts(Ledger *ledger, bool split,
							   LedgerPartVisitor visit, void *arg);
extern void ledger_visit_spans(const LedgerSpan *spans, int nspans,
							   int64 slice, LedgerGroups *groups, LedgerPartVisitor visit,
							   void *arg);
extern void ledger_visit_part(const Ledger *ledger, int part, int bits,
							  LedgerGroups *groups, LedgerPartVisitor visit,
							  void *arg);
extern int64 ledger_part_entries(const Ledger *ledger, const LedgerPart *part);
extern int	ledger_part_spans(const Ledger *ledger, const LedgerPart *part,
							  LedgerSpan **spans);
extern void ledger_widen(Ledger *ledger);
extern void ledger_part_reset(LedgerPart *part);
extern void ledger_add_chunk(Ledger *ledger, LedgerPart *part);
extern void ledger_free_chunk(Ledger *ledger, LedgerChunk *chunk);
extern void ledger_part_close(LedgerPart *part);
extern void ledger_part_free(Ledger *ledger, LedgerPart *part);
extern void ledger_split(Ledger *ledger);
extern void ledger_begin_parts(Ledger *ledger);
extern void ledger_unsplit(Ledger *ledger);
extern void ledger_account(Ledger *ledger, int64 bytes);

/* ledger_pack.c: blocks are in order of part once indexed */
typedef struct LedgerBlock
{
	int			part;
	uint32		len;
	const uint8 *bytes;
} LedgerBlock;

struct LedgerPacked
{
	LedgerPacked *next;
	Size		bytes;			/* allocated with it */
	bool		flat;			/* one part only */
	LedgerBounds bounds;
	int			nblocks;
	LedgerBlock *blocks;
};

/* ledger_head.c */
typedef enum LedgerForm
{
	LEDGER_FORM_PARTS,			/* blocks are of parts */
	LEDGER_FORM_FLAT,			/* blocks are of any part */
	LEDGER_FORM_FINISHED		/* results (ledger_finished.c) */
} LedgerForm;

extern void ledger_head_put(WireWriter *w, const LedgerSettings *settings,
							LedgerForm form);
extern LedgerForm ledger_head_get(WireReader *r, const LedgerCode *code,
								  LedgerSettings *settings);

extern int64 ledger_packed_entries(const Ledger *ledger, int part);
extern int64 ledger_packed_read(const Ledger *ledger, int part, uint64 *words);
extern bool ledger_packed_merge(const Ledger *ledger, int part,
								LedgerGroups *groups);
extern void ledger_packed_add(Ledger *into, const Ledger *from);
extern void ledger_packed_free(Ledger *ledger);

/* ledger_spill.c */
extern void ledger_enforce_limit(Ledger *ledger);
extern void ledger_spill_abandon(Ledger *ledger);
extern void ledger_spill_visit(Ledger *ledger, bool split,
							   LedgerPartVisitor visit, void *arg);
extern void ledger_spill_visit_tape(Ledger *ledger, LedgerSpill **spills,
									int nspills, int tape, bool split,
									LedgerPartVisitor visit, void *arg);
extern void ledger_spill_publish(Ledger *ledger, const bytea *head,
								 int *fileno, off_t *offset);
extern LedgerSpill *ledger_spill_open(BufFile *file, int fileno, off_t offset,
									  WireReader *head);
extern void ledger_spill_close(LedgerSpill *spill);

/* ledger.c and ledger_visit.c, for exchanges */
extern void ledger_empty(Ledger *ledger);
extern void ledger_agree(const LedgerSettings *into, const LedgerSettings *from);

/* exchange.c and exchange_visit.c */
extern BufFile *share_create_file(struct LedgerShare *share);
extern BufFile *share_open_file(struct LedgerShare *share, int participant);
extern void exchange_visit(Ledger *ledger, bool split,
						   LedgerPartVisitor visit, void *arg);

/* ledger_finished.c */
extern void ledger_finished_put(WireWriter *w, const Ledger *ledger);
extern void ledger_finished_get(WireReader *r, Ledger *ledger);
extern void ledger_finished_take(Ledger *into, const Ledger *from);

#endif							/* RETENTION_LEDGER_INTERNAL_H */
