-- Is the difference real? compare_retention, compare_funnels, share_difference.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS retention;
RESET client_min_messages;

-- Bounds as printed by Newcombe (1998, Table II, method 10, which has these eight)
-- and, the last two, by Fagerland, Lydersen and Laake (2015, two decimals) and the
-- package of their book (contingencytables, four).
CREATE TEMP TABLE printed (x1 int, n1 int, x2 int, n2 int, low numeric, high numeric);
INSERT INTO printed VALUES
	(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062), (5, 56, 0, 29, -0.0381, 0.1926),
	(0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775), (10, 10, 0, 20, 0.6791, 1.0000), (10, 10, 0, 10, 0.6075, 1.0000),
	(7, 34, 1, 34, 0.019, 0.34), (7, 34, 1, 34, 0.0189, 0.3404);
-- As many rows: group b is the first of the two, as share_difference is b - a.
CREATE FUNCTION pg_temp.rows_of(x1 bigint, n1 bigint, x2 bigint, n2 bigint) RETURNS TABLE (value boolean, b boolean)
LANGUAGE sql AS 'SELECT i <= x1, true FROM generate_series(1, n1) i UNION ALL SELECT i <= x2, false FROM generate_series(1, n2) i';
SELECT p.*, round(d.low::numeric, scale(p.low)) = p.low AND round(d.high::numeric, scale(p.high)) = p.high AS equal
FROM printed p, LATERAL (SELECT share_difference_low(value, b) AS low, share_difference_high(value, b) AS high FROM pg_temp.rows_of(x1, n1, x2, n2)) d;

-- R 4.2: prop.test(correct = FALSE) of both and, for the bounds, of each.
CREATE TEMP TABLE in_r (x1 int, n1 int, x2 int, n2 int, confidence float8, difference float8, low float8, high float8, p float8);
INSERT INTO in_r VALUES
	(56, 70, 48, 80, 0.95, 0.20000000000000007, 0.052431472402364926, 0.33387265403690586, 0.0080450813681965643),
	(9, 10, 3, 10, 0.95, 0.60000000000000009, 0.17052272393450307, 0.80901797353548799, 0.0061698993205441532),
	(6, 7, 2, 7, 0.95, 0.5714285714285714, 0.058227927482312314, 0.80624963752422774, 0.030753561259274559),
	(5, 56, 0, 29, 0.95, 0.089285714285714288, -0.038137147903536853, 0.19256001385511157, 0.097186568170579746),
	(0, 10, 0, 20, 0.95, 0, -0.1611251580528193, 0.27753279986288915, NULL),
	(10, 10, 0, 20, 0.95, 1, 0.67908603714191484, 1, 4.3204630578274968e-08),
	(10, 10, 0, 10, 0.95, 1, 0.60750935043052434, 1, 7.7442164310440858e-06),
	(56, 70, 48, 80, 0.90, 0.20000000000000007, 0.076564191544072138, 0.31364458358294378, 0.0080450813681965643),
	(56, 70, 48, 80, 0.99, 0.20000000000000007, 0.0053708692500785693, 0.37180843177577361, 0.0080450813681965643),
	(123, 4567, 98, 4321, 0.95, 0.0042524055048728839, -0.0022609109347571359, 0.010760430432511377, 0.19816117005997766);
SELECT count(*) AS cases, count(*) FILTER (WHERE abs(d - difference) > 1e-10) AS differences, count(*) FILTER (WHERE abs(l - low) > 1e-10) AS lows,
	count(*) FILTER (WHERE abs(h - high) > 1e-10) AS highs, count(*) FILTER (WHERE (p IS NULL) <> (q IS NULL) OR abs(q - p) > 1e-10 * p) AS probabilities
FROM in_r, LATERAL (SELECT share_difference(value, b) AS d, share_difference_p(value, b) AS q FROM pg_temp.rows_of(x1, n1, x2, n2)) x,
	LATERAL (SELECT share_difference_low(value, b, c) AS l, share_difference_high(value, b, c) AS h FROM (SELECT *, confidence AS c FROM pg_temp.rows_of(x1, n1, x2, n2)) r) y;

-- A difference, whichever way round; 0.95 is what is taken without a confidence.
SELECT share_difference(value, b), round(share_difference(value, NOT b)::numeric, 2) AS turned, share_difference_low(value, b) = -share_difference_high(value, NOT b) AS bounds,
	share_difference_low(value, b) = share_difference_low(value, b, 0.95) AS default_low, share_difference_high(value, b) = share_difference_high(value, b, 0.95) AS default_high,
	share_difference_p(value, b) = share_difference_p(value, NOT b) AS p
