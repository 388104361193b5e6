-- times.sql: 2024-04-03 14:30, 03/04/2024, 3 avr. 2024, Apr 3, 2024 2:30 PM, and
-- what spreadsheets and machines write.

-- Where the hour of a time begins, counted from its first colon; 0 without one.  The
-- letter before it ends the day: days and clocks come often, both together do not.
CREATE FUNCTION pg_temp.hour_at(value text) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN strpos(value, ':') > 5 THEN strpos(value, ':') - CASE WHEN substr(value, strpos(value, ':') - 2, 1) BETWEEN '0' AND '9' THEN 2 ELSE 1 END ELSE 0 END;

-- One day, taken apart: its kind, three numbers or words as they stand, what
-- follows.
CREATE FUNCTION pg_temp.take_apart(value text, numbers_too boolean, OUT kind text, OUT a text, OUT b text, OUT c text, OUT tail text)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	m text[];
BEGIN
	m := regexp_match(value, '^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)(.*)$');
	IF m IS NOT NULL THEN
		kind := 'ymd';
	ELSE
		m := regexp_match(value, '^(?:[^\d\s.,]{2,10}\.?,? )?(\d{1,2})[-/. ]\s*(\d{1,2})[-/. ]\s*(\d{4}|\d{2})(?!\d)(.*)$');
		kind := CASE length(m[3]) WHEN 4 THEN 'long' ELSE 'short' END;
	END IF;
	IF m IS NULL THEN
		m := regexp_match(value, '^((?:19|20)\d\d)(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)?(Z?))?$');
		IF m IS NOT NULL THEN
			kind := 'ymd';
			m := m[:3] || coalesce(' ' || m[4] || ':' || m[5] || coalesce(':' || m[6], '') || m[7], '');
		END IF;
	END IF;
	IF m IS NULL THEN
		m := regexp_match(value, '^(?:[^\d\s.,]{2,10}\.?,? )?(\d{1,2})(?:st|nd|rd|th|er|e|º)?[- /.]*(?:de |d'')?([^\d\s.,/-]{3,10})\.?,?[- /]*(?:de |del )?(\d{4}|\d{2})(?!\d)(.*)$');
		kind := 'named';
	END IF;
	IF m IS NULL THEN
		m := regexp_match(value, '^(?:[^\d\s.,]{2,10}\.?,? )?([^\d\s.,/-]{3,10})\.?[- ](\d{1,2})(?:st|nd|rd|th)?,?[- ]+(\d{4})(?!\d)(.*)$');
		m := CASE WHEN m IS NOT NULL THEN ARRAY[m[2], m[1], m[3], m[4]] END;
	END IF;
	IF m IS NULL THEN
		kind := 'month';
		m := regexp_match(value, '^((?:19|20)\d\d)[-/](\d{1,2})$');
		m := CASE WHEN m IS NOT NULL THEN ARRAY[m[1], m[2], '1', ''] END;
	END IF;
	IF m IS NULL THEN
		m := regexp_match(value, '^(\d{1,2})[-/]((?:19|20)\d\d)$');
		m := CASE WHEN m IS NOT NULL THEN ARRAY[m[2], m[1], '1', ''] END;
	END IF;
	IF m IS NULL AND numbers_too THEN
		kind := CASE WHEN value ~ '^[2-5]\d{4}(?:[.,]\d+)?$' THEN 'serial' WHEN value ~ '^1\d{9}$' THEN 'seconds' WHEN value ~ '^1\d{12}$' THEN 'milliseconds' END;
		m := CASE WHEN kind IS NOT NULL THEN ARRAY[replace(value, ',', '.'), NULL, NULL, ''] END;
	END IF;
	kind := CASE WHEN m IS NULL THEN 'bad' ELSE kind END;
	a := m[1];
	b := m[2];
	c := m[3];
	tail := m[4];
END
$$;

