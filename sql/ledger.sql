-- The ledger under the aggregates: groups of thousands of rows, entries that
-- outgrow their compact layout, memory that runs out.  Whatever happens
-- inside, the cells are those of plain SQL: every query counts differences.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET max_parallel_workers_per_gather = 0;

-- 60,000 orders in cents; then rows that do not fit, one kind at a time:
-- fractions of a cent, large amounts, far dates, ids that are negative or need
-- more than 32 bits.
CREATE TEMP TABLE facts AS
SELECT i AS n, 'cents' AS kind, (i * 7919) % 3001 + 1 AS customer,
	date '2024-01-01' + (i * 37) % 900 AS at, ((i * 31) % 40000 - 500) / 100.0 AS amount
FROM generate_series(1, 60000) i
UNION ALL
SELECT 60000 + i, 'fractions', i % 3001 + 1, date '2024-06-01' + i % 300, i / 1000000.0 FROM generate_series(1, 500) i
UNION ALL
SELECT 61000 + i, 'large', i % 7 + 1, date '2024-06-01' + i % 40, CASE i % 3 WHEN 0 THEN -9100000000000 ELSE 9100000000000 END FROM generate_series(1, 200) i
UNION ALL
SELECT 62000 + i, 'far', i % 11 + 1, make_date(1 + (i * 1009) % 9998, 2, 3), i FROM generate_series(1, 50) i
UNION ALL
SELECT 63000 + i, 'ids', (i - 250) * 68719476736::bigint + i % 5, date '2024-03-01' + i % 100, i FROM generate_series(1, 500) i
UNION ALL
-- more orders of one customer in one month than a compact count holds
SELECT 64000 + i, 'many', 5, date '2025-05-01' + i % 31, 1 FROM generate_series(1, 9000) i;

-- The cells with anything in them by definition: a customer belongs to the
-- month of the first order, refunds before it count nowhere.
CREATE FUNCTION differences(kinds text[], customer_type text, memory text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	PERFORM set_config('work_mem', memory, true);
	EXECUTE format($q$
		WITH f AS (SELECT customer, at, amount FROM facts WHERE kind = ANY ($1)),
		firsts AS (SELECT customer, date_trunc('month', min(at))::date AS cohort FROM f WHERE amount >= 0 GROUP BY customer),
		plain AS (
			SELECT cohort, (extract(year FROM at) - extract(year FROM cohort))::int * 12
					+ (extract(month FROM at) - extract(month FROM cohort))::int AS age,
				count(DISTINCT customer) FILTER (WHERE amount >= 0) AS active,
				count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS revenue
			FROM f JOIN firsts USING (customer) WHERE at >= cohort GROUP BY 1, 2),
		ours AS (
			SELECT (c->>'cohort')::date AS cohort, v.age, v.active, v.orders, v.revenue
			FROM (SELECT cohort_matrix(%s, at, amount, 'month')::json AS m FROM f) x,
				json_array_elements(m->'cohorts') c,
				LATERAL ROWS FROM (
					json_array_elements_text(c->'age'), json_array_elements_text(c->'active'),
					json_array_elements_text(c->'orders'), json_array_elements_text(c->'revenue')) t (a, b, o, r),
				LATERAL (SELECT a::int, b::bigint, o::bigint, r::numeric) v (age, active, orders, revenue))
		SELECT count(*) FROM plain p FULL JOIN ours o USING (cohort, age)
		WHERE (p.active, p.orders, p.revenue) IS DISTINCT FROM (o.active, o.orders, o.revenue)
			AND (p.active, p.revenue) IS DISTINCT FROM (0, 0)
	$q$, CASE customer_type
		WHEN 'bigint' THEN 'customer'
		WHEN 'uuid' THEN 'md5(customer::text)::uuid'
		WHEN 'short text' THEN '''c'' || customer'
		WHEN 'long text' THEN '''a customer of many letters '' || customer'
		WHEN 'numeric' THEN 'customer::numeric' END)
	INTO result USING kinds;
	RETURN result;
END $$;

SELECT customer_type, memory,
	differences('{cents}', customer_type, memory) AS cents,
	differences('{cents,fractions}', customer_type, memory) AS fractions,
	differences('{cents,large}', customer_type, memory) AS large,
	differences('{cents,far}', customer_type, memory) AS far,
	differences('{cents,ids}', customer_type, memory) AS ids,
	differences('{cents,many}', customer_type, memory) AS many,
	differences('{cents,fractions,large,far,ids,many}', customer_type, memory) AS all_of_it
FROM unnest('{bigint,uuid,short text,long text,numeric}'::text[]) WITH ORDINALITY t (customer_type, o), unnest('{64MB,64kB}'::text[]) memory
ORDER BY o, memory;

-- Several grouping sets at once, all of them short of memory: each equals the
-- same group alone.
SET work_mem = '64kB';
CREATE TEMP TABLE sets AS
SELECT channel, size, cohort_matrix(customer, at, amount, 'week') AS m
FROM (SELECT *, n % 3 AS channel, n % 2 AS size FROM facts) f
GROUP BY GROUPING SETS ((channel, size), (channel), (size), ());
SET work_mem = '64MB';
SELECT count(*) AS groups, count(*) FILTER (WHERE m <> (
	SELECT cohort_matrix(customer, at, amount, 'week') FROM facts f
	WHERE (s.channel IS NULL OR n % 3 = s.channel) AND (s.size IS NULL OR n % 2 = s.size))) AS different
FROM sets s;

-- Run again and again by a correlated subquery, spilling each time.
CREATE TEMP TABLE shifted AS
SELECT k, (SELECT cohort_matrix(customer, at + k, amount, 'month') FROM facts) AS m FROM generate_series(0, 3) k;
SET work_mem = '64kB';
SELECT count(*) AS runs, count(*) FILTER (WHERE m <> (SELECT cohort_matrix(customer, at + k, amount, 'month') FROM facts)) AS different
FROM shifted;

-- As a window function, over a frame that grows past the memory and starts anew.
SELECT part, bool_and(m = (SELECT cohort_matrix(customer, at, amount, 'month') FROM facts f WHERE f.n % 2 = part AND f.n / 20000 <= w.n / 20000)) AS same
FROM (SELECT n, n % 2 AS part, cohort_matrix(customer, at, amount, 'month') OVER (PARTITION BY n % 2 ORDER BY n / 20000 RANGE UNBOUNDED PRECEDING) AS m
	  FROM facts) w
WHERE n IN (39998, 39999, 59998, 59999, 72998, 72999)
GROUP BY part ORDER BY part;
