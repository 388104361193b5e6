/*
 * journey/places.c
 *		The places of a journey being built.
 */
#include "metrics/journey/places.h"

#include "base/salt.h"
#include "base/short_text.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct Place
{
	uint64		word;
	const char *text;
	uint32		len;
	int			number;
	char		status;
} Place;

#define SH_PREFIX table
#define SH_ELEMENT_TYPE Place
#define SH_KEY_TYPE uint64
#define SH_KEY word
#define SH_HASH_KEY(table, word) \
	((uint32) salt_hash((const Salt *) (table)->private_data, (word)))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define RECENT_BITS 6
#define RECENT_FROM 1024		/* rows; fewer are not worth the memory */

/* A short text taken lately. */
typedef struct RecentPlace
{
	uint64		first;			/* its first bytes */
	uint64		last;			/* its last ones, which may be the same */
	Size		len;			/* 0: none yet */
	uint64		word;
} RecentPlace;

struct JourneyPlaces
{
	table_hash *table;
	Salt		salt;
	MemoryContext context;
	int			taken;			/* as long as it matters */
	RecentPlace *recent;		/* NULL before there are many rows */
};

#define FIRST_PLACES 6

JourneyPlaces *
journey_places_create(MemoryContext context)
{
	JourneyPlaces *places = MemoryContextAlloc(context, sizeof(JourneyPlaces));

	places->salt = salt_draw();
	places->context = context;
	places->taken = 0;
	places->recent = NULL;
	places->table = table_create(context, FIRST_PLACES, &places->salt);
	return places;
}

static void
refuse_length(const char *text, Size len)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the name of a place is longer than %d bytes", JOURNEY_MAX_PLACE),
			 errdetail("It has %zu and begins with \"%.*s\".", len,
					   pg_mbcliplen(text, (int) len, 40), text),
			 errhint("Name places by what matters of them, such as split_part(url, '?', 1).")));
}

/* A text that has not been here before. */
static void
take_down(JourneyPlaces *places, Place *place, const char *text, Size len)
{
	char	   *copy;

	if (places->table->members > JOURNEY_MAX_PLACES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a journey has more than %d places", JOURNEY_MAX_PLACES),
				 errdetail("One too many is \"%.*s\".",
						   pg_mbcliplen(text, (int) len, 40), text),
				 errhint("Put places together, such as pages by their section: regexp_replace(url, '[0-9]+', 'N', 'g').")));
	copy = MemoryContextAlloc(places->context, len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	place->text = copy;
	place->len = (uint32) len;
	place->number = -1;
}

/* The word of a place, by its table. */
static uint64
take_place(JourneyPlaces *places, const char *text, Size len)
{
	uint64		word;
	Place	   *place;
	bool		found;

	if (unlikely(len > JOURNEY_MAX_PLACE))
		refuse_length(text, len);
	word = hash_bytes_extended((const unsigned char *) text, (int) len, 0);
	place = table_insert(places->table, word, &found);
	if (unlikely(!found))
		take_down(places, place, text, len);
	else if (unlikely(place->len != len || memcmp(place->text, text, len) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("two places of a journey cannot be told apart"),
				 errdetail("\"%.*s\" and \"%.*s\" have the same hash.",
						   pg_mbcliplen(place->text, (int) place->len, 40), place->text,
						   pg_mbcliplen(text, (int) len, 40), text),
				 errhint("Rename one of them.")));
	return word;
}

/*
 * The word of a place.  Where rows are many, most are at one of few places with
 * short names, which are found without their hash.
 */
uint64
journey_places_take(JourneyPlaces *places, const char *text, Size len)
{
	uint64		first;
	uint64		last;
	RecentPlace *recent;

	if (len == 0 || len > SHORT_TEXT_BYTES)
		return take_place(places, text, len);
	if (unlikely(places->recent == NULL))
	{
		if (++places->taken < RECENT_FROM)
			return take_place(places, text, len);
		places->recent = MemoryContextAllocZero(places->context,
												sizeof(RecentPlace) << RECENT_BITS);
	}
	short_text_words(text, len, &first, &last);
	recent = &places->recent[((first ^ last * 7 ^ len) * UINT64CONST(0x9E3779B97F4A7C15)) >>
							 (64 - RECENT_BITS)];
	if (recent->first == first && recent->last == last && recent->len == len)
		return recent->word;
	recent->word = take_place(places, text, len);
	recent->first = first;
	recent->last = last;
	recent->len = len;
	return recent->word;
}

/* Take down all that others have. */
void
journey_places_add(JourneyPlaces *places, const JourneyPlaces *others)
{
	table_iterator i;
	Place	   *place;

	table_start_iterate(others->table, &i);
	while ((place = table_iterate(others->table, &i)) != NULL)
		journey_places_take(places, place->text, place->len);
}

static int
compare_places(const void *a, const void *b)
{
	const Place *x = *(const Place *const *) a;
	const Place *y = *(const Place *const *) b;
	int			order = memcmp(x->text, y->text, Min(x->len, y->len));

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* All texts in the order of their bytes, and numbers in this order. */
const char **
journey_places_number(JourneyPlaces *places, int *n)
{
	int			all = (int) places->table->members;
	Place	  **sorted = palloc(Max(all, 1) * sizeof(Place *));
	const char **texts = palloc(Max(all, 1) * sizeof(const char *));
	table_iterator i;
	Place	   *place;

	*n = 0;
	table_start_iterate(places->table, &i);
	while ((place = table_iterate(places->table, &i)) != NULL)
		sorted[(*n)++] = place;
	qsort(sorted, *n, sizeof(Place *), compare_places);
	for (int number = 0; number < *n; number++)
	{
		sorted[number]->number = number;
		texts[number] = sorted[number]->text;
	}
	pfree(sorted);
	return texts;
}

/* Number of the place with a word. */
int
journey_places_find(const JourneyPlaces *places, uint64 word)
{
	const Place *place = table_lookup(places->table, word);

	return place == NULL ? -1 : place->number;
}

/* In order, so that the same places are the same bytes. */
void
journey_places_put(WireWriter *w, JourneyPlaces *places)
{
	int			n;
	const char **texts = journey_places_number(places, &n);

	wire_put(w, n);
	for (int i = 0; i < n; i++)
		wire_put_text(w, texts[i]);
	pfree(texts);
}

JourneyPlaces *
journey_places_get(WireReader *r)
{
	JourneyPlaces *places = journey_places_create(CurrentMemoryContext);
	uint64		n = wire_get_max(r, JOURNEY_MAX_PLACES, "There are too many places.");

	for (uint64 i = 0; i < n; i++)
	{
		const char *text = wire_get_text(r, JOURNEY_MAX_PLACE);

		CHECK_FOR_INTERRUPTS();
		journey_places_take(places, text, strlen(text));
	}
	return places;
}
