/*
 * journey/rows.h
 *		Rows with a place as entries of a ledger.
 *
 * In an entry the word "when" is that of the place (journey/places.h) and the
 * amount is the instant, in microseconds.  Equal ones are one.
 */
#ifndef RETENTION_JOURNEY_ROWS_H
#define RETENTION_JOURNEY_ROWS_H

#include "history/ledger_aggregate.h"
#include "metrics/journey/places.h"

/* Rules of such a ledger; its flags are LEDGER_MONEY. */
typedef struct JourneyRules
{
	Interval	within;			/* the longest silence on a way */
	const char *start;			/* where ways begin; NULL: wherever they do */
	JourneyPlaces *places;
} JourneyRules;

extern const LedgerCode ledger_journey;

#endif							/* RETENTION_JOURNEY_ROWS_H */
