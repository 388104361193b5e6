/*
 * check/readers.c
 *		findings(data_check): what was found, faults first, and what to do.
 */
#include "metrics/check/type.h"

#include "base/reader.h"

PG_FUNCTION_INFO_V1(retention_findings);

enum
{
	FOUND_FINDING, FOUND_SEVERITY, FOUND_ROWS, FOUND_AMONG, FOUND_EXAMPLE,
	FOUND_REMEDY
};

static const ReaderColumn columns[] = {
	[FOUND_FINDING] = {"finding", TEXTOID},
	[FOUND_SEVERITY] = {"severity", TEXTOID},
	[FOUND_ROWS] = {"rows", INT8OID},
	[FOUND_AMONG] = {"among", INT8OID},
	[FOUND_EXAMPLE] = {"example", TEXTOID},
	[FOUND_REMEDY] = {"remedy", TEXTOID}
};

typedef struct FindingsState
{
	const DataCheck *check;
	bool		looks;			/* the faults are told */
	int64		next;
} FindingsState;

static void *
findings_begin(FunctionCallInfo fcinfo, const void *arg)
{
	FindingsState *state = palloc0(sizeof(FindingsState));

	state->check = PG_GETARG_CHECK(0);
	return state;
}

/* The next finding of the severity at hand, NULL after the last. */
static const CheckFinding *
next_finding(FindingsState *state)
{
	const DataCheck *check = state->check;

	for (;;)
	{
		const CheckFinding *f;

		if (state->next == check->nfindings)
		{
			if (state->looks)
				return NULL;
			state->looks = true;
			state->next = 0;
			continue;
		}
		f = &check->findings[state->next++];
		if ((strcmp(f->severity, SEVERITY_LOOK) == 0) == state->looks)
			return f;
	}
}

static bool
findings_next(void *arg, ReaderRow *row)
{
	FindingsState *state = arg;
	const CheckFinding *f = next_finding(state);
	const FindingWords *words;

	if (f == NULL)
		return false;
	words = &finding_words[finding_of_name(f->name)];
	row_text(row, FOUND_FINDING, f->name);
	row_text(row, FOUND_SEVERITY, f->severity);
	row_int64(row, FOUND_ROWS, f->found);
	row_int64(row, FOUND_AMONG, f->among);
	if (f->example[0] != '\0')
		row_text(row, FOUND_EXAMPLE, f->example);
	row_text(row, FOUND_REMEDY,
			 words->remedy[state->check->flags & CHECK_RANGES]);
	return true;
}

/* findings(check) */
Datum
retention_findings(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(columns, 1, findings_begin,
											findings_next);

	return reader_rows(&reader, fcinfo, NULL);
}
