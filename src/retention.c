/*
 * retention.c
 *		Module magic and settings of the retention extension (customer retention
 *		metrics).
 */
#include "base/zone.h"
#include "scan/scan.h"

/* The version is that of the control file. */
MODULE_MAGIC("retention", "1.0");

extern PGDLLEXPORT void _PG_init(void);

/* The library is being loaded. */
void
_PG_init(void)
{
	scan_define_settings();
	zone_define_settings();
}
