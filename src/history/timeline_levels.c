/*
 * timeline_levels.c
 *		timeline_of_levels(at, level [, zone]): a log of levels, one
 *		subscription a group, as a timeline.
 *
 * From at on the level is so much, until the next row; the last one holds for
 * ever.  Of the rows of a day the last counts, as it is the level at midnight
 * after it.
 *
 * The state keeps every row, because only the instants tell which one of a day
 * is the last, and that no two contradict each other.  Packed, a wire.h stream:
 *
 *	byte	version (1)
 *	byte	flags (TIMELINE_*, LOG_BY_DAY)
 *	uint	length of the zone's name, then these bytes: TIMELINE_ZONE only
 *	uint	number of rows, then for each, in no order:
 *		sint	instant: microseconds since 2000-01-01, days with LOG_BY_DAY
 *		sint	level, in millionths
 *		sint	local day
 */
#include "history/timeline_plan.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(retention_levels_transition);
PG_FUNCTION_INFO_V1(retention_levels_transition_grain);
PG_FUNCTION_INFO_V1(retention_levels_combine);
PG_FUNCTION_INFO_V1(retention_levels_serialize);
PG_FUNCTION_INFO_V1(retention_levels_deserialize);
PG_FUNCTION_INFO_V1(retention_levels_final);

#define LOG_MAGIC 0x4C45564C
#define LOG_VERSION 1
#define LOG_BY_DAY 0x08			/* instants are dates */
#define LOG_FIRST_SIZE 4

typedef struct LogRow
{
	int64		instant;
	int64		level;			/* millionths */
	int32		day;
} LogRow;

typedef struct LevelLog
{
	uint32		magic;
	bool		by_day;
	const BuildKind *kind;		/* lives as long as the query */
	LogRow	   *rows;			/* next to the log */
	int64		n;
	int64		size;
} LevelLog;

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(LevelLog) + LOG_FIRST_SIZE * sizeof(LogRow) <= 256,
				 "a LevelLog is larger than SSPACE says");

