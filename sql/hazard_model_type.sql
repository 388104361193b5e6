-- The type hazard_model: text, binary, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = -3;

CREATE TABLE hazard_type (id int, value hazard_model);
INSERT INTO hazard_type VALUES
	(1, '{"status": "converged", "rows": 9, "left_out": 1, "events": 7, "iterations": 4, "entered_key": "", "strata_key": "", "weight_key": "n", "log_likelihood_null": -20.5, "log_likelihood": -18.25, "score_test": 4.5, "wald_test": 4, "concordance": 0.75, "concordance_error": 0.125, "all_km": 1.5, "all_rank": 1.25, "all_identity": 1, "all_log": -1, "covariate": ["age","plan","plan"], "kind": ["number","text","text"], "level": ["","solo","team"], "reference": ["","free","free"], "origin": [40.5,0,0], "coefficient": [0.5,-1,0.30000000000000004], "std_error": [0.25,0.5,1e-3], "problem": ["","","collinear"], "km": [1,0.5,0.5], "rank": [1,0.5,0.5], "identity": [1,0.5,0.5], "log": [-1,-1,-1], "strata": [{"stratum": "", "last": 12, "time": [0,3,12], "hazard": [0.125,0.5,1]}]}'),
	(2, '{"strata": [{"stratum": "é", "last": 2.5, "time": [1.5,2.5], "hazard": [0.5,0.5]}, {"hazard": [], "time": [], "last": 3, "stratum": "\"north\""}], "status": "separated", "rows": 4, "left_out": 0, "events": 2, "iterations": 9, "entered_key": "e", "strata_key": "s", "weight_key": "", "log_likelihood_null": -1e0, "log_likelihood": -0.0, "score_test": 0, "wald_test": 0, "concordance": 1, "concordance_error": 0, "all_km": -1, "all_rank": -1, "all_identity": -1, "all_log": -1, "covariate": ["invited"], "kind": ["boolean"], "level": [""], "reference": [""], "origin": [0], "coefficient": [-17], "std_error": [3000], "problem": ["separated"], "km": [-1], "rank": [-1], "identity": [-1], "log": [-1]}');
SELECT * FROM hazard_type ORDER BY id;
-- version 1, whole times, the status; rows, left out, events, iterations; three
-- keys; ten numbers of eight bytes each; then the terms and the strata
SELECT id, substr(hazard_model_send(value), 1, 24), octet_length(hazard_model_send(value)) FROM hazard_type ORDER BY id;
SELECT id, r.* FROM hazard_type, hazard_ratios(value) r ORDER BY 1, 2, 3;
SELECT id, status, problems, rows, left_out, events, likelihood_ratio, round(likelihood_ratio_p::numeric, 6) AS p, wald, degrees_of_freedom AS df, concordance FROM hazard_type, model_fit(value) ORDER BY 1;
SELECT id, t.* FROM hazard_type, proportional_hazards_test(value) t WHERE id = 1;
SELECT relative_risk(value, '{"age": 42.5, "plan": "solo"}') = exp(0) AS risk, survival(value, '{"age": 40.5, "plan": "free"}', t) AS survival
FROM hazard_type, (VALUES (0::float8), (2.9), (3), (12), (12.1)) v (t) WHERE id = 1;
SELECT survival(value, '{"invited": false, "s": "é"}', 2) AS e, survival(value, '{"invited": false, "s": "\"north\""}', 2) AS north, relative_risk(value, '{"invited": true}') AS told FROM hazard_type WHERE id = 2;

-- equality, order, hashing
SELECT a.id, b.id, a.value = b.value AS eq, a.value <> b.value AS ne, a.value < b.value AS lt, a.value <= b.value AS le,
	a.value > b.value AS gt, a.value >= b.value AS ge, sign(hazard_model_cmp(a.value, b.value)) AS cmp
FROM hazard_type a, hazard_type b WHERE a.id <= b.id ORDER BY 1, 2;
SELECT count(DISTINCT value), count(DISTINCT hazard_model_hash(value)), count(DISTINCT hazard_model_hash_extended(value, 1)) FROM hazard_type;
CREATE UNIQUE INDEX hazard_type_value ON hazard_type (value);
CREATE INDEX hazard_type_hash ON hazard_type USING hash (value);

-- casts
SELECT value::json ->> 'status', value::jsonb -> 'strata' -> 0 -> 'hazard' FROM hazard_type ORDER BY id;

