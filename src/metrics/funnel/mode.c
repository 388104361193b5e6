/*
 * funnel/mode.c
 *		The mode of a funnel: words separated by commas.
 */
#include "metrics/funnel/rules.h"

#include "base/clip.h"
#include "lib/stringinfo.h"

typedef struct ModeWord
{
	uint8		mode;
	const char *word;
} ModeWord;

static const ModeWord mode_words[] = {
	{FUNNEL_STRICT_ORDER, "strict order"},
	{FUNNEL_INCREASING, "strictly increasing"},
	{FUNNEL_DEDUPLICATED, "deduplicated"},
	{FUNNEL_ONE_STEP, "one row one step"},
	{FUNNEL_ANY_ORDER, "any order"},
	{FUNNEL_REENTRY, "allow reentry"}
};

/* ----------------------------------------------------------------
 *		Words
 * ----------------------------------------------------------------
 */

static char *
optional_word(int32 step)
{
	return psprintf("optional %d", step);
}

static char *
excluded_word(const FunnelExclusion *e)
{
	return e->after == 0 ? psprintf("exclude %d", e->condition) :
		psprintf("exclude %d after %d", e->condition, e->after);
}

/* The words in their order. */
char *
funnel_mode_text(const FunnelRules *rules)
{
	StringInfoData text;
	const char *comma = "";

	initStringInfo(&text);
	for (int i = 0; i < lengthof(mode_words); i++)
		if (rules->mode & mode_words[i].mode)
		{
			appendStringInfo(&text, "%s%s", comma, mode_words[i].word);
			comma = ", ";
		}
	for (int32 step = 1; step <= FUNNEL_MAX_OPTIONAL; step++)
		if (funnel_optional(rules, step))
		{
			appendStringInfo(&text, "%s%s", comma, optional_word(step));
			comma = ", ";
		}
	for (int i = 0; i < rules->nexcluded; i++)
	{
		appendStringInfo(&text, "%s%s", comma, excluded_word(&rules->excluded[i]));
		comma = ", ";
	}
	return text.data;
}

bool
funnel_modes_equal(const FunnelRules *a, const FunnelRules *b)
{
	return a->mode == b->mode && a->optional == b->optional &&
		a->nexcluded == b->nexcluded &&
		memcmp(a->excluded, b->excluded,
			   a->nexcluded * sizeof(FunnelExclusion)) == 0;
}

/* ----------------------------------------------------------------
 *		Contradictions
 * ----------------------------------------------------------------
 */

static const char *
contradiction(const char *a, const char *b)
{
	return psprintf("The words \"%s\" and \"%s\" contradict each other.", a, b);
}

/* With what any order does not go. */
static const char *
any_order_problem(const FunnelRules *rules)
{
	const char *any = "any order";

	if (rules->mode & FUNNEL_STRICT_ORDER)
		return contradiction("strict order", any);
	if (rules->mode & FUNNEL_DEDUPLICATED)
		return contradiction("deduplicated", any);
	for (int32 step = 1; step <= FUNNEL_MAX_OPTIONAL; step++)
		if (funnel_optional(rules, step))
			return contradiction(any, optional_word(step));
	for (int i = 0; i < rules->nexcluded; i++)
		if (rules->excluded[i].after != 0)
			return contradiction(any, excluded_word(&rules->excluded[i]));
	return NULL;
}

/* What is wrong with the words of a mode together. */
static const char *
words_problem(const FunnelRules *rules)
{
	if (rules->mode & FUNNEL_ANY_ORDER)
	{
		const char *problem = any_order_problem(rules);

		if (problem != NULL)
			return problem;
	}
	if (funnel_optional(rules, 1))
		return "Step 1 begins every chain and cannot be optional.";
	for (int i = 0; i < rules->nexcluded; i++)
	{
		const FunnelExclusion *e = &rules->excluded[i];

		if (funnel_optional(rules, e->condition))
			return contradiction(optional_word(e->condition), excluded_word(e));
		if (i > 0 && e[-1].condition == e->condition && e[-1].after == 0)
			return contradiction(excluded_word(e - 1), excluded_word(e));
	}
	return NULL;
}

