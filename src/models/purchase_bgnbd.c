/*
 * purchase_bgnbd.c
 *		The BG/NBD and MBG/NBD models: likelihood and predictions.
 *
 * Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing
 * Science 24 (2005); Batislam, Denizel and Filiztekin, International Journal
 * of Research in Marketing 24 (2007).  A customer who is alive after x repeat
 * purchases has lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x), or
 * Beta(a, b + x + 1) where the first purchase is a chance to drop out, too.
 *
 * All powers of times are written as log1p(time / alpha), so that nothing
 * cancels when r and alpha are large.
 */
#include "models/purchase.h"

#include "miscadmin.h"
#include "models/special.h"

/* Where the series for expected purchases is short and safe. */
#define SERIES_Z 0.9
#define SERIES_A 50.0
#define SERIES_Q (-5.0)
#define SERIES_TERMS 10000
#define SERIES_LOSS 1e-3		/* of a result from the terms it is made of */

/* Chances a customer had to drop out. */
static inline float8
chances(PurchaseKind kind, float8 x)
{
	return kind == PURCHASE_MBG ? x + 1 : x;
}

/* ----------------------------------------------------------------
 *		Likelihood
 * ----------------------------------------------------------------
 */

float8
bgnbd_log_likelihood(PurchaseKind kind, const float8 *p,
					 const PurchaseHistory *h)
{
	float8		r = p[0];
	float8		alpha = p[1];
	float8		a = p[2];
	float8		b = p[3];
	float8		n = chances(kind, h->x);
	float8		alive = -(r + h->x) * log1p(h->T / alpha);
	float8		dropped = -INFINITY;

	if (n > 0)
		dropped = log(a) - log(b + (n - 1)) -
			(r + h->x) * log1p(h->tx / alpha);
	return log_rising(r, h->x) + log_rising(b, n) - log_rising(a + b, n) -
		h->x * log(alpha) + log_add_exp(alive, dropped);
}

/*
 * Sums over the customers of one frequency, weighted by the two ways to
 * explain a customer's silence: alive, or dropped out at the last chance.
 */
typedef struct Frequency
{
	float8		x;
	float8		n;				/* chances to drop out */
	float8		log_last;		/* log odds of taking the last one */
	Rising		r;
	Rising		b;
	Rising		ab;
	float8		customers;
	Sum			value;
	Sum			log_time;		/* of log(1 + time / alpha) */
	Sum			time;			/* of time / (alpha + time) */
	Sum			dropped;		/* of the probability of having dropped out */
} Frequency;

/* Add a frequency to the log-likelihood and its gradient. */
static void
finish_frequency(const Frequency *f, const float8 *p, Sum *value, Sum *gradient)
{
	float8		count = f->customers;
	float8		dropped = sum_total(&f->dropped);

	if (count == 0)
		return;
	sum_add(value, count * (f->r.log + f->b.log - f->ab.log -
							f->x * log(p[1])));
	sum_add(value, sum_total(&f->value));
	sum_add(&gradient[0], count * f->r.inverse - sum_total(&f->log_time));
	sum_add(&gradient[1], ((f->x + p[0]) * sum_total(&f->time) -
						   count * f->x) / p[1]);
	sum_add(&gradient[2], dropped / p[2] - count * f->ab.inverse);
	sum_add(&gradient[3], count * (f->b.inverse - f->ab.inverse));
	if (f->n > 0)
		sum_add(&gradient[3], -dropped / (p[3] + (f->n - 1)));
}

/* Go on to the next frequency. */
static void
next_frequency(Frequency *f, PurchaseKind kind, const float8 *p, float8 x)
{
	Sum			zero = {0};

	f->x = x;
	f->n = chances(kind, x);
	rising_to(&f->r, x);
	rising_to(&f->b, f->n);
	rising_to(&f->ab, f->n);
	f->log_last = f->n > 0 ? log(p[2]) - log(p[3] + (f->n - 1)) : 0;
	f->customers = 0;
	f->value = f->log_time = f->time = f->dropped = zero;
}

/* Add customers who have had a chance to drop out; times are over alpha. */
static inline void
add_customers(Frequency *f, float8 shape, float8 count, float8 age, float8 last)
{
	float8		log_age = log1p(age);
	float8		log_last = log1p(last);
	float8		odds = f->log_last + shape * (log_age - log_last);
	float8		e = exp(-fabs(odds));
	float8		share = (odds > 0 ? 1 : e) / (1 + e);	/* dropped out */
	float8		rest = (odds > 0 ? e : 1) / (1 + e);

	sum_add(&f->value, count * (Max(odds, 0) + log1p(e) - shape * log_age));
	sum_add(&f->log_time, count * (rest * log_age + share * log_last));
	sum_add(&f->time, count * (rest * age / (1 + age) +
							   share * last / (1 + last)));
	sum_add(&f->dropped, count * share);
}