-- What a text or an image is refused with; a row shows only where something else came out.
CREATE FUNCTION pg_temp.refused(value text, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	detail := value::hazard_model::text;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
CREATE FUNCTION pg_temp.refused(value bytea, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/hazard.tmp';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	CREATE TEMP TABLE one (value hazard_model) ON COMMIT DROP;
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT one.value INTO detail FROM one;
	DROP TABLE one;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT id, code, detail FROM hazard_type, pg_temp.refused(hazard_model_send(value)) WHERE code <> '00000' OR detail <> value::text;
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused(replace((SELECT value::text FROM hazard_type WHERE id = 1), old, new)) r
	FROM (VALUES
	('"rows": 9, ', '', 'The key "rows" is missing.'),
	('"rows": 9', '"rows": 6', 'The counts contradict one another.'),
	('"rows": 9, "left_out": 1, "events": 7', '"rows": 0, "left_out": 1, "events": 0', 'The counts contradict one another.'),
	('"converged"', '"perfect"', 'The status is unknown.'),
	('"score_test": 4.5', '"score_test": -4.5', 'A test, or the concordance, is out of range.'),
	('"score_test": 4.5', '"score_test": "4.5"', 'The value of "score_test" is not a number.'),
	('"score_test": 4.5', '"score_test": 1e999', 'The value of "score_test" is not a number.'),
	('"wald_test": 4', '"wald_test": -4', 'A test, or the concordance, is out of range.'),
	('"concordance": 0.75', '"concordance": 1.5', 'A test, or the concordance, is out of range.'),
	('"concordance_error": 0.125', '"concordance_error": -1', 'A test, or the concordance, is out of range.'),
	('"all_km": 1.5', '"all_km": -2', 'A test, or the concordance, is out of range.'),
	('"weight_key": "n"', '"weight_key": "' || repeat('n', 256) || '"', 'A name or a text is too long.'),
	('"covariate": ["age","plan","plan"]', '"covariate": ["plan","age","plan"]', 'The terms are not in ascending order, or there is one twice.'),
	('["","solo","team"]', '["","team","solo"]', 'The terms are not in ascending order, or there is one twice.'),
	('["","solo","team"]', '["x","solo","team"]', 'A covariate that is no text has levels.'),
	('["","solo","team"]', '["","solo"]', '"level" has 2 elements, "covariate" has 3.'),
	('["","free","free"]', '["","free","gold"]', 'The terms are not in ascending order, or there is one twice.'),
	('["number","text","text"]', '["date","text","text"]', 'A kind of covariate is unknown.'),
	('["number","text","text"]', '["null","text","text"]', 'A kind of covariate is unknown.'),
	('["number","text","text"]', '["boolean","text","text"]', 'A term that is no number has an origin.'),
	('[0.25,0.5,0.001]', '[0.25,0.5,-0.001]', 'A standard error or a test is negative.'),
	('"km": [1,', '"km": [-0.5,', 'A standard error or a test is negative.'),
	('"collinear"]', '"crooked"]', 'What is wrong with a term is unknown.'),
	('"last": 12', '"last": 11', 'A time is out of range.'),
	('"last": 12', '"last": -12', 'A time is negative.'),
	('"last": 12, ', '', 'A stratum lacks the key "last".'),
	('[0,3,12]', '[0,12,12]', 'Times and hazards do not ascend.'),
	('[0,3,12]', '[0,3]', 'A stratum has 2 times and 3 hazards.'),
	('[0.125,0.5,1]', '[0.125,1,0.5]', 'Times and hazards do not ascend.'),
	('[0.125,0.5,1]', '[-1,0.5,1]', 'A hazard is negative.'),
	('"stratum": ""', '"stratum": "' || repeat('s', 256) || '"', 'A name or a text is too long.'),
	('"strata": [', '"strata": [{"stratum": "", "last": 12, "time": [], "hazard": []}, ', 'There are no strata, or too many.'),
	('"strata": [', '"strata": [1, ', 'An element of "strata" is not an object.')) v (old, new, expected)) x
WHERE (r).detail IS DISTINCT FROM expected AND (r).code <> expected;
SELECT image, (r).code, (r).detail FROM (SELECT image, pg_temp.refused(image) AS r FROM (SELECT substr(hazard_model_send(value), 1, n) AS image FROM hazard_type, generate_series(0, 40, 10) n WHERE id = 1) i) x;
SELECT n, (r).code, (r).detail FROM (SELECT n, pg_temp.refused(overlay(hazard_model_send(value) PLACING b FROM n FOR length(b))) AS r
	FROM hazard_type, (VALUES (1, '\x02'::bytea), (2, '\x02'), (2, '\x00'), (103, '\xff01')) v (n, b) WHERE id = 1) x;
SELECT 'hazard'::hazard_model;
DROP TABLE hazard_type;
