/*
 * movements/lagged.c
 *		The changes of a customer against the closing some periods before.
 *
 * Closings are steps: each holds from its period up to the next one.  So does
 * the opening, lag periods later, and while both stay what they are every
 * period has the same change:
 *
 *	level		.  10  10  10  25  25  25   .   .   .
 *	lag 3		.   .   .   .  10  10  10  25  25  25
 *				   new new new exp exp exp chu chu chu
 *
 * A step is a change for no more than lag periods, after which the opening has
 * followed.  Who adds up customers takes the periods of one change together, so
 * that a lag of thousands costs no more than one of two.
 */
#include "metrics/movements/changes.h"

#include "base/constant.h"
#include "metrics/movements/type.h"
#include "miscadmin.h"

/* Fewer periods cost less one by one. */
#define SPREAD_FROM 8

struct LaggedWalk
{
	int64		lag;
	MovementVisitor visit;
	MovementSpreader spread;	/* or NULL */
	void	   *arg;
	int64		shown;			/* periods, one by one */
	int			n;
	int			size;
	MovementChange *steps;		/* as a lag of 1 sees them */
};

LaggedWalk *
lagged_begin(int64 lag, MovementVisitor visit, MovementSpreader spread,
			 void *arg)
{
	LaggedWalk *walk = palloc(sizeof(LaggedWalk));

	walk->lag = lag;
	walk->visit = visit;
	walk->spread = spread;
	walk->arg = arg;
	walk->shown = 0;
	walk->n = 0;
	walk->size = 16;
	walk->steps = palloc(walk->size * sizeof(MovementChange));
	return walk;
}

/* A period in which the closing, or orders, are not what they were. */
void
lagged_step(const MovementChange *change, void *arg)
{
	LaggedWalk *walk = arg;

	if (walk->n == walk->size)
	{
		CHECK_FOR_INTERRUPTS();
		walk->size *= 2;
		walk->steps = repalloc_huge(walk->steps,
									walk->size * sizeof(MovementChange));
	}
	walk->steps[walk->n++] = *change;
}

/* Error 54000: so many periods of movements. */
void
movement_refuse_periods(int64 lag)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("customer movements in more than %d periods",
					MOVEMENTS_MAX_PERIODS),
			 errdetail("With a lag of %lld what happens in a period stays a movement for so many.",
					   (long long) lag),
			 errhint("Use a coarser grain or a smaller lag, or look for dates far from all others.")));
}

/*
 * Show the periods from c->period up to end, in each of which the change is c;
 * the orders, and who is first, are of the first of them.
 */
static void
show_periods(LaggedWalk *walk, MovementChange *c, int64 end)
{
	for (;;)
	{
		if (c->kind != MOVEMENT_NONE || c->orders > 0)
			walk->visit(c, walk->arg);
		if (c->kind == MOVEMENT_NONE || c->period + INT64CONST(1) >= end)
			return;
		CHECK_FOR_INTERRUPTS();
		c->period++;
		c->orders = 0;
		c->is_first = false;
		if (walk->spread != NULL && end - c->period >= SPREAD_FROM)
		{
			walk->spread(c, (int32) end, walk->arg);
			return;
		}
		if (++walk->shown > MOVEMENTS_MAX_PERIODS)
			movement_refuse_periods(walk->lag);
	}
}

/* All steps are in: show what they are with the lag, and give the memory back. */
void
lagged_end(LaggedWalk *walk)
{
	const MovementChange *steps = walk->steps;
	MovementChange c;
	bool		ever = false;	/* active up to the opening */
	int			now = 0;		/* steps begun */
	int			then = 0;		/* steps begun lag periods before */

	memset(&c, 0, sizeof(c));
	while (then < walk->n)
	{
		int64		end = steps[then].period + walk->lag;
		int64		period = end;

		if (now < walk->n)
			period = Min(period, steps[now].period);
		c.orders = 0;
		c.is_first = false;
		if (end == period)
		{
			c.opening = steps[then].closing;
			c.was_active = steps[then].is_active;
			/* or known from before the calendar */
			ever |= c.was_active || steps[then].is_first;
			then++;
		}
		if (now < walk->n && steps[now].period == period)
		{
			c.closing = steps[now].closing;
			c.is_active = steps[now].is_active;
			c.orders = steps[now].orders;
			c.is_first = steps[now].is_first;
			now++;
		}
		c.period = (int32) period;
		c.kind = movement_kind(&c, ever);
		end = then < walk->n ? steps[then].period + walk->lag : period + 1;
		if (now < walk->n)
			end = Min(end, steps[now].period);
		show_periods(walk, &c, end);
	}
	pfree(walk->steps);
	pfree(walk);
}

/* Error 22023 unless a lag can be used. */
void
movement_check_lag(int64 lag)
{
	if (lag < 1 || lag > MOVEMENTS_MAX_LAG)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lag must be from 1 to %d periods", MOVEMENTS_MAX_LAG),
				 errdetail("It is %lld.", (long long) lag),
				 errhint("Pass how many periods before the opening is: with 'month', 12 is a year.")));
}

/* A lag as an argument: NULL is error 22004. */
int64
movement_lag_argument(FunctionCallInfo fcinfo, int arg)
{
	int64		lag;

	if (PG_ARGISNULL(arg))
		constant_refuse_null(CONSTANT_LAG, NULL);
	lag = PG_GETARG_INT64(arg);
	movement_check_lag(lag);
	return lag;
}
