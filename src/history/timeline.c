/*
 * timeline.c
 *		The type timeline: reading, encoding, what goes together.
 *
 * The stored form is described in timeline.h.
 */
#include "history/timeline.h"

#include "base/grain_parse.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "miscadmin.h"

#define TIMELINE_VERSION 1
#define EXPONENT_SHIFT 4
#define ZONE_MAX 255			/* bytes of a zone's name */

/* The first day PostgreSQL has, and the first it has not, since 2000. */
#define DAY_MIN (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)
#define DAY_END (DATE_END_JULIAN - POSTGRES_EPOCH_JDATE)

static const int64 powers[MONEY_SCALE + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000
};

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/* Begin to read a payload, which must stay where it is. */
void
timeline_read(TimelineReader *r, const void *payload, Size len)
{
	const uint8 *head;
	int			exponent;

	wire_reader_init(&r->wire, payload, len, "timeline");
	head = wire_get_bytes(&r->wire, 2);
	if (head[0] != TIMELINE_VERSION)
		wire_corrupt(&r->wire, "The version is unknown.");
	r->flags = head[1] & ((1 << EXPONENT_SHIFT) - 1);
	exponent = head[1] >> EXPONENT_SHIFT;
	if ((r->flags & ~TIMELINE_FLAGS) != 0)
		wire_corrupt(&r->wire, "It has unknown flags.");
	if (exponent > MONEY_SCALE ||
		(exponent > 0 && (r->flags & (TIMELINE_MONEY | TIMELINE_LEVELS)) == 0))
		wire_corrupt(&r->wire, "The unit of the amounts is out of range.");
	r->unit = powers[exponent];
	r->zone = "";
	r->zone_len = 0;
	if (r->flags & TIMELINE_ZONE)
	{
		r->zone_len = (uint8) wire_get_max(&r->wire, ZONE_MAX,
										   "The name of the zone is too long.");
		if (r->zone_len == 0)
			wire_corrupt(&r->wire, "The zone has no name.");
		r->zone = (const char *) wire_get_bytes(&r->wire, r->zone_len);
	}
	r->first = true;
	r->total_orders = 0;
	r->total_amount = 0;
	r->pieces = 0;
	memset(&r->day, 0, sizeof(r->day));
}

/* An amount, within what its kind may have. */
static inline int128
read_amount(TimelineReader *r)
{
	uint64		z;
	int128		amount;

	/* the usual amount has few bytes */
	if (likely(r->wire.end - r->wire.at >= 1 && r->wire.at[0] < 0x80))
	{
		z = *r->wire.at++;
		amount = (int64) ((z >> 1) ^ (0 - (z & 1)));
	}
	else
	{
		amount = wire_get_int128(&r->wire);
		if (amount > TIMELINE_AMOUNT_MAX || amount < -TIMELINE_AMOUNT_MAX)
			wire_corrupt(&r->wire, "An amount is out of range.");
	}
	amount *= r->unit;
	r->total_amount += amount < 0 ? -amount : amount;
	if (unlikely(r->total_amount > TIMELINE_AMOUNT_MAX))
		wire_corrupt(&r->wire, "The amounts add up to more than a timeline can hold.");
	return amount;
}

/* The next day, or NULL after the last. */
const TimelineDay *
timeline_next(TimelineReader *r)
{
	bool		levels = timeline_has_levels(r);
	TimelineDay *day = &r->day;
	uint64		word;
	int64		next;

	if (r->wire.at == r->wire.end)
		return NULL;
	word = wire_get(&r->wire);
	day->orders = levels ? 0 : 1;
	if (!levels)
	{
		if (word & 1)
		{
			day->orders = (int64) wire_get_max(&r->wire, PG_INT64_MAX,
											   "A count is too large.");
			if (day->orders == 1)
				wire_corrupt(&r->wire, "One order is written as a count.");
		}
		word >>= 1;
	}
	if (r->first)
		next = (int64) (word >> 1) ^ -(int64) (word & 1);
	else
	{
		if (word == 0 || word > PG_UINT32_MAX)
			wire_corrupt(&r->wire, "Days are not in ascending order.");
		next = day->day + (int64) word;
	}
	if (next < DAY_MIN || next >= DAY_END)
		wire_corrupt(&r->wire, "A day is out of range.");
	r->first = false;
	day->day = (int32) next;
	if (r->flags & (TIMELINE_MONEY | TIMELINE_LEVELS))
		day->amount = read_amount(r);
	if (levels && day->amount == 0)
		wire_corrupt(&r->wire, "A level does not change.");
	if (!levels && day->orders == 0 && day->amount >= 0)
		wire_corrupt(&r->wire, "A day has neither an order nor a refund.");
	if (pg_add_s64_overflow(r->total_orders, day->orders, &r->total_orders))
		wire_corrupt(&r->wire, "The orders add up to more than 64 bits hold.");
	return day;
}

