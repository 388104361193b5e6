/*
 * funnel/stored.c
 *		The bytes of a funnel, see type.h.
 */
#include "metrics/funnel/type.h"

#include "base/record.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#define FUNNEL_VERSION 2

/* ----------------------------------------------------------------
 *		Encoding
 * ----------------------------------------------------------------
 */

static uint64
common_divisor(uint64 a, uint64 b)
{
	while (b != 0)
	{
		uint64		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Division by a number that mostly leaves no rest: times the inverse of its odd
 * part, modulo 2^64 (Granlund and Montgomery, "Division by invariant integers
 * using multiplication", 1994, section 9).
 */
typedef struct Divisor
{
	uint64		value;			/* 0: none so far */
	uint64		inverse;		/* of value >> zeros */
	int			zeros;			/* its lowest bits */
	uint64		most;			/* the largest quotient there is */
} Divisor;

static Divisor
divisor_of(uint64 value)
{
	Divisor		d = {.value = value};
	uint64		odd;

	if (value == 0)
		return d;
	d.zeros = pg_rightmost_one_pos64(value);
	odd = value >> d.zeros;
	/* three bits are right to begin with, twice as many after each step */
	d.inverse = odd;
	for (int bits = 3; bits < 64; bits *= 2)
		d.inverse *= 2 - odd * d.inverse;
	d.most = PG_UINT64_MAX / value;
	return d;
}

/* The quotient, where there is no rest, which it tells. */
static inline bool
divides(const Divisor *d, uint64 number, uint64 *quotient)
{
	uint64		product = number * d->inverse;

	*quotient = product >> d->zeros | product << ((64 - d->zeros) & 63);
	return *quotient <= d->most;
}

/* Greatest common divisor of some times, 0 when all are 0. */
static Divisor
times_unit(const FunnelItem *item)
{
	Divisor		unit = {0};

	for (int64 i = 0; i < item->ntimes && unit.value != 1; i++)
	{
		uint64		time = (uint64) item->times[i].time;
		uint64		quotient;

		CHECK_FOR_INTERRUPTS();
		if (unit.value == 0 || !divides(&unit, time, &quotient))
			unit = divisor_of(common_divisor(time, unit.value));
	}
	return unit;
}

/* Write the times of an item. */
void
funnel_times_put(WireWriter *w, const FunnelItem *item)
{
	Divisor		unit = times_unit(item);
	int64		before = 0;

	wire_put(w, unit.value);
	wire_put(w, item->ntimes);
	for (int64 i = 0; i < item->ntimes; i++)
	{
		const FunnelTime *time = &item->times[i];
		uint64		distance = 0;

		CHECK_FOR_INTERRUPTS();
		if (unit.value != 0)
			(void) divides(&unit, (uint64) (time->time - before), &distance);
		wire_reserve(w, 2 * WIRE_MAX_INTEGER);
		wire_put_reserved(w, distance << 1 | (time->customers > 1));
		if (time->customers > 1)
			wire_put_reserved(w, time->customers - 2);
		before = time->time;
	}
}

static void
put_entry(WireWriter *w, const Funnel *funnel, const FunnelEntry *entry)
{
	for (int i = 0; i < funnel->nsteps; i++)
	{
		wire_put(w, entry->steps[i].customers);
		if (i > 0 && entry->steps[i].customers > 0)
			funnel_times_put(w, &entry->steps[i]);
	}
	wire_put(w, entry->npairs);
	for (int64 i = 0; i < entry->npairs; i++)
	{
		wire_put(w, entry->pairs[i].step);
		wire_put(w, entry->pairs[i].from);
		funnel_times_put(w, &entry->pairs[i]);
	}
}

/* Encode a funnel as a datum. */
struct varlena *
funnel_encode(const Funnel *funnel)
{
	const uint8 version = FUNNEL_VERSION;
	WireWriter	w;

	Assert(funnel_problem(funnel) == NULL);
	wire_writer_init(&w, 256, "funnel",
					 "Cut the times to the minute or the day, or make one funnel for each part of the customers.");
	wire_put_bytes(&w, &version, 1);
	funnel_mode_put(&w, &funnel->rules, funnel->grain != NULL);
	funnel_within_put(&w, &funnel->rules.within);
	wire_put(&w, strlen(funnel->zone));
	wire_put_bytes(&w, funnel->zone, strlen(funnel->zone));
	wire_put(&w, funnel->nsteps);
	if (funnel->grain != NULL)
	{
		record_put_grain(&w, funnel->grain);
		wire_put(&w, funnel->nentries);
	}
	for (int64 i = 0; i < funnel->nentries; i++)
	{
		const FunnelEntry *entry = &funnel->entries[i];

		CHECK_FOR_INTERRUPTS();
		if (funnel->grain != NULL)
			wire_put(&w, i == 0 ? wire_zigzag(entry->period) :
					 (uint64) ((int64) entry->period - entry[-1].period - 1));
		put_entry(&w, funnel, entry);
	}
	return (struct varlena *) wire_finish(&w);
}

struct varlena *
funnel_encode_value(const void *value)
{
	return funnel_encode(value);
}

/* ----------------------------------------------------------------
 *		Decoding
 * ----------------------------------------------------------------
 */

/* Read the times of an item. */
void
funnel_times_get(WireReader *r, FunnelItem *item)
{
	uint64		unit = wire_get_max(r, PG_INT64_MAX, "A time is too large.");
	int64		time = 0;
	uint64		units = 0;		/* the same in units */
	uint64		common = 0;		/* divisor of all of these */

	/* each takes a byte at least */
	item->ntimes = wire_get_max(r, r->end - r->at,
								"The number of times exceeds the value.");
	item->times = palloc_extended(Max(item->ntimes, 1) * sizeof(FunnelTime),
								  MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < item->ntimes; i++)
	{
		uint64		distance = wire_get(r);
		int64		more;

		CHECK_FOR_INTERRUPTS();
		if (pg_mul_s64_overflow(distance >> 1, unit, &more) ||
			pg_add_s64_overflow(time, more, &time))
			wire_corrupt(r, "A time is too large.");
		if (unit == 0 && distance >> 1 != 0)
			wire_corrupt(r, "A time is not in its shortest form.");
		units += distance >> 1;
		if (common != 1)
			common = common_divisor(units, common);
		item->times[i].time = time;
		item->times[i].customers = distance & 1 ?
			2 + (int64) wire_get_max(r, PG_INT64_MAX - 2, "A count is too large.") : 1;
	}
	if (unit != 0 && common != 1)
		wire_corrupt(r, "A time is not in its shortest form.");
}

/* One more item; there is no room for more than the value has bytes. */
static FunnelItem *
add_item(Funnel *funnel, int64 *size)
{
	FunnelItem *item;

	if (funnel->nitems == *size)
	{
		*size = Max(*size * 2, 16);
		funnel->items = funnel->items == NULL ?
			palloc_extended(*size * sizeof(FunnelItem), MCXT_ALLOC_HUGE) :
			repalloc_huge(funnel->items, *size * sizeof(FunnelItem));
	}
	item = &funnel->items[funnel->nitems++];
	memset(item, 0, sizeof(FunnelItem));
	return item;
}

static void
get_entry(WireReader *r, Funnel *funnel, int32 nsteps, int32 period, int64 *size)
{
	int64		npairs;

	for (int32 step = 1; step <= nsteps; step++)
	{
		FunnelItem *item = add_item(funnel, size);

		CHECK_FOR_INTERRUPTS();
		item->period = period;
		item->step = step;
		item->customers = wire_get_max(r, PG_INT64_MAX, "A count is too large.");
		if (step > 1 && item->customers > 0)
			funnel_times_get(r, item);
	}
	npairs = wire_get_max(r, FUNNEL_PAIR_STEPS * FUNNEL_PAIR_STEPS,
						  "There are too many pairs of steps.");
	for (; npairs > 0; npairs--)
	{
		FunnelItem *item = add_item(funnel, size);

		item->period = period;
		item->step = (int32) wire_get_max(r, FUNNEL_PAIR_STEPS,
										  "A pair of steps is out of range.");
		item->from = (int32) wire_get_max(r, FUNNEL_PAIR_STEPS,
										  "A pair of steps is out of range.");
		if (item->from == 0)
			wire_corrupt(r, "A pair of steps is out of range.");
		funnel_times_get(r, item);
	}
}

/* The period of an entry, after the one before. */
static int32
get_period(WireReader *r, bool first, int32 before)
{
	int64		period = first ? wire_get_signed(r) :
		before + 1 + (int64) wire_get_max(r, PG_UINT32_MAX,
										  "A period is out of range.");

	if (period < PG_INT32_MIN || period > PG_INT32_MAX)
		wire_corrupt(r, "A period is out of range.");
	return (int32) period;
}

/* The mode, window, zone, number of steps and grain. */
static int32
get_head(WireReader *r, Funnel *funnel)
{
	Size		len;
	int32		nsteps;
	bool		trend;

	if (*wire_get_bytes(r, 1) != FUNNEL_VERSION)
		wire_corrupt(r, "The version is unknown.");
	trend = funnel_mode_get(r, &funnel->rules);
	funnel_within_get(r, &funnel->rules.within);
	len = wire_get_max(r, TZ_STRLEN_MAX, "The name of the zone is too long.");
	funnel->zone = pnstrdup((const char *) wire_get_bytes(r, len), len);
	if (strlen(funnel->zone) != len)
		wire_corrupt(r, "A name has characters it cannot have.");
	nsteps = (int32) wire_get_max(r, FUNNEL_MAX_STEP, "It has too many steps.");
	if (nsteps == 0)
		wire_corrupt(r, "It has no step.");
	if (trend)
		funnel->grain = record_get_grain(r);
	return nsteps;
}

/* Decode and validate a payload. */
static Funnel *
funnel_decode(const void *payload, Size len)
{
	Funnel	   *funnel = palloc0(sizeof(Funnel));
	const char *problem;
	WireReader	r;
	int32		nsteps;
	int32		period = 0;
	int64		nentries = 1;
	int64		size = 0;

	wire_reader_init(&r, payload, len, "funnel");
	nsteps = get_head(&r, funnel);
	/* a step takes a byte at least */
	if (funnel->grain != NULL)
		nentries = (int64) wire_get_max(&r, (r.end - r.at) / nsteps,
										"The number of periods exceeds the value.");
	else if (nsteps > r.end - r.at)
		wire_corrupt(&r, "The number of steps exceeds the value.");
	for (int64 i = 0; i < nentries; i++)
	{
		if (funnel->grain != NULL)
			period = get_period(&r, i == 0, period);
		get_entry(&r, funnel, nsteps, period, &size);
	}
	wire_get_end(&r);
	problem = funnel_problem(funnel);
	if (problem != NULL)
		wire_corrupt(&r, problem);
	return funnel;
}

void *
funnel_decode_value(const void *payload, Size len)
{
	return funnel_decode(payload, len);
}

/* Decode a detoasted value, with either kind of header. */
Funnel *
funnel_from_varlena(const struct varlena *value)
{
	return funnel_decode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
