/*
 * purchase_counts.c
 *		How many purchases: the probability of each number, and of more than a
 *		number, for a customer who is alive.
 *
 * Alive at T, purchases come at a rate ~ Gamma(k = r + x, A = alpha + T), so
 * without drop-out the number within t has the negative binomial probability
 * nb(n; t) = Gamma(k + n) / (Gamma(k) n!) (A / (A + t))^k (t / (A + t))^n, and
 * purchase m comes before t with the probability I(m, k; t / (A + t)), the
 * regularized incomplete beta function.
 *
 * Of bg/nbd and mbg/nbd, with p ~ Beta(a, b): more than n purchases take n
 * that were survived and purchase n + 1 in time,
 *		P(N > n) = E[(1 - p)^n] I(n + 1, k)
 *		P(N = n) = E[(1 - p)^n] nb(n) + E[p (1 - p)^(n-1)] I(n, k)
 * (Fader, Hardie and Lee 2005).  Of pareto/nbd, leaving at a rate ~ Gamma(s,
 * B = beta + T), these are integrals over the time u of purchase n + 1, or of
 * leaving (Fader and Hardie, A Note on Deriving the Pareto/NBD Model, 2005):
 *		P(N > n) = integral of the density of purchase n + 1 x (B / (B + u))^s
 *		P(N = n) = (B / (B + t))^s nb(n; t) +
 *			integral of s / B (B / (B + u))^(s+1) nb(n; u)
 */
#include "models/purchase.h"

#include "miscadmin.h"
#include "models/special.h"

#define FRACTION_STEPS 100000
#define FRACTION_EPS 1e-16
#define FRACTION_TINY 1e-300

/* What is below this share of the largest value adds nothing. */
#define NEGLIGIBLE 45.0

/* ----------------------------------------------------------------
 *		The incomplete beta function
 * ----------------------------------------------------------------
 */

/* Its continued fraction by Lentz's method; x < (a + 1) / (a + b + 2). */
static float8
beta_fraction(float8 a, float8 b, float8 x)
{
	float8		c = 1;
	float8		d = 1 - (a + b) * x / (a + 1);
	float8		h;

	d = 1 / (fabs(d) < FRACTION_TINY ? FRACTION_TINY : d);
	h = d;
	for (int m = 1; m <= FRACTION_STEPS; m++)
	{
		float8		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		float8		odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		float8		step;

		if ((m & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < FRACTION_TINY ? FRACTION_TINY : d);
		c = fabs(c) < FRACTION_TINY ? FRACTION_TINY : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < FRACTION_TINY ? FRACTION_TINY : d);
		c = fabs(c) < FRACTION_TINY ? FRACTION_TINY : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < FRACTION_EPS)
			return h;
	}
	special_give_up();
}

/*
 * The probability that purchase m > 0 comes within t, purchases coming at a
 * rate ~ Gamma(k, A).
 */
static float8
in_time(float8 m, float8 k, float8 A, float8 t)
{
	float8		x = t / (A + t);
	float8		log_front = log_rising(k, m) - log_gamma(m) -
		m * log1p(A / t) - k * log1p(t / A);

	if (x < (m + 1) / (m + k + 2))
		return exp(log_front) * beta_fraction(m, k, x) / m;
	return 1 - exp(log_front) * beta_fraction(k, m, A / (A + t)) / k;
}

/* The logarithm of nb(n; t). */
static float8
log_nb(float8 n, float8 k, float8 A, float8 t)
{
	return log_rising(k, n) - log_gamma(n + 1) - k * log1p(t / A) -
		(n > 0 ? n * log1p(A / t) : 0);
}

/* ----------------------------------------------------------------
 *		bg/nbd and mbg/nbd
 * ----------------------------------------------------------------
 */

static float8
bgnbd_more(const PurchaseAlive *c, float8 n)
{
	return exp(log_beta_ratio(c->a, c->b, n)) * in_time(n + 1, c->k, c->A, c->t);
}

