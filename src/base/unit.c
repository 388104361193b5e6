/*
 * unit.c
 *		Units of time that recency, age and the parameters of models are in.
 */
#include "base/unit.h"

#include "base/clip.h"
#include "utils/builtins.h"

const char *const unit_names[UNITS] = {NULL, "day", "week", "month"};
const float8 unit_days[UNITS] = {0, 1, 7, 365.0 / 12};

TimeUnit
unit_parse(const char *word, int len)
{
	if (len > 1 && pg_tolower((unsigned char) word[len - 1]) == 's')
		len--;
	for (int i = UNIT_DAY; i < UNITS; i++)
		if (strlen(unit_names[i]) == len &&
			pg_strncasecmp(unit_names[i], word, len) == 0)
			return (TimeUnit) i;
	return UNIT_NONE;
}

TimeUnit
unit_from_text(const text *word)
{
	const char *chars = VARDATA_ANY(word);
	int			len = VARSIZE_ANY_EXHDR(word);
	TimeUnit	unit = unit_parse(chars, len);

	if (unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown unit of time \"%s\"", clip_bytes(chars, len)),
				 errdetail("Recency and age are counted in days, weeks of 7 days or months of 365/12 days."),
				 errhint("Pass 'day', 'week' or 'month', or one of these in the plural.")));
	return unit;
}

float8
unit_of_days(int64 days, TimeUnit unit)
{
	switch (unit)
	{
		case UNIT_WEEK:
			return (float8) days / 7;
		case UNIT_MONTH:
			return (float8) (days * 12) / 365;
		default:
			return (float8) days;
	}
}
