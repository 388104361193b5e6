-- The arguments of the aggregate cohort_matrix: customers of any type, literals,
-- domains, times, the grain.  Error texts are tested elsewhere, SQLSTATEs here.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
\set VERBOSITY sqlstate

CREATE TEMP TABLE orders (n int, channel text, customer bigint, at date, amount numeric);
INSERT INTO orders VALUES
	(1, 'web', 1, '2024-01-05', 10.10),
	(2, 'web', 1, '2024-02-10', 5.050),
	(3, 'shop', 2, '2024-01-20', 20),
	(4, 'shop', 2, '2024-03-02', 0),		-- zero is an event
	(5, 'web', 3, '2024-02-01', 7.77),
	(6, 'web', 3, '2024-02-15', -7.77),		-- a refund: less revenue, no order
	(7, 'web', 1, '2024-03-15', -2.05),		-- does not make active
	(8, 'shop', 4, '2024-03-05', -1),		-- never orders: counts nowhere
	(9, 'shop', 2, '2023-12-31', -3),		-- before the cohort: counts nowhere
	(10, 'web', 5, '2024-03-10', NULL),		-- an event worth nothing
	(11, 'web', NULL, '2024-01-01', 100),	-- nobody: skipped
	(12, 'web', 6, NULL, 100);				-- at no time: skipped

-- Customers of any hashable type give one matrix: who they are is not kept.
CREATE TYPE tier AS ENUM ('one', 'two', 'three', 'four', 'five', 'six');
CREATE TYPE member AS (shop int, card text);
CREATE DOMAIN email AS varchar(80);
CREATE DOMAIN day AS date;
CREATE DOMAIN euro AS numeric(10, 2);
CREATE TEMP TABLE typed AS
	SELECT cohort_matrix(customer, at, amount, 'month') AS bigint,
		cohort_matrix(customer::int2, at, amount, 'month') AS int2,
		cohort_matrix(customer::int4, at, amount, 'month') AS int4,
		cohort_matrix(md5(customer::text)::uuid, at, amount, 'month') AS uuid,
		cohort_matrix('c' || customer, at, amount, 'month') AS text,
		cohort_matrix(('c' || customer)::email, at, amount, 'month') AS email,
		cohort_matrix(customer::numeric, at, amount, 'month') AS "numeric",
		cohort_matrix((enum_range(NULL::tier))[customer], at, amount, 'month') AS tier,
		cohort_matrix(date '2000-01-01' + customer::int, at, amount, 'month') AS date,
		cohort_matrix(CASE WHEN customer IS NOT NULL THEN (customer, 'c')::member END, at, amount, 'month') AS member,
		cohort_matrix(CASE WHEN customer IS NOT NULL THEN ARRAY[customer, 1] END, at, amount, 'month') AS "array",
		cohort_matrix(to_jsonb(customer), at, amount, 'month') AS jsonb,
		cohort_matrix(customer, at::day, amount::euro, 'month') AS domains
	FROM orders;
SELECT int2 = bigint AS int2, int4 = bigint AS int4, uuid = bigint AS uuid, text = bigint AS text, email = bigint AS email,
	"numeric" = bigint AS "numeric", tier = bigint AS tier, date = bigint AS date, member = bigint AS member,
	"array" = bigint AS "array", jsonb = bigint AS jsonb, domains = bigint AS domains
FROM typed;
-- Equal is what the type calls equal.
SELECT (SELECT cohort_size FROM cohort_cells(cohort_matrix(b, date '2024-01-01', 'day'))) AS bool,
	(SELECT cohort_size FROM cohort_cells(cohort_matrix(n, date '2024-01-01', 'day'))) AS "numeric",
	(SELECT cohort_size FROM cohort_cells(cohort_matrix(f, date '2024-01-01', 'day'))) AS float8,
	(SELECT cohort_size FROM cohort_cells(cohort_matrix(c, date '2024-01-01', 'day'))) AS bpchar
FROM (VALUES (true, 1.0, 0::float8, 'a'::char(3)), (true, 1.00, -0.0::float8, 'a '), (false, 1, 0, 'b')) v (b, n, f, c);
SELECT cohort_matrix('{}'::json, date '2024-01-01', 'month');
-- A literal customer is text; literal times and amounts are refused.
SELECT cohort_size FROM cohort_cells((SELECT cohort_matrix('somebody', date '2024-01-01', 'month')));
SELECT cohort_matrix(1, '2024-01-01', 'month');
SELECT cohort_matrix(1, date '2024-01-01', '5', 'month');
SELECT cohort_matrix(1, '2024-01-01', date '2024-01-01', NULL, 'month');
-- Times are times, amounts are amounts; a time as amount is a start misplaced.
SELECT cohort_matrix(1, 20240101, 'month');
SELECT cohort_matrix(1, text '2024-01-01', 'month');
SELECT cohort_matrix(1, date '2024-01-01', text '5', 'month');
SELECT cohort_matrix(1, date '2024-01-01', date '2024-01-01', 'month');
SELECT cohort_matrix(1, timestamptz '2024-01-01', timestamptz '2024-01-01', 'month');
-- Times that are no days.
SELECT cohort_matrix(1, date 'infinity', 'month');
SELECT cohort_matrix(1, timestamp '-infinity', 'month');
SELECT cohort_matrix(1, timestamptz 'infinity', 'month');
SELECT cohort_matrix(1, date 'infinity', date '2024-01-01', NULL, 'month');

-- The grain is a constant of the group, and may differ between groups.
SELECT cohort_matrix(1, date '2024-01-01', NULL::grain);
SELECT cohort_matrix(1, date '2024-01-01', g) FROM (VALUES ('month'::grain), ('day')) v (g);
SELECT g, c.* FROM (
	SELECT g, cohort_matrix(customer, at, g) AS m
	FROM orders, (VALUES ('quarter'::grain), ('year')) v (g) GROUP BY g) x,
	LATERAL (SELECT cohort, cohort_size FROM cohort_cells(m, up_to_age => 0)) c
ORDER BY g::text, cohort;

-- Infinite times, where periods are counted from each customer's start.
SELECT cohort_matrix(1, date 'infinity', 'days 0,7 since start');
SELECT cohort_matrix(1, timestamp '-infinity', 'days 0,7 since start');
SELECT cohort_matrix(1, timestamptz '-infinity', '24 hours since start');
