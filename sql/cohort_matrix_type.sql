-- The type cohort_matrix: text and binary form, what is refused, comparison,
-- casts, rollup.
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

CREATE TEMP TABLE samples (name text, matrix cohort_matrix);
INSERT INTO samples VALUES
('money', '{"grain": "month", "zone": "Europe/Paris", "last": "2024-06-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 12, "age": [0,1,2], "active": [12,5,4], "last_active": [7,1,4], "streak_end": [7,1,4], "orders": [15,6,4], "revenue": [1234.5,50,40]}, {"cohort": "2024-04-01", "size": 2, "age": [0,2], "active": [2,0], "last_active": [2,0], "streak_end": [2,0], "orders": [2,0], "revenue": [-0.000001,-12345678901234567890.5]}]}'),
('started', '{"grain": "week starting sunday", "zone": "", "last": "2024-01-21", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2023-12-31", "size": 3, "age": [1,3], "active": [2,1], "last_active": [1,1], "streak_end": [2,0], "orders": [4,1]}, {"cohort": "2024-01-21", "size": 1, "age": [], "active": [], "last_active": [], "streak_end": [], "orders": []}]}'),
('recurring', '{"grain": "day", "zone": "", "last": "2020-06-12", "money": false, "started": false, "recurring": true, "levels": false, "cohorts": [{"cohort": "2020-06-10", "size": 1, "age": [0,1], "active": [1,1], "last_active": [0,1], "streak_end": [0,1]}, {"cohort": "2020-06-11", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1]}]}'),
('levels', '{"grain": "quarter starting april", "zone": "", "last": "2024-01-01", "money": true, "started": false, "recurring": false, "levels": true, "cohorts": [{"cohort": "2023-10-01", "size": 2, "age": [0,1,2,4,5], "active_change": [2,-1,-1,1,-1], "last_active": [1,0,0,1,0], "streak_end": [1,1,0,0,0], "revenue_change": [20,-10,-10,10,-10], "kept_change": [20,-10,-10,10,-10], "base_change": [20,0,0,0,0]}]}'),
('cuts', '{"grain": "days 0, 1, 3, 7 since start by month", "zone": "UTC", "last": "2024-02-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0,2], "active": [1,1], "last_active": [0,1], "streak_end": [1,0], "orders": [1,1]}]}'),
('old', '{"grain": "year", "zone": "", "last": "0001-01-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "0044-01-01 BC", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}');

-- the output is canonical: it reads back as itself, whatever the DateStyle
SELECT name, matrix FROM samples ORDER BY name;
SELECT name, matrix::text::cohort_matrix = matrix AS same,
	matrix::text::cohort_matrix::text = matrix::text AS same_text
FROM samples ORDER BY name;

-- spacing, key order and needless zeros do not matter
SELECT '
{ "cohorts" :[{"orders":[15,6,4],"revenue":[1234.50,50.0,40],"streak_end":[7,1,4],
  "last_active":[7,1,4],"active":[12,5,4],"age":[0,1,2],"size":12,"cohort":"2024-01-01"}],
  "levels":false,"recurring":false,"started":false,"money":true,
  "last":"2024-06-01", "zone":"europe/paris", "grain":"1 months"}'::cohort_matrix;
SELECT replace(matrix::text, '"month"', '"1 months"')::cohort_matrix = matrix
FROM samples WHERE name = 'money';

