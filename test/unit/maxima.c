/*
 * maxima.c
 *		The highest log-likelihood that another optimizer finds, for the tests.
 *
 *	maxima STARTS SEED < sets
 *
 * A set is a line "KIND N" and N lines "x tx age count" of customers, or, for
 * the kinds of contracts, "periods churned 0 count".  For each set one line is
 * written, the log-likelihood and the parameters.
 *
 * Nothing is shared with the library: likelihoods are products over purchases
 * instead of sums with hypergeometric or incomplete integrals, the integral of
 * Pareto/NBD goes by double exponential quadrature (Takahasi and Mori 1974),
 * gradients are differences, and each of the random starts is followed by a
 * quasi-Newton search; the best five then by simplexes (Nelder and Mead 1965),
 * begun anew until nothing is gained.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARAMETERS 4
#define NODES 48				/* on either side */
#define STEP 0.085
#define FAR 46.0				/* of a logarithm: no further */
#define FAR_POWER 4.0			/* of that of bdw's c */

typedef struct Row
{
	double		x;
	double		tx;
	double		age;
	double		count;
} Row;

enum
{
	BG, MBG, PARETO, SBG, BDW, KINDS
};

static const char *const kinds[KINDS] = {"bg/nbd", "mbg/nbd", "pareto/nbd", "sbg", "bdw"};
static const int nparameters[KINDS] = {4, 4, 4, 2, 3};

static Row *rows;
static int	nrows;
static int	kind;
static double scale;			/* mean age */
static double node[2 * NODES + 1];	/* of (0, 1), as a distance from 0 */
static double weight[2 * NODES + 1];

static void
make_nodes(void)
{
	for (int i = -NODES; i <= NODES; i++)
	{
		double		t = STEP * i;
		double		s = M_PI / 2 * sinh(t);

		/* (1 + tanh s) / 2, its digits kept near 0 */
		node[i + NODES] = 1 / (1 + exp(-2 * s));
		weight[i + NODES] = fmax(STEP * M_PI / 2 * cosh(t) / (2 * cosh(s) * cosh(s)), 1e-300);
	}
}

static double
log_sum(double a, double b)
{
	double		high = a > b ? a : b;

	return high + log(exp(a - high) + exp(b - high));
}

/* log of the rate of x purchases by time y and no more, without x!. */
static double
log_purchases(double r, double alpha, double x, double y)
{
	double		sum = -r * log1p(y / alpha) - x * log(alpha + y);

	for (int j = 0; j < x; j++)
		sum += log(r + j);
	return sum;
}

/* log of the product of (b + j) / (a + b + j) over j < n. */
static double
log_stays(double a, double b, int n)
{
	double		sum = 0;

	for (int j = 0; j < n; j++)
		sum -= log1p(a / (b + j));
	return sum;
}

static double
pareto_row(const Row *row, double r, double alpha, double s, double beta)
{
	double		m = alpha < beta ? alpha : beta;
	double		width = log1p((row->age - row->tx) / (m + row->tx));
	double		alive = -s * log1p(row->age / beta) - r * log1p(row->age / alpha) - row->x * log(alpha + row->age);
	double		gone = -1e300;
	double		log_value[2 * NODES + 1];
	double		sum = 0;
	double		all = 0;

	for (int j = 0; j < row->x; j++)
		all += log(r + j);
	if (width <= 0)
		return all + alive;
	for (int i = 0; i <= 2 * NODES; i++)
	{
		double		y = row->tx + (m + row->tx) * expm1(width * node[i]);

		log_value[i] = log(s * weight[i] * width * (m + y) / (beta + y)) - s * log1p(y / beta) -
			r * log1p(y / alpha) - row->x * log(alpha + y);
		gone = gone > log_value[i] ? gone : log_value[i];
	}
	for (int i = 0; i <= 2 * NODES; i++)
		sum += exp(log_value[i] - gone);
	return all + log_sum(alive, gone + log(sum));
}

/* log(Gamma(z + a) / Gamma(z)); far out by Stirling's series, else a difference. */
static double
log_gamma_ratio(double z, double a)
{
	if (z > 1e6 + 1e3 * a)
		return (z - 0.5) * log1p(a / z) - a + a * log(z + a) + (1 / (z + a) - 1 / z) / 12;
	return lgammal((long double) z + a) - lgammal(z);
}

/* log S(t) of a contract. */
static double
log_stay(double a, double b, double c, double t)
{
	double		u;

	if (t == 0)
		return 0;
	if (c == 1)
		return log_stays(a, b, (int) t);

	/* of two ratios that say the same the one with the smaller step: its digits stay */
	u = pow(t, c);
	if (u < a)
		return log_gamma_ratio(b, u) - log_gamma_ratio(a + b, u);
	return log_gamma_ratio(b, a) - log_gamma_ratio(b + u, a);
}

