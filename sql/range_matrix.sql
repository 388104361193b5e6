-- Cohort matrices over ranges (subscriptions): from rows and from timelines.
-- Vector numbers in brackets.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE range_plans (n int, customer int, during daterange, amount numeric);
INSERT INTO range_plans VALUES
	-- gone before the first month ends
	(1, 1, '[2021-01-05,2021-01-20)', 10),
	-- more from February 10 on; a gap; back in May, without end
	(2, 2, '[2021-01-10,2021-02-10)', 20), (3, 2, '[2021-02-10,2021-04-01)', 30), (4, 2, '[2021-05-15,)', 5),
	-- free until the end of February
	(5, 3, '[2021-01-01,2021-03-01)', 0), (6, 3, '[2021-03-01,2021-05-01)', 7.5),
	-- two at once that end together [X50]
	(7, 4, '[2021-03-10,2021-04-20)', 1), (8, 4, '[2021-03-20,2021-04-20)', 2),
	-- never pays
	(9, 5, '[2021-01-01,)', NULL), (10, 6, '[2021-01-01,2021-01-01)', 9), (11, 7, NULL, 9), (12, NULL, '[2021-01-01,)', 9);
CREATE TEMP TABLE range_timelines AS SELECT customer, timeline(during, amount) AS t FROM range_plans WHERE customer IS NOT NULL GROUP BY 1;
CREATE FUNCTION range_cells(m cohort_matrix, as_of date DEFAULT NULL)
	RETURNS TABLE (cohort date, size bigint, active bigint[], or_later bigint[], streak bigint[], revenue numeric[])
BEGIN ATOMIC
	SELECT cohort, cohort_size, array_agg(active ORDER BY age), array_agg(active_or_later ORDER BY age),
		array_agg(active_streak ORDER BY age), array_agg(revenue ORDER BY age)
	FROM cohort_cells(m, as_of) GROUP BY 1, 2 ORDER BY 1;
END;

-- The cohort is the month of the first day with a level above zero, where
-- everybody is active; at other ages who has one on the month's last day.
-- Revenue is that day's level, on or later looks past as_of.
SELECT * FROM range_cells((SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans), '2021-07-01');
SELECT cohort_matrix(t, 'month') = (SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans) AS same FROM range_timelines;
-- as_of inside a period: it is shown, and not complete.
SELECT age, period, cohort_size AS size, active, orders, revenue, cumulative_revenue, retention, revenue_per_customer, revenue_retention, complete
FROM cohort_cells((SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans), '2021-05-20') WHERE cohort = '2021-01-01' ORDER BY age;
-- Without as_of the data end inside the month of the last start: May.
SELECT cohort, max(age) AS last_age, count(*) FILTER (WHERE complete) AS complete
FROM cohort_cells((SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans)) GROUP BY 1 ORDER BY 1;
-- No end is no end: years after the last row too.
SELECT age, active, active_or_later, active_streak, revenue
FROM cohort_cells((SELECT cohort_matrix(customer, during, amount, 'year') FROM range_plans), '2041-01-01') WHERE cohort = '2021-01-01' AND age IN (0, 1, 10, 19) ORDER BY 1;
-- The curve, and scalars of it.
SELECT age, cohorts, customers, active, retention, ltv, revenue_per_active
FROM retention_curve((SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans), '2021-06-01') ORDER BY 1;
SELECT churn_rate(m, 1, '2021-06-01') AS churn, ltv(m, 2, '2021-06-01') AS ltv, payback_age(m, 20, 1, '2021-06-01') AS payback
FROM (SELECT cohort_matrix(customer, during, amount, 'month') AS m FROM range_plans) x;

-- Without amounts a range weighs 1: the free ones are subscriptions too, and
-- there is no money.
SELECT cohort, size, active, revenue FROM range_cells((SELECT cohort_matrix(customer, during, 'month') FROM range_plans), '2021-04-01');
SELECT cohort_matrix(t, 'month') = (SELECT cohort_matrix(customer, during, 'month') FROM range_plans) AS same,
	(SELECT cohort_matrix(customer, during, NULL, 'month') = cohort_matrix(customer, during, 'month') FROM range_plans) AS literal
FROM (SELECT timeline(during) AS t FROM range_plans WHERE customer IS NOT NULL GROUP BY customer) x;
-- Nobody who pays: no matrix.
SELECT cohort_matrix(customer, during, amount, 'month') IS NULL AS rows, (SELECT cohort_matrix(t, 'month') IS NULL FROM range_timelines WHERE customer >= 5) AS timelines
FROM range_plans WHERE customer >= 5;

-- Other grains.  Quarters: customer 2 has 30 at the end of March and 5 at the
-- end of June, customer 3 starts in March.
SELECT cohort, size, active, revenue FROM range_cells((SELECT cohort_matrix(customer, during, amount, 'quarter') FROM range_plans), '2021-10-01');
-- Brackets [0,1) [1,4) [4,6) of months end in January, April, June for the
-- cohort of January, in March, June, August for that of March.
SELECT cohort, size, active, or_later, revenue FROM range_cells((SELECT cohort_matrix(customer, during, amount, 'months 0,1,4,6') FROM range_plans), '2021-10-01') WHERE size > 0;
-- Windows from the customer's own first day above zero, by their last days.
-- 1: 02-03 has 0.  2: 02-08 20, 03-10 30, 04-09 0, 05-09 0, 06-08 5.
-- 3: 03-30 and 04-29 have 7.5, 05-29 0.  4: 04-08 has 3, 05-08 0.
SELECT cohort, size, active, or_later, revenue FROM range_cells((SELECT cohort_matrix(customer, during, amount, '30 days since start by quarter') FROM range_plans), '2021-05-30') WHERE size > 0;
SELECT bool_and(cohort_matrix_send(a) = cohort_matrix_send(b)) AS same
FROM unnest('{day,3 days,week starting sunday,month,2 months,quarter starting february,year,"days 0,1,7,30","30 days since start by quarter","month since start","days 0,30,90 since start by month","weeks 0,1,4"}'::grain[]) g,
	LATERAL (SELECT cohort_matrix(customer, during, amount, g) AS a FROM range_plans) a, LATERAL (SELECT cohort_matrix(t, g) AS b FROM range_timelines) b;

