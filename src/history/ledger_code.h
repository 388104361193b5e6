/*
 * ledger_code.h
 *		What the ledger is told about a kind of entries.
 *
 * To append, spread and spill entries a ledger need not know what they mean.
 * How those of one customer are put together, what two ledgers must agree on
 * and how both are packed for another process is their code's: that of
 * periods is ledger_periods.c, others live with their metric.  Who makes a
 * ledger, reads one or unpacks one says which code it means.
 */
#ifndef RETENTION_LEDGER_CODE_H
#define RETENTION_LEDGER_CODE_H

#include "base/wire.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "history/ledger.h"

/* What the words "when" of entries from outside may be. */
typedef struct LedgerBounds
{
	uint64		low;			/* of time and start flag: low .. low + span */
	uint64		span;
	uint64		forbidden;		/* bits */
} LedgerBounds;

/* The packed items of one customer after another, as they are read. */
typedef struct LedgerCursor
{
	WireReader	r;
	int64		unit;			/* amounts are multiples of it */
	bool		money;
	/* what the code leaves from item to item; false and 0 at the first */
	bool		begun;
	uint64		before;
	LedgerBounds bounds;
} LedgerCursor;

/*
 * The next instant, and in the unit of the amounts: written whole for the
 * first of a cursor, as the distance from the one before for others.
 */
static inline int64
ledger_get_instant(LedgerCursor *c)
{
	int64		instant;

	if (c->begun)
		c->before += wire_get(&c->r);
	else
		c->before = (uint64) wire_get_signed(&c->r);
	c->begun = true;
	if (pg_mul_s64_overflow((int64) c->before, c->unit, &instant) ||
		!IS_VALID_TIMESTAMP(instant))
		wire_corrupt(&c->r, "An instant is out of range.");
	return instant;
}

typedef struct LedgerCode
{
	uint8		mark;			/* told by packed ledgers: 0 or a LEDGER_MARK */
	Size		rules_size;		/* of settings->rules */

	/* May entries be kept compact? */
	bool		(*compact) (const LedgerSettings *settings);

	/*
	 * Sort one customer's items and merge those that may be, no count past
	 * count_max and no amount past amount_max.  Returns how many are left.
	 */
	uint32		(*settle) (const LedgerSettings *settings, LedgerItem *items,
						   uint32 n, uint64 count_max, int64 amount_max);

	/* Refuse to merge ledgers with other rules: error 22023. */
	void		(*check_same) (const LedgerSettings *a,
							   const LedgerSettings *b);

	/*
	 * Rules that grow with the rows: a copy in context, and what others know put
	 * into them.  NULL where rules are but rules_size bytes.
	 */
	const void *(*copy_rules) (const void *rules, MemoryContext context);
	void		(*merge_rules) (const void *into, const void *from);

	/*
	 * What is wrong with flags and, once all is read, with the other settings
	 * of a packed ledger: a sentence, NULL when nothing is.
	 */
	const char *(*flags_problem) (uint8 flags);
	const char *(*settings_problem) (const LedgerSettings *settings);

	/* Its rules, packed; read, they are palloc'd.  Any fault: wire_corrupt(). */
	void		(*put_rules) (WireWriter *w, const LedgerSettings *settings);
	void		(*get_rules) (WireReader *r, LedgerSettings *settings);

	/* Bounds for get_items(); NULL where it needs none. */
	LedgerBounds (*bounds) (const LedgerSettings *settings);

	/*
	 * Settled items of one customer, packed.  They are read some at a time;
	 * what they cannot be: wire_corrupt().
	 */
	void		(*put_items) (WireWriter *w, const LedgerItem *items,
							  uint32 n, bool money, int64 unit);
	void		(*get_items) (LedgerCursor *c, LedgerItem *items, uint32 n);
} LedgerCode;

#endif							/* RETENTION_LEDGER_CODE_H */
