/*
 * signals/rows.c
 *		The traits of signals, told as comparisons of those who have one with
 *		those who have not.
 *
 * A number is compared by thresholds: every value but the least, where there
 * are SIGNAL_VALUES different ones at most; else as many quantiles of those
 * above the least, of n of them the ones at the places floor(k n / 20) + 1 for k
 * from 0 to 19.  So the first threshold is always the least value above the
 * least, for a count the one of "at all", however rare it is.
 */
#include "metrics/signals/rows.h"

#include <math.h>

#include "miscadmin.h"

/* The rows being made. */
typedef struct Maker
{
	SignalRow  *rows;
	int64		n;
	int64		size;
} Maker;

/* What is left of those whose trait is known. */
static SignalCount
known(const Signals *signals, const SignalTrait *trait)
{
	return (SignalCount) {
		signals->customers - trait->unknown,
		signals->outcomes - trait->unknown_outcomes
	};
}

/* Those who lack the name. */
static SignalCount
lacking(const Signals *signals, const SignalTrait *trait)
{
	SignalCount left = known(signals, trait);

	for (int64 i = 0; i < trait->nvalues; i++)
	{
		left.customers -= trait->values[i].customers;
		left.outcomes -= trait->values[i].outcomes;
	}
	return left;
}

/*
 * phi = (ad - bc) / sqrt((a+b)(c+d)(a+c)(b+d)), and the chi-square of the table
 * without a correction of continuity, n phi^2, which is the square of the z of
 * two shares with a pooled variance.
 */
static void
test_row(SignalRow *row)
{
	int64		a = row->with.outcomes;
	int64		b = row->with.customers - a;
	int64		c = row->without.outcomes;
	int64		d = row->without.customers - c;
	float8		all = (float8) row->with.customers + (float8) row->without.customers;

	row->tested = (a > 0 || c > 0) && (b > 0 || d > 0);
	if (!row->tested)
		return;
	row->phi = (float8) ((int128) a * d - (int128) b * c) /
		(sqrt((float8) row->with.customers * (float8) row->without.customers) *
		 sqrt(((float8) a + (float8) c) * ((float8) b + (float8) d)));
	row->chi_square = all * row->phi * row->phi;
	row->p_value = erfc(fabs(row->phi) * sqrt(all / 2));
}

/* A row, unless there is nobody to be compared. */
static void
make_row(Maker *maker, SignalRow row, SignalCount with, SignalCount all)
{
	if (with.customers == 0 || with.customers == all.customers)
		return;
	if (maker->n == maker->size)
	{
		maker->size = Max(maker->size * 2, 64);
		maker->rows = maker->rows == NULL ?
			palloc(maker->size * sizeof(SignalRow)) :
			repalloc(maker->rows, maker->size * sizeof(SignalRow));
	}
	row.with = with;
	row.without = (SignalCount) {
		all.customers - with.customers, all.outcomes - with.outcomes
	};
	row.number = maker->n;
	test_row(&row);
	maker->rows[maker->n++] = row;
}

/* ----------------------------------------------------------------
 *		Numbers
 * ----------------------------------------------------------------
 */

/* Some with one number, or all between two of the grid. */
typedef struct Step
{
	float8		number;
	SignalCount count;
} Step;

/* The values of numbers, those who lack it at 0; returns how many. */
static int
take_steps(const Signals *signals, const SignalTrait *trait, Step *steps)
{
	SignalCount zero = lacking(signals, trait);
	int			n = (int) trait->nvalues;
	int			at = n;

	for (int i = 0; i < n; i++)
	{
		const SignalValue *v = &trait->values[i];

		steps[i] = (Step) {strtod(v->value, NULL), {v->customers, v->outcomes}};
		if (steps[i].number >= 0 && at == n)
			at = i;
	}
	if (zero.customers == 0)
		return n;
	if (at < n && steps[at].number == 0)
	{
		steps[at].count.customers += zero.customers;
		steps[at].count.outcomes += zero.outcomes;
		return n;
	}
	memmove(&steps[at + 1], &steps[at], (n - at) * sizeof(Step));
	steps[at] = (Step) {0, zero};
	return n + 1;
}

static void
number_rows(Maker *maker, const Signals *signals, const SignalTrait *trait,
			const SignalRow *row)
{
	Step		steps[SIGNALS_NUMBERS + 1] = {0};
	SignalCount all = known(signals, trait);
	SignalCount before = {0, 0};
	int64		above;
	int			next = 0;		/* quantile */
	int			n = take_steps(signals, trait, steps);

	above = all.customers - steps[0].count.customers;
	for (int i = 0; i < n; i++)
	{
		SignalRow	one = *row;
		int64		rank = before.customers - steps[0].count.customers;

		/* those up to this one have passed so many places of quantiles */
		if (i > 0 && (n <= SIGNAL_VALUES ||
					  (int64) ((int128) above * next / SIGNAL_VALUES) <
					  rank + steps[i].count.customers))
		{
			one.threshold = true;
			one.at_least = steps[i].number;
			make_row(maker, one, (SignalCount)
					 {
						 all.customers - before.customers,
						 all.outcomes - before.outcomes
					 }, all);
			while (next < SIGNAL_VALUES &&
				   (int64) ((int128) above * next / SIGNAL_VALUES) <
				   rank + steps[i].count.customers)
				next++;
			if (next == SIGNAL_VALUES && n > SIGNAL_VALUES)
				break;
		}
		before.customers += steps[i].count.customers;
		before.outcomes += steps[i].count.outcomes;
	}
}

