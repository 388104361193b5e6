-- Customer movements that other systems publish as their tests or documents, or
-- that follow from the definition for the same data (vector numbers in
-- brackets).
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- [V37, PostHog] Who is new, stays, comes back and goes, by day, January 12th to
-- 19th.  p2 came on the 9th already, so is back on the 12th.
CREATE TEMP TABLE v37 (customer text, at timestamptz);
INSERT INTO v37 SELECT c, timestamptz '2020-01-01 12:00' + (d - 1) * interval '1 day'
	FROM (VALUES ('p1', '{11,12,13,15,17,19}'::int[]), ('p2', '{9,12}'), ('p3', '{12}'), ('p4', '{15}')) v (c, days), unnest(days) d;
SELECT array_agg(new_customers) AS new, array_agg(retained_customers) AS retained, array_agg(reactivated_customers) AS reactivated, array_agg(churned_customers) AS churned
FROM movement_rows((SELECT customer_movements(customer, at, 'day') FROM v37), '2020-01-20') WHERE period >= '2020-01-12';
-- The same from timelines, and with a level in force for one day each.
SELECT array_agg(new_customers) AS new, array_agg(retained_customers) AS retained, array_agg(reactivated_customers) AS reactivated, array_agg(churned_customers) AS churned
FROM movement_rows((SELECT customer_movements(t, 'day') FROM (SELECT timeline(at) AS t FROM v37 GROUP BY customer) x), '2020-01-20') WHERE period >= '2020-01-12';
SELECT array_agg(new_customers) AS new, array_agg(retained_customers) AS retained, array_agg(reactivated_customers) AS reactivated, array_agg(churned_customers) AS churned
FROM movement_rows((SELECT customer_movements(customer, daterange(at::date, at::date, '[]'), 'day') FROM v37), '2020-01-20') WHERE period >= '2020-01-12';

-- [X17, X18] Five of the 55 customers of the file.
CREATE TEMP TABLE x17 (customer int, start_date date, end_date date, amount numeric);
INSERT INTO x17 VALUES
	(1, '2018-11-01', '2019-02-01', 50), (1, '2019-04-01', '2019-06-01', 50), (1, '2019-06-01', '2019-08-01', 75),
	(2, '2017-09-01', '2017-11-01', 25), (3, '2017-09-01', '2017-10-01', 50), (4, '2017-10-01', '2017-11-01', 25),
	(8, '2019-04-01', '2019-05-01', 65), (8, '2019-05-01', '2019-12-01', 65);
CREATE TEMP TABLE x17_rows AS
	SELECT r.* FROM movement_rows((SELECT customer_movements(customer, daterange(start_date, end_date), amount, 'month') FROM x17), '2020-03-01') r;
-- Thirty months from 2017-09; those in which anything moves:
SELECT count(*), min(period), max(period), bool_and(complete) AS complete FROM x17_rows;
SELECT period, opening_revenue AS opening, new_customers AS new, new_revenue AS new_money, reactivated_revenue AS reactivated, expansion_revenue AS expansion,
	churned_customers AS churned, churned_revenue AS churned_money, closing_revenue AS closing, closing_customers AS customers, dormant_customers AS dormant
FROM x17_rows WHERE new_customers + reactivated_customers + expanded_customers + contracted_customers + churned_customers > 0;
SELECT sum(new_revenue) AS new, sum(reactivated_revenue) AS reactivated, sum(expansion_revenue) AS expansion, sum(contraction_revenue) AS contraction, sum(churned_revenue) AS churned,
	sum(new_revenue + reactivated_revenue + expansion_revenue + contraction_revenue + churned_revenue) AS sum FROM x17_rows;
