/*
 * journey/readers.c
 *		The reader of a journey in SQL: journey_edges.
 */
#include "metrics/journey/type.h"

#include "base/reader.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(retention_journey_edges);

#define OTHER "other"

/* A place at a step. */
typedef struct Stop
{
	int64		customers;		/* who came there */
	int64		left;			/* and have not moved on */
	int			name;			/* number of the place it counts for, or -1: other */
} Stop;

/* What the rows of a step are made from. */
typedef struct StepRows
{
	const char **places;
	int			nplaces;
	int			top;			/* 0: all */
	Stop	   *from;			/* by the number of the place, at the step */
	Stop	   *to;				/* at the next one */
	int		   *order;			/* of places */
	JourneyRow *rows;
	int64		n;
	int64		size;			/* allocated */
} StepRows;

static int
compare_stops(const void *a, const void *b, void *arg)
{
	const Stop *stops = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	if (stops[x].customers != stops[y].customers)
		return stops[x].customers > stops[y].customers ? -1 : 1;
	return (x > y) - (x < y);
}

/* Give the places of a step their names: the most visited keep them. */
static void
name_stops(const StepRows *s, Stop *stops)
{
	int			n = 0;

	for (int place = 0; place < s->nplaces; place++)
	{
		stops[place].name = place;
		if (stops[place].customers > 0)
			s->order[n++] = place;
	}
	if (s->top == 0 || n <= s->top)
		return;
	qsort_arg(s->order, n, sizeof(int), compare_stops, stops);
	for (int i = s->top; i < n; i++)
		stops[s->order[i]].name = -1;
}

static const char *
stop_name(const StepRows *s, const Stop *stops, int place)
{
	return stops[place].name < 0 ? OTHER : s->places[place];
}

static int
compare_times(const void *a, const void *b)
{
	int64		x = ((const FunnelTime *) a)->time;
	int64		y = ((const FunnelTime *) b)->time;

	return (x > y) - (x < y);
}

/* Times of several edges, put together: equal ones are one. */
static void
settle_times(FunnelStep *step)
{
	int64		n = 0;

	qsort(step->times, step->ntimes, sizeof(FunnelTime), compare_times);
	for (int64 i = 0; i < step->ntimes; i++)
		if (n > 0 && step->times[n - 1].time == step->times[i].time)
			step->times[n - 1].customers += step->times[i].customers;
		else
			step->times[n++] = step->times[i];
	step->ntimes = n;
}

static JourneyRow *
add_row(StepRows *s, int64 step, const char *from, const char *to)
{
	JourneyRow *row;

	if (s->n == s->size)
	{
		s->size = Max(2 * s->size, 64);
		s->rows = s->rows == NULL ?
			palloc_extended(s->size * sizeof(JourneyRow), MCXT_ALLOC_HUGE) :
			repalloc_huge(s->rows, s->size * sizeof(JourneyRow));
	}
	row = &s->rows[s->n++];
	memset(row, 0, sizeof(*row));
	row->step = step;
	row->from = from;
	row->to = to;
	return row;
}

/* By names, where ways end last. */
static int
compare_names(const void *a, const void *b)
{
	const JourneyRow *x = a;
	const JourneyRow *y = b;
	int			order = strcmp(x->from, y->from);

	if (order != 0)
		return order;
	if (x->to == NULL || y->to == NULL)
		return (x->to == NULL) - (y->to == NULL);
	return strcmp(x->to, y->to);
}

/* The most customers first. */
static int
compare_rows(const void *a, const void *b)
{
	const JourneyRow *x = a;
	const JourneyRow *y = b;

	if (x->moved.customers != y->moved.customers)
		return x->moved.customers > y->moved.customers ? -1 : 1;
	return compare_names(a, b);
}

/* Rows of one name, from "first" on, become one; then all are brought in order. */
static void
finish_step(StepRows *s, int64 first, int64 customers)
{
	int64		n = first;

	qsort(s->rows + first, s->n - first, sizeof(JourneyRow), compare_names);
	for (int64 i = first, next; i < s->n; i = next)
	{
		JourneyRow	row = s->rows[i];
		int64		times = 0;

		CHECK_FOR_INTERRUPTS();
		for (next = i; next < s->n && compare_names(&s->rows[next], &row) == 0; next++)
			times += s->rows[next].moved.ntimes;
		if (next > i + 1)
		{
			row.moved.customers = row.moved.ntimes = 0;
			row.moved.times = palloc_extended(Max(times, 1) * sizeof(FunnelTime), MCXT_ALLOC_HUGE);
			for (int64 j = i; j < next; j++)
			{
				const FunnelStep *moved = &s->rows[j].moved;

				row.moved.customers += moved->customers;
				if (moved->ntimes > 0)
					memcpy(row.moved.times + row.moved.ntimes, moved->times,
						   moved->ntimes * sizeof(FunnelTime));
				row.moved.ntimes += moved->ntimes;
			}
			settle_times(&row.moved);
		}
		row.customers = customers;
		s->rows[n++] = row;
	}
	s->n = n;
	qsort(s->rows + first, n - first, sizeof(JourneyRow), compare_rows);
}

