/*
 * check/rows.c
 *		The rows of check_events and check_ranges, as the metrics would take
 *		them.
 *
 *	(state, customer, at, amount, as_of)
 *	(state, customer, during, amount, as_of)
 *
 * What the metrics refuse with an error is counted here.  No session's zone has
 * a part in it: instants are compared with days where that holds in all zones.
 */
#include "metrics/check/state.h"

#include "base/clip.h"
#include "catalog/pg_type.h"
#include "history/argument_plan.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_check_events_transition);
PG_FUNCTION_INFO_V1(retention_check_ranges_transition);

#define ARG_CUSTOMER 1
#define ARG_TIME 2
#define ARG_AMOUNT 3
#define ARG_AS_OF 4

#define DAY_1990 (-3652)		/* 1990-01-01 */
#define EAST_OF_ALL (14 * USECS_PER_HOUR)	/* how far zones are ahead of UTC */

/* What is known of a call site. */
typedef struct CheckPlan
{
	ArgumentPlan args;
	bool		padded;			/* customers are bpchar */
	FmgrInfo	output;			/* of those who are neither numbers nor texts */
	uint8		flags;			/* of states, but for CHECK_AS_OF */
	int64		day;			/* check_day() */
	int64		early;			/* times before it are before 1990 */
} CheckPlan;

/* A row, and the customer as it came. */
typedef struct CheckRow
{
	SampleRow	row;
	Datum		customer;
	bool		named;
	const char *no_time;		/* what to show for one that is none; else NULL */
} CheckRow;

/* ----------------------------------------------------------------
 *		Planning
 * ----------------------------------------------------------------
 */

/* Times of the other function, and of check_ranges all but ranges: 42804. */
static void
refuse_time(FunctionCallInfo fcinfo, bool ranges)
{
	Oid			type = argument_type(fcinfo, ARG_TIME);

	if (!ranges && type_is_range(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("at must be a date, timestamp or timestamptz, not %s",
						format_type_be(type)),
				 errhint("Ranges are looked at by check_ranges(customer, during, amount, as_of).")));
	if (ranges && type != DATERANGEOID && type != TSRANGEOID &&
		type != TSTZRANGEOID && type != UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("during must be a daterange, tsrange or tstzrange, not %s",
						format_type_be(type)),
				 type_is_multirange(type) ?
				 errhint("Give one row for each of its ranges: CROSS JOIN LATERAL unnest(during).") :
				 errhint("Events are looked at by check_events(customer, at, amount, as_of); what lasts from one day to another is a range, daterange(starts_on, ends_on).")));
}

/* How customers are named in examples, and told apart by their spelling. */
static void
plan_names(CheckPlan *plan, Oid type, MemoryContext context)
{
	IdentityKind kind = plan->args.customer.kind;
	Oid			function;
	bool		varlena;

	if (kind <= IDENTITY_INT8)
		plan->flags |= CHECK_NUMBERS;
	else if ((type == TEXTOID || type == VARCHAROID || type == BPCHAROID) &&
			 (kind == IDENTITY_BYTES || kind == IDENTITY_PADDED))
	{
		plan->flags |= CHECK_SPELLED;
		plan->padded = kind == IDENTITY_PADDED;
	}
	else
	{
		getTypeOutputInfo(type, &function, &varlena);
		fmgr_info_cxt(function, &plan->output, context);
	}
}

/* What the states of a call site are like. */
static void
check_prepare(void *arg, FunctionCallInfo fcinfo, const CallSite *site)
{
	CheckPlan  *plan = arg;
	const ArgumentPlan *args = &plan->args;

	if (args->arg[ROLE_DURING] != 0)
		plan->flags |= CHECK_RANGES;
	if (args->amount != AMOUNT_NONE)
		plan->flags |= CHECK_AMOUNTS;
	plan_names(plan, argument_type(fcinfo, ARG_CUSTOMER), site->context);
	plan->day = check_day(args->at);
	plan->early = DAY_1990 * plan->day - (args->instants ? EAST_OF_ALL : 0);
}

#define HINT_AMOUNT \
	"The arguments are customer, time, amount and as_of; without an amount pass NULL for it."

static const uint8 event_roles[] = {
	ROLE_CUSTOMER, ROLE_AT, ROLE_AMOUNT, CONSTANT_AS_OF
};
static const uint8 range_roles[] = {
	ROLE_CUSTOMER, ROLE_DURING, ROLE_AMOUNT, CONSTANT_AS_OF
};
static const ArgumentForm event_form = {
	ARGUMENT_ROLES(event_roles), NULL, HINT_AMOUNT, sizeof(CheckPlan),
	check_prepare
};
static const ArgumentForm range_form = {
	ARGUMENT_ROLES(range_roles), NULL, HINT_AMOUNT, sizeof(CheckPlan),
	check_prepare
};

