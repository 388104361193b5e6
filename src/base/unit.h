/*
 * unit.h
 *		Units of time that recency, age and the parameters of models are in.
 *
 * A week is 7 days, a month 365/12 days.  Words are read in any case, in
 * singular and plural.
 */
#ifndef RETENTION_UNIT_H
#define RETENTION_UNIT_H

#include "base/compat.h"

/* As models store them. */
typedef enum TimeUnit
{
	UNIT_NONE, UNIT_DAY, UNIT_WEEK, UNIT_MONTH
} TimeUnit;

#define UNITS 4

/* In singular; NULL for none. */
extern const char *const unit_names[UNITS];

/* Days of a unit, 0 for none. */
extern const float8 unit_days[UNITS];

/* The unit a word names, UNIT_NONE when it names none. */
extern TimeUnit unit_parse(const char *word, int len);

/* The same of an argument; a word that names none is error 22023. */
extern TimeUnit unit_from_text(const text *word);

/* Whole days in a unit, rounded once. */
extern float8 unit_of_days(int64 days, TimeUnit unit);

#endif							/* RETENTION_UNIT_H */
