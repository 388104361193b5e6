-- orders.sql: the table orders of the bench; psql variables row_count,
-- customer_count, month_count.
--
-- Customers arrive evenly; each has a first order on arrival.  The other orders
-- grow with the number of customers there are: a third go to those of the last
-- months, the rest by habit, a few customers having very many.  In order of
-- time, as orders come.

SET timezone = 'Europe/Paris';
SET max_parallel_workers_per_gather = 0;
SET work_mem = '1GB';
SELECT setseed(0.42) \g /dev/null

CREATE TABLE orders AS
SELECT customer + 1 AS customer_id,
	md5(customer::text)::uuid AS customer_uuid,
	'cust-' || lpad((customer + 1)::text, 6, '0') AS customer_text,
	timestamptz '2021-01-01 00:00:00 Europe/Paris'
		+ date_trunc('second', part * (
			timestamptz '2021-01-01 00:00:00 Europe/Paris' + :month_count * interval '1 month'
			- timestamptz '2021-01-01 00:00:00 Europe/Paris')) AS ordered_at,
	cents / 100::float8 AS amount,
	(cents / 100::numeric)::numeric(12,2) AS amount_numeric
FROM (
	SELECT customer, part, 500 + (power(random(), 3) * 60000)::bigint AS cents
	FROM (
		SELECT c AS customer, c / :customer_count::float8 AS part
		FROM generate_series(0, :customer_count::bigint - 1) AS c
		UNION ALL
		SELECT CASE WHEN random() < 0.33
				THEN floor(seen * (1 - 0.1 * power(random(), 2)))
				ELSE floor(seen * power(random(), 2)) END::bigint,
			part
		FROM (
			SELECT part, greatest(part * :customer_count - 1, 0) AS seen
			FROM (
				SELECT sqrt(i / (:row_count - :customer_count)::float8) AS part
				FROM generate_series(0, :row_count::bigint - :customer_count - 1) AS i) AS times
		) AS repeats
	) AS events
	ORDER BY part
) AS priced;

VACUUM (FREEZE, ANALYZE) orders;
