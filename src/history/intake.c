/*
 * intake.c
 *		From SQL arguments to ledger entries.
 *
 * Customers are told apart in identity.c, the types of times and amounts in
 * argument.c.  An event is one entry; a range is two, the level going up on its
 * first day and down again on the day after its last.
 */
#include "history/intake_internal.h"

#include "base/zone.h"
#include "history/ledger_code.h"

#define CACHED_CALENDARS 8		/* with a table of days, per call site */

/* What the ledgers of a call site are like. */
static void
intake_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	Intake	   *intake = plan;
	ArgumentPlan *args = &intake->args;

	/* each call has one of them */
	intake->at_arg = args->arg[ROLE_DURING] + args->arg[ROLE_LASTING] +
		args->arg[ROLE_AT];
	/* a literal NULL is no argument: cohorts are by first activity */
	if (args->arg[ROLE_STARTED] != 0 && args->started == TIME_NONE)
		args->skip[args->nskip++] = intake->at_arg;
	else
		intake->start_arg = args->arg[ROLE_STARTED];
	intake->flags = (args->amount != AMOUNT_NONE ? LEDGER_MONEY : 0) |
		(intake->start_arg ? LEDGER_STARTED : 0);
	if (args->range != NULL)
	{
		intake->day = grain_parse("day", NULL);
		intake->flags |= args->amount != AMOUNT_NONE ? LEDGER_LEVELS :
			LEDGER_LEVELS | LEDGER_MONEY | LEDGER_UNITS;
	}
	intake->context = site->context;
	intake->pool = ledger_pool_create(site->node, site->context);
}

/* The same, every start of a customer being kept. */
static void
intake_prepare_starts(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	Intake	   *intake = plan;

	intake_prepare(plan, fcinfo, site);
	if (intake->start_arg != 0)
		intake->flags |= LEDGER_EVERY_START;
}

#define HINT_START \
	"To give a start and no amount, call cohort_matrix(customer, started_at, at, NULL, grain); what lasts from one day to another is a range, daterange(starts_on, ends_on)."

static const uint8 plain_roles[] = {
	ROLE_CUSTOMER, ROLE_DURING, CONSTANT_GRAIN
};
static const uint8 amount_roles[] = {
	ROLE_CUSTOMER, ROLE_DURING, ROLE_AMOUNT, CONSTANT_GRAIN
};
static const uint8 lag_roles[] = {
	ROLE_CUSTOMER, ROLE_DURING, ROLE_AMOUNT, CONSTANT_GRAIN, CONSTANT_LAG
};
static const uint8 started_roles[] = {
	ROLE_CUSTOMER, ROLE_STARTED, ROLE_LASTING, ROLE_AMOUNT, CONSTANT_GRAIN
};

static const uint8 at_least_roles[] = {
	ROLE_CUSTOMER, ROLE_STARTED, ROLE_AT, ROLE_AMOUNT, CONSTANT_GRAIN,
	CONSTANT_AT_LEAST
};

/* By the number of arguments, of which there are three at least. */
static const ArgumentForm forms[] = {
	{ARGUMENT_ROLES(plain_roles), NULL, NULL, sizeof(Intake), intake_prepare},
	{
		ARGUMENT_ROLES(amount_roles),
		"The third of four arguments is the amount.", HINT_START,
		sizeof(Intake), intake_prepare
	},
	{
		ARGUMENT_ROLES(started_roles), NULL, HINT_START,
		sizeof(Intake), intake_prepare
	}
};

/* Where every start counts. */
static const ArgumentForm starts_form = {
	ARGUMENT_ROLES(started_roles), NULL, HINT_START,
	sizeof(Intake), intake_prepare_starts
};

/* With a number after the grain. */
typedef struct NumberedForm
{
	ArgumentForm form;
	Constant	number;
} NumberedForm;

static const NumberedForm lag_form = {
	{
		ARGUMENT_ROLES(lag_roles), NULL, HINT_START,
		sizeof(Intake), intake_prepare
	},
	CONSTANT_LAG
};
static const NumberedForm at_least_form = {
	{
		ARGUMENT_ROLES(at_least_roles), NULL, HINT_START,
		sizeof(Intake), intake_prepare
	},
	CONSTANT_AT_LEAST
};
static const NumberedForm starts_at_least_form = {
	{
		ARGUMENT_ROLES(at_least_roles), NULL, HINT_START,
		sizeof(Intake), intake_prepare_starts
	},
	CONSTANT_AT_LEAST
};

/* The grain of this row; NULL is error 22004. */
static Grain *
grain_argument(const Intake *intake, FunctionCallInfo fcinfo)
{
	return (Grain *) PG_DETOAST_DATUM(argument_constant(&intake->args, fcinfo,
														CONSTANT_GRAIN));
}

/*
 * The calendar of a grain, made once per call site.  Past the first few
 * grains they belong to the group and do without a table of days.
 */
