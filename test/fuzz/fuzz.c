/*
 * fuzz.c
 *		Mutated texts, images and states, in one process.
 *
 * Every mutant is refused with an error of the list, or accepted, and what is
 * accepted comes back the same from its own text, image or state.  Now and
 * then a value accepted is passed to its readers.  A mutant that takes long is
 * cancelled, and must end soon after.
 */
#include "fuzz.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_texts);
PG_FUNCTION_INFO_V1(fuzz_images);
PG_FUNCTION_INFO_V1(fuzz_states);

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
		fuzz_fail(fuzz, psprintf("its text is another value: %s", text));
	again = receive(fuzz, VARDATA(image), VARSIZE(image) - VARHDRSZ);
	if (!same(value, again))
		fuzz_fail(fuzz, "its image is another value");
	fuzz_read(fuzz, value);
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
		fuzz_fail(fuzz, "it is sent with other bytes");
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
		fuzz_fail(fuzz, "a state is serialized as NULL");
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
		fuzz_fail(fuzz, "its state is serialized to other bytes the second time");
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
	return finish(fuzz_run(&fuzz, prepare_type, text ? try_text : try_image, NULL,
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
	return finish(fuzz_run(&fuzz, prepare_state, try_state, finish_state,
					  PG_GETARG_INT64(7), PG_GETARG_FLOAT8(8)), caller);
}
