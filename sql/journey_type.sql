-- The type journey: text and binary form, what is refused, equality, casts.
SET timezone = 'UTC';
SET datestyle = 'German, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = 0;

CREATE TEMP TABLE journey_values (name text, j journey);
INSERT INTO journey_values VALUES
('plain', '{"within": "PT30M", "zone": "", "edges": [{"step": 0, "from": "", "to": "home", "customers": 6, "seconds": [], "count": []}, {"step": 1, "from": "home", "to": "cart", "customers": 5, "seconds": [60,3600.5], "count": [4,1]}]}'),
('names', '{"within": "P1Y2M3DT4H5M6.789S", "zone": "Europe/Paris", "edges": [{"step": 0, "from": "", "to": "", "customers": 2, "seconds": [], "count": []}, {"step": 1, "from": "", "to": "a \"b\" \\ é\n", "customers": 1, "seconds": [0], "count": [1]}]}'),
('back', '{"within": "P1D", "zone": "", "edges": [{"step": 0, "from": "", "to": "a", "customers": 3, "seconds": [], "count": []}, {"step": 1, "from": "a", "to": "b", "customers": 3, "seconds": [60], "count": [3]}, {"step": 2, "from": "b", "to": "a", "customers": 1, "seconds": [90], "count": [1]}, {"step": 2, "from": "b", "to": "c", "customers": 2, "seconds": [60,90], "count": [1,1]}]}'),
('many', '{"within": "P178956970Y7M2147483647DT2562047788H54.775806S", "zone": "UTC", "edges": [{"step": 0, "from": "", "to": "a", "customers": 9223372036854775807, "seconds": [], "count": []}, {"step": 1, "from": "a", "to": "b", "customers": 9223372036854775807, "seconds": [0.000001,9223372036854.775807], "count": [9223372036854775806,1]}]}');

-- the output is canonical and reads back as itself, whatever the styles
SELECT name, j FROM journey_values ORDER BY name;
SELECT name, j::text::journey = j AS same, j::text::journey::text = j::text AS same_text FROM journey_values ORDER BY name;
-- spacing, key order and needless zeros do not matter
SELECT '{"edges":[{"customers":1,"to":"a","step":0,"from":"","count":[],"seconds":[]},{"seconds":[60.50],"count":[1],"from":"a","to":"b","customers":1,"step":1}],
	"zone":"europe/paris","within":"P1D"}'::journey;

-- binary: version; months, days, microseconds; length of the zone and UTC; 2
-- places, a and b; 2 edges: step 0 to place 0, 3 customers; one step on, from
-- place 0 to 1, 2 customers, whose times are as in a funnel
SELECT journey_send('{"within": "P2D", "zone": "UTC", "edges": [{"step": 0, "from": "", "to": "a", "customers": 3, "seconds": [], "count": []}, {"step": 1, "from": "a", "to": "b", "customers": 2, "seconds": [60,90], "count": [1,1]}]}');

-- what the text may not be: each change of a good one, with detail and hint
CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	detail := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
CREATE TEMP TABLE journey_changes (n serial, old text, new text);
INSERT INTO journey_changes (old, new) VALUES
('^.*$', ''), ('^.*$', 'hello'), ('^.*$', '[]'), ('^.*$', '{}'), ('"within"', '"window"'), ('"within": "P1D", ', ''),
('"P1D"', '1'), ('"P1D"', '"P24H"'), ('"P1D"', '"P-1D"'), ('"UTC"', '"Mars"'), ('"P1D"', '"PT1H"'),
('"edges": .*$', '"edges": 1}'), ('"edges": .*$', '"edges": []}'), ('"edges": .*$', '"edges": [1]}'), ('"edges": .*$', '"edges": [{}]}'),
('"step": 0', '"step": -1'), ('"step": 0', '"step": 1'), ('"step": 1', '"step": 0'), ('"step": 1', '"step": 2'), ('"step": 1', '"step": 50'), ('"step": 1', '"step": "1"'),
('"from": ""', '"from": "a"'), ('"from": "a"', '"from": "b"'), ('"from": "a"', '"from": "c"'), ('"from": "a"', '"from": null'), ('"to": "b"', '"to": "a"'), ('"to": "b"', '"to": 1'),
('"to": "b"', '"to": "' || repeat('x', 1025) || '"'),
('"customers": 3', '"customers": 0'), ('"customers": 3', '"customers": 1'), ('"customers": 2', '"customers": 4'), ('"customers": 2', '"customers": 1'), ('"customers": 3', '"customers": 9223372036854775808'),
('"seconds": \[\]', '"seconds": [5]'), ('"seconds": \[\], "count": \[\]', '"seconds": [5], "count": [3]'), ('\[60,90\]', '[90,60]'), ('\[60,90\]', '[-60,90]'), ('\[60,90\]', '[60]'), ('\[60,90\]', '[60,"90"]'), ('\[1,1\]', '[1,0]'), ('\[1,1\]', '[2,1]'),
(', "count": \[1,1\]', ''), ('"count"', '"seconds"'), ('\]\}$', ', {"step": 1, "from": "a", "to": "b", "customers": 1, "seconds": [1], "count": [1]}]}'), ('\]\}$', ', {"step": 1, "from": "a", "to": "c", "customers": 2, "seconds": [1], "count": [2]}]}'),
('\]\}$', ', {"step": 3, "from": "b", "to": "c", "customers": 2, "seconds": [1], "count": [2]}]}'), ('"edges": \[', '"edges": [{"step": 0, "from": "", "to": "A", "customers": 9223372036854775807, "seconds": [], "count": []}, ');
SELECT n, left(new, 60) AS new, r.*
FROM (SELECT n, new, regexp_replace('{"within": "P1D", "zone": "UTC", "edges": [{"step": 0, "from": "", "to": "a", "customers": 3, "seconds": [], "count": []}, {"step": 1, "from": "a", "to": "b", "customers": 2, "seconds": [60,90], "count": [1,1]}]}', old, new) AS t FROM journey_changes) c,
	pg_temp.refused(format('SELECT %L::journey', t)) r
