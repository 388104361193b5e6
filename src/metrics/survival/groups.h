/*
 * survival/groups.h
 *		Curves in groups and strata, as the tests between groups take them.
 */
#ifndef RETENTION_SURVIVAL_GROUPS_H
#define RETENTION_SURVIVAL_GROUPS_H

#include "base/compat.h"

#include "utils/array.h"

/* A curve of the array. */
typedef struct GroupMember
{
	Datum		curve;
	int			group;
	int			stratum;
} GroupMember;

typedef struct Groups
{
	int			n;				/* groups, in the order of their first curves */
	char	  **names;			/* of the groups; NULL is a name, too */
	int			nmembers;
	GroupMember *members;		/* by stratum, then by group */
} Groups;

/*
 * Curves that are not NULL.  groups and strata, arrays of text, name those of
 * each curve; where one is NULL, every curve is a group of its own by its
 * number, and all are one stratum.  Errors: 22023 for arrays of other lengths,
 * 54000 for more groups than the test takes.
 */
typedef struct GroupTest
{
	const char *name;			/* "a log-rank test" */
	const char *type;			/* of the curves */
	int			max;			/* groups */
} GroupTest;

extern Groups *groups_take(const GroupTest *test, ArrayType *curves,
						   ArrayType *groups, ArrayType *strata);

#endif							/* RETENTION_SURVIVAL_GROUPS_H */
