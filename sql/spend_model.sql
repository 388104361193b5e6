-- The Gamma-Gamma model of spend: fits, expectations, the type, what is refused.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Expected spend at the published parameters: Fader and Hardie, note 025, tables of
-- CDNOW (24.65 18.91 35.17 71.46 27.28 there, with unrounded parameters).
CREATE TEMP TABLE spend_model_known AS
SELECT '{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.44}}'::spend_model AS s;
SELECT x, m, abs(expected_spend(s, x, m) - want) <= 1e-7 * want AS "P51"
FROM spend_model_known, (VALUES (2, 22.35, 24.6637139), (1, 11.77, 18.9168520), (0, 0, 35.2189781), (7, 73.74, 71.4696710),
	(2, 25.55, 27.2883860), (3, 35, 35.0279200)) v (x, m, want)
ORDER BY x, m;

-- By hand: p (g + x m) / (p x + q - 1); without purchases the value does not matter.
SELECT expected_spend(s, 1, 4) AS "2 (3 + 4) / (2 + 3 - 1)", expected_spend(s, 0, NULL) AS "2 * 3 / 2", expected_spend(s, 0, 1000) AS same,
	expected_spend(s, 0, -5) AS also, expected_spend(s, 2, NULL) AS unknown, expected_spend(s, NULL, 1) AS unknown_too
FROM (SELECT '{"kind": "Gamma-Gamma", "parameters": {"gamma": 3, "q": 3, "p": 2}}'::spend_model AS s) k;

-- Many purchases: the customer's own mean.
SELECT round(expected_spend(s, 1000000000, 77)::numeric, 6) AS own FROM spend_model_known;

-- The density of the mean of x purchases adds up to 1 over its values.
SELECT x, round(sum(exp(greatest(log_likelihood(s, x, exp(u)), -600)) * exp(u) * 0.01)::numeric, 6) AS total
FROM spend_model_known, unnest('{1,3,20}'::int[]) x, LATERAL (SELECT n * 0.01::float8 AS u FROM generate_series(-1500, 2500) n) g
GROUP BY x
ORDER BY x;
SELECT log_likelihood(s, 0, 5) AS nothing_said FROM spend_model_known;

