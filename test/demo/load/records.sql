-- records.sql: lines become records, one a row of the table that was exported.

-- A letter within [] of a regular expression.
CREATE FUNCTION pg_temp.in_class(sep text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN sep ~ '[][^-]' THEN '\' || sep ELSE sep END;

-- Quotation marks around fields, or plain letters?
CREATE FUNCTION pg_temp.has_quotes(sep text) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
	opens boolean;
BEGIN
	IF pg_temp.setting('QUOTES') = 'no' OR pg_temp.fact('blanks') IS NOT NULL OR NOT EXISTS (SELECT FROM lines WHERE strpos(line, '"') > 0) THEN
		RETURN false;
	END IF;
	opens := EXISTS (SELECT FROM lines WHERE strpos(line, '"') > 0 AND line ~ ('(^|[' || pg_temp.in_class(sep) || ']) *"'));
	IF NOT opens THEN
		PERFORM pg_temp.say('  no field begins with a quotation mark: they are taken as they are');
	END IF;
	RETURN opens OR pg_temp.setting('QUOTES') = 'yes';
END
$$;

-- Quoted fields may go over several lines: a record ends where no mark is open.
CREATE FUNCTION pg_temp.join_lines(sep text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	bad record;
BEGIN
	CREATE TEMPORARY TABLE joined ON COMMIT DROP AS
	SELECT n, line, count(*) FILTER (WHERE NOT inside) OVER (ORDER BY n) AS record
	FROM (
		SELECT n, line, (sum(length(line) - length(replace(line, '"', ''))) OVER (ORDER BY n) - (length(line) - length(replace(line, '"', '')))) % 2 = 1 AS inside
		FROM lines) AS l;
	SELECT min(n) AS n, count(*) AS lines, sum(length(line) - length(replace(line, '"', ''))) % 2 = 1 AS open INTO bad
	FROM joined GROUP BY record
	HAVING count(*) > 1000 OR sum(length(line) - length(replace(line, '"', ''))) % 2 = 1
	ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('line %s: a quotation mark opens a field that ends nowhere near', bad.n),
			format('sed -n %sp %s   (shows it)', bad.n, pg_temp.fact('name')), 'QUOTES=no   (if the marks are part of the text, inches for example)');
	END IF;
	-- What a mark that was never closed has swallowed looks like a line.
	SELECT j.n, j.line INTO bad
	FROM joined AS j JOIN (SELECT record, min(n) AS first FROM joined GROUP BY record HAVING count(*) > 1) AS r USING (record)
	WHERE j.n > r.first
		AND length(replace(j.line, sep, '')) < length(j.line)
		AND EXISTS (SELECT FROM unnest(string_to_array(replace(j.line, '"', ''), sep)) AS f WHERE pg_temp.is_time(btrim(f)))
		AND strpos(split_part(j.line, '"', 1), sep) > 0
	ORDER BY j.n LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('line %s: lies inside quotation marks, and looks like a line of its own: a mark before it is never closed', bad.n),
			'QUOTES=no   (if the marks are part of the text, inches for example)');
	END IF;
	CREATE TEMPORARY TABLE whole ON COMMIT DROP AS
	SELECT min(n) AS n, string_agg(line, E'\n' ORDER BY n) AS line FROM joined GROUP BY record;
END
$$;

