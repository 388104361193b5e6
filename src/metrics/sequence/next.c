/*
 * sequence/next.c
 *		sequence_next(direction, base, at, event, base_condition, VARIADIC
 *		boolean[]): the event that follows a chain of events of one customer,
 *		the group, or precedes it.
 *
 * The meaning is that of ClickHouse's sequenceNextNode.  Rows are in order of
 * time; of these one is the base, and the rows from there on, in the direction,
 * must meet condition 1, 2, ..., the last.  The result is the event of the row
 * after them.
 *
 *	base			the row
 *	head, tail		the first (forward) or last (backward), if it meets
 *					base_condition
 *	first match,	the first or last row that meets base_condition and
 *	last match		condition 1
 *
 * The state keeps the rows.  Of many it drops, now and then, those that no row
 * to come can make matter: with k conditions and the base among those so far
 *
 *	head			keeps rows 0 .. k
 *	tail			keeps the last k + 1
 *	first match		drops what is after the base, forward: k after it
 *	last match		drops what is before the base, backward: k before it
 */
#include "metrics/sequence/next.h"

#include "metrics/plain/flags.h"
#include "metrics/sequence/intake.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(retention_sequence_next_transition);
PG_FUNCTION_INFO_V1(retention_sequence_next_final);

/* Numbers of the arguments; the state is 0. */
#define ARG_DIRECTION 1
#define ARG_BASE 2
#define ARG_AT 3
#define ARG_EVENT 4
#define ARG_BASE_CONDITION 5
#define ARG_CONDITIONS 6

#define FIRST_ROWS 8
#define PRUNE_ROWS 256			/* so many are worth a look */

typedef struct NextCall
{
	ArgumentPlan args;
	SequenceTime at;
	NextType	type;
} NextCall;

/* SSPACE of the aggregate in the SQL script. */
StaticAssertDecl(sizeof(NextState) <= 128, "a NextState is larger than SSPACE says");

/* ----------------------------------------------------------------
 *		Arguments
 * ----------------------------------------------------------------
 */

static void
call_prepare(void *plan, FunctionCallInfo fcinfo, const CallSite *site)
{
	NextCall   *call = plan;

	call->at = sequence_time(&call->args, fcinfo, ARG_AT);
	call->type.type = argument_type(fcinfo, ARG_EVENT);
	get_typlenbyval(call->type.type, &call->type.len, &call->type.by_value);
}

static const uint8 roles[] = {
	CONSTANT_DIRECTION, CONSTANT_BASE, ROLE_COUNTER, ROLE_VALUE,
	ROLE_NULLABLE, ROLE_NULLABLE
};
static const ArgumentForm form = {
	ARGUMENT_ROLES(roles), NULL, NULL, sizeof(NextCall), call_prepare
};

/* Which of some words is it?  Blanks are as good as underscores. */
static int
word_argument(FunctionCallInfo fcinfo, Constant which, const char *name,
			  const char *const *words, int n, const char *hint)
{
	NextCall   *call = fcinfo->flinfo->fn_extra;
	char	   *given = text_to_cstring(DatumGetTextPP(argument_constant(&call->args, fcinfo, which)));
	char	   *word = pstrdup(given);

	for (char *c = word; *c != '\0'; c++)
		if (*c == ' ')
			*c = '_';
	for (int i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
		{
			pfree(word);
			pfree(given);
			return i;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s: \"%.*s\"", name,
					pg_mbcliplen(given, strlen(given), 100), given),
			 errhint("%s", hint)));
}

static const char *const directions[] = {"forward", "backward"};
static const char *const bases[] = {"head", "tail", "first_match", "last_match"};

static NextRules
rules_argument(FunctionCallInfo fcinfo)
{
	NextRules	rules;

	rules.backward = word_argument(fcinfo, CONSTANT_DIRECTION, "direction",
								   directions, lengthof(directions),
								   "It is 'forward' or 'backward'.") == 1;
	rules.base = word_argument(fcinfo, CONSTANT_BASE, "base", bases, lengthof(bases),
							   "It is 'head', 'tail', 'first_match' or 'last_match'.");
	if (rules.base == (rules.backward ? BASE_HEAD : BASE_TAIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" does not go with \"%s\"", bases[rules.base],
						directions[rules.backward]),
				 errdetail("From there on there is no row in this direction."),
				 errhint("The head goes forward, the tail backward.")));
	return rules;
}

/* Error 22023 unless the events are of a type. */
void
next_check_type(const NextState *state, Oid type)
{
	if (unlikely(state->type.type != type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge events of different types"),
				 errdetail("The states come from calls with different argument types.")));
}

/* They may differ from group to group, never within one. */
void
next_check_rules(const NextRules *before, const NextRules *now)
{
	constant_check_words(CONSTANT_DIRECTION, directions[before->backward],
						 directions[now->backward]);
	constant_check_words(CONSTANT_BASE, bases[before->base], bases[now->base]);
}

