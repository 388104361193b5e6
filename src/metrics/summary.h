/*
 * summary.h
 *		Summaries of a population as aggregates make them: of timelines, one a
 *		customer, and of summaries of other customers.
 *
 * A summary is a stored value that adds up: what it holds are sums over its
 * customers.  A metric says how to begin one, how to add a customer or a value,
 * and how to finish (SummaryKind); the steps of its aggregates, the state that
 * grows in place and what goes together are here.
 */
#ifndef RETENTION_SUMMARY_H
#define RETENTION_SUMMARY_H

#include "base/expanded.h"
#include "metrics/metric_head.h"
#include "metrics/timeline_items.h"

typedef struct SummaryKind
{
	ExpandedKind expanded;		/* SUMMARY_EXPANDED(name of the type) */
	Size		builder_size;	/* of what is under construction */

	/* Begin with nobody, in the current memory context. */
	void		(*init) (void *builder, const MetricHead *head);

	/* Add the customer of a timeline, likewise. */
	void		(*add_customer) (void *builder, TimelineItems *items,
								 TimelineReader *r);

	/* A stored value to be added: what it begins with, and the rest. */
	void	   *(*read_value) (const struct varlena *value, MetricHead *head);

	/*
	 * Add all its customers.  What the builder is to keep goes into context;
	 * the current one is for what does not last.
	 */
	void		(*add_value) (void *builder, void *value, MemoryContext context);

	/* About how many customers were in the values added. */
	int64		(*customers) (const void *builder);

	/*
	 * The value (palloc'd), NULL when there is nothing in it; the builder
	 * stays as it is.
	 */
	struct varlena *(*finish) (const void *builder, const Grain *grain,
							   const char *zone);

	/* Error 22023 unless values that begin like this may be added up. */
	void		(*check_alike) (const MetricHead *a, const MetricHead *b);

	/* Error 22023 for a grain that does not go with it. */
	void		(*check_grain) (const Grain *grain);

	/*
	 * Take what follows the grain, into the head of timelines; NULL when
	 * nothing does.
	 */
	void		(*take_arguments) (FunctionCallInfo fcinfo, MetricHead *head);

	/* Its flags for timelines with amounts and of levels, and always. */
	uint8		money;
	uint8		levels;
	uint8		always;
} SummaryKind;

extern struct varlena *summary_flatten(const ExpandedState *state);

/* A summary as the state of an aggregate, changed in place. */
typedef struct SummaryState
{
	ExpandedState expanded;
	MetricHead	head;			/* but for last, which the builder knows */
	void	   *builder;
} SummaryState;

#define SUMMARY_EXPANDED(name) {(name), sizeof(SummaryState), summary_flatten}

/*
 * Transition function (summary, timeline, grain) -> summary.  A NULL timeline,
 * or one that comes to nothing, adds nothing; a NULL grain is error 22004.
 */
extern Datum summary_add_timeline(FunctionCallInfo fcinfo,
								  const SummaryKind *kind);

/*
 * Transition and combine function (summary, summary) -> summary, strict: the
 * sum of the values of disjoint customers.
 */
extern Datum summary_merge(FunctionCallInfo fcinfo, const SummaryKind *kind);

#endif							/* RETENTION_SUMMARY_H */
