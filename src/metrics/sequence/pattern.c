/*
 * sequence/pattern.c
 *		The pattern of a sequence of events: from its text to its items.
 */
#include "metrics/sequence/pattern.h"

#include "common/int.h"
#include "lib/qunique.h"
#include "utils/memutils.h"

typedef struct Parser
{
	const char *begin;
	const char *at;
	const char *end;
	SequenceUnit unit;
	SequencePattern *pattern;
	int			size;			/* of the items, allocated */
	SequenceFault *fault;
} Parser;

/* Not what is expected here; returns false. */
static bool
refuse(Parser *p, const char *expected)
{
	p->fault->at = p->at - p->begin;
	p->fault->expected = expected;
	p->fault->limit = false;
	return false;
}

/* Take a word when it comes next. */
static bool
take(Parser *p, const char *word)
{
	Size		len = strlen(word);

	if ((Size) (p->end - p->at) < len || memcmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

/* Digits up to a largest number, which is what larger ones become. */
static bool
take_number(Parser *p, uint64 *number, uint64 largest)
{
	const char *first = p->at;

	*number = 0;
	for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
	{
		uint64		digit = *p->at - '0';

		*number = *number > (largest - digit) / 10 ? largest : *number * 10 + digit;
	}
	return p->at > first;
}

/* One more item. */
static bool
add_item(Parser *p, SequenceKind kind, uint32 place, uint64 time)
{
	SequencePattern *pattern = p->pattern;

	/* one ".*" after the other is as good as one */
	if (kind == SEQUENCE_GAP && pattern->nitems > 0 &&
		pattern->items[pattern->nitems - 1].kind == SEQUENCE_GAP)
		return true;
	if (pattern->nitems > SEQUENCE_MAX_ITEMS)
	{
		refuse(p, "");
		p->fault->limit = true;
		return false;
	}
	if (pattern->nitems == p->size)
	{
		p->size *= 2;
		pattern->items = repalloc(pattern->items, p->size * sizeof(SequenceItem));
	}
	pattern->items[pattern->nitems].kind = kind;
	pattern->items[pattern->nitems].place = place;
	pattern->items[pattern->nitems++].time = time;
	return true;
}

/* A time: how it compares, and a number. */
static bool
take_time(Parser *p)
{
	/* longer ones first */
	static const struct
	{
		const char *word;
		SequenceKind kind;
	}			comparisons[] = {
		{"<=", SEQUENCE_AT_MOST}, {"<", SEQUENCE_LESS},
		{">=", SEQUENCE_AT_LEAST}, {">", SEQUENCE_MORE},
		{"==", SEQUENCE_EXACTLY}, {"=", SEQUENCE_EXACTLY}
	};
	static const uint64 units[] = {
		[SEQUENCE_SECONDS] = USECS_PER_SEC, [SEQUENCE_DAYS] = USECS_PER_DAY,
		[SEQUENCE_INTEGERS] = 1
	};
	uint64		unit = units[p->unit];
	uint64		time;

	for (int i = 0; i < lengthof(comparisons); i++)
		if (take(p, comparisons[i].word))
		{
			if (!take_number(p, &time, PG_UINT64_MAX))
				return refuse(p, "a whole number");
			/* longer than any two times are apart, or just as far */
			time = time > PG_UINT64_MAX / unit ? PG_UINT64_MAX : time * unit;
			return add_item(p, comparisons[i].kind, 0, time);
		}
	return refuse(p, "a comparison: <, <=, >, >=, == or =");
}

/* What follows "(?": a time, or the number of a condition. */
static bool
take_bracket(Parser *p)
{
	const SequenceItem *before = &p->pattern->items[p->pattern->nitems - 1];
	const char *number = p->at;
	uint64		condition;

	if (take(p, "t"))
	{
		/* from where it would count is not what anyone means */
		if (!sequence_takes(before) && before->kind != SEQUENCE_GAP)
		{
			p->at = number - strlen("(?");
			return refuse(p, "(?1), . or .* after a time");
		}
		if (!take_time(p))
			return false;
	}
	else
	{
		if (!take_number(p, &condition, PG_UINT64_MAX))
			return refuse(p, "t or the number of a condition");
		if (condition < 1 || condition > PG_INT32_MAX)
		{
			p->at = number;
			return refuse(p, "the number of a condition, from 1");
		}
		if (!add_item(p, SEQUENCE_CONDITION, (uint32) condition, 0))
			return false;
	}
	return take(p, ")") ? true : refuse(p, "a closing parenthesis");
}

static int
compare_conditions(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/* Number the conditions by their places among those that there are. */
static void
place_conditions(SequencePattern *pattern)
{
	int			n = 0;

	pattern->conditions = palloc(pattern->nitems * sizeof(int32));
	for (int i = 0; i < pattern->nitems; i++)
		if (pattern->items[i].kind == SEQUENCE_CONDITION)
			pattern->conditions[n++] = (int32) pattern->items[i].place;
	qsort(pattern->conditions, n, sizeof(int32), compare_conditions);
	n = (int) qunique(pattern->conditions, n, sizeof(int32), compare_conditions);
	for (int i = 0; i < pattern->nitems; i++)
	{
		SequenceItem *item = &pattern->items[i];
		int32		number = (int32) item->place;

		if (item->kind == SEQUENCE_CONDITION)
			item->place = (uint32) ((const int32 *)
									bsearch(&number, pattern->conditions, n, sizeof(int32),
											compare_conditions) - pattern->conditions);
	}
	pattern->nconditions = n;
	pattern->words = Max(1, (n + 63) / 64);
}

static bool
take_items(Parser *p)
{
	add_item(p, SEQUENCE_GAP, 0, 0);
	while (p->at < p->end)
	{
		bool		taken;

		if (take(p, " "))
			continue;
		if (take(p, "(?"))
			taken = take_bracket(p);
		else if (take(p, ".*"))
			taken = add_item(p, SEQUENCE_GAP, 0, 0);
		else if (take(p, "."))
			taken = add_item(p, SEQUENCE_ANY, 0, 0);
		else
			taken = refuse(p, "an element: (?1), (?t<=60), . or .*");
		if (!taken)
			return false;
	}
	return true;
}

/* The pattern of a text. */
SequencePattern *
sequence_pattern_parse(const char *text, Size len, SequenceUnit unit,
					   MemoryContext context, SequenceFault *fault)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	SequencePattern *pattern = palloc0(sizeof(SequencePattern));
	Parser		p = {text, text, text + len, unit, pattern, 16, fault};

	pattern->text = pnstrdup(text, len);
	pattern->len = len;
	pattern->unit = unit;
	pattern->items = palloc(p.size * sizeof(SequenceItem));
	if (take_items(&p))
		place_conditions(pattern);
	else
		pattern = NULL;
	MemoryContextSwitchTo(old);
	return pattern;
}

/* The fault as an error. */
void
sequence_pattern_refuse(const char *text, Size len, const SequenceFault *fault)
{
	int			position = pg_mbstrlen_with_len(text, (int) fault->at) + 1;
	int			left = (int) (len - fault->at);
	int			shown = pg_mbcliplen(text + fault->at, left, 40);

	if (fault->limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the pattern of a sequence has more than %d elements",
						SEQUENCE_MAX_ITEMS),
				 errdetail("The one too many is before position %d.", position),
				 errhint("Ask for parts of it, or number the events by a condition of their own.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the pattern of a sequence has a fault at position %d", position),
			 left == 0 ?
			 errdetail("Expected %s, found the end.", fault->expected) :
			 errdetail("Expected %s, found \"%.*s%s\".", fault->expected, shown,
					   text + fault->at, shown < left ? "..." : ""),
			 errhint("A pattern is such as '(?1)(?t<=3600)(?2).*(?3)': condition 2 at most 3600 seconds after condition 1, and later on condition 3.")));
}
