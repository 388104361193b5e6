/*
 * purchase_total.c
 *		The aggregate total_purchases: how many purchases customers make
 *		together, and its bounds.
 *
 * Given the parameters, customers buy independently of each other, so the
 * variances of their numbers add up; what is not known of the parameters
 * moves all of them at once, by the gradient of the sum:
 *
 *		variance = sum of Var(N_i) + g' C g,	g = sum of dE(N_i)/dp
 *
 * with the covariance C of the fit (the delta method).  A sum of many is
 * taken to be normal.  Contributions are added up as multiples of 2^-40, so
 * neither the order of rows nor the number of workers changes a digit.
 *
 * The state is a bytea that steps change in place, so its bytes may be
 * anybody's, and are looked at before they are used.
 */
#include "models/purchase.h"

#include <math.h>

#include "base/constant.h"
#include "base/rate.h"
#include "base/reader.h"
#include "base/tally.h"
#include "models/prediction.h"
#include "models/purchase_timeline.h"

PG_FUNCTION_INFO_V1(retention_total_purchases_add);
PG_FUNCTION_INFO_V1(retention_total_purchases_add_timeline);
PG_FUNCTION_INFO_V1(retention_total_purchases_combine);
PG_FUNCTION_INFO_V1(retention_total_purchases_final);

#define TOTAL_MAGIC 0x7074		/* not the same in another order of bytes */
#define TOTAL_VERSION 1
#define TOTAL_MODEL_BYTES 480
#define TOTAL_SCALE 1099511627776.0	/* 2^40 */
#define TOTAL_MAX 4611686018427387904.0	/* of a contribution: 2^62 */
#define TOTAL_STEP 1e-4			/* of a parameter, for the gradient */

enum
{
	TOTAL_EXPECTED,
	TOTAL_VARIANCE,
	TOTAL_GRADIENT,
	TOTAL_SUMS = TOTAL_GRADIENT + PURCHASE_PARAMETERS
};

typedef struct PurchaseTotal
{
	int32		vl_len_;		/* varlena header */
	uint16		magic;
	uint8		version;
	uint8		has_confidence;
	float8		confidence;
	int64		customers;
	int64		model_bytes;
	int128		sums[TOTAL_SUMS];
	char		model[TOTAL_MODEL_BYTES];	/* the payload of the purchase_model */
} PurchaseTotal;

StaticAssertDecl(sizeof(PurchaseTotal) == 32 + TOTAL_SUMS * 16 + TOTAL_MODEL_BYTES,
				 "a total has no padding, and SSPACE says 608");

/* ----------------------------------------------------------------
 *		The state
 * ----------------------------------------------------------------
 */

/* The state in argument n, in place where it is as it was made. */
static PurchaseTotal *
total_argument(FunctionCallInfo fcinfo, int n)
{
	PurchaseTotal *total = (PurchaseTotal *) PG_GETARG_POINTER(n);

	if (unlikely(((uintptr_t) total & (sizeof(int64) - 1)) != 0 ||
				 !VARATT_IS_4B_U(total)))
		total = (PurchaseTotal *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(n));
	if (VARSIZE(total) != sizeof(PurchaseTotal))
		tally_refuse("Its length is another.");
	if (total->magic != TOTAL_MAGIC || total->version != TOTAL_VERSION)
		tally_refuse("It is of another version, or of a server with another order of bytes.");
	if (total->has_confidence > 1 || total->customers < 0 ||
		total->model_bytes < 0 || total->model_bytes > TOTAL_MODEL_BYTES)
		tally_refuse("A number in it is out of range.");
	return total;
}

static PurchaseTotal *
total_state(FunctionCallInfo fcinfo)
{
	PurchaseTotal *total;

	(void) aggregate_context(fcinfo);
	if (!PG_ARGISNULL(0))
		return total_argument(fcinfo, 0);
	total = palloc0(sizeof(PurchaseTotal));
	SET_VARSIZE(total, sizeof(PurchaseTotal));
	total->magic = TOTAL_MAGIC;
	total->version = TOTAL_VERSION;
	return total;
}

static char *
model_words(const char *payload, Size len)
{
	return fitted_value_text(&purchase_type, payload, len);
}