/* ----------------------------------------------------------------
 *		Booleans and texts
 * ----------------------------------------------------------------
 */

static void
boolean_row(Maker *maker, const Signals *signals, const SignalTrait *trait,
			const SignalRow *row)
{
	const SignalValue *last = &trait->values[trait->nvalues - 1];
	SignalRow	one = *row;

	one.level = "true";
	if (strcmp(last->value, one.level) == 0)
		make_row(maker, one, (SignalCount) {last->customers, last->outcomes},
				 known(signals, trait));
}

typedef struct Level
{
	const char *level;			/* NULL: they lack it */
	SignalCount count;
} Level;

/* More customers first, then by bytes, those who lack it last. */
static int
compare_levels(const void *a, const void *b)
{
	const Level *x = a;
	const Level *y = b;

	if (x->count.customers != y->count.customers)
		return x->count.customers > y->count.customers ? -1 : 1;
	if (x->level == NULL || y->level == NULL)
		return (x->level == NULL) - (y->level == NULL);
	return strcmp(x->level, y->level);
}

static void
level_rows(Maker *maker, const Signals *signals, const SignalTrait *trait,
		   const SignalRow *row)
{
	SignalCount all = known(signals, trait);
	SignalCount rest = all;
	Level	   *levels = palloc((trait->nvalues + 1) * sizeof(Level));
	SignalCount lack = lacking(signals, trait);
	bool		other = trait->nvalues + (lack.customers > 0) > SIGNAL_LEVELS;
	SignalRow	one = *row;
	int			n = 0;

	for (int64 i = 0; i < trait->nvalues; i++)
	{
		const SignalValue *v = &trait->values[i];

		if (!other || strcmp(v->value, SIGNAL_OTHER) != 0)
			levels[n++] = (Level) {v->value, {v->customers, v->outcomes}};
	}
	if (lack.customers > 0)
		levels[n++] = (Level) {NULL, lack};
	if (other)
		qsort(levels, n, sizeof(Level), compare_levels);
	for (int i = 0; i < Min(n, SIGNAL_LEVELS); i++)
	{
		one.level = levels[i].level;
		make_row(maker, one, levels[i].count, all);
		rest.customers -= levels[i].count.customers;
		rest.outcomes -= levels[i].count.outcomes;
	}
	if (other)
	{
		one.level = SIGNAL_OTHER;
		make_row(maker, one, rest, all);
	}
	pfree(levels);
}

/* ----------------------------------------------------------------
 *		All of them
 * ----------------------------------------------------------------
 */

/* The least likely by chance first; what cannot be tested last. */
static int
compare_rows(const void *a, const void *b)
{
	const SignalRow *x = a;
	const SignalRow *y = b;

	if (x->tested != y->tested)
		return x->tested ? -1 : 1;
	if (x->tested && x->chi_square != y->chi_square)
		return x->chi_square > y->chi_square ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/*
 * S. Holm, "A simple sequentially rejective multiple test procedure",
 * Scandinavian Journal of Statistics 6, 1979, 65-70: of m p values ascending
 * the i-th times m - i + 1, no less than those before it, 1 at most.
 */
static void
adjust(SignalRow *rows, int64 n)
{
	int64		tested = 0;
	float8		before = 0;

	while (tested < n && rows[tested].tested)
		tested++;
	for (int64 i = 0; i < tested; i++)
	{
		before = Min(Max(before, (float8) (tested - i) * rows[i].p_value), 1);
		rows[i].adjusted = before;
	}
}

SignalRow *
signal_rows(const Signals *signals, int64 *n)
{
	Maker		maker = {0};

	for (int64 i = 0; i < signals->ntraits; i++)
	{
		const SignalTrait *trait = &signals->traits[i];
		SignalRow	row = {.covariate = trait->name};

		CHECK_FOR_INTERRUPTS();
		switch ((CovariateKind) covariate_kind(trait->kind))
		{
			case COVARIATE_NUMBER:
				number_rows(&maker, signals, trait, &row);
				break;
			case COVARIATE_BOOLEAN:
				boolean_row(&maker, signals, trait, &row);
				break;
			case COVARIATE_TEXT:
				level_rows(&maker, signals, trait, &row);
				break;
			case COVARIATE_NULL:
				break;
		}
	}
	if (maker.n > 0)
		qsort(maker.rows, maker.n, sizeof(SignalRow), compare_rows);
	adjust(maker.rows, maker.n);
	*n = maker.n;
	return maker.rows;
}
