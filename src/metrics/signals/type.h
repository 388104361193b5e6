/*
 * signals/type.h
 *		The type signals: of the customers with each trait, how many had the
 *		outcome.
 *
 * Stored form: a varlena with either header, the payload being one wire.h
 * stream, which is the same in storage, in binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	flags (0)
 *	uint	customers, at least 1
 *	uint	of these with the outcome
 *	uint	number of traits; then for each, ascending by the bytes of the name:
 *		text	its name
 *		text	what its values are: "null" (never known), "number", "boolean"
 *				or "text"
 *		uint	grid: of numbers, how many bits of a double are left out
 *		uint	customers of whom it is not known (JSON null)
 *		uint	of these with the outcome
 *		uint	number of different values; then for each, ascending:
 *			text	the value; a number in as few digits as it needs
 *			uint	customers who have it, at least 1
 *			uint	of these with the outcome
 *
 * where a text is a uint, its length in bytes, and its bytes.  The customers
 * left over lack the name, which means 0, false or no level.
 *
 * Numbers.  The bits of a double without its sign, added to 2^63 or taken from
 * it, are an integer that ascends with the number.  With grid g its last g bits are 0: the
 * number stands for all from itself up to the next such one.  Grids are nested,
 * and g is the least that leaves SIGNALS_NUMBERS different values at most, so it
 * follows from the values alone, in whatever order or parts they came.
 */
#ifndef RETENTION_SIGNALS_TYPE_H
#define RETENTION_SIGNALS_TYPE_H

#include "base/covariates.h"

#define SIGNALS_NUMBERS 1024	/* different numbers of a trait at most */
#define SIGNALS_TEXTS 10000		/* different texts: more is error 54000 */
#define SIGNALS_GRIDS 63		/* the coarsest: below 0, and from 0 on */

typedef struct SignalValue
{
	const char *value;
	int64		customers;
	int64		outcomes;
} SignalValue;

typedef struct SignalTrait
{
	const char *name;
	const char *kind;			/* covariate_word() */
	int64		grid;
	int64		unknown;
	int64		unknown_outcomes;
	int64		nvalues;
	SignalValue *values;
} SignalTrait;

typedef struct Signals
{
	uint8		flags;
	int64		customers;
	int64		outcomes;
	int64		ntraits;
	SignalTrait *traits;
} Signals;

extern struct varlena *signals_encode(const Signals *signals);
extern Signals *signals_from_varlena(const struct varlena *value);
#define PG_GETARG_SIGNALS(n) \
	signals_from_varlena(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))

#define SIGNALS_ZERO (UINT64CONST(1) << 63)

/* The integer that ascends with a number, its last bits 0. */
static inline uint64
signals_cell(float8 number, int grid)
{
	uint64		bits;

	memcpy(&bits, &number, sizeof(bits));
	bits = (bits & SIGNALS_ZERO) != 0 ? 0 - bits : bits | SIGNALS_ZERO;
	return bits >> grid << grid;
}

/*
 * The least number of a cell; below the least double there is none, which only
 * the first cell is asked for.
 */
static inline float8
signals_number(uint64 cell)
{
	const uint64 least = UINT64CONST(0x0010000000000001);
	float8		number;

	cell = Max(cell, least);
	cell = (cell & SIGNALS_ZERO) != 0 ? cell ^ SIGNALS_ZERO : 0 - cell;
	memcpy(&number, &cell, sizeof(number));
	return number;
}

#endif							/* RETENTION_SIGNALS_TYPE_H */
