-- The type timeline: text and binary form, what is refused, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'German, DMY';
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

CREATE TEMP TABLE samples (name text, history timeline);
INSERT INTO samples VALUES
('orders', '{"zone": "", "levels": false, "money": false, "day": ["2024-01-05","2024-02-11"], "orders": [1,2]}'),
('money', '{"zone": "Europe/Paris", "levels": false, "money": true, "day": ["2024-01-05","2024-02-11","2024-02-12"], "orders": [1,2,0], "amount": [12.5,30,-3.000001]}'),
('levels', '{"zone": "", "levels": true, "money": true, "day": ["2024-01-05","2024-02-11","2024-03-01"], "level": [100,70.25,0]}'),
('counts', '{"zone": "Asia/Tokyo", "levels": true, "money": false, "day": ["2024-01-05","2024-02-11"], "level": [1,2]}'),
('nothing', '{"zone": "", "levels": true, "money": true, "day": [], "level": []}'),
('no orders', '{"zone": "", "levels": false, "money": false, "day": [], "orders": []}'),
-- the first and the last day there is, all the orders and all the money
('limits', '{"zone": "", "levels": false, "money": true, "day": ["4714-11-24 BC","0001-12-31 BC","5874897-12-31"], "orders": [9223372036854775806,0,1], "amount": [0.000001,-0.000001,9999999999999999999999.999998]}'),
('high', '{"zone": "", "levels": true, "money": true, "day": ["0044-03-15 BC","0999-12-31","12345-06-07"], "level": [-2500000000000000000000,2500000000000000000000,0]}');

-- the output is canonical: it reads back as itself, whatever the DateStyle
SELECT name, history FROM samples ORDER BY name;
SELECT name, history::text::timeline = history AS same,
	history::text::timeline::text = history::text AS same_text
FROM samples ORDER BY name;

-- spacing, key order and needless zeros do not matter, nor a level that does
-- not change
SELECT ' {"amount" :[12.50,30.0,-3.000001],"orders":[1,2,0],
  "day":["2024-01-05","2024-02-11","2024-02-12"],"money":true,"levels":false,
  "zone":"europe/paris"}'::timeline = history AS same
FROM samples WHERE name = 'money';
SELECT '{"zone": "", "levels": true, "money": true, "day": ["2024-01-01","2024-01-05","2024-01-06","2024-02-11","2024-03-01","2024-03-02"], "level": [0,100,100.000,70.25,0,-0]}'::timeline = history AS same
FROM samples WHERE name = 'levels';

