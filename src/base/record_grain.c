/*
 * record_grain.c
 *		The bytes of a grain in a stored value.
 *
 *	uint	length of its canonical words, then these; or for a calendar of dates
 *	uint	0
 *	uint	number of the dates
 *	sint	the first, in days since 2000-01-01; then for each
 *	uint		distance from the one before (> 0)
 *	uint	length of the zone's name, then these bytes; 0 for none
 *
 * The words of a calendar would be ten times as long.  All its dates are kept:
 * later ones are asked for by a later as_of, earlier ones by a value to be added.
 */
#include "base/record.h"

#define NAME_MAX_BYTES 32768	/* of a grain's words or a zone */

/* Write a grain. */
void
record_put_grain(WireWriter *w, const Grain *grain)
{
	const char *words = grain_word(grain);

	if (words != NULL || !grain_is_dates(grain))
	{
		wire_put_text(w, words != NULL ? words : grain_to_cstring(grain));
		return;
	}
	wire_put(w, 0);
	wire_put(w, grain->ncuts);
	wire_put_signed(w, grain->cuts[0]);
	for (int i = 1; i < grain->ncuts; i++)
		wire_put(w, (int64) grain->cuts[i] - grain->cuts[i - 1]);
	wire_put_text(w, pnstrdup(grain_zone(grain), grain_zone_len(grain)));
}

/* A name of printable ASCII. */
char *
record_get_name(WireReader *r)
{
	Size		len = wire_get_max(r, NAME_MAX_BYTES, "A name is too long.");
	const uint8 *bytes = wire_get_bytes(r, len);

	for (Size i = 0; i < len; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			wire_corrupt(r, "A name has characters it cannot have.");
	return pnstrdup((const char *) bytes, len);
}

/* A calendar of dates, after the words that it has not. */
static Grain *
get_dates(WireReader *r)
{
	int			n = (int) wire_get_max(r, GRAIN_MAX_DATES, "There are too many dates.");
	int32	   *dates = palloc(Max(n, 1) * sizeof(int32));
	int64		date = 0;
	char	   *zone;
	Grain	   *grain;
	const char *problem;

	for (int i = 0; i < n; i++)
	{
		date = i == 0 ? wire_get_signed(r) :
			date + (int64) wire_get_max(r, PG_INT32_MAX, "A date is out of range.");
		if (date < PG_INT32_MIN || date > PG_INT32_MAX)
			wire_corrupt(r, "A date is out of range.");
		dates[i] = (int32) date;
	}
	zone = record_get_name(r);
	grain = grain_of_dates(dates, n, zone);
	problem = grain_image_problem(grain, VARSIZE(grain));
	if (problem != NULL)
		wire_corrupt(r, problem);
	pfree(dates);
	return grain;
}

/* A grain, by its words or its dates. */
Grain *
record_get_grain(WireReader *r)
{
	char	   *words = record_get_name(r);
	Grain	   *grain;

	if (words[0] == '\0')
		return get_dates(r);
	grain = grain_parse_quietly(words);
	if (grain == NULL || grain_is_dates(grain))
		wire_corrupt(r, "The grain is none.");
	if (strcmp(grain_to_cstring(grain), words) != 0)
		wire_corrupt(r, "The grain is not in its canonical form.");
	return grain;
}
