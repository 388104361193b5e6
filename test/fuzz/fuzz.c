/*
 * fuzz.c
 *		Mutated texts, images and states, in one process.
 *
 * Every mutant is refused with an error of the list, or accepted, and what is
 * accepted comes back the same from its own text, image or state.  Now and
 * then a value accepted is passed to its readers.  A mutant that takes long is
 * cancelled, and must end soon after.
 *
 * What is being tried lies in a file that outlives the process, fuzz.current
 * in the data directory: a label, a line feed, and the bytes.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_texts);
PG_FUNCTION_INFO_V1(fuzz_images);
PG_FUNCTION_INFO_V1(fuzz_states);

#define CANCEL_AFTER 200		/* milliseconds that a mutant may take */
#define END_WITHIN 500			/* milliseconds from there */
#define BATCH 256				/* mutants that one FmgrInfo sees */
#define READ_EVERY 32			/* values accepted between those that are read */
#define MAX_STATES 64			/* different SQLSTATEs */
#define CURRENT_BYTES (MUTANT_MAX + 1024)

typedef struct Fuzz Fuzz;
typedef void (*FuzzTry) (Fuzz *fuzz);

struct Fuzz
{
	const char *label;
	pg_prng_state random;
	Seed	   *seeds;
	int			nseeds;
	bool		text;
	StringInfoData mutant;
	Datum		allowed;		/* text[] of SQLSTATEs */
	Datum		readers_allowed;
	bool		reading;		/* in a reader */
	SPIPlanPtr *readers;
	int			nreaders;
	/* a type */
	Oid			type;
	FmgrInfo	input;
	FmgrInfo	output;
	FmgrInfo	receive;
	FmgrInfo	send;
	Oid			typioparam;
	/* an aggregate */
	Oid			functions[4];
	StateCalls	calls;
	/* what came of it */
	int64		tried;
	int64		accepted;
	int64		read;
	int64		cancelled;
	int			nstates;
	int			states[MAX_STATES];
	int64		counts[MAX_STATES];
};

static char *current;			/* the file, mapped */
static TimeoutId cancel_timeout;
static volatile instr_time cancelled_at;
static volatile bool was_cancelled;

/* ----------------------------------------------------------------
 *		What is being tried
 * ----------------------------------------------------------------
 */

static void
map_current(void)
{
	int			fd;

	if (current != NULL)
		return;
	fd = open("fuzz.current", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, CURRENT_BYTES) != 0)
		elog(ERROR, "could not make fuzz.current: %m");
	current = mmap(NULL, CURRENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (current == MAP_FAILED)
	{
		current = NULL;
		elog(ERROR, "could not map fuzz.current: %m");
	}
}

static void
note_current(const Fuzz *fuzz)
{
	int			n = snprintf(current, 512, "%s %d\n", fuzz->label, fuzz->mutant.len);

	memcpy(current + n, fuzz->mutant.data, fuzz->mutant.len);
}

/* Something is wrong: say what, and with which mutant. */
static void pg_attribute_noreturn()
fail(const Fuzz *fuzz, const char *what)
{
	char	   *hex = palloc(2 * fuzz->mutant.len + 1);

	hex[hex_encode(fuzz->mutant.data, fuzz->mutant.len, hex)] = '\0';
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("fuzz: %s: %s", fuzz->label, what),
			 errdetail_internal("\\x%s", hex)));
}

static void
cancel_mutant(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	cancelled_at = now;
	was_cancelled = true;
	InterruptPending = true;
	QueryCancelPending = true;
}

/* Milliseconds since the mutant was cancelled. */
static double
since_cancel(void)
{
	instr_time	now;
	instr_time	then = cancelled_at;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, then);
	return INSTR_TIME_GET_MILLISEC(now);
}

/* ----------------------------------------------------------------
 *		The loop
 * ----------------------------------------------------------------
 */

