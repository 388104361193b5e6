-- What PostHog's retention and stickiness queries answer, each by one call of an
-- aggregate over the events or by a reader of timelines: events and expected counts
-- as in its tests (posthog/hogql_queries/insights/test/test_retention_query_runner.py,
-- insights/stickiness/test), transcribed.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

CREATE TEMP TABLE ev (person text, event text, at timestamptz, revenue numeric);
-- the day so many days after June 10, 2020
CREATE FUNCTION pg_temp.d(day int, hour int DEFAULT 5) RETURNS timestamptz
	LANGUAGE sql RETURN timestamptz '2020-06-10 00:00+00' + day * interval '1 day' + hour * interval '1 hour';
-- counts of n cohorts, the first cell being the cohort's size; absent cells are 0
CREATE FUNCTION pg_temp.tri(m cohort_matrix, first date, n int, later boolean DEFAULT false) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(CASE WHEN a = 0 THEN cohort_size WHEN later THEN active_or_later ELSE active END, 0)::text, ' ' ORDER BY a)
	FROM generate_series(0, n - 1) i CROSS JOIN LATERAL generate_series(0, n - 1 - i) a
	LEFT JOIN cohort_cells(m, first + n) c ON c.cohort = first + i AND c.age = a GROUP BY i ORDER BY i $$;

INSERT INTO ev SELECT p, 'pageview', pg_temp.d(x, h) FROM (VALUES
	('person1', '{0,1,2,5}'::int[], 5), ('person1', '{5}', 9), ('person1', '{6}', 5), ('person2', '{1,2,3,6}', 5)) v (p, days, h), unnest(days) x;
-- A return takes two events a day.
SELECT pg_temp.tri(recurring_matrix(person, at, at, NULL, 'day', 2), '2020-06-10', 11) AS two_a_day FROM ev;
-- A property of the event that starts, then of the one that returns.
SELECT pg_temp.tri(recurring_matrix(person, CASE WHEN person = 'person1' AND at = pg_temp.d(0) THEN at END, at, NULL, 'day'), '2020-06-10', 11) AS start_property FROM ev;
SELECT pg_temp.tri(recurring_matrix(person, at, CASE WHEN person = 'person1' AND at = pg_temp.d(1) THEN at END, NULL, 'day'), '2020-06-10', 11) AS return_property FROM ev;

-- By the hour: so many hours after the first as so many days.
TRUNCATE ev;
INSERT INTO ev SELECT p, 'pageview', pg_temp.d(0, h) FROM (VALUES ('person1', '{6,7,8,10,11,14}'::int[]), ('person2', '{6,7,8,11,12,16}')) v (p, hours), unnest(hours) h;
SELECT pg_temp.tri(recurring_matrix(person, date '2000-01-01' + (extract(epoch FROM at - timestamptz '2020-06-10 06:00+00') / 3600)::int, 'day'), '2000-01-01', 11) AS hours FROM ev;

-- On or later, three events a day at least.
TRUNCATE ev;
INSERT INTO ev SELECT p, 'e', pg_temp.d(x) FROM (VALUES ('person1', '{0,3,4,4,4}'::int[]), ('person2', '{0,1}'), ('person3', '{1,2,3,3,3}'), ('person4', '{3,4}'), ('person5', '{4}')) v (p, days), unnest(days) x;
SELECT pg_temp.tri(recurring_matrix(person, at, at, NULL, 'day', 3), '2020-06-11', 5, true) AS three_a_day_or_later FROM ev;

-- Start and return are different events.
TRUNCATE ev;
INSERT INTO ev SELECT p, e, pg_temp.d(x) FROM (VALUES ('some', 'person1', '{0,1,2,3}'::int[]), ('some', 'person2', '{0,1,2,3}'), ('some', 'person3', '{5}'), ('pageview', 'person1', '{5,6}'), ('pageview', 'person2', '{5}')) v (e, p, days), unnest(days) x;
SELECT pg_temp.tri(recurring_matrix(person, CASE event WHEN 'some' THEN at END, CASE event WHEN 'pageview' THEN at END, NULL, 'day'), '2020-06-10', 7) AS other_events FROM ev;

-- Revenue per active customer, several events of a day summed first.
TRUNCATE ev;
INSERT INTO ev SELECT p, 'e', pg_temp.d(x, h), r FROM (VALUES ('user1', 0, 5, 10), ('user1', 1, 5, 20), ('user1', 1, 6, 30), ('user1', 2, 5, 40), ('user1', 2, 6, 50), ('user1', 2, 7, 60),
	('user2', 0, 5, 100), ('user2', 1, 5, 200), ('user2', 2, 5, 300)) v (p, x, h, r);
SELECT cohort, array_agg(trim_scale(revenue / active) ORDER BY age) AS average FROM cohort_cells((SELECT recurring_matrix(person, at, revenue, 'day') FROM ev), '2020-06-13') GROUP BY 1 ORDER BY 1;

-- Stickiness: on how many days, weeks, months are people active?
TRUNCATE ev;
INSERT INTO ev SELECT p, 'view', make_timestamptz(2020, 1, x, 12, 0, 0, 'UTC') FROM (SELECT 'p1' AS p, generate_series(11, 19) AS x UNION ALL SELECT 'p2', generate_series(11, 19, 2)) s;
SELECT active_days(t, '2020-01-11', '2020-01-21') AS days, active_periods(t, 'week starting sunday', '2020-01-11', '2020-01-21') AS weeks, active_periods(t, 'month', '2020-01-11', '2020-01-21') AS months
FROM (SELECT person, timeline(at) AS t FROM ev GROUP BY person) x ORDER BY person;
