-- The type data_check: text, binary, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TABLE check_type (id int, value data_check);
INSERT INTO check_type VALUES
	(1, '{"ranges": false, "rows": 9, "finding": ["before 1990","repeated rows"], "severity": ["look","fault"], "found": [1,2], "among": [9,8], "example": ["7, 1970-01-01",""]}'),
	(2, '{"example": ["\"a\", \"A\"\\\n\u0001é"], "among": [3], "found": [3], "severity": ["fault"], "finding": ["gaps of one day"], "rows": 3, "ranges": true}'),
	(3, '{"ranges": true, "rows": 0, "finding": [], "severity": [], "found": [], "among": [], "example": []}');
SELECT * FROM check_type ORDER BY id;
-- version 1, flags, rows, number of findings; then texts with their length
SELECT data_check_send(value) FROM check_type ORDER BY id;
SELECT id, finding, severity, rows, among, example FROM check_type, findings(value) ORDER BY id, severity;	-- 'fault' sorts first
SELECT (f).finding FROM (SELECT findings(value) f FROM check_type WHERE id = 1) s;

-- equality, order, hashing
SELECT a.id, b.id, a.value = b.value AS eq, a.value <> b.value AS ne, a.value < b.value AS lt, a.value <= b.value AS le,
	a.value > b.value AS gt, a.value >= b.value AS ge, sign(data_check_cmp(a.value, b.value)) AS cmp
FROM check_type a, check_type b WHERE a.id <= b.id ORDER BY 1, 2;
SELECT count(DISTINCT value), count(DISTINCT data_check_hash(value)), count(DISTINCT data_check_hash_extended(value, 1)) FROM check_type;
CREATE UNIQUE INDEX check_type_value ON check_type (value);
CREATE INDEX check_type_hash ON check_type USING hash (value);

-- casts
SELECT value::json ->> 'rows', value::jsonb -> 'finding' -> 1 FROM check_type WHERE id = 1;
SELECT row_to_json(t) FROM check_type t WHERE id = 3;

-- What a text or an image is refused with: the detail, with one thing changed in
-- a good one.  The list is of rules; a row shows only where something else came
-- out.
CREATE FUNCTION pg_temp.refused(value text, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	detail := value::data_check::text;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
CREATE FUNCTION pg_temp.refused(value bytea, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/data_check.tmp';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	CREATE TEMP TABLE one (value data_check) ON COMMIT DROP;
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT one.value INTO detail FROM one;
	DROP TABLE one;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT * FROM check_type, pg_temp.refused(data_check_send(value)) WHERE code <> '00000' OR detail <> value::text;
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused(replace('{"ranges": false, "rows": 9, "finding": ["before 1990","repeated rows"], "severity": ["look","fault"], "found": [1,2], "among": [9,8], "example": ["7",""]}', old, new)) r
	FROM (VALUES
	('"ranges": false, ', '', 'The key "ranges" is missing.'),
	('false', '0', 'The value of "ranges" is neither true nor false.'),
	('"rows": 9', '"rows": 9, "rows": 9', 'The key "rows" is there twice.'),
	('"rows": 9', '"rows": -9', 'The value of "rows" is not a count.'),
	('"rows": 9', '"rows": 9, "remedy": []', 'The key "remedy" is unknown.'),
	('before 1990', 'before 1991', 'There is no finding of such a name.'),
	('before 1990', 'no start', 'A finding is not one of such rows.'),
	('before 1990', 'no time of day', 'The findings are not in their order.'),
	('before 1990', 'repeated rows', 'The findings are not in their order.'),
	('"before 1990"', '1990', '"finding" has an element that is not a short string.'),
	('"before 1990"', '"' || repeat('x', 1025) || '"', '"finding" has an element that is not a short string.'),
	('"look"', '"Look"', 'A severity is neither "fault" nor "look".'),
	('"look"', 'null', '"severity" has an element that is not a short string.'),
	('[1,2]', '[0,2]', 'The counts of a finding contradict one another.'),
	('[1,2]', '[1,2.5]', '"found" has an element that is not a count.'),
	('[1,2]', '[1]', '"found" has 1 elements, "finding" has 2.'),
	('[9,8]', '[9,1]', 'The counts of a finding contradict one another.'),
	('[9,8]', '[10,8]', 'The counts of a finding contradict one another.'),
	('"7"', '"' || repeat('x', 104) || '"', 'An example is too long.')) AS v (old, new, expected)) x
WHERE (r).code <> '22P02' OR (r).detail IS DISTINCT FROM expected;
SELECT image, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused(image) r FROM (VALUES
	('\x'::bytea, 'The value ends too early.'),
	('\x020000', 'The version is unknown.'),
	('\x010200', 'It has unknown flags.'),
	('\x01000901', 'It has more findings than bytes for them.'),
	('\x0100090000', 'There are bytes after its end.'),
	('\x01000901'::bytea || '\x81080000000000', 'A text is too long.'),
	('\x01000901'::bytea || '\x07'::bytea || 'x', 'It has more findings than bytes for them.'),
	('\x01000901'::bytea || '\x09'::bytea || 'no', 'It has more findings than bytes for them.'),
	('\x01000901'::bytea || '\x09'::bytea || 'no sta', 'The value ends too early.'),
	('\x01000901'::bytea || '\x02c328'::bytea || '\x04'::bytea || 'look' || '\x010100'::bytea, 'A text is not in the encoding of the database.'),
	('\x01000901'::bytea || '\x020061'::bytea || '\x04'::bytea || 'look' || '\x010100'::bytea, 'A text is not in the encoding of the database.'),
	('\x01000901'::bytea || '\x08'::bytea || 'no start' || '\x04'::bytea || 'look' || '\x010100'::bytea, 'A finding is not one of such rows.'),
	('\x01010901'::bytea || '\x08'::bytea || 'no start' || '\x04'::bytea || 'loot' || '\x010100'::bytea, 'A severity is neither "fault" nor "look".'),
	('\x01010901'::bytea || '\x08'::bytea || 'no start' || '\x04'::bytea || 'look' || '\x020100'::bytea, 'The counts of a finding contradict one another.'),
	('\x01010901'::bytea || '\x08'::bytea || 'no start' || '\x04'::bytea || 'look' || '\x010100'::bytea, NULL)) AS v (image, expected)) x
WHERE CASE WHEN expected IS NULL THEN (r).code <> '00000' ELSE (r).code <> '22P03' OR (r).detail IS DISTINCT FROM expected END;
SELECT 'x'::data_check;

DROP TABLE check_type;