/* Count an error; one that is not of the list is a failure. */
static void
count_error(Fuzz *fuzz, const ErrorData *error)
{
	ArrayType  *array = DatumGetArrayTypeP(fuzz->reading ? fuzz->readers_allowed :
										   fuzz->allowed);
	Datum	   *allowed;
	int			n;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &allowed, NULL, &n);
	for (i = 0; i < n; i++)
		if (strcmp(TextDatumGetCString(allowed[i]),
				   unpack_sql_state(error->sqlerrcode)) == 0)
			break;
	if (i == n)
		fail(fuzz, psprintf("error %s%s: %s", unpack_sql_state(error->sqlerrcode),
							fuzz->reading ? " of a reader" : "", error->message));
	if (error->message != NULL && strlen(error->message) > 1000)
		fail(fuzz, "a message of more than 1000 bytes");
	if (error->detail != NULL && strlen(error->detail) > 20000)
		fail(fuzz, "a detail of more than 20000 bytes");
	for (i = 0; i < fuzz->nstates; i++)
		if (fuzz->states[i] == error->sqlerrcode)
		{
			fuzz->counts[i]++;
			return;
		}
	if (fuzz->nstates == MAX_STATES)
		fail(fuzz, "too many different errors");
	fuzz->states[fuzz->nstates] = error->sqlerrcode;
	fuzz->counts[fuzz->nstates++] = 1;
}

/* Try one mutant, in a subtransaction; true when it was accepted. */
static bool
try_one(Fuzz *fuzz, FuzzTry one, MemoryContext context)
{
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool accepted = false;

	fuzz->reading = false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	was_cancelled = false;
	enable_timeout_after(cancel_timeout, CANCEL_AFTER);
	PG_TRY();
	{
		one(fuzz);
		accepted = true;
		disable_timeout(cancel_timeout, false);
		if (was_cancelled)
		{
			QueryCancelPending = false;
			if (since_cancel() > END_WITHIN)
				fail(fuzz, psprintf("it went on for %.0f ms after it was cancelled",
									since_cancel()));
			fuzz->cancelled++;
		}
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		disable_timeout(cancel_timeout, false);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_DATA_CORRUPTED)
			PG_RE_THROW();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && !was_cancelled)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		accepted = false;
		if (was_cancelled && since_cancel() > END_WITHIN)
			fail(fuzz, psprintf("it went on for %.0f ms after it was cancelled",
								since_cancel()));
		if (was_cancelled)
			QueryCancelPending = false;
		if (was_cancelled && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			fuzz->cancelled++;
		else
			count_error(fuzz, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return accepted;
}

/* What came of it, as JSON. */
static text *
summary(const Fuzz *fuzz)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "%s: " INT64_FORMAT " tried, " INT64_FORMAT " accepted, "
					 INT64_FORMAT " read, " INT64_FORMAT " cancelled",
					 fuzz->label, fuzz->tried, fuzz->accepted, fuzz->read,
					 fuzz->cancelled);
	for (int i = 0; i < fuzz->nstates; i++)
		appendStringInfo(&out, ", %s " INT64_FORMAT,
						 unpack_sql_state(fuzz->states[i]), fuzz->counts[i]);
	return cstring_to_text_with_len(out.data, out.len);
}

/*
 * Try so many mutants, or until so many seconds are over.  prepare is called
 * in a new memory context for each batch.
 */
