-- p_purchases and purchase_bounds: how many purchases a customer makes.
SET extra_float_digits = 0;

CREATE TEMP TABLE counted_models AS
SELECT kind, format('{"kind": "%s", "unit": "week", "parameters": %s}', kind, parameters)::purchase_model AS m
FROM (VALUES
	('bg/nbd', '{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}'),
	('mbg/nbd', '{"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}'),
	('pareto/nbd', '{"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}')) AS v(kind, parameters);

-- BTYD's bgnbd.pmf of the published parameters: P(X(2) = 10), P(X(39) = 0),
-- P(X(30) = n) for n from 11 to 20; and where gamma() overflows.
SELECT abs(p_purchases(m, 10, 2) / 1.07868964037e-7 - 1) < 1e-10 AS ten, abs(p_purchases(m, 0, 39) / 0.573786352096 - 1) < 1e-10 AS none,
	abs(p_purchases(m, 200, 39) / 4.070853552556e-14 - 1) < 1e-6 AS two_hundred
FROM counted_models WHERE kind = 'bg/nbd';
SELECT bool_and(abs(p_purchases(m, n, 30) / p - 1) < 1e-9) AS same
FROM counted_models, unnest('{.00199952144748,.00151702362996,.00116331500666,.000900314789644,.000702363765887,.000551790242649,.000436191280898,.000346717139624,.00027696126484,.000222226048007}'::float8[])
	WITH ORDINALITY AS v(p, i), LATERAL (SELECT 10 + i AS n) AS x
WHERE kind = 'bg/nbd';

-- BTYD's pnbd.pmf at the parameters of its manual: P(X(2) = 10), P(X(39) = 0), P(X(30) = n) for n from 11 to 13.
SELECT count(*), bool_and(abs(p_purchases('{"kind": "pareto/nbd", "parameters": {"r": 0.55, "alpha": 10.56, "s": 0.61, "beta": 11.64}}', n, t) / p - 1) < 1e-9) AS same
FROM (VALUES (10, 2, 1.89370759668e-9), (0, 39, .595938069598), (11, 30, .00188994147309), (12, 30, .00133227654351), (13, 30, .000943243974901)) AS v(n, t, p);

-- Of any customer: the probabilities add up to 1, none is p_no_purchase, and
-- their mean is what is expected (by other formulas).
CREATE TEMP TABLE counted AS
SELECT kind, x, t, sum(p) AS all, sum(n * p) AS mean, bool_and(p >= 0 AND p <= 1) AS within,
	min(p) FILTER (WHERE n = 0) AS none
FROM counted_models, (VALUES (0, 0, 38.86), (2, 30.43, 38.86), (26, 30.86, 31), (7, 5.5, 30), (1, 1e-3, 1000)) AS c(x, tx, age),
	(VALUES (0.5), (10), (39)) AS h(t), generate_series(0, 150 + (x + 1) * 12 * (t / 10)::int) AS n,
	p_purchases(m, n, t, x, tx, age) AS p
GROUP BY kind, x, t;
SELECT kind, count(*), bool_and(within) AS within, max(abs(c.all - 1)) < 1e-9 AS one,
	max(abs(none / p_no_purchase(m, t, x, tx, age) - 1)) < 1e-12 AS none,
	max(abs(mean / expected_purchases(m, t, x, tx, age) - 1)) < 1e-7 AS mean
FROM counted c JOIN counted_models USING (kind)
JOIN (VALUES (0, 0, 38.86), (2, 30.43, 38.86), (26, 30.86, 31), (7, 5.5, 30), (1, 1e-3, 1000)) AS v(x, tx, age) USING (x)
GROUP BY kind ORDER BY kind;

-- A new customer is one with a history of nothing; no time, no purchase.
SELECT kind, bool_and(p_purchases(m, n, 20) = p_purchases(m, n, 20, 0, 0, 0)) AS new,
	sum(p_purchases(m, n, 0)) AS all, max(p_purchases(m, n, 0)) FILTER (WHERE n > 0) AS some
FROM counted_models, generate_series(0, 5) AS n GROUP BY kind ORDER BY kind;

-- The bounds are the least numbers below which there are 5 and 95 of 100.
SELECT kind, x, t, b.low = low.n AND b.high = high.n AS as_defined
FROM counted_models, (VALUES (0, 0, 38.86), (2, 30.43, 38.86), (26, 30.86, 31)) AS c(x, tx, age), (VALUES (10), (100)) AS h(t),
	purchase_bounds(m, t, x, tx, age, 0.9) AS b,
	LATERAL (SELECT min(n) AS n FROM (SELECT n, sum(p_purchases(m, n, t, x, tx, age)) OVER (ORDER BY n) AS p FROM generate_series(0, 400) AS n) AS s WHERE p >= 0.05) AS low,
	LATERAL (SELECT min(n) AS n FROM (SELECT n, sum(p_purchases(m, n, t, x, tx, age)) OVER (ORDER BY n) AS p FROM generate_series(0, 400) AS n) AS s WHERE p >= 0.95) AS high
ORDER BY kind, x, t;
SELECT kind, (purchase_bounds(m, 0, 3, 10, 11)).*, (purchase_bounds(m, 1e5, 3000, 1000, 1000)).high > 10000 AS many FROM counted_models ORDER BY kind;

-- Of a timeline, days in the unit of the model.
SELECT kind, p_purchases(m, 2, '10 weeks', t, '2024-03-01') = p_purchases(m, 2, 10, 2, 4, 60 / 7.0 - 1 / 7.0) AS timeline,
	purchase_bounds(m, '70 days', t, '2024-03-01') = purchase_bounds(m, 10, 2, 4, 60 / 7.0 - 1 / 7.0, 0.95) AS bounds
FROM counted_models, (SELECT timeline(d) AS t FROM unnest('{2024-01-01,2024-01-10,2024-01-29}'::date[]) AS d) AS x ORDER BY kind;
SELECT p_purchases(m, 2, '10 weeks', t, '2023-03-01'), purchase_bounds(m, '10 weeks', t, '2023-03-01'), p_purchases(m, NULL, 3)
FROM counted_models, (SELECT timeline(d) AS t FROM unnest('{2024-01-01}'::date[]) AS d) AS x WHERE kind = 'bg/nbd';

-- A fit at the end of a parameter's range: nobody knows how wide it is.
SELECT purchase_bounds('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 4, "a": 1, "b": 2}, "log_likelihood": -5, "customers": 3, "distinct_rows": 3, "evaluations": 9, "status": "boundary", "identified": false}', 10, 2, 4, 5);

-- Refusals.
SELECT p_purchases(m, -1, 10) FROM counted_models WHERE kind = 'bg/nbd';
SELECT p_purchases(m, 1000000001, 10, 0, 0, 1) FROM counted_models WHERE kind = 'bg/nbd';
SELECT p_purchases(m, 1, -10) FROM counted_models WHERE kind = 'bg/nbd';
SELECT p_purchases(m, 1, 10, 2, 9, 4) FROM counted_models WHERE kind = 'bg/nbd';
SELECT purchase_bounds(m, 10, 2, 3, 4, 1) FROM counted_models WHERE kind = 'bg/nbd';
SELECT purchase_bounds(m, 'NaN', 2, 3, 4) FROM counted_models WHERE kind = 'bg/nbd';
SELECT p_purchases('{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 4, "a": 1, "b": 2}}', 1, '1 week', timeline(date '2024-01-01'), '2024-03-01');
