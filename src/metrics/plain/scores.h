/*
 * scores.h
 *		Scores of recency, frequency and money, and the segments they name.
 */
#ifndef RETENTION_SCORES_H
#define RETENTION_SCORES_H

#include "base/compat.h"

#define RFM_SCORES 5			/* from 1 to so many, the best */

/* The score; error 22003, with the name of what it is of, unless it is one. */
extern int32 rfm_score(int32 score, const char *name);

/* Frequency and money together, from 1 to RFM_SCORES. */
extern int32 rfm_together(int32 f, int32 m);

/* The segment of a score of recency and one of both others together. */
extern const char *rfm_segment_name(int32 r, int32 fm);

#endif							/* RETENTION_SCORES_H */
