/*
 * customer_movements_text.c
 *		The text form of customer_movements.
 *
 * One canonical JSON object (here broken into lines), an array for each column:
 *
 *	{"grain": "month", "zone": "Europe/Paris", "last": "2024-02-01",
 *	 "money": true, "levels": false,
 *	 "period": ["2024-01-01","2024-02-01","2024-03-01"],
 *	 "new_customers": [1,0,0], "reactivated_customers": [0,0,0],
 *	 "expanded_customers": [0,0,0], "contracted_customers": [0,1,0],
 *	 "churned_customers": [0,0,1], "orders": [1,2,0],
 *	 "new_revenue": [40,0,0], "reactivated_revenue": [0,0,0],
 *	 "expansion_revenue": [0,0,0], "contraction_revenue": [0,-5,0],
 *	 "churned_revenue": [0,0,-35], "positive_change": [40,-5,-35],
 *	 "kept_change": [0,-5,-35], "lost_change": [0,-5,-35]}
 *
 * "orders" is there unless levels, the amounts with money only.  The last
 * three are the sums that nrr and grr need, see MovementMoney.
 */
#include "metrics/customer_movements.h"

#include "base/json_object.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"

typedef enum MovementKey
{
	KEY_GRAIN, KEY_ZONE, KEY_LAST, KEY_MONEY, KEY_LEVELS, KEY_PERIOD,
	KEY_COUNTS,					/* MOVEMENT_COUNTS of them */
	KEY_ORDERS = KEY_COUNTS + COUNT_ORDERS,
	KEY_MONEYS = KEY_COUNTS + MOVEMENT_COUNTS,	/* MOVEMENT_MONEYS of them */
	MOVEMENT_KEYS = KEY_MONEYS + MOVEMENT_MONEYS
} MovementKey;

static const char *const keys[MOVEMENT_KEYS] = {
	"grain", "zone", "last", "money", "levels", "period",
	"new_customers", "reactivated_customers", "expanded_customers",
	"contracted_customers", "churned_customers", "orders",
	"new_revenue", "reactivated_revenue", "expansion_revenue",
	"contraction_revenue", "churned_revenue", "positive_change",
	"kept_change", "lost_change"
};

#define HINT_WHOLE \
	"The text of customer_movements is what its output writes; make it with the aggregate customer_movements(customer, at, grain)."

/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

static void
put_periods(StringInfo out, const Movements *m, const Calendar *cal)
{
	appendStringInfoString(out, ", \"period\": [");
	for (int i = 0; i < m->ncells; i++)
	{
		char	   *date = date_text(calendar_period_start(cal, m->cells[i].period));

		CHECK_FOR_INTERRUPTS();
		appendStringInfo(out, i > 0 ? ",\"%s\"" : "\"%s\"", date);
		pfree(date);
	}
	appendStringInfoChar(out, ']');
}

static void
put_column(StringInfo out, const Movements *m, int key)
{
	appendStringInfo(out, ", \"%s\": [", keys[key]);
	for (int i = 0; i < m->ncells; i++)
	{
		const MovementCell *cell = &m->cells[i];
		char	   *number;

		CHECK_FOR_INTERRUPTS();
		number = key < KEY_MONEYS ?
			psprintf(INT64_FORMAT, cell->counts[key - KEY_COUNTS]) :
			money_to_cstring(cell->money[key - KEY_MONEYS]);
		appendStringInfo(out, i > 0 ? ",%s" : "%s", number);
		pfree(number);
	}
	appendStringInfoChar(out, ']');
}

/* Is a key there in this kind of movements? */
static bool
key_belongs(const Movements *m, int key)
{
	if (key == KEY_ORDERS)
		return movements_has_orders(m);
	return key < KEY_MONEYS || movements_has_money(m);
}

/* Canonical text, palloc'd. */
char *
movements_to_cstring(const Movements *m)
{
	Calendar   *cal = movements_calendar(m);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"grain\": ");
	escape_json(&out, grain_to_cstring(m->head.grain));
	appendStringInfoString(&out, ", \"zone\": ");
	escape_json(&out, m->head.zone);
	appendStringInfo(&out, ", \"last\": \"%s\", \"money\": %s, \"levels\": %s",
					 date_text(calendar_period_start(cal, m->head.last)),
					 movements_has_money(m) ? "true" : "false",
					 movements_has_orders(m) ? "false" : "true");
	put_periods(&out, m, cal);
	for (int key = KEY_COUNTS; key < MOVEMENT_KEYS; key++)
		if (key_belongs(m, key))
			put_column(&out, m, key);
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

