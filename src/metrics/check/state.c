/*
 * check/state.c
 *		What check_events and check_ranges keep of the rows: making it, putting
 *		it together, handing it over.
 *
 * The state of a worker is a wire.h stream:
 *
 *	byte	version (1)
 *	byte	flags
 *	byte	TimeKind
 *	int		as_of
 *	uint	counts: found, then tallies
 *	for each finding of rows: byte, whether there is an example, and if so
 *		int		time
 *		int		amount
 *		uint	key, twice
 *		text	the example
 *	twice, a sample:
 *		byte	level
 *		uint	number of entries; then for each, in order
 *			uint	place
 *			uint	key, twice
 *			int		from, to, amount
 *			uint	flags
 *			uint	rows, at least 1
 *			byte	whether there is a name, and if so a text
 */
#include "metrics/check/state.h"

#include "base/aggregate.h"
#include "base/clip.h"
#include "base/json_parts.h"
#include "base/wire.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_check_combine);
PG_FUNCTION_INFO_V1(retention_check_serialize);
PG_FUNCTION_INFO_V1(retention_check_deserialize);
PG_FUNCTION_INFO_V1(retention_check_final);

/* SSPACE of the aggregates in the SQL script. */
StaticAssertDecl(sizeof(CheckState) <= 1024, "a CheckState is larger than SSPACE says");

#define WEST_OF_ALL (12 * USECS_PER_HOUR)	/* how far zones are behind UTC */

/* From which time on rows are after as_of, whatever the zone. */
static int64
late_from(uint8 flags, TimeKind time, DateADT as_of)
{
	int64		day = check_day(time);

	if ((flags & CHECK_AS_OF) == 0 || DATE_IS_NOEND(as_of) ||
		as_of > END_TIMESTAMP / USECS_PER_DAY)
		return PG_INT64_MAX;
	if (DATE_IS_NOBEGIN(as_of))
		return PG_INT64_MIN;
	return as_of * day + (time_is_instant(time) ? WEST_OF_ALL : 0);
}

CheckState *
check_create(MemoryContext context, uint8 flags, TimeKind time, DateADT as_of)
{
	CheckState *state = MemoryContextAllocZero(context, sizeof(CheckState));

	state->magic = CHECK_MAGIC;
	state->context = context;
	state->flags = flags;
	state->time = time;
	state->as_of = as_of;
	state->late = late_from(flags, time, as_of);
	sample_begin(&state->rows, context);
	sample_begin(&state->customers, context);
	return state;
}

