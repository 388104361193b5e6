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
