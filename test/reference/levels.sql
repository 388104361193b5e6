-- Levels of subscriptions from their definition, in plain SQL, day by day.
--
-- Nothing here uses the extension.  Load cohort_matrix.sql and timeline.sql
-- first; fill reference.subscription.

-- The level of every day of a window, each by itself.
CREATE FUNCTION reference.daily_levels(t reference.timeline, since date, until date)
RETURNS TABLE (day date, level numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT d::date, reference.level(t, d::date)
	FROM generate_series(since, until - 1, interval '1 day') d;
END;

-- The same with silences of fewer days than gap filled: a silent day between two
-- days above zero has the level of the one before when less than gap lies
-- between the two.
CREATE FUNCTION reference.bridged_levels(t reference.timeline, gap interval, since date, until date)
RETURNS TABLE (day date, level numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH d AS (SELECT * FROM reference.daily_levels(t, since, until))
	SELECT d.day, CASE WHEN d.level <= 0 AND (n.day - p.day - 1) * interval '24 hours' < gap
					   THEN p.level ELSE d.level END
	FROM d
	LEFT JOIN LATERAL (SELECT * FROM d p WHERE p.day < d.day AND p.level > 0 ORDER BY p.day DESC LIMIT 1) p ON true
	LEFT JOIN LATERAL (SELECT * FROM d n WHERE n.day > d.day AND n.level > 0 ORDER BY n.day LIMIT 1) n ON true;
END;