ORDER BY n;

-- binary: COPY calls send and recv, through a file in the data directory.  Every
-- byte of every sample is flipped in three ways, cut off, and one added: what
-- comes in is refused, or is a value that reads and reads back.
CREATE FUNCTION pg_temp.damage(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/journey_type.tmp';
	oid oid;
	g journey;
	why text;
BEGIN
	oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
	PERFORM lo_export(oid, file);
	PERFORM lo_unlink(oid);
	TRUNCATE journey_one;
	EXECUTE format('COPY journey_one FROM %L (FORMAT binary)', file);
	SELECT j INTO g FROM journey_one;
	IF journey_send(g) <> value OR g::text::journey <> g THEN
		RETURN 'accepted, and changed';
	END IF;
	PERFORM count(*) FROM journey_edges(g);
	PERFORM count(*) FROM journey_text(g);
	RETURN 'accepted';
EXCEPTION
	WHEN invalid_binary_representation THEN
		GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
		RETURN 'refused: ' || why;
END $$;
CREATE TEMP TABLE journey_one (j journey);
SELECT name, pg_temp.damage(journey_send(j)) FROM journey_values ORDER BY name;
CREATE TEMP TABLE journey_damaged AS
SELECT pg_temp.damage(set_byte(b, i, get_byte(b, i) # flip)) AS outcome
FROM journey_values, journey_send(j) b, generate_series(0, length(b) - 1) i, unnest('{1,128,255}'::int[]) flip
UNION ALL
SELECT pg_temp.damage(substr(b, 1, i)) FROM journey_values, journey_send(j) b, generate_series(0, length(b) - 1) i
UNION ALL
SELECT pg_temp.damage(b || '\x00') FROM journey_values, journey_send(j) b;
SELECT (SELECT count(*) FROM journey_damaged) = sum(4 * length(journey_send(j)) + 1) AS all_tried FROM journey_values;
SELECT split_part(outcome, ':', 1) AS outcome, count(*) > 0 AS any FROM journey_damaged GROUP BY 1 ORDER BY 1;
-- one customer from a to b in one second; then what has another spelling
SELECT n, pg_temp.damage(b) FROM (VALUES
	(1, '\x0100020000020161016202000001010001' || '\x01c0843d0102'::bytea),	-- as it should be
	(2, '\x0100020000020161016202000001010001' || '\x01a0c21e0104'::bytea),	-- half a second twice
	(3, '\x0100020000020162016102000001010001' || '\x01c0843d0102'::bytea),	-- places the wrong way round
	(4, '\x010002000002016101610200000101000101c0843d0102'),	-- one place twice
	(5, '\x010002000003016101620163' || '\x0200000101000101c0843d0102'::bytea),	-- a place nobody comes to
	(6, '\x010002000002016101620200000101000201c0843d0102'),	-- no such place
	(7, '\x01000200000201ff01620200000101000101c0843d0102'),	-- no text of the encoding
	(8, '\x010002000001016100'),					-- no edge
	(9, '\x02000200000101610100' || '\x0001'::bytea),		-- another version
	(10, '\x0100020000' || '\x914e'::bytea),		-- 10,001 places
	(11, '\x01000200000101610132' || '\x000001'::bytea)) v (n, b) ORDER BY n;	-- step 50
-- the program reads what it is sent: a pipe closed too early would be an error
COPY (SELECT) TO PROGRAM 'cat >/dev/null; rm -f journey_type.tmp';

-- equality, hash, order, and casts that nest
SELECT count(DISTINCT j) AS journeys, (SELECT count(*) FROM (SELECT j FROM journey_values GROUP BY j) g) AS groups, bool_or(j <> j) AS differs FROM journey_values;
SELECT a.name, b.name FROM journey_values a JOIN journey_values b ON a.j = b.j WHERE a.name <> b.name;
SELECT hash_array(ARRAY[j]) = hash_array(ARRAY[j::text::journey]) AS same_hash, journey_hash_extended(j, 0) <> journey_hash_extended(j, 1) AS seeded FROM journey_values;
SELECT j::json -> 'edges' -> 1 -> 'seconds' AS seconds, row_to_json(x) -> 'j' ->> 'within' AS within, to_jsonb(x) -> 'j' -> 'edges' -> 0 ->> 'customers' AS customers FROM journey_values x WHERE name = 'plain';
SELECT bool_and(j >= (SELECT j FROM journey_values ORDER BY j LIMIT 1)) AS least, bool_and(j <= j) AS alike, bool_or(j < j OR j > j) AS differs FROM journey_values;

-- stored, long ones compressed or out of line
CREATE TEMP TABLE journey_stored AS
SELECT journey(n, timestamp '2024-01-01' + s * n * n * interval '1 millisecond', 'place ' || (n + s) % 100, '1 year') AS j FROM generate_series(1, 20000) n, generate_series(1, 2) s;
SELECT pg_column_size(j) > 10000 AS large, j = j::text::journey AS same, (SELECT sum(customers) FROM journey_edges(j) WHERE step = 1) AS customers FROM journey_stored;
