/*
 * grain.c
 *		The type grain: reading and writing, comparing, hashing, casts.
 *
 * A stored grain is
 *
 *	offset	size	field
 *	0		4		varlena length
 *	4		1		version, 1
 *	5		1		unit
 *	6		1		unit of the cohort rows; the unit itself unless since start
 *	7		1		flags: 0x01 since start, 0x02 the cuts are dates
 *	8		1		starting: weekday 1..7 from Monday, month 1..12, 0 default
 *	9		1		reserved, 0
 *	10		2		number of cuts, 0 or 2 and more
 *	12		4		count, 1 with cuts
 *	16		4 each	cuts, strictly increasing from 0; or dates, in days since
 *					2000-01-01
 *	then	rest	zone's name, canonically spelled, unterminated
 *
 * The binary form (send and recv) has the same fields in the same order, big
 * endian as usual, the zone after a two-byte length.
 *
 * There is one spelling for one meaning: whatever was written out though it
 * is the default is stored as the default.
 */
#include "base/grain.h"

#include "base/clip.h"
#include "base/grain_parse.h"
#include "base/json_parts.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(retention_grain_in);
PG_FUNCTION_INFO_V1(retention_grain_out);
PG_FUNCTION_INFO_V1(retention_grain_recv);
PG_FUNCTION_INFO_V1(retention_grain_send);
PG_FUNCTION_INFO_V1(retention_grain_to_json);
PG_FUNCTION_INFO_V1(retention_grain_to_jsonb);
PG_FUNCTION_INFO_V1(retention_grain_eq);
PG_FUNCTION_INFO_V1(retention_grain_ne);
PG_FUNCTION_INFO_V1(retention_grain_lt);
PG_FUNCTION_INFO_V1(retention_grain_le);
PG_FUNCTION_INFO_V1(retention_grain_gt);
PG_FUNCTION_INFO_V1(retention_grain_ge);
PG_FUNCTION_INFO_V1(retention_grain_cmp);
PG_FUNCTION_INFO_V1(retention_grain_hash);
PG_FUNCTION_INFO_V1(retention_grain_hash_extended);

/* ----------------------------------------------------------------
 *		Making and checking
 * ----------------------------------------------------------------
 */

/* A grain of plain day, with room for cuts and a zone to be filled in. */
Grain *
grain_alloc(int ncuts, int zone_len)
{
	Size		size = offsetof(Grain, cuts) + ncuts * sizeof(int32) + zone_len;
	Grain	   *grain = palloc0(size);

	SET_VARSIZE(grain, size);
	grain->version = GRAIN_VERSION;
	grain->unit = grain->by = GRAIN_DAY;
	grain->ncuts = ncuts;
	grain->count = 1;
	return grain;
}

/* A calendar of so many dates, with a zone or ""; palloc'd.  Not checked. */
Grain *
grain_of_dates(const int32 *dates, int n, const char *zone)
{
	Grain	   *grain = grain_alloc(n, strlen(zone));

	grain->flags = GRAIN_DATES;
	memcpy(grain->cuts, dates, n * sizeof(int32));
	memcpy((char *) grain_zone(grain), zone, strlen(zone));
	return grain;
}

/* What is wrong with the dates of a calendar, or with what is beside them. */
static const char *
dates_problem(const Grain *grain)
{
	if (grain->flags != GRAIN_DATES || grain->unit != GRAIN_DAY ||
		grain->by != GRAIN_DAY || grain->count != 1 || grain->starting != 0)
		return "A calendar of dates has something besides them.";
	if (grain->ncuts < 2 || grain->ncuts > GRAIN_MAX_DATES)
		return "The number of dates is out of range.";
	for (int i = 0; i < grain->ncuts; i++)
	{
		if (DATE_NOT_FINITE(grain->cuts[i]) || !IS_VALID_DATE(grain->cuts[i]))
			return "A date is out of range.";
		if (i > 0 && grain->cuts[i] <= grain->cuts[i - 1])
			return "The dates do not increase.";
	}
	return NULL;
}

/*
 * What is wrong with the fields of a grain, or NULL.  The zone is not looked
 * at.  The texts serve as errdetail.
 */
