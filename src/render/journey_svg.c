/*
 * journey_svg.c
 *		A journey as SVG: places in a column for each step, as high as customers
 *		came there, and between two columns who went on to where.
 */
#include "metrics/journey/type.h"

#include "miscadmin.h"
#include "render/svg.h"

PG_FUNCTION_INFO_V1(retention_journey_svg);

#define MAX_STEPS 5				/* moves drawn; one place more */
#define MAX_TOP 8				/* places of a step, and one of the others */
#define PLACES (MAX_TOP + 1)
#define COLUMN 168.0
#define NODE_WIDTH 12.0
#define GAP 20.0
#define PLOT_HEIGHT 280.0

typedef struct JourneyNode
{
	const char *place;
	int64		customers;
	int64		ends;			/* of them */
	float8		y;
	float8		height;
	float8		out;			/* where the next ribbon begins, and ends */
	float8		in;
} JourneyNode;

typedef struct JourneyPicture
{
	const Journey *journey;		/* NULL: none */
	const JourneyRow *rows;
	int64		nrows;
	SvgLabel	label;
	JourneyNode		nodes[MAX_STEPS + 2][PLACES];
	int			nnodes[MAX_STEPS + 2];
	int64		last;			/* move drawn */
	bool		more;			/* moves after it */
	float8		scale;			/* pixels a customer */
	float8		deepest;
} JourneyPicture;

/* The place in a column, made when it is new. */
static JourneyNode *
node_of(JourneyPicture *picture, int64 column, const char *place)
{
	JourneyNode	   *nodes = picture->nodes[column];
	int		   *n = &picture->nnodes[column];

	for (int i = 0; i < *n; i++)
		if (strcmp(nodes[i].place, place) == 0)
			return &nodes[i];
	/* the last takes what is too much, which no journey has */
	if (*n == PLACES)
		return &nodes[PLACES - 1];
	nodes[*n].place = place;
	return &nodes[(*n)++];
}

static void
take_nodes(JourneyPicture *picture)
{
	for (int64 i = 0; i < picture->nrows; i++)
	{
		const JourneyRow *row = &picture->rows[i];
		JourneyNode	   *from;

		CHECK_FOR_INTERRUPTS();
		if (row->step > MAX_STEPS)
		{
			picture->more = true;
			break;
		}
		picture->last = row->step;
		from = node_of(picture, row->step - 1, row->from);
		from->customers += row->moved.customers;
		if (row->to == NULL)
			from->ends += row->moved.customers;
		else
			(void) node_of(picture, row->step, row->to);
	}
	/* of the last column nobody is seen to go on */
	for (int64 i = 0; i < picture->nrows; i++)
		if (picture->rows[i].step == picture->last && picture->rows[i].to != NULL)
			node_of(picture, picture->last, picture->rows[i].to)->customers +=
				picture->rows[i].moved.customers;
}

/* One below the other, those of a column from the top. */
static void
place_nodes(JourneyPicture *picture)
{
	picture->scale = PLOT_HEIGHT / (float8) Max(picture->rows[0].customers, 1);
	picture->deepest = 0;
	for (int column = 0; column < MAX_STEPS + 2; column++)
	{
		float8		y = SVG_TOP + 24;

		for (int i = 0; i < picture->nnodes[column]; i++)
		{
			JourneyNode	   *node = &picture->nodes[column][i];

			node->y = node->out = node->in = y;
			node->height = Max((float8) node->customers * picture->scale, 1);
			y += node->height + GAP;
		}
		picture->deepest = Max(picture->deepest, y);
	}
}

static float8
column_x(int64 column)
{
	return SVG_MARGIN + (float8) column * COLUMN;
}

static void
put_place(StringInfo out, const char *place)
{
	svg_put_name(out, svg_label_words(place), 110, 12);
}

