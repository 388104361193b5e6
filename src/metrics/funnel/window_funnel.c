/*
 * funnel/window_funnel.c
 *		window_funnel(within, at, mode, VARIADIC boolean[]): the furthest step
 *		of one customer, the group.
 *
 * The state keeps the events (funnel/chain.h) as they come; they are brought
 * into order, and what the mode cannot tell apart is dropped, when the room
 * for them is full and when the chain is searched.
 */
#include "metrics/funnel/chain.h"

#include "base/wire.h"
#include "catalog/pg_type.h"
#include "history/argument_plan.h"
#include "metrics/funnel/conditions.h"
#include "metrics/funnel/intake.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_window_funnel_transition);
PG_FUNCTION_INFO_V1(retention_window_funnel_combine);
PG_FUNCTION_INFO_V1(retention_window_funnel_serialize);
PG_FUNCTION_INFO_V1(retention_window_funnel_deserialize);
PG_FUNCTION_INFO_V1(retention_window_funnel_final);

/* Numbers of the arguments; the state is 0. */
#define ARG_WITHIN 1
#define ARG_AT 2
#define ARG_MODE 3
#define ARG_CONDITIONS 4

#define STATE_MAGIC 0x46554E4C
#define STATE_VERSION 2
#define STATE_SHARED 0x01
#define STATE_INTEGERS 0x02
#define STATE_EXCLUDED 0x04
#define STATE_WHAT "parallel aggregate state"
#define HINT_EVENTS \
	"Leave out placeholder customers such as guests, and rows that meet no condition."
#define FIRST_EVENTS 8
#define SORT_EVENTS 256			/* so many are worth a look for duplicates */

/* What the state of a group holds. */
typedef struct FunnelState
{
	uint32		magic;
	FunnelRules rules;			/* windows of integers are in within.time */
	const char *zone;			/* "" when no window depends on one */
	uint32		rows;			/* with a time */
	bool		shared;			/* some row met several conditions */
	bool		integers;		/* windows and times are */
	bool		excluded;		/* there are exclusions among the events */
	int32		nsteps;			/* as many conditions as any row had */
	Size		nevents;
	Size		size;			/* allocated */
	ChainEvent *events;
	MemoryContext context;
} FunnelState;

/* How windows and times are taken at a call site. */
typedef enum WindowKind
{
	WINDOW_INTERVAL, WINDOW_LITERAL, WINDOW_INT2, WINDOW_INT4, WINDOW_INT8
} WindowKind;

typedef struct FunnelCall
{
	ArgumentPlan args;
	WindowKind	within;
	WindowKind	integer;		/* type of at, when it is an integer */
	Conditions	conditions;		/* where some are exclusions */
} FunnelCall;

/* ----------------------------------------------------------------
 *		Arguments
 * ----------------------------------------------------------------
 */

/* The kind of an integer type; WINDOW_INTERVAL when it is none. */
static WindowKind
integer_kind(Oid type)
{
	return type == INT2OID ? WINDOW_INT2 : type == INT4OID ? WINDOW_INT4 :
		type == INT8OID ? WINDOW_INT8 : WINDOW_INTERVAL;
}

static int64
take_integer(WindowKind kind, Datum value)
{
	return kind == WINDOW_INT2 ? DatumGetInt16(value) :
		kind == WINDOW_INT4 ? DatumGetInt32(value) : DatumGetInt64(value);
}

/* Does the window go with at? */
static void
call_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	FunnelCall *call = plan;
	Oid			at = argument_type(fcinfo, ARG_AT);
	Oid			within = argument_type(fcinfo, ARG_WITHIN);

	conditions_plan(&call->conditions, BOOLARRAYOID, site->context);
	call->integer = integer_kind(at);
	call->within = within == UNKNOWNOID ? WINDOW_LITERAL : integer_kind(within);
	if (call->within == WINDOW_INTERVAL && within != INTERVALOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("within must be an interval or an integer, not %s",
						format_type_be(within)),
				 errhint(HINT_WITHIN)));
	if (call->integer != WINDOW_INTERVAL && call->within == WINDOW_INTERVAL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("within must be an integer where at is one"),
				 errhint("Give the window in the unit of at, or turn at into a timestamptz with to_timestamp().")));
	if (call->within >= WINDOW_INT2 && (call->args.at == TIME_TIMESTAMP ||
										call->args.at == TIME_TIMESTAMPTZ))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("within must be an interval where at is a %s",
						format_type_be(at)),
				 errhint("Multiply seconds by interval '1 second', for example 3600 * interval '1 second'.")));
}

