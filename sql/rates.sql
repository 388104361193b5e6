-- Rates from two plain columns: retention_rate, churn_rate, nrr, grr, quick_ratio
-- of (opening, closing), and retention_by_counts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- One row per customer.
CREATE TEMP TABLE rates_customers (customer text, opening numeric, closing numeric);
INSERT INTO rates_customers VALUES
	('same', 100, 100),
	('expanded', 50, 75),
	('contracted', 40, 30),
	('churned', 10, 0),
	('gone to NULL', 20, NULL),
	('new', 0, 60),
	('new from NULL', NULL, 5),
	('nobody', 0, 0);

-- Five were there, three still are: 3/5.  Money of the five: 220 to 205;
-- kept 100 + 50 + 30 = 180; gained 25 + 60 + 5, lost 10 + 10 + 20.
SELECT retention_rate(opening, closing), churn_rate(opening, closing), nrr(opening, closing) = 205 / 220.0::float8 AS nrr,
	grr(opening, closing) = 180 / 220.0::float8 AS grr, quick_ratio(opening, closing)
FROM rates_customers;

-- Vectors.  X5: opening 100, churn 10, contraction 10, expansion 10.
SELECT grr(o, c), nrr(o, c) FROM (VALUES (10, 0), (30, 20), (60, 70)) v (o, c);
-- X6: opens 100 customers, closes 95.
SELECT churn_rate(1, (i <= 95)::int), retention_rate(1, (i <= 95)::int) FROM generate_series(1, 100) i;
-- X11: 3 active at start, 1 joins, 1 of the 3 leaves; by counts 0.6667.
SELECT round(churn_rate(o, c)::numeric, 4) AS churn, round(retention_by_counts(3, 3, 1)::numeric, 4) AS by_counts
FROM (VALUES (1, 1), (1, 1), (1, 0), (0, 1)) v (o, c);
-- X49: level 100 to 70 is no churn.
SELECT churn_rate(100, 70), nrr(100, 70), grr(100, 70), quick_ratio(100, 70);
-- X2 and X3; the attrition of X2 is 0.10.
SELECT retention_by_counts(100, 110, 20) AS x2, 1 - retention_by_counts(100, 110, 20)::numeric AS attrition, retention_by_counts(10, 8, 0) AS x3;
-- The counts of X17, 2019-04, and X17d: neither is clamped.
SELECT retention_by_counts(14, 17, 2) = 15::float8 / 14 AS x17, round(retention_by_counts(12, 28, 36)::numeric, 4) AS x17d;
SELECT retention_by_counts(0, 5, 5), retention_by_counts(NULL, 5, 5), retention_by_counts(5, 4, NULL);
SELECT retention_by_counts(10::bigint, 9::int, 1::numeric) AS mixed_types;

-- Nothing to divide by: nobody there, nothing lost, no rows.
SELECT retention_rate(0, 5), churn_rate(0, 5), nrr(0, 5), grr(0, 5), quick_ratio(0, 5);
SELECT retention_rate(opening, closing), churn_rate(opening, closing), nrr(opening, closing), grr(opening, closing), quick_ratio(opening, closing)
FROM rates_customers WHERE false;
SELECT quick_ratio(5, 0) AS only_losses;
SELECT retention_rate(opening, closing) FILTER (WHERE customer = 'none') FROM rates_customers;

-- What is not above 0 was not there.  A negative closing is money all the same.
SELECT retention_rate(o, c), nrr(o, c), grr(o, c), quick_ratio(o, c)
FROM (VALUES (100, 50), (100, -25), (-40, 10), (-40, -60)) v (o, c);

