/*
 * groups.c
 *		Rows of a model's data, equal ones counted together.
 *
 * An open-addressing table with linear probing, 32 bytes an entry, at most
 * three quarters full.
 */
#include "models/groups.h"

#include <math.h>

#include "base/wire.h"
#include "common/int.h"
#include "miscadmin.h"
#include "models/contract.h"
#include "models/purchase.h"
#include "models/spend.h"
#include "utils/memutils.h"

#define GROUPS_FIRST_SIZE 8
#define GROUPS_VERSION 2
#define GROUPS_WHAT "state of the aggregate"

#define HINT_ROUND \
	"Round recency and age to whole days or weeks, and amounts to two decimals, so that equal customers are counted together; or fit a random sample."

/* Below, at or above 0 as a sorts before, with or after b. */
static int
compare_groups(const RowGroup *a, const RowGroup *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->u != b->u)
		return a->u < b->u ? -1 : 1;
	return (a->v > b->v) - (a->v < b->v);
}

#define ST_SORT sort_groups
#define ST_ELEMENT_TYPE RowGroup
#define ST_COMPARE(a, b) compare_groups(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static uint64
bits_of(float8 value)
{
	uint64		bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* The entry of a row, or the empty one where it belongs. */
static RowGroup *
find_group(const RowGroups *groups, int64 x, float8 u, float8 v)
{
	uint64		mask = groups->size - 1;
	uint64		at = salt_hash2(&groups->salt,
								salt_hash2(&groups->salt, x, bits_of(u)),
								bits_of(v));

	for (;; at++)
	{
		RowGroup	   *g = &groups->table[at & mask];

		if (g->count == 0 || (g->x == x && g->u == u && g->v == v))
			return g;
	}
}

/* SSPACE of its aggregates in the SQL script. */
StaticAssertDecl(sizeof(RowGroups) <= 512, "a RowGroups is larger than SSPACE says");

RowGroups *
groups_create(MemoryContext context, const FittedType *type, uint8 kind,
			  uint8 unit)
{
	RowGroups	   *groups = MemoryContextAllocZero(context, sizeof(RowGroups));

	groups->context = context;
	groups->type = type;
	groups->kind = kind;
	groups->unit = unit;
	groups->salt = salt_draw();
	return groups;
}

/* Twice as large a table. */
static void
grow(RowGroups *groups)
{
	RowGroup	   *old = groups->table;
	int64		old_size = groups->size;

	groups->size = Max(old_size * 2, GROUPS_FIRST_SIZE);
	groups->table = MemoryContextAllocExtended(groups->context,
											   groups->size * sizeof(RowGroup),
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < old_size; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (old[i].count > 0)
			*find_group(groups, old[i].x, old[i].u, old[i].v) = old[i];
	}
	if (old != NULL)
		pfree(old);
}

/* Of so many customers there can be no more. */
static void
check_total(int64 before, int64 count)
{
	if (count > PG_INT64_MAX - before)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers to fit a model to"),
				 errdetail("They add up to more than %lld.",
						   (long long) PG_INT64_MAX),
				 errhint("A weight is the number of customers a row stands for.")));
}

void
groups_add_unused(RowGroups *groups, int64 count)
{
	check_total(groups->unused, count);
	groups->unused += count;
}

void
groups_add(RowGroups *groups, int64 x, float8 u, float8 v, int64 count)
{
	RowGroup	   *g;

	if (groups->ngroups >= groups->size / 4 * 3)
		grow(groups);
	u += 0.0;					/* no negative zero */
	v += 0.0;
	g = find_group(groups, x, u, v);
	if (g->count == 0)
	{
		if (groups->ngroups >= GROUPS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many distinct rows to fit a model to"),
					 errdetail("There are more than %d.", GROUPS_MAX),
					 errhint(HINT_ROUND)));
		g->x = x;
		g->u = u;
		g->v = v;
		groups->ngroups++;
	}
	check_total(groups->rows, count);
	g->count += count;
	groups->rows += count;
}

/* An order of any numbers, NaN last. */
static int
compare_any(float8 a, float8 b)
{
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return (a > b) - (a < b);
}

/* Count bad rows for a reason, and keep the smallest example. */
static void
add_bad(RowGroups *groups, int reason, int64 count, const RowGroup *example)
{
	BadRows    *bad;
	const RowGroup *old;
	int			order;

	if (count == 0)
		return;
	if (groups->bad == NULL)
		groups->bad = MemoryContextAllocZero(groups->context,
											 GROUPS_BAD_KINDS * sizeof(BadRows));
	bad = &groups->bad[reason];
	old = &bad->example;
	order = (example->x > old->x) - (example->x < old->x);
	if (order == 0)
		order = compare_any(example->u, old->u);
	if (order == 0)
		order = compare_any(example->v, old->v);
	if (bad->count == 0 || order < 0)
		bad->example = *example;
	check_total(bad->count, count);
	bad->count += count;
}

void
groups_add_bad(RowGroups *groups, int reason, int64 x, float8 u, float8 v,
			   int64 count)
{
	RowGroup		example = {1, x, u, v};

	Assert(reason >= 0 && reason < GROUPS_BAD_KINDS);
	add_bad(groups, reason, count, &example);
}

void
groups_combine(RowGroups *groups, const RowGroups *other)
{
	for (int64 i = 0; i < other->size; i++)
	{
		const RowGroup *g = &other->table[i];

		CHECK_FOR_INTERRUPTS();
		if (g->count > 0)
			groups_add(groups, g->x, g->u, g->v, g->count);
	}
	groups_add_unused(groups, other->unused);
	for (int i = 0; other->bad != NULL && i < GROUPS_BAD_KINDS; i++)
		add_bad(groups, i, other->bad[i].count, &other->bad[i].example);
}