typedef struct MovementParse
{
	JsonObject	object;
	Movements  *movements;
	char	   *grain;
	DateADT		last;
	JsonColumn	columns[MOVEMENT_KEYS]; /* from KEY_PERIOD on */
} MovementParse;

static void
problem(MovementParse *p, const char *detail, const char *hint)
{
	json_object_problem(&p->object, detail, hint);
}

/* An element of the column of the key at hand. */
static void
take_element(JsonObject *object, const char *token, JsonTokenType type)
{
	int			key = object->key;
	JsonColumn *column = &((MovementParse *) object)->columns[key];

	(key == KEY_PERIOD ? json_take_day : key < KEY_MONEYS ? json_take_count :
	 json_take_amount) (&object->problem, keys[key], token, type, column);
}

static void
take_scalar(JsonObject *object, char *token, JsonTokenType type)
{
	MovementParse *p = (MovementParse *) object;
	const char *name = keys[object->key];
	MetricHead *head = &p->movements->head;

	switch (object->key)
	{
		case KEY_LAST:
			json_take_date(&object->problem, name, token, type, &p->last);
			break;
		case KEY_MONEY:
			json_take_flag(&object->problem, name, type, MOVEMENTS_MONEY,
						   &head->flags, HINT_WHOLE);
			break;
		case KEY_LEVELS:
			json_take_flag(&object->problem, name, type, MOVEMENTS_LEVELS,
						   &head->flags, HINT_WHOLE);
			break;
		default:
			if (type != JSON_TOKEN_STRING)
				problem(p, psprintf("The value of \"%s\" is not a string.", name),
						HINT_WHOLE);
			else if (object->key == KEY_GRAIN)
				p->grain = token;
			else
				head->zone = json_take_zone(&object->problem, token);
			break;
	}
}

/* Does a key belong to this kind of movements? */
static bool
parsed_key_belongs(const JsonObject *object, int key)
{
	return key_belongs(((const MovementParse *) object)->movements, key);
}

static const JsonObjectShape shape = {
	parsed_key_belongs, "movements",
	"\"orders\" is there when \"levels\" is false, amounts when \"money\" is true.",
	"All arrays have one element for each day listed in \"period\"."
};

/* The columns become cells. */
static void
take_cells(MovementParse *p)
{
	Movements  *m = p->movements;
	int64		n = p->columns[KEY_PERIOD].n;
	Calendar   *cal;

	if (!grain_is_calendar(m->head.grain))
	{
		problem(p, "Movements go with a plain calendar grain only.", HINT_WHOLE);
		return;
	}
	cal = movements_calendar(m);
	m->head.last = metric_json_period(&p->object.problem, cal, p->last);
	m->ncells = (int32) n;
	m->cells = palloc_extended(Max(n, 1) * sizeof(MovementCell),
							   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < n && p->object.problem.detail == NULL; i++)
	{
		MovementCell *cell = &m->cells[i];

		CHECK_FOR_INTERRUPTS();
		cell->period = metric_json_period(&p->object.problem, cal,
										  (DateADT) p->columns[KEY_PERIOD].values[i]);
		for (int j = 0; j < MOVEMENT_COUNTS; j++)
			if (key_belongs(m, KEY_COUNTS + j))
				cell->counts[j] = (int64) p->columns[KEY_COUNTS + j].values[i];
		for (int j = 0; j < MOVEMENT_MONEYS && movements_has_money(m); j++)
			cell->money[j] = p->columns[KEY_MONEYS + j].values[i];
	}
	if (p->object.problem.detail == NULL)
	{
		const char *detail = movements_problem(m);

		if (detail != NULL)
			problem(p, detail, HINT_WHOLE);
	}
}

/*
 * Reads the text of movements.  Keys may come in any order, everything else is
 * as the output writes it.  Errors (22P02) as input_error() on escape, and then
 * NULL.
 */
Movements *
movements_parse(const char *text, Node *escape)
{
	MovementParse p = {
		{keys, MOVEMENT_KEYS, KEY_PERIOD, HINT_WHOLE, take_scalar, take_element}
	};

	p.movements = palloc0(sizeof(Movements));
	p.movements->head.zone = "";
	json_object_read(&p.object, text);
	json_object_check(&p.object, &shape);
	if (p.object.problem.detail == NULL)
	{
		p.movements->head.grain = grain_parse(p.grain, escape);
		if (p.movements->head.grain == NULL)
			return NULL;		/* a soft error was recorded */
		take_cells(&p);
	}
	if (p.object.problem.detail != NULL)
	{
		json_report(escape, "customer_movements", &p.object.problem);
		return NULL;
	}
	return p.movements;
}
