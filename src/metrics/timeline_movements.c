/*
 * timeline_movements.c
 *		timeline_movements(timeline, grain, as_of): the changes of one customer.
 */
#include "metrics/movement_changes.h"

#include "base/money.h"
#include "funcapi.h"
#include "metrics/timeline_items.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_timeline_movements);

/* The changes of a customer, to be listed one by one. */
typedef struct ChangeList
{
	Calendar   *calendar;
	bool		amounts;		/* openings and closings are known */
	int64		last;			/* periods after it are not shown */
	int64		next;
	int64		n;
	int64		size;
	MovementChange *changes;
} ChangeList;

static void
add_change(const MovementChange *change, void *arg)
{
	ChangeList *list = arg;

	if (change->kind == MOVEMENT_NONE)
		return;
	if (list->n == list->size)
	{
		CHECK_FOR_INTERRUPTS();
		list->size *= 2;
		list->changes = repalloc_huge(list->changes,
									  list->size * sizeof(MovementChange));
	}
	list->changes[list->n++] = *change;
}

static ChangeList *
list_changes(FunctionCallInfo fcinfo)
{
	ChangeList *list = palloc0(sizeof(ChangeList));
	Grain	   *grain = PG_GETARG_GRAIN(1);
	TimelineItems t = {0};
	TimelineReader r;
	DataEnd		end;
	int			n;

	movement_check_grain(grain);
	timeline_read_value(&r, PG_GETARG_TIMELINE(0));
	timeline_items_check_zone(grain, &r);
	/* a table of days does not pay for one customer */
	list->calendar = t.calendar = calendar_create(grain, NULL, false,
												  CurrentMemoryContext);
	t.size = 64;
	t.items = palloc(t.size * sizeof(LedgerItem));
	n = timeline_items_read(&t, &r);
	list->amounts = (r.flags & (TIMELINE_MONEY | TIMELINE_LEVELS)) != 0;
	list->size = 16;
	list->changes = palloc(list->size * sizeof(MovementChange));
	if (timeline_has_levels(&r))
		list->last = movement_changes_levels(t.items, n, t.calendar, add_change,
											 list);
	else
		list->last = movement_changes_events(t.items, n, add_change, list);
	if (!PG_ARGISNULL(2))
	{
		end = data_end_as_of(PG_GETARG_DATEADT(2));
		list->last = calendar_last_period(list->calendar, &end);
	}
	return list;
}

/*
 * timeline_movements(timeline, grain, as_of): one row per change, in order.  A
 * NULL timeline or grain has none.
 */
Datum
retention_timeline_movements(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		NULL, "new", "reactivated", "expansion", "contraction", "churned"
	};
	FuncCallContext *call;
	ChangeList *list;
	const MovementChange *change;
	Datum		v[4];
	bool		nulls[4] = {0};
	HeapTuple	tuple;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
		{
			if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("function returning record called in context that cannot accept type record")));
			call->tuple_desc = BlessTupleDesc(desc);
			call->user_fctx = list_changes(fcinfo);
		}
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	list = call->user_fctx;
	if (list == NULL || list->next == list->n ||
		list->changes[list->next].period > list->last)
		SRF_RETURN_DONE(call);
	change = &list->changes[list->next++];
	v[0] = DateADTGetDatum(calendar_date(calendar_period_start(list->calendar,
															   change->period)));
	v[1] = CStringGetTextDatum(names[change->kind]);
	nulls[2] = nulls[3] = !list->amounts;
	v[2] = list->amounts ? NumericGetDatum(money_to_numeric(change->opening)) : 0;
	v[3] = list->amounts ? NumericGetDatum(money_to_numeric(change->closing)) : 0;
	tuple = heap_form_tuple(call->tuple_desc, v, nulls);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(tuple));
}
