-- Conversion from step to step: the aggregate funnel, its readers, rollup and
-- picture.  Random data, workers and spilling are tested in test/t.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

-- X30: 6 placed an order, 5 of them completed it, 2 of these returned; the
-- others did things out of order, which reaches nothing.
CREATE TEMP TABLE funnel_placed AS
SELECT c AS customer, s AS step, timestamp '2024-05-01 09:00' + (s - 1) * interval '1 day' + c * interval '1 minute' AS at
FROM generate_series(1, 6) c, generate_series(1, 3) s
WHERE s = 1 OR (s = 2 AND c <= 5) OR (s = 3 AND c <= 2)
UNION ALL
VALUES (7, 2, timestamp '2024-05-01'), (8, 3, '2024-05-01'), (8, 2, '2024-05-02'), (9, 3, '2024-05-03'),
	(5, 3, '2024-04-30'), (4, 3, '2024-05-01'), (6, 3, '2024-05-09'), (3, 1, '2024-05-31');
SELECT count(*) FROM funnel_placed;
SELECT step, customers, round(rate_of_first::numeric, 4) AS of_first, round(rate_of_previous::numeric, 4) AS of_previous, median_time,
	round(low::numeric, 4) AS low, round(high::numeric, 4) AS high,
	round(previous_low::numeric, 4) AS previous_low, round(previous_high::numeric, 4) AS previous_high
FROM funnel_steps((SELECT funnel(customer, at, step, '7 days') FROM funnel_placed));
-- the bounds of 5 of 6 are those of share_low and share_high's formula
SELECT round((p + 1.959963984540054 ^ 2 / (2 * n) - 1.959963984540054 * sqrt(p * (1 - p) / n + 1.959963984540054 ^ 2 / (4 * n * n))) / (1 + 1.959963984540054 ^ 2 / n), 4) AS low
FROM (VALUES (5 / 6.0, 6)) v (p, n);

-- V26 as a funnel: letters a, b, c, x is no step; in every mode.
-- A row without a step is one, which strict order minds: as window_funnel.
CREATE TEMP TABLE funnel_strings AS
SELECT s AS customer, n AS at, nullif(strpos('abc', l), 0) AS step
FROM unnest('{abc,axbc,aabbcc,aaaabbcc,aabbxcc,ccbbaa}'::text[]) s, regexp_split_to_table(s, '') WITH ORDINALITY AS t (l, n);
SELECT mode, array_agg(customers ORDER BY step) AS customers
FROM unnest('{default,strict order,strictly increasing,deduplicated,one row one step}'::text[]) mode,
	funnel_steps((SELECT funnel(customer, date '2024-01-01' + at::int, step, '86400 days', mode) FROM funnel_strings))
GROUP BY mode ORDER BY mode;

-- The window: inclusive, and counted from the first step, not the one before.
SELECT within, conversion_rate(funnel(1, at, step, within), 2) AS second, conversion_rate(funnel(1, at, step, within), 3) AS third
FROM (VALUES (timestamp '2024-01-01 10:00', 1), ('2024-01-01 11:00', 2), ('2024-01-01 12:00', 3)) v (at, step),
	unnest('{0,59 minutes 59.999999 seconds,1 hour,1 hour 59 minutes 59.999999 seconds,2 hours,1000 years}'::interval[]) within
GROUP BY within ORDER BY within;
-- An empty window holds one instant, where steps are in order; strictly
-- increasing times need more.
SELECT funnel(1, date '2024-01-01', step, '0') AS plain, funnel(1, date '2024-01-01', step, '0', 'strictly increasing') AS increasing
FROM (VALUES (3), (2), (1)) v (step);

