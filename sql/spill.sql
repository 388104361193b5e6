-- Ledgers larger than memory: temporary files must not change a number, nor
-- cost more memory than they give back.  Behaviour of files and of errors in
-- the middle is tested in test/t.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SET jit = off;

CREATE TEMP TABLE orders AS
SELECT n % 7 AS channel, n AS customer, n % 40 AS shop,
	date '2020-01-01' + (n * 7919 % 700) AS at, n % 1000 / 10.0 AS amount
FROM generate_series(1, 200000) n;

-- Kilobytes a query's hash aggregate used at its peak.
CREATE FUNCTION pg_temp.peak(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Peak Memory Usage';
END $$;

-- Many groups that grow side by side and do not fit: each may keep a little,
-- and what is written out is not remembered entry by entry.
SET work_mem = '64kB';
SELECT pg_temp.peak('SELECT channel, cohort_matrix(customer, at, amount, ''month'') FROM orders GROUP BY 1') < 2000 AS small;
SET work_mem = '256kB';
SELECT pg_temp.peak('SELECT shop % 10, cohort_matrix(customer, at, amount, ''month'') FROM orders GROUP BY 1') < 3500 AS small;

-- The same matrices whatever the memory, grouping sets that spill included.
SET work_mem = '64kB';
CREATE TEMP TABLE spilled AS
SELECT channel, shop % 3 AS area, cohort_matrix(customer, at, amount, 'month') AS m, cohort_matrix(-customer, at, amount, 'week') AS w
FROM orders GROUP BY CUBE (channel, shop % 3);
SET work_mem = '256MB';
CREATE TEMP TABLE held AS
SELECT channel, shop % 3 AS area, cohort_matrix(customer, at, amount, 'month') AS m, cohort_matrix(-customer, at, amount, 'week') AS w
FROM orders GROUP BY CUBE (channel, shop % 3);
SELECT count(*) AS groups, (SELECT count(*) FROM (TABLE spilled EXCEPT ALL TABLE held) x) AS different FROM held;

-- A spilled state is read again and goes on growing in a window.
SET work_mem = '64kB';
SELECT count(*) AS frames, count(DISTINCT m::text) AS states,
	(array_agg(m ORDER BY customer DESC))[1] = (SELECT cohort_matrix(customer, at, 'month') FROM orders) AS same
FROM (SELECT customer, cohort_matrix(customer, at, 'month') OVER (ORDER BY customer / 50000) AS m
	FROM orders OFFSET 0) x
WHERE customer % 50000 = 0;

-- In a window, the file of a partition goes when the next one spills.
BEGIN;
DECLARE windows CURSOR FOR
SELECT cohort_matrix(customer, at, amount, 'month') OVER (PARTITION BY channel) FROM orders WHERE customer % 2 = 0;
MOVE 1 FROM windows;
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%' \gset first_
MOVE 99998 FROM windows;
SELECT count(*) - :first_files AS more_files FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
COMMIT;
