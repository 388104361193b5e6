-- The aggregate cohort_matrix: which rows count, exact money, and every way an
-- aggregate can be called.  Numbers are worked out by hand from the rows; error
-- texts are tested elsewhere, SQLSTATEs here.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
\set VERBOSITY sqlstate

CREATE TEMP TABLE orders (n int, channel text, customer bigint, at date, amount numeric);
INSERT INTO orders VALUES
	(1, 'web', 1, '2024-01-05', 10.10),
	(2, 'web', 1, '2024-02-10', 5.050),
	(3, 'shop', 2, '2024-01-20', 20),
	(4, 'shop', 2, '2024-03-02', 0),		-- zero is an event
	(5, 'web', 3, '2024-02-01', 7.77),
	(6, 'web', 3, '2024-02-15', -7.77),		-- a refund: less revenue, no order
	(7, 'web', 1, '2024-03-15', -2.05),		-- does not make active
	(8, 'shop', 4, '2024-03-05', -1),		-- never orders: counts nowhere
	(9, 'shop', 2, '2023-12-31', -3),		-- before the cohort: counts nowhere
	(10, 'web', 5, '2024-03-10', NULL),		-- an event worth nothing
	(11, 'web', NULL, '2024-01-01', 100),	-- nobody: skipped
	(12, 'web', 6, NULL, 100);				-- at no time: skipped

-- Without as_of the data end inside March, the period of the last event.
SELECT cohort, age, period, cohort_size AS size, active, active_or_later AS later, active_streak AS streak,
	orders, revenue, cumulative_revenue AS cumulative, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders));
-- Rates of incomplete cells are NULL, money is not; nothing over nothing is NULL.
SELECT cohort, age, retention, retention_or_later AS later, retention_streak AS streak,
	revenue_per_customer, round(revenue_retention::numeric, 6) AS revenue_retention, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders));

-- as_of shows what has begun before it and recomputes nothing: the order of
-- customer 2 in March stays in "active or later" of January.
SELECT cohort, age, active, active_or_later, retention_or_later, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders), as_of => '2024-02-02');
-- The first day not covered: February begins on it, and is not shown.
SELECT cohort, age, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders), as_of => '2024-02-01');
SELECT count(*)
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders), as_of => '2024-01-01');
-- Rows run to the day before as_of, also where nothing happened.
SELECT cohort, age, cohort_size, active, revenue, retention, revenue_per_customer, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM orders), as_of => '2024-05-01', up_to_age => 1)
WHERE cohort >= '2024-03-01';

-- Without an amount, or with a literal NULL, money is NULL and every row counts,
-- also those that were refunds: customer 4 comes, 2 begins in December.
SELECT cohort, age, cohort_size, active, orders, revenue, cumulative_revenue, revenue_per_customer, revenue_retention
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'month') FROM orders), up_to_age => 0);
SELECT cohort_matrix(customer, at, 'month') = cohort_matrix(customer, at, NULL, 'month') AS same FROM orders;
SELECT ltv(m, 0) IS NULL AS ltv, payback_age(m, 1, 1) IS NULL AS payback, (SELECT count(revenue_per_active) FROM retention_curve(m)) AS curve
FROM (SELECT cohort_matrix(customer, at, 'month') AS m FROM orders) x;
-- A NULL of a type is an event worth nothing.
SELECT orders, revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', NULL::numeric, 'month')));

-- Nothing that counts: NULL.
SELECT cohort_matrix(customer, at, amount, 'month') IS NULL AS no_rows FROM orders WHERE false;
SELECT cohort_matrix(customer, at, amount, 'month') IS NULL AS refunds_only FROM orders WHERE amount < 0;
SELECT cohort_matrix(customer, at, amount, 'month') IS NULL AS nobody_or_never FROM orders WHERE n > 10;
SELECT cohort_matrix(1, NULL, 'month') IS NULL AS null_time, cohort_matrix(NULL, date '2024-01-01', 'month') IS NULL AS null_customer;
SELECT count(*) FROM cohort_cells(NULL);
SELECT count(*) FROM retention_curve(NULL);
-- What counts nowhere leaves no trace at all.
SELECT (SELECT cohort_matrix(customer, at, amount, 'month') FROM orders)
	 = (SELECT cohort_matrix(customer, at, amount, 'month') FROM orders WHERE n NOT IN (8, 9, 11, 12)) AS same;

-- Starts: the cohort is the period of the earliest one.  1 starts in January (and
-- again in March), is active on January 5: the same period; not in December.  2
-- starts and never comes.  3 never starts: left out.  4 starts in February.
CREATE TEMP TABLE starts (customer int, started_at date, at date);
INSERT INTO starts VALUES
	(1, '2024-01-10', NULL), (1, '2024-03-01', NULL), (1, NULL, '2024-01-05'), (1, NULL, '2023-12-31'), (1, NULL, '2024-02-01'),
	(2, '2024-01-31', NULL), (3, NULL, '2024-01-15'), (4, NULL, '2024-02-20'), (4, '2024-02-10', '2024-03-05');