-- what the text may not be: each change of a good one, with detail and hint
CREATE TEMP TABLE good (kind text, t text);
INSERT INTO good VALUES
('orders', '{"zone": "", "levels": false, "money": true, "day": ["2024-01-05","2024-02-11","2024-02-12"], "orders": [1,2,0], "amount": [12.5,30,-3]}'),
('levels', '{"zone": "", "levels": true, "money": true, "day": ["2024-01-05","2024-02-11"], "level": [100,70]}');
SELECT kind, t::timeline::text = t AS same FROM good ORDER BY kind DESC;
CREATE TEMP TABLE changes (n serial, kind text, old text, new text);
INSERT INTO changes (kind, old, new) VALUES
('orders', '{"zone"', '["zone"'), ('orders', '^.*$', ''), ('orders', '^.*$', 'hello'),
('orders', '^.*$', '17'), ('orders', '^.*$', '[]'), ('orders', '^.*$', '{}'),
('orders', '"zone": "", ', ''), ('orders', '"zone"', '"zoned"'),
('orders', '"money": true', '"money": true, "money": true'),
('orders', '"zone": ""', '"zone": 7'), ('orders', '"zone": ""', '"zone": {}'),
('orders', '"zone": ""', '"zone": []'), ('orders', '"zone": ""', '"zone": "Mars"'),
('orders', '"money": true', '"money": "true"'), ('orders', '"money": true', '"money": false'),
('orders', '"levels": false', '"levels": null'), ('orders', '"levels": false', '"levels": true'),
('levels', '"levels": true', '"levels": false'), ('levels', '"level": \[100,70\]', '"orders": [1,2]'),
('orders', ', "amount": .*]', ''), ('orders', '"orders": \[1,2,0\], ', ''),
('orders', '2024-01-05', '05.01.2024'), ('orders', '2024-02-11', '2024-02-30'),
('orders', '2024-02-12', '2023-02-29'), ('orders', '"2024-02-11"', '20240211'),
('orders', '2024-02-11', 'infinity'), ('orders', '2024-02-11', ''),
('orders', '2024-02-11', '2024-2-11'), ('orders', '2024-02-11', '02024-02-11'),
('orders', '2024-02-11', '2024-02-11 '), ('orders', '2024-02-11', '2024-02-11 AD'),
('orders', '2024-02-11', '2024-02-11T00:00'), ('orders', '2024-02-11', '2024-00-11'),
('orders', '2024-02-11', '2024-13-11'), ('orders', '2024-02-11', '2024-01-00'),
('orders', '2024-01-05', '0000-01-05'), ('orders', '2024-01-05', '-2024-01-05'),
('orders', '2024-01-05', '4714-11-23 BC'), ('orders', '2024-02-12', '5874898-01-01'),
('orders', '2024-02-12', '99999999-01-01'),
('orders', '2024-02-11', '2024-01-05'), ('orders', '2024-02-11', '2024-01-04'),
('orders', ',"2024-02-12"', ''), ('orders', '\["2024-01-05"', '{"2024-01-05"'),
('orders', '\["2024-01-05"', '[["2024-01-05"]'), ('orders', '\["2024-01-05".*12"\]', '"2024-01-05"'),
('orders', '\[1,2,0\]', '[1,2]'), ('orders', '\[1,2,0\]', '[1,2,0,0]'),
('orders', '\[1,2,0\]', '[1,2,-1]'), ('orders', '\[1,2,0\]', '[1,2,0.5]'),
('orders', '\[1,2,0\]', '[1,2,1e0]'), ('orders', '\[1,2,0\]', '[1,2,"0"]'),
('orders', '\[1,2,0\]', '[1,2,null]'), ('orders', '\[1,2,0\]', '[1,2,9223372036854775808]'),
('orders', '\[1,2,0\]', '[1,2,9223372036854775805]'),
('orders', 'true(.*), "amount": .*]', 'false\1'),
('orders', '12.5', '12.1234567'), ('orders', '12.5', '1e1'), ('orders', '12.5', '"12.5"'),
('orders', '12.5', '[12.5]'), ('orders', '12.5', 'NaN'),
('orders', '12.5', '9999999999999999999967.000001'),
('orders', '12.5', '-10000000000000000000000.000001'),
('orders', '12.5', '1' || repeat('0', 40)),
('levels', '100,70', '5000000000000000000000,-0.000001'),
('levels', '100,70', '-10000000000000000000000,10000000000000000000000'),
('levels', '\[100,70\]', '[100]');
SELECT n, code, message, detail
FROM good JOIN changes USING (kind),
	pg_temp.refused(format('SELECT %L::timeline', regexp_replace(t, old, new)))
ORDER BY n;
SELECT hint, array_agg(n ORDER BY n)
FROM good JOIN changes USING (kind),
	pg_temp.refused(format('SELECT %L::timeline', regexp_replace(t, old, new)))
GROUP BY hint ORDER BY min(n);

-- Binary, from its description: version, flags and exponent, [zone,] then per
-- day 2 * day + (orders <> 1) [, orders] [, amount], or day and change.
SELECT t.bytes = timeline_send(t.history::timeline) AS same, timeline_send(t.history::timeline)
FROM (VALUES
	-- no flags; day 0, one order
	('\x010000'::bytea, '{"zone": "", "levels": false, "money": false, "day": ["2000-01-01"], "orders": [1]}'),
	-- money, in 10^5 millionths; day 1 (zigzag 2) with 3 orders, 125 units
	-- (zigzag 250); two days later one order worth nothing
	('\x01520503fa010400', '{"zone": "", "levels": false, "money": true, "day": ["2000-01-02","2000-01-04"], "orders": [3,1], "amount": [12.5,0]}'),
	-- levels and zone, in 10^6 millionths; day -1 (zigzag 1) +1, day 30 -1
	('\x01650355544301021f01', '{"zone": "UTC", "levels": true, "money": false, "day": ["1999-12-31","2000-01-31"], "level": [1,0]}'),
	-- levels and money, no days
	('\x0103', '{"zone": "", "levels": true, "money": true, "day": [], "level": []}')
	) t(bytes, history);

