-- funnel_cases.sql: 20,000 random strings of events and the furthest step that
-- window_funnel finds in each, in every mode that ClickHouse's windowFunnel has,
-- for a comparison with it.
--
-- Few instants, so that ties are many; a row may meet any of four conditions.
-- The window is that of the string's number, modulo 8.

SELECT setseed(0.42) \g /dev/null

CREATE TABLE funnel_cases AS
SELECT id, floor(random() * (3 + id % 20))::int AS at,
	(random() < 0.3)::int AS a, (random() < 0.3)::int AS b, (random() < 0.25)::int AS c, (random() < 0.25)::int AS d
FROM generate_series(1, 20000) AS id, generate_series(1, 1 + id % 12) AS n;

-- Does the server know a mode?
CREATE FUNCTION pg_temp.known(mode text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM window_funnel(1, 1, mode, true);
	RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END $$;

CREATE TABLE funnel_modes AS
SELECT *
FROM (VALUES ('default', ''), ('strict order', 'strict_order'), ('strictly increasing', 'strict_increase'), ('deduplicated', 'strict_deduplication'),
	('one row one step', 'strict_once'), ('strict order, strictly increasing', 'strict_order,strict_increase'),
	('strict order, allow reentry', 'strict_order,allow_reentry')) AS m (mode, theirs)
WHERE pg_temp.known(mode);

CREATE TABLE funnel_answers AS
SELECT theirs AS mode, id, window_funnel(id % 8, at, mode, a = 1, b = 1, c = 1, d = 1) AS step
FROM funnel_cases, funnel_modes
GROUP BY mode, theirs, id;
