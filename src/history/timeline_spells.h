/*
 * timeline_spells.h
 *		When a customer was active: what readers of one timeline go by.
 */
#ifndef RETENTION_TIMELINE_SPELLS_H
#define RETENTION_TIMELINE_SPELLS_H

#include "history/timeline.h"

/* After every day there is: the end of what has none. */
#define TIMELINE_OPEN (PG_INT64_MAX / 2)

/*
 * Active days in a row: [from, until) in days since 2000-01-01.  With orders
 * every active day is one; with levels all days on which the level stays
 * above 0.
 */
typedef struct TimelineSpell
{
	int64		from;
	int64		until;
} TimelineSpell;

/* A timeline being read spell by spell. */
typedef struct TimelineSpells
{
	TimelineReader reader;		/* its day is that of the spell, with orders */
	int64		end;			/* days from here on are ignored */
	int128		level;			/* in force after the last day read */
} TimelineSpells;

/* Active days before some day, taken together. */
typedef struct TimelineActivity
{
	int64		days;			/* their number; 0: first and last mean nothing */
	int64		first;
	int64		last;			/* TIMELINE_OPEN - 1 when there is no end */
} TimelineActivity;

/*
 * Begin to read; end is TIMELINE_OPEN or a day from which on everything is
 * ignored, so that a spell that goes on ends there.
 */
extern void timeline_spells_begin(TimelineSpells *spells,
								  const struct varlena *value, int64 end);

/* The next spell in order of days; false after the last. */
extern bool timeline_spells_next(TimelineSpells *spells, TimelineSpell *spell);

/* First, last and number of active days before end. */
extern TimelineActivity timeline_activity(const struct varlena *value, int64 end);

/* A day the data are read as of; infinite: error 22008. */
extern int64 timeline_as_of(DateADT as_of);

#endif							/* RETENTION_TIMELINE_SPELLS_H */
