-- The type funnel: text and binary form, what is refused, equality, casts.
SET timezone = 'UTC';
SET datestyle = 'German, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = 0;

CREATE TEMP TABLE funnel_values (name text, f funnel);
INSERT INTO funnel_values VALUES
('plain', '{"within": "P30D", "mode": "", "zone": "", "steps": [{"customers": 6}, {"customers": 5, "seconds": [60,3600.5], "count": [4,1]}, {"customers": 0, "seconds": [], "count": []}]}'),
('modes', '{"within": "P1Y2M3DT4H5M6.789S", "mode": "strict order, strictly increasing, deduplicated, one row one step", "zone": "Europe/Paris", "steps": [{"customers": 1}]}'),
('words', '{"within": "P1D", "mode": "strict order, allow reentry, optional 2, optional 64, exclude 3, exclude 5 after 1, exclude 5 after 2", "zone": "", "steps": [{"customers": 1}]}'),
('any', '{"within": "P1D", "mode": "strictly increasing, one row one step, any order, exclude 100000", "zone": "", "steps": [{"customers": 1}]}'),
-- times from earlier steps; step 2 may be missing, so that one customer came to step 3 from step 1
('pairs', '{"within": "P1D", "mode": "optional 2", "zone": "", "steps": [{"customers": 4}, {"customers": 1, "seconds": [10], "count": [1]}, {"customers": 2, "seconds": [20,50], "count": [1,1]}, {"step": 3, "from": 1, "seconds": [30,50], "count": [1,1]}, {"step": 3, "from": 2, "seconds": [20], "count": [1]}]}'),
('trend', '{"within": "P1D", "mode": "", "grain": "month", "zone": "Europe/Paris", "steps": [{"period": "2023-12-01", "customers": 2}, {"customers": 0, "seconds": [], "count": []}, {"period": "2024-02-01", "customers": 3}, {"customers": 2, "seconds": [60], "count": [2]}]}'),
('trend3', '{"within": "PT1H", "mode": "any order", "grain": "week starting sunday", "zone": "", "steps": [{"period": "1999-12-26", "customers": 1}, {"customers": 1, "seconds": [1], "count": [1]}, {"customers": 1, "seconds": [2], "count": [1]}, {"step": 3, "from": 1, "seconds": [3], "count": [1]}]}'),
('empty', '{"within": "PT0S", "mode": "deduplicated", "zone": "", "steps": [{"customers": 0}, {"customers": 0, "seconds": [], "count": []}]}'),
('zero', '{"within": "PT0.000001S", "mode": "", "zone": "", "steps": [{"customers": 3}, {"customers": 3, "seconds": [0], "count": [3]}]}'),
('long', '{"within": "P178956970Y7M2147483647DT2562047788H54.775806S", "mode": "", "zone": "UTC", "steps": [{"customers": 9223372036854775807}, {"customers": 9223372036854775807, "seconds": [0.000001,9223372036854.775807], "count": [9223372036854775806,1]}]}');

-- the output is canonical and reads back as itself, whatever the styles
SELECT name, f FROM funnel_values ORDER BY name;
SELECT name, f::text::funnel = f AS same, f::text::funnel::text = f::text AS same_text FROM funnel_values ORDER BY name;
-- spacing, key order and needless zeros do not matter
SELECT '{"steps":[{"customers":1},{"count":[1],"seconds":[60.50],"customers":1}],
	"zone":"europe/paris","mode":"","within":"P1D"}'::funnel;

-- binary: version and mode; months, days, microseconds; length of the zone and
-- UTC; 2 steps; 3 customers; 2 customers, in units of 30,000,000 (80 87 a7 0e)
-- 2 times, 2 units and 1 more, each doubled as only one customer has it; no pairs
SELECT funnel_send('{"within": "P2D", "mode": "strictly increasing", "zone": "UTC", "steps": [{"customers": 3}, {"customers": 2, "seconds": [60,90], "count": [1,1]}]}');

-- mode with more (40), optional step 2 (bit 1), one exclusion of condition 3 after
-- 1, and a trend (80) makes c0; a window of 1 day; no zone; 1 step; the grain;
-- 2 periods: the second month after 2000-01, zigzagged, with 5 customers, and the
-- second after that, less 1, with 7; neither has pairs
SELECT funnel_send('{"within": "P1D", "mode": "optional 2, exclude 3 after 1", "grain": "month", "zone": "", "steps": [{"period": "2000-03-01", "customers": 5}, {"period": "2000-05-01", "customers": 7}]}');

