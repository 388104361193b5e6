/*
 * survival/readers.c
 *		What survival curves say: points, quantiles, the mean up to a time.
 */
#include "metrics/survival/type.h"

#include <math.h>

#include "base/reader.h"

PG_FUNCTION_INFO_V1(retention_survival_points);
PG_FUNCTION_INFO_V1(retention_lifetime_quantile);
PG_FUNCTION_INFO_V1(retention_median_lifetime);
PG_FUNCTION_INFO_V1(retention_mean_lifetime);

/* ----------------------------------------------------------------
 *		survival_points
 * ----------------------------------------------------------------
 */

typedef struct PointsState
{
	CurveWalk	walk;
	Bounds		bounds;
} PointsState;

enum
{
	POINT_AT, POINT_AT_RISK, POINT_EVENTS, POINT_CENSORED, POINT_SURVIVAL,
	POINT_STD_ERROR, POINT_LOW, POINT_HIGH, POINT_HAZARD, POINT_HAZARD_ERROR
};

static const ReaderColumn point_columns[] = {
	[POINT_AT] = {"at_time", FLOAT8OID},
	[POINT_AT_RISK] = {"at_risk", INT8OID},
	[POINT_EVENTS] = {"events", INT8OID},
	[POINT_CENSORED] = {"censored", INT8OID},
	[POINT_SURVIVAL] = {"survival", FLOAT8OID},
	[POINT_STD_ERROR] = {"std_error", FLOAT8OID},
	[POINT_LOW] = {"low", FLOAT8OID},
	[POINT_HIGH] = {"high", FLOAT8OID},
	[POINT_HAZARD] = {"cumulative_hazard", FLOAT8OID},
	[POINT_HAZARD_ERROR] = {"hazard_std_error", FLOAT8OID},
};

static void *
points_begin(FunctionCallInfo fcinfo, const void *arg)
{
	PointsState *state = palloc(sizeof(PointsState));

	state->bounds = bounds_arguments(fcinfo, 1);
	curve_walk_begin(&state->walk, PG_GETARG_CURVE(0));
	return state;
}

static bool
points_next(void *arg, ReaderRow *row)
{
	PointsState *state = arg;
	const CurvePoint *point = curve_walk_next(&state->walk);
	Estimate	estimate;
	float8		low;
	float8		high;

	if (point == NULL)
		return false;
	estimate = curve_estimate(point);
	row_float8(row, POINT_AT, point->at);
	row_int64(row, POINT_AT_RISK, point->at_risk);
	row_int64(row, POINT_EVENTS, point->events);
	row_int64(row, POINT_CENSORED, point->censored);
	row_float8(row, POINT_SURVIVAL, point->survival);
	if (!isinf(point->variance))
		row_float8(row, POINT_STD_ERROR, estimate.std_error);
	if (bounds_of(&state->bounds, &estimate, &low, &high))
	{
		row_float8(row, POINT_LOW, low);
		row_float8(row, POINT_HIGH, high);
	}
	row_float8(row, POINT_HAZARD, point->hazard);
	row_float8(row, POINT_HAZARD_ERROR, sqrt(point->hazard_variance));
	return true;
}

/* survival_points(curve, confidence, conf_type) */
Datum
retention_survival_points(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(point_columns, 3, points_begin,
											points_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		Quantiles
 * ----------------------------------------------------------------
 */

/* Rounding of a survival: what is so close to a share is that share. */
#define SAME_SHARE 1e-10

/*
 * The time at which a falling curve crosses a share; where it is flat at just
 * that share, the middle of the flat piece (of the last one: up to the last
 * time), as R's survival has it.
 */
typedef struct Crossing
{
	float8		share;
	float8		reached;		/* first time at or below the share; or -1 */
	float8		passed;			/* first time below it; or -1 */
	bool		defined;		/* does the curve have a value at the end? */
} Crossing;

static void
crossing_take(Crossing *crossing, float8 at, float8 survival)
{
	crossing->defined = true;
	if (crossing->reached < 0 && survival <= crossing->share + SAME_SHARE)
		crossing->reached = at;
	if (crossing->passed < 0 && survival <= crossing->share - SAME_SHARE)
		crossing->passed = at;
}

/* False when the share is not reached. */
static bool
crossing_time(const Crossing *crossing, float8 last, float8 *time)
{
	float8		passed = crossing->passed;

	if (crossing->reached < 0 || (passed < 0 && !crossing->defined))
		return false;
	if (passed < 0)
		passed = last;
	*time = crossing->reached + (passed - crossing->reached) / 2;
	return true;
}

enum
{
	QUANTILE_ESTIMATE, QUANTILE_LOW, QUANTILE_HIGH, QUANTILE_COLUMNS
};

/* The time by which a share p has churned, with bounds. */
static void
curve_quantile(const SurvivalCurve *curve, float8 p, const Bounds *bounds,
			   float8 *times, bool *nulls)
{
	Crossing	crossings[QUANTILE_COLUMNS];
	CurveWalk	walk;
	const CurvePoint *point;

	for (int i = 0; i < QUANTILE_COLUMNS; i++)
	{
		crossings[i] = (Crossing) {1 - p, -1, -1, false};
		times[i] = 0;
		nulls[i] = false;
	}
	if (p == 0)
		return;
	curve_walk_begin(&walk, curve);
	while ((point = curve_walk_next(&walk)) != NULL)
	{
		Estimate	estimate = curve_estimate(point);
		float8		low;
		float8		high;

		crossing_take(&crossings[QUANTILE_ESTIMATE], point->at, point->survival);
		if (bounds_of(bounds, &estimate, &low, &high))
		{
			crossing_take(&crossings[QUANTILE_LOW], point->at, low);
			crossing_take(&crossings[QUANTILE_HIGH], point->at, high);
		}
		else
			crossings[QUANTILE_LOW].defined =
				crossings[QUANTILE_HIGH].defined = false;
	}
	for (int i = 0; i < QUANTILE_COLUMNS; i++)
		nulls[i] = !crossing_time(&crossings[i],
								  curve->times[curve->ntimes - 1].at, &times[i]);
}

static const ReaderColumn quantile_columns[] = {
	[QUANTILE_ESTIMATE] = {"estimate", FLOAT8OID},
	[QUANTILE_LOW] = {"low", FLOAT8OID},
	[QUANTILE_HIGH] = {"high", FLOAT8OID},
};

/* lifetime_quantile(curve, p, confidence, conf_type) */
Datum
retention_lifetime_quantile(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(quantile_columns);
	float8		p = PG_GETARG_FLOAT8(1);
	float8		times[QUANTILE_COLUMNS];
	bool		nulls[QUANTILE_COLUMNS];
	Bounds		bounds;
	ReaderRow	row;

	if (rate_outside(p))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("p must be between 0 and 1"),
				 errdetail("It is %g.", p),
				 errhint("Pass the share of customers who have churned by the time asked for, 0.5 for the median.")));
	bounds = bounds_arguments(fcinfo, 2);
	curve_quantile(PG_GETARG_CURVE(0), p, &bounds, times, nulls);
	reader_row_begin(&row, &reader);
	for (int i = 0; i < QUANTILE_COLUMNS; i++)
		if (!nulls[i])
			row_float8(&row, i, times[i]);
	return reader_row_datum(&row, fcinfo);
}

