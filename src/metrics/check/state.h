/*
 * check/state.h
 *		What check_events and check_ranges keep of the rows: counts, an example
 *		of each kind, and two samples.
 */
#ifndef RETENTION_CHECK_STATE_H
#define RETENTION_CHECK_STATE_H

#include "history/argument.h"
#include "metrics/check/sample.h"
#include "metrics/check/type.h"

/* Counts that findings are judged by. */
typedef enum CheckTally
{
	TALLY_ROWS,					/* all */
	TALLY_TAKEN,				/* with a customer and a time */
	TALLY_CLOSED,				/* ranges with an end */
	TALLY_AMOUNTS,				/* other than NULL and 0 */
	TALLY_WHOLE,				/* of these */
	TALLY_HUNDREDS,				/* whole, 100 or more */
	TALLY_ROUND,				/* of these, ending in 00, 50, 49 or as below */
	TALLY_PRICES,				/* ending in 90, 95 or 99 */
	TALLY_COUNT
} CheckTally;

/* The earliest row that has it; of these the one of the smallest amount. */
typedef struct CheckExample
{
	char	   *text;			/* NULL: there is none */
	int64		at;
	int64		amount;
	uint64		key[2];
} CheckExample;

#define CHECK_MAGIC 0x43484B31

#define CHECK_AMOUNTS 0x02		/* beside CHECK_RANGES: there is an amount */
#define CHECK_NUMBERS 0x04		/* customers are whole numbers, their own keys */
#define CHECK_SPELLED 0x08		/* customers are texts */
#define CHECK_AS_OF 0x10
#define CHECK_FLAGS 0x1F

typedef struct CheckState
{
	uint32		magic;
	MemoryContext context;
	uint8		flags;
	TimeKind	time;
	DateADT		as_of;
	int64		late;			/* times from it on are after as_of */
	int64		found[FINDING_OF_ROWS];
	int64		tallies[TALLY_COUNT];
	CheckExample examples[FINDING_OF_ROWS];
	Sample		rows;			/* by customer and time; of ranges by customer */
	Sample		customers;		/* of texts by what is left of their spelling */
} CheckState;

extern CheckState *check_create(MemoryContext context, uint8 flags,
								TimeKind time, DateADT as_of);

/* A pointer that came through "internal" must be to such a state. */
extern CheckState *check_argument(FunctionCallInfo fcinfo, int n);

/* May an example be better than the one there is? */
static inline bool
check_wants(const CheckExample *ex, int64 at, int64 amount, const uint64 *key)
{
	if (ex->text == NULL || at != ex->at)
		return ex->text == NULL || at < ex->at;
	if (amount != ex->amount)
		return amount < ex->amount;
	if (key[0] != ex->key[0])
		return key[0] < ex->key[0];
	return key[1] < ex->key[1];
}

/* Days of dates, else microseconds, in a day. */
static inline int64
check_day(TimeKind time)
{
	return time == TIME_DATE || time == TIME_DATE_RANGE ? 1 : USECS_PER_DAY;
}

/* A date for a message, quoted. */
extern char *check_date_text(DateADT date);

/*
 * Text of a row: customer (NULL: it has none), time or range, amount; 100
 * bytes of it.  no_time stands for a time that cannot be shown, else NULL.
 */
extern char *check_row_text(const CheckState *state, const char *name,
							const SampleRow *row, const char *no_time);

/* The name of a sample's customer. */
extern const char *check_name(const CheckState *state, const SampleEntry *entry);

/* check/judge.c: what is found. */
extern DataCheck *check_judge(const CheckState *state);

#endif							/* RETENTION_CHECK_STATE_H */