/* ----------------------------------------------------------------
 *		Groups
 * ----------------------------------------------------------------
 */

static CheckState *
open_state(const CheckPlan *plan, FunctionCallInfo fcinfo)
{
	bool		as_of = !PG_ARGISNULL(ARG_AS_OF);

	return check_create(aggregate_context(fcinfo),
						plan->flags | (as_of ? CHECK_AS_OF : 0), plan->args.at,
						as_of ? PG_GETARG_DATEADT(ARG_AS_OF) : 0);
}

/* As_of may differ from group to group, never within one: 22023. */
static void
check_as_of(const CheckState *state, FunctionCallInfo fcinfo)
{
	bool		given = !PG_ARGISNULL(ARG_AS_OF);
	DateADT		as_of = given ? PG_GETARG_DATEADT(ARG_AS_OF) : 0;
	bool		before = (state->flags & CHECK_AS_OF) != 0;

	if (given != before || as_of != state->as_of)
		constant_refuse_change(CONSTANT_AS_OF,
							   before ? check_date_text(state->as_of) : "NULL",
							   given ? check_date_text(as_of) : "NULL");
}

/* ----------------------------------------------------------------
 *		Counting
 * ----------------------------------------------------------------
 */

/* A customer who is a text. */
static inline const char *
row_spelling(const CheckPlan *plan, const CheckRow *r, Size *len)
{
	const struct varlena *v = (const struct varlena *) DatumGetPointer(r->customer);
	const char *text = VARDATA_ANY(v);

	*len = VARSIZE_ANY_EXHDR(v);
	if (plan->padded)
		*len = bpchartruelen(unconstify(char *, text), (int) *len);
	return text;
}

/* The name of a row's customer, in the memory of the call; NULL: its key is it. */
static char *
row_name(const CheckPlan *plan, const CheckRow *r)
{
	const char *text;
	Size		len;

	if (plan->flags & CHECK_NUMBERS)
		return NULL;
	if (plan->flags & CHECK_SPELLED)
		text = row_spelling(plan, r, &len);
	else
	{
		text = OutputFunctionCall(unconstify(FmgrInfo *, &plan->output),
								  r->customer);
		len = strlen(text);
	}
	return unconstify(char *, clip_bytes(text, len));
}

/* A row has a finding. */
static pg_noinline void
note_example(CheckState *state, const CheckPlan *plan, Finding which,
			 const CheckRow *r)
{
	CheckExample *ex = &state->examples[which];
	char	   *name = NULL;
	char	   *text;

	if (r->named && (name = row_name(plan, r)) == NULL)
		name = psprintf(INT64_FORMAT, (int64) r->row.key[0]);
	text = check_row_text(state, name, &r->row, r->no_time);
	if (ex->text != NULL)
		pfree(ex->text);
	ex->text = MemoryContextStrdup(state->context, text);
	ex->at = r->row.from;
	ex->amount = r->row.amount;
	ex->key[0] = r->row.key[0];
	ex->key[1] = r->row.key[1];
}

static inline void
note(CheckState *state, const CheckPlan *plan, Finding which, const CheckRow *r)
{
	state->found[which]++;
	if (unlikely(check_wants(&state->examples[which], r->row.from,
							 r->row.amount, r->row.key)))
		note_example(state, plan, which, r);
}

/* An amount as it ends: prices, and round sums, in what may be cents. */
static inline void
look_at_ending(CheckState *state, const CheckPlan *plan, const CheckRow *r,
			   uint64 whole)
{
	int			ending = (int) (whole % 100);

	state->tallies[TALLY_HUNDREDS]++;
	if (ending == 99 || ending == 95 || ending == 90)
	{
		state->tallies[TALLY_ROUND]++;
		state->tallies[TALLY_PRICES]++;
		note(state, plan, FINDING_CENTS, r);
	}
	else if (ending == 0 || ending == 50 || ending == 49)
		state->tallies[TALLY_ROUND]++;
}

/* The amount of a row; one that the metrics refuse counts as NULL. */
static inline void
look_at_amount(CheckState *state, const CheckPlan *plan, CheckRow *r,
			   Datum value)
{
	int64		amount = 0;
	bool		more;
	uint64		size;

	if (unlikely(try_amount(plan->args.amount, value, &amount, &more) != MONEY_FITS))
	{
		note(state, plan, FINDING_NO_NUMBER, r);
		return;
	}
	r->row.amount = amount;
	r->row.flags |= ENTRY_AMOUNT;
	if (unlikely(more))
		note(state, plan, FINDING_DECIMALS, r);
	if (amount == 0)
		return;
	state->tallies[TALLY_AMOUNTS]++;
	if (amount < 0)
		note(state, plan, FINDING_NEGATIVE, r);
	size = amount < 0 ? -(uint64) amount : (uint64) amount;
	if (size % MONEY_ONE != 0)
		return;
	size /= MONEY_ONE;
	state->tallies[TALLY_WHOLE]++;
	if (size >= 100)
		look_at_ending(state, plan, r, size);
}

