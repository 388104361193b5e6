-- The type signals: text, binary, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = -3;

CREATE TABLE signals_type (id int, value signals);
INSERT INTO signals_type VALUES
	(1, '{"customers": 5, "outcomes": 2, "covariates": [{"covariate": "a", "kind": "number", "grid": 0, "unknown": 1, "unknown_outcomes": 0, "value": ["-2","0.30000000000000004"], "customers": [2,1], "outcomes": [1,1]}, {"covariate": "b", "kind": "boolean", "grid": 0, "unknown": 0, "unknown_outcomes": 0, "value": ["false","true"], "customers": [2,3], "outcomes": [2,0]}]}'),
	(2, '{"covariates": [{"outcomes": [1], "customers": [3], "value": ["\"x\"\\\n\u0001é"], "unknown_outcomes": 0, "unknown": 0, "grid": 0, "kind": "text", "covariate": "é"}], "outcomes": 1, "customers": 9223372036854775807}'),
	(3, '{"customers": 1, "outcomes": 1, "covariates": []}'),
	(4, '{"customers": 1, "outcomes": 1, "covariates": [{"covariate": "n", "kind": "null", "grid": 0, "unknown": 1, "unknown_outcomes": 1, "value": [], "customers": [], "outcomes": []}]}'),
	(5, '{"customers": 3, "outcomes": 1, "covariates": [{"covariate": "n", "kind": "number", "grid": 53, "unknown": 0, "unknown_outcomes": 0, "value": ["-1.7976931348623157e+308","0","2"], "customers": [1,1,1], "outcomes": [1,0,0]}]}');
SELECT * FROM signals_type ORDER BY id;
-- version 1, flags, customers, outcomes, number of covariates; of each the name,
-- the kind, grid, unknown twice, number of values; of each the text and two counts
SELECT id, signals_send(value) FROM signals_type ORDER BY id;
SELECT id, covariate, level, at_least, customers_with, customers_without, phi FROM signals_type, signal_rows(value) WHERE id IN (1, 5) ORDER BY id, covariate, at_least;

-- equality, order, hashing
SELECT a.id, b.id, a.value = b.value AS eq, a.value <> b.value AS ne, a.value < b.value AS lt, a.value <= b.value AS le,
	a.value > b.value AS gt, a.value >= b.value AS ge, sign(signals_cmp(a.value, b.value)) AS cmp
FROM signals_type a, signals_type b WHERE a.id <= b.id AND b.id < 4 ORDER BY 1, 2;
SELECT count(DISTINCT value), count(DISTINCT signals_hash(value)), count(DISTINCT signals_hash_extended(value, 1)) FROM signals_type;
CREATE UNIQUE INDEX signals_type_value ON signals_type (value);
CREATE INDEX signals_type_hash ON signals_type USING hash (value);

-- casts
SELECT value::json ->> 'customers', value::jsonb -> 'covariates' -> 0 -> 'value' FROM signals_type WHERE id = 1;
SELECT row_to_json(t) FROM signals_type t WHERE id = 3;

-- grids are nested: what is coarser stays so
SELECT rollup(value) FROM signals_type WHERE id IN (4, 5);