CheckState *
check_argument(FunctionCallInfo fcinfo, int n)
{
	CheckState *state = (CheckState *) PG_GETARG_POINTER(n);

	if (unlikely(state->magic != CHECK_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not that of a check")));
	return state;
}

/* ----------------------------------------------------------------
 *		Texts
 * ----------------------------------------------------------------
 */

char *
check_date_text(DateADT date)
{
	if (DATE_NOT_FINITE(date))
		return DATE_IS_NOEND(date) ? "\"infinity\"" : "\"-infinity\"";
	return psprintf("\"%s\"", date_text(date));
}

/* A time as ISO 8601 has it, of instants that of UTC. */
static void
put_time(StringInfo out, TimeKind kind, int64 time)
{
	int64		day = check_day(kind) == 1 ? time :
		calendar_floor_div(time, USECS_PER_DAY);
	int64		rest = check_day(kind) == 1 ? 0 : time - day * USECS_PER_DAY;
	char	   *date = date_text(day);

	appendStringInfoString(out, date);
	pfree(date);
	if (check_day(kind) == 1)
		return;
	appendStringInfo(out, " %02d:%02d:%02d", (int) (rest / USECS_PER_HOUR),
					 (int) (rest / USECS_PER_MINUTE % 60),
					 (int) (rest / USECS_PER_SEC % 60));
	if (rest % USECS_PER_SEC != 0)
		appendStringInfo(out, ".%06d", (int) (rest % USECS_PER_SEC));
	if (time_is_instant(kind))
		appendStringInfoString(out, "+00");
}

char *
check_row_text(const CheckState *state, const char *name, const SampleRow *row,
			   const char *no_time)
{
	StringInfoData out;
	char	   *clipped;

	initStringInfo(&out);
	appendStringInfoString(&out, name != NULL ? name : "NULL");
	appendStringInfoString(&out, ", ");
	if (no_time != NULL)
		appendStringInfoString(&out, no_time);
	else if (state->flags & CHECK_RANGES)
	{
		appendStringInfoChar(&out, '[');
		put_time(&out, state->time, row->from);
		appendStringInfoString(&out, ", ");
		if ((row->flags & ENTRY_OPEN) == 0)
			put_time(&out, state->time, row->to);
		appendStringInfoChar(&out, ')');
	}
	else
		put_time(&out, state->time, row->from);
	if (row->flags & ENTRY_AMOUNT)
	{
		char	   *amount = money_to_cstring(row->amount);

		appendStringInfo(&out, ", %s", amount);
		pfree(amount);
	}
	clipped = unconstify(char *, clip_bytes(out.data, out.len));
	pfree(out.data);
	return clipped;
}

const char *
check_name(const CheckState *state, const SampleEntry *entry)
{
	return entry->name != NULL ? entry->name :
		psprintf(INT64_FORMAT, (int64) entry->row.key[0]);
}

/* ----------------------------------------------------------------
 *		Putting together
 * ----------------------------------------------------------------
 */

static void
add_sample(Sample *into, const Sample *from)
{
	int			n;
	SampleEntry **entries = sample_sorted(from, &n);

	sample_raise(into, from->level);
	for (int i = 0; i < n; i++)
	{
		const SampleEntry *other = entries[i];
		SampleEntry *entry;
		bool		made;

		CHECK_FOR_INTERRUPTS();
		if (!sample_has(into, other->place))
			continue;
		entry = sample_find(into, other->place, &other->row, &made);
		entry->rows = add_counts(entry->rows, other->rows);
		if (!made)
			continue;
		if (other->name != NULL)
			entry->name = MemoryContextStrdup(into->context, other->name);
		sample_settle(into);
	}
	pfree(entries);
}

static void
add_state(CheckState *into, const CheckState *from)
{
	if (into->flags != from->flags || into->time != from->time ||
		into->as_of != from->as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("states of different checks cannot be put together")));
	for (int i = 0; i < FINDING_OF_ROWS; i++)
	{
		const CheckExample *ex = &from->examples[i];
		CheckExample *to = &into->examples[i];

		into->found[i] = add_counts(into->found[i], from->found[i]);
		if (ex->text == NULL || !check_wants(to, ex->at, ex->amount, ex->key))
			continue;
		if (to->text != NULL)
			pfree(to->text);
		*to = *ex;
		to->text = MemoryContextStrdup(into->context, ex->text);
	}
	for (int i = 0; i < TALLY_COUNT; i++)
		into->tallies[i] = add_counts(into->tallies[i], from->tallies[i]);
	add_sample(&into->rows, &from->rows);
	add_sample(&into->customers, &from->customers);
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_check_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CheckState *into = PG_ARGISNULL(0) ? NULL : check_argument(fcinfo, 0);
	CheckState *from = PG_ARGISNULL(1) ? NULL : check_argument(fcinfo, 1);

	if (from != NULL)
	{
		if (into == NULL)
			into = check_create(context, from->flags, from->time, from->as_of);
		add_state(into, from);
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* ----------------------------------------------------------------
 *		Handing over
 * ----------------------------------------------------------------
 */

static void
put_byte(WireWriter *w, uint8 byte)
{
	wire_put_bytes(w, &byte, 1);
}

/* Whether there is a text, and the text. */
static void
put_maybe(WireWriter *w, const char *text)
{
	put_byte(w, text != NULL);
	if (text != NULL)
		wire_put_text(w, text);
}

static void
put_sample(WireWriter *w, const Sample *sample)
{
	int			n;
	SampleEntry **entries = sample_sorted(sample, &n);

	put_byte(w, sample->level);
	wire_put(w, n);
	for (int i = 0; i < n; i++)
	{
		const SampleEntry *e = entries[i];

		CHECK_FOR_INTERRUPTS();
		wire_put(w, e->place);
		wire_put(w, e->row.key[0]);
		wire_put(w, e->row.key[1]);
		wire_put_signed(w, e->row.from);
		wire_put_signed(w, e->row.to);
		wire_put_signed(w, e->row.amount);
		wire_put(w, e->row.flags);
		wire_put(w, e->rows);
		put_maybe(w, e->name);
	}
	pfree(entries);
}

/* (internal) -> bytea */
Datum
retention_check_serialize(PG_FUNCTION_ARGS)
{
	const CheckState *state;
	WireWriter	w;

	(void) aggregate_context(fcinfo);
	state = check_argument(fcinfo, 0);
	wire_writer_init(&w, 1024, "parallel aggregate state", NULL);
	put_byte(&w, 1);
	put_byte(&w, state->flags);
	put_byte(&w, (uint8) state->time);
	wire_put_signed(&w, state->as_of);
	for (int i = 0; i < FINDING_OF_ROWS; i++)
		wire_put(&w, state->found[i]);
	for (int i = 0; i < TALLY_COUNT; i++)
		wire_put(&w, state->tallies[i]);
	for (int i = 0; i < FINDING_OF_ROWS; i++)
	{
		const CheckExample *ex = &state->examples[i];

		put_byte(&w, ex->text != NULL);
		if (ex->text == NULL)
			continue;
		wire_put_signed(&w, ex->at);
		wire_put_signed(&w, ex->amount);
		wire_put(&w, ex->key[0]);
		wire_put(&w, ex->key[1]);
		wire_put_text(&w, ex->text);
	}
	put_sample(&w, &state->rows);
	put_sample(&w, &state->customers);
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

static bool
get_bool(WireReader *r)
{
	uint8		byte = *wire_get_bytes(r, 1);

	if (byte > 1)
		wire_corrupt(r, "A byte is neither 0 nor 1.");
	return byte == 1;
}

/* A time, in the unit of the state. */
static int64
get_time(WireReader *r, const CheckState *state)
{
	int64		time = wire_get_signed(r);

	if (check_day(state->time) == 1 ? !IS_VALID_DATE(time) :
		!IS_VALID_TIMESTAMP(time))
		wire_corrupt(r, "A time is out of range.");
	return time;
}

static int64
get_amount(WireReader *r)
{
	int64		amount = wire_get_signed(r);

	if (amount >= MONEY_LIMIT * MONEY_ONE || amount <= -MONEY_LIMIT * MONEY_ONE)
		wire_corrupt(r, "An amount is out of range.");
	return amount;
}

static int64
get_count(WireReader *r)
{
	return (int64) wire_get_max(r, PG_INT64_MAX, "A count is too large.");
}

/* The memory of the aggregate's call: combined at once, and then forgotten. */
static void
get_sample(WireReader *r, const CheckState *state, Sample *sample, bool times)
{
	uint8		level = *wire_get_bytes(r, 1);
	int			n;
	SampleEntry before = {0};

	if (level > SAMPLE_LEVELS)
		wire_corrupt(r, "A level is out of range.");
	sample_raise(sample, level);
	n = (int) wire_get_max(r, SAMPLE_CAPACITY, "A sample is too large.");
	for (int i = 0; i < n; i++)
	{
		SampleEntry e = {0};
		SampleEntry *entry;
		bool		made;

		CHECK_FOR_INTERRUPTS();
		e.place = wire_get(r);
		if (!sample_has(sample, e.place))
			wire_corrupt(r, "A row does not belong to the sample.");
		e.row.key[0] = wire_get(r);
		e.row.key[1] = wire_get(r);
		e.row.from = get_time(r, state);
		e.row.to = get_time(r, state);
		e.row.amount = get_amount(r);
		e.row.flags = wire_get_max(r, ENTRY_FLAGS, "It has unknown flags.");
		if (!times && (e.row.from != 0 || e.row.to != 0 || e.row.amount != 0))
			wire_corrupt(r, "A customer has a time or an amount.");
		if (i > 0 && sample_compare(&before, &e) >= 0)
			wire_corrupt(r, "The rows of a sample are not in ascending order.");
		before = e;
		entry = sample_find(sample, e.place, &e.row, &made);
		entry->rows = get_count(r);
		if (!made || entry->rows == 0)
			wire_corrupt(r, "A row of a sample is there twice, or never.");
		if (get_bool(r) != ((state->flags & CHECK_NUMBERS) == 0))
			wire_corrupt(r, "Names of customers are missing, or too many.");
		if ((state->flags & CHECK_NUMBERS) == 0)
			entry->name = wire_get_text(r, CLIP_BYTES + 3);
	}
}

/* (bytea, internal) -> internal */
Datum
retention_check_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	WireReader	r;
	CheckState *state;
	uint8		flags;
	uint8		time;
	int64		as_of;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					 "parallel aggregate state");
	if (*wire_get_bytes(&r, 1) != 1)
		wire_corrupt(&r, "The version is unknown.");
	flags = *wire_get_bytes(&r, 1);
	time = *wire_get_bytes(&r, 1);
	as_of = wire_get_signed(&r);
	if ((flags & ~CHECK_FLAGS) != 0 || time > TIME_TIMESTAMPTZ_RANGE ||
		(time != TIME_NONE &&
		 time_is_range(time) != ((flags & CHECK_RANGES) != 0)) ||
		as_of < PG_INT32_MIN || as_of > PG_INT32_MAX ||
		((flags & CHECK_AS_OF) == 0 && as_of != 0))
		wire_corrupt(&r, "The settings contradict one another.");
	state = check_create(CurrentMemoryContext, flags, time, (DateADT) as_of);
	for (int i = 0; i < FINDING_OF_ROWS; i++)
		state->found[i] = get_count(&r);
	for (int i = 0; i < TALLY_COUNT; i++)
		state->tallies[i] = get_count(&r);
	for (int i = 0; i < FINDING_OF_ROWS; i++)
	{
		CheckExample *ex = &state->examples[i];

		if (!get_bool(&r))
			continue;
		ex->at = get_time(&r, state);
		ex->amount = get_amount(&r);
		ex->key[0] = wire_get(&r);
		ex->key[1] = wire_get(&r);
		ex->text = wire_get_text(&r, CLIP_BYTES + 3);
	}
	get_sample(&r, state, &state->rows, true);
	get_sample(&r, state, &state->customers, false);
	wire_get_end(&r);
	PG_RETURN_POINTER(state);
}

/* (internal) -> data_check: says nothing new to the state. */
Datum
retention_check_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(check_encode(check_judge(check_argument(fcinfo, 0))));
}