-- Re-entry: the furthest chain counts, the earliest of the furthest ones tells
-- the times.  a1 b2 a5 b6 c7, window 3: only the second a gets to c.
SELECT funnel(1, date '2024-01-01' + at, step, '3 days') FROM (VALUES (1, 1), (2, 2), (5, 1), (6, 2), (7, 3)) v (at, step);
-- a1 a2 b5 b6: both get to b; the earliest is a1 b5, four days.
SELECT funnel(1, date '2024-01-01' + at, step, '9 days') FROM (VALUES (1, 1), (2, 1), (5, 2), (6, 2)) v (at, step);
-- the same with a window that a1 misses: three days from a2
SELECT funnel(1, date '2024-01-01' + at, step, '3 days') FROM (VALUES (1, 1), (2, 1), (5, 2), (6, 2)) v (at, step);
-- A step nobody has is not reached, nor is what follows; rows to the last step.
SELECT step, customers, rate_of_first, rate_of_previous, median_time, low IS NULL AS no_bound, previous_low IS NULL AS no_previous
FROM funnel_steps((SELECT funnel(1, date '2024-01-01' + step, step, '9 days') FROM (VALUES (1), (2), (4)) v (step)));
-- nobody at the first step: no rates
SELECT step, customers, rate_of_first, rate_of_previous, median_time, low FROM funnel_steps((SELECT funnel(1, date '2024-01-01', 2, '1 day')));

-- Steps beyond those that earlier customers had take nothing from them: of
-- 40 customers one in two has 16 steps, one in four 17, one in four 33.
SELECT step, customers, median_time
FROM funnel_steps((SELECT funnel(c, timestamp '2024-01-01' + n * interval '12 hours', n, '30 days')
	FROM generate_series(1, 40) c, generate_series(1, CASE WHEN c % 2 = 0 THEN 16 WHEN c % 4 = 1 THEN 17 ELSE 33 END) n))
WHERE step IN (1, 2, 15, 16, 17, 18, 31, 32, 33);

-- Windows of days end on the local clock: 2024-03-31 has 23 hours in Paris.
SET timezone = 'Europe/Paris';
SELECT within, conversion_rate(funnel(1, at, step, within), 2) AS reached, funnel(1, at, step, within)::json ->> 'zone' AS zone
FROM (VALUES (timestamptz '2024-03-30 12:00', 1), ('2024-03-31 12:00', 2)) v (at, step), unnest('{1 day,23 hours,22:59:59}'::interval[]) within
GROUP BY within ORDER BY within;
SELECT conversion_rate(funnel(1, at, step, '1 day'), 2) AS day, conversion_rate(funnel(1, at, step, '24 hours'), 2) AS hours
FROM (VALUES (timestamptz '2024-03-30 12:00', 1), ('2024-03-31 12:00:01', 2)) v (at, step);
-- a month from the 31st ends with the month
SELECT conversion_rate(funnel(1, at, step, '1 month'), 2) AS on_29, conversion_rate(funnel(2, at + (step - 1) * interval '1 s', step, '1 month'), 2) AS past_29
FROM (VALUES (timestamptz '2024-01-31 10:00', 1), ('2024-02-29 10:00', 2)) v (at, step);
SET timezone = 'UTC';

-- A row without a step asks for none, whatever groups before it had
SELECT g, (SELECT count(*) FROM funnel_steps(f)) AS steps FROM (SELECT g, funnel(1, date '2024-01-01' + n, step, '9 days', 'exclude 9') AS f
	FROM (VALUES (1, 1, 5), (2, 2, 1), (1, 3, 5), (2, 4, NULL)) v (g, n, step) GROUP BY g) x ORDER BY g;
-- NULL: no rows, and rows that are skipped
SELECT funnel(customer, at, step, '7 days') FROM funnel_placed WHERE false;
SELECT funnel(NULL::int, date '2024-01-01', 1, '7 days') AS nobody, funnel(1, NULL::date, 1, '7 days') AS never, funnel(1, date '2024-01-01', NULL, '7 days') AS nothing,
	funnel(1, NULL, 1, '7 days') AS untyped;
SELECT count(*) FROM funnel_steps(NULL);
SELECT conversion_rate(NULL, 2), step_time(NULL, 2), funnel_text(NULL);

-- Readers of one number; steps that are not there have none.
CREATE TEMP TABLE funnel_samples AS SELECT funnel(customer, at, step, '7 days') AS f FROM funnel_placed;
SELECT n AS step, conversion_rate(f, n) AS of_first, conversion_rate(f, n, 2) AS of_second, conversion_rate(f, from_step => 3, step => n) AS of_third,
	step_time(f, n) AS median, step_time(f, n, 0) AS shortest, step_time(f, n, quantile => 1) AS longest
