/*
 * metric_head.c
 *		What summaries of a population begin with: how time was cut.
 */
#include "metrics/metric_head.h"

#include "base/grain_parse.h"
#include "datatype/timestamp.h"

#define NAME_MAX_BYTES 32768	/* of a grain's words or a zone */

static void
put_name(WireWriter *w, const char *name)
{
	wire_put(w, strlen(name));
	wire_put_bytes(w, name, strlen(name));
}

/* A name of printable ASCII. */
static char *
get_name(WireReader *r)
{
	Size		len = wire_get_max(r, NAME_MAX_BYTES, "A name is too long.");
	const uint8 *bytes = wire_get_bytes(r, len);

	for (Size i = 0; i < len; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			wire_corrupt(r, "A name has characters it cannot have.");
	return pnstrdup((const char *) bytes, len);
}

void
metric_head_put(WireWriter *w, uint8 version, const MetricHead *head)
{
	const uint8 bytes[2] = {version, head->flags};

	wire_put_bytes(w, bytes, sizeof(bytes));
	put_name(w, grain_to_cstring(head->grain));
	put_name(w, head->zone);
	wire_put_signed(w, head->last);
}

void
metric_head_get(WireReader *r, uint8 version, uint8 known_flags,
				MetricHead *head)
{
	char	   *words;
	int64		last;

	if (*wire_get_bytes(r, 1) != version)
		wire_corrupt(r, "The version is unknown.");
	head->flags = *wire_get_bytes(r, 1);
	if ((head->flags & ~known_flags) != 0)
		wire_corrupt(r, "It has unknown flags.");
	words = get_name(r);
	head->grain = grain_parse(words, NULL);
	if (strcmp(grain_to_cstring(head->grain), words) != 0)
		wire_corrupt(r, "The grain is not in its canonical form.");
	head->zone = get_name(r);
	last = wire_get_signed(r);
	if (last < PG_INT32_MIN || last > PG_INT32_MAX)
		wire_corrupt(r, "A period is out of range.");
	head->last = (int32) last;
}

const char *
metric_zone_problem(const Grain *grain, const char *zone)
{
	const char *canonical;

	if (zone[0] == '\0')
		return NULL;
	canonical = grain_zone_canonical(zone);
	if (canonical == NULL || strcmp(canonical, zone) != 0)
		return "The time zone is unknown here, or not in its canonical spelling.";
	if (grain_zone_len(grain) > 0 &&
		(grain_zone_len(grain) != strlen(canonical) ||
		 memcmp(grain_zone(grain), canonical, strlen(canonical)) != 0))
		return "The time zone is not the one the grain names.";
	return NULL;
}

bool
metric_day_is_date(int64 day)
{
	return day >= DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE &&
		day < DATE_END_JULIAN - POSTGRES_EPOCH_JDATE;
}

const char *
metric_zone_words(const char *zone)
{
	return zone[0] == '\0' ? "no time zone" :
		psprintf("the time zone \"%s\"", zone);
}

int32
metric_json_period(JsonProblem *problem, const Calendar *cal, DateADT day)
{
	int64		period = calendar_period_of_day(cal, day);
	int64		start = calendar_period_start(cal, period);

	if (start != day)
		json_problem(problem, psprintf("%s is not the first day of a period of the grain \"%s\".",
									   date_text(day), grain_to_cstring(cal->grain)),
					 psprintf("The period it lies in begins with %s.",
							  date_text(start)));
	return (int32) period;
}