static double
row_value(const Row *row, const double *p)
{
	double		first;

	switch (kind)
	{
		case BG:
			first = log_stays(p[2], p[3], row->x) + log_purchases(p[0], p[1], row->x, row->age);
			if (row->x == 0)
				return first;
			return log_sum(first, log_stays(p[2], p[3], row->x - 1) + log(p[2] / (p[2] + p[3] + row->x - 1)) +
						   log_purchases(p[0], p[1], row->x, row->tx));
		case MBG:
			return log_sum(log_stays(p[2], p[3], row->x + 1) + log_purchases(p[0], p[1], row->x, row->age),
						   log_stays(p[2], p[3], row->x) + log(p[2] / (p[2] + p[3] + row->x)) +
						   log_purchases(p[0], p[1], row->x, row->tx));
		case PARETO:
			return pareto_row(row, p[0], p[1], p[2], p[3]);
		default:
			{
				double		c = kind == BDW ? p[2] : 1;
				double		before = log_stay(p[0], p[1], c, row->x - (row->tx > 0));

				if (row->tx == 0)
					return before;
				return before + log(fmax(-expm1(log_stay(p[0], p[1], c, row->x) - before), 1e-300));
			}
	}
}

static long evaluations;

/* At logarithms of parameters, times in units of scale; lower is better. */
static double
value(const double *at)
{
	double		p[MAX_PARAMETERS];
	double		sum = 0;
	double		lost = 0;

	evaluations++;
	for (int i = 0; i < nparameters[kind]; i++)
	{
		if (!(fabs(at[i]) < (kind == BDW && i == 2 ? FAR_POWER : FAR)))
			return 1e100;
		p[i] = exp(at[i]);
	}
	if (kind <= PARETO)
		p[1] *= scale;
	if (kind == PARETO)
		p[3] *= scale;
	for (int i = 0; i < nrows; i++)
	{
		double		term = -rows[i].count * row_value(&rows[i], p);
		double		next = sum + term;

		lost += fabs(sum) >= fabs(term) ? (sum - next) + term : (term - next) + sum;
		sum = next;
	}
	sum += lost;
	return fabs(sum) < 1e100 ? sum : 1e100;
}

static void
gradient(const double *at, double *g)
{
	int			n = nparameters[kind];
	double		p[MAX_PARAMETERS];

	memcpy(p, at, n * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		double		high;

		p[i] = at[i] + 1e-5;
		high = value(p);
		p[i] = at[i] - 1e-5;
		g[i] = (high - value(p)) / 2e-5;
		p[i] = at[i];
	}
}

