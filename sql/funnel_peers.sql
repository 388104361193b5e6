-- What PostHog's tests of funnels ask (posthog/hogql_queries/insights/funnels/test:
-- test_funnel.py, conversion_time_cases.py, test_funnel_strict.py,
-- test_funnel_time_to_convert.py, test_funnel_trends.py): their events and the
-- numbers they expect, asked of the functions alone.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;

CREATE TEMP TABLE peer_events (question text, person text, event text, at timestamptz);
-- 'person: event@time, ...' a line each; without times one second apart
CREATE FUNCTION pg_temp.add_events(question text, lines text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO peer_events
	SELECT question, split_part(line, ':', 1), trim(split_part(e, '@', 1)),
		CASE WHEN e LIKE '%@%' THEN trim(split_part(e, '@', 2))::timestamptz ELSE timestamptz '2024-01-01' + n * interval '1 second' END
	FROM regexp_split_to_table(lines, '\n') line, regexp_split_to_table(substr(line, strpos(line, ':') + 1), ',') WITH ORDINALITY x (e, n)
	WHERE line <> '' $$;
CREATE FUNCTION pg_temp.steps(f funnel) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(customers::text, ' ' ORDER BY step) FROM funnel_steps(f) $$;
CREATE FUNCTION pg_temp.means(f funnel) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(round(mean_time * 86400)::text, ' ' ORDER BY step) FROM funnel_steps(f) WHERE step > 1 AND mean_time IS NOT NULL $$;

-- the same step twice: each row is one of them
SELECT pg_temp.add_events('twice', E'two: signup, signup\none: signup');
SELECT pg_temp.steps(funnel(person, at, ARRAY[event = 'signup', event = 'signup'], '14 days', 'one row one step')) AS "2 1"
FROM peer_events WHERE question = 'twice';
SELECT pg_temp.add_events('views', E's: signup\nv1: signup, view\nv2: signup, view, blah, view\nv3: signup, view, blah, view, view, blah\nv4: signup, view, view, view, view');
SELECT pg_temp.steps(funnel(person, at, ARRAY[event = 'signup', event = 'view', event = 'view', event = 'view', event = 'view'], '14 days', 'one row one step')) AS "5 4 3 2 1"
FROM peer_events WHERE question = 'views';
-- any event, three times
SELECT pg_temp.add_events('any', E'a: signup\nb: signup, movie\nc: signup, movie\nd: movie\ne: movie, signup, movie');
SELECT pg_temp.steps(funnel(person, at, ARRAY[true, true, true], '14 days', 'one row one step')) AS "5 3 1"
FROM peer_events WHERE question = 'any';
-- ten steps of four events, all at one instant
SELECT pg_temp.steps(funnel(1, timestamptz '2024-01-10 12:01', ARRAY[e = 'A', e = 'B', e = 'B', e = 'C', e = 'C', e = 'D', e = 'B', e = 'C', e = 'D', e = 'A'], '14 days', 'one row one step')) AS "1 1 1 1 1 1 1 1 1 1"
FROM regexp_split_to_table('A B B C C D B C D A', ' ') e;
-- properties of a step of its own; the second step skipped
SELECT pg_temp.steps(funnel(1, date '2020-06-10' + n, ARRAY[n = 1, n = 2 AND x = 'a', n = 2 AND x = 'c'], '14 days')) AS "1 1 0" FROM (VALUES (1, NULL), (2, 'a')) v (n, x);

-- a step that nobody has is asked for all the same
SELECT pg_temp.steps(funnel('user' || i, at, ARRAY[n = 1, n = 2, n = 3], '7 days')) AS "25 10 0"
FROM generate_series(0, 24) i, generate_series(1, 2) n, LATERAL (SELECT CASE WHEN n = 1 THEN timestamptz '2021-05-01' WHEN i < 10 THEN '2021-05-02' ELSE '2021-05-10' END) t (at);
SELECT string_agg(customers::text, ' ' ORDER BY step) AS "25 10 0"
FROM funnel_steps((SELECT funnel('user' || i, at, n, '7 days') FROM generate_series(0, 24) i, generate_series(1, 2) n, LATERAL (SELECT CASE WHEN n = 1 THEN timestamptz '2021-05-01' WHEN i < 10 THEN '2021-05-02' ELSE '2021-05-10' END) t (at)), 3);

-- average times, and the edge of the window
SELECT pg_temp.add_events('edge', E's1: signup@2020-01-02 14:00+00, view@2020-01-02 14:05+00\ns2: signup@2020-01-02 14:03+00\ns3: signup@2020-01-02 12:00+00, view@2020-01-02 12:15+00');
SELECT pg_temp.steps(f) || ', ' || pg_temp.means(f) AS "3 2, 600", pg_temp.steps(g) || ', ' || pg_temp.means(g) AS "3 1, 300"
FROM (SELECT funnel(person, at, ARRAY[event = 'signup', event = 'view'], '14 days') AS f, funnel(person, at, ARRAY[event = 'signup', event = 'view'], '5 minutes') AS g FROM peer_events WHERE question = 'edge') x;
SELECT pg_temp.add_events('times', E'person1: sign up@2020-01-01 12:00+00, play@2020-01-01 13:00+00, buy@2020-01-01 15:00+00
person2: sign up@2020-01-02 14:00+00, play@2020-01-02 16:00+00\nperson3: sign up@2020-01-02 14:00+00, play@2020-01-02 16:00+00, buy@2020-01-02 17:00+00');
SELECT pg_temp.means(f) AS "6000 5400", (step_time(f, 2) * 86400)::int || ' ' || (step_time(f, 3) * 86400)::int AS "7200 5400",
	-- 3 and 3 hours
	(step_time(f, 3, from_step => 1) * 24)::int AS "3"
FROM (SELECT funnel(person, at, array_position('{sign up,play,buy}'::text[], event), '7 days') AS f FROM peer_events WHERE question = 'times') x;
-- later, unfinished tries do not matter
SELECT pg_temp.add_events('tries', 'person1: signup@2021-05-01 01:00+00, view@2021-05-01 02:00+00, else@2021-05-01 03:00+00, signup@2021-05-03 04:00+00, view@2021-05-03 05:00+00, signup@2021-05-04 07:00+00, view@2021-05-04 10:00+00');
SELECT split_part(pg_temp.steps(f), ' ', 1) || ' ' || split_part(pg_temp.means(f), ' ', 1) || ' ' || (step_time(f, 2) * 86400)::int AS "1 3600 3600"
FROM (SELECT funnel(person, at, array_position('{signup,view,else}'::text[], event), '1 day') AS f FROM peer_events WHERE question = 'tries') x;
-- histogram of the time to convert
SELECT pg_temp.add_events('bins', E'a: one@2021-06-08 18:00+00, two@2021-06-08 19:00+00, three@2021-06-08 21:00+00\nb: one@2021-06-09 13:00+00, two@2021-06-09 13:37+00\nc: one@2021-06-11 07:00+00, two@2021-06-12 06:00+00');
SELECT (SELECT string_agg(round(from_time * 86400) || ':' || customers, ' ' ORDER BY bin) FROM step_times(f, 2, bins => 3)) || ', ' || split_part(pg_temp.means(f), ' ', 1) AS "2220:2 42510:0 82800:1, 29540"
FROM (SELECT funnel(person, at, array_position('{one,two,three}'::text[], event), '7 days') AS f FROM peer_events WHERE question = 'bins') x;

-- strict: events that are no step break the chain
SELECT pg_temp.add_events('strict', E'p1: signup\np2: view, signup\np3: signup, view, blah, insight\np4: insight, blah, view, signup\np5: view, signup, blah, view, insight\np6: blah, signup, blah, view\np7: blah, signup, view, insight, blah\np8: insight, view');
SELECT pg_temp.steps(funnel(person, at, array_position('{signup,view,insight}'::text[], event), '14 days', 'strict order')) AS "7 2 1",
	pg_temp.steps(funnel(person, at, ARRAY[event = 'signup', event = 'view', event = 'insight'], '14 days', 'strict order')) AS "7 2 1"
FROM peer_events WHERE question = 'strict';
SELECT pg_temp.add_events('strict times', E'p1: signup@2021-05-02 00:00+00\np2: signup@2021-05-02 00:00+00, view@2021-05-02 01:00+00\np3: signup@2021-05-02 00:00+00, view@2021-05-02 02:00+00, insight@2021-05-02 04:00+00');
SELECT pg_temp.steps(f) || ', ' || pg_temp.means(f) AS "3 2 1, 5400 7200"
FROM (SELECT funnel(person, at, array_position('{signup,view,insight}'::text[], event), '14 days', 'strict order') AS f FROM peer_events WHERE question = 'strict times') x;

-- exclusions: three spellings; the one after the window does not matter
SELECT pg_temp.add_events('excluded', E'person1: signup@2021-05-01 01:00+00, paid@2021-05-01 02:00+00\nperson2: signup@2021-05-01 03:00+00, x@2021-05-01 03:30+00, paid@2021-05-01 04:00+00\nperson3: signup@2021-05-01 05:00+00, x@2021-05-01 06:00+00\nperson4: signup@2021-05-01 07:00+00, x@2021-05-02 08:00+00');
SELECT pg_temp.steps(funnel(person, at, ARRAY[event = 'signup', event = 'paid', event = 'x'], '1 day', 'exclude 3')) AS "2 1",
	pg_temp.steps(funnel(person, at, ARRAY[event = 'signup', event = 'paid', event = 'x'], '1 day', 'exclude 3 after 1')) AS "2 1",
	pg_temp.steps(funnel(person, at, array_position('{x,signup,paid}'::text[], event) - 1, '1 day')) AS "2 1",
	pg_temp.steps(funnel(person, at, CASE event WHEN 'signup' THEN 1 WHEN 'paid' THEN 2 ELSE -1 END, '1 day')) AS "2 1"
FROM peer_events WHERE question = 'excluded';
SELECT string_agg(person || ' ' || level, ', ' ORDER BY person) AS "person1 2, person2 0, person3 0, person4 1"
FROM (SELECT person, window_funnel(interval '1 day', at, 'exclude 3', event = 'signup', event = 'paid', event = 'x') AS level FROM peer_events WHERE question = 'excluded' GROUP BY 1) x;
-- who has one start without an exclusion stays
SELECT pg_temp.add_events('start', E'u: one@2021-05-01 00:00:00+00, x@2021-05-01 00:00:01+00, one@2021-05-01 00:00:31+00\nv: one@2021-05-01 00:00:00+00, one@2021-05-01 00:00:31+00, x@2021-05-01 00:00:32+00\nw: one@2021-05-01 00:00:00+00, one@2021-05-01 00:00:01+00, x@2021-05-01 00:00:02+00');
SELECT string_agg(person, ' ' ORDER BY person) FILTER (WHERE level > 0) AS "u v"
FROM (SELECT person, window_funnel(interval '10 seconds', at, 'exclude 3', event = 'one', event = 'two', event = 'x') AS level FROM peer_events WHERE question = 'start' GROUP BY 1) x;

-- conversion over time: by the day of the first step, each customer once a day
SELECT pg_temp.add_events('sample', E'user1: one@2021-05-01 00:00+00, two@2021-05-03 00:00+00, three@2021-05-05 00:00+00\nuser2: one@2021-05-02 00:00+00, two@2021-05-04 00:00+00\nuser3: one@2021-05-06 00:00+00
user4: none@2021-05-06 00:00+00\nuser5: one@2021-05-01 01:00+00, two@2021-05-01 02:00+00, three@2021-05-01 03:00+00\nuser6: one@2021-05-01 00:00+00, two@2021-05-03 00:00+00, three@2021-05-05 00:00+00\nuser7: one@2021-05-02 00:00+00, two@2021-05-04 00:00+00');
CREATE FUNCTION pg_temp.trend(f funnel, as_of date) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(shown, ' ' ORDER BY period)
	FROM (SELECT period, min(customers) FILTER (WHERE step = 1) || '/' || min(customers) FILTER (WHERE step = 3) AS shown FROM funnel_trend(f, as_of, 3) GROUP BY period) x $$;
SELECT pg_temp.trend(funnel(person, at, array_position('{one,two,three}'::text[], event), '7 days', 'default', 'day'), '2021-05-08') AS "3/3 2/0 0/0 0/0 0/0 1/0 0/0",
	pg_temp.trend(funnel(person, at, array_position('{one,two,three}'::text[], event), '1 day', 'default', 'day'), '2021-05-08') AS "3/1 2/0 0/0 0/0 0/0 1/0 0/0"
FROM peer_events WHERE question = 'sample';
-- one customer in several periods
SELECT pg_temp.add_events('several', E'user1: one@2021-05-01 01:00+00, two@2021-05-01 02:00+00, three@2021-05-01 03:00+00, one@2021-05-03 01:00+00, two@2021-05-03 02:00+00, one@2021-05-04 11:00+00, two@2021-05-04 12:00+00, three@2021-05-04 13:00+00\nuser2: one@2021-05-04 18:00+00');
SELECT pg_temp.trend(funnel(person, at, array_position('{one,two,three}'::text[], event), '1 day', 'default', 'day'), NULL) AS "1/1 0/0 1/0 2/1"
FROM peer_events WHERE question = 'several';

-- ClickHouse: strict order with allow_reentry ignores later steps that come too
-- early, and events that are no step still end the chain (its reference and
-- AggregateFunctionWindowFunnel.cpp)
SELECT s, window_funnel(86400, n, 'strict order', l = 'a', l = 'b', l = 'c') AS strict, window_funnel(86400, n, 'strict order, allow reentry', l = 'a', l = 'b', l = 'c') AS reentry,
	window_funnel(86400, n, 'allow reentry', l = 'a', l = 'b', l = 'c') AS alone
FROM unnest('{acb,acbc,axbc,aabcc,acxbc,cabc}'::text[]) WITH ORDINALITY s (s, o), regexp_split_to_table(s, '') WITH ORDINALITY AS t (l, n)
GROUP BY s, o ORDER BY o;
