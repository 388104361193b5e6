/*
 * ledger_head.c
 *		What a packed ledger begins with, and what may be in one.
 *
 * Packed ledgers come from workers of the same query, but other extensions
 * hand such bytes around too: they are checked like stored values, error
 * 22P03.  See ledger_pack.c for the form.
 */
#include "history/ledger_internal.h"

#include "base/calendar.h"

#define PACK_VERSION 2

/* Write it. */
void
ledger_head_put(WireWriter *w, const LedgerSettings *settings, bool flat)
{
	const uint8 head[4] = {PACK_VERSION, settings->flags, settings->key_words, flat};

	wire_put_bytes(w, head, sizeof(head));
	if (settings->flags & LEDGER_EVENTS)
	{
		const Interval *within = &settings->rules.within;

		wire_put_bytes(w, &settings->rules.mode, 1);
		wire_put(w, within->month);
		wire_put(w, within->day);
		wire_put(w, within->time);
	}
	else
	{
		wire_put(w, VARSIZE(settings->grain));
		wire_put_bytes(w, settings->grain, VARSIZE(settings->grain));
	}
	wire_put(w, strlen(settings->zone));
	wire_put_bytes(w, settings->zone, strlen(settings->zone));
}

/* What is wrong with flags, as a sentence; NULL when nothing is. */
static const char *
flags_problem(uint8 flags)
{
	if ((flags & ~LEDGER_FLAGS) != 0)
		return "It has unknown flags.";
	if (flags & LEDGER_EVENTS)
		return flags == (LEDGER_EVENTS | LEDGER_MONEY) ? NULL :
			"Its flags contradict each other.";
	if (((flags & LEDGER_LEVELS) && !(flags & LEDGER_MONEY)) ||
		((flags & LEDGER_UNITS) && !(flags & LEDGER_LEVELS)))
		return "Its flags contradict each other.";
	return NULL;
}

/* The grain, palloc'd. */
static const Grain *
get_grain(WireReader *r, uint8 flags)
{
	Size		size = wire_get_max(r, 8192, "The grain is too long.");
	Grain	   *grain = palloc(Max(size, sizeof(Grain)));
	const char *problem;

	memcpy(grain, wire_get_bytes(r, size), size);
	problem = grain_image_problem(grain, size);
	if (problem == NULL && (flags & LEDGER_LEVELS) && grain->unit == GRAIN_HOUR)
		problem = "Levels are not counted by hours.";
	if (problem != NULL)
		wire_corrupt(r, problem);
	return grain;
}

/* Read it; memory is palloc'd.  Returns whether the ledger is flat. */
bool
ledger_head_get(WireReader *r, LedgerSettings *settings)
{
	const uint8 *head = wire_get_bytes(r, 4);
	const char *problem = flags_problem(head[1]);
	Size		size;

	if (head[0] != PACK_VERSION || head[2] < 1 || head[2] > 2 || head[3] > 1)
		problem = "The header is not of this version.";
	if (problem != NULL)
		wire_corrupt(r, problem);
	memset(settings, 0, sizeof(*settings));
	settings->flags = head[1];
	settings->key_words = head[2];
	if (settings->flags & LEDGER_EVENTS)
	{
		Interval   *within = &settings->rules.within;

		settings->rules.mode = *wire_get_bytes(r, 1);
		within->month = wire_get_max(r, PG_INT32_MAX, "The window is damaged.");
		within->day = wire_get_max(r, PG_INT32_MAX, "The window is damaged.");
		within->time = wire_get_max(r, PG_INT64_MAX, "The window is damaged.");
	}
	else
		settings->grain = get_grain(r, settings->flags);
	size = wire_get_max(r, TZ_STRLEN_MAX, "The zone is too long.");
	settings->zone = pnstrdup((const char *) wire_get_bytes(r, size), size);
	problem = strlen(settings->zone) != size ?
		"A name has characters it cannot have." :
		settings->flags & LEDGER_EVENTS ?
		funnel_rules_problem(&settings->rules, settings->zone) :
		grain_used_zone_problem(settings->grain, settings->zone);
	if (problem != NULL)
		wire_corrupt(r, problem);
	return head[3] != 0;
}

/*
 * What the entries of a packed ledger may be: its times are those of dates
 * and timestamps that PostgreSQL has, give or take what a zone and the end of
 * a range add.
 */
LedgerBounds
ledger_bounds(const LedgerSettings *settings)
{
	int64		first = DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE - 2;
	int64		last = DATE_END_JULIAN - POSTGRES_EPOCH_JDATE + 1;
	LedgerBounds bounds = {0};

	if (settings->flags & LEDGER_EVENTS)
		return bounds;
	if ((settings->flags & LEDGER_LEVELS) == 0)
	{
		if (grain_is_since_start(settings->grain))
		{
			first *= SECS_PER_DAY;
			last = (TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE + 2) *
				(int64) SECS_PER_DAY;
		}
		else
		{
			Calendar   *calendar = calendar_create(settings->grain, NULL, false,
												   CurrentMemoryContext);

			first = calendar_period_of_day(calendar, first);
			last = calendar_period_of_day(calendar, last);
			calendar_free(calendar);
		}
	}
	bounds.low = (uint64) (first + LEDGER_TIME_BIAS) << 1;
	bounds.span = (((uint64) (last + LEDGER_TIME_BIAS) << 1) | 1) - bounds.low;
	bounds.forbidden = (settings->flags & LEDGER_STARTED ? 0 : LEDGER_START) |
		(settings->flags & LEDGER_LEVELS ? LEDGER_COUNT_MAX : 0);
	return bounds;
}
