-- What the funnel functions refuse, with every detail and hint.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;
\set VERBOSITY default

-- Customers and times
SELECT funnel('{}'::json, date '2024-01-01', 1, '1 day');
SELECT funnel(1, '2024-01-01', 1, '1 day');
SELECT funnel(1, 20240101, 1, '1 day');
SELECT funnel(1, daterange('2024-01-01', '2024-02-01'), 1, '1 day');
SELECT funnel(1, date 'infinity', 1, '1 day');
SELECT funnel(1, timestamp '-infinity', 1, '1 day');
SELECT funnel(1, timestamptz 'infinity', 1, '1 day');
SELECT funnel(1, date '5874897-12-31', 1, '1 day');

-- Steps
SELECT funnel(1, date '2024-01-01', 100001, '1 day');
SELECT funnel(1, date '2024-01-01', -100000, '1 day');
SELECT funnel(1, date '2024-01-01', 4294967297, '1 day');
SELECT funnel(1, date '2024-01-01', '{1,100001}'::bigint[], '1 day');
SELECT funnel(1, date '2024-01-01', '{{1,2},{3,4}}'::int[], '1 day');
SELECT funnel(1, date '2024-01-01', '{{t,f},{t,t}}'::boolean[], '1 day');
SELECT funnel(1, date '2024-01-01', 1.5, '1 day');
SELECT funnel(1, date '2024-01-01', true, '1 day');
SELECT funnel(1, date '2024-01-01', '{a}'::text[], '1 day');
SELECT funnel(1, date '2024-01-01', 'first', '1 day');
SELECT funnel(1, date '2024-01-01', array_fill(true, ARRAY[100001]), '1 day');
SELECT window_funnel(1, 1, 'default', VARIADIC array_fill(true, ARRAY[100001]));
-- a row that meets several steps and counts for one of them
SELECT funnel(1, date '2024-01-01', ARRAY[1, 63], '1 day', 'one row one step');
SELECT funnel(1, date '2024-01-01', ARRAY[1, 62], '1 day', 'one row one step') IS NOT NULL AS last_of_a_set;
-- -K forbids between two steps, which have no order here
SELECT funnel(1, date '2024-01-01', -2, '1 day', 'any order');
-- nobody met a step, and nobody could
SELECT funnel(1, date '2024-01-01', 0, '1 day') AS exclusion, funnel(1, date '2024-01-01', -3, '1 day') AS other, funnel(1, date '2024-01-01', '{}'::int[], '1 day') AS none,
	funnel(1, date '2024-01-01', '{f,f}'::boolean[], '1 day') AS of_two;
SELECT (SELECT count(*) FROM funnel_steps(f)) AS last FROM (SELECT funnel(1, date '2024-01-01', 100000, '1 day') AS f) x;

-- Windows
SELECT funnel(1, date '2024-01-01', 1, NULL);
SELECT funnel(1, date '2024-01-01', 1, '-1 day');
SELECT funnel(1, date '2024-01-01', 1, '1 month -1 day');
SELECT funnel(1, date '2024-01-01', 1, 'a while');
SELECT funnel(c, date '2024-01-01', 1, w) FROM (VALUES (1, interval '24 hours'), (2, interval '1 day')) v (c, w);
SELECT funnel(c, date '2024-01-01', 1, w) FROM (VALUES (1, interval '1 day'), (2, NULL)) v (c, w);
SELECT w, funnel(c, date '2024-01-01', 1, w) FROM (VALUES (1, interval '24 hours'), (2, interval '48 hours')) v (c, w) GROUP BY w ORDER BY w;
-- a window past the last timestamp is one without end
SELECT conversion_rate(funnel(1, at, step, '178000000 years'), 2) FROM (VALUES (timestamptz '2024-01-01', 1), ('294276-12-31 23:59:59.999999', 2)) v (at, step);
SELECT conversion_rate(funnel(1, at, step, '2147483647 days'), 2) FROM (VALUES (timestamptz '2024-01-01', 1), ('294276-12-31', 2)) v (at, step);
-- a time that 64 bits of microseconds do not hold
SELECT funnel(1, at, step, '178000000 years') FROM (VALUES (timestamp '4714-11-24 BC', 1), ('294276-12-31', 2)) v (at, step);

-- Modes
SELECT funnel(1, date '2024-01-01', 1, '1 day', NULL);
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'strict_order');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'strict order,');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'deduplicated, strict order, deduplicated');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default, strict order');
SELECT funnel(c, date '2024-01-01', 1, '1 day', m) FROM (VALUES (1, 'strict order'), (2, 'default')) v (c, m);
SELECT funnel(c, date '2024-01-01', 1, '1 day', m) FROM (VALUES (1, 'exclude 3'), (2, 'exclude 3 after 1')) v (c, m);
-- words that contradict each other, and numbers out of range
CREATE FUNCTION pg_temp.mode_refused(mode text, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM funnel(1, date '2024-01-01', 1, '1 day', mode), window_funnel(1, 1, mode, true);
	detail := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT mode, r.* FROM unnest(ARRAY['any order, strict order', 'deduplicated, any order', 'any order, optional 2', 'exclude 3 after 1, any order', 'optional 3, exclude 3', 'exclude 3 after 2, optional 3',
	'exclude 3, exclude 3 after 1', 'exclude 3, exclude 3', 'optional 2, optional 2', 'optional 1', 'optional 0', 'optional 65', 'optional', 'optional x', 'optional -2', 'optional 2 3',
	'exclude 0', 'exclude 100001', 'exclude 3 after 0', 'exclude 3 after 100000', 'exclude 3 after', 'exclude 3 past 1', 'exclude 3 after 1 2', 'exclude', 'exclude 99999999', 'any  order', 'allow reentry, allow reentry',
	'exclude 1, exclude 2, exclude 3, exclude 4, exclude 5, exclude 6, exclude 7, exclude 8, exclude 9',
	'any order, strictly increasing, one row one step, allow reentry, exclude 9', 'strict order, allow reentry, deduplicated, optional 2, optional 64, exclude 1, exclude 3 after 1, exclude 3 after 2']) mode,
	pg_temp.mode_refused(mode) r;
-- one spelling or another
SELECT f::json ->> 'mode' AS mode
FROM (SELECT n, funnel(1, date '2024-01-01', 1, '1 day', m) AS f
	FROM unnest(ARRAY['', ' ', 'default', ' Default ', 'one row  one step,STRICT ORDER', E'deduplicated\n,\tstrictly increasing', 'exclude 07  AFTER 2, exclude 3,Optional 4 , allow reentry,optional  02']) WITH ORDINALITY t (m, n) GROUP BY n) x
ORDER BY n;

-- Grains
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', NULL);
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'month since start');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'days 0,7,30');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'fortnight');
SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', g) FROM unnest('{month,week}'::grain[]) g;