static const uint8 roles[] = {
	CONSTANT_WITHIN, ROLE_COUNTER, CONSTANT_MODE, ROLE_NULLABLE
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(FunnelCall), call_prepare
};

/* A window of so many units of at: days of dates, else those of the integers. */
static Interval
integer_window(const FunnelCall *call, int64 units)
{
	Interval	within = {0};

	if (units < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the window of a funnel must not be negative"),
				 errdetail("It is %lld.", (long long) units),
				 errhint("Pass the longest time from the first step to the last.")));
	if (call->args.at == TIME_DATE)
		within.day = (int32) Min(units, PG_INT32_MAX);
	else
		within.time = units;
	return within;
}

/* The window and mode of this row. */
static FunnelRules
rules_argument(const FunnelCall *call, FunctionCallInfo fcinfo)
{
	FunnelRules rules = {0};
	Datum		within = argument_constant(&call->args, fcinfo,
										   CONSTANT_WITHIN);

	take_mode(fcinfo, ARG_MODE, &rules);
	if (call->within == WINDOW_LITERAL && call->integer != WINDOW_INTERVAL)
		rules.within = integer_window(call, pg_strtoint64(DatumGetCString(within)));
	else if (call->within >= WINDOW_INT2)
		rules.within = integer_window(call, take_integer(call->within, within));
	else
	{
		if (call->within == WINDOW_LITERAL)
			within = DirectFunctionCall3(interval_in, within,
										 ObjectIdGetDatum(InvalidOid),
										 Int32GetDatum(-1));
		rules.within = *DatumGetIntervalP(within);
		funnel_check_within(&rules.within);
	}
	return rules;
}

/* ----------------------------------------------------------------
 *		Events
 * ----------------------------------------------------------------
 */

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(FunnelState) <= 256, "a FunnelState is larger than SSPACE says");

static FunnelState *
state_create(const FunnelRules *rules, bool integers, const char *zone,
			 MemoryContext context)
{
	FunnelState *state = MemoryContextAllocZero(context, sizeof(FunnelState));

	state->magic = STATE_MAGIC;
	state->rules = *rules;
	state->integers = integers;
	state->zone = zone;
	state->context = context;
	return state;
}

