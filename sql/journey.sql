-- journey: the ways of customers from place to place.  Random rows against plain
-- SQL, workers and little memory are in test/t/072_journey.pl.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Five customers, a letter a minute, "." a minute of silence:
--	1	home, cart, home, pay			3	home, pay
--	2	home (twice), cart, after two minutes of silence pay	4, 5	cart; search, home
CREATE TEMP TABLE visits AS
SELECT c, timestamp '2024-01-01 12:00' + n * interval '1 minute' AS at, CASE l WHEN 'h' THEN 'home' WHEN 'c' THEN 'cart' WHEN 'p' THEN 'pay' WHEN 's' THEN 'search' END AS place
FROM (VALUES (1, 'hchp'), (2, 'hhc..p'), (3, 'h.p'), (4, 'c'), (5, 'sh')) v (c, s), regexp_split_to_table(s, '') WITH ORDINALITY t (l, n)
ORDER BY n DESC, c;

-- Silences of more than two minutes end a way: that of 2 at its cart.
SELECT * FROM journey_edges((SELECT journey(c, at, place, '2 minutes') FROM visits));
-- of three minutes go on
SELECT * FROM journey_edges((SELECT journey(c, at, place, '3 minutes') FROM visits)) WHERE step = 2;
-- no silence at all: every minute ends a way
SELECT * FROM journey_edges((SELECT journey(c, at, place, '0') FROM visits));
-- the shares of a step add up to 1, its customers to those who moved there
SELECT step, sum(customers) AS customers, sum(share) AS share, lag(sum(customers) FILTER (WHERE to_place IS NOT NULL)) OVER (ORDER BY step) AS moved_here
FROM journey_edges((SELECT journey(c, at, place, '1 day') FROM visits)) GROUP BY step ORDER BY step;

-- From a place on: that of 1 has two, the first counts; 4 does not come home.
SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day', 'home') FROM visits));
SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day', 'pay') FROM visits));
SELECT journey(c, at, place, '1 day', 'nowhere') IS NULL AS nobody FROM visits;

-- The most visited places of each step keep their names: at step 1 home, at step 2
-- cart (of 1 and 2, before home of 5 and pay of 3).
SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day') FROM visits), 1);
SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day') FROM visits), top => 2) WHERE step = 1;
SELECT count(*) FROM journey_edges((SELECT journey(c, at, place, '1 day') FROM visits), 100);
-- medians of what was put together are those of all: 1, 2 and 9 minutes
SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day')
	FROM (VALUES (1, 0, 'a'), (1, 1, 'b'), (2, 0, 'c'), (2, 2, 'd'), (3, 0, 'e'), (3, 9, 'd'), (4, 0, 'f'), (4, 0, 'f')) v (c, n, place), LATERAL (SELECT timestamp '2024-01-01' + n * interval '1 min' AS at) x), 1);

-- The value, and its picture
SELECT journey(c, at, place, '2 minutes') FROM visits WHERE c IN (1, 4);
SELECT * FROM journey_text((SELECT journey(c, at, place, '3 minutes') FROM visits));
SELECT * FROM journey_text((SELECT journey(c, at, place, '1 day') FROM visits), 1);
-- long names, blanks, lines and wide letters; what is left out
SELECT * FROM journey_text((SELECT journey(1, date '2024-01-01' + n::int, p, '1 day') FROM unnest(ARRAY['a page with a name that is long', E'two\nlines', '日本語日本語日本語日本語', '']) WITH ORDINALITY x (p, n)));
SELECT count(*), right(max(l) FILTER (WHERE l LIKE 'left%'), 60) AS left_out FROM journey_text((SELECT journey(1, date '2024-01-01' + n, n::text, '1 day') FROM generate_series(1, 60) n)) l;

-- rollup: of disjoint customers it is the journey of all
SELECT rollup(j) = (SELECT journey(c, at, place, '3 minutes') FROM visits) AS same, count(*)
FROM (SELECT journey(c, at, place, '3 minutes') AS j FROM visits GROUP BY c UNION ALL SELECT NULL) x;
SELECT rollup(j) IS NULL AS none FROM (SELECT NULL::journey AS j WHERE false) x;

