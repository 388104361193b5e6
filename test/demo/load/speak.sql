-- speak.sql: settings, facts, and how the loader talks.

-- What was typed: setting('AT').
CREATE FUNCTION pg_temp.setting(wanted text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT value FROM settings WHERE name = wanted;
$$;

-- What was found out.
CREATE FUNCTION pg_temp.fact(wanted text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT value FROM facts WHERE name = wanted;
$$;

CREATE FUNCTION pg_temp.learn(wanted text, found text) RETURNS void
LANGUAGE sql
AS $$
	INSERT INTO facts VALUES (wanted, found) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
$$;

-- 1234567 as 1,234,567.
CREATE FUNCTION pg_temp.many(n bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN btrim(to_char(n, '9,999,999,999,999'));

-- As the shell reads it back.
CREATE FUNCTION pg_temp.quoted(word text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN word ~ '^[A-Za-z0-9_./:,=+-]+$' THEN word ELSE '''' || replace(word, '''', '''\''''') || '''' END;

-- A value of the file, as much as fits into a sentence.
CREATE FUNCTION pg_temp.shown(value text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN '"' || regexp_replace(CASE WHEN length(value) > 60 THEN left(value, 57) || '...' ELSE value END, '[[:cntrl:]]+', ' ', 'g') || '"';

-- Ends the load.  A choice is what to type: words such as AT=, without the values,
-- are put behind what was typed before, DATA= says which file else; anything else
-- is told as it is.
CREATE FUNCTION pg_temp.stop(reason text, VARIADIC choices text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	typed text := '';
	choice text;
	before text;
BEGIN
	FOREACH choice IN ARRAY choices LOOP
		IF choice LIKE 'DATA=%' THEN
			choice := format('%s   (%s)', pg_temp.fact('other file'), substr(choice, 7));
		ELSIF choice ~ '^[A-Z]+=' THEN
			SELECT coalesce(string_agg(' ' || name || '=' || pg_temp.quoted(value), '' ORDER BY name), '') INTO before
			FROM settings
			WHERE value IS NOT NULL AND choice !~ ('(^| )' || name || '=');
			choice := replace(pg_temp.fact('command'), '@words@', btrim(before || ' ' || split_part(choice, '   (', 1))) || CASE WHEN strpos(choice, '   (') > 0 THEN substr(choice, strpos(choice, '   (')) ELSE '' END;
		END IF;
		typed := typed || CASE WHEN typed = '' THEN '' ELSE E'\n     or: ' END || choice;
	END LOOP;
	RAISE EXCEPTION USING MESSAGE = reason, HINT = typed;
END
$$;

CREATE FUNCTION pg_temp.say(what text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	RAISE NOTICE '%', what;
END
$$;

-- How long it has taken until here, for the steps of large files.
CREATE FUNCTION pg_temp.step(what text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	IF pg_temp.fact('lines')::bigint >= 100000 THEN
		RAISE NOTICE '  % s: %', lpad(round(extract(epoch FROM clock_timestamp() - transaction_timestamp()))::text, 3), what;
	END IF;
END
$$;

-- Words with few values have one of them.
CREATE FUNCTION pg_temp.check_settings() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT name, value, allowed
		FROM settings JOIN (VALUES ('QUOTES', '{yes,no}'::text[]), ('HEADER', '{yes,no,skip}'), ('DATES', '{dmy,mdy,ymd}'),
			('DECIMAL', '{dot,comma}'), ('SIGN', '{flip}'), ('LINES', '{sum,once,rows}'), ('SKIP', '{yes}')) AS a (name, allowed) USING (name)
		WHERE value IS NOT NULL AND lower(value) <> ALL (allowed)
	LOOP
		PERFORM pg_temp.stop(format('%s=%s is nothing the loader knows', s.name, s.value),
			VARIADIC ARRAY(SELECT s.name || '=' || a FROM unnest(s.allowed) AS a));
	END LOOP;
	UPDATE settings SET value = lower(value) WHERE name IN ('QUOTES', 'HEADER', 'DATES', 'DECIMAL', 'SIGN', 'LINES', 'SKIP');

	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'retention') THEN
		PERFORM pg_temp.stop('the database has no extension retention', 'psql -c ''CREATE EXTENSION retention''');
	END IF;
	IF to_regnamespace(quote_ident(pg_temp.fact('schema'))) IS NOT NULL THEN
		PERFORM pg_temp.stop(format('there is a schema %I already, and the loader writes into none that it has not made', pg_temp.fact('schema')),
			format('psql -c ''DROP SCHEMA %I CASCADE'', if it is no longer wanted', pg_temp.fact('schema')),
			'SCHEMA=another before the command');
	END IF;
	IF pg_temp.setting('ZONE') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower(pg_temp.setting('ZONE'))) THEN
		PERFORM pg_temp.stop(format('ZONE=%s is no time zone', pg_temp.setting('ZONE')), 'ZONE=Europe/Paris, UTC or another of the names in pg_timezone_names');
	END IF;
	PERFORM set_config('timezone', coalesce(pg_temp.setting('ZONE'), 'UTC'), true);
	-- Words of ours first, then the extension's, then PostgreSQL's.
	PERFORM set_config('search_path', 'pg_temp, pg_catalog, ' || (SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'retention'), true);
END
$$;
