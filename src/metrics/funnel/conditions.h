/*
 * funnel/conditions.h
 *		Which steps and exclusions a row meets.
 *
 * They come as the number of a step, numbers, or booleans; 0 forbids between
 * any two steps, -K between steps K and K + 1; and the mode may say that
 * conditions are exclusions, too, and then the others are the steps.
 */
#ifndef RETENTION_FUNNEL_CONDITIONS_H
#define RETENTION_FUNNEL_CONDITIONS_H

#include "metrics/funnel/rules.h"
#include "metrics/plain/flags.h"

typedef enum ConditionKind
{
	CONDITION_LITERAL,			/* also NULL */
	CONDITION_INT2,
	CONDITION_INT4,
	CONDITION_INT8,
	CONDITION_INT2S,
	CONDITION_INT4S,
	CONDITION_INT8S,
	CONDITION_BOOLS
} ConditionKind;

/* How conditions are taken, and those of a row. */
typedef struct Conditions
{
	ConditionKind kind;
	bool		several;		/* a row may meet several */
	int32		nsteps;			/* the highest step that the row asks for */
	int			n;
	int			max;			/* allocated */
	int32	   *codes;			/* rules.h, ascending, no two the same; either
								 * steps or exclusions */
	MemoryContext context;
} Conditions;

/* How to take values of a type; others than those above: error 42804. */
extern void conditions_plan(Conditions *c, Oid type, MemoryContext context);

/*
 * Those of a row.  A number past the limits: error 22003; NULL elements are
 * left out.
 */
extern void conditions_take(Conditions *c, const FunnelRules *rules,
							Datum value);

/* The same of booleans. */
extern void conditions_take_flags(Conditions *c, const FunnelRules *rules,
								  ArrayType *array);

/* A step past the limits: error 22003. */
pg_noreturn extern void conditions_refuse_step(int64 step);

#endif							/* RETENTION_FUNNEL_CONDITIONS_H */
