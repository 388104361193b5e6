-- columns.sql: where the table begins, what its columns are called, and what is
-- in them.

CREATE TEMPORARY TABLE columns (
	i int PRIMARY KEY, name text, word text,
	filled int, times int, numbers int, decimals int, serials int, whole int,	-- of the sample's rows
	example text) ON COMMIT DROP;

-- Which line holds the names: the first that names a customer and a time, else the
-- first with as many fields as most have.  NULL where there is none.
CREATE FUNCTION pg_temp.find_header() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	typed text := pg_temp.setting('HEADER');
	usual int;
	head record;
	known int;
BEGIN
	SELECT mode() WITHIN GROUP (ORDER BY fields) INTO usual FROM (SELECT fields FROM input LIMIT 2000) AS r;
	CREATE TEMPORARY TABLE first_lines ON COMMIT DROP AS
	SELECT line, fields, c, (SELECT count(pg_temp.filled(v)) FROM unnest(c) AS v) AS filled,
		(SELECT count(DISTINCT role) FROM unnest(c) AS v JOIN words ON word = pg_temp.word(v)) AS roles,
		(SELECT count(DISTINCT role) FROM unnest(c) AS v JOIN words ON word = pg_temp.word(v) WHERE role IN ('customer', 'time')) AS needed,
		EXISTS (SELECT FROM unnest(c) AS v WHERE pg_temp.is_time(btrim(v))) AS dated
	FROM (SELECT * FROM cells ORDER BY line LIMIT 40) AS f;
	SELECT * INTO head FROM first_lines AS f
	WHERE needed = 2 AND filled > 2 AND NOT dated AND NOT EXISTS (SELECT FROM first_lines AS b WHERE b.line < f.line AND b.dated)
	ORDER BY line LIMIT 1;
	IF NOT FOUND THEN
		SELECT * INTO head FROM first_lines WHERE filled >= greatest(2, (usual + 1) / 2) ORDER BY line LIMIT 1;
	END IF;
	IF head.line IS NULL THEN
		PERFORM pg_temp.stop('none of the first lines has two fields with something in them, a customer and a time', 'SEPARATOR=...   (comma, semicolon, tab, pipe or blanks)');
	END IF;
	IF EXISTS (SELECT FROM first_lines WHERE line < head.line) THEN
		PERFORM pg_temp.say(format('  above the table, left out: %s', (SELECT string_agg(pg_temp.shown(btrim(array_to_string(c, ' '))), ', ' ORDER BY line) FROM first_lines WHERE line < head.line)));
		DELETE FROM input WHERE line < head.line;
	END IF;
	PERFORM pg_temp.check_pivot(head.c);
	IF typed = 'no' OR typed IS NULL AND head.dated THEN
		PERFORM pg_temp.learn('header', NULL);
	ELSIF typed IS NULL AND head.roles = 0 AND EXISTS (SELECT FROM unnest(head.c) AS v WHERE pg_temp.is_number(btrim(v))) THEN
		PERFORM pg_temp.stop(format('line %s: are these the names of the columns, or an order? %s', head.line, pg_temp.shown(array_to_string(head.c, ' | ', ''))), 'HEADER=yes', 'HEADER=no');
	ELSE
		PERFORM pg_temp.learn('header', head.line::text);
	END IF;
	PERFORM pg_temp.check_fields(head.fields, usual);
	INSERT INTO columns (i, name, word)
	SELECT i, nullif(btrim(v), ''), pg_temp.word(v)
	FROM unnest(head.c) WITH ORDINALITY AS c (v, i);
	IF pg_temp.fact('header') IS NULL OR typed = 'skip' THEN
		UPDATE columns SET name = NULL, word = '';
	END IF;
	IF pg_temp.fact('header') IS NOT NULL THEN
		PERFORM pg_temp.drop_headers(head.line);
	END IF;
	IF NOT EXISTS (SELECT FROM input) THEN
		PERFORM pg_temp.stop('there is nothing below the line with the names', 'DATA= with a file that has orders in it');
	END IF;
END
$$;

-- Files that were put one after another repeat their header.
CREATE FUNCTION pg_temp.drop_headers(head bigint) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	dropped bigint;
BEGIN
	EXECUTE (
		SELECT 'DELETE FROM input AS i USING (SELECT * FROM input WHERE line = $1) AS h WHERE ' || string_agg(format('i.c%s IS NOT DISTINCT FROM h.c%1$s', i), ' AND ' ORDER BY i)
		FROM generate_series(1, pg_temp.fact('columns')::int) AS i) USING head;
	GET DIAGNOSTICS dropped = ROW_COUNT;
	IF dropped > 1 THEN
		PERFORM pg_temp.say(format('  %s more lines with the names of the columns, left out', dropped - 1));
	END IF;