-- [X20] Paid by the month from the 15th, the last time until 06-15: nothing at
-- the end of June.
SELECT active, revenue FROM range_cells((SELECT cohort_matrix(1, during, 10, 'month') FROM (VALUES (daterange('2021-04-15', '2021-05-15')), (daterange('2021-05-15', '2021-06-15'))) v (during)), '2021-08-01') WHERE size > 0;
-- [X47] Inclusive ends: one spell, the same as one range.
SELECT cohort_matrix(1, during, 10, 'week') = (SELECT cohort_matrix(1, daterange('2021-01-01', '2021-03-01'), 10, 'week')) AS same
FROM (VALUES (daterange('2021-01-01', '2021-01-31', '[]')), (daterange('2021-02-01', '2021-02-28', '[]'))) v (during);
-- A plan changed on a day, to less and to the same: no gap, no new start.
SELECT active, streak, revenue FROM range_cells((SELECT cohort_matrix(1, during, amount, 'month')
	FROM (VALUES (daterange('2021-01-01', '2021-02-28'), 50), ('[2021-02-28,2021-03-31)', 30), ('[2021-03-31,2021-05-01)', 30)) v (during, amount)), '2021-06-01') WHERE size > 0;
-- Overlapping ranges add up, and a correction takes away.
SELECT active, revenue FROM range_cells((SELECT cohort_matrix(1, during, amount, 'month')
	FROM (VALUES (daterange('2021-01-01', '2021-06-01'), 50.0), ('[2021-02-01,2021-04-01)', 0.000001), ('[2021-03-01,2021-05-01)', -50)) v (during, amount)), '2021-06-01') WHERE size > 0;

-- Split anywhere, in any order, from any kind of range: one value.
SELECT (SELECT cohort_matrix(1, during, 10, 'day') FROM (VALUES (daterange('2021-01-01', '2021-02-01')), ('[2021-02-01,2021-02-02)'), ('[2021-02-02,)')) v (during)) = w.m AS split,
	(SELECT cohort_matrix(1, during, a, 'day') FROM (VALUES (daterange('2021-01-01', NULL), 4), ('[2021-01-01,)', 6)) v (during, a)) = w.m AS added,
	(SELECT cohort_matrix(1, tsrange('2021-01-01 12:34', NULL), 10, 'day')) = w.m AS times
FROM (SELECT cohort_matrix(1, daterange('2021-01-01', NULL), 10, 'day') AS m) w;
-- Instants are cut in the zone of the grain, or of the session.
CREATE TEMP TABLE range_instants AS SELECT 1 AS customer, tstzrange('2021-01-31 23:30+00', '2021-03-31 22:30+00') AS during;
SELECT 'UTC' AS zone, cohort, active FROM range_instants, range_cells((SELECT cohort_matrix(customer, during, 'month') FROM range_instants), '2021-05-01') WHERE size > 0
UNION ALL
SELECT 'Paris', cohort, active FROM range_cells((SELECT cohort_matrix(customer, during, 'month at Europe/Paris') FROM range_instants), '2021-05-01') WHERE size > 0;
SET timezone = 'Europe/Paris';
SELECT cohort_matrix(t, 'month') = (SELECT cohort_matrix(customer, during, 'month') FROM range_instants) AS session,
	cohort_matrix(t, 'month at Europe/Paris') = (SELECT cohort_matrix(customer, during, 'month at Europe/Paris') FROM range_instants) AS named
FROM (SELECT timeline(during) AS t FROM range_instants) x;
SET timezone = 'UTC';
-- The value.
SELECT m::text::cohort_matrix = m AS text, m::jsonb -> 'levels' AS levels, m::jsonb -> 'money' AS money
FROM (SELECT cohort_matrix(customer, during, amount, 'month') AS m FROM range_plans) x;
SELECT rollup(m) = (SELECT cohort_matrix(customer, during, amount, 'month') FROM range_plans) AS whole
FROM (SELECT cohort_matrix(customer, during, amount, 'month') AS m FROM range_plans GROUP BY customer) p;
\set VERBOSITY sqlstate
-- Orders and ranges do not add up; a day is the finest there is.
SELECT rollup(m) FROM (VALUES ((SELECT cohort_matrix(customer, during, 'month') FROM range_plans)), ((SELECT cohort_matrix(1, date '2021-01-01', 'month')))) v (m);
SELECT cohort_matrix(customer, during, '24 hours since start') FROM range_plans;
SELECT cohort_matrix(customer, during, during, 'month') FROM range_plans;
SELECT cohort_matrix(customer, int4range(1, 2), 'month') FROM range_plans;
SELECT cohort_matrix(customer, during, NULL::grain) FROM range_plans;
\set VERBOSITY default
DROP FUNCTION range_cells;
