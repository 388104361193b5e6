-- Predictions of purchase models with given parameters.  The values wanted were
-- computed at 40 digits or more; most of them are also printed by BTYD, lifetimes
-- or the notes of Fader and Hardie (brucehardie.com/notes), to their digits.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE FUNCTION pg_temp.model(kind text, a float8, b float8, c float8, d float8, unit text DEFAULT 'week') RETURNS purchase_model
LANGUAGE sql IMMUTABLE AS $$
	SELECT json_build_object('kind', kind, 'unit', unit, 'parameters', CASE kind
		WHEN 'pareto/nbd' THEN json_build_object('r', a, 'alpha', b, 's', c, 'beta', d)
		ELSE json_build_object('r', a, 'alpha', b, 'a', c, 'b', d) END)::text::purchase_model
$$;

-- What a year's discount must be for a rate per week.
CREATE FUNCTION pg_temp.yearly(rate float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT exp(rate * 365 / 7) - 1 $$;

CREATE TEMP TABLE purchase_model_known AS
SELECT name, pg_temp.model(kind, a, b, c, d) AS m
FROM (VALUES
	('paper', 'bg/nbd', 0.243::float8, 4.414::float8, 0.793::float8, 2.426::float8),
	('a is 1', 'bg/nbd', 0.243, 4.414, 1, 2.426),
	('a + b < 1', 'bg/nbd', 1, 5, 0.3, 0.55),
	('a + b = 1', 'bg/nbd', 1, 5, 0.4, 0.6),
	('btyd bg', 'bg/nbd', 0.2425967, 4.413659, 0.7929869, 2.426164),
	('man bg', 'bg/nbd', 0.5, 6, 1.2, 3.3),
	('fit bg', 'bg/nbd', 0.24259452, 4.4136020, 0.7929220, 2.4259068),
	('csv bg', 'bg/nbd', 0.2425929, 4.4135313, 0.7928860, 2.4257530),
	('btyd pareto', 'pareto/nbd', 0.5534, 10.5802, 0.6061, 11.6562),
	('man pareto', 'pareto/nbd', 0.55, 10.56, 0.61, 11.64),
	('fit pareto', 'pareto/nbd', 0.5532770, 10.577683, 0.6062400, 11.668735),
	('dert', 'pareto/nbd', 0.5629966, 12.5590370, 0.4081095, 10.5148048),
	('dert large', 'pareto/nbd', 0.5629966, 12.5590370, 0.4081095, 10514.8),
	('dert larger', 'pareto/nbd', 0.5629966, 12.5590370, 0.4081095, 1e6),
	('overflow', 'pareto/nbd', 10.465, 0.00798565181, 3.0516, 2.820),
	('finite', 'pareto/nbd', 0.5143, 2.8845, 0.2856, 14.1087),
	('lifetimes', 'pareto/nbd', 0.55, 10.58, 0.61, 11.67),
	('s is 1', 'pareto/nbd', 0.553, 10.58, 1, 11.66),
	('simple', 'pareto/nbd', 0.55, 10, 0.61, 10),
	('large x', 'pareto/nbd', 0.5533, 10.5777, 0.6062, 11.6687)) v (name, kind, a, b, c, d);

CREATE TEMP TABLE purchase_model_want (id text, what text, model text, x bigint, tx float8, age float8, t float8, want float8, within float8);
INSERT INTO purchase_model_want VALUES
	('P28', 'log_likelihood', 'man bg', 3, 4, 6, NULL, -7.5763818767, 1e-10),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 1, 0.0531842916, 1e-6),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 3, 0.150630839, 1e-6),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 32, 1.043732045, 1e-6),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 39, 1.195010043, 1e-6),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 52, 1.444012400, 1e-6),
	('P32', 'new', 'fit bg', NULL, NULL, NULL, 78, 1.857958394, 1e-6),
	('P33', 'expected', 'paper', 2, 30.43, 38.86, 39, 1.22602817477, 1e-10),
	('P33', 'expected', 'fit bg', 2, 30.43, 38.86, 39, 1.2259068, 1e-6),
	('P34', 'expected', 'btyd bg', 26, 216.0 / 7, 31, 52, 25.7565858907, 1e-10),
	('P34', 'p_alive', 'btyd bg', 26, 216.0 / 7, 31, NULL, 0.968852260145, 1e-10),
	('P35', 'expected', 'btyd bg', 10, 20, 39, 52, 0.347460627501, 1e-9),
	('P35', 'expected', 'btyd bg', 15, 20, 39, 52, 0.0428339118971, 1e-9),
	('P35', 'expected', 'btyd bg', 20, 20, 39, 52, 0.00415897259654, 1e-9),
	('P35', 'expected', 'btyd bg', 25, 20, 39, 52, 0.000358368518791, 1e-9),
	('P36', 'p_alive', 'paper', 23, 39, 39, NULL, 0.968555454221, 1e-10),
	('P36', 'expected', 'paper', 10, 35, 39, 2, 0.391569207091, 1e-10),
	('P36', 'p_no_purchase', 'paper', 2, 30.43, 38.86, 39, 0.445372862083, 1e-10),
	('P37', 'new', 'btyd pareto', NULL, NULL, NULL, 52, 1.4730669919, 1e-10),
	('P37', 'expected', 'btyd pareto', 26, 216.0 / 7, 31, 52, 25.4537786345, 1e-10),
	('P37', 'p_alive', 'btyd pareto', 26, 216.0 / 7, 31, NULL, 0.997873275575, 1e-10),
	('P38', 'expected', 'btyd pareto', 10, 20, 39, 52, 0.705906954425, 1e-9),
	('P38', 'expected', 'btyd pareto', 15, 20, 39, 52, 0.144174535345, 1e-9),
	('P38', 'expected', 'btyd pareto', 20, 20, 39, 52, 0.0224971834118, 1e-9),
	('P38', 'expected', 'btyd pareto', 25, 20, 39, 52, 0.00309149995377, 1e-9),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 1, 0.0507782061662, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 2, 0.0991608842301, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 3, 0.1454250652, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 4, 0.189799299246, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 5, 0.232474658205, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 6, 0.273612736831, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 7, 0.313351593729, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 8, 0.351810243641, 1e-10),
	('P39', 'new', 'man pareto', NULL, NULL, NULL, 9, 0.389092109465, 1e-10),
	('P40', 'p_no_purchase', 'man pareto', 0, 0, 0, 39, 0.595938069598, 1e-9),
	('P40', 'expected', 'man pareto', 10, 35, 39, 2, 0.388411723242, 1e-9),
	('P40', 'log_likelihood', 'man pareto', 3, 4, 6, NULL, -8.05311593005, 1e-9),
	('P29', 'p_no_purchase', 'paper', 0, 0, 0, 39, 0.573786352096, 1e-10),
	('P41', 'discounted', 'dert', 7, 35, 77.86, 0.0027, 1.86418332807, 1e-10),
	('P41', 'discounted', 'dert', 1, 30, 77.86, 0.0027, 2.1991554497, 1e-10),
	('P41', 'discounted', 'dert', 2, 30, 77.86, 0.0027, 2.84353440607, 1e-10),
	('P41', 'discounted', 'dert', 3, 30, 77.86, 0.0027, 2.86712839121, 1e-10),
	('P41', 'discounted', 'dert', 4, 30, 77.86, 0.0027, 2.44541007861, 1e-10),
	('P41', 'discounted', 'dert', 5, 30, 77.86, 0.0027, 1.84050192448, 1e-10),
	('P41', 'discounted', 'dert', 6, 30, 77.86, 0.0027, 1.26241647174, 1e-10),
	('P41', 'discounted', 'dert', 7, 30, 77.86, 0.0027, 0.809618119454, 1e-10),
	('P41', 'discounted', 'dert', 8, 30, 77.86, 0.0027, 0.494803619375, 1e-10),
	('P41', 'discounted', 'dert', 9, 30, 77.86, 0.0027, 0.29202470157, 1e-10),
	('P41', 'discounted', 'dert', 10, 30, 77.86, 0.0027, 0.167927508566, 1e-10),
	('P42', 'discounted', 'dert large', 7, 35, 77.86, 0.0027, 29.50610951999, 1e-9),
	('P42', 'discounted', 'dert larger', 7, 35, 77.86, 0.0027, 30.96289535253, 1e-9),
	('P43', 'expected', 'lifetimes', 132, 200, 200, 10, 6.20605178896, 1e-10),
	('P43', 'expected', 'lifetimes', 133, 200, 200, 10, 6.25287224755, 1e-10),
	('P44', 'p_alive', 'finite', 221, 103.42857, 103.57143, NULL, 0.999596052318, 1e-9),
	('P44', 'p_alive', 'finite', 254, 97.14286, 97.28571, NULL, 0.999558226123, 1e-9),
	('P44', 'p_alive', 'finite', 161, 94.71429, 98, NULL, 0.749487752258, 1e-9),
	('P44', 'p_alive', 'finite', 204, 98.57143, 99.42857, NULL, 0.994255079638, 1e-9),
	('P45', 'log_likelihood', 'overflow', 400, 5, 6, NULL, 1323.18893097, 1e-10),
	('P45', 'log_likelihood', 'overflow', 500, 1, 37, NULL, 2594.40445462, 1e-10),
	('P45', 'log_likelihood', 'overflow', 500, 4, 37, NULL, 1888.82124974, 1e-10),
	('P45', 'log_likelihood', 'overflow', 40, 5, 6, NULL, -5.71902158522, 1e-10),
	('P46', 'expected', 's is 1', 2, 30.43, 38.86, 39, 1.18590394618, 1e-10),
	('P46', 'log_likelihood', 'simple', 2, 30.43, 38.86, NULL, -9.63086156258, 1e-10),
	('P46', 'log_likelihood', 'lifetimes', 3, 38.86, 38.86, NULL, -12.6677379843, 1e-10),
	('P47', 'log_likelihood', 'large x', 300, 38.5, 38.86, NULL, 239.943307466, 1e-9),
	('P47', 'p_alive', 'large x', 300, 38.5, 38.86, NULL, 0.984426018034, 1e-9),
	('P47', 'expected', 'large x', 300, 38.5, 38.86, 39, 194.011064992, 1e-9),
	('P47', 'expected', 'large x', 5000, 38.8, 38.86, 39, 3118.793093353, 1e-9),
	('P48', 'expected', 'a is 1', 2, 30.43, 38.86, 39, 1.10213678604, 1e-10),
	('P49', 'expected', 'a + b < 1', 0, 0, 20, 100, 2.316774624604, 1e-10),
	('P49', 'expected', 'a + b = 1', 0, 0, 20, 100, 2.101222243523, 1e-10),
	('P50', 'expected', 'paper', 300, 38.5, 38.86, 39, 200.1419949069, 1e-9),
	('P50', 'expected', 'paper', 3000, 38.8, 38.86, 52, 2529.6747538, 1e-9),
	('P50', 'expected', 'paper', 5000, 38.8, 38.86, 52, 3685.195240356, 1e-9),
	('P54', 'discounted', 'csv bg', 2, 30.43, 38.86, 0.0027, 5.15646180, 1e-7),
	('P54', 'discounted', 'csv bg', 7, 29.43, 38.86, 0.0027, 12.6726916, 1e-7),
	('P55', 'p_alive', 'fit pareto', 2, 30.43, 38.86, NULL, 0.8691157, 1e-6),
	('P55', 'expected', 'fit pareto', 2, 30.43, 38.86, 39, 1.4550989, 1e-6),
	('P55', 'discounted', 'fit pareto', 2, 30.43, 38.86, 0.0027, 6.4820348, 1e-6),
	('P55', 'p_alive', 'fit pareto', 7, 29.43, 38.86, NULL, 0.7494116, 1e-6),
	('P55', 'expected', 'fit pareto', 7, 29.43, 38.86, 39, 3.7116995, 1e-6),
	('P55', 'discounted', 'fit pareto', 7, 29.43, 38.86, 0.0027, 16.534523, 1e-6);