static const char *
grain_problem(const Grain *grain)
{
	bool		since_start = grain_is_since_start(grain);

	if (grain->unit > GRAIN_YEAR)
		return "The unit is unknown.";
	if (grain->by < GRAIN_DAY || grain->by > GRAIN_YEAR)
		return "The unit of the cohort rows is unknown.";
	if ((grain->flags & ~(GRAIN_SINCE_START | GRAIN_DATES)) != 0)
		return "An unknown flag is set.";
	if (grain->reserved != 0)
		return "A reserved field is not zero.";
	if (grain_is_dates(grain))
		return dates_problem(grain);
	if (grain->unit == GRAIN_HOUR && !since_start)
		return "Hours are counted only since start.";
	if (!since_start && grain->by != grain->unit)
		return "The cohort rows of this grain go by its own unit.";
	if (grain->count < 1 || grain->count > GRAIN_MAX_COUNT)
		return "The count is out of range.";

	if (grain->starting != 0)
	{
		if (grain->by == GRAIN_DAY ||
			grain->starting > (grain->by == GRAIN_WEEK ? 7 : 12))
			return "The start does not fit the unit.";
		if (grain->starting == 1)
			return "A default start is spelled out.";
	}
	if (grain->ncuts > 0)
	{
		if (grain->count != 1)
			return "A grain with cut points takes no count.";
		if (grain->ncuts < 2 || grain->ncuts > GRAIN_MAX_CUTS)
			return "The number of cut points is out of range.";
		if (grain->cuts[0] != 0)
			return "The first cut point is not 0.";
		for (int i = 1; i < grain->ncuts; i++)
		{
			if (grain->cuts[i] <= grain->cuts[i - 1])
				return "The cut points do not increase.";
		}
		if (grain->cuts[grain->ncuts - 1] > GRAIN_MAX_COUNT)
			return "The last cut point is out of range.";
	}
	return NULL;
}

/* ----------------------------------------------------------------
 *		Text
 * ----------------------------------------------------------------
 */

/* The words of a grain that is one word, as most are; NULL for any other. */
const char *
grain_word(const Grain *grain)
{
	return grain_is_calendar(grain) && !grain_is_dates(grain) &&
		grain->count == 1 && grain->starting == 0 && grain_zone_len(grain) == 0 ?
		grain_unit_name(grain->unit) : NULL;
}

/* Canonical words of a grain, palloc'd. */
char *
grain_to_cstring(const Grain *grain)
{
	const char *unit = grain_unit_name(grain->unit);
	int			zone_len = grain_zone_len(grain);
	StringInfoData out;

	initStringInfo(&out);
	if (grain_is_dates(grain))
	{
		appendStringInfoString(&out, "dates ");
		for (int i = 0; i < grain->ncuts; i++)
			appendStringInfo(&out, "%s%s", i > 0 ? "," : "",
							 date_text(grain->cuts[i]));
	}
	else if (grain_is_cut(grain))
	{
		appendStringInfo(&out, "%ss ", unit);
		for (int i = 0; i < grain->ncuts; i++)
			appendStringInfo(&out, "%s%d", i > 0 ? "," : "", grain->cuts[i]);
	}
	else if (grain->count == 1)
		appendStringInfoString(&out, unit);
	else
		appendStringInfo(&out, "%d %ss", grain->count, unit);

	if (grain->starting != 0)
		appendStringInfo(&out, " starting %s",
						 grain_start_name(grain->by, grain->starting));
	if (grain_is_since_start(grain))
	{
		appendStringInfoString(&out, " since start");
		if (grain->by != grain_default_by(grain->unit))
			appendStringInfo(&out, " by %s", grain_unit_name(grain->by));
	}
	if (zone_len > 0)
	{
		appendStringInfoString(&out, " at ");
		appendBinaryStringInfo(&out, grain_zone(grain), zone_len);
	}
	return out.data;
}

/* The same, short enough for a message. */
const char *
grain_quoted(const Grain *grain)
{
	return clip(grain_to_cstring(grain));
}