static FunnelState *
state_argument(FunctionCallInfo fcinfo, int arg)
{
	FunnelState *state = (FunnelState *) PG_GETARG_POINTER(arg);

	if (unlikely(state->magic != STATE_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not one of window_funnel")));
	return state;
}

/* Can events of equal time and step be told apart by their rows? */
static inline bool
rows_matter(const FunnelState *state)
{
	return (state->rules.mode & FUNNEL_ONE_STEP) != 0 && state->shared;
}

/* Have room for more events; where many are alike that is room enough. */
static void
reserve_events(FunnelState *state, Size more)
{
	Size		size = Max(state->size, FIRST_EVENTS);

	if (state->nevents + more <= state->size)
		return;
	if (state->nevents >= SORT_EVENTS && !rows_matter(state))
	{
		chain_sort(state->events, state->nevents);
		state->nevents = chain_deduplicate(state->events, state->nevents,
										   state->rules.mode);
	}
	/* doubled when more than half of it is left, so this comes rarely */
	while (state->nevents + more > (size == state->size ? size / 2 : size))
		size *= 2;
	if (size == state->size)
		return;
	if (size > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint(HINT_EVENTS)));
	state->events = state->events == NULL ?
		MemoryContextAllocHuge(state->context, size * sizeof(ChainEvent)) :
		repalloc_huge(state->events, size * sizeof(ChainEvent));
	state->size = size;
}

static void
add_event(FunnelState *state, int64 at, uint32 step)
{
	ChainEvent *event;

	reserve_events(state, 1);
	event = &state->events[state->nevents++];
	event->at = at;
	event->step = step;
	event->row = state->rows;
}

/* Add what a row meets, with exclusions; how many steps. */
static int
add_conditions(FunnelState *state, Conditions *c, ArrayType *array, int64 at)
{
	conditions_take_flags(c, &state->rules, array);
	state->nsteps = Max(state->nsteps, c->nsteps);
	for (int i = 0; i < c->n; i++)
		add_event(state, at, c->codes[i]);
	if (c->n == 0 || (c->codes[0] & FUNNEL_EXCLUDED) == 0)
		return c->n;
	state->excluded = true;
	return 0;
}

/* Add what a row meets; how many steps. */
static int
add_steps(FunnelState *state, ArrayType *array, int64 at)
{
	Flags		flags;
	int			met = 0;

	flags_begin(&flags, array);
	if (unlikely(flags.n > state->nsteps))
	{
		if (flags.n > FUNNEL_MAX_STEP)
			conditions_refuse_step(flags.n);
		state->nsteps = flags.n;
	}
	for (int step; (step = flags_next(&flags)) > 0; met++)
		add_event(state, at, step);
	return met;
}

/* The events in order, palloc'd apart from the state. */
static ChainEvent *
sorted_events(const FunnelState *state, Size *n)
{
	ChainEvent *events = palloc_extended(Max(state->nevents, 1) * sizeof(ChainEvent),
										 MCXT_ALLOC_HUGE);

	*n = state->nevents;
	if (*n > 0)
		memcpy(events, state->events, *n * sizeof(ChainEvent));
	chain_sort(events, *n);
	if (!rows_matter(state))
		*n = chain_deduplicate(events, *n, state->rules.mode);
	return events;
}

/* (internal, within, at, mode, conditions) -> internal */
Datum
retention_window_funnel_transition(PG_FUNCTION_ARGS)
{
	FunnelCall *call = argument_plan(fcinfo, &form);
	FunnelState *state;
	int64		at;
	int			met = 0;

	if (PG_ARGISNULL(0))
	{
		FunnelRules rules = rules_argument(call, fcinfo);

		state = state_create(&rules, call->integer != WINDOW_INTERVAL,
							 window_zone(call->args.at, &rules),
							 aggregate_context(fcinfo));
	}
	else
	{
		/* nobody but an aggregate has a state to pass */
		state = state_argument(fcinfo, 0);
		if (!call->args.constant)
		{
			FunnelRules rules = rules_argument(call, fcinfo);

			check_same_rules(&state->rules, &rules, state->integers);
		}
	}
	Assert(PG_ARGISNULL(ARG_AT) == argument_skips(&call->args, fcinfo));
	if (PG_ARGISNULL(ARG_AT))
		PG_RETURN_POINTER(state);
	at = call->integer != WINDOW_INTERVAL ?
		take_integer(call->integer, PG_GETARG_DATUM(ARG_AT)) :
		take_instant(call->args.at, PG_GETARG_DATUM(ARG_AT));

	if (unlikely(++state->rows == 0))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint(HINT_EVENTS)));
	if (!PG_ARGISNULL(ARG_CONDITIONS))
	{
		ArrayType  *array = PG_GETARG_ARRAYTYPE_P(ARG_CONDITIONS);

		met = state->rules.nexcluded == 0 ? add_steps(state, array, at) :
			add_conditions(state, &call->conditions, array, at);
	}
	if (met > 1)
		state->shared = true;
	/* only strict order minds what meets no step */
	if (met == 0 && (state->rules.mode & FUNNEL_STRICT_ORDER))
		add_event(state, at, 0);
	PG_RETURN_POINTER(state);
}

/* ----------------------------------------------------------------
 *		Parallel plans
 * ----------------------------------------------------------------
 */

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_window_funnel_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	FunnelState *from;
	FunnelState *into;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = state_argument(fcinfo, 1);
	if (PG_ARGISNULL(0))
		into = state_create(&from->rules, from->integers,
							MemoryContextStrdup(context, from->zone), context);
	else
		into = state_argument(fcinfo, 0);
	check_same_rules(&into->rules, &from->rules,
					 into->integers && from->integers);
	constant_check_words(CONSTANT_TIMEZONE, into->zone, from->zone);
	if (from->rows > PG_UINT32_MAX - into->rows)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint(HINT_EVENTS)));

	into->shared |= from->shared;
	into->excluded |= from->excluded;
	into->nsteps = Max(into->nsteps, from->nsteps);
	reserve_events(into, from->nevents);
	for (Size i = 0; i < from->nevents; i++)
	{
		ChainEvent *event = &into->events[into->nevents++];

		*event = from->events[i];
		event->row += into->rows;
	}
	into->rows += from->rows;
	PG_RETURN_POINTER(into);
}

/*
 * (internal) -> bytea: version, flags (STATE_*), mode (rules.h); then uints:
 * months, days and microseconds of the window, length of the zone's name and the
 * name, steps, rows, number of events, and for each, in order, time (the first
 * zigzagged, then distances), code of the step, row.
 */
