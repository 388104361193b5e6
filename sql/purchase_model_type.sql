-- The type purchase_model: text, binary, casts, equality.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TABLE purchase_model_values (id int, m purchase_model);
INSERT INTO purchase_model_values VALUES
	(1, '{"kind": "bg/nbd", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'),
	(2, ' {"parameters": {"beta": 11.67, "s": 0.61, "alpha": 10.58, "r": 0.55}, "unit": "Weeks", "kind": "PARETO/NBD"} '),
	(3, '{"kind": "mbg/nbd", "unit": "month", "parameters": {"r": 1e-30, "alpha": 1E30, "a": 1, "b": 0.1},
		"log_likelihood": -0.0, "customers": 2357, "distinct_rows": 1016, "evaluations": 0, "status": "stalled", "identified": false}'),
	(4, '{"kind": "bg/nbd", "unit": "day", "parameters": {"r": 0.2425945224301516, "alpha": 4.4, "a": 0.8, "b": 2.5},
		"log_likelihood": -9582.42920667393, "customers": 2357, "distinct_rows": 1016, "evaluations": 32, "status": "converged", "identified": true,
		"covariance": [[4, -0.0, 0, 0], [0, 1, 0.5, 0], [0, 0.5, 1, 0], [0, 0, 0, 1e-300]]}'),
	(5, NULL);

-- Canonical, in as many digits as it takes, whatever extra_float_digits says.
SELECT id, m FROM purchase_model_values ORDER BY id;
SET extra_float_digits = -10;
SELECT bool_and(m::text::purchase_model = m) AS lossless FROM purchase_model_values;
SELECT m FROM purchase_model_values WHERE id = 4;
RESET extra_float_digits;

-- What the readers make of them; nothing was fitted where nothing is said.
SELECT id, p.* FROM purchase_model_values, model_parameters(m) p ORDER BY id, p.name;
SELECT id, f.* FROM purchase_model_values, model_fit(m) f ORDER BY id;

-- Casts, also inside rows.
SELECT m::json -> 'parameters' AS json, m::jsonb -> 'unit' AS jsonb FROM purchase_model_values WHERE id IN (1, 2) ORDER BY id;
SELECT row_to_json(v), to_jsonb(v) #>> '{m,parameters,alpha}' AS alpha FROM purchase_model_values v WHERE id = 1;

-- Equality and hash.
SELECT a.id, b.id FROM purchase_model_values a JOIN purchase_model_values b ON a.m = b.m ORDER BY 1, 2;
SELECT count(*) FROM purchase_model_values a JOIN purchase_model_values b ON a.m <> b.m;
SELECT count(DISTINCT m::text), (SELECT count(*) FROM (SELECT m FROM purchase_model_values GROUP BY m) g) AS groups FROM purchase_model_values;
SET enable_hashjoin = on; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT count(*) FROM purchase_model_values a JOIN purchase_model_values b USING (m);
RESET enable_mergejoin; RESET enable_nestloop;
SELECT purchase_model_hash_extended(m, 0) <> purchase_model_hash_extended(m, 1) AS seeded FROM purchase_model_values WHERE id = 1;

-- Binary there and back.
SELECT id, encode(purchase_model_send(m), 'hex') AS binary FROM purchase_model_values WHERE id = 1;
SELECT octet_length(purchase_model_send(m)) AS bytes FROM purchase_model_values ORDER BY id;

-- The text that is none.
\set VERBOSITY default
SELECT ''::purchase_model;
SELECT '[]'::purchase_model;
SELECT '"bg/nbd"'::purchase_model;
SELECT '{"kind": "bg/nbd"}'::purchase_model;
SELECT '{"parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bgnbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": 1, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "unit": "fortnight", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1, "c": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1, "c": 1, "d": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "a": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 0, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": -1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1e31, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1e999, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": "1", "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": {}, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": [1, 1, 1, 1]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "colour": 1, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "customers": 1, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "customers": 1.5, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "correlation": 0.5, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "status": "fine", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "identified": 1, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}}'::purchase_model;
SELECT '{"kind": "bg/nbd", "identified": true, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "status": "converged", "log_likelihood": -1, "customers": 2, "distinct_rows": 1, "evaluations": 3}'::purchase_model;
SELECT '{"kind": "bg/nbd", "identified": false, "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "status": "converged", "log_likelihood": -1, "customers": 2, "distinct_rows": 3, "evaluations": 3}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": 1}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [1, 0, 0, 1]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1, 0], [0, 1]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1, 0], [0]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1, 0, 0, 0, 0, 0]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1,0,0,0],[1,1,0,0],[0,0,1,0],[0,0,0,1]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1,2,0,0],[2,1,0,0],[0,0,1,0],[0,0,0,1]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "covariance": [[1,0,0,0],[0,-1,0,0],[0,0,1,0],[0,0,0,1]]}'::purchase_model;
SELECT '{"kind": "bg/nbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}'::purchase_model;

DROP TABLE purchase_model_values;
