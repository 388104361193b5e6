-- sequence_cases.sql: 20,000 random strings of events, 40 patterns and 42 chains,
-- and what sequence_match, sequence_count and sequence_next find in each string,
-- for a comparison with ClickHouse's sequenceMatch, sequenceCount and
-- sequenceNextNode.
--
-- No (?t<0) at an end: there ClickHouse 26.7 reads past the end of the pattern, and
-- its answers vary.  Its order of rows of one instant is any: here such rows are the same,
-- or are told apart by the letter, which sequenceNextNode sorts by.

SELECT setseed(0.42) \g /dev/null

CREATE TABLE sequence_cases AS
SELECT id, at, letter, (letter = 'a')::int AS a, (letter IN ('b', 'd'))::int AS b, (letter IN ('c', 'd') OR more)::int AS c, more::int AS d,
	(hashint4(at * 1000 + id) % 4 <> 0)::int AS base
FROM (
	SELECT id, sum(gap) OVER (PARTITION BY id ORDER BY n)::int AS at, letter, more
	FROM (
		SELECT id, n, 1 + floor(random() * random() * 5)::int AS gap, substr('aaabbbccde', 1 + floor(random() * 10)::int, 1) AS letter,
			random() < 0.2 AS more
		FROM generate_series(1, 20000) AS id, generate_series(1, 1 + id % 17) AS n) AS x) AS y
CROSS JOIN LATERAL generate_series(1, 1 + (hashint4(at * 7 + id) % 8 = 0)::int) AS copies;

-- The same with instants that several letters share, for sequence_next alone.
CREATE TABLE next_cases AS
SELECT id, at / 2 AS at, letter, (hashint4(at / 2 * 1000 + id + ascii(letter)) % 4 <> 0)::int AS base FROM sequence_cases;

CREATE TABLE sequence_patterns AS
SELECT p, pattern
FROM unnest(ARRAY['', '.', '.*', '(?1)', '(?2)(?3)', '(?1)(?1)', '(?1).(?2)', '(?1).*(?2)', '(?1).*(?2).*(?3)', '(?4).*(?1)(?2)',
	'(?1)(?t<3)(?2)', '(?1)(?t<=3)(?2)', '(?1)(?t>3)(?2)', '(?1)(?t>=3)(?2)', '(?1)(?t==3)(?2)', '(?1)(?t==0)(?1)', '(?1)(?t>0)(?1)', '(?1)(?t<1)(?1)',
	'(?1)(?t<=4)(?2)(?t<=4)(?3)', '(?1)(?t>=2)(?2)(?t<=3)(?3)', '(?1)(?t==2)(?2)(?t>1)(?3)', '(?1)(?t>=2).(?t<=3)(?2)', '(?1)(?t<=5).*(?t>=2)(?2)',
	'(?1).*(?t<=2)(?2)', '(?1)(?t<=2).*(?2)', '(?1)(?t>=6).*(?2).', '.*(?t>=3)(?2)', '(?1)(?t<=0)(?2)', '(?t<=2)(?1)', '(?2)(?t>=4)(?1)', '(?1)(?t<=2)', '(?1)(?t>=2)', '(?1)(?t>=0)', '(?1).*(?4)(?t<3)(?2)',
	'(?1).(?t<=2).(?2)', '(?1)(?2)(?t<4)(?3)(?t<4)(?1)', '(?1)(?t<4)(?3).(?t==1)(?2)', '(?2)(?t<3)(?2)(?t<3)(?2)', '(?1).*(?1).*(?1).*(?4)', '.(?t>=3).(?t>=3).']) WITH ORDINALITY AS t (pattern, p);

CREATE TABLE sequence_answers AS
SELECT p, id, sequence_match(pattern, at, a = 1, b = 1, c = 1, d = 1)::int AS found, sequence_count(pattern, at, a = 1, b = 1, c = 1, d = 1) AS count
FROM sequence_cases, sequence_patterns
GROUP BY p, id;

CREATE TABLE next_chains AS
SELECT row_number() OVER (ORDER BY direction, base, chain) AS p, direction, base, chain
FROM (VALUES ('forward', 'head'), ('backward', 'tail'), ('forward', 'first_match'), ('backward', 'first_match'), ('forward', 'last_match'), ('backward', 'last_match')) AS b (direction, base),
	unnest('{a,b,ab,ba,cb,aab,abca}'::text[]) AS chain;

CREATE TABLE next_answers AS
SELECT p, id, sequence_next(direction, base, at, letter, base_met = 1,
	VARIADIC ARRAY(SELECT letter = l FROM regexp_split_to_table(chain, '') WITH ORDINALITY AS c (l, n) ORDER BY n)) AS next
FROM (SELECT id, at, letter, base AS base_met FROM next_cases) AS r, next_chains
GROUP BY p, id;
