/*
 * sequence/match.c
 *		sequence_match(pattern, at, VARIADIC boolean[]) and sequence_count():
 *		is a pattern found among the rows of one customer, the group, and how
 *		often?
 *
 * The state keeps the rows that meet a condition, each as its time and the
 * conditions of the pattern that it meets (sequence/search.h), as they come.
 */
#include "metrics/sequence/search.h"

#include "base/wire.h"
#include "metrics/plain/flags.h"
#include "metrics/sequence/intake.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(retention_sequence_transition);
PG_FUNCTION_INFO_V1(retention_sequence_combine);
PG_FUNCTION_INFO_V1(retention_sequence_serialize);
PG_FUNCTION_INFO_V1(retention_sequence_deserialize);
PG_FUNCTION_INFO_V1(retention_sequence_match_final);
PG_FUNCTION_INFO_V1(retention_sequence_count_final);

/* Numbers of the arguments; the state is 0. */
#define ARG_PATTERN 1
#define ARG_AT 2
#define ARG_CONDITIONS 3

#define STATE_MAGIC 0x53455155
#define STATE_VERSION 1
#define STATE_WHAT "parallel aggregate state"
#define STATE_HINT "SET max_parallel_workers_per_gather = 0 for this query."
#define FIRST_WORDS 16

/* What the state of a group holds. */
typedef struct SequenceState
{
	uint32		magic;
	bool		rows;			/* there was one with a time */
	const SequencePattern *pattern;
	Size		nevents;
	Size		used;			/* words */
	Size		size;			/* words allocated */
	uint64	   *events;
	MemoryContext context;
} SequenceState;

/* The pattern used last at a call site, in memory of the query. */
typedef struct SequenceCall
{
	ArgumentPlan args;
	SequenceTime at;
	int			given;			/* conditions, -1 when it is not known */
	const SequencePattern *pattern; /* NULL where it is not a constant */
	MemoryContext context;
} SequenceCall;

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(SequenceState) <= 64, "a SequenceState is larger than SSPACE says");

/* ----------------------------------------------------------------
 *		Arguments
 * ----------------------------------------------------------------
 */

/* How many conditions a call has: -1 where rows may differ in it. */
static int
conditions_given(FunctionCallInfo fcinfo)
{
	Aggref	   *aggref = call_aggref(fcinfo);
	Node	   *expr;

	if (aggref == NULL || list_length(aggref->args) < ARG_CONDITIONS)
		return -1;
	expr = (Node *) lfirst_node(TargetEntry, list_nth_cell(aggref->args, ARG_CONDITIONS - 1))->expr;
	if (IsA(expr, ArrayExpr) && !((ArrayExpr *) expr)->multidims)
		return list_length(((ArrayExpr *) expr)->elements);
	if (IsA(expr, Const) && !((Const *) expr)->constisnull)
	{
		Flags		flags;

		flags_begin(&flags, DatumGetArrayTypeP(((Const *) expr)->constvalue));
		return flags.n;
	}
	return -1;
}

static void
call_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	SequenceCall *call = plan;

	call->at = sequence_time(&call->args, fcinfo, ARG_AT);
	call->given = conditions_given(fcinfo);
	call->context = site->context;
}

static const uint8 roles[] = {
	CONSTANT_PATTERN, ROLE_COUNTER, ROLE_NULLABLE
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(SequenceCall), call_prepare
};

/* A condition that the call does not have is a slip. */
static void
check_conditions(const SequenceCall *call, const SequencePattern *pattern)
{
	int			last = pattern->nconditions == 0 ? 0 :
		pattern->conditions[pattern->nconditions - 1];

	if (call->given >= 0 && last > call->given)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the pattern of a sequence asks for condition %d", last),
				 errdetail_plural("The call has %d condition.",
								  "The call has %d conditions.",
								  call->given, call->given),
				 errhint("Conditions are the arguments after at, numbered from 1.")));
}

/* The pattern of this row, for a new state in context. */
static const SequencePattern *
pattern_argument(SequenceCall *call, FunctionCallInfo fcinfo,
				 MemoryContext context)
{
	text	   *words = DatumGetTextPP(argument_constant(&call->args, fcinfo,
														 CONSTANT_PATTERN));
	SequencePattern *pattern;
	SequenceFault fault = {0};

	if (call->pattern != NULL)
		return call->pattern;
	pattern = sequence_pattern_parse(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words),
									 sequence_unit(&call->at),
									 call->args.constant ? call->context : context,
									 &fault);
	if (pattern == NULL)
		sequence_pattern_refuse(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words), &fault);
	check_conditions(call, pattern);
	if (call->args.constant)
		call->pattern = pattern;
	return pattern;
}

/* Patterns may differ from group to group, never within one. */
static void
check_same_pattern(const SequencePattern *pattern, const char *text, Size len)
{
	if (pattern->len != len || memcmp(pattern->text, text, len) != 0)
		constant_check_words(CONSTANT_PATTERN,
							 pnstrdup(pattern->text, pg_mbcliplen(pattern->text, pattern->len, 100)),
							 pnstrdup(text, pg_mbcliplen(text, len, 100)));
}

