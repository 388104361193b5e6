/*
 * movements/changes.h
 *		What one customer's history does to the periods: who is new, comes
 *		back, expands, contracts, churns.
 *
 * In a period a customer has an opening and a closing.  Of events they are the
 * totals of the period before and of this one, and a customer with an order is
 * active; of levels (days, changes of the level) they are the level just before
 * the period and at its end, and a customer with one above zero is active.
 */
#ifndef RETENTION_MOVEMENTS_CHANGES_H
#define RETENTION_MOVEMENTS_CHANGES_H

#include "base/calendar.h"
#include "history/ledger.h"

typedef enum MovementKind
{
	MOVEMENT_NONE,				/* nothing changes, or an order in a period
								 * after one like it */
	MOVEMENT_NEW,
	MOVEMENT_REACTIVATED,
	MOVEMENT_EXPANSION,
	MOVEMENT_CONTRACTION,
	MOVEMENT_CHURNED
} MovementKind;

typedef struct MovementChange
{
	int32		period;
	MovementKind kind;
	bool		was_active;
	bool		is_active;
	int128		opening;		/* millionths */
	int128		closing;
	int64		orders;			/* in the period */
} MovementChange;

/* Called for each period in which anything happens, in order. */
typedef void (*MovementVisitor) (const MovementChange *change, void *arg);

/*
 * The changes of one customer; items come in no order and may be changed.
 * Returns the period the customer's data end in, or PG_INT32_MIN when there is
 * nothing.  Events: times are periods.  Levels: times are days, cut by calendar.
 */
extern int32 movement_changes_events(LedgerItem *items, int n,
									 MovementVisitor visit, void *arg);
extern int32 movement_changes_levels(LedgerItem *items, int n,
									 Calendar *calendar,
									 MovementVisitor visit, void *arg);

/* Only plain calendar grains have movements: error 22023. */
extern void movement_check_grain(const Grain *grain);

#endif							/* RETENTION_MOVEMENTS_CHANGES_H */
