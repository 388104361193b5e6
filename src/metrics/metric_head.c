/*
 * metric_head.c
 *		What summaries of a population begin with: how time was cut.
 */
#include "metrics/metric_head.h"

#include "datatype/timestamp.h"

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