/* ----------------------------------------------------------------
 *		Sampling
 * ----------------------------------------------------------------
 */

static inline uint64
place_of_customer(const uint64 *key)
{
	return salt_mix(salt_mix(key[0] + UINT64CONST(0x9E3779B97F4A7C15)) ^ key[1]);
}

/*
 * The place of a text is that of its letters of ASCII, in lower case: without
 * blanks and without what is beyond, whose cases are not for here to know.  So
 * all that differ in case or blanks alone are there together.
 */
static inline uint64
place_of_text(const char *text, Size len)
{
	uint64		hash = UINT64CONST(0xcbf29ce484222325);

	for (Size i = 0; i < len; i++)
	{
		uint8		c = (uint8) text[i];

		if (c <= ' ' || c >= 0x80)
			continue;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		hash = (hash ^ c) * UINT64CONST(0x100000001b3);
	}
	return salt_mix(hash);
}

static pg_noinline void
add_entry(Sample *sample, const CheckPlan *plan, uint64 place,
		  const CheckRow *r, const SampleRow *row)
{
	bool		made;
	SampleEntry *entry = sample_find(sample, place, row, &made);
	char	   *name;

	entry->rows++;
	if (!made)
		return;
	name = row_name(plan, r);
	if (name != NULL)
		entry->name = MemoryContextStrdup(sample->context, name);
	sample_settle(sample);
}

/* A row with customer and time. */
static inline void
look_beside(CheckState *state, const CheckPlan *plan, const CheckRow *r)
{
	SampleRow	who = {.key = {r->row.key[0], r->row.key[1]}};
	uint64		customer = place_of_customer(r->row.key);
	uint64		place = plan->args.range != NULL ? customer :
		salt_mix(customer ^ (uint64) r->row.from);

	if (unlikely(sample_has(&state->rows, place)))
		add_entry(&state->rows, plan, place, r, &r->row);
	if (plan->flags & CHECK_SPELLED)
	{
		Size		len;
		const char *text = row_spelling(plan, r, &len);

		customer = place_of_text(text, len);
		who.flags = len > CLIP_BYTES ? ENTRY_CLIPPED : 0;
	}
	if (unlikely(sample_has(&state->customers, customer)))
		add_entry(&state->customers, plan, customer, r, &who);
}

/* ----------------------------------------------------------------
 *		Transition functions
 * ----------------------------------------------------------------
 */

/* A time in its unit; false when it is infinite. */
static inline bool
take_time(TimeKind kind, Datum value, int64 *time)
{
	if (kind == TIME_DATE || kind == TIME_DATE_RANGE)
	{
		*time = DatumGetDateADT(value);
		return !DATE_NOT_FINITE((DateADT) *time);
	}
	*time = DatumGetTimestamp(value);
	return !TIMESTAMP_NOT_FINITE(*time);
}

/* The customer, the amount, and what may be missing; false: no more to see. */
static inline bool
take_row(CheckState *state, const CheckPlan *plan, FunctionCallInfo fcinfo,
		 CheckRow *r)
{
	state->tallies[TALLY_ROWS]++;
	r->named = !PG_ARGISNULL(ARG_CUSTOMER);
	if (likely(r->named))
	{
		r->customer = PG_GETARG_DATUM(ARG_CUSTOMER);
		if (plan->flags & CHECK_SPELLED)
			r->customer = PointerGetDatum(PG_DETOAST_DATUM_PACKED(r->customer));
		identity_take(&unconstify(CheckPlan *, plan)->args.customer,
					  r->customer, r->row.key);
	}
	if (plan->args.amount != AMOUNT_NONE && !PG_ARGISNULL(ARG_AMOUNT))
		look_at_amount(state, plan, r, PG_GETARG_DATUM(ARG_AMOUNT));
	if (unlikely(!r->named || PG_ARGISNULL(ARG_TIME)))
	{
		note(state, plan, FINDING_UNNAMED, r);
		return false;
	}
	return true;
}

/* The group's state, and what is known of the call site. */
static inline CheckState *
take_state(FunctionCallInfo fcinfo, bool ranges, const CheckPlan **plan)
{
	CheckState *state;

	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
		refuse_time(fcinfo, ranges);
	*plan = argument_plan(fcinfo, ranges ? &range_form : &event_form);
	if (unlikely(PG_ARGISNULL(0)))
		return open_state(*plan, fcinfo);
	/* nobody but an aggregate has a state to pass */
	state = check_argument(fcinfo, 0);
	if (!(*plan)->args.constant)
		check_as_of(state, fcinfo);
	return state;
}

