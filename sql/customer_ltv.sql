-- customer_ltv: models fitted to timelines, and what they say of one.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Customer k comes on day k % 50, then k % 7 times more, further and further
-- apart; some pay back, all go on after 2024-07-01, which nobody may see.
CREATE TEMP TABLE customer_ltv_orders AS
SELECT k AS customer, date '2024-01-01' + k % 50 + n * (5 + k % 9) + n * n * (k % 5) / 2 AS at, (10 + k * 7 % 31 + n * 3) / 2.0 AS amount
FROM generate_series(1, 300) AS k, generate_series(0, 6) AS n WHERE n <= k % 7
UNION ALL SELECT k, date '2024-06-30', -1.25 FROM generate_series(1, 300, 10) AS k
UNION ALL SELECT k, date '2024-07-01', 1000 FROM generate_series(1, 310, 3) AS k;
CREATE TEMP TABLE customer_ltv_customers AS
SELECT customer, timeline(at, amount) AS t FROM customer_ltv_orders GROUP BY customer
UNION ALL SELECT 1000, NULL;

-- A fit of timelines is that of their columns, to the last byte; customers
-- 301, 304 and on, who came on July 1st, are not there yet.
SELECT kind, unit, (model_fit(t)).customers, t = s AS same
FROM (VALUES ('bg/nbd'), ('mbg/nbd'), ('pareto/nbd')) AS k (kind), (VALUES ('day'), ('week'), ('month')) AS u (unit),
	LATERAL (SELECT purchase_model(kind, t, '2024-07-01', unit) AS t FROM customer_ltv_customers) AS a,
	LATERAL (SELECT purchase_model(kind, frequency, recency, age, unit) AS s FROM customer_ltv_customers, purchase_summary(t, '2024-07-01', unit)) AS b
ORDER BY kind, unit;
SELECT spend_model(t, '2024-07-01') = spend_model(frequency, monetary_value) AS same, (model_fit(spend_model(t, '2024-07-01'))).customers
FROM customer_ltv_customers, purchase_summary(t, '2024-07-01');
SELECT count(*) AS repeat_customers FROM (SELECT FROM customer_ltv_orders WHERE at < '2024-07-01' AND amount > 0 GROUP BY customer HAVING count(*) > 1) AS r;

CREATE TEMP TABLE customer_ltv_models AS
SELECT purchase_model('mbg/nbd', t, '2024-07-01', 'week') AS m, spend_model(t, '2024-07-01') AS s FROM customer_ltv_customers;

-- Predictions are those of the columns; 2024-07-01 and a month are 31 days.
SELECT count(*) AS customers, bool_and(expected_purchases(m, interval '1 month', t, '2024-07-01') = expected_purchases(m, 31 / 7.0, frequency, recency, age)) AS purchases,
	bool_and(p_no_purchase(m, '10 days 12:00', t, '2024-07-01') = p_no_purchase(m, 1.5, frequency, recency, age)) AS no_purchase,
	bool_and(p_alive(m, t, '2024-07-01') = p_alive(m, frequency, recency, age)) AS alive,
	bool_and(expected_spend(s, t, '2024-07-01') = expected_spend(s, frequency, monetary_value::float8)) AS spend,
	bool_and(predicted_ltv(m, s, t, '2024-07-01', '1 year', 0.1, 0.3) = predicted_ltv(m, s, frequency, recency, age, monetary_value::float8, '2024-07-01', '1 year', 0.1, 0.3)) AS ltv
FROM customer_ltv_models, customer_ltv_customers, purchase_summary(t, '2024-07-01', 'week') WHERE frequency IS NOT NULL;

-- Past: what came in before July, less what went back, times margin.
SELECT count(*) AS customers, bool_and(l.past = o.past) AS past, bool_and(l.future = predicted_ltv(m, s, t, '2024-07-01', '6 months', 0.1, 0.25)) AS future,
	bool_and(l.total = l.past + l.future) AS total, bool_and(l.p_alive = p_alive(m, t, '2024-07-01')) AS alive, round(sum(l.past), 6) AS all_past
FROM customer_ltv_models, customer_ltv_customers c
	JOIN (SELECT customer, round(sum(amount) * 0.25, 6) AS past FROM customer_ltv_orders WHERE at < '2024-07-01' GROUP BY customer) AS o USING (customer),
	customer_ltv(m, s, t, '2024-07-01', '6 months', 0.1, 0.25) AS l;

-- By hand, with parameters of a publication: orders of January 1st, 15th and
-- February 5th, a refund on the 10th, an order still to come.  On March 4th, a
-- Monday: frequency 2, recency 5 weeks, age 62 days, mean 25, past 55.
CREATE TEMP TABLE customer_ltv_one AS
SELECT '{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.2425929, "alpha": 4.4135313, "a": 0.7928860, "b": 2.4257530}}'::purchase_model AS m,
	'{"kind": "gamma-gamma", "parameters": {"p": 6.248803, "q": 3.744589, "gamma": 15.447746}}'::spend_model AS s,
	(SELECT timeline(at::date, amount) FROM (VALUES ('2024-01-01', 10), ('2024-01-15', 20), ('2024-02-05', 30), ('2024-02-10', -5), ('2024-05-01', 99)) AS o (at, amount)) AS t;
