-- Recurring matrices: everybody belongs to the cohort of every period they are
-- active in.  What other systems publish as their tests (vector numbers in
-- brackets), and what follows from the definition.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE FUNCTION recurring_june(day int) RETURNS timestamptz
	RETURN timestamptz '2020-06-01 05:00+00' + (day - 1) * interval '24 hours';
-- Customers of a data set as timelines, and a column of a matrix by cohort.
CREATE TEMP TABLE recurring_orders (data text, customer text, at timestamptz);
INSERT INTO recurring_orders
	SELECT data, c, recurring_june(d) + h * interval '1 hour' FROM (VALUES
		('B', 'p1', '{10,11,12,15,16}'::int[], 0), ('B', 'p1', '{15}', 4), ('B', 'p2', '{11,12,13,16}', 0),
		('R', 'p1', '{10,13,14}', 0), ('R', 'p2', '{10,11}', 0), ('R', 'p3', '{11,12,13}', 0), ('R', 'p4', '{13,14}', 0), ('R', 'p5', '{14}', 0)) v (data, c, days, h), unnest(days) d;
INSERT INTO recurring_orders
	SELECT data, c, d::timestamptz FROM (VALUES
		('V7', 'p1', '{2020-01-15,2020-02-15,2020-03-15,2020-05-15,2020-06-15,2020-09-15}'::text[]),
		('V7', 'p2', '{2020-01-15,2020-02-15,2020-03-15,2020-06-15,2020-07-15,2020-11-15}'),
		('V8', 'p1', '{2020-06-10,2020-06-11,2020-06-17,2020-06-24,2020-07-04,2020-07-11}'),
		('V8', 'p2', '{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-07-25}'),
		('V10', 'p1', '{2020-06-09 01:00,2020-06-10 01:00,2020-06-11 01:00}'),
		('V10', 'p2', '{2020-06-16 01:00,2020-06-16 09:00}')) v (data, c, days), unnest(days) d;
CREATE FUNCTION recurring_of(name text, g grain) RETURNS cohort_matrix
	RETURN (SELECT recurring_matrix(t, g) FROM (SELECT timeline(at) AS t FROM recurring_orders WHERE data = name GROUP BY customer) x);

-- [V5, PostHog] Days.  June 11: both, June 12: both, June 13: p2 only ...
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active
FROM cohort_cells(recurring_of('B', 'day'), '2020-06-21') GROUP BY 1, 2 ORDER BY 1;
-- [V7, PostHog] Months.
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active
FROM cohort_cells(recurring_of('V7', 'month'), '2020-12-01') GROUP BY 1, 2 ORDER BY 1;
-- [V8, PostHog] Weeks from Sunday; the data end inside the week of July 19.
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, array_agg(complete ORDER BY age) AS complete
FROM cohort_cells(recurring_of('V8', 'week starting sunday')) GROUP BY 1, 2 ORDER BY 1;
-- [V10, PostHog and own] The day of an instant depends on the zone.
SELECT cohort, array_agg(active ORDER BY age) AS active
FROM cohort_cells(recurring_of('V10', 'day'), '2020-06-21') WHERE cohort >= '2020-06-10' AND cohort_size > 0 GROUP BY 1 ORDER BY 1;
SET timezone = 'America/Los_Angeles';
SELECT cohort, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT recurring_matrix(t, 'day') FROM (SELECT timeline(at, NULL, 'UTC') AS t FROM recurring_orders WHERE data = 'V10' GROUP BY customer) x), '2020-06-21')
WHERE cohort >= '2020-06-10' AND cohort_size > 0 GROUP BY 1 ORDER BY 1;
-- The zone of the session cuts when the timeline is built: 01:00 is 18:00 of
-- the day before.
SELECT cohort, array_agg(active ORDER BY age) AS active
FROM cohort_cells(recurring_of('V10', 'day'), '2020-06-18') WHERE cohort_size > 0 GROUP BY 1 ORDER BY 1;
SET timezone = 'UTC';

-- [V12, PostHog] On or later: the last active day is taken once per customer,
-- later cells are not added up.  p1 10 13 14, p2 10 11, p3 11 12 13, p4 13 14,
-- p5 14; the streaks by hand.
SELECT cohort, array_agg(active ORDER BY age) AS active, array_agg(active_or_later ORDER BY age) AS or_later, array_agg(active_streak ORDER BY age) AS streak
FROM cohort_cells(recurring_of('R', 'day'), '2020-06-16') GROUP BY 1 ORDER BY 1;
-- Rates are of the cohort, orders and money would count customers often: NULL.
SELECT age, period, cohort_size AS size, retention, retention_or_later, retention_streak, complete,
	num_nulls(orders, revenue, cumulative_revenue, revenue_per_customer, revenue_retention) AS nulls
FROM cohort_cells(recurring_of('R', 'day'), '2020-06-16') WHERE cohort = '2020-06-10' ORDER BY 1;
-- The curve over cohorts of 2, 2, 1, 3 and 3; the empty one of June 15 aside.
SELECT age, cohorts, customers, active, ltv, revenue_per_active FROM retention_curve(recurring_of('R', 'day'), '2020-06-16') ORDER BY 1;