-- A mark in the middle of a field would make PostgreSQL read on.
CREATE FUNCTION pg_temp.check_quotes(sep text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	s text := pg_temp.in_class(sep);
	bad record;
BEGIN
	SELECT line, record INTO bad
	FROM records
	WHERE strpos(record, '"') > 0
		AND record !~ ('^(?: *"(?:[^"]|"")*" *|[^"' || s || ']*)(?:[' || s || '](?: *"(?:[^"]|"")*" *|[^"' || s || ']*))*$')
	ORDER BY line LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	ELSIF bad.record ~ '\\"' THEN
		PERFORM pg_temp.stop(format('line %s: %s: quotation marks inside fields are written \" there, and "" in CSV', bad.line, pg_temp.shown(substring(bad.record FROM '.{0,20}\\".{0,20}'))),
			format('sed %L %s >mended.csv; make demo DATA=mended.csv', 's/\"/""/g', pg_temp.fact('name')));
	END IF;
	PERFORM pg_temp.stop(format('line %s: a quotation mark stands in the middle of a field: %s', bad.line, pg_temp.shown(substring(bad.record FROM '[^' || s || ']{0,20}[^ "' || s || ']"[^"' || s || ']*|"[^"' || s || ']{1,20}'))),
		'QUOTES=no   (if no field is quoted)', 'or mend that line: quote the whole field, and write "" for a mark inside');
END
$$;

CREATE FUNCTION pg_temp.find_records() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	sep text := pg_temp.fact('separator');
	quoting boolean := pg_temp.has_quotes(sep);
	usual int;
	bad record;
BEGIN
	PERFORM pg_temp.learn('quoting', quoting::text);
	IF quoting AND EXISTS (SELECT FROM lines WHERE (octet_length(line) - octet_length(replace(line, '"', ''))) % 2 = 1) THEN
		PERFORM pg_temp.join_lines(sep);
		DROP TABLE lines;
		ALTER TABLE whole RENAME TO lines;
	END IF;
	-- Empty lines, and lines of separators alone, hold nothing.  Empty fields at a
	-- line's end are no fields.
	CREATE TEMPORARY TABLE records ON COMMIT DROP AS
	SELECT line, record,
		1 + CASE WHEN quoting AND strpos(record, '"') > 0
			THEN octet_length(regexp_replace(record, '"[^"]*"', '', 'g')) - octet_length(replace(regexp_replace(record, '"[^"]*"', '', 'g'), sep, ''))
			ELSE octet_length(record) - octet_length(replace(record, sep, '')) END AS fields
	FROM (SELECT n AS line, rtrim(line, sep || ' ') AS record FROM lines WHERE btrim(line, sep || E' "\n\t\u00A0') <> '') AS r;
	DROP TABLE lines;
	IF quoting THEN
		PERFORM pg_temp.check_quotes(sep);
	END IF;
	SELECT mode() WITHIN GROUP (ORDER BY fields) INTO usual FROM (SELECT fields FROM records LIMIT 2000) AS r;
	IF usual IS NULL THEN
		PERFORM pg_temp.stop('the file has no lines with anything in them', 'DATA= with a file that has orders in it');
	ELSIF (SELECT max(fields) FROM records) < 2 THEN
		PERFORM pg_temp.stop(format('no line has a %s: one column alone, where a customer and a time are needed', pg_temp.separator_name(sep)),
			'SEPARATOR=...   (comma, semicolon, tab, pipe or blanks)');
	END IF;
	SELECT line, fields INTO bad FROM records WHERE fields > 500 ORDER BY line LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('line %s has %s fields: is that a table with a row for each order?', bad.line, bad.fields), 'SEPARATOR=...   (comma, semicolon, tab, pipe or blanks)');
	END IF;
	PERFORM pg_temp.learn('columns', (SELECT max(fields)::text FROM records));
	PERFORM pg_temp.step(pg_temp.many((SELECT count(*) FROM records)) || ' records told apart');
END
$$;

-- As PostgreSQL is to read them.
CREATE FUNCTION pg_temp.records_to_read() RETURNS TABLE (record text)
LANGUAGE sql STABLE
AS $$
	WITH f AS MATERIALIZED (SELECT pg_temp.fact('separator') AS sep, pg_temp.fact('columns')::int AS columns)
	SELECT line || sep || fields || sep || record || repeat(sep, columns - fields)
	FROM records, f
	ORDER BY line
$$;

CREATE FUNCTION pg_temp.statement_to_read() RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT format('CREATE TEMPORARY TABLE input (line bigint, fields int, %s) ON COMMIT DROP;', string_agg('c' || i || ' text', ', ' ORDER BY i))
		|| E'\n\\copy input FROM ''records'' (FORMAT csv, ENCODING ''UTF8'', DELIMITER ' || CASE sep WHEN E'\t' THEN 'E''\t''' ELSE quote_literal(sep) END
		|| CASE WHEN pg_temp.fact('quoting') = 'true' THEN '' ELSE ', QUOTE E''\x02''' END || ')'
		|| E'\nANALYZE input;\n'
		|| format('CREATE TEMPORARY VIEW cells AS SELECT line, fields, ARRAY[%s] AS c FROM input;', string_agg('c' || i, ', ' ORDER BY i))
	FROM (SELECT pg_temp.fact('separator') AS sep) AS s, generate_series(1, pg_temp.fact('columns')::int) AS i
	GROUP BY sep
$$;
