/*
 * intake_columns.c
 *		Many rows at a time, from columns of arguments to ledger entries.
 *
 * What a column is like is decided once for all rows: first all amounts are
 * taken, then all times, all customers, and at last the entries are appended.
 * Errors must be those of the first row that has one, and a row's amount comes
 * before its time.  So amounts are only tried: where one is refused, these rows
 * are taken one by one instead.  Once all amounts are good, the first time that
 * is not is the first error, customers of the kinds here having none.
 */
#include "history/intake_internal.h"

#include "base/aggregate.h"

#define SLICE 320				/* rows at a time; those of a page mostly */

/* What the rows of a slice come to. */
typedef struct IntakeSlice
{
	int			n;
	const Datum *customers;
	const Datum *times;
	const Datum *given;			/* amounts; NULL: there are none */
	const bool *given_null;		/* NULL: none is NULL */
	/* room for those of rows that are not skipped */
	Datum		kept_customers[SLICE];
	Datum		kept_times[SLICE];
	Datum		kept_given[SLICE];
	bool		kept_null[SLICE];
	/* of entries */
	uint64		keys[2 * SLICE];
	uint64		whens[SLICE];
	int64		amounts[SLICE];
} IntakeSlice;

/* Rows from .. from + n - 1, without those that a NULL skips. */
static void
slice_rows(IntakeSlice *slice, const Column *customer, const Column *at,
		   const Column *given, int from, int n)
{
	int			kept = 0;

	slice->n = n;
	slice->customers = customer->values + from;
	slice->times = at->values + from;
	slice->given = given == NULL ? NULL : given->values + from;
	slice->given_null = given == NULL || !given->some_null ? NULL :
		given->nulls + from;
	if (!customer->some_null && !at->some_null)
		return;
	for (int i = 0; i < n; i++)
	{
		if ((customer->some_null && customer->nulls[from + i]) ||
			(at->some_null && at->nulls[from + i]))
			continue;
		slice->kept_customers[kept] = slice->customers[i];
		slice->kept_times[kept] = slice->times[i];
		slice->kept_given[kept] = given == NULL ? (Datum) 0 : slice->given[i];
		slice->kept_null[kept] = slice->given_null != NULL && slice->given_null[i];
		kept++;
	}
	slice->n = kept;
	slice->customers = slice->kept_customers;
	slice->times = slice->kept_times;
	if (given != NULL)
		slice->given = slice->kept_given;
	if (slice->given_null != NULL)
		slice->given_null = slice->kept_null;
}

/* An amount that is not refused. */
static inline bool
try_one_amount(AmountKind kind, Datum value, int64 *amount)
{
	bool		more;

	if (kind == AMOUNT_FLOAT8 &&
		likely(money_plain_float8(DatumGetFloat8(value), amount)))
		return true;
	/* rounded by its own seven digits, which try_amount() does not */
	if (kind == AMOUNT_FLOAT4)
	{
		if (!(fabsf(DatumGetFloat4(value)) < 9e12f))
			return false;
		*amount = take_amount(kind, value);
		return true;
	}
	return try_amount(kind, value, amount, &more) == MONEY_FITS;
}

/* The amounts of one kind; false: one is refused. */
static pg_attribute_always_inline bool
try_kind(IntakeSlice *slice, AmountKind kind, MemoryContext row_context)
{
	/* what is given has a kind */
	if (slice->given == NULL)
		return false;
	for (int i = 0; i < slice->n; i++)
	{
		if (slice->given_null != NULL && slice->given_null[i])
		{
			slice->amounts[i] = 0;
			continue;
		}
		if (!try_one_amount(kind, slice->given[i], &slice->amounts[i]))
			return false;
		if (kind == AMOUNT_NUMERIC)
			row_context_reset(row_context);
	}
	return true;
}

static bool
try_amounts(IntakeSlice *slice, AmountKind kind, MemoryContext row_context)
{
	switch (kind)
	{
		case AMOUNT_NONE:
			memset(slice->amounts, 0, slice->n * sizeof(int64));
			return true;
		case AMOUNT_FLOAT8:
			return try_kind(slice, AMOUNT_FLOAT8, row_context);
		case AMOUNT_NUMERIC:
			return try_kind(slice, AMOUNT_NUMERIC, row_context);
		default:
			return try_kind(slice, kind, row_context);
	}
}

/* The words "when". */
static pg_attribute_always_inline void
take_times_of(IntakeSlice *slice, Calendar *calendar, TimeKind kind)
{
	for (int i = 0; i < slice->n; i++)
		slice->whens[i] = ledger_when(take_time(calendar, kind, slice->times[i]),
									  slice->amounts[i] < 0 ? 0 : 1);
}

static void
take_times(IntakeSlice *slice, Calendar *calendar, TimeKind kind)
{
	if (kind == TIME_DATE)
		take_times_of(slice, calendar, TIME_DATE);
	else if (kind == TIME_TIMESTAMP)
		take_times_of(slice, calendar, TIME_TIMESTAMP);
	else
		take_times_of(slice, calendar, TIME_TIMESTAMPTZ);
}

/*
 * Take n rows into the ledger of a call, of each the arguments from the first
 * on.  What they come to besides is in memory that is reset for each row.
 */
void
intake_columns(FunctionCallInfo fcinfo, const Column *const *columns, int n,
			   MemoryContext row_context)
{
	Intake	   *intake = fcinfo->flinfo->fn_extra;
	const ArgumentPlan *args = &intake->args;
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(0);
	int			amount_arg = args->arg[ROLE_AMOUNT];
	IntakeSlice slice;
	MemoryContext old;

	if (intake->start_arg != 0 || args->range != NULL ||
		!identity_is_plain(&args->customer))
	{
		intake_one_by_one(fcinfo, columns, 0, n, row_context);
		return;
	}
	ledger_check(ledger);
	old = MemoryContextSwitchTo(row_context);
	for (int from = 0; from < n; from += SLICE)
	{
		int			some = Min(n - from, SLICE);

		slice_rows(&slice, columns[0], columns[intake->at_arg - 1],
				   args->amount == AMOUNT_NONE ? NULL : columns[amount_arg - 1],
				   from, some);
		row_context_reset(row_context);
		if (!try_amounts(&slice, args->amount, row_context))
		{
			intake_one_by_one(fcinfo, columns, from, from + some, row_context);
			continue;
		}
		take_times(&slice, ledger->calendar, args->at);
		identity_take_many(&intake->args.customer, slice.customers, slice.n,
						   slice.keys, row_context);
		ledger_add_many(ledger, slice.keys, slice.whens, slice.amounts, slice.n);
	}
	MemoryContextSwitchTo(old);
}
