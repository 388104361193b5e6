-- sequence_match and sequence_count: patterns among the rows of one customer.
-- Random strings against a brute force, and workers, are in test/t/071_sequence.pl.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

-- The cases of ClickHouse's tests (0_stateless/00222): twelve events, condition k
-- is data = k - 1; a row shows only where something else comes out.
CREATE TEMP TABLE sequence_events AS
SELECT t - 1 AS t, data FROM unnest('{0,0,0,0,1,2,0,0,0,0,1,1}'::int[]) WITH ORDINALITY x (data, t);
CREATE TEMP TABLE sequence_cases (pattern text, found boolean, count bigint);
INSERT INTO sequence_cases VALUES
	('', true, 12), ('.', true, 12), ('.*', true, 12),
	('(?1)', true, 8), ('(?2)', true, 3), ('(?3)', true, 1), ('(?4)', false, 0),
	('(?1)(?1)', true, 4), ('(?1)(?1)(?1)', true, 2), ('(?1)(?1)(?1)(?1)', true, 2), ('(?1)(?1)(?1)(?1)(?1)', false, 0),
	('(?1)(?1)(?1)(?1)(?2)', true, 2),
	('(?1)(?t>10)(?2)', true, 1), ('(?1)(?t>11)(?2)', false, 0), ('(?1)(?t<11)(?2)', true, 2),
	('(?1)(?t<3)(?3)', true, 1), ('(?1)(?t<=2)(?3)', true, 1), ('(?1)(?t<2)(?3)', false, 0),
	('(?2)(?t>=7)(?2)', true, 1), ('(?2)(?t>7)(?2)', false, 0), ('(?2)(?3)(?1)', true, 1);
SELECT pattern, c.found, s.found AS ours, c.count, s.count AS our_count
FROM sequence_cases c CROSS JOIN LATERAL (
	SELECT sequence_match(pattern, t, data = 0, data = 1, data = 2, data = 3) AS found, sequence_count(pattern, t, data = 0, data = 1, data = 2, data = 3) AS count
	FROM sequence_events) s
WHERE (c.found, c.count) IS DISTINCT FROM (s.found, s.count);
SELECT sequence_match('(?1)(?t==2)(?2)', t, data = 1, data = 2) AS two, sequence_match('(?1)(?t==1)(?2)', t, data = 1, data = 2) AS one,
	sequence_count('(?1)(?t==2)(?2)', t, data = 1, data = 2) AS count_two, sequence_count('(?1)(?t=1)(?2)', t, data = 1, data = 2) AS count_one
FROM sequence_events;

-- 00823: a million events between the steps
SELECT sequence_match('(?1).*(?2).*(?3)', i, i = 0, i BETWEEN 1 AND 999999, i = 1000000) AS abc,
	sequence_match('(?1).*(?2).*(?3)', i, i = 0, i BETWEEN 1 AND 999999, i = 0) AS aba,
	sequence_match('(?1).*(?2).*(?3).*(?4)', i, i = 0, i BETWEEN 1 AND 999999, i BETWEEN 1 AND 999999, i = 1000000) AS abbc,
	sequence_match('(?1).*(?2).*(?3)', i, i = 1000000, i BETWEEN 1 AND 999999, i = 0) AS cba
FROM generate_series(0, 1000000) i;

-- duckdb-behavioral: view, cart, buy; the furthest step with no other in between
CREATE TEMP TABLE sequence_visits (u int, at timestamp, e text);
INSERT INTO sequence_visits VALUES (1, '2024-01-01 00:00', 'view'), (1, '2024-01-01 00:05', 'cart'), (1, '2024-01-01 00:10', 'buy'),
	(2, '2024-01-01 00:00', 'view'), (2, '2024-01-01 00:05', 'view'), (3, '2024-01-01 00:00', 'view'), (3, '2024-01-01 00:05', 'buy');