static text *
run(Fuzz *fuzz, FuzzTry prepare, FuzzTry one, FuzzTry finish, int64 n,
	double seconds)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext batch = AllocSetContextCreate(outer, "fuzz batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext each = AllocSetContextCreate(outer, "fuzz", ALLOCSET_DEFAULT_SIZES);
	instr_time	begun;
	instr_time	now;

	map_current();
	if (cancel_timeout == 0)
		cancel_timeout = RegisterTimeout(USER_TIMEOUT, cancel_mutant);
	INSTR_TIME_SET_CURRENT(begun);
	initStringInfo(&fuzz->mutant);
	while (fuzz->tried < n)
	{
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, begun);
		if (seconds > 0 && INSTR_TIME_GET_DOUBLE(now) > seconds)
			break;
		MemoryContextReset(batch);
		MemoryContextSwitchTo(batch);
		prepare(fuzz);
		for (int i = 0; i < BATCH && fuzz->tried < n; i++)
		{
			MemoryContextSwitchTo(outer);
			mutate(&fuzz->random, fuzz->seeds, fuzz->nseeds, fuzz->text,
				   &fuzz->mutant);
			note_current(fuzz);
			MemoryContextReset(each);
			fuzz->tried++;
			if (try_one(fuzz, one, each))
				fuzz->accepted++;
			CHECK_FOR_INTERRUPTS();
		}
		MemoryContextSwitchTo(batch);
		if (finish != NULL)
			finish(fuzz);
	}
	MemoryContextSwitchTo(outer);
	return summary(fuzz);
}

/* Pass a value to one of its readers. */
static void
read_value(Fuzz *fuzz, Datum value)
{
	SPIPlanPtr	plan;
	MemoryContext old = CurrentMemoryContext;

	if (fuzz->nreaders == 0 || fuzz->accepted % READ_EVERY != 0)
		return;
	plan = fuzz->readers[pg_prng_uint64_range(&fuzz->random, 0, fuzz->nreaders - 1)];
	fuzz->reading = true;
	if (SPI_execute_plan(plan, &value, NULL, true, 0) < 0)
		fail(fuzz, "a reader is no query");
	SPI_freetuptable(SPI_tuptable);
	MemoryContextSwitchTo(old);
	fuzz->reading = false;
	fuzz->read++;
}

/* ----------------------------------------------------------------
 *		Types
 * ----------------------------------------------------------------
 */

static void
prepare_type(Fuzz *fuzz)
{
	Oid			oid;
	bool		varlena;

	getTypeInputInfo(fuzz->type, &oid, &fuzz->typioparam);
	fmgr_info(oid, &fuzz->input);
	getTypeOutputInfo(fuzz->type, &oid, &varlena);
	fmgr_info(oid, &fuzz->output);
	getTypeBinaryInputInfo(fuzz->type, &oid, &fuzz->typioparam);
	fmgr_info(oid, &fuzz->receive);
	getTypeBinaryOutputInfo(fuzz->type, &oid, &varlena);
	fmgr_info(oid, &fuzz->send);
}

static Datum
receive(Fuzz *fuzz, const char *bytes, int len)
{
	StringInfoData buffer;
	Datum		value;

	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, bytes, len);
	value = ReceiveFunctionCall(&fuzz->receive, &buffer, fuzz->typioparam, -1);
	if (buffer.cursor != buffer.len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("incorrect binary data format")));
	return value;
}

static bool
same(Datum a, Datum b)
{
	return datumIsEqual(PointerGetDatum(PG_DETOAST_DATUM(a)),
						PointerGetDatum(PG_DETOAST_DATUM(b)), false, -1);
}

/* A value is the same read from its own text and its own image. */
static void
check_value(Fuzz *fuzz, Datum value)
{
	char	   *text = OutputFunctionCall(&fuzz->output, value);
	bytea	   *image = SendFunctionCall(&fuzz->send, value);
	Datum		again = InputFunctionCall(&fuzz->input, text, fuzz->typioparam, -1);

	if (!same(value, again))
		fail(fuzz, psprintf("its text is another value: %s", text));
	again = receive(fuzz, VARDATA(image), VARSIZE(image) - VARHDRSZ);
	if (!same(value, again))
		fail(fuzz, "its image is another value");
	read_value(fuzz, value);
}

static void
try_text(Fuzz *fuzz)
{
	check_value(fuzz, InputFunctionCall(&fuzz->input, fuzz->mutant.data,
										fuzz->typioparam, -1));
}

