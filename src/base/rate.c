/*
 * rate.c
 *		Shares of counts and their confidence bounds.
 */
#include "base/rate.h"

#include <math.h>

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