-- what the text may not be: each change of a good one, with detail and hint
CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	detail := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
CREATE TEMP TABLE funnel_changes (n serial, old text, new text);
INSERT INTO funnel_changes (old, new) VALUES
('^.*$', ''), ('^.*$', 'hello'), ('^.*$', '17'), ('^.*$', '[]'), ('^.*$', '{}'), ('^', '['),
('"within"', '"window"'), ('"mode"', '"zone"'), ('"mode": "", ', ''), ('"mode": ""', '"mode": null'),
('"P1D"', '1'), ('"P1D"', '"1 day"'), ('"P1D"', '"P24H"'), ('"P1D"', '"PT24.0S"'), ('"P1D"', '"P-1D"'), ('"P1D"', '"P9999999999D"'), ('"P1D"', '"P"'), ('"P1D"', '"P1D "'),
('"mode": ""', '"mode": "default"'), ('"mode": ""', '"mode": "strict  order"'), ('"mode": ""', '"mode": "deduplicated, strict order"'),
('"UTC"', '"Mars"'), ('"P1D"', '"PT1H"'),
('"steps": .*$', '"steps": 1}'), ('"steps": .*$', '"steps": []}'), ('"steps": .*$', '"steps": [1]}'), ('"steps": .*$', '"steps": [{}]}'),
('\{"customers": 3\}', '{"customers": -3}'), ('\{"customers": 3\}', '{"customers": "3"}'), ('\{"customers": 3\}', '{"customers": [3]}'), ('\{"customers": 3\}', '{"customers": 3, "seconds": [], "count": []}'),
('\{"customers": 3\}', '{"customers": 1}'), ('"customers": 2', '"customers": 4'), ('"customers": 2', '"customers": 1'), ('"customers": 3', '"customers": 9223372036854775808'),
('\[60,90\]', '[90,60]'), ('\[60,90\]', '[60,60]'), ('\[60,90\]', '[-60,90]'), ('\[60,90\]', '[60]'), ('\[60,90\]', '60'), ('\[60,90\]', '[60,"90"]'), ('\[60,90\]', '[60,90.0000001]'), ('\[60,90\]', '[60,9223372036854.775808]'), ('\[60,90\]', '[[60],90]'),
('\[1,1\]', '[1,0]'), ('\[1,1\]', '[2,1]'), ('\[1,1\]', '[1,1.5]'), ('\[1,1\]', '[1,{}]'),
('"count": \[1,1\]', '"counts": [1,1]'), (', "count": \[1,1\]', ''), ('"count"', '"seconds"');
SELECT n, new, r.*
FROM (SELECT n, new, regexp_replace('{"within": "P1D", "mode": "", "zone": "UTC", "steps": [{"customers": 3}, {"customers": 2, "seconds": [60,90], "count": [1,1]}]}', old, new) AS t FROM funnel_changes) c,
	pg_temp.refused(format('SELECT %L::funnel', t)) r
ORDER BY n;
-- of a trend, and of pairs
CREATE TEMP TABLE funnel_trend_changes (n serial, old text, new text);
INSERT INTO funnel_trend_changes (old, new) VALUES
('"grain": "month", ', ''), ('"month"', '"months"'), ('"month"', '1'), ('"month"', '"month since start"'), ('"month"', '""'),
('"period": "2024-01-01", ', ''), ('"period": "2024-02-01", ', ''), ('2024-02-01', '2024-02-02'), ('2024-02-01', '2024-01-01'), ('2024-02-01', '2023-12-01'), ('"2024-02-01"', '20240201'),
('\{"customers": 2, "seconds": \[5\], "count": \[2\]\}', ''), (', \{"customers": 1, "seconds": \[7\], "count": \[1\]\}', ''),
('"step": 3, ', ''), ('"from": 1, ', ''), ('"from": 1', '"from": 0'), ('"from": 1', '"from": 2'), ('"from": 1', '"from": 3'), ('"step": 3', '"step": 4'), ('"step": 3', '"step": 99999999999'),
('"from": 1, ', '"from": 1, "customers": 1, '), ('"from": 1, ', '"period": "2024-02-01", "from": 1, '), ('\[12\], "count": \[1\]', '[], "count": []'), ('\[12\], "count": \[1\]', '[12], "count": [2]'),
('(\{"step": 3[^}]*\})', '\1, \1'), ('(\{"step": 3[^}]*\})', '\1, {"customers": 0, "seconds": [], "count": []}'),
('"customers": 3\}', '"customers": 0}');
SELECT n, new, r.*
FROM (SELECT n, new, regexp_replace('{"within": "P1D", "mode": "", "grain": "month", "zone": "", "steps": [{"period": "2024-01-01", "customers": 3}, {"customers": 2, "seconds": [5], "count": [2]}, {"customers": 1, "seconds": [7], "count": [1]}, {"step": 3, "from": 1, "seconds": [12], "count": [1]}, {"period": "2024-02-01", "customers": 1}, {"customers": 0, "seconds": [], "count": []}, {"customers": 0, "seconds": [], "count": []}]}', old, new) AS t FROM funnel_trend_changes) c,
	pg_temp.refused(format('SELECT %L::funnel', t)) r