static void
draw_ribbon(Svg *svg, JourneyPicture *picture, const JourneyRow *row)
{
	JourneyNode	   *from = node_of(picture, row->step - 1, row->from);
	JourneyNode	   *to = node_of(picture, row->step, row->to);
	float8		height = (float8) row->moved.customers * picture->scale;
	float8		x = column_x(row->step - 1) + NODE_WIDTH;
	float8		end = column_x(row->step);
	float8		middle = (x + end) / 2;
	StringInfoData words;

	svg_draw(svg, "<path class=\"n\" d=\"M% %C% % % % % %v%C% % % % % %z\"><title>",
			 x, from->out, middle, from->out, middle, to->in, end, to->in, height,
			 middle, to->in + height, middle, from->out + height, x, from->out + height);
	from->out += height;
	to->in += height;
	initStringInfo(&words);
	if (svg->brief == 0)
	{
		appendStringInfo(&words, "step %lld, ", (long long) row->step);
		put_place(&words, row->from);
		appendStringInfoString(&words, " to ");
		put_place(&words, row->to);
		appendStringInfoString(&words, ": ");
	}
	svg_put_count(&words, row->moved.customers);
	appendStringInfoString(&words, " of ");
	svg_put_counted(&words, row->customers, "customer");
	svg_put(svg, words.data);
	svg_put(svg, "</title></path>");
}

static void
draw_node(Svg *svg, const JourneyPicture *picture, int column, const JourneyNode *node)
{
	StringInfoData words;

	initStringInfo(&words);
	if (svg->brief < SVG_BRIEFEST)
	{
		put_place(&words, node->place);
		appendStringInfoString(&words, ": ");
	}
	svg_put_counted(&words, node->customers, "customer");
	if (column < picture->last)
	{
		appendStringInfoString(&words, ", of whom ");
		svg_put_count(&words, node->ends);
		appendStringInfoString(&words, " end there");
	}
	svg_draw(svg, "<path class=\"u\" d=\"M% %h%v%h-%z\"><title>", column_x(column),
			 node->y, NODE_WIDTH, node->height, NODE_WIDTH);
	svg_put(svg, words.data);
	svg_put(svg, "</title></path>");
	resetStringInfo(&words);
	put_place(&words, node->place);
	appendStringInfoChar(&words, ' ');
	svg_put_short(&words, (float8) node->customers);
	svg_text(svg, "x", column_x(column) + NODE_WIDTH + 6, node->y + node->height / 2 + 4,
			 words.data);
}

static void
draw_ways(Svg *svg, JourneyPicture *picture)
{
	svg_put(svg, "<g class=\"s0\">");
	for (int64 i = 0; i < picture->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (picture->rows[i].step <= picture->last && picture->rows[i].to != NULL)
			draw_ribbon(svg, picture, &picture->rows[i]);
	}
	svg_put(svg, "</g>");
	for (int column = 0; column <= picture->last; column++)
	{
		if (picture->nnodes[column] == 0)
			break;
		svg_text(svg, "d", column_x(column), SVG_TOP + 10, psprintf("place %d", column + 1));
		for (int i = 0; i < picture->nnodes[column]; i++)
			draw_node(svg, picture, column, &picture->nodes[column][i]);
		svg->width = Max(560, column_x(column + 1) + SVG_MARGIN);
	}
	svg->height = picture->deepest + 4;
	if (picture->more)
	{
		svg_text(svg, "d", SVG_MARGIN, svg->height + 4,
				 psprintf("left out: what comes after place %lld", (long long) picture->last + 1));
		svg->height += 18;
	}
}

static void
draw_journey(Svg *svg, const void *arg)
{
	/* ribbons move on where the next begins */
	JourneyPicture *picture = (JourneyPicture *) arg;

	appendStringInfoString(&svg->title, "Journeys");
	svg_title_label(svg, picture->label);
	if (picture->journey == NULL)
	{
		svg_say(svg, "No data: there is no journey");
		return;
	}
	appendStringInfo(&svg->under, "where customers go from place to place, until a silence of more than %s",
					 funnel_within_words(&picture->journey->within));
	svg_put_counted(&svg->desc, picture->rows[0].customers, "customer");
	appendStringInfo(&svg->desc, ": %s.", svg->under.data);
	place_nodes(picture);
	draw_ways(svg, picture);
}

/* journey_svg(journey, top, label) */
Datum
retention_journey_svg(PG_FUNCTION_ARGS)
{
	JourneyPicture *picture = palloc0(sizeof(JourneyPicture));
	int			top = journey_top_argument(fcinfo, 1);

	picture->label = svg_label_argument(fcinfo, 2);
	if (!PG_ARGISNULL(0))
	{
		picture->journey = PG_GETARG_JOURNEY(0);
		picture->rows = journey_rows(picture->journey, top == 0 ? MAX_TOP : Min(top, MAX_TOP),
									 &picture->nrows);
		take_nodes(picture);
	}
	return svg_picture(draw_journey, picture);
}
