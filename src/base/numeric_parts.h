/*
 * numeric_parts.h
 *		The digits of a numeric, without numeric arithmetic.
 *
 * Layout of a numeric on disk (PostgreSQL 9.1 and later, fixed by
 * pg_upgrade): a 16-bit header, in the long form followed by a 16-bit weight,
 * then base-10000 digits without leading or trailing zeros.  digit[i] is
 * worth 10000^(weight - i).
 */
#ifndef RETENTION_NUMERIC_PARTS_H
#define RETENTION_NUMERIC_PARTS_H

#include "base/compat.h"
#include "utils/numeric.h"

typedef struct NumericParts
{
	const char *digits;			/* 16 bits each, maybe unaligned */
	int			ndigits;
	int			weight;
	bool		negative;
	bool		finite;
	bool		nan;			/* when it is not finite */
} NumericParts;

/* Take a numeric apart, detoasted but maybe with a short header. */
static inline void
numeric_parts(Numeric value, NumericParts *p)
{
	const char *data = VARDATA_ANY(value);
	Size		len = VARSIZE_ANY_EXHDR(value);
	uint16		header;

	memcpy(&header, data, sizeof(header));
	p->finite = true;
	p->nan = false;
	if ((header & 0xC000) == 0x8000)
	{
		p->negative = (header & 0x2000) != 0;
		p->weight = (header & 0x003F) - ((header & 0x0040) ? 0x40 : 0);
		p->digits = data + 2;
		p->ndigits = (len - 2) / 2;
	}
	else if ((header & 0xC000) == 0xC000)
	{
		p->finite = false;
		p->nan = (header & 0xF000) == 0xC000;
		p->negative = (header & 0xF000) == 0xF000;
		p->weight = 0;
		p->digits = data + 2;
		p->ndigits = 0;
	}
	else
	{
		int16		weight;

		memcpy(&weight, data + 2, sizeof(weight));
		p->negative = (header & 0xC000) == 0x4000;
		p->weight = weight;
		p->digits = data + 4;
		p->ndigits = (len - 4) / 2;
	}
}

#endif							/* RETENTION_NUMERIC_PARTS_H */