CREATE TEMP VIEW purchase_model_got AS
SELECT w.*, CASE what
	WHEN 'new' THEN expected_purchases(m, t)
	WHEN 'expected' THEN expected_purchases(m, t, x, tx, age)
	WHEN 'p_alive' THEN p_alive(m, x, tx, age)
	WHEN 'p_no_purchase' THEN p_no_purchase(m, t, x, tx, age)
	WHEN 'discounted' THEN discounted_expected_purchases(m, pg_temp.yearly(t), x, tx, age)
	WHEN 'log_likelihood' THEN log_likelihood(m, x, tx, age) END AS got
FROM purchase_model_want w
JOIN purchase_model_known k ON k.name = w.model;

SELECT id, count(*) AS values, bool_and(abs(got - want) <= within * abs(want)) AS as_wanted
FROM purchase_model_got
GROUP BY id
ORDER BY substr(id, 2)::int;

-- Those that differ, if any.
SELECT id, what, x, t, got, want FROM purchase_model_got WHERE abs(got - want) <= within * abs(want) IS NOT TRUE ORDER BY 1, 2, 3, 4;

-- A probability below what a double can hold is 0.
SELECT p_alive(m, 1000, 10, 100) AS "P50" FROM purchase_model_known WHERE name = 'paper';

-- Who never bought again is alive under BG/NBD, by its definition, and not surely under the others.
SELECT kind, round(p_alive(pg_temp.model(kind, 0.5, 5, 1, 3), 0, 0, 30)::numeric, 6) AS p_alive
FROM unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind;

