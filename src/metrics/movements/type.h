/*
 * movements/type.h
 *		The type customer_movements: who and how much moved in each period.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, the same in storage, in binary I/O and in hashes:
 *
 *	metric_head.h, version 2, flags MOVEMENTS_*
 *	uint	lag
 *	uint	number of cells; then for each, in period order:
 *		sint	period (first cell), uint	distance from the one before (> 0)
 *		uint	each of MovementCount, but orders without MOVEMENTS_LEVELS
 *				only, and the last one less new customers
 *		sint	each of MovementMoney (128 bits), with MOVEMENTS_MONEY only;
 *				the last three less what they usually are, see
 *				movements/type.c
 *
 * A cell with nothing in it is not stored; levels that each live inside one
 * period have none.  Openings and closings are the sums
 * of the cells before, lag periods from each other: so a level without end
 * needs lag cells.
 */
#ifndef RETENTION_MOVEMENTS_TYPE_H
#define RETENTION_MOVEMENTS_TYPE_H

#include "base/calendar.h"
#include "base/money.h"
#include "metrics/metric_head.h"

#define MOVEMENTS_MONEY 0x01	/* built with an amount argument */
#define MOVEMENTS_LEVELS 0x02	/* from ranges: no orders */
#define MOVEMENTS_FLAGS 0x03

/* Customers of a period, and orders. */
typedef enum MovementCount
{
	COUNT_NEW,
	COUNT_REACTIVATED,
	COUNT_EXPANDED,
	COUNT_CONTRACTED,
	COUNT_CHURNED,
	COUNT_ORDERS,
	COUNT_FIRST,				/* in no closing before: new ones, but that
								 * with a lag these stay new for so long */
	MOVEMENT_COUNTS
} MovementCount;

/* Closing less opening, in millionths, of the customers who ... */
typedef enum MovementMoney
{
	MONEY_NEW,
	MONEY_REACTIVATED,
	MONEY_EXPANSION,			/* neither start nor stop, and gain */
	MONEY_CONTRACTION,			/* or lose */
	MONEY_CHURNED,
	/* further sums, for nrr and grr, which are of openings above zero */
	MONEY_POSITIVE,				/* closings above zero less openings above zero */
	MONEY_KEPT,					/* had an opening above zero */
	MONEY_LOST,					/* had one and lose */
	MOVEMENT_MONEYS
} MovementMoney;

typedef struct MovementCell
{
	int128		money[MOVEMENT_MONEYS];
	int64		counts[MOVEMENT_COUNTS];
	int32		period;
	char		status;			/* of the table they are made in */
} MovementCell;

typedef struct Movements
{
	MetricHead	head;
	int64		ncells;
	MovementCell *cells;		/* in order of period */
} Movements;

/* Amounts, each taken without its sign, add up to no more (1e31 units). */
#define MOVEMENTS_MONEY_MAX \
	((int128) INT64CONST(10000000000) * INT64CONST(1000000000) * \
	 INT64CONST(1000000000000000000))

static inline bool
movements_has_money(const Movements *m)
{
	return (m->head.flags & MOVEMENTS_MONEY) != 0;
}

static inline bool
movements_has_orders(const Movements *m)
{
	return (m->head.flags & MOVEMENTS_LEVELS) == 0;
}

/* The opening is the closing of so many periods before, at most. */
#define MOVEMENTS_MAX_LAG 10000

/* What holds just before or after a period, see movements/track.h. */
typedef struct MovementState
{
	int64		customers;		/* active */
	int64		ever;			/* active in this closing or any before */
	int128		revenue;
	int128		positive;		/* of customers above zero */
} MovementState;

extern bool movement_cell_is_empty(const MovementCell *cell);

/* Encode (palloc'd) movements that are valid; past 1 GB error 54000. */
extern struct varlena *movements_encode(const Movements *m);

/* Decode and validate: error 22P03. */
#define PG_GETARG_MOVEMENTS(n) \
	movements_from_varlena(PG_GETARG_VARLENA_PP(n))
extern Movements *movements_from_varlena(const struct varlena *value);

/* A calendar to read them with. */
extern Calendar *movements_calendar(const Movements *m);

/* One row of movement_rows. */
typedef struct MovementRow
{
	int64		period;
	bool		complete;
	bool		rates;			/* complete, and late enough for an opening: with
								 * a lag not one of the first periods */
	const MovementCell *cell;	/* never NULL */
	MovementState opening;
	MovementState closing;
} MovementRow;

typedef struct MovementReading MovementReading;

/* Read the periods up to as_of, or without one to where the data end. */
extern MovementReading *movement_reading_begin(const Movements *m,
											   const DateADT *as_of);
extern int64 movement_reading_length(const MovementReading *reading);

/* The last of them. */
extern int64 movement_reading_last(const MovementReading *reading);

/* The next period, or NULL after the last. */
extern const MovementRow *movement_reading_next(MovementReading *reading);

/* Go past the next n periods, if n is above 0. */
extern void movement_reading_skip(MovementReading *reading, int64 n);

#endif							/* RETENTION_MOVEMENTS_TYPE_H */