SELECT cohort, age, cohort_size, active, active_or_later AS later, active_streak AS streak, orders, retention
FROM cohort_cells((SELECT cohort_matrix(customer, started_at, at, NULL, 'month') FROM starts), '2024-04-01');
-- Under "since start" what came before the start is ignored: January 5; and
-- February 1 lies within a month of January 10.
SELECT cohort, age, cohort_size, active, period
FROM cohort_cells((SELECT cohort_matrix(customer, started_at, at, NULL, 'month since start') FROM starts), '2024-03-01');
-- A refund counts beside an order that counts, with starts as without.  1 never
-- orders, 2 only before the start, which is as good as never; 3 orders later.
SELECT cohort, age, cohort_size, active, orders, revenue
FROM cohort_cells((SELECT cohort_matrix(c, s, at, amount, 'month') FROM (VALUES
	(1, date '2024-02-01', date '2024-02-05', -5), (2, '2024-02-01', '2024-02-05', -5), (2, NULL, '2024-01-20', 7),
	(3, '2024-02-01', '2024-02-05', -5), (3, NULL, '2024-03-20', 7)) v (c, s, at, amount)));
-- Hours are elapsed time: on the day the clocks go back 23:30 is 24.5 hours after
-- midnight, and belongs to the day; on March 26 they go forward, and 24 hours
-- after its end is 01:00.
SELECT age, orders, complete
FROM cohort_cells((SELECT cohort_matrix(1, at, '12 hours since start at Europe/Paris')
	FROM (VALUES (timestamptz '2022-10-30 00:00 Europe/Paris'), ('2022-10-30 23:30 Europe/Paris')) v (at)));
SELECT as_of, complete
FROM (VALUES (date '2022-03-28'), ('2022-03-29')) v (as_of),
	LATERAL cohort_cells((SELECT cohort_matrix(1, timestamptz '2022-03-26 12:00 Europe/Paris', '24 hours since start at Europe/Paris')), as_of, 0)
WHERE cohort_size = 1 ORDER BY 1;
-- Only the earliest start is one: a later one does not move the end of the data.
-- An event past the last cut point does, and so does its refund.
SELECT (SELECT max(cohort) FROM cohort_cells((SELECT cohort_matrix(1, s, NULL, NULL, 'month') FROM (VALUES (date '2024-01-05'), ('2024-06-01')) v (s)))) AS starts,
	(SELECT max(cohort) FROM cohort_cells((SELECT cohort_matrix(1, at, 'months 0,1,2') FROM (VALUES (date '2024-01-05'), ('2024-06-01')) v (at)))) AS orders,
	(SELECT max(cohort) FROM cohort_cells((SELECT cohort_matrix(1, at, amount, 'months 0,1,2') FROM (VALUES (date '2024-01-05', 5), ('2024-06-01', -5)) v (at, amount)))) AS refunds;
-- A literal NULL as started_at: cohorts by first activity; as at: starts alone.
SELECT cohort_matrix(customer, NULL, at, NULL, 'month') = cohort_matrix(customer, at, 'month') AS by_activity,
	cohort_matrix(customer, started_at, NULL, NULL, 'month') IS NOT NULL AS starts_alone FROM starts;

