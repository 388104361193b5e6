/*
 * check/judge_names.c
 *		Customers whose ids differ in case or blanks alone.
 *
 * Blanks are never meant.  Case is where an id is a code of letters of both
 * cases, as short links and some record numbers are: there "aB3" and "ab3" are
 * two, and most that differ so are mixed within a word.  Words that are all
 * lower, all upper or capitalized, and addresses, are one id written twice.
 */
#include "metrics/check/judge.h"

#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/formatting.h"

typedef struct Spelling
{
	char	   *plain;			/* lower case, without needless blanks */
	const SampleEntry *entry;
} Spelling;

static inline bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Take blanks at the ends away, and all but one between words; in place. */
static void
squeeze(char *text)
{
	char	   *to = text;
	bool		gap = false;

	for (const char *from = text; *from != '\0'; from++)
		if (is_blank(*from))
			gap = to > text;
		else
		{
			if (gap)
				*to++ = ' ';
			gap = false;
			*to++ = *from;
		}
	*to = '\0';
}

/* Are the cases mixed within its words? */
static bool
is_mixed(const char *name)
{
	if (strchr(name, '@') != NULL)
		return false;
	while (*name != '\0')
	{
		int			letters = 0;
		int			uppers = 0;
		bool		capital = is_upper(*name);

		for (; is_letter(*name); name++)
		{
			letters++;
			uppers += is_upper(*name);
		}
		if (uppers > 0 && uppers < letters && !(capital && uppers == 1))
			return true;
		if (letters == 0)
			name++;
	}
	return false;
}

static int
compare_spellings(const void *a, const void *b)
{
	const Spelling *x = a;
	const Spelling *y = b;
	int			order = strcmp(x->plain, y->plain);

	/* the commonest first */
	if (order == 0)
		order = (x->entry->rows < y->entry->rows) - (x->entry->rows > y->entry->rows);
	return order != 0 ? order : strcmp(x->entry->name, y->entry->name);
}

/* The customers of the sample whose names are there as a whole, in order. */
static Spelling *
sorted_spellings(const Judge *judge, int *n, int64 *among)
{
	int			ncustomers;
	SampleEntry **customers = sample_sorted(&judge->state->customers, &ncustomers);
	Spelling   *spellings = palloc(Max(ncustomers, 1) * sizeof(Spelling));

	*n = 0;
	for (int i = 0; i < ncustomers; i++)
	{
		const SampleEntry *e = customers[i];

		CHECK_FOR_INTERRUPTS();
		*among = add_counts(*among, e->rows);
		if (e->name == NULL || e->row.flags & ENTRY_CLIPPED)
			continue;
		spellings[*n].entry = e;
		spellings[*n].plain = str_tolower(e->name, strlen(e->name),
										  DEFAULT_COLLATION_OID);
		squeeze(spellings[(*n)++].plain);
	}
	qsort(spellings, *n, sizeof(Spelling), compare_spellings);
	pfree(customers);
	return spellings;
}

/* Quoted, so that blanks are seen; the first in order is as good as any. */
static const char *
spelling_example(const Spelling *a, const Spelling *b)
{
	return psprintf("\"%.*s\", \"%.*s\"",
					pg_mbcliplen(a->entry->name, (int) strlen(a->entry->name), 46),
					a->entry->name,
					pg_mbcliplen(b->entry->name, (int) strlen(b->entry->name), 46),
					b->entry->name);
}

void
judge_spellings(Judge *judge)
{
	int			n;
	int64		among = 0;
	int64		found = 0;
	int			mixed = 0;
	int			plain = 0;
	const char *example = NULL;
	Spelling   *s = sorted_spellings(judge, &n, &among);

	for (int i = 1; i < n; i++)
	{
		if (strcmp(s[i].plain, s[i - 1].plain) != 0)
			continue;
		found = add_counts(found, s[i].entry->rows);
		if (is_mixed(s[i].entry->name) || is_mixed(s[i - 1].entry->name))
			mixed++;
		else
			plain++;
		if (example == NULL)
			example = spelling_example(&s[i - 1], &s[i]);
	}
	judge_tell(judge, FINDING_SPELLINGS,
			   plain > mixed ? SEVERITY_FAULT : SEVERITY_LOOK, found, among,
			   example);
}
