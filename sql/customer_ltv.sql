-- Models from timelines, predictions for timelines, and what customers are worth.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Anna buys on three days, twice on the last, and gives something back; Bert
-- buys once; Carl comes later.
CREATE TEMP TABLE customer_ltv_orders (name text, at date, amount numeric);
INSERT INTO customer_ltv_orders VALUES ('Anna', '2024-01-01', 10), ('Anna', '2024-01-06', 20), ('Anna', '2024-01-11', 25),
	('Anna', '2024-01-11', 15), ('Anna', '2024-01-20', -5), ('Anna', '2024-02-20', 1000), ('Bert', '2024-01-11', 7.25), ('Carl', '2024-02-15', 30);
CREATE TEMP TABLE customer_ltv_people AS SELECT name, timeline(at, amount) AS t FROM customer_ltv_orders GROUP BY name;
CREATE TEMP TABLE customer_ltv_models AS
SELECT '{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model AS m,
	'{"kind": "bg/nbd", "unit": "day", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model AS bg,
	'{"kind": "mbg/nbd", "parameters": {"r": 1, "alpha": 10, "a": 1, "b": 1}}'::purchase_model AS no_unit,
	'{"kind": "gamma-gamma", "parameters": {"p": 2, "q": 3, "gamma": 3}}'::spend_model AS s;

-- By hand.  Anna as of February: x = 2, t_x = 10, T = 30, so (alpha + T) /
-- (alpha + t_x) = 2, and 1 / (1 + a / (b + 2) 2^3) = 3/11 is alive, under
-- bg/nbd, with b + 1, 1/5.  Within 40 days, (alpha + T) / (alpha + T + 40) =
-- 1/2, so nothing is bought with 1 - 3/11 (1 - 1/8) = 67/88; expected are 3/11 times
-- the integral of (1 - (1 + p)^-3) / p 4 (1 - p)^3 over 0..1, which is 8 log 2 - 10/3.
-- A purchase is worth p (gamma + x 30) / (p x + q - 1) = 21.  Bert: x = 0, T = 20, so
-- 1 / (1 + 30/10) is alive, and expected is 1/4 of the integral of
-- (1 - 1 / (1 + 4/3 p)) / p 2 (1 - p), which is 7/2 log(7/3) - 2.
SELECT name, round(p_alive(m, t, '2024-02-01')::numeric, 8) AS p_alive, round(p_alive(bg, t, '2024-02-01')::numeric, 8) AS bg,
	round(p_no_purchase(m, '40 days', t, '2024-02-01')::numeric, 8) AS p_none, round(expected_purchases(m, '40 days', t, '2024-02-01')::numeric, 8) AS expected,
	expected_spend(s, t, '2024-02-01') AS spend
FROM customer_ltv_people, customer_ltv_models ORDER BY name;
SELECT round(3 / 11.0, 8) AS p_alive, 1 / 5.0 AS bg, round(67 / 88.0, 8) AS p_none, round((3 / 11.0 * (8 * ln(2.0) - 10 / 3.0)), 8) AS expected,
	1 / 4.0 AS bert, round(1 - 1 / 4.0 * (1 - 30 / 70.0), 8) AS bert_none, round(1 / 4.0 * (7 / 2.0 * ln(7 / 3.0) - 2), 8) AS bert_expected;
-- Half of it is margin: (10 + 20 + 40 - 5) / 2 are past, 21 expected purchases / 2
-- are in the future; Bert's next purchase is worth p gamma / (q - 1) = 3.
SELECT name, past, future, total, round(v.p_alive::numeric, 8) AS p_alive
FROM customer_ltv_people, customer_ltv_models, customer_ltv(m, s, t, '2024-02-01', '40 days', margin => 0.5) v ORDER BY name;
SELECT round(21 * 3 / 11.0 * (8 * ln(2.0) - 10 / 3.0) / 2, 6) AS anna, round(3 / 4.0 * (7 / 2.0 * ln(7 / 3.0) - 2) / 2, 6) AS bert;
-- In the list of columns; later days count later: T = t_x = 50 and x = 3 make 1 /
-- (1 + 1/4), T = 40 makes 1/6, T = 5 makes 1 / (1 + 15/10).
SELECT name, past, future, total, round(p_alive::numeric, 8) AS p_alive
FROM (SELECT name, (customer_ltv(m, s, t, '2024-02-21', '0 days')).* FROM customer_ltv_people, customer_ltv_models) v ORDER BY name;

