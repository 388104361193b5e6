-- tables.sql: the rows of one node, in schema one.  Chance is a hash of row
-- numbers, so they are the same on every server.
--
--	:customers	how many of them, each with about twenty orders

CREATE SCHEMA one;

-- draw(what, n, sides): a die with that many sides, from 0.
CREATE FUNCTION one.draw(what int, n bigint, sides int) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN abs(hashint8extended(n, what) % sides)::int;

-- Every fortieth order is worth nothing, every fiftieth is a refund; an hour
-- before midnight in Paris it is another day in Greenwich.
CREATE TABLE one.orders AS
SELECT id AS customer_id, 'customer ' || id AS name, md5(id::text)::uuid AS uid,
	timestamptz '2022-01-03 09:00+01' + one.draw(1, id, 500) * interval '1 day 7 minutes' AS started_at,
	at, (at AT TIME ZONE 'Europe/Paris')::date AS day,
	amount::numeric(14, 4) AS amount, amount::float8 AS famount,
	1 + one.draw(2, n, 4) AS step
FROM (
	SELECT n, 1 + one.draw(3, n, :customers) AS id,
		timestamptz '2022-01-03 00:00+01' + one.draw(1, 1 + one.draw(3, n, :customers), 500) * interval '1 day'
			+ one.draw(4, n, 900) * interval '18 hours 11 seconds' AS at,
		CASE WHEN n % 40 = 0 THEN 0 WHEN n % 50 = 0 THEN -1 ELSE 1 END
			* one.draw(5, n, 10000000) / 10000.0 AS amount
	FROM generate_series(1, :customers * 20) AS n) AS x;

CREATE TABLE one.subscriptions AS
SELECT id AS customer_id,
	daterange(from_day, CASE WHEN one.draw(11, n, 3) > 0 THEN from_day + 20 + one.draw(12, n, 300) END) AS during,
	(10 + one.draw(13, n, 9000) / 100.0)::numeric(10, 2) AS amount
FROM (
	SELECT n, 1 + (n - 1) % :customers AS id,
		date '2022-01-01' + 400 * ((n - 1) / :customers)::int + one.draw(14, n, 90) AS from_day
	FROM generate_series(1, :customers * 2) AS n) AS x;

-- One row a customer: what it was worth, what it cost, how long it stayed, how
-- often it bought.
CREATE TABLE one.lives AS
SELECT id::bigint AS customer_id,
	greatest(0, one.draw(21, id, 12000) - 1000) / 100.0 AS opening,
	greatest(0, one.draw(22, id, 12000) - 1500) / 100.0 AS closing,
	one.draw(23, id, 50000) / 100.0 AS marketing, one.draw(24, id, 30000) / 100.0 AS sales,
	one.draw(25, id, 3)::bigint AS won,
	(1 + one.draw(26, id, 24))::bigint AS months,
	one.draw(27, id, 700) / 8.0::float8 AS lasted,
	(1 + one.draw(28, id, 400)) * interval '1 day' AS span,
	one.draw(29, id, 3) > 0 AS churned,
	x.frequency, CASE WHEN x.frequency > 0 THEN 1 + one.draw(31, id, 200) ELSE 0 END::float8 AS recency,
	(210 + one.draw(32, id, 90))::float8 AS age,
	CASE WHEN x.frequency > 0 THEN 5 + one.draw(33, id, 9000) / 100.0 END::numeric AS spend
FROM generate_series(1, :customers) AS id
CROSS JOIN LATERAL (SELECT greatest(0, one.draw(30, id, 12) - 4)::bigint AS frequency) AS x;

CREATE TABLE one.answers AS
SELECT 1 + one.draw(41, n, :customers)::bigint AS customer_id, one.draw(42, n, 11)::bigint AS score,
	one.draw(43, n, 5) > 0 AS content
FROM generate_series(1, :customers * 3) AS n;

ANALYZE;
