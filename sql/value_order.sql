-- Order of the types that go by their stored bytes: ORDER BY, DISTINCT, GROUP BY,
-- merge joins and indexes of funnels and fitted models.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TABLE order_funnel (id int, v funnel);
INSERT INTO order_funnel VALUES
	(1, '{"within": "P30D", "mode": "", "zone": "", "steps": [{"customers": 6}, {"customers": 5, "seconds": [60,3600.5], "count": [4,1]}]}'),
	(2, '{"within": "P30D", "mode": "", "zone": "", "steps": [{"customers": 6}]}'),
	(3, '{"within": "P1D", "mode": "strict order", "zone": "UTC", "steps": [{"customers": 1}]}'),
	(4, NULL),
	(5, '{"steps": [{"customers": 6}], "zone": "", "mode": "", "within": "P30D"}');
CREATE TABLE order_purchase_model (id int, v purchase_model);
INSERT INTO order_purchase_model VALUES
	(1, '{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'),
	(2, '{"kind": "bg/nbd", "unit": "day", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'),
	(3, '{"kind": "pareto/nbd", "unit": "week", "parameters": {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}}'),
	(4, NULL),
	(5, '{"kind": "BG/NBD", "unit": "day", "parameters": {"b": 2.426, "r": 243e-3, "alpha": 4.414, "a": 0.793}}');
CREATE TABLE order_spend_model (id int, v spend_model);
INSERT INTO order_spend_model VALUES
	(1, '{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.45}}'),
	(2, '{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.44}}'),
	(3, '{"kind": "gamma-gamma", "parameters": {"p": 1, "q": 2, "gamma": 3}}'),
	(4, NULL),
	(5, '{"parameters": {"q": 3.74, "p": 6.250, "gamma": 15.44}, "kind": "gamma-gamma"}');
CREATE TABLE order_contract_model (id int, v contract_model);
INSERT INTO order_contract_model VALUES
	(1, '{"kind": "sbg", "parameters": {"alpha": 0.7, "beta": 3.8}}'),
	(2, '{"kind": "sbg", "parameters": {"alpha": 0.704, "beta": 3.8}}'),
	(3, '{"kind": "bdw", "parameters": {"alpha": 0.704, "beta": 3.8, "c": 0.9}}'),
	(4, NULL),
	(5, '{"kind": "sbg", "parameters": {"beta": 3.80, "alpha": 0.704}}');

-- Every operator says what bytea's says of the bytes, and cmp has its sign.
SELECT t.name, count(*) AS pairs, bool_and((a.v < b.v) = (a.s < b.s)) AS lt, bool_and((a.v <= b.v) = (a.s <= b.s)) AS le, bool_and((a.v > b.v) = (a.s > b.s)) AS gt,
	bool_and((a.v >= b.v) = (a.s >= b.s)) AS ge, bool_and((a.v = b.v) = (a.s = b.s)) AS eq, bool_and(sign(funnel_cmp(a.v, b.v)) = sign(byteacmp(a.s, b.s))) AS cmp
FROM (SELECT id, v, funnel_send(v) s FROM order_funnel) a, (SELECT id, v, funnel_send(v) s FROM order_funnel) b, (VALUES ('funnel')) t (name) GROUP BY 1
UNION ALL
SELECT t.name, count(*) AS pairs, bool_and((a.v < b.v) = (a.s < b.s)) AS lt, bool_and((a.v <= b.v) = (a.s <= b.s)) AS le, bool_and((a.v > b.v) = (a.s > b.s)) AS gt,
	bool_and((a.v >= b.v) = (a.s >= b.s)) AS ge, bool_and((a.v = b.v) = (a.s = b.s)) AS eq, bool_and(sign(purchase_model_cmp(a.v, b.v)) = sign(byteacmp(a.s, b.s))) AS cmp
FROM (SELECT id, v, purchase_model_send(v) s FROM order_purchase_model) a, (SELECT id, v, purchase_model_send(v) s FROM order_purchase_model) b, (VALUES ('purchase_model')) t (name) GROUP BY 1
UNION ALL
SELECT t.name, count(*) AS pairs, bool_and((a.v < b.v) = (a.s < b.s)) AS lt, bool_and((a.v <= b.v) = (a.s <= b.s)) AS le, bool_and((a.v > b.v) = (a.s > b.s)) AS gt,
	bool_and((a.v >= b.v) = (a.s >= b.s)) AS ge, bool_and((a.v = b.v) = (a.s = b.s)) AS eq, bool_and(sign(spend_model_cmp(a.v, b.v)) = sign(byteacmp(a.s, b.s))) AS cmp
