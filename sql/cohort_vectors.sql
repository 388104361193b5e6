-- Cohort matrices that other systems publish as their tests or documents, and
-- what follows from the definition for the same data (vector numbers in
-- brackets).  Customers of a first-time matrix have one cohort for ever.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- One line per cohort: the cells of a column at ages 0, 1, 2, ...
CREATE FUNCTION june(day int) RETURNS timestamptz
	RETURN timestamptz '2020-06-01 05:00+00' + (day - 1) * interval '24 hours';

-- [V17, PostHog] Sign-ups and returns are different events, grain day.  x signs
-- up twice and belongs to the first time.  Age 0 shows who came back on the day
-- of the sign-up: p1 on June 9: no.
CREATE TEMP TABLE v17 (customer text, started_at timestamptz, at timestamptz);
INSERT INTO v17
	SELECT c, june(d), NULL FROM (VALUES
		('x', '{5,9}'::int[]), ('p1', '{9,11,12,13,14}'), ('p2', '{9}'), ('p3', '{10}'), ('p4', '{12}')) v (c, days), unnest(days) d;
INSERT INTO v17
	SELECT c, NULL, june(d) FROM (VALUES
		('p1', '{10,11,12,15,15,16}'::int[]), ('p2', '{11,12,13,16}'), ('p3', '{11,13,14,15}'), ('p4', '{13,15}')) v (c, days), unnest(days) d;
SELECT cohort, cohort_size, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT cohort_matrix(customer, started_at, at, NULL, 'day') FROM v17), '2020-06-16')
GROUP BY 1, 2 ORDER BY 1;
-- Streaks start at age 1 here: of the two of June 9, p1 comes on June 10, 11, 12
-- and p2 not on June 10.  June 16 lies after as_of; active_or_later sees it.
SELECT age, active, active_streak, active_or_later, retention
FROM cohort_cells((SELECT cohort_matrix(customer, started_at, at, NULL, 'day') FROM v17), '2020-06-16')
WHERE cohort = '2020-06-09' ORDER BY age;

-- [V21, PostHog] Windows of 24 hours from each customer's own first event.  p1
-- 23:00, 01:00 (2 hours later, age 0), 23:00 (24 hours, age 1); p2 01:00, 23:00,
-- 02:00 (25 hours, age 1).  The data end inside June 12: shown is what starts
-- before June 13; complete only what ends by June 12 00:00, that is June 10 plus
-- one day plus one window.
CREATE TEMP TABLE v21 (customer text, at timestamptz);
INSERT INTO v21 VALUES
	('p1', '2020-06-10 23:00'), ('p1', '2020-06-11 01:00'), ('p1', '2020-06-11 23:00'),
	('p2', '2020-06-11 01:00'), ('p2', '2020-06-11 23:00'), ('p2', '2020-06-12 02:00');
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(complete ORDER BY age) AS complete, count(period) AS periods
FROM cohort_cells((SELECT cohort_matrix(customer, at, '24 hours since start by day') FROM v21))
GROUP BY 1 ORDER BY 1;
-- By calendar days p1's 01:00 is age 1 and 23:00 too.
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(orders ORDER BY age) AS orders
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'day') FROM v21))
GROUP BY 1 ORDER BY 1;

-- [V23, after PostHog] Cut points: the brackets [0,1) [1,6) [6,11) days, and
-- [0,1) [1,4) [4,7) months: June to August is 2, to November 5.
CREATE TEMP TABLE v23 (customer text, at timestamptz);
INSERT INTO v23 SELECT c, june(d) FROM (VALUES ('p1', '{10,12,12,17}'::int[]), ('p2', '{10,13,18,18}')) v (c, days), unnest(days) d;
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(orders ORDER BY age) AS orders
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'days 0,1,6,11') FROM v23))
WHERE cohort_size > 0 GROUP BY 1;
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(complete ORDER BY age) AS complete
FROM cohort_cells((SELECT cohort_matrix(1, at, 'months 0,1,4,7')
	FROM (VALUES (date '2020-06-20'), ('2020-08-01'), ('2020-11-30')) v (at)))
WHERE cohort_size > 0 GROUP BY 1;
-- The last bracket [June + 4, June + 7) ends with the year.
SELECT age, complete
FROM cohort_cells((SELECT cohort_matrix(1, at, 'months 0,1,4,7')
	FROM (VALUES (date '2020-06-20'), ('2020-08-01'), ('2020-11-30')) v (at)), '2021-01-01')
