-- Pictures for psql: cohort_text and retention_curve_text.
SET timezone = 'UTC';
SET datestyle = 'German, DMY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

CREATE TEMP TABLE samples (name text, matrix cohort_matrix);
INSERT INTO samples VALUES
-- 12 customers in January (10 again in February, 5, 2, none), nobody in
-- February, 5 in March of whom 4 come again
('triangle', '{"grain": "month", "zone": "Europe/Paris", "last": "2024-05-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 12, "age": [0,1,2,3], "active": [12,8,5,2], "last_active": [4,3,3,2], "streak_end": [4,3,3,2], "orders": [12,8,5,2]}, {"cohort": "2024-03-01", "size": 5, "age": [0,1], "active": [5,4], "last_active": [1,4], "streak_end": [1,4], "orders": [5,4]}]}'),
('recurring', '{"grain": "week at UTC", "zone": "UTC", "last": "2020-06-08", "money": false, "started": false, "recurring": true, "levels": false, "cohorts": [{"cohort": "2020-06-01", "size": 200, "age": [0,1], "active": [200,1], "last_active": [199,1], "streak_end": [199,1]}, {"cohort": "2020-06-08", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1]}]}');

-- a row for each cohort, the open period marked; 8 of 12 are 67 percent
SELECT cohort_text(matrix) FROM samples WHERE name = 'triangle';
-- with all periods over
SELECT cohort_text(matrix, '2024-06-01') FROM samples WHERE name = 'triangle';
SELECT cohort_text(matrix, as_of => '2024-01-01') FROM samples WHERE name = 'triangle';
SELECT cohort_text(matrix) FROM samples WHERE name = 'recurring';
SELECT cohort_text(NULL);
SELECT cohort_text(matrix, 'infinity') FROM samples WHERE name = 'triangle';

-- pooled over the complete cohorts: 17 of 17, 12 of 17, 5 of 12 (nobody of
-- March is complete at age 2), 2 of 12
SELECT retention_curve_text(matrix) FROM samples WHERE name = 'triangle';
SELECT retention_curve_text(matrix, '2024-01-31') FROM samples WHERE name = 'triangle';
SELECT retention_curve_text(matrix) FROM samples WHERE name = 'recurring';
SELECT retention_curve_text(NULL);
SELECT retention_curve_text(matrix, '-infinity') FROM samples WHERE name = 'triangle';

-- a long one: the latest 40 of 100 cohorts and 15 of 100 ages, 120 columns
CREATE TEMP TABLE long AS SELECT
	'{"grain": "day", "zone": "", "last": "2024-04-09", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 9000000000, "age": [0], "active": [9000000000], "last_active": [9000000000], "streak_end": [9000000000], "orders": [9000000000]}, {"cohort": "2024-04-08", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}'::cohort_matrix AS matrix;
SELECT count(*) AS lines, max(length(line)) <= 120 AS fits FROM long, cohort_text(matrix) line;
SELECT line FROM (SELECT row_number() OVER () AS n, line FROM long, cohort_text(matrix) line) x
WHERE n IN (1, 2, 3) OR n >= 41 ORDER BY n;
SELECT count(*) AS lines, max(length(line)) <= 120 AS fits FROM long, retention_curve_text(matrix) line;
SELECT line FROM (SELECT row_number() OVER () AS n, line FROM long, retention_curve_text(matrix) line) x
WHERE n >= 42 ORDER BY n;