/* The chain has as many conditions in all rows of a group. */
void
next_check_conditions(NextState *state, int n)
{
	if (state->nconditions == n)
		return;
	if (state->nconditions >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("conditions must be as many in all rows of a group"),
				 errdetail("There are %d and %d.", state->nconditions, n),
				 errhint("Pass arrays of one length.")));
	if (n == 0 && state->rules.base >= BASE_FIRST_MATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" needs a condition", bases[state->rules.base]),
				 errhint("Its base is a row that meets condition 1.")));
	state->nconditions = n;
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

static int
compare_bytes(const void *a, Size alen, const void *b, Size blen)
{
	int			order = memcmp(a, b, Min(alen, blen));

	return order != 0 ? order : alen < blen ? -1 : alen > blen;
}

/* The order of events of one time: that of their bytes. */
static int
compare_events(const NextRow *a, const NextRow *b, const NextType *type)
{
	const void *x = DatumGetPointer(a->event);
	const void *y = DatumGetPointer(b->event);

	if (type->by_value)
		return (int64) a->event < (int64) b->event ? -1 : (int64) a->event > (int64) b->event;
	if (type->len == -1)
		return compare_bytes(VARDATA_ANY(x), VARSIZE_ANY_EXHDR(x),
							 VARDATA_ANY(y), VARSIZE_ANY_EXHDR(y));
	return type->len == -2 ? strcmp(x, y) : memcmp(x, y, type->len);
}

