/*
 * constant.c
 *		Arguments that are the same for all rows of a group: their errors.
 */
#include "base/constant.h"

#define HINT_GROUP "Pass a constant, or add it to GROUP BY."

typedef struct ConstantWords
{
	const char *name;
	const char *pass;			/* what to pass instead of NULL */
	const char *group;			/* what to do about two values */
} ConstantWords;

static const ConstantWords words[] = {
	[CONSTANT_GRAIN] = {
		"grain",
		"Pass a grain such as 'month' or 'week starting sunday'.",
		HINT_GROUP
	},
	[CONSTANT_ZONE] = {
		"zone",
		"Name a time zone such as 'Europe/Paris', or leave the argument out for that of the session.",
		HINT_GROUP
	},
	[CONSTANT_WITHIN] = {
		"within",
		HINT_WITHIN,
		"Pass a constant, or add within::text to GROUP BY: intervals as long as one another, such as '1 day' and '24 hours', are one group but two windows."
	},
	[CONSTANT_MODE] = {
		"mode",
		"Pass 'default', or the words of a mode such as 'strict order'.",
		HINT_GROUP
	},
	[CONSTANT_KIND] = {
		"kind",
		"Pass the kind of model to fit.",
		HINT_GROUP
	},
	[CONSTANT_UNIT] = {
		"unit",
		"It is 'day', 'week' (7 days) or 'month' (365/12 days); without the argument the model has no unit.",
		HINT_GROUP
	},
	[CONSTANT_CONFIDENCE] = {
		"confidence",
		"Pass the probability that the bounds hold, for example 0.95.",
		HINT_GROUP
	},
	[CONSTANT_SATISFIED_FROM] = {
		"satisfied_from",
		"Pass the lowest score of a satisfied customer, for example 4 of 5.",
		HINT_GROUP
	},
	[CONSTANT_AS_OF] = {
		"as_of",
		"Pass the day after the last one that the data cover.",
		HINT_GROUP
	},
	[CONSTANT_LAG] = {
		"lag",
		"Pass how many periods before the opening is: with 'month', 12 is a year.",
		HINT_GROUP
	},
	[CONSTANT_PATTERN] = {
		"pattern",
		"Pass the pattern of a sequence, such as '(?1)(?t<=3600)(?2)'.",
		HINT_GROUP
	},
	[CONSTANT_DIRECTION] = {
		"direction",
		"It is 'forward' or 'backward'.",
		HINT_GROUP
	},
	[CONSTANT_BASE] = {
		"base",
		"It is 'head', 'tail', 'first_match' or 'last_match'.",
		HINT_GROUP
	},
	[CONSTANT_START_PLACE] = {
		"start_place",
		"Name the place that ways are followed from, or leave the argument out.",
		HINT_GROUP
	},
	[CONSTANT_AT_LEAST] = {
		"at_least",
		"Pass how many events a period has at least where a customer is active, for example 2.",
		HINT_GROUP
	},
	[CONSTANT_SHARE] = {
		"share",
		"Pass the part of the customers to look at, the highest scores first: 0.1 is one in ten.",
		HINT_GROUP
	},
	[CONSTANT_BINS] = {
		"bins",
		"Pass into how many parts the customers are divided, such as 10.",
		HINT_GROUP
	},
	[CONSTANT_MODEL] = {
		"model",
		"Pass a model that was fitted to customers like these.",
		"Fit one model, in a subquery or a table of one row, or add it to GROUP BY."
	},
	[CONSTANT_TIMEZONE] = {
		"TimeZone", NULL, "Do not change it while the query runs."
	}
};

void
constant_refuse_null(Constant which, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be NULL", words[which].name),
			 errhint("%s", hint != NULL ? hint : words[which].pass)));
}

void
constant_refuse_change(Constant which, const char *before, const char *now)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same for all rows of a group",
					words[which].name),
			 errdetail("Both %s and %s were given.", before, now),
			 errhint("%s", words[which].group)));
}
