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
#define FUNNEL_MODES 0x0F

#define FUNNEL_MAX_STEP 100000	/* of a population funnel */

typedef struct FunnelRules
{
	Interval	within;
	uint8		mode;
} FunnelRules;

/* Are they the same, field by field ("1 day" is not "24 hours")? */
static inline bool
funnel_rules_equal(const FunnelRules *a, const FunnelRules *b)
{
	return a->within.month == b->within.month &&
		a->within.day == b->within.day &&
		a->within.time == b->within.time && a->mode == b->mode;
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
 * What is wrong with rules from outside and the zone of their windows, ""
 * when they depend on none; a sentence, NULL when nothing is.
 */
extern const char *funnel_rules_problem(const FunnelRules *rules,
										const char *zone);

/* A window packed: uints of its months, days and microseconds. */
extern void funnel_within_put(WireWriter *w, const Interval *within);
extern void funnel_within_get(WireReader *r, Interval *within);

/* Refuse a negative or infinite window: error 22023. */
extern void funnel_check_within(const Interval *within);

/* The mode that words ask for; unknown or contradictory ones: error 22023. */
extern uint8 funnel_mode_from_text(const char *words, int len);

/* Words of a mode as funnel_mode_text() writes them; false when they are not. */
extern bool funnel_mode_parse(const char *words, uint8 *mode);

/* The words in their order, separated by commas; "" for none. */
extern const char *funnel_mode_text(uint8 mode);

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