/* The model must be the same for all customers. */
static void
set_model(PurchaseTotal *total, const char *payload, Size len)
{
	if (total->customers == 0 && total->model_bytes == 0 && len <= TOTAL_MODEL_BYTES)
	{
		memcpy(total->model, payload, len);
		total->model_bytes = (int64) len;
	}
	else if (len != (Size) total->model_bytes || memcmp(total->model, payload, len) != 0)
	{
		fitted_value_check(&purchase_type, total->model, total->model_bytes);
		constant_refuse_change(CONSTANT_MODEL,
							   model_words(total->model, total->model_bytes),
							   model_words(payload, len));
	}
}

static void
set_confidence(PurchaseTotal *total, float8 confidence)
{
	(void) rate_confidence(confidence);
	if (total->has_confidence && total->confidence != confidence)
		constant_refuse_change(CONSTANT_CONFIDENCE,
							   psprintf("%.15g", total->confidence),
							   psprintf("%.15g", confidence));
	total->has_confidence = 1;
	total->confidence = confidence;
}

static void
add_scaled(int128 *sum, int128 value)
{
	if (unlikely(__builtin_add_overflow(*sum, value, sum)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum out of range")));
}

static void
add(int128 *sum, float8 value)
{
	if (!(fabs(value) < TOTAL_MAX))
		(void) prediction_result(INFINITY);
	add_scaled(sum, (int128) rint(value * TOTAL_SCALE));
}

/* ----------------------------------------------------------------
 *		Customers
 * ----------------------------------------------------------------
 */

/* The derivative of the purchases expected by a parameter. */
static float8
derivative(const Fitted *m, const PurchaseHistory *h, float8 t, int i)
{
	float8		p[OPTIMIZER_MAX_PARAMETERS];
	float8		more;

	memcpy(p, m->p, sizeof(p));
	p[i] = m->p[i] * (1 + TOTAL_STEP);
	more = purchase_expected((PurchaseKind) m->kind, p, h, t);
	p[i] = m->p[i] * (1 - TOTAL_STEP);
	return (more - purchase_expected((PurchaseKind) m->kind, p, h, t)) /
		(2 * TOTAL_STEP * m->p[i]);
}

static void
add_customer(PurchaseTotal *total, const Fitted *m, const PurchaseHistory *h,
			 float8 t)
{
	PurchaseKind kind = (PurchaseKind) m->kind;
	float8		expected = purchase_expected(kind, m->p, h, t);

	total->customers++;
	add(&total->sums[TOTAL_EXPECTED], expected);
	if (!(m->flags & FITTED_HAS_COVARIANCE))
		return;
	/* E[N (N - 1)] + E[N] - E[N]^2 */
	add(&total->sums[TOTAL_VARIANCE], purchase_pairs(kind, m->p, h, t) +
		expected * (1 - expected));
	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
		add(&total->sums[TOTAL_GRADIENT + i], derivative(m, h, t, i));
}

/* The model of argument 1, put into the state. */
static void
model_argument(FunctionCallInfo fcinfo, PurchaseTotal *total, Fitted *m)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(1);

	fitted_argument(&purchase_type, fcinfo, 1, m);
	set_model(total, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static bool
any_null(FunctionCallInfo fcinfo, int n)
{
	for (int i = 1; i <= n; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* Argument n, where the call has one. */
static void
confidence_argument(FunctionCallInfo fcinfo, PurchaseTotal *total, int n)
{
	if (PG_NARGS() > n)
		set_confidence(total, DatumGetFloat8(constant_argument(fcinfo, n,
															   CONSTANT_CONFIDENCE)));
}

/* (bytea, model, horizon, frequency, recency, age [, confidence]) -> bytea */
Datum
retention_total_purchases_add(PG_FUNCTION_ARGS)
{
	PurchaseTotal *total = total_state(fcinfo);
	PurchaseHistory h;
	Fitted		m;

	confidence_argument(fcinfo, total, 6);
	if (any_null(fcinfo, 5))
		PG_RETURN_POINTER(total);
	model_argument(fcinfo, total, &m);
	h = purchase_history(PG_GETARG_INT64(3), PG_GETARG_FLOAT8(4), PG_GETARG_FLOAT8(5));
	add_customer(total, &m, &h, prediction_horizon(PG_GETARG_FLOAT8(2)));
	PG_RETURN_POINTER(total);
}

/* (bytea, model, horizon, timeline, as_of [, confidence]) -> bytea */
Datum
retention_total_purchases_add_timeline(PG_FUNCTION_ARGS)
{
	PurchaseTotal *total = total_state(fcinfo);
	PurchaseSummary summary;
	PurchaseHistory h;
	Fitted		m;

	confidence_argument(fcinfo, total, 5);
	if (any_null(fcinfo, 4))
		PG_RETURN_POINTER(total);
	model_argument(fcinfo, total, &m);
	prediction_need_unit(&m);
	if (!purchase_timeline(fcinfo, 3, &summary))
		PG_RETURN_POINTER(total);
	h = purchase_history(summary.frequency,
						 unit_of_days(summary.recency, m.unit),
						 unit_of_days(summary.age, m.unit));
	add_customer(total, &m, &h,
				 prediction_units(&m, prediction_horizon_days(PG_GETARG_DATEADT(4),
															  PG_GETARG_INTERVAL_P(2))));
	PG_RETURN_POINTER(total);
}

/* (bytea, bytea) -> bytea: add the second state to the first; strict. */
Datum
retention_total_purchases_combine(PG_FUNCTION_ARGS)
{
	PurchaseTotal *into = total_state(fcinfo);
	const PurchaseTotal *from = total_argument(fcinfo, 1);

	if (from->has_confidence)
		set_confidence(into, from->confidence);
	if (from->model_bytes > 0)
	{
		fitted_value_check(&purchase_type, from->model, from->model_bytes);
		set_model(into, from->model, from->model_bytes);
	}
	if (from->customers > PG_INT64_MAX - into->customers)
		tally_refuse("A number in it is out of range.");
	into->customers += from->customers;
	for (int i = 0; i < TOTAL_SUMS; i++)
		add_scaled(&into->sums[i], from->sums[i]);
	PG_RETURN_POINTER(into);
}

/* ----------------------------------------------------------------
 *		The result
 * ----------------------------------------------------------------
 */

enum
{
	RESULT_CUSTOMERS, RESULT_ESTIMATE, RESULT_ERROR, RESULT_LOW, RESULT_HIGH
};

static const ReaderColumn result_columns[] = {
	[RESULT_CUSTOMERS] = {"customers", INT8OID},
	[RESULT_ESTIMATE] = {"estimate", FLOAT8OID},
	[RESULT_ERROR] = {"std_error", FLOAT8OID},
	[RESULT_LOW] = {"low", FLOAT8OID},
	[RESULT_HIGH] = {"high", FLOAT8OID}
};

static const Reader result = READER_ROW(result_columns);

static float8
unscaled(int128 sum)
{
	return (float8) sum / TOTAL_SCALE;
}

/* Of the customers' numbers, and of the parameters. */
static float8
total_variance(const PurchaseTotal *total, const Fitted *m)
{
	float8		variance = unscaled(total->sums[TOTAL_VARIANCE]);

	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
		for (int j = 0; j < PURCHASE_PARAMETERS; j++)
			variance += unscaled(total->sums[TOTAL_GRADIENT + i]) *
				m->covariance[i][j] * unscaled(total->sums[TOTAL_GRADIENT + j]);
	return Max(variance, 0);
}

/*
 * (bytea) -> row; NULL without customers.  Bounds only of a fit that has
 * settled, whose covariance is known.
 */
Datum
retention_total_purchases_final(PG_FUNCTION_ARGS)
{
	const PurchaseTotal *total;
	ReaderRow	row;
	Fitted		m;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	total = total_argument(fcinfo, 0);
	if (total->customers == 0)
		PG_RETURN_NULL();
	fitted_decode(&purchase_type, total->model, total->model_bytes, &m);
	reader_row_begin(&row, &result);
	row_int64(&row, RESULT_CUSTOMERS, total->customers);
	row_float8(&row, RESULT_ESTIMATE, unscaled(total->sums[TOTAL_EXPECTED]));
	if ((m.flags & FITTED_HAS_COVARIANCE) && m.status == OPTIMIZER_CONVERGED)
	{
		float8		estimate = unscaled(total->sums[TOTAL_EXPECTED]);
		float8		error = sqrt(total_variance(total, &m));
		float8		z = rate_confidence(total->has_confidence ? total->confidence : 0.95);

		row_float8(&row, RESULT_ERROR, prediction_result(error));
		row_float8(&row, RESULT_LOW, Max(estimate - z * error, 0));
		row_float8(&row, RESULT_HIGH, estimate + z * error);
	}
	return reader_row_datum(&row, fcinfo);
}