FROM pg_temp.rows_of(56, 70, 48, 80);
-- NULLs are skipped; nobody in a group, nothing: NULL
SELECT share_difference(v, b) AS difference, share_difference_low(v, b) < 0 AS low, share_difference_p(v, b) AS p FROM (VALUES (true, true), (false, true), (NULL, true), (true, NULL), (true, false), (false, false)) v (v, b);
SELECT share_difference(v, b), share_difference_low(v, b), share_difference_high(v, b), share_difference_p(v, b) FROM (VALUES (true, true), (false, true), (true, NULL)) v (v, b);
SELECT share_difference(true, true), share_difference_p(true, true) FROM generate_series(1, 0);
-- all of them, or none: the rates cannot differ
SELECT share_difference(true, i < 4) AS difference, share_difference_p(true, i < 4) AS p, share_difference_p(false, i < 4) AS none FROM generate_series(1, 9) i;
-- as frames move
SELECT i, round(share_difference(i % 3 = 0, i % 2 = 0) OVER w::numeric, 3) AS difference, round(share_difference_p(i % 3 = 0, i % 2 = 0) OVER w::numeric, 3) AS p
FROM generate_series(1, 8) i WINDOW w AS (ORDER BY i ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) ORDER BY i;
SELECT share_difference_low(true, false, NULL::float8);
SELECT share_difference_low(true, false, 95);
SELECT share_difference_high(true, false, 'NaN');
SELECT share_difference_high(true, i = 1, i / 10.0::float8) FROM generate_series(1, 2) i;
SELECT share_difference_final('\x00');

-- Matrices of so many customers, of whom so many are active, at ages 1 to 4.
CREATE FUNCTION pg_temp.matrix(n int[], x int[], amounts boolean DEFAULT false) RETURNS cohort_matrix LANGUAGE sql AS $$
	SELECT CASE WHEN amounts THEN cohort_matrix(i, day, 5, 'month') ELSE cohort_matrix(i, day, 'month') END
	FROM generate_series(1, n[1]) i, LATERAL (SELECT count(*) FILTER (WHERE i > of_age) AS late FROM unnest(n) of_age) c, generate_series(0, 4) k,
		LATERAL (SELECT (date '2024-01-15' + (late + k) * interval '1 month')::date AS day) d
	WHERE k = 0 OR (i <= x[k] AND i <= n[k])
$$;
CREATE TEMP TABLE two AS SELECT pg_temp.matrix('{80,70,60,40}', '{40,31,22,9}') AS a, pg_temp.matrix('{90,75,50,45}', '{60,30,25,4}', true) AS b;
SELECT age, a_customers, a_active, round(a_retention::numeric, 4) AS a, b_customers, b_active, round(b_retention::numeric, 4) AS b,
	round(difference::numeric, 4) AS difference, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(p_value::numeric, 4) AS p, round(p_adjusted::numeric, 4) AS adjusted
FROM two, compare_retention(a, b, '2024-06-01');
-- R: prop.test(correct = FALSE)$p.value, p.adjust(p, "holm")
SELECT bool_and(abs(p_value - p[age]) < 1e-10) AS p, bool_and(abs(p_adjusted - holm[age]) < 1e-10) AS holm
FROM two, compare_retention(a, b, '2024-06-01') c,
	(VALUES ('{0.027531893875629519,0.601409323572789423,0.159252193306785639,0.081822354080366463}'::float8[],
		'{0.11012757550251807,0.60140932357278942,0.31850438661357128,0.24546706224109938}'::float8[])) r (p, holm)
WHERE age > 0;
-- what is compared is the curve of each
SELECT bool_and((a_customers, a_active, a_retention) = (x.customers, x.active, x.retention) AND (b_customers, b_active, b_retention) = (y.customers, y.active, y.retention)) AS curves
FROM two, compare_retention(a, b, '2024-06-01') c JOIN LATERAL retention_curve(a, '2024-06-01') x USING (age) JOIN LATERAL retention_curve(b, '2024-06-01') y USING (age);
-- an age that one alone has; without as_of to where the data of each end
SELECT age, a_customers, b_customers, a_retention IS NULL AS none, difference IS NULL AS unknown FROM two, compare_retention(a, cohort_matrix('{"grain": "month", "zone": "", "last": "2024-03-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-02-01", "size": 2, "age": [0], "active": [2], "last_active": [2], "streak_end": [2], "orders": [2]}]}'), '2024-06-01') WHERE age > 2;
SELECT count(*) AS rows, max(a_customers + b_customers) AS most FROM two, compare_retention(a, b);
SELECT age, a_active, b_active, difference, p_value, p_adjusted FROM two, compare_retention(a, a, '2024-06-01');
SELECT count(*) AS rows FROM two, compare_retention(a, NULL, '2024-06-01');
-- with a start of its own age 0 is a rate like others
SELECT age, a_active, b_active, round(difference::numeric, 2) AS difference, round(p_value::numeric, 5) AS p, round(p_adjusted::numeric, 5) AS adjusted
FROM (SELECT cohort_matrix(i, date '2024-01-01', CASE WHEN value THEN date '2024-01-05' END, NULL, 'month') FILTER (WHERE b) AS a,
		cohort_matrix(i, date '2024-01-01', CASE WHEN value THEN date '2024-01-05' END, NULL, 'month') FILTER (WHERE NOT b) AS b
	FROM (SELECT row_number() OVER () AS i, * FROM pg_temp.rows_of(56, 70, 48, 80)) r) m, compare_retention(a, b, '2024-03-01');