/* ----------------------------------------------------------------
 *		Events
 * ----------------------------------------------------------------
 */

static SequenceState *
state_create(const SequencePattern *pattern, MemoryContext context)
{
	SequenceState *state = MemoryContextAllocZero(context, sizeof(SequenceState));

	state->magic = STATE_MAGIC;
	state->pattern = pattern;
	state->context = context;
	return state;
}

static SequenceState *
state_argument(FunctionCallInfo fcinfo, int arg)
{
	SequenceState *state = (SequenceState *) PG_GETARG_POINTER(arg);

	if (unlikely(state->magic != STATE_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not one of a sequence")));
	return state;
}

/* Have room for more words. */
static void
reserve_words(SequenceState *state, Size more)
{
	Size		size = Max(state->size, FIRST_WORDS);

	if (more <= state->size - state->used)
		return;
	if (more > MaxAllocHugeSize / sizeof(uint64) / 4 - state->used)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint(HINT_SEQUENCE_EVENTS)));
	while (more > size - state->used)
		size *= 2;
	state->events = state->events == NULL ?
		MemoryContextAllocHuge(state->context, size * sizeof(uint64)) :
		repalloc_huge(state->events, size * sizeof(uint64));
	state->size = size;
}

/* Take a row; one that meets no condition at all is no event. */
static void
add_event(SequenceState *state, int64 at, ArrayType *conditions)
{
	const SequencePattern *pattern = state->pattern;
	Size		words = sequence_event_words(pattern);
	Flags		flags;
	uint64	   *event;
	int			condition;
	int			place = 0;

	flags_begin(&flags, conditions);
	condition = flags_next(&flags);
	if (condition == 0)
		return;
	reserve_words(state, words);
	event = state->events + state->used;
	memset(event, 0, words * sizeof(uint64));
	event[0] = (uint64) at;
	for (; condition > 0; condition = flags_next(&flags))
	{
		while (place < pattern->nconditions && pattern->conditions[place] < condition)
			place++;
		if (place == pattern->nconditions)
			break;
		if (pattern->conditions[place] == condition)
			event[1 + place / 64] |= sequence_place_bit(place);
	}
	state->used += words;
	state->nevents++;
}

/* (internal, pattern, at, conditions) -> internal */
Datum
retention_sequence_transition(PG_FUNCTION_ARGS)
{
	SequenceCall *call = argument_plan(fcinfo, &form);
	SequenceState *state;

	if (PG_ARGISNULL(0))
	{
		MemoryContext context = aggregate_context(fcinfo);

		state = state_create(pattern_argument(call, fcinfo, context), context);
	}
	else
	{
		/* nobody but an aggregate has a state to pass */
		state = state_argument(fcinfo, 0);
		if (!call->args.constant)
		{
			text	   *words = DatumGetTextPP(argument_constant(&call->args, fcinfo,
																 CONSTANT_PATTERN));

			check_same_pattern(state->pattern, VARDATA_ANY(words),
							   VARSIZE_ANY_EXHDR(words));
		}
	}
	Assert(PG_ARGISNULL(ARG_AT) == argument_skips(&call->args, fcinfo));
	if (PG_ARGISNULL(ARG_AT))
		PG_RETURN_POINTER(state);
	state->rows = true;
	if (!PG_ARGISNULL(ARG_CONDITIONS))
		add_event(state, sequence_take_time(&call->at, PG_GETARG_DATUM(ARG_AT)),
				  PG_GETARG_ARRAYTYPE_P(ARG_CONDITIONS));
	PG_RETURN_POINTER(state);
}

/*
 * The events in order: the state's own where they are, else a copy (palloc'd).
 * The state is left as it is.
 */
static const uint64 *
sorted_events(const SequenceState *state)
{
	uint64	   *events = state->events;

	if (sequence_is_sorted(state->pattern, events, state->nevents))
		return events;
	events = palloc_extended(state->used * sizeof(uint64), MCXT_ALLOC_HUGE);
	memcpy(events, state->events, state->used * sizeof(uint64));
	sequence_sort(state->pattern, events, state->nevents);
	return events;
}

static void
free_sorted(const SequenceState *state, const uint64 *events)
{
	if (events != state->events)
		pfree(unconstify(uint64 *, events));
}

/* ----------------------------------------------------------------
 *		Parallel plans
 * ----------------------------------------------------------------
 */

/* A copy of a pattern in context. */
static const SequencePattern *
copy_pattern(const SequencePattern *pattern, MemoryContext context)
{
	SequenceFault fault = {0};

	return sequence_pattern_parse(pattern->text, pattern->len, pattern->unit,
								  context, &fault);
}

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_sequence_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	SequenceState *from;
	SequenceState *into;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = state_argument(fcinfo, 1);
	if (PG_ARGISNULL(0))
		into = state_create(copy_pattern(from->pattern, context), context);
	else
		into = state_argument(fcinfo, 0);
	check_same_pattern(into->pattern, from->pattern->text, from->pattern->len);
	if (into->pattern->unit != from->pattern->unit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge sequences of different kinds of times"),
				 errdetail("The states come from calls with different argument types.")));
	into->rows |= from->rows;
	if (from->used > 0)
	{
		reserve_words(into, from->used);
		memcpy(into->events + into->used, from->events, from->used * sizeof(uint64));
		into->used += from->used;
		into->nevents += from->nevents;
	}
	PG_RETURN_POINTER(into);
}

