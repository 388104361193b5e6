-- funnel_cases.sql: 20,000 random strings of events and the furthest step that
-- window_funnel finds in each, for a comparison with ClickHouse's windowFunnel.
--
-- Few instants, so that ties are many; a row may meet any of four conditions.
-- The window is that of the string's number, modulo 8.

SELECT setseed(0.42) \g /dev/null

CREATE TABLE funnel_cases AS
SELECT id, floor(random() * (3 + id % 20))::int AS at,
	(random() < 0.3)::int AS a, (random() < 0.3)::int AS b, (random() < 0.25)::int AS c, (random() < 0.25)::int AS d
FROM generate_series(1, 20000) AS id, generate_series(1, 1 + id % 12) AS n;

CREATE TABLE funnel_answers AS
SELECT id, window_funnel(id % 8, at, 'default', a = 1, b = 1, c = 1, d = 1) AS step
FROM funnel_cases
GROUP BY id;
