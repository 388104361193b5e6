-- How often a customer comes, and who is in a cell: readers of one timeline.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Orders on five days, two of them on January 31, and a refund alone.
CREATE TEMP TABLE who (name text, t timeline);
INSERT INTO who SELECT 'orders', timeline(at, amount) FROM (VALUES
	(date '2024-01-03', 10), ('2024-01-31', 5), ('2024-01-31', NULL), ('2024-02-01', 0), ('2024-02-10', -3), ('2024-03-31', 7), ('2024-04-01', 1)) v (at, amount);
INSERT INTO who SELECT 'level', timeline(during, amount) FROM (VALUES (daterange('2024-01-30', '2024-02-02'), 20), ('[2024-03-01,2024-03-08)', 0), ('[2024-04-10,)', 30)) v (during, amount);
INSERT INTO who SELECT 'once', timeline(date '2024-05-05');
INSERT INTO who SELECT 'refund', timeline(date '2024-05-05', -1);

-- Windows are half-open, and a NULL or infinite bound is none.
SELECT s AS since, u AS until, orders(t, s, u), active_days(t, s, u), active_periods(t, 'month', s, u) AS months, active_periods(t, 'week', s, u) AS weeks
FROM who, (VALUES (NULL::date, NULL::date), ('2024-01-31', NULL), (NULL, '2024-01-31'), ('2024-01-31', '2024-02-01'), ('2024-02-02', '2024-03-31'), ('-infinity', 'infinity'),
	('infinity', NULL), ('2024-04-01', '2024-01-01')) v (s, u) WHERE name = 'orders';
SELECT orders(t) AS orders, orders(t, until_day => '2024-02-01') AS named, active_days(t) AS days, active_periods(t, 'quarter starting february') AS quarters FROM who WHERE name = 'orders';
-- A level: three days from January 30 on, nothing in March, no end from April 10.
SELECT u AS until, active_days(t, s, u), active_periods(t, 'day', s, u) AS days, active_periods(t, 'month', s, u) AS months, active_periods(t, 'week', s, u) AS weeks
FROM who, (VALUES (NULL::date, NULL::date), (NULL, 'infinity'), (NULL, '2024-04-10'), ('2024-02-01', '2024-06-01'), ('2024-03-01', '2024-04-01'), (NULL, '2024-04-12')) v (s, u) WHERE name = 'level';
-- Every period with a day: as periods of the days themselves, for other grains.
SELECT g, active_periods(t, g) = (SELECT count(DISTINCT period_start(day, g)) FROM timeline_days(t) WHERE orders > 0) AS same
FROM who, unnest('{day,2 days,week starting sunday,month,quarter,year starting april,month at Europe/Paris}'::grain[]) g WHERE name = 'orders';
SELECT name, active_periods(t, 'month') AS months, usage_interval(t), lasting(t, '7 days') FROM who WHERE name IN ('once', 'refund') ORDER BY 1;

-- Days from one active day to the next: 28, 1, 59, 1; the median is 14.5.
SELECT usage_interval(t), (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM (
	SELECT day - lag(day) OVER (ORDER BY day) AS gap FROM timeline_days(t) WHERE orders > 0) x) AS same FROM who WHERE name = 'orders';
SELECT usage_interval(timeline(date '2024-01-01' + i * i)) AS odd FROM generate_series(0, 3) i;

-- An active day lasts: 1 however many days overlap, and those that meet join.
SELECT span, (SELECT string_agg(day || ' ' || amount, ', ' ORDER BY day) FROM timeline_days(lasting(t, span))) AS levels
FROM who, unnest('{1 day,28 days,1 month,29 days 24:00,2 months 1 day}'::interval[]) span WHERE name = 'orders';
SELECT lasting(t, '28 days') = (SELECT timeline(r) FROM (SELECT unnest(range_agg(daterange(day, day + 28))) AS r FROM timeline_days(t) WHERE orders > 0) x) AS of_ranges,
	lasting(timeline(timestamptz '2024-01-01 23:30', NULL, 'Asia/Tokyo'), '2 days') = timeline(tstzrange('2024-01-01 23:30', '2024-01-03 23:30'), NULL, 'Asia/Tokyo') AS zone
FROM who WHERE name = 'orders' GROUP BY t;
-- Who was active within the last seven days, on every day, by plain SQL.
CREATE TEMP TABLE visits AS SELECT c, date '2024-01-01' + (i * i * 7 + c * 11) % 60 AS day FROM generate_series(1, 20) c, generate_series(1, 1 + c % 7) i;
SELECT count(*) AS days, count(*) FILTER (WHERE closing_customers <> (SELECT count(DISTINCT c) FROM visits WHERE day > period - 7 AND day <= period)) AS differing, max(closing_customers) AS most
FROM movement_rows((SELECT customer_movements(lasting(t, '7 days'), 'day') FROM (SELECT timeline(day) AS t FROM visits GROUP BY c) x), '2024-03-15');

