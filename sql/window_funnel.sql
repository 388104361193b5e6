-- The functions of one customer that analysts know from ClickHouse and Doris:
-- window_funnel and retention.  Random strings against a brute force, and
-- workers, are in test/t/070_funnel.pl.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

-- V25: events k at time k
SELECT window_funnel(2, k, 'default', k = 3, k = 4, k = 5, k = 6, k = 7) AS within_2,
	window_funnel(3, k, 'default', k = 3, k = 4, k = 5, k = 6, k = 7) AS within_3,
	window_funnel(4, k, 'default', k = 3, k = 4, k = 5, k = 6, k = 7) AS within_4,
	window_funnel(10000, k, 'default', k = 0, k = 1, k = 2, k = 8) AS four,
	window_funnel(10000, k, 'default', k = 8, k = 1) AS backwards
FROM generate_series(0, 8) k;
SELECT window_funnel(4, k, 'default', k <= 7, k >= 2, k <= 6, k >= 4) AS overlapping FROM generate_series(1, 8) k;

-- V26: strings of letters, x meets nothing
SELECT s, window_funnel(86400, n, 'default', l = 'a', l = 'b', l = 'c') AS "default",
	window_funnel(86400, n, 'strict order', l = 'a', l = 'b', l = 'c') AS strict_order
FROM unnest('{abc,axbc,aabbcc,aaaabbcc,aabbxcc,ccbbaa}'::text[]) WITH ORDINALITY s (s, o), regexp_split_to_table(s, '') WITH ORDINALITY AS t (l, n)
GROUP BY s, o ORDER BY o;

-- V27: step 5 twice
SELECT window_funnel(10000, at, 'default', VARIADIC ARRAY(SELECT step = i FROM generate_series(0, 6) i)) AS "default",
	window_funnel(10000, at, 'deduplicated', VARIADIC ARRAY(SELECT step = i FROM generate_series(0, 6) i)) AS deduplicated
FROM (VALUES (0, 0), (10, 1), (20, 2), (30, 3), (40, 4), (50, 5), (51, 5), (60, 6)) v (at, step);

-- V29: ties, and one row for several steps
CREATE TEMP TABLE window_funnel_ties (at, s) AS VALUES (0, 0), (1, 1), (1, 2), (1, 3), (2, 4);
SELECT window_funnel(10000, at, 'default', s = 0, s = 1, s = 2, s = 3, s = 4) AS "default",
	window_funnel(10000, at, 'strictly increasing', s = 0, s = 1, s = 2, s = 3, s = 4) AS increasing,
	window_funnel(10000, at, 'default', s = 4, s = 4, s = 4) AS thrice,
	window_funnel(10000, at, 'one row one step', s = 4, s = 4, s = 4) AS one_step,
	window_funnel(10000, at, 'strictly increasing', s = 4, s = 4, s = 4) AS thrice_increasing
FROM window_funnel_ties;

-- V46: payment ten minutes after the login misses the window of five
SELECT window_funnel(interval '300 seconds', at, 'default', event = 'login', event = 'visit', event = 'order', event = 'payment')
FROM (VALUES (timestamp '2022-05-14 10:01', 'login'), ('2022-05-14 10:02', 'visit'), ('2022-05-14 10:04', 'order'), ('2022-05-14 10:10', 'payment')) v (at, event);

-- V48: conditions that are NULL are not met
SELECT u, window_funnel(86400, at, 'default', a = 'a1', a = 'a2') AS aa, window_funnel(86400, at, 'default', a = 'a1', b = 'b2') AS ab
FROM (VALUES (1, 1, 'a1', 'b1'), (1, 2, 'a2', 'b2'), (2, 1, 'a1', NULL), (2, 2, 'a2', NULL), (3, 1, NULL, NULL)) v (u, at, a, b)
GROUP BY u ORDER BY u;

-- Where others stop at the first thing that does not fit, the search goes on:
-- the second a begins anew, and the furthest chain counts.
SELECT s, window_funnel(9, n, 'strict order', l = 'a', l = 'b', l = 'c', l = 'd') AS strict_order,
	window_funnel(9, n, 'deduplicated', l = 'a', l = 'b', l = 'c', l = 'd') AS deduplicated,
	window_funnel(9, n, 'strict order, deduplicated', l = 'a', l = 'b', l = 'c', l = 'd') AS both
FROM unnest('{axabc,abbabcd,abcbd,acb,abac,abdc}'::text[]) WITH ORDINALITY s (s, o), regexp_split_to_table(s, '') WITH ORDINALITY AS t (l, n)
GROUP BY s, o ORDER BY o;
-- strictly increasing: a at 1 goes with b at 2, though there is an a at 2, too
SELECT window_funnel(9, at, 'strictly increasing', s = 1, s = 2) FROM (VALUES (1, 1), (2, 1), (2, 2)) v (at, s);
-- one row one step: three rows of one instant, given to three steps
SELECT window_funnel(0, 5, 'one row one step', VARIADIC met) AS matched
FROM (VALUES ('{t,f,t}'::boolean[]), ('{f,t,f}'), ('{t,f,f}')) v (met);
-- however many rows meet a step at one instant, deduplicated too: of the rows of
-- step 1 any is followed by one of the many of step 2, which ends the chain; or
-- by the only ones of 2 to 5, of which that of 5 is that of 6, too
SELECT window_funnel(0, 5, 'one row one step, deduplicated', n % 5 < 3, n % 5 = 1, n % 5 > 1, n % 5 = 3) AS many,
	window_funnel(0, 5, 'one row one step, deduplicated', true, n = 1, n = 2, n = 3, n = 4, n = 4, n = 6) AS only