/* What is wrong with a mode from outside. */
const char *
funnel_mode_problem(const FunnelRules *rules)
{
	if ((rules->mode & ~FUNNEL_MODES) != 0)
		return "The mode is unknown.";
	for (int i = 0; i < rules->nexcluded; i++)
	{
		const FunnelExclusion *e = &rules->excluded[i];

		if (e->condition < 1 || e->condition > FUNNEL_MAX_STEP ||
			e->after < 0 || e->after >= FUNNEL_MAX_STEP)
			return "An exclusion is out of range.";
		if (i > 0 && (e->condition < e[-1].condition ||
					  (e->condition == e[-1].condition && e->after <= e[-1].after)))
			return "The exclusions are not in ascending order.";
	}
	return words_problem(rules);
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* A word without the blanks around it, and one where several are; lower case. */
static char *
tidy_word(const char *word, int len)
{
	StringInfoData tidy;

	initStringInfo(&tidy);
	for (int i = 0; i < len; i++)
	{
		char		c = word[i];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		{
			if (tidy.len > 0 && tidy.data[tidy.len - 1] != ' ')
				appendStringInfoChar(&tidy, ' ');
		}
		else
			appendStringInfoChar(&tidy, pg_ascii_tolower((unsigned char) c));
	}
	if (tidy.len > 0 && tidy.data[tidy.len - 1] == ' ')
		tidy.data[--tidy.len] = '\0';
	return tidy.data;
}

/* Digits up to a blank or the end, at most seven; *at moves past them. */
static bool
take_number(const char **at, int32 *number)
{
	const char *c = *at;

	*number = 0;
	for (; *c >= '0' && *c <= '9' && c - *at < 7; c++)
		*number = *number * 10 + (*c - '0');
	if (c == *at || (*c != '\0' && *c != ' '))
		return false;
	*at = c;
	return true;
}

static const char *
there_twice(const char *word)
{
	return psprintf("The word \"%s\" is there twice.", clip(word));
}

/* "optional N" */
static const char *
take_optional(FunnelRules *rules, const char *word)
{
	const char *at = word + strlen("optional ");
	int32		step;

	if (!take_number(&at, &step) || *at != '\0')
		return psprintf("The word \"%s\" is unknown.", clip(word));
	if (step < 1 || step > FUNNEL_MAX_OPTIONAL)
		return psprintf("In \"%s\" the step is out of range: the steps 2 to %d can be optional.",
						clip(word), FUNNEL_MAX_OPTIONAL);
	if (funnel_optional(rules, step))
		return there_twice(word);
	rules->optional |= UINT64CONST(1) << (step - 1);
	return NULL;
}

/* "exclude N", "exclude N after K" */
static const char *
take_excluded(FunnelRules *rules, const char *word)
{
	const char *at = word + strlen("exclude ");
	FunnelExclusion e = {0, 0};
	int			place = 0;
	bool		after = false;

	if (!take_number(&at, &e.condition) ||
		(*at != '\0' &&
		 (!(after = strncmp(at, " after ", 7) == 0) || (at += 7, !take_number(&at, &e.after)) ||
		  *at != '\0')))
		return psprintf("The word \"%s\" is unknown.", clip(word));
	if (e.condition < 1 || e.condition > FUNNEL_MAX_STEP ||
		(after && (e.after < 1 || e.after >= FUNNEL_MAX_STEP)))
		return psprintf("In \"%s\" a number is out of range: conditions and steps go from 1 to %d.",
						clip(word), FUNNEL_MAX_STEP);
	while (place < rules->nexcluded &&
		   (rules->excluded[place].condition < e.condition ||
			(rules->excluded[place].condition == e.condition &&
			 rules->excluded[place].after < e.after)))
		place++;
	if (place < rules->nexcluded &&
		rules->excluded[place].condition == e.condition &&
		rules->excluded[place].after == e.after)
		return there_twice(word);
	if (rules->nexcluded == FUNNEL_MAX_EXCLUDED)
		return psprintf("There are more than %d exclusions.", FUNNEL_MAX_EXCLUDED);
	memmove(&rules->excluded[place + 1], &rules->excluded[place],
			(rules->nexcluded - place) * sizeof(FunnelExclusion));
	rules->excluded[place] = e;
	rules->nexcluded++;
	return NULL;
}

/* One word; what is wrong with it, NULL when nothing is. */
static const char *
take_word(FunnelRules *rules, const char *word)
{
	if (strncmp(word, "optional ", 9) == 0)
		return take_optional(rules, word);
	if (strncmp(word, "exclude ", 8) == 0)
		return take_excluded(rules, word);
	for (int i = 0; i < lengthof(mode_words); i++)
	{
		if (strcmp(word, mode_words[i].word) != 0)
			continue;
		if (rules->mode & mode_words[i].mode)
			return there_twice(word);
		rules->mode |= mode_words[i].mode;
		return NULL;
	}
	return psprintf("The word \"%s\" is unknown.", clip(word));
}

/* All words, into rules without a mode; "" and "default" are none at all. */
static const char *
take_words(const char *words, int len, FunnelRules *rules)
{
	int			nwords = 0;
	bool		plain = false;

	if (*tidy_word(words, len) == '\0')
		return NULL;
	for (int from = 0, to; from <= len; from = to + 1)
	{
		const char *problem;
		char	   *word;

		for (to = from; to < len && words[to] != ',';)
			to++;
		word = tidy_word(words + from, to - from);
		nwords++;
		if (strcmp(word, "default") == 0)
			plain = true;
		else if ((problem = take_word(rules, word)) != NULL)
			return problem;
	}
	if (plain && nwords > 1)
		return "The word \"default\" contradicts any other.";
	return words_problem(rules);
}

/* The mode that words ask for. */
void
funnel_mode_from_text(const char *words, int len, FunnelRules *rules)
{
	const char *problem = take_words(words, len, rules);

	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid funnel mode"),
				 errdetail_internal("%s", problem),
				 errhint("Use 'default', or some of 'strict order', 'strictly increasing', 'deduplicated', 'one row one step', 'any order', 'allow reentry', 'optional N', 'exclude N' and 'exclude N after K', separated by commas.")));
}