FROM funnel_samples, generate_series(0, 4) n;
-- quantiles lie between two times in proportion: 1, 2 and 4 days
SELECT step_time(f, 2, 0.25) AS q25, step_time(f, 2) AS q50, step_time(f, 2, 0.75) AS q75
FROM (SELECT funnel(c, date '2024-01-01' + CASE s WHEN 2 THEN c ELSE 0 END, s, '7 days') AS f FROM unnest('{1,2,4}'::int[]) c, generate_series(1, 2) s) x;
-- quantiles of as many customers as there can be
SELECT step_time('{"within": "P1D", "mode": "", "zone": "", "steps": [{"customers": 9223372036854775807},
	{"customers": 9223372036854775807, "seconds": [86400,172800], "count": [1,9223372036854775806]}]}', 2, q)
FROM unnest('{0,0.5,1}'::float8[]) q;

-- rollup: parts of disjoint customers, exactly; what differs does not add up
SELECT rollup(part) = (SELECT f FROM funnel_samples) AS same
FROM (SELECT funnel(customer, at, step, '7 days') AS part FROM funnel_placed GROUP BY customer) p;
SELECT rollup(f) IS NULL FROM funnel_samples WHERE false;
SELECT rollup(f) = f FROM (SELECT f FROM funnel_samples UNION ALL SELECT NULL) x GROUP BY f HAVING f IS NOT NULL;

-- By channel and campaign it is a GROUP BY; states are shared, frames work.
SELECT customer % 2 AS channel, (funnel_steps(funnel(customer, at, step, '7 days'))).customers FROM funnel_placed GROUP BY 1 ORDER BY 1, 2 DESC;
SELECT customer, conversion_rate(funnel(customer, at, step, '7 days') OVER (ORDER BY customer ROWS UNBOUNDED PRECEDING), 2) AS running
FROM funnel_placed WHERE step < 3 AND customer > 4 ORDER BY customer, step, at;

-- The picture
SELECT funnel_text(f) FROM funnel_samples;
SELECT funnel_text(funnel(1, at, step, '1 year 2 months 1 day 01:02:03.5', 'deduplicated, STRICT  order'))
FROM (VALUES (timestamp '2024-01-01', 1), ('2024-01-01 00:00:30', 2), ('2024-01-01 00:40', 3), ('2024-01-01 06:40', 4), ('2024-01-05 06:40', 5), ('2024-01-05 06:40', 7)) v (at, step);
SELECT count(*), max(length(line)) <= 120 AS fits, max(line) FILTER (WHERE line ~ 'left out') AS last
FROM funnel_text((SELECT funnel(1, date '2024-01-01' + n, n, '1 year') FROM generate_series(1, 50) n)) line;
SELECT funnel_text(funnel(1, date '2024-01-01', 2, '0'));

-- Steps of a row as far as sets go, and past that: counted, the same as
-- window_funnel for each customer, whose rows are no sets.
CREATE TEMP TABLE funnel_sets AS
SELECT g, c, timestamp '2024-01-29' + (c * 7 + n * 11) % 13 * interval '17 hours' AS at, n, ARRAY(SELECT i % 13 = n % 13 OR i % 5 = (n + c) % 5 OR (i + g + n) % 3 = 0 FROM generate_series(1, 36 + g) i) AS met
FROM generate_series(1, 30) g, generate_series(1, 5) c, generate_series(1, 26) n;
SELECT count(*) AS steps, count(*) FILTER (WHERE customers <> n) AS differ, sum(customers) > 4000 AS many, max(step)
FROM (SELECT g, funnel(c, at, met, '1 month') AS f, funnel(c, at, ARRAY(SELECT i FROM unnest(met) WITH ORDINALITY u (m, i) WHERE m ORDER BY i DESC), '1 month') AS numbers FROM funnel_sets GROUP BY g) x,
	funnel_steps(f) s, LATERAL (SELECT count(*) AS n FROM (SELECT window_funnel(interval '1 month', at, 'default', VARIADIC met) AS level FROM funnel_sets w WHERE w.g = x.g GROUP BY c) y WHERE level >= step) z
WHERE f = numbers;
-- Windows of a month that begin later may end sooner: January 30, 12:00 ends
-- February 29, 12:00; January 31, 10:00 ends February 29, 10:00.
SELECT funnel(1, at, step, '1 month') FROM (VALUES (timestamp '2024-01-30 12:00', 1), ('2024-01-31 10:00', 1), ('2024-02-29 11:00', 2)) v (at, step);
