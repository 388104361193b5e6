-- show.sql: customer retention in psql, of the orders that page.sh made a page of:
-- schema is a psql variable, and the search_path has it.

\pset footer off
\pset null ''
SET datestyle = 'ISO, DMY';
SET timezone = :'zone';

-- As the page cuts time.
SELECT format('%I.settings', :'schema' || '_page') AS settings, format('%I.channels', :'schema' || '_page') AS channels \gset
SELECT orders AS order_rows, grain, as_of FROM :settings \gset
CREATE TEMPORARY VIEW order_rows AS SELECT customer_id, ordered_at, amount, channel FROM :order_rows;

SELECT count(*) || ' rows of ' || count(DISTINCT customer_id) || ' customers, '
	|| min(ordered_at)::date || ' to ' || max(ordered_at)::date AS summary,
	count(DISTINCT channel) > 1 AS has_channels,
	-- Without amounts the money columns are to be empty, not 0.
	CASE WHEN count(amount) > 0 THEN ', amount' ELSE '' END AS and_amount
FROM order_rows \gset
\echo :summary

-- One pass over the orders; everything below reads this value.
CREATE TEMPORARY TABLE matrices AS
SELECT cohort_matrix(customer_id, ordered_at :and_amount, :'grain') AS matrix
FROM order_rows;

\echo
\echo 'Who comes back: the cohorts by age'
\echo '----------------------------------'
\pset tuples_only on
\pset format unaligned
SELECT cohort_text(matrix, :'as_of') FROM matrices;

\echo
\echo 'The retention curve of all cohorts'
\echo '----------------------------------'
SELECT retention_curve_text(matrix, :'as_of') FROM matrices;
\pset tuples_only off
\pset format aligned

\echo
\echo 'The same in figures'
\echo '-------------------'
SELECT age, cohorts, customers, active,
	round(100 * retention::numeric, 1) AS retention_pct,
	round(100 * retention_low::numeric, 1) AS low,
	round(100 * retention_high::numeric, 1) AS high,
	round(100 * retention_or_later::numeric, 1) AS or_later_pct,
	round(ltv_chained, 2) AS ltv
FROM matrices, retention_curve(matrix, :'as_of')
WHERE age <= 12;

\if :has_channels
\echo
\echo 'By channel: share retained at ages 1, 3 and 6, revenue per customer by age 6 and 12'
\echo '----------------------------------------------------------------------------------'
SELECT channel, customers,
	round(100 * retention_1::numeric, 1) AS retained_1,
	round(100 * retention_3::numeric, 1) AS retained_3,
	round(100 * retention_6::numeric, 1) AS retained_6,
	round(ltv_6, 2) AS ltv_6, round(ltv_12, 2) AS ltv_12
FROM :channels
ORDER BY ltv_6 DESC NULLS LAST, channel;
\endif

\echo
\echo 'First rows of cohort_cells, for a table or a BI tool'
\echo '----------------------------------------------------'
SELECT cohort, age, period, cohort_size, active, orders, revenue,
	round(retention::numeric, 3) AS retention,
	round(revenue_per_customer, 2) AS revenue_per_customer, complete
FROM matrices, cohort_cells(matrix, :'as_of')
LIMIT 8;

\echo
\echo 'Who is new, comes back and churns, and what it moves'
\echo '----------------------------------------------------'
\pset tuples_only on
\pset format unaligned
SELECT movements_text(customer_movements(customer_id, ordered_at :and_amount, 'quarter'), :'as_of')
FROM order_rows;
\pset tuples_only off
\pset format aligned

\echo
\echo 'The customers worth calling: silent for longer than is their habit, by what they have bought'
\echo '--------------------------------------------------------------------------------------------'
SELECT customer_id, orders(history), revenue(history), last_at(history) AS last_order,
	round(overdue(history, :'as_of')::numeric, 1) AS overdue
FROM (
	SELECT customer_id, timeline(ordered_at :and_amount) AS history
	FROM order_rows
	GROUP BY customer_id) AS t
WHERE lifecycle(history, :'as_of') = 'at risk'
ORDER BY revenue DESC NULLS LAST, orders DESC, customer_id
LIMIT 10;

-- What only the CRM of the demo has.
SELECT to_regclass('spend') IS NOT NULL AND to_regclass('subscriptions') IS NOT NULL AS has_crm \gset
\if :has_crm
\echo
\echo 'What a customer costs and earns, by channel: all spend per customer won, and revenue of the first four quarters'
\echo '--------------------------------------------------------------------------------------------------------------'
SELECT channel, round(cac, 2) AS cac, round(ltv_chained(matrix, 3, :'as_of'), 2) AS ltv_of_a_year,
	round(ltv_chained(matrix, 3, :'as_of') / cac, 1) AS ltv_to_cac
FROM (
	SELECT channel, cohort_matrix(customer_id, ordered_at, amount, 'quarter') AS matrix
	FROM order_rows
	GROUP BY channel) AS m
JOIN (
	SELECT channel, sum(marketing + sales) / acquired AS cac
	FROM spend
	JOIN (
		SELECT channel, count(*) AS acquired
		FROM (SELECT customer_id, channel, min(ordered_at) AS first_at FROM order_rows WHERE amount >= 0 GROUP BY 1, 2) AS f
		GROUP BY channel) AS a USING (channel)
	GROUP BY channel, acquired) AS c USING (channel)
ORDER BY ltv_to_cac DESC;

\echo
\echo 'The recurring revenue of the service plans'
\echo '------------------------------------------'
\pset tuples_only on
\pset format unaligned
SELECT movements_text(customer_movements(customer_id, during, monthly_amount, 'quarter'), :'as_of')
FROM subscriptions;
\pset tuples_only off
\pset format aligned

\echo
\echo 'From lead to renewal'
\echo '--------------------'
\pset tuples_only on
\pset format unaligned
SELECT funnel_text(funnel(customer_id, entered_at, array_position('{lead,qualified,proposal,won,renewed}', stage), '2 years'))
FROM stages;
\pset tuples_only off
\pset format aligned
\endif
