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

-- movements: 1 and 2 are new in January, 2 is gone in February, 1 gives less, and
-- comes back after March; the last month is not over
CREATE TEMP TABLE moves AS SELECT customer_movements(c, d, a, 'month') AS m, customer_movements(c, d, 'month') AS n
FROM (VALUES (1, date '2024-01-05', 40.4), (2, '2024-01-20', 60), (1, '2024-02-03', 30), (1, '2024-04-04', 0.3)) v (c, d, a);
SELECT movements_text(m) FROM moves;
SELECT movements_text(m, '2024-05-01') FROM moves;
SELECT movements_text(n, '2024-03-01') FROM moves;
SELECT movements_text(m, '2024-01-01') FROM moves;
SELECT movements_text(NULL);
-- numbers too wide for their columns stay apart; cents do not round to -0
SELECT movements_text('{"grain": "month", "zone": "", "last": "2024-02-01", "money": true, "levels": true, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [20000000000,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,12345678901], "first_customers": [20000000000,0], "new_revenue": [90000000000000000,0], "reactivated_revenue": [0,0], "expansion_revenue": [0.4,0], "contraction_revenue": [-0.4,0], "churned_revenue": [0,-80000000000000000], "positive_change": [90000000000000000,-80000000000000000], "kept_change": [0,-80000000000000000], "lost_change": [0,-80000000000000000]}', '2024-03-01');
-- the latest 36 of 60
SELECT count(*) AS lines, max(length(line)) <= 120 AS fits, max(line) FILTER (WHERE line ~ 'earlier') AS last, min(line) FILTER (WHERE line ~ '^20') ~ '^2022-01-01 ' AS from_2022
FROM movements_text((SELECT customer_movements(1, d::date, 5, 'month') FROM generate_series(timestamp '2020-01-01', '2024-12-01', '1 month') d), '2025-01-01') line;

-- A zone in the grain has no part in local times: the title names it with instants
-- only, and with instants that of the session.
SELECT cohort_text(cohort_matrix(1, date '2024-01-01', 'month at Europe/Paris'), '2024-02-01') LIMIT 1;
SELECT cohort_text(cohort_matrix(1, timestamptz '2024-01-01', 'month at Europe/Paris'), '2024-02-01') LIMIT 1;
SELECT cohort_text(cohort_matrix(1, timestamptz '2024-01-01', 'month'), '2024-02-01') LIMIT 1;
SELECT retention_curve_text(cohort_matrix(1, timestamp '2024-01-01', '30 days since start at Asia/Tokyo'), '2024-02-01') LIMIT 1;
SELECT movements_text(customer_movements(1, date '2024-01-01', 'month at Europe/Paris'), '2024-02-01') LIMIT 1;
SELECT movements_text(customer_movements(1, timestamptz '2024-01-01', 5, 'month', 12), '2024-02-01') LIMIT 1;

-- At 80 columns nothing is wider, and at 120 nothing is lost: all kinds, large
-- numbers, long names; in ASCII where the client can read nothing else.
CREATE TEMP TABLE movements_funnel AS SELECT funnel(1, date '2024-01-01' + n, n, '1 year 6 months', 'strict order, strictly increasing') AS f FROM generate_series(1, 50) n;
CREATE TEMP VIEW wide AS
SELECT w, kind, line
FROM (VALUES (80), (81), (100), (120), (1000)) v (w),
	LATERAL (
		SELECT 'cohort' AS kind, line FROM samples, cohort_text(matrix, width => w) line
		UNION ALL SELECT 'long cohort', line FROM long, cohort_text(matrix, width => w) line
		UNION ALL SELECT 'zone', line FROM (SELECT cohort_matrix(1, timestamptz '2024-01-01', '30 days since start by quarter at America/Argentina/Buenos_Aires') AS z) z, cohort_text(z, '2024-02-01', w) line
		UNION ALL SELECT 'curve', line FROM samples, retention_curve_text(matrix, width => w) line
		UNION ALL SELECT 'long curve', line FROM long, retention_curve_text(matrix, width => w) line
		UNION ALL SELECT 'movements', line FROM moves, movements_text(m, width => w) line
		UNION ALL SELECT 'movements without money', line FROM moves, movements_text(n, width => w) line
		UNION ALL SELECT 'funnel', line FROM movements_funnel, funnel_text(f, w) line
		UNION ALL SELECT 'survival', line FROM (SELECT survival_curve(n, n % 3 = 0) AS c FROM generate_series(1, 19) n) s, survival_text(c, w) line
		UNION ALL SELECT 'many times', line FROM (SELECT survival_curve(n * n, n % 3 = 0) AS c FROM generate_series(1, 1900) n) s, survival_text(c, w) line
		UNION ALL SELECT 'journey', line FROM (SELECT journey(1, date '2024-01-01' + n, repeat(chr(64 + n), n * 3), '9 days') AS j FROM generate_series(1, 20) n) j, journey_text(j, NULL, w) line) l;
SELECT w, max(length(line)) <= w AS fits, count(*) FILTER (WHERE line = '') AS empty FROM wide GROUP BY w ORDER BY w;
-- the longest line of each kind uses the room
SELECT kind, max(length(line)) FILTER (WHERE w = 80) AS at_80, max(length(line)) FILTER (WHERE w = 120) AS at_120 FROM wide GROUP BY kind ORDER BY kind;
SELECT cohort_text(matrix, '2024-06-01', 80, true) FROM samples WHERE name = 'triangle';
SELECT retention_curve_text(matrix, '2024-06-01', 80, true) FROM samples WHERE name = 'triangle';
SELECT movements_text(m, '2024-05-01', 80, true) FROM moves;
SELECT movements_text(n, '2024-05-01', 80, true) FROM moves;
-- rounded where there is no room
SELECT movements_text('{"grain": "month", "zone": "", "last": "2024-02-01", "money": true, "levels": true, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [20000000000,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,12345678901], "first_customers": [20000000000,0], "new_revenue": [90000000000000000,0], "reactivated_revenue": [0,0], "expansion_revenue": [0.4,0], "contraction_revenue": [-0.4,0], "churned_revenue": [0,-80000000000000000], "positive_change": [90000000000000000,-80000000000000000], "kept_change": [0,-80000000000000000], "lost_change": [0,-80000000000000000]}', '2024-03-01', 80);
SET client_encoding = 'LATIN1';
SELECT bool_and(line ~ '^[ -~]*$') AS ascii FROM wide;
SET client_encoding = 'WIN1252';
SELECT bool_and(line ~ '^[ -~]*$') AS ascii FROM wide;
RESET client_encoding;
SELECT cohort_text(matrix, width => 79) FROM samples;
SELECT cohort_text(matrix, width => 1001) FROM samples;
SELECT bool_and(length(line) <= 120) FROM samples, cohort_text(matrix, NULL, NULL, NULL) line;