WHERE cohort_size > 0 ORDER BY 1;

-- [V34, PostHog] Revenue of a cohort and per active customer.
CREATE TEMP TABLE v34 (customer text, at timestamptz, amount int);
INSERT INTO v34 SELECT c, june(10 + d), m
	FROM (VALUES ('u1', 0, 10), ('u1', 1, 20), ('u1', 2, 30), ('u2', 0, 40), ('u2', 1, 50), ('u2', 2, 60)) v (c, d, m);
SELECT age, revenue, cumulative_revenue, revenue_per_customer, revenue_retention
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'day') FROM v34), '2020-06-13')
WHERE cohort = '2020-06-10' ORDER BY age;
SELECT age, revenue_per_active, ltv
FROM retention_curve((SELECT cohort_matrix(customer, at, amount, 'day') FROM v34), '2020-06-13') ORDER BY age;

-- size customers first seen in month i of 2020, retained of them a month later.
CREATE FUNCTION of_sizes(sizes int[], retained int[]) RETURNS TABLE (customer int, at date)
BEGIN ATOMIC
	SELECT i * 10000 + p, (date '2019-12-15' + make_interval(months => i + k))::date
	FROM generate_series(1, cardinality(sizes)) i, generate_series(1, sizes[i]) p, generate_series(0, 1) k
	WHERE k = 0 OR p <= retained[i];
END;

-- [V39, Mixpanel] 500 of 1000, 400 of 500, and 10 of 700 in a month still open,
-- which counts nowhere: pooled 900/1500, simple mean (0.5 + 0.8) / 2.
SELECT cohort, cohort_size, active, retention, complete
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'month') FROM of_sizes('{1000,500,700}', '{500,400,10}')), '2020-04-15')
WHERE age = 1 ORDER BY 1;
SELECT age, cohorts, customers, active, retention, retention_mean
FROM retention_curve((SELECT cohort_matrix(customer, at, 'month') FROM of_sizes('{1000,500,700}', '{500,400,10}')), '2020-04-15')
ORDER BY 1;
-- Without as_of the data end inside the last month that has anything in it.
SELECT retention_rate(m, 1), churn_rate(m, 1), retention_rate(m, 1, '2020-05-01') AS all_three, 910.0::float8 / 2200 AS "910/2200"
FROM (SELECT cohort_matrix(customer, at, 'month') AS m FROM of_sizes('{1000,500,700}', '{500,400,10}')) x;

