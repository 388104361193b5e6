/*
 * timeline_spells.c
 *		When a customer was active.
 */
#include "history/timeline_spells.h"

#include "miscadmin.h"

/* Begin to read. */
void
timeline_spells_begin(TimelineSpells *spells, const struct varlena *value,
					  int64 end)
{
	timeline_read_value(&spells->reader, value);
	spells->end = end;
	spells->level = 0;
}

/* The next day before the end, or NULL. */
static const TimelineDay *
next_day(TimelineSpells *spells)
{
	const TimelineDay *day = timeline_next(&spells->reader);

	CHECK_FOR_INTERRUPTS();
	if (day == NULL || day->day >= spells->end)
		return NULL;
	spells->level += day->amount;
	return day;
}

/* The next spell of a timeline of levels. */
static bool
next_spell_of_levels(TimelineSpells *spells, TimelineSpell *spell)
{
	const TimelineDay *day;

	do
	{
		day = next_day(spells);
		if (day == NULL)
			return false;
	} while (spells->level <= 0);
	spell->from = day->day;
	do
		day = next_day(spells);
	while (day != NULL && spells->level > 0);
	spell->until = day == NULL ? spells->end : day->day;
	return true;
}

/* The next spell; false after the last. */
bool
timeline_spells_next(TimelineSpells *spells, TimelineSpell *spell)
{
	const TimelineDay *day;

	if (timeline_has_levels(&spells->reader))
		return next_spell_of_levels(spells, spell);
	do
	{
		day = next_day(spells);
		if (day == NULL)
			return false;
	} while (!timeline_day_is_active(day));
	spell->from = day->day;
	spell->until = spell->from + 1;
	return true;
}

/* First, last and number of active days before end. */
TimelineActivity
timeline_activity(const struct varlena *value, int64 end)
{
	TimelineActivity activity = {0};
	TimelineSpells spells;
	TimelineSpell spell;

	timeline_spells_begin(&spells, value, end);
	while (timeline_spells_next(&spells, &spell))
	{
		if (activity.days == 0)
			activity.first = spell.from;
		activity.last = spell.until - 1;
		activity.days += spell.until - spell.from;
	}
	return activity;
}

/* A day the data are read as of. */
int64
timeline_as_of(DateADT as_of)
{
	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite date"),
				 errdetail("Days are counted up to the day before as_of."),
				 errhint("Pass the first day the data do not cover, such as current_date.")));
	return as_of;
}