-- what the text may not be: each change of a good one, with detail and hint
CREATE TEMP TABLE good AS SELECT
'{"grain": "month", "zone": "", "last": "2024-03-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 3, "age": [0,1,2], "active": [3,2,1], "last_active": [1,1,1], "streak_end": [1,1,1], "orders": [4,2,1], "revenue": [9.5,5,2]}, {"cohort": "2024-02-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1], "revenue": [3]}]}' AS t;
SELECT t::cohort_matrix::text = t FROM good;
CREATE TEMP TABLE changes (n serial, old text, new text);
INSERT INTO changes (old, new) VALUES
('{"grain"', '["grain"'), ('^.*$', ''), ('^.*$', 'hello'), ('^.*$', '17'),
('^.*$', '[]'), ('^.*$', '{}'), ('"zone": "", ', ''), ('"zone"', '"zoned"'),
('"money"', '"zone"'), ('"zone": ""', '"zone": 7'),
('"zone": ""', '"zone": {}'), ('"zone": ""', '"zone": []'),
('"zone": ""', '"zone": "Mars"'), ('"grain": "month"', '"grain": "moon"'),
('"month", "zone": ""', '"month at Asia/Tokyo", "zone": "UTC"'),
('"money": true', '"money": 1'), ('"money": true', '"money": false'),
('"levels": false', '"levels": true'), ('"recurring": false', '"recurring": true'),
('2024-03-01', '2024-03-02'), ('2024-03-01', '01.03.2024'),
('2024-03-01', '2024-02-30'), ('"2024-03-01"', '20240301'),
('2024-03-01', 'infinity'), ('2024-03-01', '2024-01-01'),
('2024-03-01', '2024-02-01'), ('"2024-01-01"', '"2024-02-01"'),
('"2024-01-01"', '"2024-01-15"'), ('\[\{.*', '[]}'), ('\[\{.*', '7}'),
('\[\{.*', '[7]}'), ('\[\{.*', '[{}]}'), ('"size": 3', '"size": 3.5'),
('"size": 3', '"size": "3"'), ('"size": 3', '"size": 0'),
('"size": 3', '"size": 9223372036854775808'),
('"size": 3', '"size": 9223372036854775807'), ('"size": 3', '"size": 2'),
('\[0,1,2\]', '0'), ('\[0,1,2\]', '[0,1]'), ('\[0,1,2\]', '[0,2,1]'),
('\[0,1,2\]', '[0,1,1]'), ('\[0,1,2\]', '[0,1,-2]'),
('\[0,1,2\]', '[0,1,2147483648]'), ('\[0,1,2\]', '[0,1,null]'),
('\[0,1,2\]', '[0,1,[2]]'), ('\[0,1,2\]', '[1,2,3]'),
('\[3,2,1\]', '[3,2,0]'), ('\[3,2,1\]', '[3,1,2]'), ('\[3,2,1\]', '[2,2,1]'),
('\[3,2,1\]', '[3,2,1e0]'), ('"last_active": \[1,1,1\]', '"last_active": [1,1,2]'),
('"last_active": \[1,1,1\]', '"last_active": [0,1,1]'),
('"last_active": \[1,1,1\]', '"last_active": [2,0,1]'),
('"streak_end": \[1,1,1\]', '"streak_end": [2,0,1]'),
('"streak_end": \[1,1,1\]', '"streak_end": [1,0,2]'),
('"streak_end": \[1,1,1\]', '"streak_end": [0,1,1]'),
('"orders": \[4,2,1\], ', ''), ('\[4,2,1\]', '[2,2,1]'),
('\[4,2,1\]', '[9223372036854775800,2,7]'), ('\[9.5,5,2\]', '[9.5,5]'),
('\[9.5,5,2\]', '[9.1234567,5,2]'), ('\[9.5,5,2\]', '[9.5,"5",2]'),
('\[9.5,5,2\]', '[9.5,5e0,2]'),
('\[9.5,5,2\]', '[10000000000000000000000000000001,5,2]'),
('\[1\], "streak_end": \[1\]', '[1], "streak_end": [1], "streak_end": [1]');
SELECT n, code, message, detail
FROM good, changes,
	pg_temp.refused(format('SELECT %L::cohort_matrix', regexp_replace(t, old, new)))
ORDER BY n;
SELECT hint, array_agg(n ORDER BY n)
FROM good, changes,
	pg_temp.refused(format('SELECT %L::cohort_matrix', regexp_replace(t, old, new)))
GROUP BY hint ORDER BY min(n);

