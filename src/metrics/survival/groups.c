/*
 * survival/groups.c
 *		Curves in groups and strata, as the tests between groups take them.
 */
#include "metrics/survival/groups.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* A name and where in the array it stands. */
typedef struct Label
{
	const char *name;			/* or NULL */
	int			place;
} Label;

static inline int
compare_labels(const Label *a, const Label *b)
{
	int			order;

	if (a->name == NULL || b->name == NULL)
		order = (a->name == NULL) - (b->name == NULL);
	else
		order = strcmp(a->name, b->name);
	return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

#define ST_SORT sort_labels
#define ST_ELEMENT_TYPE Label
#define ST_COMPARE(a, b) compare_labels(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_members
#define ST_ELEMENT_TYPE GroupMember
#define ST_COMPARE(a, b) \
	((a)->stratum != (b)->stratum ? ((a)->stratum > (b)->stratum) - ((a)->stratum < (b)->stratum) : \
	 ((a)->group > (b)->group) - ((a)->group < (b)->group))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The names of an array, one for each of n curves; those of NULL curves go. */
static Label *
take_labels(ArrayType *array, const char *what, int n, const bool *absent)
{
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	Label	   *labels = palloc(Max(n, 1) * sizeof(Label));
	int			kept = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
					  &nvalues);
	if (nvalues != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must name one for each curve", what),
				 errdetail("There are %d, and %d curves.", nvalues, n),
				 errhint("Aggregate both over the same rows: array_agg(curve), array_agg(name).")));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (absent[i])
			continue;
		labels[kept].name = nulls[i] ? NULL : TextDatumGetCString(values[i]);
		labels[kept].place = kept;
		kept++;
	}
	return labels;
}

/*
 * Number equal names alike, in the order in which they come first; returns how
 * many there are, and where each stands first.
 */
static int
number_labels(Label *labels, int n, int *numbers, int *first)
{
	int		   *same = palloc(Max(n, 1) * sizeof(int));
	int			count = 0;

	sort_labels(labels, n);
	for (int i = 0; i < n; i++)
	{
		bool		begins = i == 0 || (labels[i].name == NULL) != (labels[i - 1].name == NULL) ||
			(labels[i].name != NULL && strcmp(labels[i].name, labels[i - 1].name) != 0);

		same[labels[i].place] = begins ? labels[i].place : same[labels[i - 1].place];
	}
	for (int i = 0; i < n; i++)
	{
		if (same[i] == i)
		{
			first[count] = i;
			numbers[i] = count++;
		}
		else
			numbers[i] = numbers[same[i]];
	}
	return count;
}

/* Give each curve the number of its group. */
static void
take_groups(Groups *result, ArrayType *groups, int n, const bool *absent,
			int *numbers)
{
	int		   *first = palloc(Max(n, 1) * sizeof(int));
	char	  **names = palloc(Max(n, 1) * sizeof(char *));
	int			kept = 0;

	if (groups == NULL)
	{
		for (int i = 0; i < n; i++)
			if (!absent[i])
			{
				numbers[kept] = kept;
				names[kept++] = psprintf("%d", i + 1);
			}
		result->n = kept;
	}
	else
	{
		Label	   *labels = take_labels(groups, "groups", n, absent);

		for (int i = 0; i < result->nmembers; i++)
			names[i] = unconstify(char *, labels[i].name);
		result->n = number_labels(labels, result->nmembers, numbers, first);
		for (int i = 0; i < result->n; i++)
			names[i] = names[first[i]];
	}
	result->names = names;
}

Groups *
groups_take(const GroupTest *test, ArrayType *curves, ArrayType *groups,
			ArrayType *strata)
{
	Groups	   *result = palloc0(sizeof(Groups));
	Datum	   *values;
	bool	   *absent;
	int			n;
	int		   *numbers;
	int			kept = 0;

	deconstruct_array(curves, ARR_ELEMTYPE(curves), -1, false, TYPALIGN_INT,
					  &values, &absent, &n);
	result->members = palloc0(Max(n, 1) * sizeof(GroupMember));
	numbers = palloc(Max(n, 1) * sizeof(int));
	for (int i = 0; i < n; i++)
		if (!absent[i])
			result->members[result->nmembers++].curve = values[i];
	take_groups(result, groups, n, absent, numbers);
	if (result->n > test->max)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many groups for %s", test->name),
				 errdetail("There are more than %d.", test->max),
				 errhint("Compare fewer groups, or put them together with rollup(%s).",
						 test->type)));
	for (; kept < result->nmembers; kept++)
		result->members[kept].group = numbers[kept];
	if (strata != NULL)
	{
		Label	   *labels = take_labels(strata, "strata", n, absent);
		int		   *first = palloc(Max(n, 1) * sizeof(int));

		(void) number_labels(labels, result->nmembers, numbers, first);
		for (int i = 0; i < result->nmembers; i++)
			result->members[i].stratum = numbers[i];
	}
	sort_members(result->members, result->nmembers);
	return result;
}
