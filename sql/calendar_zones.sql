-- calendar arithmetic against PostgreSQL's own, around changes of the clock
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET client_min_messages = warning;

CREATE TEMP TABLE mismatch (zone text, grain text, at timestamptz, until timestamptz);
CREATE TEMP TABLE checked (zone text, changes int, times int, pairs int);

-- Times within days of every change of a zone's clock, most at midnights and
-- full hours, a microsecond before, or wherever; then pairs of times, many
-- whole days or months apart.
DO $$
DECLARE
	z text;
	w record;
BEGIN
	PERFORM setseed(0.5);
	FOREACH z IN ARRAY ARRAY['Europe/Paris', 'America/Sao_Paulo', 'Pacific/Apia',
		'America/St_Johns', 'Asia/Kathmandu', 'Africa/Cairo', 'Europe/Dublin']
	LOOP
		PERFORM set_config('timezone', z, false);
		DROP TABLE IF EXISTS change, point, pair;
		CREATE TEMP TABLE change AS
			SELECT at FROM generate_series(timestamptz '1975-01-01', '2030-01-01', interval '12 hours') AS at
			WHERE extract(timezone FROM at) <> extract(timezone FROM at - interval '12 hours');
		CREATE TEMP TABLE point AS
			SELECT at + (random() - 0.5) * interval '4 days' AS at FROM change, generate_series(1, 3)
			UNION ALL
			SELECT date_trunc('hour', at + (random() - 0.5) * interval '3 days')
				- (random() < 0.5)::int * interval '1 microsecond' FROM change, generate_series(1, 6)
			UNION ALL
			SELECT (at::date + (random() * 4 - 2)::int)::timestamptz
				- (random() < 0.5)::int * interval '1 microsecond' FROM change, generate_series(1, 3)
			UNION ALL
			SELECT timestamptz '1850-01-01' + random() * interval '300 years' FROM generate_series(1, 200);
		CREATE TEMP TABLE pair AS
			SELECT at, CASE WHEN random() < 0.3 THEN at + random() * interval '200 days'
				WHEN random() < 0.5 THEN at + (random() * 60)::int * interval '1 day'
				ELSE at + (random() * 20)::int * interval '1 month'
				END - (random() < 0.3)::int * interval '1 second' AS until
			FROM point;
		DELETE FROM pair WHERE until < at;

		-- plain grains: the local date's period, in the session's zone and in
		-- the grain's own
		FOR w IN SELECT * FROM (VALUES ('day', '1 day'), ('week', '7 days'),
			('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS v (unit, length)
		LOOP
			INSERT INTO mismatch SELECT z, w.unit, at FROM point
			WHERE period_start(at, w.unit::grain) <> date_trunc(w.unit, at::timestamp)::date
				OR period_end(at, w.unit::grain) <> (date_trunc(w.unit, at::timestamp) + w.length::interval)::date
				OR period_start(at, (w.unit || ' at ' || z)::grain) <> date_trunc(w.unit, at::timestamp)::date
				OR period_start(at::timestamp, w.unit::grain) <> date_trunc(w.unit, at::timestamp)::date
				OR period_start(at::date, w.unit::grain) <> date_trunc(w.unit, at::timestamp)::date;
		END LOOP;
		-- from an origin before all of them: the first minors of 15 round down
		-- a time on a bound before the origin once too often
		INSERT INTO mismatch SELECT z, '10 days', at FROM point
		WHERE period_start(at, '10 days') <> date_bin('10 days', at::timestamp, timestamp '2000-01-03' - 20000 * interval '10 days')::date;
		INSERT INTO mismatch SELECT z, '3 weeks starting sunday', at FROM point
		WHERE period_start(at, '3 weeks starting sunday') <> date_bin('21 days', at::timestamp, timestamp '2000-01-02' - 10000 * interval '21 days')::date;
		INSERT INTO mismatch SELECT z, 'month', at, until FROM pair
		WHERE periods_between(at, until, 'month') <> extract(year FROM until) * 12 + extract(month FROM until)
			- extract(year FROM at) * 12 - extract(month FROM at);

		-- since start: the number of bounds, start + n * length, that are reached
		FOR w IN SELECT * FROM (VALUES ('day', '1 day'), ('week', '7 days'), ('30 days', '30 days'),
			('month', '1 month'), ('5 months', '5 months'), ('year', '1 year')) AS v (unit, length)
		LOOP
			INSERT INTO mismatch SELECT z, w.unit || ' since start', at, until
			FROM pair, LATERAL (SELECT max(n) AS expected
				FROM generate_series(greatest(0, floor(extract(epoch FROM until - at) / extract(epoch FROM w.length::interval))::int - 2),
					floor(extract(epoch FROM until - at) / extract(epoch FROM w.length::interval))::int + 2) AS n
				WHERE date_trunc('second', at) + n * w.length::interval <= until) AS counted
			WHERE periods_between(at, until, (w.unit || ' since start')::grain) <> expected
				OR periods_between(until, at, (w.unit || ' since start at ' || z)::grain) <> -expected;
		END LOOP;
		INSERT INTO mismatch SELECT z, 'hours', at, until FROM pair
		WHERE periods_between(at, until, '30 hours since start')
			<> div(floor(extract(epoch FROM until)) - floor(extract(epoch FROM at)), 30 * 3600);
		INSERT INTO mismatch SELECT z, 'cut points', at, until
		FROM pair, LATERAL (SELECT date_trunc('second', at) AS start) AS s
		WHERE periods_between(at, until, 'days 0,1,3,7,40 since start') IS DISTINCT FROM
			CASE WHEN until >= start + interval '40 days' THEN NULL
				WHEN until >= start + interval '7 days' THEN 3
				WHEN until >= start + interval '3 days' THEN 2
				WHEN until >= start + interval '1 day' THEN 1 ELSE 0 END;
		INSERT INTO checked SELECT z, (SELECT count(*) FROM change),
			(SELECT count(*) FROM point), (SELECT count(*) FROM pair);
	END LOOP;
END $$;

SET timezone = 'UTC';
SELECT zone, changes > 0 AS has_changes, times > 200 AS has_times, pairs > 200 AS has_pairs,
	(SELECT count(*) FROM mismatch WHERE mismatch.zone = checked.zone) AS mismatches
FROM checked ORDER BY zone COLLATE "C";
SELECT * FROM mismatch ORDER BY 1, 2, 3, 4 LIMIT 10;