-- zones may differ, each customer being cut in their own
SELECT count(*) AS rows FROM (SELECT cohort_matrix(1, timestamptz '2024-01-01 00:00+00', 'month at Europe/Paris') AS a, cohort_matrix(1, timestamptz '2024-01-01 00:00+00', 'month at Asia/Tokyo') AS b) m, compare_retention(a, b, '2024-02-01');

-- Several groups at one age. R: prop.test(c(40, 60, 30, 12), c(80, 90, 75, 40), correct = FALSE), and the smokers of its help, prop.test(c(83, 90, 129, 70), c(86, 93, 136, 82))
SELECT abs(chi_square - 19.396730030532837) < 1e-10 AS chi_square, degrees_of_freedom, abs(p_value - 0.00022632273025999046) < 1e-14 AS p_value
FROM compare_retention(ARRAY[pg_temp.matrix('{80}', '{40}'), pg_temp.matrix('{90}', '{60}'), NULL, pg_temp.matrix('{75}', '{30}'), pg_temp.matrix('{40}', '{12}')], 1, '2024-03-01');
SELECT abs(chi_square - 12.600411297127639) < 1e-10 AS chi_square, degrees_of_freedom, abs(p_value - 0.0055854766616270247) < 1e-13 AS p_value
FROM (SELECT array_agg(pg_temp.matrix(ARRAY[n], ARRAY[x])) AS all_of_them FROM unnest('{83,90,129,70}'::int[], '{86,93,136,82}'::int[]) u (x, n)) m, compare_retention(all_of_them, 1, as_of => '2024-03-01');
-- of two it is the other one
SELECT bool_and(abs(c.p_value - d.p_value) < 1e-12) AS same FROM two, compare_retention(a, b, '2024-06-01') c, compare_retention(ARRAY[a, b], c.age, '2024-06-01') d WHERE c.age > 0;
SELECT c.* FROM two, compare_retention(ARRAY[a, b], 0, '2024-06-01') c;
SELECT c.* FROM two, compare_retention(ARRAY[a, NULL], 1, '2024-06-01') c;
SELECT c.* FROM two, compare_retention(ARRAY[a, b], 99, '2024-06-01') c;
SELECT c.* FROM two, compare_retention(ARRAY[a, b], NULL, '2024-06-01') c;
SELECT c.* FROM compare_retention(NULL::cohort_matrix[], 1) c;
SELECT c.* FROM compare_retention('{}'::cohort_matrix[], 1) c;

-- What is not compared
CREATE TEMP TABLE kinds AS
SELECT cohort_matrix(1, date '2024-01-01', 'month') AS plain, cohort_matrix(1, date '2024-01-01', 'week') AS weekly, cohort_matrix(1, daterange('2024-01-01', NULL), 'month') AS levels,
	cohort_matrix(1, date '2024-01-01', date '2024-01-01', NULL, 'month') AS started, (SELECT recurring_matrix(t, 'month') FROM (SELECT timeline(date '2024-01-01') AS t) x) AS recurring;
SELECT count(*) FROM kinds, compare_retention(plain, weekly);
SELECT count(*) FROM kinds, compare_retention(plain, levels);
SELECT count(*) FROM kinds, compare_retention(started, plain);
SELECT count(*) FROM kinds, compare_retention(recurring, recurring);
SELECT count(*) FROM kinds, compare_retention(ARRAY[plain, recurring], 1);
SELECT count(*) FROM kinds, compare_retention(ARRAY[plain, weekly], 1);
SELECT count(*) FROM kinds, compare_retention(plain, plain, 'infinity');
SELECT count(*) FROM compare_retention(cohort_matrix('{"grain": "day", "zone": "", "last": "0001-01-01", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "0001-01-01", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}'), (SELECT cohort_matrix(1, date '2024-01-01', 'day')), '3000-01-01');

-- Funnels: 56 of 70 against 48 of 80 reach step 2.
CREATE TEMP TABLE pipes AS
SELECT funnel(i, at, step, '7 days') FILTER (WHERE b) AS a, funnel(i, at, step, '7 days') FILTER (WHERE NOT b) AS b, funnel(i, at, step, '30 days') AS longer, funnel(i, at, step, '7 days', 'strict order') AS strict
FROM (SELECT row_number() OVER () AS i, * FROM pg_temp.rows_of(56, 70, 48, 80)) r, LATERAL (VALUES (date '2024-01-01', 1), (CASE WHEN value THEN date '2024-01-02' END, 2), (CASE WHEN value AND b AND i < 4 THEN date '2024-01-03' END, 3)) s (at, step);
SELECT step, a_entered, a_customers, a_rate, b_entered, b_customers, b_rate, round(difference::numeric, 4) AS difference, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(p_value::numeric, 5) AS p, round(p_adjusted::numeric, 5) AS adjusted
FROM pipes, compare_funnels(a, b);
SELECT count(*) FROM pipes, compare_funnels(a, NULL);
SELECT count(*) FROM pipes, compare_funnels(a, longer);
SELECT count(*) FROM pipes, compare_funnels(strict, a);