static Calendar *
find_calendar(Intake *intake, const Grain *grain, pg_tz *zone,
			  MemoryContext context)
{
	CalendarLink *link;

	for (link = intake->calendars; link != NULL; link = link->next)
		if (link->zone == zone && grain_equal(link->calendar->grain, grain))
			return link->calendar;
	if (intake->ncalendars >= CACHED_CALENDARS)
		return calendar_create(grain, zone, false, context);
	link = MemoryContextAlloc(intake->context, sizeof(CalendarLink));
	link->calendar = calendar_create(grain, zone, true, intake->context);
	link->zone = zone;
	link->next = intake->calendars;
	intake->calendars = link;
	intake->ncalendars++;
	return link->calendar;
}

/* Periods are what has at least so many events: windows are none. */
static void
check_at_least(const Grain *grain)
{
	if (grain_is_since_start(grain))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at_least does not go with a grain since start"),
				 errdetail("The grain is \"%s\": its windows begin with a customer's start, which at_least would have to find first.",
						   grain_quoted(grain)),
				 errhint("Use a calendar grain, such as 'day' or 'month'.")));
}

/* Begin the ledger of a group. */
static Ledger *
open_ledger(Intake *intake, FunctionCallInfo fcinfo, MemoryContext context,
			int64 number)
{
	Grain	   *grain = grain_argument(intake, fcinfo);
	pg_tz	   *zone = NULL;
	LedgerSettings settings = {.code = &ledger_periods};
	Ledger	   *ledger;
	Calendar   *calendar;

	/* dates and timestamps are local already: no zone has a part in them */
	if (intake->args.instants)
		zone = zone_of_grain(grain);
	if (intake->args.range != NULL && grain->unit == GRAIN_HOUR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ranges are counted from day to day, not by hours"),
				 errdetail("The grain is \"%s\".", grain_quoted(grain)),
				 errhint("Use a grain of days or longer, such as \"1 day since start\".")));
	if (intake->args.arg[CONSTANT_AT_LEAST] != 0)
		check_at_least(grain);
	calendar = find_calendar(intake, grain, zone, context);
	settings.grain = calendar->grain;
	settings.zone = zone ? pg_get_timezone_name(zone) : "";
	settings.flags = intake->flags;
	settings.key_words = intake->args.customer.words;
	settings.parameter = number;
	ledger = ledger_create(&settings, intake->pool, context, 0);
	ledger->calendar = intake->args.range == NULL ? calendar :
		find_calendar(intake, intake->day, zone, context);
	return ledger;
}

/* The grain may differ from group to group, never within one: 22023. */
static void
check_grain(const Intake *intake, const Ledger *ledger, FunctionCallInfo fcinfo)
{
	Grain	   *grain = grain_argument(intake, fcinfo);

	if (!grain_equal(grain, ledger->settings.grain))
		constant_check_words(CONSTANT_GRAIN,
							 grain_to_cstring(ledger->settings.grain),
							 grain_to_cstring(grain));
}

/* Likewise the metric's own number. */
static void
check_number(const Ledger *ledger, Constant which, int64 number)
{
	if (number != ledger->settings.parameter)
		constant_refuse_change(which,
							   psprintf("%lld", (long long) ledger->settings.parameter),
							   psprintf("%lld", (long long) number));
}

/* A start likewise; beside ranges it is a day, as they are. */
static inline int64
take_start(const Intake *intake, const Ledger *ledger, Datum value)
{
	return intake->args.range != NULL ?
		take_day(ledger->calendar, intake->args.started, value) :
		take_time(ledger->calendar, intake->args.started, value);
}

/* A range as what it does to the level: up on its first day, down after its last. */
static void
add_range(const Intake *intake, Ledger *ledger, const uint64 *key, Datum value,
		  int64 amount)
{
	DayRange	range = take_range(ledger->calendar, intake->args.at,
								   intake->args.range, value);

	if (range.empty || amount == 0)
		return;
	ledger_add(ledger, key, ledger_when(range.from, 0), amount);
	if (!range.open)
		ledger_add(ledger, key, ledger_when(range.to, 0), -amount);
}

/*
 * Take a row into a ledger; args are the call's arguments from the first on.
 * A NULL customer or time skips the row, a NULL amount is an event worth
 * nothing or a level of nothing, a negative amount corrects revenue and is no
 * order.  Without an amount a range weighs 1.
 */
static pg_attribute_always_inline void
take_arguments(Intake *intake, Ledger *ledger, const NullableDatum *args)
{
	const NullableDatum *customer = args;
	const NullableDatum *at = &args[intake->at_arg - 1];
	const NullableDatum *start = intake->start_arg == 0 ? NULL :
		&args[intake->start_arg - 1];
	uint64		key[2] = {0, 0};
	int64		amount = 0;

	if (customer->isnull || (at->isnull && start == NULL))
		return;
	/* checked even where the row says nothing more */
	if (intake->args.amount != AMOUNT_NONE)
	{
		const NullableDatum *given = &args[intake->args.arg[ROLE_AMOUNT] - 1];

		if (!given->isnull)
			amount = take_amount(intake->args.amount, given->value);
	}
	identity_take(&intake->args.customer, customer->value, key);
	if (start != NULL && !start->isnull)
		ledger_add(ledger, key,
				   ledger_when(take_start(intake, ledger, start->value),
							   LEDGER_START), 0);
	if (at->isnull)
		return;
	if (intake->args.range != NULL)
		add_range(intake, ledger, key, at->value,
				  intake->flags & LEDGER_UNITS ? MONEY_ONE : amount);
	else
		ledger_add(ledger, key,
				   ledger_when(take_time(ledger->calendar, intake->args.at,
										 at->value),
							   amount < 0 ? 0 : 1), amount);
}

