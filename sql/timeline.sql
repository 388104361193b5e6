-- Timelines of orders: days, money, zones, adding up, comparing, storing.
-- What is read of them is tested elsewhere, and so are errors.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE timeline_orders (n int, customer int, at timestamptz, amount numeric);
INSERT INTO timeline_orders VALUES
	(1, 1, '2024-01-05 10:00', 10.10),
	(2, 1, '2024-01-05 18:00', 5),
	(3, 1, '2024-02-10 09:00', 20),
	(4, 1, '2024-03-01 00:00', -7.05),				-- a refund: no order
	(5, 1, '2024-02-10 23:59:59.999999', 0.0000005),	-- half away from zero: 0.000001
	(6, 1, '2024-02-10 12:00', -0.0000004),			-- 0: an order
	(7, 2, '2024-01-20 12:00', 0),					-- zero is an event
	(8, 2, '2024-01-21 12:00', NULL),				-- worth nothing
	(9, 3, '2024-02-01 12:00', -1),					-- never orders
	(10, 4, NULL, 100);								-- at no time: skipped
CREATE TEMP TABLE timeline_values AS
	SELECT customer, timeline(at, amount) AS t FROM timeline_orders GROUP BY customer;

-- Per day the orders and the net amount; days with refunds only are kept.
SELECT customer, d.* FROM timeline_values, timeline_days(t) d ORDER BY customer, day;
-- A day with refunds only is no active day, but its money counts.  Nothing to
-- make a timeline of: NULL.
SELECT customer, t IS NULL AS nothing, first_at(t), last_at(t), orders(t), active_days(t), revenue(t)
FROM timeline_values ORDER BY customer;
SELECT timeline(at, amount) IS NULL AS no_rows FROM timeline_orders WHERE false;
-- Without amounts every row is an order, and no money is known.
SELECT d.* FROM timeline_days((SELECT timeline(at) FROM timeline_orders WHERE customer = 1)) d ORDER BY day;
SELECT orders(t), active_days(t), last_at(t), revenue(t), revenue(t, '2024-01-01', '2024-02-01')
FROM (SELECT timeline(at) AS t FROM timeline_orders WHERE customer = 1) x;
-- A literal NULL as amount leaves money out, one as time every row.
SELECT timeline(at, NULL) = timeline(at) AS no_money, timeline(NULL) IS NULL AS no_time FROM timeline_orders WHERE customer = 1;

-- Times and amounts of any type, domains looked through.
CREATE DOMAIN timeline_day AS date;
CREATE DOMAIN timeline_euro AS numeric(10, 2);
CREATE TEMP TABLE timeline_typed AS
	SELECT timeline(at::timestamp, amount) AS t, timeline(at::date, amount) AS of_dates, timeline(at::timeline_day, amount) AS of_domain,
		timeline(at::timestamp, amount::float8) AS of_floats, timeline(at, amount) AS of_instants
	FROM timeline_orders WHERE customer = 1;
SELECT of_dates = t AS dates, of_domain = t AS domain, of_floats = t AS floats FROM timeline_typed;
SELECT count(*) AS days, count(b) AS alike
FROM timeline_typed v CROSS JOIN LATERAL timeline_days(v.t) a
	LEFT JOIN LATERAL timeline_days(v.of_instants) b ON a = b;
SELECT timeline(at::date, round(amount)::int) = timeline(at::date, round(amount)) AS int,
	timeline(at::date, round(amount)::bigint) = timeline(at::date, round(amount)) AS bigint,
	timeline(at::date, round(amount)::smallint) = timeline(at::date, round(amount)) AS smallint,
	timeline(at::date, round(amount)::real) = timeline(at::date, round(amount)) AS real,
	timeline(at::date, amount::timeline_euro) = timeline(at::date, round(amount, 2)) AS euro
FROM timeline_orders WHERE customer = 1;

