/*
 * trial.c
 *		Mutants tried one after the other, each in a subtransaction.
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
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"

#define CANCEL_AFTER 200		/* milliseconds that a mutant may take */
#define END_WITHIN 500			/* milliseconds from there */
#define BATCH 256				/* mutants that one FmgrInfo sees */
#define READ_EVERY 32			/* values accepted between those that are read */
#define CURRENT_BYTES (MUTANT_MAX + 1024)

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

void
fuzz_fail(const Fuzz *fuzz, const char *what)
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
		fuzz_fail(fuzz, psprintf("error %s%s: %s", unpack_sql_state(error->sqlerrcode),
								 fuzz->reading ? " of a reader" : "", error->message));
	if (error->message != NULL && strlen(error->message) > 1000)
		fuzz_fail(fuzz, "a message of more than 1000 bytes");
	if (error->detail != NULL && strlen(error->detail) > 20000)
		fuzz_fail(fuzz, "a detail of more than 20000 bytes");
	for (i = 0; i < fuzz->nstates; i++)
		if (fuzz->states[i] == error->sqlerrcode)
		{
			fuzz->counts[i]++;
			return;
		}
	if (fuzz->nstates == MAX_STATES)
		fuzz_fail(fuzz, "too many different errors");
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
				fuzz_fail(fuzz, psprintf("it went on for %.0f ms after it was cancelled",
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
			fuzz_fail(fuzz, psprintf("it went on for %.0f ms after it was cancelled",
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

text *
fuzz_run(Fuzz *fuzz, FuzzTry prepare, FuzzTry one, FuzzTry finish, int64 n,
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

void
fuzz_read(Fuzz *fuzz, Datum value)
{
	SPIPlanPtr	plan;
	MemoryContext old = CurrentMemoryContext;

	if (fuzz->nreaders == 0 || fuzz->accepted % READ_EVERY != 0)
		return;
	plan = fuzz->readers[pg_prng_uint64_range(&fuzz->random, 0, fuzz->nreaders - 1)];
	fuzz->reading = true;
	if (SPI_execute_plan(plan, &value, NULL, true, 0) < 0)
		fuzz_fail(fuzz, "a reader is no query");
	SPI_freetuptable(SPI_tuptable);
	MemoryContextSwitchTo(old);
	fuzz->reading = false;
	fuzz->read++;
}
