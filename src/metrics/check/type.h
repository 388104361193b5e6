/*
 * check/type.h
 *		The type data_check: what is suspicious about a table, as the metrics
 *		would read it.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (CHECK_RANGES)
 *	uint	rows
 *	uint	number of findings; then for each, in the order of Finding:
 *		text	its name
 *		text	"fault" or "look"
 *		uint	rows that have it, at least 1
 *		uint	rows that were looked at, at least as many
 *		text	an example, maybe empty
 *
 * where a text is a uint, its length in bytes, and its bytes.
 */
#ifndef RETENTION_CHECK_TYPE_H
#define RETENTION_CHECK_TYPE_H

#include "base/compat.h"

#define CHECK_RANGES 0x01		/* the rows are ranges, not events */

/* What can be found, in the order in which it is told. */
typedef enum Finding
{
	/* of single rows: all of them are looked at */
	FINDING_UNNAMED,
	FINDING_NOT_FINITE,
	FINDING_NO_START,
	FINDING_EMPTY,
	FINDING_LAST_SECOND,
	FINDING_EARLY,
	FINDING_LATE,
	FINDING_NO_NUMBER,
	FINDING_DECIMALS,
	/* of all amounts together */
	FINDING_NEGATIVE,
	FINDING_CENTS,
	/* of rows beside one another: a sample is looked at */
	FINDING_SPELLINGS,
	FINDING_SINGLE,
	FINDING_REPEATED,
	FINDING_LINES,
	FINDING_MIDNIGHT,
	FINDING_LAST_DAY,
	FINDING_GAPS,
	FINDING_SEAMS,
	FINDING_OVERLAPS,
	FINDING_COUNT
} Finding;

#define FINDING_OF_ROWS (FINDING_CENTS + 1)	/* those before keep a count */

typedef struct FindingWords
{
	const char *name;
	const char *remedy[2];		/* of events, of ranges; NULL: not of these */
} FindingWords;

extern const FindingWords finding_words[FINDING_COUNT];

typedef struct CheckFinding
{
	const char *name;
	const char *severity;		/* SEVERITY_... */
	int64		found;
	int64		among;
	const char *example;		/* "" for none */
} CheckFinding;

#define SEVERITY_FAULT "fault"
#define SEVERITY_LOOK "look"

typedef struct DataCheck
{
	uint8		flags;
	int64		rows;
	int64		nfindings;
	CheckFinding *findings;
} DataCheck;

/* Which finding a name is; FINDING_COUNT for none. */
extern Finding finding_of_name(const char *name);

extern struct varlena *check_encode(const DataCheck *check);
extern DataCheck *check_from_varlena(const struct varlena *value);
#define PG_GETARG_CHECK(n) \
	check_from_varlena(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))

#endif							/* RETENTION_CHECK_TYPE_H */