#define ST_SORT sort_log
#define ST_ELEMENT_TYPE LogRow
#define ST_COMPARE(a, b) \
	((a)->instant < (b)->instant ? -1 : (a)->instant > (b)->instant ? 1 : \
	 (a)->level < (b)->level ? -1 : (a)->level > (b)->level ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static LevelLog *
log_begin(const BuildKind *kind, bool by_day, MemoryContext context)
{
	LevelLog   *log = MemoryContextAlloc(context, sizeof(LevelLog));

	log->magic = LOG_MAGIC;
	log->by_day = by_day;
	log->kind = kind;
	log->n = 0;
	log->size = LOG_FIRST_SIZE;
	log->rows = MemoryContextAlloc(context, LOG_FIRST_SIZE * sizeof(LogRow));
	return log;
}

static inline void
log_add(LevelLog *log, int64 instant, int64 level, int32 day)
{
	LogRow	   *row;

	if (unlikely(log->n == log->size))
	{
		CHECK_FOR_INTERRUPTS();
		log->size *= 2;
		log->rows = repalloc_huge(log->rows, log->size * sizeof(LogRow));
	}
	row = &log->rows[log->n++];
	row->instant = instant;
	row->level = level;
	row->day = day;
}

/* A pointer that came through "internal" must be to such a state. */
static LevelLog *
log_argument(FunctionCallInfo fcinfo, int arg)
{
	LevelLog   *log = (LevelLog *) PG_GETARG_POINTER(arg);

	if (unlikely(log->magic != LOG_MAGIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state is not a log of levels")));
	return log;
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* What the timelines of a call site are like, whatever its levels are. */
static void
prepare(void *args, FunctionCallInfo fcinfo, const CallSite *site)
{
	build_plan_prepare(args, fcinfo, site);
	((BuildPlan *) args)->flags |= TIMELINE_LEVELS | TIMELINE_MONEY;
}

static void
prepare_grain(void *args, FunctionCallInfo fcinfo, const CallSite *site)
{
	build_plan_prepare_grain(args, fcinfo, site);
	((BuildPlan *) args)->flags |= TIMELINE_LEVELS | TIMELINE_MONEY;
}

static const uint8 row_roles[] = {ROLE_INSTANT, ROLE_AMOUNT, CONSTANT_ZONE};

#define ROW_FORM(prepare) \
	{ARGUMENT_ROLES(row_roles), NULL, \
	"The arguments are timeline_of_levels(at, level, zone).", \
	sizeof(BuildPlan), prepare}

/* The zone is text, or a grain. */
static const ArgumentForm row_form = ROW_FORM(prepare);
static const ArgumentForm row_form_grain = ROW_FORM(prepare_grain);

/*
 * A row of either transition function: (internal, at, level [, zone]) ->
 * internal.  A NULL time skips the row, a NULL level is none.
 */
static Datum
levels_row(FunctionCallInfo fcinfo, const ArgumentForm *form)
{
	BuildPlan  *plan = argument_plan(fcinfo, form);
	LevelLog   *log = NULL;
	int32		day;

	if (!PG_ARGISNULL(0))
		log = log_argument(fcinfo, 0);
	if (argument_skips(&plan->args, fcinfo))
	{
		if (log == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(log);
	}
	if (build_plan_is_open(plan))
		build_plan_row(plan, fcinfo, log == NULL ? NULL : log->kind);
	if (log == NULL)
		log = log_begin(&plan->kinds->kind, plan->args.at == TIME_DATE,
						aggregate_context(fcinfo));
	day = take_day(plan->kinds->days, plan->args.at, PG_GETARG_DATUM(1));
	log_add(log, log->by_day ? day : PG_GETARG_INT64(1),
			argument_amount(&plan->args, fcinfo), day);
	PG_RETURN_POINTER(log);
}

/* The zone, if any, is text. */
Datum
retention_levels_transition(PG_FUNCTION_ARGS)
{
	return levels_row(fcinfo, &row_form);
}

/* The zone is a grain. */
Datum
retention_levels_transition_grain(PG_FUNCTION_ARGS)
{
	return levels_row(fcinfo, &row_form_grain);
}

/* ----------------------------------------------------------------
 *		States put together
 * ----------------------------------------------------------------
 */

/* (internal, internal) -> internal: add the second state to the first. */
Datum
retention_levels_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LevelLog   *into = NULL;
	const LevelLog *from;

	if (!PG_ARGISNULL(0))
		into = log_argument(fcinfo, 0);
	if (PG_ARGISNULL(1))
	{
		if (into == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	from = log_argument(fcinfo, 1);
	if (into == NULL)
		into = log_begin(build_kind_of_site(fcinfo, from->kind->flags,
											from->kind->zone,
											strlen(from->kind->zone)),
						 from->by_day, context);
	timeline_check_alike(into->kind->flags, into->kind->zone,
						 strlen(into->kind->zone), from->kind->flags,
						 from->kind->zone, strlen(from->kind->zone));
	if (into->by_day != from->by_day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("levels of dates and of times cannot be put together")));
	for (int64 i = 0; i < from->n; i++)
		log_add(into, from->rows[i].instant, from->rows[i].level,
				from->rows[i].day);
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea */
Datum
retention_levels_serialize(PG_FUNCTION_ARGS)
{
	const LevelLog *log;
	WireWriter	w;
	uint8		head[2];

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = log_argument(fcinfo, 0);
	head[0] = LOG_VERSION;
	head[1] = log->kind->flags | (log->by_day ? LOG_BY_DAY : 0);
	wire_writer_init(&w, 32 + log->n * 12, "log of levels",
					 "A log of levels is the history of one subscription: GROUP BY the subscription.");
	wire_put_bytes(&w, head, sizeof(head));
	if (log->kind->flags & TIMELINE_ZONE)
	{
		wire_put(&w, strlen(log->kind->zone));
		wire_put_bytes(&w, log->kind->zone, strlen(log->kind->zone));
	}
	wire_put(&w, log->n);
	for (int64 i = 0; i < log->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		wire_put_signed(&w, log->rows[i].instant);
		wire_put_signed(&w, log->rows[i].level);
		wire_put_signed(&w, log->rows[i].day);
	}
	PG_RETURN_BYTEA_P(wire_finish(&w));
}

/* A row of a packed state; one that no row of a table makes is error 22P03. */
static void
read_row(WireReader *r, uint8 flags, LogRow *row)
{
	int64		day;
	int64		utc;

	row->instant = wire_get_signed(r);
	row->level = wire_get_signed(r);
	day = wire_get_signed(r);
	if (flags & LOG_BY_DAY)
		utc = row->instant;
	else
	{
		if (!IS_VALID_TIMESTAMP(row->instant))
			wire_corrupt(r, "A time is out of range.");
		utc = calendar_floor_div(row->instant, USECS_PER_DAY);
	}
	/* zones are less than a day apart from UTC */
	if (day < PG_INT32_MIN || day > PG_INT32_MAX ||
		(flags & TIMELINE_ZONE ? day - utc < -1 || day - utc > 1 : day != utc))
		wire_corrupt(r, "A day is not that of its time.");
	if (row->level <= -MONEY_LIMIT * MONEY_ONE ||
		row->level >= MONEY_LIMIT * MONEY_ONE)
		wire_corrupt(r, "A level is out of range.");
	row->day = (int32) day;
}

/* (bytea, internal) -> internal: a packed state, to be combined at once. */
Datum
retention_levels_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *packed;
	TimelineReader r = {0};
	uint8		all;
	uint64		n;
	LevelLog   *log;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	packed = PG_GETARG_BYTEA_PP(0);
	wire_reader_init(&r.wire, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed),
					 "timeline");
	if (*wire_get_bytes(&r.wire, 1) != LOG_VERSION)
		wire_corrupt(&r.wire, "The version is unknown.");
	all = *wire_get_bytes(&r.wire, 1);
	r.flags = all & ~(TIMELINE_ZONE | LOG_BY_DAY);
	if (r.flags != (TIMELINE_LEVELS | TIMELINE_MONEY) ||
		(all & TIMELINE_ZONE && all & LOG_BY_DAY))
		wire_corrupt(&r.wire, "It has unknown flags.");
	r.zone = "";
	if (all & TIMELINE_ZONE)
	{
		r.zone_len = (uint8) wire_get_max(&r.wire, PG_UINT8_MAX,
										  "The name of the zone is too long.");
		if (r.zone_len == 0)
			wire_corrupt(&r.wire, "The zone has no name.");
		r.zone = (const char *) wire_get_bytes(&r.wire, r.zone_len);
		timeline_check_zone(&r);
	}
	n = wire_get(&r.wire);
	log = log_begin(build_kind_of_site(fcinfo, all & ~LOG_BY_DAY, r.zone,
									   r.zone_len),
					(all & LOG_BY_DAY) != 0, CurrentMemoryContext);
	for (uint64 i = 0; i < n; i++)
	{
		LogRow		row;

		read_row(&r.wire, all, &row);
		log_add(log, row.instant, row.level, row.day);
	}
	wire_get_end(&r.wire);
	PG_RETURN_POINTER(log);
}

/* ----------------------------------------------------------------
 *		The timeline
 * ----------------------------------------------------------------
 */

/* An instant of a log as its type is written. */
static char *
instant_text(const LevelLog *log, int64 instant)
{
	if (log->by_day)
		return DatumGetCString(DirectFunctionCall1(date_out,
												   DateADTGetDatum((DateADT) instant)));
	if (log->kind->flags & TIMELINE_ZONE)
		return DatumGetCString(DirectFunctionCall1(timestamptz_out,
												   TimestampTzGetDatum(instant)));
	return DatumGetCString(DirectFunctionCall1(timestamp_out,
											   TimestampGetDatum(instant)));
}

/* Error 22023 where an instant has two levels; equal rows are one. */
static void
check_log(const LevelLog *log)
{
	for (int64 i = 1; i < log->n; i++)
	{
		const LogRow *row = &log->rows[i];

		CHECK_FOR_INTERRUPTS();
		if (row->instant == row[-1].instant && row->level != row[-1].level)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("two levels at one instant"),
					 errdetail("At %s one row says %s and another %s.",
							   instant_text(log, row->instant),
							   money_to_cstring(row[-1].level),
							   money_to_cstring(row->level)),
					 errhint("A log is of one subscription: GROUP BY it and add those of a customer up by rollup(). Of rows that correct each other keep the last.")));
	}
}

/*
 * Final function: (internal) -> timeline.  Rows are put in order where they
 * are, which leaves the state what it was.
 */
Datum
retention_levels_final(PG_FUNCTION_ARGS)
{
	Timeline	timeline;
	LevelLog   *log;
	TimelineDay *days;
	int64		first;
	int128		before = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = log_argument(fcinfo, 0);
	sort_log(log->rows, log->n);
	check_log(log);
	days = palloc_extended(log->n * sizeof(TimelineDay), MCXT_ALLOC_HUGE);

	/*
	 * From the last row on: a row counts when no later one is of its day, or,
	 * where clocks went back over midnight, of a day before.
	 */
	first = log->n;
	for (int64 i = log->n - 1; i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		if (first < log->n && log->rows[i].day >= days[first].day)
			continue;
		first--;
		days[first].day = log->rows[i].day;
		days[first].orders = 0;
		days[first].amount = log->rows[i].level;
	}
	for (int64 i = first; i < log->n; i++)
	{
		int128		level = days[i].amount;

		days[i].amount = level - before;
		before = level;
	}
	timeline.flags = log->kind->flags;
	timeline.zone = log->kind->zone;
	timeline.days = days + first;
	timeline.ndays = log->n - first;
	PG_RETURN_POINTER(timeline_encode(&timeline));
}