-- Every kind of number, and mixed ones; a float is the decimal it prints.
SELECT nrr(i, j), nrr(i::int2, j::int8), nrr(i::bigint, j::bigint), nrr(i::numeric, j::numeric), nrr(i::float8, j::float8), nrr(i::real, j::real)
FROM (VALUES (3, 2), (5, 5), (0, 4)) v (i, j);
SELECT retention_rate(i, j), retention_rate(i::bigint, j::bigint), retention_rate(i::numeric, j::numeric), retention_rate(i::float8, j::float8), retention_rate(i::real, j::real)
FROM (VALUES (3, 0), (5, 5), (0, 4)) v (i, j);
SELECT churn_rate(i, j::bigint), churn_rate(i, j::numeric), churn_rate(i::numeric, j::float8), churn_rate(i::real, j::numeric), churn_rate(i::real, j), churn_rate(i::float8, j)
FROM (VALUES (3, 0), (5, 5), (0, 4)) v (i, j);
SELECT grr(i, NULL) AS "literal NULL", retention_rate(i, '2') AS "literal closing", quick_ratio('3', '2') AS literals, grr(NULL, NULL) AS nulls
FROM (VALUES (3), (5)) v (i);
CREATE DOMAIN rates_euro AS numeric(10, 2);
SELECT nrr(i::rates_euro, i::money::numeric) AS domain FROM generate_series(1, 3) i;
-- The same names read a cohort matrix.
SELECT retention_rate(m, 1, '2024-03-01'), churn_rate(m, 1, as_of => '2024-03-01'), retention_rate(m, 1), retention_rate(m, 9), retention_rate(NULL, 1)
FROM (SELECT cohort_matrix(c, d::date, 'month') AS m FROM (VALUES (1, '2024-01-02'), (2, '2024-01-03'), (2, '2024-02-05')) v (c, d)) x;

-- Taken at six decimals, half away from zero, then summed exactly, in any order.
SELECT nrr(1, 0.0000005), nrr(1, 0.0000004), retention_rate(1, 0.0000004), retention_rate(0.0000004, 1), grr(1, -0.0000005::float8);
SELECT nrr(1, c ORDER BY c) = nrr(1, c ORDER BY c DESC) AS any_order, nrr(1, c) = 0.05::float8 AS exact
FROM unnest(ARRAY[1e12, 0.1, -1e12, 0.1]::float8[]) c, generate_series(1, 1000) i;

-- As window functions: moving frames take rows out again, exactly.
SELECT i, retention_rate(o, c) OVER w AS retention_rate, nrr(o, c) OVER w AS nrr, quick_ratio(o, c) OVER w AS quick_ratio,
	churn_rate(o::float8, c::float8) OVER w AS churn_rate, grr(o::float8, c::float8) OVER w AS grr
FROM (VALUES (1, 10, 10), (2, 10, 0), (3, NULL, 5), (4, 0, 0), (5, 20, 30)) v (i, o, c)
WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
ORDER BY i;
SELECT i, retention_rate(1, 1) OVER (ORDER BY i ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) FROM generate_series(1, 3) i;

-- Not numbers, not small enough.
SELECT retention_rate('NaN'::float8, 1);
SELECT nrr(1, 'Infinity'::numeric);
SELECT grr(9.2e12, 1);
SELECT quick_ratio(1, -9.2e12::float8);
SELECT churn_rate('1', '2');
SELECT retention_rate('one', 1);
SELECT nrr('a'::text, 1);

-- By counts it is the formula in double precision, whatever the counts are.
WITH odd (n) AS (VALUES (NULL), (0), (-0.0), (1), (-1), (0.1), (3), (1e150), (-1e-150), (12345678901234567890.5), ('NaN'), ('Infinity'), ('-Infinity'))
SELECT count(*), count(retention_by_counts(s.n, e.n, w.n)) AS given,
	count(*) FILTER (WHERE retention_by_counts(s.n, e.n, w.n) IS DISTINCT FROM (e.n - w.n)::float8 / nullif(s.n, 0::numeric)::float8) AS differing
FROM odd s, odd e, odd w;
SELECT retention_by_counts('NaN', 1, 0) AS nan_start, retention_by_counts(1, 'NaN', 0) AS nan_end, retention_by_counts('Infinity', 1, 0) AS infinite_start,
	retention_by_counts(1, 'Infinity', 'Infinity') AS infinities, retention_by_counts(-2, 1, 0) AS negative;
SELECT retention_by_counts(1e-200, 1e200, 0);
SELECT retention_by_counts(1e200, 1e-200, 0);
-- The planner computes it where it can.
EXPLAIN (VERBOSE, COSTS OFF) SELECT retention_by_counts(10, 9, 1);

-- SQLSTATEs.
\set VERBOSITY sqlstate
SELECT retention_by_counts(1, 1e400, 0);
SELECT retention_by_counts(1e-400, 1, 0);
SELECT retention_rate('NaN'::numeric, 1);
SELECT grr('-Infinity'::float8, 1);
SELECT quick_ratio(1, 9.2e12);
