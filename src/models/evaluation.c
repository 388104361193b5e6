/*
 * evaluation.c
 *		The aggregates that judge predictions: taking rows, and passing states.
 */
#include "models/evaluation.h"

#include <math.h>

#include "base/aggregate.h"
#include "base/rate.h"
#include "base/wire.h"
#include "history/argument_plan.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_evaluation_score);
PG_FUNCTION_INFO_V1(retention_evaluation_probability);
PG_FUNCTION_INFO_V1(retention_evaluation_share);
PG_FUNCTION_INFO_V1(retention_evaluation_bins);
PG_FUNCTION_INFO_V1(retention_evaluation_combine);
PG_FUNCTION_INFO_V1(retention_evaluation_serialize);
PG_FUNCTION_INFO_V1(retention_evaluation_deserialize);

/* ----------------------------------------------------------------
 *		The state
 * ----------------------------------------------------------------
 */

static const LivesWords score_words = {
	"an evaluation", "scores", "Round the scores, for example to six decimals."
};

static Evaluation *
create(MemoryContext context)
{
	Evaluation *e = MemoryContextAllocZero(context, sizeof(Evaluation));

	e->magic = EVALUATION_MAGIC;
	e->which = CONSTANTS;
	e->above = lives_create(context, &score_words);
	return e;
}

/* A pointer that came through "internal" must be to such a state. */
static Evaluation *
argument(FunctionCallInfo fcinfo, int n)
{
	Evaluation *e = (Evaluation *) PG_GETARG_POINTER(n);

	if (unlikely(e->magic != EVALUATION_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of an evaluation")));
	return e;
}

/* The state in argument 0, or a new one. */
static Evaluation *
argument_or_new(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? create(context) : argument(fcinfo, 0);
}

static void
set_constant(Evaluation *e, Constant which, float8 value)
{
	if (e->which != CONSTANTS && (e->which != which || e->constant != value))
		constant_refuse_change(which, psprintf("%.15g", e->constant),
							   psprintf("%.15g", value));
	e->which = which;
	e->constant = value;
}

/* Customers of one side, who may be none. */
static int64
customers(const LivesState *side)
{
	return side == NULL ? 0 : side->head.customers;
}

/* So many customers more must be counted in 64 bits. */
static inline void
check_total(const Evaluation *e, int64 more)
{
	if (unlikely(more > PG_INT64_MAX - customers(e->above) - customers(e->below)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers"),
				 errdetail("They add up to more than %lld.",
						   (long long) PG_INT64_MAX),
				 errhint("The weight is the number of customers a row stands for.")));
}

static void
add(Evaluation *e, float8 score, bool outcome, int64 weight)
{
	check_total(e, weight);
	if (score < 0 && e->below == NULL)
		e->below = lives_create(e->above->head.context, &score_words);
	lives_add(score < 0 ? e->below : e->above, fabs(score), outcome, weight);
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

static const uint8 plain_roles[] = {ROLE_VALUE, ROLE_VALUE, ROLE_WEIGHT};
static const uint8 share_roles[] = {ROLE_VALUE, ROLE_VALUE, CONSTANT_SHARE, ROLE_WEIGHT};
static const uint8 bins_roles[] = {ROLE_VALUE, ROLE_VALUE, CONSTANT_BINS, ROLE_WEIGHT};
static const ArgumentForm plain_form = ARGUMENT_FORM(plain_roles);
static const ArgumentForm share_form = ARGUMENT_FORM(share_roles);
static const ArgumentForm bins_form = ARGUMENT_FORM(bins_roles);

static float8
finite_score(float8 score)
{
	if (unlikely(!isfinite(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must be finite"),
				 errdetail("It is %g.", score),
				 errhint("Leave such customers out with FILTER, or give them a score below or above all others.")));
	return score;
}

static float8
probability(float8 score)
{
	if (unlikely(rate_outside(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("probability must be between 0 and 1"),
				 errdetail("It is %.15g.", score),
				 errhint("Percent must be divided by 100. A score that is no probability can be judged by auc, gini and lift.")));
	return score;
}

/* One call of a transition function (internal, score, outcome, ...). */
static inline Datum
transition(FunctionCallInfo fcinfo, const ArgumentForm *form,
		   float8 (*check) (float8 score), Constant which, float8 constant)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, form);
	Evaluation *e = argument_or_new(fcinfo);

	if (which != CONSTANTS)
		set_constant(e, which, constant);
	if (!argument_skips(plan, fcinfo))
	{
		add(e, check(PG_GETARG_FLOAT8(1)), PG_GETARG_BOOL(2),
			argument_customers(plan, fcinfo));
	}
	PG_RETURN_POINTER(e);
}

/* (internal, score, outcome [, weight]) -> internal */
Datum
retention_evaluation_score(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, &plain_form, finite_score, CONSTANTS, 0);
}

/* The same of probabilities. */
Datum
retention_evaluation_probability(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, &plain_form, probability, CONSTANTS, 0);
}

/* (internal, score, outcome, share [, weight]) -> internal */
Datum
retention_evaluation_share(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &share_form);
	float8		share = DatumGetFloat8(argument_constant(plan, fcinfo, CONSTANT_SHARE));

	if (unlikely(!(share > 0 && share <= 1)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("share must be above 0 and at most 1"),
				 errdetail("It is %.15g.", share),
				 errhint("It is the part of the customers to look at, the highest scores first: 0.1 is one in ten.")));
	return transition(fcinfo, &share_form, finite_score, CONSTANT_SHARE, share);
}

