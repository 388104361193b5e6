/*
 * gamma.c
 *		Gamma functions, complete and incomplete.
 */
#include "base/gamma.h"

#include "miscadmin.h"

#define STEPS 100000

/* x^a exp(-x) / Gamma(a) */
static float8
gamma_factor(float8 a, float8 x)
{
	return exp(a * log(x) - x - log_gamma(a));
}

/*
 * P(a, x) by its series (DLMF 8.7.1): x^a exp(-x) / Gamma(a + 1) times
 * 1 + x/(a+1) + x^2/((a+1)(a+2)) + ...
 */
static float8
lower_series(float8 a, float8 x)
{
	float8		term = 1;
	float8		sum = 1;

	for (int n = 1; n < STEPS && term > sum * 1e-17; n++)
	{
		CHECK_FOR_INTERRUPTS();
		term *= x / (a + n);
		sum += term;
	}
	return gamma_factor(a, x) * sum / a;
}

/* DLMF 8.9.2, its even part, by Lentz's method. */
float8
gamma_upper_fraction(float8 a, float8 x)
{
	float8		b = x + 1 - a;
	float8		c = 1e300;
	float8		d = 1 / b;
	float8		fraction = d;
	float8		change = 0;

	for (int n = 1; n < STEPS; n++)
	{
		float8		numerator = -n * (n - a);

		CHECK_FOR_INTERRUPTS();
		b += 2;
		d = 1 / (numerator * d + b);
		c = b + numerator / c;
		change = c * d;
		fraction *= change;
		if (fabs(change - 1) < 3e-16)
			return fraction;
	}
	/* rounding may keep it from settling to the last bit */
	return fabs(change - 1) < 1e-12 ? fraction : NAN;
}

float8
gamma_upper(float8 a, float8 x)
{
	float8		share;

	if (x <= 0)
		return 1;
	share = x < a + 1 ? 1 - lower_series(a, x) :
		gamma_factor(a, x) * gamma_upper_fraction(a, x);
	if (unlikely(isnan(share)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the probability cannot be computed for these values"),
				 errdetail("The incomplete gamma function of %g and %g does not settle.",
						   a, x)));
	return Min(Max(share, 0), 1);
}
