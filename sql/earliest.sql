-- The aggregates earliest(value, at) and latest(value, at).
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- What a query is refused with.
CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT message text,
	OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	message := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE,
		message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
END $$;

CREATE TEMP TABLE visits (customer text, at timestamp, channel text, spent numeric);
INSERT INTO visits VALUES
('Anna', '2024-03-01 10:00', 'mail', 5), ('Anna', '2024-01-05 10:00', 'search', 10),
('Anna', '2024-01-05 10:00:01', 'fair', 20), ('Anna', NULL, 'nowhere', 1),
-- at the same time
('Bruno', '2024-02-01', 'web', 2.0), ('Bruno', '2024-02-01', 'shop', 2), ('Bruno', '2024-02-01', NULL, 7),
-- not known at first, nor at last
('Chloe', '2024-01-01', NULL, 1), ('Chloe', '2024-01-02', 'mail', 2), ('Chloe', '2024-01-03', NULL, NULL),
-- no time at all
('Dario', NULL, 'mail', 9);
SELECT customer, earliest(channel, at), latest(channel, at), earliest(spent, at), latest(spent, at),
	earliest(channel, at) FILTER (WHERE channel IS NOT NULL) AS earliest_known,
	latest(channel, at) FILTER (WHERE channel IS NOT NULL) AS latest_known
FROM visits GROUP BY customer ORDER BY customer;

-- all three kinds of time, and a domain over one; no rows; no time.  By date
-- the two visits of 01-05 are at the same time, fair being the smaller.
CREATE DOMAIN pg_temp.moment AS timestamptz;
SELECT earliest(channel, at::date) AS by_date, earliest(channel, at) AS by_timestamp,
	earliest(channel, at::timestamptz) AS by_timestamptz, latest(channel, at::pg_temp.moment) AS by_domain,
	latest(channel, NULL) AS no_time, earliest(channel, at) FILTER (WHERE false) AS no_rows
FROM visits WHERE customer = 'Anna';
SELECT earliest(channel, d), latest(channel, d) FROM (VALUES
	('past', date '4714-11-24 BC'), ('future', '5874897-12-31'), ('today', '2024-01-01')) v(channel, d);

-- ties: the smallest value, in whatever order they come
CREATE TYPE pg_temp.stage AS ENUM ('trial', 'paid', 'churned');
CREATE DOMAIN pg_temp.code AS text COLLATE "C";
CREATE TYPE pg_temp.source AS (channel text, cost numeric);
CREATE TEMP TABLE ties AS
SELECT i, date '2024-01-01' AS at, (ARRAY['churned','paid','trial'])[i]::pg_temp.stage AS stage,
	(ARRAY['b','C','a'])[i] COLLATE "C" AS label, (ARRAY['b','C','a'])[i]::pg_temp.code AS code,
	ROW((ARRAY['x','x','y'])[i], 3 - i)::pg_temp.source AS source, ARRAY[3 - i, i] AS list,
	3.5 - i AS number, (3.5 - i)::float8 AS float, i = 2 AS flag, (4 - i || ' days')::interval AS period,
	(ARRAY['b','C','a'])[i]::name AS name, ('00000000-0000-0000-0000-00000000000' || 4 - i)::uuid AS id,
	jsonb_build_object('a', 3 - i) AS json
FROM generate_series(1, 3) i;
SELECT earliest(stage, at) AS stage, earliest(label, at) AS label, earliest(code, at) AS code,
	earliest(source, at) AS source, earliest(list, at) AS list, earliest(number, at) AS number,
	earliest(float, at) AS float, earliest(flag, at) AS flag, earliest(period, at) AS period,
	earliest(name, at) AS name, right(earliest(id, at)::text, 1) AS id, earliest(json, at) AS json,
	(earliest(t, at)).i AS row
FROM ties t;
SELECT count(*) AS orders, count(DISTINCT (x.stage, x.label, x.source, x.list, x.number, x.name)) AS answers
FROM (VALUES ('{1,2,3}'::int[]), ('{1,3,2}'), ('{2,1,3}'), ('{2,3,1}'), ('{3,1,2}'), ('{3,2,1}')) o(way),
	LATERAL (SELECT latest(stage, at ORDER BY way[i]) AS stage, latest(label, at ORDER BY way[i]) AS label,
		latest(source, at ORDER BY way[i]) AS source, latest(list, at ORDER BY way[i]) AS list,
		latest(number, at ORDER BY way[i]) AS number, latest(name, at ORDER BY way[i]) AS name FROM ties) x;