FROM generate_series(1, 300000) n;

-- Times of any type with their windows; days of dates may be integers
SELECT window_funnel(interval '2 days', d, 'default', n = 1, n = 2, n = 3) AS date, window_funnel(2, d, 'default', n = 1, n = 2, n = 3) AS date_days,
	window_funnel('2 days', d, 'default', n = 1, n = 2, n = 3) AS date_literal,
	window_funnel(interval '2 days', d::timestamp, 'default', n = 1, n = 2, n = 3) AS timestamp,
	window_funnel(interval '2 days', d::timestamptz, 'default', n = 1, n = 2, n = 3) AS timestamptz,
	window_funnel(2::smallint, n::smallint, 'default', n = 1, n = 2, n = 3) AS smallint,
	window_funnel('2', n, 'default', n = 1, n = 2, n = 3) AS literal,
	window_funnel(2, n + 9223372036854775804, 'default', n = 1, n = 2, n = 3) AS bigint,
	window_funnel(9223372036854775807, n - 9223372036854775807, 'default', n = 1, n = 2, n = 3) AS far
FROM (SELECT n, date '2024-01-01' + n AS d FROM generate_series(1, 3) n) x;
-- a domain is looked through
CREATE DOMAIN window_funnel_day AS date;
SELECT window_funnel(1, d::window_funnel_day, 'default', n = 1, n = 2) FROM (VALUES (date '2024-01-01', 1), ('2024-01-02', 2)) v (d, n);

-- Any number of steps: past 100 arguments an array
SELECT window_funnel(1000, n, 'default', VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 500) i)) FROM generate_series(1, 499) n;
-- arrays of different lengths and NULLs
SELECT window_funnel(9, at, 'default', VARIADIC met) FROM (VALUES (1, '{t}'::boolean[]), (2, '{f,t}'), (3, '{NULL,NULL,t}'), (4, NULL), (5, '{}')) v (at, met);

-- No rows, no time, no match
SELECT window_funnel(1, at, 'default', true) AS no_rows FROM generate_series(1, 0) at;
SELECT window_funnel(1, NULL::int, 'default', true) AS no_time, window_funnel(1, NULL, 'default', true) AS untyped, window_funnel(1, 1, 'default', false) AS no_match,
	window_funnel(1, 1, 'strict order', false) AS none_strict;
SELECT window_funnel(1, at, 'default', at = 1, at = 2) FILTER (WHERE at <> 1) AS filtered FROM generate_series(1, 2) at;

-- As a window function the state is read again and goes on
SELECT at, window_funnel(9, at, 'strict order', s = 1, s = 2, s = 3) OVER (ORDER BY at) AS so_far
FROM (VALUES (1, 2), (2, 1), (3, 2), (4, 0), (5, 3), (6, 1), (7, 2), (8, 3)) v (at, s) ORDER BY at;

-- V1: on which of three days was a customer there, who was on the first
SELECT uid, retention(d = '2020-01-01', d = '2020-01-02', d = '2020-01-03')
FROM (SELECT date '2020-01-01' + (n - 1) AS d, uid FROM generate_series(1, 3) n, generate_series(0, 5 * n - 1) uid) x
GROUP BY uid ORDER BY uid;
-- V4
SELECT retention(a, b, c) FROM (VALUES (true, false, false), (false, true, false), (false, false, false)) v (a, b, c);
-- no order of time, NULL is not met, nothing without the first
SELECT retention(a, b) AS any_order, retention(b, NULL, a) AS with_null, retention(false, a, b) AS not_first
FROM (VALUES (NULL, true), (true, NULL)) v (a, b);
SELECT retention(VARIADIC met) AS lengths FROM (VALUES ('{t}'::boolean[]), ('{f,f,t}'), (NULL), ('{f,t}'), ('{}')) v (met);
SELECT retention(true) AS no_rows FROM generate_series(1, 0);
SELECT retention(VARIADIC '{}'::boolean[]) AS empty, retention(VARIADIC NULL::boolean[]) AS none;
SELECT n, retention(n = 2, n = 3, n = 1) OVER (ORDER BY n) FROM generate_series(1, 3) n;

-- Conditions as an array: NULL is false; past 100 arguments there is ARRAY[...]
SELECT conditions(1 < 2, NULL, 2 < 1, NULL::boolean) AS three, conditions(NULL) AS one, conditions(VARIADIC ARRAY[true, NULL]) AS array, conditions(VARIADIC NULL::boolean[]) AS null;
CREATE DOMAIN window_funnel_flag AS boolean;
SELECT conditions(true::window_funnel_flag, false) AS domain, array_ndims(conditions(false)) AS dimensions, conditions(true, false) = ARRAY[true, false] AS equal;
SELECT conditions(true, 1);
SELECT conditions('true');
SELECT conditions(VARIADIC ARRAY[1]);
-- a row's own array, many rows at once, from one call
SELECT array_agg(conditions(n = 1, n = 2, n > 2) ORDER BY n) AS rows FROM generate_series(1, 4) n;
SELECT window_funnel(9, n, 'default', VARIADIC conditions(n = 1, n = 2, n = 5)) FROM generate_series(1, 4) n;
