-- predicted_ltv from plain columns: expected purchases times expected spend,
-- discounted by months.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- The fits of the CDNOW sample of Fader and Hardie, recency and age in weeks.
CREATE TEMP TABLE spend_model_ltv AS
SELECT '{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.2425929, "alpha": 4.4135313, "a": 0.7928860, "b": 2.4257530}}'::purchase_model AS m,
	'{"kind": "gamma-gamma", "parameters": {"p": 6.248803, "q": 3.744589, "gamma": 15.447746}}'::spend_model AS s;

-- Twelve months at 1 % a month: computed with months of 4.345 weeks, so within 2e-4
-- of ours of the calendar.
SELECT id, abs(predicted_ltv(m, s, x, tx, age, value, '1997-10-01', '12 months', 0.12682503) / want - 1) < 2e-4 AS "P52"
FROM spend_model_ltv, (VALUES (1, 2, 30.43, 38.86, 22.35, 36.278497), (2, 1, 1.71, 38.86, 11.77, 4.6374664), (3, 0, 0, 38.86, NULL, 8.3440924),
	(6, 7, 29.43, 38.86, 73.74, 283.52359), (7, 1, 5.00, 38.86, 11.77, 6.8814072), (9, 2, 35.71, 38.86, 25.55, 43.353643)) v (id, x, tx, age, value, want)
ORDER BY id;

-- By its definition: months end on calendar days, the last one at the horizon.
CREATE FUNCTION pg_temp.by_definition(m purchase_model, s spend_model, x bigint, tx float8, age float8, value float8, as_of date, horizon interval, discount float8, margin float8)
RETURNS numeric LANGUAGE sql AS $$
	SELECT round((margin * expected_spend(m.s, x, value) * sum((expected_purchases(m.m, until / unit, x, tx, age) - expected_purchases(m.m, start / unit, x, tx, age))
		* power(1 + discount, -(j - 1 + (until - start) / (whole - start)) / 12)))::numeric, 6)
	FROM (SELECT m, s, (SELECT CASE m::json ->> 'unit' WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 365.0 / 12 END::float8) AS unit) m,
		generate_series(1, 60) j,
		LATERAL (SELECT extract(epoch FROM as_of + horizon - as_of)::float8 / 86400 AS days, extract(epoch FROM as_of + j * interval '1 month' - as_of)::float8 / 86400 AS whole,
			extract(epoch FROM as_of + (j - 1) * interval '1 month' - as_of)::float8 / 86400 AS start) d,
		LATERAL (SELECT least(whole, days) AS until) u
	WHERE start < days
	GROUP BY m.s
$$;
SELECT as_of, horizon, discount, predicted_ltv(m, s, 3, 20, 30, 18, as_of, horizon, discount, 0.4) =
	pg_temp.by_definition(m, s, 3, 20, 30, 18, as_of, horizon, discount, 0.4) AS as_defined
FROM spend_model_ltv, (VALUES (date '1997-10-01', interval '12 months', 0.15), ('2024-01-31', '3 months', 0.15), ('2024-01-31', '10 days', 3),
	('2023-12-15', '1 month 3 days', 0.5), ('2024-02-29', '2 years', 0.1), ('2024-02-29', '36 hours', 0.1), ('2024-05-05', '1 year', 0)) v (as_of, horizon, discount);

-- The unit is the model's: the same customer in days.
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', 0.1) AS weeks, predicted_ltv(days, s, 3, 140, 210, 18, '2024-01-01', '1 year', 0.1) AS days
FROM spend_model_ltv, (SELECT '{"kind": "bg/nbd", "unit": "day", "parameters": {"r": 0.2425929, "alpha": 30.8947191, "a": 0.7928860, "b": 2.4257530}}'::purchase_model AS days) d;

-- Without discount: purchases of the whole horizon, times spend, times margin.
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '70 days', margin => 0.25) = round((0.25 * expected_purchases(m, 10, 3, 20, 30) * expected_spend(s, 3, 18))::numeric, 6) AS plain,
	predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '0 days', 0.1) AS nothing, predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', margin => 0) AS no_margin,
	predicted_ltv(m, s, 0, 0, 30, NULL, '2024-01-01', '1 year') = predicted_ltv(m, s, 0, 0, 30, 99, '2024-01-01', '1 year') AS no_repeat
FROM spend_model_ltv;

-- More discount, less value; a longer horizon, more.
SELECT bool_and(v <= before) AS falls FROM (
	SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '3 years', d / 10.0) AS v, lag(predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '3 years', d / 10.0)) OVER (ORDER BY d) AS before
	FROM spend_model_ltv, generate_series(0, 10) d) x;
SELECT bool_and(v >= before) AS grows FROM (
	SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', d * interval '11 days', 0.2) AS v, lag(predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', d * interval '11 days', 0.2)) OVER (ORDER BY d) AS before
	FROM spend_model_ltv, generate_series(0, 40) d) x;

-- NULL in, NULL out.
SELECT predicted_ltv(NULL, s, 3, 20, 30, 18, '2024-01-01', '1 year'), predicted_ltv(m, NULL, 3, 20, 30, 18, '2024-01-01', '1 year'),
	predicted_ltv(m, s, NULL, 20, 30, 18, '2024-01-01', '1 year'), predicted_ltv(m, s, 3, 20, 30, NULL, '2024-01-01', '1 year'),
	predicted_ltv(m, s, 3, 20, 30, 18, NULL, '1 year'), predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', NULL), predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', NULL)
FROM spend_model_ltv;

-- What is refused.
SELECT predicted_ltv(m, s, 3, 20, 30, 18, 'infinity', '1 year') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '-1 day') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', -0.1) FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', 'NaN') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', 'Infinity') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', 0.1, 1.5) FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '1 year', 0.1, 'NaN') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 40, 30, 18, '2024-01-01', '1 year') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 0, '2024-01-01', '1 year') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 3, 20, 30, 18, '2024-01-01', '300000 years') FROM spend_model_ltv;
SELECT predicted_ltv('{"kind": "bg/nbd", "parameters": {"r": 0.2, "alpha": 4, "a": 0.8, "b": 2.4}}', s, 3, 20, 30, 18, '2024-01-01', '1 year') FROM spend_model_ltv;
SELECT predicted_ltv(m, '{"kind": "gamma-gamma", "parameters": {"p": 6, "q": 1, "gamma": 15}}', 0, 0, 30, NULL, '2024-01-01', '1 year') FROM spend_model_ltv;
SELECT predicted_ltv(m, s, 1000000, 30, 30, 1e15, '2024-01-01', '1 year') FROM spend_model_ltv;