/* Bits the other way round: low conditions make short numbers. */
static uint64
turn_bits(uint64 bits)
{
	uint64		turned = 0;

	for (; bits != 0; bits &= bits - 1)
		turned |= UINT64CONST(1) << (63 - pg_rightmost_one_pos64(bits));
	return turned;
}

/*
 * (internal) -> bytea: version, unit (SequenceUnit), 1 when there was a row;
 * then uints: length of the pattern and the pattern, number of events, and for
 * each, in order, time (the first zigzagged, then distances), the words of its
 * conditions, each with its bits turned round.
 */
Datum
retention_sequence_serialize(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	const SequencePattern *pattern;
	WireWriter	w;
	uint8		head[3];
	const uint64 *events;
	const uint64 *event;
	uint64		before = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = state_argument(fcinfo, 0);
	pattern = state->pattern;
	events = event = sorted_events(state);
	head[0] = STATE_VERSION;
	head[1] = pattern->unit;
	head[2] = state->rows;
	wire_writer_init(&w, 64 + state->nevents * 6, STATE_WHAT, STATE_HINT);
	wire_put_bytes(&w, head, sizeof(head));
	wire_put(&w, pattern->len);
	wire_put_bytes(&w, pattern->text, pattern->len);
	wire_put(&w, state->nevents);
	for (Size i = 0; i < state->nevents; i++, event += 1 + pattern->words)
	{
		wire_put(&w, i == 0 ? wire_zigzag((int64) event[0]) : event[0] - before);
		before = event[0];
		for (int word = 1; word <= pattern->words; word++)
			wire_put(&w, turn_bits(event[word]));
	}
	free_sorted(state, events);
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* The events of a packed state. */
static void
get_events(WireReader *r, SequenceState *state)
{
	const SequencePattern *pattern = state->pattern;
	Size		words = sequence_event_words(pattern);
	uint64		before = 0;
	Size		n;

	/* an event takes a byte at least for each word */
	n = wire_get_max(r, (r->end - r->at) / words, "There are too many events.");
	reserve_words(state, n * words);
	for (; state->nevents < n; state->nevents++, state->used += words)
	{
		uint64	   *event = state->events + state->used;

		CHECK_FOR_INTERRUPTS();
		before = state->nevents == 0 ? (uint64) wire_get_signed(r) :
			before + wire_get(r);
		event[0] = before;
		for (int word = 1; word <= pattern->words; word++)
		{
			int			bits = Min(64, pattern->nconditions - 64 * (word - 1));

			event[word] = turn_bits(wire_get_max(r, bits <= 0 ? 0 : PG_UINT64_MAX >> (64 - bits),
												 "There is no such condition."));
		}
	}
}

/* (bytea, internal) -> internal */
Datum
retention_sequence_deserialize(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	const SequencePattern *pattern;
	SequenceFault fault = {0};
	bytea	   *bytes;
	const uint8 *head;
	WireReader	r;
	Size		len;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), STATE_WHAT);
	head = wire_get_bytes(&r, 3);
	if (head[0] != STATE_VERSION || head[1] > SEQUENCE_INTEGERS || head[2] > 1)
		wire_corrupt(&r, "The header is not of this version.");
	len = wire_get_max(&r, r.end - r.at, "The pattern is too long.");
	pattern = sequence_pattern_parse((const char *) wire_get_bytes(&r, len), len,
									 (SequenceUnit) head[1], CurrentMemoryContext,
									 &fault);
	if (pattern == NULL)
		wire_corrupt(&r, "The pattern has a fault.");
	state = state_create(pattern, CurrentMemoryContext);
	state->rows = head[2] != 0;
	get_events(&r, state);
	wire_get_end(&r);
	PG_RETURN_POINTER(state);
}

/* ----------------------------------------------------------------
 *		The results
 * ----------------------------------------------------------------
 */

/* (internal) -> boolean: NULL when no row had a time. */
Datum
retention_sequence_match_final(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	const uint64 *events;
	bool		found;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = state_argument(fcinfo, 0);
	if (!state->rows)
		PG_RETURN_NULL();
	events = sorted_events(state);
	found = sequence_found(state->pattern, events, state->nevents);
	free_sorted(state, events);
	PG_RETURN_BOOL(found);
}

/* (internal) -> bigint: NULL when no row had a time. */
Datum
retention_sequence_count_final(PG_FUNCTION_ARGS)
{
	SequenceState *state;
	const uint64 *events;
	int64		count;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = state_argument(fcinfo, 0);
	if (!state->rows)
		PG_RETURN_NULL();
	events = sorted_events(state);
	count = sequence_count(state->pattern, events, state->nevents);
	free_sorted(state, events);
	PG_RETURN_INT64(count);
}