ORDER BY n;
-- the longest interval of all, infinity from PostgreSQL 17 on, is refused before, too
SELECT r.* FROM pg_temp.refused($$SELECT '{"within": "P178956970Y7M2147483647DT2562047788H54.775807S", "mode": "", "zone": "", "steps": [{"customers": 1}]}'::funnel$$) r;

-- binary: COPY calls send and recv, through a file in the data directory.  Every
-- byte of every sample is flipped in three ways, cut off, and one added: what
-- comes in is refused, or is a value that reads and reads back.
CREATE FUNCTION pg_temp.damage(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/funnel_type.tmp';
	oid oid;
	g funnel;
	why text;
BEGIN
	oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
	PERFORM lo_export(oid, file);
	PERFORM lo_unlink(oid);
	TRUNCATE funnel_one;
	EXECUTE format('COPY funnel_one FROM %L (FORMAT binary)', file);
	SELECT f INTO g FROM funnel_one;
	IF funnel_send(g) <> value OR g::text::funnel <> g THEN
		RETURN 'accepted, and changed';
	END IF;
	PERFORM count(*) FROM funnel_steps(g);
	PERFORM count(*) FROM funnel_text(g);
	RETURN 'accepted';
EXCEPTION
	WHEN invalid_binary_representation THEN
		GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
		RETURN 'refused: ' || why;
END $$;
CREATE TEMP TABLE funnel_one (f funnel);
SELECT name, pg_temp.damage(funnel_send(f)) FROM funnel_values ORDER BY name;
CREATE TEMP TABLE funnel_damaged AS
SELECT pg_temp.damage(set_byte(b, i, get_byte(b, i) # flip)) AS outcome
FROM funnel_values, funnel_send(f) b, generate_series(0, length(b) - 1) i, unnest('{1,128,255}'::int[]) flip
UNION ALL
SELECT pg_temp.damage(substr(b, 1, i)) FROM funnel_values, funnel_send(f) b, generate_series(0, length(b) - 1) i
UNION ALL
SELECT pg_temp.damage(b || '\x00') FROM funnel_values, funnel_send(f) b;
SELECT (SELECT count(*) FROM funnel_damaged) = sum(4 * length(funnel_send(f)) + 1) AS all_tried FROM funnel_values;
SELECT split_part(outcome, ':', 1) AS outcome, count(*) > 0 AS any FROM funnel_damaged GROUP BY 1 ORDER BY 1;
-- one customer, one second from step 1 to 2; then what has another spelling
SELECT n, pg_temp.damage(b) FROM (VALUES
	(1, '\x020000020000020101c0843d010200'::bytea),	-- as it should be
	(2, '\x020000020000020101a0c21e010400'),		-- half a second twice
	(3, '\x0200000200000201010101000000'),			-- no time with a unit
	(4, '\x02000002000082000101c0843d010200'),	-- superfluous byte in the steps
	(5, '\x020000020000020101c0843d01030000'),		-- two customers have the time
	(6, '\x02000002000000'),					-- no step
	(7, '\x010000020000010100'),					-- another version
	(8, '\x0240000000000200000101'),					-- a mode with more, and nothing more
	(9, '\x020000000003555443010100')) v (n, b) ORDER BY n;	-- a zone for nothing
-- the program reads what it is sent: a pipe closed too early would be an error
COPY (SELECT) TO PROGRAM 'cat >/dev/null; rm -f funnel_type.tmp';

-- equality, hash, DISTINCT, and casts that nest
SELECT count(DISTINCT f::text) AS texts, (SELECT count(*) FROM (SELECT f FROM funnel_values GROUP BY f) g) AS groups, bool_or(f <> f) AS differs FROM funnel_values;
SELECT a.name, b.name FROM funnel_values a JOIN funnel_values b ON a.f = b.f WHERE a.name <> b.name;
SELECT hash_array(ARRAY[f]) = hash_array(ARRAY[f::text::funnel]) AS same_hash, funnel_hash_extended(f, 0) <> funnel_hash_extended(f, 1) AS seeded FROM funnel_values;
SELECT f::json -> 'steps' -> 1 -> 'seconds' AS seconds, row_to_json(x) -> 'f' ->> 'within' AS within, to_jsonb(x) -> 'f' -> 'steps' -> 0 ->> 'customers' AS customers FROM funnel_values x WHERE name = 'plain';
SELECT f < f FROM funnel_values;

-- stored, long ones compressed or out of line
CREATE TEMP TABLE funnel_stored AS
SELECT funnel(n, timestamp '2024-01-01' + s * n * n * interval '1 millisecond', s, '1 year') AS f FROM generate_series(1, 20000) n, generate_series(1, 2) s;
SELECT pg_column_size(f) > 10000 AS large, f = f::text::funnel AS same, step_time(f, 2, 1) * 86400 AS longest FROM funnel_stored;