/* median_lifetime(curve) */
Datum
retention_median_lifetime(PG_FUNCTION_ARGS)
{
	const Bounds bounds = {BOUNDS_LOG_LOG, RATE_Z95};
	float8		times[QUANTILE_COLUMNS];
	bool		nulls[QUANTILE_COLUMNS];

	curve_quantile(PG_GETARG_CURVE(0), 0.5, &bounds, times, nulls);
	if (nulls[QUANTILE_ESTIMATE])
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(times[QUANTILE_ESTIMATE]);
}

/* ----------------------------------------------------------------
 *		mean_lifetime
 * ----------------------------------------------------------------
 */

/*
 * Area under the curve from 0 to until.  With a mean, the variance that goes
 * with it: the sum of A^2 d / (n (n - d)) over the event times, where A is
 * the area from there to until, all in units of until; the term at which
 * survival ends is left out, A being 0 there.
 */
static float8
curve_area(const SurvivalCurve *curve, float8 until, const float8 *mean,
		   float8 *variance)
{
	CurveWalk	walk;
	const CurvePoint *point;
	float8		area = 0;
	float8		before = 0;
	float8		survival = 1;
	float8		greenwood = 0;

	curve_walk_begin(&walk, curve);
	while ((point = curve_walk_next(&walk)) != NULL && point->at <= until)
	{
		area += survival * (point->at - before);
		before = point->at;
		survival = point->survival;
		if (mean != NULL && !isinf(point->variance))
		{
			float8		rest = Max((*mean - area) / until, 0);

			*variance += rest * rest * (point->variance - greenwood);
			greenwood = point->variance;
		}
	}
	return area + survival * (until - before);
}

enum
{
	MEAN_ESTIMATE, MEAN_STD_ERROR
};

static const ReaderColumn mean_columns[] = {
	[MEAN_ESTIMATE] = {"estimate", FLOAT8OID},
	[MEAN_STD_ERROR] = {"std_error", FLOAT8OID},
};

/* mean_lifetime(curve, up_to) */
Datum
retention_mean_lifetime(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(mean_columns);
	const SurvivalCurve *curve = PG_GETARG_CURVE(0);
	float8		up_to = PG_GETARG_FLOAT8(1);
	const CurveTime *last = &curve->times[curve->ntimes - 1];
	float8		mean = 0;
	float8		variance = 0;
	ReaderRow	row;

	if (isnan(up_to) || up_to < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("up_to must be 0 or above"),
				 errdetail("It is %g.", up_to),
				 errhint("Pass the time up to which lifetimes are counted, in the unit of the durations.")));
	reader_row_begin(&row, &reader);
	if (up_to > last->at && last->censored > 0)
		return reader_row_datum(&row, fcinfo);	/* nobody knows */

	/* past the last time nobody is left */
	up_to = Min(up_to, last->at);
	if (up_to > 0)
	{
		mean = curve_area(curve, up_to, NULL, NULL);
		(void) curve_area(curve, up_to, &mean, &variance);
	}
	row_float8(&row, MEAN_ESTIMATE, mean);
	row_float8(&row, MEAN_STD_ERROR, up_to * sqrt(variance));
	return reader_row_datum(&row, fcinfo);
}
