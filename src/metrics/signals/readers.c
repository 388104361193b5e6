/*
 * signals/readers.c
 *		signal_rows(signals, confidence): which traits go with the outcome.
 */
#include "metrics/signals/rows.h"

#include "base/reader.h"

PG_FUNCTION_INFO_V1(retention_signal_rows);

enum
{
	SIGNAL_COVARIATE, SIGNAL_LEVEL, SIGNAL_AT_LEAST, SIGNAL_WITH,
	SIGNAL_RATE_WITH, SIGNAL_WITHOUT, SIGNAL_RATE_WITHOUT, SIGNAL_DIFFERENCE,
	SIGNAL_LOW, SIGNAL_HIGH, SIGNAL_PHI, SIGNAL_P_VALUE, SIGNAL_ADJUSTED
};

static const ReaderColumn columns[] = {
	[SIGNAL_COVARIATE] = {"covariate", TEXTOID},
	[SIGNAL_LEVEL] = {"level", TEXTOID},
	[SIGNAL_AT_LEAST] = {"at_least", FLOAT8OID},
	[SIGNAL_WITH] = {"customers_with", INT8OID},
	[SIGNAL_RATE_WITH] = {"rate_with", FLOAT8OID},
	[SIGNAL_WITHOUT] = {"customers_without", INT8OID},
	[SIGNAL_RATE_WITHOUT] = {"rate_without", FLOAT8OID},
	[SIGNAL_DIFFERENCE] = {"difference", FLOAT8OID},
	[SIGNAL_LOW] = {"low", FLOAT8OID},
	[SIGNAL_HIGH] = {"high", FLOAT8OID},
	[SIGNAL_PHI] = {"phi", FLOAT8OID},
	[SIGNAL_P_VALUE] = {"p_value", FLOAT8OID},
	[SIGNAL_ADJUSTED] = {"adjusted", FLOAT8OID}
};

typedef struct SignalsReader
{
	const SignalRow *rows;
	int64		n;
	float8		z;
} SignalsReader;

static void *
signals_begin(FunctionCallInfo fcinfo, const void *arg)
{
	SignalsReader *state = palloc(sizeof(SignalsReader));

	state->z = rate_confidence(PG_GETARG_FLOAT8(1));
	state->rows = signal_rows(PG_GETARG_SIGNALS(0), &state->n);
	return state;
}

static bool
signals_next(void *arg, ReaderRow *row)
{
	SignalsReader *state = arg;
	const SignalRow *r;
	float8		with;
	float8		without;
	float8		low;
	float8		high;

	if (row->number == state->n)
		return false;
	r = &state->rows[row->number];
	with = rate_ratio(r->with.outcomes, r->with.customers);
	without = rate_ratio(r->without.outcomes, r->without.customers);
	rate_difference((float8) r->with.outcomes, (float8) r->with.customers,
					(float8) r->without.outcomes, (float8) r->without.customers,
					state->z, &low, &high);
	row_text(row, SIGNAL_COVARIATE, r->covariate);
	if (r->threshold)
		row_float8(row, SIGNAL_AT_LEAST, r->at_least);
	else if (r->level != NULL)
		row_text(row, SIGNAL_LEVEL, r->level);
	row_int64(row, SIGNAL_WITH, r->with.customers);
	row_float8(row, SIGNAL_RATE_WITH, with);
	row_int64(row, SIGNAL_WITHOUT, r->without.customers);
	row_float8(row, SIGNAL_RATE_WITHOUT, without);
	row_float8(row, SIGNAL_DIFFERENCE, with - without);
	row_float8(row, SIGNAL_LOW, low);
	row_float8(row, SIGNAL_HIGH, high);
	if (r->tested)
	{
		row_float8(row, SIGNAL_PHI, r->phi);
		row_float8(row, SIGNAL_P_VALUE, r->p_value);
		row_float8(row, SIGNAL_ADJUSTED, r->adjusted);
	}
	return true;
}

/* signal_rows(signals, confidence) */
Datum
retention_signal_rows(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(columns, 2, signals_begin,
											signals_next);

	return reader_rows(&reader, fcinfo, NULL);
}
