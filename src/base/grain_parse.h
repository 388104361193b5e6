/*
 * grain_parse.h
 *		What grain.c and grain_parse.c share: the words of a grain.
 */
#ifndef RETENTION_GRAIN_PARSE_H
#define RETENTION_GRAIN_PARSE_H

#include "base/grain.h"

#define GRAIN_VERSION 1

/* A grain of plain day, with room for cuts and a zone to be filled in. */
extern Grain *grain_alloc(int ncuts, int zone_len);

/* 'sunday' for weeks, 'april' for longer units. */
extern const char *grain_start_name(GrainUnit unit, int starting);

/* The unit cohort rows go by when "since start" does not say. */
extern GrainUnit grain_default_by(GrainUnit unit);

/* Canonical spelling of a zone SET timezone would accept, else NULL. */
extern const char *grain_zone_canonical(const char *name);

#endif							/* RETENTION_GRAIN_PARSE_H */
