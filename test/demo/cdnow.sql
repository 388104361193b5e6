-- cdnow.sql: what customers will buy, predicted and compared with what they
-- bought.
--
--	psql -f test/demo/cdnow.sql <CDNOW_sample.txt
--
-- The customers of an online music shop who first bought in the first quarter
-- of 1997, and all they bought until June 1998 (Fader and Hardie, Interfaces 31,
-- 2001).  The file, CDNOW_sample.txt or CDNOW_master.txt, has a line for each
-- order: ..., customer, date, number of CDs, value.  Everything is in temporary
-- tables: the script leaves nothing behind.

SET client_min_messages = warning;

-- 1. The transaction log as a table.  Lines of any other form, such as the one
--    with the names of the columns, are left out.
CREATE TEMP TABLE lines (line text);
\copy lines from pstdin
CREATE TEMP TABLE orders AS
SELECT f[1]::int AS customer, f[2]::date AS at, f[3]::numeric AS dollars
FROM lines, regexp_match(line, '([0-9]+)\s+([0-9]{8})\s+[0-9]+\s+([0-9.]+)\s*$') AS f
WHERE f IS NOT NULL;

-- 2. One timeline for each customer: all the models need.
CREATE TEMP TABLE customers AS
SELECT customer, timeline(at, dollars) AS history FROM orders GROUP BY customer;

-- 3. Pretend that today is October 1st, 1997, after 39 weeks, and fit.  Later
--    orders are in the timelines, but nobody looks past as_of.
CREATE TEMP TABLE models AS
SELECT purchase_model('bg/nbd', history, '1997-10-01', 'week') AS bg,
	purchase_model('mbg/nbd', history, '1997-10-01', 'week') AS mbg,
	purchase_model('pareto/nbd', history, '1997-10-01', 'week') AS pareto,
	spend_model(history, '1997-10-01') FILTER (WHERE (purchase_summary(history, '1997-10-01')).monetary_value > 0) AS spend
FROM customers;

\echo The data: customers, repeat purchases until October, customers with any, purchases later
SELECT count(*) AS customers, sum(s.frequency) AS repeat_purchases, count(*) FILTER (WHERE s.frequency > 0) AS repeat_customers,
	sum(e.frequency - s.frequency) AS later_purchases
FROM customers, purchase_summary(history, '1997-10-01') AS s, purchase_summary(history, '1998-07-01') AS e;

\echo What was fitted
SELECT kind, name, estimate, standard_error
FROM (
	SELECT 1 AS n, 'bg/nbd' AS kind, p.* FROM models, model_parameters(bg) AS p
	UNION ALL SELECT 2, 'mbg/nbd', p.* FROM models, model_parameters(mbg) AS p
	UNION ALL SELECT 3, 'pareto/nbd', p.* FROM models, model_parameters(pareto) AS p
	UNION ALL SELECT 4, 'gamma-gamma', p.* FROM models, model_parameters(spend) AS p) AS p
ORDER BY n;

-- 4. Predict the next 39 weeks of every customer.
CREATE TEMP TABLE predictions AS
SELECT customer, s.frequency, e.frequency - s.frequency AS later,
	expected_purchases(bg, '39 weeks', history, '1997-10-01') AS bg,
	expected_purchases(mbg, '39 weeks', history, '1997-10-01') AS mbg,
	expected_purchases(pareto, '39 weeks', history, '1997-10-01') AS pareto,
	p_alive(bg, history, '1997-10-01') AS bg_alive, p_alive(mbg, history, '1997-10-01') AS mbg_alive, p_alive(pareto, history, '1997-10-01') AS pareto_alive
FROM models, customers, purchase_summary(history, '1997-10-01') AS s, purchase_summary(history, '1998-07-01') AS e;

\echo Purchases of the 39 weeks and customers still alive: what came, and each model
SELECT sum(later) AS actual, round(sum(bg)::numeric, 4) AS bg, round(sum(mbg)::numeric, 4) AS mbg, round(sum(pareto)::numeric, 4) AS pareto,
	round(sum(bg_alive)::numeric, 4) AS bg_alive, round(sum(mbg_alive)::numeric, 4) AS mbg_alive, round(sum(pareto_alive)::numeric, 4) AS pareto_alive
FROM predictions;

\echo Purchases of the 39 weeks per customer, by repeat purchases until October (7: and more)
SELECT least(frequency, 7) AS repeat_purchases, count(*) AS customers, round(avg(later), 3) AS actual,
	round(avg(bg)::numeric, 3) AS bg, round(avg(mbg)::numeric, 3) AS mbg, round(avg(pareto)::numeric, 3) AS pareto
FROM predictions GROUP BY 1 ORDER BY 1;

\echo The five most valuable customers of the next year, at 15 % a year
SELECT customer, round(past, 2) AS past, round(future, 2) AS future, round(total, 2) AS total, round(l.p_alive::numeric, 3) AS p_alive
FROM models, customers, customer_ltv(pareto, spend, history, '1997-10-01', '1 year', 0.15) AS l
WHERE coalesce((purchase_summary(history, '1997-10-01')).monetary_value, 1) > 0
ORDER BY l.future DESC, customer LIMIT 5;

DROP TABLE lines, orders, customers, models, predictions;
