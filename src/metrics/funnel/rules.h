/*
 * funnel/rules.h
 *		What a funnel asks of a customer's steps: within which time of the
 *		first, and in which order.
 *
 * Rules are constants of a group.  The window ends where PostgreSQL's
 * at + within is: hours and shorter are elapsed time; days are added on the
 * local clock, months and years to the local date, clamped to the month's
 * end.  The last instant belongs to it.
 */
#ifndef RETENTION_FUNNEL_RULES_H
#define RETENTION_FUNNEL_RULES_H

#include "base/calendar.h"
#include "base/wire.h"
#include "common/int.h"

/* Modes. */
#define FUNNEL_STRICT_ORDER 0x01	/* no other step in between */
#define FUNNEL_INCREASING 0x02		/* no two steps at one instant */
#define FUNNEL_DEDUPLICATED 0x04	/* a repeated step ends the chain */
#define FUNNEL_ONE_STEP 0x08		/* a row counts for one step */
#define FUNNEL_ANY_ORDER 0x10		/* distinct steps, in no order */
#define FUNNEL_REENTRY 0x20			/* strict order ignores later steps */
#define FUNNEL_MODES 0x3F

#define FUNNEL_MAX_STEP 100000	/* of a population funnel */
#define FUNNEL_MAX_OPTIONAL 64	/* the last step that may be optional */
#define FUNNEL_MAX_EXCLUDED 8	/* exclusions in a mode */

/* Condition N is no step: it forbids after step K, or after any (0). */
typedef struct FunnelExclusion
{
	int32		condition;
	int32		after;
} FunnelExclusion;

typedef struct FunnelRules
{
	Interval	within;
	uint64		optional;		/* bit N - 1: step N may be missing */
	uint8		mode;
	uint8		nexcluded;
	FunnelExclusion excluded[FUNNEL_MAX_EXCLUDED];	/* ascending */
} FunnelRules;

/* May a step be missing? */
static inline bool
funnel_optional(const FunnelRules *rules, int32 step)
{
	return step <= FUNNEL_MAX_OPTIONAL && rules->optional != 0 &&
		(rules->optional >> (step - 1) & 1) != 0;
}

/* The last step before one that may not be missing, 0 for none. */
static inline int32
funnel_required_before(const FunnelRules *rules, int32 step)
{
	do
		step--;
	while (step > 0 && funnel_optional(rules, step));
	return step;
}

/* The first step after one that may not be missing. */
static inline int32
funnel_required_after(const FunnelRules *rules, int32 step)
{
	do
		step++;
	while (funnel_optional(rules, step));
	return step;
}

/*
 * A condition's number as the code of an event: steps are the conditions that
 * are no exclusions, numbered through.
 */
#define FUNNEL_NO_STEP 0		/* meets none */
#define FUNNEL_EXCLUDED 0x80000 /* | K: forbids after step K, 0 after any */

/* Do modes ask for the same? */
extern bool funnel_modes_equal(const FunnelRules *a, const FunnelRules *b);

/* Are they the same, field by field ("1 day" is not "24 hours")? */
static inline bool
funnel_rules_equal(const FunnelRules *a, const FunnelRules *b)
{
	return a->within.month == b->within.month &&
		a->within.day == b->within.day &&
		a->within.time == b->within.time && funnel_modes_equal(a, b);
}

/* How many equal events (customer, instant, step) may make a difference. */
static inline uint8
funnel_copies(uint8 mode)
{
	return mode & FUNNEL_DEDUPLICATED ? 2 : 1;
}

/* Does the window of an instant depend on the zone? */
static inline bool
funnel_rules_local(const FunnelRules *rules)
{
	return rules->within.month != 0 || rules->within.day != 0;
}

/*
 * What is wrong with rules from outside, the grain of starts, NULL for none,
 * and the zone of windows and periods, "" when they depend on none; a
 * sentence, NULL when nothing is.
 */
extern const char *funnel_rules_problem(const FunnelRules *rules,
										const Grain *grain, const char *zone);

/* A window packed: uints of its months, days and microseconds. */
extern void funnel_within_put(WireWriter *w, const Interval *within);
extern void funnel_within_get(WireReader *r, Interval *within);

/* Refuse a negative or infinite window: error 22023. */
extern void funnel_check_within(const Interval *within);

/*
 * The mode that words ask for, into rules that have none; unknown or
 * contradictory words: error 22023.
 */
extern void funnel_mode_from_text(const char *words, int len,
								  FunnelRules *rules);

/*
 * Words of a mode as funnel_mode_text() writes them, into rules; false when
 * they are not.
 */
extern bool funnel_mode_parse(const char *words, FunnelRules *rules);

/* The words in their order, separated by commas; "" for none. */
extern char *funnel_mode_text(const FunnelRules *rules);

/* What is wrong with a mode from outside; a sentence, NULL when nothing is. */
extern const char *funnel_mode_problem(const FunnelRules *rules);

/*
 * A mode packed: its byte, with FUNNEL_MORE where optional steps and
 * exclusions follow, then these as uints: the bits of optional steps; number of
 * exclusions, and for each its condition and after which step.  FUNNEL_TREND
 * in the byte is whatever the caller says, and what reading it returns.
 */
#define FUNNEL_MORE 0x40
#define FUNNEL_TREND 0x80
extern void funnel_mode_put(WireWriter *w, const FunnelRules *rules, bool trend);
extern bool funnel_mode_get(WireReader *r, FunnelRules *rules);

/* An interval that is not negative in ISO 8601, "P1DT2H"; palloc'd. */
extern char *funnel_within_text(const Interval *within);

/* The same in words, "1 day 2 hours"; palloc'd. */
extern char *funnel_within_words(const Interval *within);

/* Read what funnel_within_text() writes; false when the text is not that. */
extern bool funnel_within_parse(const char *text, Interval *within);

/* Microseconds of the windows that begin on a day of the UTC line. */
typedef struct FunnelDay
{
	int64		span;			/* -1: they differ, as clocks are changed */
	int32		day;			/* which day this entry is for */
} FunnelDay;

/* The window made ready for many instants. */
typedef struct FunnelWindow
{
	Interval	within;
	int64		span;			/* microseconds it always takes, or -1 */
	Calendar   *calendar;		/* to add months, or days in a zone */
	FunnelDay  *days;			/* table for days in a zone, or NULL */
} FunnelWindow;

/*
 * Make a window, zeroed or used before, ready for an interval.  zone: that of
 * timestamptz, NULL where times are local already.  cached: give the calendar
 * a table of days.  The calendar lives in context, and is used again.
 */
extern void funnel_window_set(FunnelWindow *window, const Interval *within,
							  pg_tz *zone, bool cached,
							  MemoryContext context);
extern int64 funnel_window_end_slow(FunnelWindow *window, int64 at);

/* Last instant (microseconds) of the window that begins at an instant. */
static inline int64
funnel_window_end(FunnelWindow *window, int64 at)
{
	int64		span = window->span;
	int64		end;

	if (window->days != NULL)
	{
		int64		day = calendar_floor_div(at, USECS_PER_DAY);
		const FunnelDay *entry = &window->days[day & (CALENDAR_DAYS - 1)];

		if (likely(entry->day == day))
			span = entry->span;
	}
	if (unlikely(span < 0))
		return funnel_window_end_slow(window, at);
	if (unlikely(pg_add_s64_overflow(at, span, &end)))
		return PG_INT64_MAX;
	return end;
}

#endif							/* RETENTION_FUNNEL_RULES_H */
