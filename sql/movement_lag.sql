-- Movements against the closing some periods before: customer_movements(...,
-- grain, lag), timeline_movements(..., lag).
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- Levels at the ends of months, and lag 3:
--			Jan	Feb	Mar	Apr	May	Jun	Jul
--	ann		10	10	10	25	25	25	25	expands in April, for three months
--	bob		-	20	20	-	-	-	-	new in February and March, churned in May and June
--	cat		8	-	-	8	-	-	8	against three months before always the same
--	dan		-	-	5	-	-	-	5	new in March, churned in June, back in July
CREATE TEMP TABLE plans (customer text, during daterange, amount numeric);
INSERT INTO plans VALUES
	('ann', '[2024-01-05,2024-04-10)', 10), ('ann', '[2024-04-10,)', 25), ('bob', '[2024-02-10,2024-04-20)', 20),
	('cat', '[2024-01-10,2024-02-10)', 8), ('cat', '[2024-04-10,2024-05-10)', 8), ('cat', '[2024-07-10,)', 8),
	('dan', '[2024-03-10,2024-04-10)', 5), ('dan', '[2024-07-10,)', 5);
CREATE TEMP TABLE made AS SELECT customer_movements(customer, during, amount, 'month', 3) AS m FROM plans;
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, expanded_customers AS expanded, contracted_customers AS contracted,
	retained_customers AS retained, churned_customers AS churned, closing_customers AS closing, dormant_customers AS dormant
FROM made, movement_rows(m, '2024-11-01');
SELECT period, opening_revenue AS opening, new_revenue AS new, reactivated_revenue AS back, expansion_revenue AS expansion, contraction_revenue AS contraction, churned_revenue AS churned, closing_revenue AS closing
FROM made, movement_rows(m, '2024-11-01');
-- The first three months have no opening and no rates.  April: of ann's and cat's
-- 18 are 33 there, no loss; May: of 30 ann's 25, grr 10 / 30; June: of 35 ann's 25, grr 10 / 35.
SELECT period, complete, round(retention_rate::numeric, 6) AS retention, round(churn_rate::numeric, 6) AS churn, round(nrr::numeric, 6) AS nrr, round(grr::numeric, 6) AS grr,
	round(quick_ratio::numeric, 6) AS quick, round(returning_share::numeric, 6) AS returning, round(win_back_rate::numeric, 6) AS won_back
FROM made, movement_rows(m, '2024-08-01');
-- Customer by customer: each change in as many months.
SELECT customer, c.* FROM (SELECT customer, timeline(during, amount) AS t FROM plans GROUP BY customer) x, timeline_movements(t, 'month', '2024-08-01', 3) c
WHERE customer <> 'ann' ORDER BY customer, period;
SELECT movements_text(m, '2024-08-01') FROM made;
SELECT m FROM (SELECT customer_movements('ann', daterange('2024-01-05', '2024-02-10'), 10, 'month', 2) AS m) x;

-- Orders: the total of the period against that of two before.  A customer of one
-- January is new in January, gone in March; the period between changes nothing.
CREATE TEMP TABLE orders (customer int, at date, amount numeric);
INSERT INTO orders VALUES (1, '2024-01-05', 10), (1, '2024-03-05', 25), (1, '2024-03-06', -5), (2, '2024-01-09', 7), (2, '2024-02-01', 7), (3, '2024-02-11', 4), (3, '2024-04-11', 9);
SELECT period, opening_customers AS opening, new_customers AS new, reactivated_customers AS back, expanded_customers AS expanded, churned_customers AS churned, closing_customers AS closing,
	dormant_customers AS dormant, orders, opening_revenue, closing_revenue, nrr
FROM movement_rows((SELECT customer_movements(customer, at, amount, 'month', 2) FROM orders), '2024-08-01');
-- Without as_of the rows end where the data do.
SELECT max(period) AS last, bool_and(complete) FILTER (WHERE period = '2024-03-01') AS march
FROM movement_rows((SELECT customer_movements(customer, at, amount, 'month', 2) FROM orders));
-- Trailing year and month: the closings are the same.
SELECT a.period, a.closing_revenue, a.closing_revenue = b.closing_revenue AS same
FROM movement_rows((SELECT customer_movements(customer, at, amount, 'month', 12) FROM orders), '2024-06-01') a
JOIN movement_rows((SELECT customer_movements(customer, at, amount, 'month') FROM orders), '2024-06-01') b USING (period);

-- A lag of 1 is what the form without one does; untyped literals, NULL as amount,
-- a column grouped by.
SELECT customer_movements(customer, at, amount, 'month', 1) = customer_movements(customer, at, amount, 'month') AS one,
	customer_movements(customer, at, NULL, 'month', '1') = customer_movements(customer, at, 'month') AS no_amount FROM orders;
SELECT lag, (SELECT sum(churned_customers) FROM movement_rows(m, '2025-01-01')) AS churned
FROM (SELECT lag, customer_movements(customer, at, amount, 'month', lag) AS m FROM orders, generate_series(1, 3) lag GROUP BY lag) x ORDER BY lag;
-- timelines, parts, text, json
SELECT customer_movements(t, 'month', 3) = (SELECT m FROM made) AS timelines FROM (SELECT timeline(during, amount) AS t FROM plans GROUP BY customer) x;
SELECT rollup(part) = (SELECT m FROM made) AS parts FROM (SELECT customer_movements(customer, during, amount, 'month', 3) AS part FROM plans GROUP BY customer) x;
SELECT m::text::customer_movements = m AS text, m::jsonb::text::customer_movements = m AS jsonb, m::jsonb ->> 'lag' AS lag FROM made;
-- the largest lag, by day
SELECT count(*) AS rows, sum(new_customers) AS new, max(period) AS last
FROM movement_rows((SELECT customer_movements(1, date '2024-01-01', 5, 'day', 10000)), '2060-01-01') WHERE opening_customers + new_customers + churned_customers > 0;

-- What does not go: 22023, 22004, 22008 past the last date.
SELECT customer_movements(customer, at, amount, 'month', 0) FROM orders;
SELECT customer_movements(customer, at, amount, 'month', -12) FROM orders;
SELECT customer_movements(customer, at, amount, 'month', 10001) FROM orders;
SELECT customer_movements(customer, at, amount, 'month', NULL) FROM orders;
SELECT customer_movements(customer, at, amount, 'month', customer) FROM orders;
SELECT customer_movements(t, 'month', 0) FROM (SELECT timeline(at) AS t FROM orders) x;
SELECT customer_movements(t, 'month', NULL) FROM (SELECT timeline(at) AS t FROM orders) x;
SELECT customer_movements(t, 'month', n ORDER BY n) FROM (SELECT customer AS n, timeline(at) AS t FROM orders GROUP BY customer) x;
SELECT count(*) FROM (SELECT timeline(at) AS t FROM orders) x, timeline_movements(t, 'month', lag => 0);
SELECT count(*) FROM (SELECT timeline(at) AS t FROM orders) x, timeline_movements(t, 'month', lag => NULL);
SELECT rollup(m) FROM (SELECT m FROM made UNION ALL SELECT customer_movements(customer, during, amount, 'month', 12) FROM plans) x;
SELECT customer_movements(customer, at, amount, 'month since start', 2) FROM orders;
SELECT customer_movements(1, date '5874897-06-30', 5, 'month', 12);
