-- sequence_next: the event after a chain, or before it.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

-- The customers of ClickHouse's tests (0_stateless/01656): letters one second
-- after the other; 10 has a row without an event, which is left out.
CREATE TEMP TABLE next_letters AS
SELECT id, timestamp '2000-01-02 09:00:00' + n * interval '1 second' AS dt, nullif(l, '-') AS action
FROM (VALUES (1, 'ABCD'), (2, 'BBDC'), (3, 'AB'), (4, 'AAABC'), (5, 'ABAC'), (6, 'ABABC'), (10, 'AB-CD')) v (id, s), regexp_split_to_table(s, '') WITH ORDINALITY t (l, n)
ORDER BY n DESC;

-- what comes of each customer, in the order of their numbers, "-" for NULL; the
-- expected come from the same tests, a row shows only where something else does
CREATE FUNCTION pg_temp.nexts(direction text, base text, chain text, up_to int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(x, '-'), '' ORDER BY id)
	FROM (SELECT id, sequence_next(direction, base, dt, action, true, VARIADIC ARRAY(SELECT action = l FROM regexp_split_to_table(chain, '') WITH ORDINALITY c (l, n) WHERE l <> '' ORDER BY n)) AS x
		FROM next_letters WHERE id <= up_to GROUP BY id) s
$$;
CREATE TEMP TABLE next_cases (direction text, base text, chain text, up_to int, expected text);
INSERT INTO next_cases VALUES
	('forward', 'head', 'A', 6, 'B-BABB'), ('forward', 'head', 'B', 6, '-B----'), ('forward', 'head', 'C', 6, '------'), ('forward', 'head', 'E', 6, '------'),
	('backward', 'tail', 'A', 6, '------'), ('backward', 'tail', 'B', 6, '--A---'), ('backward', 'tail', 'C', 6, '-D-BAB'), ('backward', 'tail', 'D', 6, 'C-----'),
	('forward', 'head', 'AB', 6, 'C---AA'), ('forward', 'head', 'AC', 6, '------'), ('forward', 'head', 'BA', 6, '------'),
	('backward', 'tail', 'AB', 6, '------'), ('backward', 'tail', 'BA', 6, '------'), ('forward', 'head', 'AAB', 6, '------'), ('backward', 'tail', 'BAA', 6, '------'),
	('forward', 'head', '', 6, 'ABAAAA'), ('backward', 'tail', '', 6, 'DCBCCC'),
	('forward', 'first_match', 'A', 10, 'B-BABBB'), ('forward', 'first_match', 'AB', 10, 'C---AAC'), ('forward', 'first_match', 'ABC', 10, 'D-----D'),
	('forward', 'first_match', 'B', 10, 'CB-CAAC'), ('forward', 'first_match', 'BB', 10, '-D-----'), ('forward', 'first_match', 'BA', 10, '----CB-'),
	('backward', 'first_match', 'A', 10, '-------'), ('backward', 'first_match', 'B', 10, 'A-AAAAA'), ('backward', 'first_match', 'BA', 10, '---A---'), ('backward', 'first_match', 'BB', 10, '-------');
SELECT c.*, nexts FROM next_cases c, pg_temp.nexts(direction, base, chain, up_to) nexts WHERE nexts IS DISTINCT FROM expected;
-- the last match, from the definition: the last A and the B after it, the last C and what comes before
SELECT pg_temp.nexts('forward', 'last_match', 'A', 10) AS after_last_a, pg_temp.nexts('forward', 'last match', 'AB', 10) AS after_last_ab,
	pg_temp.nexts('backward', 'last_match', 'C', 10) AS before_last_c, pg_temp.nexts('backward', 'last_match', 'CB', 10) AS before_last_bc;

-- The base must meet its condition.
CREATE TEMP TABLE next_bases AS
SELECT id, n AS at, l AS action, base FROM (VALUES (1, 'ABCD', 1), (2, 'DCBA', 4), (3, 'BABD', 2)) v (id, s, b), regexp_split_to_table(s, '') WITH ORDINALITY t (l, n), LATERAL (SELECT n = b AS base) x;
SELECT id, sequence_next('forward', 'head', at, action, base, VARIADIC '{}') AS head, sequence_next('forward', 'head', at, action, base, action = 'A') AS after_a,
	sequence_next('forward', 'head', at, action, base, action = 'A', action = 'B') AS after_ab,
	sequence_next('backward', 'tail', at, action, base, action = 'A') AS before_a,
	sequence_next('forward', 'first_match', at, action, base OR id = 3, action = 'B') AS after_b,
	sequence_next('forward', 'first_match', at, action, base, action = 'B') AS after_base_b,
	sequence_next('forward', 'last_match', at, action, at < 3, action = 'B') AS after_last_b