-- Readers
SELECT count(*) FROM funnel_steps((SELECT funnel(1, date '2024-01-01', 1, '1 day')), -1);
SELECT count(*) FROM funnel_steps((SELECT funnel(1, date '2024-01-01', 1, '1 day')), 100001);
SELECT count(*) FROM funnel_trend((SELECT funnel(1, date '2024-01-01', 1, '1 day')));
SELECT count(*) FROM funnel_trend((SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'day')), 'infinity');
SELECT count(*) FROM funnel_trend((SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'day')), '5874897-12-31', 10);
SELECT count(*) FROM funnel_trend((SELECT funnel(1, date '2024-01-01', 1, '1 day', 'default', 'day')), NULL, -1);
SELECT count(*) FROM step_times((SELECT funnel(1, date '2024-01-01', 1, '1 day')), 2, 1, 0);
SELECT count(*) FROM step_times((SELECT funnel(1, date '2024-01-01', 1, '1 day')), 2, bins => 10001);
SELECT count(*) FROM step_times((SELECT funnel(1, date '2024-01-01', 1, '1 day')), 2, bins => NULL);
SELECT step_time(funnel(1, date '2024-01-01', 1, '1 day'), 2, -0.1);
SELECT step_time(funnel(1, date '2024-01-01', 1, '1 day'), 2, 1.5);
SELECT step_time(funnel(1, date '2024-01-01', 1, '1 day'), 2, 'NaN');

-- Rollup of what is not alike
CREATE TEMP TABLE funnel_unlike (n, f) AS
SELECT 1, funnel(1, date '2024-01-01', 1, '1 day') UNION ALL
SELECT 2, funnel(1, date '2024-01-01', 1, '24 hours') UNION ALL
SELECT 3, funnel(1, date '2024-01-01', 1, '1 day', 'strict order') UNION ALL
SELECT 4, funnel(1, timestamptz '2024-01-01', 1, '1 day') UNION ALL
SELECT 5, funnel(1, date '2024-01-01', 1, '1 day', 'default', 'week') UNION ALL
SELECT 6, funnel(1, date '2024-01-01', 1, '1 day', 'optional 2') UNION ALL
SELECT 7, funnel(1, date '2024-01-01', 1, '1 day', 'exclude 2');
SELECT rollup(f) FROM funnel_unlike WHERE n IN (1, 2);
SELECT rollup(f ORDER BY n) FROM funnel_unlike WHERE n IN (1, 3);
SELECT rollup(f ORDER BY n) FROM funnel_unlike WHERE n IN (1, 4);
SELECT rollup(f ORDER BY n) FROM funnel_unlike WHERE n IN (1, 5);
SELECT rollup(f ORDER BY n) FROM funnel_unlike WHERE n IN (6, 7);
SELECT rollup(f) FROM (VALUES
	('{"within": "P1D", "mode": "", "zone": "", "steps": [{"customers": 9223372036854775807}]}'::funnel),
	('{"within": "P1D", "mode": "", "zone": "", "steps": [{"customers": 1}]}')) v (f);

-- window_funnel: a window that goes with the time
SELECT window_funnel(60, timestamptz '2024-01-01', 'default', true);
SELECT window_funnel(interval '1 minute', 5, 'default', true);
SELECT window_funnel(1.5, 5, 'default', true);
SELECT window_funnel(60, '2024-01-01', 'default', true);
SELECT window_funnel(60, 1.5, 'default', true);
SELECT window_funnel(-1, 5, 'default', true);
SELECT window_funnel('-1 second', date '2024-01-01', 'default', true);
SELECT window_funnel('soon', date '2024-01-01', 'default', true);
SELECT window_funnel('soon', 5, 'default', true);
SELECT window_funnel(NULL, 5, 'default', true);
SELECT window_funnel(60, 5, NULL, true);
SELECT window_funnel(60, 5, 'strict', true);
SELECT window_funnel(60, date 'infinity', 'default', true);
SELECT window_funnel(w, at, 'default', true) FROM (VALUES (1, 1), (2, 2)) v (w, at);
SELECT window_funnel(1, at, m, true) FROM (VALUES ('default', 1), ('strict order', 2)) v (m, at);
SELECT window_funnel(1, 1, 'default', VARIADIC '{{t,f},{f,t}}'::boolean[]);
SELECT retention(VARIADIC '{{t,f},{f,t}}'::boolean[]);
