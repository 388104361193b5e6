/*
 * retention.c
 *		Module magic of the retention extension (customer retention metrics).
 */
#include "base/compat.h"

PG_MODULE_MAGIC;