Datum
retention_grain_in(PG_FUNCTION_ARGS)
{
	Grain	   *grain = grain_parse(PG_GETARG_CSTRING(0), EscapeContext(fcinfo));

	if (grain == NULL)
		PG_RETURN_NULL();		/* a soft error was recorded */
	Assert(grain_problem(grain) == NULL);
	PG_RETURN_POINTER(grain);
}

Datum
retention_grain_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(grain_to_cstring(PG_GETARG_GRAIN(0)));
}

/* The words of a grain as a JSON string. */
static char *
grain_to_json(const Grain *grain)
{
	StringInfoData json;

	initStringInfo(&json);
	escape_json(&json, grain_to_cstring(grain));
	return json.data;
}

Datum
retention_grain_to_json(PG_FUNCTION_ARGS)
{
	char	   *json = grain_to_json(PG_GETARG_GRAIN(0));

	PG_RETURN_TEXT_P(cstring_to_text(json));
}

Datum
retention_grain_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *json = grain_to_json(PG_GETARG_GRAIN(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

/* ----------------------------------------------------------------
 *		Binary
 * ----------------------------------------------------------------
 */

static void
grain_refuse_binary(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary representation of type %s", "grain"),
			 errdetail_internal("%s", detail),
			 errhint("The value was damaged, or written by another version of the extension.")));
}

/* What is wrong with the zone of a grain from outside, or NULL. */
static const char *
grain_zone_problem(const Grain *grain)
{
	Size		len = grain_zone_len(grain);
	char	   *name;
	const char *canonical;

	if (len == 0)
		return NULL;
	if (len > TZ_STRLEN_MAX)
		return "The time zone is unknown here.";
	name = pnstrdup(grain_zone(grain), len);
	if (strlen(name) != len)
		return "The time zone's name contains a zero byte.";
	canonical = grain_zone_canonical(name);
	if (canonical == NULL)
		return "The time zone is unknown here.";
	if (strcmp(canonical, name) != 0)
		return "The time zone's name is not in its canonical spelling.";
	pfree(name);
	return NULL;
}

const char *
grain_image_problem(const Grain *grain, Size size)
{
	const char *problem;

	if (size < offsetof(Grain, cuts) || !VARATT_IS_4B_U(grain) ||
		VARSIZE(grain) != size)
		return "The length of the grain is not its own.";
	if (grain->version != GRAIN_VERSION)
		return "The version of the grain is unknown.";
	if (grain->ncuts > GRAIN_MAX_DATES ||
		size < offsetof(Grain, cuts) + grain->ncuts * sizeof(int32))
		return "The number of cut points is out of range.";
	problem = grain_problem(grain);
	return problem != NULL ? problem : grain_zone_problem(grain);
}

const char *
grain_used_zone_problem(const Grain *grain, const char *zone)
{
	const char *canonical;

	if (zone[0] == '\0')
		return NULL;
	canonical = grain_zone_canonical(zone);
	if (canonical == NULL || strcmp(canonical, zone) != 0)
		return "The time zone is unknown here, or not in its canonical spelling.";
	if (grain_zone_len(grain) > 0 &&
		(grain_zone_len(grain) != strlen(canonical) ||
		 memcmp(grain_zone(grain), canonical, strlen(canonical)) != 0))
		return "The time zone is not the one the grain names.";
	return NULL;
}

Datum
retention_grain_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	uint8		fields[5];
	int			ncuts;
	int32		count;
	const char *cuts;
	const char *zone;
	int			zone_len;
	const char *problem;
	Grain	   *grain;

	if (pq_getmsgbyte(buf) != GRAIN_VERSION)
		grain_refuse_binary("The version is unknown.");
	for (int i = 0; i < (int) lengthof(fields); i++)
		fields[i] = pq_getmsgbyte(buf);
	ncuts = pq_getmsgint(buf, 2);
	count = pq_getmsgint(buf, 4);
	if (ncuts > GRAIN_MAX_DATES)
		grain_refuse_binary("The number of cut points is out of range.");
	cuts = pq_getmsgbytes(buf, ncuts * sizeof(int32));
	zone_len = pq_getmsgint(buf, 2);
	zone = pq_getmsgbytes(buf, zone_len);

	grain = grain_alloc(ncuts, zone_len);
	grain->unit = fields[0];
	grain->by = fields[1];
	grain->flags = fields[2];
	grain->starting = fields[3];
	grain->reserved = fields[4];
	grain->count = count;
	for (int i = 0; i < ncuts; i++)
	{
		uint32		cut;

		memcpy(&cut, cuts + i * sizeof(cut), sizeof(cut));
		grain->cuts[i] = (int32) pg_ntoh32(cut);
	}
	memcpy((char *) grain_zone(grain), zone, zone_len);

	problem = grain_problem(grain);
	if (problem == NULL)
		problem = grain_zone_problem(grain);
	if (problem != NULL)
		grain_refuse_binary(problem);
	PG_RETURN_POINTER(grain);
}