/* (internal, customer, at, amount, as_of) -> internal */
Datum
retention_check_events_transition(PG_FUNCTION_ARGS)
{
	const CheckPlan *plan;
	CheckState *state = take_state(fcinfo, false, &plan);
	CheckRow	r = {0};
	bool		finite = true;

	if (PG_ARGISNULL(ARG_TIME))
		r.no_time = "no time";
	else
	{
		finite = take_time(plan->args.at, PG_GETARG_DATUM(ARG_TIME), &r.row.from);
		if (unlikely(!finite))
		{
			r.no_time = r.row.from < 0 ? "-infinity" : "infinity";
			r.row.from = 0;
		}
	}
	if (!take_row(state, plan, fcinfo, &r))
		PG_RETURN_POINTER(state);
	state->tallies[TALLY_TAKEN]++;
	if (unlikely(!finite))
	{
		note(state, plan, FINDING_NOT_FINITE, &r);
		PG_RETURN_POINTER(state);
	}
	if (unlikely(r.row.from < plan->early))
		note(state, plan, FINDING_EARLY, &r);
	if (unlikely(r.row.from >= state->late))
		note(state, plan, FINDING_LATE, &r);
	look_beside(state, plan, &r);
	PG_RETURN_POINTER(state);
}

/* What a range is besides its bounds. */
typedef struct RangeLook
{
	Finding		lacks;			/* FINDING_COUNT for nothing */
	bool		closed;
	bool		last_second;	/* its end leaves one out */
} RangeLook;

/* A range that does not count: what it lacks, and what to show. */
static RangeLook
lacking(CheckRow *r, Finding lacks, const char *words)
{
	RangeLook	look = {lacks, false, false};

	r->row.from = 0;
	r->no_time = words;
	return look;
}

/* The bounds of a range, cut as take_range() cuts them but for the zone. */
static RangeLook
take_bounds(const CheckPlan *plan, CheckRow *r, Datum value)
{
	RangeLook	look = {FINDING_COUNT, true, false};
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;
	int64		part;
	int64		in_part;

	range_deserialize(plan->args.range, DatumGetRangeTypeP(value), &lower, &upper,
					  &empty);
	if (empty)
		return lacking(r, FINDING_EMPTY, "empty");
	if (lower.infinite || !take_time(plan->args.at, lower.val, &r->row.from))
		return lacking(r, FINDING_NO_START, "no start");
	if (upper.infinite || !take_time(plan->args.at, upper.val, &r->row.to))
	{
		r->row.to = 0;
		r->row.flags |= ENTRY_OPEN;
		look.closed = false;
		return look;
	}
	if (plan->day == 1)
		return look;
	if (upper.inclusive)
	{
		r->row.to = Min(r->row.to + USECS_PER_SEC, END_TIMESTAMP - 1);
		return look;
	}
	/* of instants that of any zone, all of which are whole quarters */
	part = plan->args.at == TIME_TIMESTAMP_RANGE ? USECS_PER_DAY :
		15 * USECS_PER_MINUTE;
	in_part = r->row.to % part;
	if (in_part < 0)
		in_part += part;
	look.last_second = in_part >= part - USECS_PER_SEC;
	return look;
}

/* (internal, customer, during, amount, as_of) -> internal */
Datum
retention_check_ranges_transition(PG_FUNCTION_ARGS)
{
	const CheckPlan *plan;
	CheckState *state = take_state(fcinfo, true, &plan);
	CheckRow	r = {0};
	RangeLook	look;

	if (PG_ARGISNULL(ARG_TIME))
		look = lacking(&r, FINDING_UNNAMED, "no time");
	else
		look = take_bounds(plan, &r, PG_GETARG_DATUM(ARG_TIME));
	if (!take_row(state, plan, fcinfo, &r))
		PG_RETURN_POINTER(state);
	state->tallies[TALLY_TAKEN]++;
	state->tallies[TALLY_CLOSED] += look.closed;
	if (unlikely(look.lacks != FINDING_COUNT))
	{
		note(state, plan, look.lacks, &r);
		PG_RETURN_POINTER(state);
	}
	if (unlikely(look.last_second))
		note(state, plan, FINDING_LAST_SECOND, &r);
	if (unlikely(r.row.from < plan->early))
		note(state, plan, FINDING_EARLY, &r);
	if (unlikely(r.row.from >= state->late))
		note(state, plan, FINDING_LATE, &r);
	look_beside(state, plan, &r);
	PG_RETURN_POINTER(state);
}