END
$$;

-- A column for each month is another shape of table.
CREATE FUNCTION pg_temp.check_pivot(c text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	dated int[] := ARRAY(SELECT i FROM unnest(c) WITH ORDINALITY AS u (v, i) WHERE pg_temp.is_time(btrim(v)));
BEGIN
	IF cardinality(dated) >= 3 AND NOT EXISTS (
		SELECT FROM (SELECT * FROM cells ORDER BY line OFFSET 1 LIMIT 20) AS r, unnest(dated) AS i WHERE pg_temp.is_time(btrim(r.c[i])))
	THEN
		PERFORM pg_temp.stop(format('the columns are times (%s, ...): a table across, where a line for each order is needed', c[dated[1]]),
			'nothing helps here: export the orders themselves, a line each with its time');
	END IF;
END
$$;

-- No line has more than there are names for, and none so few that its fields may
-- have moved.
CREATE FUNCTION pg_temp.check_fields(names int, usual int) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	n int := CASE WHEN pg_temp.fact('header') IS NULL THEN usual ELSE names END;
	sep text := pg_temp.separator_name(pg_temp.fact('separator'));
	bad record;
	longer bigint;
BEGIN
	-- Names of columns at the end may be blank.
	IF pg_temp.setting('HEADER') = 'skip' THEN
		n := greatest(n, usual);
	END IF;
	SELECT line, fields, array_to_string(c, ' | ', '') AS shown INTO bad FROM cells WHERE fields > n ORDER BY line LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT count(*) INTO longer FROM input WHERE fields > n;
	IF longer > 0.9 * (SELECT count(*) FROM input) AND bad.fields = n + 1 AND sep = 'comma' THEN
		PERFORM pg_temp.stop(format('line %s has %s fields, the names are %s: a decimal comma that is not quoted, or numbers of rows without a name? %s', bad.line, bad.fields, n, pg_temp.shown(bad.shown)),
			'DATA= with the file exported again with semicolons between the fields',
			'HEADER=skip CUSTOMER=2 AT=3 AMOUNT=4   (if the first field is the number of the row; with the numbers of the right columns)');
	END IF;
	PERFORM pg_temp.stop(format('line %s has %s fields where %s %s %s: %s', bad.line, bad.fields,
			CASE WHEN pg_temp.fact('header') IS NULL THEN 'most have' ELSE 'the line of names has' END, n,
			CASE WHEN longer > 1 THEN format('(and %s more)', longer - 1) ELSE '(no other)' END, pg_temp.shown(bad.shown)),
		format('sed -n %sp %s   (shows it; a field with a %s in it must be quoted)', bad.line, pg_temp.fact('name'), sep),
		'SEPARATOR=...   (if the fields are not separated by a ' || sep || ')');
END
$$;

-- What is in the columns, by some thousand rows spread over the file.
CREATE FUNCTION pg_temp.look_at_columns() RETURNS void
LANGUAGE sql
AS $$
	UPDATE columns
	SET filled = s.filled, times = s.times, numbers = s.numbers, decimals = s.decimals, serials = s.serials, whole = s.whole, example = s.example
	FROM (
		SELECT i, count(v) AS filled, count(*) FILTER (WHERE pg_temp.is_time(v)) AS times,
			count(*) FILTER (WHERE pg_temp.is_number(v)) AS numbers,
			count(*) FILTER (WHERE v ~ '\d[.,]\d{1,2}\D*$') AS decimals,
			count(*) FILTER (WHERE v ~ '^(?:[2-5]\d{4}(?:[.,]\d+)?|1\d{9}|1\d{12})$') AS serials,
			count(*) FILTER (WHERE v ~ '^\d+$') AS whole,
			min(v) AS example
		FROM (
			SELECT c FROM cells, (SELECT greatest(count(*) / 3000, 1) AS step FROM input) AS n
			WHERE line % step = 0) AS r,
			unnest(c) WITH ORDINALITY AS u (cell, i), pg_temp.filled(cell) AS v
		GROUP BY i) AS s
	WHERE columns.i = s.i
$$;
