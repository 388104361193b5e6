/*
 * movements/changes.h
 *		What one customer's history does to the periods: who is new, comes
 *		back, expands, contracts, churns.
 *
 * In a period a customer has an opening and a closing.  Of events they are the
 * totals of the period before and of this one, and a customer with an order is
 * active; of levels (days, changes of the level) they are the level just before
 * the period and at its end, and a customer with one above zero is active.
 *
 * With a lag the opening is the closing of so many periods before, and new is who
 * was in no closing up to that one: what happened stays a change for lag periods.
 *
 * In a calendar of dates all the time before the first one is one period, -1.  A
 * level is what is left at its end; of events nothing is, but who was active there
 * is known: new there, and churned.
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
	bool		is_first;		/* in no closing before; or known from before the
								 * calendar */
	int128		opening;		/* millionths */
	int128		closing;
	int64		orders;			/* in the period */
} MovementChange;

/* Called for each period in which anything happens, in order. */
typedef void (*MovementVisitor) (const MovementChange *change, void *arg);

/*
 * Called with a lag for the periods from change->period up to end, in each of
 * which the change is this one, without orders.
 */
typedef void (*MovementSpreader) (const MovementChange *change, int32 end,
								  void *arg);

/*
 * The changes of one customer; items come in no order and may be changed.
 * Returns the period the customer's data end in, or PG_INT32_MIN when there is
 * nothing.  Events: times are periods.  Levels: times are days, cut by calendar.
 * For events the calendar is NULL but for one of dates.  Without spread every
 * period is visited.
 */
extern int32 movement_changes_events(LedgerItem *items, int n, int64 lag,
									 const Calendar *calendar,
									 MovementVisitor visit,
									 MovementSpreader spread, void *arg);
extern int32 movement_changes_levels(LedgerItem *items, int n, int64 lag,
									 Calendar *calendar,
									 MovementVisitor visit,
									 MovementSpreader spread, void *arg);

/*
 * What movement_changes_...() sees with a lag of 1, seen with another one.
 * (movements/lagged.c)
 */
typedef struct LaggedWalk LaggedWalk;

extern LaggedWalk *lagged_begin(int64 lag, MovementVisitor visit,
								MovementSpreader spread, void *arg);
extern void lagged_step(const MovementChange *change, void *walk);
extern void lagged_end(LaggedWalk *walk);

/*
 * What a lag makes of few rows is bounded: no customer is listed in, and no
 * population that is spread moves in, more periods.  Error 54000.
 */
#define MOVEMENTS_MAX_PERIODS 2097152

pg_noreturn extern void movement_refuse_periods(int64 lag);

/* A lag out of range is error 22023; as an argument NULL is 22004. */
extern void movement_check_lag(int64 lag);
extern int64 movement_lag_argument(FunctionCallInfo fcinfo, int arg);

/* What a change is. */
extern MovementKind movement_kind(const MovementChange *c, bool ever);

/* Only plain calendar grains have movements: error 22023. */
extern void movement_check_grain(const Grain *grain);

#endif							/* RETENTION_MOVEMENTS_CHANGES_H */