-- The time of day as PostgreSQL reads it, or NULL.
CREATE FUNCTION pg_temp.time_of_day(tail text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	m text[];
BEGIN
	IF tail ~ '^[T\s,]*(?:à|at|um|alle|a las|-)?\s*$' THEN
		RETURN '';
	END IF;
	m := regexp_match(tail, '^[T ,]*(?:à |at |um |alle |a las |- )?\s*(\d{1,2})(?:[:hH](\d{2})?)(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([aApP])\.?[mM]\.?)?\s*\(?(Z|z|UTC|GMT|(?:UTC|GMT)?[-+−]\d{2}:?(?:\d{2})?|[A-Z]{3,4})?\)?(?: \([A-Za-z ]+\))?\s*$');
	IF m IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN concat(' ', m[1], ':', coalesce(m[2], '00'), ':', coalesce(m[3], '00'), '.' || m[4], ' ' || m[5] || 'M', ' ' || regexp_replace(replace(upper(m[6]), '−', '-'), '^(UTC|GMT)([-+])', '\2'));
END
$$;

CREATE FUNCTION pg_temp.month_number(name text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN name ~* '^(jan|ene|gen)' THEN '1' WHEN name ~* '^f[eéÉ][bv]' THEN '2' WHEN name ~* '^(mai|may|mag|mei)' THEN '5' WHEN name ~* '^(mar|mär|mrz|maa|mrt)' THEN '3'
	WHEN name ~* '^(apr|avr|abr)' THEN '4' WHEN name ~* '^(juil|jul|lug)' THEN '7' WHEN name ~* '^(jun|juin|giu)' THEN '6' WHEN name ~* '^(aug|ao[uûÛ]|ago)' THEN '8'
	WHEN name ~* '^(sep|set)' THEN '9' WHEN name ~* '^(oct|okt|ott|out)' THEN '10' WHEN name ~* '^nov' THEN '11' WHEN name ~* '^(d[eéÉ][cz]|dic)' THEN '12' END;

CREATE FUNCTION pg_temp.read_times() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	numbers_too boolean := (SELECT how <> 'by what is in it' FROM roles WHERE role = 'time');
BEGIN
	CREATE TEMPORARY TABLE days ON COMMIT DROP AS
	SELECT raw, line, n, value, kind, a, b, c, pg_temp.time_of_day(coalesce(tail, '')) AS clock
	FROM (
		SELECT d.*, (p).*
		FROM (
			SELECT day AS raw, min(line) AS line, count(*) AS n, pg_temp.filled(day) AS value
			FROM fields WHERE customer IS NOT NULL AND day IS NOT NULL GROUP BY day) AS d,
			LATERAL (SELECT pg_temp.take_apart(d.value, numbers_too) AS p OFFSET 0) AS t
		WHERE d.value IS NOT NULL) AS d;
	CREATE TEMPORARY TABLE clocks ON COMMIT DROP AS
	SELECT raw, line, n, pg_temp.time_of_day(raw) AS clock
	FROM (SELECT clock AS raw, min(line) AS line, count(*) AS n FROM fields WHERE customer IS NOT NULL AND day IN (SELECT raw FROM days) GROUP BY clock) AS c;
	PERFORM pg_temp.check_times();
	PERFORM pg_temp.learn('dates', pg_temp.order_of_dates());
	PERFORM pg_temp.put_together();
	PERFORM pg_temp.check_days();
	PERFORM pg_temp.check_zones();
	PERFORM pg_temp.step('times read');
END
$$;

-- Lines whose time cannot be read: told, or left out where somebody said so.
CREATE FUNCTION pg_temp.refuse_times(why text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	bad record;
BEGIN
	SELECT line, n, value INTO bad
	FROM (
		SELECT min(line) AS line, sum(n) AS n, (array_agg(value ORDER BY line))[1] AS value
		FROM (SELECT line, n, value FROM days WHERE kind = 'bad' UNION ALL SELECT line, n, btrim(raw) FROM clocks WHERE clock IS NULL) AS b) AS b
	WHERE b.line IS NOT NULL;
	IF NOT FOUND THEN
		RETURN;
	ELSIF pg_temp.setting('SKIP') IS NULL THEN
		PERFORM pg_temp.stop(format('line %s: %s is no time%s%s', bad.line, pg_temp.shown(bad.value), why, CASE WHEN bad.n > 1 THEN format(' (and %s more)', pg_temp.many((bad.n - 1)::bigint)) ELSE '' END),
			VARIADIC ARRAY['SKIP=yes   (leaves such lines out)'] || pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0 AND i <> pg_temp.role('time')))
				|| ARRAY['DATA= with that line mended: times read best as 2024-04-03 14:30']);
	END IF;
	PERFORM pg_temp.say(format('  %s lines left out: %s, the first, is no time', pg_temp.many(bad.n::bigint), pg_temp.shown(bad.value)));
	DELETE FROM days WHERE kind = 'bad';
	DELETE FROM clocks WHERE clock IS NULL;
END
$$;

CREATE FUNCTION pg_temp.check_times() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE days SET kind = 'bad' WHERE clock IS NULL OR kind = 'named' AND pg_temp.month_number(b) IS NULL;
	PERFORM pg_temp.refuse_times(' that the loader reads');
END
$$;

-- Day, month and year of 03/04/2024 by one order.  A year of two digits is not one
-- that is still to come.
CREATE FUNCTION pg_temp.fits(ordering text, a text, b text, c text) RETURNS boolean
LANGUAGE sql STABLE
RETURN CASE ordering WHEN 'dmy' THEN a::int BETWEEN 1 AND 31 AND b::int BETWEEN 1 AND 12 WHEN 'mdy' THEN b::int BETWEEN 1 AND 31 AND a::int BETWEEN 1 AND 12
		ELSE c::int BETWEEN 1 AND 31 AND b::int BETWEEN 1 AND 12 END
	AND (length(CASE ordering WHEN 'ymd' THEN a ELSE c END) = 4 OR CASE ordering WHEN 'ymd' THEN a ELSE c END::int NOT BETWEEN extract(year FROM CURRENT_DATE)::int % 100 + 2 AND 69);

-- Which order is it?  The data decide, or nobody does.
CREATE FUNCTION pg_temp.order_of_dates() RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	possible text[] := '{dmy,mdy,ymd}';
	typed text := pg_temp.setting('DATES');
	example record;
	against text;
	o text;
BEGIN
	IF NOT EXISTS (SELECT FROM days WHERE kind IN ('long', 'short')) THEN
		RETURN NULL;
	END IF;
	IF typed IS NOT NULL THEN
		possible := ARRAY[typed];
	ELSIF EXISTS (SELECT FROM days WHERE kind = 'long') THEN
		possible := '{dmy,mdy}';
	END IF;
	FOREACH o IN ARRAY possible LOOP
		SELECT line, value INTO example FROM days WHERE kind IN ('long', 'short') AND NOT pg_temp.fits(o, a, b, c) ORDER BY line LIMIT 1;
		IF FOUND THEN
			possible := array_remove(possible, o);
			against := concat_ws('; ', against, format('line %s, %s, is not %s', example.line, pg_temp.shown(example.value), pg_temp.order_name(o)));
		END IF;
	END LOOP;
	IF cardinality(possible) = 0 THEN
		PERFORM pg_temp.stop('the times fit no order of day, month and year: ' || against,
			VARIADIC CASE WHEN typed IS NULL THEN ARRAY['DATA= with the file exported again in one form, best 2024-04-03'] ELSE ARRAY(SELECT 'DATES=' || d FROM unnest('{dmy,mdy,ymd}'::text[]) AS d WHERE d <> typed) END);
	ELSIF cardinality(possible) > 1 AND EXISTS (SELECT FROM days WHERE kind IN ('long', 'short') AND NOT (a = b AND (c = a OR length(c) = 4))) THEN
		SELECT line, value, a, b, c INTO example FROM days WHERE kind IN ('long', 'short') AND NOT (a = b AND (c = a OR length(c) = 4)) ORDER BY line LIMIT 1;
		PERFORM pg_temp.stop(format('line %s: which of %s is the day? No time in the file tells', example.line, pg_temp.shown(example.value)),
			VARIADIC ARRAY(SELECT format('DATES=%s   (%s: %s)', p, pg_temp.order_name(p), pg_temp.spelled(p, example.a, example.b, example.c)) FROM unnest(possible) AS p));
	END IF;
	RETURN possible[1];
END
$$;

CREATE FUNCTION pg_temp.order_name(o text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE o WHEN 'dmy' THEN 'day, month, year' WHEN 'mdy' THEN 'month, day, year' WHEN 'ymd' THEN 'year, month, day' END;

-- 2024-04-03, of the parts in one order.
CREATE FUNCTION pg_temp.spelled(o text, a text, b text, c text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (SELECT CASE WHEN length(y) = 4 THEN y WHEN y::int < 70 THEN '20' || y ELSE '19' || y END || '-' || lpad(m, 2, '0') || '-' || lpad(d, 2, '0')
	FROM (SELECT CASE o WHEN 'ymd' THEN a ELSE c END AS y, CASE o WHEN 'mdy' THEN a ELSE b END AS m, CASE o WHEN 'dmy' THEN a WHEN 'mdy' THEN b ELSE c END AS d) AS p);

-- What PostgreSQL reads in one way alone.
CREATE FUNCTION pg_temp.put_together() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	ALTER TABLE days ADD day text;
	UPDATE days
	SET day = CASE kind WHEN 'ymd' THEN pg_temp.spelled('ymd', a, b, c) || clock
			WHEN 'month' THEN pg_temp.spelled('ymd', a, b, c)
			WHEN 'named' THEN pg_temp.spelled('dmy', a, pg_temp.month_number(b), c) || clock
			WHEN 'serial' THEN (timestamp '1899-12-30' + round(a::numeric * 86400) * interval '1 second')::text
			WHEN 'seconds' THEN to_timestamp(a::float8)::text
			WHEN 'milliseconds' THEN to_timestamp(a::float8 / 1000)::text
			ELSE pg_temp.spelled(pg_temp.fact('dates'), a, b, c) || clock END;
END
$$;

-- Does PostgreSQL take it?
CREATE FUNCTION pg_temp.can_be(value text) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM value::timestamptz;
	RETURN true;
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	RETURN false;
END
$$;

-- No 30th of February, no 25 o'clock.
CREATE FUNCTION pg_temp.check_days() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM count(day::timestamptz) FROM days;
	PERFORM count(('2000-01-01' || clock)::timestamptz) FROM clocks;
EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
	UPDATE days SET kind = 'bad' WHERE NOT pg_temp.can_be(day);
	UPDATE clocks SET clock = NULL WHERE NOT pg_temp.can_be('2000-01-01' || clock);
	PERFORM pg_temp.refuse_times(': there is no such day or hour');
END
$$;

-- All with an offset or none; and which type they are.
CREATE FUNCTION pg_temp.check_zones() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	zoned text := ' (Z|UTC|GMT|[-+]\d\d(:?\d\d)?|(?![AP]M)[A-Z]{3,4})$';
	yes record;
	no record;
BEGIN
	CREATE TEMPORARY TABLE zones (zoned boolean, line bigint) ON COMMIT DROP;
	IF NOT EXISTS (SELECT FROM days WHERE kind IN ('seconds', 'milliseconds') OR clock ~ zoned) AND NOT EXISTS (SELECT FROM clocks WHERE clock ~ zoned) THEN
		INSERT INTO zones VALUES (false, 0);
	ELSIF NOT EXISTS (SELECT FROM clocks WHERE clock !~ zoned) THEN
		INSERT INTO zones VALUES (true, 0);
	ELSE
		INSERT INTO zones
		SELECT kind IN ('seconds', 'milliseconds') OR d.clock ~ zoned OR c.clock ~ zoned AS zoned, min(f.line) AS line
		FROM (SELECT day, clock, min(line) AS line FROM fields WHERE customer IS NOT NULL GROUP BY day, clock) AS f
		JOIN days AS d ON d.raw = f.day JOIN clocks AS c ON c.raw = f.clock
		GROUP BY 1;
	END IF;
	SELECT line INTO yes FROM zones WHERE zones.zoned;
	SELECT line INTO no FROM zones WHERE NOT zones.zoned;
	IF yes.line IS NOT NULL AND no.line IS NOT NULL AND pg_temp.setting('ZONE') IS NULL THEN
		PERFORM pg_temp.stop(format('line %s has a time with an offset from UTC, %s, and line %s one without, %s', yes.line, (SELECT pg_temp.shown(day || clock) FROM fields WHERE line = yes.line), no.line, (SELECT pg_temp.shown(day || clock) FROM fields WHERE line = no.line)),
			'ZONE=Europe/Paris   (with the name of the zone that those without are in)');
	END IF;
	PERFORM pg_temp.learn('type', CASE WHEN yes.line IS NOT NULL THEN 'timestamptz'
		-- midnight that everybody has is no time of day
		WHEN EXISTS (SELECT FROM clocks WHERE clock !~ '^( 0?0:00:00(\.0+)?)?$') OR EXISTS (SELECT FROM days WHERE clock !~ '^( 0?0:00:00(\.0+)?)?$' OR kind = 'serial' AND a LIKE '%.%') THEN 'timestamp' ELSE 'date' END);
END
$$;