RowGroup *
groups_sorted(const RowGroups *groups)
{
	RowGroup	   *sorted = palloc_extended(Max(groups->ngroups, 1) * sizeof(RowGroup),
										 MCXT_ALLOC_HUGE);
	int64		n = 0;

	for (int64 i = 0; i < groups->size; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (groups->table[i].count > 0)
			sorted[n++] = groups->table[i];
	}
	sort_groups(sorted, n);
	return sorted;
}

/* ----------------------------------------------------------------
 *		Workers' states
 * ----------------------------------------------------------------
 */

/* States are packed without a word of whose they are: a number tells. */
static const FittedType *const types[] = {
	&purchase_type, &spend_type, &contract_type
};

static uint8
type_number(const FittedType *type)
{
	for (int i = 0; i < lengthof(types); i++)
		if (types[i] == type)
			return (uint8) i;
	elog(ERROR, "unknown type of models \"%s\"", type->name);
}

static void
put_group(WireWriter *w, const RowGroup *g)
{
	wire_put(w, g->count);
	wire_put_signed(w, g->x);
	wire_put_bytes(w, &g->u, sizeof(float8));
	wire_put_bytes(w, &g->v, sizeof(float8));
}

bytea *
groups_serialize(const RowGroups *groups)
{
	RowGroup	   *sorted = groups_sorted(groups);
	const uint8 head[4] = {GROUPS_VERSION, type_number(groups->type), groups->kind, groups->unit};
	WireWriter	w;

	wire_writer_init(&w, 64 + groups->ngroups * 20, GROUPS_WHAT,
					 HINT_ROUND);
	wire_put_bytes(&w, head, sizeof(head));
	wire_put(&w, groups->unused);
	wire_put(&w, groups->ngroups);
	for (int64 i = 0; i < groups->ngroups; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_group(&w, &sorted[i]);
	}
	wire_put(&w, groups->bad != NULL ? GROUPS_BAD_KINDS : 0);
	for (int i = 0; groups->bad != NULL && i < GROUPS_BAD_KINDS; i++)
	{
		wire_put(&w, groups->bad[i].count);
		put_group(&w, &groups->bad[i].example);
	}
	pfree(sorted);
	return wire_finish(&w);
}

static RowGroup
get_group(WireReader *r)
{
	RowGroup		g;

	g.count = (int64) wire_get_max(r, PG_INT64_MAX, "A count is too large.");
	g.x = wire_get_signed(r);
	memcpy(&g.u, wire_get_bytes(r, sizeof(float8)), sizeof(float8));
	memcpy(&g.v, wire_get_bytes(r, sizeof(float8)), sizeof(float8));
	return g;
}

RowGroups *
groups_deserialize(MemoryContext context, const void *bytes, Size len)
{
	WireReader	r;
	const uint8 *head;
	const FittedType *type;
	RowGroups	   *groups;
	int64		n;

	wire_reader_init(&r, bytes, len, GROUPS_WHAT);
	head = wire_get_bytes(&r, 4);
	if (head[0] != GROUPS_VERSION)
		wire_corrupt(&r, "The version is unknown.");
	type = head[1] < lengthof(types) ? types[head[1]] : NULL;
	if (type == NULL || head[2] >= type->nkinds || head[3] >= UNITS ||
		(head[3] != UNIT_NONE && !type->has_unit))
		wire_corrupt(&r, "The kind or the unit of the model is unknown.");
	groups = groups_create(context, type, head[2], head[3]);
	groups->unused = (int64) wire_get_max(&r, PG_INT64_MAX,
										  "A count is too large.");
	n = (int64) wire_get_max(&r, GROUPS_MAX, "The number of groups is too large.");
	for (int64 i = 0; i < n; i++)
	{
		RowGroup		g = get_group(&r);

		CHECK_FOR_INTERRUPTS();
		if (g.count <= 0 || !isfinite(g.u) || !isfinite(g.v))
			wire_corrupt(&r, "A group is impossible.");
		groups_add(groups, g.x, g.u, g.v, g.count);
	}
	n = (int64) wire_get_max(&r, GROUPS_BAD_KINDS, "There are too many reasons.");
	for (int i = 0; i < n; i++)
	{
		int64		count = (int64) wire_get_max(&r, PG_INT64_MAX,
												 "A count is too large.");
		RowGroup		example = get_group(&r);

		add_bad(groups, i, count, &example);
	}
	wire_get_end(&r);
	return groups;
}

void
groups_check_type(const RowGroups *groups, const FittedType *type)
{
	const WireReader r = {.what = GROUPS_WHAT};

	if (groups->type != type)
		wire_corrupt(&r, "It is the state of another aggregate.");
}

void
groups_check(const RowGroups *groups, const FittedType *type, int nproblems,
			 bool (*usable) (const RowGroup *))
{
	const WireReader r = {.what = GROUPS_WHAT};

	groups_check_type(groups, type);
	for (int i = nproblems; groups->bad != NULL && i < GROUPS_BAD_KINDS; i++)
		if (groups->bad[i].count > 0)
			wire_corrupt(&r, "A reason is unknown.");
	for (int64 i = 0; i < groups->size; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (groups->table[i].count > 0 && !usable(&groups->table[i]))
			wire_corrupt(&r, "A group is impossible.");
	}
}