-- One instant, two days: by the session's zone, or by the zone that is named.
-- What is local already stays.
CREATE TEMP TABLE timeline_late AS SELECT timestamptz '2024-01-31 23:30+00' AS at;
SET timezone = 'Europe/Paris';
SELECT first_at(timeline(at)) AS session, first_at(timeline(at, NULL, 'UTC')) AS utc, first_at(timeline(at, NULL, 'America/Los_Angeles')) AS la,
	first_at(timeline(timestamp '2024-01-31 23:30', NULL, 'Asia/Tokyo')) AS local, first_at(timeline(date '2024-01-31', NULL, 'Asia/Tokyo')) AS date
FROM timeline_late;
-- The zone is part of the value when instants were cut in it, in one spelling;
-- a named zone that cut nothing is not.
SELECT timeline(at) = timeline(at, NULL, 'Europe/Paris') AS named, timeline(at) = timeline(at, NULL, 'europe/paris') AS spelled,
	timeline(at) = timeline(at::timestamp) AS local, timeline(at::date) = timeline(at::date, NULL, 'Asia/Tokyo') AS dates
FROM timeline_late;
-- One query has one zone, also when that of the session changes under way.
SET timezone = 'UTC';
SET enable_sort = off;
-- The rows are hashed one by one: sorting would have looked at all zones first.
WITH t AS MATERIALIZED (
	SELECT customer, timeline(at)
	FROM (VALUES (1, timestamptz '2024-01-01 03:00+00', 'UTC'), (2, '2024-01-01 03:00+00', 'America/New_York'), (1, '2024-02-01 03:00+00', 'America/New_York')) v (customer, at, zone)
	WHERE set_config('timezone', zone, false) IS NOT NULL GROUP BY customer)
SELECT * FROM t ORDER BY customer;
RESET enable_sort;
SET timezone = 'UTC';

-- Adding up: days, orders and amounts of the same day add.
CREATE TEMP TABLE timeline_parts AS
	SELECT n % 3 AS part, timeline(at, amount) AS t FROM timeline_orders WHERE customer = 1 GROUP BY 1;
SELECT a.t || b.t || c.t = v.t AS whole, a.t || (b.t || c.t) = v.t AS associative, c.t || a.t || b.t = v.t AS commutative,
	timeline_merge(a.t, timeline_merge(b.t, c.t)) = v.t AS function
FROM timeline_parts a, timeline_parts b, timeline_parts c, timeline_values v
WHERE a.part = 0 AND b.part = 1 AND c.part = 2 AND v.customer = 1;
SELECT rollup(t) = (SELECT t FROM timeline_values WHERE customer = 1) AS whole,
	rollup(t ORDER BY part DESC) = (SELECT t FROM timeline_values WHERE customer = 1) AS reversed
FROM (SELECT * FROM timeline_parts UNION ALL SELECT 9, NULL) p;
SELECT rollup(t) IS NULL AS no_rows, rollup(NULL::timeline) IS NULL AS only_null FROM timeline_values WHERE customer IN (0, 4);
SELECT d.* FROM timeline_days((SELECT t || t FROM timeline_values WHERE customer = 1)) d ORDER BY day;
SELECT (t || NULL) IS NULL AS null_right, (NULL || t) IS NULL AS null_left FROM timeline_values WHERE customer = 1;
-- Money that comes to nothing leaves the day.
SELECT d.* FROM timeline_days((SELECT timeline(date '2024-01-01', 5) || timeline(date '2024-01-01', -5))) d;
-- A refund before the first order is kept as well.
SELECT d.* FROM timeline_days((SELECT timeline(at, amount) FROM (VALUES (date '2024-01-01', -5), ('2024-01-02', 5)) v (at, amount))) d ORDER BY day;

-- Kept fresh: one row per customer, what is new is added.
CREATE TABLE timeline_store (customer int PRIMARY KEY, t timeline NOT NULL);
INSERT INTO timeline_store SELECT customer, timeline(at, amount) FROM timeline_orders WHERE n <= 4 GROUP BY 1;
INSERT INTO timeline_store AS s SELECT customer, timeline(at, amount) FROM timeline_orders WHERE n > 4 AND at IS NOT NULL GROUP BY 1
ON CONFLICT (customer) DO UPDATE SET t = s.t || excluded.t;
SELECT s.customer, s.t = v.t AS fresh FROM timeline_store s JOIN timeline_values v USING (customer) ORDER BY 1;