Datum
retention_grain_send(PG_FUNCTION_ARGS)
{
	Grain	   *grain = PG_GETARG_GRAIN(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, grain->version);
	pq_sendint8(&buf, grain->unit);
	pq_sendint8(&buf, grain->by);
	pq_sendint8(&buf, grain->flags);
	pq_sendint8(&buf, grain->starting);
	pq_sendint8(&buf, grain->reserved);
	pq_sendint16(&buf, grain->ncuts);
	pq_sendint32(&buf, grain->count);
	for (int i = 0; i < grain->ncuts; i++)
		pq_sendint32(&buf, grain->cuts[i]);
	pq_sendint16(&buf, grain_zone_len(grain));
	pq_sendbytes(&buf, grain_zone(grain), grain_zone_len(grain));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ----------------------------------------------------------------
 *		Comparing
 * ----------------------------------------------------------------
 */

bool
grain_equal(const Grain *a, const Grain *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static int
compare_int(int64 a, int64 b)
{
	return (a > b) - (a < b);
}

/* A copy, palloc'd. */
Grain *
grain_copy(const Grain *grain)
{
	Grain	   *copy = palloc(VARSIZE(grain));

	memcpy(copy, grain, VARSIZE(grain));
	return copy;
}

/*
 * From short to long units, small to large counts; then by the cuts, the rest
 * and last the zone's name byte by byte.  0 means equal bytes.
 */
int
grain_compare(const Grain *a, const Grain *b)
{
	int			zone_len = Min(grain_zone_len(a), grain_zone_len(b));
	int			r = compare_int(a->unit, b->unit);

	if (r == 0)
		r = compare_int(a->count, b->count);
	for (int i = 0; r == 0 && i < Min(a->ncuts, b->ncuts); i++)
		r = compare_int(a->cuts[i], b->cuts[i]);
	if (r == 0)
		r = compare_int(a->ncuts, b->ncuts);
	if (r == 0)
		r = compare_int(a->flags, b->flags);
	if (r == 0)
		r = compare_int(a->by, b->by);
	if (r == 0)
		r = compare_int(a->starting, b->starting);
	if (r == 0)
		r = memcmp(grain_zone(a), grain_zone(b), zone_len);
	if (r == 0)
		r = compare_int(grain_zone_len(a), grain_zone_len(b));
	return r;
}

Datum
retention_grain_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(grain_equal(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)));
}

Datum
retention_grain_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!grain_equal(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)));
}

Datum
retention_grain_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(grain_compare(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)) < 0);
}

Datum
retention_grain_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(grain_compare(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)) <= 0);
}

Datum
retention_grain_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(grain_compare(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)) > 0);
}

Datum
retention_grain_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(grain_compare(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)) >= 0);
}

Datum
retention_grain_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(grain_compare(PG_GETARG_GRAIN(0), PG_GETARG_GRAIN(1)));
}

Datum
retention_grain_hash(PG_FUNCTION_ARGS)
{
	Grain	   *grain = PG_GETARG_GRAIN(0);

	PG_RETURN_DATUM(hash_any((unsigned char *) VARDATA(grain),
							 VARSIZE(grain) - VARHDRSZ));
}

Datum
retention_grain_hash_extended(PG_FUNCTION_ARGS)
{
	Grain	   *grain = PG_GETARG_GRAIN(0);

	PG_RETURN_DATUM(hash_any_extended((unsigned char *) VARDATA(grain),
									  VARSIZE(grain) - VARHDRSZ,
									  PG_GETARG_INT64(1)));
}
