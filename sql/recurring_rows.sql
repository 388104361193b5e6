-- Recurring matrices over rows, with starts and money of their own, and at_least:
-- from the definition, and by joining customers with themselves.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE events (customer text, what text, at date, amount numeric);
INSERT INTO events VALUES
	('a', 'sign-up', '2024-01-10', NULL), ('a', 'order', '2024-01-05', 10), ('a', 'order', '2024-01-20', 20), ('a', 'order', '2024-02-03', 30), ('a', 'order', '2024-04-01', 40),
	('b', 'order', '2024-01-15', 7), ('b', 'sign-up', '2024-02-10', NULL), ('b', 'order', '2024-03-01', 5), ('b', 'order', '2024-03-02', -2), ('b', 'order', '2024-04-09', -1),
	('c', 'sign-up', '2024-02-28', NULL), ('c', 'sign-up', '2024-04-02', NULL), ('c', 'order', '2024-03-10', -9),
	(NULL, 'order', '2024-01-01', 1), ('d', 'order', NULL, 1);
CREATE TEMP VIEW orders AS SELECT * FROM events WHERE what = 'order';

-- Orders alone.  a in January, February and April; b in January and March, and a
-- refund in April, which is no order; c returns what nobody bought.
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, array_agg(active_or_later ORDER BY age) AS later,
	array_agg(active_streak ORDER BY age) AS streak, array_agg(revenue ORDER BY age) AS revenue
FROM cohort_cells((SELECT recurring_matrix(customer, at, amount, 'month') FROM orders)) GROUP BY 1, 2 ORDER BY 1;
-- Revenue of a cell is in those of other cohorts too: nothing that adds it up.
SELECT age, revenue, revenue_retention, retention, num_nulls(orders, cumulative_revenue, revenue_per_customer) AS nulls
FROM cohort_cells((SELECT recurring_matrix(customer, at, amount, 'month') FROM orders), '2024-05-01') WHERE cohort = '2024-01-01' ORDER BY 1;
SELECT age, customers, active, revenue_per_active, ltv, ltv_chained FROM retention_curve((SELECT recurring_matrix(customer, at, amount, 'month') FROM orders), '2024-05-01');
-- Without amounts every row is an order, and rows are as good as timelines.
SELECT recurring_matrix(customer, at, 'month') = recurring_matrix(customer, at, NULL, 'month') AS no_amount,
	recurring_matrix(customer, at, 'month') = (SELECT recurring_matrix(t, 'month') FROM (SELECT timeline(at) AS t FROM orders WHERE customer IS NOT NULL GROUP BY customer) x) AS timelines,
	recurring_matrix(customer, NULL, at, NULL, 'month') = recurring_matrix(customer, at, 'month') AS null_start,
	recurring_matrix(customer, NULL, at, amount, 'month') = recurring_matrix(customer, at, amount, 'month') AS null_start_money,
	recurring_matrix(customer, NULL, at, NULL, 'month', 1) = recurring_matrix(customer, at, 'month') AS at_least
FROM orders;
SELECT recurring_matrix(customer, at, 'month') IS NULL AS nobody FROM orders WHERE customer IS NULL;

-- Sign-ups start, orders return: a's order of January 5 counts at age 0, though
-- before the sign-up; b's of January does not; c starts twice and never orders.
CREATE TEMP TABLE m AS SELECT recurring_matrix(customer, CASE WHEN what = 'sign-up' THEN at END, CASE WHEN what = 'order' THEN at END, amount, 'month') AS m FROM events;
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, array_agg(active_or_later ORDER BY age) AS later,
	array_agg(active_streak ORDER BY age) AS streak, array_agg(revenue ORDER BY age) AS revenue
FROM m, cohort_cells(m) GROUP BY 1, 2 ORDER BY 1;
-- The text form says what it is, and reads back; parts add up.
SELECT m::jsonb - 'cohorts' AS head, m::text::cohort_matrix = m AS same FROM m;
SELECT rollup(part) = (SELECT m FROM m) AS whole
FROM (SELECT recurring_matrix(customer, CASE WHEN what = 'sign-up' THEN at END, CASE WHEN what = 'order' THEN at END, amount, 'month') AS part FROM events GROUP BY customer) x;
-- What a customer does for each start, by plain SQL.
WITH starts AS (SELECT DISTINCT customer, date_trunc('month', at)::date AS cohort FROM events WHERE what = 'sign-up'),
cells AS (SELECT cohort, (extract(year FROM age(date_trunc('month', o.at), cohort)) * 12 + extract(month FROM age(date_trunc('month', o.at), cohort)))::int AS age,
	count(DISTINCT customer) FILTER (WHERE amount >= 0) AS active, sum(amount) AS revenue
	FROM starts s JOIN orders o USING (customer) WHERE o.at >= cohort AND EXISTS (SELECT FROM orders x WHERE x.customer = s.customer AND x.at >= cohort AND x.amount >= 0) GROUP BY 1, 2)