-- Plain columns give every other rate: the textbook's by counts, in 2019-04 with
-- no opening none; in 2019-08 1 of 2 stays.
SELECT period, retention_by_counts(opening_customers, closing_customers, new_customers) AS by_counts, retention_rate AS by_set
FROM x17_rows WHERE period IN ('2019-04-01', '2019-08-01');
-- By year: 2, 3, 4 live inside 2017, 8 inside 2019: no movement, not remembered.
SELECT period, complete, opening_revenue AS opening, new_revenue AS new, churned_revenue AS churned, closing_revenue AS closing, dormant_customers AS dormant
FROM movement_rows((SELECT customer_movements(customer, daterange(start_date, end_date), amount, 'year') FROM x17), '2020-03-01');
-- [X18] Customer 1; customer 8 changes from 65 to 65.
SELECT customer, c.*
FROM (SELECT customer, timeline(daterange(start_date, end_date), amount) AS t FROM x17 WHERE customer IN (1, 8) GROUP BY 1) x, timeline_movements(t, 'month', '2020-03-01') c
ORDER BY customer, period;

-- [X20] Paid from the 15th to the 15th: on June 30th nothing is in force, so
-- churned in June, and in the week of the 15th (a Saturday).
SELECT period, opening_customers AS opening, churned_customers AS churned, churned_revenue, closing_customers AS closing
FROM movement_rows((SELECT customer_movements(1, during, 30, 'month') FROM (VALUES (daterange('2024-04-15', '2024-05-15')), ('[2024-05-15,2024-06-15)')) v (during)), '2024-08-01');
SELECT period FROM movement_rows((SELECT customer_movements(1, during, 30, 'week') FROM (VALUES (daterange('2024-04-15', '2024-05-15')), ('[2024-05-15,2024-06-15)')) v (during)), '2024-08-01')
WHERE churned_customers = 1;

-- [X47] Inclusive ends, a spell without a gap: days, and the last second of one.
SELECT count(*) AS rows, sum(new_customers) AS new, sum(churned_customers) AS churned, sum(reactivated_customers) AS reactivated
FROM movement_rows((SELECT customer_movements(1, during, 'day') FROM (VALUES (daterange('2024-01-01', '2024-01-31', '[]')), (daterange('2024-02-01', NULL))) v (during)), '2024-03-01');
SELECT count(*) AS rows, sum(new_customers) AS new, sum(churned_customers) AS churned, sum(reactivated_customers) AS reactivated
FROM movement_rows((SELECT customer_movements(1, during, 'day') FROM (VALUES (tsrange('2024-01-01', '2024-01-31 23:59:59', '[]')), (tsrange('2024-02-01', NULL))) v (during)), '2024-03-01');

-- [X49] A level falls from 100 to 70: nobody is lost, and 30 of 100 are.
SELECT period, churned_customers AS churned, contracted_customers AS contracted, contraction_revenue AS contraction, churned_revenue, retention_rate, churn_rate, nrr, grr, quick_ratio
FROM movement_rows((SELECT customer_movements(1, during, amount, 'month') FROM (VALUES (daterange('2024-01-01', '2024-02-01'), 100), ('[2024-02-01,)', 70)) v (during, amount)), '2024-03-01');

-- [X50] Two subscriptions of one customer end together: one customer is lost,
-- with both amounts.  Of two customers: two.
SELECT period, churned_customers AS churned, churned_revenue, churn_rate
FROM movement_rows((SELECT customer_movements(1, daterange('2024-01-01', '2024-02-10'), amount, 'month') FROM (VALUES (10), (25)) v (amount)), '2024-03-01');
SELECT period, churned_customers AS churned, churned_revenue, churn_rate
FROM movement_rows((SELECT customer_movements(amount, daterange('2024-01-01', '2024-02-10'), amount, 'month') FROM (VALUES (10), (25)) v (amount)), '2024-03-01');

-- [X11] Three at the start, one joins, one of the three leaves: a third is lost,
-- by counts as many.
SELECT churn_rate, retention_by_counts(opening_customers, closing_customers, new_customers) AS by_counts
FROM movement_rows((SELECT customer_movements(c, during, 'month') FROM (VALUES (1, daterange('2024-01-01', NULL)), (2, '[2024-01-01,)'), (3, '[2024-01-01,2024-02-10)'), (4, '[2024-02-05,)')) v (c, during)), '2024-03-01')
WHERE period = '2024-02-01';

DROP TABLE v37, x17, x17_rows;