-- Customers simulated as the model says, p = 4 (a purchase is the sum of four
-- exponential parts), q = 3 (so is nu), gamma = 30; means of x of them.
CREATE FUNCTION pg_temp.exponential(id int, n int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT -ln(((hashint4extended(id, n) & 16777215) + 0.5) / 16777216)
$$;
CREATE TEMP TABLE spend_model_customers AS
SELECT id, x, CASE WHEN x > 0 THEN (SELECT sum(pg_temp.exponential(id, n)) FROM generate_series(1, 4 * x) n) / x /
	((pg_temp.exponential(id, 1001) + pg_temp.exponential(id, 1002) + pg_temp.exponential(id, 1003)) / 30) END AS m
FROM (SELECT id, id % 6 AS x FROM generate_series(1, 3000) id) c;
CREATE TEMP TABLE spend_model_fit AS SELECT spend_model(x, m) AS s FROM spend_model_customers;
SELECT name, estimate > standard_error AS estimated, abs(estimate - truth) < 3 * standard_error AS as_simulated
FROM spend_model_fit, model_parameters(s)
JOIN (VALUES ('p', 4), ('q', 3), ('gamma', 30)) t (name, truth) USING (name)
ORDER BY name;
SELECT customers, distinct_rows, evaluations BETWEEN 10 AND 500 AS evaluations, status, identified, abs(correlation - c) < 1e-12 AS correlation,
	abs(log_likelihood - l) < 1e-9 * abs(l) AS log_likelihood
FROM spend_model_fit, model_fit(s), (SELECT corr(x, m) AS c FROM spend_model_customers WHERE x > 0) c,
	LATERAL (SELECT sum(log_likelihood(s, x, m)) AS l FROM spend_model_customers WHERE x > 0) l;

-- No neighbour is more likely.
SELECT count(*) AS neighbours, min(log_likelihood - l) > 0.00124 AS lowest_loss
FROM spend_model_fit, model_fit(s) f, model_parameters(s) p, unnest('{-0.05,0.05}'::float8[]) side,
	LATERAL (SELECT json_build_object('kind', 'gamma-gamma', 'parameters', (SELECT json_object_agg(name, estimate
		+ CASE WHEN name = p.name THEN side * standard_error ELSE 0 END) FROM model_parameters(s)))::text::spend_model AS moved OFFSET 0) m,
	LATERAL (SELECT sum(log_likelihood(moved, x, c.m)) AS l FROM spend_model_customers c WHERE x > 0) l;

-- Cents instead of euros: gamma times 100, the rest unchanged, the log-likelihood
-- by log 100 for each customer.
SELECT bool_and(abs(t.estimate / p.estimate / CASE WHEN p.name = 'gamma' THEN 100 ELSE 1 END - 1) < 1e-6) AS estimates,
	bool_and(abs(tf.log_likelihood - f.log_likelihood + f.customers * ln(100::float8)) < 1e-6) AS log_likelihood
FROM spend_model_fit, (SELECT spend_model(x, 100 * m) AS cents FROM spend_model_customers) c,
	model_parameters(s) p, model_parameters(cents) t, model_fit(s) f, model_fit(cents) tf
WHERE p.name = t.name;

-- Order does not matter, nor customers without repeat purchases, nor NULLs.
SELECT s = (SELECT spend_model(x, m ORDER BY m) FROM spend_model_customers WHERE x > 0) AS same,
	s = (SELECT spend_model(x, m) FROM (SELECT x, m FROM spend_model_customers UNION ALL VALUES (3, NULL), (NULL, 5), (0, -7), (0, 'NaN'::float8)) v) AS and_these
FROM spend_model_fit;
SELECT spend_model(x, m::numeric(20, 10)) = spend_model(x, m::numeric(20, 10)::float8) AS numeric_is_double FROM spend_model_customers;
SELECT spend_model(x, m) IS NULL AS nothing FROM spend_model_customers WHERE false;

-- All alike: a ridge, not identified; expectations are what was seen.
SELECT f.identified, f.correlation, count(p.standard_error) AS errors, round(min(expected_spend(s, 3, 7))::numeric, 3) AS at_7
FROM (SELECT spend_model(3, 7::float8) AS s FROM generate_series(1, 100)) s, model_fit(s) f, model_parameters(s) p
GROUP BY f.identified, f.correlation;

-- The type: text, casts, equality, binary.
SELECT s, s::json -> 'kind' AS kind, s::jsonb -> 'parameters' -> 'q' AS q, s = s::text::spend_model AS equal, s <> s AS different,
	octet_length(spend_model_send(s)) AS bytes
FROM spend_model_known;
SELECT s::text::spend_model = s AS lossless, s::jsonb ? 'correlation' AS correlation FROM spend_model_fit;
SELECT count(*) FROM (SELECT s FROM spend_model_known GROUP BY s) g;
SELECT model_fit(s) FROM spend_model_known;
SELECT '{"kind": "gamma-gamma", "unit": "week", "parameters": {"gamma": 3, "q": 3, "p": 2}}'::spend_model;
SELECT '{"kind": "gamma-gamma", "correlation": 1.5, "parameters": {"gamma": 3, "q": 3, "p": 2}}'::spend_model;
SELECT '{"kind": "bg/nbd", "parameters": {"gamma": 3, "q": 3, "p": 2}}'::spend_model;

-- What is refused.
SELECT spend_model(x, m) FROM (VALUES (1, 10.0), (2, -3.5), (3, 0), (0, 0)) v (x, m);
SELECT spend_model(x, m) FROM (VALUES (1, 10::float8), (2, 'NaN'), (3, 'Infinity')) v (x, m);
SELECT spend_model(x, m) FROM (VALUES (1, 10.0), (2, 'NaN')) v (x, m);
SELECT spend_model(x, m) FROM (VALUES (1, 10.0), (-2, 5)) v (x, m);
SELECT spend_model(x, m) FROM (VALUES (1, 10.0), (2000000000, 5), (2, 1e16)) v (x, m);
SELECT spend_model(0, 10.0) FROM generate_series(1, 3);
SELECT expected_spend(s, 2, 0) FROM spend_model_known;
SELECT expected_spend(s, 2, -1) FROM spend_model_known;
SELECT expected_spend(s, 2, 'NaN') FROM spend_model_known;
SELECT expected_spend(s, 2, 'Infinity') FROM spend_model_known;
SELECT expected_spend(s, -2, 5) FROM spend_model_known;
SELECT expected_spend(s, 2, 1e16) FROM spend_model_known;
SELECT log_likelihood(s, 2, 0) FROM spend_model_known;

-- q at most 1: no mean of all customers, but of one with purchases enough.
SELECT expected_spend(s, 2, 10) AS known FROM (SELECT '{"kind": "gamma-gamma", "parameters": {"gamma": 2, "q": 0.5, "p": 1}}'::spend_model AS s) k;
SELECT expected_spend(s, 0, NULL) FROM (SELECT '{"kind": "gamma-gamma", "parameters": {"gamma": 2, "q": 0.5, "p": 1}}'::spend_model AS s) k;
SELECT expected_spend(s, 1, 10) FROM (SELECT '{"kind": "gamma-gamma", "parameters": {"gamma": 2, "q": 0.5, "p": 0.5}}'::spend_model AS s) k;