-- A new MBG/NBD customer drops out at once with probability a / (a + b) = 1/4.
SELECT p_alive(pg_temp.model('mbg/nbd', 0.5, 5, 1, 3), 0, 0, 0) AS p_alive;

-- A grid of models and histories, on which the definitions must hold.
CREATE TEMP TABLE purchase_model_grid AS
SELECT kind, pg_temp.model(kind, r, alpha, a, b) AS m, r, alpha, a, b, x, age * part * sign(x) AS tx, age
FROM unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind,
	unnest('{0.05,20}'::float8[]) r, unnest('{0.3,40}'::float8[]) alpha,
	unnest('{0.1,1,3}'::float8[]) a, unnest('{0.2,30}'::float8[]) b,
	unnest('{0,1,60}'::int[]) x, unnest('{0.02,1}'::float8[]) part, unnest('{2,150}'::float8[]) age;

-- Probabilities are some; nothing happens in no time; more happens in more.
SELECT kind, count(*) AS histories,
	bool_and(p_alive(m, x, tx, age) BETWEEN 0 AND 1) AS p_alive,
	bool_and(p_no_purchase(m, 5, x, tx, age) BETWEEN 0 AND 1) AS p_no_purchase,
	bool_and(p_no_purchase(m, 0, x, tx, age) = 1) AS none_in_no_time,
	bool_and(expected_purchases(m, 0, x, tx, age) = 0) AS nothing_in_no_time,
	bool_and(expected_purchases(m, 1, x, tx, age) <= expected_purchases(m, 2, x, tx, age)
		AND expected_purchases(m, 2, x, tx, age) <= expected_purchases(m, 200, x, tx, age)) AS grows,
	bool_and(1 - p_no_purchase(m, 5, x, tx, age) <= expected_purchases(m, 5, x, tx, age) * (1 + 1e-12) + 1e-15) AS one_is_less_than_all
