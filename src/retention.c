/*
 * retention.c
 *		Module magic of the retention extension (customer retention metrics).
 */
#include "base/compat.h"

/* The version is that of the control file. */
MODULE_MAGIC("retention", "1.0");