/* Read what funnel_mode_text() writes. */
bool
funnel_mode_parse(const char *words, FunnelRules *rules)
{
	rules->mode = rules->nexcluded = 0;
	rules->optional = 0;
	return take_words(words, strlen(words), rules) == NULL &&
		strcmp(words, funnel_mode_text(rules)) == 0;
}

/* ----------------------------------------------------------------
 *		Bytes
 * ----------------------------------------------------------------
 */

void
funnel_mode_put(WireWriter *w, const FunnelRules *rules, bool trend)
{
	bool		more = rules->optional != 0 || rules->nexcluded > 0;
	uint8		mode = rules->mode | (more ? FUNNEL_MORE : 0) |
		(trend ? FUNNEL_TREND : 0);

	wire_put_bytes(w, &mode, 1);
	if (!more)
		return;
	wire_put(w, rules->optional);
	wire_put(w, rules->nexcluded);
	for (int i = 0; i < rules->nexcluded; i++)
	{
		wire_put(w, rules->excluded[i].condition);
		wire_put(w, rules->excluded[i].after);
	}
}

bool
funnel_mode_get(WireReader *r, FunnelRules *rules)
{
	uint8		mode = *wire_get_bytes(r, 1);

	rules->mode = mode & ~(FUNNEL_MORE | FUNNEL_TREND);
	rules->optional = 0;
	rules->nexcluded = 0;
	if ((mode & FUNNEL_MORE) == 0)
		return (mode & FUNNEL_TREND) != 0;
	rules->optional = wire_get(r);
	rules->nexcluded = wire_get_max(r, FUNNEL_MAX_EXCLUDED,
									"There are too many exclusions.");
	for (int i = 0; i < rules->nexcluded; i++)
	{
		rules->excluded[i].condition = wire_get_max(r, FUNNEL_MAX_STEP,
													"An exclusion is out of range.");
		rules->excluded[i].after = wire_get_max(r, FUNNEL_MAX_STEP,
												"An exclusion is out of range.");
	}
	if (rules->optional == 0 && rules->nexcluded == 0)
		wire_corrupt(r, "The mode is not in its shortest form.");
	return (mode & FUNNEL_TREND) != 0;
}