/* No two rows that differ in anything are equal. */
static int
compare_rows(const NextRow *a, const NextRow *b, const NextType *type)
{
	int			order;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	order = compare_events(a, b, type);
	if (order != 0)
		return order;
	if (a->may_be_base != b->may_be_base)
		return a->may_be_base ? -1 : 1;
	if (a->met != b->met)
		return a->met < b->met ? -1 : 1;
	return bms_compare(a->beyond, b->beyond);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE NextRow
#define ST_COMPARE(a, b, type) compare_rows((a), (b), (type))
#define ST_COMPARE_ARG_TYPE const NextType
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static inline bool
meets(const NextRow *row, Size condition)
{
	return condition < 64 ? (row->met >> condition & 1) != 0 :
		bms_is_member((int) (condition - 64), row->beyond);
}

/* The base among sorted rows; n when there is none. */
static Size
find_base(const NextRules *rules, const NextRow *rows, Size n)
{
	switch (rules->base)
	{
		case BASE_HEAD:
			return n > 0 && rows[0].may_be_base ? 0 : n;
		case BASE_TAIL:
			return n > 0 && rows[n - 1].may_be_base ? n - 1 : n;
		case BASE_FIRST_MATCH:
			for (Size i = 0; i < n; i++)
				if (rows[i].may_be_base && meets(&rows[i], 0))
					return i;
			break;
		case BASE_LAST_MATCH:
			for (Size i = n; i-- > 0;)
				if (rows[i].may_be_base && meets(&rows[i], 0))
					return i;
			break;
	}
	return n;
}

NextState *
next_state_create(const NextRules *rules, const NextType *type,
			 MemoryContext context)
{
	NextState  *state = MemoryContextAllocZero(context, sizeof(NextState));

	state->magic = NEXT_STATE_MAGIC;
	state->rules = *rules;
	state->type = *type;
	state->nconditions = -1;
	state->context = context;
	return state;
}

NextState *
next_state_argument(FunctionCallInfo fcinfo, int arg)
{
	NextState  *state = (NextState *) PG_GETARG_POINTER(arg);

	if (unlikely(state->magic != NEXT_STATE_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not one of sequence_next")));
	return state;
}

static void
free_row(const NextState *state, NextRow *row)
{
	if (!state->type.by_value)
		pfree(DatumGetPointer(row->event));
	bms_free(row->beyond);
}

/* Drop the rows that cannot matter any more. */
static void
prune(NextState *state)
{
	Size		k = (Size) state->nconditions;
	Size		n = state->n;
	Size		from = 0;
	Size		to = n;
	Size		base;

	sort_rows(state->rows, n, &state->type);
	base = find_base(&state->rules, state->rows, n);
	switch (state->rules.base)
	{
		case BASE_HEAD:
			to = Min(n, k + 1);
			break;
		case BASE_TAIL:
			from = n > k + 1 ? n - k - 1 : 0;
			break;
		case BASE_FIRST_MATCH:
			if (base < n)
				to = Min(n, base + 1 + (state->rules.backward ? 0 : k));
			break;
		case BASE_LAST_MATCH:
			if (base < n)
				from = state->rules.backward ? base - Min(base, k) : base;
			break;
	}
	for (Size i = 0; i < from; i++)
		free_row(state, &state->rows[i]);
	for (Size i = to; i < n; i++)
		free_row(state, &state->rows[i]);
	state->n = to - from;
	memmove(state->rows, state->rows + from, state->n * sizeof(NextRow));
}

/* Have room for one more row. */
void
next_reserve_row(NextState *state)
{
	Size		size = state->size == 0 ? FIRST_ROWS : state->size + state->size / 2;

	if (state->n < state->size)
		return;
	if (state->n >= PRUNE_ROWS && state->nconditions >= 0)
	{
		prune(state);
		/* grown when more than half is left, so this comes rarely */
		if (state->n <= state->size / 2)
			return;
	}
	if (size > MaxAllocHugeSize / sizeof(NextRow) / 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events for one customer"),
				 errhint(HINT_SEQUENCE_EVENTS)));
	state->rows = state->rows == NULL ?
		MemoryContextAllocHuge(state->context, size * sizeof(NextRow)) :
		repalloc_huge(state->rows, size * sizeof(NextRow));
	state->size = size;
}

/* Our own copy of an event, in the current context. */
Datum
next_copy_event(Datum event, const NextType *type)
{
	if (type->len == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(event));
	return datumCopy(event, type->by_value, type->len);
}

static void
add_row(NextState *state, const NextCall *call, FunctionCallInfo fcinfo)
{
	MemoryContext old;
	NextRow		row = {0};
	Flags		flags = {0};

	row.at = sequence_take_time(&call->at, PG_GETARG_DATUM(ARG_AT));
	if (!PG_ARGISNULL(ARG_CONDITIONS))
	{
		flags_begin(&flags, PG_GETARG_ARRAYTYPE_P(ARG_CONDITIONS));
		next_check_conditions(state, flags.n);
	}
	next_reserve_row(state);
	old = MemoryContextSwitchTo(state->context);
	row.event = next_copy_event(PG_GETARG_DATUM(ARG_EVENT), &state->type);
	row.may_be_base = !PG_ARGISNULL(ARG_BASE_CONDITION) &&
		PG_GETARG_BOOL(ARG_BASE_CONDITION);
	for (int condition; (condition = flags_next(&flags)) > 0;)
		if (condition <= 64)
			row.met |= UINT64CONST(1) << (condition - 1);
		else
			row.beyond = bms_add_member(row.beyond, condition - 65);
	MemoryContextSwitchTo(old);
	state->rows[state->n++] = row;
}

/*
 * (internal, direction, base, at, event, base_condition, conditions) ->
 * internal
 */
Datum
retention_sequence_next_transition(PG_FUNCTION_ARGS)
{
	NextCall   *call = argument_plan(fcinfo, &form);
	NextState  *state;

	if (PG_ARGISNULL(0))
	{
		NextRules	rules = rules_argument(fcinfo);

		state = next_state_create(&rules, &call->type, aggregate_context(fcinfo));
	}
	else
	{
		/* nobody but an aggregate has a state to pass */
		state = next_state_argument(fcinfo, 0);
		if (!call->args.constant)
		{
			NextRules	rules = rules_argument(fcinfo);

			next_check_rules(&state->rules, &rules);
		}
	}
	if (!argument_skips(&call->args, fcinfo))
		add_row(state, call, fcinfo);
	PG_RETURN_POINTER(state);
}

/* ----------------------------------------------------------------
 *		The result
 * ----------------------------------------------------------------
 */

/* The row of the result among sorted rows; n when there is none. */
static Size
find_next(const NextState *state, const NextRow *rows)
{
	Size		n = state->n;
	Size		k = (Size) Max(state->nconditions, 0);
	Size		base = find_base(&state->rules, rows, n);

	if (base == n || (state->rules.backward ? base < k : n - base <= k))
		return n;
	for (Size i = 0; i < k; i++)
		if (!meets(&rows[state->rules.backward ? base - i : base + i], i))
			return n;
	return state->rules.backward ? base - k : base + k;
}

/*
 * (internal, types of the arguments) -> type of event: NULL when the chain is
 * not found, or no row follows it.  The state is left as it is.
 */
Datum
retention_sequence_next_final(PG_FUNCTION_ARGS)
{
	NextState  *state;
	NextRow    *rows;
	Datum		event = 0;
	Size		found;
	Oid			type;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = next_state_argument(fcinfo, 0);
	type = get_fn_expr_argtype(fcinfo->flinfo, ARG_EVENT);
	if (OidIsValid(type))
		next_check_type(state, getBaseType(type));
	rows = palloc_extended(Max(state->n, 1) * sizeof(NextRow), MCXT_ALLOC_HUGE);
	if (state->n > 0)
		memcpy(rows, state->rows, state->n * sizeof(NextRow));
	sort_rows(rows, state->n, &state->type);
	found = find_next(state, rows);
	if (found < state->n)
		event = next_copy_event(rows[found].event, &state->type);
	pfree(rows);
	if (found == state->n)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(event);
}