-- more that does not fit together
SELECT code, detail FROM (VALUES
	-- a streak over an idle age
	('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0,2], "active": [1,1], "last_active": [0,1], "streak_end": [0,1], "orders": [1,1]}]}'),
	-- the grain has two ages
	('{"grain": "months 0, 1, 3", "zone": "", "last": "2024-03-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0,2], "active": [1,1], "last_active": [0,1], "streak_end": [1,0], "orders": [1,1]}]}'),
	-- nothing in a cell
	('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [1], "active": [0], "last_active": [0], "streak_end": [0], "orders": [0]}]}'),
	-- with started_at no streak ends at age 0
	('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}'),
	-- recurring goes with plain grains
	('{"grain": "30 days since start", "zone": "", "last": "2024-03-01", "money": false, "started": false, "recurring": true, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1]}]}'),
	('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": true, "recurring": true, "levels": true, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [0]}]}'),
	-- orders of nobody
	('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 1, "age": [1], "active": [0], "last_active": [0], "streak_end": [0], "orders": [3]}]}')
	) v(t), pg_temp.refused(format('SELECT %L::cohort_matrix', t));

-- Binary: COPY calls send and recv, through a file in the data directory.
SELECT name, length(cohort_matrix_send(matrix)) AS bytes,
	pg_column_size(matrix) - length(cohort_matrix_send(matrix)) BETWEEN 1 AND 4
		AS stored_alike
FROM samples ORDER BY name;
DO $$
DECLARE
	file text := current_setting('data_directory') || '/cohort_matrix_type.tmp';
BEGIN
	EXECUTE format('COPY samples TO %L (FORMAT binary)', file);
	CREATE TEMP TABLE copied (LIKE samples);
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', file);
END $$;
SELECT count(*) AS rows, bool_and(s.matrix = c.matrix) AS same
FROM samples s JOIN copied c USING (name);