SELECT u, sequence_match('(?1)(?2)(?3)', at, e = 'view', e = 'cart', e = 'buy') AS in_direct_succession,
	sequence_match('(?1).*(?3)', at, e = 'view', e = 'cart', e = 'buy') AS anything_between,
	window_funnel(interval '1 hour', at, 'strict order', e = 'view', e = 'cart', e = 'buy') AS strict_order
FROM sequence_visits GROUP BY u ORDER BY u;

-- seconds for timestamps, days for dates, the unit of integers
SELECT n, sequence_match(format('(?1)(?t<=%s)(?2)', n), at, e = 'view', e = 'buy') AS timestamp,
	sequence_match(format('(?1)(?t<=%s)(?2)', n), at AT TIME ZONE 'Asia/Tokyo', e = 'view', e = 'buy') AS timestamptz,
	sequence_match(format('(?1)(?t<=%s)(?2)', n), date '2024-01-01' + extract(minute FROM at)::int, e = 'view', e = 'buy') AS date,
	sequence_match(format('(?1)(?t<=%s)(?2)', n), extract(minute FROM at)::smallint, e = 'view', e = 'buy') AS smallint,
	sequence_match(format('(?1)(?t<=%s)(?2)', n), extract(minute FROM at)::bigint, e = 'view', e = 'buy') AS bigint
FROM sequence_visits, unnest('{9,10,599,600}'::int[]) n WHERE u = 1 GROUP BY n ORDER BY n;
-- parts of a second count: 0.9 s are at most 1, and not at least 1
SELECT sequence_match('(?1)(?t<=1)(?2)', at, n = 1, n = 2) AS at_most, sequence_match('(?1)(?t>=1)(?2)', at, n = 1, n = 2) AS at_least, sequence_match('(?1)(?t==1)(?2)', at, n = 1, n = 2) AS exactly
FROM (VALUES (timestamp '2024-01-01 00:00:00.1', 1), ('2024-01-01 00:00:01', 2)) v (at, n);
-- the longest times there are, and longer ones
SELECT sequence_match('(?1)(?t==18446744073709551615)(?2)', at, n = 1, n = 2) AS exactly, sequence_match('(?1)(?t<18446744073709551615)(?2)', at, n = 1, n = 2) AS less,
	sequence_match('(?1)(?t<=99999999999999999999999)(?2)', at, n = 1, n = 2) AS longer
FROM (VALUES (-9223372036854775808, 1), (9223372036854775807, 2)) v (at, n);
SELECT sequence_match('(?1)(?t<=99999999999999999999999)(?2)', at, n = 1, n = 2) AS timestamps
FROM (VALUES (timestamp '4713-01-01 BC', 1), ('294276-12-31', 2)) v (at, n);

-- After ".*" a time counts from the row that comes next, as it does in
-- ClickHouse: the pattern says less than it seems to.
SELECT sequence_match('(?1)(?t<=1)(?2)', t, t = 0, t = 9) AS within_one, sequence_match('(?1).*(?t<=1)(?2)', t, t = 0, t = 9) AS anywhere
FROM generate_series(0, 9) t WHERE t IN (0, 1, 4, 9);

-- Rows that meet no condition at all are left out; "." is any other.
SELECT sequence_match('(?1)(?2)', t, t = 0, t = 2) AS left_out, sequence_match('(?1)(?2)', t, t = 0, t = 2, t = 1) AS between,
	sequence_match('(?1).(?2)', t, t = 0, t = 2, t = 1) AS any_row, sequence_match('(?1).(?2)', t, t = 0, t = 2) AS none
FROM generate_series(0, 2) t;
-- At one instant rows of lower conditions come first, rows of the pattern's before others.
SELECT sequence_match('(?1)(?2)(?3)', 5, n = 3, n = 2, n = 1) AS in_order, sequence_match('(?2)(?1)', 5, n = 3, n = 2, n = 1) AS not_in_order,
	sequence_match('(?1)(?2).', 5, n = 3, n = 2, n = 1) AS others_last, sequence_match('(?1)(?t==0)(?2)', 5, n = 3, n = 2) AS no_time_between,
	sequence_match('(?2)(?t>0)(?1)', 5, n = 3, n = 2) AS some_time
