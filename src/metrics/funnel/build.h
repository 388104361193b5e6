/*
 * funnel/build.h
 *		A funnel being built, chain by chain.
 */
#ifndef RETENTION_FUNNEL_BUILD_H
#define RETENTION_FUNNEL_BUILD_H

#include "metrics/funnel/chain.h"
#include "metrics/funnel/type.h"

typedef struct FunnelBuilder FunnelBuilder;

/* Of so many steps; what funnel has besides items is set. */
extern FunnelBuilder *funnel_builder_create(const Funnel *funnel, int32 nsteps);

/* Count a chain, in the entry of a period (0 where it is no trend). */
extern void funnel_builder_add(FunnelBuilder *b, const ChainPath *path,
							   int32 period);

/* The items; false when there is no entry, which only a trend can lack. */
extern bool funnel_builder_finish(FunnelBuilder *b, Funnel *funnel);

#endif							/* RETENTION_FUNNEL_BUILD_H */