-- What a text or an image is refused with: the detail, with one thing changed in
-- a good one.  The list is of rules; a row shows only where something else came
-- out.
CREATE FUNCTION pg_temp.refused(value text, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	detail := value::signals::text;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
CREATE FUNCTION pg_temp.refused(value bytea, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/signals.tmp';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	CREATE TEMP TABLE one (value signals) ON COMMIT DROP;
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT one.value INTO detail FROM one;
	DROP TABLE one;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT id, code, detail FROM signals_type, pg_temp.refused(signals_send(value)) WHERE code <> '00000' OR detail <> value::text;
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused(replace((SELECT value::text FROM signals_type WHERE id = 1), old, new)) r
	FROM (VALUES
	('"customers": 5, ', '', 'The key "customers" is missing.'),
	('"customers": 5', '"customers": -5', 'The value of "customers" is not a count.'),
	('"customers": 5', '"customers": 0', 'Counts contradict one another.'),
	('"customers": 5', '"customers": 4', 'Counts contradict one another.'),
	('"outcomes": 2, ', '"outcomes": 1, ', 'Counts contradict one another.'),
	('"outcomes": 2, ', '"outcomes": 5, ', 'Counts contradict one another.'),
	('"outcomes": 2, ', '"outcomes": 6, ', 'Counts contradict one another.'),
	('"grid": 0, "unknown": 1, ', '"unknown": 1, ', 'A covariate lacks the key "grid".'),
	('"grid": 0, "unknown": 1, ', '"grid": 64, "unknown": 1, ', 'The grid of a covariate is out of range.'),
	('"grid": 0, "unknown": 1, ', '"grid": 1, "unknown": 1, ', '00000'),
	('"grid": 0, "unknown": 1, ', '"grid": 3, "unknown": 1, ', 'A number is not written as one of its grid.'),
	('"grid": 0, "unknown": 0, ', '"grid": 1, "unknown": 0, ', 'The grid of a covariate is out of range.'),
	('"kind": "number"', '"kind": "digits"', 'A kind of covariate is unknown.'),
	('"kind": "number"', '"kind": "null"', 'A covariate has too many values, or none.'),
	('"kind": "number"', '"kind": "boolean"', 'A boolean is neither "true" nor "false".'),
	('"kind": "boolean"', '"kind": "number"', 'A number is not written as one of its grid.'),
	('"covariate": "b"', '"covariate": "a"', 'The covariates are not in ascending order.'),
	('"covariate": "b"', '"covariate": "A"', 'The covariates are not in ascending order.'),
	('"covariate": "b"', '"covariate": "' || repeat('b', 256) || '"', 'The name of a covariate is too long.'),
	('"covariate": "b"', '"covariate": "' || repeat('b', 1025) || '"', 'The value of "covariate" is not a short string.'),
	('"-2"', '"-2.0"', 'A number is not written as one of its grid.'),
	('"-2"', '"Infinity"', 'A number is not written as one of its grid.'),
	('"-2"', '"-0"', 'A number is not written as one of its grid.'),
	('"-2"', '"2"', 'The values of a covariate are not in ascending order.'),
	('"-2"', '-2', '"value" has an element that is not a short string.'),
	('"false"', '"true"', 'The values of a covariate are not in ascending order.'),
	('[2,1]', '[2,0]', 'A value belongs to nobody.'),
	('[2,1]', '[2,1,1]', 'A covariate has 2 values, but "customers" has 3 elements and "outcomes" 2.'),
	('[2,1]', '[2,9223372036854775807]', 'Counts contradict one another.'),
	('"outcomes": [1,1]', '"outcomes": [1,2]', 'Counts contradict one another.'),
	('"unknown_outcomes": 0, "value": ["-2"', '"unknown_outcomes": 2, "value": ["-2"', 'Counts contradict one another.'),
	('"covariates": [', '"covariates": [7, ', 'An element of "covariates" is not an object.'),
	('"covariates": [', '"more": 1, "covariates": [', 'The key "more" is unknown.')) v (old, new, expected)) x
WHERE (r).detail IS DISTINCT FROM expected AND (r).code <> expected;
SELECT (r).code, (r).detail FROM pg_temp.refused('{"customers": 1, "outcomes": 1, "covariates": [{"covariate": "n", "kind": "null", "grid": 0, "unknown": 0, "unknown_outcomes": 0, "value": [], "customers": [], "outcomes": []}]}') r;
SELECT (r).code, (r).detail FROM pg_temp.refused('{"customers": 1, "outcomes": 1, "covariates": [{"covariate": "n", "kind": "text", "grid": 0, "unknown": 0, "unknown_outcomes": 0, "value": ["' || repeat('x', 256) || '"], "customers": [1], "outcomes": [1]}]}') r;
SELECT (r).code, (r).detail FROM (SELECT pg_temp.refused(format('{"customers": 2000, "outcomes": 1, "covariates": [{"covariate": "n", "kind": "number", "grid": 0, "unknown": 0, "unknown_outcomes": 0, "value": [%s], "customers": [%s], "outcomes": [%s]}]}',
	string_agg(format('"%s"', i), ',' ORDER BY i), string_agg('1', ','), string_agg('0', ','))) r FROM generate_series(1, 1025) i) x;
SELECT (r).code, (r).detail FROM (SELECT pg_temp.refused(format('{"customers": 2000, "outcomes": 1, "covariates": [%s]}', string_agg(
	format('{"covariate": "%s", "kind": "text", "grid": 0, "unknown": 0, "unknown_outcomes": 0, "value": ["x"], "customers": [1], "outcomes": [0]}', 1000 + i), ',' ORDER BY i))) r FROM generate_series(1, 1001) i) x;
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused(decode(replace(encode((SELECT signals_send(value) FROM signals_type WHERE id = 1), 'hex'), old, new), 'hex')) r
	FROM (VALUES
	('0100050202', '0200050202', 'The version is unknown.'),
	('0100050202', '0101050202', 'It has unknown flags.'),
	('0100050202', '0100050262', 'It has more covariates than bytes for them.'),
	('0100050202', '0100060702', 'Counts contradict one another.'),
	('000100020' || '22d32', '000100720' || '22d32', 'A covariate has more values than bytes for them.'),
	('022d320201', '022d320001', 'A value belongs to nobody.')) v (old, new, expected)) x
WHERE (r).detail IS DISTINCT FROM expected AND (r).code <> expected;
SELECT 'signals'::signals;
DROP TABLE signals_type;
