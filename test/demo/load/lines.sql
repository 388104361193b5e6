-- lines.sql: the lines of the file, and what stands between two fields.

CREATE TEMPORARY TABLE lines (n bigint GENERATED ALWAYS AS IDENTITY, line text NOT NULL) ON COMMIT DROP;

-- Every line is here, and they are letters.
CREATE FUNCTION pg_temp.check_lines() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	got bigint := (SELECT count(*) FROM lines);
	start text := (SELECT string_agg(line, E'\n' ORDER BY n) FROM (SELECT n, left(line, 200) AS line FROM lines WHERE n <= 1000 AND line ~ '\S' ORDER BY n LIMIT 3) AS l);
	odd record;
BEGIN
	IF got <> pg_temp.fact('lines')::bigint THEN
		PERFORM pg_temp.stop(format('%s lines of %s were read, which must not be', got, pg_temp.fact('lines')), 'nothing: this is a fault of the loader, please report it');
	END IF;
	PERFORM pg_temp.step(pg_temp.many(got) || ' lines read');
	IF start IS NULL THEN
		PERFORM pg_temp.stop('the file is empty', 'DATA= with a file that has orders in it');
	ELSIF start ~* '^\s*<(!doctype|html|\?xml|table)' THEN
		PERFORM pg_temp.stop('is a page or XML, not a table of lines, whatever its name says', 'in a spreadsheet open it, then File, Save as, CSV UTF-8; then DATA= that file');
	ELSIF start ~ '^\s*[{\[]\s*["{\n]' THEN
		PERFORM pg_temp.stop('is JSON, not a table of lines', 'jq -r ''.[] | [.customer, .at, .amount] | @csv'' orders.json >orders.csv, with its own names');
	END IF;
	IF pg_temp.fact('guessed') <> '' THEN
		-- Letters where Windows-1252 has signs, or small before large: another table of letters.
		SELECT n, substring(line FROM '\S*(?:Ã[^[:alpha:][:space:]]|â€|[a-z][ŠŒŽŸ]|[[:alpha:]][‚ƒ„…†‡ˆ‰‹•˜›¡¢£¤¥¦§¨©ª«¬®¯±²³´¶¸¹º»¼½¾¿][[:alpha:]]|[À-ÿ]{4})\S*') AS word INTO odd
		FROM lines
		WHERE line ~ 'Ã[^[:alpha:][:space:]]|â€|[a-z][ŠŒŽŸ]|[[:alpha:]][‚ƒ„…†‡ˆ‰‹•˜›¡¢£¤¥¦§¨©ª«¬®¯±²³´¶¸¹º»¼½¾¿][[:alpha:]]|[À-ÿ]{4}'
		ORDER BY n LIMIT 1;
		IF FOUND THEN
			PERFORM pg_temp.stop(format('line %s: is not UTF-8, and as Windows-1252 it reads %s', odd.n, pg_temp.shown(odd.word)),
				'ENCODING=MACINTOSH', 'ENCODING=CP850', 'ENCODING=WINDOWS-1251', 'ENCODING=...   (iconv -l lists them; ENCODING=WINDOWS-1252 takes it as it reads)');
		END IF;
		PERFORM pg_temp.say('  not UTF-8: read as Windows-1252 (ENCODING= names another)');
	ELSIF pg_temp.fact('encoding') <> 'UTF-8' THEN
		PERFORM pg_temp.say('  ' || pg_temp.fact('encoding'));
	END IF;
END
$$;

-- Is what is typed, or what the line sep=; says, a separator?
CREATE FUNCTION pg_temp.separator_given() RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	given text := pg_temp.setting('SEPARATOR');
	told record;
