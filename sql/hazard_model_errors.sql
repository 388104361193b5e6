-- hazard_model: what is refused.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE few AS SELECT i::float8 AS days, i % 2 = 0 AS churned, i % 3 AS x FROM generate_series(1, 12) i;

-- durations
SELECT hazard_model(-1, true, '{"x": 1}');
SELECT hazard_model('NaN', true, '{"x": 1}');
SELECT hazard_model('infinity', true, '{"x": 1}');
SELECT hazard_model(5, true, '{"x": 1, "since": 5}', '{"entered": "since"}');
SELECT hazard_model(5, true, '{"x": 1, "since": 7.5}', '{"entered": "since"}');

-- covariates
SELECT hazard_model(1, true, '[1]');
SELECT hazard_model(1, true, '{"x": [1]}');
SELECT hazard_model(1, true, '{"x": {"y": 1}}');
SELECT hazard_model(1, true, '{}');
SELECT hazard_model(1, true, '{"w": 1}', '{"weight": "w"}');
SELECT hazard_model(days, churned, CASE WHEN x = 0 THEN '{"x": 1}' ELSE '{"x": "1"}' END::jsonb) FROM few;
SELECT hazard_model(days, churned, CASE WHEN x = 0 THEN '{"x": 1}' ELSE '{"x": 1, "y": 2}' END::jsonb) FROM few;
SELECT hazard_model(days, churned, CASE WHEN x = 0 THEN '{"x": 1}' ELSE '{"y": 2}' END::jsonb) FROM few;
SELECT hazard_model(days, churned, CASE WHEN x = 1 THEN '{"x": 1, "y": 2}' ELSE '{"x": 2}' END::jsonb) FROM few;
SELECT hazard_model(i, true, jsonb_build_object('x', 'text ' || i)) FROM generate_series(1, 201) i;
SELECT status FROM model_fit((SELECT hazard_model(i % 400, true, jsonb_build_object('x', 'text ' || i % 200)) FROM generate_series(1, 2000) i));
SELECT hazard_model(1, true, (SELECT jsonb_object_agg('key ' || i, 1) FROM generate_series(1, 1001) i));
SELECT hazard_model(i, true, (SELECT jsonb_object_agg('key ' || k, (i + k) % 200 || '') FROM generate_series(1, 6) k)) FROM generate_series(1, 1300) i;

-- options
SELECT hazard_model(1, true, '{"x": 1}', NULL);
SELECT hazard_model(1, true, '{"x": 1}', '[]');
SELECT hazard_model(1, true, '{"x": 1}', '{"start": "x"}');
SELECT hazard_model(1, true, '{"x": 1}', '{"strata": 1}');
SELECT hazard_model(1, true, '{"x": 1}', '{"strata": ""}');
SELECT hazard_model(1, true, '{"x": 1}', '{"strata": "plan"}');
SELECT hazard_model(1, true, '{"x": 1, "y": 1}', '{"strata": "x", "weight": "x"}');
SELECT hazard_model(days, churned, '{"x": 1, "y": 1}', CASE WHEN x = 0 THEN '{"strata": "x"}' ELSE '{"strata": "y"}' END::jsonb) FROM few;
SELECT hazard_model(1, true, '{"x": 1, "w": "2"}', '{"weight": "w"}');
SELECT hazard_model(1, true, '{"x": 1, "w": -1}', '{"weight": "w"}');
SELECT hazard_model(1, true, '{"x": 1, "w": 1.5}', '{"weight": "w"}');
SELECT hazard_model(1, true, '{"x": 1, "w": 1e16}', '{"weight": "w"}');
SELECT hazard_model(days, churned, jsonb_build_object('x', x, 'w', 9007199254740992), '{"weight": "w"}') FROM few;
SELECT hazard_model(1, true, '{"x": 1, "e": true}', '{"entered": "e"}');
SELECT hazard_model(i, true, jsonb_build_object('x', i % 2, 's', i), '{"strata": "s"}') FROM generate_series(1, 10001) i;
SELECT hazard_model(i, true, jsonb_build_object('x', i % 2, 's', i || ''), '{"strata": "s"}') FROM generate_series(1, 10001) i;

-- nothing to fit
SELECT hazard_model(days, false, jsonb_build_object('x', x)) FROM few;
SELECT hazard_model(days, true, '{"x": null}') FROM few;
SELECT hazard_model(days, true, '{"x": 1, "w": 0}', '{"weight": "w"}') FROM few;

-- readers
CREATE TABLE m AS SELECT hazard_model(days, churned, jsonb_build_object('x', x, 's', 'all'), '{"strata": "s"}') AS m FROM few;
SELECT * FROM m, hazard_ratios(m, 0);
SELECT * FROM m, proportional_hazards_test(m, 'square');
SELECT relative_risk(m, '{"y": 1}') FROM m;
SELECT relative_risk(m, '{"x": "1"}') FROM m;
SELECT relative_risk(m, '7') FROM m;
SELECT survival(m, '{"x": 1}', 1) FROM m;
SELECT survival(m, '{"x": 1, "s": "all"}', -1) FROM m;
SELECT survival(m, '{"x": 1, "s": "all"}', 'NaN') FROM m;
DROP TABLE few, m;
