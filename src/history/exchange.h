/*
 * exchange.h
 *		Ledgers of the processes of one parallel plan, visited by all of them.
 *
 * Each participant takes its rows into ledgers of its own, and visits parts of
 * its own once all rows are in, with what all participants have in them.  So the
 * chunks of other parts lie in dynamic shared memory.  A customer is in one
 * part: what the visits of a participant come to is of customers of its own, and
 * such results add up.  No entry is packed or copied for it.  Parts of those who
 * had no rows, as workers that come late, are taken by whoever is free.
 *
 * Where there is not the memory, shared or the participant's own, entries go to
 * temporary files of the plan, and tapes of them are taken in place of parts.
 *
 *	scan begins			exchange_attach()
 *	first row is in		exchange_share() of each ledger
 *	all rows are in		exchange_arrive(): waits for those who have begun
 *	visits				exchange_visit(), by ledger_visit()
 *	all visits are done	exchange_end()
 *
 * Nobody gives a row to a node above between attaching and the last wait, so
 * nobody waits for one who waits for him.
 */
#ifndef RETENTION_EXCHANGE_H
#define RETENTION_EXCHANGE_H

#include "history/ledger.h"
#include "storage/dsm.h"

/* What the participants share, in the memory of their plan node. */
typedef struct ExchangeShared ExchangeShared;

/* What one of them has, and of one of its ledgers. */
typedef struct Exchange Exchange;
typedef struct LedgerShare LedgerShare;

/* Bytes for so many participants with so many ledgers each. */
extern Size exchange_size(int participants, int nledgers);

/*
 * Made by the leader, in segment; reset before the plan runs once more.  The
 * leader is participant 0 and may be one that takes no rows.
 */
extern void exchange_init(ExchangeShared *shared, dsm_segment *segment,
						  int participants, int nledgers, bool leader,
						  bool allowed);
extern void exchange_reset(ExchangeShared *shared, bool allowed);

/* Is there an exchange this time?  The leader has said so for all. */
extern bool exchange_allowed(const ExchangeShared *shared);

/* A worker has come to the memory of its plan node. */
extern void exchange_attach_files(ExchangeShared *shared);

/*
 * This process takes part, as number participant, from 0.  To be called before
 * it asks for its first page; NULL when the others have all rows already.
 * What it needs lives in a context of its own below the one given.
 */
extern Exchange *exchange_attach(ExchangeShared *shared, int participant,
								 MemoryContext parent);

/* From now on this is its ledger of that number. */
extern void exchange_share(Exchange *exchange, int number, Ledger *ledger);

/*
 * The rows that come next do not lie behind those before in the table: to be said
 * so that ledgers in order of customers may be kept as they are.
 */
extern void exchange_border(Exchange *exchange);

/*
 * All rows of this process are in; returns when those of the others are, too.
 * From then on visits of its ledgers are of all customers of parts that nobody
 * else visits.
 */
extern void exchange_arrive(Exchange *exchange);

/* For EXPLAIN: parts or tapes that it visited, and where they were. */
typedef struct ExchangeUsage
{
	int64		parts;
	bool		in_files;
	int			ledgers;
	int			in_order;		/* of these: but for borders they were kept */
} ExchangeUsage;

/*
 * It has no rows, or is done with its visits: its ledgers are empty, and the
 * exchange is gone.
 */
extern ExchangeUsage exchange_end(Exchange *exchange);

#endif							/* RETENTION_EXCHANGE_H */