BEGIN
	SELECT n, substring(line FROM '(?i)^"?sep=(\\t|.)"?\s*$') AS sep INTO told FROM lines WHERE n <= 1000 AND line ~ '\S' ORDER BY n LIMIT 1;
	IF told.sep IS NOT NULL THEN
		DELETE FROM lines WHERE n = told.n;
	END IF;
	IF given IS NULL THEN
		RETURN CASE told.sep WHEN '\t' THEN E'\t' ELSE told.sep END;
	END IF;
	given := CASE lower(given) WHEN 'comma' THEN ',' WHEN 'semicolon' THEN ';' WHEN 'tab' THEN E'\t' WHEN '\t' THEN E'\t' WHEN 'pipe' THEN '|' ELSE lower(given) END;
	IF given = 'blanks' THEN
		UPDATE lines SET line = regexp_replace(btrim(line, E' \t'), '[ \t]+', E'\t', 'g');
		PERFORM pg_temp.learn('blanks', 'yes');
		RETURN E'\t';
	ELSIF length(given) <> 1 OR given ~ '[[:alnum:]"\\. ]' THEN
		PERFORM pg_temp.stop(format('SEPARATOR=%s is no separator', pg_temp.setting('SEPARATOR')),
			'SEPARATOR=comma', 'SEPARATOR=semicolon', 'SEPARATOR=tab', 'SEPARATOR=pipe', 'SEPARATOR=blanks');
	END IF;
	RETURN given;
END
$$;

-- The separator whose lines agree on the number of fields and have a date among
-- them.  A decimal comma between semicolons agrees too, and splits the date's
-- neighbours only.
CREATE FUNCTION pg_temp.find_separator() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	sep text := pg_temp.separator_given();
	best record;
	rivals text[];
BEGIN
	IF sep IS NULL THEN
		CREATE TEMPORARY TABLE rivals ON COMMIT DROP AS
		WITH sample AS (
			SELECT regexp_replace(line, '"[^"]*"', 'x', 'g') AS line,
				-- what is quoted may be the date
				replace(line, '"', '') AS plain
			FROM lines
			WHERE n <= 5000 AND line ~ '\S' AND length(replace(line, '"', '')) % 2 = length(line) % 2
			ORDER BY n LIMIT 500),
		counts AS (
			SELECT s.sep, length(line) - length(replace(line, s.sep, '')) AS seps,
				EXISTS (SELECT FROM unnest(string_to_array(plain, s.sep)) AS f WHERE pg_temp.is_time(btrim(f))) AS dated
			FROM sample, unnest(ARRAY[E'\t', ';', '|', ',']) AS s (sep)),
		modes AS (SELECT counts.sep, mode() WITHIN GROUP (ORDER BY seps) FILTER (WHERE seps > 0) AS usual FROM counts GROUP BY counts.sep)
		SELECT c.sep, m.usual, count(*) FILTER (WHERE seps = usual AND dated) AS good, count(*) FILTER (WHERE seps = usual) AS agree
		FROM counts AS c JOIN modes AS m USING (sep)
		WHERE usual > 0
		GROUP BY 1, 2;
		SELECT * INTO best FROM rivals ORDER BY good DESC, agree DESC, usual DESC LIMIT 1;
		IF NOT FOUND THEN
			PERFORM pg_temp.stop('no comma, semicolon, tab or pipe in any line: one column alone, where a customer and a time are needed',
				VARIADIC CASE WHEN (SELECT bool_and(line ~ '\S\s+\S') FROM (SELECT line FROM lines WHERE line ~ '\S' ORDER BY n LIMIT 100) AS l)
					THEN ARRAY['SEPARATOR=blanks'] ELSE ARRAY['SEPARATOR=...   (one letter), or export again with a comma between the fields'] END);
		END IF;
		rivals := ARRAY(SELECT r.sep FROM rivals AS r WHERE (good, agree, usual) = (best.good, best.agree, best.usual));
		IF cardinality(rivals) > 1 THEN
			PERFORM pg_temp.stop('the fields may be separated by ' || (SELECT string_agg(pg_temp.separator_name(r), ' or ') FROM unnest(rivals) AS r),
				VARIADIC ARRAY(SELECT 'SEPARATOR=' || pg_temp.separator_name(r) FROM unnest(rivals) AS r));
		END IF;
		sep := best.sep;
	END IF;
	PERFORM pg_temp.learn('separator', sep);
END
$$;

CREATE FUNCTION pg_temp.separator_name(sep text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE sep WHEN ',' THEN 'comma' WHEN ';' THEN 'semicolon' WHEN E'\t' THEN 'tab' WHEN '|' THEN 'pipe' ELSE sep END;