/* (internal, probability, outcome, bins [, weight]) -> internal */
Datum
retention_evaluation_bins(PG_FUNCTION_ARGS)
{
	const ArgumentPlan *plan = argument_plan(fcinfo, &bins_form);
	int32		bins = DatumGetInt32(argument_constant(plan, fcinfo, CONSTANT_BINS));

	if (unlikely(bins < 1 || bins > EVALUATION_MAX_BINS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be between 1 and %d", EVALUATION_MAX_BINS),
				 errdetail("It is %d.", bins),
				 errhint("It says into how many parts the customers are divided, such as 10.")));
	return transition(fcinfo, &bins_form, probability, CONSTANT_BINS, bins);
}

/* ----------------------------------------------------------------
 *		Workers
 * ----------------------------------------------------------------
 */

static void
add_lives(LivesState **into, MemoryContext context, LivesState *from)
{
	if (from == NULL || from->head.customers == 0)
		return;
	if (*into == NULL)
		*into = lives_create(context, &score_words);
	lives_add_curve(*into, lives_curve(from));
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_evaluation_combine(PG_FUNCTION_ARGS)
{
	Evaluation *into;
	const Evaluation *from;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(argument(fcinfo, 0));
	}
	from = argument(fcinfo, 1);
	into = argument_or_new(fcinfo);
	if (from->which != CONSTANTS)
		set_constant(into, from->which, from->constant);
	check_total(into, customers(from->above));
	add_lives(&into->above, into->above->head.context, from->above);
	check_total(into, customers(from->below));
	add_lives(&into->below, into->above->head.context, from->below);
	PG_RETURN_POINTER(into);
}

/*
 * (internal) -> bytea
 *
 *	uint	which, and where there is a constant the double
 *	twice, of the scores from 0 up and of those below:
 *		uint	bytes of the curve, 0 for none; and the curve
 */
