-- The aggregate signals and its reader: which traits go with an outcome.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = -3;

-- Newcombe 1998: 56 of 70 against 48 of 80 is 0.20, 0.0524 to 0.3339 (method 10)
SELECT covariate, level, at_least, customers_with, rate_with, customers_without, rate_without,
	round(difference::numeric, 4) AS difference, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high,
	round(phi::numeric, 4) AS phi, round(p_value::numeric, 5) AS p_value, round(adjusted::numeric, 5) AS adjusted
FROM (SELECT signals(i <= 56 OR i BETWEEN 71 AND 118, jsonb_build_object('invited', i <= 70)) AS s FROM generate_series(1, 150) i) x, signal_rows(s);

-- A missing key is 0, false, or the level NULL; null leaves a customer out.
CREATE TABLE customers (id int, stayed boolean, traits jsonb);
INSERT INTO customers VALUES
	(1, true, '{"logins": 3, "invited": true, "plan": "team", "age": 30}'),
	(2, true, '{"logins": 1, "invited": true, "plan": "solo", "age": null}'),
	(3, true, '{"logins": 2.5, "plan": "team", "age": null}'),
	(4, false, '{"plan": "solo", "invited": false, "age": 40}'),
	(5, false, '{"logins": 1, "age": 30}'),
	(6, false, '{}'),
	(7, NULL, '{"logins": 9, "plan": "gone"}'),
	(8, true, NULL);
SELECT signals(stayed, traits) FROM customers;
SELECT covariate, level, at_least, customers_with, round(rate_with::numeric, 3) AS rate_with, customers_without,
	round(rate_without::numeric, 3) AS rate_without, round(phi::numeric, 3) AS phi, round(p_value::numeric, 3) AS p_value, round(adjusted::numeric, 3) AS adjusted
FROM (SELECT signals(stayed, traits) AS s FROM customers) x, signal_rows(s);

-- Parts are added up; what one part never has is missing there.
SELECT (SELECT signals(stayed, traits) FROM customers)
	= (SELECT rollup(s) FROM (SELECT signals(stayed, traits) AS s FROM customers GROUP BY id % 3) x) AS same;
SELECT signals(stayed, traits) IS NULL AS nobody FROM customers WHERE id > 6;
SELECT rollup(s) IS NULL AS nothing FROM (VALUES (NULL::signals)) v (s);
SELECT count(*) FROM signal_rows(NULL);
-- the same outcome for all: no test; a trait of all, or never known: no row
SELECT covariate, level, at_least, customers_with, rate_with, rate_without, low < 0 AS low, high > 0 AS high, phi, p_value, adjusted
FROM (SELECT signals(true, v::jsonb) AS s FROM (VALUES ('{"a": 1, "b": null, "c": true, "d": "x"}'), ('{"a": 2, "b": null, "c": true, "d": "x"}')) x (v)) x, signal_rows(s);

-- Numbers: 20 different ones are 19 thresholds; with one more, quantiles of those above the least.
SELECT count(*), min(at_least), max(at_least) FROM (SELECT signals(i % 2 = 0, jsonb_build_object('n', i % 20)) AS s FROM generate_series(0, 99) i) x, signal_rows(s);
SELECT count(*), array_agg(at_least ORDER BY at_least) FROM (SELECT signals(i % 2 = 0, jsonb_build_object('n', i)) AS s FROM generate_series(0, 40) i) x, signal_rows(s);
-- however rare, the least above the least is one
SELECT array_agg(at_least ORDER BY at_least), min(customers_with), max(customers_with)
FROM (SELECT signals(i % 2 = 0, jsonb_build_object('n', greatest(0, i - 9970))) AS s FROM generate_series(1, 10000) i) x, signal_rows(s);
-- 1,024 different ones are exact; more are cut on a grid, the finest that leaves so many
SELECT v ->> 'grid' AS grid, jsonb_array_length(v -> 'value') AS n, v -> 'value' -> 0 AS least, v -> 'value' -> -1 AS greatest
FROM (VALUES (1024), (1025), (4096)) k (n), LATERAL (SELECT signals(i % 3 = 0, jsonb_build_object('n', 4096 + i))::jsonb -> 'covariates' -> 0 AS v FROM generate_series(0, n - 1) i) x;
-- the ends of double precision, and zeros of either sign
SELECT signals(true, ('{"n": ' || n || '}')::jsonb)
FROM unnest('{-1.7976931348623157e308,-1,-5e-324,-0.0,0,1e-400,0.1,1e15,123456789012.25,9007199254740993,1.7976931348623157e308}'::text[]) n;

-- Texts: the 200 levels of most customers, the rest, and a level of its name, are other
SELECT count(*), count(*) FILTER (WHERE customers_with = 3), sum(customers_with) FILTER (WHERE level = 'other') AS other,
	sum(customers_with) FILTER (WHERE level IS NULL) AS lacking, bool_and(level IN ('other') OR level IS NULL OR level::int <= 299) AS known
FROM (
	SELECT signals(i % 2 = 0, CASE WHEN level < 0 THEN '{}' WHEN level = 0 THEN '{"l": "other"}' ELSE jsonb_build_object('l', level::text) END) AS s
	FROM generate_series(-1, 300) level, generate_series(1, CASE WHEN level < 200 THEN 3 ELSE 2 END) i) x, signal_rows(s);
SELECT count(*) FROM (SELECT signals(i % 2 = 0, jsonb_build_object('l', 'other' || i % 200)) AS s FROM generate_series(1, 1000) i) x, signal_rows(s);

-- What is refused.
SELECT signals(true, '[1]'::jsonb);
SELECT signals(true, '7'::jsonb);
SELECT signals(true, '{"a": [1]}'::jsonb);
SELECT signals(true, '{"a": {"b": 1}}'::jsonb);
SELECT signals(true, v::jsonb) FROM (VALUES ('{"a": 1}'), ('{"a": "1"}')) x (v);
SELECT signals(true, v::jsonb) FROM (VALUES ('{"a": true}'), ('{"a": 1}')) x (v);
SELECT rollup(s) FROM (SELECT signals(true, v::jsonb) AS s FROM (VALUES ('{"a": true}'), ('{"a": "x"}'), ('{"a": null}')) x (v) GROUP BY v) y;
SELECT signals(true, jsonb_build_object(repeat('a', 256), 1));
SELECT signals(true, jsonb_build_object('a', repeat('é', 128)));
SELECT signals(true, jsonb_build_object(repeat('a', 255), repeat('b', 255))) IS NOT NULL AS longest;
SELECT signals(true, '{"a": 1e400}'::jsonb);
SELECT signals(true, jsonb_build_object('key ' || i, 1)) FROM generate_series(1, 1001) i;
SELECT signals(true, jsonb_build_object('id', 'customer ' || i)) FROM generate_series(1, 10001) i;
SELECT * FROM signal_rows((SELECT signals(stayed, traits) FROM customers), 1);
SELECT rollup(s) FROM (VALUES ('{"customers": 9223372036854775807, "outcomes": 0, "covariates": []}'::signals), ('{"customers": 1, "outcomes": 0, "covariates": []}')) v (s);
DROP TABLE customers;