-- A horizon is what it is from as_of on: February has 29 days, March 31.
SELECT as_of, expected_purchases(m, '1 month', t, as_of) = expected_purchases(m, as_of + interval '1 month' - as_of, t, as_of) AS same,
	expected_purchases(m, '1 month', t, as_of) = expected_purchases(m, days, frequency, recency, age) AS days
FROM customer_ltv_people, customer_ltv_models, (VALUES (date '2024-02-01', 29), ('2024-03-01', 31)) v(as_of, days), purchase_summary(t, as_of)
WHERE name = 'Anna';

-- Timelines against the plain columns of purchase_summary, to the last bit:
-- 100 customers less the 9 whose number leaves 10 over 11, refunds and free
-- orders among theirs, in every unit.
CREATE TEMP TABLE customer_ltv_many AS
SELECT c, timeline(date '2023-01-01' + (c % 90 + n * n * (1 + c % 7)) % 500, CASE WHEN n = 5 THEN -c % 13 ELSE c % 17 * n / 3.0 + 1 END) AS t
FROM generate_series(1, 100) c, generate_series(0, 9) n WHERE n <= c % 10 AND c % 11 < 10 GROUP BY c;
CREATE TEMP TABLE customer_ltv_fits AS
SELECT unit, purchase_model('bg/nbd', t, '2024-01-01', unit) AS bg, purchase_model('mbg/nbd', t, '2024-01-01', unit) AS mbg,
	purchase_model('pareto/nbd', t, '2024-01-01', unit) AS pareto, spend_model(t, '2024-01-01') AS s
FROM customer_ltv_many, unnest('{day,week,month,WEEKS}'::text[]) unit GROUP BY unit;
SELECT unit, bg = plain_bg AND bg::text = plain_bg::text AS bg, mbg = plain_mbg AS mbg, pareto = plain_pareto AS pareto, s = plain_s AND s = float_s AS spend, customers
FROM customer_ltv_fits, LATERAL (
	SELECT purchase_model('bg/nbd', frequency, recency, age, unit) AS plain_bg, purchase_model('mbg/nbd', frequency, recency, age, unit) AS plain_mbg,
		purchase_model('pareto/nbd', frequency, recency, age, unit) AS plain_pareto, spend_model(frequency, monetary_value) AS plain_s,
		spend_model(frequency, monetary_value::float8) AS float_s
	FROM customer_ltv_many, purchase_summary(t, '2024-01-01', unit)) plain, model_fit(bg) ORDER BY unit;
SELECT unit, count(*) AS customers, bool_and(p_alive(m, t, d) = p_alive(m, frequency, recency, age)) AS p_alive,
	bool_and(expected_purchases(m, '90 days', t, d) = expected_purchases(m, 90 / days, frequency, recency, age)) AS expected,
	bool_and(p_no_purchase(m, '90 days', t, d) = p_no_purchase(m, 90 / days, frequency, recency, age)) AS p_none,
	bool_and(discounted_expected_purchases(m, 0.1, t, d) = discounted_expected_purchases(m, 0.1, frequency, recency, age)) AS discounted,
	bool_and(expected_spend(s, t, d) = expected_spend(s, frequency, monetary_value::float8)) AS spend,
	bool_and(predicted_ltv(m, s, t, d, '1 year 3 days', 0.1, 0.3) = predicted_ltv(m, s, frequency, recency, age, monetary_value::float8, d, '1 year 3 days', 0.1, 0.3)) AS ltv,
	bool_and(v.past = revenue(t, NULL, d) * 0.3 AND v.future = predicted_ltv(m, s, t, d, '1 year 3 days', 0.1, 0.3)
		AND v.total = v.past + v.future AND v.p_alive = p_alive(m, t, d)) AS value
FROM (SELECT unit, CASE unit WHEN 'month' THEN pareto WHEN 'week' THEN mbg ELSE bg END AS m, s, CASE unit WHEN 'month' THEN 365 / 12::float8 WHEN 'week' THEN 7 ELSE 1 END AS days, date '2024-01-01' AS d
	FROM customer_ltv_fits WHERE unit <> 'WEEKS') f, customer_ltv_many, purchase_summary(t, d, unit), customer_ltv(m, s, t, d, '1 year 3 days', 0.1, 0.3) v
GROUP BY unit ORDER BY unit;

-- Who is not counted: nobody without a timeline, an as_of, or an order before it.
SELECT purchase_model('bg/nbd', t, '2024-02-01', 'day') = purchase_model('bg/nbd', t, '2024-02-01', 'day') FILTER (WHERE name IN ('Anna', 'Bert')) AS same,
	(model_fit(purchase_model('bg/nbd', t, '2024-02-01', 'day'))).customers, (model_fit(spend_model(t, '2024-02-01'))).customers AS repeaters