-- Damage: every byte of every sample is flipped in three ways, cut off, and
-- one added.  Whatever comes in is refused with 22P03, or is a value that
-- reads and reads back.
CREATE FUNCTION pg_temp.binary_file(value bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2)
$$;
CREATE FUNCTION pg_temp.damage(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/cohort_matrix_type.tmp';
	oid oid;
	m cohort_matrix;
BEGIN
	oid := lo_from_bytea(0, pg_temp.binary_file(value));
	PERFORM lo_export(oid, file);
	PERFORM lo_unlink(oid);
	TRUNCATE one;
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT matrix INTO m FROM one;
	IF cohort_matrix_send(m) <> value OR m::text::cohort_matrix <> m THEN
		RETURN 'accepted, and changed';
	END IF;
	PERFORM count(*) FROM cohort_cells(m, NULL, 3);
	RETURN 'accepted';
EXCEPTION
	WHEN invalid_binary_representation THEN RETURN 'refused';
	WHEN program_limit_exceeded THEN RETURN 'accepted';
END $$;
CREATE TEMP TABLE one (matrix cohort_matrix);
CREATE TEMP TABLE damaged AS
SELECT name, pg_temp.damage(set_byte(b, i, get_byte(b, i) # flip)) AS outcome
FROM samples, cohort_matrix_send(matrix) b,
	generate_series(0, length(b) - 1) i, unnest('{1,128,255}'::int[]) flip
UNION ALL
SELECT name, pg_temp.damage(substr(b, 1, i))
FROM samples, cohort_matrix_send(matrix) b, generate_series(0, length(b) - 1) i
UNION ALL
SELECT name, pg_temp.damage(b || '\x00') FROM samples, cohort_matrix_send(matrix) b;
SELECT (SELECT count(*) FROM damaged) = sum(4 * length(cohort_matrix_send(matrix)) + 1) AS all_tried
FROM samples;
-- the program reads what it is sent: a pipe closed too early would be an error
COPY (SELECT) TO PROGRAM 'cat >/dev/null; rm -f cohort_matrix_type.tmp';
SELECT outcome, count(*) > 0 AS any FROM damaged GROUP BY outcome ORDER BY 1;

-- comparison and hashing, also of compressed and of short values
SELECT count(*) AS pairs, bool_and((a.matrix = b.matrix) = (a.name = b.name)) AS eq,
	bool_and((a.matrix <> b.matrix) = (a.name <> b.name)) AS ne,
	bool_and((a.matrix < b.matrix) = (cohort_matrix_cmp(a.matrix, b.matrix) < 0)) AS lt,
	bool_and((a.matrix <= b.matrix) = NOT (a.matrix > b.matrix)) AS le,
	bool_and((a.matrix >= b.matrix) = (b.matrix <= a.matrix)) AS ge,
	bool_and((cohort_matrix_send(a.matrix) < cohort_matrix_send(b.matrix)) = (a.matrix < b.matrix)) AS bytes
FROM samples a, samples b;
SELECT bool_and(cohort_matrix_hash(matrix) = cohort_matrix_hash(matrix::text::cohort_matrix)) AS hash,
	bool_and(cohort_matrix_hash_extended(matrix, 7) = cohort_matrix_hash_extended(matrix::text::cohort_matrix, 7)) AS extended,
	bool_and((cohort_matrix_hash_extended(matrix, 0) & 4294967295) = (cohort_matrix_hash(matrix)::bigint & 4294967295)) AS agree,
	count(DISTINCT cohort_matrix_hash_extended(matrix, 7)) AS different
FROM samples;
SELECT count(DISTINCT matrix) FROM (SELECT * FROM samples UNION ALL SELECT * FROM copied) x;
SELECT count(*) FROM (SELECT matrix FROM samples GROUP BY matrix) x;
CREATE INDEX ON samples (matrix);
CREATE INDEX ON samples USING hash (matrix);
SET enable_seqscan = off;
SELECT s.name FROM samples s WHERE matrix = (SELECT matrix FROM copied WHERE name = 'levels');
RESET enable_seqscan;

-- as json: to_jsonb and row_to_json nest it
SELECT to_jsonb(s) #>> '{matrix,cohorts,0,active}' AS active,
	row_to_json(s) #>> '{matrix,last}' AS last,
	matrix::jsonb ->> 'grain' AS grain, json_typeof(matrix::json) AS type
FROM samples s WHERE name = 'money';
SELECT matrix::json::text = matrix::text AS json, matrix::jsonb::text::cohort_matrix = matrix AS jsonb
FROM samples ORDER BY name;

-- rollup: 2024-01 is in both, 2024-02 and 2024-03 in one each; a refund and
-- its counterpart leave nothing behind; the later end counts
CREATE TEMP TABLE parts (n int, matrix cohort_matrix);
INSERT INTO parts VALUES
(1, '{"grain": "month", "zone": "", "last": "2024-03-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 3, "age": [0,1,2], "active": [3,0,1], "last_active": [2,0,1], "streak_end": [3,0,0], "orders": [4,0,1], "revenue": [9.5,-5,2]}, {"cohort": "2024-03-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1], "revenue": [3]}]}'),
(2, '{"grain": "month", "zone": "", "last": "2024-05-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 2, "age": [0,1,2,4], "active": [2,0,1,1], "last_active": [1,0,0,1], "streak_end": [2,0,0,0], "orders": [2,0,1,1], "revenue": [0.5,5,1,1]}, {"cohort": "2024-02-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1], "revenue": [7]}]}'),
(3, NULL);
SELECT rollup(matrix) FROM parts;
SELECT rollup(matrix ORDER BY n) = rollup(matrix ORDER BY n DESC) AS any_order FROM parts;
SELECT rollup(matrix) AS nothing FROM parts WHERE n = 3;
SELECT rollup(matrix) AS no_rows FROM parts WHERE false;
SELECT n, rollup(matrix) OVER (ORDER BY n)::jsonb -> 'cohorts' -> 0 -> 'size' AS running
FROM parts ORDER BY n;

-- in parallel, the same bytes: 20000 matrices of 24 cohorts in turn
CREATE TABLE many AS
SELECT format('{"grain": "month", "zone": "", "last": "2024-06-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "%s", "size": 2, "age": [0,%s], "active": [2,1], "last_active": [1,1], "streak_end": [%s], "orders": [2,1], "revenue": [0.1,%s]}]}',
	to_char(date '2022-01-01' + n % 24 * interval '1 month', 'YYYY-MM-DD'), 1 + n % 5,
	CASE n % 5 WHEN 0 THEN '1,1' ELSE '2,0' END, n)::cohort_matrix AS matrix
FROM generate_series(1, 20000) n;
CREATE TEMP TABLE serial AS SELECT rollup(matrix) AS matrix FROM many;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT (SELECT rollup(matrix) FROM many) = matrix AS same FROM serial;
COMMIT;
SELECT sum(cohort_size) FILTER (WHERE age = 0) AS customers, sum(active) AS active,
	sum(orders) AS orders, sum(revenue) = 20000 * 0.1 + 20000 * 20001 / 2 AS revenue
FROM serial, cohort_cells(matrix);
DROP TABLE many;

-- what does not add up: a matrix of one customer of each kind with a plain one
CREATE TEMP TABLE kinds (kind text, matrix cohort_matrix);
INSERT INTO kinds SELECT kind, format(
	'{"grain": "%s", "zone": "%s", "last": "2024-01-01", "money": %s, "started": %s, "recurring": %s, "levels": %s, "cohorts": [{"cohort": "2024-01-01", "size": 1, %s}]}',
	grain, zone, (kind = 'money')::text, (kind = 'started')::text, (kind = 'recurring')::text, (kind = 'levels')::text,
	CASE WHEN kind = 'levels' THEN '"age": [0,1], "active_change": [1,-1], "last_active": [1,0], "streak_end": [1,0]'
	ELSE format('"age": [0], "active": [1], "last_active": [1], "streak_end": [%s]%s',
		(kind <> 'started')::int, CASE kind WHEN 'money' THEN ', "orders": [1], "revenue": [5]'
			WHEN 'recurring' THEN '' ELSE ', "orders": [1]' END) END)::cohort_matrix
FROM (VALUES ('plain', 'month', ''), ('money', 'month', ''), ('started', 'month', ''),
	('recurring', 'month', ''), ('levels', 'month', ''), ('zone', 'month', 'Asia/Tokyo'),
	('grain', 'quarter', '')) v(kind, grain, zone);
SELECT b.kind, code, message, detail, hint FROM kinds a, kinds b,
	pg_temp.refused(format('SELECT rollup(x) FROM unnest(ARRAY[%L, %L]::cohort_matrix[]) x',
		a.matrix, b.matrix))
WHERE a.kind = 'plain' ORDER BY 1;
SELECT code, message, detail, hint FROM parts,
	pg_temp.refused(format('SELECT rollup(x) FROM unnest(ARRAY[%L, %L]::cohort_matrix[]) x',
	replace(replace(matrix::text, '"size": 1', '"size": 9223372036854775800'),
		'"active": [1], "last_active": [1], "streak_end": [1], "orders": [1]',
		'"active": [9223372036854775800], "last_active": [9223372036854775800], "streak_end": [9223372036854775800], "orders": [9223372036854775800]'),
	matrix)) WHERE n = 1;

-- sums at their limits, as only a text can have them: 22003 one step past them
CREATE TEMP TABLE limits AS SELECT
	'{"grain": "month", "zone": "", "last": "2024-01-01", "money": false, "started": true, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 9223372036854775806, "age": [], "active": [], "last_active": [], "streak_end": [], "orders": []}]}'::cohort_matrix AS matrix;
SELECT rollup(m)::jsonb #> '{cohorts,0,size}' AS size FROM (SELECT matrix AS m FROM limits UNION ALL
	SELECT replace(matrix::text, '9223372036854775806', '1')::cohort_matrix FROM limits) x;
SELECT rollup(m) FROM (SELECT matrix AS m FROM limits UNION ALL
	SELECT replace(matrix::text, '9223372036854775806', '2')::cohort_matrix FROM limits) x;