/* All of it in memory. */
Timeline *
timeline_decode(const void *payload, Size len)
{
	Timeline   *timeline = palloc(sizeof(Timeline));
	int64		size = 16;
	TimelineReader r;

	timeline_read(&r, payload, len);
	timeline->flags = r.flags;
	timeline->zone = pnstrdup(r.zone, r.zone_len);
	timeline->ndays = 0;
	timeline->days = palloc(size * sizeof(TimelineDay));
	while (timeline_next(&r) != NULL)
	{
		if (timeline->ndays == size)
		{
			CHECK_FOR_INTERRUPTS();
			size *= 2;
			timeline->days = repalloc_huge(timeline->days,
										   size * sizeof(TimelineDay));
		}
		timeline->days[timeline->ndays++] = r.day;
	}
	return timeline;
}

/* The largest power of ten, up to a whole unit, that divides an amount. */
static int
amount_exponent(int128 amount, int at_most)
{
	while (amount % powers[at_most] != 0)
		at_most--;
	return at_most;
}

/* Is a zone known here and spelled as PostgreSQL spells it? */
static bool
zone_is_canonical(const char *zone, int len)
{
	char	   *name = pnstrdup(zone, len);
	const char *canonical;

	for (int i = 0; i < len; i++)
		if (zone[i] < ' ' || zone[i] > '~')
			return false;
	canonical = grain_zone_canonical(name);
	return canonical != NULL && strcmp(canonical, name) == 0;
}

/* Error 22P03 unless a zone being read is known and canonical. */
void
timeline_check_zone(const TimelineReader *r)
{
	if (r->zone_len > 0 && !zone_is_canonical(r->zone, r->zone_len))
		wire_corrupt(&r->wire, "The time zone is unknown here, or not in its canonical spelling.");
}

/* Check bytes from outside whole: error 22P03. */
void
timeline_check(const void *payload, Size len)
{
	int			exponent = MONEY_SCALE;
	bool		any = false;
	TimelineReader r;

	timeline_read(&r, payload, len);
	timeline_check_zone(&r);
	while (timeline_next(&r) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (r.day.amount == 0)
			continue;
		any = true;
		exponent = amount_exponent(r.day.amount, exponent);
	}
	if (r.unit != powers[any ? exponent : 0])
		wire_corrupt(&r.wire, "The amounts are not in their largest unit.");
}

/* ----------------------------------------------------------------
 *		Encoding
 * ----------------------------------------------------------------
 */

static void
refuse_sums(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("timeline out of range"),
			 errdetail("Orders or amounts add up to more than a timeline can hold."),
			 errhint("A timeline is the history of one customer: GROUP BY the customer.")));
}

/* The exponent of a timeline's amounts; sums out of range: error 22003. */
static int
find_exponent(const Timeline *timeline)
{
	int			exponent = MONEY_SCALE;
	bool		any = false;
	int64		orders = 0;
	int128		total = 0;

	for (int64 i = 0; i < timeline->ndays; i++)
	{
		int128		amount = timeline->days[i].amount;

		if (pg_add_s64_overflow(orders, timeline->days[i].orders, &orders))
			refuse_sums();
		if (amount == 0)
			continue;
		any = true;
		/* an amount of 64 bits is the usual one, and far faster to divide */
		if (likely(amount == (int64) amount))
			while ((int64) amount % powers[exponent] != 0)
				exponent--;
		else
			exponent = amount_exponent(amount, exponent);
		total += amount < 0 ? -amount : amount;
		if (unlikely(total > TIMELINE_AMOUNT_MAX))
			refuse_sums();
	}
	return any ? exponent : 0;
}