-- Money is exact at six decimals, half away from zero, also for float8: the
-- decimal that PostgreSQL prints is rounded.  Below zero only after rounding.
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', 0.1::float8, 'month') FROM generate_series(1, 10)));
SELECT revenue FROM cohort_cells((SELECT cohort_matrix(i, date '2024-01-01', 0.1::float8, 'month') FROM generate_series(1, 1000003) i));
SELECT amount, orders, revenue
FROM (VALUES (0.0000005), (0.00000049), (1.0000005), (-0.0000004), (1.500), (100), (9199999999999.999999)) v (amount),
	 LATERAL (SELECT orders, revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', a, 'month') FROM (VALUES (amount)) x (a)))) c
ORDER BY amount;
SELECT amount, orders, revenue
FROM (VALUES (0.0000005::float8), (4.9e-7), (1.0000005), (2.0000015), (-4e-7), (123456.7890125), (1e-300), (9e12)) v (amount),
	 LATERAL (SELECT orders, revenue FROM cohort_cells((SELECT cohort_matrix(1, date '2024-01-01', a, 'month') FROM (VALUES (amount)) x (a)))) c
ORDER BY amount;
-- A refund of half a millionth is one of a whole: no order.
SELECT cohort_matrix(1, date '2024-01-01', -0.0000005, 'month') IS NULL AS refund;
-- Sums do not overflow, of one customer or of many; whole numbers of any size.
SELECT cohort, revenue FROM cohort_cells((SELECT cohort_matrix(i % 3, date '2024-01-01', 9000000000000, 'month') FROM generate_series(1, 30) i));
SELECT cohort_matrix(1, date '2024-01-01', 7::int2, 'day') = cohort_matrix(1, date '2024-01-01', 7::int4, 'day') AS int2,
	cohort_matrix(1, date '2024-01-01', 7::int8, 'day') = cohort_matrix(1, date '2024-01-01', 7::int4, 'day') AS int8,
	cohort_matrix(1, date '2024-01-01', 7.0, 'day') = cohort_matrix(1, date '2024-01-01', 7::int4, 'day') AS "numeric",
	cohort_matrix(1, date '2024-01-01', 7::float8, 'day') = cohort_matrix(1, date '2024-01-01', 7::int4, 'day') AS float8;
-- No amount of 9.2e12 or more, no NaN, nothing infinite.
SELECT cohort_matrix(1, date '2024-01-01', 9.2e12, 'month');
SELECT cohort_matrix(1, date '2024-01-01', -9.2e12, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 9200000000000, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 9.2e12::float8, 'month');
SELECT cohort_matrix(1, date '2024-01-01', '1e1000'::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'NaN'::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', '-Infinity'::numeric, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'NaN'::float8, 'month');
SELECT cohort_matrix(1, date '2024-01-01', 'Infinity'::float8, 'month');

-- As a window function: every growing frame is what the same rows give alone.
SELECT count(*), count(w.m) AS not_null, bool_and(w.m IS NOT DISTINCT FROM
	(SELECT cohort_matrix(customer, at, amount, 'month') FROM orders o WHERE o.n <= w.n)) AS same
FROM (SELECT n, cohort_matrix(customer, at, amount, 'month') OVER (ORDER BY n) AS m FROM orders) w;
-- A sliding frame, with frames in which nothing counts.
SELECT count(*), count(w.m) AS not_null, bool_and(w.m IS NOT DISTINCT FROM
	(SELECT cohort_matrix(customer, at, amount, 'month') FROM orders o WHERE o.n BETWEEN w.n - 1 AND w.n)) AS same
FROM (SELECT n, cohort_matrix(customer, at, amount, 'month') OVER (ORDER BY n ROWS 1 PRECEDING) AS m FROM orders) w;
-- GROUPING SETS, FILTER, DISTINCT and ORDER BY.
SELECT coalesce(channel, 'all') AS channel,
	(SELECT sum(cohort_size) FROM cohort_cells(m, up_to_age => 0)) AS customers,
	(SELECT trim_scale(sum(revenue)) FROM cohort_cells(m)) AS revenue
FROM (SELECT channel, cohort_matrix(customer, at, amount, 'month') AS m FROM orders GROUP BY GROUPING SETS ((channel), ())) x
ORDER BY 1;
SELECT cohort_matrix(customer, at, amount, 'month') FILTER (WHERE channel = 'web')
	= (SELECT cohort_matrix(customer, at, amount, 'month') FROM orders WHERE channel = 'web') AS filter,
	cohort_matrix(customer, at, amount, 'month' ORDER BY n DESC) = cohort_matrix(customer, at, amount, 'month') AS order_by
FROM orders;
SELECT (SELECT orders FROM cohort_cells(cohort_matrix(customer, at, 'month'))) AS "all",
	(SELECT orders FROM cohort_cells(cohort_matrix(DISTINCT customer, at, 'month'))) AS "distinct"
FROM (VALUES (1, date '2024-01-01'), (1, '2024-01-01'), (1, '2024-01-02')) v (customer, at);

-- rollup: the parts of disjoint customers make the whole.
SELECT rollup(part) = (SELECT cohort_matrix(customer, at, amount, 'month') FROM orders) AS by_channel
FROM (SELECT cohort_matrix(customer, at, amount, 'month') AS part FROM orders GROUP BY channel) p;
SELECT rollup(part) = (SELECT cohort_matrix(customer, started_at, at, NULL, 'week since start') FROM starts) AS by_customer
FROM (SELECT cohort_matrix(customer, started_at, at, NULL, 'week since start') AS part FROM starts GROUP BY customer) p;
SELECT rollup(m) IS NULL AS of_nothing FROM (SELECT NULL::cohort_matrix AS m) x;
SELECT rollup(m) IS NULL AS of_no_rows FROM (SELECT NULL::cohort_matrix AS m) x WHERE false;
-- Not of different grains, nor of instants cut in different zones.
SELECT rollup(m) FROM (
	SELECT cohort_matrix(1, date '2024-01-01', 'month') AS m UNION ALL
	SELECT cohort_matrix(2, date '2024-01-01', 'day')) x;
SELECT rollup(m) FROM (
	SELECT cohort_matrix(1, timestamptz '2024-01-01', 'month at Europe/Paris') AS m UNION ALL
	SELECT cohort_matrix(2, timestamptz '2024-01-01', 'month at Asia/Tokyo')) x;
CREATE TEMP TABLE parts AS SELECT cohort_matrix(1, timestamptz '2024-01-10', 'month') AS m;
SET timezone = 'Europe/Paris';
INSERT INTO parts SELECT cohort_matrix(2, timestamptz '2024-01-10', 'month');
SET timezone = 'UTC';
SELECT rollup(m) FROM parts;
