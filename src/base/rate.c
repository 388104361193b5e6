/*
 * rate.c
 *		Shares of counts and their confidence bounds.
 */
#include "base/rate.h"

#include <math.h>

/*
 * The z for which the standard normal distribution lies within -z..z with
 * probability confidence, 0 < confidence < 1, to the last digit or so: the
 * root of erfc(z / sqrt 2) = 1 - confidence by Halley's method, begun at the
 * approximation 26.2.23 of Abramowitz and Stegun (1964), which is good to
 * 4.5e-4.  Below 0.5 erf keeps the digits that 1 - confidence would lose.
 */
float8
rate_z(float8 confidence)
{
	float8		t = sqrt(-2 * log((1 - confidence) / 2));
	float8		z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
		(1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

	for (int i = 0; i < 4; i++)
	{
		float8		error = confidence < 0.5 ?
			confidence - erf(z / M_SQRT2) :
			erfc(z / M_SQRT2) - (1 - confidence);
		float8		step = error / (sqrt(2 / M_PI) * exp(-z * z / 2));

		z += step / (1 - z * step / 2);
	}
	return Max(z, 0);
}

float8
rate_confidence(float8 confidence)
{
	if (rate_outside(confidence) || confidence == 0 || confidence == 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("confidence must be above 0 and below 1"),
				 errdetail("It is %g.", confidence),
				 errhint("Pass the probability that the bounds hold, for example 0.95.")));
	return rate_z(confidence);
}

/*
 * Wilson score interval (E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927, 209-212):
 *
 *		p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)
 *		-----------------------------------------	with p = successes / n
 *					   1 + z^2/n
 *
 * It stays within 0..1; the bound that is exactly 0 or 1, for no success or
 * nothing but successes, is set so, as rounding would miss it.
 */
void
rate_wilson(float8 successes, float8 trials, float8 z, float8 *low,
			float8 *high)
{
	float8		p = successes / trials;
	float8		zz = z * z / trials;
	float8		centre = p + zz / 2;
	float8		half = z * sqrt(p * (1 - p) / trials + zz / (4 * trials));

	*low = successes <= 0 ? 0 : (centre - half) / (1 + zz);
	*high = successes >= trials ? 1 : (centre + half) / (1 + zz);
}

/*
 * The hybrid score interval (R. G. Newcombe, "Interval estimation for the
 * difference between independent proportions: comparison of eleven methods",
 * Statistics in Medicine 17, 1998, 873-890, method 10): from Wilson's bounds
 * l and u of each share,
 *
 *		a - b - sqrt((a - l_a)^2 + (u_b - b)^2)
 *		a - b + sqrt((u_a - a)^2 + (b - l_b)^2)
 *
 * which stays within -1..1.
 */
void
rate_difference(float8 successes_a, float8 trials_a, float8 successes_b,
				float8 trials_b, float8 z, float8 *low, float8 *high)
{
	float8		a = successes_a / trials_a;
	float8		b = successes_b / trials_b;
	float8		low_a;
	float8		high_a;
	float8		low_b;
	float8		high_b;

	rate_wilson(successes_a, trials_a, z, &low_a, &high_a);
	rate_wilson(successes_b, trials_b, z, &low_b, &high_b);
	*low = Max(a - b - hypot(a - low_a, high_b - b), -1);
	*high = Min(a - b + hypot(high_a - a, b - low_b), 1);
}