-- The customers of every cell are those that the matrix counts there: orders and
-- levels, by first activity and by a start, all kinds of grains.
CREATE TEMP TABLE people AS
SELECT c, timeline(day, CASE WHEN day < '2024-02-20' THEN 5 ELSE -1 END) AS t, date '2024-01-05' + c * 3 AS started_at, false AS levels FROM visits GROUP BY c
UNION ALL SELECT 100 + c, timeline(daterange(day, day + CASE WHEN c % 3 = 0 THEN NULL ELSE c + 3 END), c), date '2024-01-20' + c, true FROM visits WHERE day < '2024-02-05' GROUP BY c;
CREATE FUNCTION pg_temp.members(g grain, l boolean, started boolean, OUT cells boolean, OUT differing bigint, OUT sizes bigint) LANGUAGE sql AS $$
	WITH m AS (SELECT CASE WHEN started AND l THEN (SELECT cohort_matrix(c, x.started_at, CASE WHEN r.amount > 0 THEN daterange(r.day, r.until) END, r.amount, g)
				FROM people x LEFT JOIN LATERAL (SELECT day, lead(day) OVER (ORDER BY day) AS until, amount FROM timeline_days(t)) r ON true WHERE levels)
			WHEN started THEN (SELECT cohort_matrix(c, x.started_at, r.day, NULLIF(sign(r.orders), 1) - 1, g) FROM people x LEFT JOIN LATERAL timeline_days(t) r ON true WHERE NOT levels)
			ELSE (SELECT cohort_matrix(t, g) FROM people WHERE levels = l) END AS m)
	SELECT count(*) > 5, count(*) FILTER (WHERE active IS DISTINCT FROM n), (SELECT sum(cohort_size) FROM m, cohort_cells(m, '2024-06-01', 0)) - (SELECT count(*) FROM people WHERE levels = l AND cohort_of(t, g, CASE WHEN started THEN started_at END) IS NOT NULL)
	FROM (SELECT x.*, (SELECT count(*) FROM people WHERE levels = l AND cohort_of(t, g, CASE WHEN started THEN started_at END) = cohort
		AND active_at_age(t, g, age, CASE WHEN started THEN started_at END)) AS n FROM m, cohort_cells(m, '2024-06-01') x) y $$;
SELECT g, l AS levels, s AS started, r.* FROM unnest('{week,month,quarter starting february,10 days since start,month since start by week,"days 0,1,7,30 since start by month","weeks 0,1,4"}'::grain[]) WITH ORDINALITY g (g, o),
	(VALUES (false), (true)) l (l), (VALUES (false), (true)) s (s), LATERAL pg_temp.members(g, l, s) r ORDER BY o, l, s;
-- Nobody, and ages there are not.
SELECT cohort_of(t, 'month') AS cohort, active_at_age(t, 'month', 0) AS active, cohort_of(t, 'month', '2024-01-15') AS started, active_at_age(t, 'month', 0, '2024-01-15') AS idle FROM who WHERE name = 'refund';
SELECT age, active_at_age(t, 'months 0,1,2', age) FROM who, unnest('{-1,0,1,2,NULL}'::int[]) age WHERE name = 'orders';
SELECT cohort_of(NULL, 'month') IS NULL AND cohort_of(t, NULL) IS NULL AND active_at_age(NULL, 'month', 0) IS NULL AND active_at_age(t, NULL, 0) IS NULL AND orders(NULL) IS NULL AND active_days(NULL, '2024-01-01') IS NULL
	AND active_periods(NULL, 'month') IS NULL AND active_periods(t, NULL) IS NULL AND usage_interval(NULL) IS NULL AND lasting(t, NULL) IS NULL AS nulls FROM who WHERE name = 'orders';

-- Refusals.
CREATE FUNCTION pg_temp.refused(call text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT ' || call || ' FROM (SELECT a.t, b.t AS l, (SELECT timeline(timestamptz ''2024-01-01'', NULL, ''Asia/Tokyo'')) AS z FROM who a, who b WHERE a.name = ''orders'' AND b.name = ''level'') x';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\pset format unaligned
SELECT call, r.* FROM (VALUES
	(1, $$orders(l, '2024-01-01')$$), (2, $$usage_interval(l)$$), (3, $$lasting(l, '1 day')$$),
	(4, $$lasting(t, '0 days')$$), (5, $$lasting(t, '-1 month')$$), (6, $$lasting(t, '1 month -1 day')$$), (7, $$lasting(t, '36 hours')$$), (8, $$lasting(t, '6000000 years')$$), (9, $$lasting(t, '2147483647 days')$$),
	(10, $$active_periods(t, 'month since start')$$), (11, $$active_periods(t, 'days 0,1,3')$$), (12, $$active_periods(z, 'month at Europe/Paris')$$),
	(13, $$cohort_of(t, '24 hours since start')$$), (14, $$cohort_of(z, 'month at Europe/Paris')$$), (15, $$cohort_of(t, 'month', 'infinity')$$),
	(16, $$active_at_age(l, 'month', 1, '-infinity')$$), (17, $$active_at_age(t, 'month', 1, 'infinity')$$)
	) v (n, call), pg_temp.refused(call) r ORDER BY n;
\pset format aligned