SELECT count(*) AS cells, count(*) FILTER (WHERE (c.active, c.revenue) IS DISTINCT FROM (w.active, w.revenue)) AS differing
FROM m, cohort_cells(m) c JOIN cells w USING (cohort, age);

-- at_least: what GROUP BY customer, month HAVING leaves.  In January a ordered
-- twice; in March b once, a refund being no order.
SELECT cohort, cohort_size AS size, array_agg(active ORDER BY age) AS active, array_agg(revenue ORDER BY age) AS revenue
FROM cohort_cells((SELECT recurring_matrix(customer, NULL, at, amount, 'month', 2) FROM orders)) GROUP BY 1, 2 ORDER BY 1;
SELECT cohort_matrix(customer, NULL, at, amount, grain, 2) = (SELECT cohort_matrix(customer, at, amount, grain) FROM (
	SELECT *, count(*) FILTER (WHERE amount >= 0) OVER (PARTITION BY customer, period_start(at, grain)) AS n FROM orders) x WHERE n >= 2) AS having
FROM orders, (VALUES ('month'::grain)) g (grain) GROUP BY grain;
-- A start makes the cohort as ever; with cut points a period is one of the unit.
SELECT cohort, age, cohort_size AS size, active, orders FROM cohort_cells((
	SELECT cohort_matrix(customer, CASE WHEN what = 'sign-up' THEN at END, CASE WHEN what = 'order' THEN at END, NULL, 'months 0,1,4', 2) FROM events)) ORDER BY 1, 2;
SELECT cohort_matrix(customer, NULL, at, amount, 'month', 9) IS NULL AS nobody_so_often FROM orders;
-- Counts of a period are exact however many there are.
SELECT n, recurring_matrix(1, NULL, date '2024-01-01' + i % 31, NULL, 'month', n) IS NOT NULL AS enough
FROM generate_series(1, 3000) i, (VALUES (2999), (3000), (3001)) v (n) GROUP BY n ORDER BY n;

-- Refusals.
CREATE FUNCTION pg_temp.refused(call text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT ' || call || ' FROM (SELECT customer, at, amount, daterange(at, NULL) AS during, n FROM orders, generate_series(1, 2) n WHERE at IS NOT NULL) x';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\pset format unaligned
SELECT call, r.* FROM (VALUES
	(1, $$recurring_matrix(customer, at, '30 days since start')$$),
	(2, $$recurring_matrix(customer, at, amount, 'days 0,1,3')$$),
	(3, $$recurring_matrix(customer, during, 'month')$$),
	(4, $$recurring_matrix(customer, at, during, amount, 'month')$$),
	(5, $$recurring_matrix(customer, at, during, amount, 'month', 2)$$),
	(6, $$recurring_matrix(customer, at, at, 'month')$$),
	(7, $$cohort_matrix(customer, NULL, during, amount, 'month', 2)$$),
	(8, $$cohort_matrix(customer, NULL, at, amount, 'month since start', 2)$$),
	(9, $$cohort_matrix(customer, NULL, at, amount, 'month', 0)$$),
	(10, $$cohort_matrix(customer, NULL, at, amount, 'month', NULL)$$),
	(11, $$cohort_matrix(customer, NULL, at, amount, 'month', n)$$),
	(12, $$recurring_matrix(customer, at, at, amount, 'month', n)$$),
	(13, $$recurring_matrix(customer, at, CASE n WHEN 1 THEN 'month'::grain ELSE 'day' END)$$),
	(14, $$recurring_matrix(customer, at, NULL)$$),
	(15, $$ltv(recurring_matrix(customer, at, amount, 'month'), 1)$$),
	(16, $$recurring_matrix(1, date '2000-01-01' + i, 'day') FROM (SELECT i FROM generate_series(1, 2501) i) x; --$$),
	(17, $$recurring_matrix(1, date '2000-01-01' + i, at, NULL, 'day') FROM (SELECT i, at FROM orders, generate_series(1, 2501) i) x; --$$),
	(18, $$rollup(m) FROM (SELECT recurring_matrix(customer, at, amount, 'month') AS m FROM orders UNION ALL SELECT recurring_matrix(customer, at, 'month') FROM orders) x; --$$),
	(19, $$rollup(m) FROM (SELECT recurring_matrix(customer, at, at, amount, 'month') AS m FROM orders UNION ALL SELECT recurring_matrix(customer, at, amount, 'month') FROM orders) x; --$$)
	) v (n, call), pg_temp.refused(call) r ORDER BY n;
\pset format aligned