FROM next_bases GROUP BY id ORDER BY id;

-- Events of any type, at one instant in the order of their bytes
SELECT sequence_next('forward', 'head', 1, e, true, e = 'a') AS text, sequence_next('backward', 'tail', 1, e, true, e = 'cc') AS back FROM unnest('{cc,b,a,bb}'::text[]) e;
SELECT sequence_next('forward', 'head', 1, e, true, e = -5) AS int, sequence_next('forward', 'head', 1, e::numeric, true, VARIADIC '{}') AS numeric, sequence_next('forward', 'head', at, date '2024-01-01' + e, true, true) AS date
FROM (VALUES (3, 1), (7, 2), (-5, 3)) v (e, at);
SELECT sequence_next('forward', 'first_match', at, ROW(at, e), true, at = 2) AS row, sequence_next('forward', 'first_match', at, ARRAY[at, e], true, at = 2) AS array,
	sequence_next('forward', 'first_match', at, jsonb_build_object('e', e), true, at = 2) AS jsonb, sequence_next('forward', 'first_match', at, e::text::name, true, at = 2) AS name,
	sequence_next('forward', 'first_match', at, point(at, e), true, at = 2) AS point, sequence_next('forward', 'first_match', at, repeat(e::text, 5000), true, at = 2) = repeat('-5', 5000) AS long
FROM (VALUES (3, 1), (7, 2), (-5, 3)) v (e, at);

-- No rows, no time, nothing met, nothing next
SELECT sequence_next('forward', 'head', at, 'a'::text, true, true) AS no_rows FROM generate_series(1, 0) at;
SELECT sequence_next('forward', 'head', NULL::int, 'a'::text, true, VARIADIC '{}') AS no_time, sequence_next('forward', 'head', NULL, 'a'::text, true, VARIADIC '{}') AS untyped,
	sequence_next('forward', 'head', 1, NULL::text, true, VARIADIC '{}') AS no_event, sequence_next('forward', 'head', 1, 'a'::text, NULL, VARIADIC '{}') AS no_base,
	sequence_next('forward', 'head', 1, 'a'::text, true, true) AS nothing_next, sequence_next('forward', 'head', 1, 'a'::text, true, VARIADIC NULL::boolean[]) AS no_array;

-- Many rows: those that cannot matter are dropped on the way, whatever the order
-- they come in.  More than 64 conditions.
SELECT o, sequence_next('forward', 'head', n, n, true, n = 1, n = 2) AS head, sequence_next('backward', 'tail', n, n, true, n = 5000, n = 4999) AS tail,
	sequence_next('forward', 'first_match', n, n, n > 70, n % 50 = 0, n % 50 = 1) AS first, sequence_next('backward', 'first_match', n, n, n > 70, n % 50 = 0, n % 50 = 49) AS before_first,
	sequence_next('forward', 'last_match', n, n, n < 4970, n % 50 = 0, n % 50 = 1) AS last, sequence_next('backward', 'last_match', n, n, n < 4970, n % 50 = 0, n % 50 = 49) AS before_last,
	sequence_next('forward', 'first_match', n, n, true, VARIADIC met) AS past_64
FROM (VALUES ('up', 1), ('down', -1), ('mixed', 1777)) v (o, f), generate_series(1, 5000) i, LATERAL (SELECT ((i * f) % 5000 + 5000) % 5000 + 1 AS n) x,
	LATERAL (SELECT array_agg(n = 2000 + k) AS met FROM generate_series(1, 100) k) y
GROUP BY o ORDER BY o;

-- As a window function
SELECT n, sequence_next('forward', 'head', n, n, true, n % 2 = 1) OVER (ORDER BY n DESC) FROM generate_series(1, 4) n ORDER BY n;