FROM purchase_model_grid
GROUP BY kind
ORDER BY kind;

-- The likelihood of no purchase is its probability, and that of one at the end the
-- density of the first one: the negative slope of that probability.
SELECT kind, bool_and(abs(exp(log_likelihood(m, 0, 0, age)) / p_no_purchase(m, age, 0, 0, 0) - 1) < 1e-10) AS none,
	bool_and(abs(exp(log_likelihood(m, 1, age, age)) - slope) < 1e-5 * slope + 1e-12 / age) AS first
FROM purchase_model_grid, LATERAL (SELECT (p_no_purchase(m, age * 0.999, 0, 0, 0) - p_no_purchase(m, age * 1.001, 0, 0, 0)) / (0.002 * age) AS slope) s
WHERE r < 1 AND x = 0
GROUP BY kind
ORDER BY kind;

-- In a very short time: the rate of purchases of who is alive, (r + x) / (alpha + age).
SELECT kind, bool_and(abs(expected_purchases(m, 1e-9, x, tx, age) - e) <= 1e-6 * e) AS as_wanted
FROM purchase_model_grid, LATERAL (SELECT p_alive(m, x, tx, age) * (r + x) / (alpha + age) * 1e-9 AS e) s
WHERE e > 1e-300
GROUP BY kind
ORDER BY kind;