static void
try_image(Fuzz *fuzz)
{
	Datum		value = receive(fuzz, fuzz->mutant.data, fuzz->mutant.len);
	bytea	   *image = SendFunctionCall(&fuzz->send, value);

	if (VARSIZE(image) - VARHDRSZ != fuzz->mutant.len ||
		memcmp(VARDATA(image), fuzz->mutant.data, fuzz->mutant.len) != 0)
		fail(fuzz, "it is sent with other bytes");
	check_value(fuzz, value);
}

/* ----------------------------------------------------------------
 *		States
 * ----------------------------------------------------------------
 */

static void
prepare_state(Fuzz *fuzz)
{
	state_calls_init(&fuzz->calls, fuzz->functions[0], fuzz->functions[1],
					 fuzz->functions[2], fuzz->functions[3]);
	if (OidIsValid(fuzz->type))
		prepare_type(fuzz);
}

static void
finish_state(Fuzz *fuzz)
{
	state_calls_end(&fuzz->calls);
}

static bytea *
bytes_of(const char *bytes, int len)
{
	bytea	   *result = palloc(len + VARHDRSZ);

	SET_VARSIZE(result, len + VARHDRSZ);
	memcpy(VARDATA(result), bytes, len);
	return result;
}

/* A state read, and combined with the empty one. */
static Datum
load(Fuzz *fuzz, bytea *bytes, bool *isnull)
{
	Datum		state = state_deserialize(&fuzz->calls, bytes, isnull);

	return state_combine(&fuzz->calls, (Datum) 0, true, state, *isnull, isnull);
}

static bytea *
save(Fuzz *fuzz, Datum state)
{
	bool		isnull;
	Datum		bytes = state_call(&fuzz->calls, &fuzz->calls.serialize, state,
								   false, &isnull);

	if (isnull)
		fail(fuzz, "a state is serialized as NULL");
	return DatumGetByteaP(bytes);
}

/*
 * deserialize -> combine -> final -> serialize; and what it serializes to is
 * what that deserializes to.  Now and then it is combined with a seed first.
 */
static void
try_state(Fuzz *fuzz)
{
	bool		isnull;
	bool		finalnull;
	Datum		state;
	Datum		again;
	Datum		value;
	bytea	   *bytes;

	/* as if the aggregate went on to the next group */
	fuzz->calls.aggregate->curaggcontext->ecxt_callbacks = NULL;
	MemoryContextReset(fuzz->calls.aggregate->curaggcontext->ecxt_per_tuple_memory);
	state = load(fuzz, bytes_of(fuzz->mutant.data, fuzz->mutant.len), &isnull);
	if (isnull)
		return;
	bytes = save(fuzz, state);
	again = load(fuzz, bytes, &isnull);
	if (isnull || !datumIsEqual(PointerGetDatum(bytes),
								PointerGetDatum(save(fuzz, again)), false, -1))
		fail(fuzz, "its state is serialized to other bytes the second time");
	if (fuzz->tried % 8 == 0)
	{
		const Seed *seed = &fuzz->seeds[pg_prng_uint64_range(&fuzz->random, 0, fuzz->nseeds - 1)];
		Datum		other = state_deserialize(&fuzz->calls,
											  bytes_of(seed->bytes, seed->len), &isnull);

		state = state_combine(&fuzz->calls, state, false, other, isnull, &isnull);
	}
	value = state_call(&fuzz->calls, &fuzz->calls.final, state, false, &finalnull);
	if (!finalnull && OidIsValid(fuzz->type))
		check_value(fuzz, value);
}

/* ----------------------------------------------------------------
 *		SQL
 * ----------------------------------------------------------------
 */

/* The seeds in an argument: text[] or bytea[]. */
static void
take_seeds(Fuzz *fuzz, FunctionCallInfo fcinfo, int arg, Oid type)
{
	Datum	   *values;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), type, -1, false, TYPALIGN_INT,
					  &values, NULL, &n);
	fuzz->seeds = palloc(Max(n, 1) * sizeof(Seed));
	for (int i = 0; i < n; i++)
	{
		struct varlena *value = PG_DETOAST_DATUM_PACKED(values[i]);

		fuzz->seeds[i].bytes = VARDATA_ANY(value);
		fuzz->seeds[i].len = VARSIZE_ANY_EXHDR(value);
		if (fuzz->seeds[i].len > MUTANT_MAX)
			elog(ERROR, "a seed is too long");
	}
	fuzz->nseeds = n;
	if (n == 0)
		elog(ERROR, "there are no seeds");
}