static float8
bgnbd_exactly(const PurchaseAlive *c, float8 n)
{
	float8		alive = exp(log_beta_ratio(c->a, c->b, n) +
							log_nb(n, c->k, c->A, c->t));

	if (n == 0)
		return alive;
	return alive + c->a / (c->a + c->b + (n - 1)) *
		exp(log_beta_ratio(c->a, c->b, n - 1)) * in_time(n, c->k, c->A, c->t);
}

/* ----------------------------------------------------------------
 *		pareto/nbd
 * ----------------------------------------------------------------
 */

/*
 * An integral over u from 0 to t, by y = log(u), of
 *		exp(front) (u / (A + u))^i (u / (B + u))^j (A / (A + u))^k (B / (B + u))^s
 * whose logarithm is concave in y: it has one peak, and falls ever faster.
 */
typedef struct CountIntegral
{
	const PurchaseAlive *c;
	float8		front;
	float8		i;
	float8		j;
} CountIntegral;

static float8
integrand(const CountIntegral *q, float8 y)
{
	const PurchaseAlive *c = q->c;
	float8		u = exp(y);

	return q->front - q->i * log1p(c->A / u) - q->j * log1p(c->b / u) -
		c->k * log1p(u / c->A) - c->a * log1p(u / c->b);
}

static float8
slope(const CountIntegral *q, float8 y)
{
	const PurchaseAlive *c = q->c;
	float8		u = exp(y);

	return q->i * c->A / (c->A + u) + q->j * c->b / (c->b + u) -
		c->k * u / (c->A + u) - c->a * u / (c->b + u);
}

/* Where the integrand is largest, y at most. */
static float8
peak(const CountIntegral *q, float8 y)
{
	float8		low = y;
	float8		step = 1;

	if (slope(q, y) >= 0)
		return y;
	while (slope(q, low) < 0)
	{
		low -= step;
		step *= 2;
	}
	while (y - low > 1e-3)
	{
		float8		middle = (low + y) / 2;

		if (slope(q, middle) < 0)
			y = middle;
		else
			low = middle;
	}
	return low;
}

/* From one y to another, on one side of the peak, away from it. */
static float8
integrate(const CountIntegral *q, float8 from, float8 to)
{
	float8		sign = to < from ? -1 : 1;
	float8		most = integrand(q, from);
	float8		sum = 0;

	for (int panel = 0; from != to; panel++)
	{
		float8		width = Min(PANEL_WIDTH, fabs(to - from));
		float8		rate = fabs(slope(q, from + sign * width));
		float8		part = 0;

		CHECK_FOR_INTERRUPTS();
		while (!panel_fits(&width, rate))
			rate = fabs(slope(q, from + sign * width));
		for (int i = 0; i < QUADRATURE_NODES; i++)
			part += quadrature_weight[i] *
				exp(integrand(q, from + sign * width * quadrature_node[i]));
		sum += part * width;
		if (width == fabs(to - from))
			break;
		from += sign * width;
		if (integrand(q, from) < most - NEGLIGIBLE)
			break;
		if (panel == PANELS_MAX)
			special_give_up();
	}
	return sum;
}

static float8
integral(const CountIntegral *q)
{
	float8		end = log(q->c->t);
	float8		middle = peak(q, end);

	return integrate(q, middle, -INFINITY) + integrate(q, middle, end);
}

static float8
pareto_more(const PurchaseAlive *c, float8 n)
{
	CountIntegral q = {c, log_rising(c->k, n + 1) - log_gamma(n + 1), n + 1, 0};

	return integral(&q);
}

static float8
pareto_exactly(const PurchaseAlive *c, float8 n)
{
	CountIntegral q = {c, log(c->a) + log_rising(c->k, n) - log_gamma(n + 1), n, 1};

	return exp(log_nb(n, c->k, c->A, c->t) - c->a * log1p(c->t / c->b)) +
		integral(&q);
}

/* ----------------------------------------------------------------
 *		All kinds
 * ----------------------------------------------------------------
 */

