/*
 * retail_calendar.c
 *		retail_calendar(first_day, weeks, years, long_years): the calendar of a
 *		trade, in which every period is so many whole weeks.
 *
 * A year has 52 weeks, cut by a pattern that is repeated until they are spent:
 *
 *	4-4-5	13 weeks, four times: months of 4, 4 and 5 weeks in each quarter
 *	4		13 periods of four weeks
 *
 * Some years have a week more, which goes to their last period.
 */
#include "base/grain.h"

#include "base/clip.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

PG_FUNCTION_INFO_V1(retention_retail_calendar);

#define YEAR_WEEKS 52

static void
refuse(const char *message, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/*
 * The weeks of a year's periods, by a pattern like "4-4-5"; returns the number
 * of these.
 */
static int
take_weeks(const char *pattern, int *weeks)
{
	const char *hint = "Write the weeks of a quarter's months, as in '4-4-5', '4-5-4' or '5-4-4', or '4' for thirteen periods of four weeks.";
	const char *at = pattern;
	int			n = 0;
	int			sum = 0;

	for (;;)
	{
		int			number = 0;
		const char *from = at;

		for (; *at >= '0' && *at <= '9' && number <= YEAR_WEEKS; at++)
			number = number * 10 + (*at - '0');
		sum += number;
		if (at == from || number < 1 || sum > YEAR_WEEKS)
			break;
		weeks[n++] = number;
		if (*at == '\0' && YEAR_WEEKS % sum == 0)
		{
			for (int i = n; i < n * (YEAR_WEEKS / sum); i++)
				weeks[i] = weeks[i - n];
			return n * (YEAR_WEEKS / sum);
		}
		if (*at++ != '-')
			break;
	}
	refuse("weeks must be numbers of weeks that fill a year of 52 when repeated",
		   psprintf("They are \"%s\".", clip(pattern)), hint);
	return 0;
}

/* Which years have a week more: a flag for each. */
static bool *
take_long_years(ArrayType *array, int years)
{
	bool	   *is_long = palloc0(years * sizeof(bool));
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		int32		year = nulls[i] ? 0 : DatumGetInt32(values[i]);

		if (year < 1 || year > years)
			refuse("long_years must be numbers of years of the calendar",
				   nulls[i] ? "One of them is NULL." :
				   psprintf("One of them is %d, and the years are 1 to %d.", year, years),
				   "Number the years from 1: '{1,7}' gives the first and the seventh year 53 weeks.");
		is_long[year - 1] = true;
	}
	return is_long;
}

/*
 * retail_calendar(first_day, weeks, years, long_years): so many years from a
 * day on, as a calendar of dates.
 */
Datum
retention_retail_calendar(PG_FUNCTION_ARGS)
{
	int64		day = PG_GETARG_DATEADT(0);
	int32		years = PG_GETARG_INT32(2);
	int			weeks[YEAR_WEEKS];
	int			n = take_weeks(text_to_cstring(PG_GETARG_TEXT_PP(1)), weeks);
	int32		dates[GRAIN_MAX_DATES];
	int			ndates = 0;
	bool	   *is_long;

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("first_day must be a finite date"),
				 errhint("Pass the day on which the first year begins, for example '2024-01-28'.")));
	if (years < 1 || years > (GRAIN_MAX_DATES - 1) / n)
		refuse(psprintf("years must be from 1 to %d", (GRAIN_MAX_DATES - 1) / n),
			   psprintf("It is %d, and a calendar has %d dates at most.", years,
						GRAIN_MAX_DATES),
			   "Pass how many years the data cover.");
	is_long = take_long_years(PG_GETARG_ARRAYTYPE_P(3), years);
	dates[ndates++] = (int32) day;
	for (int32 year = 0; year < years; year++)
		for (int i = 0; i < n; i++)
		{
			day += 7 * (weeks[i] + (is_long[year] && i == n - 1));
			if (!IS_VALID_DATE(day))
				ereport(ERROR,
						(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						 errmsg("date out of range"),
						 errdetail("The calendar reaches past the dates PostgreSQL has, 4714-11-24 BC to 5874897-12-31."),
						 errhint("Pass an earlier first_day, or fewer years.")));
			dates[ndates++] = (int32) day;
		}
	PG_RETURN_POINTER(grain_of_dates(dates, ndates, ""));
}