SELECT past, future = predicted_ltv(m, s, 2, 5, 62 / 7.0::float8, 25, '2024-03-04', '1 year') AS future, total - future AS past, l.p_alive = p_alive(m, 2, 5, 62 / 7.0::float8) AS alive
FROM customer_ltv_one, customer_ltv(m, s, t, '2024-03-04', '1 year') AS l;
-- its probability to be alive, by its formula (Fader, Hardie and Lee 2008)
SELECT abs(p_alive(m, t, '2024-03-04') - 1 / (1 + 0.7928860 / (2.4257530 + 2 - 1) * power((4.4135313 + 62 / 7.0) / (4.4135313 + 5), 0.2425929 + 2))) < 1e-12 AS alive FROM customer_ltv_one;

-- Bought once, all on one day: no mean is needed, BG/NBD takes them for alive.
SELECT past, future > 0 AS future, l.p_alive FROM customer_ltv_one, customer_ltv(m, s, t, '2024-01-02', '1 year') AS l;
-- A margin of 0.1 cuts to six decimals what is past, too.
SELECT past FROM customer_ltv_one, customer_ltv(m, s, t, '2024-03-04', '0 days', margin => 0.1234567);

-- Nothing known yet, and NULLs.
SELECT l.* FROM customer_ltv_one, customer_ltv(m, s, t, '2024-01-01', '1 year') AS l;
SELECT expected_purchases(m, '1 year', t, '2024-01-01'), p_alive(m, t, '2024-01-01'), p_no_purchase(m, '1 year', t, '2024-01-01'),
	expected_spend(s, t, '2024-01-01'), predicted_ltv(m, s, t, '2024-01-01', '1 year') FROM customer_ltv_one;
SELECT expected_purchases(m, NULL, t, '2024-03-04'), p_alive(NULL, t, '2024-03-04'), p_no_purchase(m, '1 year', NULL, '2024-03-04'), predicted_ltv(m, s, t, NULL, '1 year'),
	customer_ltv(m, NULL, t, '2024-03-04', '1 year') FROM customer_ltv_one;
SELECT purchase_model('bg/nbd', t, NULL, 'day') IS NULL AS no_day, purchase_model('bg/nbd', NULL::timeline, '2024-03-04', 'day') IS NULL AS no_timeline, spend_model(t, NULL) IS NULL AS no_spend FROM customer_ltv_one;

-- Further rows of a window see the customers before them.
SELECT customer, (model_fit(purchase_model('bg/nbd', t, '2024-07-01', 'day') OVER (ORDER BY customer ROWS BETWEEN 9 PRECEDING AND CURRENT ROW))).customers
FROM customer_ltv_customers WHERE customer BETWEEN 3 AND 14 ORDER BY customer OFFSET 9;

-- Errors: no unit, levels, no amounts, infinite days, a horizon that ends
-- before it begins, repeat purchases worth nothing, terms that make no sense.
CREATE TEMP TABLE customer_ltv_bad AS
SELECT '{"kind": "bg/nbd", "parameters": {"r": 0.2425929, "alpha": 4.4135313, "a": 0.7928860, "b": 2.4257530}}'::purchase_model AS no_unit, timeline(daterange('2024-01-01', '2024-02-01'), 10) AS levels,
	(SELECT timeline(at) FROM (VALUES (date '2024-01-01'), ('2024-01-05')) AS o (at)) AS no_amounts,
	(SELECT timeline(at, amount) FROM (VALUES (date '2024-01-01', 5), ('2024-01-05', 1), ('2024-01-05', -3)) AS o (at, amount)) AS refunded;
SELECT p_alive(no_unit, t, '2024-03-04') FROM customer_ltv_one, customer_ltv_bad;
SELECT expected_purchases(no_unit, '1 month', t, '2024-03-04') FROM customer_ltv_one, customer_ltv_bad;
SELECT p_alive(m, levels, '2024-03-04') FROM customer_ltv_one, customer_ltv_bad;
SELECT purchase_model('bg/nbd', levels, '2024-03-04', 'day') FROM customer_ltv_bad;
SELECT spend_model(no_amounts, '2024-03-04') FROM customer_ltv_bad;
SELECT customer_ltv(m, s, no_amounts, '2024-03-04', '1 year') FROM customer_ltv_one, customer_ltv_bad;
SELECT p_alive(m, t, 'infinity') FROM customer_ltv_one;
SELECT purchase_model('bg/nbd', t, '-infinity', 'day') FROM customer_ltv_one;
SELECT predicted_ltv(m, s, t, 'infinity', '1 year') FROM customer_ltv_one;
SELECT expected_purchases(m, '-1 day', t, '2024-03-04') FROM customer_ltv_one;
SELECT expected_spend(s, refunded, '2024-03-04') FROM customer_ltv_one, customer_ltv_bad;
SELECT spend_model(refunded, '2024-03-04') FROM customer_ltv_bad;
SELECT customer_ltv(m, s, refunded, '2024-03-04', '1 year') FROM customer_ltv_one, customer_ltv_bad;
SELECT customer_ltv(m, s, t, '2024-03-04', '1 year', -0.1) FROM customer_ltv_one;
SELECT customer_ltv(m, s, t, '2024-03-04', '1 year', 0.1, 1.5) FROM customer_ltv_one;
SELECT purchase_model('bg/nbd', t, '2024-03-04', 'fortnight') FROM customer_ltv_one;
SELECT purchase_model('bg/nbd', t, '2024-03-04', NULL) FROM customer_ltv_one;
SELECT purchase_model('bg/nbd', t, '2024-07-01', CASE WHEN customer < 5 THEN 'day' ELSE 'week' END) FROM customer_ltv_customers;
SELECT purchase_model('bg/nbd', t, '2024-01-03', 'day') FROM customer_ltv_customers;

DROP TABLE customer_ltv_orders, customer_ltv_customers, customer_ltv_models, customer_ltv_one, customer_ltv_bad;