-- [V40, PostHog #25998] 2 of 10, nobody of 100: the simple mean is 0.1, pooled
-- 2/110.  A genuine zero counts, the empty cohort between them does not.
SELECT age, cohorts, customers, active, retention = 2.0::float8 / 110 AS pooled, retention_mean
FROM retention_curve((SELECT cohort_matrix(customer, at, 'month') FROM of_sizes('{10,0,100}', '{2,0,0}')), '2020-05-01')
WHERE age = 1;

-- [X33] Wilson's bounds of 8 of 26 at 95 %.
SELECT round(retention::numeric, 6) AS retention, round(retention_low::numeric, 4) AS low, round(retention_high::numeric, 4) AS high
FROM retention_curve((SELECT cohort_matrix(customer, at, 'month') FROM of_sizes('{26}', '{8}')), '2020-03-01')
WHERE age = 1;

-- [V41, Amplitude] LTV at age 1: 500 of 100 customers, 720 of 120, 320 of 80:
-- 5, 6, 4, and pooled 1540/300.
CREATE TEMP TABLE v41 AS
	SELECT i * 10000 + p AS customer, (date '2019-12-15' + make_interval(months => i + k))::date AS at, paid[k + 1] AS amount
	FROM (VALUES (1, 100, '{3,2}'::numeric[]), (2, 120, '{3.5,2.5}'), (3, 80, '{2.5,1.5}')) v (i, size, paid),
		 generate_series(1, size) p, generate_series(0, 1) k;
SELECT cohort, cohort_size, cumulative_revenue, revenue_per_customer
FROM cohort_cells((SELECT cohort_matrix(customer, at, amount, 'month') FROM v41), '2020-05-01')
WHERE age = 1 AND cohort_size > 0 ORDER BY 1;
SELECT round(ltv(m, 1, '2020-05-01'), 6) AS ltv, ltv(m, 1, '2020-04-01') AS of_two, ltv(m, 7) AS beyond
FROM (SELECT cohort_matrix(customer, at, amount, 'month') AS m FROM v41) x;
-- Earned per customer at ages 0 and 1: (300 + 420 + 200) / 300 and 1540/300.
SELECT payback_age(m, 3, 1, '2020-05-01') AS three, payback_age(m, 5, 1, '2020-05-01') AS five,
	payback_age(m, 5, 0.5, '2020-05-01') AS half_margin
FROM (SELECT cohort_matrix(customer, at, amount, 'month') AS m FROM v41) x;

-- [V44, Mixpanel] The calendar and the customer's own clock: Monday 20:00 to
-- Tuesday 06:00, Friday to Monday, February 25 to March 3.
CREATE FUNCTION age_of_second(first_at timestamptz, second_at timestamptz, g grain) RETURNS int
	RETURN (SELECT max(age) FROM cohort_cells((SELECT cohort_matrix(1, at, g) FROM (VALUES (first_at), (second_at)) v (at))) WHERE active > 0);
SELECT age_of_second('2020-06-08 20:00', '2020-06-09 06:00', 'day') AS "day",
	age_of_second('2020-06-08 20:00', '2020-06-09 06:00', '24 hours since start') AS "24 hours",
	age_of_second('2020-06-12', '2020-06-15', 'week') AS "week",
	age_of_second('2020-06-12', '2020-06-15', '7 days since start') AS "7 days",
	age_of_second('2020-02-25', '2020-03-03', 'month') AS "month",
	age_of_second('2020-02-25', '2020-03-03', '30 days since start') AS "30 days";

-- [V8, PostHog; the first-time row] Weeks from Sunday: both customers come in
-- the week of June 7 and belong to it; later weeks have cohorts of nobody.
CREATE TEMP TABLE v8 AS
	SELECT c AS customer, d::date AS at
	FROM (VALUES ('p1', '{2020-06-10,2020-06-11,2020-06-17,2020-06-24,2020-07-04,2020-07-11}'::text[]),
				 ('p2', '{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-07-25}')) v (c, days), unnest(days) d;
SELECT cohort, cohort_size, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'week starting sunday') FROM v8))
GROUP BY 1, 2 ORDER BY 1;
-- Weeks from Monday: Saturdays stay, no Sunday is among the days; only the dates
-- of the rows move.
SELECT cohort, cohort_size, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT cohort_matrix(customer, at, 'week') FROM v8))
WHERE cohort_size > 0 GROUP BY 1, 2 ORDER BY 1;

-- [V10, PostHog and own; the first-time rows] One instant, two days: 01:00 UTC
-- is 18:00 of the day before in Los Angeles, 09:00 UTC is 02:00.
CREATE TEMP TABLE v10 (customer text, at timestamptz);
INSERT INTO v10 VALUES ('p1', '2020-06-09 01:00'), ('p1', '2020-06-10 01:00'), ('p1', '2020-06-11 01:00'),
	('p2', '2020-06-16 01:00'), ('p2', '2020-06-16 09:00');
CREATE FUNCTION v10_rows(g grain) RETURNS TABLE (cohort date, active bigint[], orders bigint[])
BEGIN ATOMIC
	SELECT cohort, array_agg(active ORDER BY age), array_agg(orders ORDER BY age)
	FROM cohort_cells((SELECT cohort_matrix(customer, at, g) FROM v10))
	WHERE cohort_size > 0 GROUP BY 1 ORDER BY 1;
END;
-- by the session's zone
SELECT * FROM v10_rows('day');
SET timezone = 'America/Los_Angeles';
SELECT * FROM v10_rows('day');
-- by the grain's zone, whatever the session's
SELECT * FROM v10_rows('day at UTC');
SET timezone = 'UTC';
SELECT * FROM v10_rows('day at America/Los_Angeles');
-- A timestamp is local already: no zone moves it.
SELECT cohort, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT cohort_matrix(customer, at::timestamp, 'day at America/Los_Angeles') FROM v10))
WHERE cohort_size > 0 GROUP BY 1 ORDER BY 1;
-- Under "since start" the windows do not depend on the zone, their rows do.
SELECT * FROM v10_rows('24 hours since start');
SELECT * FROM v10_rows('24 hours since start at America/Los_Angeles');