static double
dot(int n, const double *a, const double *b)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Broyden, Fletcher, Goldfarb and Shanno, with halving. */
static double
search(double *at)
{
	int			n = nparameters[kind];
	double		h[MAX_PARAMETERS][MAX_PARAMETERS] = {{0}};
	double		g[MAX_PARAMETERS];
	double		best = value(at);

	if (best >= 1e100)
		return best;
	gradient(at, g);
	for (int i = 0; i < n; i++)
		h[i][i] = 1 / (1 + sqrt(dot(n, g, g)));
	for (int round = 0; round < 80; round++)
	{
		double		d[MAX_PARAMETERS];
		double		next[MAX_PARAMETERS];
		double		g_next[MAX_PARAMETERS];
		double		s[MAX_PARAMETERS];
		double		y[MAX_PARAMETERS];
		double		hy[MAX_PARAMETERS];
		double		most = 0;
		double		part = 1;
		double		found = best;
		double		sy;
		double		yhy;

		for (int i = 0; i < n; i++)
			d[i] = -dot(n, h[i], g);
		for (int i = 0; i < n; i++)
			most = fmax(most, fabs(d[i]));
		if (most > 2)
			part = 2 / most;
		for (int halvings = 0; halvings < 30; halvings++, part /= 2)
		{
			for (int i = 0; i < n; i++)
				next[i] = at[i] + part * d[i];
			found = value(next);
			if (found < best)
				break;
		}
		if (!(found < best))
			break;
		gradient(next, g_next);
		for (int i = 0; i < n; i++)
		{
			s[i] = next[i] - at[i];
			y[i] = g_next[i] - g[i];
		}
		memcpy(at, next, n * sizeof(double));
		memcpy(g, g_next, n * sizeof(double));
		if (best - found < 1e-9 * (1 + fabs(found)) * 1e-3)
		{
			best = found;
			break;
		}
		best = found;
		sy = dot(n, s, y);
		if (!(sy > 1e-14))
			continue;
		for (int i = 0; i < n; i++)
			hy[i] = dot(n, h[i], y);
		yhy = dot(n, y, hy);
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				h[i][j] += (1 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy;
	}
	return best;
}

/* A simplex of some size around a point, until it is small. */
static double
simplex(double *at, double size)
{
	int			n = nparameters[kind];
	double		p[MAX_PARAMETERS + 1][MAX_PARAMETERS];
	double		f[MAX_PARAMETERS + 1];

	for (int i = 0; i <= n; i++)
	{
		memcpy(p[i], at, n * sizeof(double));
		if (i > 0)
			p[i][i - 1] += size;
		f[i] = value(p[i]);
	}
	for (int round = 0; round < 600; round++)
	{
		int			low = 0;
		int			high = 0;
		double		next_high = -1e300;
		double		middle[MAX_PARAMETERS] = {0};
		double		tried[MAX_PARAMETERS];
		double		again[MAX_PARAMETERS];
		double		found;

		for (int i = 1; i <= n; i++)
		{
			if (f[i] < f[low])
				low = i;
			if (f[i] > f[high])
				high = i;
		}
		for (int i = 0; i <= n; i++)
			if (i != high)
			{
				next_high = fmax(next_high, f[i]);
				for (int k = 0; k < n; k++)
					middle[k] += p[i][k] / n;
			}
		if (f[high] - f[low] < 1e-10)
			break;
		for (int k = 0; k < n; k++)
			tried[k] = 2 * middle[k] - p[high][k];
		found = value(tried);
		if (found < f[low])
		{
			double		further;

			for (int k = 0; k < n; k++)
				again[k] = 3 * middle[k] - 2 * p[high][k];
			further = value(again);
			memcpy(p[high], further < found ? again : tried, n * sizeof(double));
			f[high] = fmin(further, found);
		}
		else if (found < next_high)
		{
			memcpy(p[high], tried, n * sizeof(double));
			f[high] = found;
		}
		else
		{
			int			from_tried = found < f[high];

			for (int k = 0; k < n; k++)
				again[k] = (middle[k] + (from_tried ? tried[k] : p[high][k])) / 2;
			found = value(again);
			if (found < f[high])
			{
				memcpy(p[high], again, n * sizeof(double));
				f[high] = found;
			}
			else
				for (int i = 0; i <= n; i++)
				{
					if (i == low)
						continue;
					for (int k = 0; k < n; k++)
						p[i][k] = (p[i][k] + p[low][k]) / 2;
					f[i] = value(p[i]);
				}
		}
	}
	for (int i = 1; i <= n; i++)
		if (f[i] < f[0])
		{
			f[0] = f[i];
			memcpy(p[0], p[i], n * sizeof(double));
		}
	memcpy(at, p[0], n * sizeof(double));
	return f[0];
}

static unsigned long long state;

static double
uniform(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (double) (state >> 11) / 9007199254740992.0;
}

typedef struct End
{
	double		value;
	double		at[MAX_PARAMETERS];
} End;

static int
compare_ends(const void *a, const void *b)
{
	double		x = ((const End *) a)->value;
	double		y = ((const End *) b)->value;

	return (x > y) - (x < y);
}

static End
best_of(int starts)
{
	End		   *ends = calloc(starts, sizeof(End));
	End			best;

	for (int i = 0; i < starts; i++)
	{
		for (int k = 0; k < nparameters[kind]; k++)
			ends[i].at[k] = kind == BDW && k == 2 ? 2 * uniform() - 1 : 12 * uniform() - 6;
		ends[i].value = search(ends[i].at);
	}
	qsort(ends, starts, sizeof(End), compare_ends);
	for (int i = 0; i < starts && i < 5; i++)
	{
		double		before = ends[i].value;

		for (int round = 0; round < 20; round++)
		{
			ends[i].value = simplex(ends[i].at, round % 3 == 2 ? 2 : 0.3);
			if (round >= 3 && before - ends[i].value < 1e-8)
				break;
			before = ends[i].value;
		}
	}
	qsort(ends, starts, sizeof(End), compare_ends);
	best = ends[0];
	free(ends);
	return best;
}

int
main(int argc, char **argv)
{
	int			starts = argc > 1 ? atoi(argv[1]) : 50;
	char		name[32];

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	make_nodes();
	while (scanf("%31s %d", name, &nrows) == 2)
	{
		End			best;
		double		customers = 0;

		for (kind = 0; kind < KINDS && strcmp(kinds[kind], name) != 0; kind++)
			;
		if (kind == KINDS || nrows < 1)
			return 1;
		rows = malloc(nrows * sizeof(Row));
		scale = 0;
		for (int i = 0; i < nrows; i++)
		{
			if (scanf("%lf %lf %lf %lf", &rows[i].x, &rows[i].tx, &rows[i].age, &rows[i].count) != 4)
				return 1;
			scale += rows[i].age * rows[i].count;
			customers += rows[i].count;
		}
		scale /= customers;
		best = best_of(starts);
		printf("%.12g", -best.value);
		for (int i = 0; i < nparameters[kind]; i++)
			printf(" %.17g", exp(best.at[i]) *
				   ((kind <= PARETO && i == 1) || (kind == PARETO && i == 3) ? scale : 1));
		printf("\n");
		fflush(stdout);
		free(rows);
	}
	fprintf(stderr, "%ld evaluations\n", evaluations);
	return 0;
}