/*
 * One call of a transition function: take the row into the group's ledger,
 * made on the first.
 */
static inline Ledger *
take_row(FunctionCallInfo fcinfo, const ArgumentForm *form, Constant number,
		 IntakeNumber take)
{
	Intake	   *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger;

	if (unlikely(intake == NULL))
		intake = argument_plan_find(fcinfo, form);
	if (unlikely(PG_ARGISNULL(0)))
		ledger = open_ledger(intake, fcinfo, aggregate_context(fcinfo),
							 take != NULL ? take(fcinfo, PG_NARGS() - 1) : 0);
	else
	{
		/* nobody but an aggregate has a state to pass */
		ledger = (Ledger *) PG_GETARG_POINTER(0);
		ledger_check(ledger);
		if (!intake->args.constant)
		{
			check_grain(intake, ledger, fcinfo);
			if (take != NULL)
				check_number(ledger, number, take(fcinfo, PG_NARGS() - 1));
		}
	}
	Assert((PG_ARGISNULL(1) ||
			(PG_ARGISNULL(intake->at_arg) && intake->start_arg == 0)) ==
		   argument_skips(&intake->args, fcinfo));
	take_arguments(intake, ledger, &fcinfo->args[1]);
	return ledger;
}

/* Can rows of a call that has taken one be taken many at a time? */
bool
intake_takes_many(FunctionCallInfo fcinfo)
{
	const Intake *intake = fcinfo->flinfo->fn_extra;

	return intake != NULL && intake->args.constant && !PG_ARGISNULL(0);
}

/*
 * Take rows from .. to - 1 of columns, those of the arguments from the first on,
 * one after the other into the ledger of a call.  What they come to besides is in
 * memory that is reset for each row.
 */
void
intake_one_by_one(FunctionCallInfo fcinfo, const Column *const *columns,
				  int from, int to, MemoryContext row_context)
{
	Intake	   *intake = fcinfo->flinfo->fn_extra;
	Ledger	   *ledger = (Ledger *) PG_GETARG_POINTER(0);
	MemoryContext old = MemoryContextSwitchTo(row_context);
	NullableDatum row[ARGUMENTS_MAX];
	int			width = PG_NARGS() - 1;

	Assert(width <= ARGUMENTS_MAX);
	ledger_check(ledger);
	for (int i = from; i < to; i++)
	{
		for (int a = 0; a < width; a++)
			row[a] = column_row(columns[a], i);
		row_context_reset(row_context);
		take_arguments(intake, ledger, row);
	}
	MemoryContextSwitchTo(old);
}

/* at_least in an argument. */
static int64
at_least_argument(FunctionCallInfo fcinfo, int arg)
{
	int64		at_least = DatumGetInt64(constant_argument(fcinfo, arg,
														   CONSTANT_AT_LEAST));

	if (at_least < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at_least must be 1 or more"),
				 errdetail("It is %lld.", (long long) at_least),
				 errhint("Pass how many events a period has at least where a customer is active, for example 2.")));
	return at_least;
}

static pg_noinline Ledger *
take_row_at_least(FunctionCallInfo fcinfo, const NumberedForm *form)
{
	return take_row(fcinfo, &form->form, form->number, at_least_argument);
}

/* Arguments of the shortest call and of that with at_least, and the state. */
#define LEAST_ARGUMENTS 4
#define AT_LEAST_ARGUMENTS 7

Ledger *
intake_row(FunctionCallInfo fcinfo)
{
	if (unlikely(PG_NARGS() == AT_LEAST_ARGUMENTS))
		return take_row_at_least(fcinfo, &at_least_form);
	if (unlikely(PG_NARGS() < LEAST_ARGUMENTS))
		argument_refuse_declaration(fcinfo);
	return take_row(fcinfo,
					&forms[Min(PG_NARGS() - LEAST_ARGUMENTS, lengthof(forms) - 1)],
					CONSTANTS, NULL);
}

Ledger *
intake_row_with_starts(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() == AT_LEAST_ARGUMENTS)
		return take_row_at_least(fcinfo, &starts_at_least_form);
	return take_row(fcinfo, &starts_form, CONSTANTS, NULL);
}

/* The same with a lag after the grain. */
Ledger *
intake_row_with_lag(FunctionCallInfo fcinfo, IntakeNumber take)
{
	return take_row(fcinfo, &lag_form.form, lag_form.number, take);
}