/* Encode a timeline as a datum. */
struct varlena *
timeline_encode(const Timeline *timeline)
{
	bool		levels = (timeline->flags & TIMELINE_LEVELS) != 0;
	bool		amounts = (timeline->flags & (TIMELINE_MONEY | TIMELINE_LEVELS)) != 0;
	int			exponent = amounts ? find_exponent(timeline) : 0;
	int64		unit = powers[exponent];
	Size		zone_len = strlen(timeline->zone);
	int64		before = 0;
	bool		first = true;
	WireWriter	w;
	uint8		head[2];

	Assert((zone_len > 0) == ((timeline->flags & TIMELINE_ZONE) != 0));
	head[0] = TIMELINE_VERSION;
	head[1] = timeline->flags | exponent << EXPONENT_SHIFT;
	wire_writer_init(&w, 32 + timeline->ndays * 6, "timeline",
					 "A timeline is the history of one customer: GROUP BY the customer.");
	wire_put_bytes(&w, head, sizeof(head));
	if (zone_len > 0)
	{
		wire_put(&w, zone_len);
		wire_put_bytes(&w, timeline->zone, zone_len);
	}
	for (int64 i = 0; i < timeline->ndays; i++)
	{
		const TimelineDay *day = &timeline->days[i];
		uint64		word;

		if (levels && day->amount == 0)
			continue;
		if (day->day < DAY_MIN || day->day >= DAY_END)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("date out of range"),
					 errdetail("A day reaches past the dates PostgreSQL has, 4714-11-24 BC to 5874897-12-31."),
					 errhint("Leave such times out, or turn them to NULL.")));
		word = first ? wire_zigzag(day->day) : (uint64) (day->day - before);
		first = false;
		before = day->day;
		if (levels)
			wire_put(&w, word);
		else
		{
			wire_put(&w, word << 1 | (day->orders != 1));
			if (day->orders != 1)
				wire_put(&w, day->orders);
		}
		if (!amounts)
			continue;
		if (likely(day->amount == (int64) day->amount))
			wire_put_signed(&w, (int64) day->amount / unit);
		else
			wire_put_int128(&w, day->amount / unit);
	}
#ifdef USE_ASSERT_CHECKING
	timeline_check(w.data + VARHDRSZ, w.len - VARHDRSZ);
#endif
	return (struct varlena *) wire_finish(&w);
}

/* ----------------------------------------------------------------
 *		What goes together
 * ----------------------------------------------------------------
 */

static void
refuse_mixture(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("timelines of different kinds cannot be put together"),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}

static const char *
zone_words(const char *zone, int len)
{
	return len == 0 ? "no time zone" :
		psprintf("the time zone \"%.*s\"", len, zone);
}

/* May two timelines be put together?  Error 22023 when not. */
void
timeline_check_alike(uint8 flags, const char *zone, int zone_len,
					 uint8 other_flags, const char *other_zone,
					 int other_zone_len)
{
	if (likely(flags == other_flags && zone_len == other_zone_len &&
			   memcmp(zone, other_zone, zone_len) == 0))
		return;
	if ((flags ^ other_flags) & TIMELINE_LEVELS)
		refuse_mixture("One of them was built from events, the other from ranges.",
					   "Keep the timelines of orders and those of subscriptions in two columns.");
	if ((flags ^ other_flags) & TIMELINE_MONEY)
		refuse_mixture("One of them was built with amounts, the other without.",
					   "Build all timelines with the same form of the aggregate.");
	refuse_mixture(psprintf("One of them was cut in %s, the other in %s.",
							zone_words(zone, zone_len),
							zone_words(other_zone, other_zone_len)),
				   "Name the zone, for example timeline(at, amount, 'Europe/Paris'), so that the session's TimeZone does not matter.");
}

/* Error 22003 when the days so far come in too many pieces. */
void
timeline_count_pieces(TimelineReader *r, int64 orders_max)
{
	int128		amount = r->day.amount < 0 ? -r->day.amount : r->day.amount;

	/* no sum overflows: a timeline's orders have 64 bits, its amounts 94 */
	r->pieces += r->day.orders / orders_max + (int64) (amount / PG_INT64_MAX);
	if (r->pieces > TIMELINE_PIECES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("timeline out of range"),
				 errdetail("Its days have more orders, or larger amounts, than can be counted by 64 bits at a time."),
				 errhint("A timeline is the history of one customer: GROUP BY the customer.")));
}

/* A reader that goes with orders only. */
void
timeline_need_orders(const TimelineReader *r, const char *what)
{
	if (timeline_has_levels(r))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs a timeline of orders", what),
				 errdetail("This timeline was built from ranges and holds levels."),
				 errhint("Use level(), or build a timeline from the times of the orders.")));
}

/* A reader that goes with levels only. */
void
timeline_need_levels(const TimelineReader *r, const char *what)
{
	if (!timeline_has_levels(r))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs a timeline of levels", what),
				 errdetail("This timeline was built from events."),
				 errhint("Use revenue(), or build a timeline from ranges.")));
}
