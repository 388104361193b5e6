/*
 * exchange_internal.h
 *		What the files of the exchange and of the ledger show to one another.
 *
 *	exchange.c			who has begun, who waits, what each has published
 *	exchange_memory.c	chunks in dynamic shared memory
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

#define SHARE_SEGMENTS 64		/* of shared memory, for one ledger */

/* A place in the segments of a participant. */
typedef struct SharedPlace
{
	uint64		offset;
	int32		segment;
	uint32		size;			/* bytes, or entries of a chunk */
} SharedPlace;

/* What a participant has published of a ledger. */
typedef struct SharedLedger
{
	bool		filled;			/* it has one */
	bool		to_file;		/* not all of it is in shared memory */
	bool		compact;		/* layout of the entries in memory */
	int			nsegments;
	dsm_handle	segments[SHARE_SEGMENTS];
	SharedPlace head;			/* ledger_head_put() */
	SharedPlace directory;		/* PartDirectory */
	/* where in its file the head is, and behind it the runs of the tapes */
	int			fileno;
	off_t		offset;
} SharedLedger;

/* The chunks of part p are chunks[first[p]] ... chunks[first[p + 1] - 1]. */
typedef struct PartDirectory
{
	uint32		first[LEDGER_PARTS + 1];
	SharedPlace chunks[FLEXIBLE_ARRAY_MEMBER];
} PartDirectory;

struct ExchangeShared
{
	Barrier		barrier;		/* phases: rows; files; visits */
	dsm_handle	segment;		/* that all this is in */
	int			participants;
	int			nledgers;
	bool		allowed;		/* in this round */
	int			round;			/* times the plan was run before */
	SharedFileSet files;
	/* of each ledger the next part or tape to be taken */
	pg_atomic_uint32 next[FLEXIBLE_ARRAY_MEMBER];
	/* then SharedLedger [participants][nledgers] */
};

#define SHARE_CLASSES 8			/* chunks of 512 bytes to 64 kB */

/* Memory of one ledger (exchange_memory.c). */
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

/* What this process knows of another's ledger, or its own. */
typedef struct SharePeer
{
	int			participant;
	LedgerLayout layout;
	char	   *bases[SHARE_SEGMENTS];
	dsm_segment *segments[SHARE_SEGMENTS];	/* NULL: its own */
	int			nsegments;
	const PartDirectory *directory;
	LedgerSpill *spill;			/* of tapes */
} SharePeer;

struct LedgerShare
{
	Exchange   *exchange;
	int			number;
	Ledger	   *ledger;
	ShareMemory memory;
	bool		strays;			/* some chunk is not in shared memory */
	/* once all rows are in */
	bool		arrived;
	bool		in_files;
	int			nunits;			/* parts or tapes */
	SharePeer  *peers;
	int			npeers;
	uint16		taken[LEDGER_PARTS];	/* by this process, in order */
	int			ntaken;
	bool		all_taken;		/* there is no more to take */
};

struct Exchange
{
	ExchangeShared *shared;
	int			participant;
	MemoryContext context;
	LedgerShare *shares;		/* by number; those without a ledger are empty */
	bool		waiting_over;	/* it has left the barrier */
	ExchangeUsage usage;
};

static inline SharedLedger *
shared_ledger(ExchangeShared *shared, int participant, int number)
{
	SharedLedger *ledgers = (SharedLedger *)
		((char *) shared + MAXALIGN(offsetof(ExchangeShared, next) +
									shared->nledgers * sizeof(pg_atomic_uint32)));

	return &ledgers[participant * shared->nledgers + number];
}

/* exchange_memory.c */
extern void *share_alloc(ShareMemory *memory, Size bytes);
extern void share_free(ShareMemory *memory, void *block, Size bytes);
extern SharedPlace share_place(const ShareMemory *memory, const void *at,
							   uint32 size);
extern void share_release(ShareMemory *memory);

/* exchange_visit.c */
extern bool share_open(LedgerShare *share);
extern void share_close(LedgerShare *share);

#endif							/* RETENTION_EXCHANGE_INTERNAL_H */