/* Log-likelihood of all groups and its gradient. */
float8
bgnbd_objective(const float8 *p, float8 *gradient, void *data)
{
	const PurchaseData *d = data;
	float8		per_alpha = d->scale / p[1];
	Frequency	f = {.x = -1, .r = {.x = p[0]}, .b = {.x = p[3]}, .ab = {.x = p[2] + p[3]}};
	Sum			value = {0};
	Sum			sums[PURCHASE_PARAMETERS] = {{0}};

	for (int64 i = 0; i < d->ngroups; i++)
	{
		const RowGroup *g = &d->groups[i];
		float8		age = g->v * per_alpha;

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		if ((float8) g->x != f.x)
		{
			finish_frequency(&f, p, &value, sums);
			next_frequency(&f, d->kind, p, g->x);
		}
		f.customers += g->count;
		if (f.n > 0)
			add_customers(&f, p[0] + f.x, g->count, age, g->u * per_alpha);
		else
		{
			sum_add(&f.value, -g->count * p[0] * log1p(age));
			sum_add(&f.log_time, g->count * log1p(age));
			sum_add(&f.time, g->count * age / (1 + age));
		}
	}
	finish_frequency(&f, p, &value, sums);
	for (int i = 0; i < PURCHASE_PARAMETERS; i++)
		gradient[i] = sum_total(&sums[i]);
	return sum_total(&value);
}

/* ----------------------------------------------------------------
 *		Predictions
 * ----------------------------------------------------------------
 */

float8
bgnbd_p_alive(PurchaseKind kind, const float8 *p, const PurchaseHistory *h)
{
	float8		n = chances(kind, h->x);

	if (n == 0)
		return 1;
	return logistic_complement(log(p[2]) - log(p[3] + (n - 1)) +
							   (p[0] + h->x) *
							   log1p((h->T - h->tx) / (p[1] + h->tx)));
}

/*
 * Purchases expected in t, by the published expression after Euler's
 * transformation, divided through so that neither a = 1 nor a + b = 1 is
 * special: with eps = a - 1, c = a + b - 1, q = c - k, L = log(A / (A + t)),
 *		-c expm1(eps L) / eps -
 *		exp(eps L) sum over n >= 1 of (1 + eps)_{n-1} (q)_n z^n / ((c+1)_{n-1} n!)
 * where z = t / (A + t).  False where that is long or loses digits.
 */
static bool
expected_by_series(const PurchaseAlive *c, float8 z, float8 *expected)
{
	float8		eps = c->a - 1;
	float8		cc = c->a + c->b - 1;
	float8		q = cc - c->k;
	float8		L = -log1p(c->t / c->A);
	float8		term = q * z;
	float8		sum = term;
	float8		lead = eps == 0 ? -cc * L : -cc * expm1(eps * L) / eps;

	if (z > SERIES_Z || c->a > SERIES_A || q < SERIES_Q)
		return false;
	for (int n = 1; fabs(term) > 1e-17 * fabs(sum); n++)
	{
		if (n > SERIES_TERMS)
			return false;
		term *= (eps + n) * (q + n) * z / ((cc + n) * (n + 1));
		sum += term;
	}
	*expected = lead - exp(eps * L) * sum;
	return *expected > SERIES_LOSS * fabs(lead);
}

/* Purchases expected in t of a customer whose p is known. */
static float8
expected_given_p(float8 p, void *arg)
{
	const PurchaseAlive *c = arg;

	return -expm1(-c->k * log1p(p * (c->t / c->A))) / p;
}

/* Purchases expected in t of a customer who is alive. */
static float8
expected_alive(const PurchaseAlive *c)
{
	float8		expected;

	if (c->t == 0)
		return 0;
	if (expected_by_series(c, c->t / (c->A + c->t), &expected))
		return expected;
	return beta_mean(expected_given_p, unconstify(PurchaseAlive *, c), c->a, c->b,
					 c->A / (c->t * (c->k + 1)));
}

float8
bgnbd_expected(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
			   float8 t)
{
	PurchaseAlive c = purchase_alive(kind, p, h, t);

	return bgnbd_p_alive(kind, p, h) * expected_alive(&c);
}

/* A purchase in (T, T + t]: alive at T, and not silent since. */
float8
bgnbd_p_some(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
			 float8 t)
{
	PurchaseAlive c = purchase_alive(kind, p, h, t);

	return -bgnbd_p_alive(kind, p, h) * expm1(-c.k * log1p(t / c.A));
}

/*
 * Discounted purchases of a customer whose p is known: the integral of
 * exp(-rate u) times k / A (1 + p u / A)^(-k-1).
 */
static float8
discounted_given_p(float8 p, void *arg)
{
	const PurchaseAlive *c = arg;

	return c->k / p * laplace_of_power(c->k + 1, c->t * (c->A / p));
}

float8
bgnbd_discounted(PurchaseKind kind, const float8 *p, const PurchaseHistory *h,
				 float8 rate)
{
	PurchaseAlive c = purchase_alive(kind, p, h, rate);

	return bgnbd_p_alive(kind, p, h) *
		beta_mean(discounted_given_p, &c, c.a, c.b,
				  rate * c.A / (c.k + 1));
}