-- Comparison, hashing, sorting: equal is equal in every way.
SELECT a.customer AS a, b.customer AS b, a.t = b.t AS eq, a.t <> b.t AS ne, (a.t < b.t) = (b.t > a.t) AS mirrored,
	(a.t <= b.t) = (a.t < b.t OR a.t = b.t) AS le, (a.t >= b.t) = NOT (a.t < b.t) AS ge
FROM timeline_store a, timeline_store b WHERE a.customer <= b.customer ORDER BY 1, 2;
SELECT count(*), count(DISTINCT t) FROM (TABLE timeline_store UNION ALL TABLE timeline_store) x;
SET enable_sort = off;
SELECT count(*) AS groups FROM (SELECT t FROM (TABLE timeline_store UNION ALL TABLE timeline_store) x GROUP BY t) g;
RESET enable_sort;
CREATE INDEX ON timeline_store USING hash (t);
CREATE INDEX ON timeline_store (t);
SET enable_seqscan = off;
SELECT customer FROM timeline_store WHERE t = (SELECT t FROM timeline_values WHERE customer = 2);
RESET enable_seqscan;

-- Text and JSON lose nothing, whatever the DateStyle.
SELECT customer, t::text::timeline = t AS text, t::json::text::timeline = t AS json, t::jsonb::text::timeline = t AS jsonb,
	jsonb_typeof(t::jsonb) AS is, jsonb_typeof(to_jsonb(s) -> 't') AS nested, json_typeof(row_to_json(s) -> 't') AS in_a_row
FROM timeline_store s ORDER BY 1;
CREATE TEMP TABLE timeline_texts AS SELECT customer, t::text AS iso FROM timeline_store;
SET datestyle = 'German, DMY';
SELECT customer, t::text = iso AS same, iso::timeline = t AS back FROM timeline_store JOIN timeline_texts USING (customer) ORDER BY 1;
SET datestyle = 'ISO, YMD';

-- The first and the last day there are; sums past 64 bits of millionths.
SELECT first_at(t), last_at(t), active_days(t), t::text::timeline = t AS back
FROM (SELECT timeline(at) AS t FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v (at)) x;
SELECT revenue(t), t::text::timeline = t AS back
FROM (SELECT timeline(date '2024-01-01', 9199999999999.999999) AS t FROM generate_series(1, 3)) x;

-- Numbers that no rows give, only a text, are not added up unit by unit: the time
-- limit is there to stop a loop over them before it takes all memory.
SET statement_timeout = '5s';
\set VERBOSITY sqlstate
SELECT orders(t || t) FROM (SELECT replace(timeline(date '2024-01-01', 5)::text, '[1]', '[4000000000000000000]')::timeline AS t) x;
SELECT revenue(t || t) FROM (SELECT replace(timeline(date '2024-01-01', 5)::text, '[5]', '[4000000000000000000000]')::timeline AS t) x;
SELECT level(t || t, '2024-01-01') FROM (SELECT replace(timeline(daterange('2024-01-01', NULL), 5)::text, '[5]', '[-4000000000000000000000]')::timeline AS t) x;
\set VERBOSITY default
RESET statement_timeout;

-- FILTER, window frames, DISTINCT and ORDER BY inside.
SELECT orders(timeline(at, amount) FILTER (WHERE n <= 2)) AS filtered, orders(timeline(DISTINCT at::date)) AS distinct_days
FROM timeline_orders WHERE customer = 1;
SELECT n, orders(timeline(at, amount) OVER w), revenue(timeline(at, amount) OVER w)
FROM timeline_orders WHERE customer = 1
WINDOW w AS (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY n;
SELECT customer, active_days(rollup(t) OVER (ORDER BY customer)) AS so_far FROM timeline_store ORDER BY customer;
DROP TABLE timeline_store;