FROM (SELECT id, v, spend_model_send(v) s FROM order_spend_model) a, (SELECT id, v, spend_model_send(v) s FROM order_spend_model) b, (VALUES ('spend_model')) t (name) GROUP BY 1
UNION ALL
SELECT t.name, count(*) AS pairs, bool_and((a.v < b.v) = (a.s < b.s)) AS lt, bool_and((a.v <= b.v) = (a.s <= b.s)) AS le, bool_and((a.v > b.v) = (a.s > b.s)) AS gt,
	bool_and((a.v >= b.v) = (a.s >= b.s)) AS ge, bool_and((a.v = b.v) = (a.s = b.s)) AS eq, bool_and(sign(contract_model_cmp(a.v, b.v)) = sign(byteacmp(a.s, b.s))) AS cmp
FROM (SELECT id, v, contract_model_send(v) s FROM order_contract_model) a, (SELECT id, v, contract_model_send(v) s FROM order_contract_model) b, (VALUES ('contract_model')) t (name) GROUP BY 1
ORDER BY name;

-- Of five rows two are equal and one is NULL: three values, four groups, in the
-- order of the bytes with NULL last, by a sort, by an index, by hashing.
CREATE FUNCTION pg_temp.ways(name text) RETURNS TABLE (way text, same_order boolean, distinct_values bigint, groups bigint, joined bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX %1$s_v ON order_%1$s (v)', name);
	FOREACH way IN ARRAY ARRAY['sort', 'index', 'hash'] LOOP
		PERFORM set_config('enable_indexscan', (way = 'index')::text, true), set_config('enable_indexonlyscan', (way = 'index')::text, true),
			set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', (way <> 'index')::text, true),
			set_config('enable_hashagg', (way = 'hash')::text, true), set_config('enable_sort', (way = 'sort')::text, true),
			set_config('enable_hashjoin', (way = 'hash')::text, true), set_config('enable_mergejoin', (way <> 'hash')::text, true), set_config('enable_nestloop', 'off', true);
		EXECUTE format('SELECT (SELECT array_agg(s) FROM (SELECT %1$s_send(v) s FROM order_%1$s ORDER BY v) x) IS NOT DISTINCT FROM (SELECT array_agg(%1$s_send(v) ORDER BY %1$s_send(v)) FROM order_%1$s),
			(SELECT count(DISTINCT v) FROM order_%1$s), (SELECT count(*) FROM (SELECT v FROM order_%1$s GROUP BY v) x),
			(SELECT count(*) FROM order_%1$s a JOIN order_%1$s b USING (v))', name) INTO same_order, distinct_values, groups, joined;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT name, w.* FROM unnest(ARRAY['funnel', 'purchase_model', 'spend_model', 'contract_model']) name, pg_temp.ways(name) w;

-- An index finds one, forbids a second, and a merge join is possible.
SET max_parallel_workers_per_gather = 0;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM order_funnel ORDER BY v LIMIT 1;
SELECT id FROM order_funnel WHERE v = (SELECT v FROM order_funnel WHERE id = 2) ORDER BY id;
SELECT id FROM order_spend_model WHERE v >= (SELECT v FROM order_spend_model WHERE id = 2) AND v <= (SELECT v FROM order_spend_model WHERE id = 5) ORDER BY id;
\set VERBOSITY sqlstate
CREATE UNIQUE INDEX ON order_contract_model (v);
CREATE UNIQUE INDEX ON order_contract_model (v) WHERE id < 5;
\set VERBOSITY default
RESET enable_seqscan;
RESET enable_bitmapscan;
SET enable_hashjoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM order_purchase_model a JOIN order_purchase_model b USING (v);
SELECT a.id, b.id FROM order_purchase_model a JOIN order_purchase_model b USING (v) WHERE a.id < b.id;
SELECT DISTINCT ON (v) id FROM order_contract_model WHERE v IS NOT NULL ORDER BY v, id;
SELECT id, v > lag(v) OVER (ORDER BY v) AS above, dense_rank() OVER (ORDER BY v) AS rank FROM order_spend_model ORDER BY v, id;
RESET max_parallel_workers_per_gather;
DROP TABLE order_funnel, order_purchase_model, order_spend_model, order_contract_model;
