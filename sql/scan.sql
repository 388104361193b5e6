-- A scan that feeds an aggregate: where the planner takes it, where not, and
-- that results are the same.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET max_parallel_workers_per_gather = 0;
LOAD 'retention';
SET retention.scan = on;

-- The nodes of a query's plan, from the top.
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb; nodes text;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json, COSTS off) ' || query INTO plan;
	SELECT string_agg(coalesce(n->>'Custom Plan Provider', n->>'Node Type'), ' < ')
	  INTO nodes
	  FROM jsonb_path_query(plan, 'strict $.** ? (@.type() == "object" && exists(@."Node Type"))') AS n;
	RETURN nodes;
END $$;
-- What EXPLAIN ANALYZE says of the scan.
CREATE FUNCTION pg_temp.analyzed(query text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json, COSTS off, TIMING off) ' || query INTO plan;
	RETURN jsonb_path_query_first(plan, 'strict $.** ? (@.type() == "object" && @."Custom Plan Provider" == "RetentionScan")') ->> what;
END $$;
-- Is the result the same with the scan and without?
CREATE FUNCTION pg_temp.same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE fed text; given text;
BEGIN
	SET LOCAL retention.scan = on;
	EXECUTE 'SELECT string_agg(r::text, '';'') FROM (' || query || ') r' INTO fed;
	SET LOCAL retention.scan = off;
	EXECUTE 'SELECT string_agg(r::text, '';'') FROM (' || query || ') r' INTO given;
	SET LOCAL retention.scan = on;
	RETURN fed IS NOT DISTINCT FROM given AND fed IS NOT NULL;
END $$;

CREATE TABLE scanned (id int, customer bigint, name text, at timestamptz, amount numeric, step int);
INSERT INTO scanned
SELECT i, nullif(i * 7 % 50, 13), 'customer ' || i * 7 % 50, timestamptz '2024-01-01' + i * interval '5 hours',
	CASE WHEN i % 11 = 0 THEN NULL WHEN i % 17 = 0 THEN -1.5 ELSE i % 100 + 0.25 END, 1 + i % 3
FROM generate_series(1, 2000) i;
ANALYZE scanned;

-- the usual query
EXPLAIN (COSTS OFF) SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned;
EXPLAIN (COSTS OFF, VERBOSE) SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned WHERE step < 3;
SET retention.scan = off;
EXPLAIN (COSTS OFF) SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned;
SET retention.scan = on;

-- every aggregate over rows of customers
WITH q(query) AS (VALUES
	('SELECT cohort_matrix(customer, at, ''month'') FROM scanned'),
	('SELECT cohort_matrix(customer, NULL::timestamptz, at, amount, ''month'') FROM scanned'),
	('SELECT cohort_matrix(customer, at, at, amount, ''week'', 2) FROM scanned'),
	('SELECT recurring_matrix(customer, at, amount, ''month'') FROM scanned'),
	('SELECT recurring_matrix(customer, at, at, amount, ''month'') FROM scanned'),
	('SELECT customer_movements(customer, at, amount, ''month'') FROM scanned'),
	('SELECT customer_movements(name, at, amount, ''month'', 3) FROM scanned'),
	('SELECT funnel(customer, at, step, ''7 days'') FROM scanned'),
	('SELECT journey(customer, at, name, ''1 day'') FROM scanned'),
	('SELECT check_events(customer, at, amount, ''2026-01-01'') FROM scanned'),
	('SELECT check_ranges(customer, tstzrange(at, at + interval ''3 days''), amount, ''2026-01-01'') FROM scanned'))
SELECT split_part(split_part(query, ' ', 2), '(', 1) AS aggregate, pg_temp.plan(query), pg_temp.same(query) FROM q;

-- aggregates that share a state, and that do not; arguments that are not columns
WITH q(query) AS (VALUES
	('SELECT cohort_matrix(customer, at, amount, ''month''), customer_movements(customer, at, amount, ''month'') FROM scanned'),
	('SELECT cohort_matrix(customer, at, amount, ''month''), cohort_matrix(name, at, ''week''), funnel(customer, at, step, ''7 days'') FROM scanned'),
	('SELECT cohort_matrix(name::varchar, at::date, amount * 2 + id, ''month'') FROM scanned'),
	('SELECT cohort_matrix(1, timestamptz ''2024-05-06'', ''month'') FROM scanned'),
	('SELECT funnel(customer, at, ARRAY[step = 1, step = 2, step = 3], ''7 days'') FROM scanned'),
	('SELECT cohort_matrix((customer, step), at, ''month'') FROM scanned'))