-- Days instead of weeks: times and alpha, beta times 7, the same answers; the
-- likelihood of x times changes by x log 7.
SELECT kind,
	bool_and(abs(expected_purchases(d, 350, x, 7 * tx, 7 * age) - e) <= 1e-11 * e) AS expected,
	bool_and(abs(p_alive(d, x, 7 * tx, 7 * age) - p_alive(m, x, tx, age)) <= 1e-12) AS p_alive,
	bool_and(abs(discounted_expected_purchases(d, 0.1, x, 7 * tx, 7 * age) - discounted_expected_purchases(m, 0.1, x, tx, age))
		<= 1e-11 * discounted_expected_purchases(m, 0.1, x, tx, age)) AS discounted,
	bool_and(abs(log_likelihood(d, x, 7 * tx, 7 * age) + x * ln(7::float8) - log_likelihood(m, x, tx, age)) <= 1e-9) AS log_likelihood
FROM purchase_model_grid,
	LATERAL (SELECT pg_temp.model(kind, r, 7 * alpha, a, CASE kind WHEN 'pareto/nbd' THEN 7 * b ELSE b END, 'day') AS d,
		expected_purchases(m, 50, x, tx, age) AS e) s
GROUP BY kind
ORDER BY kind;

-- Discounted purchases are the integral of discounted expected ones: by parts,
-- a sum over weeks, between its lower and its upper sum.
SELECT kind, low < d AND d < high AS between, round((high / low)::numeric, 3) AS apart
FROM unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind,
	LATERAL (SELECT pg_temp.model(kind, 0.8, 6, 1.3, 2.5) AS m) x,
	LATERAL (SELECT discounted_expected_purchases(m, 0.5, 3, 20, 30) AS d) y,
	LATERAL (SELECT
		sum((e - before) * exp(-rate * t)) AS low,
		sum((e - before) * exp(-rate * (t - 1))) AS high
		FROM (SELECT t, rate, expected_purchases(m, t, 3, 20, 30) AS e, expected_purchases(m, t - 1, 3, 20, 30) AS before
			FROM generate_series(1, 5000) t, (SELECT ln(1.5::float8) / (365.0 / 7) AS rate) r) s) z;

-- The drop-out never comes and purchases are Poisson at rate 2: 2 t of them.
SELECT kind, round(expected_purchases(m, 5)::numeric, 6) AS expected, round(p_no_purchase(m, 5, 0, 0, 0)::numeric, 9) AS none
FROM unnest('{bg/nbd,mbg/nbd}'::text[]) kind, LATERAL (SELECT pg_temp.model(kind, 2e12, 1e12, 1e-12, 1e12) AS m) x
UNION ALL
SELECT 'pareto/nbd', round(expected_purchases(m, 5)::numeric, 6), round(p_no_purchase(m, 5, 0, 0, 0)::numeric, 9)
FROM (SELECT pg_temp.model('pareto/nbd', 2e12, 1e12, 1e-12, 1e12) AS m) x
ORDER BY 1;
SELECT round(exp(-10.0), 9) AS poisson;

-- Without dropping out Pareto/NBD is NBD: E = (r + x) / (alpha + age) t, and so is
-- P(no purchase).  A last purchase at the end leaves no silence to explain.
SELECT bool_and(abs(expected_purchases(m, 7, x, age, age) / ((r + x) / (alpha + age) * 7) - 1) < 1e-9) AS expected,
	bool_and(abs(p_no_purchase(m, 7, x, age, age) - power(1 + 7 / (alpha + age), -r - x)) < 1e-9) AS none
FROM (SELECT pg_temp.model('pareto/nbd', r, alpha, 1e-6, 1e12) AS m, r, alpha, x, age FROM purchase_model_grid WHERE kind = 'pareto/nbd' AND x > 0) s;
