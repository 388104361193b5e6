/*
 * exchange_internal.h
 *		What the files of the exchange and of the ledger show to one another.
 *
 *	exchange.c			who has begun, who waits, what each has published
 *	exchange_memory.c	chunks in dynamic shared memory
 *	exchange_order.c	ledgers in order, of which little is shared
 *	exchange_visit.c	parts and tapes are taken and visited
 *	ledger_spill.c		the same entries in files
 */
#ifndef RETENTION_EXCHANGE_INTERNAL_H
#define RETENTION_EXCHANGE_INTERNAL_H

#include "history/exchange.h"
#include "history/ledger_internal.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/sharedfileset.h"

#define SHARE_SEGMENTS 64		/* of shared memory, for one participant */

/* A place in the segments of a participant. */
typedef struct SharedPlace
{
	uint64		offset;
	int32		segment;		/* -1: its own memory, and offset is where */
	uint32		size;			/* bytes, or entries of a chunk */
} SharedPlace;

/* What a participant has published of a ledger. */
typedef struct SharedLedger
{
	bool		filled;			/* it has one */
	bool		to_file;		/* not all of it is in shared memory */
	bool		compact;		/* layout of the entries in memory */
	SharedPlace head;			/* ledger_head_put() */
	SharedPlace directory;		/* PartDirectory */
	/* where in its file the head is, and behind it the runs of the tapes */
	int			fileno;
	off_t		offset;
	/* customers kept aside, of whom nobody else has a row if all agree to it */
	bool		kept;
	bool		in_order;		/* and nothing of the ledger is in a file */
	SharedPlace stretches;		/* bytes of them (exchange_order.c) */
} SharedLedger;

/* The memory of a participant. */
typedef struct SharedSegments
{
	int			n;
	dsm_handle	handles[SHARE_SEGMENTS];
} SharedSegments;

/* The chunks of part p are chunks[first[p]] ... chunks[first[p + 1] - 1]. */
typedef struct PartDirectory
{
	uint32		first[LEDGER_PARTS + 1];
	SharedPlace chunks[FLEXIBLE_ARRAY_MEMBER];
} PartDirectory;

struct ExchangeShared
{
	Barrier		barrier;		/* phases: rows; order; files; visits */
	dsm_handle	segment;		/* that all this is in */
	int			participants;
	int			first_owner;	/* 1 when the leader takes no rows */
	int			nledgers;
	bool		allowed;		/* in this round */
	int			round;			/* times the plan was run before */
	SharedFileSet files;
	/* memory goes when all who have come have come to the memory of all */
	ConditionVariable all_open;
	pg_atomic_uint32 arrived;
	pg_atomic_uint32 open;
	/* of each ledger the next to be taken, of tapes or of parts without owner */
	pg_atomic_uint32 next[FLEXIBLE_ARRAY_MEMBER];
	/* then SharedSegments [participants], SharedLedger [participants][nledgers] */
};

#define SHARE_CLASSES 8			/* chunks of 512 bytes to 64 kB */

/* Memory of the ledgers of this process (exchange_memory.c). */
typedef struct ShareMemory
{
	int			nsegments;
	dsm_segment *segments[SHARE_SEGMENTS];
	char	   *bases[SHARE_SEGMENTS];
	Size		sizes[SHARE_SEGMENTS];
	Size		used;			/* of the last one */
	Size		total;
	bool		exhausted;		/* the system has no more */
	void	   *free[SHARE_CLASSES];
} ShareMemory;

/* The memory of another. */
typedef struct ShareMapping
{
	int			n;
	dsm_segment *segments[SHARE_SEGMENTS];
	char	   *bases[SHARE_SEGMENTS];
} ShareMapping;

/* What this process knows of another's ledger, or its own. */
typedef struct SharePeer
{
	int			participant;
	LedgerLayout layout;
	char	  **bases;			/* of the segments of his memory */
	const PartDirectory *directory;
	LedgerSpill *spill;			/* of tapes */
} SharePeer;

struct LedgerShare
{
	Exchange   *exchange;
	int			number;
	Ledger	   *ledger;
	bool		strays;			/* some chunk is not in shared memory */
	/* while it is in order, and what was kept then (exchange_order.c) */
	OrderKey   *borders;
	int			nborders;
	int			max_borders;
	bool		in_order;		/* all have agreed to what was kept */
	LedgerChunk **kept_chunks;
	int			nchunks;
	LedgerLayout kept_layout;
	LedgerSpan *kept_spans;		/* in them, of customers who are this process's own */
	int			nkept;
	/* once all rows are in */
	bool		in_files;
	SharePeer  *peers;
	int			npeers;
	int		   *idle;			/* owners of parts who had no rows */
	int			nidle;
	uint16		taken[LEDGER_PARTS];	/* parts or tapes, in order */
	int			ntaken;
	int			next_own;		/* part, of those it owns */
	bool		all_taken;		/* there is no more to take */
};

struct Exchange
{
	ExchangeShared *shared;
	int			participant;
	MemoryContext context;
	ShareMemory memory;
	ShareMapping *mappings;		/* by participant; its own is empty */
	LedgerShare *shares;		/* by number; those without a ledger are empty */
	bool		arrived;		/* its rows are in, and those of all others */
};

static inline SharedSegments *
shared_segments(ExchangeShared *shared, int participant)
{
	SharedSegments *segments = (SharedSegments *)
		((char *) shared + MAXALIGN(offsetof(ExchangeShared, next) +
									shared->nledgers * sizeof(pg_atomic_uint32)));

	return &segments[participant];
}

static inline SharedLedger *
shared_ledger(ExchangeShared *shared, int participant, int number)
{
	SharedLedger *ledgers = (SharedLedger *)
		((char *) shared_segments(shared, 0) +
		 MAXALIGN(shared->participants * sizeof(SharedSegments)));

	return &ledgers[participant * shared->nledgers + number];
}

/* Who visits a part, if he has rows. */
static inline int
part_owner(const ExchangeShared *shared, int part)
{
	return shared->first_owner +
		part % (shared->participants - shared->first_owner);
}

/* Have others to find what is in this part of a ledger? */
static inline bool
share_is_for_others(const LedgerShare *share, const LedgerPart *part)
{
	const Ledger *ledger = share->ledger;

	/* that of a small ledger is split before it is published */
	return part != &ledger->only &&
		part_owner(share->exchange->shared, (int) (part - ledger->parts)) !=
		share->exchange->participant;
}

/* exchange_memory.c */
extern void *share_alloc(ShareMemory *memory, Size bytes);
extern void share_free(ShareMemory *memory, void *block, Size bytes);
extern SharedPlace share_place(const ShareMemory *memory, const void *at,
							   uint32 size);
extern void share_publish(const ShareMemory *memory, SharedSegments *segments);
extern void share_release(ShareMemory *memory);
extern void share_map(ShareMapping *mapping, const SharedSegments *segments);
extern void share_unmap(ShareMapping *mapping);

/* exchange.c */
extern void share_publish_entries(LedgerShare *share, SharedLedger *shared);

/* exchange_order.c */
extern void share_keep(LedgerShare *share, SharedLedger *shared);
extern void share_free_kept(LedgerShare *share);
extern bool exchange_settle_order(Exchange *exchange);

/* exchange_visit.c */
extern void share_open(LedgerShare *share);
extern void share_close(LedgerShare *share);

#endif							/* RETENTION_EXCHANGE_INTERNAL_H */
