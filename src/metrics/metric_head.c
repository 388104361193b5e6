/*
 * metric_head.c
 *		What summaries of a population begin with: how time was cut.
 */
#include "metrics/metric_head.h"

#include "base/grain_parse.h"
#include "datatype/timestamp.h"

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