-- COPY calls send and recv, through a file in the data directory
SELECT name, pg_column_size(history) - length(timeline_send(history)) BETWEEN 1 AND 4
		AS stored_alike
FROM samples ORDER BY name;
DO $$
DECLARE
	file text := current_setting('data_directory') || '/timeline_type.tmp';
BEGIN
	EXECUTE format('COPY samples TO %L (FORMAT binary)', file);
	CREATE TEMP TABLE copied (LIKE samples);
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', file);
END $$;
SELECT count(*) AS rows, bool_and(s.history = c.history) AS same
FROM samples s JOIN copied c USING (name);

-- Damage: every byte of every sample is flipped in three ways, cut off, and
-- one added.  Whatever comes in is refused, or is a value that reads and reads
-- back.
CREATE FUNCTION pg_temp.binary_file(value bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2)
$$;
CREATE TEMP TABLE one (history timeline);
CREATE FUNCTION pg_temp.damage(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/timeline_type.tmp';
	oid oid;
	t timeline;
BEGIN
	oid := lo_from_bytea(0, pg_temp.binary_file(value));
	PERFORM lo_export(oid, file);
	PERFORM lo_unlink(oid);
	TRUNCATE one;
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT history INTO t FROM one;
	IF timeline_send(t) <> value OR t::text::timeline <> t THEN
		RETURN 'accepted, and changed';
	END IF;
	PERFORM count(*), first_at(t), last_at(t), active_days(t),
		lifecycle(t, '2024-06-01') FROM timeline_days(t);
	RETURN 'accepted';
EXCEPTION
	WHEN invalid_binary_representation THEN RETURN 'refused';
END $$;
CREATE TEMP TABLE damaged AS
SELECT name, pg_temp.damage(set_byte(b, i, get_byte(b, i) # flip)) AS outcome
FROM samples, timeline_send(history) b,
	generate_series(0, length(b) - 1) i, unnest('{1,128,255}'::int[]) flip
UNION ALL
SELECT name, pg_temp.damage(substr(b, 1, i))
FROM samples, timeline_send(history) b, generate_series(0, length(b) - 1) i
UNION ALL
SELECT name, pg_temp.damage(b || '\x00') FROM samples, timeline_send(history) b;
SELECT (SELECT count(*) FROM damaged) = sum(4 * length(timeline_send(history)) + 1) AS all_tried
FROM samples;
SELECT outcome, count(*) > 0 AS any FROM damaged GROUP BY outcome ORDER BY 1;

-- damage of which the reader must say what it is
CREATE FUNCTION pg_temp.received(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/timeline_type.tmp';
	oid oid := lo_from_bytea(0, pg_temp.binary_file(value));
	detail text;
BEGIN
	PERFORM lo_export(oid, file);
	PERFORM lo_unlink(oid);
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	RETURN 'accepted';
EXCEPTION WHEN invalid_binary_representation THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN detail;
END $$;
SELECT bytes, pg_temp.received(bytes) FROM (VALUES
	('\x'::bytea), ('\x01'), ('\x0200'), ('\x0108'), ('\x0172'), ('\x0110'),
	('\x0104'), ('\x010400'), ('\x010403555443'), ('\x010403757463'),
	('\x01040355'), ('\x0104034d6172'), ('\x0104ff7f'), ('\x01000000'),
	('\x010080'), ('\x01008000'), ('\x0100ffffffffffffffffff7f'),
	('\x0100fcffffff3f'), ('\x01000101'), ('\x01000100'), ('\x010001ffffffffffffffffff01'),
	('\x010001ffffffffffffffff7f0202'), ('\x010001ffffffffffffffff7f02'),
	('\x01010000'), ('\x01020014'), ('\x0102001a'), ('\x015200f201'), ('\x01620002'),
	-- 1e22 - 1, 1e22 + 1 and 1e28 + 1 in an order; 1 - 1e22 as a level
	('\x016200feffffa3d6eee4e0b3f810'),
	('\x016200828080a4d6eee4e0b3f810'),
	('\x01620082808080a29881a5fcf8f2fc8908'),
	('\x016300fdffffa3d6eee4e0b3f810')) v(bytes);
-- the program reads what it is sent: a pipe closed too early would be an error
COPY (SELECT) TO PROGRAM 'cat >/dev/null; rm -f timeline_type.tmp';

-- comparison and hashing, also of compressed and of short values
SELECT count(*) AS pairs, bool_and((a.history = b.history) = (a.name = b.name)) AS eq,
	bool_and((a.history <> b.history) = (a.name <> b.name)) AS ne,
	bool_and((a.history < b.history) = (timeline_cmp(a.history, b.history) < 0)) AS lt,
	bool_and((a.history <= b.history) = NOT (a.history > b.history)) AS le,
	bool_and((a.history >= b.history) = (b.history <= a.history)) AS ge,
	bool_and((timeline_send(a.history) < timeline_send(b.history)) = (a.history < b.history)) AS bytes
FROM samples a, samples b;
SELECT bool_and(timeline_hash(history) = timeline_hash(history::text::timeline)) AS hash,
	bool_and(timeline_hash_extended(history, 7) = timeline_hash_extended(history::text::timeline, 7)) AS extended,
	bool_and((timeline_hash_extended(history, 0) & 4294967295) = (timeline_hash(history)::bigint & 4294967295)) AS agree,
	count(DISTINCT timeline_hash_extended(history, 7)) AS different
FROM samples;
SELECT count(DISTINCT history) FROM (SELECT * FROM samples UNION ALL SELECT * FROM copied) x;
SELECT count(*) FROM (SELECT history FROM samples GROUP BY history) x;
CREATE INDEX ON samples (history);
CREATE INDEX ON samples USING hash (history);
SET enable_seqscan = off;
SELECT s.name FROM samples s WHERE history = (SELECT history FROM copied WHERE name = 'levels');
RESET enable_seqscan;

-- a long life, stored out of line and compressed: 20000 days of one order each,
-- worth i cents
CREATE TEMP TABLE long (history timeline);
CREATE TEMP TABLE long_too (history timeline);
ALTER TABLE long ALTER history SET STORAGE external;
INSERT INTO long_too
SELECT format('{"zone": "", "levels": false, "money": true, "day": %s, "orders": %s, "amount": %s}',
	to_json(array_agg(to_char(date '1990-01-01' + 2 * i, 'YYYY-MM-DD') ORDER BY i)),
	to_json(array_agg(1)), to_json(array_agg(trim_scale(i / 100.0) ORDER BY i)))::timeline
FROM generate_series(1, 20000) i;
INSERT INTO long SELECT history::text::timeline FROM long_too;
SELECT l.history = t.history AS same, timeline_hash(l.history) = timeline_hash(t.history) AS hash,
	l.history = s.history AS other, l.history::text::timeline = t.history AS text,
	first_at(l.history), last_at(l.history), orders(l.history), active_days(l.history),
	revenue(l.history) = 20000 * 20001 / 2 / 100.0 AS revenue,
	(SELECT sum(amount) = 2000100 AND min(day) = first_at(l.history) AND count(*) = 20000
		FROM timeline_days(l.history)) AS days
FROM long l, long_too t, samples s WHERE s.name = 'limits';

-- as json: to_jsonb and row_to_json nest it
SELECT to_jsonb(s) #>> '{history,day,0}' AS first,
	row_to_json(s) #>> '{history,orders}' AS orders,
	history::jsonb ->> 'zone' AS zone, json_typeof(history::json) AS type
FROM samples s WHERE name = 'money';
SELECT history::json::text = history::text AS json, history::jsonb::text::timeline = history AS jsonb
FROM samples ORDER BY name;
