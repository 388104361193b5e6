/*
 * ledger_finished.c
 *		Results in place of entries.
 *
 * After an exchange (exchange.h) a participant has visited customers of its
 * own, and of the state it hands up nothing is left but what its final
 * functions made of them: values that add up to those of all.  Packed, the
 * ledger's head is followed by, until the end,
 *
 *	uint	the final function
 *	uint	length of its result in bytes, and then these; 0: NULL
 *
 * which is for the same query alone.
 */
#include "history/ledger_aggregate.h"
#include "history/ledger_internal.h"

#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct FinalResult
{
	struct FinalResult *next;
	Oid			final;
	struct varlena *value;		/* NULL: there is nothing */
} FinalResult;

typedef struct LedgerFinished
{
	int			states;			/* put together in it */
	FinalResult *results;
	FinalResult **end;			/* where the next one goes */
} LedgerFinished;

static LedgerFinished *
finished_of(Ledger *ledger)
{
	if (ledger->finished == NULL)
	{
		ledger->finished = MemoryContextAllocZero(ledger->context,
												  sizeof(LedgerFinished));
		ledger->finished->end = &ledger->finished->results;
	}
	return ledger->finished;
}

/* Add a result, copied. */
static void
add_result(Ledger *ledger, Oid final, const char *data, Size size)
{
	LedgerFinished *finished = finished_of(ledger);
	FinalResult *result = MemoryContextAllocZero(ledger->context, sizeof(FinalResult));

	result->final = final;
	if (data != NULL)
	{
		result->value = MemoryContextAllocHuge(ledger->context, size + VARHDRSZ);
		SET_VARSIZE(result->value, size + VARHDRSZ);
		memcpy(VARDATA(result->value), data, size);
	}
	*finished->end = result;
	finished->end = &result->next;
}

/* The entries have come to this by a final function; NULL: to nothing. */
void
ledger_finish(Ledger *ledger, Oid final, struct varlena *value)
{
	add_result(ledger, final, value == NULL ? NULL : VARDATA_ANY(value),
			   value == NULL ? 0 : VARSIZE_ANY_EXHDR(value));
	ledger->finished->states = 1;
}

void
ledger_finished_put(WireWriter *w, const Ledger *ledger)
{
	for (const FinalResult *result = ledger->finished->results; result != NULL;
		 result = result->next)
	{
		wire_put(w, result->final);
		if (result->value == NULL)
			wire_put(w, 0);
		else
		{
			wire_put(w, VARSIZE(result->value));
			wire_put_bytes(w, VARDATA(result->value),
						   VARSIZE(result->value) - VARHDRSZ);
		}
	}
}

/* Results of a final function. */
static int
count_results(const LedgerFinished *finished, Oid final)
{
	int			n = 0;

	for (const FinalResult *result = finished->results; result != NULL;
		 result = result->next)
		n += result->final == final;
	return n;
}

/*
 * Several states that were put together and packed are so many again: each has
 * one result of each final function.
 */
void
ledger_finished_get(WireReader *r, Ledger *ledger)
{
	LedgerFinished *finished = finished_of(ledger);

	while (r->at < r->end)
	{
		Oid			final;
		Size		size;

		CHECK_FOR_INTERRUPTS();
		final = (Oid) wire_get_max(r, OID_MAX, "There is no such function.");
		size = wire_get_max(r, MaxAllocSize, "A result is too long.");
		if (size == 0)
			add_result(ledger, final, NULL, 0);
		else if (size < VARHDRSZ)
			wire_corrupt(r, "A result is too short.");
		else
			add_result(ledger, final,
					   (const char *) wire_get_bytes(r, size - VARHDRSZ),
					   size - VARHDRSZ);
	}
	finished->states = finished->results == NULL ? 1 :
		count_results(finished, finished->results->final);
}

/* Has it entries? */
static bool
has_entries(const Ledger *ledger)
{
	return ledger->only.chunk != NULL || ledger->part_mask != 0 ||
		ledger->packed != NULL || ledger->spill != NULL;
}

/* Results go with results: of entries the other's customers may have more. */
void
ledger_finished_take(Ledger *into, const Ledger *from)
{
	FinalResult *const *end;

	if (from->finished == NULL || has_entries(into))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge histories of different kinds"),
				 errdetail("One of the states has results in place of rows, which other states cannot add to.")));
	finished_of(into)->states += from->finished->states;
	end = from->finished->end;
	for (FinalResult *const *link = &from->finished->results; link != end;
		 link = &(*link)->next)
	{
		const FinalResult *result = *link;

		add_result(into, result->final,
				   result->value == NULL ? NULL : VARDATA(result->value),
				   result->value == NULL ? 0 : VARSIZE(result->value) - VARHDRSZ);
	}
}

/* Those of a final function that are not NULL; returns how many, palloc'd. */
static int
own_results(FunctionCallInfo fcinfo, const Ledger *ledger,
			struct varlena ***values)
{
	Oid			final = fcinfo->flinfo->fn_oid;
	int			n = count_results(ledger->finished, final);
	int			some = 0;

	if (n != ledger->finished->states)
		ledger_refuse_kind();
	*values = palloc(n * sizeof(struct varlena *));
	for (const FinalResult *result = ledger->finished->results; result != NULL;
		 result = result->next)
		if (result->final == final && result->value != NULL)
			(*values)[some++] = result->value;
	return some;
}

/*
 * What a final function returns for a ledger of results: the sum of its own,
 * by a strict function of two of them.  NULL where all are.  One that nothing
 * is added to is checked, like a stored value, by whoever reads it.
 */
Datum
ledger_finished_sum(FunctionCallInfo fcinfo, const Ledger *ledger,
					PGFunction add)
{
	struct varlena **values;
	int			n = own_results(fcinfo, ledger, &values);
	Datum		sum;

	if (n == 0)
		PG_RETURN_NULL();
	sum = PointerGetDatum(values[0]);
	for (int i = 1; i < n; i++)
		sum = DirectFunctionCall2(add, sum, PointerGetDatum(values[i]));
	return sum;
}

/* The same by a function of two or more. */
Datum
ledger_finished_sum_of(FunctionCallInfo fcinfo, const Ledger *ledger,
					   LedgerSum add_up)
{
	struct varlena **values;
	int			n = own_results(fcinfo, ledger, &values);

	if (n == 0)
		PG_RETURN_NULL();
	return PointerGetDatum(n == 1 ? values[0] : add_up(values, n));
}