Datum
retention_window_funnel_serialize(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	WireWriter	w;
	uint8		head[2];
	ChainEvent *events;
	Size		n;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = state_argument(fcinfo, 0);
	events = sorted_events(state, &n);
	head[0] = STATE_VERSION;
	head[1] = (state->shared ? STATE_SHARED : 0) |
		(state->integers ? STATE_INTEGERS : 0) |
		(state->excluded ? STATE_EXCLUDED : 0);
	wire_writer_init(&w, 64 + n * 6, STATE_WHAT,
					 "SET max_parallel_workers_per_gather = 0 for this query.");
	wire_put_bytes(&w, head, sizeof(head));
	funnel_mode_put(&w, &state->rules, false);
	funnel_within_put(&w, &state->rules.within);
	wire_put(&w, strlen(state->zone));
	wire_put_bytes(&w, state->zone, strlen(state->zone));
	wire_put(&w, state->nsteps);
	wire_put(&w, state->rows);
	wire_put(&w, n);
	for (Size i = 0; i < n; i++)
	{
		wire_put(&w, i == 0 ? wire_zigzag(events[0].at) :
				 (uint64) events[i].at - (uint64) events[i - 1].at);
		wire_put(&w, events[i].step);
		wire_put(&w, events[i].row);
	}
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* (bytea, internal) -> internal */
Datum
retention_window_funnel_deserialize(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	FunnelRules rules = {0};
	bytea	   *bytes;
	const uint8 *head;
	const char *problem;
	WireReader	r;
	char	   *zone;
	Size		size;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), STATE_WHAT);
	head = wire_get_bytes(&r, 2);
	if (head[0] != STATE_VERSION ||
		(head[1] & ~(STATE_SHARED | STATE_INTEGERS | STATE_EXCLUDED)) != 0)
		wire_corrupt(&r, "The header is not of this version.");
	if (funnel_mode_get(&r, &rules))
		wire_corrupt(&r, "The mode is unknown.");
	funnel_within_get(&r, &rules.within);
	size = wire_get_max(&r, TZ_STRLEN_MAX, "The zone is too long.");
	zone = pnstrdup((const char *) wire_get_bytes(&r, size), size);
	problem = strlen(zone) != size ? "A name has characters it cannot have." :
		funnel_rules_problem(&rules, NULL, zone);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	state = state_create(&rules, (head[1] & STATE_INTEGERS) != 0, zone,
						 CurrentMemoryContext);
	state->shared = (head[1] & STATE_SHARED) != 0;
	state->excluded = (head[1] & STATE_EXCLUDED) != 0;
	state->nsteps = wire_get_max(&r, FUNNEL_MAX_STEP, "A step is too large.");
	state->rows = wire_get_max(&r, PG_UINT32_MAX, "There are too many rows.");
	/* an event takes three bytes at least */
	size = wire_get_max(&r, (r.end - r.at) / 3, "There are too many events.");
	reserve_events(state, size);
	for (; state->nevents < size; state->nevents++)
	{
		ChainEvent *event = &state->events[state->nevents];

		event->at = state->nevents == 0 ? wire_get_signed(&r) :
			(int64) ((uint64) event[-1].at + wire_get(&r));
		event->step = wire_get_max(&r, FUNNEL_EXCLUDED | FUNNEL_MAX_STEP,
								   "A step is too large.");
		if ((event->step & FUNNEL_EXCLUDED) != 0 ? !state->excluded :
			event->step > (uint32) state->nsteps)
			wire_corrupt(&r, "A step is too large.");
		event->row = wire_get_max(&r, state->rows, "There is no such row.");
	}
	wire_get_end(&r);
	PG_RETURN_POINTER(state);
}

/* ----------------------------------------------------------------
 *		The result
 * ----------------------------------------------------------------
 */

/* The search of a call site, whose memory serves all groups. */
static ChainSearch *
find_search(FunctionCallInfo fcinfo, const FunnelState *state)
{
	ChainSearch *search = fcinfo->flinfo->fn_extra;
	pg_tz	   *zone = state->zone[0] != '\0' ? pg_tzset(state->zone) : NULL;

	if (search == NULL)
	{
		CallSite   *site = call_site(fcinfo);

		search = site->plan;
		if (search == NULL)
		{
			search = MemoryContextAlloc(site->context, sizeof(ChainSearch));
			chain_search_init(search, site->context);
			site->plan = search;
		}
		fcinfo->flinfo->fn_extra = search;
	}
	chain_search_set(search, &state->rules, state->nsteps, zone, true);
	if (!rows_matter(state))
		search->mode &= ~FUNNEL_ONE_STEP;
	return search;
}

/*
 * (internal) -> int: the furthest step, 0 when the first condition was never
 * met, NULL when there was no row with a time.  The state is left as it is.
 */
Datum
retention_window_funnel_final(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	ChainEvent *events;
	Size		n;
	int32		furthest;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = state_argument(fcinfo, 0);
	if (state->rows == 0)
		PG_RETURN_NULL();
	events = sorted_events(state, &n);
	furthest = chain_result(find_search(fcinfo, state), events, n, state->excluded);
	pfree(events);
	PG_RETURN_INT32(furthest);
}