/* Who came where by the edges of a step; returns the edge after them. */
static int64
take_stops(const StepRows *s, const Journey *journey, int64 edge, Stop *stops)
{
	int64		step = edge < journey->nedges ? journey->edges[edge].step : 0;

	memset(stops, 0, s->nplaces * sizeof(Stop));
	for (; edge < journey->nedges && journey->edges[edge].step == step; edge++)
	{
		const JourneyEdge *e = &journey->edges[edge];
		Stop	   *stop = &stops[journey_place_number(s->places, s->nplaces, e->to)];

		CHECK_FOR_INTERRUPTS();
		stop->customers += e->moved.customers;
		stop->left += e->moved.customers;
	}
	name_stops(s, stops);
	return edge;
}

/* The rows of a step: moves to the next one, and where ways end. */
static void
add_step(StepRows *s, const Journey *journey, int64 step, int64 edge, int64 end)
{
	int64		first = s->n;
	int64		customers = 0;

	for (; edge < end; edge++)
	{
		const JourneyEdge *e = &journey->edges[edge];
		int			from = journey_place_number(s->places, s->nplaces, e->from);
		int			to = journey_place_number(s->places, s->nplaces, e->to);

		CHECK_FOR_INTERRUPTS();
		add_row(s, step, stop_name(s, s->from, from),
				stop_name(s, s->to, to))->moved = e->moved;
		s->from[from].left -= e->moved.customers;
	}
	for (int place = 0; place < s->nplaces; place++)
	{
		customers += s->from[place].customers;
		if (s->from[place].left > 0)
			add_row(s, step, stop_name(s, s->from, place),
					NULL)->moved.customers = s->from[place].left;
	}
	finish_step(s, first, customers);
}

/* The rows of a journey. */
JourneyRow *
journey_rows(const Journey *journey, int top, int64 *n)
{
	StepRows	s = {.top = top};
	int64		edge;

	s.places = journey_places_of(journey, &s.nplaces);
	s.from = palloc(s.nplaces * sizeof(Stop));
	s.to = palloc(s.nplaces * sizeof(Stop));
	s.order = palloc(s.nplaces * sizeof(int));
	edge = take_stops(&s, journey, 0, s.from);
	/* what comes after the last place that is followed is not known */
	for (int64 step = 1; step < JOURNEY_STEPS; step++)
	{
		Stop	   *swap = s.from;
		int64		end = take_stops(&s, journey, edge, s.to);
		bool		last = edge == end;

		add_step(&s, journey, step, edge, end);
		edge = end;
		s.from = s.to;
		s.to = swap;
		if (last)
			break;
	}
	*n = s.n;
	return s.rows;
}

/* The number of places to name. */
int
journey_top_argument(FunctionCallInfo fcinfo, int arg)
{
	int32		top = PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT32(arg);

	if (!PG_ARGISNULL(arg) && top < 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of places out of range: %d", top),
				 errhint("Pass how many places of each step are to keep their names, the most visited; NULL for all.")));
	return top;
}

enum
{
	EDGE_STEP, EDGE_FROM, EDGE_TO, EDGE_CUSTOMERS, EDGE_SHARE, EDGE_MEDIAN
};

static const ReaderColumn edge_columns[] = {
	[EDGE_STEP] = {"step", INT4OID},
	[EDGE_FROM] = {"from_place", TEXTOID},
	[EDGE_TO] = {"to_place", TEXTOID},
	[EDGE_CUSTOMERS] = {"customers", INT8OID},
	[EDGE_SHARE] = {"share", FLOAT8OID},
	[EDGE_MEDIAN] = {"median_time", FLOAT8OID}
};

typedef struct Rows
{
	JourneyRow *rows;
	int64		n;
} Rows;

static void *
edges_begin(FunctionCallInfo fcinfo, const void *arg)
{
	Rows	   *rows = palloc(sizeof(Rows));

	rows->rows = journey_rows(PG_GETARG_JOURNEY(0),
							  journey_top_argument(fcinfo, 1), &rows->n);
	return rows;
}

static bool
edges_next(void *state, ReaderRow *row)
{
	const Rows *rows = state;
	const JourneyRow *r = &rows->rows[row->number];

	if (row->number >= rows->n)
		return false;
	row_int32(row, EDGE_STEP, r->step);
	row_text(row, EDGE_FROM, r->from);
	if (r->to != NULL)
		row_text(row, EDGE_TO, r->to);
	row_int64(row, EDGE_CUSTOMERS, r->moved.customers);
	row_rate(row, EDGE_SHARE, r->moved.customers, r->customers);
	if (r->moved.ntimes > 0)
		row_float8(row, EDGE_MEDIAN, funnel_quantile(&r->moved, 0.5));
	return true;
}

/* journey_edges(journey, top): a row for every move and every end. */
Datum
retention_journey_edges(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(edge_columns, 1, edges_begin,
											edges_next);

	return reader_rows(&reader, fcinfo, NULL);
}
