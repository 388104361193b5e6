-- The type survival_curve: text, binary, comparison, casts.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = -2;

CREATE TABLE survival_type (id int, curve survival_curve);
INSERT INTO survival_type VALUES
	(1, '{"time": [0,1,300], "events": [1,2,0], "censored": [0,0,9223372036854775804]}'),
	(2, '{"censored": [3,0], "time": [1e-3,0.1], "events": [0,7]}'),
	(3, ' { "time" : [-0.0, 1.0e0, 3e2], "events": [1, 2, 0], "censored": [0, 0, 9223372036854775804] } ');
-- canonical, lossless whatever extra_float_digits
SELECT * FROM survival_type ORDER BY id;
SELECT '{"time": [0.30000000000000004,1.7976931348623157e308,5e-324], "events": [1,1,1], "censored": [0,0,0]}'::survival_curve;
SELECT '{"time": [5e-324,0.30000000000000004,1.7976931348623157e308], "events": [1,1,1], "censored": [0,0,0]}'::survival_curve;

-- bytes: version 1, whole times, 3 of them: 0 1 0, then 1 later, then 299 later
SELECT survival_curve_send(curve) FROM survival_type ORDER BY id;
SELECT survival_curve_send('{"time": [9007199254740992], "events": [0], "censored": [1]}'),
	survival_curve_send('{"time": [9007199254740994], "events": [0], "censored": [1]}');

-- who entered late: written where there is one; bytes: flag 2, and a count more a time
SELECT c, survival_curve_send(c) FROM (VALUES ('{"entered": [2,0], "time": [1,5], "events": [0,2], "censored": [0,1]}'::survival_curve),
	('{"time": [1,5], "events": [1,2], "censored": [0,1], "entered": [0,0]}')) v (c);
SELECT '{"time": [0.5,5], "events": [0,2], "censored": [0,1], "entered": [2,0]}'::survival_curve::json ->> 'entered';

-- equality, order, hashing
SELECT a.id, b.id, a.curve = b.curve AS eq, a.curve <> b.curve AS ne, a.curve < b.curve AS lt, a.curve <= b.curve AS le,
	a.curve > b.curve AS gt, a.curve >= b.curve AS ge, sign(survival_curve_cmp(a.curve, b.curve)) AS cmp
FROM survival_type a, survival_type b WHERE a.id <= b.id ORDER BY 1, 2;
SELECT count(DISTINCT curve), count(DISTINCT survival_curve_hash(curve)), count(DISTINCT survival_curve_hash_extended(curve, 1)) FROM survival_type;
SELECT min(id), count(*) FROM survival_type GROUP BY curve ORDER BY 1;
CREATE UNIQUE INDEX survival_type_curve ON survival_type (curve) WHERE id < 3;
CREATE INDEX survival_type_hash ON survival_type USING hash (curve);

-- casts
SELECT curve::json ->> 'time', curve::jsonb -> 'events' -> 1 FROM survival_type WHERE id = 2;
SELECT row_to_json(t) FROM survival_type t WHERE id = 2;

-- rollup of stored curves
SELECT rollup(curve) FROM survival_type WHERE id = 2;
SELECT rollup(c) FROM (SELECT curve FROM survival_type WHERE id = 2 UNION ALL SELECT '{"time": [0.1,4], "events": [1,1], "censored": [1,0]}') s (c);

-- what is no curve
SELECT 'time'::survival_curve;
SELECT '[]'::survival_curve;
SELECT '7'::survival_curve;
SELECT '{}'::survival_curve;
SELECT '{"time": [1], "events": [1]}'::survival_curve;
SELECT '{"time": [1], "events": [1], "censored": [1], "lost": [1]}'::survival_curve;
SELECT '{"time": [1], "time": [1], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": 1, "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": [[1]], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": [{}], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": [], "events": [], "censored": []}'::survival_curve;
SELECT '{"time": [1,2], "events": [1], "censored": [1,1]}'::survival_curve;
SELECT '{"time": [1,2], "events": [1,1], "censored": [1,1], "entered": [1]}'::survival_curve;
SELECT '{"time": [1,2], "events": [1,1], "censored": [1,1], "entered": 1}'::survival_curve;
SELECT '{"time": [1,2], "events": [1,1], "censored": [1,1], "entered": [-1,0]}'::survival_curve;
SELECT '{"time": [1,2], "events": [1,1], "censored": [1,1], "entered": [3,0]}'::survival_curve;
SELECT '{"time": [-1], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": [1e400], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": ["1"], "events": [1], "censored": [1]}'::survival_curve;
SELECT '{"time": [2,1], "events": [1,1], "censored": [1,1]}'::survival_curve;
SELECT '{"time": [1,1.0], "events": [1,1], "censored": [1,1]}'::survival_curve;
SELECT '{"time": [1], "events": [1.5], "censored": [1]}'::survival_curve;
SELECT '{"time": [1], "events": [-1], "censored": [1]}'::survival_curve;
SELECT '{"time": [1], "events": [9223372036854775808], "censored": [1]}'::survival_curve;
SELECT '{"time": [1], "events": [0], "censored": [0]}'::survival_curve;
SELECT '{"time": [1], "events": [9223372036854775807], "censored": [1]}'::survival_curve;

DROP TABLE survival_type;