-- At one instant rows come by the bytes of their places; what is there twice is once.
SELECT * FROM journey_edges((SELECT journey(1, timestamp '2024-01-01', p, '0') FROM unnest('{b,a,B,a,"",b}'::text[]) p));
-- dates, days on the local clock, customers of any type
SELECT * FROM journey_edges((SELECT journey(ROW(c, 'x'), at::date + c * 0 + extract(minute FROM at)::int, place, '1 day') FROM visits WHERE c IN (1, 3)));
SET timezone = 'Europe/Paris';
-- the last Sunday of March has 23 hours: a day of silence is over at the same hour
SELECT within, journey(1, at, p, within)::json ->> 'zone' AS zone, json_array_length(journey(1, at, p, within)::json -> 'edges') - 1 AS moves
FROM (VALUES (timestamptz '2024-03-30 12:00+01', 'a'), (timestamptz '2024-03-31 12:00+02', 'b'), (timestamptz '2024-04-01 12:30+02', 'c')) v (at, p), unnest('{1 day,24:00,23:00,22:59:59,1 mon}'::interval[]) within
GROUP BY within, within::text ORDER BY within, within::text;
SET timezone = 'UTC';

-- Fifty places are followed, and no more.
SELECT max(step) AS steps, count(*) AS rows FROM journey_edges((SELECT journey(1, date '2024-01-01' + n, n::text, '1 day') FROM generate_series(1, 1000) n));
SELECT max(step) AS steps, count(*) AS rows, count(*) FILTER (WHERE to_place IS NULL) AS ends FROM journey_edges((SELECT journey(1, date '2024-01-01' + n, n::text, '1 day') FROM generate_series(1, 49) n));

-- NULLs and no rows
SELECT journey(c, at, p, '1 day') IS NULL AS none FROM (VALUES (1, NULL::date, 'a'), (NULL, '2024-01-01', 'a'), (1, '2024-01-01', NULL)) v (c, at, p);
SELECT journey(c, NULL, place, '1 day') IS NULL AS untyped, (SELECT count(*) FROM journey_edges(NULL)) AS rows, (SELECT count(*) FROM journey_text(NULL)) AS lines FROM visits;
SELECT count(*) FROM journey_edges((SELECT journey(c, at, place, '1 day') FILTER (WHERE c = 4) FROM visits));

-- As a window function the state is read again and goes on
SELECT c, (SELECT sum(customers) FROM journey_edges(j) WHERE step = 1) AS so_far
FROM (SELECT DISTINCT c, journey(c, at, place, '1 day') OVER (ORDER BY c) AS j FROM visits) x ORDER BY c;

-- What is refused
CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	message := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
SELECT query, r.* FROM (VALUES
	($$SELECT journey(c, at, place, NULL) FROM visits$$),
	($$SELECT journey(c, at, place, '1 day', NULL) FROM visits$$),
	($$SELECT journey(c, at, place, c * interval '1 day') FROM visits$$),
	($$SELECT journey(c, at, place, '1 day', coalesce(place, 'none')) FROM visits$$),
	($$SELECT journey(c, at, place, '-1 day') FROM visits$$),
	($$SELECT journey(c, at, place, '1 month -1 day') FROM visits$$),
	($$SELECT journey(c, 'infinity'::timestamptz, place, '1 hour') FROM visits$$),
	($$SELECT journey(c, c, place, '1 day') FROM visits$$),
	($$SELECT journey(c, at, repeat('é', 513), '1 day') FROM visits$$),
	($$SELECT journey(c, at, place, '1 day', repeat('x', 1025)) FROM visits$$),
	($$SELECT journey(1, date '2024-01-01', n::text, '1 day') FROM generate_series(1, 10001) n$$),
	($$SELECT journey(1, at, p, '1000000 years') FROM (VALUES (timestamp '4713-01-01 BC', 'a'), ('294276-12-31', 'b')) v (at, p)$$),
	($$SELECT * FROM journey_edges((SELECT journey(c, at, place, '1 day') FROM visits), 0)$$),
	($$SELECT * FROM journey_text((SELECT journey(c, at, place, '1 day') FROM visits), -1)$$),
	($$SELECT rollup(j) FROM (SELECT journey(c, at, place, c * interval '1 day') AS j FROM visits GROUP BY c) x$$),
	($$SELECT rollup(j) FROM (SELECT replace(journey(c, at::timestamptz, place, '1 day')::text, '"UTC"', CASE WHEN c = 1 THEN '"Asia/Tokyo"' ELSE '"UTC"' END)::journey AS j FROM visits GROUP BY c) x$$),
	($$SELECT rollup(j) FROM (SELECT '{"within": "P1D", "zone": "", "edges": [{"step": 0, "from": "", "to": "a", "customers": 9223372036854775807, "seconds": [], "count": []}]}'::journey AS j FROM generate_series(1, 2)) x$$),
	($$SELECT rollup(j) FROM (SELECT journey(n, date '2024-01-01', p || n::text, '1 day') AS j FROM unnest('{a,b}'::text[]) p, generate_series(1, 6000) n GROUP BY p) x$$)) q (query), pg_temp.refused(query) r;
-- ten thousand are not too many
SELECT count(*) FROM journey_edges((SELECT journey(n, date '2024-01-01', n::text, '1 day') FROM generate_series(1, 10000) n));
