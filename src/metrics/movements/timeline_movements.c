/*
 * movements/timeline_movements.c
 *		timeline_movements(timeline, grain, as_of, lag): the changes of one
 *		customer.
 */
#include "metrics/movements/changes.h"

#include "base/reader.h"
#include "metrics/timeline_items.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_timeline_movements);

/* The changes of a customer, to be listed one by one. */
typedef struct ChangeList
{
	Calendar   *calendar;
	bool		amounts;		/* openings and closings are known */
	int64		last;			/* periods after it are not shown */
	int64		n;
	int64		size;
	MovementChange *changes;
} ChangeList;

static void
add_change(const MovementChange *change, void *arg)
{
	ChangeList *list = arg;

	if (change->kind == MOVEMENT_NONE || change->period >= calendar_end(list->calendar) ||
		calendar_is_before(list->calendar, change->period))
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

static void *
list_changes(FunctionCallInfo fcinfo, const void *arg)
{
	ChangeList *list = palloc0(sizeof(ChangeList));
	Grain	   *grain = PG_GETARG_GRAIN(1);
	TimelineItems t = {0};
	TimelineReader r;
	DataEnd		end;
	int64		lag = movement_lag_argument(fcinfo, 3);
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
		list->last = movement_changes_levels(t.items, n, lag, t.calendar,
											 add_change, NULL, list);
	else
		list->last = movement_changes_events(t.items, n, lag, t.calendar,
											 add_change, NULL, list);
	if (!PG_ARGISNULL(2))
	{
		end = data_end_as_of(PG_GETARG_DATEADT(2));
		list->last = calendar_last_period(list->calendar, &end);
	}
	return list;
}

enum
{
	CHANGE_PERIOD, CHANGE_MOVEMENT, CHANGE_OPENING, CHANGE_CLOSING
};

static const ReaderColumn change_columns[] = {
	[CHANGE_PERIOD] = {"period", DATEOID},
	[CHANGE_MOVEMENT] = {"movement", TEXTOID},
	[CHANGE_OPENING] = {"opening", NUMERICOID},
	[CHANGE_CLOSING] = {"closing", NUMERICOID},
};

static bool
next_change(void *state, ReaderRow *row)
{
	static const char *const names[] = {
		NULL, "new", "reactivated", "expansion", "contraction", "churned"
	};
	const ChangeList *list = state;
	const MovementChange *change = &list->changes[row->number];

	if (row->number == list->n || change->period > list->last)
		return false;
	row_date(row, CHANGE_PERIOD,
			 calendar_date(calendar_period_start(list->calendar,
												 change->period)));
	row_text(row, CHANGE_MOVEMENT, names[change->kind]);
	if (list->amounts)
	{
		row_money(row, CHANGE_OPENING, change->opening);
		row_money(row, CHANGE_CLOSING, change->closing);
	}
	return true;
}

/*
 * timeline_movements(timeline, grain, as_of, lag): one row per change, in order.  A
 * NULL timeline or grain has none.
 */
Datum
retention_timeline_movements(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(change_columns, 2, list_changes,
											next_change);

	return reader_rows(&reader, fcinfo, NULL);
}
