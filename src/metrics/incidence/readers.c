/*
 * incidence/readers.c
 *		What incidence curves say: how many have left for each reason by when.
 *
 * With n customers at risk at time t, d of whom leave, d_k for reason k, and
 * S(t-) the survival just before whatever the reason:
 *
 *		F_k(t) = sum of S(t-) d_k/n				Aalen and Johansen, Scand. J.
 *												Statist. 5, 1978
 *
 * All F_k and S add up to 1, while 1 - Kaplan and Meier's estimate, which
 * takes those who left for other reasons as censored, says what would be if
 * no other reasons were.  The variance goes from time to time with that of S
 * and the covariance of both, what leaves at one time being multinomial:
 *
 *		C(t) = (I + dA)' C(t-) (I + dA) + S(t-)^2 times
 *			Var(S)			p (1 - p) / n			p = d/n
 *			Cov(S, F_k)		- q (1 - p) / n			q = d_k/n
 *			Var(F_k)		q (1 - q) / n
 *
 * (Andersen, Borgan, Gill and Keiding 1993, IV.4.1.3), which is the
 * infinitesimal jackknife that survfit of R has.
 */
#include "metrics/incidence/type.h"

#include <math.h>

#include "base/reader.h"

PG_FUNCTION_INFO_V1(retention_incidence_points);

/* A walk over all times for one reason. */
typedef struct ReasonWalk
{
	const IncidenceReason *reason;
	int64		next;			/* time of the reason at hand */
	CurveWalk	all;
	float8		survival;		/* just before */
	float8		incidence;
	float8		survival_variance;
	float8		covariance;
	float8		variance;		/* of incidence */
} ReasonWalk;

typedef struct PointsState
{
	const IncidenceCurve *curve;
	const SurvivalCurve *all;
	Bounds		bounds;
	int64		at;				/* reason at hand */
	ReasonWalk	walk;
} PointsState;

/* Begin with a reason, if there is one. */
static void
begin_reason(PointsState *state, int64 at)
{
	ReasonWalk *walk = &state->walk;

	state->at = at;
	if (at >= state->curve->nreasons)
		return;
	memset(walk, 0, sizeof(ReasonWalk));
	walk->reason = &state->curve->reasons[at];
	walk->survival = 1;
	curve_walk_begin(&walk->all, state->all);
}

/* Customers who leave at a time for the reason. */
static int64
reason_events(ReasonWalk *walk, float8 at)
{
	const IncidenceReason *reason = walk->reason;

	if (walk->next == reason->ntimes || reason->times[walk->next].at != at)
		return 0;
	return reason->times[walk->next++].customers;
}

/* Let customers leave, so many of them for the reason. */
static void
take_events(ReasonWalk *walk, const CurvePoint *point, int64 events)
{
	float8		n = (float8) point->at_risk;
	float8		q = (float8) events / n;
	float8		stay = (float8) (point->at_risk - point->events) / n;
	float8		square = walk->survival * walk->survival / n;
	float8		q_stay = (float8) (point->at_risk - events) / n;

	walk->variance += 2 * q * walk->covariance +
		q * q * walk->survival_variance + square * q * q_stay;
	walk->covariance = stay * (walk->covariance + q * walk->survival_variance) -
		square * q * stay;
	walk->survival_variance = stay * stay * walk->survival_variance +
		square * stay * ((float8) point->events / n);
	walk->incidence = Min(walk->incidence + walk->survival * q, 1);
	walk->survival = point->survival;
}

enum
{
	POINT_REASON, POINT_AT, POINT_AT_RISK, POINT_EVENTS, POINT_CENSORED,
	POINT_INCIDENCE, POINT_STD_ERROR, POINT_LOW, POINT_HIGH
};

static const ReaderColumn point_columns[] = {
	[POINT_REASON] = {"reason", TEXTOID},
	[POINT_AT] = {"at_time", FLOAT8OID},
	[POINT_AT_RISK] = {"at_risk", INT8OID},
	[POINT_EVENTS] = {"events", INT8OID},
	[POINT_CENSORED] = {"censored", INT8OID},
	[POINT_INCIDENCE] = {"incidence", FLOAT8OID},
	[POINT_STD_ERROR] = {"std_error", FLOAT8OID},
	[POINT_LOW] = {"low", FLOAT8OID},
	[POINT_HIGH] = {"high", FLOAT8OID},
};

static void *
points_begin(FunctionCallInfo fcinfo, const void *arg)
{
	PointsState *state = palloc(sizeof(PointsState));

	(void) arg;
	state->bounds = bounds_arguments(fcinfo, 1);
	state->curve = PG_GETARG_INCIDENCE(0);
	state->all = incidence_survival(state->curve);
	/* those still there are no reason */
	begin_reason(state, state->curve->reasons[0].name[0] == '\0' ? 1 : 0);
	return state;
}

static void
put_incidence(ReaderRow *row, const Bounds *bounds, const ReasonWalk *walk)
{
	float8		error = sqrt(Max(walk->variance, 0));
	Estimate	estimate = {
		.value = walk->incidence, .log_value = log(walk->incidence),
		.std_error = error, .log_error = error / walk->incidence
	};
	float8		low;
	float8		high;

	row_float8(row, POINT_INCIDENCE, walk->incidence);
	row_float8(row, POINT_STD_ERROR, error);
	if (bounds_of(bounds, &estimate, &low, &high))
	{
		row_float8(row, POINT_LOW, low);
		row_float8(row, POINT_HIGH, high);
	}
}

static bool
points_next(void *arg, ReaderRow *row)
{
	PointsState *state = arg;
	ReasonWalk *walk = &state->walk;
	const CurvePoint *point;
	int64		events;

	if (state->at >= state->curve->nreasons)
		return false;
	point = curve_walk_next(&walk->all);
	if (point == NULL)
	{
		begin_reason(state, state->at + 1);
		return points_next(state, row);
	}
	events = reason_events(walk, point->at);
	if (point->events > 0)
		take_events(walk, point, events);
	row_text(row, POINT_REASON, walk->reason->name);
	row_float8(row, POINT_AT, point->at);
	row_int64(row, POINT_AT_RISK, point->at_risk);
	row_int64(row, POINT_EVENTS, events);
	row_int64(row, POINT_CENSORED, point->censored);
	put_incidence(row, &state->bounds, walk);
	return true;
}

/* incidence_points(curve, confidence, conf_type) */
Datum
retention_incidence_points(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(point_columns, 3, points_begin,
											points_next);

	return reader_rows(&reader, fcinfo, NULL);
}