/* A customer at T, taken to be alive. */
PurchaseAlive
purchase_alive(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
			   float8 t)
{
	PurchaseAlive c = {p[0] + h->x, p[1] + h->T, p[2], p[3], t};

	if (kind == PURCHASE_PARETO)
	{
		c.a = p[2];
		c.b = p[3] + h->T;
	}
	else
		c.b += kind == PURCHASE_MBG ? h->x + 1 : h->x;
	return c;
}

float8
purchase_p_more(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
				float8 t, float8 n)
{
	PurchaseAlive c = purchase_alive(kind, p, h, t);

	if (t == 0)
		return 0;
	return purchase_p_alive(kind, p, h) *
		(kind == PURCHASE_PARETO ? pareto_more(&c, n) : bgnbd_more(&c, n));
}

float8
purchase_p_exactly(PurchaseKind kind, const float8 *p,
				   const PurchaseHistory *h, float8 t, float8 n)
{
	PurchaseAlive c = purchase_alive(kind, p, h, t);

	if (n == 0)
		return purchase_p_none(kind, p, h, t);
	if (t == 0)
		return 0;
	return purchase_p_alive(kind, p, h) *
		(kind == PURCHASE_PARETO ? pareto_exactly(&c, n) : bgnbd_exactly(&c, n));
}

/* ----------------------------------------------------------------
 *		Pairs
 * ----------------------------------------------------------------
 */

/* expm1(e X) / e, the integral of exp(e y) from 0 to X. */
static float8
exp_integral(float8 e, float8 X)
{
	return e == 0 ? X : expm1(e * X) / e;
}

/*
 * The integral from 0 to w of x (1 + x)^-q, q >= 0: by quadrature where the
 * difference of two integrals would lose digits.
 */
static float8
moment_of_power(float8 q, float8 w)
{
	float8		X = log1p(w);
	float8		sum = 0;

	if (X > 1 || q * X > PANEL_FALL)
		return exp_integral(2 - q, X) - exp_integral(1 - q, X);
	for (int i = 0; i < QUADRATURE_NODES; i++)
	{
		float8		x = w * quadrature_node[i];

		sum += quadrature_weight[i] * x * exp(-q * log1p(x));
	}
	return w * sum;
}

/*
 * A pair of purchases of a customer who is alive: the second one at v, after
 * any of the times before it, where the first must be survived.
 */
static float8
bgnbd_pairs_given_p(float8 p, void *arg)
{
	const PurchaseAlive *c = arg;
	float8		w = p * (c->t / c->A);

	/* below, v (1 + p v / A)^-(k + 2) is v */
	if (w * (c->k + 2) < 1e-8)
		return (1 - p) * (c->t / c->A) * (c->t / c->A) / 2;
	return (1 - p) * moment_of_power(c->k + 2, w) / (p * p);
}

float8
purchase_pairs(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
			   float8 t)
{
	PurchaseAlive c = purchase_alive(kind, p, h, t);
	float8		twice = 2 * c.k * (c.k + 1) * purchase_p_alive(kind, p, h);

	if (t == 0)
		return 0;
	if (kind == PURCHASE_PARETO)
		return twice * (c.b / c.A) * (c.b / c.A) *
			moment_of_power(c.a, t / c.b);
	return twice * beta_mean(bgnbd_pairs_given_p, &c, c.a, c.b,
							 c.A / (c.t * (c.k + 2)));
}

/*
 * The least number that is not exceeded with the probability level, which is
 * below 1.
 */
int64
purchase_quantile(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
				  float8 t, float8 level)
{
	int64		low = 0;		/* the answer is not below */
	int64		high = 0;

	while (purchase_p_more(kind, p, h, t, (float8) high) > 1 - level)
	{
		low = high + 1;
		if (high > PURCHASE_COUNT_MAX)
			special_give_up();
		high = 2 * high + 1;
	}
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (purchase_p_more(kind, p, h, t, (float8) middle) > 1 - level)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}