/* The readers in an argument, text[]: queries whose $1 is a value. */
static void
take_readers(Fuzz *fuzz, FunctionCallInfo fcinfo, int arg)
{
	Datum	   *values;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, NULL, &n);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	fuzz->readers = palloc(Max(n, 1) * sizeof(SPIPlanPtr));
	for (int i = 0; i < n; i++)
	{
		fuzz->readers[i] = SPI_prepare(TextDatumGetCString(values[i]), 1, &fuzz->type);
		if (fuzz->readers[i] == NULL)
			elog(ERROR, "no query: %s", TextDatumGetCString(values[i]));
	}
	fuzz->nreaders = n;
}

/* The result, in the memory of the caller. */
static Datum
finish(text *result, MemoryContext caller)
{
	MemoryContextSwitchTo(caller);
	result = (text *) PG_DETOAST_DATUM_COPY(PointerGetDatum(result));
	SPI_finish();
	return PointerGetDatum(result);
}

/*
 * fuzz_texts(type regtype, seeds text[], readers text[], allowed text[],
 * readers_allowed text[], n bigint, seconds float8, seed bigint) -> text
 */
static Datum
fuzz_type(FunctionCallInfo fcinfo, bool text)
{
	MemoryContext caller = CurrentMemoryContext;
	Fuzz		fuzz = {0};

	fuzz.type = PG_GETARG_OID(0);
	fuzz.text = text;
	fuzz.label = psprintf("%s of %s", text ? "texts" : "images", format_type_be(fuzz.type));
	take_seeds(&fuzz, fcinfo, 1, text ? TEXTOID : BYTEAOID);
	take_readers(&fuzz, fcinfo, 2);
	fuzz.allowed = PG_GETARG_DATUM(3);
	fuzz.readers_allowed = PG_GETARG_DATUM(4);
	pg_prng_seed(&fuzz.random, PG_GETARG_INT64(7));
	return finish(run(&fuzz, prepare_type, text ? try_text : try_image, NULL,
					  PG_GETARG_INT64(5), PG_GETARG_FLOAT8(6)), caller);
}

Datum
fuzz_texts(PG_FUNCTION_ARGS)
{
	return fuzz_type(fcinfo, true);
}

Datum
fuzz_images(PG_FUNCTION_ARGS)
{
	return fuzz_type(fcinfo, false);
}

/*
 * fuzz_states(label text, functions oid[] (deserialize, combine, final,
 * serialize), type regtype of the result or 0, seeds bytea[], readers text[],
 * allowed text[], readers_allowed text[], n bigint, seconds float8, seed
 * bigint) -> text
 */
Datum
fuzz_states(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Fuzz		fuzz = {0};
	Datum	   *functions;
	int			n;

	fuzz.label = psprintf("states of %s", text_to_cstring(PG_GETARG_TEXT_PP(0)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &functions, NULL, &n);
	if (n != lengthof(fuzz.functions))
		elog(ERROR, "there must be four functions");
	for (int i = 0; i < n; i++)
		fuzz.functions[i] = DatumGetObjectId(functions[i]);
	fuzz.type = PG_GETARG_OID(2);
	take_seeds(&fuzz, fcinfo, 3, BYTEAOID);
	take_readers(&fuzz, fcinfo, 4);
	fuzz.allowed = PG_GETARG_DATUM(5);
	fuzz.readers_allowed = PG_GETARG_DATUM(6);
	pg_prng_seed(&fuzz.random, PG_GETARG_INT64(9));
	return finish(run(&fuzz, prepare_state, try_state, finish_state,
					  PG_GETARG_INT64(7), PG_GETARG_FLOAT8(8)), caller);
}