-- Refunds make nobody active; amounts leave no trace.
CREATE TEMP TABLE recurring_money AS
	SELECT customer, timeline(at, amount) AS t FROM (VALUES
		(1, date '2024-01-05', 10), (1, '2024-02-05', -10), (1, '2024-03-05', 0), (2, '2024-02-10', NULL), (2, '2024-03-10', -5), (2, '2024-03-10', 5), (3, '2024-01-01', -1)) v (customer, at, amount)
	GROUP BY 1;
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, bool_and(revenue IS NULL AND orders IS NULL) AS no_money
FROM cohort_cells((SELECT recurring_matrix(t, 'month') FROM recurring_money)) GROUP BY 1, 2 ORDER BY 1;
SELECT recurring_matrix(t, 'month') IS NULL AS refunds_only FROM recurring_money WHERE customer = 3;
SELECT recurring_matrix(t, 'month') IS NULL AS no_rows FROM recurring_money WHERE false;
SELECT recurring_matrix(NULL::timeline, 'month') IS NULL AS null_timeline;
-- Other calendars: halves of fiscal years from April, pairs of days.
SELECT cohort, array_agg(active ORDER BY age) AS active
FROM cohort_cells((SELECT recurring_matrix(t, '2 quarters starting april') FROM (SELECT timeline(day) AS t FROM (VALUES
	('a', '{2023-04-01,2023-09-30,2023-10-01,2024-04-01}'::date[]), ('b', '{2023-03-31,2024-09-30}')) v (c, days), unnest(days) day GROUP BY c) x), '2024-10-01') GROUP BY 1 ORDER BY 1;

-- Levels: active with a level above zero at the end of the period.  a is gone
-- within January; b from January to March, and again from May 20; c from
-- February 28 until September.
CREATE TEMP TABLE recurring_levels AS
	SELECT customer, timeline(during, amount) AS t FROM (VALUES
		('a', daterange('2021-01-05', '2021-01-20'), 10), ('b', '[2021-01-10,2021-02-10)', 20), ('b', '[2021-02-10,2021-04-01)', 30),
		('b', '[2021-05-20,2021-06-20)', 30), ('c', '[2021-02-28,2021-09-01)', 7), ('d', '[2021-01-01,2021-02-01)', 0)) v (customer, during, amount)
	GROUP BY 1;
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, array_agg(active_or_later ORDER BY age) AS or_later
FROM cohort_cells((SELECT recurring_matrix(t, 'month') FROM recurring_levels), '2021-07-01') GROUP BY 1, 2 ORDER BY 1;

-- Adding up disjoint customers.
SELECT rollup(m) = (SELECT recurring_matrix(t, 'day') FROM (SELECT timeline(at) AS t FROM recurring_orders GROUP BY data, customer) y) AS whole
FROM (SELECT recurring_matrix(t, 'day') AS m FROM (SELECT data, customer, timeline(at) AS t FROM recurring_orders GROUP BY 1, 2) x GROUP BY hashtext(customer) % 3) p;
SELECT m::text::cohort_matrix = m AS text, m::jsonb ->> 'recurring' AS recurring FROM (SELECT recurring_of('R', 'week') AS m) x;
\set VERBOSITY sqlstate
-- Recurring and first-time do not add up, nor do other grains; no money: no ltv.
SELECT rollup(m) FROM (VALUES (recurring_of('R', 'day')), ((SELECT cohort_matrix(customer, at, 'day') FROM recurring_orders))) v (m);
SELECT rollup(m) FROM (VALUES (recurring_of('R', 'day')), (recurring_of('R', 'week'))) v (m);
SELECT ltv(recurring_of('R', 'day'), 1);
SELECT payback_age(recurring_of('R', 'day'), 100, 1);
-- A level without end would start cohorts for ever.
SELECT recurring_matrix(t, 'month') FROM (SELECT timeline(daterange('2021-01-01', NULL)) AS t) x;
-- Every active period starts a cohort: no windows since a start, no brackets.
SELECT recurring_of('R', 'day since start');
SELECT recurring_of('R', '30 days since start by month');
SELECT recurring_of('R', 'days 0,1,3');
SELECT recurring_of('R', 'hour since start');
-- The grain is a constant of the group; zones and kinds do not mix.
SELECT recurring_of('R', NULL);
SELECT recurring_matrix(t, g) FROM recurring_money, (VALUES ('month'::grain), ('day')) v (g);
SELECT recurring_matrix(t, 'month') FROM (SELECT t FROM recurring_money UNION ALL SELECT t FROM recurring_levels) x;
SELECT recurring_matrix(timeline, 'month') FROM (
	SELECT timeline(at, NULL, 'UTC') FROM recurring_orders UNION ALL SELECT timeline(at, NULL, 'Europe/Paris') FROM recurring_orders) x;
SELECT recurring_matrix(timeline, 'month at Europe/Paris') FROM (SELECT timeline(at, NULL, 'UTC') FROM recurring_orders) x;
\set VERBOSITY default
-- A customer is counted once for each pair of active periods.
SELECT recurring_matrix(timeline, 'day') FROM (SELECT timeline(date '2000-01-01' + n) FROM generate_series(1, 2501) n) x;
DROP FUNCTION recurring_of, recurring_june;
