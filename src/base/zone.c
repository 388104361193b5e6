/*
 * zone.c
 *		In which time zone instants are cut.
 */
#include "base/zone.h"

#include "base/calendar.h"
#include "utils/guc.h"

bool		zone_required = false;

/* Define the settings of the extension: the library is being loaded. */
void
zone_define_settings(void)
{
	DefineCustomBoolVariable("retention.require_zone",
							 "Refuses to cut instants in the session's time zone.",
							 "When on, a time of type timestamp with time zone counts only where the grain or an argument names the zone its days are cut in.",
							 &zone_required, false, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	MarkGUCPrefixReserved("retention");
}

/*
 * The zone of the session; error 22023 when one must be named.  detail says
 * what does not name one, hint how it is done.
 */
pg_tz *
zone_of_session(const char *detail, const char *hint)
{
	if (unlikely(zone_required))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a time zone must be named"),
				 errdetail("%s, and retention.require_zone is on: the zone of the session does not count.",
						   detail),
				 errhint("%s", hint)));
	return session_timezone;
}

/* The zone that a grain names, or else that of the session. */
pg_tz *
zone_of_grain(const Grain *grain)
{
	pg_tz	   *zone = grain_zone_lookup(grain);
	const char *words;

	if (zone != NULL)
		return zone;
	if (!zone_required)
		return session_timezone;
	words = grain_quoted(grain);
	return zone_of_session(psprintf("The grain \"%s\" names none for times with time zone",
									words),
						   psprintf("Name it in the grain, for example '%s at Europe/Paris'.",
									words));
}
