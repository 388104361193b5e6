/*
 * zone.h
 *		In which time zone instants are cut.
 *
 * By the zone that is named, or else by that of the session; but a session of
 * postgres_fdw or on a shard has another one than the user's, so a zone may be
 * required to be named: the setting retention.require_zone.
 */
#ifndef RETENTION_ZONE_H
#define RETENTION_ZONE_H

#include "base/grain.h"
#include "pgtime.h"

/* The setting; only for those who keep what zone_of_session() returned. */
extern bool zone_required;

/* Define the settings of the extension: the library is being loaded. */
extern void zone_define_settings(void);

/*
 * The zone of the session; error 22023 when one must be named.  detail says
 * what does not name one, hint how it is done.
 */
extern pg_tz *zone_of_session(const char *detail, const char *hint);

/* The zone that a grain names, or else that of the session. */
extern pg_tz *zone_of_grain(const Grain *grain);

#endif							/* RETENTION_ZONE_H */
