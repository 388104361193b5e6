/*
 * journey/places.h
 *		The places of a journey being built: texts, and the words that stand for
 *		them in a ledger.
 *
 * A word is a hash of the text's bytes, the same in all processes and on all
 * servers, so that workers need not agree on numbers.  Two texts with one word
 * are an error, however unlikely.
 */
#ifndef RETENTION_JOURNEY_PLACES_H
#define RETENTION_JOURNEY_PLACES_H

#include "base/wire.h"

#define JOURNEY_MAX_PLACES 10000
#define JOURNEY_MAX_PLACE 1024	/* bytes of one */

typedef struct JourneyPlaces JourneyPlaces;

extern JourneyPlaces *journey_places_create(MemoryContext context);

/* The word of a place, which is taken down; past a limit: error 54000. */
extern uint64 journey_places_take(JourneyPlaces *places, const char *text,
								  Size len);

/* Take down all that others have. */
extern void journey_places_add(JourneyPlaces *places,
							   const JourneyPlaces *others);

/*
 * All texts in the order of their bytes, palloc'd; how many in *n.  Their
 * numbers are in this order from then on, until one more is taken down.
 */
extern const char **journey_places_number(JourneyPlaces *places, int *n);

/* Number of the place with a word; -1 when there is none. */
extern int	journey_places_find(const JourneyPlaces *places, uint64 word);

/*
 * Packed: uint how many, then each as a text, in their order; read, they are
 * palloc'd.
 */
extern void journey_places_put(WireWriter *w, JourneyPlaces *places);
extern JourneyPlaces *journey_places_get(WireReader *r);

#endif							/* RETENTION_JOURNEY_PLACES_H */