Datum
retention_evaluation_serialize(PG_FUNCTION_ARGS)
{
	const Evaluation *e;
	LivesState *sides[2];
	WireWriter	w;

	(void) aggregate_context(fcinfo);
	e = argument(fcinfo, 0);
	sides[0] = e->above;
	sides[1] = e->below;
	wire_writer_init(&w, 256, "aggregate state", NULL);
	wire_put(&w, e->which);
	if (e->which != CONSTANTS)
		wire_put_double(&w, e->constant);
	for (int i = 0; i < 2; i++)
	{
		const struct varlena *curve;

		if (sides[i] == NULL || sides[i]->head.customers == 0)
		{
			wire_put(&w, 0);
			continue;
		}
		curve = curve_encode(lives_curve(sides[i]));
		wire_put(&w, VARSIZE_ANY_EXHDR(curve));
		wire_put_bytes(&w, VARDATA_ANY(curve), VARSIZE_ANY_EXHDR(curve));
	}
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* The scores of one side, whose curve comes next. */
static LivesState *
read_side(WireReader *r)
{
	Size		len = wire_get_max(r, MaxAllocSize - VARHDRSZ, "A length is out of range.");
	const uint8 *bytes = wire_get_bytes(r, len);
	LivesState *lives = lives_create(CurrentMemoryContext, &score_words);
	const SurvivalCurve *scores;
	struct varlena *curve;

	if (len == 0)
		return lives;
	curve = palloc(VARHDRSZ + len);
	SET_VARSIZE(curve, VARHDRSZ + len);
	memcpy(VARDATA(curve), bytes, len);
	scores = curve_from_varlena(curve);
	if (scores->flags & CURVE_LATE)
		wire_corrupt(r, "Scores do not begin late.");
	lives_add_curve(lives, scores);
	return lives;
}

/* What the constant of a state from outside must be. */
static void
check_constant(const WireReader *r, const Evaluation *e)
{
	if (e->which == CONSTANTS ||
		(e->which == CONSTANT_SHARE && e->constant > 0 && e->constant <= 1) ||
		(e->which == CONSTANT_BINS && e->constant >= 1 &&
		 e->constant <= EVALUATION_MAX_BINS && e->constant == floor(e->constant)))
		return;
	wire_corrupt(r, "The constant is out of range.");
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_evaluation_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Evaluation *e;
	WireReader	r;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), "aggregate state");
	e = create(CurrentMemoryContext);
	e->which = (Constant) wire_get_max(&r, CONSTANTS, "The kind of the constant is unknown.");
	if (e->which != CONSTANTS)
		e->constant = wire_get_double(&r);
	check_constant(&r, e);
	e->above = read_side(&r);
	e->below = read_side(&r);
	wire_get_end(&r);
	if (e->above->head.customers > PG_INT64_MAX - e->below->head.customers)
		wire_corrupt(&r, "The counts add up to more than 64 bits hold.");
	PG_RETURN_POINTER(e);
}

/* ----------------------------------------------------------------
 *		All scores
 * ----------------------------------------------------------------
 */

static void
put_group(Scores *scores, const CurveTime *time, bool below)
{
	ScoreGroup *group = &scores->groups[scores->n++];

	group->score = below ? -time->at : time->at;
	group->yes = time->events;
	group->no = time->censored;
	scores->yes += group->yes;
	scores->no += group->no;
}

Scores *
evaluation_scores(FunctionCallInfo fcinfo)
{
	static const SurvivalCurve none;
	const Evaluation *e;
	const SurvivalCurve *above = &none;
	const SurvivalCurve *below = &none;
	Scores	   *scores;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	e = argument(fcinfo, 0);
	if (e->above->head.customers > 0)
		above = lives_curve(e->above);
	if (e->below != NULL && e->below->head.customers > 0)
		below = lives_curve(e->below);
	if (above->ntimes + below->ntimes == 0)
		return NULL;
	scores = palloc0(sizeof(Scores));
	scores->constant = e->constant;
	scores->groups = palloc_extended((above->ntimes + below->ntimes) * sizeof(ScoreGroup),
									 MCXT_ALLOC_HUGE);
	for (int64 i = below->ntimes - 1; i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		put_group(scores, &below->times[i], true);
	}
	for (int64 i = 0; i < above->ntimes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_group(scores, &above->times[i], false);
	}
	return scores;
}
