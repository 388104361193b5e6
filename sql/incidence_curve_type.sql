-- The type incidence_curve: text, binary, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = -2;

CREATE TABLE incidence_type (id int, curve incidence_curve);
INSERT INTO incidence_type VALUES
	(1, '{"reasons": [{"reason": "", "time": [300], "customers": [9223372036854775800]}, {"reason": "price", "time": [0,1], "customers": [3,1]}]}'),
	(2, '{"reasons": [{"customers": [3,1], "time": [1e-3,0.1], "reason": "é \"1\""}]}'),
	(3, ' { "reasons" : [ {"reason": "", "time": [3e2], "customers": [9223372036854775800]}, {"reason": "price", "time": [-0.0,1.0], "customers": [3,1]} ] } ');
-- canonical, lossless whatever extra_float_digits
SELECT * FROM incidence_type ORDER BY id;
-- bytes: version 1, whole times, 2 reasons: none of 1 time; 5 bytes of 2 times
SELECT id, incidence_curve_send(curve) FROM incidence_type WHERE id <> 2 ORDER BY id;
SELECT incidence_curve_send('{"reasons": [{"reason": "a", "time": [9007199254740992], "customers": [1]}]}'),
	incidence_curve_send('{"reasons": [{"reason": "a", "time": [9007199254740994], "customers": [1]}]}');

-- equality, order, hashing
SELECT a.id, b.id, a.curve = b.curve AS eq, a.curve <> b.curve AS ne, a.curve < b.curve AS lt, a.curve <= b.curve AS le,
	a.curve > b.curve AS gt, a.curve >= b.curve AS ge, sign(incidence_curve_cmp(a.curve, b.curve)) AS cmp
FROM incidence_type a, incidence_type b WHERE a.id <= b.id ORDER BY 1, 2;
SELECT count(DISTINCT curve), count(DISTINCT incidence_curve_hash(curve)), count(DISTINCT incidence_curve_hash_extended(curve, 1)) FROM incidence_type;
SELECT min(id), count(*) FROM incidence_type GROUP BY curve ORDER BY 1;
CREATE UNIQUE INDEX incidence_type_curve ON incidence_type (curve) WHERE id < 3;
CREATE INDEX incidence_type_hash ON incidence_type USING hash (curve);

-- casts
SELECT curve::json #>> '{reasons,0,reason}', curve::jsonb #> '{reasons,0,time,1}' FROM incidence_type WHERE id = 2;
SELECT row_to_json(t) FROM incidence_type t WHERE id = 2;

-- rollup of stored curves
SELECT rollup(curve) FROM incidence_type WHERE id = 2;
SELECT rollup(c) FROM (SELECT curve FROM incidence_type WHERE id = 2 UNION ALL SELECT '{"reasons": [{"reason": "b", "time": [4], "customers": [1]}]}') s (c);

-- what is no curve
SELECT 'time'::incidence_curve;
SELECT '[]'::incidence_curve;
SELECT '{}'::incidence_curve;
CREATE FUNCTION pg_temp.told(value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	d text; h text;
BEGIN
	PERFORM value::incidence_curve;
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ' ' || d || CASE WHEN h LIKE 'The text of an incidence curve%' THEN '' ELSE ' ' || h END;
END $$;
SELECT n, pg_temp.told(v) FROM (VALUES
	(1, '{"reasons": []}'),
	(2, '{"reasons": {}}'),
	(3, '{"reasons": [1]}'),
	(4, '{"reasons": [{"reason": "a", "time": [1], "customers": [1]}], "more": 1}'),
	(5, '{"reasons": [{"reason": "a", "time": [1]}]}'),
	(6, '{"reasons": [{"reason": "a", "customers": [1]}]}'),
	(7, '{"reasons": [{"time": [1], "customers": [1]}]}'),
	(8, '{"reasons": [{"reason": "a", "time": [1], "customers": [1], "events": [1]}]}'),
	(9, '{"reasons": [{"reason": "a", "reason": "b", "time": [1], "customers": [1]}]}'),
	(10, '{"reasons": [{"reason": null, "time": [1], "customers": [1]}]}'),
	(11, '{"reasons": [{"reason": ["a"], "time": [1], "customers": [1]}]}'),
	(12, '{"reasons": [{"reason": "a", "time": [1,2], "customers": [1]}]}'),
	(13, '{"reasons": [{"reason": "a", "time": [], "customers": []}]}'),
	(14, '{"reasons": [{"reason": "a", "time": [-1], "customers": [1]}]}'),
	(15, '{"reasons": [{"reason": "a", "time": [1e400], "customers": [1]}]}'),
	(16, '{"reasons": [{"reason": "a", "time": ["1"], "customers": [1]}]}'),
	(17, '{"reasons": [{"reason": "a", "time": [2,1], "customers": [1,1]}]}'),
	(18, '{"reasons": [{"reason": "a", "time": [1], "customers": [0]}]}'),
	(19, '{"reasons": [{"reason": "a", "time": [1], "customers": [1.5]}]}'),
	(20, '{"reasons": [{"reason": "a", "time": [1], "customers": [9223372036854775807]}, {"reason": "b", "time": [1], "customers": [1]}]}'),
	(21, '{"reasons": [{"reason": "b", "time": [1], "customers": [1]}, {"reason": "a", "time": [1], "customers": [1]}]}'),
	(22, '{"reasons": [{"reason": "a", "time": [1], "customers": [1]}, {"reason": "a", "time": [2], "customers": [1]}]}'),
	(23, '{"reasons": [{"reason": "' || repeat('x', 256) || '", "time": [1], "customers": [1]}]}'),
	(24, '{"reasons": [{"reason": "' || repeat('x', 2000) || '", "time": [1], "customers": [1]}]}'),
	(25, (SELECT '{"reasons": [' || string_agg(format('{"reason": "%s", "time": [1], "customers": [1]}', 10000 + i), ', ') || ']}' FROM generate_series(0, 1000) i)),
	(26, (SELECT '{"reasons": [{"reason": "", "time": [1], "customers": [1]}, ' || string_agg(format('{"reason": "%s", "time": [1], "customers": [1]}', 10000 + i), ', ') || ']}' FROM generate_series(1, 1000) i))
	) t (n, v) ORDER BY n;

DROP TABLE incidence_type;