FROM generate_series(1, 3) n;

-- What counts is what is found one after the other, as short as it can be.
SELECT s, sequence_count('(?1)(?1)', n, l = 'a', l = 'b') AS aa, sequence_count('(?1).*(?2)', n, l = 'a', l = 'b') AS ab, sequence_count('(?1).*', n, l = 'a', l = 'b') AS a,
	sequence_count('(?1).(?2)', n, l = 'a', l = 'b') AS a_b, sequence_count('(?1)(?t>=2)(?2)', n, l = 'a', l = 'b') AS a_two_b, sequence_count('(?2)(?t<=1)', n, l = 'a', l = 'b') AS b_end
FROM unnest('{aaaa,abab,aabb,baab,b}'::text[]) WITH ORDINALITY s (s, o), regexp_split_to_table(s, '') WITH ORDINALITY AS t (l, n)
GROUP BY s, o ORDER BY o;

-- Blanks may stand between elements, ".*" twice is ".*".
SELECT sequence_count(' (?1) .*.* .* (?2) ', t, t = 0, t = 2) FROM generate_series(0, 2) t;

-- Any number of conditions: past 100 arguments an array
SELECT sequence_match((SELECT string_agg(format('(?%s)', i), '' ORDER BY i) FROM generate_series(1, 300) i), n, VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 300) i)) AS in_order,
	sequence_match((SELECT string_agg(format('(?%s)', i), '' ORDER BY i DESC) FROM generate_series(1, 300) i), n, VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 300) i)) AS backwards,
	sequence_count((SELECT string_agg(format('(?%s)', i), '' ORDER BY i) FROM generate_series(1, 299, 2) i), n, VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 300) i)) AS odd_ones,
	sequence_count((SELECT string_agg(format('(?%s).*', i), '' ORDER BY i) FROM generate_series(1, 299, 2) i), n, VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 300) i)) AS odd_ones_apart,
	sequence_match((SELECT string_agg(format('(?%s)', i), '' ORDER BY i) FROM generate_series(1, 300) i), 5, VARIADIC ARRAY(SELECT i = n FROM generate_series(1, 300) i)) AS ties
FROM generate_series(1, 300) n;
-- arrays of different lengths and NULLs
SELECT sequence_match('(?1)(?2)(?3)', at, VARIADIC met) AS found, sequence_match('(?1)(?2)(?3)(?4)', at, VARIADIC met) AS more
FROM (VALUES (1, '{t}'::boolean[]), (2, '{f,t}'), (3, '{NULL,NULL,t}'), (4, NULL), (5, '{}')) v (at, met);

-- No rows, no time, no match
SELECT sequence_match('(?1)', at, true) AS no_rows, sequence_count('(?1)', at, true) AS none FROM generate_series(1, 0) at;
SELECT sequence_match('(?1)', NULL::int, true) AS no_time, sequence_count('(?1)', NULL, true) AS untyped, sequence_match('(?1)', 1, false) AS no_match, sequence_count('.', 1, NULL) AS no_event,
	sequence_match('.*', 1, false) AS nothing_asked;

-- As a window function the state is read again and goes on; groups of other patterns
SELECT at, sequence_count('(?1).*(?2)', at, s = 1, s = 2) OVER (ORDER BY at DESC) AS so_far FROM (VALUES (1, 2), (2, 1), (3, 2), (4, 1), (5, 2)) v (at, s) ORDER BY at;
SELECT pattern, sequence_match(pattern, at, s = 1, s = 2) FROM (VALUES (1, 1), (2, 2)) v (at, s), unnest('{(?1)(?2),(?2)(?1)}'::text[]) pattern GROUP BY pattern ORDER BY 1;