-- what compares as equal: 1.0 and 1.00, either way round
SELECT earliest(n, date '2024-01-01' ORDER BY i)::text = earliest(n, date '2024-01-01' ORDER BY i DESC)::text AS same
FROM (VALUES (1, 1.0), (2, 1.00), (3, 1.000)) v(i, n);
-- and the collation decides
SELECT earliest(label COLLATE "C", at) AS c, earliest(lower(label), at) AS lower FROM ties;

-- as a window function, over a frame that moves
SELECT i, earliest(label, date '2024-01-10' - i) OVER w AS latest_row, latest(label, date '2024-01-10' - i) OVER w AS first_row,
	earliest(list, at) OVER (ORDER BY i) AS running
FROM ties WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY i;

-- large values that take one another's place
SELECT length(earliest(v, at)) AS earliest, length(latest(v, at)) AS latest
FROM (SELECT repeat('x', 100000 + i) AS v, date '2024-01-01' + i AS at FROM generate_series(1, 500) i) x;

-- In parallel the same: 100 customers, ties, NULLs, values of every kind.
CREATE TABLE earliest_many AS
SELECT i % 100 AS customer, date '2024-01-01' + (i * 7919 % 500) AS at, nullif(i % 11, 3) AS number,
	nullif('name ' || i % 13, 'name 5') AS label, i % 3 = 0 AS flag, ROW(i % 5, 'x')::text AS source,
	ARRAY[i % 7, i % 3] AS list, make_timestamptz(2024, 1 + i % 12, 1, 0, 0, 0) AS moment
FROM generate_series(1, 10000) i;
CREATE TEMP TABLE serial AS
SELECT customer, earliest(number, at) AS number, latest(label, at) AS label, earliest(flag, moment) AS flag,
	latest(source, at) AS source, earliest(list, at) AS list, latest(moment, at) AS moment, earliest(x, at) AS whole
FROM earliest_many x GROUP BY customer;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	RETURN plan;
END $$;
SELECT pg_temp.plan('SELECT customer, earliest(number, at), latest(label, at) FROM earliest_many GROUP BY customer')
	LIKE '%Finalize%Gather%Partial%' AS parallel;
CREATE TEMP VIEW parallel AS
SELECT customer, earliest(number, at) AS number, latest(label, at) AS label, earliest(flag, moment) AS flag,
	latest(source, at) AS source, earliest(list, at) AS list, latest(moment, at) AS moment, earliest(x, at) AS whole
FROM earliest_many x GROUP BY customer;
SELECT count(*) AS customers, count(*) FILTER (WHERE s IS DISTINCT FROM p) AS different
FROM (SELECT * FROM serial) s JOIN (SELECT * FROM parallel) p USING (customer);
COMMIT;
-- by the definition: sorted by time, then by value, NULL last
SELECT count(*) AS customers,
	count(*) FILTER (WHERE s.number IS DISTINCT FROM (SELECT number FROM earliest_many m
		WHERE m.customer = s.customer ORDER BY at, number LIMIT 1)) AS number,
	count(*) FILTER (WHERE s.label IS DISTINCT FROM (SELECT label FROM earliest_many m
		WHERE m.customer = s.customer ORDER BY at DESC, label LIMIT 1)) AS label,
	count(*) FILTER (WHERE s.flag IS DISTINCT FROM (SELECT flag FROM earliest_many m
		WHERE m.customer = s.customer ORDER BY moment, flag LIMIT 1)) AS flag,
	count(*) FILTER (WHERE s.list IS DISTINCT FROM (SELECT list FROM earliest_many m
		WHERE m.customer = s.customer ORDER BY at, list LIMIT 1)) AS list
FROM serial s;
DROP VIEW parallel;
DROP TABLE serial;
DROP TABLE earliest_many;

-- errors
SELECT code, message, detail, hint FROM unnest(ARRAY[
	$$SELECT earliest('{}'::json, at) FROM visits$$,
	$$SELECT latest(point(1, 2), at) FROM visits$$,
	$$SELECT earliest(ARRAY[point(1, 2)], at) FROM visits$$,
	$$SELECT earliest(channel, channel) FROM visits$$,
	$$SELECT earliest(channel, spent) FROM visits$$,
	$$SELECT earliest(channel, '2024-01-01') FROM visits$$,
	$$SELECT latest(channel, daterange('2024-01-01', NULL)) FROM visits$$,
	$$SELECT earliest(channel, timestamp 'infinity') FROM visits$$,
	$$SELECT latest(channel, date '-infinity') FROM visits$$,
	$$SELECT latest(channel, timestamptz 'infinity') FROM visits$$]) q, pg_temp.refused(q);