FROM (SELECT * FROM customer_ltv_people UNION ALL SELECT 'nobody', NULL) p;
SELECT (model_fit(purchase_model('bg/nbd', t, CASE WHEN name = 'Anna' THEN date '2024-02-01' END, 'day'))).customers FROM customer_ltv_people;
SELECT purchase_model('bg/nbd', t, '2020-01-01', 'day') IS NULL AS nobody_yet, spend_model(t, '2020-01-01') IS NULL AS no_spend,
	purchase_model('bg/nbd', NULL::timeline, '2020-01-01', 'day') IS NULL AS no_timeline FROM customer_ltv_people;
-- Each may have their own end of observation.
SELECT purchase_model('bg/nbd', t, as_of, 'day') = purchase_model('bg/nbd', frequency, recency, age, 'day') AS own_ends
FROM (SELECT t, date '2024-01-01' - c % 60 AS as_of FROM customer_ltv_many) q, purchase_summary(t, as_of);
-- As window functions: their state goes on after a result.
SELECT name, (model_fit(spend_model(t, '2024-03-01') OVER w)).customers, (model_fit(purchase_model('mbg/nbd', t, '2024-03-01', 'day') OVER w)).customers AS all_of_them
FROM customer_ltv_people WINDOW w AS (ORDER BY name) ORDER BY name;

-- NULL in, NULL out; and nothing is asked of a customer who has not come yet.
SELECT p_alive(NULL, t, '2024-02-01'), p_alive(m, NULL, '2024-02-01'), p_alive(m, t, NULL), expected_purchases(m, NULL, t, '2024-02-01') AS expected,
	p_no_purchase(m, '1 day', t, '2024-01-01') AS p_none, discounted_expected_purchases(m, 0.1, t, '2024-01-01') AS discounted, expected_spend(s, t, '2024-01-01') AS spend,
	predicted_ltv(m, s, t, '2024-01-01', '1 year') AS ltv, predicted_ltv(m, s, t, '2024-02-01', '1 year', NULL) AS discount,
	customer_ltv(m, s, t, '2024-01-01', '1 year') IS NULL AS value, customer_ltv(m, s, t, '2024-02-01', '1 year', 0, NULL) IS NULL AS margin
FROM customer_ltv_people, customer_ltv_models WHERE name = 'Anna';

-- As an analyst types it: literals without types, NULL, names of arguments.
SELECT round(predicted_ltv(m, s, t, '2024-02-01', '1 year'), 3) AS literal, predicted_ltv(m, s, t, date '2024-02-01', interval '1 year', 0.1) = predicted_ltv(m, s, 2, 10, 30, 30, '2024-02-01', '1 year', 0.1) AS typed,
	round(predicted_ltv(m, s, t, as_of => '2024-02-01', horizon => '1 year', margin => 0.3), 3) AS named, predicted_ltv(m, s, t, NULL, NULL) AS nulls,
	predicted_ltv(m, s, NULL, '2024-02-01', '1 year') AS no_one, predicted_ltv(m, s, 2, 10, 30, 30, '2024-02-01', '1 year') = predicted_ltv(m, s, t, '2024-02-01', '1 year') AS plain,
	expected_purchases(m, NULL, NULL, NULL) AS three_nulls, expected_purchases(m, '7', 2, 10, 30) = expected_purchases(m, '7 days', t, '2024-02-01') AS both,
	p_alive(m, NULL, NULL) AS two_nulls, expected_spend(s, 0, NULL) AS plain_spend, expected_spend(s, t, NULL) AS null_day, customer_ltv(NULL, NULL, NULL, NULL, NULL) IS NULL AS value
FROM customer_ltv_people, customer_ltv_models WHERE name = 'Anna';
SELECT purchase_model('bg/nbd', NULL, NULL, 3.5) IS NULL AS plain, purchase_model('bg/nbd', NULL, date '2024-01-01', 'day') IS NULL AS timeline, purchase_model('bg/nbd', 1, '2', '3') IS NOT NULL AS text_numbers;

-- What the planner may do with them.
SELECT proname, provolatile, proisstrict, proparallel FROM pg_proc
WHERE 'timeline'::regtype = ANY (proargtypes) AND ('purchase_model'::regtype = ANY (proargtypes) OR 'spend_model'::regtype = ANY (proargtypes)) ORDER BY 1;