SELECT pg_temp.plan(query), pg_temp.same(query) FROM q;

-- conditions
WITH q(condition) AS (VALUES
	('step = 2'), ('amount IS NULL'), ('amount > 50 AND name LIKE ''%3'''), ('id = ANY (ARRAY[1, 5, 9])'),
	('at >= now() - interval ''100 years'''), ('(customer, step) IN ((7, 1), (14, 2), (21, 3))'),
	('customer = (SELECT min(customer) + 7 FROM scanned)'), ('CASE WHEN step = 1 THEN id % 2 = 0 ELSE id % 3 = 0 END'))
SELECT condition, pg_temp.same('SELECT cohort_matrix(customer, at, amount, ''month'') FROM scanned WHERE ' || condition) FROM q;
SELECT pg_temp.same('SELECT count(m) FROM (SELECT cohort_matrix(customer, at, amount, ''month'') AS m FROM scanned WHERE id < 0) q');

-- where it steps aside
CREATE INDEX ON scanned (id);
CREATE TABLE scanned_parent (id int, customer bigint, at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE scanned_part PARTITION OF scanned_parent FOR VALUES FROM (0) TO (1000);
CREATE TABLE scanned_rest PARTITION OF scanned_parent DEFAULT;
CREATE TABLE scanned_child (more int) INHERITS (scanned);
CREATE VIEW scanned_view AS SELECT * FROM ONLY scanned;
CREATE VIEW scanned_barrier WITH (security_barrier) AS SELECT * FROM ONLY scanned WHERE step = 1;
INSERT INTO scanned_parent SELECT id, customer, at FROM scanned;
INSERT INTO scanned_child SELECT *, 1 FROM ONLY scanned WHERE id < 100;
ANALYZE scanned_parent, scanned_child;
WITH q(n, why, query) AS (VALUES
	(1, 'ONLY: children are another''s', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned'),
	(2, 'a child', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child'),
	(3, 'a partition', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_part'),
	(4, 'a view', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_view WHERE id > 3'),
	(5, 'a subquery, HAVING none', 'SELECT m FROM (SELECT cohort_matrix(customer, at, ''month'') AS m FROM ONLY scanned) q'),
	(6, 'it has children', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned'),
	(7, 'it has partitions', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_parent'),
	(8, 'a security barrier', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_barrier WHERE name LIKE ''%1'''),
	(9, 'an index is cheaper', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE id = 5'),
	(10, 'GROUP BY', 'SELECT step, cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY step ORDER BY step'),
	(11, 'grouping sets', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY GROUPING SETS ((), ())'),
	(12, 'HAVING', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned HAVING count(*) > 0'),
	(13, 'another aggregate', 'SELECT cohort_matrix(customer, at, ''month''), count(*) FROM ONLY scanned'),
	(14, 'FILTER', 'SELECT cohort_matrix(customer, at, ''month'') FILTER (WHERE step = 1) FROM ONLY scanned'),
	(15, 'DISTINCT', 'SELECT cohort_matrix(DISTINCT customer, at, ''month''::grain) FROM ONLY scanned'),
	(16, 'ORDER BY', 'SELECT cohort_matrix(customer, at, ''month'' ORDER BY id) FROM ONLY scanned'),
	(17, 'a join', 'SELECT cohort_matrix(a.customer, b.at, ''month'') FROM ONLY scanned a JOIN scanned_child b ON a.id = b.id + 1 AND a.at < b.at'),
	(18, 'a sample', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child TABLESAMPLE system (100)'),
	(19, 'a column of the system', 'SELECT cohort_matrix(tableoid, at, ''month'') FROM ONLY scanned'),
	(20, 'and in a condition', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE xmin <> ''3'''),
	(21, 'a whole row', 'SELECT cohort_matrix(scanned, at, ''month'') FROM ONLY scanned'),
	(22, 'a volatile condition', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE random() >= 0'),
	(23, 'a volatile argument', 'SELECT cohort_matrix(customer + (random() * 0)::int, at, ''month'') FROM ONLY scanned'),
	(24, 'a correlated subquery', 'SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child s WHERE EXISTS (SELECT FROM pg_class c WHERE c.reltuples < s.id OFFSET 0)'),
	(25, 'no row by the planner''s own knowledge', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE false'),
	(26, 'a condition known before', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE now() > ''2020-01-01'''),
	(27, 'GROUP BY in sets', 'SELECT step, cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY ROLLUP (step) ORDER BY step'),
	(28, 'a volatile key', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY (random() * 0)::int + step ORDER BY (random() * 0)::int + step'),
	(29, 'a key of many rows', 'SELECT generate_series(1, step) AS s, cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY s ORDER BY s'),
	(30, 'a key of the system', 'SELECT tableoid, cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY tableoid'),
	(31, 'a row as key', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE id < 3 GROUP BY scanned ORDER BY scanned'),
	(32, 'groups, and another aggregate', 'SELECT step, count(*), cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY step ORDER BY step'),
	(33, 'a key that cannot be hashed', 'SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned GROUP BY step::text::tsvector ORDER BY step::text::tsvector'))
SELECT n, why, pg_temp.plan(query) ~ 'RetentionScan' AS scan, n = 25 OR pg_temp.same(query) AS same FROM q ORDER BY n;
SET enable_seqscan = off;
SELECT pg_temp.plan('SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child') ~ 'RetentionScan' AS scan;
RESET enable_seqscan;
SET enable_hashagg = off;
SELECT pg_temp.plan('SELECT step, cohort_matrix(customer, at, ''month'') FROM scanned_child GROUP BY step') ~ 'RetentionScan' AS scan;
RESET enable_hashagg;
-- workers save what they do and no more: for one row an index is cheaper than a share of all
BEGIN;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL parallel_setup_cost = 5;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL seq_page_cost = 0;
SET LOCAL random_page_cost = 1;
SET LOCAL max_parallel_workers_per_gather = 4;
ALTER TABLE scanned_child SET (parallel_workers = 4);
CREATE INDEX ON scanned_child (id);
INSERT INTO scanned_child SELECT i, i, '2024-03-04', NULL, 1, 1 FROM generate_series(100, 2000) i;
ANALYZE scanned_child;
SELECT pg_temp.plan(query) LIKE '%Gather%RetentionScan' AS by_workers, pg_temp.plan(query) LIKE '%RetentionScan' AS scan, pg_temp.same(query) AS same
FROM (VALUES ('SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child'),
	('SELECT cohort_matrix(customer, at, ''month'') FROM scanned_child WHERE id = 55')) q(query);
ROLLBACK;

-- row security, and the rights of a plain user
CREATE ROLE regress_scanned;
ALTER TABLE scanned_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON scanned_part USING (customer < 10);
GRANT SELECT ON scanned_part TO regress_scanned;
GRANT SELECT (customer, at) ON scanned_child TO regress_scanned;
SET ROLE regress_scanned;
EXPLAIN (COSTS OFF) SELECT cohort_matrix(customer, at, 'month') FROM scanned_part;
EXPLAIN (COSTS OFF) SELECT cohort_matrix(customer, at, 'month') FROM scanned_child;
SELECT cohort_matrix(customer, at, 'month') IS NOT NULL AS has_columns FROM scanned_child;
SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned_child;
SELECT cohort_matrix(customer, at, 'month') FROM scanned_child WHERE step = 1;
RESET ROLE;

-- a plan made with the scan and used without, and the other way round
PREPARE matrix(int) AS SELECT md5(cohort_matrix(customer, at, amount, 'month')::text) FROM ONLY scanned WHERE step <> $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE matrix(1);
EXECUTE matrix(2) \gset fed_
SELECT pg_temp.analyzed('EXECUTE matrix(2)', 'Rows Fed') AS fed;
SET retention.scan = off;
EXECUTE matrix(2) \gset given_
SELECT pg_temp.analyzed('EXECUTE matrix(2)', 'Rows Fed') AS fed;
SET retention.scan = on;
SELECT :'fed_md5' = :'given_md5' AS same;
RESET plan_cache_mode;

-- what EXPLAIN ANALYZE says: rows, those of them that went past the executor, pages
SELECT pg_temp.analyzed(query, 'Actual Rows')::numeric::int AS rows, pg_temp.analyzed(query, 'Rows Fed') AS fed,
	pg_temp.analyzed(query, 'Pages Fed')::bigint = pg_relation_size('scanned') / 8192 AS every_page,
	pg_temp.analyzed(query, 'Rows Removed by Filter') AS removed
FROM (VALUES ('SELECT cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned'),
	('SELECT cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned WHERE step > 1')) q(query);
CREATE TEMP TABLE scanned_many AS SELECT n AS id, date '2024-01-01' + n % 97 AS at FROM generate_series(1, 30000) n;
SET work_mem = '64kB';
SELECT pg_temp.analyzed('SELECT cohort_matrix(id, at, id, ''day'') FROM scanned_many', what)
FROM unnest('{Rows Fed,Ledger Spilled}'::text[]) what;
RESET work_mem;
SELECT pg_temp.analyzed('SELECT cohort_matrix(id, at, id, ''day'') FROM scanned_many', 'Ledger Spilled');

-- groups: what is a key, and what may stand beside
EXPLAIN (COSTS OFF, VERBOSE) SELECT step, cohort_matrix(customer, at, amount, 'month') FROM ONLY scanned WHERE id > 3 GROUP BY step ORDER BY step;
EXPLAIN (COSTS OFF, VERBOSE) SELECT customer % 5, cohort_matrix(customer, at, amount, 'month') FROM ONLY scanned GROUP BY customer % 5;
WITH q(keys) AS (VALUES
	('step'), ('customer'), ('customer % 5'), ('name'), ('amount'), ('step, customer'), ('upper(name), step + 1'), ('at::date'),
	('date_trunc(''month'', at)'), ('coalesce(customer, 0) * 0'), ('customer::numeric / 2'), ('(customer, step)'), ('ARRAY[step, id % 2]'),
	('CASE WHEN step > 1 THEN NULL ELSE name END'), ('repeat(name, 30)'), ('step, customer % 2, id % 2, name IS NULL, amount > 50, step = 1, id % 3, at > ''2024-06-01'''))
SELECT keys, pg_temp.plan(query) AS plan, pg_temp.same(query) AS same
FROM q, LATERAL (SELECT format('SELECT %s, cohort_matrix(customer, at, amount, ''month''), funnel(customer, at, step, ''7 days'') FROM ONLY scanned GROUP BY %1$s', keys) AS query) t;
WITH q(query) AS (VALUES
	('SELECT step FROM ONLY scanned GROUP BY step HAVING length(cohort_matrix(customer, at, amount, ''month'')::text) > 5'),
	('SELECT cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned WHERE step > 2 GROUP BY step HAVING step < 4'),
	('SELECT step + 1, cohort_matrix(step, at, amount, ''month''), cohort_matrix(step + 1, at, ''month'') FROM ONLY scanned GROUP BY step, step + 1'),
	('SELECT step, cohort_matrix(customer, at, amount, ''month''), cohort_matrix(name, at, step, ''week''), check_events(customer, at, amount, ''2026-01-01'') FROM ONLY scanned GROUP BY step'),
	('SELECT g, (SELECT cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE step <> g GROUP BY g + step OFFSET 1) FROM generate_series(1, 3) g'),
	('SELECT g, q.* FROM generate_series(1, 3) g, LATERAL (SELECT g * step, customer_movements(customer, at, amount, ''month'', 2) FROM ONLY scanned WHERE id % 5 <> g GROUP BY g * step) q'),
	('SELECT DISTINCT ON (step) step, customer, journey(name, at, step::text, ''7 days'') FROM ONLY scanned GROUP BY step, customer ORDER BY step, customer DESC'))
SELECT pg_temp.plan(query) AS plan, pg_temp.same(query) AS same FROM q;
SELECT pg_temp.plan(query) ~ 'RetentionScan' AS scan, pg_temp.same('SELECT count(*) FROM (' || query || ') q') AS same
FROM (VALUES ('SELECT step, cohort_matrix(customer, at, ''month'') FROM ONLY scanned WHERE customer < 0 GROUP BY step')) q(query);

-- of each group the first row goes the usual way; of more than there is memory for, more
SELECT pg_temp.analyzed(query, 'Actual Rows')::numeric::int AS rows, pg_temp.analyzed(query, 'Rows Fed') AS fed,
	pg_temp.analyzed(query, 'Pages Fed')::bigint = pg_relation_size('scanned') / 8192 AS every_page,
	pg_temp.analyzed(query, 'Rows Removed by Filter') AS removed, pg_temp.analyzed(query, 'Ledger Memory') IS NOT NULL AS memory
FROM (VALUES ('SELECT step, cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned GROUP BY step'),
	('SELECT customer, cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned WHERE step > 1 GROUP BY customer'),
	('SELECT name, step, cohort_matrix(customer, at, amount, ''month'') FROM ONLY scanned GROUP BY name, step')) q(query);
CREATE TEMP TABLE scanned_spill AS SELECT n, n % 10 AS few, 'key ' || n % 3000 AS many, date '2024-01-01' + n % 97 AS at FROM generate_series(1, 30000) n;
ANALYZE scanned_spill;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT k, pg_temp.plan(query) ~ 'RetentionScan' AS scan, pg_temp.analyzed(query, 'Rows Fed')::int < 30000 - groups AS spilled, pg_temp.same(query) AS same
FROM (VALUES ('few', 10), ('many', 3000), ('CASE WHEN n < 20000 THEN few ELSE n END', 10010), ('n / 3', 10001), ('n', 30000),
		('CASE WHEN n < 20000 THEN n ELSE few END', 20000)) v(k, groups),
	LATERAL (SELECT format('SELECT %s, cohort_matrix(n, at, n, ''day'') FROM scanned_spill GROUP BY %1$s', k) AS query) q;
RESET enable_sort;
RESET hash_mem_multiplier;
RESET work_mem;

-- equal keys that look different, and long ones: the first of a group is shown
CREATE TEMP TABLE scanned_keys (n int, num numeric, real float8, long text, id uuid, span interval, bits bit varying, doc jsonb);
ALTER TABLE scanned_keys ALTER long SET STORAGE external;
INSERT INTO scanned_keys
SELECT n, (1 + n % 3 || CASE n % 2 WHEN 0 THEN '.0' ELSE '.00' END)::numeric, CASE n % 4 WHEN 0 THEN '0' WHEN 1 THEN '-0' WHEN 2 THEN 'NaN' END::float8, repeat('long ' || n % 4, 10 + n % 4 * 700), md5((n % 7)::text)::uuid,
	CASE n % 2 WHEN 0 THEN interval '1 day' ELSE '24 hours' END * (n % 3), (n % 5)::bit(70), jsonb_build_object('k', n % 6)
FROM generate_series(1, 500) n;
ANALYZE scanned_keys;
SELECT key, pg_temp.plan(query) ~ 'RetentionScan' AS scan, pg_temp.same(query) AS same, pg_temp.analyzed(query, 'Rows Fed') AS fed
FROM unnest('{num,real,long,id,span,bits,doc,"long, num, real","doc, long IS NULL, n % 2"}'::text[]) key,
	LATERAL (SELECT format('SELECT %s, cohort_matrix(n, date ''2024-01-01'' + n, ''month'') FROM scanned_keys GROUP BY %1$s', key) AS query) q;

-- a plan by groups made with the scan and used without
PREPARE by_step(int) AS SELECT string_agg(step || md5(m::text), ',') FROM (SELECT step, cohort_matrix(customer, at, amount, 'month') AS m FROM ONLY scanned WHERE step <> $1 GROUP BY step) q;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_step(2) \gset fed_
SELECT pg_temp.analyzed('EXECUTE by_step(2)', 'Rows Fed') AS fed;
SET retention.scan = off;
EXECUTE by_step(2) \gset given_
SELECT pg_temp.analyzed('EXECUTE by_step(2)', 'Rows Fed') AS fed;
SET retention.scan = on;
SELECT :'fed_string_agg' = :'given_string_agg' AS same;
RESET plan_cache_mode;

-- again and again: a subquery for each row, a cursor, a nested loop
SELECT pg_temp.same('SELECT s, (SELECT cohort_matrix(customer, at, amount, ''month'') FROM scanned_child WHERE step = s) AS m FROM generate_series(1, 3) s');
SELECT pg_temp.same('SELECT s, m FROM generate_series(1, 3) s, LATERAL (SELECT cohort_matrix(customer, at, amount * s, ''month'') AS m FROM scanned_child WHERE step <> s) q');
BEGIN;
DECLARE again SCROLL CURSOR FOR SELECT md5(cohort_matrix(customer, at, 'month')::text) = (SELECT md5(cohort_matrix(customer, at, 'month')::text) FROM (SELECT * FROM scanned_child OFFSET 0) q) AS same FROM scanned_child;
FETCH 2 FROM again;
FETCH BACKWARD 2 FROM again;
FETCH ABSOLUTE 1 FROM again;
COMMIT;

-- thousands of times, and no memory for each
BEGIN;
DECLARE times CURSOR FOR SELECT (SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned_child WHERE id <= s % 9) FROM generate_series(1, 4000) s;
MOVE 100 FROM times;
SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts WHERE name = 'ExecutorState' \gset first_
MOVE 3800 FROM times;
SELECT sum(total_bytes) - :first_bytes < 100000 AS stays FROM pg_backend_memory_contexts WHERE name = 'ExecutorState';
COMMIT;
BEGIN;
DECLARE times CURSOR FOR SELECT (SELECT cohort_matrix(customer, at, amount, 'month') FROM scanned_child WHERE id <= s % 9 GROUP BY id % 2 LIMIT 1) FROM generate_series(1, 4000) s;
MOVE 100 FROM times;
SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts WHERE name = 'ExecutorState' \gset first_
MOVE 3800 FROM times;
SELECT sum(total_bytes) - :first_bytes < 100000 AS stays FROM pg_backend_memory_contexts WHERE name = 'ExecutorState';
COMMIT;

-- columns dropped, added, and rows from before
CREATE TABLE scanned_changed (gone text, customer int, at date);
INSERT INTO scanned_changed SELECT 'x' || i, i % 10, date '2024-01-01' + i FROM generate_series(1, 100) i;
ALTER TABLE scanned_changed DROP COLUMN gone, ADD COLUMN amount numeric DEFAULT 12.5, ADD COLUMN note text DEFAULT 'none', ADD COLUMN nothing int;
INSERT INTO scanned_changed SELECT i % 10, date '2024-06-01' + i, nullif(i, 20), repeat(md5(i::text), 300), i FROM generate_series(1, 50) i;
SELECT pg_temp.same(format('SELECT cohort_matrix(%s, at, %s, ''month'') FROM scanned_changed', customer, amount))
FROM (VALUES ('customer'), ('note'), ('nothing')) c(customer), (VALUES ('amount'), ('nothing')) a(amount);
SELECT c.*::text FROM cohort_cells((SELECT cohort_matrix(note, at, amount, 'year') FROM scanned_changed WHERE note = 'none')) c LIMIT 1;

-- an error in the middle of a page leaves nothing behind
INSERT INTO scanned_changed VALUES (1, 'infinity');
SELECT cohort_matrix(customer, at, 'month') FROM scanned_changed;
DELETE FROM scanned_changed WHERE at = 'infinity';
SELECT pg_temp.same('SELECT cohort_matrix(customer, at, ''month'') FROM scanned_changed');
EXPLAIN (COSTS OFF) SELECT cohort_matrix(customer, at, 'month') FROM scanned_changed;

-- of two errors on a page, that of the first row comes first, WHERE or not
CREATE TEMP TABLE scanned_bad AS SELECT i AS customer, CASE i WHEN 2 THEN date 'infinity' ELSE '2024-01-01' END AS at FROM generate_series(1, 3) i;
SELECT pg_temp.plan('SELECT cohort_matrix(customer, at, ''month'') FROM scanned_bad WHERE 1 / (3 - customer) IS NOT NULL') LIKE '%RetentionScan' AS scan;
SELECT cohort_matrix(customer, at, 'month') FROM scanned_bad WHERE 1 / (3 - customer) IS NOT NULL;
SELECT cohort_matrix(customer, at, 'month') FROM scanned_bad WHERE 1 / (4 - customer) IS NOT NULL;

SET client_min_messages = warning;
DROP TABLE scanned, scanned_parent, scanned_child, scanned_changed CASCADE;
DROP ROLE regress_scanned;

-- What workers would have to hand over is part of what their plan costs: not so
-- with results, which are small whatever the rows were.
CREATE TABLE handed AS SELECT n % 50000 AS id, timestamp '2024-01-01' + n * interval '3 minutes' AS at, n % 3 AS step FROM generate_series(1, 200000) n;
ANALYZE handed;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
EXPLAIN (COSTS off) SELECT step, max(at) FROM handed GROUP BY step;
EXPLAIN (COSTS off) SELECT step, cohort_matrix(id, at, 'month') FROM handed GROUP BY step;
EXPLAIN (COSTS off) SELECT cohort_matrix(id, at, 'month') FROM handed;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
DROP TABLE handed;
